"""Plays one step: fills in the request, sends it, and compares what comes back with what was demanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from emulator.parties.clock import Clock
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.duration import words
from emulator.scenario.events import Event, ExchangeDone, Waiting
from emulator.scenario.expressions import ExpressionError, Scope, fill, parse
from emulator.scenario.matchers import holds, spots
from emulator.scenario.model import Await, Call, Case, Origin, Scenario, Source, Step
from emulator.scenario.patch import PatchError, patched
from emulator.scenario.ports import OperationLike, ReleaseLike, Sender, contract_of, retrieve_operation
from emulator.scenario.result import Expectation, Outcome, Tracked
from emulator.wire.exchange import Exchange, FaultKind
from emulator.wire.payload import MISSING, at, escape

STEADY: Final = 20
"""Unchanged answers after which a waiting step asks less and less often."""
SPARSEST: Final = 20
"""It never asks less often than this part of its `within`."""
SAFE: Final = frozenset({"GET", "HEAD"})


class Misfit(Exception):  # noqa: N818 - the name says it
    """The scenario does not fit: an expression finds nothing, a patch does not apply."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")


@dataclass(slots=True)
class Conversation:
    """A run in progress: what it has, and what it has learned."""

    scenario: Scenario
    release: ReleaseLike
    client: Sender
    clock: Clock
    base_url: str
    scope: Scope
    on_event: Callable[[Event], None]
    tracked: dict[str, Tracked] = field(default_factory=dict)
    provoked: set[int] = field(default_factory=set)

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
    """A request, filled in."""

    source: Source
    operation: OperationLike
    url: str
    path_params: dict[str, str]
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any = MISSING


def play_call(talk: Conversation, step: Step, call: Call, record: Record) -> Ending:
    """Send a request and judge its answer; with `eventually`, until it is as demanded. Raises Misfit."""
    outgoing = compose(talk, step, call)
    party = outgoing.source.served_by
    started = talk.clock.now()
    while True:
        del record.expectations[:]
        exchange = _send(talk, record, outgoing)
        ending = answers.judged(exchange, call.response.status, party)
        if ending.outcome is Outcome.PASSED:
            ending = _as_expected(talk, step, exchange, record, party)
        if ending.outcome is not Outcome.FAILED or call.eventually is None or answers.hopeless(exchange):
            break
        left = call.eventually.within - (talk.clock.now() - started).total_seconds()
        if left <= 0:
            return Ending(Outcome.FAILED, f"not within {words(call.eventually.within)}: {ending.message}", party)
        talk.on_event(Waiting(step.id, outgoing.operation.id, "as expected", None, left))
        talk.clock.sleep(min(call.eventually.every, left))
    if ending.outcome is Outcome.PASSED and call.track:
        ending = _track(talk, call, exchange)
    return _keep_outputs(talk, step, exchange, party) if ending.outcome is Outcome.PASSED else ending


def play_negative(talk: Conversation, step: Step, call: Call, case: Case, record: Record) -> Ending:
    """Send the patched request; it must be refused as the case says. Raises Misfit."""
    outgoing = compose(talk, step, call)
    operations = [
        {**operation, "value": talk.fill(operation["value"], case.origin.part(f"/patch/{index}/value"))}
        if "value" in operation
        else operation
        for index, operation in enumerate(case.patch)
    ]
    try:
        body = patched(None if outgoing.body is MISSING else outgoing.body, operations)
    except PatchError as error:
        raise Misfit(case.origin.where(f"/patch/{error.index}"), str(error)) from error
    wrong = Outgoing(
        outgoing.source,
        outgoing.operation,
        outgoing.url,
        outgoing.path_params,
        outgoing.query,
        outgoing.headers,
        body,
    )
    exchange = _send(talk, record, wrong)
    talk.provoked.update(record.exchanges)
    party = outgoing.source.served_by
    ending = answers.judged(exchange, case.status, party, refusal=True)
    if ending.outcome is Outcome.PASSED:
        talk.scope.exchange = exchange
        ending = _demands(talk, case.expect, case.origin.part("/expect/body"), _body(exchange), record, party)
    return ending


