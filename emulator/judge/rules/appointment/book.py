"""The book of the appointment API, and what its rules have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.named import WORK_ORDER
from emulator.judge.rule import FINE, Mark, shows
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules import common
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

APPOINTMENT: Final = Rulebook("MEF137", "appointment")
API: Final = APPOINTMENT.api

MADE: Final = shows(API, KIND, "create")
READ: Final = shows(API, KIND, "retrieve")
LISTED: Final = shows(API, KIND, "list")
SHOWN: Final = shows(API, KIND)
CHANGED: Final = shows(API, KIND, "patch")

BUYERS: Final = "buyerAppointmentContact"
PLACES: Final = "appointmentPlaceContact"
SELLERS: Final = "sellerAppointmentContact"
CANCELLED: Final = "cancelled"
SPELT: Final = {"canceled": CANCELLED}
"""A status as a clause spells it, and as the contract does."""
ENDED: Final = ("completed", "missed", "failed", CANCELLED, *SPELT)
"""States in which an appointment stays."""
OPEN: Final = ("confirmed", "inProgress")
OVER: Final = ("completed", "unableToComplete", "cancelled")
"""States in which a work order stays."""
UNPROCESSABLE: Final = 422


def searched_for(body: Any) -> tuple[str, ...]:
    """The ids of the work orders that a search for slots is for: its `workOrder`, or those among its `relatedEntity`."""
    entities = [one for _, one in every(body, "/relatedEntity/*") if _is_work_order(one)]
    found = (at(body, "/workOrder/id"), *(at(one, "/id") for one in entities))
    return tuple(dict.fromkeys(each for each in found if isinstance(each, str)))


def _is_work_order(entity: Any) -> bool:
    called = at(entity, "/@referredType")
    return isinstance(called, str) and called.lower() == WORK_ORDER


def roles_of(value: Any) -> set[str]:
    """The roles of the contacts that a resource or a request names."""
    return {role for _, role in every(value, "/relatedContactInformation/*/role") if isinstance(role, str)}


def work_order_of(life: Life) -> str | None:
    """The id of the work order that an appointment is for."""
    for body in (*(shown.value for shown in life.shown), life.request):
        if isinstance(found := at(body, "/workOrder/id"), str):
            return found
    return None


def appointment_of(said: Said) -> Life | None:
    """The appointment that a path names."""
    return said.run.life(KIND, said.exchange.path_params.get("id"))


def last_status(life: Life | None, before: Exchange) -> Any:
    """The status that an appointment, or the state that a work order, was last shown in before an exchange."""
    shown = life.last_before(before, whole=False) if life else None
    return at(shown.value, life.kind.state_at) if shown and life else MISSING


def last_whole(life: Life | None, before: Exchange) -> Shown | None:
    """The last whole sighting before an exchange."""
    return life.last_before(before) if life else None


def work_order(run: Run, identifier: Any) -> Life | None:
    """What was seen of a work order."""
    return run.life(WORK_ORDER, identifier)


def is_inverted(period: Any) -> bool:
    """Whether a period ends before it begins."""
    begin, end = common.moment(at(period, "/startDateTime")), common.moment(at(period, "/endDateTime"))
    return begin is not None and end is not None and end < begin


def fits_contract(said: Said) -> bool:
    """Whether the request is as its contract asks, whoever made it: then no schema explains a refusal."""
    exchange = said.exchange
    contract = said.run.release.contract(str(exchange.api), exchange.kind)
    return not contract.request_breaches(str(exchange.operation), exchange.request, advisory=False)


def refused_rightly(said: Said, why: str, *, reading: tuple[str, str] | None = None) -> Iterator[Mark]:
    """The answer to what has to be refused with 422: `reading` is the one by which another code of 4xx is wrong.

    An answer of 401, 403 and the like, or a fault of the Seller's own, tells nothing; neither does another code where the
    contract refuses the request for itself.
    """
    if said.status == UNPROCESSABLE:
        yield FINE
    elif 200 <= said.status < 300:  # noqa: PLR2004
        yield breach("", UNPROCESSABLE, said.status, f"answered {said.status}, though {why}")
    elif 400 <= said.status < 500 and said.status not in common.TELLS_NOTHING and fits_contract(said):  # noqa: PLR2004
        message = f"refused with {said.status}, though {why}; expected 422"
        yield breach("", UNPROCESSABLE, said.status, message, reading=reading)


def key_of(entry: Mapping[str, Any], member: str) -> tuple[Any, ...]:
    """What tells a note or an attachment from the others of its list."""
    if member == "note":
        return (entry.get("id"),)
    if isinstance(entry.get("attachmentId"), str):
        return (entry["attachmentId"],)
    return entry.get("name"), entry.get("author")


def entries_of(value: Any, member: str) -> list[Mapping[str, Any]]:
    """The objects in a list of a resource."""
    return [entry for _, entry in every(value, f"/{member}/*") if isinstance(entry, dict)]


def is_among(entry: Mapping[str, Any], others: list[Mapping[str, Any]], member: str) -> bool:
    """Whether a note or an attachment stands in a list: by its id where both have one, else by name and author."""
    names = (entry.get("name"), entry.get("author"))
    for other in others:
        if key_of(other, member) == key_of(entry, member):
            return True
        both = member == "attachment" and {"attachmentId"} <= entry.keys() and {"attachmentId"} <= other.keys()
        if member == "attachment" and not both and (other.get("name"), other.get("author")) == names:
            return True
    return False
