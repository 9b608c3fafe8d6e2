"""Cantata by a switch: base paths and versions, what is sold there, scenarios, captures, and both points at one door."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem
from emulator.standard.points import lacking
from emulator.standard.release import Release, load_release
from tests.cli.processes import oit, seller
from tests.standard.test_release import specs_with

SONATA, CANTATA = load_release(), load_release("cantata-grace")
TABLE = {
    ("geographicAddress", "management"): ("1.0.1", "geographicAddressManagement/v1"),
    ("geographicSite", "management"): ("1.0.1", "geographicSiteManagement/v1"),
    ("productOfferingQualification", "management"): ("1.0.1", "productOfferingQualification/v1"),
    ("productOfferingQualification", "notification"): ("1.0.1", "productOfferingQualificationNotification/v1"),
    ("quote", "management"): ("2.0.1", "quoteManagement/v2"),
    ("quote", "notification"): ("2.0.1", "quoteNotification/v2"),
    ("productOrder", "management"): ("5.0.0", "productOrderingManagement/v5"),
    ("productOrder", "notification"): ("5.0.0", "productOrderingNotification/v5"),
    ("productInventory", "management"): ("1.0.2", "productInventory/v1"),
    ("troubleTicket", "management"): ("4.0.0", "troubleTicket/v4"),
    ("troubleTicket", "notification"): ("4.0.0", "troubleTicketNotification/v4"),
    ("appointment", "management"): ("2.0.0", "appointment/v2"),
    ("appointment", "notification"): ("2.0.0", "appointmentNotification/v2"),
    ("workOrder", "management"): ("2.0.0", "workOrderManagement/v2"),
    ("workOrder", "notification"): ("2.0.0", "workOrderNotification/v2"),
    ("productCatalog", "management"): ("2.0.0-RC", "productCatalog/v2"),
    ("productCatalog", "notification"): ("2.0.0-RC", "productCatalogNotifications/v2"),
    ("availabilityAndPricingDiscovery", "management"): (
        "2.0.0-RC",
        "productOfferingAvailabilityAndPricingDiscovery/v2",
    ),
    ("billing", "management"): ("2.0.0", "customerBillManagement/v2"),
    ("billing", "notification"): ("2.0.0", "customerBillNotification/v2"),
}
"""Version and end of the base path of each contract, as the official Cantata documents of the release have them."""
PROFILE = """
extends: wholesale-seller
offerings:
  subscriber-uni:
    name: Subscriber UNI
    specification: subscriber-uni
    payload: urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni:v1.0.0:all
    requires: {place: true}
    installation: {amount: 20, units: businessDays}
    taxRate: 10
    terms: [{name: Yearly, duration: {amount: 12, units: calendarMonths}, endOfTermAction: autoRenew}]
    prices: [{name: UNI monthly, value: 210, priceType: recurring, recurringChargePeriod: month}]
"""
PURCHASE = """
oit: "1"
id: cantata-purchase
title: A UNI for a customer, from an address to an active product
tags: [e2e]
include: [fragments/buyer.yaml, fragments/place.yaml]
sources:
  address: {api: address, servedBy: seller}
  site: {api: site, servedBy: seller}
  poq: {api: poq, servedBy: seller}
  quote: {api: quote, servedBy: seller}
  order: {api: order, servedBy: seller}
  inventory: {api: inventory, servedBy: seller}
inputs:
  product:
    productOffering: {id: subscriber-uni}
    productConfiguration:
      "@type": urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni:v1.0.0:all
      maximumServiceFrameSize: 1522
    place:
      - {"@type": GeographicAddressRef, role: INSTALL_LOCATION, id: addr-ashburn-20-main}
  siteContact: {name: Lena Lock, emailAddress: lock@customer.example, number: "+1-703-555-0103", organization: Customer,
                role: orderItemServiceSiteContact}
