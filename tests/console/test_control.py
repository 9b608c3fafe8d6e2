"""A hand in an emulator: each action over HTTP and by `oit control`, with what the buyer sees of it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.parties.clock import RealClock
from emulator.parties.hand import Hand
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.standard.release import load_release
from tests.cli.processes import oit
from tests.console.served import Answer, Beside, ask, seller_with_console
from tests.console.test_events import until
from tests.console.trading import SLOW, Buyer, Ear
from tests.repairs import FOLDER, release_with


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A seller that keeps what it has in SQLite."""
    file = tmp_path_factory.mktemp("console") / "oit.sqlite3"
    with seller_with_console(f"sqlite:///{file}", overlay=SLOW) as served:
        yield served


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.close()


def do(beside: Beside, action: str, **asked: Any) -> Answer:
    return ask(f"{beside.root}/api/control/{action}", "POST", asked, X_OIT="1")


def control(beside: Beside, *words: str) -> str:
    """The same by the command line."""
    done = oit("control", "--console", beside.root, *words)
    assert done.code == 0, done.err
    return done.out


def resources(beside: Beside, run: str) -> dict[str, Any]:
    return beside.get(f"/api/runs/{run}/resources").json


def report(beside: Beside, run: str) -> dict[str, Any]:
    return beside.get(f"/api/runs/{run}/report").json


def test_an_order_is_moved_and_its_product_history_and_news_follow(beside: Beside, ear: Ear):
    buyer = Buyer(beside.seller, "moved")
    buyer.subscribe("order", ear.callback)
    order = buyer.order()
    shown = next(row for row in resources(beside, "moved")["resources"] if row["id"] == order)
    assert (shown["state"], shown["moves"]) == ("acknowledged", ["inProgress", "rejected"])
    assert shown["timers"][0]["action"] == "productOrder.step"

    did = do(beside, "move", run="moved", kind="productOrder", id=order, state="inProgress").json
    assert did["did"] == f"productOrder {order} went from acknowledged to inProgress"
    assert did["command"] == f"oit control move productOrder {order} inProgress --run moved"
    assert buyer.state("order", f"/productOrder/{order}") == "inProgress"
    control(beside, *did["command"].replace("inProgress", "completed").split()[2:])

    body = buyer.ask("order", f"/productOrder/{order}").json
    assert (body["state"], body["productOrderItem"][0]["state"]) == ("completed", "completed")
    assert [entry["state"] for entry in body["stateChange"]] == ["acknowledged", "inProgress", "completed"]
    product = buyer.ask("inventory", f"/product/{body['productOrderItem'][0]['product']['id']}").json
    assert product["status"] == "active"
    until(lambda: sum(kind == "productOrderStateChangeEvent" for kind, _ in ear.heard) == 2)
    found = report(beside, "moved")
    assert (found["verdict"], found["findings"]) == ("pass", [])


def test_the_plan_goes_on_from_where_a_hand_has_brought_a_quote(beside: Beside):
    buyer = Buyer(beside.seller, "planned")
    quote = buyer.quote()
    do(beside, "move", run="planned", kind="quote", id=quote, state="inProgress")
    assert buyer.state("quote", f"/quote/{quote}") == "inProgress"
    control(beside, "advance", "3d")
    assert buyer.state("quote", f"/quote/{quote}") == "approved.orderable"
    assert report(beside, "planned")["findings"] == []


def test_a_move_that_no_lifecycle_has_is_refused_and_names_those_there_are(beside: Beside):
    buyer = Buyer(beside.seller, "refused")
    poq = buyer.poq()
    answer = do(beside, "move", run="refused", kind="productOfferingQualification", id=poq, state="done.ready")
    assert (answer.status, answer.json["legal"]) == (409, ["inProgress"])
    assert "goes to inProgress; not to 'done.ready'" in answer.json["error"]
    assert buyer.state("poq", f"/productOfferingQualification/{poq}") == "acknowledged"
    done = oit("control", "--console", beside.root, "move", "quote", poq, "accepted", "--run", "refused")
    assert (done.code, done.out) == (2, "")
    assert f"there is no quote '{poq}' here" in done.err


