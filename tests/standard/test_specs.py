"""The contracts under specs/ say what the official ones say, and the comparison would notice if they did not."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from openapi_spec_validator import validate

from emulator.plain_yaml import load_yaml
from emulator.record.payload import MISSING, at
from emulator.standard.bundle import product_file
from emulator.standard.by_release import fragments_of
from emulator.standard.diff import diff_documents, diff_release
from emulator.standard.document import SpecError, load_document
from emulator.standard.imported import release_names
from emulator.standard.laid import read_laid
from emulator.standard.product import SUFFIX
from emulator.standard.release import Release, load_release

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"
GRACE = load_release()
RELEASES = tuple(load_release(name) for name in release_names(SPECS))
RELEASE = SPECS / "releases" / "grace.yaml"
SDK = Path(os.environ.get("OIT_SDK") or ROOT.parent / "shared" / "sdk" / "grace")
KYLIE_SDK = Path(os.environ.get("OIT_SDK_KYLIE") or ROOT.parent / "shared" / "sdk" / "kylie")
CACHE: dict[Path, Any] = {}
DOCUMENTS = sorted({entry.document for release in RELEASES for entry in release.entries})
PAYLOADS = [
    (release, SPECS / name)
    for release in RELEASES
    for name in sorted({product_file(definition) for definition in release.products.definitions})
]
COMMON = sorted((SPECS / "common").glob("*.yaml"))
PROSE = {"description", "title", "summary"}
NAMED = {"properties", "schemas", "paths", "responses", "headers", "content", "variables", "mapping"}
MUTATIONS = 60
ENDLESS = {f"sonata/circuitImpairmentAndMaintenance/kylie/{kind}.yaml" for kind in ("management", "notification")}
"""Official contracts of which no validator comes to an end: a base is one of those that extend it. Errata mend that."""

needs_sdk = pytest.mark.skipif(not SDK.is_dir(), reason=f"no official SDK at {SDK} (set OIT_SDK to its folder)")
each_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)


def bundled(name: str) -> dict[str, Any]:
    return load_document(SPECS / name, CACHE)


def leaves(node: Any, *, named: bool = False, prose: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """Each (container, key, is it prose) whose value is a word, a number, a truth or nothing at all."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in items:
        wording = prose or (isinstance(node, dict) and not named and (key in PROSE or key == "tags"))
        if isinstance(value, dict | list) and value:
            names = isinstance(node, dict) and not named and key in NAMED
            yield from leaves(value, named=names, prose=wording)
        else:
            yield node, key, wording


def changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else "x"


@each_release
def test_our_contracts_and_products_differ_nowhere_from_the_official_ones(release: Release) -> None:
    sdk = SDK if release is GRACE else SDK.with_name(release.name)  # folders of releases lie side by side
    if not sdk.is_dir():
        pytest.skip(f"no official SDK at {sdk}")
    assert [f"{label}{difference.message}" for label, difference in diff_release(release, sdk)] == []


@pytest.mark.parametrize(("name", "documents", "products"), [("grace", 20, 20), ("dolly", 15, 18)])
def test_a_release_has_all_of_its_contracts_and_products(name: str, documents: int, products: int) -> None:
    release = load_release(name)
    assert (len(release.entries), len(release.product_files)) == (documents, products)


@needs_sdk
def test_a_product_schema_that_differs_is_named_with_its_file(tmp_path: Path) -> None:
    for path in SPECS.rglob("*.yaml"):
        copied = tmp_path / path.relative_to(SPECS)
        copied.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if path.name == "ovc-end-point-maps.yaml":
            text = text.replace("maximum: 4094", "maximum: 4095", 1)
        if path.name == "epl-evc.yaml":
            text = text.replace("/CarrierEthernetEvcCommon", "/CarrierEthernetEvcEpCommon", 1)
        copied.write_text(text, encoding="utf-8")
    labels = [label for label, _ in diff_release(Release("grace", tmp_path), SDK)]
    assert labels == [
        "products/carrier-ethernet/subscriber/epl-evc.yaml",
        "products/carrier-ethernet/operator/common/ovc-end-point-maps.yaml",
    ]


