"""State machines: the legal life of a resource, read from `specs/sonata/<api>/lifecycle.yaml`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from emulator.errors import FileProblem
from emulator.settings import specs_dir
from emulator.standard.source import read_source

Mover = Literal["buyer", "seller", "time"]
"""Who brings a transition about: a request of the buyer's, a decision of the seller's, or the passing of time."""


class IllegalTransition(Exception):  # noqa: N818 - the name says it
    """A change of state that the lifecycle does not have: always an error of ours, never of the partner's."""

    def __init__(self, lifecycle: str, source: str | None, target: str) -> None:
        super().__init__(f"{lifecycle}: there is no way from {source or 'creation'} to {target}")
        self.lifecycle = lifecycle
        self.source = source
        self.target = target


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of a diagram; `clause` is the figure, table or requirement of the guide that has it."""

    source: str
    target: str
    by: Mover
    clause: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A state machine of a guide. `schema` names the contract's enum, `unused` its values that never occur here."""

    name: str
    guide: str
    schema: str
    states: tuple[str, ...]
    initial: tuple[str, ...]
    terminal: tuple[str, ...]
    transitions: tuple[Transition, ...]
    unused: tuple[str, ...] = ()

    def allows(self, source: str | None, target: str) -> bool:
        """Whether a resource may go straight from `source` to `target`; None stands for creation."""
        if source is None:
            return target in self.initial
        return target in self.after(source)

    def after(self, source: str) -> tuple[str, ...]:
        """The states that may follow, in the order of the file."""
        return tuple(arrow.target for arrow in self.transitions if arrow.source == source)

    def path(self, source: str | None, target: str) -> list[str]:
        """The shortest legal way: the states after `source` up to and including `target`.

        Empty where both are the same. Raises IllegalTransition where there is none.
        """
        if source == target:
            return []
        first = self.initial if source is None else self.after(source)
        came_from: dict[str, str | None] = dict.fromkeys(first)
        waiting = deque(first)
        while waiting:
            state = waiting.popleft()
            if state == target:
                return _walk_back(came_from, state)
            for following in self.after(state):
                if following not in came_from:
                    came_from[following] = state
                    waiting.append(following)
        raise IllegalTransition(self.name, source, target)

    def reaches(self, source: str | None, target: str) -> bool:
        """Whether `target` can be seen some time after `source`, however much went unseen in between."""
        try:
            self.path(source, target)
        except IllegalTransition:
            return False
        return True


def _walk_back(came_from: dict[str, str | None], state: str) -> list[str]:
    way = [state]
    before = came_from[state]
    while before is not None:
        way.append(before)
        before = came_from[before]
    return way[::-1]


def load_lifecycles(specs: Path | None = None) -> dict[str, Lifecycle]:
    """All lifecycles of the six functions by name; read once. Raises FileProblem where a file is wrong."""
    return dict(_load(specs or specs_dir()))


@cache
def _load(specs: Path) -> dict[str, Lifecycle]:
    found: dict[str, Lifecycle] = {}
    for path in sorted((specs / "sonata").glob("*/lifecycle.yaml")):
        for name, machine in read_source(path)["machines"].items():
            lifecycle = _build(name, machine)
            if problems := list(_problems(lifecycle)):
                raise FileProblem([f"{path}: {name}: {problem}" for problem in problems])
            found[name] = lifecycle
    return found


def _build(name: str, machine: dict[str, Any]) -> Lifecycle:
    return Lifecycle(
        name=name,
        guide=machine["guide"],
        schema=machine["schema"],
        states=tuple(machine["states"]),
        initial=tuple(machine["initial"]),
        terminal=tuple(machine["terminal"]),
        transitions=tuple(
            Transition(arrow["from"], arrow["to"], arrow["by"], arrow["clause"], arrow.get("note", ""))
            for arrow in machine["transitions"]
        ),
        unused=tuple(machine.get("unused", ())),
    )


def _problems(lifecycle: Lifecycle) -> list[str]:
    """What is wrong with a machine in itself: unknown states, dead ends, life after the end, lost states."""
    states = set(lifecycle.states)
    named = {*lifecycle.initial, *lifecycle.terminal}
    for arrow in lifecycle.transitions:
        named |= {arrow.source, arrow.target}
    problems = [f"{state} is not one of its states" for state in sorted(named - states)]
    for state in lifecycle.states:
        if bool(lifecycle.after(state)) == (state in lifecycle.terminal):
            problems.append(f"{state} must be terminal or have a way on, and not both")
        if not lifecycle.reaches(None, state):
            problems.append(f"{state} cannot be reached")
    return problems
