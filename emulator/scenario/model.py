"""The scenario as the runner sees it: checked, fragments put in place, every part knowing where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from emulator.plain_yaml import Located
from emulator.record.exchange import Party
from emulator.record.payload import MISSING
from emulator.standard.contract import Contract
from emulator.standard.kinds.facts import Kind
from emulator.standard.release import Release

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

    def contract_in(self, release: Release) -> Contract:
        """Its contract in a release. UserError where there is none."""
        return release.contract(self.api, self.kind)


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
class Count:
    """How many events; `most` None means any number."""

    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until a tracked resource shows one of `states`; times in seconds. `since` is the moment before which nobody asks.

    `events` and `count` are what is demanded of the notifications that tell of it; `count` None demands nothing.
    """

    resource: str
    states: tuple[str, ...]
    via: tuple[str, ...]
    every: float
    within: float
    stop_on: tuple[str, ...]
    expect: Mapping[str, Any]
    events: Mapping[str, Any] = field(default_factory=dict)
    count: Count | None = None
    since: Any = MISSING


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification is due, `within` so many seconds; `expect` says which one.

    `event` is the listener's operationId or its event type. `source` is "" where the API is that of `resource`, the
    name of a tracked resource. `count` None means: one, and others are left to later steps.
    """

    source: str
    event: str
    expect: Mapping[str, Any]
    resource: str | None = None
    within: float = 60.0
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class Parallel:
    """Steps that must all succeed, in any order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. `id` is "" for a group.

    What is `optional` a buyer under test may leave out, and so do we where the seller does not have it. `known` are its
    outputs as they can be given: where each of them has a value, the step is left out. `agreed`: the partners agreed on
    what it demands of the one under test, so that it is no hope but a promise.
    """

    id: str
    title: str
    action: Call | Await | Notify | Parallel
    outputs: Mapping[str, Any]
    covers: tuple[str, ...]
    origin: Origin
    optional: bool = False
    known: Mapping[str, Any] = field(default_factory=dict)
    agreed: bool = False

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
    set: Mapping[str, Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class LifecyclePlan:
    """The path of one tracked resource; `source` and the `kind` of resource come from `of`, None where there is no such."""

    track: str
    source: str
    kind: Kind | None
    path: tuple[Transition, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often a request is sent again: `least` to `most` times (None: any number), at least `gap` seconds apart."""

    least: int = 1
    most: int | None = None
    gap: float = 0.0
    same_body: bool = True


@dataclass(frozen=True, slots=True)
class Polls:
    """A GET that has to come by itself: `operation` is source.operationId, `within` seconds of the trouble."""

    operation: str
    within: float


@dataclass(frozen=True, slots=True)
class Reaction:
    """How the partner must take trouble. `recovers`: what was begun must succeed in the end; None demands nothing.

    `ignores`: stray notifications are answered, and for so many seconds nothing that they tell of is read because of
    them. `refuses`: callbacks are answered 401 or 403. `created` counts by source what may come into being; `attest` is what only a human can see.
    """

    recovers: bool | None = None
    repeats: Repeats | None = None
    polls: Polls | None = None
    ignores: float | None = None
    refuses: bool = False
    created: Mapping[str, Count] = field(default_factory=dict)
    attest: str = ""


@dataclass(frozen=True, slots=True)
class WantedHook:
    """A behaviour that a partner's seller is asked for, by name: before the run, or before or `after` a step of it."""

    name: str
    origin: Origin
    step: str | None = None
    after: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A variant of the flow with one difference, at one step. No `status` means any 4xx.

    `behaviour` is what a partner's seller has to do by itself for it, where that is more than for the flow, and `hooks` the
    same by name. `patch`,
    `query` and `path` change what our buyer sends (in `query` a null takes a parameter away), `mutate` and `fault` what our seller
    answers; `credentials` makes those wrong that our buyer comes with. `issue` is what one entry of a 422 must say (code, propertyPath); a 400 need not.
    """

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
    query: Mapping[str, Any] = field(default_factory=dict)
    issue: Mapping[str, Any] = field(default_factory=dict)
    mutate: tuple[Mapping[str, Any], ...] = ()
    fault: Mapping[str, Any] = field(default_factory=dict)
    reaction: Reaction = field(default_factory=Reaction)
    behaviour: str = ""
    hooks: tuple[WantedHook, ...] = ()
    agreed: bool = False
    credentials: Mapping[str, Any] = field(default_factory=dict)
    path: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """When a request is sent again; `after` is in seconds."""

    status: tuple[int, ...] = ()
    limit: int = 0
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Defaults:
    """What steps use where they say nothing themselves; in seconds. `grace` is how long an event may be on its way."""

    within: float = 30.0
    every: float = 1.0
    timeout: float = 30.0
    grace: float = 60.0
    retry: Retry = field(default_factory=Retry)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation, read to be played in a `release`. `rows` are the data rows as inputs: one empty row where there is no data file.

    `behaviour` says in words what a partner's seller has to do by itself, "" where nothing, and `hooks` the same by name. `agreed` as of a step, for all.
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
    release: Release
    behaviour: str = ""
    hooks: tuple[WantedHook, ...] = ()
    agreed: bool = False

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
