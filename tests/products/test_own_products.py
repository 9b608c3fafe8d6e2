"""Products of one's own, from outside: bought, found in inventory, and told where a configuration is wrong, on both sides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.record.payload import at
from tests.cli.processes import oit, seller
from tests.products.material import ACCESS, DARK_FIBRE, RELATED, WAVE, put

PURCHASE = "scenarios/products/purchase.oit.yaml"
PRODUCTS = {DARK_FIBRE: "dark-fibre", WAVE: "wave", ACCESS: "access"}
QUICK = {"poq": {"start": 0, "finish": 0}, "quote": {"start": 0, "finish": 0}, "order": {"assess": 0, "work": 0}}
CONFIGURATION = "/product/productConfiguration"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("own"))


def example(profile: Path, kind: str, *more: str) -> Any:
    done = oit("products", "example", kind, "--profile", str(profile), *more)
    assert done.code == 0, done.err
    return json.loads(done.out)


def reported(folder: Path) -> Any:
    """The one run of a report."""
    return json.loads((folder / "report.json").read_bytes())


def bought(profile: Path, kind: str, folder: Path, configuration: Any = None, **others: Any) -> tuple[int, Any, str]:
    """Exit code, the report of the run that buys the product, and what was told. `configuration` is an example if left out;
    `others` are other inputs.
    """
    given = {"offeringId": PRODUCTS[kind], "configuration": configuration or example(profile, kind, "--api", "quote")}
    if kind == ACCESS:
        given |= {"orderConfiguration": example(profile, kind, "--api", "order"), "related": RELATED}
    inputs = folder / "inputs.json"
    inputs.write_text(json.dumps(given | others))
    done = oit("run", PURCHASE, "--profile", str(profile), "--var-file", str(inputs), "--report", "json,transcript",
               "--report-dir", str(folder))  # fmt: skip
    return done.code, reported(folder), done.out + done.err


@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_product_is_qualified_quoted_ordered_and_found_in_inventory(kind: str, profile: Path, tmp_path: Path) -> None:
    code, run, told = bought(profile, kind, tmp_path)
    assert code == 0, told
    assert run["findings"] == []
    shown = [each["response"]["body"] for each in run["exchanges"] if each["operation"] == "retrieveProduct"]
    assert shown[0]["productConfiguration"] == example(profile, kind, "--api", "order")
    assert shown[0]["status"] == "active"


WRONG = {
    DARK_FIBRE: ("/ends/1/loss", {"dB": 31}, "/ends/1/loss/dB", "invalidValue"),
    WAVE: ("/route/1/sight", "x", "/route/1/sight", "unexpectedProperty"),
    ACCESS: ("/options", {"mtu": 9}, "/options/mtu", "invalidValue"),
}
"""For each product: where something wrong is put, what, where it is told, and with which code."""


def spoilt(configuration: Any, kind: str) -> Any:
    place, value, _, _ = WRONG[kind]
    holder, _, name = place.rpartition("/")
    at(configuration, holder)[name] = value
    return configuration


@pytest.mark.parametrize("kind", PRODUCTS)
def test_our_seller_refuses_a_wrong_attribute_deep_in_it_with_its_pointer(
    kind: str, profile: Path, tmp_path: Path
) -> None:
    _, run, told = bought(profile, kind, tmp_path, spoilt(example(profile, kind, "--api", "quote"), kind))
    _, _, where, code = WRONG[kind]
    refused = next(each for each in run["exchanges"] if each["operation"] == "createProductOfferingQualification")
    assert refused["response"]["status"] == 422, told
    here = f"/productOfferingQualificationItem/0{CONFIGURATION}{where}"
    assert [(each["propertyPath"], each["code"]) for each in refused["response"]["body"]] == [(here, code)]
    assert {finding["pointer"] for finding in run["findings"]} == {here}


@pytest.mark.parametrize("kind", PRODUCTS)
def test_the_judge_finds_it_in_what_a_partner_answers(kind: str, profile: Path, tmp_path: Path) -> None:
    """A recorded purchase whose inventory shows a wrong attribute, judged with the profile and without it."""
    _, run, _ = bought(profile, kind, tmp_path)
    read = next(each["n"] for each in run["exchanges"] if each["operation"] == "retrieveProduct")
    lines = [json.loads(line) for line in (tmp_path / "transcript.ndjson").read_text().splitlines()]
    for line in lines:
        if line.get("exchange", line).get("n") == read:
            spoilt(line.get("exchange", line)["response"]["body"]["productConfiguration"], kind)
    (tmp_path / "spoilt.ndjson").write_text("\n".join(map(json.dumps, lines)))
    arguments = (
        "check",
        str(tmp_path / "spoilt.ndjson"),
        "--sut",
        "seller",
        "--report",
        "json",
        "--report-dir",
        str(tmp_path),
    )
    done = oit(*arguments, "--profile", str(profile))
    assert done.code == 1, done.err
    findings = reported(tmp_path)["findings"]
    assert {(each["exchange"], each["pointer"], each["blame"]) for each in findings if each["verdict"] == "fail"} == {
        (read, f"/productConfiguration{WRONG[kind][2]}", "seller")
    }
    oit(*arguments)
    findings = reported(tmp_path)["findings"]
    assert "no schema for this payload is known" in json.dumps(findings)
    assert [each for each in findings if each["verdict"] == "fail"] == []


def test_an_order_has_a_schema_of_its_own(profile: Path, tmp_path: Path) -> None:
    quoted = example(profile, ACCESS, "--api", "quote")
    code, run, told = bought(profile, ACCESS, tmp_path, quoted, orderConfiguration=quoted)
    refused = next(each for each in run["exchanges"] if each["operation"] == "createProductOrder")
    assert code == 1, told
    here = f"/productOrderItem/0{CONFIGURATION}/vlan"
    assert [issue["propertyPath"] for issue in refused["response"]["body"]] == [here]
    assert all(each["response"]["status"] == 201 for each in run["exchanges"] if each["operation"] == "createQuote")
    done = oit("products", "example", ACCESS, "--profile", str(profile), "--api", "order", "--input", "configuration")
    assert yaml.safe_load(done.out) == {"configuration": {"@type": ACCESS, "vlan": 1, "bandwidth": 1}}


def test_its_sheet_binds_buyer_and_judge(profile: Path, tmp_path: Path) -> None:
    """The sheet lies beside the schema: without the relation that it speaks of, the seller refuses, and the judge knows why."""
    _, run, _ = bought(profile, ACCESS, tmp_path, related={})
    refused = next(each for each in run["exchanges"] if each["operation"] == "createProductOfferingQualification")
    assert refused["response"]["status"] == 422
    assert "ENDS_AT_HANDOFF" in json.dumps(refused["response"]["body"])
    assert "MEF87-R15" in {finding["rule"] for finding in run["findings"] if finding["verdict"] == "fail"}
    assert next(row for row in listed(profile) if row["type"] == ACCESS)["title"] == "Our own Access E-Line"


def listed(profile: Path) -> list[dict[str, Any]]:
    return json.loads(oit("products", "list", "--profile", str(profile), "--format", "json").out)


def test_products_are_listed_and_checked(profile: Path, tmp_path: Path) -> None:
    assert {row["type"] for row in listed(profile) if row["own"]} == set(PRODUCTS)
    assert len(listed(profile)) == 23
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(spoilt(example(profile, WAVE), WAVE)))
    done = oit("products", "check", str(wrong), "--profile", str(profile), "--format", "json")
    assert done.code == 1
    assert [row["place"] for row in json.loads(done.out)] == ["/route/1/sight"]
    assert oit("products", "check", "-", "--profile", str(profile), stdin=json.dumps(example(profile, WAVE))).code == 0
    body = {"productOffering": {"id": "wave"}, "productConfiguration": json.loads(wrong.read_text())}
    item = {"id": "1", "action": "add", "product": body}
    quote = {"buyerRequestedQuoteLevel": "firm", "instantSyncQuote": True, "quoteItem": [item],
             "relatedContactInformation": [{"role": "r", "name": "n", "number": "1", "emailAddress": "a@b.example"}]}  # fmt: skip
    done = oit("validate", "createQuote", "-", "--api", "quote", "--profile", str(profile), stdin=json.dumps(quote))
    assert "/quoteItem/0/product/productConfiguration/route/1/sight" in done.out
    done = oit("products", "check", str(profile.parent / "schemas" / "dark-fibre.json"))
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("example", "urn:acme:spec:wave:v1"), "did you mean"),
        (("example", "uni"), "it could be urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni"),
        (("check", "-"), "it has no '@type'"),
        (("example", ACCESS, "--api", "qoute"), "Did you mean 'quote'?"),
    ],
)
def test_what_is_meant_by_nothing_is_told(arguments: tuple[str, ...], told: str, profile: Path) -> None:
    done = oit("products", *arguments, "--profile", str(profile), stdin="{}")
    assert done.code == 2
    assert told in done.err


SLIPS = {
    "a remote reference": (
        "schemas__dark-fibre_dot_json",
        '{"$ref": "https://example.com/x.json"}',
        "nothing is ever fetched",
    ),
    "a file that is not there": (
        "schemas__dark-fibre_dot_json",
        '{"$ref": "x.json"}',
        "there is no schema file 'x.json'",
    ),
    "a way out": ("schemas__dark-fibre_dot_json", '{"$ref": "../../../../../../../etc/passwd"}', "leads out of"),
    "no end": (
        "schemas__dark-fibre_dot_json",
        '{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#"}]}}}',
        "made of itself",
    ),
    "a doubling": (
        "schemas__dark-fibre_dot_json",
        '{"properties": {"a": {"allOf": [{"$ref": "#"}, {"properties": {}, "allOf": [{"$ref": "#"}]}]}}}',
        "grows with each of its levels",
    ),
    "a pattern": ("schemas__dark-fibre_dot_json", '{"properties": {"a": {"pattern": "(?=a)b"}}}', "in linear time"),
    "no schema": ("schemas__dark-fibre_dot_json", '{"properties": {"a": {"type": "objekt"}}}', "is no JSON Schema"),
    "no list": ("schemas__dark-fibre_dot_json", '{"allOf": {"a": 1}}', "a list of schemas is needed"),
    "no pointer": ("schemas__dark-fibre_dot_json", '{"$ref": "#/definitions/x"}', "leads to no schema"),
    "a broken file": ("schemas__dark-fibre_dot_json", '{"a": ', "not readable as JSON"),
    "one product twice": ("products__more_dot_yaml", f"$id: {WAVE}\ntype: object\nproperties: {{}}", "is described by"),
    "MEF's": (
        "products__more_dot_yaml",
        "$id: urn:mef:lso:spec:cantata-sonata:epl-evc:v1.0.0:all\nproperties: {}",
        "is a product of grace already",
    ),
    "a sheet of nothing": (
        "schemas__access_dot_product_dot_yaml",
        "product: A\nplace: {contacts: {qoute: x}}",
        "is no API",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_schema_that_cannot_be_bound_is_refused_with_a_sentence(slip: str, tmp_path: Path) -> None:
    name, text, told = SLIPS[slip]
    done = oit("products", "list", "--profile", str(put(tmp_path, **{name: text})))
    assert done.code == 2
    assert told in done.err
    assert len(done.err.strip().splitlines()) == 1, done.err


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    profile = put(tmp_path)
    (tmp_path / "schemas" / "dark-fibre.json").write_bytes(b" " * 5_000_000)
    done = oit("products", "list", "--profile", str(profile))
    assert done.code == 2
    assert "is larger than" in done.err


def test_schemas_stand_in_a_profile_and_not_in_a_scenario(tmp_path: Path) -> None:
    put(tmp_path)
    text = (Path(__file__).resolve().parents[2] / PURCHASE).read_text()
    scenario = tmp_path / "own.oit.yaml"
    scenario.write_text(
        text.replace("defaults:", "profile: {payloads: {X: {schema: schemas/access.yaml}}}\ndefaults:", 1)
    )
    done = oit("run", str(scenario))
    assert "schemas are named in a profile, not in a scenario" in done.err


def test_names_that_lead_nowhere_are_told_with_their_places(tmp_path: Path) -> None:
    profile = put(tmp_path)
    profile.write_text(
        "extends: wholesale-seller\npayloads:\n  A: {}\n  B: {schema: nowhere.json}\n  C: {schemas: {qoute: schemas/access.yaml}}\n"
    )
    told = oit("lint", str(profile)).out.splitlines()
    assert [line.split(":")[1] for line in told] == ["3", "4", "5", "5"]
    assert "'schema' is needed" in told[0]
    assert "there is no file" in told[1]


def test_a_partners_seller_is_judged_by_the_schemas_that_its_profile_declares(profile: Path, tmp_path: Path) -> None:
    """The seller under test knows nothing of the schema, takes what is wrong, and shows it in its inventory."""
    partner = tmp_path / "partner.yaml"
    offering = yaml.safe_load(profile.read_text())["offerings"]["dark-fibre"]
    partner.write_text(
        yaml.safe_dump({"extends": "wholesale-seller", "intervals": QUICK, "offerings": {"dark-fibre": offering}})
    )
    wrong = spoilt(example(profile, DARK_FIBRE), DARK_FIBRE)
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps({"offeringId": "dark-fibre", "configuration": wrong}))
    with seller("--profile", str(partner), "--database", "memory") as url:
        done = oit("run", PURCHASE, "--sut", f"seller={url}", "--profile", str(profile), "--var-file", str(inputs), "--within", "20s",
                   "--report", "json", "--report-dir", str(tmp_path))  # fmt: skip
    findings = reported(tmp_path)["findings"]
    assert done.code == 1, done.out
    shown = {each["pointer"] for each in findings if each["verdict"] == "fail" and each["blame"] == "seller"}
    assert f"{CONFIGURATION[8:]}/ends/1/loss/dB" in shown
