"""Our seller of release Kylie quotes by Mplify 115.1: declining by its name, histories of items, its units, events with states."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.standard.release import load_release
from tests.repairs import Counter

KYLIE = load_release("kylie")
URN = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all"
PLACE = {"place": {"@type": "GeographicAddressRef", "id": "addr-ashburn-20-main"}, "role": "INSTALL_LOCATION"}


def counter(**behaviour: Any) -> Counter:
    overlay = {"notifications": {"allow": ["loopback"]}, "behaviour": {"quote": behaviour}}
    return Counter(KYLIE, "quote", overlay)


def contact(role: str) -> dict[str, str]:
    return {"name": "Jane Roe", "emailAddress": "jane@buyer.example", "number": "+1", "role": role}


def asked(*, now: bool = True, level: str = "firm", **item: Any) -> dict[str, Any]:
    return {
        "instantSyncQuote": now,
        "buyerRequestedQuoteLevel": level,
        "requestedQuoteCompletionDate": "2026-02-01T00:00:00Z",
        "relatedContactInformation": [contact("buyerContactInformation")],
        "quoteItem": [
            {
                "id": "uni",
                "action": "add",
                "relatedContactInformation": [contact("quoteItemTechnicalContact")],
                "product": {
                    "productOffering": {"id": "uni-1g"},
                    "productConfiguration": {"@type": URN},
                    "place": [PLACE],
                },
                **item,
            }
        ],
    }


def states(holder: dict[str, Any]) -> list[str]:
    return [change["state"] for change in holder["stateChange"]]


def test_an_offer_tells_its_history_from_the_start_in_the_words_of_its_contract() -> None:
    quote = counter().ask("createQuote", asked()).body
    (item,) = quote["quoteItem"]
    assert states(quote) == states(item) == ["approved.orderable"]
    assert item["quoteItemTerm"][0]["duration"]["units"] == "months"
    recurring = [each["recurringChargePeriod"] for each in item["quoteItemPrice"] if each["priceType"] == "recurring"]
    assert recurring == [{"amount": 1, "units": "months"}]


@pytest.mark.parametrize(("amount", "units", "state"), [(1, "years", "orderable"), (5, "years", "orderableAlternate")])
def test_terms_are_compared_in_whatever_units(amount: int, units: str, state: str) -> None:
    term = {"name": "T", "duration": {"amount": amount, "units": units}, "endOfTermAction": "autoRenew"}
    assert counter().ask("createQuote", asked(requestedQuoteItemTerm=term)).body["state"] == f"approved.{state}"


def test_an_event_names_the_state_and_the_parties_stand_in_its_query() -> None:
    at = counter()
    hub = at.ask("registerListener", {"callback": "http://127.0.0.1:9/"}, buyerId="b-1").body
    quote = at.ask("createQuote", asked(now=False)).body
    at.clock.sleep(600)
    after = at.ask("retrieveQuote", path=quote["id"]).body
    store = at.seller.store
    told = [
        dict(each.body)
        for one in store.owed_due(at.clock.now(), 99, 1.0)
        for each in store.owed_to("", one.subscription)
    ]
    of_whole = [each["event"]["state"] for each in told if each["eventType"] == "quoteStateChangeEvent"]
    assert of_whole == [change["state"] for change in after["stateChange"]][1:]
    assert of_whole == ["inProgress", "approved.orderable"]
    (item,) = after["quoteItem"]
    assert [change["state"] for change in item["stateChange"]] == ["acknowledged", *of_whole]
    of_item = [each["event"] for each in told if each["eventType"] == "quoteItemStateChangeEvent"]
    assert [each["state"] for each in of_item] == of_whole
    assert {each["quoteItemId"] for each in of_item} == {item["id"]}
    assert all("buyerId" not in each["event"] for each in told)
    kept = at.seller.store.get("", "hub.quote", hub["id"])
    assert kept is not None
    assert kept.body["parties"] == {"buyerId": "b-1"}


def test_an_offer_is_declined_by_the_name_that_the_contract_has_for_it() -> None:
    at = counter()
    quote = at.ask("createQuote", asked()).body
    wish = {"quoteId": quote["id"], "reason": "Too dear"}
    assert at.ask("declineQuote", wish).body == wish
    assert states(at.ask("retrieveQuote", path=quote["id"]).body) == ["approved.orderable", "declined"]
    assert at.ask("declineQuote", wish).status == 422
    unknown = at.ask("cancelQuote", {"quoteId": "nobody's"})
    assert [each["code"] for each in unknown.body] == ["referenceNotFound"]


def test_a_site_is_not_told_more_exactly() -> None:
    site = {"@type": "GeographicSiteRef", "id": "site-ashburn-dc1"}
    exact = {**PLACE, "place": site, "subUnit": [{"subUnitType": "rack", "subUnitNumber": "4"}]}
    body = asked()
    body["quoteItem"][0]["product"]["place"] = [exact]
    refused = counter().ask("createQuote", body)
    assert [each["propertyPath"] for each in refused.body] == ["/quoteItem/0/product/place/0/subUnit"]
    body["quoteItem"][0]["product"]["place"] = [{**PLACE, "place": site}]
    assert counter().ask("createQuote", body).status == 201