@pytest.mark.parametrize(("path", "end", "request_"), [
    (["inProgress"], "cancelled", "cancelQuote"), (["inProgress", "approved.orderable"], "declined", "rejectQuote"),
])  # fmt: skip
def test_what_only_the_buyer_may_ask_for_is_left_to_it(beside: Beside, path: list[str], end: str, request_: str):
    buyer = Buyer(beside.seller, f"asked-{end}")
    quote = buyer.quote()
    for state in path:
        do(beside, "move", run=buyer.run, kind="quote", id=quote, state=state)
    answer = do(beside, "move", run=buyer.run, kind="quote", id=quote, state=end)
    assert answer.status == 409
    assert f"only the buyer's {request_}" in answer.json["error"]
    assert end not in answer.json["legal"]


def test_what_cannot_follow_is_not_done_by_half(beside: Beside):
    """An order of one item cannot be partial: nothing of it is kept."""
    buyer = Buyer(beside.seller, "whole")
    order = buyer.order()
    do(beside, "move", run="whole", kind="productOrder", id=order, state="inProgress")
    answer = do(beside, "move", run="whole", kind="productOrder", id=order, state="partial")
    assert answer.status == 409
    assert "would become failed, not partial" in answer.json["error"]
    assert buyer.state("order", f"/productOrder/{order}") == "inProgress"
    did = do(beside, "move", run="whole", kind="productOrder", id=order, state="failed", item="1")
    assert did.status == 200
    assert buyer.state("order", f"/productOrder/{order}") == "failed"


def test_an_order_that_waits_for_a_charge_goes_on_with_it(beside: Beside):
    buyer = Buyer(beside.seller, "charged")
    order = buyer.order()
    for state in ("inProgress", "held.assessingCharge"):
        assert do(beside, "move", run="charged", kind="productOrder", id=order, state=state).status == 200
    charge = next(row["id"] for row in resources(beside, "charged")["resources"] if row["kind"] == "charge")
    answer = do(beside, "move", run="charged", kind="productOrder", id=order, state="inProgress")
    assert answer.status == 409
    assert f"charge {charge}" in answer.json["error"]
    assert do(beside, "move", run="charged", kind="charge", id=charge, state="withdrawnBySeller").status == 200
    assert buyer.state("order", f"/productOrder/{order}") == "inProgress"


def test_time_goes_ahead_and_what_is_due_on_the_way_happens_at_its_own_moment(beside: Beside):
    buyer = Buyer(beside.seller, "later")
    poq = buyer.poq()
    before = beside.get("/api/state").json["ahead_seconds"]
    did = do(beside, "advance", by="5d").json
    assert did["command"] == "oit control advance 5d"
    assert beside.get("/api/state").json["ahead_seconds"] - before == pytest.approx(5 * 86400, abs=60)
    body = buyer.ask("poq", f"/productOfferingQualification/{poq}").json
    assert body["state"] == "done.ready"
    days = [entry["changeDate"][:10] for entry in body["stateChange"]]
    assert len(set(days)) == 3
    for wrong in ("-5d", "soon", ""):
        assert do(beside, "advance", by=wrong).status == 400


def test_an_event_that_did_not_happen_is_told_and_held_against_nobody(beside: Beside, ear: Ear):
    buyer = Buyer(beside.seller, "event")
    buyer.subscribe("quote", ear.callback)
    quote = buyer.quote()
    did = do(beside, "event", run="event", api="quote", event="quoteStateChangeEvent", id=quote).json
    assert did["did"] == f"quoteStateChangeEvent about {quote} goes to 1 subscription(s)"
    until(lambda: ear.heard == [("quoteStateChangeEvent", quote)])
    control(beside, *did["command"].split()[2:])
    until(lambda: len(ear.heard) == 2)
    until(lambda: [one.get("provoked") for one in report(beside, "event")["exchanges"]].count(True) == 2)
    assert report(beside, "event")["findings"] == []
    assert do(beside, "event", run="event", api="quote", event="nothing", id=quote).status == 409
    nobody = do(beside, "event", run="refused", api="quote", event="quoteStateChangeEvent", id="x")
    assert "nobody has subscribed" in nobody.json["error"]