defaults: {within: 15m}
flow:
  - use: fragments/find-place.yaml
    id: place
    with: {address: $inputs.address}
  - use: fragments/qualify.yaml
    id: poq
    with:
      projectId: $inputs.projectId
      contact: $inputs.buyerContact
      items: [{id: uni, action: add, product: $inputs.product}]
  - use: fragments/quote.yaml
    id: quote
    with:
      projectId: $inputs.projectId
      contact: $inputs.buyerContact
      items:
        - id: uni
          action: add
          agreementName: $inputs.agreementName
          requestedQuoteItemTerm: $inputs.term
          productOfferingQualificationItem: {productOfferingQualificationId: $steps.poq-create.outputs.id, id: uni}
          relatedContactInformation: [$inputs.technicalContact, $inputs.locationContact]
          product: $inputs.product
  - use: fragments/order.yaml
    id: order
    with:
      reference: order
      projectId: $inputs.projectId
      contact: $inputs.orderContact
      items:
        - id: uni
          action: add
          agreementName: $inputs.agreementName
          requestedCompletionDate: $gen.now+60d
          expediteIndicator: false
          billingAccount: {id: $inputs.billingAccountId}
          requestedItemTerm: $inputs.term
          productOfferingQualificationItem: {productOfferingQualificationId: $steps.poq-create.outputs.id, id: uni}
          quoteItem: {quoteId: $steps.quote-create.outputs.id, id: uni}
          relatedContactInformation:
            - $inputs.orderItemContacts#/0
            - $inputs.orderItemContacts#/1
            - $inputs.orderItemContacts#/2
            - $inputs.siteContact
          product: $inputs.product
  - id: active
    call: inventory.listProduct
    request:
      query: {productOrderId: $steps.order-create.outputs.id, status: active}
    response:
      status: 200
      expect: {/: {$size: 1}, /0/productOffering/id: subscriber-uni}
    eventually: {every: 2s, within: 5m}
