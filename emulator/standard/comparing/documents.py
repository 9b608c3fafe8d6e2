"""Two contracts of one kind beside each other, an old and a new one: every change of what crosses.

What is compared is what a place asks for, whatever its schemas are called: a schema that is only renamed is no change, nor is a
parameter in a path, whose name nobody sends. Schemas are compared where messages have them, so that it is known who sends
what; a schema that no message has is not looked at. Not compared: prose, `x-*`, security, `deprecated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import as_json, escape
from emulator.standard.comparing.alterations import Alteration, ContractChange, change_of, gathered
from emulator.standard.comparing.messages import Messages
from emulator.standard.comparing.shapes import SchemaPart, Schemas, Slot

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON: Final = "application/json"
_VARIABLE: Final = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A request body or an answer, its reference resolved."""

    where: str
    node: Mapping[str, Any]


class DocumentOperation:
    """An operation of a document: where it is, and what it says, its references resolved."""

    def __init__(self, schemas: Schemas, path: str, method: str, item: Mapping[str, Any]) -> None:
        self.schemas, self.path, self.method = schemas, path, method
        self.where = f"/paths/{escape(path)}/{method}"
        self.node: Mapping[str, Any] = item[method]
        self.key = (method, _VARIABLE.sub("{}", path))
        self.id = str(self.node.get("operationId") or "")
        given = [(item, f"/paths/{escape(path)}"), (self.node, self.where)]
        self.parameters: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
        for holder, where in given:
            for index, each in enumerate(holder.get("parameters") or ()):
                node, _ = schemas.resolved(each, "")
                if isinstance(node, Mapping) and node.get("in") != "path":
                    name = str(node.get("name"))
                    place = (str(node.get("in")), name.lower() if node.get("in") == "header" else name)
                    self.parameters[place] = (node, f"{where}/parameters/{index}")

    @cached_property
    def request(self) -> BodyPart:
        """Its request body; empty where it has none."""
        return self._part(self.node.get("requestBody"), f"{self.where}/requestBody")

    @cached_property
    def answers(self) -> dict[str, BodyPart]:
        """Its answers by status, as `200`, `4XX` or `DEFAULT`."""
        told = {str(status).upper(): node for status, node in (self.node.get("responses") or {}).items()}
        return {status: self._part(node, f"{self.where}/responses/{status}") for status, node in told.items()}

    def _part(self, node: Any, where: str) -> BodyPart:
        found, there = self.schemas.resolved(node, where)
        return BodyPart(there, found if isinstance(found, Mapping) else {})


def _operations(document: Mapping[str, Any]) -> list[DocumentOperation]:
    schemas = Schemas(document)
    return [
        DocumentOperation(schemas, path, method, item)
        for path, item in (document.get("paths") or {}).items()
        for method in _METHODS
        if isinstance(item, Mapping) and isinstance(item.get(method), Mapping)
    ]


def compare_documents(
    old: Mapping[str, Any], new: Mapping[str, Any], contract: str, served_by: Party
) -> tuple[ContractChange, ...]:
    """Every change from one stand-alone OpenAPI document to another, each once; empty where the same crosses by both.

    `contract` is the kind that the changes name; the operations are called by the other party than `served_by`.
    """
    return gathered(DocumentPair(old, new, contract, served_by).changes())


