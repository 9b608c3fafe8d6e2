"""What a scenario needs of a partner: operations, data, time; and what its steps need of each other.

All of it is read off the steps. Only behaviour, what a seller has to do of its own accord, is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import MISSING
from emulator.scenario.expressions import Expression, ExpressionError, expressions_in, texts
from emulator.scenario.model import Await, Call, Case, Notify, Parallel, Scenario, Step
from emulator.standard.release import Release

LONG_WAIT: Final = 86_400.0
"""Seconds of a wait for a partner beyond which nobody waits who did not ask for it."""


_NO_CHANGE: Final = ("list", "retrieve", "registerListener", "unregisterListener")
"""How the operations are called that change no business of the partner's."""
UNSUPPORTED: Final = "unsupported"
"""The cause of what is left out because the partner declares not to have it."""


@dataclass(frozen=True, slots=True)
class Absent:
    """What a partner declares not to have, seen from a scenario: the steps that ask for it, each with why it is left out."""

    steps: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, release: Release, unsupported: frozenset[str]) -> Absent:
        """`unsupported` are operations, as `api.operationId`."""
        found: dict[str, str] = {}
        for step in scenario.steps():
            lacking = [name for name in operations_of(scenario, step, release) if name in unsupported]
            if lacking:
                found[step.id] = f"{lacking[0]} is declared unsupported"
        return cls(found)


NOTHING_ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Uses:
    """What a step refers to. `steps` are ids of earlier steps, `about` those whose resource it looks at or changes.

    A step that looks until it sees what it hopes for also needs the last change before it: that is what it hopes to see. So
    does one that hopes for something in a list, of the last change that the list's own API was asked for.
    """

    steps: frozenset[str]
    about: frozenset[str]
    inputs: frozenset[str]


