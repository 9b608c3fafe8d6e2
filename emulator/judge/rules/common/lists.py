"""Errors of reads, and lists: pages, doubles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.acting import is_denied
from emulator.judge.pages import PAGING, WHO, number, says_more
from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, responses
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.identity import same_parties
from emulator.judge.rules.common.values import Labels
from emulator.judge.rules.common.wholeness import pages_go_on
from emulator.judge.run import Said
from emulator.record.payload import MISSING, as_json, every


def unknown_is_404(
    book: Rulebook, labels: Labels, operation: str, kind: str, *, too: tuple[int, ...] = (), name: str = ""
) -> None:
    """A read by an id that was never given out is answered 404. An answer that the caller is not allowed, or not
    able, to ask is nothing to go by; neither is success, since the Seller may know more than the run showed, nor a
    fault of the Seller's own (5xx). Statuses `too` will do where no clause names the 404. What is asked for beside a read can
    be refused for what it asks: 400, 409 and 422 count only where the Seller has said that there is no such resource.
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status in (*TELLS_NOTHING, *too) or not 400 <= said.status < 500:  # noqa: PLR2004
            return
        identifier = said.exchange.path_params.get("id")
        life = said.run.life(kind, identifier)
        if life is None or life.last_before(said.exchange, whole=False) is None:
            is_read = said.run.kinds.shown_by(book.api, operation) == (said.run.kinds.kind(kind), "retrieve")
            if said.status in _FOR_WHAT_IT_ASKS and not is_read and not is_denied(said.run, kind, str(identifier)):
                return
            yield hold("", said.status == 404, expected=404, found=said.status,  # noqa: PLR2004
                       message=f"an unknown id was answered {said.status}; expected 404")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation, statuses=ANY_STATUS), about="unknown ids", name=name)


_FOR_WHAT_IT_ASKS: Final = (400, 409, 422)
TELLS_NOTHING: Final = (401, 403, 405, 408, 429)
"""Statuses by which the Seller does not say whether it knows what was asked for."""


def nothing_found_is_200(
    book: Rulebook,
    labels: Labels,
    operation: str,
    *,
    reading: tuple[str, str] | None = None,
    hint: bool = False,
    name: str = "",
) -> None:
    """A list that nothing matches is answered 200 with an empty list, and never 404: by a `reading`, or as a hint where no
    clause says so.

    A 404 that is not in the standard's words may be that of a gateway which knows no such path: it tells something of
    the list only where the list was answered otherwise before.
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status == 404:  # noqa: PLR2004
            if not _is_not_found(said.body) and not _was_there(said, operation):
                return
            yield breach(
                "",
                "200 with []",
                404,
                "nothing found was answered 404; expected 200 with an empty list",
                reading=reading,
                hint=hint,
            )
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
    is longer than its limit, where the list has such a parameter, and none is empty that begins before the total. Where a
    list has more than `one` page, they go on from one another.
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
        if limit is not None and _is_paged(said):
            yield hold("", shown <= limit, expected=f"{limit} at most", found=shown,
                       message=f"{shown} entries were sent where {limit} were asked for")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about="X-Result-Count, X-Total-Count, limit", name=name)


def takes_pages(book: Rulebook, labels: Labels, *operations: str, name: str = "") -> None:
    """A list that is asked for by `limit` or `offset` is not refused for that, and no page is longer than its limit.

    That pages are taken is seen where one is as long as its limit; a list that is shorter may be all there is.
    """

    def look(said: Said) -> Iterator[Mark]:
        limit, offset = number(said.query.get("limit")), number(said.query.get("offset"))
        if limit is None and offset is None:
            return
        if isinstance(said.body, list) and said.status == 200:  # noqa: PLR2004
            if limit and len(said.body) >= limit:
                yield hold(
                    "",
                    len(said.body) == limit,
                    expected=f"{limit} at most",
                    found=len(said.body),
                    message=f"{len(said.body)} entries were sent where {limit} were asked for",
                )
        elif said.status in (400, 422, 501) and said.exchange.n not in said.run.provoked and _refuses_pages(said):
            yield breach("", "a page", said.status, f"a list was refused with {said.status} since a page was asked for")

    on = responses(book.api, *operations, statuses=ANY_STATUS)
    book.add(labels, look, on=on, about="pages that are asked for by limit and offset", name=name)


def _refuses_pages(said: Said) -> bool:
    """Whether a refusal says that it is for the page that was asked for."""
    told = f"{as_json(said.body)}".lower()
    return any(word in told for word in ("limit", "offset", "paging", "pagination")) and "toomanyrecords" not in told


def cut_pages_say_so(book: Rulebook, labels: Labels, *operations: str, name: str = "") -> None:
    """A page that is not all says so in X-Total-Count or X-Pagination-Throttled.

    It is known to be cut where a header says so, or where it holds as many entries as were asked for and not one that was
    seen before and that nothing of the query leaves out.
    """

    def look(said: Said) -> Iterator[Mark]:
        if not isinstance(said.body, list) or said.exchange.response is None:
            return
        length, offset = len(said.body), number(said.query.get("offset")) or 0
        limit = number(said.query.get("limit"))
        if says_more(said.exchange.response, offset + length):
            yield FINE
        elif limit and length >= limit and not offset and _left_out(said):
            yield breach(
                "",
                "X-Total-Count or X-Pagination-Throttled",
                MISSING,
                f"a page of {length} is not all that there is, and no header says so",
            )

    book.add(
        labels, look, on=responses(book.api, *operations), about="the headers of a page that is not all", name=name
    )


def _left_out(said: Said) -> bool:
    """Whether what was seen before makes it sure that a list without filters is not all."""
    by = said.run.shown_by(said.exchange)
    if by is None or not {key for key, _ in said.exchange.request.query} <= {*WHO, *PAGING}:
        return False
    mine = {shown.value["id"] for shown in said.shown}
    return any(
        life.id not in mine and any(same_parties(seen.exchange, said.exchange) for seen in life.before(said.exchange))
        for life in said.run.lives(by[0].name)
    )


def _is_paged(said: Said) -> bool:
    """Whether a page can be asked for: what a list does with a parameter that it does not have is its own business."""
    exchange = said.exchange
    contract = said.run.release.contract(str(exchange.api), exchange.kind)
    return any(parameter.name == "limit" for parameter in contract.operation(str(exchange.operation)).query)


def no_doubles(book: Rulebook, labels: Labels, operation: str, *, name: str = "doubles") -> None:
    """No resource stands twice in one list."""
    book.unique(labels, "/*", "/id", on=responses(book.api, operation), name=name)