class DocumentPair:
    """Two documents, and who calls whom. `pairs` has each operation of either beside what it is in the other; None where it is not there."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], contract: str, served_by: Party) -> None:
        self.contract, self.server, self.caller = contract, served_by, served_by.other
        self._tells = served_by is Party.BUYER
        """Whether its operations are events."""
        self.messages = Messages(Schemas(old), Schemas(new), contract, asks=not self._tells)
        self.pairs = tuple(_paired(_operations(old), _operations(new)))

    def changes(self) -> Iterator[ContractChange]:
        """Every change; one that is seen in several places comes several times."""
        for old, new in self.pairs:
            yield from self.of_operation(old, new)
            if old is None or new is None:
                continue
            for place in dict.fromkeys([*old.parameters, *new.parameters]):
                yield from self.of_parameter(old, new, place)
            yield from self._request(old, new)
            for status in dict.fromkeys([*old.answers, *new.answers]):
                yield from self.of_status(old, new, status)
                if status in old.answers and status in new.answers:
                    yield from self._answer(old, new, status)

    def of_operation(self, old: DocumentOperation | None, new: DocumentOperation | None) -> Iterator[ContractChange]:
        """Whether an operation, or event, came, went or has moved."""
        if old is None and new is not None:
            added = Alteration.EVENT_ADDED if self._is_event(new) else Alteration.OPERATION_ADDED
            yield self._of(added, new.where)
        elif new is None and old is not None:
            gone = Alteration.EVENT_GONE if self._is_event(old) else Alteration.OPERATION_GONE
            yield self._of(gone, old.where)
        elif old and new and old.key != new.key:
            yield self._of(Alteration.PATH, old.where, old=old.path, new=f"{new.method.upper()} {new.path}")

    def _is_event(self, operation: DocumentOperation) -> bool:
        return self._tells and operation.method == "post"

    def _of(
        self, what: Alteration, where: str, *, old: Any = None, new: Any = None, writer: Party | None = None
    ) -> ContractChange:
        return change_of(self.contract, what, where, writer or self.caller, old=old, new=new)

    # -- what is asked -----------------------------------------------------------------------------

    def of_parameter(
        self, old: DocumentOperation, new: DocumentOperation, place: tuple[str, str]
    ) -> Iterator[ContractChange]:
        """What is another one of a parameter, by where it stands and its name."""
        if place not in old.parameters:
            node, where = new.parameters[place]
            what = Alteration.PARAMETER_NEEDED if node.get("required") else Alteration.PARAMETER_ADDED
            yield self._of(what, _parameter(where, place))
            return
        node, where = old.parameters[place]
        there = _parameter(where, place)
        if place not in new.parameters:
            yield self._of(Alteration.PARAMETER_GONE, there)
            return
        other, _ = new.parameters[place]
        if bool(node.get("required")) != bool(other.get("required")):
            demanded = bool(other.get("required"))
            yield self._of(Alteration.PARAMETER_DEMANDED if demanded else Alteration.PARAMETER_OPTIONAL, there)
        left, right = _schema(node), _schema(other)
        if as_json(left.get("default")) != as_json(right.get("default")):
            before, after = as_json(left.get("default")), as_json(right.get("default"))
            yield self._of(Alteration.DEFAULT, there, old=before, new=after)
        yield from self.messages.compared(*self.slots_of(old, new, place), writer=self.caller, request=True)

    @staticmethod
    def slots_of(old: DocumentOperation, new: DocumentOperation, place: tuple[str, str]) -> tuple[Slot, Slot]:
        """What a parameter that both have asks for in each."""
        (node, where), (other, _) = old.parameters[place], new.parameters[place]
        there = _parameter(where, place)
        return Slot((SchemaPart(there, _schema(node)),)), Slot((SchemaPart(there, _schema(other)),))

    def _request(self, old: DocumentOperation, new: DocumentOperation) -> Iterator[ContractChange]:
        left, right = old.request, new.request
        if left.node and right.node and bool(left.node.get("required")) != bool(right.node.get("required")):
            demanded = bool(right.node.get("required"))
            yield self._of(Alteration.BODY_DEMANDED if demanded else Alteration.BODY_OPTIONAL, right.where)
        yield from self.of_body(left, right, self.caller)
        for slots in body_slots(left, right):
            yield from self.messages.compared(*slots, writer=self.caller, request=True)

    # -- what is answered --------------------------------------------------------------------------

    def of_status(self, old: DocumentOperation, new: DocumentOperation, status: str) -> Iterator[ContractChange]:
        """Whether a status came or went."""
        success = status.startswith("2")
        if status not in new.answers:
            gone = Alteration.SUCCESS_GONE if success else Alteration.STATUS_GONE
            yield self._of(gone, f"{old.where}/responses/{status}", writer=self.server)
        elif status not in old.answers:
            added = Alteration.SUCCESS_ADDED if success else Alteration.STATUS_ADDED
            yield self._of(added, f"{new.where}/responses/{status}", writer=self.server)

    def _answer(self, old: DocumentOperation, new: DocumentOperation, status: str) -> Iterator[ContractChange]:
        left, right = old.answers[status], new.answers[status]
        yield from self.of_body(left, right, self.server)
        for slots in body_slots(left, right):
            yield from self.messages.compared(*slots, writer=self.server, request=False)
        yield from self._headers(left.node, right.node, left.where, right.where)

    def _headers(
        self, old: Mapping[str, Any], new: Mapping[str, Any], at_old: str, at_new: str
    ) -> Iterator[ContractChange]:
        left, right = (
            {str(name).lower(): node for name, node in (each.get("headers") or {}).items()} for each in (old, new)
        )
        for name in [*left, *(each for each in right if each not in left)]:
            before, after = (
                schemas.resolved(each.get(name), "")[0] or {}
                for schemas, each in ((self.messages.old, left), (self.messages.new, right))
            )
            was, is_ = bool(before.get("required")), bool(after.get("required"))
            where = f"{at_old if name not in right else at_new}/headers/{escape(name)}"
            if was != is_:
                what = Alteration.HEADER_PROMISED if is_ else Alteration.HEADER_PROMISE_GONE
                yield self._of(what, where, writer=self.server)
            elif name not in right:
                yield self._of(Alteration.HEADER_GONE, where, writer=self.server)
            elif name not in left:
                yield self._of(Alteration.HEADER_ADDED, where, writer=self.server)
            if name in left and name in right:
                slots = (Slot((SchemaPart(where, _schema(each)),)) for each in (before, after))
                yield from self.messages.compared(*slots, writer=self.server, request=False)

    def of_body(self, old: BodyPart, new: BodyPart, writer: Party) -> Iterator[ContractChange]:
        """Whether there is a body, and in which media types; not what stands in it."""
        left, right = _content(old.node), _content(new.node)
        if bool(left) != bool(right):
            what = Alteration.BODY_GONE if left else Alteration.BODY_ADDED
            yield self._of(what, old.where if left else new.where, writer=writer)
            return
        for media in left:
            if media not in right:
                yield self._of(Alteration.MEDIA_GONE, f"{old.where}/content", old=media, writer=writer)
        for media in right:
            if media not in left:
                yield self._of(Alteration.MEDIA_ADDED, f"{new.where}/content", new=media, writer=writer)


def body_slots(old: BodyPart, new: BodyPart) -> Iterator[tuple[Slot, Slot]]:
    """What stands in a body, for each media type that both have."""
    left, right = _content(old.node), _content(new.node)
    for media in right:
        if media in left:
            yield _body_slot(old.where, *left[media]), _body_slot(new.where, *right[media])


def _body_slot(where: str, called: str, node: Mapping[str, Any]) -> Slot:
    return Slot((SchemaPart(f"{where}/content/{escape(called)}/schema", _schema(node)),))


def _parameter(where: str, place: tuple[str, str]) -> str:
    return f"{where.rpartition('/')[0]}/{place[0]} {escape(place[1])}"


def _paired(
    old: list[DocumentOperation], new: list[DocumentOperation]
) -> Iterator[tuple[DocumentOperation | None, DocumentOperation | None]]:
    """Operations that are the same, by method and path; one that has moved, or is asked by another method, by its id."""
    by_key = {each.key: each for each in new}
    by_id = {each.id: each for each in new if each.id}
    kept, met = {each.key for each in old}, set[tuple[str, str]]()
    for each in old:
        other = by_key.get(each.key)
        if other is None:
            moved = by_id.get(each.id)
            other = moved if moved and moved.key not in kept else None
        if other is not None:
            met.add(other.key)
        yield each, other
    for each in new:
        if each.key not in met:
            yield None, each


def _content(body: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The media types of a body, without their parameters, and how each is spelt. Where any is allowed JSON is meant: nobody
    speaks anything else.
    """
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for name, node in (body.get("content") or {}).items():
        if isinstance(node, Mapping):
            media = str(name).partition(";")[0].strip().lower()
            found.setdefault(_JSON if media == "*/*" else media, (str(name), node))
    return found


def _schema(node: Any) -> Mapping[str, Any]:
    found = node.get("schema") if isinstance(node, Mapping) else None
    return found if isinstance(found, Mapping) else {}
