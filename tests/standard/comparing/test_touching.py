"""What a message touches of the changes from a contract to another one: what it has, what it goes by, and nothing else."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from emulator.record.exchange import Exchange, Party, Request, Response
from emulator.standard.comparing.touching import End, TouchedChange, Touching, gathered_touches
from emulator.standard.contract import Contract, ContractEntry
from emulator.standard.release import Release
from tests.standard.comparing.contracts import EMPTY, changed, contract

TEXT = {"type": "string"}


class Spoken:
    """As much of a release as is asked for: one contract."""

    def __init__(self, document: dict[str, Any], base_path: str = "/tea/v1") -> None:
        entry = ContractEntry("tea", "management", "MEF1", "tea.yaml", "1", base_path, Party.SELLER, "tea.yaml")
        self.entries, self._document, self._entry = (entry,), document, entry

    def document(self, _api: str, _kind: str) -> dict[str, Any]:
        return deepcopy(self._document)

    def contract(self, _api: str, _kind: str) -> Contract:
        return Contract(self._entry, "fable", deepcopy(self._document))


def exchange(asked: Any = None, answered: Any = None, *, status: int = 201, query: str = "", **more: Any) -> Exchange:
    return Exchange(
        n=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        elapsed_ms=1.0,
        sender=Party.BUYER,
        receiver=Party.SELLER,
        request=Request((), json.dumps(asked if asked is not None else {}).encode(), "POST", f"http://x/tea{query}"),
        response=Response((), json.dumps(answered if answered is not None else {}).encode(), status),
        **{"api": "tea", "kind": "management", "operation": "createTea", **more},
    )


def touched(
    old: dict[str, Any], new: dict[str, Any], seen: Exchange, end: End = End.OLD, *, moved: bool = False
) -> tuple[TouchedChange, ...]:
    releases = Spoken(old), Spoken(new, "/tea/v2" if moved else "/tea/v1")
    touching = Touching(*(cast("Release", each) for each in releases))
    return gathered_touches(touching.of(seen, end))


def told(found: tuple[TouchedChange, ...]) -> list[tuple[str, bool]]:
    return sorted((each.change.what.value, each.shown) for each in found)


def tea(*, required: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": members}


def leaf(**said: Any) -> dict[str, Any]:
    return tea(leaf={**TEXT, **said})


OLD, NEW = End.OLD, End.NEW
GREEN, BLACK = leaf(enum=["green", "black"]), leaf(enum=["black"])


@pytest.mark.parametrize(
    ("old", "new", "value", "end", "expected"),
    [
        (GREEN, BLACK, {"leaf": "green"}, OLD, [("value-gone", True)]),
        (GREEN, BLACK, {"leaf": "black"}, OLD, []),
        (GREEN, BLACK, {}, OLD, []),
        (BLACK, GREEN, {"leaf": "black"}, OLD, [("value-added", False)]),
        (BLACK, GREEN, {"leaf": "green"}, NEW, [("value-added", True)]),
        (BLACK, GREEN, {}, OLD, []),
        (tea(leaf=TEXT), tea(), {"leaf": "green"}, OLD, [("asked-member-gone", True)]),
        (tea(leaf=TEXT), tea(), {}, OLD, []),
        (tea(), tea(leaf=TEXT), {}, OLD, [("member-added", False)]),
        (tea(), tea(leaf=TEXT), {"leaf": "green"}, NEW, [("member-added", True)]),
        (tea(), tea(required=("leaf",), leaf=TEXT), {}, OLD, [("demanded-member-added", True)]),
        (tea(leaf=TEXT), tea(required=("leaf",), leaf=TEXT), {}, OLD, [("member-demanded", True)]),
        (tea(leaf=TEXT), tea(required=("leaf",), leaf=TEXT), {"leaf": "x"}, OLD, [("member-demanded", False)]),
        (tea(required=("leaf",), leaf=TEXT), tea(leaf=TEXT), {"leaf": "x"}, OLD, [("member-may-be-left", False)]),
        (tea(required=("leaf",), leaf=TEXT), tea(leaf=TEXT), {}, NEW, [("member-may-be-left", True)]),
        (leaf(), tea(leaf={"type": "integer"}), {"leaf": "x"}, OLD, [("type", True)]),
        (leaf(nullable=True), leaf(), {"leaf": "x"}, OLD, [("type-narrower", False)]),
        (leaf(nullable=True), leaf(), {"leaf": None}, OLD, [("type-narrower", True)]),
        (leaf(), leaf(maxLength=2), {"leaf": "xx"}, OLD, [("limit-narrower", False)]),
        (leaf(), leaf(maxLength=2), {"leaf": "xxx"}, OLD, [("limit-narrower", True)]),
        (leaf(), leaf(enum=["x"]), {"leaf": "y"}, OLD, [("limit-narrower", True)]),
        (leaf(), leaf(pattern="^a"), {"leaf": "b"}, OLD, [("limit-narrower", True)]),
        (leaf(), leaf(pattern="^a"), {"leaf": "a"}, OLD, [("limit-narrower", False)]),
        (leaf(format="date"), leaf(format="date-time"), {"leaf": "2026-12-07"}, OLD, [("limit", True)]),
        (leaf(format="date"), leaf(format="uri"), {"leaf": "x:y"}, OLD, [("limit", False)]),
        (leaf(), leaf(format="tea"), {"leaf": "x"}, OLD, [("limit-narrower", False)]),
        (leaf(), leaf(enum=["x"]), {"leaf": "x"}, OLD, [("limit-narrower", False)]),
        (
            tea(pots={"type": "array", "items": GREEN}),
            tea(pots={"type": "array", "items": BLACK}),
            {"pots": [{"leaf": "black"}, {"leaf": "green"}]},
            OLD,
            [("value-gone", True)],
        ),
        (leaf(), leaf(description="the same"), {"leaf": "x"}, OLD, []),
    ],
)
def test_of_a_body_only_what_it_has_and_goes_by(
    old: dict[str, Any], new: dict[str, Any], value: Any, end: End, expected: list[tuple[str, bool]]
) -> None:
    expected = [(what.replace("member-may-be-left", "member-optional"), shown) for what, shown in expected]
    asks = touched(contract(asked=old), contract(asked=new), exchange(value), end)
    assert told(asks) == expected
    tells = touched(contract(answered=old), contract(answered=new), exchange(answered=value), end)
    assert told(tells) == [(what.replace("asked-", ""), shown) for what, shown in expected]


def test_a_demanded_member_that_is_gone_is_shown_by_who_has_it_and_by_who_has_it_not_any_more() -> None:
    old, new = contract(answered=tea(required=("leaf",), leaf=TEXT)), contract(answered=tea())
    assert told(touched(old, new, exchange(answered={"leaf": "x"}))) == [("demanded-member-gone", True)]
    assert told(touched(old, new, exchange(answered={}), NEW)) == [("demanded-member-gone", True)]


def test_a_place_is_told_with_a_star_for_each_index() -> None:
    old, new = (contract(asked=tea(pots={"type": "array", "items": each})) for each in (GREEN, BLACK))
    found = touched(old, new, exchange({"pots": [{"leaf": "black"}, {"leaf": "green"}]}))
    assert [touch.pointer for each in found for touch in each.touches] == ["/pots/*/leaf"]


def test_a_variant_is_touched_by_who_says_it_is_one() -> None:
    variants = {
        name: {"allOf": [{"$ref": "#/components/schemas/Tea"}, tea(**{name.lower(): TEXT})]} for name in ("Bag", "Leaf")
    }
    base = {**tea(**{"@type": TEXT}), "discriminator": {"propertyName": "@type"}}
    asked = {"$ref": "#/components/schemas/Tea"}
    old = contract(asked=asked, Tea=base, **variants)
    new = contract(asked=asked, Tea=base, Leaf=variants["Leaf"])
    assert told(touched(old, new, exchange({"@type": "Bag", "bag": "x"}))) == [("variant-gone", True)]
    assert told(touched(old, new, exchange({"@type": "Leaf", "leaf": "x"}))) == []
    stricter = changed(old, "components schemas Bag allOf", [variants["Bag"]["allOf"][0], tea(required=("bag",))])
    assert told(touched(old, stricter, exchange({"@type": "Leaf"}))) == []
    assert told(touched(old, stricter, exchange({"@type": "Bag"}))) == [("member-demanded", True)]


def test_of_a_call_its_path_parameters_and_statuses() -> None:
    plain = contract()
    assert told(touched(plain, plain, exchange(), moved=True)) == [("base-path", True)]
    gone = changed(plain, "paths /tea post parameters", [])
    assert told(touched(plain, gone, exchange(query="?leaf=x"))) == [("parameter-gone", True)]
    assert told(touched(plain, gone, exchange())) == []
    needed = changed(
        plain, "paths /tea post parameters", [{"in": "query", "name": "cup", "required": True, "schema": TEXT}]
    )
    assert ("demanded-parameter-added", True) in told(touched(plain, needed, exchange()))
    known = changed(
        plain, "paths /tea post parameters", [{"in": "query", "name": "leaf", "schema": {**TEXT, "enum": ["a"]}}]
    )
    assert told(touched(plain, known, exchange(query="?leaf=b"))) == [("limit-narrower", True)]
    assert told(touched(plain, known, exchange())) == []
    fewer = changed(plain, "paths /tea post responses 404", None)
    assert told(touched(plain, fewer, exchange(status=404))) == [("status-gone", True)]
    assert told(touched(plain, fewer, exchange(status=201))) == []
    later = changed(plain, "paths /tea post responses 202", {"description": "later"})
    assert told(touched(plain, later, exchange())) == [("success-added", False)]
    assert told(touched(plain, later, exchange(status=202), NEW)) == [("success-added", True)]


def test_an_operation_that_is_asked_by_another_method_has_moved_and_its_answer_is_compared() -> None:
    old, new = contract(answered=GREEN), contract(answered=BLACK)
    new["paths"]["/tea"]["put"] = new["paths"]["/tea"].pop("post")
    found = touched(old, new, exchange(answered={"leaf": "green"}))
    assert told(found) == [("path", True), ("value-gone", True)]
    assert "PUT /tea" in found[0].change.words


def test_an_operation_or_a_contract_that_is_gone_is_told_where_it_was_called() -> None:
    old, new = contract(), changed(contract(), "paths", {})
    assert told(touched(old, new, exchange())) == [("operation-gone", True)]
    assert told(touched(new, old, exchange(), NEW)) == [("operation-added", True)]
    none = Spoken(old)
    none.entries = ()
    touching = Touching(cast("Release", Spoken(old)), cast("Release", none))
    assert told(gathered_touches(touching.of(exchange(), OLD))) == [("contract-gone", True)]


@pytest.mark.parametrize("more", [{"api": None}, {"operation": None}, {"kind": "authorization"}])
def test_what_belongs_to_no_contract_touches_nothing(more: dict[str, Any]) -> None:
    assert touched(contract(asked=GREEN), contract(asked=BLACK), exchange({"leaf": "green"}, **more)) == ()


def test_what_was_wrong_on_purpose_shows_nothing() -> None:
    asked = touched(contract(asked=GREEN), contract(asked=BLACK), exchange({"leaf": "green"}, provoked=True))
    answered = touched(
        contract(answered=GREEN), contract(answered=BLACK), exchange(answered={"leaf": "green"}, spoilt=True)
    )
    assert asked == answered == ()


@pytest.mark.parametrize("value", [None, 7, "x", [], [[{}]], {"leaf": {"leaf": []}}, {"@type": 3}])
def test_a_message_of_any_shape_is_walked(value: Any) -> None:
    touched(contract(asked=GREEN), contract(asked=BLACK), exchange(value))
    touched(contract(asked=EMPTY), contract(asked=BLACK), exchange(answered=value))
