"""Sellers that are right but for one thing after the sale: tickets, incidents, appointments and work orders."""

from __future__ import annotations

from typing import Any

from tests.broken.sellers import broken
from tests.broken.spoiler import Answer

TICKET, INCIDENT, VISIT, WORK = "troubleTicket", "incident", "appointment", "workorder"


def lists(answer: Answer, collection: str) -> bool:
    """Whether this is a list of a collection."""
    return answer.method == "GET" and answer.path.endswith(f"/{collection}") and isinstance(answer.body, list)


def reads(answer: Answer, collection: str) -> bool:
    """Whether this shows one resource by its id. The base path of an API may end with the name of its collection."""
    return answer.method == "GET" and answer.path.split("/")[-2] == collection and answer.status == 200


def shown(answer: Answer, collection: str) -> list[dict[str, Any]]:
    """The resources of a collection that this shows whole: the one read, made or changed."""
    *_, parent, last = answer.path.split("/")
    made = answer.method == "POST" and last == collection and answer.status == 201
    changed = answer.method == "PATCH" and parent == collection and answer.status == 200
    return [answer.body] if made or changed or reads(answer, collection) else []


def listed(answer: Answer, collection: str) -> list[dict[str, Any]]:
    """The resources of a collection that this shows, whole or as entries of a list."""
    return answer.body if lists(answer, collection) else shown(answer, collection)


def did(answer: Answer, act: str) -> bool:
    """Whether this takes an act of the buyer; remembered for the rest of the run, as `act`."""
    taken = answer.method == "POST" and answer.path.endswith(f"/{act}") and answer.status in (201, 204)
    answer.memory[act] = answer.memory.get(act, False) or taken
    return bool(answer.memory[act])


# What reopens a ticket


def closure_notes(answer: Answer) -> list[dict[str, Any]]:
    return [
        note for one in shown(answer, TICKET) for note in one.get("note", []) if note["author"] == "closureRejection"
    ]


@broken("ticket/fix", "MEF124-R46")
def reopens_without_a_note(answer: Answer) -> None:
    for note in closure_notes(answer):
        answer.body["note"].remove(note)


@broken("ticket/fix", "MEF124-R46")
def signs_the_note_of_a_reopening_itself(answer: Answer) -> None:
    for note in closure_notes(answer):
        note["source"] = "seller"


@broken("ticket/fix", "MEF124-R46", "MEF124-R18")
def has_another_author_reopen(answer: Answer) -> None:
    for note in closure_notes(answer):
        note["author"] = "Help Desk"


# What a change of a ticket leaves


@broken("ticket/information", "MEF124-R63")
def waits_without_saying_for_what(answer: Answer) -> None:
    for one in listed(answer, TICKET):
        if one["status"] == "pending":
            one.pop("note", None)


def patched(answer: Answer) -> bool:
    """Whether something was changed by request; remembered for the rest of the run."""
    answer.memory["patched"] = answer.memory.get("patched", False) or answer.method == "PATCH"
    return bool(answer.memory["patched"])


@broken("ticket/fix", "MEF124-R21", "MEF124-R27")
def loses_a_contact_of_the_buyers_to_a_patch(answer: Answer) -> None:
    for one in shown(answer, TICKET) if patched(answer) else ():
        contacts = one["relatedContactInformation"]
        one["relatedContactInformation"] = [each for each in contacts if each["role"] != "buyerTicketContact"]


@broken("ticket/information", "MEF124-R20", "MEF124-R34.answer")
def loses_its_notes_to_a_patch(answer: Answer) -> None:
    for one in shown(answer, TICKET) if patched(answer) else ():
        if "note" in one:
            one["note"] = [note for note in one["note"] if note["source"] == "buyer"]


# What withdraws a ticket


@broken("ticket/cancel", "MEF124-R38", "MEF124.history")
def withdraws_without_looking(answer: Answer) -> None:
    for one in shown(answer, TICKET):
        if one["status"] == "assessingCancellation":
            one["status"] = "acknowledged"
        for entry in list(one.get("statusChange", [])):
            if entry["status"] == "assessingCancellation":
                one["statusChange"].remove(entry)


@broken("negative/ticket-states", "MEF124-R40", case="cancel-resolved")
def withdraws_what_is_resolved(answer: Answer) -> None:
    if answer.path.endswith("/cancel") and answer.status == 422:
        answer.status, answer.body = 204, None


