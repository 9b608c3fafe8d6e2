"""What the standard and the judge say beyond any run: requirements, rules, state machines, for the page to look up."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from emulator.judge.explanation import rule_table
from emulator.judge.listing import rules_by_requirement
from emulator.report.explain import why
from emulator.report.played import Cause
from emulator.standard.lifecycle import Lifecycle
from emulator.standard.release import Release


def catalogue(release: Release) -> dict[str, Any]:
    """`{release, guides, requirements, rules, machines, causes}` of a release, as plain JSON; made once."""
    return release.made(_catalogue)


def _catalogue(release: Release) -> dict[str, Any]:
    return {
        "release": release.name,
        "guides": _guides(release),
        "requirements": _requirements(release),
        "rules": rule_table(release),
        "machines": {name: _machine(machine) for name, machine in release.lifecycles.items()},
        "causes": {str(cause): why(str(cause)) for cause in Cause},
    }


def _guides(release: Release) -> dict[str, Any]:
    """By guide: its first API with its version, and the business functions that it is about; of one of no API its title."""
    found: dict[str, dict[str, Any]] = {}
    for entry in release.entries:
        if entry.kind == "management":
            title, known = release.titles[entry.api], found.get(entry.guide)
            if known is None:
                found[entry.guide] = {"api": entry.api, "version": entry.version, "function": title}
            else:
                known["function"] += f", {title}"
    return {**found, **{guide: {"function": row.title} for guide, row in release.claimable.items()}}


def _requirements(release: Release) -> dict[str, Any]:
    speaking = rules_by_requirement(release)
    rows = {
        each.id: {
            "guide": each.guide,
            "label": each.label,
            "section": each.section,
            "title": each.title,
            "keyword": str(each.keyword),
            "side": str(each.side),
            "option": f"{each.guide}-{each.if_supported}" if each.if_supported else None,
            "seen": each.seen,
            "not_on_wire": each.not_on_wire,
            "note": each.note,
            "claimed": each.guide in release.claimable,
            "rules": speaking.get(each.id, []),
        }
        for each in release.numbered.values()
    }
    return {name: {key: value for key, value in row.items() if value} for name, row in rows.items()}


def _machine(machine: Lifecycle) -> dict[str, Any]:
    return {
        "guide": machine.guide,
        "initial": list(machine.initial),
        "terminal": list(machine.terminal),
        "places": {state: list(place) for state, place in places(machine).items()},
        "edges": [
            {"from": arrow.source, "to": arrow.target, "by": arrow.by, "clause": arrow.clause, "note": arrow.note}
            for arrow in machine.transitions
        ],
    }


def places(machine: Lifecycle) -> dict[str, tuple[int, int]]:
    """Where each state stands in a drawing: its column (how far from creation) and its row, no two in one place.

    Rows follow those of the states before, so that arrows cross seldom; states with a way on come first.
    """
    columns: dict[int, list[str]] = defaultdict(list)
    for state, distance in _distances(machine).items():
        columns[distance].append(state)
    found: dict[str, tuple[int, int]] = {}
    for column in sorted(columns):
        before = {state: row for state, (_, row) in found.items()}

        def order(state: str, before: dict[str, int] = before) -> tuple[bool, float, int]:
            rows = [
                before[arrow.source]
                for arrow in machine.transitions
                if arrow.target == state and arrow.source in before
            ]
            middle = sum(rows) / len(rows) if rows else 0.0
            return state in machine.terminal, middle, machine.states.index(state)

        for row, state in enumerate(sorted(columns[column], key=order)):
            found[state] = (column, row)
    return found


def _distances(machine: Lifecycle) -> dict[str, int]:
    """How many changes lie at least between the first of the initial states and each state."""
    followed = {arrow.target for arrow in machine.transitions}
    first, *others = machine.initial
    distance = dict.fromkeys([first, *(state for state in others if state not in followed)], 0)
    waiting = deque(distance)
    while waiting:
        state = waiting.popleft()
        for after in machine.after(state):
            if after not in distance:
                distance[after] = distance[state] + 1
                waiting.append(after)
    return {state: distance.get(state, 0) for state in machine.states}
