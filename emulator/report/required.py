"""What a scenario is there to see: the requirements that it covers, and which of them nothing showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.standard.requirement import Side, load_requirements
from emulator.wire.exchange import Party

SILENT: Final = frozenset({"not_seen", "not_applicable"})
"""Verdicts that show nothing."""
_CASES: Final = ("negative", "fault", "case-")
"""How the kinds of steps begin that do what is different in a case."""


@dataclass(frozen=True, slots=True)
class Required:
    """The requirements that a run has to show: those that the scenario names for the whole, or for steps of this run.

    With a party under test only what binds it: the other one is ours. A step that was skipped by plan asks for nothing. A
    `case` is there for what it does itself; the flow before it is only its way there. `strict`: a pass that did not show
    all of them is inconclusive.
    """

    scenario: tuple[str, ...]
    sut: Party | None = None
    strict: bool = False

    def account(self, run: Mapping[str, Any]) -> dict[str, Any] | None:
        """The report's `covers`, None where nothing is asked for; `run` is a run's report.

        A requirement was seen where it has a verdict, or where a step that breaks it on purpose passed: what was to be
        seen then is how the breach was taken.
        """
        steps = [step for step in run["steps"] if step["outcome"] != "skipped"]
        if run["run"]["case"] is not None:
            steps = [step for step in steps if step["kind"].startswith(_CASES)]
        named = dict.fromkeys([*self.scenario, *(each for step in steps for each in step.get("covers", ()))])
        asked = [each for each in named if self._binds(each)]
        if not asked:
            return None
        judged = {row["id"] for row in run["requirements"] if row["verdict"] not in SILENT}
        provoked = {
            each
            for step in steps
            if step["outcome"] == "passed" and step["kind"].startswith(_CASES)
            for each in step.get("covers", ())
        }
        return {
            "strict": self.strict,
            "asked": asked,
            "not_seen": [each for each in asked if each not in judged | provoked],
        }

    def _binds(self, identifier: str) -> bool:
        requirement = load_requirements().get(identifier)
        if requirement is None or requirement.not_on_wire:
            return False
        return self.sut is None or requirement.side is Side.BOTH or str(requirement.side) == str(self.sut)
