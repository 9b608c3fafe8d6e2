"""Incidents as they are read, and how they live (MEF 124, 6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from emulator.judge.acting import is_denied
from emulator.judge.named import INCIDENT, PRODUCT
from emulator.judge.rule import FINE, Mark, Remark, on_request
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common.parts import entries, kept, last_seen
from emulator.judge.rules.common.telling import ours
from emulator.judge.rules.ticket.book import HOUR, INCIDENT_READ, INCIDENTS_LISTED, TICKET, TWICE
from emulator.judge.rules.ticket.living import HISTORY
from emulator.judge.run import Run, Said
from emulator.record.payload import at, every
from emulator.standard.breach import Breach, Check

_MACHINE: Final = common.Machine("incident", state="/status", untold=("created",), history=HISTORY)

common.unknown_is_404(TICKET, "R50", "retrieveIncident", INCIDENT)
common.keeps_id(TICKET, (), INCIDENT, name="incident.id")
common.stays(TICKET, (), INCIDENT, name="incident.stays")
common.agrees(TICKET, (), INCIDENT, "/creationDate", hint=True, name="incident.agrees")
common.no_twins(TICKET, (), INCIDENT, *TWICE, name="incident.twins")
_SEEN: Final = INCIDENT_READ | INCIDENTS_LISTED
common.past(TICKET, "/creationDate", "/closedDate", "/statusChange/*/changeDate", on=_SEEN, name="incident.future")
common.in_order(TICKET, "/creationDate", "/closedDate", on=_SEEN, name="incident.date-order")
common.in_order(
    TICKET, "/creationDate", "/statusChange/*/changeDate", on=INCIDENT_READ, name="incident.change-order", slack=HOUR
)
common.goes_legally(TICKET, "R54", _MACHINE, on=INCIDENT_READ | INCIDENTS_LISTED)
common.tells_history(TICKET, (), _MACHINE, on=INCIDENT_READ, name="incident.history")

_READ: Final = ("R51", "W124-incident-read")
TICKET.present(
    _READ,
    "",
    "/id",
    "/relatedEntity",
    "/description",
    "/priority",
    "/severity",
    "/incidentType",
    "/status",
    "/situationStartDate",
    "/creationDate",
    "/relatedContactInformation",
    on=INCIDENT_READ,
)
TICKET.present("R51", "", "/impact", on=INCIDENT_READ, name="impact")
TICKET.has_role(_READ, "", "incidentContact", on=INCIDENT_READ, name="contact")
TICKET.present("R53", "", "/closedDate", on=INCIDENT_READ, where=lambda value: value.get("status") == "closed")


@TICKET.rule("R70", on=INCIDENT_READ | INCIDENTS_LISTED)
def work_has_an_expected_end(said: Said) -> Iterator[Mark]:
    """Incidents that are inProgress have an expectedClosedDate."""
    for shown in said.shown:
        if shown.value.get("status") == "inProgress":
            found = at(shown.value, "/expectedClosedDate")
            yield hold(
                f"{shown.place}/expectedClosedDate",
                given(found),
                expected="a date",
                found=found,
                message="an incident that is inProgress has no expectedClosedDate",
            )


_OPTIONAL: Final = ("/expectedClosedDate", "/closedDate", "/attachment", "/note", "/relatedIssue")


@TICKET.rule("R52", on=INCIDENT_READ)
def what_was_set_stays(said: Said) -> Iterator[Mark]:
    """Optional attributes that an earlier look showed, in a list or by id, are still there."""
    for shown, life in said.lived():
        earlier = last_seen(life, said.exchange) or next(iter(life.before(said.exchange)[-1:]), None)
        for name in _OPTIONAL if earlier else ():
            if earlier and given(at(earlier.value, name)):
                yield hold(
                    shown.place + name,
                    given(at(shown.value, name)),
                    expected=at(earlier.value, name),
                    message=f"{shown.place + name} was there in exchange {earlier.exchange.n} and is gone",
                )


@TICKET.rule((), on=INCIDENT_READ, name="incident.notes")
def notes_of_incidents_stay(said: Said) -> Iterator[Mark]:
    """Each note of an incident that was there before is there as it was: so the contract describes them, and no clause, so that
    it is a hint.
    """
    for shown, life in said.lived():
        earlier = last_seen(life, said.exchange)
        for mark in (
            kept("note", entries(earlier.value, "note"), shown.value, f"{shown.place}/note", whose=_AGO)
            if earlier
            else ()
        ):
            yield replace(mark, check=Check.HINT) if isinstance(mark, Breach) else mark


_AGO: Final = "an earlier look"


@TICKET.at_end("R71")
def nobody_hears_of_others(run: Run) -> Iterator[Remark]:
    """Events of incidents, whose products the run knows: the Seller has one of them for this Buyer."""
    for life in run.lives(INCIDENT):
        named = {
            one for shown in life.shown for _, one in every(shown.value, "/relatedEntity/*/id") if isinstance(one, str)
        }
        if not life.told or not named or not ours(run, life.told[0]):
            continue
        event = life.told[0]
        if all(is_denied(run, PRODUCT, one) for one in named):
            yield on_request(
                event,
                breach(
                    "/event/id",
                    "an incident of the buyer's own products",
                    life.id,
                    f"incident {life.id} is of {', '.join(sorted(named))}, and the seller has no such "
                    "product for this buyer",
                ),
            )
        elif any((seen := run.life(PRODUCT, one)) is not None and seen.shown for one in named):
            yield on_request(event, FINE)
