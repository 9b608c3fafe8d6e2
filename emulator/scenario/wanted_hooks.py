"""`needs.hooks` of a scenario or a case: behaviours by name, and when a partner's seller is asked for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.record.payload import at
from emulator.scenario.expressions import did_you_mean
from emulator.scenario.model import Case, Origin, Scenario, WantedHook


def hooks_at(origin: Origin) -> tuple[WantedHook, ...]:
    """The hooks that are written at a place, none where nothing is."""
    found = at(origin.located.value, origin.pointer)
    wanted = []
    for index, part in enumerate(found if isinstance(found, list) else ()):
        one = part if isinstance(part, Mapping) else {"name": part}
        step = one.get("after", one.get("before"))
        wanted.append(WantedHook(str(one.get("name")), origin.part(f"/{index}"), step, "after" in one))
    return tuple(wanted)


def hook_problems(scenario: Scenario) -> Iterator[str]:
    """What is wrong with the hooks of a scenario and of its cases."""
    parts: tuple[Scenario | Case, ...] = (scenario, *scenario.cases)
    for part in parts:
        yield from _of_part(scenario, part)


def _of_part(scenario: Scenario, part: Scenario | Case) -> Iterator[str]:
    if part.hooks and not part.behaviour:
        yield f"{part.origin.where('/needs')}: 'hooks' need 'behaviour' beside them: what is asked for, in a few words"
    steps = [step.id for step in scenario.steps()]
    for hook in part.hooks:
        written = at(hook.origin.located.value, hook.origin.pointer)
        if isinstance(written, Mapping) and {"before", "after"} <= set(written):
            yield f"{hook.origin.where('/after')}: a hook has 'before' or 'after', not both"
        if hook.step is not None and hook.step not in steps:
            where = hook.origin.where("/after" if hook.after else "/before")
            yield f"{where}: there is no step '{hook.step}'.{did_you_mean(hook.step, steps)}"
