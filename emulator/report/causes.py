"""Why a step did not come about: looked for in the answer that ended it, and in what the judge found there.

That a scenario's hope was not met is no fault of the partner's. Only a finding is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from emulator.judge.elsewhere import LOAD, is_nowhere
from emulator.judge.roles import Roles
from emulator.judge.verdict import Blame, Finding, Verdict, blamed
from emulator.record.exchange import Exchange, Party, Response
from emulator.record.payload import at
from emulator.report.played import Cause, StepInfo, StepOutcome

WHOSE: Final[Mapping[Cause, Blame | None]] = {
    Cause.REQUEST: Blame.SCENARIO,
    Cause.DATA: Blame.INPUTS,
    Cause.CREDENTIALS: Blame.INPUTS,
    Cause.NO_API: Blame.INPUTS,
    Cause.UNSUPPORTED: None,
    Cause.LOAD: Blame.TRANSPORT,
    Cause.TRANSPORT: Blame.TRANSPORT,
    Cause.BEHAVIOUR: None,
    Cause.REFUSED: None,
    Cause.TIME: None,
    Cause.INTERRUPTED: None,
    Cause.PREPARATION: Blame.INPUTS,
    Cause.EXPECTATION: None,
}
"""Who has to act for a cause; None where nobody is known to be at fault. The other causes are a party's."""

_ELSE: Final[Mapping[int, Cause]] = {
    401: Cause.CREDENTIALS,
    403: Cause.CREDENTIALS,
    407: Cause.CREDENTIALS,
    511: Cause.CREDENTIALS,
    501: Cause.UNSUPPORTED,
}
_UNKNOWN: Final = frozenset({"referenceNotFound", "tooManyRecords", "notFound"})
"""Codes of errors with which a partner says that it does not have what was named, or too much of it."""
_UNSURE: Final = frozenset({"partial", "fail"})
"""What a validated address is called that the partner does not know, or not as it was written (MEF 121, `validationResult`)."""
_BINDING: Final = frozenset(
    {Cause.DATA, Cause.UNSUPPORTED, Cause.BEHAVIOUR, Cause.REFUSED, Cause.SERVER_ERROR, Cause.TIME, Cause.EXPECTATION}
)
"""Causes for which a partner answers that agreed on what was not met: with the others it is not its doing."""

AGREED: Final = "scenario.agreed"
"""The rule of findings that a partner did not do what was agreed on."""


def laid(
    findings: Sequence[Finding], exchanges: Mapping[int, Exchange], roles: Roles, *, profiled: bool = False
) -> list[Finding]:
    """The findings with the blame where it belongs: what a user's files have our party say is no mistake of OIT.

    What a step of ours sends is the scenario's; what our seller says is the profile's, where the user's own is what it is made of
    (`profiled`).
    """
    others = {blamed(party) for party in Party if not roles.counts(party)}
    found = []
    for finding in findings:
        exchange = exchanges.get(finding.exchange) if finding.exchange is not None else None
        mine = finding.blame in others
        if mine and exchange is not None and exchange.step and not roles.counts(exchange.sender):
            found.append(replace(finding, blame=Blame.SCENARIO))
        elif mine and profiled:
            found.append(replace(finding, blame=Blame.INPUTS))
        else:
            found.append(finding)
    return found


def explained(
    steps: Sequence[StepInfo],
    exchanges: Mapping[int, Exchange],
    findings: Sequence[Finding],
    roles: Roles,
    *,
    behaviour: bool = False,
) -> tuple[list[StepInfo], list[Finding]]:
    """Steps with the cause why each did not come about, and findings about what was agreed on.

    `findings` are those of the judge, laid at their doors. `behaviour`: the scenario needs some that a partner need not have.
    """
    told: list[StepInfo] = []
    broken: list[Finding] = []
    heard = any(exchange.kind == "notification" for exchange in exchanges.values())
    for step in steps:
        cause = _cause(step, exchanges, findings, behaviour=behaviour)
        if cause is None:
            told.append(step)
            continue
        bound = next((party for party in roles.tested if step.agreed and step.blame is blamed(party)), None)
        unmet = step.outcome is StepOutcome.UNMET or (step.outcome is StepOutcome.NEVER_ARRIVED and heard)
        if bound is not None and unmet and cause in _BINDING:
            broken.append(_agreed(step, bound))
            cause = Cause.AGREED
        # What a partner does of its own accord is for the partner to look at, whatever the standard says.
        last = exchanges.get(step.exchanges[-1]) if step.exchanges else None
        ours = not roles.tested or (last is not None and step.blame is blamed(last.sender))
        kept = step.outcome is StepOutcome.NEVER_ARRIVED or (ours and cause in _HOPES)
        told.append(replace(step, cause=cause, blame=step.blame if kept else WHOSE.get(cause, step.blame)))
    return told, broken


