"""States go along their lifecycles, and histories tell the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules.common.values import Labels, by_id, id_of, moment, named, one_moment
from emulator.judge.run import Life, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.kinds.facts import History
from emulator.standard.lifecycle import Lifecycle

Chooses = Callable[[Mapping[str, Any]], bool]
"""Whether a resource is one of those that are meant."""

STATE_CHANGE: Final = History("/stateChange", "state", "changeDate", "")
"""The history that most resources have."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A lifecycle and what it is about: the resource (`holder` ""), or its items (`/quoteItem/*`).

    `where` chooses by the resource (firm or budgetary quotes), `untold` are states that the `history` can leave out. `spelt` has
    other spellings of states, with those of the lifecycle.
    """

    lifecycle: str
    holder: str = ""
    state: str = "/state"
    where: Chooses | None = None
    untold: tuple[str, ...] = ()
    history: History = STATE_CHANGE
    spelt: Mapping[str, str] = field(default_factory=dict)

    def state_in(self, value: Any) -> Any:
        """The state that a resource or an item shows, as the lifecycle spells it."""
        found = at(value, self.state)
        return self.spelt.get(found, found) if isinstance(found, str) else found


def goes_legally(
    book: Rulebook,
    labels: Labels,
    machine: Machine,
    *,
    on: On,
    reading: Callable[[Any, Any], tuple[str, str] | None] = lambda _was, _now: None,
    name: str = "path",
) -> None:
    """Between two sightings a state went on along the lifecycle, however many states went unseen in between. `reading` is
    the one by which alone there is no way from a state to another.

    A state that the lifecycle does not have is the contract's business.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange, whole=bool(machine.holder))  # a list shows no items
            if machine.where and not machine.where(shown.value):
                continue
            known = said.run.release.lifecycles[machine.lifecycle]
            for place, value, before in _with_past(shown, earlier, machine.holder):
                state, was = machine.state_in(value), machine.state_in(before)
                here = f"{shown.place}{place}{machine.state}"
                if state in known.unused:
                    yield breach(here, list(known.states), state, f"{here} is {state}, which {known.name} never is")
                if state not in known.states:
                    continue
                if was in known.states:
                    if known.reaches(was, state):
                        yield FINE
                        continue
                    yield breach(
                        here,
                        f"a state that can follow {was}",
                        state,
                        f"{here} is {state} after {was}, from which there is no way to it",
                        reading=reading(was, state),
                    )
                elif shown.exchange is life.asked:
                    yield hold(here, known.reaches(None, state), expected=list(known.initial), found=state)

    about = f"{machine.holder}{machine.state} against what was shown before"
    book.add(labels, look, on=on, about=about, name=name, places=(machine.holder + machine.state,))


def _with_past(shown: Shown, earlier: Shown | None, holder: str) -> Iterator[tuple[str, Any, Any]]:
    """Each holder with its earlier self, or MISSING."""
    if not holder:
        yield "", shown.value, earlier.value if earlier else MISSING
        return
    before = by_id(value for _, value in every(earlier.value, holder)) if earlier else {}
    for place, value in every(shown.value, holder):
        yield place, value, before.get(id_of(value), MISSING) if isinstance(id_of(value), str) else MISSING


