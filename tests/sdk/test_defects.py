"""Each defect that official SDKs have: what is read in its place, and that it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import UserError
from emulator.record.exchange import Party
from emulator.record.payload import parse
from emulator.sdk.adding import Added, add_sdk
from emulator.standard.contract import Contract
from emulator.standard.release import Release, load_release
from tests.sdk.trees import README, SWAGGER, URN, contract, notification, payload, planted

QUOTE = "productApi/quote/quoteManagement.api.yaml"
POT = "productSchema/tea/teaPot.yaml"
README_FILE = {"README.md": README.format(point="Sonata", release="Celine").encode()}


def added(tmp_path: Path, files: dict[str, bytes]) -> tuple[Added, Release]:
    """An SDK with these files, added."""
    found = add_sdk(planted(tmp_path / "sdk", {**README_FILE, **files}))
    return found, load_release(found.identity.name)


def told(found: Added, what: str) -> list[str]:
    """The places of mendings that say this."""
    return [f"{each.file}#{each.place}" for each in found.notes.mendings if what in f"{each.what}; {each.how}"]


def breaches(release: Release, body: Any, schema: str = "Tea", api: str = "quote") -> list[str]:
    """The places at which a body breaks a schema of the contract."""
    found = release.contract(api).body_breaches(schema, parse(json.dumps(body).encode()), "response", advisory=False)
    return sorted(each.place for each in found)


def tea(pot: dict[str, Any]) -> dict[str, Any]:
    return {"id": "t1", "state": "ready", "product": {"@type": URN, **pot}}


def test_a_payload_is_judged_deep_inside(tmp_path: Path) -> None:
    _, release = added(tmp_path, {QUOTE: contract(), POT: payload(URN)})
    assert breaches(release, tea({"leaves": 3})) == []
    assert breaches(release, tea({"leaves": 0})) == ["/product/leaves"]


# -- bytes ---------------------------------------------------------------------------------------------------


def test_what_is_not_utf_8_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    raw = contract().replace(b"description: Teas", "description: Tea’s".encode("cp1252"))
    found, release = added(tmp_path, {QUOTE: raw})
    assert len(told(found, "not UTF-8")) == 1
    assert release.document("quote")["paths"]["/tea"]["get"]["responses"]["200"]["description"] == "Tea’s"


@pytest.mark.parametrize(
    "place",
    [
        "  leaves: {type: integer, description: a\n\t  b}",
        "  leaves:\n    type: integer\n    description: >\n      a\n      \tb",
    ],
)
def test_a_tab_in_a_text_is_no_reason_to_refuse(place: str, tmp_path: Path) -> None:
    raw = payload(URN).replace(b"  leaves: {type: integer, minimum: 1}", place.encode())
    _, release = added(tmp_path, {QUOTE: contract(), POT: raw})
    assert breaches(release, tea({"leaves": "many"})) == ["/product/leaves"]


def test_a_tab_that_indents_is_read_as_a_blank_and_told(tmp_path: Path) -> None:
    raw = payload(URN).replace(b"properties:\n  leaves", b"properties:\n\t leaves")
    found, release = added(tmp_path, {QUOTE: contract(), POT: raw})
    assert told(found, "a tab stands where YAML allows none") == [f"{POT}#line 5"]
    assert breaches(release, tea({"leaves": 0})) == ["/product/leaves"]


def test_a_key_given_twice_a_tag_and_numeric_keys_are_told(tmp_path: Path) -> None:
    raw = (
        contract()
        .replace(b"'200':", b"200:")
        .replace(b"note: {type: string}", b"note: {type: integer}\n        note: !odd {type: string}")
    )
    found, release = added(tmp_path, {QUOTE: raw})
    assert told(found, "a key is given twice")
    assert told(found, "a key is no text")
    assert told(found, "a tag that is not known")
    assert 200 in release.contract("quote").operations["listTea"].responses


def test_words_of_yaml_1_1_stay_words(tmp_path: Path) -> None:
    more = "country: {type: string, enum: [NO, on, 1, 0123, 1e3, 2020-01-01, true]}\n  leaves: {type: integer}"
    found, release = added(tmp_path, {QUOTE: contract(), POT: payload(URN, more)})
    assert told(found, "values of a text are none") == [f"{POT}#/properties/country/enum"]
    for word in ("NO", "on", "1", "0123", "2020-01-01", "true"):
        assert breaches(release, tea({"country": word})) == []
    assert breaches(release, tea({"country": False})) == ["/product/country"]


def test_what_cannot_be_read_is_skipped_where_it_is_not_needed(tmp_path: Path) -> None:
    found, _ = added(tmp_path, {QUOTE: contract(), "productApi/other.api.yaml": b"openapi: 3.0.1\n  paths: [\n"})
    assert next(each.why for each in found.notes.skipped if each.file.endswith("other.api.yaml")).startswith(
        "not readable"
    )


# -- schemas ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "what", "right", "wrong"),
    [
        ("{type: object, properties: null}", "properties is null", [{}, {"a": 1}], [1]),
        ("{type: object, properties: {a: null, description: tea for all}}", "a property, description, is no schema", [{"a": 1}], [1]),
        ("{type: object, properties: {a: {type: integer}, required: [a]}}", "a property, required, is no schema", [{}], [{"a": "x"}]),
        ("{type: object, required: [b], properties: {a: {type: integer}}}", "required names no property: b", [{"b": 1}], [{"a": 1}]),
        ("{type: object, required: true, properties: {a: {type: integer}}}", "required is no list of names", [{}], [{"a": "x"}]),
        ("{$ref: '#/components/schemas/TeaStateType', type: integer, minItems: 1}", "stands beside a $ref", ["ready"], [1]),
        ("{type: Integer}", "the type is written", [1], ["x"]),
        ("{type: date}", "is no type", [1, "x"], []),
        ("{type: integer, minimum: 1, exclusiveMinimum: true}", "exclusiveMinimum is true or false", [2], [1]),
        ("{type: integer, minimum: '1'}", "", [1], [0]),
        ("{type: string, maxLength: many}", "maxLength is no number", ["x"], [1]),
        ("{type: string, description: null, enum: null}", "enum is null", ["x"], [1]),
        ("{allOf: {type: integer}}", "one schema stands where a list", [1], ["x"]),
        ("{type: string, colour: green}", "colour is no word", ["x"], [1]),
        ("{type: string, nullable: true}", "", ["x", None], [1]),
        ("{type: string, readOnly: yes}", "readOnly is 'yes'", ["x"], [1]),
        ("{$ref: 'http://tea.example/schema.json'}", "is not fetched", [1, "x", None], []),
        ("{$ref: '#/components/schemas/Nobody'}", "leads to nothing in its file", [1, "x"], []),
        ("{$ref: 'nowhere.yaml#/Pot'}", "leads to no file", [1, "x"], []),
        ("just words", "a property, odd, is no schema", [1, "x"], []),
        ("true", "", [1, "x"], []),
    ],
)  # fmt: skip
def test_a_schema_is_read_as_it_was_meant(
    schema: str, what: str, right: list[Any], wrong: list[Any], tmp_path: Path
) -> None:
    raw = contract(schemas=f"Odd:\n  type: object\n  properties:\n    odd: {schema}\n")
    found, release = added(tmp_path, {QUOTE: raw})
    if what:
        assert told(found, what)
    else:
        assert not [each for each in found.notes.mendings if "Odd" in each.place]
    for value in right:
        assert breaches(release, {"odd": value}, "Odd") == [], value
    for value in wrong:
        assert breaches(release, {"odd": value}, "Odd"), value


def test_read_only_beside_a_reference_is_kept(tmp_path: Path) -> None:
    raw = contract(schemas="Odd: {properties: {odd: {$ref: '#/components/schemas/TeaStateType', readOnly: true}}}")
    found, release = added(tmp_path, {QUOTE: raw})
    assert not found.notes.mendings
    assert release.document("quote")["components"]["schemas"]["Odd"]["properties"]["odd"]["readOnly"] is True


def test_a_discriminator_in_a_schema_without_a_name_gets_one(tmp_path: Path) -> None:
    raw = contract(
        schemas="""\
        Cup: {type: object, required: ['@type'], properties: {'@type': {type: string}}}
        Mug: {allOf: [{$ref: '#/components/schemas/Cup'}], type: object, required: [handle]}
        Tray:
          type: object
          properties:
            cup:
              allOf: [{$ref: '#/components/schemas/Cup'}]
              discriminator: {propertyName: '@type', mapping: {Mug: Mug, Bowl: '#/components/schemas/Bowl'}}
        """
    )
    found, release = added(tmp_path, {QUOTE: raw})
    assert told(found, "a schema without a name has a discriminator")
    assert breaches(release, {"cup": {"@type": "Mug", "handle": 1}}, "Tray") == []
    assert breaches(release, {"cup": {"@type": "Mug"}}, "Tray") != []


def test_what_leads_back_to_itself_ends(tmp_path: Path) -> None:
    raw = contract(
        schemas="""\
        Cup:
          type: object
          required: ['@type']
          properties: {'@type': {type: string}, in: {$ref: '#/components/schemas/Cup'}}
          discriminator: {propertyName: '@type'}
          oneOf: [{$ref: '#/components/schemas/Mug'}, {$ref: '#/components/schemas/Bowl'}]
        Mug: {allOf: [{$ref: '#/components/schemas/Cup'}], type: object, required: [handle]}
        Bowl: {allOf: [{$ref: '#/components/schemas/Cup'}], type: object}
        Snake: {allOf: [{$ref: '#/components/schemas/Tail'}]}
        Tail: {$ref: '#/components/schemas/Snake'}
        """
    )
    found, release = added(tmp_path, {QUOTE: raw})
    assert told(found, "oneOf leads from Cup back to itself")
    assert told(found, "back to itself")
    assert breaches(release, {"@type": "Mug", "handle": 1, "in": {"@type": "Bowl"}}, "Cup") == []
    assert breaches(release, {"@type": "Bowl", "in": {"@type": "Mug"}}, "Cup") != []
    assert breaches(release, 1, "Snake") == []


# -- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ref", ["../../common/size.yaml", "../../../common/size.yaml", "elsewhere/size.yaml"])
def test_a_file_that_is_not_where_it_should_be_is_found(ref: str, tmp_path: Path) -> None:
    raw = payload(URN, f"size: {{$ref: '{ref}#/definitions/Size'}}")
    size = b"definitions: {Size: {type: string, enum: [small]}}\n"
    found, release = added(tmp_path, {QUOTE: contract(), POT: raw, "productSchema/common/size.yaml": size})
    assert bool(told(found, "there is no file")) is (ref != "../common/size.yaml")
    assert breaches(release, tea({"size": "small"})) == []
    assert breaches(release, tea({"size": "big"})) == ["/product/size"]


def test_a_file_of_a_name_that_two_have_is_not_guessed(tmp_path: Path) -> None:
    size = b"definitions: {Size: {type: string, enum: [small]}}\n"
    raw = payload(URN, "size: {$ref: 'elsewhere/size.yaml#/definitions/Size'}")
    found, release = added(tmp_path, {QUOTE: contract(), POT: raw, "a/size.yaml": size, "b/size.yaml": size})
    assert told(found, "leads to no file")
    assert breaches(release, tea({"size": "big"})) == []


def test_references_to_what_is_no_schema_are_put_in_place(tmp_path: Path) -> None:
    raw = contract(
        more="""\
        /pour:
          $ref: '#/x-paths/pour'
        """,
        root="""\
