"""Settings that would have no effect are refused before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.conduct.partner import declared_in
from emulator.conduct.settings import Settings
from emulator.doors.trust import authorities
from emulator.errors import FileProblem, UserError, suggestion
from emulator.scenario.given import Given, typed
from emulator.scenario.model import ClockMode, Scenario
from emulator.standard.release import load_release


def check_settings(settings: Settings, scenarios: Sequence[Scenario]) -> None:
    """Refuse what would have no effect, before anything is sent. UserError says what to do."""
    if settings.seller_url and settings.profile:
        declared_in(settings.profile, load_release(settings.release), settings.root)
    if settings.seller_url:
        settings.peer(settings.seller_url)
    if settings.partner is not None:
        settings.partner.check(load_release(settings.release))
    settings.paths()
    if (settings.seller_url or "").lower().startswith("https:"):
        authorities()
    if settings.seller_url and settings.clock is ClockMode.VIRTUAL:
        raise UserError("--clock virtual is for self-tests: a partner's time is real")
    if settings.jobs > 1 and settings.listen[1]:
        raise UserError("--listen with a port is for one run at a time: leave out --jobs, or the port")
    check_inputs(settings.inputs, scenarios)


def check_inputs(given: Mapping[str, Any], scenarios: Sequence[Scenario]) -> None:
    """Refuse an input that no scenario has, and a value that cannot be what its input is."""
    known = {name for scenario in scenarios for name in scenario.inputs}
    for name, value in given.items():
        if name.partition(".")[0] not in known:
            near = suggestion(name.partition(".")[0], known)
            hint = f" Did you mean {near!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
            where = f"{value.where}: " if isinstance(value, Given) else ""
            raise UserError(f"{where}no scenario selected has an input {name!r:.100}.{hint}")
    problems: dict[str, list[str]] = defaultdict(list)
    for scenario in scenarios:
        try:
            typed(given, scenario.inputs)
        except FileProblem as error:
            for problem in error.problems:
                problems[problem].append(scenario.id)
    if problems:
        raise FileProblem([f"{problem} (in {_some(names)})" for problem, names in problems.items()])


def _some(names: Sequence[str], most: int = 3) -> str:
    """The first few of some names, and how many others there are."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")
