"""Plays one step: fills in the request, sends it, and compares what comes back with what was demanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from emulator.doors.client import Client
from emulator.parties.clock import Clock, RealClock, VirtualClock
from emulator.record.exchange import Exchange, FaultKind, Transcript
from emulator.record.patch import PatchError, patched
from emulator.record.payload import MISSING, at, escape
from emulator.record.secrets import masked_at
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.duration import words
from emulator.scenario.events import Event, ExchangeDone, Waiting
from emulator.scenario.expressions import ExpressionError, Scope, fill, parse
from emulator.scenario.matchers import holds, spots
from emulator.scenario.model import Call, Case, Origin, Scenario, Source, Step
from emulator.scenario.passing import asked_to_wait, pass_time
from emulator.scenario.preparing import Stagehand
from emulator.scenario.result import Expectation, Outcome, Tracked
from emulator.scenario.stop import Stop
from emulator.scenario.watchful import Watchful
from emulator.standard.contract import Operation
from emulator.standard.release import Release

LISTENING: Final = 0.05
"""Seconds of real time between two looks at what has arrived."""
SAFE: Final = frozenset({"GET", "HEAD"})


class Misfit(Exception):  # noqa: N818 - the name says it
    """The scenario does not fit: an expression finds nothing, a patch does not apply."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")


@dataclass(slots=True)
class Conversation:
    """A run in progress: what it has, and what it has learned.

    `transcript` holds what `client` sent and what our buyer's door let in, in the order of time. `heard` are the
    numbers of the notifications that steps have waited for and got. `provoked` are exchanges whose request was wrong
    on purpose, `spoilt` those whose answer was. `stop` ends it before its end. `ceiling` is how long each wait may take at
    the most, and `timeout` how long each request, whatever the scenario says; both in seconds, None where nobody said so.
    `hand` prepares a partner, and can move its clock.
    """

    scenario: Scenario
    release: Release
    client: Client | Watchful
    clock: Clock
    scope: Scope
    on_event: Callable[[Event], None] = lambda _: None
    transcript: Transcript = field(default_factory=Transcript)
    tracked: dict[str, Tracked] = field(default_factory=dict)
    provoked: set[int] = field(default_factory=set)
    spoilt: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    stop: Stop = field(default_factory=Stop)
    ceiling: float | None = None
    timeout: float | None = None
    hand: Stagehand | None = None

    def sleep(self, seconds: float) -> None:
        """Let time pass. Raises Stopped."""
        if isinstance(self.clock, RealClock):
            self.stop.sleep(seconds / self.clock.spread(1.0))
        else:
            self.stop.check()
            self.clock.sleep(seconds)

    def pause(self, longest: float) -> None:
        """Let time pass until something may have happened, `longest` seconds at most. Raises Stopped."""
        if not isinstance(self.clock, VirtualClock):
            self.sleep(min(longest, LISTENING))
            return
        now, due = self.clock.now(), self.clock.next_due()
        ahead = (due - now).total_seconds() if due is not None else 0
        self.sleep(min(longest, ahead) if ahead > 0 else longest)

    def granted(self, within: float) -> float:
        """How long a wait may take for which the scenario grants `within`."""
        return within if self.ceiling is None else min(within, self.ceiling)

    def left(self, within: float, started: datetime) -> float:
        """The seconds that are left of a wait for which the scenario grants `within`."""
        return self.granted(within) - (self.clock.now() - started).total_seconds()

    def too_late(self, within: float, message: str, party: str) -> Ending:
        """How a wait ends whose time is over: where the scenario grants more, nothing can be said of `party`."""
        if self.granted(within) == within:
            return Ending(Outcome.UNMET, message, party, cause="time")
        return Ending(Outcome.INCONCLUSIVE, f"the time that --within grants is over: {message}", cause="time")

    def fill(self, value: Any, origin: Origin) -> Any:
        """`value` with its expressions filled in. Raises Misfit."""
        try:
            return fill(value, self.scope.lookup)
        except ExpressionError as error:
            raise Misfit(origin.where(error.place), str(error)) from error


