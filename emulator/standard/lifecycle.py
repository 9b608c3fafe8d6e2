"""State machines: the legal life of a resource, read from an API's `lifecycle.yaml`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from emulator.record.payload import escape
from emulator.standard.labels import Labels
from emulator.standard.strict import KEYED, Key, Mistake, Text, read_record

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
    """One arrow of a diagram; `clause` is the figure, table or requirement of the guide that has it. What more than one can
    bring about has an arrow for each.
    """

    source: Annotated[str, Key("from")]
    target: Annotated[str, Key("to")]
    by: Mover
    clause: Text
    note: str = ""


Chosen = Callable[[Transition], bool]
"""Whether an arrow counts."""


def _any(_arrow: Transition) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A state machine of a guide. `schema` names the contract's enum, `unused` its values that never occur here; `good` are the
    states of what others can be built on: a quote on a qualification, an order on a quote.
    """

    name: Annotated[str, KEYED]
    guide: Text
    schema: Text
    states: tuple[str, ...]
    initial: tuple[str, ...]
    terminal: tuple[str, ...]
    transitions: tuple[Transition, ...]
    unused: tuple[str, ...] = ()
    good: tuple[str, ...] = ()

    def told(self, labels: Labels) -> Lifecycle:
        """The same, with the guide and the clauses of its arrows as a release calls them."""
        arrows = (replace(each, clause=labels.within(self.guide, each.clause)) for each in self.transitions)
        return replace(self, guide=labels.guides.get(self.guide, self.guide), transitions=tuple(arrows))

    def allows(self, source: str | None, target: str) -> bool:
        """Whether a resource may go straight from `source` to `target`; None stands for creation."""
        if source is None:
            return target in self.initial
        return target in self.after(source)

    def after(self, source: str, by: Chosen = _any) -> tuple[str, ...]:
        """The states that may follow, in the order of the file; `by` chooses the arrows that count."""
        arrows = (arrow for arrow in self.transitions if arrow.source == source and by(arrow))
        return tuple(dict.fromkeys(arrow.target for arrow in arrows))

    def path(self, source: str | None, target: str, by: Chosen = _any) -> list[str]:
        """The shortest legal way: the states after `source` up to and including `target`, by the arrows that count.

        Empty where both are the same. Raises IllegalTransition where there is none.
        """
        if source == target:
            return []
        first = self.initial if source is None else self.after(source, by)
        came_from: dict[str, str | None] = dict.fromkeys(first)
        waiting = deque(first)
        while waiting:
            state = waiting.popleft()
            if state == target:
                return _walk_back(came_from, state)
            for following in self.after(state, by):
                if following not in came_from:
                    came_from[following] = state
                    waiting.append(following)
        raise IllegalTransition(self.name, source, target)

    def reaches(self, source: str | None, target: str, by: Chosen = _any) -> bool:
        """Whether `target` can be seen some time after `source`, however much went unseen in between."""
        try:
            self.path(source, target, by)
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


@dataclass(frozen=True, slots=True)
class LifecycleFile:
    """The whole file: machines by name."""

    machines: Mapping[str, Lifecycle]


def read_lifecycles(paths: Iterable[Path], labels: Labels | None = None) -> dict[str, Lifecycle]:
    """The lifecycles of these files by name, with what `labels` call their guides and clauses. FileProblem with `file:line:col`
    for every place in a file that is wrong.
    """
    found: dict[str, Lifecycle] = {}
    for path in paths:
        file: LifecycleFile = read_record(LifecycleFile, path, lambda file: _wrong(file, found))
        found.update(file.machines)
    return {name: each.told(labels) for name, each in found.items()} if labels else found


def _wrong(file: LifecycleFile, there: Collection[str]) -> Iterator[Mistake]:
    """What is wrong in a file; `there` are the machines of other files."""
    for name, lifecycle in file.machines.items():
        place = f"/machines/{escape(name)}"
        yield from (Mistake(place, f"{name}: {problem}", key=True) for problem in _problems(lifecycle))
        if name in there:
            yield Mistake(place, f"{name}: another API has a lifecycle of this name", key=True)


def _problems(lifecycle: Lifecycle) -> list[str]:
    """What is wrong with a machine in itself: unknown states, dead ends, life after the end, lost states."""
    states = set(lifecycle.states)
    named = {*lifecycle.initial, *lifecycle.terminal, *lifecycle.good}
    for arrow in lifecycle.transitions:
        named |= {arrow.source, arrow.target}
    problems = [f"{state} is not one of its states" for state in sorted(named - states)]
    for state in lifecycle.states:
        if bool(lifecycle.after(state)) == (state in lifecycle.terminal):
            problems.append(f"{state} must be terminal or have a way on, and not both")
        if not lifecycle.reaches(None, state):
            problems.append(f"{state} cannot be reached")
    return problems
