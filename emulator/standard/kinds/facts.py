"""What a contract says of the kinds of resource that it is about, as values; each fact has the rule that gave it (`by`).

The rules are named as `explained.RULES` lists them: V of operations, K of kinds, F of filters, R of
references, E, N and C of events; S is a line of the API's sheet, which has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from emulator.record.payload import at

View = Literal["create", "list", "retrieve", "patch", "delete", "act", "ask", "query",
               "subscribe", "subscription", "unsubscribe"]  # fmt: skip
"""What an operation does with its kind. `ask` answers at once and keeps nothing, `query` lists by a body."""
Maker = Literal["buyer", "seller", "both"]
EventClass = Literal["create", "state", "attribute", "delete", "reached", "set", "ready", "named"]
"""What an event tells of: `reached` one certain state, `set` one member, `ready` another resource, `named` what only a
guide says.
"""
SHEET: Final = "S"
"""The rule of facts that stand in a sheet."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list can be asked for: the members that are compared, as pointers with `*` for each entry of a list.

    `where` is the `@type` that the object of the member has to have; empty for any.
    """

    name: str
    op: Literal["eq", "gt", "lt", "overlap-gt", "overlap-lt", "matches"]
    to: tuple[str, ...]
    by: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What a request beside create and patch does: the resource goes `to` a state, at once or by way of it `then` on.

    `target` is the pointer of the id in the request; empty where the path has it. `also` is the guide's name for it,
    `adds` says which members it writes, where the act comes with words of its own.
    """

    operation: str
    verb: str
    target: str
    to: str
    by: str
    then: str = ""
    also: str = ""
    adds: Mapping[str, Any] = field(default_factory=dict)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a management contract. `kind` is the kind it shows, acts on, lists or asks for, `hub` for hubs.

    `optional`: a seller may answer 501. `listed` names the schema of an entry of the list, `echoed` what an ask repeats
    of its request.
    """

    id: str
    method: str
    path: str
    view: View
    kind: str
    by: str
    optional: bool
    success: tuple[int, ...]
    request: str = ""
    response: str = ""
    listed: str = ""
    paged: bool = False
    echoed: tuple[str, ...] = ()
    filters: Mapping[str, Filter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The member that holds a state: its pointer, the schema of its values, and these."""

    at: str
    schema: str
    values: tuple[str, ...]
    required: bool
    by: str

    @property
    def member(self) -> str:
        """Its name."""
        return self.at.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class History:
    """A list of changes: its pointer, and the members of an entry."""

    at: str
    state: str
    moment: str
    by: str
    reason: str = ""

    @property
    def member(self) -> str:
        """Its name."""
        return self.at.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Which lifecycle something has: the one there is, or that which the value at the first of the pointers `on` chooses
    that has a value.
    """

    names: Mapping[str, str]
    by: str
    on: tuple[str, ...] = ()

    def of(self, body: Any) -> str | None:
        """The lifecycle's name for a resource; None where its body does not say which."""
        if not self.on:
            return self.names[""]
        values = (at(body, pointer) for pointer in self.on)
        return next((name for value in values if isinstance(value, str) and (name := self.names.get(value))), None)


@dataclass(frozen=True, slots=True)
class Items:
    """Parts within a resource that have ids and states of their own."""

    at: str
    schema: str
    state: State
    by: str
    history: History | None = None
    cycle: Cycle | None = None

    @property
    def member(self) -> str:
        """The list's name."""
        return self.at.removeprefix("/")


@dataclass(frozen=True, slots=True)
class Task:
    """A kind that the buyer makes to have something done with another one, or with the `part` of it."""

    verb: str
    of: str
    part: str
    by: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A member that names a resource. `to` is its kind, empty where the resource is none of a contract's (`outside`) or
    `named` says the pointer of the member that tells its kind. `id` and `item` are the members with the ids.
    """

    at: str
    to: str
    by: str
    id: str = ""
    item: str = ""
    where: str = ""
    named: str = ""
    outside: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """How a state comes about that nobody just decides: `by` another kind or an operation, where `when` says what its
    members are, or at the time `at`.
    """

    state: str
    by: str = ""
    at: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. `name` is the first segment of its path."""

    name: str
    api: str
    path: str
    schema: str
    aliases: tuple[str, ...]
    made_by: Maker
    rules: Mapping[str, str]
    """The rule of each fact that is one word or a list of them."""
    id_required: bool = True
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """View -> operationIds."""
    state: State | None = None
    history: History | None = None
    plan: str = ""
    cycle: Cycle | None = None
    items: Items | None = None
    parts: tuple[str, ...] = ()
    task: Task | None = None
    acts: Mapping[str, Act] = field(default_factory=dict)
    moved: Mapping[str, Move] = field(default_factory=dict)
    echo: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """Of `own`, the seller's members, those that every answer must have."""
    patchable: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)
    """What else the sheet says, word for word, for those who serve and judge this kind."""

    @property
    def state_at(self) -> str:
        """The pointer of its state; empty where it has none."""
        return self.state.at if self.state else ""

    @property
    def items_at(self) -> str:
        """The pointer of its items; empty where it has none."""
        return self.items.at if self.items else ""

    def one(self, view: str) -> str | None:
        """The operation of a view of which a kind has one at most."""
        found = self.views.get(view, ())
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of notification. `type` is its eventType, `path` that of its listener.

    `cls` says what it tells of, `item` whether of an item; `state`, `member` or `of` what exactly. `item_id` is the member
    of the payload with the item's id, `shows` that with the state it tells of. `parties` says where buyerId and sellerId are
    named: in the payload, or in the query of the listener. `whole`: the payload is the resource itself, as a read shows it.
    `optional`: it need not be supported. `instead` are types any of which will do in its place.
    """

    operation: str
    path: str
    type: str
    kind: str
    cls: EventClass
    rules: Mapping[str, str]
    item: bool = False
    state: str = ""
    member: str = ""
    of: str = ""
    item_id: str = ""
    shows: str = ""
    parties: Literal["payload", "query", ""] = ""
    tells: tuple[str, ...] = ()
    whole: bool = False
    optional: bool = False
    instead: tuple[str, ...] = ()
    clause: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slip:
    """Where a contract contradicts itself: `key` names it in a sheet, `noted` is what the sheet says of it."""

    key: str
    what: str
    noted: str = ""


@dataclass(frozen=True, slots=True)
class Kinds:
    """All facts of one API. `kinds` by name, `operations` and `events` by operationId."""

    api: str
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    slips: tuple[Slip, ...] = ()