@dataclass(slots=True)
class Record:
    """What a step leaves behind."""

    step: str
    exchanges: list[int] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, filled in; `place` is the path below the base path, which the client knows the way to."""

    source: Source
    operation: Operation
    place: str
    path_params: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any = MISSING


def play_call(talk: Conversation, step: Step, call: Call, record: Record) -> Ending:
    """Send a request and judge its answer; with `eventually`, until it is as demanded. Raises Misfit and Stopped."""
    outgoing = compose(talk, step, call)
    party = outgoing.source.served_by
    started = talk.clock.now()
    while True:
        del record.expectations[:]
        exchange = send(talk, record, outgoing, talk.left(call.eventually.within, started) if call.eventually else None)
        if call.response.status and min(call.response.status) >= HTTPStatus.BAD_REQUEST:
            talk.provoked.update(record.exchanges)  # what the step asks for is to be refused
        ending = answers.judged(exchange, call.response.status, party)
        if ending.outcome is Outcome.PASSED:
            ending = _as_expected(talk, step, exchange, record, party)
        if ending.outcome is not Outcome.UNMET or call.eventually is None or answers.hopeless(exchange):
            break
        left = talk.left(call.eventually.within, started)
        if left <= 0:
            within = words(talk.granted(call.eventually.within))
            return talk.too_late(call.eventually.within, f"not within {within}: {ending.message}", party)
        talk.on_event(Waiting(step.id, outgoing.operation.id, "as expected", None, left))
        pass_time(talk, min(call.eventually.every, left), call.eventually.within, left)
    if ending.outcome is Outcome.PASSED and call.track:
        ending = _track(talk, call, exchange)
    return keep_outputs(talk, step, exchange, party) if ending.outcome is Outcome.PASSED else ending


def play_negative(talk: Conversation, step: Step, call: Call, case: Case, record: Record) -> Ending:
    """Send the patched request; it must be refused as the case says. Raises Misfit."""
    path = {**call.request.path, **talk.fill(dict(case.path), case.origin.part("/path"))}
    outgoing = compose(talk, step, replace(call, request=replace(call.request, path=path)))
    operations = [
        {**operation, "value": talk.fill(operation["value"], case.origin.part(f"/patch/{index}/value"))}
        if "value" in operation
        else operation
        for index, operation in enumerate(case.patch)
    ]
    try:
        body = patched(None if outgoing.body is MISSING else outgoing.body, operations) if operations else outgoing.body
    except PatchError as error:
        raise Misfit(case.origin.where(f"/patch/{error.index}"), str(error)) from error
    query = _with_query(outgoing.query, talk.fill(dict(case.query), case.origin.part("/query")))
    wrong = replace(outgoing, query=query, body=body)
    try:
        exchange = send(talk, record, wrong)
    finally:
        talk.provoked.update(record.exchanges)
    party = outgoing.source.served_by
    ending = answers.judged(exchange, case.status, party, refusal=True)
    if ending.outcome is Outcome.PASSED:
        talk.scope.exchange = exchange
        if case.issue:
            _demand_issue(talk, case, body_of(exchange), record)
        ending = demands(talk, case.expect, case.origin.part("/expect/body"), body_of(exchange), record, party)
    return ending


def _demand_issue(talk: Conversation, case: Case, body: Any, record: Record) -> None:
    """One entry of a 422 is as the case says; a 400, which has no list, may say what it likes."""
    if not isinstance(body, list):
        return
    origin = case.origin.part("/expect/issue")
    tried: list[list[Expectation]] = []
    for index in range(max(len(body), 1)):
        trial = Record(record.step)
        for name, spec in case.issue.items():
            compare(talk, f"/{index}/{name}", spec, at(body, f"/{index}/{name}"), origin.part(f"/{name}"), trial)
        tried.append(trial.expectations)
    record.expectations += max(tried, key=lambda one: sum(expectation.ok for expectation in one))


def _with_query(given: list[tuple[str, str]], change: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters with those of a case in their place; None takes one away."""
    kept = [(name, value) for name, value in given if name not in change]
    return kept + [(name, _plain(one)) for name, value in change.items() for one in _each(value) if one is not None]


