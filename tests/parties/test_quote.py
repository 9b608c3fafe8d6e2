"""Quotes: what is refused, how each answer comes about, and how a quote ends (MEF 115)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade import TERM, Desk, contact, poq, quote, uni_item, without

from emulator.parties.apis.quote import ACCEPTED
from emulator.parties.apis.quote_terms import make_offer
from emulator.parties.profile import load_profile

API = "quote"
CONTACTS = [contact("quoteItemTechnicalContact"), contact("quoteItemLocationContact")]
ORDERABLE = ("approved.orderable", "approved.orderableAlternate")

ALWAYS = {"id", "state", "quoteDate", "relatedContactInformation"}
SHOWN = {
    "firm": {
        "acknowledged": ALWAYS,
        "inProgress": ALWAYS | {"stateChange", "expectedQuoteCompletionDate"},
        "inProgress.draft": ALWAYS | {"stateChange", "expectedQuoteCompletionDate", "quoteLevel"},
        "approved.orderable": ALWAYS | {"validFor", "effectiveQuoteCompletionDate", "quoteLevel"},
        "approved.orderableAlternate": ALWAYS | {"validFor", "effectiveQuoteCompletionDate", "quoteLevel"},
        "accepted": ALWAYS | {"stateChange", "quoteLevel"},
        "declined": ALWAYS | {"stateChange", "quoteLevel"},
        "expired": ALWAYS | {"stateChange", "quoteLevel"},
        "cancelled": ALWAYS | {"effectiveQuoteCompletionDate"},
        "rejected": ALWAYS,
        "unableToProvide": ALWAYS | {"effectiveQuoteCompletionDate"},
    },
    "budgetary": {
        "acknowledged": ALWAYS | {"quoteLevel"},
        "inProgress": ALWAYS | {"stateChange", "expectedQuoteCompletionDate", "quoteLevel"},
        "answered": ALWAYS | {"validFor", "effectiveQuoteCompletionDate", "quoteLevel"},
        "expired": ALWAYS | {"stateChange", "effectiveQuoteCompletionDate", "quoteLevel"},
        "cancelled": ALWAYS | {"effectiveQuoteCompletionDate", "quoteLevel"},
        "rejected": ALWAYS | {"quoteLevel"},
        "unableToProvide": ALWAYS | {"effectiveQuoteCompletionDate", "quoteLevel"},
    },
}
"""What Tables 5 and 7 require in each state."""
PRICED = {"quoteItemPrice", "quoteItemTerm", "quoteItemInstallationInterval"}


def ask(desk, body):
    assert desk.valid(API, "createQuote", body)
    reply = desk.call(API, "createQuote", body)
    if reply.status == 201:
        check(reply.body)
    return reply


def show(desk, made):
    reply = desk.call(API, "retrieveQuote", path=made["id"])
    check(reply.body)
    return reply.body


def check(body):
    """Tables 5 to 10 hold, whatever the state."""
    level = body["buyerRequestedQuoteLevel"]
    state = body["state"]
    assert set(body) >= SHOWN[level][state]
    assert body["stateChange"][-1]["state"] == state
    assert any(each["role"] == "sellerContactInformation" for each in body["relatedContactInformation"])
    states = [item["state"] for item in body["quoteItem"]]
    if state == "approved.orderable":
        assert set(states) == {state}  # R52
    if state == "approved.orderableAlternate":
        assert set(states) <= set(ORDERABLE)
        assert state in states
    if state == "unableToProvide":
        assert set(states) == {"unableToProvide"} | ({"abandoned"} if len(states) > 1 else set())
    if level == "budgetary" and "quoteLevel" in body:
        assert body["quoteLevel"] == "budgetary"
    for item in body["quoteItem"]:
        if state in ("answered", "inProgress.draft", "accepted", "declined", "expired", *ORDERABLE):
            assert set(item) >= PRICED
            assert ("subjectToFeasibilityCheck" in item) == (level == "firm")
            for term in item["quoteItemTerm"]:
                assert ("rollInterval" in term) == (term["endOfTermAction"] == "roll")  # R37, R38
        if state in ("unableToProvide", "rejected"):
            assert item["terminationError"]  # D1


def history(body):
    return [(change["state"], change["changeDate"][17:19]) for change in body["stateChange"]]


def states(body):
    return body["state"], [item["state"] for item in body["quoteItem"]]


def test_a_deferred_firm_quote():
    desk = Desk()
    note = {"id": "n", "author": "a", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "t"}
    request = quote(uni_item(requestedQuoteItemTerm=TERM), uni_item("two"), note=[note], strange=1)
    made = ask(desk, request).body
    assert states(made) == ("acknowledged", ["acknowledged"] * 2)
    desk.wait(1)
    assert states(show(desk, made)) == ("inProgress", ["inProgress"] * 2)
    assert show(desk, made)["expectedQuoteCompletionDate"] == "2026-01-01T00:00:04.000Z"
    desk.wait(100)
    body = show(desk, made)
    assert states(body) == ("approved.orderable", ["approved.orderable"] * 2)
    assert history(body) == [("acknowledged", "00"), ("inProgress", "01"), ("approved.orderable", "04")]
    assert body["quoteLevel"] == "firm"
    assert body["validFor"] == {"endDateTime": "2026-01-31T00:00:04.000Z"}
    assert [price["price"]["dutyFreeAmount"] for price in body["quoteItem"][0]["quoteItemPrice"]] == [
        {"unit": "USD", "value": 210.0},
        {"unit": "USD", "value": 600.0},
    ]
    for name in without(request, "relatedContactInformation", "quoteItem"):
        assert body[name] == request[name]
    for sent, got in zip(request["quoteItem"], body["quoteItem"], strict=True):
        assert {name: got[name] for name in sent} == sent
    desk.wait(2_592_000)
    assert states(show(desk, made)) == ("expired", ["approved.orderable"] * 2)
    assert history(show(desk, made))[-1] == ("expired", "04")


@pytest.mark.parametrize("level", ["firm", "budgetary"])
@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize(
    ("behaviour", "now", "late"),
    [
        ({}, "approved.orderable", "approved.orderable"),
        ({"outcome": "orderableAlternate"}, "approved.orderableAlternate", "approved.orderableAlternate"),
        ({"outcome": "unableToProvide"}, "unableToProvide", "unableToProvide"),
        ({"outcome": "rejected"}, None, "rejected"),
        ({"mode": "deferred"}, "unableToProvide", "approved.orderable"),
        ({"mode": "immediate"}, "approved.orderable", "approved.orderable"),
    ],
)
def test_outcomes(behaviour, now, late, instant, level):
    desk = Desk(quote=behaviour)
    reply = ask(desk, quote(uni_item(), uni_item("two"), instantSyncQuote=instant, buyerRequestedQuoteLevel=level))
    if instant and now is None:
        assert desk.refused(reply) == {("otherIssue", "/quoteItem/0")}
        return
    if not instant and behaviour.get("mode") != "immediate":
        assert reply.body["state"] == "acknowledged"
    desk.wait(10)
    wanted = now if instant else late
    if level == "budgetary" and wanted in ORDERABLE:
        wanted = "answered"
    assert show(desk, reply.body)["state"] == wanted


def test_a_feasibility_check():
    desk = Desk({"offerings": {"uni-1g": {"feasibilityCheck": True}}})
    body = ask(desk, quote(instantSyncQuote=True)).body
    assert body["quoteLevel"] == "firmSubjectToFeasibilityCheck"
    assert body["quoteItem"][0]["subjectToFeasibilityCheck"] is True


@pytest.mark.parametrize(
    ("asked", "got", "alternate"),
    [
        ((12, "calendarMonths"), 12, False),
        ((11, "calendarMonths"), 12, True),
        ((48, "calendarMonths"), 36, True),
        ((1, "calendarMonths"), 1, False),
        ((10**30, "calendarMonths"), 36, True),
        ((-5, "businessMinutes"), 1, True),
    ],
)
def test_the_term_is_the_closest_one(asked, got, alternate):
    wanted = {**TERM, "duration": {"amount": asked[0], "units": asked[1]}}
    offer = make_offer(load_profile().offerings["uni-1g"], uni_item(requestedQuoteItemTerm=wanted))
    assert (offer.term["duration"]["amount"], offer.alternate) == (got, alternate)


def test_an_installation_that_comes_later_than_asked_for():
    soon = uni_item(requestedQuoteItemInstallationInterval={"amount": 2, "units": "businessDays"})
    body = ask(Desk(), quote(soon, uni_item("two"), instantSyncQuote=True)).body
    assert states(body) == ("approved.orderableAlternate", ["approved.orderableAlternate", "approved.orderable"])


@given(st.integers(), st.integers(), st.sampled_from(["add", "modify", "delete"]), st.booleans())
def test_there_is_an_offer_for_anything(term, interval, action, longer):
    item = {
        "action": action,
        "requestedQuoteItemTerm": {**TERM, "duration": {"amount": term, "units": "calendarMonths"}},
        "requestedQuoteItemInstallationInterval": {"amount": interval, "units": "calendarMinutes"},
    }
    for offering in (None, load_profile_once().offerings["ael-100"]):
        offer = make_offer(offering, item, longer=longer)
        assert offer.prices
        assert offer.alternate or not longer


_PROFILE: list = []


def load_profile_once():
    if not _PROFILE:
        _PROFILE.append(load_profile())
    return _PROFILE[0]


def test_a_deadline_that_cannot_be_kept():
    desk = Desk()
    made = ask(desk, quote(uni_item(), uni_item("two"), requestedQuoteCompletionDate="2026-01-01T00:00:02Z")).body
    desk.wait(10)
    assert states(show(desk, made)) == ("unableToProvide", ["unableToProvide", "abandoned"])


P = "/quoteItem/0"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (without(quote(), "requestedQuoteCompletionDate", "relatedContactInformation"),
         {("missingProperty", "/requestedQuoteCompletionDate"), ("missingProperty", "/relatedContactInformation")}),
        (quote(uni_item(relatedContactInformation=CONTACTS[:1])),
         {("missingProperty", P + "/relatedContactInformation")}),
        (quote(without(uni_item(), "relatedContactInformation")),
         {("missingProperty", P + "/relatedContactInformation")}),
        (quote(without(uni_item(), "product")), {("missingProperty", P + "/product")}),
        (quote(uni_item(product=without(uni_item()["product"], "productOffering", "productConfiguration"))),
         {("missingProperty", P + "/product/productOffering"), ("missingProperty", P + "/product/productConfiguration")}),
        (quote(uni_item(action="delete", product={"id": "prod-uni-ashburn-1", "productConfiguration": {"@type": "x"}})),
         {("unexpectedProperty", P + "/product/productConfiguration")}),
        (quote(uni_item(quoteItemRelationship=[{"id": "x", "relationshipType": "r"}])),
         {("referenceNotFound", P + "/quoteItemRelationship/0/id")}),
        (quote(uni_item(productOfferingQualificationItem={"id": "uni", "productOfferingQualificationId": "x"})),
         {("referenceNotFound", P + "/productOfferingQualificationItem/productOfferingQualificationId")}),
    ],
)  # fmt: skip
def test_what_is_refused(request_, expected):
    desk = Desk()
    reply = desk.call(API, "createQuote", request_)
    assert desk.refused(reply) == expected
    assert desk.call(API, "listQuote").body == []


def test_an_immediate_quote_needs_neither_date_nor_contacts():
    body = without(quote(without(uni_item(), "relatedContactInformation"), instantSyncQuote=True),
                   "requestedQuoteCompletionDate", "relatedContactInformation")  # fmt: skip
    assert ask(Desk(), body).body["state"] == "approved.orderable"


def test_a_quote_builds_on_a_qualification():
    desk = Desk(productOfferingQualification={"outcome": "alternate"})
    made = desk.call("productOfferingQualification", "createProductOfferingQualification", poq()).body
    here = P + "/productOfferingQualificationItem"

    def refer(**reference):
        link = {"productOfferingQualificationId": made["id"], "id": "uni", **reference}
        return ask(desk, quote(uni_item(productOfferingQualificationItem=link)))

    assert desk.refused(refer()) == {("invalidValue", here + "/productOfferingQualificationId")}
    desk.wait(10)
    done = desk.call("productOfferingQualification", "retrieveProductOfferingQualification", path=made["id"]).body
    (proposal,) = done["productOfferingQualificationItem"][0]["alternateProductOfferingProposal"]
    assert refer().status == refer(alternateProductProposalId=proposal["id"]).status == 201
    assert desk.refused(refer(id="x")) == {("referenceNotFound", here + "/id")}
    assert desk.refused(refer(alternateProductProposalId="x")) == {
        ("referenceNotFound", here + "/alternateProductProposalId")
    }


@pytest.mark.parametrize("level", ["firm", "budgetary"])
def test_cancel(level):
    desk = Desk()
    made = ask(desk, quote(buyerRequestedQuoteLevel=level)).body
    body = {"quoteId": made["id"], "reason": "changed my mind"}
    assert desk.refused(desk.call(API, "cancelQuote", body)) == {("otherIssue", "/quoteId")}
    desk.wait(2)
    reply = desk.call(API, "cancelQuote", body)
    assert (reply.status, reply.body) == (200, body)
    desk.wait(10**7)
    assert states(show(desk, made)) == ("cancelled", ["abandoned"])
    assert show(desk, made)["stateChange"][-1]["changeReason"] == "changed my mind"
    assert desk.refused(desk.call(API, "cancelQuote", body)) == {("otherIssue", "/quoteId")}
    assert desk.refused(desk.call(API, "cancelQuote", {"quoteId": "x"})) == {("referenceNotFound", "/quoteId")}


def test_a_draft_that_comes_to_nothing_prices_nothing():
    path = [{"to": "inProgress"}, {"to": "inProgress.draft"}, {"to": "unableToProvide", "after_seconds": 10}]
    desk = Desk(quote={"path": path})
    cancelled, unable = (ask(desk, quote(uni_item(), uni_item("two"))).body for _ in range(2))
    assert {show(desk, made)["state"] for made in (cancelled, unable)} == {"inProgress.draft"}
    assert desk.call(API, "cancelQuote", {"quoteId": cancelled["id"]}).status == 200
    desk.wait(10)
    assert states(show(desk, unable)) == ("unableToProvide", ["unableToProvide", "abandoned"])
    assert states(show(desk, cancelled)) == ("cancelled", ["abandoned"] * 2)
    for made in (cancelled, unable):
        assert not any(PRICED & set(item) for item in show(desk, made)["quoteItem"])
    # Tables 5 and 6: PR in cancelled, nothing in unableToProvide.
    assert show(desk, cancelled)["quoteLevel"] == "firm"
    assert "quoteLevel" not in show(desk, unable)
    assert not any("subjectToFeasibilityCheck" in item for item in show(desk, unable)["quoteItem"])


def test_a_long_list_is_kept_once_not_once_for_each_item(monkeypatch):
    desk = Desk()
    kept = []
    update = desk.seller.store.update
    monkeypatch.setattr(desk.seller.store, "update", lambda resource: (kept.append(resource.id), update(resource)))
    made = ask(desk, quote(*(uni_item(str(n)) for n in range(50)))).body
    desk.wait(2)
    assert desk.call(API, "cancelQuote", {"quoteId": made["id"]}).status == 200
    assert set(states(show(desk, made))[1]) == {"abandoned"}
    assert len(kept) < 10


def test_decline():
    desk = Desk()
    made = ask(desk, quote()).body
    body = {"quoteId": made["id"]}
    assert desk.refused(desk.call(API, "rejectQuote", body)) == {("otherIssue", "/quoteId")}
    desk.wait(10)
    assert desk.call(API, "rejectQuote", body).body == body
    desk.wait(10**7)
    assert states(show(desk, made)) == ("declined", ["approved.orderable"])
    budgetary = ask(desk, quote(instantSyncQuote=True, buyerRequestedQuoteLevel="budgetary")).body
    assert desk.refused(desk.call(API, "rejectQuote", {"quoteId": budgetary["id"]})) == {("otherIssue", "/quoteId")}


def test_accept():
    desk = Desk()
    made = ask(desk, quote(instantSyncQuote=True)).body
    for _ in range(2):
        desk.seller.context.effects.of(ACCEPTED).accept("", made["id"], desk.clock.now())
    desk.seller.context.effects.of(ACCEPTED).accept("", "unknown", desk.clock.now())
    desk.wait(10**7)
    assert states(show(desk, made)) == ("accepted", ["approved.orderable"])
    assert len(show(desk, made)["stateChange"]) == 2


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (["inProgress", "inProgress.draft", "approved.orderableAlternate", "expired"], None),
        (["acknowledged", "inProgress", "inProgress.draft", "unableToProvide"], None),
        (["inProgress", "cancelled"], None),
        (["approved.orderable", "declined"], None),
        (["inProgress", "answered"], "approved.orderable"),
    ],
)
def test_a_path_of_the_profile_replaces_the_plan(path, wanted):
    desk = Desk(quote={"path": [{"to": state, "after_seconds": 10} for state in path]})
    made = ask(desk, quote(uni_item(), uni_item("two"))).body
    for _ in path:
        desk.wait(10)
        show(desk, made)
    shown = [change["state"] for change in show(desk, made)["stateChange"]]
    assert shown[-1] == (wanted or path[-1])
    if wanted is None:
        assert shown == (path if path[0].startswith("a") else ["acknowledged", *path])


def test_an_offer_that_is_to_expire_by_the_path_promises_no_more():
    """A buyer that believes validFor is not let down by the profile."""
    desk = Desk(quote={"path": [{"to": "approved.orderable"}, {"to": "expired", "after_seconds": 40}]})
    made = ask(desk, quote(uni_item(), instantSyncQuote=True)).body
    assert made["validFor"]["endDateTime"] == "2026-01-01T00:00:40.000Z"
    desk.wait(39)
    assert show(desk, made)["state"] == "approved.orderable"
    desk.wait(1)
    assert show(desk, made)["state"] == "expired"


def test_lists():
    desk = Desk()
    made = ask(desk, quote(projectId="p")).body
    desk.wait(10)
    ask(desk, quote(externalId="two", buyerRequestedQuoteLevel="budgetary", instantSyncQuote=True))

    def found(**query):
        return [one.get("externalId") for one in desk.call(API, "listQuote", **query).body]

    (one,) = desk.call(API, "listQuote", projectId="p").body
    names = ("id", "state", "quoteLevel", "externalId", "projectId", "quoteDate", "requestedQuoteCompletionDate",
             "expectedQuoteCompletionDate", "effectiveQuoteCompletionDate")  # fmt: skip
    assert one == {name: show(desk, made)[name] for name in names}  # R50
    assert found() == ["buyer-1", "two"]
    assert found(quoteLevel="budgetary") == found(state="answered") == ["two"]
    assert found(quoteDate__gt="2026-01-01T00:00:05Z") == ["two"]
    assert found(quoteDate__lt="2026-01-01T01:00:05+01:00") == ["buyer-1"]
    assert found(expectedQuoteCompletionDate__gt="2020-01-01T00:00:00Z") == ["buyer-1"]
    assert found(effectiveQuoteCompletionDate__lt="2026-01-01T00:00:05Z") == ["buyer-1"]
    assert found(requestedQuoteCompletionDate__lt="2026-01-01T00:00:05Z") == []
    assert desk.call(API, "listQuote", quoteDate__gt="soon").status == 400


def test_hub():
    desk = Desk()
    made = desk.call(API, "registerListener", {"callback": "http://127.0.0.1:9/x"}).body
    assert desk.call(API, "unregisterListener", path=made["id"]).status == 204
    assert desk.call(API, "unregisterListener", path=made["id"]).status == 404
