"""What the legs of a run have to do with each other: values that one leg took from another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from emulator.record.exchange import Exchange
from emulator.record.payload import escape
from emulator.record.secrets import MASK, secret_place
from emulator.report.masking import plain

Json = dict[str, Any]

_SHORTEST: Final = 4
"""Characters of a value that is followed: `1` and `uni` name items within a message, and come again everywhere."""
_DEEPEST: Final = 40
_MOST: Final = 1000
"""Links that are told."""
_NAMES: Final = ("id", "Id")
"""How members end whose values tell things apart."""


def links_of(exchanges: Sequence[Exchange]) -> list[Json]:
    """Each value that tells something apart and stands in two legs: where it was first, and where the other leg first had it.

    An exchange counts from its request on, so that what a broker asked of a carrier before it answered its own buyer comes
    behind what the buyer had asked.
    """
    if len({exchange.leg for exchange in exchanges} - {None}) < 2:  # noqa: PLR2004 - two make a link
        return []
    first: dict[str, tuple[str, Json]] = {}
    told: dict[tuple[str, str], None] = {}
    links: list[Json] = []
    for exchange, half, body in _messages(exchanges):
        leg = str(exchange.leg)
        for pointer, value in _names_in(body):
            spot = {"leg": leg, "exchange": exchange.n, "half": half, "pointer": plain(pointer)}
            origin = first.setdefault(value, (leg, spot))
            if origin[0] != leg and (value, leg) not in told and len(links) < _MOST:
                told[value, leg] = None
                links.append({"value": plain(value), "from": origin[1], "to": spot})
    return links


def _messages(exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, str, Any]]:
    """All messages of legs in the order in which they were said."""
    said: list[tuple[float, int, Exchange, str, Any]] = []
    for exchange in exchanges:
        if exchange.leg is None:
            continue
        asked = exchange.at.timestamp()
        said.append((asked, exchange.n, exchange, "request", exchange.request.body))
        if exchange.response is not None:
            answered = asked + exchange.elapsed_ms / 1000
            said.append((answered, exchange.n, exchange, "response", exchange.response.body))
    said.sort(key=lambda row: row[:2])
    return ((exchange, half, body) for _, _, exchange, half, body in said)


def _names_in(body: Any) -> Iterator[tuple[str, str]]:
    """The values in a body that tell something apart, with their places."""
    waiting: list[tuple[str, Any, int]] = [("", body, 0)]
    while waiting:
        place, node, depth = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in pairs:
            pointer = f"{place}/{escape(str(key))}"
            if isinstance(value, dict | list):
                if depth < _DEEPEST:
                    waiting.append((pointer, value, depth + 1))
            elif isinstance(value, str) and str(key).endswith(_NAMES) and _is_telling(pointer, value):
                yield pointer, value


def _is_telling(pointer: str, value: str) -> bool:
    return len(value) >= _SHORTEST and not value.startswith(MASK) and not secret_place(pointer)
