"""Ways to spoil one message of the Seller's in a legal run, so that it is to blame for it.

What a partner may say in another way is left alone: the contents of free texts that nobody echoes,
members that only the partner can know, and what the register of interpretations leaves open.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from emulator.record.exchange import Exchange, Party, Response
from emulator.record.payload import MISSING, at, escape

JSON = ("Content-Type", "application/json;charset=utf-8")


Edit = Callable[[Any], Any]
"""A changed copy of a body. LookupError or TypeError where the body has not the shape that it was made for."""


@dataclass(frozen=True)
class Mutation:
    """One change: `operator` to what stands at `place` of the answer of exchange `n`, or of the event that it tells.

    `good` is the exchange before; `edit` makes the change to a body, `spoilt` is the exchange behind it where not the body
    is changed. There are tens of thousands of a run, so that each is made only where it is wanted.
    """

    operator: str
    n: int
    place: str
    good: Exchange
    edit: Edit | None = None
    spoilt: Exchange | None = None

    @cached_property
    def exchange(self) -> Exchange:
        """The spoilt exchange."""
        if self.spoilt is not None:
            return self.spoilt
        assert self.edit is not None
        return _with_body(self.good, self.edit(body_of(self.good)))

    def applied(self, exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
        """The run with the spoilt exchange in the place of the good one."""
        return tuple(self.exchange if exchange.n == self.n else exchange for exchange in exchanges)

    def __str__(self) -> str:
        return f"{self.operator} {self.good.operation}#{self.n} {self.place}"


def mutations(exchanges: Sequence[Exchange]) -> Iterator[Mutation]:
    """Every mutation of every answer of success, and of every event that the Seller tells."""
    for exchange in exchanges:
        response = exchange.response
        if response is None or response.status >= 300:
            continue
        for operator, place, edit in _edits(body_of(exchange)):
            yield Mutation(operator, exchange.n, place, exchange, edit)
        if not is_told(exchange):
            yield from _headers(exchange)
            yield from _stale(exchange, exchanges)


def is_told(exchange: Exchange) -> bool:
    """Whether it is an event: then the Seller says what is asked, and the Buyer answers."""
    return exchange.sender is Party.SELLER


def body_of(exchange: Exchange) -> Any:
    """What the Seller says in an exchange."""
    said = exchange.request if is_told(exchange) else exchange.response
    return said.body if said else MISSING


def _with_body(exchange: Exchange, body: Any) -> Exchange:
    raw, response = json.dumps(body).encode(), exchange.response
    if is_told(exchange):
        return replace(exchange, request=replace(exchange.request, raw=raw))
    assert response is not None
    return replace(exchange, response=Response(response.headers, raw, response.status))


def _edits(body: Any) -> Iterator[tuple[str, str, Edit]]:
    for place, value in walk(body):
        if not place:
            continue
        for operator, change in CHANGES.items():
            for new in change(value):
                if not _is_open(body, place, new):
                    yield operator, place, partial(put, place=place, value=new)
        yield "drop", place, partial(drop, place=place)
        if isinstance(value, list) and value:
            yield "drop-entry", place, partial(put, place=place, value=value[1:])
            yield "double-entry", place, partial(put, place=place, value=[*value, value[-1]])
            yield "empty-list", place, partial(put, place=place, value=[])
    if isinstance(body, dict):
        yield "unknown-member", "/colour", lambda whole: {**whole, "colour": "green"}
        yield "as-list", "", lambda whole: [whole]
    if isinstance(body, list) and body:
        yield "drop-entry", "", lambda whole: whole[1:]
        yield "double-entry", "", lambda whole: [*whole, whole[-1]]
        yield "as-object", "", lambda whole: whole[0]


_APART = {"acknowledged": {"inProgress"}, "inProgress": {"acknowledged", "approved.orderable"}}
"""The states that an item may have by itself while its quote has one: it may wait (`quote-waiting-items`), or be ahead, since a
quote is no further than the last of its items."""


def _is_open(body: Any, place: str, value: Any) -> bool:
    """Whether what an item says of itself is nothing against what its quote says."""
    if re.fullmatch(r"/quoteItem/[0-9]+/state", place) is None or not isinstance(body, dict):
        return False
    return isinstance(value, str) and value in _APART.get(str(body.get("state")), ())


def walk(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a body with its pointer."""
    yield place, value
    if isinstance(value, dict):
        for name, child in value.items():
            yield from walk(child, f"{place}/{escape(name)}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from walk(child, f"{place}/{index}")


def _other_text(value: Any) -> list[Any]:
    return [f"{value}x"] if isinstance(value, str) else []


def _other_case(value: Any) -> list[Any]:
    return [value.swapcase()] if isinstance(value, str) and value.swapcase() != value else []


def _other_number(value: Any) -> list[Any]:
    return [value + 1] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _other_truth(value: Any) -> list[Any]:
    return [not value] if isinstance(value, bool) else []


def _other_type(value: Any) -> list[Any]:
    return [[value]] if isinstance(value, dict) else [{"value": value}]


def _other_moment(value: Any) -> list[Any]:
    if not isinstance(value, str) or len(value) < 20 or value[4:5] != "-" or "T" not in value:
        return []
    return [f"{int(value[:4]) - 3}{value[4:]}", f"{int(value[:4]) + 3}{value[4:]}"]


STATES = (
    "acknowledged", "inProgress", "done.ready", "done.unableToProvide", "terminatedWithError", "accepted",
    "approved.orderable", "approved.orderableAlternate", "answered", "unableToProvide", "rejected", "cancelled",
    "completed", "failed", "partial", "held", "pending", "done", "declined", "expired", "active", "installed",
    "resolved", "closed", "reopened", "assessingCancellation", "created", "open", "planned", "unableToComplete", "confirmed", "missed",
)  # fmt: skip


def _other_state(value: Any) -> list[Any]:
    return [state for state in STATES if state != value] if value in STATES else []


CHANGES: dict[str, Callable[[Any], list[Any]]] = {
    "other-text": _other_text,
    "other-case": _other_case,
    "other-number": _other_number,
    "other-truth": _other_truth,
    "other-type": _other_type,
    "other-moment": _other_moment,
    "other-state": _other_state,
    "null": lambda _value: [None],
}


def put(body: Any, place: str, value: Any) -> Any:
    """A copy with another value at a pointer."""
    made = copy.deepcopy(body)
    holder, _, token = place.rpartition("/")
    target = at(made, holder)
    target[int(token) if isinstance(target, list) else token.replace("~1", "/").replace("~0", "~")] = value
    return made


def drop(body: Any, place: str) -> Any:
    """A copy without what a pointer names."""
    made = copy.deepcopy(body)
    holder, _, token = place.rpartition("/")
    target = at(made, holder)
    del target[int(token) if isinstance(target, list) else token.replace("~1", "/").replace("~0", "~")]
    return made


def _headers(exchange: Exchange) -> Iterator[Mutation]:
    response = exchange.response
    assert response is not None
    for status in (200, 201, 202, 204):
        if status != response.status:
            spoilt = replace(exchange, response=Response(response.headers, response.raw, status))
            yield Mutation("status", exchange.n, str(status), exchange, spoilt=spoilt)
    for index, (name, value) in enumerate(response.headers):
        if name.lower() == "content-type":
            headers = (*response.headers[:index], (name, "text/html"), *response.headers[index + 1 :])
        elif name.lower().startswith("x-") and value.isdigit():
            headers = (*response.headers[:index], (name, str(int(value) + 7)), *response.headers[index + 1 :])
        else:
            continue
        spoilt = replace(exchange, response=Response(headers, response.raw, response.status))
        yield Mutation(f"header {name}", exchange.n, "", exchange, spoilt=spoilt)
    for operator, raw in (("no-body", b""), ("cut-body", response.raw[:-1])) if response.raw else ():
        spoilt = replace(exchange, response=Response(response.headers, raw, response.status))
        yield Mutation(operator, exchange.n, "", exchange, spoilt=spoilt)


def _stale(exchange: Exchange, exchanges: Sequence[Exchange]) -> Iterator[Mutation]:
    """The answer that was given before, and the answer about another resource."""
    for other in exchanges:
        if other.operation != exchange.operation or other.n >= exchange.n or other.response is None:
            continue
        if exchange.request.method != "GET" or other.response.raw == exchange.response.raw or not exchange.path_params:  # type: ignore[union-attr]
            continue
        operator = "stale" if other.path_params == exchange.path_params else "swapped"
        spoilt = replace(exchange, response=other.response)
        yield Mutation(operator, exchange.n, f"as #{other.n}", exchange, spoilt=spoilt)
