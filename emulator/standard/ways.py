"""Ways through the lifecycles: whether a path of states is one that a right seller could go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from emulator.errors import UserError
from emulator.standard.lifecycle import Lifecycle, load_lifecycles


@cache
def _machines(kind: str) -> tuple[Lifecycle, ...]:
    """The lifecycles of a kind of resource: a firm quote has another one than a budgetary one."""
    try:
        machines = load_lifecycles()
    except (UserError, OSError):
        return ()
    return tuple(machine for name, machine in machines.items() if name == kind or name.startswith(kind + "."))


@cache
def states_of(kind: str) -> frozenset[str]:
    """Every state that the standard knows for a kind of resource; empty where it has no lifecycle."""
    return frozenset(state for machine in _machines(kind) for state in (*machine.states, *machine.unused))


def misstep(kind: str, states: Sequence[str]) -> tuple[int, str] | None:
    """The first of some states that no lifecycle of a kind of resource has after the one before, and why.

    None where one lifecycle has them all, or where states are unknown, which is a problem of its own. A path may
    leave out the state in which every resource begins, and an order may stay in a state for a step that sets members.
    """
    known = states_of(kind)
    if not known or not all(state in known for state in states):
        return None
    found: list[tuple[int, str]] = []
    for machine in _machines(kind):
        begins = ["acknowledged"] if states and not machine.allows(None, states[0]) else []
        before: list[str | None] = [None, *begins, *states]
        way = [*begins, *states]
        wrong = next((n for n, to in enumerate(way) if not _goes(machine, kind, before[n], to)), None)
        if wrong is None:
            return None
        source = before[wrong] or "its creation"
        known_ways = ", ".join(machine.after(source) if before[wrong] else machine.initial) or "nothing"
        index = max(wrong - len(begins), 0)
        found.append((index, f"the lifecycle does not go from {source} to {way[wrong]}; it goes to {known_ways}"))
    return max(found, key=lambda pair: pair[0], default=None)


def _goes(machine: Lifecycle, kind: str, source: str | None, to: str) -> bool:
    return machine.allows(source, to) or (kind == "productOrder" and source == to)