@broken("negative/ticket", "MEF124-R34", "MEF124-R34.answer", case="patch-description")
def takes_another_description_without_a_word(answer: Answer) -> None:
    for one in shown(answer, TICKET):
        answer.memory["ticket"] = one
    if answer.method == "PATCH" and answer.status == 422:
        answer.status, answer.body = 200, answer.memory["ticket"]


# Appointments, and what hangs on them


@broken("appointment/visit", "MEF137-R24")
def leaves_the_work_open(answer: Answer) -> None:
    if did(answer, VISIT) and reads(answer, WORK) and answer.body["state"] == "planned":
        answer.body["state"] = "open"


@broken("appointment/visit", "MEF137-R23")
def goes_on_asking_for_an_appointment(answer: Answer) -> None:
    if did(answer, VISIT) and reads(answer, WORK):
        answer.body["appointmentRequired"] = True


@broken("appointment/visit", "MEF137-R22")
def forgets_the_appointment_of_the_work(answer: Answer) -> None:
    if did(answer, VISIT) and reads(answer, WORK):
        answer.body.pop("appointment", None)


@broken("appointment/visit", "MEF124-R15", "MEF137-R25", "MEF124.event-changes")
def leaves_the_ticket_waiting(answer: Answer) -> None:
    booked = did(answer, VISIT)
    for one in shown(answer, TICKET):
        if booked and answer.memory["waiting"]["id"] == one["id"]:
            answer.body = answer.memory["waiting"]
        elif one["status"] == "pending":
            answer.memory["waiting"] = one


@broken("appointment/cancel", "MEF137-R49")
def leaves_the_work_planned(answer: Answer) -> None:
    if did(answer, "cancel"):
        for one in shown(answer, WORK):
            one["state"] = "planned"


@broken("appointment/cancel", "MEF137-R48", "MEF124-R64")
def wants_no_other_appointment(answer: Answer) -> None:
    if did(answer, "cancel"):
        for one in shown(answer, WORK):
            one["appointmentRequired"] = False


@broken("appointment/cancel", "MEF124-R65")
def lets_the_ticket_go_on(answer: Answer) -> None:
    if did(answer, "cancel"):
        for one in listed(answer, TICKET):
            one["status"] = "inProgress"


@broken("appointment/visit", "MEF137-R27")
def moves_the_appointment_by_itself(answer: Answer) -> None:
    if reads(answer, VISIT):
        answer.body["validFor"] = {"startDateTime": "2026-02-01T08:00:00Z", "endDateTime": "2026-02-01T10:00:00Z"}


@broken("appointment/change", "MEF137-R35.note", "MEF137.taken")
def rewrites_what_the_buyer_has_noted(answer: Answer) -> None:
    for one in shown(answer, VISIT):
        for note in one.get("note", []):
            note["text"] = note["text"].replace("back", "front")


@broken("appointment/change", "MEF137.contacts")
def keeps_another_contact_at_the_place(answer: Answer) -> None:
    if reads(answer, VISIT):
        answer.body["relatedContactInformation"][1]["number"] = "+1-703-555-0199"


@broken("appointment/find", "MEF137-R31.whole")
def finds_what_begins_within_alone(answer: Answer) -> None:
    if lists(answer, VISIT) and "validFor.gt" in answer.query and "workOrderId" in answer.query:
        answer.body = []
        answer.headers |= {"x-total-count": "0", "x-result-count": "0"}


# What lists show


@broken("appointment/find", "MEF137-R51.shape")
def lists_one_work_order_as_an_object(answer: Answer) -> None:
    if lists(answer, WORK) and "limit" in answer.query and len(answer.body) == 1:
        answer.body = answer.body[0]


@broken("appointment/find", "MEF137.work-order-empty")
def finds_no_work_order_with_an_error(answer: Answer) -> None:
    if lists(answer, WORK) and answer.body == []:
        answer.status, answer.body = 404, {"code": "notFound", "reason": "no work order"}


@broken("ticket/find", "MEF124.resolution-date")
def invents_a_date_of_resolution(answer: Answer) -> None:
    if lists(answer, TICKET):
        for one in answer.body:
            one.setdefault("resolutionDate", one["creationDate"])


@broken("ticket/find", "MEF124-R23.set")
def lists_without_the_buyers_reference(answer: Answer) -> None:
    if lists(answer, TICKET):
        for one in answer.body:
            one.pop("externalId", None)


# What happens by itself


@broken("incident/repair", "MEF124-R70")
def handles_an_incident_without_an_end(answer: Answer) -> None:
    for one in listed(answer, INCIDENT):
        one.pop("expectedClosedDate", None)
