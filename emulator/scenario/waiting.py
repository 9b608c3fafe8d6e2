"""The runner's other side: the buyer is under test, and makes the calls of the flow at our seller's door itself.

The runner reads what came, in order, and walks through the flow with it. Several steps can be open at once: the
next one, those behind steps that may be left out, and the members of a group. An arrival goes to the first open
step that it fits; one that fits none is a miss, and each open step remembers the nearest.

- `call` is there when the buyer has made it and our seller has answered as the step says. What the scenario takes
  from earlier answers must be what was answered; data that nobody was told is the buyer's own.
- `await` is there when an answer has shown the buyer the state, or an event that tells of it was delivered. A buyer
  that goes on without looking may: where our seller had reached the state, the step is passed over.
- `notify` is there when our seller has delivered such an event to the buyer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.judge.verdict import Finding
from emulator.parties.clock import Clock
from emulator.record.exchange import Party
from emulator.scenario.arrivals import Freedom
from emulator.scenario.events import Event, RunDone
from emulator.scenario.expressions import Scope
from emulator.scenario.frontier import Frontier
from emulator.scenario.given import fill_inputs
from emulator.scenario.mischief import Mischief
from emulator.scenario.result import RunResult
from emulator.scenario.room import Room
from emulator.scenario.runner import generator, run_started
from emulator.scenario.scene import Scene, Terms
from emulator.scenario.selection import Job
from emulator.scenario.unasked import unasked
from emulator.scenario.walk import Walk


@dataclass(frozen=True, slots=True)
class Waited:
    """What came of waiting: the run, and what the buyer did besides that nobody waited for."""

    result: RunResult
    findings: tuple[Finding, ...]


class WaitingRunner:
    """Walks through a job with what comes into a room, until its end or until something never came.

    How long a step is waited for is measured by `patience`, where our clock goes at a pace of its own: a partner's time is
    real. At the end the buyer may still be at its last calls: the room stays open until `linger` seconds passed without any.
    Where the room is closed nothing is waited for: what is there is looked at.
    """

    def __init__(
        self,
        job: Job,
        scene: Scene,
        terms: Terms,
        room: Room,
        *,
        patience: Clock | None = None,
        linger: float = 0.0,
    ) -> None:
        self._job, self._scene, self._terms, self._room = job, scene, terms, room
        self._patience, self._linger = patience or scene.clock, linger

    def play(self, on_event: Callable[[Event], None] = lambda _: None) -> Waited:
        """Wait for all of it, once; `on_event` is told of what happens. Raises FileProblem where the inputs cannot be filled in."""
        job, room, stop, started = self._job, self._room, self._terms.stop, self._scene.clock.now()
        walk = self._walk(on_event)
        stop.then(room.wake)
        on_event(run_started(job, self._scene.run_id))
        walk.walk()
        room.let_pass()
        stop.then(room.close)
        room.linger(self._linger)
        room.close()
        result = RunResult(
            scenario=job.scenario.id,
            title=job.scenario.title,
            case=job.case.id if job.case else None,
            row=job.row,
            run_id=self._scene.run_id,
            seed=self._terms.seed,
            clock=job.scenario.clock,
            started=started,
            finished=self._scene.clock.now(),
            steps=tuple(walk.front.results),
            exchanges=len(room),
            spoilt=frozenset(room.spoilt),
            cut=walk.front.cut,
            tracked=dict(walk.front.tracked),
        )
        on_event(RunDone(result))
        return Waited(result, tuple(unasked(room, room.awaited, self._scene.release.kinds)))

    def _walk(self, on_event: Callable[[Event], None]) -> Walk:
        job, scene, room, terms = self._job, self._scene, self._room, self._terms
        scope = Scope({}, generator(job, scene, terms), scene.run_id)
        fill_inputs(job, scope, terms.inputs)
        given = {**job.scenario.rows[job.row], **terms.inputs}
        front = Frontier(
            job.scenario,
            scene,
            terms,
            room,
            self._patience,
            on_event,
            scope,
            Freedom.of(job.scenario, frozenset(name.partition(".")[0] for name in given)),
        )
        if job.case is not None and job.case.emulate is Party.SELLER and scene.faults is not None:
            front.mischief = Mischief(job.scenario, job.case, scene.release, room, scene.faults)
            scene.faults.before = room.catch_up
        return Walk(front)