def spoilt(buyer: Buyer, path: str) -> bool:
    """Whether what comes is not what a seller answers: another status or type, or no whole answer at all."""
    try:
        answer = buyer.ask("quote", path)
    except (http.client.HTTPException, OSError):
        return True
    return (answer.status, answer.headers["content-type"]) != (200, "application/json;charset=utf-8")


@pytest.mark.parametrize(("fault", "words"), [
    ({"respond": 503}, ["--respond", "503"]),
    ({"contentType": "text/html"}, ["--content-type", "text/html"]),
    ({"truncate": 1}, ["--truncate", "1"]),
    ({"lost": True}, ["--lost"]),
    ({"reset": True}, ["--reset"]),
])  # fmt: skip
def test_a_fault_happens_as_often_as_it_was_armed_and_is_held_against_nobody(
    beside: Beside, fault: dict[str, Any], words: list[str]
):
    name = f"fault-{next(iter(fault))}"
    buyer = Buyer(beside.seller, name)
    path = "/quote"
    assert buyer.ask("quote", path).status == 200
    did = do(beside, "fault", operation="quote.listQuote", **fault).json
    assert did["command"].split()[3:] == ["quote.listQuote", *words]
    assert beside.get("/api/state").json["faults"] == [
        {"operation": "quote.listQuote", "what": did["did"].split(": ")[1].rpartition(",")[0], "left": 1}
    ]
    assert spoilt(buyer, path)
    control(beside, *did["command"].split()[2:])
    assert spoilt(buyer, path)
    assert buyer.ask("quote", path).status == 200
    assert beside.get("/api/state").json["faults"] == []
    found = report(beside, name)
    assert [one.get("spoilt") for one in found["exchanges"]] == [None, True, True, None]
    assert (found["verdict"], found["findings"]) == ("pass", [])


def test_notifications_can_be_lost_and_doubled(beside: Beside, ear: Ear):
    buyer = Buyer(beside.seller, "news")
    buyer.subscribe("quote", ear.callback)
    quotes = [buyer.quote() for _ in range(3)]
    control(beside, "fault", "notifications", "--drop", "--times", "2")
    do(beside, "move", run="news", kind="quote", id=quotes[0], state="inProgress")
    until(lambda: beside.get("/api/runs/news/resources").json["owed"] == [])
    assert ear.heard == []
    assert beside.get("/api/state").json["faults"] == [], "one of the item, one of the quote"
    do(beside, "fault", operation="notifications", duplicate=True, times=2)
    do(beside, "move", run="news", kind="quote", id=quotes[1], state="inProgress")
    until(lambda: [identifier for _, identifier in ear.heard].count(quotes[1]) >= 2)
    do(beside, "fault", clear=True)
    assert beside.get("/api/state").json["faults"] == []
    assert report(beside, "news")["findings"] == []


@pytest.mark.parametrize(("asked", "words"), [
    ({}, "'operation' is missing"),
    ({"operation": "quote.createQuote"}, "what is to go wrong"),
    ({"operation": "quote.creatQuote", "respond": 503}, "did you mean 'createQuote'"),
    ({"operation": "qoute.createQuote", "respond": 503}, "there is no API 'qoute'"),
    ({"operation": "quote.createQuote", "respond": 5}, "respond"),
    ({"operation": "quote.createQuote", "respond": 503, "lost": True}, "exclude each other"),
    ({"operation": "quote.createQuote", "respond": 503, "times": 0}, "'times'"),
    ({"operation": "quote.createQuote", "explode": True}, "explode"),
    ({"operation": "notifications", "respond": 503}, "no fault of notifications"),
])  # fmt: skip
def test_a_fault_that_makes_no_sense_is_refused(beside: Beside, asked: dict[str, Any], words: str):
    answer = do(beside, "fault", **asked)
    assert answer.status == 400
    assert words in answer.json["error"]
    assert beside.get("/api/state").json["faults"] == []


