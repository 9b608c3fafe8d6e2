"""Release Kylie: addresses by their ids and representations, beyond what the proofs of single rules show."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.record.exchange import Exchange
from emulator.standard.release import load_release
from tests.judge.exchanges import transcript
from tests.judge.test_kylie_generic import said

KYLIE = load_release("kylie")
FIELDED = {"streetNr": "12", "streetName": "Harbour", "city": "Rotterdam", "countryCode": "nl", "language": "en"}
ASKED = {"@type": "GeographicAddress_Query", "fieldedAddressRepresentation": [FIELDED]}


def address(**members: Any) -> dict[str, Any]:
    flags = {"allowsNewSite": "unknown", "hasPublicSite": "unknown"}
    return {"@type": "GeographicAddress", "id": "a-1", **flags, "fieldedAddressRepresentation": [FIELDED], **members}


def validation(second: int = 1, submitted: Any = ASKED, **members: Any) -> Exchange:
    sent = {"instantSyncValidation": True, "submittedGeographicAddress": submitted}
    body = {**sent, "state": "ready", "alternateGeographicAddress": [], **members}
    return said(second, "geographicAddress", "createGeographicAddressValidation", "/geographicAddressValidation", sent,
                body, method="POST", status=200)  # fmt: skip


def read(body: dict[str, Any], second: int = 2) -> Exchange:
    return said(second, "geographicAddress", "retrieveGeographicAddress", "/geographicAddress/a-1", None, body)


def found(*exchanges: Exchange) -> set[str]:
    return {each.rule for each in judge(transcript(*exchanges), KYLIE).findings}


POINT = {"spatialRef": "EPSG:4326", "latitude": "51.917404", "longitude": "4.484861"}


@pytest.mark.parametrize(
    "again",
    [
        {"allowsNewSite": "true"},  # it is known by now
        {"fieldedAddressRepresentation": [{**FIELDED, "stateOrProvince": "Zuid-Holland"}]},
        {"fieldedAddressRepresentation": [{**FIELDED, "language": "nl", "city": "Rotterdam-Centrum"}, FIELDED]},
        {"fieldedAddressRepresentation": [{**FIELDED, "language": "nl", "city": "Rotterdam-Centrum"}]},
        {"formattedAddressRepresentation": [{"formattedAddress": "Harbour 12"}]},
    ],
)
def test_an_address_may_be_told_with_more_or_in_another_language(again: dict[str, Any]) -> None:
    assert found(validation(bestMatchGeographicAddress=address()), read(address(**again))) == set()


@pytest.mark.parametrize("flag", [["true"], {}, None, True])
def test_a_flag_that_is_none_is_the_business_of_the_contract(flag: Any) -> None:
    assert found(validation(bestMatchGeographicAddress=address()), read(address(allowsNewSite=flag))) == {
        "contract.schema"
    }


def test_another_spelling_is_worth_a_warning() -> None:
    shouted = address(fieldedAddressRepresentation=[{**FIELDED, "city": "ROTTERDAM"}])
    assert found(validation(bestMatchGeographicAddress=address()), read(shouted)) == {"Mplify121.1.agrees"}


def test_a_point_may_be_told_more_exactly_and_labels_come_from_several_registries() -> None:
    near = [{**POINT, "latitude": "51.9174"}]
    here = {"administrativeAuthority": "CLLI", "label": "A"}
    there = {"administrativeAuthority": "Kadaster", "label": "B"}
    one = address(geographicPointRepresentation=[POINT], labelRepresentation=[here])
    other = address(geographicPointRepresentation=near, labelRepresentation=[there])
    assert found(validation(bestMatchGeographicAddress=one), read(other)) == set()
    wrong = address(geographicPointRepresentation=near, labelRepresentation=[{**here, "label": "B"}])
    assert found(validation(bestMatchGeographicAddress=one), read(wrong)) == {"Mplify121.1-R22"}


@pytest.mark.parametrize("code", ["XK", "uk"])
def test_a_code_that_is_reserved_is_worth_a_warning(code: str) -> None:
    submitted = {**ASKED, "fieldedAddressRepresentation": [{**FIELDED, "countryCode": code}]}
    (finding,) = judge(transcript(validation(submitted=submitted)), KYLIE).findings
    assert (finding.rule, finding.verdict.value, finding.blame.value) == ("Mplify121.1-R9", "warning", "buyer")


def qualification(place: dict[str, Any]) -> Exchange:
    item = {"id": "1", "action": "add", "product": {"place": [{"place": place, "role": "INSTALL_LOCATION"}]}}
    body = {"instantSyncQualification": True, "productOfferingQualificationItem": [item]}
    return said(5, "productOfferingQualification", "createProductOfferingQualification", "/productOfferingQualification",
                body, {"code": "internalError", "reason": "none"}, method="POST", status=500)  # fmt: skip


@pytest.mark.parametrize(
    ("place", "rules"),
    [
        ({"@type": "GeographicAddressRef", "id": "a-1"}, set()),
        (ASKED, {"Mplify121.1-D2"}),
        ({**ASKED, "fieldedAddressRepresentation": [{**FIELDED, "streetNr": "14"}]}, {"Mplify121.1-D1"}),
    ],
)
def test_places_of_items_are_looked_at_where_the_contract_has_them(place: dict[str, Any], rules: set[str]) -> None:
    seen = found(validation(bestMatchGeographicAddress=address()), qualification(place))
    assert {rule for rule in seen if rule.startswith("Mplify121.1-D")} == rules


def test_who_answers_at_once_alone_need_not_tell_anybody() -> None:
    hub = said(3, "geographicAddress", "registerListener", "/hub", {"callback": "http://buyer"},
               {"code": "notImplemented", "reason": "none"}, method="POST", status=501)  # fmt: skip
    assert found(validation(), hub) == set()
