"""The sheet of an API, `resources.yaml`: what no shape of its contract says, and where the contract contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from emulator.plain_yaml import Located, load_located
from emulator.standard.kinds.facts import Maker
from emulator.standard.strict import Key, read_located

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _none() -> Any:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class CycleSays:
    """Which lifecycle: `name`, or that which the value at the pointer `by` (where it is not shown, at `or`) chooses from
    `values`.
    """

    name: str = ""
    by: str = ""
    other: Annotated[str, Key("or")] = ""
    values: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class ItemsSay:
    """What a sheet says of items."""

    lifecycle: CycleSays | None = None


@dataclass(frozen=True, slots=True)
class ActSays:
    """The state that an act leads `to`, and `then` on; `also` is the guide's name for it, `adds` what it writes where."""

    to: str = ""
    then: str = ""
    also: str = ""
    adds: Mapping[str, Mapping[str, str]] = field(default_factory=_none)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class MoveSays:
    """How a state comes about: `by` a kind or an operation, where its members are as `when` says, or at the time `at`."""

    by: str = ""
    at: str = ""
    when: Mapping[str, Any] = field(default_factory=_none)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceSays:
    """What a member names: a resource `of` a kind, or what has that id `within` it."""

    of: str
    within: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class FilterSays:
    """The member that a filter compares."""

    to: str
    clause: str = ""


@dataclass(frozen=True, slots=True)
class ListSays:
    """Filters that only the guide has: name -> member."""

    more: Mapping[str, str] = field(default_factory=_none)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class TaskSays:
    """What a task does to the resource that it is on: the state it `holds` it in, that of its `items` (or of one `item`),
    what becomes of it when it is `done` or `else`, and which members it `sets`.
    """

    holds: str = ""
    items: str = ""
    item: str = ""
    done: str = ""
    otherwise: Annotated[str, Key("else")] = ""
    sets: Mapping[str, str] = field(default_factory=_none)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class RaisedSays:
    """The kinds `beside` whose resources this kind comes up, linked both ways."""

    beside: tuple[str, ...]
    clause: str = ""


@dataclass(frozen=True, slots=True)
class AtOnceSays:
    """The member of a request `by` which the buyer wants the answer at once or not at all."""

    by: str
    clause: str = ""


@dataclass(frozen=True, slots=True)
class KindSays:
    """What a sheet says of a kind. `given` are members that the buyer gives when it makes one though the contract of that request
    forgot them, each with the erratum that says so.
    """

    lifecycle: CycleSays | None = None
    items: ItemsSay | None = None
    made_by: Maker | None = None
    at_once: AtOnceSays | None = None
    acts: Mapping[str, ActSays] = field(default_factory=_none)
    moved: Mapping[str, MoveSays] = field(default_factory=_none)
    references: Mapping[str, ReferenceSays] = field(default_factory=_none)
    filters: Mapping[str, FilterSays] = field(default_factory=_none)
    list: ListSays | None = None
    task: TaskSays | None = None
    raised: RaisedSays | None = None
    holds: Mapping[str, str] = field(default_factory=_none)
    open: int | None = None
    fill: Mapping[str, str] = field(default_factory=_none)
    keep: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class WhereSays:
    """Resources `of` a kind that the member `at` names; `has` are members of theirs with their values."""

    of: str
    at: str
    has: Mapping[str, Any] = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class EventSays:
    """What a sheet says of an event: that it tells of a `state` (`of` another kind), of `members`; that it need not be
    supported (`may`), or can `never` come; the types `instead` of it that will do; what its payload `tells` of which member.
    Of a list that is `shared` with the buyer it tells whosever entry the seller changes, of others only what is the seller's.
    """

    kind: str = ""
    of: str = ""
    state: str = ""
    members: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    unless: WhereSays | None = None
    only: WhereSays | None = None
    may: bool = False
    never: bool = False
    instead: tuple[str, ...] = ()
    also: str = ""
    tells: Mapping[str, str] = field(default_factory=_none)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class SlipSays:
    """Why a contradiction of the contract hurts nobody: an `erratum`, a `reading` of the register, or `because`."""

    erratum: str = ""
    reading: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    kinds: Mapping[str, KindSays] = field(default_factory=_none)
    events: Mapping[str, EventSays] = field(default_factory=_none)
    slips: Mapping[str, SlipSays] = field(default_factory=_none)
    open: tuple[str, ...] = ()


class Sheet:
    """A sheet that was read. `where` gives the place of an entry, by JSON Pointer.

    `open` has the keys of facts that nobody knows, as `kinds/quote/acts/rejectQuote`: rules stay silent there.
    """

    def __init__(
        self,
        name: str,
        kinds: Mapping[str, KindSays] = _NOTHING,
        events: Mapping[str, EventSays] = _NOTHING,
        slips: Mapping[str, SlipSays] = _NOTHING,
        located: Located | None = None,
        left_open: tuple[str, ...] = (),
    ) -> None:
        self.kinds, self.events, self.slips, self.open = kinds, events, slips, left_open
        self._name, self._located = name, located

    def where(self, pointer: str = "") -> str:
        """`file:line:col`; the file's beginning where there is no such entry yet."""
        return f"{self._name}:1:1" if self._located is None else self._located.where(pointer, key=True)


def read_sheet(path: Path) -> Sheet:
    """The sheet at a path; an empty one where there is no file. Raises FileProblem with `file:line:col`."""
    if not path.is_file():
        return Sheet(str(path))
    located = load_located(path)
    found: _File = read_located(_File, located)
    return Sheet(str(path), found.kinds, found.events, found.slips, located, found.open)
