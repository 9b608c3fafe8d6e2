"""What is awaited of a buyer under test at this moment, for whoever asks: in a file, and over HTTP."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.report.waiting import write_whole
from emulator.scenario.events import Awaited, Event, RunStarted, StepDone
from emulator.scenario.result import Outcome


class Board:
    """Always tells how far a run is: one mapping, of which each change is written to a file where there is one."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._told: dict[str, Any] = {}
        self._steps = {"done": 0, "all": 0}
        self._lock = threading.Lock()

    def tell(self, **members: Any) -> None:
        """Change what is told, and write the file."""
        with self._lock:
            self._told = {**self._told, **members}
            if self._file is not None:
                write_whole(self._file, self._told)

    def hear(self, event: Event) -> None:
        """Tell what an event changes."""
        match event:
            case RunStarted():
                self._steps = {"done": 0, "all": event.steps}
                self.tell(steps=self._steps)
            case StepDone():
                done = self._steps["done"] + (event.result.outcome is not Outcome.BLOCKED)
                self._steps = {**self._steps, "done": done}
                self.tell(steps=self._steps)
            case Awaited():
                self.tell(awaited=list(event.entries))
            case _:
                pass

    def now(self) -> dict[str, Any]:
        """What is told by now."""
        with self._lock:
            return copy.deepcopy(self._told)

    def page(self, _: Mapping[str, str]) -> tuple[int, Any]:
        """The same over HTTP."""
        return 200, self.now()
