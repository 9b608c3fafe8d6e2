"""A case in which our seller makes trouble for a buyer under test: when it begins, and how the buyer took it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from emulator.doors.faults import Faults
from emulator.record.exchange import Party
from emulator.scenario.answers import Ending
from emulator.scenario.cases import news_of, reactions, tokens_of, troubles_of
from emulator.scenario.model import Case, Origin, Scenario, Step
from emulator.scenario.result import Outcome, Tracked
from emulator.scenario.room import Room
from emulator.standard.release import Release


@dataclass(slots=True)
class Mischief:
    """The troubles of one case, from the moment when its step is awaited until that step has ended."""

    scenario: Scenario
    case: Case
    release: Release
    room: Room
    faults: Faults
    _armed: AbstractContextManager[None] | None = None
    _before: int = field(default=0)

    def begin(self, step: Step, tracked: dict[str, Tracked], fill: Callable[[Any, Origin], Any]) -> None:
        """Arm the door where this is the case's step. Raises Misfit where the case does not fit the flow."""
        if step.id != self.case.at or self._armed is not None:
            return
        self._before = len(self.room)
        self._armed = self.faults.armed(
            *troubles_of(self.scenario, self.case, self.release, tracked, fill),
            news=news_of(self.case),
            tokens=tokens_of(self.case),
        )
        self._armed.__enter__()

    def end(self, step: Step, ending: Ending, last: int) -> Ending:
        """What an ending of the case's step means; of other steps nothing else than it says.

        `last` is the exchange that ended it: what came after is not an answer to the trouble.
        """
        if step.id != self.case.at or self._armed is None:
            return ending
        self._armed.__exit__(None, None, None)
        if self.faults.problems:
            return Ending(Outcome.ERROR, self.faults.problems[0], "scenario")
        if not self.faults.struck and (self.case.fault or self.case.mutate):
            if ending.outcome is Outcome.PASSED:
                return Ending(
                    Outcome.INCONCLUSIVE, "the trouble did not come about: nothing was asked that could meet it"
                )
            return ending
        since = [exchange for exchange in self.room if self._before < exchange.n <= last]
        demands = reactions(self.scenario, self.case, since, self.room.spoilt, self.faults)
        for one in demands:
            if not one.ok:
                message = f"{one.pointer.removeprefix('sut:')}: {one.found}, expected {one.expected}"
                return Ending(Outcome.UNMET, message, Party.BUYER)
        if self.case.reaction.recovers is False:
            return self._went_on(ending)
        if ending.outcome is Outcome.NEVER_ARRIVED:
            return Ending(Outcome.UNMET, f"the buyer did not get over the trouble: {ending.message}", Party.BUYER)
        if self.case.mutate and ending.outcome is Outcome.PASSED:
            attest = f"; a human has to see: {self.case.reaction.attest}" if self.case.reaction.attest else ""
            message = (
                f"our answer was wrong on purpose; what the buyer made of it does not show in its messages{attest}"
            )
            return Ending(Outcome.INCONCLUSIVE, message, blocks=False)
        return ending

    @staticmethod
    def _went_on(ending: Ending) -> Ending:
        """Nothing could come of the request, and the buyer had to see that."""
        if ending.outcome is Outcome.PASSED:
            return Ending(Outcome.UNMET, "the buyer went on as if nothing had been wrong", Party.BUYER)
        return Ending(Outcome.PASSED, f"the buyer took it for what it was: {ending.message}")

    def is_over(self, step: Step) -> bool:
        """Whether nothing is waited for after this step: the case ends there, or the buyer has nothing to go on with."""
        lost = self.case.reaction.recovers is False
        return step.id == self.case.at and self._armed is not None and (lost or not self.case.goes_on)