@each_release
def test_an_sdk_without_the_files_differs_everywhere(release: Release, tmp_path: Path) -> None:
    assert len(list(diff_release(release, tmp_path))) == len(release.entries) + len(release.product_files)


def products_differ(folder: Path, ours: dict[str, str], official: dict[str, str]) -> list[str]:
    """What differs between product schemas: by name what a file says; `$id`s are the names below urn:."""
    for below, files in (("ours/products", ours), ("sdk/productSchema", official)):
        (folder / below).mkdir(parents=True)
        for name, text in files.items():
            (folder / below / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "ours/releases").mkdir()
    (folder / "ours/releases/one.yaml").write_text("release: one\napis: {}\nproducts: {'urn:a': products/a.yaml}\n")
    (folder / "ours/releases/two.yaml").write_text("release: two\nlike: one\napis: {}\n")
    found = diff_release(Release("two", folder / "ours"), folder / "sdk")
    return [f"{label}{difference.message}" for label, difference in found]


A = "$id: urn:a\nitems: {$ref: 'b.yaml#/definitions/B'}\nnot: {$ref: 'c.yaml#/definitions/C'}\n"
B, C = "{type: string}", "{type: number}"


@pytest.mark.parametrize(
    ("official", "told"),
    [
        (f"{{B: {B}, C: {C}}}", []),
        (
            f"{{B: {B}, C: {B}}}",
            ["products/c.yaml/definitions/C/type: we have 'number', the official document 'string'"],
        ),
        (f"{{B: {B}, C: {C}, D: {B}}}", ["products/b.yaml/definitions/D: we lack {'type': 'string'}"]),
        (
            f"{{B: {B}}}",
            ["products/c.yaml/definitions/C: we have {'type': 'number'}, which the official document lacks"],
        ),
    ],
)
def test_several_files_of_ours_may_hold_what_one_official_file_does(
    tmp_path: Path, official: str, told: list[str]
) -> None:
    ours = {"a": A, "b": f"definitions: {{B: {B}}}", "c": f"definitions: {{C: {C}}}"}
    theirs = {"a": A.replace("c.yaml", "b.yaml"), "b": f"definitions: {official}"}
    assert products_differ(tmp_path, ours, theirs) == told


def test_a_file_of_ours_corresponds_to_one_official_file(tmp_path: Path) -> None:
    ours = {"a": A.replace("c.yaml", "b.yaml"), "b": f"definitions: {{B: {B}, C: {C}}}"}
    theirs = {"a": A, "b": f"definitions: {{B: {B}, C: {C}}}", "c": f"definitions: {{B: {B}, C: {C}}}"}
    (told,) = products_differ(tmp_path, ours, theirs)
    assert told.startswith("products/a.yaml/not/$ref: we have ")


def test_names_that_slipped_in_among_properties_say_nothing(tmp_path: Path) -> None:
    told = products_differ(
        tmp_path,
        {"a": "$id: urn:a\nproperties: {b: {}}\n"},
        {"a": "$id: urn:a\nproperties: {b: {}, required: [b]}\ndefinitions: null\n"},
    )
    assert told == []


def test_what_a_release_says_of_a_payload_is_compared(tmp_path: Path) -> None:
    ours = {"a": "$id: urn:a\ntype: string\n", "a.two": "type: number\n"}
    assert products_differ(tmp_path / "1", ours, {"a": "$id: urn:a\ntype: number\n"}) == []
    assert len(products_differ(tmp_path / "2", ours, {"a": ours["a"]})) == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_structural_change_is_noticed_and_no_change_of_wording(name: str) -> None:
    original = bundled(name)
    assert diff_documents(bundled(name), original) == []
    count = len(list(leaves(original)))
    rng = random.Random(name)  # repeatable
    for number in rng.sample(range(count), min(MUTATIONS, count)):
        for delete in (False, True):
            mutant = copy.deepcopy(original)
            container, key, prose = list(leaves(mutant))[number]
            before = container[key]
            if delete:
                del container[key]
            else:
                container[key] = changed(before)
            found = diff_documents(mutant, original)
            assert bool(found) is not prose, f"{key!r}: {before!r}, {'deleted' if delete else 'changed'}"


