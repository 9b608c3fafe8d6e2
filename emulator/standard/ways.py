"""Ways through the lifecycles: whether a path of states is one that a right seller could go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.standard.lifecycle import Lifecycle
    from emulator.standard.release import Release


def machines_of(release: Release, kind: str) -> tuple[Lifecycle, ...]:
    """The lifecycles of a kind of resource: a firm quote has another one than a budgetary one. None for an unknown kind."""
    known = release.kinds.kinds.get(kind)
    names = dict.fromkeys(known.cycle.names.values()) if known and known.cycle else ()
    return tuple(release.lifecycles[name] for name in names)


def states_of(release: Release, kind: str) -> frozenset[str]:
    """Every state that the standard knows for a kind of resource; empty where it has no lifecycle."""
    return frozenset(state for machine in machines_of(release, kind) for state in (*machine.states, *machine.unused))


def misstep(release: Release, kind: str, states: Sequence[str]) -> tuple[int, str] | None:
    """The first of some states that no lifecycle of a kind of resource has after the one before, and why.

    None where one lifecycle has them all, or where states are unknown, which is a problem of its own. A path may
    leave out the state in which resources begin; one that can be patched may stay in a state for a step that sets members.
    """
    known = states_of(release, kind)
    if not known or not all(state in known for state in states):
        return None
    stays = bool(release.kinds.kind(kind).views.get("patch"))
    found: list[tuple[int, str]] = []
    for machine in machines_of(release, kind):
        begins = list(machine.initial[:1]) if states and not machine.allows(None, states[0]) else []
        before: list[str | None] = [None, *begins, *states]
        way = [*begins, *states]
        wrong = next(
            (n for n, to in enumerate(way) if not (machine.allows(before[n], to) or (stays and before[n] == to))), None
        )
        if wrong is None:
            return None
        source = before[wrong] or "its creation"
        known_ways = ", ".join(machine.after(source) if before[wrong] else machine.initial) or "nothing"
        index = max(wrong - len(begins), 0)
        found.append((index, f"the lifecycle does not go from {source} to {way[wrong]}; it goes to {known_ways}"))
    return max(found, key=lambda pair: pair[0], default=None)