x-paths:
  pour:
    post:
      operationId: pour
      parameters: [{$ref: '#/x-parts/parameters/Cup'}]
      requestBody: {$ref: 'parts.yaml#/bodies/Tea'}
      responses:
        '200': {$ref: 'parts.yaml#/responses/200'}
        400: {$ref: '#/x-parts/responses/400'}
x-parts:
  parameters: {Cup: {name: cup, in: query, schema: {$ref: '#/components/schemas/TeaStateType'}}}
  responses: {400: {description: no, content: {'application/json': {schema: {$ref: '#/components/schemas/TeaStateType'}}}}}
""",
    )
    parts = b"""\
bodies: {Tea: {content: {application/json: {schema: {$ref: '#/schemas/Order'}}}, required: true}}
responses:
  200:
    description: poured
    headers: {X-Cup: {$ref: '#/headers/Cup'}}
    content: {application/json: {schema: {$ref: '#/schemas/Order'}}}
headers: {Cup: {schema: {$ref: '#/schemas/Size'}}}
schemas: {Order: {type: object, required: [size], properties: {size: {$ref: '#/schemas/Size'}}}, Size: {type: string}}
"""  # fmt: skip
    _, release = added(tmp_path, {QUOTE: raw, "productApi/quote/parts.yaml": parts})
    document = release.document("quote")
    pour = document["paths"]["/pour"]["post"]
    assert pour["parameters"][0]["schema"]["enum"] == ["steeping", "ready", "spilt"]
    assert pour["responses"]["200"]["headers"]["X-Cup"]["schema"] == {"type": "string"}
    assert breaches(release, {}, "Order") == ["/size"] or breaches(release, {}, "Order") == [""]
    assert set(release.contract("quote").operations["pour"].responses) == {200, 400}
    assert "#/x-" not in json.dumps(document)
    assert ".yaml" not in json.dumps(document)


def test_schemas_of_one_name_from_two_files_stay_two(tmp_path: Path) -> None:
    raw = contract(
        schemas="""\
        One: {properties: {pot: {$ref: 'a.yaml#/Pot'}}}
        Two: {properties: {pot: {$ref: 'b.yaml#/Pot'}}}
        """
    )
    files = {"productApi/quote/a.yaml": b"Pot: {type: string}\n", "productApi/quote/b.yaml": b"Pot: {type: integer}\n"}
    _, release = added(tmp_path, {QUOTE: raw, **files})
    assert breaches(release, {"pot": "x"}, "One") == breaches(release, {"pot": 1}, "Two") == []
    assert breaches(release, {"pot": 1}, "One") == breaches(release, {"pot": "x"}, "Two") == ["/pot"]


# -- documents ----------------------------------------------------------------------------------------------------------


def test_swagger_2_is_read_as_openapi_3(tmp_path: Path) -> None:
    found, release = added(tmp_path, {"api/quote/quoteManagement.yaml": SWAGGER})
    assert told(found, "the contract is Swagger 2.0")
    contract_ = release.contract("quote")
    assert contract_.base_path == "/mefApi/sonata/quoteManagement/v6"
    listed, made = contract_.operations["listTea"], contract_.operations["createTea"]
    assert [(each.name, each.schema["type"]) for each in listed.query] == [("cup", "string"), ("tags", "array")]
    assert set(listed.response_headers[200]) == {"X-Total-Count"}
    assert made.request is not None
    assert made.request.media_types == ("application/json;charset=utf-8",)
    assert set(contract_.operations["retrieveTea"].responses) == {200, 404}
    green = {"id": "1", "leaf": {"@type": "GreenLeaf", "shade": "dark"}}
    assert breaches(release, green) == []
    assert breaches(release, {"id": "1", "leaf": {"@type": "GreenLeaf"}}) != []
    assert breaches(release, {"leaf": {"@type": "GreenLeaf", "shade": "dark"}}) != []


def test_operations_get_what_they_lack(tmp_path: Path) -> None:
    raw = contract(
        more="""\
        /pot/{potId}/cups?size=1:
          get:
            responses: {default: {description: cups}}
          delete:
            operationId: listTea
            parameters: [{name: other, in: path, required: true, schema: {type: string}}]
            responses: {'204': {description: gone}, default: {description: no}, 4XX: {description: no}}
          put: {operationId: never, responses: {'404': {description: no}}}
          trace: {responses: {'200': {description: no}}}
        """
    )
    found, release = added(tmp_path, {QUOTE: raw})
    operations = release.contract("quote").operations
    assert set(operations) >= {"getPotPotIdCups", "listTea", "listTea_2"}
    assert "never" not in operations
    assert operations["getPotPotIdCups"].responses == {200: None}
    assert operations["listTea_2"].path_parameters == ("potId",)
    for what in ("no operationId", "another operation is called listTea", "the only answer of success", "is no status",
                 "the path has no {other}", "{potId} of the path is no parameter", "no answer of success", "has trace"):  # fmt: skip
        assert told(found, what), what


def test_parameters_of_paths_are_words(tmp_path: Path) -> None:
    raw = contract(
        more="""\
        /pot/{pot-id}/lid/{id}/of/{id}:
          get:
            operationId: lid
            parameters: [{name: pot-id, in: path, required: true, schema: {type: string}}]
            responses: {'200': {description: lid}}
        """
    )
    found, release = added(tmp_path, {QUOTE: raw})
    assert told(found, "read as /pot/{pot_id}/lid/{id}/of/{id_2}")
    matched = release.contract("quote").find("GET", "/pot/a/lid/b/of/c")
    assert matched is not None
    assert (matched[0].id, matched[1]) == ("lid", {"pot_id": "a", "id": "b", "id_2": "c"})
    assert matched[0].path_parameters == ("pot_id", "id", "id_2")


def test_two_contracts_with_one_base_path_are_two(tmp_path: Path) -> None:
    files = {QUOTE: contract(), "productApi/quote/quoteNotification.api.yaml": notification("quoteManagement")}
    _, release = added(tmp_path, files)
    assert {(each.kind, each.served_by, each.base_path) for each in release.entries} == {
        ("management", Party.SELLER, "/mefApi/sonata/quoteManagement/v1"),
        ("notification", Party.BUYER, "/mefApi/sonata/quoteManagement/v1"),
    }
    event = release.kinds.telling("quote")[0]
    assert (event.kind, event.cls, event.type) == ("tea", "state", "teaStateChangeEvent")


def test_two_apis_may_have_kinds_of_one_name(tmp_path: Path) -> None:
    files = {
        QUOTE: contract(),
        "productApi/order/productOrderManagement.api.yaml": contract("productOrderingManagement"),
    }
    found, release = added(tmp_path, files)
    assert [kind.api for kind in release.kinds] == ["quote"]
    assert release.kinds.shown_by("productOrder", "createTea") is None
    assert any("a kind of this name" in each.what for each in found.notes.unknown)
    assert isinstance(release.contract("productOrder"), Contract)


def test_a_contract_that_cannot_be_used_does_not_spoil_the_others(tmp_path: Path) -> None:
    other = b"openapi: 3.0.1\npaths: {/x: {get: {responses: {'404': {description: never}}}}}\n"
    found, release = added(tmp_path, {QUOTE: contract(), "productApi/other/otherManagement.api.yaml": other})
    assert release.apis == ("quote",)
    assert any("no operation in it can be used" in each.why for each in found.notes.skipped)


# -- payloads -----------------------------------------------------------------------------------------------------------


def test_each_function_has_its_own_payload(tmp_path: Path) -> None:
    files = {
        f"productSchema/tea/{function}/pot.yaml": payload(f"urn:mef:lso:spec:sonata:pot:v0.1.0:{function}", members)
        for function, members in (("poq", "leaves: {type: integer}"), ("quote", "leaves: {type: string}"))
    }
    _, release = added(tmp_path, {QUOTE: contract(), **files})
    assert set(release.products.urns) == {
        "urn:mef:lso:spec:sonata:pot:v0.1.0:poq",
        "urn:mef:lso:spec:sonata:pot:v0.1.0:quote",
    }
    for function, right, wrong in (("poq", 1, "x"), ("quote", "x", 1)):
        urn = f"urn:mef:lso:spec:sonata:pot:v0.1.0:{function}"
        assert breaches(release, tea({"@type": urn, "leaves": right})) == []
        assert breaches(release, tea({"@type": urn, "leaves": wrong})) == ["/product/leaves"]


def test_of_two_payloads_with_one_urn_the_first_by_path_is_taken(tmp_path: Path) -> None:
    files = {"productSchema/a.yaml": payload(URN, "leaves: {type: integer}"), "productSchema/b.yaml": payload(URN, "leaves: {type: string}"),
             "productSchema/c.yaml": payload(URN, "leaves: {type: integer}")}  # fmt: skip
    found, release = added(tmp_path, {QUOTE: contract(), **files})
    assert told(found, "is the $id of another payload too") == ["productSchema/b.yaml#/$id"]
    assert [each.file for each in found.notes.skipped] == ["productSchema/c.yaml"]
    assert breaches(release, tea({"leaves": "x"})) == ["/product/leaves"]


def test_payloads_refer_to_each_other_and_to_themselves(tmp_path: Path) -> None:
    pot = payload(URN, "inner: {$ref: '#'}\n  cups: {type: array, items: {$ref: 'cup set.json'}}\n  deep: {$ref: 'cup set.json#/properties/lid/items/1'}",
                  "nullable: true\ndefinitions: {Never: {$ref: 'nowhere.yaml'}}")  # fmt: skip
    cup = {"type": "object", "required": ["size"], "properties": {"size": {"$ref": "#/definitions/Size"}, "lid": {"items": [{}, {"type": "integer"}]}},
           "definitions": {"Size": {"type": "string"}}}  # fmt: skip
    found, release = added(
        tmp_path, {QUOTE: contract(), POT: pot, "productSchema/tea/cup set.json": json.dumps(cup).encode()}
    )
    assert told(found, "nullable is no word of payload schemas")
    assert not told(found, "nowhere.yaml")
    assert breaches(release, tea({"inner": {"inner": {"cups": [{"size": "x"}]}}, "deep": 1})) == []
    assert breaches(release, tea({"inner": {"cups": [{}]}})) != []
    assert breaches(release, tea({"deep": "x"})) == ["/product/deep"]


def test_a_urn_of_one_release_says_another_thing_in_the_next(tmp_path: Path) -> None:
    for release, minimum in (("celine", 1), ("dolly", 5)):
        files = {**README_FILE, QUOTE: contract(), POT: payload(URN, f"leaves: {{type: integer, minimum: {minimum}}}")}
        add_sdk(planted(tmp_path / release, files), f"sonata-{release}")
    assert breaches(load_release("sonata-celine"), tea({"leaves": 3})) == []
    assert breaches(load_release("sonata-dolly"), tea({"leaves": 3})) == ["/product/leaves"]


# -- names -----------------------------------------------------------------------------------------------------------------


def test_what_no_file_tells_is_asked_for(tmp_path: Path) -> None:
    nameless = contract().replace(b"/mefApi/sonata/quoteManagement/v1/", b"/v1/")
    folder = planted(tmp_path / "v1", {"api.yaml": nameless})
    with pytest.raises(UserError, match=r"which reference point this is: one of sonata, cantata"):
        add_sdk(folder)
    folder = planted(tmp_path / "v2", {QUOTE: contract()})
    with pytest.raises(UserError, match="say it by --name sonata-RELEASE"):
        add_sdk(folder)
    assert add_sdk(folder, "mine").identity.name == "mine"


@pytest.mark.parametrize("name", ["../up", "Grace", "grace", "a/b", ".x", "", "x" * 65])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path, home: Path) -> None:
    with pytest.raises(UserError, match="--name"):
        add_sdk(planted(tmp_path / "sdk", {QUOTE: contract()}), name)
    assert not home.exists()
