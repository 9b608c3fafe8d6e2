"""Which runs are made: by case, by tag, and by what a partner can give; what is left out, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from emulator.scenario.cases import needs
from emulator.scenario.duration import words
from emulator.scenario.model import Case, Scenario
from emulator.scenario.needs import LONG_WAIT, Absent, needs_of
from emulator.scenario.ports import ReleaseLike
from emulator.wire.exchange import Party


class Need(StrEnum):
    """What a run may need of a partner's seller that it is not asked for by itself."""

    BEHAVIOUR = "behaviour"  # it has to do something of its own accord
    WAITS = "waits"  # it may take more than a day over something


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants to run.

    `cases` are patterns of case ids: without them every flow and every case, with them the cases that match, and no flow.
    `tags`: only scenarios that have one of them. `granted` is what may be needed of the partner. A scenario whose file is
    `named` is wanted whatever it needs.
    """

    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    granted: frozenset[Need] = frozenset()
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made: a scenario's flow or one case of it, with one data row. `absent` are its steps that cannot be."""

    scenario: Scenario
    case: Case | None
    row: int
    absent: Absent = field(default_factory=Absent)

    @property
    def told_row(self) -> int | None:
        """The data row as a report tells it: None where there is but one."""
        return self.row if len(self.scenario.rows) > 1 else None

    @property
    def behaviour(self) -> str:
        """What it needs a seller to do of its own accord; "" where nothing."""
        return (self.case.behaviour if self.case else "") or self.scenario.behaviour


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
    release: ReleaseLike,
    *,
    sut: Party | None = None,
    unsupported: frozenset[str] = frozenset(),
) -> Plan:
    """The runs to make. With a seller under test those are left out that need what was not granted.

    `unsupported` are the operations that the party under test declares not to have, as `api.operationId`. A case whose
    mischief the party under test would have to make is no run at all.
    """
    made: list[Job] = []
    left: list[LeftOut] = []
    for job in _wanted(scenarios, wish, release, sut, unsupported):
        reason = _lacking(job, wish, release) if sut is Party.SELLER else None
        if reason is None:
            made.append(job)
        else:
            left.append(LeftOut(job, *reason))
    return Plan(tuple(made), tuple(left))


def _wanted(
    scenarios: Sequence[Scenario], wish: Wish, release: ReleaseLike, sut: Party | None, unsupported: frozenset[str]
) -> Iterable[Job]:
    for scenario in scenarios:
        if wish.tags and not set(wish.tags) & set(scenario.tags):
            continue
        absent = Absent.of(scenario, release, unsupported) if unsupported and sut else Absent()
        chosen: list[Case | None] = [] if wish.cases else [None]
        wanted = [case for case in scenario.cases if not wish.cases or any(fnmatchcase(case.id, p) for p in wish.cases)]
        chosen += [case for case in wanted if needs(case, sut)]
        yield from (Job(scenario, case, row, absent) for case in chosen for row in range(len(scenario.rows)))


def _lacking(job: Job, wish: Wish, release: ReleaseLike) -> tuple[Need, str] | None:
    """What a run needs that was not granted, and that in words."""
    if job.scenario.file in wish.named:
        return None
    wanted = needs_of(job.scenario, job.case, release)
    if wanted.behaviour and Need.BEHAVIOUR not in wish.granted:
        return Need.BEHAVIOUR, f"it needs {wanted.behaviour}"
    if wanted.wait > LONG_WAIT and Need.WAITS not in wish.granted:
        return Need.WAITS, f"step '{wanted.waits_at}' may wait for {words(wanted.wait)}"
    return None
