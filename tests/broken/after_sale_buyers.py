"""Buyers that are right but for one thing after the sale: with tickets, appointments and subscriptions to both."""

from __future__ import annotations

from typing import Any

from tests.broken.buyers import broken, creates
from tests.broken.spoiler import Ask


def changes(ask: Ask, collection: str) -> bool:
    return ask.method == "PATCH" and ask.path.split("/")[-2] == collection and isinstance(ask.body, dict)


def contact(ask: Ask, role: str) -> list[dict[str, Any]]:
    return [each for each in ask.body.get("relatedContactInformation", []) if each["role"] == role]


@broken("ticket/information", "MEF124-R32")
def sends_its_new_note_alone(ask: Ask) -> None:
    if changes(ask, "troubleTicket"):
        ask.body["note"] = [note for note in ask.body["note"] if note["source"] == "buyer"]


@broken("ticket/patch", "MEF124-R32")
def edits_the_contact_of_the_seller(ask: Ask) -> None:
    if changes(ask, "troubleTicket"):
        for each in contact(ask, "sellerTicketContact"):
            each["name"] = "Somebody Else"


@broken("ticket/fix", "MEF124-R30")
def changes_the_priority_without_a_word(ask: Ask) -> None:
    if changes(ask, "troubleTicket"):
        ask.body = {"priority": "low"}


@broken("ticket/fix", "MEF124-R57")
def wants_to_hear_of_tickets_alone(ask: Ask) -> None:
    if creates(ask, "hub"):
        ask.body["query"] = "eventType=troubleTicketStatusChangeEvent"


@broken("appointment/visit", "flow.refused")
def has_one_hub_for_everything(ask: Ask) -> None:
    """No clause says what the Seller answers to the name of another API's event; ours refuses it."""
    if creates(ask, "hub"):
        ask.body["query"] = (
            "eventType=troubleTicketStatusChangeEvent,appointmentStatusChangeEvent,workOrderStateChangeEvent"
        )


@broken("appointment/visit", "MEF137-R15")
def books_without_a_contact_at_the_place(ask: Ask) -> None:
    if creates(ask, "appointment"):
        contacts = ask.body["relatedContactInformation"]
        ask.body["relatedContactInformation"] = [each for each in contacts if each["role"] != "appointmentPlaceContact"]


@broken("appointment/change", "MEF137-R38")
def edits_the_sellers_contact_of_a_visit(ask: Ask) -> None:
    if changes(ask, "appointment"):
        for each in contact(ask, "sellerAppointmentContact"):
            each["name"] = "Somebody Else"