def tells_history(
    book: Rulebook, labels: Labels, machine: Machine, *, on: On, needed: bool = False, name: str = "history"
) -> None:
    """The history of each holder tells the truth: each state that was shown before is in it, the newest entry is
    the state it is in, the entries follow one another along the lifecycle, none that was told before is gone, and
    none is of a later moment than the answer.

    Where there is no history, nothing is said, unless `needed`. Entries may come in any order: their
    dates count, and among equal dates any order that is legal will do.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            if not shown.whole or (machine.where and not machine.where(shown.value)):
                continue
            earlier = life.last_before(said.exchange)
            known = said.run.release.lifecycles[machine.lifecycle]
            for place, value, before in _with_past(shown, earlier, machine.holder):
                here = f"{shown.place}{place}{machine.history.at}"
                entries = at(value, machine.history.at)
                if not isinstance(entries, list) or not entries:
                    told_before = at(before, machine.history.at) not in (MISSING, None, [])
                    if (needed or told_before) and entries in (MISSING, None, []):
                        yield breach(here, "the states it went through", entries,
                                     f"{here} {'was there before and is gone' if told_before else 'is missing'}")  # fmt: skip
                    continue
                yield from _history_marks(here, entries, value, before, known, machine, life, said)

    place = f"{machine.holder}{machine.history.at}"
    book.add(labels, look, on=on, about=f"{place} against the states shown", name=name, places=(place,))


def _history_marks(
    here: str,
    entries: list[Any],
    value: Any,
    before: Any,
    known: Lifecycle,
    machine: Machine,
    life: Life,
    said: Said,
) -> Iterator[Mark]:
    yield from _entry_marks(here, entries, known, machine.history)
    told = [_told(entry, machine.history) for entry in entries]
    if any(when is None or state not in known.states for when, state in told):
        return  # the contract's business
    # What went to and fro within one moment shows a state twice at that.
    repeated = {when for when, state in told if told.count((when, state)) > 1}
    if any(len({state for at_that, state in told if at_that == when}) == 1 for when in repeated):
        yield breach(here, "each change once", len(told), f"{here} tells of the same change twice", hint=True)
    yield from _witness_marks(here, {state for _, state in told}, value, machine, known, life, said)
    current = at(value, machine.state)
    ordered = sorted(told, key=lambda entry: entry[0].timestamp() if entry[0] else 0.0)
    newest = [state for when, state in ordered if when == ordered[-1][0]]
    if current in known.states:
        yield hold(here, current in newest, expected=current, found=newest[-1],
                   message=f"the newest entry of {here} is {newest[-1]}, and the state is {current}")  # fmt: skip
    yield from _order_marks(here, ordered, known)
    yield from _kept_marks(here, told, before, known, machine.history)


def _told(entry: Any, history: History) -> tuple[datetime | None, Any]:
    return moment(at(entry, f"/{history.moment}")), at(entry, f"/{history.state}")


def _entry_marks(here: str, entries: list[Any], known: Lifecycle, history: History) -> Iterator[Mark]:
    """Each entry says when and which state, and no state of another lifecycle."""
    for index, entry in enumerate(entries):
        if at(entry, f"/{history.state}") in known.unused:
            found = entry[history.state]
            yield breach(f"{here}/{index}/{history.state}", list(known.states), found, f"{known.name} never is so")
        for member in (history.state, history.moment):
            if isinstance(entry, dict) and not given(entry.get(member)):
                what = "when" if member == history.moment else "which state"
                yield breach(f"{here}/{index}/{member}", "a value", entry.get(member, MISSING),
                             f"{here}/{index} does not say {what}", hint=True)  # fmt: skip


def _witness_marks(
    here: str, told: set[Any], value: Any, machine: Machine, known: Lifecycle, life: Life, said: Said
) -> Iterator[Mark]:
    """Each state that was shown before is told of."""
    identifier = id_of(value) if machine.holder else None
    for sighting in _since_last_history(life, said.exchange, machine.history):
        for state in _states_of(sighting, machine, identifier):
            if state in known.states and state not in machine.untold:
                yield hold(here, state in told, expected=state, found=sorted(told),
                           message=f"{here} does not tell of {state}, which exchange {sighting.exchange.n} showed")  # fmt: skip


def _order_marks(here: str, ordered: Sequence[tuple[datetime | None, Any]], known: Lifecycle) -> Iterator[Mark]:
    """Each entry can follow the one before it; of equal dates any order will do."""
    groups = [[state for _, state in entries] for _, entries in groupby(ordered, key=lambda entry: entry[0])]
    ends = groups[0]
    for group in groups[1:]:
        begins = [new for new in group if any(old == new or known.allows(old, new) for old in ends)]
        if begins:
            yield FINE
        else:
            yield breach(here, f"a state that can follow {ends[-1]}", group[0],
                         f"{here} tells of {group[0]} right after {ends[-1]}, from which there is no direct way to it")  # fmt: skip
        # Where one entry alone can have been the first of its date, it was not the last.
        ends = [state for state in group if [state] != begins or len(group) == 1]


def _kept_marks(
    here: str, told: Sequence[tuple[datetime | None, Any]], before: Any, known: Lifecycle, history: History
) -> Iterator[Mark]:
    """What was told of before is still told of."""
    for _, entry in every(before, f"{history.at}/*"):
        old = _told(entry, history)
        if old[0] is not None and old[1] in known.states:
            when = at(entry, f"/{history.moment}")
            kept = any(state == old[1] and one_moment(old[0], other) for other, state in told)
            yield hold(here, kept, expected=f"{old[1]} at {when}", found=sorted({str(s) for _, s in told}),
                       message=f"{here} no longer tells of {old[1]} at {when}")  # fmt: skip


def _since_last_history(life: Life, exchange: Exchange, history: History) -> Iterator[Shown]:
    """The sightings back to the newest that told a history itself: what it told of is compared entry by entry."""
    for sighting in reversed(life.before(exchange)):
        yield sighting
        if sighting.whole and given(at(sighting.value, history.at)):
            return


def _states_of(sighting: Shown, machine: Machine, identifier: Any) -> Iterator[Any]:
    if not machine.holder:
        yield at(sighting.value, machine.state)
        return
    nameless = named(sighting.value, machine.holder, MISSING) if identifier is None else ()
    for value in (*named(sighting.value, machine.holder, identifier), *nameless):
        yield at(value, machine.state)
