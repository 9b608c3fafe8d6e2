"""Which runs are made: by case, by tag, and by what a partner can give; what is left out, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final

from emulator.judge.roles import SELF_TEST, Roles
from emulator.parties.clock import RealClock
from emulator.record.exchange import Party
from emulator.scenario.duration import words
from emulator.scenario.expressions import Generator, Scope, texts
from emulator.scenario.functions import absent_functions, lack_of
from emulator.scenario.given import fill_inputs
from emulator.scenario.model import Case, Scenario, WantedHook
from emulator.scenario.needs import LONG_WAIT, Absent, needs_of, written
from emulator.standard.release import Release


class Need(StrEnum):
    """What a run may need of a partner's seller that it is not asked for by itself."""

    FUNCTION = "function"  # a function that the release has not: nobody can grant it
    PRODUCT = "product"  # likewise a product
    BEHAVIOUR = "behaviour"  # it has to do something of its own accord
    WAITS = "waits"  # it may take more than a day over something


BEYOND: Final = frozenset({Need.FUNCTION, Need.PRODUCT})
"""What a release has not."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants to run.

    `cases` are patterns of case ids: without them every flow and every case, with them the cases that match, and no flow.
    `tags`: only scenarios that have one of them. `granted` is what may be needed of the partner. A scenario whose file is
    `named` is wanted whatever it needs, but for a function or a product that the release has not: `beyond` has what belongs to such a one,
    with its URN, and inputs are `given` in place of those that name one. `offers` says of a behaviour whether a hook has the partner do it, `moves` that a
    hook moves the partner's clock, `asks` that a person is asked.
    """

    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    granted: frozenset[Need] = frozenset()
    named: frozenset[str] = frozenset()
    offers: Callable[[str], bool] | None = None
    moves: bool = False
    asks: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    beyond: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made: a scenario's flow or one case of it, with one data row. `absent` are its steps that cannot be."""

    scenario: Scenario
    case: Case | None = None
    row: int = 0
    absent: Absent = field(default_factory=Absent)

    @property
    def told_row(self) -> int | None:
        """The data row as a report tells it: None where there is but one."""
        return self.row if len(self.scenario.rows) > 1 else None

    @property
    def behaviour(self) -> str:
        """What it needs a seller to do of its own accord; "" where nothing."""
        return (self.case.behaviour if self.case else "") or self.scenario.behaviour

    @property
    def hooks(self) -> tuple[WantedHook, ...]:
        """The same by name, each with its moment."""
        return (self.case.hooks if self.case else ()) or self.scenario.hooks


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run that is not made: `what` it needs, and that in a sentence."""

    job: Job
    what: Need
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs that are made, and those that were selected and are not."""

    jobs: tuple[Job, ...]
    left_out: tuple[LeftOut, ...] = ()


def plan(
    scenarios: Sequence[Scenario],
    wish: Wish,
    release: Release,
    *,
    roles: Roles = SELF_TEST,
    unsupported: frozenset[str] = frozenset(),
) -> Plan:
    """The runs to make. With a seller that is not ours those are left out that need what was not granted.

    `unsupported` are the operations that the party under test declares not to have, as `api.operationId`. A case whose
    mischief a party that is not ours would have to make is no run at all.
    """
    made: list[Job] = []
    left: list[LeftOut] = []
    for job in _wanted(scenarios, wish, release, roles, unsupported):
        reason = _function(job, release) or _product(job, wish, release)
        if reason is None and not roles.emulates(Party.SELLER):
            reason = _lacking(job, wish, release)
        if reason is None:
            made.append(job)
        else:
            left.append(LeftOut(job, *reason))
    return Plan(tuple(made), tuple(left))


def _wanted(
    scenarios: Sequence[Scenario], wish: Wish, release: Release, roles: Roles, unsupported: frozenset[str]
) -> Iterable[Job]:
    for scenario in scenarios:
        if wish.tags and not set(wish.tags) & set(scenario.tags):
            continue
        playable = scenario.release is release or not absent_functions(scenario, release)
        absent = Absent.of(scenario, release, unsupported) if unsupported and roles.tested and playable else Absent()
        chosen: list[Case | None] = [] if wish.cases else [None]
        wanted = [case for case in scenario.cases if not wish.cases or any(fnmatchcase(case.id, p) for p in wish.cases)]
        chosen += [case for case in wanted if roles.emulates(case.emulate)]
        yield from (Job(scenario, case, row, absent) for case in chosen for row in range(len(scenario.rows)))


def _function(job: Job, release: Release) -> tuple[Need, str] | None:
    """The functions that a run has to do with and the release has not, in words."""
    lack = lack_of(job.scenario, release) if job.scenario.release is not release else ""
    return (Need.FUNCTION, lack) if lack else None


def _product(job: Job, wish: Wish, release: Release) -> tuple[Need, str] | None:
    """The product that a run names and the release has not, and that in words."""
    if not wish.beyond:
        return None
    scope = Scope({}, Generator("plan", RealClock()), "plan", callback=lambda: "")
    fill_inputs(job, scope, wish.given)
    used = {name: scope.inputs.get(name) for name in needs_of(job.scenario, job.case, release).inputs}
    named = {*written(job.scenario, job.case), *(text for _, text in texts(used))}
    found = next((word for word in wish.beyond if word in named), None)
    if found is None:
        return None
    urn = wish.beyond[found]
    which = "" if found == urn else f" ({found})"
    return Need.PRODUCT, f"it needs the product {urn}{which}, which release {release.name} does not have"


def _lacking(job: Job, wish: Wish, release: Release) -> tuple[Need, str] | None:
    """What a run needs that was not granted, and that in words."""
    if job.scenario.file in wish.named:
        return None
    wanted = needs_of(job.scenario, job.case, release)
    missing = [each.name for each in job.hooks if wish.offers is not None and not wish.offers(each.name)]
    served = wish.asks or (wish.offers is not None and bool(job.hooks) and not missing)
    if wanted.behaviour and Need.BEHAVIOUR not in wish.granted and not served:
        which = f", and there is no hook for {', '.join(missing)}" if missing else ""
        return Need.BEHAVIOUR, f"it needs {wanted.behaviour}{which}"
    if wanted.wait > LONG_WAIT and Need.WAITS not in wish.granted and not wish.moves:
        return Need.WAITS, f"step '{wanted.waits_at}' may wait for {words(wanted.wait)}"
    return None
