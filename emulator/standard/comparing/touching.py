"""What messages touch of the changes from one release to another: each change at a place where a message goes, and no other.

A message of the old release is walked side by side with what the place asks for in both; so is one of the new release. What is
gone is touched where a message of the old one has it; what came, where a message goes by the place at which it may come.

A touch is *shown* where the exchange itself is an example: by the other release it would be wrong, lacks what it has, or has
what it lacks. Else the exchange only goes by the place: what it sends fits both, and another one may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, as_json, escape, unescape
from emulator.standard.comparing.alterations import Alteration, ContractChange, change_of, known_by, merged
from emulator.standard.comparing.documents import BodyPart, DocumentOperation, DocumentPair, body_slots
from emulator.standard.comparing.functions import entries_of, moved_paths
from emulator.standard.comparing.messages import Pair
from emulator.standard.comparing.shapes import Shape, Slot, beyond
from emulator.standard.release import Release


class End(StrEnum):
    """Of the two releases, by which one a message goes."""

    OLD = "from"
    NEW = "to"


class Part(StrEnum):
    """Where in an exchange."""

    CALL = "call"
    QUERY = "query"
    REQUEST = "request"
    STATUS = "status"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Touch:
    """An exchange that goes by a place where something changes; `act` is the number of what it is an exchange of.

    `pointer` is of its body, `*` for each index; of a query the parameter's name. `shown`: the exchange is an example of it.
    """

    act: int
    end: End
    exchange: int
    operation: str
    part: Part
    pointer: str
    shown: bool


@dataclass(frozen=True, slots=True)
class TouchedChange:
    """A change of a function that messages touch. It breaks whom it breaks by these messages."""

    api: str
    change: ContractChange
    touches: tuple[Touch, ...]

    @property
    def shown(self) -> bool:
        """Whether some exchange is an example of it."""
        return any(touch.shown for touch in self.touches)


Found = tuple[str, ContractChange, Touch]


def gathered_touches(found: Iterable[Found]) -> tuple[TouchedChange, ...]:
    """Each change once, with all that touch it, each place of an operation once for each exchange."""
    changes: dict[tuple[str, ...], tuple[str, ContractChange, dict[tuple[Any, ...], Touch]]] = {}
    for api, change, touch in found:
        key = (api, *known_by(change))
        _, before, touches = changes.setdefault(key, (api, change, {}))
        place = (touch.act, touch.end, touch.exchange, touch.part, touch.pointer)
        if place not in touches or touch.shown:
            touches[place] = touch
        changes[key] = (api, merged(before, change) if before is not change else before, touches)
    return tuple(TouchedChange(api, change, tuple(touches.values())) for api, change, touches in changes.values())


class Touching:
    """Two releases; finds what an exchange of either touches."""

    def __init__(self, old: Release, new: Release) -> None:
        self._old, self._new = old, new
        self._documents: dict[tuple[str, str], DocumentPair] = {}
        self._pairs: dict[tuple[Any, ...], tuple[Pair, tuple[ContractChange, ...]]] = {}

    def of(self, exchange: Exchange, end: End, act: int = 0) -> Iterator[Found]:
        """What an exchange touches; nothing where it belongs to no contract."""
        api, kind, name = exchange.api, exchange.kind, exchange.operation
        if api is None or kind is None or name is None or exchange.authorizes or exchange.beside:
            return
        old, new = entries_of(self._old, api), entries_of(self._new, api)
        call = Touch(act, end, exchange.n, name, Part.CALL, "", shown=True)
        if kind not in old or kind not in new:
            there = (old if kind in old else new).get(kind)
            if there is not None:
                what = Alteration.CONTRACT_GONE if kind in old else Alteration.CONTRACT_ADDED
                yield api, change_of(kind, what, "", there.served_by.other, old=kind, new=kind), call
            return
        for change in moved_paths({kind: old[kind]}, {kind: new[kind]}):
            yield api, change, call
        documents = self._compared(api, kind, new[kind].served_by)
        pair = self._found(documents, exchange, end)
        if pair is None:
            return
        for change in documents.of_operation(*pair):
            yield api, change, call
        left, right = pair
        if left is not None and right is not None:
            walk = _Walk(documents, left, right, exchange, call, self._pairs)
            yield from ((api, change, touch) for change, touch in walk.touches())

    def _compared(self, api: str, kind: str, served_by: Party) -> DocumentPair:
        if (api, kind) not in self._documents:
            texts = self._old.document(api, kind), self._new.document(api, kind)
            self._documents[api, kind] = DocumentPair(*texts, kind, served_by)
        return self._documents[api, kind]

    def _found(
        self, documents: DocumentPair, exchange: Exchange, end: End
    ) -> tuple[DocumentOperation | None, DocumentOperation | None] | None:
        """The operation of an exchange, and what it is in the other release."""
        release = self._old if end is End.OLD else self._new
        contract = release.contract(exchange.api or "", exchange.kind)
        called = contract.operations.get(exchange.operation or "")
        own = [(pair[0] if end is End.OLD else pair[1], pair) for pair in documents.pairs]
        for operation, pair in own:
            if operation is not None and called is not None and operation.key == _key(called.method, called.path):
                return pair
        return next((pair for operation, pair in own if operation and operation.id == exchange.operation), None)


@dataclass(frozen=True, slots=True)
class _At:
    """A place in a message."""

    part: Part
    pointer: str
    writer: Party


class _Walk:
    """One exchange, walked."""

    def __init__(
        self,
        documents: DocumentPair,
        old: DocumentOperation,
        new: DocumentOperation,
        exchange: Exchange,
        call: Touch,
        pairs: dict[tuple[Any, ...], tuple[Pair, tuple[ContractChange, ...]]],
    ) -> None:
        self._documents, self._old, self._new = documents, old, new
        self._exchange, self._call, self._end, self._pairs = exchange, call, call.end, pairs

    def touches(self) -> Iterator[tuple[ContractChange, Touch]]:
        yield from self._query()
        exchange, server, caller = self._exchange, self._documents.server, self._documents.caller
        request = exchange.request
        if not exchange.provoked:
            at = _At(Part.REQUEST, "", caller)
            for change in self._documents.of_body(self._old.request, self._new.request, caller):
                yield change, self._touch(at, shown=_shown_by_body(change.what, self._end, there=bool(request.raw)))
            if request.unknown is None and request.body is not MISSING:
                for slots in list(body_slots(self._old.request, self._new.request))[:1]:
                    yield from self._value(*slots, request.body, at, request=True)
        answer = exchange.response
        if answer is None or exchange.spoilt:
            return
        yield from self._status(str(answer.status))
        old, new = (_answer(each.answers, str(answer.status)) for each in (self._old, self._new))
        if old is None or new is None:
            return
        at = _At(Part.ANSWER, "", server)
        for change in self._documents.of_body(old, new, server):
            yield change, self._touch(at, shown=_shown_by_body(change.what, self._end, there=bool(answer.raw)))
        if answer.unknown is None and answer.body is not MISSING:
            for slots in list(body_slots(old, new))[:1]:
                yield from self._value(*slots, answer.body, at, request=False)

    def _touch(self, at: _At, *, shown: bool) -> Touch:
        return replace(self._call, part=at.part, pointer=at.pointer, shown=shown)

    def _query(self) -> Iterator[tuple[ContractChange, Touch]]:
        sent = {("query", name): value for name, value in self._exchange.request.query}
        sent |= {("header", name.lower()): value for name, value in self._exchange.request.headers}
        for place in dict.fromkeys([*self._old.parameters, *self._new.parameters]):
            at, there = _At(Part.QUERY, place[1], self._documents.caller), place in sent
            inside = set[tuple[str, ...]]()
            if place in self._old.parameters and place in self._new.parameters:
                slots = self._documents.slots_of(self._old, self._new, place)
                pair, changes = self._pair(*slots, at.writer, request=True)
                inside = {known_by(each) for each in changes}
                if there:
                    listed = "array" in pair.old.types & pair.new.types and (pair.old.items or pair.new.items)
                    value: Any = sent[place].split(",") if listed else sent[place]
                    yield from self._value(*slots, value, at, request=True)
            for change in self._documents.of_parameter(self._old, self._new, place):
                shown = _by_presence(change.what, self._end, there=there)
                if known_by(change) not in inside and shown is not None:
                    yield change, self._touch(at, shown=shown)

    def _status(self, status: str) -> Iterator[tuple[ContractChange, Touch]]:
        at = _At(Part.STATUS, "", self._documents.server)
        for each in dict.fromkeys([*self._old.answers, *self._new.answers]):
            for change in self._documents.of_status(self._old, self._new, each):
                shown = _by_presence(change.what, self._end, there=_covers(each, status))
                if shown is not None:
                    yield change, self._touch(at, shown=shown)

    # -- bodies ------------------------------------------------------------------------------------

    def _value(
        self, old: Slot, new: Slot, value: Any, at: _At, *, request: bool
    ) -> Iterator[tuple[ContractChange, Touch]]:
        """What a value touches, and all that is in it."""
        waiting: list[tuple[Slot, Slot, Any, str]] = [(old, new, value, at.pointer)]
        while waiting:
            left, right, here, pointer = waiting.pop()
            pair, changes = self._pair(left, right, at.writer, request=request)
            for change in changes:
                shown = _shown(change, pair.old, pair.new, here, self._end)
                if shown is not None:
                    shown = shown and (at.part is not Part.QUERY or change.what not in _OF_TYPES)  # all is text there
                    yield change, self._touch(_At(at.part, _place(pointer, change), at.writer), shown=shown)
            waiting += reversed(list(_inner(pair, here, pointer, self._end)))

    def _pair(self, old: Slot, new: Slot, writer: Party, *, request: bool) -> tuple[Pair, tuple[ContractChange, ...]]:
        key = (id(self._documents), old.key, new.key, writer, request)
        if key not in self._pairs:
            pair = self._documents.messages.pair(old, new, writer=writer, request=request)
            self._pairs[key] = pair, tuple(pair.changes())
        return self._pairs[key]


def _inner(pair: Pair, value: Any, pointer: str, end: End) -> Iterator[tuple[Slot, Slot, Any, str]]:
    """What stands in a value and is described by both."""
    old, new = pair.old, pair.new
    if isinstance(value, dict):
        for name, member in value.items():
            if name in old.members and name in new.members:
                yield old.members[name], new.members[name], member, f"{pointer}/{escape(name)}"
    elif isinstance(value, list) and old.items and new.items:
        for item in value:
            yield old.items, new.items, item, f"{pointer}/*"
    chosen = _chosen(old if end is End.OLD else new, value)
    if chosen in old.variants and chosen in new.variants:
        yield old.variants[chosen], new.variants[chosen], value, pointer


def _chosen(shape: Shape, value: Any) -> str | None:
    """The variant that a value says it is: by a member whose name begins with `@`, as discriminators of these APIs do."""
    if not isinstance(value, dict):
        return None
    said = (text for name, text in value.items() if name.startswith("@") and isinstance(text, str))
    return next((text for text in said if text in shape.variants), None)


def _place(pointer: str, change: ContractChange) -> str:
    """Where a change of a place is in a message: of a member, at the member."""
    return f"{pointer}/{change.where.rpartition('/')[2]}" if change.what in _OF_MEMBERS else pointer


def _shown(change: ContractChange, old: Shape, new: Shape, value: Any, end: End) -> bool | None:
    """Whether a value is an example of a change at its place; None where the value has nothing to do with it."""
    what = change.what
    if what in _OF_MEMBERS:
        if not isinstance(value, dict):
            return None
        return _by_presence(what, end, there=unescape(change.where.rpartition("/")[2]) in value)
    if what in (Alteration.VALUE_GONE, Alteration.VALUE_ADDED):
        told = change.old if what is Alteration.VALUE_GONE else change.new
        return _by_presence(what, end, there=as_json(value) == told)
    if what in (Alteration.VARIANT_GONE, Alteration.VARIANT_ADDED):
        told = change.old if what is Alteration.VARIANT_GONE else change.new
        return _by_presence(what, end, there=_chosen(old if end is End.OLD else new, value) == told)
    other = new if end is End.OLD else old
    if what in _OF_TYPES:
        return not _types(value) & other.types
    if what in (Alteration.LIMIT, Alteration.LIMIT_NARROWER, Alteration.LIMIT_WIDER):
        if change.where in (old.told.get("enum"), new.told.get("enum")):
            return other.values is not None and as_json(value) not in other.values
        keyword = change.where.rpartition("/")[2]
        return beyond(keyword, other.limits.get(keyword, MISSING), value)
    return True


def _shown_by_body(what: Alteration, end: End, *, there: bool) -> bool:
    """Whether a body that is there, or not, is an example of a change of the whole of it."""
    if what in (Alteration.BODY_ADDED, Alteration.BODY_DEMANDED):
        return not there if end is End.OLD else there and what is Alteration.BODY_ADDED
    return there


def _by_presence(what: Alteration, end: End, *, there: bool) -> bool | None:
    """Whether a message shows a change by having, or not having, what it is about; None where it does not touch it.

    What is gone is touched by who has it; if it was demanded, also by who by the new release has it not. What came is touched by everybody who goes by, and shown by who has it. What is
    demanded now is shown by who has it not, what may be left out now by who leaves it out by the new release.
    """
    old = end is End.OLD
    if what is Alteration.MEMBER_PROMISE_GONE and not old:
        return None if there else True
    if what in _IS_GONE:
        return True if old and there else None
    if what in _CAME:
        return not old and there
    if what in _NEEDED:
        return not there if old else there
    if what in _DEMANDED:
        return old and not there
    if what in _OPTIONAL:
        return True if not old and not there else False if there else None
    return not there if what is Alteration.DEFAULT else there


_OF_MEMBERS: Final = frozenset(each for each in Alteration if "member" in each)
_OF_TYPES: Final = frozenset({Alteration.TYPE, Alteration.TYPE_NARROWER, Alteration.TYPE_WIDER})
_IS_GONE: Final = frozenset(each for each in Alteration if each.endswith("gone"))
_CAME: Final = frozenset(
    {
        Alteration.MEMBER_ADDED,
        Alteration.PARAMETER_ADDED,
        Alteration.STATUS_ADDED,
        Alteration.SUCCESS_ADDED,
        Alteration.VALUE_ADDED,
        Alteration.VARIANT_ADDED,
    }
)
_NEEDED: Final = frozenset({Alteration.MEMBER_NEEDED, Alteration.PARAMETER_NEEDED})
_DEMANDED: Final = frozenset({Alteration.MEMBER_DEMANDED, Alteration.PARAMETER_DEMANDED})
_OPTIONAL: Final = frozenset({Alteration.MEMBER_OPTIONAL, Alteration.PARAMETER_OPTIONAL})


_VARIABLE: Final = re.compile(r"\{[^{}]*\}")


def _key(method: str, path: str) -> tuple[str, str]:
    return method.lower(), _VARIABLE.sub("{}", path)


def _answer(answers: Mapping[str, BodyPart], status: str) -> BodyPart | None:
    """What is said of a status: of itself, else of its class, else of all others."""
    return next((answers[each] for each in (status, f"{status[0]}XX", "DEFAULT") if each in answers), None)


def _covers(told: str, status: str) -> bool:
    return told in (status, f"{status[0]}XX")


def _types(value: Any) -> frozenset[str]:
    """The types of JSON Schema that a value is of."""
    match value:
        case None:
            return frozenset({"null"})
        case bool():
            return frozenset({"boolean"})
        case int():
            return frozenset({"integer", "number"})
        case float():
            return frozenset({"number", "integer"} if value.is_integer() else {"number"})
        case str():
            return frozenset({"string"})
        case list():
            return frozenset({"array"})
    return frozenset({"object"})
