"""Recorded runs of shipped scenarios with one message changed, and what the judge says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from emulator.judge.judge import judge
from emulator.judge.verdict import Finding, Verdict
from emulator.record.exchange import Exchange, Request, Response
from emulator.standard.release import load_release
from tests.play import Played, play

WRONG = {Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR}
Edit = Callable[[Any], Any]


@cache
def recorded(name: str, case: str | None = None) -> Played:
    """A scenario's run, played once."""
    return play(name, case)


def nth(exchanges: Iterable[Exchange], operation: str, index: int = 0) -> Exchange:
    """The exchange of an operation: the first, or the one at another index."""
    return [exchange for exchange in exchanges if exchange.operation == operation][index]


def with_answer(exchange: Exchange, edit: Edit | None = None, **changes: Any) -> Exchange:
    """An exchange whose answer is edited: its body, `status`, or `headers` beside those that it has."""
    response = exchange.response
    assert response is not None
    raw = json.dumps(edit(response.body)).encode() if edit else response.raw
    given = changes.get("headers", {})
    others = [(name, value) for name, value in response.headers if name.lower() not in map(str.lower, given)]
    return replace(exchange, response=Response((*others, *given.items()), raw, changes.get("status", response.status)))


def with_request(exchange: Exchange, edit: Edit) -> Exchange:
    """An exchange whose request has another body."""
    request = exchange.request
    raw = json.dumps(edit(request.body)).encode()
    return replace(exchange, request=Request(request.headers, raw, request.method, request.url))


def swapped(exchanges: Iterable[Exchange], *changed: Exchange) -> list[Exchange]:
    """A run with these exchanges in the place of those with their numbers."""
    by_number = {exchange.n: exchange for exchange in changed}
    return [by_number.get(exchange.n, exchange) for exchange in exchanges]


def numbered(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """A run with its exchanges numbered anew, in this order."""
    return [replace(exchange, n=n) for n, exchange in enumerate(exchanges, 1)]


def faults(exchanges: Iterable[Exchange]) -> list[Finding]:
    """What is found wrong with a run."""
    return [finding for finding in judge(exchanges, load_release()).findings if finding.verdict in WRONG]


def told(exchanges: Iterable[Exchange]) -> set[tuple[str, str, str]]:
    """What is found wrong with a run: rule, verdict and whose fault."""
    return {(finding.rule, finding.verdict.value, finding.blame.value) for finding in faults(exchanges)}
