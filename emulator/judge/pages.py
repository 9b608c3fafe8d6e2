"""What the headers and the query of a list say of how much of it was shown."""

from __future__ import annotations

from typing import Final

from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange, Response
from emulator.record.payload import dump

WHO: Final = ("buyerId", "sellerId")
PAGING: Final = ("offset", "limit")


def number(text: str | None) -> int | None:
    """A count in a query or a header, None where it is none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def question_of(exchange: Exchange) -> list[tuple[str, str]]:
    """What a list is asked for: its query and, where it is asked for by a body, the members of that; what is no text as JSON."""
    sent = exchange.request.body
    members = sent.items() if isinstance(sent, dict) else ()
    return [
        *exchange.request.query,
        *((name, each if isinstance(each, str) else dump(each).decode()) for name, each in members),
    ]


def says_more(response: Response, seen: int) -> bool:
    """Whether the headers of a page say that there is more than was seen up to its end."""
    total = number(response.header("X-Total-Count"))
    throttled = (response.header("X-Pagination-Throttled") or "").strip().lower() == "true"
    return throttled or (total is not None and total > seen)


def offset_of(exchange: Exchange) -> int:
    """Where a page begins."""
    return number(dict(exchange.request.query).get("offset")) or 0


def is_last(exchange: Exchange, end: int) -> bool:
    """Whether a page that ends behind so many entries is the end of its list, as far as it says."""
    response, limit = exchange.response, number(dict(exchange.request.query).get("limit"))
    body = response.body if response else None
    if response is None or not isinstance(body, list) or says_more(response, end):
        return False
    return response.header("X-Total-Count") is not None or limit is None or len(body) < limit


def claims_all(exchange: Exchange, *, unfiltered: bool = False) -> bool:
    """Whether an answer is a list from its start to its end, as far as it says; `unfiltered`: of all that there is."""
    body = exchange.response.body if exchange.response else None
    if not succeeded(exchange) or not isinstance(body, list) or offset_of(exchange):
        return False
    if unfiltered and not {name for name, _ in question_of(exchange)} <= {*WHO, *PAGING}:
        return False
    return is_last(exchange, len(body))
