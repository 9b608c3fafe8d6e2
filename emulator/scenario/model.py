"""The scenario as the runner sees it: checked, fragments put in place, every part knowing where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from emulator.plain_yaml import Located
from emulator.wire.exchange import Party
from emulator.wire.payload import MISSING

RESOURCE_KINDS: Final = ("productOfferingQualification", "quote", "productOrder")
"""Resources whose lifecycle an emulated seller can be told."""


class ClockMode(StrEnum):
    """How time passes when both parties are ours."""

    VIRTUAL = "virtual"  # waiting takes no time
    REAL = "real"  # the wall's clock


class CaseKind(StrEnum):
    """What is different in a case."""

    NEGATIVE = "negative"  # a wrong message that must be refused
    FAULT = "fault"  # trouble on the way


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a scenario stands: a file and a JSON Pointer into it."""

    located: Located
    pointer: str

    def where(self, sub: str = "", *, key: bool = False) -> str:
        """`file:line:col` of this part, or of a part of it."""
        return self.located.where(self.pointer + sub, key=key)

    def part(self, sub: str) -> Origin:
        return Origin(self.located, self.pointer + sub)


@dataclass(frozen=True, slots=True)
class Source:
    """An API that takes part. `api` is our name of it, never an alias."""

    name: str
    api: str
    kind: str
    version: str | None
    served_by: Party
    origin: Origin


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """What to send; `body` is MISSING where there is none. `expect` binds a partner who sends it."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """What must come back; no `status` means any 2xx. `body` is what an emulated party answers."""

    status: tuple[int, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING


@dataclass(frozen=True, slots=True)
class Eventually:
    """Repeat a call until it is as expected; in seconds."""

    every: float
    within: float


@dataclass(frozen=True, slots=True)
class Call:
    """Send a request."""

    source: str
    operation: str
    request: RequestPlan
    response: ResponsePlan
    track: str | None
    eventually: Eventually | None


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until a tracked resource shows one of `states`; times in seconds."""

    resource: str
    states: tuple[str, ...]
    via: tuple[str, ...]
    every: float
    within: float
    stop_on: tuple[str, ...]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification is due. Accepted and not yet played: steps of this kind are inconclusive."""

    source: str
    event: str
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Steps that must all succeed, in any order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. `id` is "" for a group."""

    id: str
    title: str
    action: Call | Await | Notify | Parallel
    outputs: Mapping[str, Any]
    covers: tuple[str, ...]
    origin: Origin

    @property
    def kind(self) -> str:
        """call, await, notify or parallel."""
        return type(self.action).__name__.lower()


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state of a resource. `after` is in seconds, `reads` a number of GETs, `when` a step."""

    to: str
    after: float | None
    reads: int | None
    when: str | None
    notify: str | None
    set: Mapping[str, Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class LifecyclePlan:
    """The path of one tracked resource; `source` and `resource_type` come from `of`."""

    track: str
    source: str
    resource_type: str
    path: tuple[Transition, ...]
    effects: tuple[Mapping[str, Any], ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of the flow with one difference, at one step. No `status` means any 4xx."""

    id: str
    title: str
    kind: CaseKind
    emulate: Party
    at: str
    patch: tuple[Mapping[str, Any], ...]
    status: tuple[int, ...]
    expect: Mapping[str, Any]
    covers: tuple[str, ...]
    goes_on: bool
    profile: Mapping[str, Any]
    lifecycle: Mapping[str, tuple[Transition, ...]]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Retry:
    """When a request is sent again; `after` is in seconds."""

    status: tuple[int, ...] = ()
    limit: int = 0
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Defaults:
    """What steps use where they say nothing themselves; in seconds."""

    within: float = 30.0
    every: float = 1.0
    timeout: float = 30.0
    retry: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation. `rows` are the data rows as inputs: one empty row where there is no data file.

    `inputs` are those of included files and its own; `input_origins` says where each stands.
    """

    id: str
    title: str
    description: str
    tags: tuple[str, ...]
    covers: tuple[str, ...]
    sources: Mapping[str, Source]
    payloads: tuple[str, ...]
    inputs: Mapping[str, Any]
    input_origins: Mapping[str, Origin]
    rows: tuple[Mapping[str, Any], ...]
    clock: ClockMode
    defaults: Defaults
    profile: Mapping[str, Any]
    lifecycle: Mapping[str, LifecyclePlan]
    flow: tuple[Step, ...]
    cases: tuple[Case, ...]
    origin: Origin

    @property
    def file(self) -> str:
        return self.origin.located.file

    def steps(self) -> Iterator[Step]:
        """Every step in the order of playing, groups opened."""
        yield from opened(self.flow)

    def step(self, identifier: str) -> Step | None:
        return next((step for step in self.steps() if step.id == identifier), None)

    def case(self, identifier: str) -> Case | None:
        return next((case for case in self.cases if case.id == identifier), None)


def opened(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Steps with the members of groups in place of the groups."""
    for step in steps:
        if isinstance(step.action, Parallel):
            yield from opened(step.action.steps)
        else:
            yield step