def compose(talk: Conversation, step: Step, call: Call) -> Outgoing:
    """The request of a call, filled in. Raises Misfit."""
    source = talk.scenario.sources.get(call.source)
    if source is None:
        raise Misfit(step.origin.where("/call"), f"there is no source '{call.source}'")
    contract = source.contract_in(talk.release)
    operation: Operation | None = contract.operations.get(call.operation)
    if operation is None:
        raise Misfit(step.origin.where("/call"), f"{source.api} has no operation '{call.operation}'")
    request = step.origin.part("/request")
    path = {name: _plain(value) for name, value in talk.fill(dict(call.request.path), request.part("/path")).items()}
    query = talk.fill(dict(call.request.query), request.part("/query"))
    headers = talk.fill(dict(call.request.headers), request.part("/headers"))
    for name in re.findall(r"\{([^}]+)\}", operation.path):
        if not path.get(name):
            raise Misfit(step.origin.where("/call"), f"'{call.operation}' needs request.path.{name}")
    filled = re.sub(r"\{([^}]+)\}", lambda hit: quote(path[hit[1]], safe=""), operation.path)
    return Outgoing(
        source=source,
        operation=operation,
        place=filled,
        path_params=path,
        query=[(name, _plain(one)) for name, value in query.items() for one in _each(value)],
        headers={name: _plain(value) for name, value in headers.items()},
        body=MISSING if call.request.body is MISSING else talk.fill(call.request.body, request.part("/body")),
    )


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def retrieval(talk: Conversation, step: Step, tracked: Tracked) -> Outgoing:
    """The request that shows a tracked resource. Raises Misfit where its API has none."""
    source = talk.scenario.sources[tracked.source]
    contract = source.contract_in(talk.release)
    operation = contract.retrieval(contract.operations[tracked.operation].path)
    if operation is None:
        raise Misfit(step.origin.where("/await/resource"), f"{source.api} has no way to retrieve '{tracked.kind}'")
    place = operation.path.replace("{id}", quote(tracked.id, safe=""))
    return Outgoing(source, operation, place, {"id": tracked.id}, [], {})


def send(talk: Conversation, record: Record, outgoing: Outgoing, left: float | None = None) -> Exchange:
    """Send, and send again as `defaults.retry` allows, or as the other side asks for. The last exchange counts.

    Who says when to come again (`Retry-After`) is done so, within as many seconds as are `left`, those of the scenario's
    waits if left out; that is not one of the retries. Raises Stopped.
    """
    retry, tries_left, started = talk.scenario.defaults.retry, talk.scenario.defaults.retry.limit, talk.clock.now()
    patience = talk.granted(talk.scenario.defaults.within) if left is None else left
    while True:
        talk.stop.check()
        exchange = transmit(talk, record.step, outgoing)
        record.exchanges.append(exchange.n)
        status = exchange.response.status if exchange.response else None
        talk.on_event(ExchangeDone(record.step, exchange.n, outgoing.operation.id, status))
        talk.clock.settle()
        if exchange.response is None:
            talk.stop.check()
        now = talk.clock.now()
        wait = asked_to_wait(exchange, now)
        if wait is not None and (now - started).total_seconds() + wait <= patience:
            talk.on_event(Waiting(record.step, outgoing.operation.id, "served", str(status), wait))
            talk.sleep(wait)
            continue
        if not tries_left or not _worth_another_try(exchange, retry.status) or talk.granted(retry.after) < retry.after:
            return exchange
        tries_left -= 1
        talk.sleep(retry.after)


def transmit(talk: Conversation, step: str, outgoing: Outgoing) -> Exchange:
    """Send once, whatever has ended."""
    return talk.client.send(
        outgoing.operation.method.upper(),
        outgoing.place,
        query=outgoing.query,
        headers=outgoing.headers,
        body=None if outgoing.body is MISSING else outgoing.body,
        raw=b"null" if outgoing.body is None else None,  # JSON's null is a body, and None is none
        api=outgoing.source.api,
        kind=outgoing.source.kind,
        operation=outgoing.operation.id,
        path_params=outgoing.path_params,
        step=step,
        timeout=talk.timeout or talk.scenario.defaults.timeout,
    )


