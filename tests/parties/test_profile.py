"""Profiles are read strictly, and what is wrong is told with its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trade import JSON, RELEASE, Desk

from emulator.errors import FileProblem
from emulator.parties.apis.quote import TIMES
from emulator.parties.clock import VirtualClock
from emulator.parties.offering import Requires
from emulator.parties.profile import load_profile, unsupported_operations
from emulator.parties.seller import Seller
from emulator.record.exchange import Response
from emulator.record.patch import merged
from emulator.record.payload import dump


def test_ours_is_a_plausible_wholesaler():
    profile = load_profile()
    assert len(profile.addresses) >= 12
    countries = {entry.address.get("country") for entry in profile.addresses.values()}
    assert len(countries) > 4
    assert profile.offerings["ael-100"].payload.startswith("urn:mef:lso:spec:sonata:access-eline")
    assert set(profile.products) >= {"prod-enni-ashburn-1", "prod-uni-ashburn-1", "prod-ael-ashburn-1"}


def test_its_products_are_valid():
    contract = RELEASE.contract("productInventory")
    for product in Desk().seller.profile.products:
        body = Desk().call("productInventory", "retrieveProduct", path=product).body
        assert contract.response_breaches("retrieveProduct", Response(JSON, dump(body), 200)) == []


def test_an_overlay_changes_only_what_it_names(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: wholesale-seller\nname: mine\nsites: null\nintervals: {quote: {start: 9}}\n")
    profile = load_profile(file, {"intervals": {"quote": {"finish": 8}}})
    times = profile.intervals.of(TIMES)
    assert (profile.name, times.start, times.finish) == ("mine", 9, 8)
    assert profile.sites == {}
    assert profile.offerings == load_profile().offerings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("behaviour: {quot: {}}", ":3:13: unknown key 'quot'; did you mean 'quote'?"),
        ("paging:\n  max_limit: many", ":4:14: a whole number is needed here, not 'many'"),
        ("behaviour: {quote: {outcome: ordrable}}", ":3:30: 'ordrable' is not one of"),
        ("sites: {s: {name: x, address: addr-no}}", ":3:31: there is no address 'addr-no'"),
        ("offerings: {o: {name: x}}", ":3:16: missing: specification, payload"),
        ("intervals: 3", ":3:12: a map is needed here, not 3"),
        ("unsupported: [1]", ":3:15: a word or text is needed here, not 1"),
        ("addresses: {a: 3}", ":3:16: a map is needed here"),
        ("options: {MEF123-O9: yes}", ":3:22: true or false is needed here, not 'yes'"),
        ("options: {MEF123-O91: true}", ":3:11: there is no option 'MEF123-O91'; did you mean 'MEF123-O9'?"),
        ("options: {MEF123-R1: true}", ":3:11: there is no option 'MEF123-R1'"),
        ("readings: {address-street-numbr: always}", ":3:12: the interpretation register has no entry"),
        (
            "unsupported: [quote.cancelquote]",
            ":3:15: unknown operation 'quote.cancelquote'; did you mean 'quote.cancelQ",
        ),
        ("unsupported: [site, qoute]", ":3:21: unknown operation 'qoute'; did you mean 'quote'?"),
        ("unsupported: ['nothing.*']", ":3:15: unknown operation 'nothing.*'; it is an API (geographicAddress, "),
        ("readings:\n  address-street-number: allways", ":4:26: address-street-number has no reading 'allways'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, expected):
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: wholesale-seller\nname: mine\n{text}\n")
    with pytest.raises(FileProblem) as caught:
        load_profile(file)
    assert str(caught.value).startswith(f"{file}{expected}")


def test_all_of_it_is_told_at_once():
    with pytest.raises(FileProblem) as caught:
        load_profile(overlay={"nam": "x", "paging": {"max_limit": -1}})
    assert set(caught.value.problems) == {
        "overlay of the profile, /nam: unknown key 'nam'; did you mean 'name'?",
        "overlay of the profile, /paging/max_limit: -1 is negative",
    }


def problems(folder, text: str, **others) -> list[str]:
    file = folder / "mine.yaml"
    file.write_text(text)
    with pytest.raises(FileProblem) as caught:
        load_profile(file, **others)
    return [problem.removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_what_has_the_wrong_shape_hides_nothing_else(tmp_path):
    """In the order of the file: keys, types, ids, options, paths, operations."""
    text = """extends: wholesale-seller
