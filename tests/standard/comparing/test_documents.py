"""Each kind of change, in a request, in an answer and in an event: what it is called, and whom it breaks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from emulator.record.exchange import Party
from emulator.record.payload import MISSING, at
from emulator.standard.comparing.alterations import MEANINGS, Alteration, Grade, change_of, gathered, spoken
from emulator.standard.release import load_release
from tests.standard.comparing.contracts import broken, changed, compared, contract, names

TEXT = {"type": "string"}


def tea(*, required: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": members}


def leaf(**said: Any) -> dict[str, Any]:
    return tea(leaf={**TEXT, **said})


NARROWER = [
    (tea(), tea(required=("leaf",), leaf=TEXT), "demanded-member-added"),
    (tea(leaf=TEXT), tea(required=("leaf",), leaf=TEXT), "member-demanded"),
    (leaf(enum=["green", "black"]), leaf(enum=["black"]), "value-gone"),
    (leaf(), leaf(enum=["black"]), "limit-narrower"),
    (tea(leaf={"type": "number"}), tea(leaf={"type": "integer"}), "type-narrower"),
    (tea(leaf={**TEXT, "nullable": True}), tea(leaf=TEXT), "type-narrower"),
    (leaf(), leaf(maxLength=3), "limit-narrower"),
    (leaf(minLength=1), leaf(minLength=2), "limit-narrower"),
    (leaf(maxLength=3), leaf(maxLength=2), "limit-narrower"),
    (leaf(), leaf(pattern="^a"), "limit-narrower"),
    (leaf(), leaf(format="uri"), "limit-narrower"),
    (tea(), {**tea(), "additionalProperties": False}, "limit-narrower"),
    (tea(leaf={"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}),
     tea(leaf={"oneOf": [{"$ref": "#/components/schemas/A"}]}), "variant-gone"),
]  # fmt: skip
"""What takes less than before: backwards it takes more."""
BACKWARDS = {
    "demanded-member-added": "demanded-member-gone",
    "member-demanded": "member-optional",
    "value-gone": "value-added",
    "limit-narrower": "limit-wider",
    "type-narrower": "type-wider",
    "variant-gone": "variant-added",
}
BOTH = [
    (leaf(), tea(leaf={"type": "integer"}), "type"),
    (leaf(pattern="^a"), leaf(pattern="^b"), "limit"),
    (leaf(format="date"), leaf(format="date-time"), "limit"),
]
"""What is neither more nor less."""
NOBODY = [
    (tea(), tea(leaf=TEXT), "member-added"),
    (tea(leaf={**TEXT, "description": "a"}), tea(leaf={**TEXT, "description": "b", "x-more": 1, "deprecated": True}), None),
    (tea(required=("a", "b"), a=TEXT, b=TEXT), tea(required=("b", "a"), b=TEXT, a=TEXT), None),
    (tea(leaf={"enum": ["a", "b"], "type": "string"}), tea(leaf={"enum": ["b", "a"]}), None),
    (tea(leaf={"$ref": "#/components/schemas/A"}), tea(leaf={"$ref": "#/components/schemas/B"}), None),
    (tea(leaf=TEXT), {"allOf": [{"$ref": "#/components/schemas/A"}, tea(leaf=TEXT)]}, None),
]  # fmt: skip
NAMED = {"A": {"type": "object"}, "B": {"type": "object"}}


def places(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Party, Any, Any]]:
    """A change where the Buyer sends it, where the Seller answers with it, and where the Seller tells it."""
    return [
        ("buyer", "seller", Party.SELLER, contract(old, **NAMED), contract(new, **NAMED)),
        ("seller", "buyer", Party.SELLER, contract(answered=old, **NAMED), contract(answered=new, **NAMED)),
        ("seller", "buyer", Party.BUYER, contract(old, **NAMED), contract(new, **NAMED)),
    ]


@pytest.mark.parametrize(("old", "new", "what"), NARROWER)
def test_what_is_narrower_breaks_who_sends_it_and_what_is_wider_who_gets_it(old: Any, new: Any, what: str) -> None:
    for writer, reader, served_by, before, after in places(old, new):
        found = compared(before, after, served_by)
        assert (names(found), broken(found)) == ([what], {writer})
        assert [each.grade for each in found] == [Grade.MAJOR]
        back = compared(after, before, served_by)
        assert names(back) == [BACKWARDS[what]]
        # Who asked by a member that is gone is broken, too: nobody reads it.
        asked = what == "demanded-member-added" and writer == "buyer"
        assert broken(back) == ({writer, reader} if asked else {reader})


@pytest.mark.parametrize(("old", "new", "what"), BOTH)
def test_what_is_another_one_breaks_both(old: Any, new: Any, what: str) -> None:
    for _, _, served_by, before, after in places(old, new):
        found = compared(before, after, served_by)
        assert (names(found), broken(found)) == ([what], {"buyer", "seller"})


@pytest.mark.parametrize(("old", "new", "what"), NOBODY)
def test_what_may_be_left_out_and_what_is_only_written_otherwise_breaks_nobody(
    old: Any, new: Any, what: str | None
) -> None:
    for _, _, served_by, before, after in places(old, new):
        found = compared(before, after, served_by)
        assert names(found) == ([what] if what else [])
        assert all(each.grade is Grade.MINOR for each in found)


def test_a_member_that_is_gone_breaks_only_who_asked_by_it() -> None:
    found = [compared(before, after, by) for _, _, by, before, after in places(tea(leaf=TEXT), tea())]
    assert [names(each) for each in found] == [["asked-member-gone"], ["member-gone"], ["member-gone"]]
    assert [broken(each) for each in found] == [{"buyer"}, set(), set()]


def test_a_member_that_only_reads_show_is_nothing_to_be_sent() -> None:
    old, new = leaf(), leaf(readOnly=True)
    assert [(names(each), broken(each)) for _, _, by, a, b in places(old, new) for each in [compared(a, b, by)]] == [
        (["read-only"], {"buyer"}), ([], set()), (["read-only"], {"seller"})]  # fmt: skip
    assert names(compared(contract(new), contract(old))) == ["writable"]


TEA = contract()
POST = "paths /tea post"
OTHER = deepcopy(TEA["paths"]["/tea"])
CALLS = [
    ("paths /cup", {"get": {"responses": {}}}, "operation-added", set()),
    (f"{POST} parameters", None, "parameter-gone", {"buyer"}),
    (f"{POST} parameters", [*OTHER["post"]["parameters"], {"in": "query", "name": "a"}], "parameter-added", set()),
    (f"{POST} parameters", [*OTHER["post"]["parameters"], {"in": "query", "name": "a", "required": True}],
     "demanded-parameter-added", {"buyer"}),
    (f"{POST} parameters", [{**OTHER["post"]["parameters"][0], "required": True}], "parameter-demanded", {"buyer"}),
    (f"{POST} parameters", [{**OTHER["post"]["parameters"][0], "schema": {"type": "string", "default": "x"}}], "default", set()),
    (f"{POST} parameters", [*OTHER["post"]["parameters"], {"in": "path", "name": "id", "required": True}], None, set()),
    (f"{POST} responses 404", None, "status-gone", set()),
    (f"{POST} responses 409", {"description": "x"}, "status-added", set()),
    (f"{POST} responses 201", None, "success-gone", {"seller"}),
    (f"{POST} responses 202", {"description": "x"}, "success-added", {"buyer"}),
    (f"{POST} responses 201 content", None, "body-gone", {"buyer"}),
    (f"{POST} responses 404 content", {"application/json": {}}, "body-added", {"seller"}),
    (f"{POST} requestBody required", None, "body-optional", {"seller"}),
    (f"{POST} responses 201 headers", {"X-Cup": {}}, "header-added", set()),
    (f"{POST} responses 201 headers", {"X-Cup": {"required": True}}, "header-promised", {"seller"}),
    (f"{POST} requestBody content text/plain", {}, "media-type-added", {"seller"}),
    (f"{POST} summary", "another word", None, set()),
    ("info version", "2.0.0", None, set()),
    (f"{POST} operationId", "makeTea", None, set()),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "what", "whom"), CALLS)
def test_calls_break_who_calls_and_answers_who_waits(place: str, value: Any, what: str | None, whom: set[str]) -> None:
    found = compared(TEA, changed(TEA, place, value))
    assert (names(found), broken(found)) == ([what] if what else [], whom)


OPPOSITE = {
    "parameter-demanded": ("parameter-optional", {"seller"}),
    "body-optional": ("body-demanded", {"buyer"}),
    "header-added": ("header-gone", set()),
    "header-promised": ("promised-header-gone", {"buyer"}),
    "media-type-added": ("media-type-gone", {"buyer"}),
}


@pytest.mark.parametrize(("place", "value", "what"), [(a, b, c) for a, b, c, _ in CALLS if c in OPPOSITE])
def test_and_backwards(place: str, value: Any, what: str) -> None:
    found = compared(changed(TEA, place, value), TEA)
    assert (names(found)[0], broken(found)) == OPPOSITE[what]


def test_an_operation_that_is_gone_breaks_who_calls_it_an_event_both() -> None:
    none = changed(TEA, "paths /tea", None)
    found, event = compared(TEA, none), compared(TEA, none, Party.BUYER)
    assert (names(found), broken(found)) == (["operation-gone"], {"buyer"})
    assert (names(event), broken(event)) == (["event-gone"], {"buyer", "seller"})
    assert names(compared(none, TEA, Party.BUYER)) == ["event-added"]


def test_an_operation_is_known_again_by_its_name_and_a_path_whatever_its_variables_are_called() -> None:
    one = changed(changed(TEA, "paths /tea/{id}", OTHER), "paths /tea", None)
    two = changed(changed(TEA, "paths /tea/{teaId}", OTHER), "paths /tea", None)
    assert compared(one, two) == []
    moved = compared(TEA, one)
    assert (names(moved), broken(moved)) == (["path"], {"buyer"})
    assert moved[0].words == "POST /tea: the operation has moved to POST /tea/{id}"


def test_any_media_type_means_json_and_its_parameters_mean_nothing() -> None:
    body = TEA["paths"]["/tea"]["post"]["requestBody"]["content"]["application/json"]
    for name in ("*/*", "application/json;charset=utf-8"):
        assert compared(TEA, changed(TEA, f"{POST} requestBody content", {name: body})) == []


def test_one_place_that_both_send_is_one_change_and_breaks_both() -> None:
    ref = {"$ref": "#/components/schemas/Leaf"}
    old = contract(tea(a=ref), tea(a=ref, b=ref), Leaf={"enum": ["x", "y"]})
    found = compared(old, changed(old, "components schemas Leaf", {"enum": ["x"]}))
    assert [(each.what.value, each.where, each.old) for each in found] == [
        ("value-gone", "/components/schemas/Leaf", '"y"')
    ]
    assert found[0].sent == {Party.BUYER, Party.SELLER}
    assert broken(found) == {"buyer", "seller"}


def test_a_member_that_is_gone_is_told_once_and_as_the_worst() -> None:
    changes = [
        change_of("management", what, "/a", Party.BUYER)
        for what in (Alteration.MEMBER_GONE, Alteration.MEMBER_PROMISE_GONE, Alteration.MEMBER_UNREAD)
    ]
    (found,) = gathered(changes)
    assert found.what is Alteration.MEMBER_PROMISE_GONE
    assert {party for party, _ in found.breaks} == {Party.BUYER, Party.SELLER}


BASE = {"type": "object", "properties": {"@type": TEXT}, "discriminator": {"propertyName": "@type"}}


def sub(**members: Any) -> dict[str, Any]:
    return {"allOf": [{"$ref": "#/components/schemas/Base"}, tea(**members)]}


@pytest.mark.parametrize("mapped", [False, True])
def test_a_discriminator_chooses_among_sub_types(mapped: bool) -> None:
    mapping = {name: f"#/components/schemas/{name}" for name in ("Cup", "Pot")}
    base = {**BASE, "discriminator": {**BASE["discriminator"], **({"mapping": mapping} if mapped else {})}}
    old = contract(tea(a={"$ref": "#/components/schemas/Base"}), Base=base, Cup=sub(), Pot=sub(size=TEXT))
    found = compared(old, changed(old, "components schemas Cup", sub(leaf=TEXT)))
    assert [(each.what.value, each.where) for each in found] == [
        ("member-added", "/components/schemas/Cup/allOf/1/properties/leaf")
    ]
    assert spoken(found[0].where) == "Cup.leaf"
    without = changed(old, "components schemas Pot", None)
    if mapped:
        del without["components"]["schemas"]["Base"]["discriminator"]["mapping"]["Pot"]
    gone = compared(old, without)
    assert (names(gone), gone[0].old, broken(gone)) == (["variant-gone"], "Pot", {"buyer"})


def test_what_all_sub_types_have_is_told_once_and_a_sub_type_of_its_own_name_chooses_too() -> None:
    small = {"allOf": [{"$ref": "#/components/schemas/Cup"}, tea(handle=TEXT)]}
    old = contract(tea(a={"$ref": "#/components/schemas/Cup"}), Base=BASE, Cup=sub(), Small=small)
    more = deepcopy(BASE)
    more["properties"]["leaf"] = TEXT
    assert [each.where for each in compared(old, changed(old, "components schemas Base", more))] == [
        "/components/schemas/Base/properties/leaf"
    ]
    assert names(compared(old, changed(old, "components schemas Small", None))) == ["variant-gone"]


def test_schemas_that_lead_back_to_themselves_come_to_an_end() -> None:
    ref = {"$ref": "#/components/schemas/Node"}
    node = tea(next=ref, all={"type": "array", "items": {"allOf": [ref]}}, any={"oneOf": [ref, TEXT]})
    own = {"$ref": "#/components/schemas/Self"}
    old = contract(ref, own, Node=node, Self=own)
    assert compared(old, deepcopy(old)) == []
    assert names(compared(old, changed(old, "components schemas Node properties next", None))) == ["asked-member-gone"]


def test_every_place_that_is_told_is_there() -> None:
    """Pointers lead into the document that the change is told of; a parameter is named by its place."""
    old, new = load_release(), load_release()
    for entry in new.entries:
        left = old.document(entry.api, entry.kind)
        right = new.document(entry.api, entry.kind)
        assert compared(left, right, entry.served_by) == []
        spoilt = deepcopy(left)
        for name in list(spoilt["components"]["schemas"])[::2]:
            spoilt["components"]["schemas"][name].pop("required", None)
        for each in compared(left, spoilt, entry.served_by):
            assert at(spoilt, each.where) is not MISSING, each


def test_every_change_has_its_words_and_its_reasons() -> None:
    assert set(MEANINGS) == set(Alteration)
    for what in Alteration:
        told = change_of("management", what, "/paths/~1tea/post/responses/200", Party.SELLER, old=1, new=2).words
        assert told.startswith("POST /tea 200: ")
        assert "{" not in told
