"""Appointments and work orders of release Dolly: what is right there and would be wrong in Grace, and what is wrong there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.judge.judge import Judgement, judge
from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Request, Response, Transcript
from emulator.record.payload import dump, parse
from emulator.standard.declared import Declared
from emulator.standard.release import Release, load_release
from tests.samples.official import missing_material, recorded

GRACE, DOLLY, LETTER = load_release("grace"), load_release("dolly"), load_release("dolly~letter")
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
JSON = (("Content-Type", "application/json;charset=utf-8"),)
MORNING = {"startDateTime": "2026-01-10T08:00:00Z", "endDateTime": "2026-01-10T12:00:00Z"}
EVENING = {"startDateTime": "2026-01-10T18:00:00Z", "endDateTime": "2026-01-10T20:00:00Z"}
BUYER, DOOR, SELLER = (
    {"role": role, "name": role, "emailAddress": "x@y.example", "number": "1"}
    for role in ("buyerAppointmentContact", "appointmentPlaceContact", "sellerAppointmentContact")
)
PLACE = {"@type": "GeographicAddressRef", "role": "APPOINTMENT_LOCATION", "id": "ad-3"}
TASKED = {"id": "wo-7", "role": "parentWorkOrder", "@referredType": "WorkOrder"}
SLOT = {"requestedTimeSlot": [{"validFor": MORNING}]}
OFFER = {**SLOT, "availableTimeSlot": [{"validFor": MORNING}]}
ASKED = {"workOrder": {"id": "wo-7"}, "validFor": MORNING, "relatedPlace": PLACE, "relatedContactInformation": [BUYER]}
APPOINTMENT = {
    "id": "ap-1",
    "href": "https://s.example/appointment/ap-1",
    "status": "confirmed",
    "workOrder": {"id": "wo-7"},
    "validFor": MORNING,
    "relatedPlace": PLACE,
    "relatedContactInformation": [BUYER, DOOR, SELLER],
}
LISTED = {name: value for name, value in APPOINTMENT.items() if name != "relatedContactInformation"}
TECHNICIAN = {**SELLER, "role": "technician"}
ORDER = {
    "id": "wo-7",
    "appointmentRequired": False,
    "state": "planned",
    "task": ["Mend it"],
    "place": [PLACE],
    "relatedEntity": [{"id": "tt-4", "role": "parentTroubleTicket", "@referredType": "TroubleTicket"}],
    "relatedContactInformation": [TECHNICIAN],
    "duration": {"timeDurationValue": 2, "timeDurationUnits": "HOUR"},
}
ENTRY = {name: ORDER[name] for name in ("id", "appointmentRequired", "place", "relatedEntity", "state")}
ERROR = {"code": "notImplemented", "reason": "Not here"}
HUB = {"callback": "https://b.example/hear"}

Said = tuple[str, Any, Any, int]
"""An operation (`workOrder.listWorkOrder`), what is asked, what is answered, the status; 0 stands for that of success."""


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in names}


def search(asked: Any = None, **found: Any) -> Said:
    asked = {"relatedEntity": [TASKED], **SLOT} if asked is None else asked
    return "appointment.createSearchTimeSlot", asked, {**asked, **OFFER, **found}, 0


def without_slots() -> Said:
    named, asked, answer, status = search()
    return named, asked, without(answer, "availableTimeSlot"), status


def make(asked: Any = ASKED, answer: Any = APPOINTMENT) -> Said:
    return "appointment.createAppointment", asked, answer, 0


def read(**other: Any) -> Said:
    return "appointment.retrieveAppointment", None, {**APPOINTMENT, **other}, 0


def patch(asked: Any, **other: Any) -> Said:
    return "appointment.patchAppointment", asked, {**APPOINTMENT, **other}, 0


def order(**other: Any) -> Said:
    return "workOrder.retrieveWorkOrder", None, {**ORDER, **other}, 0


def listed(*entries: Any, api: str = "appointment") -> Said:
    return (
        {"appointment": "appointment.listAppointment", "workOrder": "workOrder.listWorkOrder"}[api],
        None,
        list(entries),
        0,
    )


def spoken(release: Release, *said: Said, apart: float = 1) -> Transcript:
    """A run of these messages in a release."""
    made = Transcript()
    for index, (named, asked, answer, status) in enumerate(said, 1):
        api, _, name = named.partition(".")
        contract = next(each for each in release.contracts() if each.api == api and name in each.operations)
        operation = contract.operation(name)
        identifier = {"appointment": "ap-1", "workOrder": "wo-7"}[api]
        path = operation.path.replace("{id}", identifier)
        made.add(
            Exchange(
                n=0,
                at=START + timedelta(seconds=index * apart),
                elapsed_ms=1.0,
                sender=contract.served_by.other,
                receiver=contract.served_by,
                request=Request(
                    JSON,
                    dump(asked) if asked is not None else b"",
                    operation.method,
                    f"https://p.example{contract.base_path}{path}",
                ),
                response=Response(JSON, dump(answer) if answer is not None else b"", status or operation.success),
                api=api,
                kind=contract.kind,
                operation=name,
                release=release.name,
                path_params={"id": identifier} if "{id}" in operation.path else {},
            )
        )
    return made


def judged(release: Release, *said: Said, declared: Declared | None = None, apart: float = 1) -> Judgement:
    return judge(spoken(release, *said, apart=apart), release, declared=declared or Declared())


def faults(judgement: Judgement, *verdicts: Verdict) -> dict[str, Verdict]:
    """What is found fault with: the rules, or those with one of these verdicts."""
    wanted = verdicts or (Verdict.FAIL, Verdict.DISPUTED, Verdict.ERROR)
    return {finding.rule: finding.verdict for finding in judgement.findings if finding.verdict in wanted}


def verdict(judgement: Judgement, identifier: str) -> Verdict:
    return next(row.verdict for row in judgement.requirements if row.id == identifier)


RIGHT: list[tuple[str, str, str, tuple[Said, ...]]] = [
    ("search", "MEF137-R11", "W137-R11", (search(),)),
    ("made where", "MEF137-R15", "W137-R15", (make(),)),
    ("read", "MEF137-R34", "W137-R33", (read(relatedContactInformation=[BUYER]),)),
    ("seller's contact", "MEF137-R38", "W137-R36",
     (read(), patch({"relatedContactInformation": [BUYER, {**SELLER, "name": "Else"}]}))),
    ("planned date", "MEF137-R54", "W137-R52",
     (order(plannedExecutionDate="2026-01-10T08:00:00Z", appointment=[{"id": "ap-1"}]), order(appointment=[{"id": "ap-1"}]))),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "ours", "run"), [row[1:] for row in RIGHT], ids=[row[0] for row in RIGHT])
def test_what_is_right_in_dolly_would_be_wrong_in_grace(theirs: str, ours: str, run: tuple[Said, ...]) -> None:
    assert verdict(judged(GRACE, *run), theirs) is Verdict.FAIL
    here = judged(DOLLY, *run)
    assert (faults(here), verdict(here, ours)) == ({}, Verdict.PASS)


def test_no_clause_of_dolly_says_whose_the_time_of_an_appointment_is() -> None:
    run = (read(), read(validFor=EVENING))
    assert "MEF137-R27" in faults(judged(GRACE, *run))
    assert faults(judged(DOLLY, *run)) == {}


def test_the_list_of_what_is_frozen_is_not_there_in_dolly() -> None:
    declared = Declared(readings={"appointment-patch-frozen": "letter"})
    run = (read(), patch({"validFor": EVENING}, validFor=EVENING))
    assert "MEF137-R37" in faults(judged(GRACE, *run, declared=declared))
    assert faults(judged(DOLLY, *run, declared=declared)) == {}


WRONG: list[tuple[str, str, tuple[Said, ...]]] = [
    ("searched for nothing", "W137-R11", (search(SLOT),)),
    ("searched as in grace", "W137-R11", (search({**SLOT, "workOrder": {"id": "wo-7"}}),)),
    ("no time asked for", "W137-R11", (search({"relatedEntity": [TASKED]}),)),
    ("no list of slots", "W137-R13", (without_slots(),)),
    ("no place", "W137-R15.whole", (make(without(ASKED, "relatedPlace")),)),
    ("no work order", "W137-R15.whole", (make(without(ASKED, "workOrder")),)),
    ("not the buyer's contact", "W137-R15", (make({**ASKED, "relatedContactInformation": [DOOR]}),)),
    ("two confirmed", "W137-R20", (read(), make(answer={**APPOINTMENT, "id": "ap-2"}), read())),
    ("read without contacts", "W137-R33", (("appointment.retrieveAppointment", None, LISTED, 0),)),
    ("another work order", "W137-R36", (read(), patch({"workOrder": {"id": "wo-8"}, "validFor": MORNING}))),
    ("visit forgotten", "W137-R52", (order(appointment=[{"id": "ap-1"}]), order())),
    ("no tasks at all", "W137-R51.task", (("workOrder.retrieveWorkOrder", None, without(ORDER, "task"), 0),)),
]


@pytest.mark.parametrize(("rule", "run"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_in_dolly_is_noticed(rule: str, run: tuple[Said, ...]) -> None:
    assert faults(judged(DOLLY, *run)).get(rule) is Verdict.FAIL


@pytest.mark.parametrize("spelt", ["cancelled", "canceled"])
def test_who_cancels_by_the_letter_of_the_clause_is_disputed(spelt: str) -> None:
    cancel = ("appointment.cancelAppointment", None, None, 0)
    wrong = {} if spelt == "cancelled" else {"W137-R48.spelling": Verdict.DISPUTED}
    for look in (read(status=spelt), listed({**LISTED, "status": spelt})):
        found = judged(DOLLY, read(), cancel, look)
        assert faults(found) == wrong
        assert {each.blame for each in found.findings if each.verdict is Verdict.DISPUTED} <= {Blame.SPEC}
    pinned = {"cancelled": "contract", "canceled": "clause"}
    for name, reading in pinned.items():
        declared = Declared(readings={"appointment-canceled": reading})
        found = judged(DOLLY, read(), cancel, read(status=spelt), declared=declared)
        assert faults(found) == ({} if name == spelt else {"W137-R48.spelling": Verdict.FAIL})
    assert "contract.schema" in faults(judged(GRACE, read(status="canceled")))


def test_two_visits_to_one_work_order_after_each_other_are_right() -> None:
    run = (read(), read(status="missed"), make(answer={**APPOINTMENT, "id": "ap-2"}))
    assert "W137-R20" not in faults(judged(DOLLY, *run))


def test_an_appointment_goes_from_confirmed_to_its_end() -> None:
    assert faults(judged(DOLLY, read(), read(status="completed"))) == {}
    assert verdict(judged(DOLLY, read(), read(status="completed")), "W137-R26") is Verdict.PASS
    assert "contract.schema" in faults(judged(DOLLY, read(status="inProgress")))
    assert "W137-R26" in faults(judged(DOLLY, read(status="completed"), read()))


def test_a_contact_that_the_seller_changes_is_told_whosever_it_is() -> None:
    changed = [BUYER, {**DOOR, "number": "2"}, SELLER]
    hub = ("appointment.registerListener", HUB, {**HUB, "id": "h"}, 0)
    run = (hub, read(), read(relatedContactInformation=changed), read(relatedContactInformation=changed))
    noticed = (Verdict.FAIL, Verdict.WARNING)
    assert "W137-R28" in faults(judged(DOLLY, *run, apart=400), *noticed)
    assert "MEF137-R29" not in faults(judged(GRACE, *run, apart=400), *noticed)


@pytest.mark.parametrize(("api", "clause"), [("appointment", "R1"), ("workOrder", "R3")])
def test_a_subscription_that_cannot_be_read_is_disputed_since_the_contract_forgot_it(api: str, clause: str) -> None:
    gone = (f"{api}.retrieveHub", None, ERROR, 501)
    assert faults(judged(GRACE, gone))[f"MEF137-{clause}"] is Verdict.FAIL
    here = judged(DOLLY, gone)
    assert faults(here)[f"W137-{clause}"] is Verdict.DISPUTED
    assert {each.blame for each in here.findings if each.verdict is Verdict.DISPUTED} == {Blame.SPEC}
    served = judged(DOLLY, (f"{api}.retrieveHub", None, {**HUB, "id": "h"}, 0))
    assert (faults(served), verdict(served, f"W137-{clause}")) == ({}, Verdict.PASS)
    pinned = judged(DOLLY, gone, declared=Declared(readings={"operation-not-in-contract": "contract"}))
    assert faults(pinned) == {}


def test_tasks_are_what_the_guide_or_what_the_contract_calls_them() -> None:
    by_contract = ("workOrder.retrieveWorkOrder", None, {**without(ORDER, "task"), "tasks": ["Mend it"]}, 0)
    assert faults(judged(DOLLY, order())) == {}
    assert faults(judged(DOLLY, by_contract)) == {"W137-R51.task": Verdict.DISPUTED}
    assert faults(judged(DOLLY, by_contract, declared=Declared(readings={"work-order-tasks": "tasks"}))) == {}
    assert faults(judged(LETTER, order()))["contract.schema"] is Verdict.FAIL
    assert "MEF137-R53.task" in faults(judged(GRACE, by_contract))


@pytest.mark.parametrize("entry", [ENTRY, {**ENTRY, "tasks": ["Mend it"], "relatedContactInformation": [TECHNICIAN]}])
def test_a_listed_work_order_is_as_the_guide_or_as_the_contract_has_it(entry: dict[str, Any]) -> None:
    here = judged(DOLLY, listed(entry, api="workOrder"))
    assert (faults(here), faults(here, Verdict.WARNING)) == ({}, {})
    assert faults(judged(LETTER, listed(ENTRY, api="workOrder")))["contract.schema"] is Verdict.FAIL


def test_one_work_order_in_place_of_a_list_is_disputed_in_dolly_too() -> None:
    one = ("workOrder.listWorkOrder", None, ENTRY, 0)
    assert faults(judged(DOLLY, one)) == {"W137-R49.shape": Verdict.DISPUTED}


def test_a_listed_appointment_has_one_time_or_a_list_of_them() -> None:
    for entry in (LISTED, APPOINTMENT):
        assert faults(judged(DOLLY, read(), listed(entry), read())) == {}
    times = {**LISTED, "validFor": [MORNING]}
    here = judged(DOLLY, read(), listed(times), read())
    assert (faults(here), faults(here, Verdict.WARNING)) == ({"W137-R29.period": Verdict.DISPUTED}, {})
    assert "contract.schema" in faults(judged(DOLLY, listed({**times, "id": 7})))
    assert "contract.schema" in faults(judged(GRACE, listed(times)))


def test_a_new_appointment_has_a_time_and_may_have_notes() -> None:
    note = {"id": "n", "author": "A", "date": "2026-01-01T00:00:00Z", "source": "buyer", "text": "Ring twice"}
    plan = {"name": "plan.pdf", "author": "A", "source": "buyer", "url": "https://b.example/plan.pdf"}
    asked = {**ASKED, "note": [note], "attachment": [plan]}
    here = judged(DOLLY, make(asked))
    assert (faults(here), faults(here, Verdict.WARNING)) == ({}, {})
    assert "contract.schema" in faults(judged(DOLLY, make({**asked, "validFor": [MORNING]})))
    assert faults(judged(LETTER, make(asked)), Verdict.WARNING) != {}


def test_what_grace_has_of_errata_fits_dolly() -> None:
    """Paths and types of event that guide and contract spell otherwise."""
    (one,) = spoken(DOLLY, order())
    spelt = Transcript()
    spelt.add(replace(one, request=replace(one.request, url=one.request.url.replace("/workorder", "/workOrder"))))
    assert set(faults(judge(spelt, DOLLY)).values()) == {Verdict.DISPUTED}
    event = {
        "eventId": "e",
        "eventTime": "2026-01-01T12:00:00Z",
        "eventType": "AppointmentStatusChangeEvent",
        "event": {"id": "ap-1"},
    }
    told = ("appointment.listenToAppointmentStatusChangeEvent", event, None, 0)
    assert set(faults(judged(DOLLY, told)).values()) <= {Verdict.DISPUTED}


@pytest.mark.skipif(missing_material() is not None, reason="the official material is not there")
def test_official_samples_keep_the_contracts_and_their_errata() -> None:
    found = {}
    for sample in recorded("dolly"):
        if sample.api.lower() in ("appointment", "workorder"):
            contract = DOLLY.contract({"workorder": "workOrder"}.get(sample.api, sample.api), sample.contract)
            breaches = contract.body_breaches(sample.schema, parse(sample.text.encode()), sample.direction)
            found[sample.id] = [each.place for each in breaches]
    # A work order in a list: the prose of the sample, and of that in Grace, against every schema and clause.
    assert {name: places for name, places in found.items() if places} == {"MEFW137:934": ["/workOrder"]}
    assert len(found) == 5
