"""Tells an explanation of the judge's in plain text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from emulator.report.explain import whose
from emulator.report.facts_page import facts_page
from emulator.standard.guide import guide_title

_WIDTH: Final = 110
_MOST: Final = 3
"""Examples and lines of a run that are spelled out."""

Explanation = dict[str, Any]


def render(told: Explanation) -> str:
    """The explanation as lines for people."""
    return "\n".join(_PAGES[told["kind"]](told))


def _requirement(told: Explanation) -> Iterator[str]:
    yield f"{told['id']}  {told['title']}"
    yield ""
    yield from _field("says", f"{told['keyword']}, of the {_SIDES[told['side']]}")
    yield from _field(
        "stands in", f"{guide_title(told['guide'])}, section {told['section']} (release {told['release']})"
    )
    if told["reference"]:
        yield from _field("business", ", ".join(told["reference"]))
    if told["condition"]:
        option = told["condition"]
        yield from _field("only where", f"the option {option['option']} is used: {option['title']}")
        yield from _field("", f"in a profile: options: {{{option['option']}: true}} or false")
    if told["claimed"]:
        yield from _field("only where", told["claimed"])
    if told["not_on_wire"]:
        yield from _field("not judged", f"it cannot be seen on the wire: {told['not_on_wire']}")
    else:
        yield from _field("seen in", told["seen"])
    if told["contract"]:
        yield from _field("contract", f"its schemas see to it {told['contract']}")
    for rule in told["rules"]:
        about = " ".join(rule["about"].split())
        yield from _field("rule", f"{rule['id']}: {about}" if about else rule["id"])
    if not told["rules"] and not told["not_on_wire"]:
        yield from _field("rule", "none yet")
    yield from _common(told)


def _rule(told: Explanation) -> Iterator[str]:
    yield told["id"]
    yield ""
    yield from _field("looks at", " ".join(told["about"].split()))
    if told["warns_only"]:
        yield from _field("verdict", "warning: the standard does not forbid it")
    yield from _requirements(told["requirements"])
    yield from _common(told)


def _code(told: Explanation) -> Iterator[str]:
    yield f"{told['id']}  {told['says']}"
    yield ""
    yield from _field("where", told["where"])
    yield from _field("looks like", f"{told['status']} {_json(told['body'])}")
    yield from _requirements(told["requirements"])
    yield from _causes(told["ask"])


def _entry(told: Explanation) -> Iterator[str]:
    yield f"{told['id']}  {told['title']}"
    yield ""
    yield from _reading(told)
    yield from _quoted(told["quotations"])


_PAGES: Final[dict[str, Callable[[Explanation], Iterator[str]]]] = {
    "requirement": _requirement,
    "rule": _rule,
    "error_code": _code,
    "interpretation": _entry,
    "facts": facts_page,
}
_SIDES: Final = {"buyer": "Buyer", "seller": "Seller", "both": "Buyer and the Seller"}


def _requirements(rows: Iterable[Explanation]) -> Iterator[str]:
    for row in rows:
        yield from _field("speaks on", f"{row['id']} (section {row['section']}): {row['title']}")


def _common(told: Explanation) -> Iterator[str]:
    for example in told["examples"][:_MOST]:
        yield ""
        yield from _example(example)
    more = [example["rule"] for example in told["examples"][_MOST:]]
    if more:
        yield ""
        yield from _field("more", "oit explain " + ", ".join(more))
    yield from _causes(told["ask"])
    if told.get("note"):
        yield ""
        yield from _field("note", told["note"])
    for entry in told["interpretations"]:
        yield ""
        yield f"The standard can be read in several ways: {entry['id']}, {entry['title'][:1].lower()}{entry['title'][1:]}"
        yield from _reading(entry)
    yield from _quoted(told["quotations"])


def _causes(questions: Iterable[str]) -> Iterator[str]:
    for n, question in enumerate(questions):
        if n == 0:
            yield ""
            yield "Likely causes, to ask whoever is at fault"
        yield from _wrapped(question, "  - ", "    ")


def _reading(entry: Explanation) -> Iterator[str]:
    for name, reading in entry["readings"].items():
        held = " (held unless a profile pins another)" if name == entry["default"] else ""
        yield from _field(name, f"{reading['says']} [{', '.join(reading['clauses'])}]{held}")
    yield from _field("why", entry["why"])
    yield from _field("pin", f"in a profile, {entry['pin']}")
    yield from _field("", "What breaks the reading held by default is disputed, nobody's fault; pinned, it fails.")


def _example(example: Explanation) -> Iterator[str]:
    yield f"Example of {example['rule']}"
    if example["declared"]:
        yield from _field("declared", _json(example["declared"]))
    if example["changed"]:
        for change in example["changed"]:
            yield from _change(change)
    else:
        yield from _run("right run", example["right"])
        yield from _run("unseen in" if example["never_fails"] else "wrong run", example["wrong"])
    if example["never_fails"]:
        yield from _field("told", "it shows what somebody can do, which no run can disprove: seen or not seen")
    finding = example["finding"]
    if finding:
        yield from _field("told", f"{finding['verdict']}, {whose(finding['blame'])}: {finding['message']}")


def _change(change: Explanation) -> Iterator[str]:
    place = f" at {change['pointer']}" if change["pointer"] else ""
    yield from _field("in", f"{change['exchange']}, {change['half']}{place}")
    for key in ("right", "wrong"):
        value = _json(change[key]) if key in change else "not there"
        yield from _field(key, _cut(value))
        if change.get(f"{key}_excerpt") is not None and change["pointer"]:
            yield from _field("", f"in {_cut(_json(change[f'{key}_excerpt']), 400)}")


def _run(name: str, lines: list[str]) -> Iterator[str]:
    for n, line in enumerate(lines[: 2 * _MOST]):
        yield from _field(name if n == 0 else "", line)
    if len(lines) > 2 * _MOST:
        yield from _field("", f"… {len(lines) - 2 * _MOST} more")


def _quoted(quotations: Iterable[Explanation]) -> Iterator[str]:
    for quotation in quotations:
        yield ""
        if quotation["text"] is None:
            yield f"{quotation['requirement']} is not found in {quotation['file']}"
            continue
        yield f"{quotation['file']}:{quotation['line']}"
        text = [*quotation["lead"].splitlines(), *quotation["text"].splitlines()]
        yield from (f"  > {line}".rstrip() for line in text)


def _field(name: str, text: str) -> Iterator[str]:
    return _wrapped(text, f"  {name:<10} ", " " * 13)


def _wrapped(text: str, first: str, further: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace('{"…": "…"}', "{…}").replace('["…"]', "[…]")


def _cut(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[:limit] + "…"
