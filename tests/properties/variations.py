"""Ways in which a right Seller says the same otherwise, all through a run: the judge finds nothing, whatever it is used to."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any, Final

from emulator.record.exchange import Exchange, Response
from emulator.standard.instant import read_instant
from tests.properties.legal import APIS
from tests.properties.mutations import is_told

Vary = Callable[[Any], Any]
"""Another way to say a value of a message; it is asked of each value, from the inside to the outside."""

EAST: Final = timezone(timedelta(hours=5, minutes=45))
LISTS: Final = ("note", "attachment", "relatedContactInformation", "relatedIssue", "statusChange", "workOrder", "task")


def _moments(say: Callable[[str], str]) -> Vary:
    def vary(value: Any) -> Any:
        return say(value) if isinstance(value, str) and "T" in value and read_instant(value) is not None else value

    return vary


def _members(change: Callable[[dict[str, Any]], Mapping[str, Any]], *where: str) -> Vary:
    """What is changed of objects that have all of these members."""

    def vary(value: Any) -> Any:
        return change(value) if isinstance(value, dict) and value.keys() >= set(where) else value

    return vary


def _without(*names: str, where: tuple[str, ...]) -> Vary:
    return _members(lambda value: {name: one for name, one in value.items() if name not in names}, *where)


def _sellers(contact: dict[str, Any], **other: str) -> dict[str, Any]:
    is_theirs = contact["role"].startswith(("seller", "incident", "techni"))
    return {**contact, **other} if is_theirs else contact


def _empty_lists(value: dict[str, Any]) -> dict[str, Any]:
    return {"note": [], "attachment": [], "relatedIssue": [], **value}


def _backwards(value: dict[str, Any]) -> dict[str, Any]:
    return {name: one[::-1] if name in LISTS and isinstance(one, list) else one for name, one in value.items()}


def _with_desk(value: dict[str, Any]) -> dict[str, Any]:
    """What names the Seller's desk names another one: a ticket, and the list that the Buyer sends back."""
    people = value["relatedContactInformation"]
    if not any(each.get("role") == "sellerTicketContact" for each in people):
        return value
    duty = {"role": "sellerEscalationContact", "name": "Duty", "emailAddress": "duty@sund.example", "number": "+47 1"}
    return {**value, "relatedContactInformation": [*people, duty]}


TICKET: Final = ("ticketType", "relatedContactInformation")
INCIDENT: Final = ("incidentType", "relatedContactInformation")
ISSUE: Final = ("severity", "relatedEntity")
CONTACT: Final = ("role", "emailAddress")
VARIATIONS: Final[Mapping[str, Vary]] = {
    "moments in small letters": _moments(str.lower),
    "moments with an offset": _moments(lambda text: _at(text).astimezone(EAST).isoformat()),
    "moments in whole seconds": _moments(lambda text: _at(text).replace(microsecond=0).isoformat()),
    "moments in microseconds": _moments(lambda text: _at(text).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")),
    "lists in another order": _members(_backwards),
    "no links": _without("href", where=ISSUE),
    "no history": _without("statusChange", where=ISSUE),
    "no words for changes": _without("changeReason", where=("changeDate",)),
    "no date that is expected": _without("expectedResolutionDate", where=("ticketType",)),
    "lists that are empty": _members(_empty_lists, *TICKET),
    "lists of incidents that are empty": _members(_empty_lists, *INCIDENT),
    "other people": _members(lambda value: _sellers(value, name="Pia Dahl", emailAddress="pia@sund.example"), *CONTACT),
    "people without an organization": _members(
        lambda value: _sellers({k: v for k, v in value.items() if k != "organization" or "seller" not in v.lower()}), *CONTACT
    ),
    "people with an extension": _members(lambda value: _sellers(value, numberExtension="12"), *CONTACT),
    "a desk beside the one that is named": _members(_with_desk, "relatedContactInformation"),
    "what the Seller thinks of it": _members(
        lambda value: {**value, "sellerPriority": "low", "sellerSeverity": "minor"}, "ticketType"
    ),
    "words for changes": _members(lambda value: {**value, "changeReason": "It is so"}, "changeDate", "status"),
    "other texts of the Seller's": _members(
        lambda value: {**value, "text": "As we said"} if value["source"] == "seller" else value, "text", "source"
    ),
    "attachments that have a size": _members(
        lambda value: {**value, "size": {"amount": 2.5, "units": "MBYTES"}}, "attachmentId"
    ),
}  # fmt: skip
"""By what is said otherwise. Each of them is as right as what is said in the run."""


def _at(text: str) -> Any:
    found = read_instant(text)
    assert found is not None
    return found


def said_otherwise(exchanges: Iterable[Exchange], vary: Vary) -> tuple[Exchange, ...]:
    """A run in which the Seller says all of it otherwise."""
    return tuple(_varied(each, vary) for each in exchanges)


def _varied(exchange: Exchange, vary: Vary) -> Exchange:
    response = exchange.response
    if exchange.api not in APIS or response is None or response.status >= 300:
        return exchange
    if not is_told(exchange) and response.raw:
        exchange = replace(exchange, response=Response(response.headers, _said(response.body, vary), response.status))
    if is_told(exchange) or exchange.request.method == "PATCH":  # who changes something sends back what it was told
        exchange = replace(exchange, request=replace(exchange.request, raw=_said(exchange.request.body, vary)))
    return exchange


def _said(body: Any, vary: Vary) -> bytes:
    return json.dumps(_through(copy.deepcopy(body), vary)).encode()


def _through(value: Any, vary: Vary) -> Any:
    if isinstance(value, dict):
        value = {name: _through(one, vary) for name, one in value.items()}
    elif isinstance(value, list):
        value = [_through(one, vary) for one in value]
    return vary(value)