def play_await(talk: Conversation, step: Step, wait: Await, record: Record) -> Ending:
    """Ask again and again until the resource shows a state that is waited for. Raises Misfit."""
    tracked = talk.tracked.get(wait.resource)
    if tracked is None:
        raise Misfit(step.origin.where("/await/resource"), f"no step tracks '{wait.resource}'")
    outgoing = _retrieval(talk, step, tracked)
    party, started, interval = outgoing.source.served_by, talk.clock.now(), max(wait.every, 0.001)
    seen: list[tuple[float, str]] = []
    unchanged = 0
    while True:
        exchange = _send(talk, record, outgoing)
        ending = answers.judged(exchange, (200,), party)
        if ending.outcome is not Outcome.PASSED:
            return ending
        state = answers.state_of(_body(exchange))
        if state is None:
            return Ending(Outcome.FAILED, f"{tracked.kind} {tracked.id} shows no state", party)
        passed = (talk.clock.now() - started).total_seconds()
        changed = not seen or seen[-1][1] != state
        unchanged = 0 if changed else unchanged + 1
        if changed:
            seen.append((passed, state))
            interval = max(wait.every, 0.001)
        if state in wait.states:
            break
        if state in wait.stop_on:
            return Ending(Outcome.FAILED, answers.stopped(tracked, state, wait.states, seen), party)
        left = wait.within - passed
        if left <= 0:
            return Ending(Outcome.FAILED, answers.never_arrived(tracked, wait.states, wait.within, seen), party)
        if unchanged >= STEADY:
            interval = max(wait.every, min(interval * 2, wait.within / SPARSEST))
        talk.on_event(Waiting(step.id, wait.resource, " or ".join(wait.states), state, left))
        talk.clock.sleep(min(interval, left))
    talk.scope.exchange = exchange
    ending = _demands(talk, wait.expect, step.origin.part("/expect"), _body(exchange), record, party)
    return _keep_outputs(talk, step, exchange, party) if ending.outcome is Outcome.PASSED else ending


def compose(talk: Conversation, step: Step, call: Call) -> Outgoing:
    """The request of a call, filled in. Raises Misfit."""
    source = talk.scenario.sources.get(call.source)
    if source is None:
        raise Misfit(step.origin.where("/call"), f"there is no source '{call.source}'")
    contract = contract_of(talk.release, source)
    operation: OperationLike | None = contract.operations.get(call.operation)
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
        url=talk.base_url.rstrip("/") + contract.base_path.rstrip("/") + filled,
        path_params=path,
        query=[(name, _plain(one)) for name, value in query.items() for one in _each(value)],
        headers={name: _plain(value) for name, value in headers.items()},
        body=MISSING if call.request.body is MISSING else talk.fill(call.request.body, request.part("/body")),
    )


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _retrieval(talk: Conversation, step: Step, tracked: Tracked) -> Outgoing:
    source = talk.scenario.sources[tracked.source]
    contract = contract_of(talk.release, source)
    operation = retrieve_operation(contract, contract.operations[tracked.operation].path)
    if operation is None:
        raise Misfit(step.origin.where("/await/resource"), f"{source.api} has no way to retrieve '{tracked.kind}'")
    place = operation.path.replace("{id}", quote(tracked.id, safe=""))
    url = talk.base_url.rstrip("/") + contract.base_path.rstrip("/") + place
    return Outgoing(source, operation, url, {"id": tracked.id}, [], {})


