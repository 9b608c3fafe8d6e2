"""A small seller with a product or two, and what a buyer says to it; every answer is held against its contract."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Response
from emulator.record.payload import dump
from emulator.standard.release import load_release
from tests.urns import ACCESS_ELINE, OPERATOR_UNI

UNI = OPERATOR_UNI
AEL = ACCESS_ELINE
BASES = {
    "productOrder": "http://seller/mefApi/sonata/productOrderingManagement/v10",
    "productInventory": "http://seller/mefApi/sonata/productInventory/v7",
    "quote": "http://seller/mefApi/sonata/quoteManagement/v8",
}
UNI_CONFIGURATION = {"@type": UNI}
AEL_CONFIGURATION = {"@type": AEL, "enniEp": {}, "uniEp": {}}
PERSON = {"emailAddress": "ann@buyer.example", "name": "Ann Buyer", "number": "+1 555 0100"}
SIX_ROLES = (
    "buyerAssuranceTechnicalContact",
    "sellerAssuranceTechnicalContact",
    "buyerCommercialContact",
    "sellerCommercialContact",
    "buyerSlaManagementContact",
    "sellerSlaManagementContact",
)
TERM = {
    "name": "One year",
    "duration": {"amount": 12, "units": "calendarMonths"},
    "endOfTermAction": "autoRenew",
}


def contact(role: str) -> dict[str, Any]:
    return {**PERSON, "role": role}


def installed(offering: str | None, configuration: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "status": "active",
        "startDate": "2025-01-01T00:00:00.000Z",
        "lastUpdateDate": "2025-01-01T00:00:00.000Z",
        "productConfiguration": configuration,
        "relatedContactInformation": [contact(role) for role in SIX_ROLES],
        **more,
    }
    return {**body, "productOffering": {"id": offering}} if offering else body


def _offering(name: str, urn: str) -> dict[str, Any]:
    return {
        "name": name,
        "specification": f"spec-{name}",
        "payload": urn,
        "requires": {},  # places and relations are tested elsewhere
        "installation": {"amount": 10, "units": "businessDays"},
        "terms": [TERM],
        "prices": [{"name": "Monthly", "value": 100.0, "recurringChargePeriod": "month"}],
    }


PROFILE: dict[str, Any] = {
    "name": "small-seller",
    "seller": {
        "id": "seller-1",
        "name": "Small Seller",
        "contact": {"emailAddress": "sue@seller.example", "name": "Sue Seller", "number": "+1 555 0199"},
    },
    "addresses": {
        "addr-1": {"address": {"@type": "FieldedAddress", "streetName": "Main", "city": "Ashburn", "country": "USA"}}
    },
    "sites": {"site-1": {"address": "addr-1", "name": "DC1"}},
    "offerings": {"uni-1g": _offering("uni", UNI), "ael-100": _offering("ael", AEL)},
    "products": {
        "prod-uni": installed(
            "uni-1g",
            UNI_CONFIGURATION,
            billingAccount={"id": "ba-1"},
            relatedSite=[{"id": "site-1", "role": "INSTALL_LOCATION"}],
        ),
        "prod-ael": installed(
            "ael-100",
            AEL_CONFIGURATION,
            externalId="buyer-ael",
            productRelationship=[{"id": "prod-uni", "relationshipType": "CONNECTS_TO_UNI"}],
        ),
    },
    "intervals": {
        "order": {"assess": 10, "work": 100, "cancellation": 5},
        "task": {"finish": 3},
        "charge": {"response": 1000},
    },
}


class Talk:
    """A conversation with one seller on a virtual clock."""

    def __init__(
        self,
        tmp_path: Path,
        products: dict[str, Any] | None = None,
        profile: dict[str, Any] | None = None,
        **behaviour: Any,
    ) -> None:
        file = tmp_path / "profile.yaml"
        has = {**PROFILE["products"], **(products or {})}
        file.write_bytes(dump({**PROFILE, "products": has, "behaviour": behaviour, **(profile or {})}))
        self.clock = VirtualClock()
        self.release = load_release("grace")
        self.seller = Seller(self.release, load_profile(file), self.clock)

    def ask(
        self,
        operation: str,
        body: Any = None,
        *,
        api: str = "productOrder",
        id: str | None = None,  # noqa: A002 - the path parameter's name
        run: str = "",
        **query: str,
    ) -> Reply:
        """The answer to a call; a ApiError is an answer too. Both are held against the contract."""
        path = {"id": id} if id is not None else {}
        asked = {name.replace("__", "."): [value] for name, value in query.items()}
        call = Call(api, "management", operation, path, asked, {}, copy.deepcopy(body), run, BASES[api])
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            reply = Reply(error.status, error.body)
        headers = tuple(reply.headers.items())
        raw = b""
        if reply.body is not None:
            headers += (("Content-Type", "application/json;charset=utf-8"),)
            raw = dump(reply.body)
        breaches = self.release.contract(api).response_breaches(operation, Response(headers, raw, reply.status))
        assert not breaches, breaches
        return reply

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def order(self, identifier: str) -> dict[str, Any]:
        return self.ask("retrieveProductOrder", id=identifier).body

    def product(self, identifier: str) -> dict[str, Any]:
        return self.ask("retrieveProduct", id=identifier, api="productInventory").body

    def place(self, *items: dict[str, Any], **more: Any) -> str:
        """Order, and the order's id."""
        reply = self.ask("createProductOrder", order(*items, **more))
        assert reply.status == 201, reply.body
        return str(reply.body["id"])


