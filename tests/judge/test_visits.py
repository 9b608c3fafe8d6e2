"""Appointments and work orders: what may never fail a party that is right, and what has to be noticed beside the proofs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from emulator.judge.judge import judge
from emulator.judge.verdict import Verdict
from emulator.record.exchange import Exchange, Fault, FaultKind, Transcript
from emulator.standard.events import query_of
from emulator.standard.release import load_release

RELEASE = load_release()
WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)


def proven(name: str, *, wrong: bool = False) -> list[Exchange]:
    """The exchanges of a proof."""
    proof = RELEASE.proofs[f"MEF137-{name}"]
    return list(proof.wrong if wrong else proof.right)


def turned(one: Exchange, members: dict[str, Any], *, code: int | None = None) -> Exchange:
    """An exchange whose answer says something else; None leaves a member out. `code` is another status of HTTP."""
    assert one.response
    body = {**(one.response.body if isinstance(one.response.body, dict) else {}), **members}
    raw = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
    return replace(one, response=replace(one.response, raw=raw, status=code or one.response.status))


def found(exchanges: Iterable[Exchange], rule: str, **known: Any) -> list[Verdict]:
    """What a rule finds wrong in a run."""
    run = Transcript()
    for one in exchanges:
        run.add(one)
    judged = judge(run, RELEASE, **known)
    assert not [finding for finding in judged.findings if finding.verdict is Verdict.ERROR]
    return [each.verdict for each in judged.findings if each.rule == f"MEF137-{rule}" and each.verdict in WRONG]


def test_an_effect_may_be_on_its_way() -> None:
    """A work order that is read at once may still be open; a minute later it may not."""
    make, order, read = proven("R24", wrong=True)
    soon = replace(order, at=make.at + timedelta(seconds=2))
    assert found([make, soon, read], "R24") == []
    assert found([make, order, read], "R24") == [Verdict.FAIL]


def test_an_appointment_that_was_cancelled_since_explains_an_open_work_order() -> None:
    """The Seller cancels an appointment by itself where it wants another time: then the work order is open again."""
    make, order, read = proven("R24", wrong=True)
    cancelled = replace(turned(read, {"status": "cancelled"}), at=order.at - timedelta(seconds=1))
    assert found([make, cancelled, order], "R24") == []
    assert found([make, order], "R24") == [Verdict.WARNING]  # nobody saw whether it was


def test_what_else_can_have_become_of_a_work_order() -> None:
    """After its appointment was cancelled a work order may be planned by the Seller itself, begun, or cancelled."""
    read, order, cancel, after = proven("R49")
    for state, date in (("planned", "2026-03-01T08:00:00Z"), ("inProgress", None), ("cancelled", None)):
        other = turned(after, {"state": state, "appointmentRequired": False, "plannedExecutionDate": date})
        assert found([read, order, cancel, other], "R49") == []
        assert found([read, order, cancel, other], "R48") == []
    still = turned(after, {"state": "planned", "plannedExecutionDate": "2026-01-10T08:00:00Z"})
    assert found([read, order, cancel, still], "R49") == [Verdict.FAIL]


def test_a_ticket_that_waits_for_something_else_may_be_pending() -> None:
    """A new note of the Seller's, or another work order, explains that a ticket is pending after its appointment."""
    order, waits, search, make, still, read = proven("R25", wrong=True)
    assert found([order, waits, search, make, still, read], "R25") == [Verdict.FAIL]
    assert still.response
    note = {"id": "n-10", "author": "Desk", "date": "2026-01-01T00:01:00Z", "source": "seller", "text": "Which floor?"}
    asked = turned(still, {"note": [*still.response.body["note"], note]})
    assert found([order, waits, search, make, asked, read], "R25") == []
    another = turned(still, {"workOrder": [{"id": "wo-7"}, {"id": "wo-8"}]})
    assert found([order, waits, search, make, another, read], "R25") == []


def test_what_the_run_has_not_seen_may_be_there() -> None:
    """A change of an appointment from before the run can be refused for what it asks."""
    _, move = proven("R39")
    for status in (400, 409, 422):
        assert found([turned(move, {"code": "conflict", "reason": "no"}, code=status)], "R39") == []


def test_a_change_that_nobody_answered_may_have_been_made() -> None:
    """ValidFor may be another where the Buyer's own change got no answer."""
    read, move, moved = proven("R27")
    lost = replace(move, response=None, fault=Fault(FaultKind.TIMEOUT, "no answer"))
    assert found([read, lost, moved], "R27") == []
    assert found([read, moved], "R27") == [Verdict.FAIL, Verdict.FAIL]


def test_a_search_is_missed_only_where_the_need_is_of_the_run() -> None:
    """Of a work order that asked for an appointment before the run, the search may be as old."""
    idle, needing, make = proven("R59", wrong=True)
    assert found([idle, needing, make], "R59") == [Verdict.FAIL]
    assert found([needing, make], "R59") == [Verdict.WARNING]
    assert found([make], "R59") == []


def test_a_listener_is_missed_only_by_who_asked_for_its_events() -> None:
    """Who never subscribed owes nobody a listener that was used."""
    listen, told = proven("R2", wrong=True)
    assert found([listen, told], "R2") == [Verdict.FAIL]
    assert found([told], "R2") == []


def test_queries_may_spell_types_as_the_clauses_do() -> None:
    """A subscription that names an event with a capital letter is one to it."""
    query = query_of("eventType=AppointmentStatusChangeEvent", RELEASE.kinds)
    assert query.covers("appointmentStatusChangeEvent")
    assert not query.covers("appointmentAttributeValueChangeEvent")


def test_another_code_is_disputed_and_no_failure() -> None:
    """An appointment that cannot be changed any more may be refused 409, which the contract lists; it is not taken."""
    read, late = proven("R40")
    assert found([read, turned(late, {"code": "conflict", "reason": "too late"}, code=409)], "R40") == [
        Verdict.DISPUTED
    ]
    assert found([read, turned(late, {"code": "internalError", "reason": "later"}, code=503)], "R40") == []


def test_a_place_of_another_type_can_match() -> None:
    """A site that is asked for may stand there by its address."""
    (listed,) = proven("O3")
    by_site = replace(
        listed,
        request=replace(listed.request, url=listed.request.url.replace("workOrderId=wo-7", "geographicSiteId=st-1")),
    )
    assert found([by_site], "O3") == []
    by_address = replace(
        by_site, request=replace(by_site.request, url=by_site.request.url.replace("SiteId", "AddressId"))
    )
    assert found([by_address], "O3") == [Verdict.FAIL]
