"""What a buyer under test did that no step of a scenario waited for, and that no seller wants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from emulator.judge.run import KINDS
from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.wire.exchange import Exchange, Party
from emulator.wire.payload import MISSING, at, dump

REPEATED: Final = "flow.repeated"
UNKNOWN_ID: Final = "flow.unknown-id"
_MAKERS: Final = {(kind.api, kind.create): kind.name for kind in KINDS if kind.create}
_NOT_FOUND: Final = 404


def unasked(exchanges: Iterable[Exchange], claimed: Collection[int]) -> Iterator[Finding]:
    """A finding for each POST that asked again for what had been made, and for each id that our seller never gave.

    `claimed` are the numbers of the exchanges that steps waited for: those are never findings.
    """
    made: dict[tuple[str | None, str, str, bytes], Exchange] = {}
    read: set[str] = set()
    for exchange in exchanges:
        if exchange.sender is not Party.BUYER or exchange.response is None:
            continue
        status, operation = exchange.response.status, (str(exchange.api), str(exchange.operation))
        if operation in _MAKERS:
            key = (exchange.run, *operation, dump(exchange.request.body))
            if key in made and exchange.n not in claimed:
                yield _repeated(made[key], exchange, _MAKERS[operation])
            elif status in range(200, 300):
                made.setdefault(key, exchange)
        elif status == _NOT_FOUND and exchange.request.method == "GET" and exchange.n not in claimed:
            identifier = next(iter(exchange.path_params.values()), None)
            if identifier is not None and exchange.request.url not in read:
                read.add(exchange.request.url)
                yield _never_given(exchange, identifier)


def _repeated(first: Exchange, again: Exchange, kind: str) -> Finding:
    had = at(first.response.body, "/id") if first.response else MISSING
    has = at(again.response.body, "/id") if again.response else MISSING
    status = again.response.status if again.response else None
    now = f"this one was answered {status}" if has is MISSING else f"this one has made {has} as well"
    return Finding(
        rule=REPEATED,
        requirements=(),
        verdict=Verdict.FAIL,
        blame=Blame.BUYER,
        exchange=again.n,
        message=f"the buyer sent a POST again that had succeeded: exchange {first.n} had made {kind} {had}, {now}",
    )


def _never_given(exchange: Exchange, identifier: str) -> Finding:
    return Finding(
        rule=UNKNOWN_ID,
        requirements=(),
        verdict=Verdict.WARNING,
        blame=Blame.BUYER,
        exchange=exchange.n,
        found=identifier,
        message=f"the buyer asked for an id that our seller never gave it ({exchange.operation})",
    )