@dataclass(slots=True)
class Dependence:
    """Which steps of a scenario need which."""

    scenario: Scenario
    _tracked: dict[str, str] = field(default_factory=dict)
    _hubs: dict[str, list[str]] = field(default_factory=dict)
    _uses: dict[str, Uses] = field(default_factory=dict)
    _hopes: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hope(self.scenario.flow, {})
        for step in self.scenario.steps():
            self._uses[step.id] = self._of(step)
            if isinstance(step.action, Call):
                if step.action.track:
                    self._tracked[step.action.track] = step.id
                if step.action.operation == "registerListener":
                    self._hubs.setdefault(self._api(step.action.source), []).append(step.id)

    def _hope(self, steps: Iterable[Step], before: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
        """Note what steps hope to see. `before` are the last changes by source, and of all by ""; given back are those
        after `steps`. Of a group they are taken together.
        """
        for step in steps:
            match step.action:
                case Parallel(steps=members):
                    ends = [self._hope([member], before) for member in members]
                    names = {name for end in ends for name in end}
                    before = {name: frozenset().union(*(end.get(name, ()) for end in ends)) for name in names}
                case Call(eventually=again) if again is not None:
                    self._hopes[step.id] = before.get("", frozenset())
                case Call() as call if call.operation.startswith("list") and _hopes_for_some(call):
                    self._hopes[step.id] = before.get(call.source, frozenset())
                case Call() as call if not step.optional and not call.operation.startswith(_NO_CHANGE):
                    before = {**before, call.source: frozenset({step.id}), "": frozenset({step.id})}
                case _:
                    pass
        return before

    def uses(self, step: Step) -> Uses:
        """What a step refers to."""
        return self._uses[step.id]

    def blocker(self, step: Step, spoilt: Mapping[str, str], case: Case | None = None) -> str | None:
        """The step because of which this one cannot be played, as the case has it that is about it; `spoilt` has each with
        nothing to build on, and whose fault that is.
        """
        used = set(self.uses(step).steps)
        if case is not None and case.at == step.id:
            used |= {one.path[0] for value in _case_values(case) for one in _expressions(value) if one.root == "steps"}
        return next((spoilt[name] for name in sorted(used) if name in spoilt), None)

    def spoil(self, step: Step, by: str, spoilt: dict[str, str]) -> None:
        """Note that nothing can be built on a step, nor on the resource that it is about."""
        for name in (step.id, *self.uses(step).about):
            spoilt.setdefault(name, by)

    def inputs(self, steps: Iterable[Step], case: Case | None = None) -> list[str]:
        """The inputs that steps and a case use, what those are made of included, in the order of the scenario."""
        wanted = {one.path[0] for value in _case_values(case) for one in _expressions(value) if one.root == "inputs"}
        for step in steps:
            wanted |= self.uses(step).inputs
        # An input uses only those above it.
        for name in reversed(list(self.scenario.inputs)):
            if name in wanted:
                wanted |= {one.path[0] for one in _expressions(self.scenario.inputs[name]) if one.root == "inputs"}
        columns = {column.partition(".")[0] for row in self.scenario.rows for column in row}
        return [name for name in dict.fromkeys([*self.scenario.inputs, *sorted(columns)]) if name in wanted]

    def _api(self, source: str) -> str:
        found = self.scenario.sources.get(source)
        return found.api if found else ""

    def _of(self, step: Step) -> Uses:
        steps: set[str] = set(self._hopes.get(step.id, ()))
        about: set[str] = set()
        inputs: set[str] = set()
        for value in _values(step):
            for one in _expressions(value):
                if one.root == "steps":
                    steps.add(one.path[0])
                elif one.root == "inputs":
                    inputs.add(one.path[0])
        match step.action:
            case Call() as call:
                about |= {one.path[0] for one in _expressions(dict(call.request.path)) if one.root == "steps"}
            case Await() as wait:
                about |= self._tracking(wait.resource)
                if wait.via == ("notification",) and wait.resource in self._tracked:
                    tracker = self.scenario.step(self._tracked[wait.resource])
                    if tracker is not None and isinstance(tracker.action, Call):
                        steps |= set(self._hubs.get(self._api(tracker.action.source), ()))
            case Notify() as notify:
                about |= self._tracking(notify.resource)
                steps |= (
                    {hub for hubs in self._hubs.values() for hub in hubs}
                    if not notify.source
                    else set(self._hubs.get(self._api(notify.source), ()))
                )
            case _:
                pass
        return Uses(frozenset(steps | about), frozenset(about), frozenset(inputs))

    def _tracking(self, resource: str | None) -> set[str]:
        return {self._tracked[resource]} if resource in self._tracked else set()


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run needs of the partner.

    `operations` are `api.operationId`, each with the steps that use it. `wait` is the longest that the partner may take,
    in seconds of real time, with the step that waits. `behaviour` says in words what a seller has to do by itself.
    """

    operations: Mapping[str, tuple[str, ...]]
    inputs: tuple[str, ...]
    behaviour: str
    wait: float
    waits_at: str

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs, in the order of their use."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.operations))


def needs_of(scenario: Scenario, case: Case | None, release: Release) -> Needs:
    """What a scenario's flow, or a case of it, needs of a partner."""
    steps = list(played(scenario, case))
    operations: dict[str, list[str]] = {}
    wait, waits_at = 0.0, ""
    for step in steps:
        for name in operations_of(scenario, step, release):
            operations.setdefault(name, []).append(step.id)
        if (length := _wait(step)) > wait:
            wait, waits_at = length, step.id
    return Needs(
        operations={name: tuple(users) for name, users in operations.items()},
        inputs=tuple(Dependence(scenario).inputs(steps, case)),
        behaviour=case.behaviour if case and case.behaviour else scenario.behaviour,
        wait=wait,
        waits_at=waits_at,
    )


def played(scenario: Scenario, case: Case | None) -> Iterator[Step]:
    """The steps that a run of the flow, or of a case, comes to."""
    for step in scenario.steps():
        yield step
        if case is not None and step.id == case.at and not case.goes_on:
            return


def written(scenario: Scenario, case: Case | None) -> Iterator[str]:
    """Every text that the steps of a run, its case and the profile that it lays upon the seller's hold, inputs left as they are."""
    values = [
        dict(scenario.profile),
        *_case_values(case),
        *(each for step in played(scenario, case) for each in _values(step)),
    ]
    for value in values:
        yield from (text for _, text in texts(value))


def operations_of(scenario: Scenario, step: Step, release: Release) -> Iterator[str]:
    """The operations of the partner that a step asks, as `api.operationId`: a call's own, the read of an await."""
    match step.action:
        case Call(source=name, operation=operation) if name in scenario.sources:
            if scenario.sources[name].served_by is Party.SELLER:
                yield f"{scenario.sources[name].api}.{operation}"
        case Await(resource=resource):
            tracker = next(
                (
                    one.action
                    for one in scenario.steps()
                    if isinstance(one.action, Call) and one.action.track == resource
                ),
                None,
            )
            if tracker is None or tracker.source not in scenario.sources:
                return
            source = scenario.sources[tracker.source]
            contract = source.contract_in(release)
            if tracker.operation in contract.operations:
                read = contract.retrieval(contract.operations[tracker.operation].path)
                if read is not None:
                    yield f"{source.api}.{read.id}"
        case _:
            pass


def _hopes_for_some(call: Call) -> bool:
    """Whether a list is to have something in it."""
    return any(wanted != {"$size": 0} for wanted in call.response.expect.values())


def _wait(step: Step) -> float:
    match step.action:
        case Await(within=within) | Notify(within=within):
            return within
        case Call(eventually=again) if again is not None:
            return again.within
        case _:
            return 0.0


def _values(step: Step) -> Iterator[Any]:
    """All that a step writes, its own ids apart."""
    yield dict(step.outputs)
    yield dict(step.known)
    match step.action:
        case Call(request=request, response=response):
            yield from (dict(request.path), dict(request.query), dict(request.headers), dict(request.expect))
            yield from (dict(response.expect), dict(response.headers))
            if request.body is not MISSING:
                yield request.body
        case Await() as wait:
            yield from (dict(wait.expect), dict(wait.events), wait.since)
        case Notify(expect=expect):
            yield dict(expect)
        case _:
            pass


def _case_values(case: Case | None) -> Iterator[Any]:
    """All that a case writes."""
    if case is not None:
        yield from (list(case.patch), list(case.mutate), dict(case.query), dict(case.expect), dict(case.issue))
        yield from (dict(case.path), dict(case.fault))


def _expressions(value: Any) -> Iterator[Expression]:
    """What a value refers to, the same text once."""
    for text in dict.fromkeys(text for _, text in texts(value)):
        yield from _read(text)


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Expression, ...]:
    """The expressions of a text; the steps of a scenario are looked through for each of its cases."""
    try:
        return tuple(expressions_in(text))
    except ExpressionError:
        return ()