nam: x
sites:
  s: {name: 3, address: addr-no}
  t: {name: t, address: addr-ashburn-20-main, sitetype: public}
options: {MEF123-O99: true}
behaviour:
  quote: {path: [{to: inProgres}], outcome: 3}
  productOrder: {path: [{to: inProgress}, {to: acknowledged}]}
unsupported: [3, quote.cancelquote]
products: {p1: [1]}
paging: {too_many: 1000000000000000000000000000000}
"""
    found = problems(tmp_path, text)
    assert [line.partition(": ")[0] for line in found] == [
        f"mine.yaml:{place}" for place in ("2:1", "4:13", "4:25", "5:47", "6:11", "8:23", "8:45", "9:48", "10:15",
                                           "10:18", "11:16", "12:20")
    ]  # fmt: skip
    assert "'inProgres' is not a state of quote; did you mean 'inProgress" in "\n".join(found)
    assert "the lifecycle does not go from inProgress to acknowledged" in "\n".join(found)


def test_a_problem_is_told_in_the_file_that_says_it(tmp_path):
    (tmp_path / "below.yaml").write_text(
        "extends: wholesale-seller\nsites:\n  s: {name: s, address: addr-no}\npagin: {}\n"
    )
    assert problems(tmp_path, "extends: below.yaml\nname: mine\nsites:\n  t: {name: t, address: nowhere}\n") == [
        "below.yaml:3:25: there is no address 'addr-no'",
        "below.yaml:4:1: unknown key 'pagin'; did you mean 'paging'?",
        "mine.yaml:4:25: there is no address 'nowhere'",
    ]


def test_who_sells_is_asked_for_with_what_helps(tmp_path):
    said = "mine.yaml:1:1: missing: name, seller; 'extends: wholesale-seller' gives what is not said here"
    assert problems(tmp_path, "unsupported: [site]\n") == [said]


@pytest.mark.parametrize("text", ["unsupported: [site]\n", "represents: {buyers: [a, b]}\nseller: {name: Acme}\n"])
def test_a_declaration_needs_neither_name_nor_seller(tmp_path, text):
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    assert load_profile(file, declared=True).name == "acme"
    assert problems(tmp_path, text + "unsupporte: []\n", declared=True) == [
        f"mine.yaml:{text.count(chr(10)) + 1}:1: unknown key 'unsupporte'; did you mean 'unsupported'?"
    ]


def test_a_profile_of_ours_is_found_by_its_name(tmp_path, monkeypatch):
    assert load_profile(Path("wholesale-seller")) == load_profile()
    with pytest.raises(FileProblem, match="no profile of that name; there are: wholesale-seller"):
        load_profile(Path("wholesale-seler"))
    monkeypatch.chdir(tmp_path)
    Path("wholesale-seller").write_text("extends: wholesale-seller\nname: mine\n")
    assert load_profile(Path("wholesale-seller")).name == "mine"


def test_an_offering_has_what_that_has_which_it_extends(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("""extends: wholesale-seller
offerings:
  my-uni: {extends: uni-1g, name: Mine, taxRate: 7}
  my-own: {extends: my-uni, name: My own, alternate: null, requires: {place: false}}
