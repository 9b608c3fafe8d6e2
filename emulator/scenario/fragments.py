"""Fragments: lists of steps in files of their own, put into a flow with their parameters filled in.

A fragment used by a step with an id gets that id before its own: `use: poq.yaml` as `first` makes of its step
`create` the step `first-create`, and references within the fragment follow.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.plain_yaml import Located
from emulator.record.payload import MISSING, at, escape
from emulator.roots import NotFound, Root
from emulator.scenario.expressions import ExpressionError, did_you_mean, expressions_in, fill_text
from emulator.scenario.model import Origin
from emulator.scenario.schema import structure_problems
from emulator.standard.by_release import load_for
from emulator.standard.release import Release

DEEPEST: Final = 8
"""Fragments within fragments: more is a circle."""
MOST_STEPS: Final = 1000
"""Steps of a flow once its fragments are put in."""


@dataclass(frozen=True, slots=True)
class StepText:
    """A step as it was written, parameters filled in; `members` are the steps of a `parallel`."""

    value: Mapping[str, Any]
    origin: Origin
    members: tuple[StepText, ...] = ()


@dataclass(slots=True)
class Expansion:
    """A flow being put together: where its fragments may lie, in which release it is played, what is wrong with it, and how many steps it may still get."""

    root: Root
    release: Release
    problems: list[str]
    left: int = MOST_STEPS


def expand(steps: list[Any], origin: Origin, into: Expansion, depth: int = 0) -> list[StepText]:
    """Steps with each `use` replaced by what it names. What is wrong is added to the problems."""
    found: list[StepText] = []
    for index, step in enumerate(steps):
        here = origin.part(f"/{index}")
        if not into.left:
            return found
        into.left -= 1
        if not into.left:
            into.problems.append(f"{here.where()}: with its fragments the flow has more than {MOST_STEPS} steps here")
        elif "use" in step:
            found += _used(step, here, into, depth)
        elif "parallel" in step:
            found.append(StepText(step, here, tuple(expand(step["parallel"], here.part("/parallel"), into, depth))))
        else:
            found.append(StepText(step, here))
    return found


def _used(step: Mapping[str, Any], origin: Origin, into: Expansion, depth: int) -> list[StepText]:
    root, problems = into.root, into.problems
    where = origin.where("/use")
    if depth >= DEEPEST:
        problems.append(f"{where}: fragments stand {DEEPEST} deep here: is there a circle?")
        return []
    path = find_file(step["use"], origin.located, where, f"there is no fragment '{step['use']:.200}'", root, problems)
    if path is None:
        return []
    try:
        located = load_for(path, into.release, problems, root)
    except FileProblem as problem:
        problems += problem.problems
        return []
    given = step.get("with", {})
    inner = Origin(located, "")
    text = copy.deepcopy(located.value)
    # Before the parameters go in: what the caller passes speaks of the caller's steps.
    if "id" in step and isinstance(text, list):
        _prefix(text, step["id"])
    lacking: list[str] = []
    value = _with_parameters(text, given, inner, "", lacking)
    if lacking:
        problems += lacking
        return []
    wrong = structure_problems(located, value, fragment=True)
    problems += [f"{place}: {problem}" for place, problem in wrong]
    if wrong:
        return []
    return expand(value, inner, into, depth + 1)


def find_file(name: str, named_in: Located, where: str, missing: str, root: Root, problems: list[str]) -> Path | None:
    """A file named in a scenario. Where there is none, which is told as what is `missing`, or where it may not be read, that
    is added to `problems`.
    """
    try:
        return root.find(name, Path(named_in.file).parent)
    except NotFound as error:
        if error.outside:
            problems.append(f"{where}: '{name:.200}': {error.outside}; --root DIR allows more")
        else:
            problems.append(f"{where}: {missing} beside this file or in the scenarios folder")
        return None


def _with_parameters(value: Any, given: Mapping[str, Any], origin: Origin, place: str, problems: list[str]) -> Any:
    """`value` with its `$with` expressions filled in and every other one left alone."""
    if isinstance(value, Mapping):
        return {
            name: _with_parameters(member, given, origin, f"{place}/{escape(str(name))}", problems)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_with_parameters(m, given, origin, f"{place}/{i}", problems) for i, m in enumerate(value)]
    if not isinstance(value, str) or "$with" not in value:
        return value
    try:
        return _filled(value, given)
    except ExpressionError as error:
        problems.append(f"{origin.where(place)}: {error}")
        return value


def _filled(text: str, given: Mapping[str, Any]) -> Any:
    for one in expressions_in(text):
        if one.root == "with" and at(given, "".join("/" + escape(name) for name in one.path) + one.pointer) is MISSING:
            message = (
                f"'{one.text}': the fragment is used without '{one.path[0]}'.{did_you_mean(one.path[0], list(given))}"
            )
            raise ExpressionError(message)

    def parameter(text_of_one: str) -> Any:
        one = expressions_in(text_of_one)[0]
        return copy.deepcopy(at(given, "".join("/" + escape(name) for name in one.path) + one.pointer))

    if text.startswith("$with"):
        return parameter(text)

    def inside(hit: re.Match[str]) -> str:
        value = parameter("$" + hit[1])
        if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
            return "{" + value + "}"
        return str(fill_text("{$with.x}", lambda _: value))

    return re.sub(r"\{\$(with[^{}]*)\}", inside, text)


def _prefix(steps: list[Any], prefix: str) -> None:
    """Put `prefix` before the ids of a fragment's steps, and before references to them."""
    own = list(_members(steps))
    own = [step for step in own if isinstance(step.get("id", ""), str)]  # others are told of as what they are
    names = {step["id"] for step in own if "id" in step}
    inner = tuple(f"{step['id']}-" for step in own if "use" in step and "id" in step)
    reference = re.compile(r"\$steps\.([A-Za-z0-9_@-]+)\.")

    def renamed(hit: re.Match[str]) -> str:
        mine = hit[1] in names or hit[1].startswith(inner)
        return f"$steps.{prefix}-{hit[1]}." if mine else hit[0]

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            for name in value:
                value[name] = walk(value[name])
        elif isinstance(value, list):
            value[:] = [walk(member) for member in value]
        elif isinstance(value, str):
            return reference.sub(renamed, value)
        return value

    walk(steps)
    for step in own:
        if "id" in step:
            step["id"] = f"{prefix}-{step['id']}"
        elif "use" in step:
            step["id"] = prefix


def _members(steps: Any) -> Iterator[dict[str, Any]]:
    """Every step of a fragment that is not yet known to be well formed."""
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict):
            yield step
            yield from _members(step.get("parallel"))