_HOPES: Final = frozenset({Cause.REFUSED, Cause.TIME, Cause.EXPECTATION, Cause.BEHAVIOUR})
"""Causes that leave open who is right; in a self-test it is the side that did not do as the scenario says."""


def _cause(
    step: StepInfo, exchanges: Mapping[int, Exchange], findings: Sequence[Finding], *, behaviour: bool
) -> Cause | None:
    """Why a step did not pass; None where it did, was left out, or has nothing to do with the partner."""
    if step.outcome not in _LOOKED_AT:
        return step.cause
    mine = [finding for finding in findings if finding.exchange in step.exchanges and finding.verdict is Verdict.FAIL]
    if any(finding.blame is step.blame for finding in mine) and step.blame in (Blame.BUYER, Blame.SELLER):
        return Cause.BREACH
    last = exchanges.get(step.exchanges[-1]) if step.exchanges else None
    if step.outcome is StepOutcome.INCONCLUSIVE:
        silent = last is not None and last.response is None
        return step.cause or (Cause.TRANSPORT if silent or step.blame is Blame.TRANSPORT else None)
    if step.outcome is StepOutcome.NEVER_ARRIVED:
        return step.cause or Cause.TIME
    if last is not None and last.response is None:
        return Cause.TRANSPORT
    if last is None or last.response is None or step.blame is blamed(last.sender):
        return step.cause or (Cause.BEHAVIOUR if behaviour else Cause.EXPECTATION)
    wrong = any(finding.blame is not step.blame for finding in mine) or _calls_nowhere(last)
    return _of_answer(step, last.response, wrong=wrong, behaviour=behaviour)


_LOOKED_AT: Final = frozenset({StepOutcome.UNMET, StepOutcome.NEVER_ARRIVED, StepOutcome.INCONCLUSIVE})


def _of_answer(step: StepInfo, response: Response, *, wrong: bool, behaviour: bool) -> Cause:
    """What an answer that is not as the step demands says of itself. `wrong`: so was our request."""
    if response.status in LOAD:
        return Cause.LOAD
    if response.status in _ELSE:
        return _ELSE[response.status]
    if response.status >= 500:  # noqa: PLR2004 - its own failure
        return Cause.SERVER_ERROR
    if is_nowhere(response):
        return Cause.NO_API
    if response.status in range(400, 500):
        return _of_refusal(step, response, wrong=wrong, behaviour=behaviour)
    if any(not one.met and one.pointer == "/validationResult" and one.found in _UNSURE for one in step.expectations):
        return Cause.DATA
    return step.cause or (Cause.BEHAVIOUR if behaviour else Cause.EXPECTATION)


def _calls_nowhere(exchange: Exchange) -> bool:
    """Whether a subscription of ours names a callback that is no address: no rule has a word against that, and a refusal is
    right.
    """
    callback = at(exchange.request.body, "/callback")
    web = isinstance(callback, str) and callback.lower().startswith(("http://", "https://"))
    return exchange.operation == "registerListener" and not web


def _of_refusal(step: StepInfo, response: Response, *, wrong: bool, behaviour: bool) -> Cause:
    if step.kind == "negative":
        return Cause.EXPECTATION  # it was to be refused, only otherwise
    if wrong:
        return Cause.REQUEST
    if response.status == 404 or _codes(response) & _UNKNOWN:  # noqa: PLR2004 - what was named is not there
        return Cause.DATA
    return Cause.BEHAVIOUR if behaviour else Cause.REFUSED


def _codes(response: Response) -> set[str]:
    body: Any = response.body
    rows = body if isinstance(body, list) else [body]
    return {str(row.get("code")) for row in rows if isinstance(row, Mapping)}


def _agreed(step: StepInfo, party: Party) -> Finding:
    unmet = next((one for one in step.expectations if not one.met), None)
    where = f" ({step.where})" if step.where else ""
    said = step.message.partition("\n")[0]
    return Finding(
        rule=AGREED,
        requirements=(),
        verdict=Verdict.FAIL,
        blame=blamed(party),
        exchange=step.exchanges[-1] if step.exchanges else None,
        pointer=unmet.pointer if unmet and unmet.pointer.startswith("/") else "",
        expected=unmet.expected if unmet else "what step " + step.id + " demands",
        found=unmet.found if unmet else step.status if step.status is not None else said,
        message=f"the partners agreed on step {step.id}{where}, and it was not met: {said}",
    )
