"""`oit releases` and `oit specs diff --from --to`: what is told of releases, and how the commands end."""

from __future__ import annotations

import json

import pytest

from emulator.standard.release import Release
from tests.cli.processes import oit
from tests.fable import fable

__all__ = ["fable"]


def test_the_table_has_every_function_by_every_pair_and_what_it_rests_on() -> None:
    done = oit("releases")
    assert (done.code, done.err) == (0, "")
    for head in ("aretha → billie", "fergie → grace", "dolly → grace"):
        assert head in done.out
    assert "Trouble tickets and incidents       new p " in done.out
    assert "c: computed from both contracts" in done.out
    assert max(map(len, done.out.splitlines())) <= 120
    one = oit("releases", "--api", "poq")
    assert [line.partition("  ")[0] for line in one.out.splitlines() if line.endswith(("p", "c"))] == [
        "Product offering qualification"
    ] * 3


def test_a_pair_is_told_in_words_with_its_places_and_whom_it_breaks() -> None:
    done = oit("releases", "dolly", "grace", "--api", "order", "--api", "address")
    assert done.code == 0
    assert done.out.splitlines()[0] == "Address validation (geographicAddress): none (computed)"
    assert (
        "Product order (productOrder): major, a new base path included (computed; changes: 4, break somebody: 3)"
        in done.out
    )
    assert """\
  management: MEFProductOrderCharge_Find.creationDate: the member is demanded
    breaks a Seller that stays with dolly: it may leave out what is demanded
    at /components/schemas/MEFProductOrderCharge_Find/properties/creationDate
  management: CancelProductOrder.charge: the member is new, and may be left out
    at /components/schemas/CancelProductOrder/properties/charge
""" in done.out  # fmt: skip
    assert oit("releases", "--from", "dolly", "--to", "grace", "--api", "order", "--api", "address").out == done.out


def test_what_was_published_is_told_as_that() -> None:
    told = oit("releases", "celine", "dolly", "--api", "quote").out
    assert (
        told
        == """\
Quote (quote): major (by published differences)
  management: major: Price demands dutyFreeAmount (schemas: 2 changed)
  notification: none
"""
    )
    steps = oit("releases", "aretha", "dolly", "--api", "inventory").out
    assert "major for its new base path, at most major in structure (composed of the steps between, one may" in steps
    assert "\n  billie → billie-final: none (by published differences)\n" in steps
    unknown = oit("releases", "dolly", "celine", "--api", "quote").out
    assert unknown.startswith("Quote (quote): unknown (nobody has told")
    assert oit("releases", "grace", "dolly", "--api", "billing").out == "Billing (billing): gone in dolly\n"


def test_json_has_the_same() -> None:
    told = json.loads(oit("releases", "dolly", "grace", "--api", "order", "--format", "json").out)
    assert told["reference_point"] == "sonata"
    assert {"name": "aretha", "release": "aretha", "here": False} in told["releases"]
    (row,) = told["rows"]
    assert {key: row[key] for key in ("api", "title", "from", "to", "grade", "structure", "basis", "at_most")} == {
        "api": "productOrder", "title": "Product order", "from": "dolly", "to": "grace", "grade": "major",
        "structure": "major", "basis": "computed", "at_most": False,
    }  # fmt: skip
    assert row["changes"][0]["change"] == "base-path"
    assert row["changes"][0]["breaks"] == [{"stays": "buyer", "because": "it calls where nobody is"}]
    demanded = next(each for each in row["changes"] if each["change"] == "member-demanded")
    assert (demanded["sent_by"], demanded["at"]) == (
        ["seller"], "/components/schemas/MEFProductOrderCharge_Find/properties/creationDate")  # fmt: skip
    rows = json.loads(oit("releases", "--format", "json").out)["rows"]
    assert {row["basis"] for row in rows} == {"computed", "published"}
    quote = next(row for row in rows if (row["from"], row["api"]) == ("celine", "quote"))
    assert quote["published"]["management"]["schemas"]["changed"] == ["GeographicSubAddress", "Price"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["dolly"], "two releases are compared: oit releases OLD NEW, or --from OLD --to NEW"),
        (["dolly", "--to", "grace"], "two releases are compared"),
        (["dolly", "grace", "--to", "grace"], "two releases are compared"),
        (["dolly", "gracce"], "There is no release 'gracce' at reference point sonata; did you mean 'grace'?"),
        (["--api", "qoute"], "--api qoute: no release here has such an API; did you mean 'quote'?"),
        (["--reference-point", "cantata"], "cantata-grace is the only release here at its reference point"),
        (["--reference-point", "nowhere"], "--reference-point nowhere: no release is spoken there"),
    ],
)
def test_what_cannot_be_compared_is_told(given: list[str], said: str) -> None:
    done = oit("releases", *given)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_contracts_of_two_releases_are_compared_for_people() -> None:
    done = oit("specs", "diff", "--from", "dolly", "--to", "grace", "--api", "quote")
    assert (done.code, done.out) == (0, "Quote (quote): none (computed)\n")
    done = oit("specs", "diff", "--from", "dolly", "--to", "grace", "--api", "order")
    assert done.code == 1
    assert "breaks a Seller that stays with dolly" in done.out
    assert json.loads(oit("specs", "diff", "--from", "dolly", "--to", "grace", "--format", "json").out)["rows"]
    for given, said in (
        (["--from", "ella", "--to", "grace"], "the contracts of ella are not here: oit sdk add imports"),
        (["--from", "dolly"], "what shall be compared? --sdk DIR, or --from RELEASE --to RELEASE"),
        (["--from", "dolly", "--sdk", "."], "--sdk DIR stands alone"),
    ):
        done = oit("specs", "diff", *given)
        assert (done.code, done.out) == (2, "")
        assert said in done.err


def test_a_release_of_ones_own_is_in_the_table(fable: Release) -> None:
    assert fable.name == "fable"
    assert "grace → fable" in oit("releases").out
    told = oit("releases", "grace", "fable", "--api", "site").out
    assert told.startswith(
        "Site query (geographicSite): major for its new base path, none in structure (computed; changes: 1, break somebody: 1"
    )
