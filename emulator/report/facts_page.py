"""Tells the facts about an API or a kind of resource in plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

_WIDTH = 110
_NAME = 12


def facts_page(told: dict[str, Any]) -> Iterator[str]:
    """The lines of `oit explain <api>` and `oit explain <kind>`; behind each fact are the rules that gave it."""
    of = f", of {told['api']}" if told["api"] != told["id"] else ""
    yield f"{told['id']}  kinds of resource, operations and events{of} (release {told['release']})"
    for kind in told["kinds"]:
        yield ""
        yield f"Kind {kind['name']}"
        yield from _rows(kind["facts"], _NAME)
    for title, key in (("Operations", "operations"), ("Events", "events")):
        if told[key]:
            yield ""
            yield title
            for row in told[key]:
                yield from _rows([row], len(row["name"]))
                yield from _rows(row.get("filters", ()), _NAME, "    ")
    if told["contradictions"]:
        yield ""
        yield "The contract contradicts itself"
        for slip in told["contradictions"]:
            yield from _wrapped(f"{slip['key']}: {slip['what']}; {slip['noted']}", "  ")
    yield ""
    yield "Rules"
    for rule, what in told["rules"].items():
        yield f"  {rule:<4}{what}"


def _rows(rows: Iterable[dict[str, Any]], width: int, indent: str = "  ") -> Iterator[str]:
    for row in rows:
        yield from _wrapped(f"{row['name']:<{width}} {row['value']}  [{' '.join(row['by'])}]", indent)


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