"""


@pytest.mark.parametrize("key", TABLE, ids=lambda key: f"{key[0]}.{key[1]}")
def test_each_contract_has_its_version_and_its_base_path(key: tuple[str, str]) -> None:
    version, path = TABLE[key]
    entry = CANTATA.entry(*key)
    assert (entry.version, entry.base_path) == (version, f"/mefApi/cantata/{path}")
    document = CANTATA.document(*key)
    assert document["info"]["version"] == version
    assert document["servers"][0]["url"].endswith(f"://{{serverBase}}/mefApi/cantata/{path}/")
    theirs = SONATA.document(*key)
    assert document["paths"] == theirs["paths"]
    assert document["components"] == theirs["components"]


def test_every_contract_is_in_the_table_and_all_but_it_is_the_same() -> None:
    assert {(each.api, each.kind) for each in CANTATA.entries} == set(TABLE)
    assert CANTATA.requirements == SONATA.requirements
    assert CANTATA.lifecycles == SONATA.lifecycles
    assert CANTATA.errata == SONATA.errata
    assert CANTATA.kinds.kinds == SONATA.kinds.kinds
    assert set(CANTATA.proofs) == set(SONATA.proofs)


def test_products_of_operators_are_not_there() -> None:
    gone = set(SONATA.products.urns) - set(CANTATA.products.urns)
    assert {urn.split(":")[5] for urn in gone} == {
        "access-eline-ovc",
        "carrier-ethernet-enni-sp-so",
        "carrier-ethernet-operator-uni",
    }
    assert set(CANTATA.products.urns) < set(SONATA.products.urns)
    assert gone == set(lacking(CANTATA).values())
    assert lacking(SONATA) == {}


def test_the_switch_names_a_release_and_says_which_there_are() -> None:
    assert oit("specs", "list", "--reference-point", "sonata").out == oit("specs", "list").out
    named = oit("specs", "list", "--release", "cantata-grace").out
    for release in ("grace", "cantata-grace"):
        assert oit("specs", "list", "--reference-point", "cantata", "--release", release).out == named
    wrong = oit("specs", "list", "--reference-point", "allegory")
    assert (wrong.code, wrong.err.strip()) == (
        2,
        "--reference-point allegory: no release is spoken there; known are cantata, sonata",
    )
    other = oit("run", "scenarios/places", "--reference-point", "sonata", "--release", "cantata-grace")
    assert (other.code, other.err.strip()) == (
        2,
        "--reference-point sonata: there is no release 'cantata-grace' at it; there are: dolly, grace, kylie",
    )


def report_of(tmp_path: Path, *arguments: str) -> tuple[int, Any]:
    done = oit(*arguments, "--report", "json,har", "--report-dir", str(tmp_path / "out"))
    file = tmp_path / "out" / "report.json"
    return done.code, json.loads(file.read_bytes()) if file.exists() else done.err


def test_scenarios_run_there_and_what_needs_an_operator_product_is_left_out(tmp_path: Path) -> None:
    code, report = report_of(
        tmp_path, "run", "scenarios/places", "scenarios/subscriptions", "scenarios/poq", "--reference-point", "cantata"
    )
    assert code == 0
    runs = report["runs"]
    assert {run["verdict"] for run in runs} == {"pass"}
    assert {run["run"]["release"] for run in runs} == {"cantata-grace"}
    urls = [row["request"]["url"] for run in runs for row in run["exchanges"]]
    assert {url.partition("/mefApi/")[2].partition("/")[0] for url in urls if "/mefApi/" in url} == {"cantata"}
    assert {row["what"] for row in report["left_out"]} == {"product"}
    assert {row["scenario"].partition("-")[0] for row in report["left_out"]} == {"poq"}


def test_a_scenario_that_needs_one_says_so_even_when_it_is_named() -> None:
    done = oit("run", "scenarios/access-eline/new-install.oit.yaml", "--reference-point", "cantata")
    assert done.code == 5
    assert "it needs the product urn:mef:lso:spec:sonata:" in done.err
    assert "which release cantata-grace does not have" in done.err
    plan = oit("run", "scenarios/inventory", "--reference-point", "cantata", "--plan")
    assert "(prod-ael-ashburn-1), which release cantata-grace does not have" in plan.out


def test_another_product_lets_it_in() -> None:
    left = oit("run", "scenarios/ticket/fix.oit.yaml", "--reference-point", "cantata", "--plan")
    named = ("--var", "ticketProductId=prod-of-theirs")
    let = oit("run", "scenarios/ticket/fix.oit.yaml", "--reference-point", "cantata", *named, "--plan")
    assert (left.code, let.code) == (5, 0)


def test_a_purchase_and_its_capture(tmp_path: Path) -> None:
    """From an address to an active product; what was said is attributed and judged alike when it is read again."""
    (tmp_path / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "purchase.oit.yaml").write_text(PURCHASE, encoding="utf-8")
    (tmp_path / "fragments").symlink_to(Path("scenarios/fragments").resolve())
    named = ("--profile", str(tmp_path / "profile.yaml"), "--root", str(Path("scenarios").resolve()))
    code, report = report_of(
        tmp_path, "run", str(tmp_path / "purchase.oit.yaml"), "--reference-point", "cantata", *named
    )
    assert code == 0, report
    har = tmp_path / "theirs.har"  # as a tool of the partner's writes it, which knows nothing of releases
    told = json.loads(next((tmp_path / "out").glob("*.har")).read_bytes())
    for entry in told["log"]["entries"]:
        for name in [name for name in entry if name.startswith("_")]:
            del entry[name]
    har.write_text(json.dumps(told), encoding="utf-8")
    read = tmp_path / "read"
    read.mkdir()
    code, again = report_of(read, "check", str(har), "--reference-point", "cantata")
    assert code == 0
    passed = {row["id"] for row in report["requirements"] if row["verdict"] == "pass"}
    seen = {row["id"] for row in again["requirements"] if row["verdict"] == "pass"}
    assert {"MEF121-R1", "MEF87-R17", "MEF115-R11"} <= seen <= passed
    elsewhere = oit("check", str(har))
    assert elsewhere.code == 5
    assert "is a base path of release cantata-grace, not of grace (--release cantata-grace)" in elsewhere.err


def capture(path: str, body: Any) -> str:
    """A HAR of one answered read, behind a prefix of the partner's."""
    text = json.dumps(body)
    headers = [{"name": "Content-Type", "value": "application/json;charset=utf-8"}]
    entry = {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "time": 5,
        "request": {
            "method": "GET",
            "url": f"https://p.example/gateway{path}",
            "httpVersion": "HTTP/1.1",
            "headers": [],
        },
        "response": {"status": 200, "headers": headers, "content": {"size": len(text), "text": text}},
    }
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": [entry]}})


