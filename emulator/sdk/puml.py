"""State diagrams in PlantUML: the arrows between states, decisions taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"\[\*\]|\"[^\"\n]{1,80}\"|[\w.]{1,80}"
_ARROW: Final = re.compile(
    rf"\s*(?P<from>{_NAME})\s*(?P<back><)?-+[a-z]{{0,10}}(?P<look>\[[^\]\n]*\])?[a-z]{{0,10}}-*(?P<on>>)?\s*"
    rf"(?P<to>{_NAME})\s*(?::(?P<label>.*))?\Z"
)
_CHOICE: Final = re.compile(r"\s*state\s+(?P<name>[\w.]{1,80})\s*<<\s*(?:choice|fork|join|start|end)\s*>>")
_ALIAS: Final = re.compile(r"\s*state\s+\"(?P<long>[^\"\n]{1,80})\"\s+as\s+(?P<short>[\w.]{1,80})")
_STAR: Final = "[*]"
_LINES: Final = 5000
_LONGEST: Final = 1000
_STATES: Final = 200


@dataclass(frozen=True, slots=True)
class DiagramArrow:
    """An arrow of a diagram, from a state to another one, with what is written beside it."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class StateDiagram:
    """A diagram: states in the order in which they are named, those it begins with, and its arrows."""

    states: tuple[str, ...]
    initial: tuple[str, ...]
    arrows: tuple[DiagramArrow, ...]


def read_diagram(text: str) -> StateDiagram | None:
    """The diagram in a text; None where it is no state diagram."""
    if _STAR not in text:
        return None
    choices: set[str] = set()
    names: dict[str, str] = {}
    drawn: list[DiagramArrow] = []
    for line in text.splitlines()[:_LINES]:
        if len(line) > _LONGEST or line.lstrip().startswith("'"):
            continue
        if found := _CHOICE.match(line):
            choices.add(found["name"])
        elif found := _ALIAS.match(line):
            names[found["short"]] = found["long"]
        elif (found := _ARROW.match(line)) and bool(found["back"]) is not bool(found["on"]):
            if "hidden" in (found["look"] or ""):
                continue
            ends = [end.strip('"') for end in (found["from"], found["to"])]
            source, target = reversed(ends) if found["back"] else ends
            drawn.append(DiagramArrow(source, target, (found["label"] or "").replace("\\n", " ").strip()))
    arrows = [
        DiagramArrow(names.get(each.source, each.source), names.get(each.target, each.target), each.label)
        for each in _without_choices(drawn, choices)
    ]
    states = tuple(
        dict.fromkeys(end for each in arrows for end in (each.source, each.target) if end != _STAR)
    )  # in the order of the drawing
    initial = tuple(dict.fromkeys(each.target for each in arrows if each.source == _STAR and each.target != _STAR))
    inner = tuple(dict.fromkeys(each for each in arrows if _STAR not in (each.source, each.target)))
    if not initial or len(states) > _STATES:
        return None
    return StateDiagram(states, initial, inner)


def _without_choices(drawn: list[DiagramArrow], choices: Iterable[str]) -> Iterator[DiagramArrow]:
    """The arrows between states: a way through decisions is one arrow, with all that is written along it."""
    after: dict[str, list[DiagramArrow]] = {name: [] for name in choices}
    for each in drawn:
        if each.source in after:
            after[each.source].append(each)
    for each in drawn:
        if each.source in after:
            continue
        waiting, seen = [(each.target, each.label)], set[str]()
        while waiting:
            target, label = waiting.pop(0)
            if target not in after:
                yield DiagramArrow(each.source, target, label)
            elif target not in seen:
                seen.add(target)
                waiting += [(on.target, "; ".join(filter(None, (label, on.label)))) for on in after[target]]