def test_a_property_may_be_called_description() -> None:
    name = "sonata/geographicSite/management.yaml"
    mutant = bundled(name)
    del mutant["components"]["schemas"]["GeographicSite"]["properties"]["description"]
    (difference,) = diff_documents(mutant, bundled(name))
    assert difference.where == "/components/schemas/GeographicSite/properties/description"
    assert difference.ours is MISSING
    assert "we lack" in difference.message


def test_true_is_not_one_and_order_means_nothing_where_it_means_nothing() -> None:
    assert diff_documents({"minimum": 1}, {"minimum": True})
    assert not diff_documents({"required": ["a", "b"]}, {"required": ["b", "a"]})
    assert diff_documents({"required": ["a", "b"]}, {"required": ["a"]})
    assert diff_documents({"allOf": [{"type": "a"}, {}]}, {"allOf": [{}, {"type": "a"}]})
    one, two = {"in": "query", "name": "a"}, {"in": "query", "name": "b"}
    assert not diff_documents({"parameters": [one, two]}, {"parameters": [two, one]})
    (difference,) = diff_documents({"parameters": [one, two]}, {"parameters": [one]})
    assert difference.where == "/parameters/query b"
    assert "which the official document lacks" in difference.message


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bundled_document_is_valid_openapi_and_stands_alone(name: str) -> None:
    document = bundled(name)
    if name in ENDLESS:
        with pytest.raises(RecursionError):
            validate(document)
        validate(load_release("kylie").contract("circuitImpairmentAndMaintenance", Path(name).stem).document)
    else:
        validate(document)
    assert ".yaml" not in repr(document)
    listed = read_laid(SPECS / name)["components"]["schemas"]
    assert list(document["components"]["schemas"]) == list(listed)


