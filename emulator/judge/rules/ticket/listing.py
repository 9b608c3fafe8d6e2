"""Lists of tickets and of incidents (MEF 124, 6.2, 6.7 and 7.1.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from emulator.judge.named import INCIDENT
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import Mark
from emulator.judge.rulebook import given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import Filter
from emulator.judge.rules.common.parts import last_seen
from emulator.judge.rules.ticket.book import DONE, INCIDENTS_LISTED, LISTED, TICKET
from emulator.judge.run import Said
from emulator.record.payload import at


def _dated(*names: str, moves: tuple[str, ...] = ()) -> dict[str, Filter]:
    ways = ("gt", "lt")
    return {f"{name}.{way}": Filter(f"/{name}", way, moves=name in moves) for name in names for way in ways}


_ENTITY: Final = {
    "relatedEntityId": Filter("/relatedEntity/*/id"),
    "relatedEntityType": Filter("/relatedEntity/*/@referredType", default="Product"),
}
_MOVES: Final = (
    "status",
    "sellerPriority",
    "sellerSeverity",
    "priority",
    "severity",
    "observedImpact",
    "impact",
    "externalId",
)
_TICKETS: Final[Mapping[str, Filter]] = {
    **{
        name: Filter(f"/{name}", moves=name in _MOVES)
        for name in (
            "externalId",
            "priority",
            "sellerPriority",
            "severity",
            "sellerSeverity",
            "ticketType",
            "status",
            "observedImpact",
        )
    },
    **_ENTITY,
    **_dated(
        "creationDate",
        "expectedResolutionDate",
        "resolutionDate",
        moves=("expectedResolutionDate", "resolutionDate"),
    ),
}
_INCIDENTS: Final[Mapping[str, Filter]] = {
    **{
        name: Filter(f"/{name}", moves=name in _MOVES)
        for name in ("priority", "severity", "impact", "incidentType", "status")
    },
    **_ENTITY,
    **_dated(
        "creationDate",
        "situationStartDate",
        "expectedClosedDate",
        "closedDate",
        moves=("situationStartDate", "expectedClosedDate", "closedDate"),
    ),
}

common.filters(TICKET, "O6", "listTroubleTicket", _TICKETS)
common.filters(TICKET, "O7", "listIncident", _INCIDENTS)
common.filters(
    TICKET,
    "W124-incident-filters",
    "listIncident",
    {name: filter_ for name, filter_ in _INCIDENTS.items() if name != "impact"},
)
common.nothing_found_is_200(TICKET, "R24", "listTroubleTicket")
common.nothing_found_is_200(TICKET, "R49", "listIncident")
common.no_doubles(TICKET, (), "listTroubleTicket")
common.no_doubles(TICKET, (), "listIncident", name="incident.doubles")
common.pages(TICKET, (), "listTroubleTicket")
common.pages(TICKET, (), "listIncident", name="incident.pages")
common.lists_all(TICKET, (), KIND, _TICKETS)
common.lists_all(TICKET, (), INCIDENT, _INCIDENTS, name="incident.whole")
common.cut_pages_say_so(TICKET, "R72", "listTroubleTicket", "listIncident")

_EVERY: Final = ("/id", "/relatedEntity", "/priority", "/severity", "/status", "/creationDate")
TICKET.present("R23", "/*", *_EVERY, "/observedImpact", "/sellerPriority", "/sellerSeverity", "/ticketType", on=LISTED)
_ENTRY: Final = ("R48", "W124-incident-entry")
TICKET.present(_ENTRY, "/*", *_EVERY, "/description", "/incidentType", "/situationStartDate", on=INCIDENTS_LISTED)
TICKET.present("R48", "/*", "/impact", on=INCIDENTS_LISTED, name="impact")


@TICKET.rule("R23", on=LISTED, name="set")
def entries_have_what_is_set(said: Said) -> Iterator[Mark]:
    """externalId, expectedResolutionDate and resolutionDate of each entry, where a whole look showed them before."""
    for shown, life in said.lived():
        earlier = last_seen(life, said.exchange)
        dated = shown.value.get("status") in DONE and earlier is not None and earlier.value.get("status") in DONE
        names = ("/externalId", "/expectedResolutionDate", *(("/resolutionDate",) if dated else ()))
        for name in names if earlier else ():
            if earlier and given(at(earlier.value, name)):
                yield hold(
                    shown.place + name,
                    given(at(shown.value, name)),
                    expected=at(earlier.value, name),
                    message=f"{shown.place + name} is missing; exchange {earlier.exchange.n} showed it",
                )


@TICKET.rule(_ENTRY, on=INCIDENTS_LISTED, name="set")
def entries_of_incidents_have_what_is_set(said: Said) -> Iterator[Mark]:
    """ExpectedClosedDate and closedDate of each entry, where a whole look showed them before."""
    for shown, life in said.lived():
        earlier = last_seen(life, said.exchange)
        for name in ("/expectedClosedDate", "/closedDate") if earlier else ():
            if earlier and given(at(earlier.value, name)):
                yield hold(
                    shown.place + name,
                    given(at(shown.value, name)),
                    expected=at(earlier.value, name),
                    message=f"{shown.place + name} is missing; exchange {earlier.exchange.n} showed it",
                )