""")
    offerings = load_profile(file).offerings
    usual = offerings["uni-1g"]
    assert offerings["my-uni"] == replace(usual, id="my-uni", name="Mine", tax_rate=7.0)
    assert offerings["my-own"] == replace(
        usual, id="my-own", name="My own", tax_rate=7.0, alternate=None, requires=Requires()
    )


@pytest.mark.parametrize(
    ("offerings", "said"),
    [
        ("a: {extends: uni-1}", ["3:16: there is no offering 'uni-1'; did you mean 'uni-1g'?"]),
        ("a: {extends: [uni-1g]}", ["3:16: there is no offering ['uni-1g']"]),
        ("a: {extends: a}", ["3:16: these offerings extend each other: a → a"]),
        (
            "a: {extends: b}\n  b: {extends: c}\n  c: {extends: b, nam: x}",
            [
                "4:16: these offerings extend each other: b → c → b",
                "5:16: these offerings extend each other: c → b → c",
                "5:19: unknown key 'nam'; did you mean 'name'?",
            ],
        ),
        ("a: {extends: uni-1g, terms: []}", ["3:31: an offering needs a term"]),
        ("a: {extends: uni-1g, alternate: uni-2g}", ["3:35: there is no offering 'uni-2g'"]),
    ],
)
def test_what_an_offering_cannot_extend_is_told_with_its_place(tmp_path, offerings, said):
    found = problems(tmp_path, f"extends: wholesale-seller\nofferings:\n  {offerings}\n")
    assert len(found) == len({line.partition(" ")[0] for line in found}) >= len(said)
    for line in said:
        assert any(one.startswith(f"mine.yaml:{line}") for one in found), found


@pytest.mark.parametrize(
    "overlay",
    [
        {"behaviour": {"quote": {"path": [{"to": "inProgress"}, {"to": "accepted"}]}}},
        {"behaviour": {"quote": {"path": [{"to": "inProgress"}, {"to": "inProgress"}]}}},
        {"behaviour": {"productOrder": {"path": [{"to": "inProgress"}, {"to": "inProgress"}, {"to": "rejected"}]}}},
        {"behaviour": {"productOfferingQualification": {"path": [{"to": "nonsense"}]}}},
    ],
)
def test_what_the_standard_does_not_have_is_refused(overlay):
    with pytest.raises(FileProblem):
        Seller(RELEASE, load_profile(overlay=overlay), VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))


def test_a_profile_cannot_extend_itself(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("extends: mine.yaml\n")
    with pytest.raises(FileProblem, match="there is no profile 'mine\\.yaml' to extend"):
        load_profile(file)


def test_merge_is_that_of_rfc_7396():
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": 3}, "d": [2]}) == {
        "a": {"c": 2, "e": 3},
        "d": [2],
    }


def test_what_is_unsupported_is_answered_so():
    desk = Desk({"unsupported": ["quote.registerListener", "site"]})
    assert desk.call("quote", "registerListener", {"callback": "http://b.example"}).status == 501
    assert desk.call("quote", "listQuote").status == 200
    assert desk.call("geographicSite", "listGeographicSite").status == 501


@pytest.mark.parametrize(
    "pattern", ["site", "geographicSite", "geographicSite.*", "site.*", "geographicSiteManagement"]
)
def test_an_api_is_unsupported_by_any_of_its_names(pattern):
    profile = load_profile(overlay={"unsupported": [pattern]})
    every = {f"geographicSite.{name}" for name in RELEASE.contract("site").operations}
    assert unsupported_operations(profile, RELEASE) == every


def test_a_pattern_names_operations_of_several_apis():
    profile = load_profile(overlay={"unsupported": ["*.registerListener", "poq.list*"]})
    hubs = {api for api in RELEASE.apis if "registerListener" in RELEASE.contract(api).operations}
    assert {"quote", "productOrder", "troubleTicket"} <= hubs
    assert unsupported_operations(profile, RELEASE) == {
        *(f"{api}.registerListener" for api in hubs),
        "productOfferingQualification.listProductOfferingQualification",
        "productOfferingQualification.listenToPoqItemStateChangeEvent",
    }


def test_several_buyers_are_told_apart():
    desk = Desk({"represents": {"buyers": ["b1", "b2"]}})
    body = {"callback": "http://b.example"}
    assert desk.call("quote", "registerListener", body).status == 400
    assert desk.call("quote", "registerListener", body, buyerId="b3").status == 403
    made = desk.call("quote", "registerListener", body, buyerId="b1").body
    assert desk.call("quote", "unregisterListener", path=made["id"], buyerId="b2").status == 404
    assert desk.call("quote", "unregisterListener", path=made["id"], buyerId="b1").status == 204
    assert Desk().call("quote", "listQuote", buyerId="whoever").status == 200


def test_what_is_wrong_with_notifications_is_told_with_its_place(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: wholesale-seller\n"
        "notifications: {attempts: 0, timeout: 0, allow: [10.0.0.0/8, ten], deny: [loopback, 10.0.0.0/99]}\n"
    )
    with pytest.raises(FileProblem) as told:
        load_profile(file)
    assert len(told.value.problems) == 4
    assert all("mine.yaml:2:" in problem for problem in told.value.problems)


@pytest.mark.parametrize(("name", "words"), [
    ("'---'", "has no letters"), ("note", "would hide note of the standard"), ("id", "would hide"), ("code", "would hide code"),
    ("total count", "would hide X-Total-Count"),
])  # fmt: skip
def test_what_a_profile_calls_secrets_can_be_told_and_hides_nothing_of_the_standard(
    name: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text(f"extends: wholesale-seller\nsecrets: [pin, {name}]\n")
    with pytest.raises(FileProblem, match=words) as problem:
        load_profile(file)
    assert str(problem.value).startswith(f"{file}:2:16: ")
