"""Addresses are known or not, and what the buyer wrote comes back as it was (MEF 121)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade import ASHBURN, Desk, without

DESK = Desk()


def validate(address, desk=DESK, *, alternatives=True):
    body = {"provideAlternative": alternatives, "submittedGeographicAddress": address, "extra": 1}
    reply = desk.call("geographicAddress", "createGeographicAddressValidation", body)
    if reply.status == 200:
        assert {name: reply.body[name] for name in body} == body  # R15
        shown = [reply.body.get("bestMatchGeographicAddress"), *reply.body["alternateGeographicAddress"]]
        assert {each["@type"] for each in shown if each} <= {address["@type"]}  # R16
    return reply


def best(reply):
    return (reply.body.get("bestMatchGeographicAddress") or {}).get("id")


def others(reply):
    return {each["id"] for each in reply.body["alternateGeographicAddress"]}


@pytest.mark.parametrize(
    "address",
    [
        ASHBURN,
        without(ASHBURN, "streetType", "postcode"),
        {**ASHBURN, "streetType": "St.", "country": "United States"},
        {**without(ASHBURN, "streetType"), "streetName": "  MAIN   street"},
    ],
)
def test_the_same_address_is_the_best_match(address):
    reply = validate(address)
    assert reply.body["validationResult"] == "success"
    assert best(reply) == "addr-ashburn-20-main"
    assert others(reply) == {"addr-ashburn-20-main-suite-300", "addr-ashburn-24-main"}
    assert reply.body["bestMatchGeographicAddress"]["hasPublicSite"] is True
    assert others(validate(address, alternatives=False)) == set()


@pytest.mark.parametrize(
    "address",
    [
        {**ASHBURN, "streetNr": "22"},
        without(ASHBURN, "streetNr"),
        {**ASHBURN, "geographicSubAddress": {"levelNumber": "9"}},
        {**ASHBURN, "streetType": "Avenue"},
    ],
)
def test_another_level_of_detail_is_an_alternate(address):
    reply = validate(address)
    assert reply.body["validationResult"] == "partial"
    assert best(reply) is None
    assert "addr-ashburn-20-main" in others(reply)
    assert validate(address, alternatives=False).body["validationResult"] == "fail"


def test_a_flat_is_found_with_all_of_it():
    sub = {"levelType": "Floor", "levelNumber": "12", "subUnit": [{"subUnitType": "Apartment", "subUnitNumber": "12b"}]}
    address = {"@type": "FieldedAddress", "streetNr": "350", "streetName": "Fifth Ave", "city": "New York"}
    reply = validate({**address, "country": "US", "geographicSubAddress": sub})
    assert best(reply) == "addr-newyork-350-fifth-apt-12b"


def test_accents_do_not_count():
    address = {"@type": "FieldedAddress", "streetNr": "20", "streetName": "edmunda wasilewskiego", "city": "Krakow"}
    reply = validate({**address, "country": "Poland", "postcode": "30-305"})
    assert best(reply) == "addr-krakow-wasilewskiego-20"
    assert others(reply) == {"addr-krakow-wasilewskiego-20-14"}


@pytest.mark.parametrize("address", [{**ASHBURN, "city": "Nowhere"}, {**ASHBURN, "postcode": "99999"}])
def test_an_unknown_address_is_no_error(address):
    reply = validate(address)
    assert reply.status == 200
    assert reply.body["validationResult"] == "fail"
    assert (best(reply), others(reply)) == (None, set())


def test_the_other_types_have_a_best_match_or_none():
    formatted = {"@type": "FormattedAddress", "addrLine1": "20 Main St", "city": "Ashburn", "country": "USA"}
    assert best(validate(formatted)) == "addr-ashburn-20-main-formatted"
    partial = validate({**formatted, "addrLine1": "22 Main St"})
    assert (best(partial), others(partial)) == (None, {"addr-ashburn-20-main-formatted"})
    label = {"@type": "GeographicAddressLabel", "externalReferenceType": "CLLI", "externalReferenceId": "asbnva01"}
    found = validate(label).body["bestMatchGeographicAddress"]
    assert found["associatedGeographicAddress"]["id"] == "addr-ashburn-20-main"
    point = {"@type": "MEFGeographicPoint", "spatialRef": "EPSG:4326 WGS 84", "x": "39.0437570", "y": "-77.487442"}
    assert best(validate(point)) == "addr-ashburn-point"
    numbers = [{**point, "x": x} for x in ("far away", "NaN", "Infinity", "1e9999999", "-1e999999999999999999", "")]
    for other in (*numbers, {**point, "spatialRef": "moon"}):
        assert validate(other).body["validationResult"] == "fail"


def test_too_many_are_refused():
    desk = Desk({"paging": {"too_many": 2}})
    reply = validate(ASHBURN, desk)
    assert desk.refused(reply) == {("tooManyRecords", "/submittedGeographicAddress")}


def test_every_address_can_be_retrieved_under_its_href():
    for identifier in DESK.seller.profile.addresses:
        reply = DESK.call("geographicAddress", "retrieveGeographicAddress", path=identifier)
        assert reply.status == 200
        assert reply.body["href"].endswith(f"v7/geographicAddress/{identifier}")
    assert DESK.call("geographicAddress", "retrieveGeographicAddress", path="nope").status == 404


TEXT = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["20", "Main", "Street", "Ashburn", "USA", " ", "."]
)


@given(st.fixed_dictionaries(dict.fromkeys(("streetName", "city", "country"), TEXT), optional={"streetNr": TEXT}))
def test_any_words_have_an_answer(address):
    assert validate({"@type": "FieldedAddress", **address}).status == 200