def _worth_another_try(exchange: Exchange, statuses: tuple[int, ...]) -> bool:
    if exchange.fault is not None:
        # Where the answer to a POST was lost it may have been carried out: sending it again could order twice.
        return exchange.fault.kind is FaultKind.UNREACHABLE or exchange.request.method.upper() in SAFE
    return exchange.response is not None and exchange.response.status in statuses


def body_of(exchange: Exchange) -> Any:
    """The JSON body of the answer, or MISSING."""
    return exchange.response.body if exchange.response else MISSING


def _as_expected(talk: Conversation, step: Step, exchange: Exchange, record: Record, party: str) -> Ending:
    """The `expect` and `headers` of a call's response."""
    assert isinstance(step.action, Call)
    plan, origin = step.action.response, step.origin.part("/response")
    talk.scope.exchange = exchange
    ending = demands(talk, plan.expect, origin.part("/expect"), body_of(exchange), record, party)
    if ending.outcome is not Outcome.PASSED or exchange.response is None:
        return ending
    for name, demand in plan.headers.items():
        value = exchange.response.header(name)
        found = MISSING if value is None else value
        where = origin.part(f"/headers/{escape(name)}")
        compare(talk, f"header {name}", demand, found, where, record)
    return answers.compared(record.expectations, party)


def demands(
    talk: Conversation, expect: Mapping[str, Any], origin: Origin, body: Any, record: Record, party: str
) -> Ending:
    """Whether a body is as `expect` demands of `party`; each demand is recorded. Raises Misfit."""
    for pointer, demand in expect.items():
        for place, found in spots(body, pointer):
            compare(talk, place, demand, found, origin.part("/" + escape(pointer)), record)
    return answers.compared(record.expectations, party)


def compare(talk: Conversation, place: str, demand: Any, found: Any, origin: Origin, record: Record) -> None:
    """Record one demand and what was found. Raises Misfit."""
    expected = talk.fill(demand, origin)
    try:
        ok = holds(demand, found, lambda value: fill(value, talk.scope.lookup))
    except ExpressionError as error:
        raise Misfit(origin.where(error.place), str(error)) from error
    # What is compared may be a secret, and what is told of it goes into messages and reports.
    record.expectations.append(Expectation(place, masked_at(place, expected), masked_at(place, found), ok))


def _track(talk: Conversation, call: Call, exchange: Exchange) -> Ending:
    source = talk.scenario.sources[call.source]
    body = body_of(exchange)
    identifier = at(body, "/0/id" if isinstance(body, list) else "/id")
    if not isinstance(identifier, str) or not identifier:
        message = f"the answer to {call.operation} has no id, so '{call.track}' cannot be followed"
        return Ending(Outcome.UNMET, message, source.served_by)
    path: str = source.contract_in(talk.release).operations[call.operation].path
    kind = next((part for part in path.split("/") if part), source.api)
    talk.tracked[str(call.track)] = Tracked(source.api, kind, identifier, source.name, call.operation)
    return answers.PASSED


def keep_outputs(talk: Conversation, step: Step, exchange: Exchange, party: str) -> Ending:
    """Keep what the step's outputs find in an exchange. Raises Misfit for what `party` has no part in."""
    talk.scope.exchange = exchange
    kept: dict[str, Any] = {}
    for name, value in step.outputs.items():
        try:
            kept[name] = fill(value, talk.scope.lookup)
        except ExpressionError as error:
            where = step.origin.where(f"/outputs/{name}{error.place}")
            told = "request" if exchange.kind == "notification" else "response"
            if isinstance(value, str) and value.startswith(f"${told}") and parse(value).root == told:
                what = "event" if told == "request" else "answer"
                return Ending(Outcome.UNMET, f"the {what} lacks what output '{name}' keeps: {where}: {error}", party)
            raise Misfit(where, str(error)) from error
    talk.scope.outputs[step.id] = kept
    return answers.PASSED
