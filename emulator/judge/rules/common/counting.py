"""Events against the changes that took place: no more are told than there were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.judge.dues import history_of
from emulator.judge.ledger import Account, Told, ledger_at_end
from emulator.judge.rule import FINE, Remark, on_request
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.run import Run
from emulator.record.payload import MISSING, at, every
from emulator.standard.kinds.facts import Cycle, Event, Kind
from emulator.standard.lifecycle import Lifecycle

if TYPE_CHECKING:
    from emulator.standard.release import Release


def accounts(run: Run, api: str) -> Iterator[Account]:
    """The pages of an API's resources."""
    return (page for page in ledger_at_end(run).accounts if page.kind.api == api)


def of_what_took_place(book: Rulebook) -> None:
    """No more changes of state are told than lead to what is read afterwards."""

    @book.at_end(name="event-changes")
    def took_place(run: Run) -> Iterator[Remark]:
        """By the time of a read, no more changes were told of than lead to what it shows; it came into being once."""
        once = frozenset(event.type for event in run.kinds.telling(book.api) if _happens_once(event, run))
        for page in accounts(run, book.api):
            shown = next((one for one in reversed(page.life.shown) if one.whole or not page.life.whole), None)
            for (event_type, item), events in _changes_told(page, shown.exchange.n if shown else 0, once).items():
                if shown is None:
                    continue
                value = shown.value if item is None else _item(shown.value, page.kind, item)
                most = 1 if event_type in once else _most_changes(run, page.kind, value, whole=item is None)
                if most is None:
                    continue
                told = len({one.event_id or one.exchange.n for one in events})
                each = max(page.listening.count(event_type, events[-1].exchange.n), 1)
                yield on_request(
                    events[-1].exchange,
                    FINE
                    if told <= most * each
                    else breach(
                        "/event/id",
                        f"{most} changes at most",
                        told,
                        f"{event_type} told of {told} changes of {page.kind.name} {page.id}"
                        + (f", item {item}" if item else "")
                        + f", and exchange {shown.exchange.n} shows {_state(page.kind, value, whole=item is None)}",
                        hint=True,
                    ),
                )


def _state(kind: Kind, value: Any, *, whole: bool) -> Any:
    of = kind.items if kind.items and not whole else kind
    return at(value, of.state.at) if of.state else MISSING


def _changes_told(page: Account, before: int, once: frozenset[str]) -> dict[tuple[str, str | None], list[Told]]:
    """The events of changes of state that came before an exchange, by type and item."""
    found: dict[tuple[str, str | None], list[Told]] = {}
    for told in page.told:
        event = page.run.event(told.exchange)
        happens = event is not None and (event.cls == "state" or event.type in once)
        if event and happens and told.exchange.n < before:
            if not event.item:
                found.setdefault((told.event_type, None), []).append(told)
            elif told.item is not None:
                found.setdefault((told.event_type, told.item), []).append(told)
    return found


def _item(value: Any, kind: Kind, identifier: str | None) -> Any:
    return next((item for _, item in every(value, f"{kind.items_at}/*") if at(item, "/id") == identifier), MISSING)


def _most_changes(run: Run, kind: Kind, value: Any, *, whole: bool) -> int | None:
    """How many changes can lie behind what a resource, or an item, shows; None where nobody can say."""
    of = kind.items if kind.items and not whole else kind
    history = history_of(value, of.history)
    if history:
        return sum(not _is_first(run, of.cycle, state) for _, state in history)
    state = at(value, of.state.at if of.state else "")
    if _is_first(run, of.cycle, state):
        return 0
    cycle = kind.cycle.of(value) if whole and kind.cycle and not kind.cycle.on else None
    return run.release.made(_LongestWays).to(cycle, state) if cycle and isinstance(state, str) else None


def _is_first(run: Run, cycle: Cycle | None, state: Any) -> bool:
    """Whether nothing comes before a state: who is in it has not changed."""
    lifecycles = run.release.lifecycles
    machines = [lifecycles[name] for name in cycle.names.values() if name in lifecycles] if cycle else []
    known = [machine for machine in machines if state in machine.states]
    return bool(known) and all(
        state in machine.initial and all(arrow.target != state for arrow in machine.transitions) for machine in known
    )


class _LongestWays:
    """The most changes on the way to each state of a release's lifecycles, each counted once."""

    def __init__(self, release: Release) -> None:
        self._machines = release.lifecycles
        self._found: dict[tuple[str, str], int | None] = {}

    def to(self, name: str, state: str) -> int | None:
        """None where there is a circle on the way, or no such state."""
        if (name, state) not in self._found:
            machine = self._machines.get(name)
            self._found[name, state] = self._count(machine, state) if machine and state in machine.states else None
        return self._found[name, state]

    def _count(self, machine: Lifecycle, state: str) -> int | None:
        def back(target: str, behind: frozenset[str]) -> float:
            if target in behind:
                return float("inf")
            before = [arrow.source for arrow in machine.transitions if arrow.target == target]
            return max((1 + back(source, behind | {target}) for source in before), default=0)

        most = back(state, frozenset())
        return None if most == float("inf") else int(most)


def _happens_once(event: Event, run: Run) -> bool:
    """Whether an event tells of what happens to a resource once: that it came into being, or to one of its ends."""
    cycle = run.kinds.kind(event.kind).cycle
    lifecycles = run.release.lifecycles
    names = [name for name in cycle.names.values() if name in lifecycles] if cycle else []
    ends = [event.state in lifecycles[name].terminal for name in names]
    return event.cls == "create" or (event.cls == "reached" and bool(ends) and all(ends))
