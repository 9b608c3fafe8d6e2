"""Release Kylie: what a seller tells of impairments and maintenance, of work, and of what the catalog has, by the contracts alone."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.record.exchange import Request, Response
from emulator.record.payload import dump
from emulator.standard.release import Release, load_release
from tests.repairs import JSON, Counter

CIM = "circuitImpairmentAndMaintenance"
HUB = {"callback": "http://127.0.0.1:9/"}
MAINTENANCE = {
    "@type": "CimMaintenanceIncident",
    "incidentType": "plannedMaintenance",
    "impact": "degraded",
    "situationStartDate": "$gen.now+1d",
    "expectedClosedDate": "$gen.now+2d",
    "relatedEntity": [{"id": "P-1", "role": "Affected Product", "@referredType": "Product"}],
}
PRODUCT = {"P-1": {"status": "active"}}


@pytest.fixture(scope="module")
def kylie() -> Release:
    return load_release("kylie")


def counter(release: Release, api: str, **overlay: Any) -> Counter:
    return Counter(release, api, {"notifications": {"allow": ["loopback"]}, **overlay})


def owed(at: Counter) -> list[dict[str, Any]]:
    """The events that a subscriber is to get; each is what its listener takes."""
    store, found = at.seller.store, []
    contract = at.release.contract(at.api, "notification")
    for one in store.owed_due(at.clock.now(), 99, 1.0):
        for each in store.owed_to("", one.subscription):
            path = at.release.kinds.listener(at.api, each.event)
            operation = contract.find("POST", path)
            assert operation is not None
            request = Request(JSON, dump(each.body), "POST", f"http://buyer.example{contract.base_path}{path}")
            assert contract.request_breaches(operation[0].id, request) == []
            found.append(dict(each.body))
            store.settle_owed(each.id, "delivered")
    return found


def test_an_impairment_is_made_by_the_seller_and_every_event_carries_all_of_it(kylie: Release) -> None:
    path = [{"to": "inProgress", "after_seconds": 10}, {"to": "closed", "after_seconds": 10}]
    later = {"M-1": {**MAINTENANCE, "after_seconds": 5, "path": path}}
    at = counter(kylie, CIM, products=PRODUCT, have={"cimIncident": later})
    assert at.ask("registerListener", HUB).status == 201
    at.clock.sleep(60)
    events = owed(at)
    assert [each["eventType"] for each in events] == [
        "cimIncidentCreateEvent", "cimIncidentStatusChangeEvent", "cimIncidentStatusChangeEvent"
    ]  # fmt: skip
    assert [each["event"]["status"] for each in events] == ["created", "inProgress", "closed"]
    assert [len(each["event"]["statusChange"]) for each in events] == [1, 2, 3]
    read = at.ask("retrieveCimIncident", path="M-1").body
    assert events[-1]["event"] == {name: value for name, value in read.items() if name != "href"}
    assert at.ask("listCimIncident", status="closed").body == [read]
    assert at.ask("listCimIncident", relatedEntityId="P-2").body == []


def test_of_an_impairment_that_touches_no_product_of_the_buyers_nothing_is_told(kylie: Release) -> None:
    at = counter(kylie, CIM, have={"cimIncident": {"M-1": {**MAINTENANCE, "after_seconds": 5}}})
    at.ask("registerListener", HUB)
    at.clock.sleep(60)
    assert owed(at) == []


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"impact": "down", "@type": "CimFailureIncident", "incidentType": "failure"}, []),
        ({"@type": "CimFailureIncident", "incidentType": "failure"}, ["/impact"]),
        ({"@type": "CimServiceImpairmentIncident"}, ["/incidentType"]),
        ({"@type": "CimServiceImpairmentIncident", "incidentType": "policing"}, []),
        ({"@type": "Incident"}, ["/@type"]),
        ({"expectedClosedDate": None}, ["/expectedClosedDate"]),
        ({"statusChange": []}, ["/statusChange"]),
    ],
)
@pytest.mark.parametrize("by_letter", [False, True])
def test_the_type_of_an_impairment_says_what_it_may_be(
    kylie: Release, changed: dict[str, Any], where: list[str], by_letter: bool
) -> None:
    at = counter(kylie, CIM, have={"cimIncident": {"M-1": MAINTENANCE}})
    body = {**at.ask("retrieveCimIncident", path="M-1").body, **changed}
    body = {name: value for name, value in body.items() if value is not None}
    release = Release("kylie", kylie.specs, by_letter=by_letter)
    found = release.contract(CIM).response_breaches("retrieveCimIncident", Response(JSON, dump(body), 200))
    assert [each.place for each in found] == where


SHOWN = {
    "troubleTicket": {"listIncident": "incident-1", "retrieveIncident": "incident-1"},
    CIM: {"listCimIncident": "maintenance-1"},
    "workOrder": {"listWorkOrder": "work-1", "retrieveWorkOrder": "work-1"},
    "productCatalog": {
        "listCategory": "category-1",
        "listProductSpecification": "specification-1",
        "listProductOffering": "offering-1",
        "retrieveProductOffering": "offering-1",
    },
    "billing": {"listCustomerBill": "bill-1", "retrieveCustomerBillItem": "item-1"},
}


@pytest.mark.parametrize("api", SHOWN)
def test_the_usual_seller_shows_what_its_contracts_take(kylie: Release, api: str) -> None:
    for operation, identifier in SHOWN[api].items():
        one = kylie.kinds.apis[api].operations[operation].view == "retrieve"
        body = Counter(kylie, api).ask(operation, path=identifier if one else "").body
        assert identifier in [each["id"] for each in (body if isinstance(body, list) else [body])]
