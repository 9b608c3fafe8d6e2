"""What the filters and the headers of a list say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.judge.pages import question_of
from emulator.judge.rule import Mark, responses
from emulator.judge.rulebook import Rulebook, hold
from emulator.judge.rules.common.values import Labels, moment, same
from emulator.record.payload import at, every

if TYPE_CHECKING:
    from emulator.judge.run import Said


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter of a list and what it asks of each entry.

    `member` is a pattern below the entry; one match is enough. `compare` is eq, gt or lt. Where the entry
    of the list does not show the member, what was shown of that resource before says whether it matches.
    `moves`: the member changes by itself, as states do. `default` is what a member that is left out stands for. `typed`: the
    member stands in an object of that `@type`; where there are others, they may match by what they stand for.
    """

    member: str
    compare: str = "eq"
    moves: bool = False
    default: str = ""
    typed: str = ""


def filters(book: Rulebook, labels: Labels, operation: str, wanted: Mapping[str, Filter], *, name: str = "") -> None:
    """Every entry of a list matches every filter of its query that the operation has (a parameter given several times, or with
    commas where the plain value matches nothing, names alternatives).
    """

    def look(said: Said) -> Iterator[Mark]:
        known = {each.name for each in said.run.release.contract(book.api).operation(operation).query}
        question = question_of(said.exchange)
        for parameter, filter_ in wanted.items():
            if parameter not in known and said.exchange.request.method == "GET":
                continue
            values = [value for key, value in question if key == parameter and value]
            if not values:
                continue
            for shown, life in said.lived():
                found = [v for _, v in every(shown.value, filter_.member)]
                if not found:
                    before = life.last_before(said.exchange)
                    found = [v for _, v in every(before.value, filter_.member)] if before else []
                found = found or [filter_.default] * bool(filter_.default)
                if found:
                    right = any(_meets(f, v, filter_.compare) for f in found for v in _spelt(values))
                    if filter_.typed and not right and not _all_typed(shown.value, filter_):
                        continue
                    place = f"{shown.place}{filter_.member}".replace("/*", "")
                    yield hold(place, right,
                               expected=f"{filter_.compare} {', '.join(values)}" if filter_.compare != "eq" else values[0],
                               found=found[0],
                               message=f"{place} does not match the filter {parameter}={','.join(values)}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about=f"entries against {', '.join(wanted)}", name=name)


def _all_typed(value: Any, filter_: Filter) -> bool:
    holder = filter_.member.rpartition("/")[0]
    return all(at(each, "/@type") == filter_.typed for _, each in every(value, holder))


def _spelt(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield value
        if "," in value:
            yield from (part.strip() for part in value.split(","))


def _meets(found: Any, wanted: str, compare: str) -> bool:
    if compare == "eq":
        text = str(found).lower() if isinstance(found, bool) else str(found)
        return text == wanted or same(found, wanted)
    left, right = instant(found), instant(wanted)
    if left is None or right is None:
        return True  # no instants to compare: the contract says so
    return left >= right if compare == "gt" else left <= right


def instant(value: Any) -> datetime | None:
    """A date or date-time as an instant; a bare date is taken at its midnight, UTC."""
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        return moment(f"{value}T00:00:00+00:00")
    return moment(value.replace(" ", "+")) if isinstance(value, str) else None
