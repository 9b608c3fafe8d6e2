"""Lifecycles of kinds of resource, from the diagrams in an SDK's documentation: only where they have the contract's states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulator.sdk.notes import Notes
from emulator.sdk.puml import DiagramArrow, StateDiagram, read_diagram
from emulator.sdk.reading import SdkFiles
from emulator.standard.kinds.facts import Kind, State

_PARTY: Final = re.compile(r"(?P<one>buyer|seller)(?:\s+or\s+(?P<other>buyer|seller))?\b", re.IGNORECASE)
_TIME: Final = re.compile(r"time-?out|expire", re.IGNORECASE)
_VIEW: Final = re.compile(r"[^a-z]|states?(?:machine)?|flow|usecase|item")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A state that needs a lifecycle, of a kind or of its items, under the name that it gets."""

    name: str
    kind: Kind
    state: State


def lifecycles_of(
    kinds: Iterable[Kind], documentation: Iterable[str], sources: SdkFiles, guides: dict[str, str], notes: Notes
) -> dict[str, dict[str, Any]]:
    """Lifecycle files by API, as data. A state whose diagram is not there, or has other states, gets none, and that is told."""
    diagrams = {
        name: diagram
        for name in documentation
        if name.lower().endswith(".puml") and (diagram := read_diagram(sources.text(name))) is not None
    }
    found: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for wanted in _wanted(kinds):
        fitting = {name: made for name, each in diagrams.items() if (made := _named_as(wanted.state, each)) is not None}
        file = _chosen(wanted, list(fitting))
        if file is None or wanted.name in taken:
            what = "several diagrams have" if fitting else "no diagram of the SDK has"
            notes.leave_open(
                f"{wanted.kind.api}: the lifecycle of {wanted.name}: {what} the states of {wanted.state.schema}"
            )
            continue
        taken.add(wanted.name)
        machine = _machine(wanted, fitting[file], guides.get(wanted.kind.api) or "SDK", file)
        found.setdefault(wanted.kind.api, {"machines": {}})["machines"][wanted.name] = machine
    return found


def _wanted(kinds: Iterable[Kind]) -> Iterator[_Wanted]:
    for kind in kinds:
        if kind.state:
            yield _Wanted(kind.name, kind, kind.state)
        if kind.items:
            yield _Wanted(f"{kind.name}Item", kind, kind.items.state)


def _named_as(state: State, diagram: StateDiagram) -> StateDiagram | None:
    """The diagram with the states as the contract writes them; None where they are not the same."""
    known = {value.lower(): value for value in state.values}
    drawn = {each: known.get(each.lower()) for each in diagram.states}
    if len(known) != len(state.values) or None in drawn.values() or set(drawn.values()) != set(state.values):
        return None
    words = {each: str(value) for each, value in drawn.items()}
    return StateDiagram(
        tuple(dict.fromkeys(words.values())),
        tuple(dict.fromkeys(words[each] for each in diagram.initial)),
        tuple(DiagramArrow(words[each.source], words[each.target], each.label) for each in diagram.arrows),
    )


def _chosen(wanted: _Wanted, files: list[str]) -> str | None:
    """The file that is about this kind by its name, that of a task by what it does; the only one where none has the name."""
    own, of_items = wanted.kind.name.lower(), wanted.name != wanted.kind.name
    words = {file: file.rpartition("/")[2].lower().removesuffix(".puml") for file in files}
    named = [file for file, word in words.items() if own in word and ("item" in word.replace(own, "", 1)) is of_items]
    exact = [file for file in named if _VIEW.sub("", words[file]) == own]
    verb = wanted.kind.task.verb if wanted.kind.task else ""
    doing = [file for file, word in words.items() if verb and verb in word]
    return next((choice[0] for choice in (exact, named, doing, files) if len(choice) == 1), None)


def _machine(wanted: _Wanted, diagram: StateDiagram, guide: str, file: str) -> dict[str, Any]:
    """The machine as a lifecycle file has it. A guide may let a resource begin in any state: a diagram does not say that it
    does not, so that none is held to it.
    """
    after = {each.source for each in diagram.arrows if each.source != each.target}
    last = file.rpartition("/")[2]
    arrows = {
        (each.source, each.target, by): {
            "from": each.source,
            "to": each.target,
            "by": by,
            "clause": last,
            **_note(each),
        }
        for each in diagram.arrows
        for by in _movers(each.label)
    }
    states = list(diagram.states)
    return {
        "guide": guide,
        "schema": wanted.state.schema,
        "states": states,
        "initial": [*diagram.initial, *(each for each in states if each not in diagram.initial)],
        "terminal": [
            each for each in states if each not in {one.source for one in diagram.arrows} or each not in after
        ],
        "transitions": [each for each in arrows.values() if each["from"] in after],
    }


def _note(arrow: DiagramArrow) -> dict[str, str]:
    return {"note": arrow.label} if arrow.label else {}


def _movers(label: str) -> tuple[str, ...]:
    """Who brings a transition about, by what is written beside its arrow; where nothing says, the seller does."""
    found = _PARTY.match(label)
    if found:
        return tuple(dict.fromkeys(each.lower() for each in (found["one"], found["other"]) if each))
    return ("time",) if _TIME.search(label) else ("seller",)
