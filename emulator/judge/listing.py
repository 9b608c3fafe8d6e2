"""Every requirement in a row, beside the rules that speak on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.rules import rules_of
from emulator.standard.breach import Check
from emulator.standard.requirement import Aspect, Feature, Requirement

if TYPE_CHECKING:
    from emulator.standard.release import Release

_CHECKS: Final[dict[Aspect, tuple[Check, ...]]] = {
    Aspect.PAYLOAD: (
        Check.UNREADABLE, Check.DUPLICATE, Check.SCHEMA, Check.PRODUCT, Check.READ_ONLY, Check.UNCHECKED,
    ),
    Aspect.REQUIRED: (Check.SCHEMA,),
    Aspect.PRODUCT_TYPE: (Check.SCHEMA, Check.PRODUCT, Check.URN_ALIAS),
    Aspect.PRODUCT: (Check.PRODUCT, Check.UNCHECKED),
    Aspect.DEFINED: (Check.UNKNOWN_MEMBER, Check.OPERATION),
}  # fmt: skip
"""Which checks can notice a breach of an aspect: the inverse of `contract.touches`."""


_FEATURES: Final[dict[Feature, str]] = {Feature.HYBRID: "the hybrid flow", Feature.ENCRYPTION: "encrypted tokens"}


def rows(release: Release, requirements: Iterable[Requirement]) -> list[dict[str, Any]]:
    """What `oit rules --format json` prints, in the order given: one row for each of these requirements of a release."""
    speaking = rules_by_requirement(release)
    return [
        {
            "id": each.id,
            "guide": each.guide,
            "kind": each.kind,
            "side": each.side.value,
            "title": each.title,
            "rules": speaking.get(each.id, []),
            "seen": each.seen,
            "feature": _FEATURES[each.feature] if each.feature else None,
            "not_on_wire": each.not_on_wire,
        }
        for each in requirements
    ]


def rules_by_requirement(release: Release) -> dict[str, list[str]]:
    """The rule ids that findings on a requirement bear, by requirement."""
    found: dict[str, list[str]] = {}
    for numbered in release.aspects.values():
        for aspect, identifier in numbered.items():
            # An API that numbers nothing about products has no product payloads.
            checks = [check for check in _CHECKS[aspect] if check is not Check.PRODUCT or Aspect.PRODUCT in numbered]
            found[identifier] = [f"contract.{check}" for check in checks]
    for book in rules_of(release).every_book:
        for name, requirements in book.speaking():
            for identifier in requirements:
                found.setdefault(identifier, []).append(name)
    return found


def table(listed: Iterable[Mapping[str, Any]]) -> str:
    """The rows for people: guide by guide, with what no rule speaks on, and why, in plain sight."""
    lines: list[str] = []
    guide = None
    cells = [(str(row["guide"]), _cells(row)) for row in listed]
    widths = [
        max((len(cell) for cell in column), default=0) for column in zip(*(line for _, line in cells), strict=True)
    ]
    for name, line in cells:
        if name != guide:
            lines += ["", name] if lines else [name]
            guide = name
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        lines.append("  ".join(["", *padded]).rstrip())
    return "\n".join(lines)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    rules = f"not on the wire: {row['not_on_wire']}" if row["not_on_wire"] else ", ".join(row["rules"])
    return str(row["id"]), str(row["side"]), str(row["title"]), rules or _unspoken(row)


def _unspoken(row: Mapping[str, Any]) -> str:
    return f"no rule yet: it is of {row['feature']} only" if row["feature"] else "no rule yet"
