"""Errors of reads, and lists: filters, pages, doubles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, REFUSED, Mark, responses
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.values import Labels, moment, same
from emulator.judge.run import Kind, Said
from emulator.wire.payload import every


def unknown_is_404(book: Rulebook, labels: Labels, operation: str, kind: Kind, *, name: str = "") -> None:
    """A read by an id that was never given out is answered 404. An answer that the caller is not allowed, or not
    able, to ask is nothing to go by; neither is success, since the Seller may know more than the run showed, nor a
    fault of the Seller's own (5xx).
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status in TELLS_NOTHING or not 400 <= said.status < 500:  # noqa: PLR2004
            return
        life = said.run.life(kind, said.exchange.path_params.get("id"))
        if life is None or life.last_before(said.exchange, whole=False) is None:
            yield hold("", said.status == 404, expected=404, found=said.status,  # noqa: PLR2004
                       message=f"an unknown id was answered {said.status}; expected 404")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation, statuses=ANY_STATUS), about="unknown ids", name=name)


TELLS_NOTHING: Final = (401, 403, 405, 408, 429)
"""Statuses by which the Seller does not say whether it knows what was asked for."""


def nothing_found_is_200(book: Rulebook, labels: Labels, operation: str, *, name: str = "") -> None:
    """A list that nothing matches is answered 200 with an empty list, and never 404.

    A 404 that is not in the standard's words may be that of a gateway which knows no such path: it tells something of
    the list only where the list was answered otherwise before.
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status == 404:  # noqa: PLR2004
            if not _is_not_found(said.body) and not _was_there(said, operation):
                return
            yield breach("", "200 with []", 404, "nothing found was answered 404; expected 200 with an empty list")
        elif said.body == []:
            yield hold("", said.status == 200, expected=200, found=said.status)  # noqa: PLR2004

    book.add(labels, look, on=responses(book.api, operation, statuses=ANY_STATUS), about="empty lists", name=name)


def _is_not_found(body: Any) -> bool:
    """Whether a body is the standard's error of a 404."""
    return isinstance(body, dict) and body.get("code") == "notFound" and isinstance(body.get("reason"), str)


def _was_there(said: Said, operation: str) -> bool:
    """Whether an operation was answered before, by something that knows it."""
    return any(
        earlier.n < said.exchange.n and earlier.response is not None and 200 <= earlier.response.status < 300  # noqa: PLR2004
        for earlier in said.run.of(operation, api=said.exchange.api or "")
    )


def too_many_is_422(book: Rulebook, labels: Labels, operation: str, *, name: str = "") -> None:
    """What is refused since too much would be found is refused with 422, whose list names tooManyRecords.

    Seen by the code alone: whether too much was found, only the Seller knows.
    """

    def look(said: Said) -> Iterator[Mark]:
        places = [place for pattern in ("/code", "/*/code") for place, code in every(said.body, pattern)
                  if code == "tooManyRecords"]  # fmt: skip
        if places:
            yield hold(places[0], said.status == 422, expected=422, found=said.status,  # noqa: PLR2004
                       message=f"tooManyRecords is the code of a 422; the answer is {said.status}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation, statuses=REFUSED), about="tooManyRecords", name=name)


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter of a list and what it asks of each entry.

    `member` is a pattern below the entry; one match is enough. `compare` is eq, gt or lt. Where the entry
    of the list does not show the member, what was shown of that resource before says whether it matches.
    """

    member: str
    compare: str = "eq"


def filters(book: Rulebook, labels: Labels, operation: str, wanted: Mapping[str, Filter], *, name: str = "") -> None:
    """Every entry of a list matches every filter of its query (a parameter given several times, or with commas
    where the plain value matches nothing, names alternatives).
    """

    def look(said: Said) -> Iterator[Mark]:
        for parameter, filter_ in wanted.items():
            values = [value for key, value in said.exchange.request.query if key == parameter and value]
            if not values:
                continue
            for shown, life in said.lived():
                found = [v for _, v in every(shown.value, filter_.member)]
                if not found:
                    before = life.last_before(said.exchange)
                    found = [v for _, v in every(before.value, filter_.member)] if before else []
                if found:
                    place = f"{shown.place}{filter_.member}".replace("/*", "")
                    yield hold(place, any(_meets(f, v, filter_.compare) for f in found for v in _spelt(values)),
                               expected=f"{filter_.compare} {', '.join(values)}" if filter_.compare != "eq" else values[0],
                               found=found[0],
                               message=f"{place} does not match the filter {parameter}={','.join(values)}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about=f"entries against {', '.join(wanted)}", name=name)


def _spelt(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield value
        if "," in value:
            yield from (part.strip() for part in value.split(","))


def _meets(found: Any, wanted: str, compare: str) -> bool:
    if compare == "eq":
        text = str(found).lower() if isinstance(found, bool) else str(found)
        return text == wanted or same(found, wanted)
    left, right = _instant(found), _instant(wanted)
    if left is None or right is None:
        return True  # no instants to compare: the contract says so
    return left >= right if compare == "gt" else left <= right


def _instant(value: Any) -> datetime | None:
    """A date or date-time as an instant; a bare date is taken at its midnight, UTC."""
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        return moment(f"{value}T00:00:00+00:00")
    return moment(value.replace(" ", "+")) if isinstance(value, str) else None


def pages(book: Rulebook, labels: Labels, operation: str, *, name: str = "pages") -> None:
    """The counts of a page are true: X-Result-Count is its length, X-Total-Count covers at least what it shows, and
    no page is longer than its limit.
    """

    def look(said: Said) -> Iterator[Mark]:
        if not isinstance(said.body, list):
            return
        shown = len(said.body)
        offset, limit = _number(said.query.get("offset")) or 0, _number(said.query.get("limit"))
        result, total = _number(said.header("X-Result-Count")), _number(said.header("X-Total-Count"))
        if result is not None:
            yield hold("", result == shown, expected=shown, found=result,
                       message=f"X-Result-Count is {result} for a page of {shown}")  # fmt: skip
        if total is not None and shown:
            yield hold("", total >= offset + shown, expected=f"{offset + shown} or more", found=total,
                       message=f"X-Total-Count is {total}, though {offset + shown} were shown or skipped")  # fmt: skip
        if limit is not None:
            yield hold("", shown <= limit, expected=f"{limit} at most", found=shown,
                       message=f"{shown} entries were sent where {limit} were asked for")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about="X-Result-Count, X-Total-Count, limit", name=name)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def no_doubles(book: Rulebook, labels: Labels, operation: str, *, name: str = "doubles") -> None:
    """No resource stands twice in one list."""
    book.unique(labels, "/*", "/id", on=responses(book.api, operation), name=name)
