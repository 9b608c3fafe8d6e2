"""A seller of Internet Access: addresses in its product payloads are IPv4 or IPv6, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from listening import site
from ordering import PROFILE, add_uni, contact, order

IP_UNI = "urn:mef:lso:spec:cantata-sonata:ip-uni:v1.0.0:all"
OFFERINGS = {"ip": {**PROFILE["offerings"]["uni-1g"], "payload": IP_UNI}}
HOP = "/product/productConfiguration/routingProtocols/0/static/0/staticIpEntry/0/forwardingInformation/nextHopIpAddress"


def product(hop: Any) -> dict[str, Any]:
    routes = [{"static": [{"staticIpEntry": [{"forwardingInformation": {"nextHopIpAddress": hop}}]}]}]
    return {"productOffering": {"id": "ip"}, "productConfiguration": {"@type": IP_UNI, "routingProtocols": routes}}


def asked(hop: Any) -> dict[str, Any]:
    return {
        "instantSyncQualification": True,
        "provideAlternative": False,
        "relatedContactInformation": [contact("buyerContactInformation")],
        "productOfferingQualificationItem": [{"id": "1", "action": "add", "product": product(hop)}],
    }


@pytest.mark.parametrize(
    ("hop", "status", "said"),
    [
        ("203.0.113.1", 201, ""),
        ("2001:db8::1", 201, ""),
        ("NOT_AN_IP", 422, '"NOT_AN_IP" is neither an IPv4 address nor an IPv6 address'),
        ("203.0.113.256", 422, '"203.0.113.256" is neither an IPv4 address nor an IPv6 address'),
        (5, 422, "5 is not of type string"),
    ],
)
def test_a_next_hop_of_either_version_is_sold_and_nothing_else(tmp_path, hop, status, said):
    with site(tmp_path, offerings=OFFERINGS) as seller:
        ordered = order({**add_uni(), "product": product(hop)})
        for api, path, body, item in (
            ("productOfferingQualification", "productOfferingQualification", asked(hop), "productOfferingQualificationItem"),
            ("productOrder", "productOrder", ordered, "productOrderItem"),
        ):  # fmt: skip
            answer = seller.ask("POST", api, path, body)
            assert answer.status_code == status, answer.text
            if said:
                (error,) = answer.json()
                assert (error["propertyPath"], error["reason"]) == (f"/{item}/0{HOP}", said)
