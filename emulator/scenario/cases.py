"""Cases in which our seller makes trouble: what the door is told to do, and how the buyer must take it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulator.doors.faults import Faults
from emulator.doors.troubles import AUTHORIZATION_API, Delay, NewsTrouble, TokenTrouble, Trouble
from emulator.judge.judge import judge
from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Party, Request
from emulator.record.patch import PatchError, patched
from emulator.record.payload import MISSING, at, escape
from emulator.record.secured import DUTIES
from emulator.scenario.answers import Ending
from emulator.scenario.duration import seconds, words
from emulator.scenario.letting_in import credentials_problems
from emulator.scenario.model import Await, Call, Case, CaseKind, Count, Origin, Scenario, Step
from emulator.scenario.result import Expectation, Outcome, Tracked
from emulator.scenario.steps import Conversation, Misfit, Record
from emulator.standard.release import Release

SHOWN = 3
"""Findings that a message names."""
_TO_AUTHORITY = f"{AUTHORIZATION_API}."
_TURNED_AWAY = frozenset({401, 403})
_OF_OTHERS = frozenset({"notifications", "tokens"})
"""Members of a `fault` that are no trouble with the answers to an operation."""


def playable(case: Case, *, faults: Faults | None) -> Ending | None:
    """Why a case cannot be played; None where it can."""
    if case.emulate is Party.SELLER and faults is None:
        return Ending(Outcome.SKIPPED, "this case needs our own seller, which makes the trouble")
    return None


def troubles_of(
    scenario: Scenario,
    case: Case,
    release: Release,
    tracked: Mapping[str, Tracked],
    fill: Callable[[Any, Origin], Any],
) -> tuple[Trouble, ...]:
    """What a case asks of our seller's door. `tracked` are the resources known by now, `fill` fills in expressions.

    Raises Misfit where the case names no operation and its step has none.
    """
    if case.mutate:
        api, operation = asked_by(scenario, case, release, tracked)
        return (Trouble(api, operation, mutate=_mutation(case, fill)),)
    fault = {name: value for name, value in case.fault.items() if name not in _OF_OTHERS}
    if not fault:
        return ()
    api, operation = asked_by(scenario, case, release, tracked)
    body = fill(fault["body"], case.origin.part("/fault/body")) if "body" in fault else MISSING
    return (trouble_of(api, operation, fault, body),)


def trouble_of(api: str, operation: str, fault: Mapping[str, Any], body: Any = MISSING) -> Trouble:
    """What a `fault` says of the answers to an operation. `body` is its `body`, with expressions filled in."""
    times, drip = fault.get("times", 1), fault.get("drip")
    return Trouble(
        api=api,
        operation=operation,
        first=fault.get("first", 1),
        times=None if times == "always" else times,
        respond=fault.get("respond"),
        body=body,
        headers={name: str(value) for name, value in fault.get("headers", {}).items()},
        content_type=fault.get("contentType"),
        delay=delay_of(fault["delay"]) if "delay" in fault else None,
        drip=None if drip is None else (drip["bytes"], seconds(drip["every"])),
        keep=fault.get("truncate"),
        reset=fault.get("reset", False),
        lost=fault.get("lost", False),
    )


def news_of(case: Case) -> NewsTrouble | None:
    """What a case wants to become of notifications."""
    wanted = case.fault.get("notifications")
    return None if wanted is None else news_trouble(wanted)


def news_trouble(wanted: Mapping[str, Any]) -> NewsTrouble:
    """What the `notifications` of a `fault` say."""
    return NewsTrouble(
        drop=frozenset(wanted.get("drop", ())),
        duplicate=frozenset(wanted.get("duplicate", ())),
        wrong_buyer=frozenset(wanted.get("wrongBuyer", ())),
        reorder=wanted.get("reorder", False),
        delay=delay_of(wanted["delay"]) if "delay" in wanted else None,
        after_end=wanted.get("afterUnsubscribe", False),
        token=wanted.get("token"),
    )


def tokens_of(case: Case) -> TokenTrouble | None:
    """What a case wants to go wrong with access tokens."""
    wanted = case.fault.get("tokens")
    return None if wanted is None else token_trouble(wanted)


def token_trouble(wanted: Mapping[str, Any]) -> TokenTrouble:
    """What the `tokens` of a `fault` say."""
    lifetime = wanted.get("lifetime")
    return TokenTrouble(None if lifetime is None else seconds(lifetime), wanted.get("rotate", False))


def odd_ones(exchanges: Iterable[Exchange], faults: Faults) -> Iterator[Exchange]:
    """The notifications that were wrong on purpose: they are not held against our seller."""
    for exchange in exchanges:
        if exchange.kind == "notification" and at(exchange.request.body, "/eventId") in faults.odd_events:
            yield exchange


def delay_of(value: Any) -> Delay:
    """A delay as a case writes it: a duration, or a distribution."""
    if isinstance(value, str):
        return Delay("fixed", seconds(value))
    if "uniform" in value:
        low, high = map(seconds, value["uniform"])
        return Delay("uniform", low, high)
    if "exponential" in value:
        return Delay("exponential", seconds(value["exponential"]))
    return Delay("lognormal", seconds(value["lognormal"]["median"]), float(value["lognormal"]["sigma"]))


def asked_by(scenario: Scenario, case: Case, release: Release, tracked: Mapping[str, Tracked]) -> tuple[str, str]:
    """API and operationId whose answers are troubled: what the case names, else what its step asks for."""
    if "operation" in case.fault:
        name, _, operation = case.fault["operation"].partition(".")
        if name == AUTHORIZATION_API:
            return name, operation
        return scenario.sources[name].api, operation
    step = scenario.step(case.at)
    match step.action if step else None:
        case Call() as call:
            return scenario.sources[call.source].api, call.operation
        case Await() as wait if wait.resource in tracked:
            resource = tracked[wait.resource]
            contract = scenario.sources[resource.source].contract_in(release)
            found = contract.retrieval(contract.operations[resource.operation].path)
            if found is not None:
                return resource.api, found.id
    raise Misfit(case.origin.where("/at"), f"'{case.at}' asks our seller nothing: name the operation under 'fault'")


def _mutation(case: Case, fill: Callable[[Any, Origin], Any]) -> Callable[[Any], Any]:
    origin = case.origin.part("/mutate/response")
    operations = [
        {**one, "value": fill(one["value"], origin.part(f"/{index}/value"))} if "value" in one else one
        for index, one in enumerate(case.mutate)
    ]

    def mutate(body: Any) -> Any:
        try:
            return patched(body, operations)
        except PatchError as error:
            raise ValueError(f"{origin.where(f'/{error.index}')}: {error}") from error

    return mutate


def play_troubled(
    talk: Conversation, faults: Faults, step: Step, case: Case, record: Record, play: Callable[[], Ending]
) -> Ending:
    """Play a step while our seller makes trouble, and say how the buyer took it: our own runner, in a self-test. Raises
    Misfit where the trouble met no request, or does not fit the answer.
    """
    before = len(talk.transcript)
    troubles = troubles_of(talk.scenario, case, talk.release, talk.tracked, talk.fill)
    with faults.armed(*troubles, news=news_of(case), tokens=tokens_of(case)):
        ending = play()
        talk.clock.settle()
    talk.provoked.update(exchange.n for exchange in odd_ones(talk.transcript, faults))
    if faults.problems:
        raise Misfit(case.origin.where("/mutate"), faults.problems[0])
    if case.fault and not faults.struck:
        raise Misfit(case.origin.where("/fault"), f"'{step.id}' sent nothing that the trouble could meet")
    if case.mutate or (not case.fault and case.lifecycle):
        return _noticed(talk, case, record)
    if not case.fault:
        talk.spoilt.update(
            record.exchanges
        )  # its profile makes our seller wrong on purpose, in what no lifecycle shows
    since = [exchange for exchange in talk.transcript if exchange.n > before]
    record.expectations += reactions(talk.scenario, case, since, talk.spoilt, faults)
    if case.reaction.recovers is False and ending.outcome is Outcome.PASSED:
        return _noticed(talk, case, record)
    return _taken(case, ending, record.expectations)


def _taken(case: Case, ending: Ending, expectations: Sequence[Expectation]) -> Ending:
    broken = next((one for one in expectations if not one.ok and one.pointer.startswith("sut:")), None)
    if broken is not None:
        message = f"{broken.pointer.removeprefix('sut:')}: {broken.found}, expected {broken.expected}"
        return Ending(Outcome.UNMET, message, Party.BUYER)
    if case.reaction.recovers is False or case.reaction.ignores is not None:
        return Ending(Outcome.PASSED, f"noticed: {ending.message}" if ending.message else "")
    if ending.outcome in {Outcome.PASSED, Outcome.ERROR}:
        return ending
    return Ending(Outcome.UNMET, f"the buyer did not get over the trouble: {ending.message}", Party.BUYER)


def reactions(
    scenario: Scenario,
    case: Case,
    exchanges: Sequence[Exchange],
    spoilt: set[int] | frozenset[int],
    faults: Faults,
) -> list[Expectation]:
    """How the buyer took the trouble, demand by demand. `exchanges` are those since it began, `faults` the door's.

    The pointer of each begins with `sut:`, since it speaks of no message.
    """
    wanted = case.reaction
    first = next((exchange for exchange in exchanges if exchange.n in spoilt), exchanges[0] if exchanges else None)
    found: list[Expectation] = []
    if wanted.repeats is not None:
        found += _repeats(case, first, exchanges)
    if wanted.polls is not None:
        name, _, operation = wanted.polls.operation.partition(".")
        asked = [
            (one.at - first.at).total_seconds()
            for one in exchanges
            if first is not None
            and one.n > first.n
            and (one.api, one.operation) == (scenario.sources[name].api, operation)
        ]
        demand = f"{wanted.polls.operation} within {words(wanted.polls.within)}"
        told = f"after {words(round(asked[0], 1))}" if asked else "it never came"
        found.append(Expectation("sut:polls", demand, told, bool(asked) and asked[0] <= wanted.polls.within))
    if wanted.ignores is not None:
        found += _ignored(wanted.ignores, exchanges, faults)
    if wanted.refuses:
        found += _turned_away(exchanges)
    for name, count in wanted.created.items():
        number = sum(counted for made, counted in faults.created.items() if _is_meant(scenario, case, name, *made))
        found.append(Expectation(f"sut:created {name}", _range(count), number, _fits(count, number)))
    return found


def _is_meant(scenario: Scenario, case: Case, name: str, api: str, operation: str) -> bool:
    """Whether what an operation makes counts for a source: what the step of the trouble makes, where it makes
    something there, else all but subscriptions.
    """
    if api != scenario.sources[name].api:
        return False
    step = scenario.step(case.at)
    if step is not None and isinstance(step.action, Call) and step.action.source == name:
        return operation == step.action.operation
    return operation != "registerListener"


def _ignored(within: float, exchanges: Sequence[Exchange], faults: Faults) -> Iterator[Expectation]:
    """A stray notification is answered, and nobody asks for what it tells of.

    MEF87, MEF115 and MEF123 leave open with which status: any answer that does not speak of a failure will do.
    """
    for stray in odd_ones(exchanges, faults):
        status = stray.response.status if stray.response else None
        found = str(status) if status is not None else str(stray.fault.kind if stray.fault else "nothing")
        fine = status is not None and status < 500  # noqa: PLR2004 - the buyer's own failure
        yield Expectation("sut:answer to the stray event", "an answer that is no failure", found, fine)
        about = at(stray.request.body, "/event/id")
        asked = [
            one.n
            for one in exchanges
            if one.n > stray.n
            and one.sender is Party.BUYER
            and one.request.method == "GET"
            and about in one.path_params.values()
            and (one.at - stray.at).total_seconds() <= within
        ]
        told = f"exchange {asked[0]}" if asked else "none"
        yield Expectation("sut:reads after the stray event", f"none within {words(within)}", told, not asked)


def _turned_away(exchanges: Sequence[Exchange]) -> Iterator[Expectation]:
    """Callbacks that bear a wrong token come to a door that says so (RFC 6750, 3.1)."""
    callbacks = [one for one in exchanges if one.kind == "notification" and one.receiver is Party.BUYER]
    taken = [one for one in callbacks if one.response is None or one.response.status not in _TURNED_AWAY]
    status = taken[0].response.status if taken and taken[0].response else "nothing"
    told = f"exchange {taken[0].n}: {status}" if taken else "so they were" if callbacks else "there were none"
    yield Expectation("sut:answers to the callbacks", "401 or 403", told, bool(callbacks) and not taken)


def _repeats(case: Case, first: Exchange | None, exchanges: Sequence[Exchange]) -> Iterator[Expectation]:
    wanted = case.reaction.repeats
    assert wanted is not None
    tries = [
        one
        for one in exchanges
        if first is not None
        and one.n >= first.n
        and (one.request.method, one.request.url) == (first.request.method, first.request.url)
    ]
    count = Count(wanted.least, wanted.most)
    again = max(len(tries) - 1, 0)
    yield Expectation("sut:retries", _range(count), again, _fits(count, again))
    if wanted.same_body and again:
        same = all(_same_body(one.request, first.request) for one in tries if first is not None)
        yield Expectation("sut:retried body", "the same", "the same" if same else "another one", same)
    if wanted.gap and again:
        gaps = [(two.at - one.at).total_seconds() for one, two in itertools.pairwise(tries)]
        shortest = min(gaps)
        found = words(round(shortest, 3))
        yield Expectation("sut:retry gap", f"at least {words(wanted.gap)}", found, shortest >= wanted.gap)


def _same_body(one: Request, other: Request) -> bool:
    """Whether two requests say the same: as JSON where both are, whatever the order of its members."""
    if one.raw == other.raw:
        return True
    return one.body is not MISSING and other.body is not MISSING and one.body == other.body


def _fits(count: Count, number: int) -> bool:
    return number >= count.least and (count.most is None or number <= count.most)


def _range(count: Count) -> str:
    if count.most is None:
        return f"at least {count.least}"
    return str(count.least) if count.least == count.most else f"{count.least} to {count.most}"


def _noticed(talk: Conversation, case: Case, record: Record) -> Ending:
    """A wrong answer was given on purpose. As a buyer we notice what our judge finds in it."""
    judgement = judge(talk.transcript, talk.release, provoked=frozenset(talk.provoked))
    findings = [
        finding
        for finding in judgement.findings
        if finding.blame is Blame.SELLER and finding.verdict is Verdict.FAIL and finding.exchange in record.exchanges
    ]
    talk.spoilt.update(record.exchanges)
    if not findings:
        attest = f"; a human has to see: {case.reaction.attest}" if case.reaction.attest else ""
        return Ending(Outcome.INCONCLUSIVE, f"nothing in the messages shows that they are wrong{attest}", blocks=False)
    rules = list(dict.fromkeys(f"{finding.rule} at {finding.pointer or '/'}" for finding in findings))
    return Ending(Outcome.PASSED, f"noticed: {'; '.join(rules[:SHOWN])}")


def _problems_of_buyer(scenario: Scenario, case: Case) -> Iterator[str]:
    for key, given in (("mutate", case.mutate), ("fault", case.fault)):
        if given:
            yield f"{case.origin.where('/' + key)}: only our seller can do this: write 'emulate: seller'"
    if case.credentials:
        yield from credentials_problems(case, scenario.step(case.at))


def case_problems(scenario: Scenario, case: Case) -> Iterator[str]:
    """What is wrong with what a case asks of our seller, before anything is sent."""
    if case.emulate is Party.BUYER:
        yield from _problems_of_buyer(scenario, case)
        return
    origin = case.origin
    if case.credentials:
        yield f"{origin.where('/credentials')}: our buyer brings credentials: write 'emulate: buyer'"
    if case.patch or case.query or case.path:
        key = "patch" if case.patch else "query" if case.query else "path"
        yield f"{origin.where('/' + key)}: '{key}' changes what our buyer sends: write 'emulate: buyer', or use 'mutate'"
    if case.kind is CaseKind.NEGATIVE and not case.mutate:
        yield f"{origin.where()}: a negative case of the seller needs 'mutate': what is wrong in the answer?"
    if case.mutate and case.fault:
        yield f"{origin.where('/fault')}: a case has one difference: 'mutate' or 'fault'"
    if case.kind is CaseKind.FAULT and not (case.fault or case.mutate or case.lifecycle or case.profile):
        yield f"{origin.where()}: a fault case needs 'fault', 'mutate', 'lifecycle' or 'profile': what is the trouble?"
    yield from _fault_problems(scenario, case)
    for name in case.reaction.created:
        if name not in scenario.sources:
            yield f"{origin.where('/expect/created/' + escape(name), key=True)}: there is no source '{name}'"


def _fault_problems(scenario: Scenario, case: Case) -> Iterator[str]:
    origin, fault = case.origin.part("/fault"), case.fault
    ways = [name for name in ("respond", "reset", "lost", "truncate") if name in fault]
    if len(ways) > 1:
        yield f"{origin.where('/' + ways[1])}: '{ways[0]}' and '{ways[1]}' exclude each other"
    if "body" in fault and "respond" not in fault:
        yield f"{origin.where('/body')}: 'body' belongs to 'respond'"
    named = str(fault.get("operation", ""))
    if named.startswith(_TO_AUTHORITY) and named.removeprefix(_TO_AUTHORITY) not in DUTIES:
        yield f"{origin.where('/operation')}: there is no {named!r:.60}; of an authorization server there are {', '.join(DUTIES)}"
    step = scenario.step(case.at)
    quiet = step is not None and not isinstance(step.action, Call | Await)
    if quiet and set(fault) - {*_OF_OTHERS, "operation"} and "operation" not in fault:
        yield f"{origin.where()}: '{case.at}' asks our seller nothing: name the 'operation' whose answers are troubled"


def case_operations(case: Case) -> Iterator[tuple[Origin, str]]:
    """The operations that a case names, as source.operationId, each with its place."""
    if "operation" in case.fault and not case.fault["operation"].startswith(_TO_AUTHORITY):
        yield case.origin.part("/fault/operation"), case.fault["operation"]
    if case.reaction.polls is not None:
        yield case.origin.part("/expect/sutPolls/op"), case.reaction.polls.operation
