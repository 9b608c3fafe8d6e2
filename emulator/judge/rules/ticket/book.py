"""The rulebook of MEF 124, and what its modules share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from emulator.judge.acting import acts_on, between
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import requests, responses
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules.common.parts import last_seen
from emulator.judge.run import Life, Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import at

API: Final = "troubleTicket"
TICKET: Final = Rulebook("MEF124", API)

ASKED: Final = requests(API, "createTroubleTicket")
CREATED: Final = responses(API, "createTroubleTicket")
PATCH: Final = requests(API, "patchTroubleTicket")
PATCHED: Final = responses(API, "patchTroubleTicket")
READ: Final = responses(API, "retrieveTroubleTicket")
SHOWN: Final = CREATED | READ | PATCHED
LISTED: Final = responses(API, "listTroubleTicket")
INCIDENT_READ: Final = responses(API, "retrieveIncident")
INCIDENTS_LISTED: Final = responses(API, "listIncident")

TICKET_EVENTS: Final = (
    "troubleTicketAttributeValueChangeEvent",
    "troubleTicketInformationRequiredEvent",
    "troubleTicketResolvedEvent",
    "troubleTicketStatusChangeEvent",
)
LISTENERS: Final = tuple(f"listenTo{name[0].upper()}{name[1:]}" for name in TICKET_EVENTS)
DONE: Final = ("resolved", "closed")
ENDING: Final = ("assessingCancellation", "cancelled")
OVER: Final = (*DONE, *ENDING)
"""Statuses that a ticket does not leave without the Buyer but for others of these."""
TWICE: Final = (
    "/note",
    "/attachment",
    "/relatedContactInformation",
    "/relatedEntity",
    "/relatedIssue",
    "/workOrder",
)
"""Lists in which nobody means the same entry twice. In a history, what went to and fro within a moment stands twice."""
HOUR: Final = timedelta(hours=1)
"""By how much what was done first may be dated later: not all systems of a Seller's go by one clock."""
CLOSURE: Final = "closureRejection"
"""The author of the note that says why a ticket was reopened."""


def changeable(run: Run, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these members that the contract lets a Buyer change."""
    known = run.release.contract(API).definitions["TroubleTicket_Update"]["properties"]
    return tuple(name for name in names if name in known)


def life_of(run: Run, exchange: Exchange) -> Life | None:
    """What is known of the ticket that a path names."""
    return run.life(KIND, exchange.path_params.get("id"))


def ticket_before(said: Said) -> Any:
    """The ticket that a path names as the same Buyer saw it last, whole, before this exchange; None where it did not."""
    seen = last_seen(life_of(said.run, said.exchange), said.exchange)
    return seen.value if seen else None


def status_before(run: Run, exchange: Exchange) -> str | None:
    """The status of the ticket that a path names when it was last seen, if nothing was asked of it since; None where nobody
    can say.
    """
    life = life_of(run, exchange)
    seen = life.last_before(exchange, whole=False) if life else None
    if life is None or seen is None:
        return None
    since = [act for act in between(acts_on(run, life), seen.exchange, exchange) if act.n != exchange.n]
    status = at(seen.value, "/status")
    return status if isinstance(status, str) and not since else None