def test_a_run_is_taken_out_reset_and_put_back(beside: Beside, tmp_path: Path):
    buyer = Buyer(beside.seller, "kept")
    quote = buyer.quote()
    answer = do(beside, "snapshot", run="kept")
    assert "attachment" in answer.headers["content-disposition"]
    control(beside, "snapshot", "--run", "kept", "--out", str(tmp_path / "kept.ndjson"))
    assert (tmp_path / "kept.ndjson").read_bytes() == answer.body
    assert do(beside, "restore", file=answer.body.decode()).status == 409, "it is there"

    control(beside, "reset", "--run", "kept")
    assert buyer.ask("quote", f"/quote/{quote}").status == 404
    assert buyer.ask("inventory", "/product").json, "the profile's products are there for who begins anew"
    assert do(beside, "reset", run="kept").status == 200
    assert do(beside, "restore", file=answer.body.decode()).status == 200
    assert buyer.state("quote", f"/quote/{quote}") == "acknowledged"
    control(beside, "restore", str(tmp_path / "kept.ndjson"), "--run", "again")
    assert Buyer(beside.seller, "again").state("quote", f"/quote/{quote}") == "acknowledged"
    assert do(beside, "reset", run="nobody").status == 404
    assert do(beside, "restore", file="<script>").status == 409


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"run": 7}', b"\xff", b"[" * 100_000])
def test_nonsense_is_answered_as_json(beside: Beside, body: bytes):
    for action in ("move", "do", "event", "fault", "advance", "snapshot", "restore", "reset", "done", "explode"):
        answer = ask(f"{beside.root}/api/control/{action}", "POST", body, X_OIT="1")
        assert answer.status in (400, 409), (action, answer.body)
        assert isinstance(answer.json["error"], str)
    assert ask(f"{beside.root}/api/control/move", "POST", b"run=1", X_OIT="1", Content_Type="text/plain").status == 400


def test_what_no_operation_does_is_done_by_a_hand(beside: Beside, ear: Ear):
    """A bill is made, disputed in part, and credited; over HTTP and by the command line, with the same words."""
    buyer = Buyer(beside.seller, "billed")
    buyer.subscribe("billing", ear.callback)
    did = do(beside, "do", run="billed", kind="customerBill", verb="bill-now").json
    assert did["command"] == "oit control do customerBill bill-now --run billed"
    bill = did["did"].rpartition(" ")[2]
    until(lambda: ("customerBillCreateEvent", bill) in ear.heard)
    assert "1 item(s) are disputeBeingInvestigated" in control(
        beside, "do", "customerBill", "dispute", bill, "--with", '{"items": [1]}', "--run", "billed"
    )
    until(lambda: ("customerBillStateChangeEvent", bill) in ear.heard)
    refused = do(beside, "do", run="billed", kind="customerBill", verb="settle", id=bill)
    assert (refused.status, "agree, credit or withdraw them first" in refused.json["error"]) == (409, True)
    did = do(beside, "do", run="billed", kind="customerBill", verb="credit", id=bill, **{"with": {"amount": 5}}).json
    assert did["command"] == f"""oit control do customerBill credit {bill} --run billed --with '{{"amount":5}}'"""
    shown = resources(beside, "billed")
    assert {"kind": "customerBill", "verb": "bill-now", "whole": True}.items() <= shown["verbs"][0].items()
    assert do(beside, "do", run="billed", kind="customerBill", verb="pay", id="nothing").status == 404
    assert do(beside, "do", run="billed", kind="quote", verb="pay").status == 409
    assert do(beside, "do", run="billed", kind="customerBill").status == 400


def test_a_hand_is_told_to_who_listens(beside: Beside):
    front = beside.console.front
    before = front.version
    do(beside, "fault", clear=True)
    assert front.version > before


