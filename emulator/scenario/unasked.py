"""What a buyer under test did that no step of a scenario waited for, and that no seller wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from emulator.judge.named import ORDER
from emulator.judge.refusals import KEPT, NOT_SERVED
from emulator.judge.refusals import REFUSED as UNEXPLAINED
from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at, dump
from emulator.standard.kinds.load import ReleaseKinds

REPEATED: Final = "flow.repeated"
ENDED_SUBSCRIPTION: Final = "flow.ended-subscription"
UNKNOWN_ID: Final = "flow.unknown-id"
_NOT_FOUND: Final = 404
_UNSUBSCRIBE: Final = "unregisterListener"


def unasked(exchanges: Iterable[Exchange], claimed: Collection[int], kinds: ReleaseKinds) -> Iterator[Finding]:
    """A finding for each POST that asked again for what had been made, for each id that our seller never gave, and for
    each subscription that was asked for again and again after its end. Only an order is a harm when it is sent again;
    what our seller keeps (places, products) a buyer may know, or not know, from elsewhere.

    `claimed` are the numbers of the exchanges that steps waited for: those are never findings.
    """
    sent = [each for each in exchanges if each.sender is Party.BUYER and each.response is not None]
    yield from _made_again(sent, claimed, kinds)
    yield from _not_there(sent, claimed)


def told_once(judged: Iterable[Finding], noticed: Iterable[Finding]) -> tuple[Finding, ...]:
    """The judge's findings and those of `unasked`, without what says of an exchange no more than another finding."""
    judged = tuple(judged)
    vague = (UNEXPLAINED, NOT_SERVED)
    by_rule = {finding.exchange for finding in judged if finding.blame is Blame.BUYER and finding.rule not in vague}
    more = tuple(each for each in noticed if each.verdict is Verdict.FAIL or each.exchange not in by_rule)
    told = {finding.exchange for finding in more}
    return (*(each for each in judged if each.rule not in vague or each.exchange not in told), *more)


def _status(exchange: Exchange) -> int:
    return exchange.response.status if exchange.response else 0


def _made_again(sent: Iterable[Exchange], claimed: Collection[int], kinds: ReleaseKinds) -> Iterator[Finding]:
    made: dict[tuple[str | None, str, str, bytes], Exchange] = {}
    for exchange in sent:
        operation = (str(exchange.api), str(exchange.operation))
        shown = kinds.shown_by(*operation)
        if shown is None or shown[1] != "create":
            continue
        key = (exchange.run, *operation, dump(exchange.request.body))
        if key in made and exchange.n not in claimed:
            yield _repeated(made[key], exchange, shown[0].name)
        elif _status(exchange) in range(200, 300):
            made.setdefault(key, exchange)


def _not_there(sent: Iterable[Exchange], claimed: Collection[int]) -> Iterator[Finding]:
    """Reads that were answered 404, once each; one look whether a subscription is really gone is no matter."""
    ended: dict[tuple[str, str], Exchange] = {}
    told: Counter[tuple[str, str]] = Counter()
    for exchange in sent:
        identifier = next(iter(exchange.path_params.values()), None)
        if identifier is None:
            continue
        place = (str(exchange.api), identifier)
        if exchange.operation == _UNSUBSCRIBE and _status(exchange) in range(200, 300):
            ended[place] = exchange
        elif _status(exchange) == _NOT_FOUND and exchange.request.method == "GET" and exchange.n not in claimed:
            told[place] += 1
            if place in ended and told[place] == 2:  # noqa: PLR2004 - the second look
                yield _ended(ended[place], exchange)
            elif place not in ended and told[place] == 1 and exchange.operation not in KEPT:
                yield _never_given(exchange, identifier)


def _repeated(first: Exchange, again: Exchange, kind: str) -> Finding:
    had = at(first.response.body, "/id") if first.response else MISSING
    has = at(again.response.body, "/id") if again.response else MISSING
    status = again.response.status if again.response else None
    now = f"this one was answered {status}" if has is MISSING else f"this one has made {has} as well"
    return Finding(
        rule=REPEATED,
        requirements=(),
        verdict=Verdict.FAIL if kind == ORDER else Verdict.WARNING,
        blame=Blame.BUYER,
        exchange=again.n,
        message=f"the buyer sent a POST again that had succeeded: exchange {first.n} had made {kind} {had}, {now}",
    )


def _ended(end: Exchange, again: Exchange) -> Finding:
    return Finding(
        rule=ENDED_SUBSCRIPTION,
        requirements=(),
        verdict=Verdict.WARNING,
        blame=Blame.BUYER,
        exchange=again.n,
        message=f"the buyer goes on asking for a subscription that it ended itself in exchange {end.n}",
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
