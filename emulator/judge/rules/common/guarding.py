"""Some ways of a lifecycle are the Buyer's alone: nobody goes them unasked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from emulator.judge.acting import acts_on, acts_on_any, may_have_worked
from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.effects import is_late
from emulator.judge.rules.common.states import Machine
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.kinds.facts import Kind
from emulator.standard.lifecycle import Lifecycle, Transition

Reading = tuple[str, str]


def unasked(
    book: Rulebook,
    labels: Labels,
    machine: Machine,
    *,
    on: On,
    beside: Mapping[str, tuple[str, ...]] | None = None,
    doubted: Mapping[str, Reading] | None = None,
    name: str = "unasked",
) -> None:
    """Between two sightings a state went on by arrows of the Seller's, or of time's, unless the Buyer asked for more.

    Only resources that the run saw made are looked at: others may be in somebody else's hands too. An act of the Buyer's
    explains the state that it leads to, a change (PATCH) all states that no act leads to. `beside` names, by state, the
    kinds of resource whose acts explain it as well. A state is `doubted` where the register leaves open whether the Buyer
    alone brings it about: then it is a hint, unless the partners pinned that reading.
    """
    kinds, open_ones = beside or {}, doubted or {}

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange, whole=False)
            if earlier is None or life.asked is None or (machine.where and not machine.where(shown.value)):
                continue
            known = said.run.release.lifecycles[machine.lifecycle]
            state, was = at(shown.value, machine.state), at(earlier.value, machine.state)
            if state == was or state not in known.states or was not in known.states or not known.reaches(was, state):
                continue
            yield _mark(
                known, _asked_for(said.run, life, earlier, shown, kinds), was, shown, machine, said.run, open_ones
            )

    about = f"{machine.state} against what was shown before and what the Buyer asked for since"
    book.add(labels, look, on=on, about=about, name=name)


def _mark(
    known: Lifecycle,
    asked: set[str],
    was: str,
    shown: Shown,
    machine: Machine,
    run: Run,
    doubted: Mapping[str, Reading],
) -> Mark:
    state, here = at(shown.value, machine.state), f"{shown.place}{machine.state}"

    def open_to(arrow: Transition) -> bool:
        return arrow.by != "buyer" or arrow.target in asked

    if known.reaches(was, state, open_to):
        return FINE
    reached = known.reaches(was, state, lambda arrow: open_to(arrow) or arrow.target in doubted)
    reading = next(iter(doubted.values())) if reached else None
    pinned = reading is not None and run.reads_as(*reading)
    expected = [state for state in known.states if known.reaches(was, state, open_to)]
    message = f"{here} is {state} after {was}, and nothing that was asked for explains it"
    return breach(
        here, expected, state, message, reading=reading if pinned else None, hint=bool(reading) and not pinned
    )


def _asked_for(run: Run, life: Life, earlier: Shown, shown: Shown, beside: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The states to which what the Buyer asked for can have led since a sighting."""
    found: set[str] = set()
    for act in _under_way(run, acts_on(run, life), earlier, shown):
        found |= _leads_to(run, life.kind, str(act.operation))
    for state, kinds in beside.items():
        if any(True for kind in kinds for _ in _under_way(run, acts_on_any(run, kind), earlier, shown)):
            found.add(state)
    return found


def _under_way(run: Run, acts: Sequence[Exchange], earlier: Shown, shown: Shown) -> Iterator[Exchange]:
    """Those of some acts that came between two sightings, or so shortly before that the first need not show them yet."""
    begin = bisect_right(acts, earlier.exchange.n, key=lambda each: each.n)
    while begin and not is_late(run, acts[begin - 1], earlier):
        begin -= 1
    for act in acts[begin:]:
        if act.n <= shown.exchange.n and may_have_worked(act):
            yield act


def _leads_to(run: Run, kind: Kind, operation: str) -> set[str]:
    act = kind.acts.get(operation)
    if act is not None:
        return {act.to, act.then}
    by_acts = {state for each in kind.acts.values() for state in (each.to, each.then)}
    lifecycles = run.release.lifecycles
    machines = [lifecycles[name] for name in kind.cycle.names.values() if name in lifecycles] if kind.cycle else []
    return {state for machine in machines for state in machine.states} - by_acts