def order(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "relatedContactInformation": [contact("productOrderContact")],
        "productOrderItem": list(items),
        **more,
    }


def _item(identifier: str, action: str, product: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "action": action,
        "product": product,
        "requestedCompletionDate": "2020-01-01T00:00:00Z",
        "requestedItemTerm": TERM,
        "relatedContactInformation": [
            contact(role)
            for role in ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")
        ],
        **more,
    }


def add_uni(identifier: str = "uni", **more: Any) -> dict[str, Any]:
    product = {
        "productOffering": {"id": "uni-1g"},
        "productConfiguration": UNI_CONFIGURATION,
        "place": [{"@type": "GeographicSiteRef", "id": "site-1", "role": "INSTALL_LOCATION"}],
    }
    return _item(identifier, "add", product, **{"billingAccount": {"id": "ba-1"}, **more})


def add_ael(identifier: str = "ael", uni: str = "uni", **more: Any) -> dict[str, Any]:
    product = {"productOffering": {"id": "ael-100"}, "productConfiguration": AEL_CONFIGURATION}
    relation = [{"id": uni, "relationshipType": "CONNECTS_TO_UNI"}]
    return _item(
        identifier,
        "add",
        product,
        **{"billingAccount": {"id": "ba-1"}, "productOrderItemRelationship": relation, **more},
    )


def modify_ael(identifier: str = "ael", **more: Any) -> dict[str, Any]:
    product = {
        "id": "prod-ael",
        "productOffering": {"id": "ael-100"},
        "productConfiguration": {**AEL_CONFIGURATION, "maximumFrameSize": 1526},
        "productRelationship": [{"id": "prod-uni", "relationshipType": "CONNECTS_TO_UNI"}],
    }
    return _item(identifier, "modify", product, **more)


def delete(product: str = "prod-ael", identifier: str = "gone") -> dict[str, Any]:
    return {"id": identifier, "action": "delete", "product": {"id": product}}


def states(body: dict[str, Any]) -> tuple[str, dict[str, str]]:
    return body["state"], {item["id"]: item["state"] for item in body["productOrderItem"]}


def places(reply: Reply) -> set[tuple[str, str]]:
    """Code and place of each entry of a 422."""
    assert reply.status == 422, reply
    return {(issue["code"], issue["propertyPath"]) for issue in reply.body}
