"""The request that every server of the bench gets, and what can be wrong with it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from emulator.plain_yaml import load_yaml
from emulator.record.payload import dump
from emulator.settings import scenarios_dir

PATH: Final = "/mefApi/sonata/productOfferingQualification/v7/productOfferingQualification"
ITEMS: Final = "productOfferingQualificationItem"


def request() -> dict[str, Any]:
    """A POQ of about 4.8 kB for an Access E-Line and its UNI, to be answered later: the seller needs timers for it."""

    def fragment(name: str) -> dict[str, Any]:
        found: dict[str, Any] = load_yaml(scenarios_dir() / "fragments" / f"{name}.yaml")
        return found

    line, uni, buyer = fragment("access-eline"), fragment("operator-uni"), fragment("buyer")
    contact = buyer["buyerContact"]
    site = {
        "@type": "FieldedAddress",
        "role": "INSTALL_LOCATION",
        "streetNr": "20",
        "streetName": "Main",
        "streetType": "Street",
        "city": "Ashburn",
        "stateOrProvince": "VA",
        "postcode": "20147",
        "country": "USA",
    }
    return {
        "externalId": "bench-poq",
        "projectId": buyer["projectId"],
        "instantSyncQualification": False,
        "requestedPOQCompletionDate": "2036-12-04T00:00:00.000Z",
        "provideAlternative": False,
        "relatedContactInformation": [contact, {**contact, "role": "buyerTechnicalContact"}],
        ITEMS: [
            {
                "id": "ovc",
                "action": "add",
                "product": {
                    "productOffering": {"id": line["offeringId"]},
                    "productConfiguration": line["ovcConfiguration"],
                    "productRelationship": [
                        {"relationshipType": "CONNECTS_TO_ENNI", "id": line["enniProductId"]},
                    ],
                },
                "qualificationItemRelationship": [{"relationshipType": "CONNECTS_TO_UNI", "id": "uni"}],
            },
            {
                "id": "uni",
                "action": "add",
                "product": {
                    "productOffering": {"id": uni["uniOfferingId"]},
                    "productConfiguration": uni["uniConfiguration"],
                    "place": [site],
                },
                "relatedContactInformation": [{**contact, "role": "locationContact"}],
            },
        ],
    }


def bare_of_types() -> dict[str, Any]:
    """The request as a tool takes it that knows no sub-types: names of base schemas for `@type`, and no places."""
    body = request()
    for item in body[ITEMS]:
        item["product"]["productConfiguration"]["@type"] = "MEFProductConfiguration"
        item["product"].pop("place", None)
    return body


def acknowledged(body: dict[str, Any], identifier: str) -> dict[str, Any]:
    """The least that a seller can answer to the request, for servers that decide nothing."""
    items = [{**item, "state": "acknowledged"} for item in body[ITEMS]]
    return {**body, "id": identifier, "state": "acknowledged", ITEMS: items}


def _wrong_enum(body: dict[str, Any]) -> None:
    body[ITEMS][0]["action"] = "replace"


def _wrong_subtype(body: dict[str, Any]) -> None:
    place = body[ITEMS][1]["product"]["place"][0]
    for name in ("streetName", "city", "country"):  # what a FieldedAddress must have
        del place[name]


def _wrong_attribute(body: dict[str, Any]) -> None:
    body[ITEMS][0]["product"]["productConfiguration"]["ceVlanIdPreservation"] = "SOMETIMES"


SPOILS: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "wrong enum in the envelope": _wrong_enum,
    "sub-type without its members": _wrong_subtype,
    "wrong product attribute": _wrong_attribute,
}
"""What is wrong, and what makes it so."""


def spoilt(body: dict[str, Any], what: str) -> bytes | None:
    """The request with one thing wrong; None where it has nothing of that kind."""
    changed = copy.deepcopy(body)
    try:
        SPOILS[what](changed)
    except KeyError:
        return None
    return dump(changed)
