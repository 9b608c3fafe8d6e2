"""Subscriptions to events of appointments, and the events (MEF 137, 6.2.4, 6.9 and 6.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import FINE, Mark, Remark, requests
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import APPOINTMENT
from emulator.judge.run import Run, Said
from emulator.record.payload import at

_ATTRIBUTES: Final = "appointmentAttributeValueChangeEvent"

common.hub_comes_back(APPOINTMENT)
common.repeats_parties(APPOINTMENT, "R9")
common.events_fit(APPOINTMENT, item_name="")
common.subscribers_only(APPOINTMENT, "R60")
common.wanted_types_only(APPOINTMENT, "R60", name="type")


@APPOINTMENT.rule(on=requests(APPOINTMENT.api, "*"), name="event-case")
def events_begin_with_a_small_letter(said: Said) -> Iterator[Mark]:
    """The eventType of each event, as its listener is called."""
    event, found = said.run.event(said.exchange), at(said.body, "/eventType")
    if event is None or not isinstance(found, str):
        return
    if found == event.said.get("also"):
        yield breach("/eventType", event.type, found, reading=("appointment-event-case", "small"))
    elif found == event.type:
        yield FINE


@APPOINTMENT.at_end(("R28", "R61"))
def new_states_are_told(run: Run) -> Iterator[Remark]:
    """Changes of status that reads show, against the events that came to who subscribed."""
    for page, due in common.dues(run, [KIND]):
        if _ATTRIBUTES not in due.types:
            yield common.told_or_not(page, due)


@APPOINTMENT.at_end(("R29", "W137-changes-told", "R61"))
def changes_of_the_seller_are_told(run: Run) -> Iterator[Remark]:
    """Notes, attachments and contacts that reads show changed by the Seller (in some releases only contacts of its own), against
    the events that came to who subscribed.
    """
    for page, due in common.dues(run, [KIND]):
        if _ATTRIBUTES in due.types:
            yield common.told_or_not(page, due)
