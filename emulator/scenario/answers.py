"""What an answer means for a step, said in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.record.exchange import Exchange, FaultKind, Response
from emulator.record.payload import MISSING, as_json, at
from emulator.record.secrets import masked_text
from emulator.scenario.duration import words
from emulator.scenario.result import Expectation, Outcome, Tracked

SHOWN: Final = 120
"""Characters of a value that a sentence shows."""

FAULT_WORDS: Final = {
    FaultKind.UNREACHABLE: "could not be reached",
    FaultKind.CLOSED: "closed the connection before a whole answer came",
    FaultKind.TIMEOUT: "gave no whole answer in time",
    FaultKind.PROTOCOL: "answered with something that is not HTTP",
    FaultKind.UNANSWERED: "was not waited for",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a step ended, in one sentence; `blame` and `cause` as in StepResult.

    `blocks` tells whether later steps are in vain where this one did not pass.
    """

    outcome: Outcome
    message: str = ""
    blame: str | None = None
    blocks: bool = True
    cause: str | None = None


def not_played_yet(what: str) -> Ending:
    """A demand that we cannot play yet: nothing was seen, so nothing can be said; the rest goes on."""
    return Ending(Outcome.INCONCLUSIVE, f"{what} not played yet", blocks=False)


PASSED: Final = Ending(Outcome.PASSED)


def judged(exchange: Exchange, wanted: tuple[int, ...], party: str, *, refusal: bool = False) -> Ending:
    """Whether an answer came, has a wanted status (else 2xx, or 4xx for a refusal), and is JSON if anything."""
    asked = f"{exchange.request.method} {exchange.request.path}"
    response = exchange.response
    if response is None:
        return _without_answer(exchange, asked, party)
    usual = range(400, 500) if refusal else range(200, 300)
    if response.status not in (wanted or usual):
        hoped = " or ".join(map(str, wanted)) or ("a 4xx refusal" if refusal else "2xx")
        accepted = (
            " although the request was wrong on purpose" if refusal and response.status in range(200, 300) else ""
        )
        message = f"{asked} was answered {response.status}{accepted}{_reason(response)}; expected {hoped}"
        return Ending(Outcome.UNMET, message, party)
    if response.raw.strip() and response.parsed.problem:
        kind = response.header("content-type") or "no content type"
        message = (
            f"{asked} was answered {response.status} with {kind}, which is not readable: {response.parsed.problem}"
        )
        return Ending(Outcome.UNMET, message, party)
    return PASSED


def _without_answer(exchange: Exchange, asked: str, party: str) -> Ending:
    fault = exchange.fault
    if fault is None:
        return Ending(Outcome.ERROR, f"{asked} has neither an answer nor a fault", "emulator")
    message = f"{asked}: the {party} {FAULT_WORDS[fault.kind]} ({fault.message})"
    if fault.kind is FaultKind.PROTOCOL:
        return Ending(Outcome.UNMET, message, party)
    return Ending(Outcome.INCONCLUSIVE, message, "transport")


def _reason(response: Response) -> str:
    """What an answer says of itself: where it leads to, the standard's error body, or else its content type."""
    if response.status in range(300, 400) and (where := response.header("location")):
        return f" with a redirect to {masked_text(where)[:SHOWN]}, which is not followed"
    if response.parsed.problem and response.raw.strip():
        return f" with {response.header('content-type') or 'no content type'} instead of JSON"
    first = response.body[0] if isinstance(response.body, list) and response.body else response.body
    said = [at(first, place) for place in ("/code", "/propertyPath", "/reason")]
    told = " ".join(str(part) for part in said if isinstance(part, str) and part)
    # Masked before it is cut: half a secret is not recognised, and may be enough.
    return f" ({masked_text(told)[:SHOWN]})" if told else ""


def hopeless(exchange: Exchange) -> bool:
    """Whether asking again is pointless: a server error, or an answer that is not JSON."""
    response = exchange.response
    return response is None or response.status >= 500 or (bool(response.raw) and response.parsed.problem is not None)  # noqa: PLR2004


def compared(expectations: Sequence[Expectation], party: str) -> Ending:
    """The first expectation that does not hold, in words; PASSED where all do."""
    broken = [one for one in expectations if not one.ok]
    if not broken:
        return PASSED
    first = broken[0]
    found = "is not there" if first.found is MISSING else f"is {shown(first.found)}"
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    message = f"{first.pointer or 'the body'} {found}, expected {shown(first.expected)}{more}"
    return Ending(Outcome.UNMET, message, party)


def shown(value: Any) -> str:
    """A JSON value, cut to what a sentence can bear."""
    return as_json(value, SHOWN)


def state_of(body: Any) -> str | None:
    """The state that a resource shows, which may come as a list of one; a product of the inventory calls it `status`, an offering
    `lifecycleStatus`.
    """
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    for place in ("/state", "/status", "/lifecycleStatus"):
        if isinstance(found := at(body, place), str):
            return found
    return None


def _timeline(seen: Sequence[tuple[float, str]]) -> str:
    return ", ".join(f"{state} (after {words(round(passed, 1))})" for passed, state in seen)


def stopped(tracked: Tracked, state: str, wanted: tuple[str, ...], seen: Sequence[tuple[float, str]]) -> str:
    """A state came after which waiting is pointless."""
    return (
        f"{tracked.kind} {tracked.id} went to {state}, so it will not come to {' or '.join(wanted)};"
        f" states seen: {_timeline(seen)}"
    )


def never_arrived(tracked: Tracked, wanted: tuple[str, ...], within: float, seen: Sequence[tuple[float, str]]) -> str:
    """The time is over."""
    return (
        f"{tracked.kind} {tracked.id} did not come to {' or '.join(wanted)} within {words(within)};"
        f" states seen: {_timeline(seen)}"
    )
