"""Product offering qualification: what is refused, and how each answer comes about (MEF 87)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade import UNI, Desk, contact, poq, uni_item, without

from emulator.parties import lists
from tests.urns import ACCESS_ELINE

API = "productOfferingQualification"


def ask(desk, body):
    assert desk.valid(API, "createProductOfferingQualification", body)
    return desk.call(API, "createProductOfferingQualification", body)


def show(desk, made):
    body = desk.call(API, "retrieveProductOfferingQualification", path=made["id"]).body
    assert body["stateChange"][-1]["state"] == body["state"]
    for item in body["productOfferingQualificationItem"]:
        assert item["stateChange"][-1]["state"] == item["state"]
    return body


def states(body):
    return body["state"], [item["state"] for item in body["productOfferingQualificationItem"]]


def history(body):
    return [(change["state"], change["changeDate"][17:19]) for change in body["stateChange"]]


def test_a_deferred_answer_takes_its_time():
    desk = Desk()
    request = poq(uni_item(), uni_item("two"), projectId="p", strange={"kept": True})
    made = ask(desk, request).body
    assert states(made) == ("acknowledged", ["acknowledged"] * 2)
    assert made["expectedPOQCompletionDate"] == "2026-01-01T00:00:03.000Z"
    assert made["href"].endswith(f"/v7/productOfferingQualification/{made['id']}")
    desk.wait(1)
    assert states(show(desk, made)) == ("inProgress", ["inProgress"] * 2)
    desk.wait(500)
    body = show(desk, made)
    assert states(body) == ("done.ready", ["done.ready"] * 2)
    assert history(body) == [("acknowledged", "00"), ("inProgress", "01"), ("done.ready", "03")]
    assert body["effectiveQualificationDate"] == "2026-01-01T00:00:03.000Z"
    for item in body["productOfferingQualificationItem"]:
        assert item["serviceabilityConfidence"] == "green"
        assert item["installationInterval"] == {"amount": 20, "units": "businessDays"}
        assert "alternateProductOfferingProposal" not in item
    assert [c["role"] for c in body["relatedContactInformation"]] == [
        "buyerContactInformation",
        "sellerContactInformation",
    ]
    for name in without(request, "relatedContactInformation", "productOfferingQualificationItem"):
        assert body[name] == request[name]
    for sent, got in zip(
        request["productOfferingQualificationItem"], body["productOfferingQualificationItem"], strict=True
    ):
        assert {name: got[name] for name in sent} == sent


def test_an_immediate_answer_is_final():
    made = ask(Desk(), without(poq(instantSyncQualification=True), "requestedPOQCompletionDate")).body
    assert states(made) == ("done.ready", ["done.ready"])
    assert history(made) == [("done.ready", "00")]


@pytest.mark.parametrize("instant", [True, False])
@pytest.mark.parametrize(
    ("behaviour", "now", "late"),
    [
        ({"outcome": "terminatedWithError"}, "terminatedWithError", "terminatedWithError"),
        ({"outcome": "unableToProvide"}, "terminatedWithError", "done.unableToProvide"),
        ({"mode": "deferred"}, "terminatedWithError", "done.ready"),
        ({"mode": "immediate"}, "done.ready", "done.ready"),
        ({"outcome": "alternate"}, "done.ready", "done.ready"),
    ],
)
def test_outcomes(behaviour, now, late, instant):
    desk = Desk(productOfferingQualification=behaviour)
    made = ask(desk, poq(uni_item(), uni_item("two"), instantSyncQualification=instant)).body
    if instant or behaviour.get("mode") == "immediate":
        assert made["state"] in ("done.ready", "terminatedWithError")  # R24
    desk.wait(10)
    body = show(desk, made)
    assert body["state"] == (now if instant else late)
    first, second = body["productOfferingQualificationItem"]
    if body["state"] == "terminatedWithError":
        assert (first["state"], second["state"]) == ("terminatedWithError", "done.abandoned")
        assert first["terminationError"]
        assert "serviceabilityConfidence" not in first  # R30
    if behaviour.get("outcome") == "alternate":
        assert first["serviceabilityConfidence"] == "red"
        (proposal,) = first["alternateProductOfferingProposal"]
        assert proposal["alternateProduct"]["productOffering"] == {"id": "uni-10g"}


def test_alternatives_only_for_who_wants_them():
    made = ask(
        Desk(productOfferingQualification={"outcome": "alternate"}),
        poq(instantSyncQualification=True, provideAlternative=False),
    ).body
    assert "alternateProductOfferingProposal" not in made["productOfferingQualificationItem"][0]


@pytest.mark.parametrize(("outcome", "proposed"), [("alternate", "uni-10g"), ("ready", None)])
def test_what_has_no_alternate_is_not_proposed_instead_of_itself(outcome, proposed):
    item = uni_item()
    item["product"]["productOffering"] = {"id": "uni-10g"}
    item["product"]["place"] = [{"@type": "GeographicAddressRef", "id": "addr-hammerfest-1-harbour", "role": "r"}]
    desk = Desk(productOfferingQualification={"outcome": outcome})
    made = ask(desk, poq(item, instantSyncQualification=True)).body["productOfferingQualificationItem"][0]
    proposals = made.get("alternateProductOfferingProposal", [])
    found = [each["alternateProduct"]["productOffering"]["id"] for each in proposals]
    assert found == ([proposed] if proposed else [])


@pytest.mark.parametrize(
    ("place", "color"),
    [
        ({"@type": "GeographicAddressRef", "id": "addr-newyork-350-fifth-apt-12b"}, "yellow"),
        ({"@type": "GeographicAddressRef", "id": "addr-hammerfest-1-harbour"}, "red"),
        ({"@type": "GeographicSiteRef", "id": "site-ashburn-dc1"}, "green"),
        ({"@type": "FieldedAddress", "streetName": "x", "city": "y", "country": "z"}, "green"),
    ],
)
def test_the_place_decides(place, color):
    item = uni_item()
    item["product"]["place"] = [{**place, "role": "INSTALL_LOCATION"}]
    made = ask(Desk(), poq(item, instantSyncQualification=True)).body["productOfferingQualificationItem"][0]
    assert made["serviceabilityConfidence"] == color
    assert ("installationInterval" in made) == (color != "red")
    assert ("alternateProductOfferingProposal" in made) == (color != "green")


def test_a_deadline_that_cannot_be_kept():
    desk = Desk()
    made = ask(desk, poq(requestedPOQCompletionDate="2026-01-01T00:00:02Z")).body
    desk.wait(5)
    assert states(show(desk, made)) == ("done.unableToProvide", ["done.abandoned"])
    desk = Desk(productOfferingQualification={"deadline": "ignore"})
    made = ask(desk, poq(requestedPOQCompletionDate="1999-01-01T00:00:02Z")).body
    desk.wait(5)
    assert show(desk, made)["state"] == "done.ready"


P = "/productOfferingQualificationItem/0"


def item(**product):
    return uni_item(product=product)


ADD = uni_item()["product"]
MODIFY = {
    "id": "prod-ael-ashburn-1",
    "productOffering": {"id": "ael-100"},
    "productConfiguration": {
        "@type": ACCESS_ELINE,
        "uniEp": {},
        "enniEp": {},
    },
    "productRelationship": [
        {"relationshipType": "CONNECTS_TO_ENNI", "id": "prod-enni-ashburn-1"},
        {"relationshipType": "CONNECTS_TO_UNI", "id": "prod-uni-ashburn-1"},
    ],
}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (without(poq(), "requestedPOQCompletionDate"), {("missingProperty", "/requestedPOQCompletionDate")}),
        (without(poq(), "requestedPOQCompletionDate", "instantSyncQualification"),
         {("missingProperty", "/requestedPOQCompletionDate")}),
        (poq(relatedContactInformation=[contact("boss")]), {("missingProperty", "/relatedContactInformation")}),
        (poq(uni_item(), uni_item()), {("invalidValue", "/productOfferingQualificationItem/1/id")}),
        (poq(uni_item(qualificationItemRelationship=[{"id": "x", "relationshipType": "r"}])),
         {("referenceNotFound", P + "/qualificationItemRelationship/0/id")}),
        (poq(uni_item(qualificationItemRelationship=[{"id": "uni", "relationshipType": "r"}])),
         {("invalidValue", P + "/qualificationItemRelationship/0/id")}),
        (poq(item(**ADD, id="x")), {("unexpectedProperty", P + "/product/id")}),
        (poq(item(**without(ADD, "productOffering"))), {("missingProperty", P + "/product/productOffering")}),
        (poq(item(**ADD, productSpecification={"id": "operator-uni"})),
         {("unexpectedProperty", P + "/product/productSpecification")}),
        (poq(item(**without(ADD, "productOffering"), productSpecification={"id": "nope"})),
         {("referenceNotFound", P + "/product/productSpecification/id")}),
        (poq(item(**without(ADD, "productConfiguration", "place"))),
         {("missingProperty", P + "/product/productConfiguration"), ("missingProperty", P + "/product/place")}),
        (poq(item(**{**ADD, "productOffering": {"id": "nope"}})),
         {("referenceNotFound", P + "/product/productOffering/id")}),
        (poq(item(**{**ADD, "productOffering": {"id": "ael-100"}})),
         {("invalidValue", P + "/product/productConfiguration/@type"),
          ("missingProperty", P + "/product/productRelationship")}),
        (poq(item(**{**ADD, "place": [{"@type": "GeographicAddressRef", "id": "x", "role": "r"},
                                      {"@type": "GeographicSiteRef", "id": "x", "role": "r"}]})),
         {("referenceNotFound", P + "/product/place/0/id"), ("referenceNotFound", P + "/product/place/1/id")}),
        (poq(item(**ADD, productRelationship=[{"id": "x", "relationshipType": "r"}])),
         {("referenceNotFound", P + "/product/productRelationship/0/id")}),
        (poq(uni_item(action="modify", product={"id": "x", "productConfiguration": {"@type": UNI}})),
         {("referenceNotFound", P + "/product/id")}),
        (poq(uni_item(action="modify", product=without(MODIFY, "id", "productConfiguration"))),
         {("missingProperty", P + "/product/id"), ("missingProperty", P + "/product/productConfiguration")}),
        (poq(uni_item(action="modify", product=without(MODIFY, "productOffering", "productRelationship"))),
         {("missingProperty", P + "/product/productOffering"), ("missingProperty", P + "/product/productRelationship")}),
        (poq(uni_item(action="modify", product={**MODIFY, "productRelationship": MODIFY["productRelationship"][:1]})),
         {("invalidValue", P + "/product/productRelationship")}),
        (poq(uni_item(action="modify", product={**MODIFY, "productOffering": {"id": "ael-1000"}})),
         {("invalidValue", P + "/product/productOffering/id")}),
        (poq(uni_item(action="modify", product={**MODIFY, "productSpecification": {"id": "operator-uni"}})),
         {("invalidValue", P + "/product/productSpecification/id")}),
        (poq(uni_item(action="modify", product={"id": "prod-enni-ashburn-1", "productConfiguration": {"@type": UNI}})),
         {("invalidValue", P + "/product/productConfiguration/@type")}),
        (poq(uni_item(action="delete", product={})), {("missingProperty", P + "/product/id")}),
        (poq(uni_item(action="delete", product={"id": "prod-uni-ashburn-1", "place": []})),
         {("unexpectedProperty", P + "/product/place")}),
        (poq(uni_item(action="delete", product={"id": "nope"})), {("referenceNotFound", P + "/product/id")}),
    ],
)  # fmt: skip
def test_what_is_refused(request_, expected):
    desk = Desk()
    assert desk.refused(ask(desk, request_)) == expected
    assert desk.call(API, "listProductOfferingQualification").body == []


@pytest.mark.parametrize(
    "item",
    [
        uni_item(action="modify", product=MODIFY),
        uni_item(action="modify", product={**MODIFY, "productSpecification": {"id": "access-eline"}}),
        uni_item(action="delete", product={"id": "prod-ael-ashburn-1"}),
        uni_item(product=without({**ADD, "productSpecification": {"id": "operator-uni"}}, "productOffering")),
    ],
)
def test_what_is_taken(item):
    assert ask(Desk(), poq(item, instantSyncQualification=True)).body["state"] == "done.ready"


def test_what_only_the_seller_says_is_not_believed():
    body = poq(uni_item(state="done.ready"), id="mine", state="done.ready", stateChange=[], href="x")
    made = Desk().call(API, "createProductOfferingQualification", body).body
    assert made["id"] != "mine"
    assert states(made) == ("acknowledged", ["acknowledged"])


def test_a_path_of_the_profile_replaces_the_plan():
    path = [
        {"to": "inProgress", "reads": 2},
        {"to": "done.ready", "after_seconds": 60, "set": {"/note": "$gen.now+1d", f"{P[:-2]}/*/by": "hand"}},
    ]
    desk = Desk(productOfferingQualification={"path": path})
    made = ask(desk, poq(instantSyncQualification=True)).body
    desk.wait(1000)
    assert [show(desk, made)["state"] for _ in range(3)] == ["acknowledged", "acknowledged", "inProgress"]
    desk.wait(60)
    body = show(desk, made)
    assert body["state"] == "done.ready"
    assert body["note"] == "2026-01-02T00:17:40.000Z"
    assert body["productOfferingQualificationItem"][0]["by"] == "hand"


def test_lists():
    desk = Desk()
    for n in range(4):
        ask(desk, poq(externalId=f"x{n % 2}", requestedPOQCompletionDate=f"2026-02-0{n + 1}T12:00:00+02:00"))
    desk.wait(9)
    ask(desk, without(poq(instantSyncQualification=True, projectId="p"), "requestedPOQCompletionDate", "externalId"))

    def found(**query):
        return desk.call(API, "listProductOfferingQualification", **query).body

    assert [sorted(one) for one in found(projectId="p")] == [["id", "projectId", "state"]]
    assert [one["requestedPOQCompletionDate"] for one in found(externalId="x1")] == ["2026-02-02", "2026-02-04"]
    assert len(found(state="done.ready")) == 5
    assert found(state="inProgress") == []
    after = {"requestedPOQCompletionDate__gt": "2026-02-02T10:00:00Z"}
    assert len(found(**after)) == 2
    assert len(found(**after, requestedPOQCompletionDate__lt="2026-02-04T00:00:00Z")) == 1
    assert desk.call(API, "listProductOfferingQualification", run="other").body == []


@given(st.integers(0, 7), st.integers(1, 4), st.integers(1, 3), st.integers(0, 10**18))
def test_pages_make_up_the_whole_list(count, limit, most, huge):
    desk = PAGED.setdefault((count, most), Desk({"paging": {"max_limit": most, "default_limit": 2}}))
    run = "a"
    while len(list(desk.seller.store.all(run, API))) < count:
        desk.call(API, "createProductOfferingQualification", poq(), run=run)
    pages, offset = [], 0
    while True:
        reply = desk.call(API, "listProductOfferingQualification", run=run, limit=str(limit), offset=str(offset))
        assert reply.headers["X-Total-Count"] == str(count)
        assert reply.headers["X-Result-Count"] == str(len(reply.body))
        more = offset + len(reply.body) < count
        assert reply.headers["X-Pagination-Throttled"] == ("true" if more and limit > most else "false")
        if not reply.body:
            break
        pages += reply.body
        offset += len(reply.body)
    assert [one["id"] for one in pages] == [r.id for r in desk.seller.store.all(run, API)]
    assert desk.call(API, "listProductOfferingQualification", run=run, offset=str(huge + count)).body == []
    assert desk.call(API, "listProductOfferingQualification", run=run, limit="0").body == []


def test_more_than_are_counted_are_shown_page_by_page_without_a_total(monkeypatch):
    monkeypatch.setattr(lists, "COUNTED", 3)
    desk = Desk({"paging": {"max_limit": 2, "default_limit": 2}})
    seen = []
    for _ in range(5):
        desk.call(API, "createProductOfferingQualification", poq())
        page = desk.call(API, "listProductOfferingQualification")
        seen.append((page.headers.get("X-Total-Count"), page.headers["X-Pagination-Throttled"], len(page.body)))
    assert seen == [("1", "false", 1), ("2", "false", 2), ("3", "true", 2), (None, "true", 2), (None, "true", 2)]
    last = desk.call(API, "listProductOfferingQualification", offset="4")
    assert ("X-Total-Count" in last.headers, last.headers["X-Pagination-Throttled"], len(last.body)) == (
        False,
        "false",
        1,
    )
    asked = desk.call(API, "listProductOfferingQualification", limit="1")
    assert asked.headers["X-Pagination-Throttled"] == "true"  # nothing else says that there are more


PAGED: dict = {}


@pytest.mark.parametrize("query", [{"limit": "-1"}, {"offset": "-1"}, {"limit": "x"}, {"limit": ""}, {"offset": "٣"}])
def test_no_such_page(query):
    assert Desk().call(API, "listProductOfferingQualification", **query).status == 400


def test_hub():
    desk = Desk()
    made = desk.call(API, "registerListener", {"callback": "https://b.example/x", "query": "eventType=poqCreateEvent"})
    assert made.status == 201
    assert made.body["query"] == "eventType=poqCreateEvent"
    assert desk.call(API, "unregisterListener", path=made.body["id"]).status == 204
    assert desk.call(API, "unregisterListener", path=made.body["id"]).status == 404
    for callback in ("", "b.example", "ftp://b.example", "http://", "http://b:99999999/", "http://b x/", "http://b\n/"):
        assert desk.call(API, "registerListener", {"callback": callback}).status == 400


def test_a_run_sees_its_own_only():
    desk = Desk()
    made = desk.call(API, "createProductOfferingQualification", poq(), run="a").body
    assert desk.call(API, "retrieveProductOfferingQualification", path=made["id"], run="b").status == 404
    assert desk.call(API, "retrieveProductOfferingQualification", path=made["id"], run="a").status == 200


@pytest.mark.parametrize("instant", [True, False])
def test_a_long_list_is_kept_once_not_once_for_each_item(instant, monkeypatch):
    desk = Desk()
    kept = []
    update = desk.seller.store.update
    monkeypatch.setattr(desk.seller.store, "update", lambda resource: (kept.append(resource.id), update(resource)))
    made = ask(desk, poq(*(uni_item(str(n)) for n in range(50)), instantSyncQualification=instant)).body
    desk.wait(10)
    assert set(states(show(desk, made))[1]) == {"done.ready"}
    assert len(kept) < 10


def test_an_error_of_ours_in_a_timer_stops_nobody(caplog):
    desk = Desk()
    ask(desk, poq())
    desk.seller.desk.observers.append(lambda *_: 1 / 0)
    desk.wait(9)
    assert desk.call(API, "listProductOfferingQualification").body[0]["state"] == "acknowledged"
    assert "could not be done" in caplog.text


def test_what_is_late_bears_the_time_it_was_due():
    desk = Desk()
    made = ask(desk, poq()).body
    desk.wait(10**6)
    assert history(show(desk, made))[-1] == ("done.ready", "03")
