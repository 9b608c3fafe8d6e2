"""A partner's buyer, made with another HTTP library: buys an Access E-Line with its UNI at the URL it is given.

    python -m tests.cli.partner_buyer URL [--broken WAY]

WAY is one of `wrong-role`, `missing-attribute`, `never-orders`, `repeats`, `strange-id`. Polls as fast as it can.
At the end it tells the test bed that it has nothing more to send, unless the URL is a path of its own there.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

FRAGMENTS = Path(__file__).resolve().parents[2] / "scenarios" / "fragments"
OVC = yaml.safe_load((FRAGMENTS / "access-eline.yaml").read_text())["ovcConfiguration"]
UNI = yaml.safe_load((FRAGMENTS / "operator-uni.yaml").read_text())["uniConfiguration"]
ADDRESS = yaml.safe_load((FRAGMENTS / "place.yaml").read_text())["address"]
BASE = {
    "address": "/mefApi/sonata/geographicAddressManagement/v7",
    "site": "/mefApi/sonata/geographicSiteManagement/v7",
    "poq": "/mefApi/sonata/productOfferingQualification/v7",
    "quote": "/mefApi/sonata/quoteManagement/v8",
    "order": "/mefApi/sonata/productOrderingManagement/v10",
    "inventory": "/mefApi/sonata/productInventory/v7",
    "billing": "/mefApi/sonata/customerBillManagement/v2",
}


class Refused(Exception):  # noqa: N818
    pass


class Seller:
    """The other side, at a URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.prefix = parts.path.rstrip("/")
        self.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept": "application/json;charset=utf-8"}
        if body is not None:
            headers["Content-Type"] = "application/json;charset=utf-8"
        self.connection.request(method, self.prefix + path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise Refused(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def until(self, path: str, states: tuple[str, ...]) -> Any:
        """Poll until a state shows, ten seconds at the most."""
        end = time.monotonic() + 10
        while (found := self.ask("GET", path))["state"] not in states:
            if time.monotonic() > end:
                raise Refused(f"{path} is still {found['state']}")
        return found


def contact(role: str) -> dict[str, str]:
    return {"role": role, "name": "Ada Byte", "emailAddress": "ada@bytes.example", "number": "+44 20 7946 0000"}


def days(number: int) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def items(relationship: str, place: str, common: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The UNI and the OVC on it; `common` adds to each what a message wants of it besides."""
    uni = {
        "productOffering": {"id": "uni-1g"},
        "productConfiguration": UNI,
        "place": [{"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION", "id": place}],
    }
    ovc = {
        "productOffering": {"id": "ael-100"},
        "productConfiguration": OVC,
        "productRelationship": [{"relationshipType": "CONNECTS_TO_ENNI", "id": "prod-enni-ashburn-1"}],
    }
    ends = {relationship: [{"relationshipType": "CONNECTS_TO_UNI", "id": "uni"}]}
    return [
        {"id": "uni", "action": "add", "product": uni, **common["uni"]},
        {"id": "ovc", "action": "add", "product": ovc, **ends, **common["ovc"]},
    ]


def buy(seller: Seller, broken: str | None) -> None:
    sent = {"provideAlternative": True, "submittedGeographicAddress": ADDRESS}
    found = seller.ask("POST", BASE["address"] + "/geographicAddressValidation", sent)
    place = found["bestMatchGeographicAddress"]["id"]
    seller.ask("GET", f"{BASE['site']}/geographicSite?{urlencode({'geographicAddress.id': place})}")

    poq = {
        "instantSyncQualification": False,
        "requestedPOQCompletionDate": days(7),
        "provideAlternative": False,
        "relatedContactInformation": [contact("somebody" if broken == "wrong-role" else "buyerContactInformation")],
        "productOfferingQualificationItem": items("qualificationItemRelationship", place, {"uni": {}, "ovc": {}}),
    }
    qualified = seller.ask("POST", BASE["poq"] + "/productOfferingQualification", poq)["id"]
    seller.until(f"{BASE['poq']}/productOfferingQualification/{qualified}", ("done.ready",))

    term = {"name": "A year", "duration": {"amount": 12, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}
    quote_contacts = {
        "uni": [contact("quoteItemTechnicalContact"), contact("quoteItemLocationContact")],
        "ovc": [contact("quoteItemTechnicalContact")],
    }
    common = {
        name: {
            "requestedQuoteItemTerm": term,
            "productOfferingQualificationItem": {"productOfferingQualificationId": qualified, "id": name},
            "relatedContactInformation": contacts,
        }
        for name, contacts in quote_contacts.items()
    }
    quote = {
        "buyerRequestedQuoteLevel": "firm",
        "instantSyncQuote": False,
        "requestedQuoteCompletionDate": days(7),
        "relatedContactInformation": [contact("buyerContactInformation")],
        "quoteItem": items("quoteItemRelationship", place, common),
    }
    if broken == "missing-attribute":
        del quote["buyerRequestedQuoteLevel"]
    quoted = seller.ask("POST", BASE["quote"] + "/quote", quote)["id"]
    seller.until(
        f"{BASE['quote']}/quote/{'no-such-quote' if broken == 'strange-id' else quoted}", ("approved.orderable",)
    )
    if broken == "never-orders":
        return

    roles = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")
    order_contacts = {"uni": (*roles, "orderItemServiceSiteContact"), "ovc": roles}
    common = {
        name: {
            "requestedCompletionDate": days(45),
            "expediteIndicator": False,
            "billingAccount": {"id": "acct-001"},
            "requestedItemTerm": term,
            "productOfferingQualificationItem": {"productOfferingQualificationId": qualified, "id": name},
            "quoteItem": {"quoteId": quoted, "id": name},
            "relatedContactInformation": [contact(role) for role in contacts],
        }
        for name, contacts in order_contacts.items()
    }
    order = {
        "externalId": "bytes-4711",
        "relatedContactInformation": [contact("productOrderContact")],
        "productOrderItem": items("productOrderItemRelationship", place, common),
    }
    ordered = seller.ask("POST", BASE["order"] + "/productOrder", order)["id"]
    if broken == "repeats":
        with contextlib.suppress(Refused):
            seller.ask("POST", BASE["order"] + "/productOrder", order)
    seller.until(f"{BASE['order']}/productOrder/{ordered}", ("completed",))

    for offering in ("uni-1g", "ael-100"):
        wanted = {"productOrderId": ordered, "productOfferingId": offering, "status": "active"}
        (product,) = seller.ask("GET", f"{BASE['inventory']}/product?{urlencode(wanted)}")
        seller.ask("GET", f"{BASE['inventory']}/product/{product['id']}")


def main(url: str, broken: str | None = None) -> int:
    seller, code = Seller(url), 0
    try:
        buy(seller, broken)
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        code = 1
    if not seller.prefix:
        with contextlib.suppress(OSError):  # where the run is over already, nobody listens
            seller.ask("POST", "/oit/done")
    seller.connection.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None))
