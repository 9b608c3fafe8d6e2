"""Errors of reads, and lists: pages, doubles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, REFUSED, Mark, responses
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.filtering import number
from emulator.judge.rules.common.values import Labels
from emulator.judge.rules.common.wholeness import pages_go_on
from emulator.judge.run import Said
from emulator.wire.payload import every


def unknown_is_404(
    book: Rulebook, labels: Labels, operation: str, kind: str, *, too: tuple[int, ...] = (), name: str = ""
) -> None:
    """A read by an id that was never given out is answered 404. An answer that the caller is not allowed, or not
    able, to ask is nothing to go by; neither is success, since the Seller may know more than the run showed, nor a
    fault of the Seller's own (5xx). Statuses `too` will do where no clause names the 404.
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status in (*TELLS_NOTHING, *too) or not 400 <= said.status < 500:  # noqa: PLR2004
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


def pages(book: Rulebook, labels: Labels, operation: str, *, one: bool = False, name: str = "pages") -> None:
    """The counts of a page are true: X-Result-Count is its length, X-Total-Count covers at least what it shows, no page
    is longer than its limit, and none is empty that begins before the total. Where a list has more than `one` page, they
    go on from one another.
    """
    if not one:
        pages_go_on(book, operation, name=f"{name}-go-on")

    def look(said: Said) -> Iterator[Mark]:
        if not isinstance(said.body, list):
            return
        shown = len(said.body)
        offset, limit = number(said.query.get("offset")) or 0, number(said.query.get("limit"))
        result, total = number(said.header("X-Result-Count")), number(said.header("X-Total-Count"))
        if result is not None:
            yield hold("", result == shown, expected=shown, found=result,
                       message=f"X-Result-Count is {result} for a page of {shown}")  # fmt: skip
        if total is not None and shown:
            yield hold("", total >= offset + shown, expected=f"{offset + shown} or more", found=total,
                       message=f"X-Total-Count is {total}, though {offset + shown} were shown or skipped")  # fmt: skip
        if total is not None and not shown and limit != 0:
            yield hold("", offset >= total, expected=f"{total - offset} more", found=[],
                       message=f"the page is empty, though X-Total-Count is {total} and {offset} were skipped")  # fmt: skip
        if limit is not None:
            yield hold("", shown <= limit, expected=f"{limit} at most", found=shown,
                       message=f"{shown} entries were sent where {limit} were asked for")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about="X-Result-Count, X-Total-Count, limit", name=name)


def no_doubles(book: Rulebook, labels: Labels, operation: str, *, name: str = "doubles") -> None:
    """No resource stands twice in one list."""
    book.unique(labels, "/*", "/id", on=responses(book.api, operation), name=name)
