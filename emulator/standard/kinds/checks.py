"""Whether what a sheet names is there, and is not said already; each problem with its place in the sheet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.record.payload import escape
from emulator.standard.kinds.facts import Kind
from emulator.standard.kinds.resources import Source
from emulator.standard.kinds.sheet import KindSays, Sheet, TaskSays
from emulator.standard.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class Around:
    """What an API's sheet may name beside its contract: lifecycles, errata, interpretations, kinds of any API."""

    lifecycles: Mapping[str, Lifecycle]
    errata: Collection[str]
    interpretations: Collection[str]
    kinds: Mapping[str, Source]


class Checks:
    """Looks at a sheet's entries. What is wrong goes to `problems`, as `file:line:col: …`."""

    def __init__(self, sheet: Sheet, around: Around, problems: list[str]) -> None:
        self._sheet, self._around, self._problems = sheet, around, problems

    def wrong(self, place: Iterable[str], what: str) -> None:
        pointer = "".join(f"/{escape(part)}" for part in place)
        self._problems.append(f"{self._sheet.where(pointer)}: {what}")

    def repeats(self, place: tuple[str, ...]) -> None:
        self.wrong(place, f"{'/'.join(place)} repeats what the contract says by itself: leave it out")

    def strangers(self, place: tuple[str, ...], said: Iterable[str], known: Collection[str], what: str) -> None:
        for name in said:
            if name not in known:
                self.wrong((*place, name), f"there is no {what} {name!r}; there is: {', '.join(known) or 'none'}")

    def state(self, place: tuple[str, ...], kind: Kind, state: str) -> None:
        if state and (kind.state is None or state not in kind.state.values):
            self.wrong(place, f"{state} is no state of a {kind.name}")

    def pointer(self, place: tuple[str, ...], kind: str, pointer: str) -> None:
        source = self._around.kinds.get(kind)
        if source is not None and not _leads(source, pointer):
            self.wrong(place, f"{pointer} leads to no member of a {kind}")

    def holder(self, place: tuple[str, ...], name: str, state: str = "") -> None:
        """A kind, or its items as `<kind>Item`, and a state of theirs."""
        found = self._around.kinds.get(name)
        holder = found.kind.state if found else None
        if found is None and (whole := self._around.kinds.get(name.removesuffix("Item"))) and whole.kind.items:
            holder = whole.kind.items.state
        if holder is None:
            self.wrong(place, f"there is no kind {name} with a state")
        elif state and state not in holder.values:
            self.wrong(place, f"{state} is no state of {name}")


def check_free(kind: Kind, says: KindSays, checks: Checks) -> None:
    """What is handed on must at least name what there is."""
    place = ("kinds", kind.name)
    if says.at_once:
        checks.pointer((*place, "at_once", "by"), kind.name, says.at_once.by)
    for target, source in says.fill.items():
        checks.pointer((*place, "fill", target), kind.name, target)
        checks.pointer((*place, "fill", target), kind.name, source)
    for name in says.keep:
        checks.pointer((*place, "keep"), kind.name, f"/{name}")
    for name in says.raised.beside if says.raised else ():
        checks.holder((*place, "raised"), name)
    for name, state in says.holds.items():
        checks.holder((*place, "holds", name), name, state)
    if says.task and kind.task is None:
        checks.wrong((*place, "task"), f"a {kind.name} is no task on another kind")
    elif says.task and kind.task:
        _check_task(kind, kind.task.of, says.task, checks)


def _check_task(kind: Kind, of: str, task: TaskSays, checks: Checks) -> None:
    place = ("kinds", kind.name, "task")
    for state in (task.holds, task.done, task.otherwise):
        checks.holder(place, of, state)
    for state in (task.items, task.item):
        if state:
            checks.holder(place, f"{of}Item", state)
    for source, target in task.sets.items():
        checks.pointer((*place, "sets", source), kind.name, source)
        checks.pointer((*place, "sets", source), of, target)


def _leads(source: Source, pointer: str) -> bool:
    """Whether a pointer, in which `*` and `-` are entries of a list, leads to a member of a kind."""
    parts = [part for part in pointer.split("/") if part not in {"", "*", "-"}]
    spots, found = source.shapes.top(source.schema), None
    for part in parts:
        found = next((each for each in spots if each.name == part), None)
        if found is None:
            return False
        spots = source.shapes.below(found)
    return found is not None


def has_member(source: Source, name: str) -> bool:
    """Whether a kind has a member of that name, at whatever depth."""
    return any(spot.name == name for spot in source.shapes.walk(source.shapes.top(source.schema)))


def plain_json(value: Any) -> Any:
    """A part of a sheet as JSON has it."""
    if hasattr(value, "__dataclass_fields__"):
        return {key: plain_json(each) for key in value.__dataclass_fields__ if (each := getattr(value, key))}
    if isinstance(value, Mapping):
        return {key: plain_json(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value
