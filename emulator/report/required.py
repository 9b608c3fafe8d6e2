"""What a scenario is there to see: the requirements that it covers, and which of them nothing showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.judge.roles import SELF_TEST, Roles
from emulator.record.exchange import Party
from emulator.report.released import release_of
from emulator.standard.release import Release
from emulator.standard.requirement import Side

SILENT: Final = frozenset({"not_seen", "not_applicable"})
"""Verdicts that show nothing."""
_CASES: Final = ("negative", "fault", "case-")
"""How the kinds of steps begin that do what is different in a case."""


@dataclass(frozen=True, slots=True)
class Required:
    """The requirements that a run has to show: those that the scenario names for the whole, or for steps of this run.

    With parties under test only what binds one of them. A step that was skipped by plan asks for nothing. A
    `case` is there for what it does itself; the flow before it is only its way there. `strict`: a pass that did not show
    all of them is inconclusive.
    """

    scenario: tuple[str, ...]
    roles: Roles = SELF_TEST
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
        release = release_of(run)
        asked = [each for each in named if self._binds(release, each)]
        if not asked:
            return None
        rows = [row for row in run["requirements"] if not row.get("release")]  # what is named is of the run's release
        judged = {row["id"] for row in rows if row["verdict"] not in SILENT}
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

    def _binds(self, release: Release, identifier: str) -> bool:
        requirement = release.numbered.get(identifier)
        if requirement is None or requirement.not_on_wire:
            return False
        return requirement.side is Side.BOTH or self.roles.counts(Party(requirement.side))
