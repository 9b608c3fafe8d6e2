"""What a run is made of before it is played: what it shares with its session, how it is played, who our seller is in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from emulator.conduct.address import Address
from emulator.conduct.settings import Settings
from emulator.conduct.trial import Evidence, Trial
from emulator.conduct.writers import Watch, Writer
from emulator.doors.faults import Faults
from emulator.hosting import Emulation
from emulator.judge.together import Together
from emulator.parties.clock import Clock, VirtualClock
from emulator.parties.profile import Profile, load_profile
from emulator.record.exchange import Party, Transcript
from emulator.record.patch import overlaid
from emulator.report.about import RunInfo
from emulator.report.played import StepInfo
from emulator.report.required import Required
from emulator.scenario.events import Event
from emulator.scenario.grease import Grease
from emulator.scenario.plan import overlay_place, plan_overlay
from emulator.scenario.preparing import Props
from emulator.scenario.scene import Terms
from emulator.scenario.selection import Job
from emulator.scenario.stop import Stop
from emulator.standard.declared import Declared
from emulator.standard.release import Release, load_release


@dataclass(frozen=True, slots=True)
class Session:
    """What the runs of a session share. `address` is where our seller waits for a partner's buyer, one run after the other; `props` are
    what a partner's seller is prepared with.
    """

    settings: Settings
    release: Release
    writer: Writer
    watch: Watch
    stop: Stop
    address: Address
    props: Props
    together: Together = field(default_factory=Together)

    @property
    def terms(self) -> Terms:
        """What the runners have to hold to."""
        asked = self.settings
        return Terms(asked.seed, asked.inputs, asked.within, asked.timeout, self.stop)

    def info(self, job: Job, clock: Clock, profile: str | None, *, in_own_words: bool = False) -> RunInfo:
        """What is made of a job, from now on, by a clock of ours."""
        speed, case = clock.spread(1.0), job.case
        real = "real" if speed == 1 else "scaled"
        now = clock.now()
        return RunInfo(
            id=uuid.uuid4().hex[:12],
            scenario=job.scenario.id,
            started=now,
            finished=now,
            title=job.scenario.title,
            case=case.id if case else None,
            release=self.release.name,
            profile=profile,
            roles=self.settings.roles,
            clock="virtual" if isinstance(clock, VirtualClock) else real,
            speed=speed,
            seed=self.settings.seed,
            file=job.scenario.file,
            row=job.told_row,
            in_own_words=in_own_words,
            notes=self.settings.notes,
        )

    def trial(self, job: Job, info: RunInfo, declared: Declared) -> Trial:
        """What is known of a run before it is played. The flow asks for what the scenario and its steps cover, a case for its own."""
        covers = () if job.case else job.scenario.covers
        return Trial(
            info,
            self.release,
            declared,
            known=self.settings.known,
            required=Required(covers, info.roles, self.settings.strict),
            behaviour="" if info.roles.is_ours(Party.SELLER) else job.behaviour,
            grace=job.scenario.defaults.grace,
        )


class Play(Protocol):
    """How one run is played: by our buyer at a seller, or by a buyer under test at ours. It is set up when it is made, and
    whatever it opens is closed when `act` returns.
    """

    @property
    def trial(self) -> Trial:
        """What is known of it beforehand."""

    @property
    def transcript(self) -> Transcript:
        """What crossed, as far as it is the run's."""

    @property
    def emulation(self) -> Emulation | None:
        """Our seller; None where it is a partner's."""

    def act(self, tell: Callable[[Event], None]) -> Evidence:
        """Play it to its end, or until the session's; `tell` is told of what happens."""

    def so_far(self, steps: Sequence[StepInfo]) -> Evidence:
        """What there is to judge by now; `steps` are those that are done."""

    @property
    def awaited(self) -> Callable[[], Mapping[str, Any]] | None:
        """Says at any time what a buyer under test is waited for; None where nobody is."""

    def ended(self, verdict: str) -> None:
        """The run is judged."""


@dataclass(frozen=True, slots=True)
class Casting:
    """What our seller is made of in a run: what the user's profile says, and upon that what the scenario asks of it."""

    profile: Profile
    faults: Faults
    grease: Grease

    @classmethod
    def of(cls, settings: Settings, job: Job) -> Casting:
        """FileProblem where the profile cannot be what the scenario asks."""
        release = load_release(settings.release)
        grease = Grease(settings.grease, Party.SELLER, settings.seed, strange=not release.is_closed)
        profile = load_profile(
            settings.profile,
            overlaid(grease.overlay(), plan_overlay(job.scenario, job.case)),
            release=release,
            wider=settings.root,
            laid=lambda pointer: overlay_place(job.scenario, job.case, pointer),
        )
        return cls(profile, Faults(settings.seed), grease)
