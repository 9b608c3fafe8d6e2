"""Our seller of release Kylie: no module knows its guides yet, so contracts, facts and lifecycles say what it does."""

from __future__ import annotations

from typing import Any

from emulator.scenario.generic import generic_scenario
from emulator.standard.release import load_release
from tests.repairs import Counter

KYLIE = load_release("kylie")
PLACE = {"@type": "GeographicAddress_Query", "formattedAddressRepresentation": [{"formattedAddress": "20 Example St"}]}


def counter(api: str) -> Counter:
    return Counter(KYLIE, api, {"notifications": {"allow": ["loopback"]}})


def request_of(api: str, operation: str) -> Any:
    """An example of a request, as a scenario made of the contract has it."""
    flow = generic_scenario(KYLIE, api).scenario["flow"]
    return next(step["request"]["body"] for step in flow if step["call"] == f"{api}.{operation}")


def events(at: Counter) -> list[dict[str, Any]]:
    store = at.seller.store
    return [
        dict(each.body)
        for one in store.owed_due(at.clock.now(), 99, 1.0)
        for each in store.owed_to("", one.subscription)
    ]


def test_an_address_is_validated_at_once_where_the_buyer_will_not_wait_and_else_later() -> None:
    at = counter("geographicAddress")
    now = at.ask(
        "createGeographicAddressValidation", {"instantSyncValidation": True, "submittedGeographicAddress": PLACE}
    )
    assert (now.status, now.body["state"], "id" in now.body) == (200, "ready", False)
    later = at.ask(
        "createGeographicAddressValidation", {"instantSyncValidation": False, "submittedGeographicAddress": PLACE}
    )
    assert (later.status, later.body["state"]) == (201, "acknowledged")
    assert later.body["submittedGeographicAddress"] == PLACE
    at.clock.sleep(600)
    assert at.ask("retrieveGeographicAddressValidation", path=later.body["id"]).body["state"] == "ready"


def test_sites_are_found_by_a_body() -> None:
    at = counter("geographicSite")
    here = {"place": {"@type": "GeographicAddressRef", "id": "address-1"}}
    assert [each["id"] for each in at.ask("listGeographicSite", here).body] == ["site-1"]
    assert at.ask("listGeographicSite", {**here, "networkType": "offNet"}).body == []
    there = {"place": {"@type": "GeographicAddressRef", "id": "address-2"}}
    assert at.ask("listGeographicSite", there).body == []


def test_an_event_names_the_state_and_the_parties_stand_in_its_query() -> None:
    at = counter("quote")
    hub = at.ask("registerListener", {"callback": "http://127.0.0.1:9/"}, buyerId="b-1").body
    quote = at.ask("createQuote", request_of("quote", "createQuote")).body
    at.clock.sleep(600)
    after = at.ask("retrieveQuote", path=quote["id"]).body
    told = events(at)
    of_whole = [each["event"]["state"] for each in told if each["eventType"] == "quoteStateChangeEvent"]
    assert of_whole == [change["state"] for change in after["stateChange"]][1:]
    assert of_whole[-1] == after["state"] != "acknowledged"
    (item,) = after["quoteItem"]
    assert [change["state"] for change in item["stateChange"]] == ["acknowledged", *of_whole]
    of_item = [each["event"] for each in told if each["eventType"] == "quoteItemStateChangeEvent"]
    assert [each["state"] for each in of_item] == of_whole
    assert {each["quoteItemId"] for each in of_item} == {item["id"]}
    assert all("buyerId" not in each["event"] for each in told)
    kept = at.seller.store.get("", "hub.quote", hub["id"])
    assert kept is not None
    assert kept.body["parties"] == {"buyerId": "b-1"}
