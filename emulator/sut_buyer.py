"""The buyer under test: our seller serves, the scenario waits for what the partner's buyer does, the judge judges it."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from emulator.crew import Post, make_all
from emulator.doors import Emulation, declared_by, serve_seller
from emulator.errors import UserError
from emulator.judge.judge import judge
from emulator.judge.refusals import Refuser
from emulator.judge.rules import CLOSING
from emulator.parties.clock import Clock, RealClock, rfc3339
from emulator.parties.pacing import Pacing
from emulator.parties.profile import is_in_own_words, load_profile
from emulator.parties.seller import Seller
from emulator.parties.signals import Signals
from emulator.parties.store import MemoryStore, Resource
from emulator.report.model import Report, RunInfo, run_report
from emulator.report.played import StepInfo, StepOutcome
from emulator.report.waiting import write_whole
from emulator.scenario.awaited import Entry
from emulator.scenario.cases import odd_ones
from emulator.scenario.events import Event, RunStarted, StepDone, StepStarted
from emulator.scenario.grease import Grease
from emulator.scenario.plan import overlaid, overlay_place, plan_overlay
from emulator.scenario.result import StepResult
from emulator.scenario.room import Room
from emulator.scenario.selection import Job
from emulator.scenario.stop import Stop
from emulator.scenario.unasked import told_once
from emulator.scenario.waiting import run_waiting
from emulator.session import (
    Live,
    Settings,
    Watch,
    Writer,
    cut_short,
    nobody_watches,
    required,
    signalling,
    step_info,
)
from emulator.standard.release import Release, load_release
from emulator.wire.beside import Beside, Page
from emulator.wire.exchange import Exchange, Party, Transcript, provoked_in
from emulator.wire.faults import Faults
from emulator.wire.running import Running
from emulator.wire.trust import authorities

_LINGER: Final = 2.0
"""Seconds without a call after which a buyer that has done all that was asked of it is taken to be done."""

WAITING = "/oit/waiting"
DONE = "/oit/done"


class WaitingWriter(Writer, Protocol):
    """A writer that tells also what is waited for."""

    def serving(self, url: str) -> None:
        """Our seller listens here."""

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """A step is open; `left` in seconds."""

    def missed(self, exchange: Exchange, reason: str) -> None:
        """Something came that is not what is awaited."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where our seller waits for the partner's buyer, and how long.

    `within` overrides, in seconds, what the scenario grants each step. `waiting_file` always says in JSON what is
    awaited. Our seller's own time, that of its timers and timestamps, goes `speed` times as fast as the partner's.
    """

    host: str = "127.0.0.1"
    port: int = 0
    within: float | None = None
    waiting_file: Path | None = None
    speed: float = 1.0


def run_for_buyer(
    settings: Settings,
    jobs: Sequence[Job],
    writer: WaitingWriter,
    door: Door,
    watch: Watch = nobody_watches,
    stop: Stop | None = None,
) -> list[Report]:
    """Make every run, one after the other, all at one address. UserError where the address is not free.

    Where `stop` ends before that, it is as with `run_all`.
    """
    authorities()  # a callback may be https://
    release = load_release(settings.release)
    ends, port = stop or Stop(), door.port

    def make(n: int, post: Post) -> None:
        nonlocal port
        writer.running(n, len(jobs))
        at = replace(door, port=port)
        port = _run(settings, jobs[n], release, writer, at, _Board(at), watch, ends, post)

    return make_all(len(jobs), make, 1, ends)


@dataclass(slots=True)
class _Board:
    """What is awaited at this moment, for whoever asks: in a file, and over HTTP."""

    door: Door
    _told: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, **members: Any) -> None:
        """Change what is told, and write the file."""
        with self._lock:
            self._told = {**self._told, **members}
            if self.door.waiting_file is not None:
                write_whole(self.door.waiting_file, self._told)

    def page(self, _: Mapping[str, str]) -> tuple[int, Any]:
        """The same over HTTP."""
        with self._lock:
            return 200, copy.deepcopy(self._told)


@dataclass(slots=True)
class _Following:
    """Follows a run: tells a writer and the board of it, and keeps what became of its steps."""

    writer: WaitingWriter
    room: Room
    board: _Board
    patience: Clock
    on_step: Callable[[StepResult], None]
    post: Post
    steps: list[StepInfo] = field(default_factory=list)
    total: int = 0
    """Steps that the run has."""
    _shown: set[str] = field(default_factory=set)

    def event(self, event: Event) -> None:
        if not self.post.is_open:
            return  # the run was reported without waiting for its end
        match event:
            case RunStarted():
                self.total = event.steps
                self.board.tell(steps={"done": 0, "all": self.total})
            case StepStarted():
                self.writer.step_started(event.id, event.title)
            case StepDone():
                for n in event.result.exchanges:
                    self.writer.exchange_done(self.room[n])
                self.steps.append(step_info(event.result, self.room))
                done = sum(step.outcome is not StepOutcome.BLOCKED for step in self.steps)
                self.board.tell(steps={"done": done, "all": self.total})
                self.writer.step_done(self.steps[-1])
                self.on_step(event.result)
            case _:
                pass

    def wait(self, entries: list[Entry]) -> None:
        """Put on the board what is awaited, and tell of each step once."""
        self.board.tell(awaited=entries)
        for entry in entries:
            if entry["step"] not in self._shown:
                self._shown.add(entry["step"])
                expires = datetime.fromisoformat(entry["expires"])
                self.writer.awaits(entry, (expires - self.patience.now()).total_seconds())


def _run(
    settings: Settings,
    job: Job,
    release: Release,
    writer: WaitingWriter,
    door: Door,
    board: _Board,
    watch: Watch,
    stop: Stop,
    post: Post,
) -> int:
    scenario, case = job.scenario, job.case
    faults, grease = Faults(settings.seed), Grease(settings.grease, Party.SELLER, settings.seed)
    clock, patience, room, run_id = RealClock(), RealClock(), Room(faults), uuid.uuid4().hex[:12]
    store, signals = MemoryStore(), Signals()
    pacing, sellers = Pacing(store, clock, door.speed), list[Seller]()
    profile = load_profile(
        settings.profile,
        overlaid(grease.overlay(), plan_overlay(scenario, case)),
        wider=settings.root,
        laid=lambda pointer: overlay_place(scenario, case, pointer),
    )
    declared = declared_by(profile, emulated=True)
    info = RunInfo(
        id=run_id,
        scenario=scenario.id,
        started=clock.now(),
        finished=clock.now(),
        title=scenario.title,
        case=case.id if case else None,
        release=release.name,
        profile=profile.name,
        sut=Party.BUYER,
        clock="real" if door.speed == 1 else "scaled",
        speed=door.speed,
        seed=settings.seed,
        file=scenario.file,
        row=job.told_row,
        in_own_words=is_in_own_words(settings.profile, settings.root),
    )

    def reached(resource: Resource, _: str | None, state: str, item: str | None, __: datetime) -> None:
        if item is None:
            room.reach(resource.kind, resource.id, state)

    def done(_: Mapping[str, str]) -> tuple[int, Any]:
        room.close()
        return 202, {"status": "ending"}

    server = serve_seller(
        release,
        profile,
        clock,
        lambda _: room,
        seed=settings.seed,
        faults=faults,
        grease=grease,
        observers=[reached],
        store=store,
        signals=signals,
        met=sellers.append,
    )
    pages: dict[tuple[str, str], Page] = {("GET", WAITING): board.page, ("POST", DONE): done}
    try:
        running = Running(Beside(server, pages), door.host, door.port)
    except OSError as error:
        message = f"cannot listen on {door.host} port {door.port}: {error.strerror}"
        raise UserError(message) from error
    follow = _Following(writer, room, board, patience, signalling(scenario, case, signals), post)
    writer.run_started(info)

    def provoked_of(seen: Transcript) -> frozenset[int]:
        return provoked_in(seen) | frozenset(exchange.n for exchange in odd_ones(seen, faults))

    def so_far() -> Report:
        seen = tuple(room)
        wrong, bad = provoked_of(room), frozenset(room.spoilt)
        judgement = judge(
            seen,
            release,
            provoked=wrong,
            spoilt=bad,
            speed=door.speed,
            sut=Party.BUYER,
            declared=declared,
            refuser=Refuser.OURS,
            expected=frozenset(room.awaited),
            closing=(),
        )
        now = replace(info, finished=clock.now())
        return run_report(now, tuple(follow.steps), seen, judgement, provoked=wrong, spoilt=bad)

    post.begin(lambda: cut_short(so_far(), scenario, stop), writer.run_done)
    watch(
        Live(
            info,
            room,
            so_far,
            lambda: room.newest + len(follow.steps),
            Emulation(sellers[0], faults, pacing, room.close),
            lambda: board.page({})[1],
        )
    )
    try:
        url = running.start()
        board.tell(
            run=run_id,
            scenario=scenario.id,
            case=info.case,
            url=url,
            status="waiting",
            started=rfc3339(info.started),
            awaited=[],
        )
        writer.serving(url)
        waited = run_waiting(
            scenario,
            case=case,
            release=release,
            room=room,
            clock=clock,
            seed=settings.seed,
            run_id=run_id,
            base_url=url,
            inputs=settings.inputs,
            row=job.row,
            within=door.within,
            patience=patience,
            linger=_LINGER,
            faults=faults,
            on_event=follow.event,
            on_wait=follow.wait,
            on_miss=writer.missed,
            stop=stop,
        )
    finally:
        running.stop(stop.patience(10))
    spoilt = waited.result.spoilt
    provoked = provoked_of(room)
    judgement = judge(
        room,
        release,
        provoked=provoked,
        spoilt=spoilt,
        speed=door.speed,
        withheld=frozenset(faults.withheld),
        sut=Party.BUYER,
        declared=declared,
        refuser=Refuser.OURS,
        expected=frozenset(room.awaited),
        closing=() if waited.result.cut else CLOSING,  # these look at a whole run
    )
    judgement = replace(judgement, findings=told_once(judgement.findings, waited.findings))
    report = run_report(
        replace(info, finished=waited.result.finished),
        follow.steps,
        room,
        judgement,
        provoked=provoked,
        spoilt=spoilt,
        known=settings.known,
        required=required(job, Party.BUYER, strict=settings.strict),
    )
    board.tell(status="ended", verdict=report["verdict"])
    post.hand_in(report)
    return running.port
