"""Requests that were refused: what that says of whoever sent them.

A refused request shows nothing: no requirement passes by it. Where a rule found fault with it, that is why. Else it
depends on what our own party says in refusing: what lies with its data, its behaviour or its load is told and is
nobody's fault, and anything else is a warning against the sender. What a partner refuses is told only: it may have
reasons of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.run import Run
from emulator.judge.showing import succeeded
from emulator.judge.verdict import Blame, Finding, Verdict, blamed
from emulator.record.call import ErrorCode
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

REFUSED: Final = "flow.refused"
NOT_SERVED: Final = "flow.not-served"


def is_refused(exchange: Exchange) -> bool:
    """Whether a request was answered by a refusal: 4xx, 501 or 503. Other 5xx are failures of who answers."""
    status = exchange.response.status if exchange.response else 0
    return 400 <= status < 500 or status in _NOT_NOW  # noqa: PLR2004


def refusals(run: Run, exchange: Exchange, found: Sequence[Finding], *, ours: bool) -> Iterator[Finding]:
    """What is to be said of a refusal, `ours` or a partner's; `found` is what the rules found in the exchange."""
    assert exchange.response is not None
    status = exchange.response.status
    if any(_explains(finding, exchange) for finding in found) or _is_over(run, exchange):
        return
    cause = _cause(run, exchange) if ours else _PARTNERS
    said = f"{exchange.request.method} {exchange.operation} was answered {status}{_reason(exchange.response.body)}"
    guess = "that id was given by nothing that was seen" if status == _NOT_FOUND else "no rule says why"
    yield Finding(
        rule=NOT_SERVED if cause else REFUSED,
        requirements=(),
        verdict=Verdict.NOT_APPLICABLE if cause else Verdict.WARNING,
        blame=Blame.NOBODY if cause else blamed(exchange.sender),
        exchange=exchange.n,
        pointer="" if cause else _place(exchange),
        found=status,
        message=f"{said}: {cause}" if cause else f"{said}; {guess}",
    )


def _explains(finding: Finding, exchange: Exchange) -> bool:
    """Whether a finding says what is wrong with a request, or that its refusal is."""
    if finding.verdict in (Verdict.FAIL, Verdict.DISPUTED, Verdict.ERROR):
        return True
    if finding.verdict is not Verdict.WARNING or finding.blame is not blamed(exchange.sender):
        return False
    if not finding.rule.startswith("contract."):
        return True
    # Of what is odd but allowed only that which the refusal names was its reason.
    return any(_meet(finding.pointer, place) for place in _places(exchange))


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _issues(exchange: Exchange) -> list[Any]:
    body = exchange.response.body if exchange.response else None
    return body if isinstance(body, list) else [body]


def _places(exchange: Exchange) -> list[str]:
    """Where in the request a refusal sees the fault, as far as it says so."""
    return [place for issue in _issues(exchange) if isinstance(place := at(issue, "/propertyPath"), str)]


def _place(exchange: Exchange) -> str:
    return next(iter(_places(exchange)), "")


def _reason(body: Any) -> str:
    first = body[0] if isinstance(body, list) and body else body
    said = [part for name in ("/code", "/propertyPath", "/reason") if isinstance(part := at(first, name), str) and part]
    return f" ({' '.join(said)})" if said else ""


# What is not the sender's fault

_NOT_FOUND: Final = 404

_PARTNERS: Final = "a partner may have reasons of its own, so nobody is blamed"
_NOT_NOW: Final = {
    401: "the credentials were not taken",
    403: "whoever asks is not allowed to",
    408: "the answer took too long",
    413: "the body is longer than is read here",
    429: "there were too many requests at once",
    501: "that is not served here",
    503: "the service was busy",
}
"""Statuses that say nothing of what was asked."""

_OUR_DATA: Final = re.compile(
    r"/(place/\d+|productOffering|productSpecification|productRef|product|productRelationship/\d+|relatedSite/\d+|billingAccount)/id$"
)
"""References to what a Seller keeps, which a Buyer knows from elsewhere: catalogue, places, inventory, accounts."""
KEPT: Final = frozenset({"retrieveGeographicAddress", "retrieveGeographicSite", "retrieveProduct"})
"""Reads of such."""
_OPEN_ENDS: Final = frozenset({ErrorCode.TOO_MANY_RECORDS, ErrorCode.OTHER_ISSUE})
"""Codes by which a Seller speaks of its own limits, and not of a value."""


def _cause(run: Run, exchange: Exchange) -> str:
    """What makes a refusal of ours nobody's fault; "" where nothing does."""
    status = exchange.response.status if exchange.response else 0
    if status in _NOT_NOW:
        return _NOT_NOW[status]
    if status == _NOT_FOUND:
        return _unknown(run, exchange)
    if exchange.operation == "registerListener":
        callback = at(exchange.request.body, "/callback")
        issue = next(iter(_issues(exchange)), None)
        denied = isinstance(callback, str) and callback and "not allowed" in str(at(issue, "/reason"))
        return "our seller does not call that address" if denied else ""
    issues = _issues(exchange) if status == 422 else []  # noqa: PLR2004
    if issues and all(_is_ours(run, exchange, issue) for issue in issues):
        return "that lies with the data and the behaviour of our seller"
    return ""


def _unknown(run: Run, exchange: Exchange) -> str:
    identifier = next(iter(exchange.path_params.values()), None)
    if exchange.operation in KEPT:
        return "our seller has nothing of that id"
    if identifier is not None and identifier in run.known(_GIVEN):
        return "our seller gave that id, and has it no more"
    return ""


def _is_over(run: Run, exchange: Exchange) -> bool:
    """Whether a subscription is asked for that its owner ended: that it is not there is what was wanted."""
    return exchange.path_params.get("id") in run.known(_ENDED) and exchange.operation in ("retrieveHub", _END)


def _is_ours(run: Run, exchange: Exchange, issue: Any) -> bool:
    code, place = at(issue, "/code"), at(issue, "/propertyPath")
    if code in _OPEN_ENDS:
        return True
    if code != ErrorCode.REFERENCE_NOT_FOUND or not isinstance(place, str):
        return False
    named = at(exchange.request.body, place)
    return bool(_OUR_DATA.search(place)) or (isinstance(named, str) and named in run.known(_GIVEN))


def _take_given(known: set[str], run: Run, exchange: Exchange) -> None:
    if exchange.n in run.spoilt or exchange.response is None or not succeeded(exchange):
        return
    body = exchange.response.body
    known.update(each for pattern in _IDS for _, each in every(body, pattern) if isinstance(each, str))


_IDS: Final = ("/id", "/*/id", "/availableProductOfferingConfigurations/*/productConfigurationIdentifier")
"""Where an answer gives an id by which to ask again."""
_GIVEN: Final[Fold[set[str]]] = Fold(set, _take_given)
"""The ids that were given out."""


_END: Final = "unregisterListener"


def _take_ended(known: set[str], _run: Run, exchange: Exchange) -> None:
    if exchange.operation == _END and succeeded(exchange) and "id" in exchange.path_params:
        known.add(exchange.path_params["id"])


_ENDED: Final[Fold[set[str]]] = Fold(set, _take_ended)
"""The subscriptions that were ended."""
