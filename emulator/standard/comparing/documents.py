"""Two contracts of one kind beside each other, an old and a new one: every change of what crosses.

What is compared is what a place asks for, whatever its schemas are called: a schema that is only renamed is no change, nor is a
parameter in a path, whose name nobody sends. Schemas are compared where messages have them, so that it is known who sends
what; a schema that no message has is not looked at. Not compared: prose, `x-*`, security, `deprecated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import as_json, escape
from emulator.standard.comparing.alterations import Alteration, ContractChange, change_of, gathered
from emulator.standard.comparing.messages import Messages
from emulator.standard.comparing.shapes import SchemaPart, Schemas, Slot

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON: Final = "application/json"
_VARIABLE: Final = re.compile(r"\{[^{}]*\}")


class _Operation:
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


def _operations(document: Mapping[str, Any]) -> list[_Operation]:
    schemas = Schemas(document)
    return [
        _Operation(schemas, path, method, item)
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
    return gathered(_Documents(old, new, contract, served_by).changes())


class _Documents:
    """Two documents, and who calls whom."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any], contract: str, served_by: Party) -> None:
        self._old, self._new = _operations(old), _operations(new)
        self._contract, self._server, self._caller = contract, served_by, served_by.other
        self._tells = served_by is Party.BUYER
        """Whether its operations are events."""
        self._messages = Messages(Schemas(old), Schemas(new), contract, asks=not self._tells)

    def changes(self) -> Iterator[ContractChange]:
        new = {each.key: each for each in self._new}
        by_id = {each.id: each for each in self._new if each.id}
        kept = {each.key for each in self._old}
        met = set[tuple[str, str]]()
        for each in self._old:
            other = new.get(each.key)
            if other is None:
                moved = by_id.get(each.id)
                other = moved if moved and moved.key not in kept and moved.method == each.method else None
                if other is None:
                    gone = Alteration.EVENT_GONE if self._is_event(each) else Alteration.OPERATION_GONE
                    yield self._of(gone, each.where)
                    continue
                to = f"{other.method.upper()} {other.path}"
                yield self._of(Alteration.PATH, each.where, old=each.path, new=to)
            met.add(other.key)
            yield from self._operation(each, other)
        for each in self._new:
            if each.key not in met:
                added = Alteration.EVENT_ADDED if self._is_event(each) else Alteration.OPERATION_ADDED
                yield self._of(added, each.where)

    def _is_event(self, operation: _Operation) -> bool:
        return self._tells and operation.method == "post"

    def _of(
        self, what: Alteration, where: str, *, old: Any = None, new: Any = None, writer: Party | None = None
    ) -> ContractChange:
        return change_of(self._contract, what, where, writer or self._caller, old=old, new=new)

    def _operation(self, old: _Operation, new: _Operation) -> Iterator[ContractChange]:
        yield from self._parameters(old, new)
        yield from self._request(old, new)
        yield from self._answers(old, new)

    # -- what is asked -----------------------------------------------------------------------------

    def _parameters(self, old: _Operation, new: _Operation) -> Iterator[ContractChange]:
        for place, (node, where) in old.parameters.items():
            there = f"{where.rpartition('/')[0]}/{place[0]} {escape(place[1])}"
            if place not in new.parameters:
                yield self._of(Alteration.PARAMETER_GONE, there)
                continue
            other, _ = new.parameters[place]
            if bool(node.get("required")) != bool(other.get("required")):
                demanded = bool(other.get("required"))
                yield self._of(Alteration.PARAMETER_DEMANDED if demanded else Alteration.PARAMETER_OPTIONAL, there)
            left, right = _schema(node), _schema(other)
            if as_json(left.get("default")) != as_json(right.get("default")):
                before, after = as_json(left.get("default")), as_json(right.get("default"))
                yield self._of(Alteration.DEFAULT, there, old=before, new=after)
            slots = (Slot((SchemaPart(there, _schema(each)),)) for each in (node, other))
            yield from self._messages.compared(*slots, writer=self._caller, request=True)
        for place, (node, where) in new.parameters.items():
            if place not in old.parameters:
                what = Alteration.PARAMETER_NEEDED if node.get("required") else Alteration.PARAMETER_ADDED
                yield self._of(what, f"{where.rpartition('/')[0]}/{place[0]} {escape(place[1])}")

    def _request(self, old: _Operation, new: _Operation) -> Iterator[ContractChange]:
        left, at_left = old.schemas.resolved(old.node.get("requestBody"), f"{old.where}/requestBody")
        right, at_right = new.schemas.resolved(new.node.get("requestBody"), f"{new.where}/requestBody")
        if left and right and bool(left.get("required")) != bool(right.get("required")):
            demanded = bool(right.get("required"))
            yield self._of(Alteration.BODY_DEMANDED if demanded else Alteration.BODY_OPTIONAL, at_right)
        yield from self._bodies(left or {}, right or {}, at_left, at_right, self._caller)

    # -- what is answered --------------------------------------------------------------------------

    def _answers(self, old: _Operation, new: _Operation) -> Iterator[ContractChange]:
        left, right = (
            {str(status).upper(): node for status, node in (each.node.get("responses") or {}).items()}
            for each in (old, new)
        )
        for status in [*left, *(each for each in right if each not in left)]:
            success = status.startswith("2")
            if status not in right:
                gone = Alteration.SUCCESS_GONE if success else Alteration.STATUS_GONE
                yield self._of(gone, f"{old.where}/responses/{status}", writer=self._server)
            elif status not in left:
                added = Alteration.SUCCESS_ADDED if success else Alteration.STATUS_ADDED
                yield self._of(added, f"{new.where}/responses/{status}", writer=self._server)
            else:
                before, at_left = old.schemas.resolved(left[status], f"{old.where}/responses/{status}")
                after, at_right = new.schemas.resolved(right[status], f"{new.where}/responses/{status}")
                yield from self._bodies(before or {}, after or {}, at_left, at_right, self._server)
                yield from self._headers(before or {}, after or {}, at_left, at_right)

    def _headers(
        self, old: Mapping[str, Any], new: Mapping[str, Any], at_old: str, at_new: str
    ) -> Iterator[ContractChange]:
        left, right = (
            {str(name).lower(): node for name, node in (each.get("headers") or {}).items()} for each in (old, new)
        )
        for name in [*left, *(each for each in right if each not in left)]:
            before, after = (
                schemas.resolved(each.get(name), "")[0] or {}
                for schemas, each in ((self._messages.old, left), (self._messages.new, right))
            )
            was, is_ = bool(before.get("required")), bool(after.get("required"))
            where = f"{at_old if name not in right else at_new}/headers/{escape(name)}"
            if was != is_:
                what = Alteration.HEADER_PROMISED if is_ else Alteration.HEADER_PROMISE_GONE
                yield self._of(what, where, writer=self._server)
            elif name not in right:
                yield self._of(Alteration.HEADER_GONE, where, writer=self._server)
            elif name not in left:
                yield self._of(Alteration.HEADER_ADDED, where, writer=self._server)
            if name in left and name in right:
                slots = (Slot((SchemaPart(where, _schema(each)),)) for each in (before, after))
                yield from self._messages.compared(*slots, writer=self._server, request=False)

    # -- bodies ------------------------------------------------------------------------------------

    def _bodies(
        self, old: Mapping[str, Any], new: Mapping[str, Any], at_old: str, at_new: str, writer: Party
    ) -> Iterator[ContractChange]:
        left, right = _content(old), _content(new)
        if bool(left) != bool(right):
            what = Alteration.BODY_GONE if left else Alteration.BODY_ADDED
            yield self._of(what, at_old if left else at_new, writer=writer)
            return
        for media in left:
            if media not in right:
                yield self._of(Alteration.MEDIA_GONE, f"{at_old}/content", old=media, writer=writer)
        for media, (name, node) in right.items():
            if media not in left:
                yield self._of(Alteration.MEDIA_ADDED, f"{at_new}/content", new=media, writer=writer)
                continue
            before, its = left[media]
            slots = (
                Slot((SchemaPart(f"{where}/content/{escape(called)}/schema", _schema(each)),))
                for where, called, each in ((at_old, before, its), (at_new, name, node))
            )
            yield from self._messages.compared(*slots, writer=writer, request=writer is self._caller)


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
