"""Documents that somebody spoilt: an import of them succeeds or is refused, and what succeeds can be used."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.errors import UserError
from emulator.sdk import reading
from emulator.sdk.adding import Added, add_sdk
from emulator.sdk.shelf import record, remove, told
from emulator.standard.release import load_release
from tests.sdk.trees import SWAGGER, URN, as_json, contract, notification, payload, planted

FILES = {
    "productApi/quoteManagement.api.json": yaml.safe_load(
        contract(
            more="""\
            /hub: {post: {operationId: register, responses: {'201': {description: ''}}}}
            /cancelTea:
              post:
                operationId: cancelTea
                requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/CancelTea'}}}}
                responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/CancelTea'}}}}}
            """,
            schemas="""\
            CancelTea: {type: object, properties: {teaId: {type: string}, by: {$ref: '#/components/schemas/TeaRef'}}}
            TeaRef: {type: object, properties: {id: {type: string}}, discriminator: {propertyName: '@type', mapping: {A: '#/components/schemas/A'}}}
            A: {allOf: [{$ref: '#/components/schemas/TeaRef'}], oneOf: [{type: object}]}
            """,
        )
    ),
    "productApi/quoteNotification.api.json": yaml.safe_load(notification()),
    "productApi/orderManagement.api.json": yaml.safe_load(SWAGGER),
    "productSchema/tea.json": yaml.safe_load(
        payload(URN, "leaves: {$ref: '#/definitions/X'}", "definitions: {X: {properties: {y: {$ref: '#'}}}}")
    ),
}
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "yes", "get", "default", "../../../etc/passwd", "\0", [], {}, [{}], ["a", 1], {"a": 1},
    "#/components/schemas/Tea", {"$ref": "#/components/schemas/Tea"}, {"$ref": "#"}, {"$ref": "#/paths"}, {"$ref": "%"},
    {"$ref": "tea.json#/definitions"}, {"$ref": "../../up.yaml"}, {"$ref": "http://x/y"}, {"$ref": ""}, {"oneOf": []},
    {"discriminator": {"propertyName": "@type"}}, {"enum": [None]}, {"pattern": "(a+)+$"}, {"pattern": "("}, {"items": [{}]},
    {"properties": {"$ref": {"type": "string"}}}, {"properties": []}, {"required": ["a"], "properties": {}}, {"not": {}},
]  # fmt: skip
KEYS = ["/", "/hub/{id}", "/a/b/c/d", "/{id}", "/tea/{id}/x", "/a/{b-c}/{1}/{b_c}", "put", "$ref", "allOf", "oneOf", "properties", "items", "discriminator",
        "", "200", "nullable", "type", "enum", "a b", "ä", "Tea__base"]  # fmt: skip


def spots(node: Any, parent: Any = None, key: Any = None) -> list[tuple[Any, Any]]:
    """Every place in data: what holds it, and under which key."""
    found = [] if parent is None else [(parent, key)]
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [spot for name, child in pairs for spot in spots(child, node, name)]


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, bytes]:
    """The files, changed in a few places: a value, a key, a part of one file put into another."""
    files = copy.deepcopy(FILES)
    for _ in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from(sorted(files)))
        there = spots(files[name])
        parent, key = draw(st.sampled_from(there))
        match draw(st.sampled_from(["value", "value", "key", "gone", "moved"])):
            case "value":
                parent[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
            case "key" if isinstance(parent, dict):
                parent[draw(st.sampled_from(KEYS))] = parent.pop(key)
            case "moved":
                other, place = draw(st.sampled_from(spots(files[draw(st.sampled_from(sorted(files)))])))
                parent[key] = copy.deepcopy(other[place])
            case _:
                del parent[key]
    return {name: as_json(data) for name, data in files.items()}


_LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=12, suppress_health_check=_LARGE)
@given(spoilt())
def test_what_is_spoilt_is_added_whole_or_not_at_all(files: dict[str, bytes]) -> None:
    whole_or_not_at_all(files)


@pytest.mark.slow
@settings(max_examples=600, suppress_health_check=_LARGE)
@given(spoilt())
def test_a_campaign_of_what_is_spoilt(files: dict[str, bytes]) -> None:
    whole_or_not_at_all(files)


def whole_or_not_at_all(files: dict[str, bytes]) -> None:
    """Add what these files are, and use what was made of it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        home = Path(folder) / "home"
        patch.setenv("OIT_SDKS", str(home))
        try:
            added: Added | None = add_sdk(planted(Path(folder) / "sdk", files), "mine")
        except UserError:
            added = None
        if added is not None:
            release = load_release("mine")
            assert len(list(release.kinds)) == len(release.kinds.kinds)
            assert release.products.urns.keys() <= {URN, *_urns(files)}
            for each in release.contracts():
                assert each.methods_of("/no/such/path/at/all") == []
                for operation in each.operations.values():
                    assert operation.success < 400
                    for body in (operation.request, *operation.responses.values()):
                        assert body is None or each.validator(body.root)
            assert list(told(record("mine"), whole=True))
            remove("mine")
        assert not home.exists() or not list(home.iterdir())


def _urns(files: dict[str, bytes]) -> set[str]:
    return {part for raw in files.values() for part in raw.decode().split('"') if part.startswith("urn:")}


QUOTE = "productApi/quote/quoteManagement.api.yaml"


@pytest.mark.parametrize(
    "laughs",
    [
        b"x-a: &a [1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(b"x-%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % (n + 1, n + 1, *[n] * 8) for n in range(97, 107)),
        b"x-a: &a {b: *a}\n",
        b"x-a: " + b"[" * 400 + b"]" * 400 + b"\n",
    ],
)  # fmt: skip
def test_what_is_small_on_paper_and_huge_in_memory_is_left(laughs: bytes, tmp_path: Path) -> None:
    files = {QUOTE: contract(), "productApi/order/orderManagement.api.yaml": contract(kind="pot") + laughs}
    found = add_sdk(planted(tmp_path / "celine", files))
    assert [each.file for each in found.notes.skipped] == ["productApi/order/orderManagement.api.yaml"]
    assert load_release(found.identity.name).apis == ("quote",)


def test_all_files_together_hold_no_more_than_an_sdk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(reading, "MOST_VALUES", 100)
    with pytest.raises(UserError, match="its files hold more than"):
        add_sdk(planted(tmp_path / "celine", {QUOTE: contract()}))
    assert not home.exists()


def test_a_pattern_that_takes_for_ever_is_not_asked(tmp_path: Path) -> None:
    raw = contract(schemas="Odd: {type: string, pattern: '^(a+)+$', minLength: 1}")
    add_sdk(planted(tmp_path / "celine", {QUOTE: raw}))
    bad = load_release("sonata-celine").contract("quote")
    assert "Odd" in bad.definitions


def test_deep_chains_of_schemas_are_followed(tmp_path: Path) -> None:
    chain = "".join(f"S{n}: {{allOf: [{{$ref: '#/components/schemas/S{n + 1}'}}]}}\n" for n in range(300))
    add_sdk(planted(tmp_path / "celine", {QUOTE: contract(schemas=chain + "S300: {type: string}\n")}))
    assert load_release("sonata-celine").contract("quote").definitions["S300"] == {"type": "string"}
