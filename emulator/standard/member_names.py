"""Every name that the standard gives to a member, a parameter or a header."""

from __future__ import annotations

from typing import Any

from emulator.standard.release import Release


def member_names(release: Release) -> frozenset[str]:
    """Every name that a member, a parameter or a header has in the contracts and product schemas of a release."""
    found: set[str] = set()
    stack: list[Any] = [release.products.definitions]
    stack += (release.document(each.api, each.kind) for each in release.entries)
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for holder in ("properties", "headers"):
                if isinstance(node.get(holder), dict):
                    found.update(node[holder])
            if isinstance(node.get("name"), str) and node.get("in") in ("query", "path", "header"):
                found.add(node["name"])
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return frozenset(found)