def test_a_seller_in_memory_says_that_it_has_no_snapshots():
    with seller_with_console(overlay=SLOW) as beside:
        assert beside.get("/api/state").json["capabilities"] == [
            "advance",
            "make",
            "set",
            "move",
            "do",
            "event",
            "fault",
            "behave",
        ]
        answer = do(beside, "snapshot", run="plain-path")
        assert answer.status == 409
        assert "--database" in answer.json["error"]
        buyer = Buyer(beside.seller, "memory")
        quote = buyer.quote()
        control(beside, "move", "quote", quote, "inProgress", "--run", "memory")
        assert buyer.state("quote", f"/quote/{quote}") == "inProgress"


def test_the_command_says_where_no_console_is():
    done = oit("control", "--console", "http://127.0.0.1:9", "done")
    assert (done.code, done.err.strip()) == (2, "no console answers at http://127.0.0.1:9: ConnectionError")
    assert json.dumps(oit("control", "done").code) == "2"


_PATHS = {
    "poq": (
        "productOfferingQualification",
        ["inProgress done.ready", "inProgress done.unableToProvide", "inProgress terminatedWithError"],
    ),
    "quote": (
        "quote",
        [
            "rejected",
            "inProgress unableToProvide",
            "inProgress inProgress.draft unableToProvide",
            "inProgress inProgress.draft approved.orderable accepted",
            "inProgress approved.orderableAlternate accepted",
        ],
    ),
    "order": (
        "productOrder",
        [
            "rejected",
            "inProgress completed",
            "inProgress failed",
            "inProgress pendingCancellation cancelled",
            "inProgress pending.assessingModification inProgress completed",
            "inProgress assessingCancellation inProgress completed",
            "inProgress assessingCancellation pendingCancellation cancelled",
        ],
    ),
}


@pytest.mark.parametrize(("api", "path"), [(api, path) for api, (_, paths) in _PATHS.items() for path in paths])
def test_whatever_way_a_hand_takes_the_judge_finds_nothing_wrong_in_it(beside: Beside, api: str, path: str):
    """Every edge that needs no request of the buyer's, read after each step, and once more when all timers are over."""
    kind = _PATHS[api][0]
    name = f"way-{api}-{path.replace(' ', '-')}"
    buyer = Buyer(beside.seller, name)
    identifier = {"poq": buyer.poq, "quote": buyer.quote, "order": buyer.order}[api]()
    for state in path.split():
        did = do(beside, "move", run=name, kind=kind, id=identifier, state=state)
        assert did.status == 200, did.body
        assert buyer.state(api, f"/{kind}/{identifier}") == state
    do(beside, "advance", by="40d")
    assert buyer.state(api, f"/{kind}/{identifier}") == path.rsplit(maxsplit=1)[-1]
    found = report(beside, name)
    assert [(one["rule"], one["message"]) for one in found["findings"]] == []
    left = [row["state"] for row in resources(beside, name)["resources"] if row["kind"] == "product"]
    assert "pendingActive" not in left


@pytest.mark.parametrize("path", ["", "inProgress", "inProgress inProgress.draft", "inProgress approved.orderable"])
def test_what_the_buyer_would_end_is_never_offered_first(beside: Beside, path: str):
    buyer = Buyer(beside.seller, f"offers-{path.replace(' ', '-')}")
    quote = buyer.quote()
    for state in path.split():
        assert do(beside, "move", run=buyer.run, kind="quote", id=quote, state=state).status == 200
    row = next(row for row in resources(beside, buyer.run)["resources"] if row["kind"] == "quote")
    ends = row["ends_of_buyer"].get("", [])
    over = [item["id"] for item in row["items"]] if path.endswith("orderable") else []
    assert (row["final"], row["final_items"]) == (False, over), "the items of a quote come to their end before it does"
    if path.endswith("orderable"):
        assert row["moves"] == ["accepted"]
        assert "accepted" in ends
    else:
        assert row["moves"][0] in ("inProgress", "inProgress.draft", "approved.orderable", "unableToProvide")
        assert not set(row["moves"]) & set(ends)