def test_a_caller_may_change_what_it_was_given() -> None:
    document = bundled(DOCUMENTS[0])
    document["components"]["schemas"]["Error"]["properties"].clear()
    assert bundled(DOCUMENTS[0])["components"]["schemas"]["Error"]["properties"]


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ("{$ref: 'gone.yaml#/A'}", "gone.yaml#/A leads nowhere: there is no file"),
        ("{$ref: 'other.yaml#/A'}", "other.yaml#/A leads nowhere: .* has no /A"),
        ("{$ref: '#/components/schemas/Gone'}", "#/components/schemas/Gone leads nowhere"),
        ("{$ref: '#/info'}", "#/info must lead to"),
        ("{items: {$ref: 'other.yaml#/B'}}", "brings in a second schema named B"),
        ("{$ref: 'headers.yaml#/H', description: more}", "nothing may stand beside"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_named(tmp_path: Path, schema: str, complaint: str) -> None:
    (tmp_path / "other.yaml").write_text("B: {type: object}\n")
    (tmp_path / "headers.yaml").write_text("H: {schema: {type: string}}\n")
    main = tmp_path / "main.yaml"
    main.write_text(f"info: {{}}\ncomponents:\n  schemas:\n    A: {schema}\n    B: {{}}\n")
    with pytest.raises(SpecError, match=complaint) as caught:
        load_document(main)
    assert str(main) in str(caught.value)


def test_a_schema_may_stand_in_the_contract_beside(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("C: {type: string}\n")
    (tmp_path / "one.yaml").write_text(
        "components: {schemas: {A: {items: {$ref: '#/components/schemas/C'}}, C: {$ref: 'other.yaml#/C'}}}\n"
    )
    main = tmp_path / "two.yaml"
    main.write_text("components: {schemas: {A: {$ref: 'one.yaml#/components/schemas/A'}}}\n")
    assert load_document(main)["components"]["schemas"] == {
        "A": {"items": {"$ref": "#/components/schemas/C"}},
        "C": {"type": "string"},
    }


@pytest.mark.skipif(not KYLIE_SDK.is_dir(), reason=f"no official contracts at {KYLIE_SDK}")
def test_contracts_that_lie_side_by_side_are_found_by_where_they_are_served(tmp_path: Path) -> None:
    release = load_release("kylie")
    assert [f"{label}{difference.message}" for label, difference in diff_release(release, KYLIE_SDK)] == []
    official = next(path for path in KYLIE_SDK.glob("*.yml") if path.name.startswith("quote-management"))
    (tmp_path / "mine.yml").write_text(official.read_text(encoding="utf-8").replace("/declineQuote", "/rejectQuote"))
    found = [(label, found.where) for label, found in diff_release(release, tmp_path) if found.where]
    label = "sonata/quote/kylie/management.yaml"
    assert found == [(label, "/paths/~1declineQuote"), (label, "/paths/~1rejectQuote")]


def test_a_parameter_that_is_said_not_to_be_required_is_as_one_that_does_not_say() -> None:
    one = {"in": "query", "name": "a"}
    assert not diff_documents({"parameters": [one]}, {"parameters": [{**one, "required": False}]})
    assert diff_documents({"parameters": [one]}, {"parameters": [{**one, "required": True}]})


def test_a_document_must_be_an_object(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("[]\n")
    with pytest.raises(SpecError, match="is an object"):
        load_document(tmp_path / "list.yaml")


def test_what_a_shared_schema_needs_comes_along(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("A: {items: {$ref: '#/B'}}\nB: {items: {$ref: '#/A'}}\n")
    main = tmp_path / "main.yaml"
    main.write_text("components: {schemas: {A: {$ref: 'other.yaml#/A'}}}\n")
    assert load_document(main)["components"]["schemas"] == {
        "A": {"items": {"$ref": "#/components/schemas/B"}},
        "B": {"items": {"$ref": "#/components/schemas/A"}},
    }


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("path", COMMON, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_all_that_is_shared_is_used(path: Path) -> None:
    users = [*COMMON, *(SPECS / name for name in DOCUMENTS)]
    used = {
        ref.rpartition("/")[2]
        for user in users
        for ref in references(load_yaml(user))
        if ((user.parent / ref.partition("#")[0]).resolve() if ref[0] != "#" else user) == path
    }
    assert sorted(set(load_yaml(path)) - used) == []


@pytest.mark.parametrize(("release", "path"), PAYLOADS, ids=lambda each: each.name.removesuffix(".yaml"))
def test_a_product_schema_is_valid_and_its_references_lead_somewhere(release: Release, path: Path) -> None:
    schema = release.product_file(path)
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for ref in references(schema):
        name, _, pointer = ref.partition("#")
        assert at(release.product_file(path.parent / name if name else path), pointer) is not MISSING, ref


@each_release
def test_the_release_lists_products_under_their_own_urn(release: Release) -> None:
    for urn, name in release.product_files.items():
        assert release.product_file(SPECS / name)["$id"] == urn
    for wrong, right in release.products.aliases.items():
        assert wrong not in release.product_files
        assert right in release.product_files
    assert len(set(release.products.aliases.values())) == len(release.product_files)


def test_every_payload_file_is_part_of_a_release() -> None:
    files = {path for path in (SPECS / "products").rglob("*.yaml") if not path.name.endswith(SUFFIX)}
    laid = {over for release, path in PAYLOADS for over in fragments_of(path, release.line)}
    assert files == {path for _, path in PAYLOADS} | laid


@each_release
def test_every_erratum_points_at_something(release: Release) -> None:
    for erratum in load_yaml(release.errata_file) if release.errata_file.is_file() else ():
        assert set(erratum) == {"id", "api", "contract", "at", "change", "reason", "clause"}
        document = release.document(erratum["api"], erratum["contract"])
        change = erratum["change"]
        assert change["op"] in {"add", "remove", "replace"}
        if change["op"] != "add":
            assert at(document, erratum["at"]) not in (MISSING, change.get("value")), erratum["id"]
