"""What nobody asked to change does not change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, shows
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules.common.echo import echo_marks
from emulator.judge.rules.common.values import told_alike
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.payload import as_json, at, every
from emulator.standard.breach import Breach, Check
from emulator.standard.kinds.facts import Kind

_FREE: Final = (
    "expectedPOQCompletionDate",
    "expectedQuoteCompletionDate",
    "expectedCompletionDate",
    "expectedResolutionDate",
    "expectedClosedDate",
    "plannedExecutionDate",
    "lastUpdateDate",
)
_GROWS: Final = (
    "note",
    "attachment",
    "relatedContactInformation",
    "relatedIssue",
    "milestone",
    "charge",
    "workOrder",
    "appointment",
)
_BUSY: Final = (
    "inProgress",
    "held",
    "pending",
    "assessing",
    "active.pending",
    "open",
    "planned",
    "created",
    "reopened",
)
"""How the states begin in which a Seller works on something, and may set what it likes."""

VERSION: Final = "lastUpdate"
"""The member by which a resource says when its Seller edited it last."""
STEADY: Final = "steady"
"""How the ids of the rules end that are silent where another rule finds fault with the same message."""


def steady(book: Rulebook, kind: str, *, free: tuple[str, ...] = ()) -> None:
    """Between two reads in the same state, with nothing asked of the Seller in between, a resource shows the same.

    No clause forbids that a Seller corrects itself, so a change is worth a warning only. Lists may grow, and
    dates that are expected may move. While the Seller works on a resource only its contacts are compared. Of members whose
    change an event tells the rules on events speak. What says of itself that it was edited in between is another version.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = _same_view(life, shown)
            if earlier is None or said.run.acted_between(earlier.exchange, said.exchange):
                continue
            if not told_alike(earlier.value.get(VERSION), shown.value.get(VERSION)):
                continue  # the Seller says that it was edited
            states = [_all_states(each.value, life.kind) for each in (earlier, shown)]
            if states[0] != states[1]:
                continue
            if earlier.value == shown.value:
                yield FINE
                continue
            before = earlier.value
            if any(str(state).startswith(_BUSY) for state in states[0]):
                before = {"relatedContactInformation": before.get("relatedContactInformation", [])}
            told = _told_of(said.run, life.kind, before)
            before = {name: value for name, value in before.items() if f"/{name}" not in told}
            log = (life.kind.history.member,) if life.kind.history else ()
            marks = echo_marks(
                before, shown.value, shown.place, free=("href", *_FREE, *free), grows=(*_GROWS, *log), alike=told_alike
            )
            yield from _as_hints(marks, earlier)

    on = shows(book.api, kind, "retrieve", "list")
    book.add((), look, on=on, about=f"a {kind} against what was shown of it before", name=f"{kind}.{STEADY}")


def keeps_all_but(
    book: Rulebook, kind: str, free: Callable[[Shown, Shown], tuple[str, ...]], *, grows: tuple[str, ...] = ()
) -> None:
    """Between two reads a resource shows the same, but for the members that are `free`, as those two reads have it: what a
    Seller changes without being asked. Lists that `grow` keep their entries. A change of others is worth a warning only.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange)
            if earlier is not None:
                left = ("href", *free(earlier, shown))
                marks = echo_marks(earlier.value, shown.value, shown.place, free=left, grows=grows, alike=told_alike)
                yield from _as_hints(marks, earlier)

    on = shows(book.api, kind, "retrieve")
    book.add((), look, on=on, about=f"a {kind} against what was shown of it before", name=f"{kind}.{STEADY}")


def _as_hints(marks: Iterator[Mark], earlier: Shown) -> Iterator[Mark]:
    for mark in marks:
        if isinstance(mark, Breach):
            words = f"{mark.place} was {as_json(mark.expected, 120)} in exchange {earlier.exchange.n}, "
            yield replace(mark, check=Check.HINT, message=f"{words}and nothing that was seen explains the change")
        else:
            yield mark


def _told_of(run: Run, kind: Kind, value: Mapping[str, Any]) -> frozenset[str]:
    """The members whose change by the Seller is told by an event, as pointers."""
    event = next((e for e in run.kinds.telling(kind.api) if e.kind == kind.name and e.cls == "attribute"), None)
    if event is None:
        return frozenset()
    return frozenset(event.said.get("members") or (f"/{name}" for name in value))


def _same_view(life: Life, shown: Shown) -> Shown | None:
    """The newest earlier sighting that shows as much."""
    for earlier in reversed(life.before(shown.exchange)):
        if earlier.whole == shown.whole:
            return earlier
    return None


def _all_states(value: Mapping[str, Any], kind: Kind) -> list[Any]:
    own = [at(value, kind.state_at)] if kind.state else []
    pattern = f"{kind.items_at}/*{kind.items.state.at}" if kind.items else ""
    return own + ([state for _, state in every(value, pattern)] if pattern else [])