def test_of_every_lifecycle_our_own_next_step_comes_first_and_the_buyers_end_last():
    hand = Hand(Seller(load_release(), load_profile(), RealClock()))
    for name, machine in load_release().lifecycles.items():
        for state in machine.states:
            told = hand._after(name, {"state": state, "status": state, "lifecycleStatus": state})
            by = {arrow.target: arrow.by for arrow in machine.transitions if arrow.source == state}
            ends = [target for target in told if by[target] == "buyer" and target in machine.terminal]
            assert sorted(told) == sorted(machine.after(state))
            assert list(told[len(told) - len(ends) :]) == ends, (name, state)


@pytest.mark.parametrize(("charge_goes", "order_is"), [
    ("completed", "held.assessingCharge"), ("withdrawnBySeller", "inProgress"), ("timeout", "failed"),
])  # fmt: skip
def test_a_charge_goes_its_way_and_the_order_with_it(beside: Beside, charge_goes: str, order_is: str):
    buyer = Buyer(beside.seller, f"charge-{charge_goes}")
    order = buyer.order()
    for state in ("inProgress", "held.assessingCharge"):
        assert do(beside, "move", run=buyer.run, kind="productOrder", id=order, state=state).status == 200
    charge = next(row for row in resources(beside, buyer.run)["resources"] if row["kind"] == "charge")
    assert buyer.ask("order", f"/charge/{charge['id']}").status == 200
    did = do(beside, "move", run=buyer.run, kind="charge", id=charge["id"], state=charge_goes)
    if charge_goes == "timeout":
        assert (did.status, "put our time forward" in did.json["error"]) == (409, True)
        do(beside, "advance", by="400d")
    if charge_goes == "completed":
        assert (did.status, "only the buyer's patchCharge" in did.json["error"]) == (409, True)
        charge_goes = "awaitingResponse"
    assert buyer.state("order", f"/charge/{charge['id']}") == charge_goes
    assert buyer.state("order", f"/productOrder/{order}") == order_is
    assert report(beside, buyer.run)["findings"] == []


@pytest.mark.parametrize(("request_goes", "order_is"), [
    ("done", "pendingCancellation"), ("rejected", "inProgress"), ("inProgress.assessingCharge", "assessingCancellation"),
])  # fmt: skip
def test_a_request_to_cancel_is_decided_by_hand_and_the_order_follows(beside: Beside, request_goes: str, order_is: str):
    buyer = Buyer(beside.seller, f"cancel-{request_goes}")
    order = buyer.order()
    do(beside, "move", run=buyer.run, kind="productOrder", id=order, state="inProgress")
    assert buyer.state("order", f"/productOrder/{order}") == "inProgress"
    request_ = buyer.cancel(order)
    answer = do(beside, "move", run=buyer.run, kind="productOrder", id=order, state="inProgress")
    assert (answer.status, f"cancelProductOrder {request_}" in answer.json["error"]) == (409, True)
    did = do(beside, "move", run=buyer.run, kind="cancelProductOrder", id=request_, state=request_goes)
    assert did.status == 200, did.body
    assert buyer.state("order", f"/cancelProductOrder/{request_}") == request_goes
    assert buyer.state("order", f"/productOrder/{order}") == order_is
    if request_goes.startswith("inProgress"):
        answer = do(beside, "move", run=buyer.run, kind="cancelProductOrder", id=request_, state="done")
        assert "waits for the buyer's answer to charge" in answer.json["error"]
    assert report(beside, buyer.run)["findings"] == []