def test_findings_have_the_same_labels_at_both_points(tmp_path: Path) -> None:
    found = []
    for release in (SONATA, CANTATA):
        file = tmp_path / f"{release.name}.har"
        base = release.entry("quote").base_path
        file.write_text(capture(f"{base}/quote/q1", {"id": "other", "state": "answered"}), encoding="utf-8")
        folder = tmp_path / release.name
        folder.mkdir()
        code, report = report_of(folder, "check", str(file), "--release", release.name)
        assert code == 1
        found.append([(row["rule"], row["verdict"], row.get("pointer")) for row in report["findings"]])
    assert found[0] == found[1]
    assert any(rule.startswith("MEF115-") for rule, _, _ in found[0])


def test_both_points_at_one_door() -> None:
    with seller("--database", "memory", "--reference-point", "sonata", "--reference-point", "cantata") as url:
        for release, count in ((SONATA, 5), (CANTATA, 2)):
            with urllib.request.urlopen(f"{url}{release.entry('inventory').base_path}/product", timeout=30) as answer:
                assert len(json.load(answer)) == count


def test_a_profile_of_ones_own_that_sells_what_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    urn = "urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all"
    file.write_text(PROFILE.replace("urn:mef:lso:spec:cantata-sonata:carrier-ethernet-subscriber-uni:v1.0.0:all", urn))
    done = oit("seller", "--profile", str(file), "--reference-point", "cantata")
    assert done.code == 2
    assert done.err.strip() == f"{file}:7:14: release cantata-grace does not have the product {urn}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("like: grace", "like: grade", "4:7: there is no release 'grade' to go by; did you mean 'grace'?"),
        ("like: grace", "like: cantata-grace", "4:7: there is no release 'cantata-grace' to go by;"),
        ("sonata:access-eline-ovc:v5.0.0:all: null\n  urn", "sonata:access:v5: null\n  urn", "there is nothing to take away"),
        ("version: 2.0.1, base", "versoin: 2.0.1, base", "unknown key 'versoin'; did you mean 'version'?"),
        ("{version: 1.0.2, ", "{document: nowhere.yaml, ", "there is no nowhere.yaml below"),
        ("product_aliases:", "products_of_theirs:", "unknown key 'products_of_theirs'"),
    ],
)  # fmt: skip
def test_a_file_that_goes_by_another_one_is_read_strictly(tmp_path: Path, old: str, new: str, said: str) -> None:
    specs = specs_with(tmp_path)
    text = CANTATA.file.read_text(encoding="utf-8")
    assert old in text
    file = specs / "releases" / "cantata-grace.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileProblem) as caught:
        Release("cantata-grace", specs)
    assert [each for each in caught.value.problems if each.startswith(f"{file}:") and said in each]


def test_what_the_other_file_says_wrong_is_told_with_its_place(tmp_path: Path) -> None:
    specs = specs_with(tmp_path, "    guide: MEF121\n", "    giude: MEF121\n")
    (specs / "releases" / "cantata-grace.yaml").write_text(CANTATA.file.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(FileProblem, match=r"grace\.yaml:9:5: unknown key 'giude'"):
        Release("cantata-grace", specs)


def test_facts_are_made_anew_when_the_file_that_it_goes_by_changes() -> None:
    assert SONATA.file in CANTATA.files
    assert SONATA.errata_file in CANTATA.files
