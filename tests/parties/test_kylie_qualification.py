"""Our seller's qualifications in release Kylie: done at once or later, by an offering or by a specification (Mplify 87.1)."""

from __future__ import annotations

from typing import Any

from emulator.standard.release import load_release
from tests.repairs import Counter
from tests.urns import OPERATOR_UNI

KYLIE = load_release("kylie")
API = "productOfferingQualification"
CREATE, READ = "createProductOfferingQualification", "retrieveProductOfferingQualification"
ADDRESS = "addr-ashburn-20-main"
SURVEYED = "addr-newyork-350-fifth-apt-12b"


def counter(**behaviour: Any) -> Counter:
    return Counter(KYLIE, API, {"notifications": {"allow": ["loopback"]}, "behaviour": {API: behaviour}})


def item(identifier: str = "uni", address: str = ADDRESS, **product: Any) -> dict[str, Any]:
    place = {"place": {"@type": "GeographicAddressRef", "id": address}, "role": "INSTALL_LOCATION"}
    named = product or {"productOffering": {"id": "uni-1g"}}
    configured = {"productConfiguration": {"@type": OPERATOR_UNI}, "place": [place]}
    return {"id": identifier, "action": "add", "product": {**named, **configured}}


def asked(*items: dict[str, Any], at_once: bool = True, **more: Any) -> dict[str, Any]:
    contact = {"role": "buyerContactInformation", "name": "A", "emailAddress": "a@b.example", "number": "1"}
    body = {
        "instantSyncQualification": at_once,
        "provideAlternative": True,
        "requestedPOQCompletionDate": "2026-02-01T00:00:00Z",
        "relatedContactInformation": [contact],
        "productOfferingQualificationItem": list(items) or [item()],
    }
    return {**body, **more}


def states(body: dict[str, Any]) -> tuple[str, list[str]]:
    return body["state"], [each["state"] for each in body[f"{API}Item"]]


def test_an_answer_at_once_is_done_and_says_how_it_would_come() -> None:
    made = counter().ask(CREATE, asked(item(), item("far", SURVEYED))).body
    assert states(made) == ("done", ["done", "done"])
    assert made["creationDate"] == made["stateChange"][0]["changeDate"]
    assert len(made["stateChange"]) == 1
    assert "effectiveQualificationDate" not in made
    near, far = made[f"{API}Item"]
    assert (near["serviceabilityConfidence"], near["deliveryType"]) == ("green", "onNetWithoutBuild")
    assert "alternateProductOfferingProposal" not in near
    assert (far["serviceabilityConfidence"], far["deliveryType"]) == ("yellow", "onNetWithBuild")
    assert isinstance(far["alternateProductOfferingProposal"], list)


def test_who_names_a_specification_gets_an_offering_of_it_and_takes_alternatives() -> None:
    at = counter()
    request = asked(item(productSpecification={"id": "operator-uni"}))
    (found,) = at.ask(CREATE, request).body[f"{API}Item"]
    assert found["product"]["productSpecification"] == {"id": "operator-uni"}
    assert found["product"]["productOffering"]["id"] in at.seller.profile.offerings
    refused = at.ask(CREATE, {**request, "provideAlternative": False})
    assert (refused.status, [each["propertyPath"] for each in refused.body]) == (422, ["/provideAlternative"])


def test_a_seller_without_an_answer_at_once_refuses_to_give_one() -> None:
    for behaviour in ({"mode": "deferred"}, {"outcome": "unableToProvide"}, {"outcome": "rejected"}):
        refused = counter(**behaviour).ask(CREATE, asked())
        assert (refused.status, refused.body[0]["propertyPath"]) == (422, "/instantSyncQualification")


def test_what_is_not_found_in_time_is_terminated_and_the_rest_abandoned() -> None:
    at = counter()
    made = at.ask(CREATE, asked(item(), item("two"), at_once=False, requestedPOQCompletionDate="2026-01-01T00:00:01Z"))
    assert states(made.body) == ("acknowledged", ["acknowledged"] * 2)
    at.clock.sleep(60)
    body = at.ask(READ, path=made.body["id"]).body
    assert states(body) == ("terminatedWithError", ["terminatedWithError", "done.abandoned"])
    assert body[f"{API}Item"][0]["terminationError"]


def test_what_the_checks_find_wrong_is_rejected_before_it_is_worked_on() -> None:
    at = counter(outcome="rejected")
    made = at.ask(CREATE, asked(item(), item("two"), at_once=False)).body
    at.clock.sleep(60)
    body = at.ask(READ, path=made["id"]).body
    assert states(body) == ("rejected", ["rejected", "done.abandoned"])
    assert [change["state"] for change in body["stateChange"]] == ["acknowledged", "rejected"]
    assert "serviceabilityConfidence" not in body[f"{API}Item"][0]


def test_an_event_tells_of_each_change_and_none_of_a_new_qualification() -> None:
    at = counter()
    at.ask("registerListener", {"callback": "http://127.0.0.1:9/"})
    at.ask(CREATE, asked())
    assert at.told() == []
    made = at.ask(CREATE, asked(at_once=False)).body
    assert at.told() == []
    at.clock.sleep(60)
    types = ["poqItemStateChangeEvent", "poqStateChangeEvent"]
    assert sorted(at.told()) == sorted((each, made["id"]) for each in types * 2)


def test_a_list_shows_when_an_answer_was_asked_for() -> None:
    at = counter()
    at.ask(CREATE, asked())
    (shown,) = at.ask("listProductOfferingQualification", creationDate__gt="2025-12-31T00:00:00Z").body
    assert shown["requestedPOQCompletionDate"] == "2026-02-01T00:00:00Z"
