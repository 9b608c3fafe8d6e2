"""A buyer's desk for tests: calls a seller on a virtual clock, and holds every message against its contract."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Request, Response
from emulator.record.payload import dump
from emulator.standard.release import load_release
from tests.urns import OPERATOR_UNI

RELEASE = load_release("grace")
JSON = (("Content-Type", "application/json;charset=utf-8"),)
STRANGE = {"extra", "strange", "by", "note"}
"""Members that tests add although no contract has them: they have to come back."""
ERRORS = {400: dict, 403: dict, 404: dict, 422: list, 501: dict}

ASHBURN = {
    "@type": "FieldedAddress",
    "streetNr": "20",
    "streetName": "Main",
    "streetType": "Street",
    "city": "Ashburn",
    "postcode": "20147",
    "country": "USA",
}
UNI = OPERATOR_UNI
TERM = {"name": "Yearly", "duration": {"amount": 12, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}


def contact(role: str) -> dict[str, Any]:
    return {"role": role, "name": "John Example", "emailAddress": "john@buyer.example", "number": "123"}


def uni_item(identifier: str = "uni", **more: Any) -> dict[str, Any]:
    """An item that adds a UNI, good for POQ and quote."""
    return {
        "id": identifier,
        "action": "add",
        "product": {
            "productOffering": {"id": "uni-1g"},
            "productConfiguration": {"@type": UNI},
            "place": [{"@type": "GeographicAddressRef", "id": "addr-ashburn-20-main", "role": "INSTALL_LOCATION"}],
        },
        "relatedContactInformation": [contact("quoteItemTechnicalContact"), contact("quoteItemLocationContact")],
        **more,
    }


def poq(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "instantSyncQualification": False,
        "requestedPOQCompletionDate": "2026-02-01T00:00:00Z",
        "provideAlternative": True,
        "externalId": "buyer-1",
        "relatedContactInformation": [contact("buyerContactInformation")],
        "productOfferingQualificationItem": list(items) or [uni_item()],
    }
    return {**body, **more}


def quote(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "instantSyncQuote": False,
        "buyerRequestedQuoteLevel": "firm",
        "requestedQuoteCompletionDate": "2026-02-01T00:00:00Z",
        "externalId": "buyer-1",
        "relatedContactInformation": [contact("buyerContactInformation")],
        "quoteItem": list(items) or [uni_item()],
    }
    return {**body, **more}


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: member for name, member in body.items() if name not in names}


class Desk:
    """A buyer at a seller's desk."""

    def __init__(self, overlay: Mapping[str, Any] | None = None, **behaviour: Any) -> None:
        laid = {**(overlay or {}), **({"behaviour": behaviour} if behaviour else {})}
        self.clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.seller = Seller(RELEASE, load_profile(overlay=laid), self.clock)

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def call(self, api: str, operation: str, body: Any = None, *, path: str = "", run: str = "", **query: str) -> Reply:
        """Call the seller; what it answers, errors too, is valid, and it does not touch what it was sent."""
        contract = RELEASE.contract(api)
        sent = copy.deepcopy(body)
        call = Call(
            api,
            "management",
            operation,
            {"id": path} if path else {},
            {name.replace("__", "."): [value] for name, value in query.items()},
            {},
            body,
            run,
            f"http://seller.example{contract.base_path}",
        )
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            reply = Reply(error.status, error.body)
            assert isinstance(reply.body, ERRORS[reply.status])
        assert body == sent, "the seller changed the request it was given"
        raw = b"" if reply.body is None else dump(reply.body)
        headers = (*reply.headers.items(), *(JSON if raw else ()))
        breaches = contract.response_breaches(operation, Response(headers, raw, reply.status))
        assert [each for each in breaches if each.place.rpartition("/")[2] not in STRANGE] == []
        return reply

    def valid(self, api: str, operation: str, body: Any) -> bool:
        """Whether a request passes its contract: what the seller's rules are for comes after that."""
        request = Request(JSON, dump(body), "POST", "http://seller.example/")
        return RELEASE.contract(api).request_breaches(operation, request, advisory=False) == []

    def refused(self, reply: Reply) -> set[tuple[str, str]]:
        assert reply.status == 422, reply.body
        return {(issue["code"], issue["propertyPath"]) for issue in reply.body}