def test_a_product_at_which_an_order_works_goes_with_it(beside: Beside):
    buyer = Buyer(beside.seller, "product")
    order = buyer.order()
    do(beside, "move", run=buyer.run, kind="productOrder", id=order, state="inProgress")
    product = next(row["id"] for row in resources(beside, buyer.run)["resources"] if row["state"] == "pendingActive")
    answer = do(beside, "move", run=buyer.run, kind="product", id=product, state="active")
    assert (answer.status, f"order {order}" in answer.json["error"]) == (409, True)
    do(beside, "move", run=buyer.run, kind="productOrder", id=order, state="completed")
    for state in ("suspended", "active", "pendingTerminate", "terminated"):
        assert do(beside, "move", run=buyer.run, kind="product", id=product, state=state).status == 200
        assert buyer.ask("inventory", f"/product/{product}").json["status"] == state
    assert report(beside, buyer.run)["findings"] == []


def test_what_is_done_to_something_at_its_end_is_done_on_purpose(beside: Beside, ear: Ear):
    buyer = Buyer(beside.seller, "over")
    buyer.subscribe("order", ear.callback)
    order = buyer.order()

    def told() -> int:
        return [kind for kind, _ in ear.heard].count("productOrderStateChangeEvent")

    event = {"run": "over", "api": "productOrder", "event": "productOrderStateChangeEvent", "id": order}
    assert do(beside, "event", **event).status == 200, "while it lives nobody is asked"
    for state in ("inProgress", "completed"):
        assert do(beside, "move", run="over", kind="productOrder", id=order, state=state).status == 200
    row = next(row for row in resources(beside, "over")["resources"] if row["id"] == order)
    assert (row["final"], row["final_items"]) == (True, ["1"])
    until(lambda: told() == 3)
    for item in ({}, {"item": "1"}):
        refused = do(beside, "event", **event, **item)
        assert refused.status == 409
        assert "completed, and that is its end: say that you are sure" in refused.json["error"]
        assert do(beside, "event", **event, **item, sure=False).status == 409
        assert do(beside, "event", **event, **item, sure="yes").status == 400
    refused = do(beside, "move", run="over", kind="productOrder", id=order, state="inProgress")
    assert "that is its end" in refused.json["error"]
    did = do(beside, "event", **event, sure=True).json
    assert did["command"].endswith(f"{order} --run over --sure")
    control(beside, *did["command"].split()[2:])
    until(lambda: told() == 5)


def test_a_quote_that_says_no_level_hides_nothing_of_its_run(beside: Beside):
    """Whoever imports a run may have such a one: which lifecycle it has is not known."""
    about = {"run": "vague", "created": "2026-01-01T00:00:00+00:00"}
    body = {"id": "v", "state": "approved.orderable", "quoteItem": [{"id": "1", "state": "approved.orderable"}]}
    rows = [
        {"oit": "run", "format": 1, "run": "vague"},
        {"is": "began", "run": "vague", "began": about["created"]},
        {"is": "resource", **about, "kind": "quote", "id": "v", "body": body},
        {"is": "resource", **about, "kind": "product", "id": "p", "body": {"id": "p", "status": "terminated"}},
    ]
    assert do(beside, "restore", file="\n".join(map(json.dumps, rows))).status == 200
    shown = {row["id"]: row for row in resources(beside, "vague")["resources"]}
    assert {name: (row["final"], row["moves"]) for name, row in shown.items()} == {"v": (False, []), "p": (True, [])}
    refused = do(beside, "move", run="vague", kind="quote", id="v", state="accepted")
    assert (refused.status, "nowhere" in refused.json["error"]) == (409, True)


# -- resources of every kind ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A seller of a release with an API that no module knows."""
    release = release_with("repairs", FOLDER, tmp_path_factory.mktemp("repairs"))
    with seller_with_console(release=release, overlay={"notifications": {"allow": ["loopback"]}}) as served:
        yield served


def asked(beside: Beside, path: str, method: str = "GET", body: Any = None) -> Any:
    return ask(f"{beside.seller}/r/made/repairs/v1{path}", method, body).json


