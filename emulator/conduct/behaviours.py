"""What a seller may have to do of its own accord, and which of our scenarios need it."""

from __future__ import annotations

from typing import Any

from emulator.parties.apis import verbs_of
from emulator.parties.behaviours import named_behaviours
from emulator.scenario.loader import load_scenario
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release


def behaviours_told(word: str) -> list[dict[str, Any]] | None:
    """A behaviour by its name, or with `behaviours` all of them, each with the scenarios that need it; None for another word."""
    release = load_release()
    known = named_behaviours(release)
    if word != "behaviours" and word not in known:
        return None
    needed: dict[str, list[str]] = {}
    for path in sorted(scenarios_dir().rglob("*.oit.yaml")):
        scenario = load_scenario(path, release)
        wanted = [*scenario.hooks, *(each for case in scenario.cases for each in case.hooks)]
        for name in dict.fromkeys(each.name for each in wanted):
            needed.setdefault(name, []).append(scenario.id)
    return [
        {"name": name, "title": one.title, "standard": one.standard, "scenarios": needed.get(name, [])}
        for name, one in known.items()
        if word in ("behaviours", name)
    ]


def verbs_told(word: str, release: Release) -> list[dict[str, Any]] | None:
    """With `verbs` all that happens outside of the APIs of a release, kind by kind; None for another word."""
    if word != "verbs":
        return None
    return [
        {"kind": kind, "verb": name, "title": one.title, "words": list(one.words), "whole": one.whole}
        for kind, verbs in verbs_of(release).items()
        for name, one in verbs.items()
    ]