def _send(talk: Conversation, record: Record, outgoing: Outgoing) -> Exchange:
    """Send, and send again as `defaults.retry` allows. The last exchange counts."""
    retry = talk.scenario.defaults.retry
    for tries_left in range(retry.limit, -1, -1):
        # JSON's null is a body, and None is none.
        raw = b"null" if outgoing.body is None else None
        exchange = talk.client.send(
            outgoing.operation.method.upper(),
            outgoing.url,
            query=outgoing.query,
            headers=outgoing.headers,
            body=None if outgoing.body is MISSING else outgoing.body,
            raw=raw,
            api=outgoing.source.api,
            kind=outgoing.source.kind,
            operation=outgoing.operation.id,
            path_params=outgoing.path_params,
            step=record.step,
            timeout=talk.scenario.defaults.timeout,
        )
        record.exchanges.append(exchange.n)
        status = exchange.response.status if exchange.response else None
        talk.on_event(ExchangeDone(record.step, exchange.n, outgoing.operation.id, status))
        if not tries_left or not _worth_another_try(exchange, retry.status):
            break
        talk.clock.sleep(retry.after)
    return exchange


def _worth_another_try(exchange: Exchange, statuses: tuple[int, ...]) -> bool:
    if exchange.fault is not None:
        # Where the answer to a POST was lost it may have been carried out: sending it again could order twice.
        return exchange.fault.kind is FaultKind.UNREACHABLE or exchange.request.method.upper() in SAFE
    return exchange.response is not None and exchange.response.status in statuses


def _body(exchange: Exchange) -> Any:
    return exchange.response.body if exchange.response else MISSING


def _as_expected(talk: Conversation, step: Step, exchange: Exchange, record: Record, party: str) -> Ending:
    """The `expect` and `headers` of a call's response."""
    assert isinstance(step.action, Call)
    plan, origin = step.action.response, step.origin.part("/response")
    talk.scope.exchange = exchange
    ending = _demands(talk, plan.expect, origin.part("/expect"), _body(exchange), record, party)
    if ending.outcome is not Outcome.PASSED or exchange.response is None:
        return ending
    for name, demand in plan.headers.items():
        value = exchange.response.header(name)
        found = MISSING if value is None else value
        where = origin.part(f"/headers/{escape(name)}")
        _demand(talk, f"header {name}", demand, found, where, record)
    return answers.compared(record.expectations, party)


def _demands(
    talk: Conversation, expect: Mapping[str, Any], origin: Origin, body: Any, record: Record, party: str
) -> Ending:
    for pointer, demand in expect.items():
        for place, found in spots(body, pointer):
            _demand(talk, place, demand, found, origin.part("/" + escape(pointer)), record)
    return answers.compared(record.expectations, party)


def _demand(talk: Conversation, place: str, demand: Any, found: Any, origin: Origin, record: Record) -> None:
    expected = talk.fill(demand, origin)
    try:
        ok = holds(demand, found, lambda value: fill(value, talk.scope.lookup))
    except ExpressionError as error:
        raise Misfit(origin.where(error.place), str(error)) from error
    record.expectations.append(Expectation(place, expected, found, ok))


def _track(talk: Conversation, call: Call, exchange: Exchange) -> Ending:
    source = talk.scenario.sources[call.source]
    body = _body(exchange)
    identifier = at(body, "/0/id" if isinstance(body, list) else "/id")
    if not isinstance(identifier, str) or not identifier:
        message = f"the answer to {call.operation} has no id, so '{call.track}' cannot be followed"
        return Ending(Outcome.FAILED, message, source.served_by)
    path: str = contract_of(talk.release, source).operations[call.operation].path
    kind = next((part for part in path.split("/") if part), source.api)
    talk.tracked[str(call.track)] = Tracked(source.api, kind, identifier, source.name, call.operation)
    return answers.PASSED


def _keep_outputs(talk: Conversation, step: Step, exchange: Exchange, party: str) -> Ending:
    talk.scope.exchange = exchange
    kept: dict[str, Any] = {}
    for name, value in step.outputs.items():
        try:
            kept[name] = fill(value, talk.scope.lookup)
        except ExpressionError as error:
            where = step.origin.where(f"/outputs/{name}{error.place}")
            if isinstance(value, str) and value.startswith("$response") and parse(value).root == "response":
                return Ending(Outcome.FAILED, f"the answer lacks what output '{name}' keeps: {where}: {error}", party)
            raise Misfit(where, str(error)) from error
    talk.scope.outputs[step.id] = kept
    return answers.PASSED
