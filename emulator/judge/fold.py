"""Folds: what rules gather from a run exchange by exchange, so that none of them walks over all of it for each message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from emulator.record.exchange import Exchange

if TYPE_CHECKING:
    from emulator.judge.run import Run, Shown

Known = TypeVar("Known")
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Fold(Generic[Known]):
    """Something to know of a run, to which each exchange can add.

    `start` makes what is known before the first exchange, `take` adds an exchange to it. `Run.known` answers with
    what is known by now; it hands over each exchange once, in order. Who asks only reads the answer.
    """

    start: Callable[[], Known]
    take: Callable[[Known, Run, Exchange], None]


@dataclass(slots=True)
class Taken(Generic[Known]):
    """What a fold knows, and from how many exchanges."""

    known: Known
    taken: int = 0


def grouped(api: str, operation: str, by: Callable[[Exchange], Any]) -> Fold[dict[str, list[Exchange]]]:
    """The exchanges of an operation by a text that `by` finds in them, such as the id of what they are about; or by several."""

    def take(known: dict[str, list[Exchange]], _run: Run, exchange: Exchange) -> None:
        if exchange.operation == operation and exchange.api == api:
            found = by(exchange)
            for key in found if isinstance(found, tuple) else (found,):
                if isinstance(key, str):
                    known.setdefault(key, []).append(exchange)

    return Fold(dict, take)


def first_told(kind: str, of: Callable[[Shown], Value | None]) -> Fold[dict[str, tuple[Shown, Value]]]:
    """By its id, the first sighting of each resource of the kind of that name in which `of` finds something, with what that was."""

    def take(known: dict[str, tuple[Shown, Value]], run: Run, exchange: Exchange) -> None:
        for shown, life in run.lived(exchange):
            if life.kind.name == kind and life.id not in known and (found := of(shown)) is not None:
                known[life.id] = shown, found

    return Fold(dict, take)