def test_a_resource_of_any_kind_is_made_set_and_moved_and_who_subscribed_is_told(repairs: Beside, ear: Ear):
    asked(repairs, "/hub", "POST", {"callback": ear.callback})
    did = do(repairs, "make", run="made", kind="outage", id="O-1", body={"description": "Storm"}).json
    assert did["did"] == "outage O-1 is there, created"
    assert did["command"] == """oit control make outage --run made --id O-1 --body '{"description":"Storm"}'"""
    shown = next(row for row in resources(repairs, "made")["resources"] if row["id"] == "O-1")
    assert (shown["kind"], shown["moves"]) == ("outage", ["working", "closed"])
    assert asked(repairs, "/outage/O-1")["description"] == "Storm"

    did = do(repairs, "set", run="made", kind="outage", id="O-1", body={"description": "Flood"}).json
    assert did["did"] == "outage O-1 has other description"
    assert asked(repairs, "/outage/O-1")["description"] == "Flood"
    assert do(repairs, "move", run="made", kind="outage", id="O-1", state="working").status == 200
    until(lambda: [kind for kind, _ in ear.heard] == [
        "outageCreateEvent", "outageAttributeValueChangeEvent", "outageStatusChangeEvent",
    ])  # fmt: skip
    control(repairs, "make", "claim", "--run", "made")
    (claim,) = asked(repairs, "/claim")
    assert control(repairs, "set", "claim", claim["id"], '{"externalId": "mine"}', "--run", "made")
    assert asked(repairs, f"/claim/{claim['id']}")["externalId"] == "mine"
    assert [each for each in report(repairs, "made")["findings"] if each["verdict"] == "fail"] == []


@pytest.mark.parametrize(("action", "given", "status", "told"), [
    ("make", {"kind": "outage", "body": {"description": 3}}, 409, "no valid outage can be made of that: /description: "),
    ("make", {"kind": "outge"}, 404, "there are no resources of the kind 'outge'"),
    ("make", {"kind": "outage", "body": []}, 400, "'body' has to be a JSON object"),
    ("set", {"kind": "outage", "id": "O-9", "body": {}}, 400, "'body' has to be a JSON object"),
    ("set", {"kind": "outage", "id": "O-9", "body": {"since": "x"}}, 409, "outage O-9 is not valid any more: /since: "),
    ("set", {"kind": "outage", "id": "O-9", "body": {"status": "closed"}}, 409, "a state is moved"),
    ("move", {"kind": "outage", "id": "O-9", "state": "open", "lawless": True}, 409, "'open' is no state of a outage"),
    ("move", {"kind": "outage", "id": "O-9", "state": "open", "lawless": "yes"}, 400, "'lawless' has to be true or false"),
])  # fmt: skip
def test_what_cannot_be_made_or_set_is_told(repairs: Beside, action: str, given: Any, status: int, told: str):
    asked(repairs, "/outage")
    do(repairs, "make", run="made", kind="outage", id="O-9")
    answer = do(repairs, action, run="made", **given)
    assert (answer.status, told in answer.json["error"]) == (status, True), answer.json


def test_a_lawless_hand_goes_where_no_lifecycle_leads(repairs: Beside):
    asked(repairs, "/outage")
    do(repairs, "make", run="made", kind="outage", id="O-2", body={"status": "closed"})
    back = {"run": "made", "kind": "outage", "id": "O-2", "state": "created"}
    assert do(repairs, "move", sure=True, **back).status == 409
    assert do(repairs, "move", lawless=True, **back).status == 409  # its end is not left by mistake
    did = do(repairs, "move", lawless=True, sure=True, **back).json
    assert did["command"] == "oit control move outage O-2 created --run made --lawless --sure"
    assert asked(repairs, "/outage/O-2")["status"] == "created"


def test_products_can_be_made_and_set_too(beside: Beside):
    buyer = Buyer(beside.seller, "products")
    buyer.poq()
    assert do(beside, "make", run="products", kind="product", id="P-9", body={"status": "active"}).status == 200
    assert do(beside, "set", run="products", kind="product", id="P-9", body={"externalId": "x"}).status == 200
    body = buyer.ask("inventory", "/product/P-9").json
    assert (body["status"], body["externalId"]) == ("active", "x")
