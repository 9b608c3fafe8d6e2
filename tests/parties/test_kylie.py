"""Our seller of release Kylie: addresses by representations, sites by a body, and what contracts, facts and lifecycles say of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.record.call import Reply
from emulator.standard.release import load_release
from emulator.standard.representations import WAYS
from tests.repairs import Counter

KYLIE = load_release("kylie")


def counter(api: str) -> Counter:
    return Counter(KYLIE, api, {"notifications": {"allow": ["loopback"]}})


def events(at: Counter) -> list[dict[str, Any]]:
    store = at.seller.store
    return [
        dict(each.body)
        for one in store.owed_due(at.clock.now(), 99, 1.0)
        for each in store.owed_to("", one.subscription)
    ]


def fielded(**parts: Any) -> dict[str, Any]:
    told = {"streetNr": "20", "streetName": "Main", "streetType": "St", "city": "Ashburn", "countryCode": "us", **parts}
    given = {name: value for name, value in told.items() if value is not None}
    return {"@type": "GeographicAddress_Query", "fieldedAddressRepresentation": [given]}


def validated(submitted: dict[str, Any], at: Counter | None = None, *, now: bool = True) -> Reply:
    body = {"instantSyncValidation": now, "submittedGeographicAddress": submitted}
    return (at or counter("geographicAddress")).ask("createGeographicAddressValidation", body)


LABEL = {
    "@type": "GeographicAddress_Query",
    "labelRepresentation": [{"administrativeAuthority": "CLLI", "label": "asbnva01"}],
}
POINT = {
    "@type": "GeographicAddress_Query",
    "geographicPointRepresentation": [
        {"spatialRef": "EPSG:4326 WGS 84", "latitude": "39.043757", "longitude": "-77.487442"}
    ],
}


@pytest.mark.parametrize("asked", [fielded(), fielded(streetName="Main Street", streetType=None), LABEL, POINT])
def test_an_address_is_validated_at_once_with_all_of_its_representations(asked: dict[str, Any]) -> None:
    reply = validated(asked)
    assert (reply.status, reply.body["state"], "id" in reply.body) == (200, "ready", False)
    best = reply.body["bestMatchGeographicAddress"]
    assert best["id"] == "addr-ashburn-20-main"
    assert (best["@type"], best["hasPublicSite"], best["allowsNewSite"]) == ("GeographicAddress", "true", "true")
    assert [best[way][0] for way in WAYS] == [
        {
            "streetNr": "20", "streetName": "Main", "streetType": "Street", "city": "Ashburn", "postcode": "20147",
            "stateOrProvince": "VA", "countryCode": "US",
        },
        {"formattedAddress": "20 Main Street, 20147 Ashburn, VA, USA"},
        {"spatialRef": "EPSG:4326 WGS 84", "latitude": "39.043757", "longitude": "-77.487442", "elevation": "0"},
        {"label": "ASBNVA01", "administrativeAuthority": "CLLI"},
    ]  # fmt: skip


def test_another_level_of_detail_is_an_alternate() -> None:
    body = validated(fielded(streetNr="22")).body
    assert "bestMatchGeographicAddress" not in body
    others = {each["id"]: each for each in body["alternateGeographicAddress"]}
    assert list(others) == ["addr-ashburn-20-main", "addr-ashburn-20-main-suite-300", "addr-ashburn-24-main"]
    (inside,) = others["addr-ashburn-20-main-suite-300"]["fieldedAddressRepresentation"]
    assert (inside["buildingName"], inside["subUnit"]) == (
        "North Building",
        [{"subUnitType": "floor", "subUnitNumber": "3"}, {"subUnitType": "suite", "subUnitNumber": "300"}],
    )


def test_what_nobody_knows_is_no_error_and_what_is_out_of_the_area_is_one() -> None:
    nowhere = validated(fielded(city="Atlantis")).body
    assert (nowhere["state"], nowhere["alternateGeographicAddress"]) == ("ready", [])
    outside = validated(fielded(city="Atlantis", countryCode="GR"))
    assert (outside.status, [issue["code"] for issue in outside.body]) == (422, ["otherIssue"])
    empty = validated({"@type": "GeographicAddress_Query", "fieldedAddressRepresentation": []})
    assert (empty.status, [issue["code"] for issue in empty.body]) == (422, ["missingProperty"])


def test_a_validation_that_can_wait_is_answered_later_and_told_of() -> None:
    at = counter("geographicAddress")
    at.ask("registerListener", {"callback": "http://127.0.0.1:9/"})
    later = validated(fielded(), at, now=False)
    assert (later.status, later.body["state"]) == (201, "acknowledged")
    assert later.body["alternateGeographicAddress"] == []
    at.clock.sleep(600)
    after = at.ask("retrieveGeographicAddressValidation", path=later.body["id"]).body
    assert (after["state"], after["bestMatchGeographicAddress"]["id"]) == ("ready", "addr-ashburn-20-main")
    assert [each["event"]["state"] for each in events(at)] == ["inProgress", "ready"]
    read = at.ask("retrieveGeographicAddress", path="addr-ashburn-20-main").body
    assert {way: read[way] for way in WAYS} == {way: after["bestMatchGeographicAddress"][way] for way in WAYS}
    # What is another representation of an address is no address of its own.
    assert at.ask("retrieveGeographicAddress", path="addr-ashburn-clli").status == 404


BY_ID = {"@type": "GeographicAddressRef", "id": "addr-ashburn-20-main"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"place": BY_ID}, ["site-ashburn-dc1"]),
        ({"place": fielded()}, ["site-ashburn-dc1"]),
        ({"place": LABEL}, ["site-ashburn-dc1"]),
        ({"place": fielded(streetNr="22")}, []),
        ({"place": {**BY_ID, "id": "addr-nobody"}}, []),
        ({"place": BY_ID, "name": "ashburn  dc1", "siteRestrictionType": "public"}, ["site-ashburn-dc1"]),
        ({"place": BY_ID, "networkType": "offNet"}, []),
        ({"place": BY_ID, "subUnit": [{"subUnitType": "floor", "subUnitNumber": "3"}]}, []),
    ],
)
def test_sites_are_found_by_a_body_at_the_very_address(asked: dict[str, Any], found: list[str]) -> None:
    reply = counter("geographicSite").ask("listGeographicSite", asked)
    assert [each["id"] for each in reply.body] == found
    assert {each["place"]["@type"] for each in reply.body} <= {asked["place"]["@type"]}
    assert (reply.headers["X-Total-Count"], reply.headers["X-Result-Count"]) == (str(len(found)),) * 2


def test_a_site_is_read_with_its_address_by_id() -> None:
    site = counter("geographicSite").ask("retrieveGeographicSite", path="site-ashburn-suite-300").body
    assert site["place"] == {"@type": "GeographicAddressRef", "id": "addr-ashburn-20-main-suite-300"}
    assert (site["customerName"], site["siteRestrictionType"], site["subUnit"]) == ("Example Retail", "private", [])
