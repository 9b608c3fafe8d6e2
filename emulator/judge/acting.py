"""What was asked to happen to resources, beside reads: acts on each of them, and reads that found none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from emulator.judge.fold import Fold
from emulator.record.exchange import Exchange
from emulator.record.payload import at

if TYPE_CHECKING:
    from emulator.judge.run import Life, Run

_REFUSED: Final = range(400, 500)
_UNCERTAIN: Final = (408, 429)
"""Refusals that do not say for sure that nothing was done."""
_NOT_SERVED: Final = 501
_CHANGING: Final = ("create", "patch", "act", "delete")

Acts = dict[tuple[str, str], list[Exchange]]


def may_have_worked(exchange: Exchange) -> bool:
    """Whether a request may have done what it asks for: it was not refused."""
    status = exchange.response.status if exchange.response else 0
    return status in _UNCERTAIN or (status not in _REFUSED and status != _NOT_SERVED)


def _take(known: Acts, run: Run, exchange: Exchange) -> None:
    by = run.kinds.shown_by(str(exchange.api), str(exchange.operation))
    if by is None or exchange.kind == "notification" or by[1] not in _CHANGING:
        return
    kind, view = by
    known.setdefault((kind.name, ""), []).append(exchange)
    act = kind.acts.get(str(exchange.operation)) if view == "act" else None
    target = at(exchange.request.body, act.target) if act and act.target else exchange.path_params.get("id")
    if isinstance(target, str):
        known.setdefault((kind.name, target), []).append(exchange)


_ACTS: Final[Fold[Acts]] = Fold(dict, _take)
"""By kind and id, what was asked to be changed; with an empty id what was asked of any resource of the kind."""


def acts_on(run: Run, life: Life) -> Sequence[Exchange]:
    """The requests so far to change a resource that is there, in order, whatever became of them."""
    return run.known(_ACTS).get((life.kind.name, life.id), ())


def between(acts: Sequence[Exchange], earlier: Exchange, later: Exchange) -> Iterator[Exchange]:
    """Those of some acts that came after an exchange, up to and with another one, and may have worked."""
    begin = bisect_right(acts, earlier.n, key=lambda each: each.n)
    for act in acts[begin : bisect_right(acts, later.n, key=lambda each: each.n)]:
        if may_have_worked(act):
            yield act


def acted_on(run: Run, life: Life, earlier: Exchange, later: Exchange) -> bool:
    """Whether a resource may have been changed on request after an exchange, up to and with another one."""
    return any(True for _ in between(acts_on(run, life), earlier, later))


def acts_on_any(run: Run, kind: str) -> Sequence[Exchange]:
    """As `acts_on`, of all resources of a kind; requests to make one are among them."""
    return run.known(_ACTS).get((kind, ""), ())


@cache
def not_found(api: str, operation: str) -> Fold[dict[str, list[Exchange]]]:
    """By id, the reads by this operation that were answered 404."""

    def take(known: dict[str, list[Exchange]], _run: Run, exchange: Exchange) -> None:
        missing = exchange.response is not None and exchange.response.status == 404  # noqa: PLR2004
        if missing and exchange.operation == operation and exchange.api == api:
            known.setdefault(exchange.path_params.get("id", ""), []).append(exchange)

    return Fold(dict, take)


def is_denied(run: Run, kind: str, identifier: str) -> bool:
    """Whether the last word on a resource is that there is none for this Buyer: read by its id it was answered 404, and
    shown it never was.
    """
    facts = run.kinds.kinds.get(kind)
    retrieve = facts.one("retrieve") if facts else None
    life = run.life(kind, identifier)
    if facts is None or retrieve is None or (life is not None and life.shown):
        return False
    reads = run.known(not_found(facts.api, retrieve)).get(identifier, ())
    return any(read.n not in run.provoked | run.spoilt for read in reads)
