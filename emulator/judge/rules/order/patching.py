"""PATCH of an order (MEF 123, 6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import (
    FINE,
    Mark,
)
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import ITEMS, PATCH, PATCHED, PLACE, objects_of
from emulator.judge.run import Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, as_json, at, every

# 6.2, PATCH of an order

_UPDATABLE: Final = ("externalId", "note", "productOrderItem", "projectId", "relatedContactInformation")
_ITEM_UPDATABLE: Final = ("endCustomerName", "note", "relatedBuyerPON", "relatedContactInformation")


@ORDER.rule("R52", on=PATCH)
def patches_change_something(said: Said) -> Iterator[Mark]:
    """A PATCH of an order has an attribute that can be updated."""
    if isinstance(said.body, dict):
        there = [name for name in _UPDATABLE if given(said.body.get(name))]
        yield hold("", bool(there), expected=" or ".join(_UPDATABLE), found=sorted(said.body),
                   message="the PATCH has none of the attributes of an order that can be updated")  # fmt: skip


@ORDER.rule(("R53", "R55"), on=PATCH)
def patched_items_change_something(said: Said) -> Iterator[Mark]:
    """Each item of a PATCH has an attribute that can be updated, beside its id."""
    for place, item in objects_of(said.body):
        if any(given(item.get(name)) for name in _ITEM_UPDATABLE):
            yield FINE
        else:
            only_id = set(item) == {"id"}
            yield breach(place, " or ".join(_ITEM_UPDATABLE), sorted(item),
                         f"{place} has none of the attributes of an item that can be updated",
                         reading=("patch-item-by-id-alone", "forbidden") if only_id else None)  # fmt: skip


@ORDER.rule("R54", on=PATCH)
def patched_items_are_named(said: Said) -> Iterator[Mark]:
    """Each item of a PATCH has the id of an item of the order."""
    last = _last_order(said)
    known = [item.get("id") for _, item in objects_of(last.value)] if last else []
    for place, item in objects_of(said.body):
        found = item.get("id", MISSING)
        if not given(found):
            yield breach(f"{place}/id", "the id of an item", found, f"{place}/id is missing")
        elif isinstance(found, str):
            yield hold(f"{place}/id", not known or found in known, expected=known, found=found,
                       message=f"{place}/id is {as_json(found)}, and the order has no such item")  # fmt: skip


def _last_order(said: Said) -> Shown | None:
    """The order of a path as it was last shown before this exchange."""
    life = said.run.life(ORDERS, said.exchange.path_params.get("id"))
    return life.last_before(said.exchange) if life else None


def _patched(said: Said, member: str) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Each list of a PATCH (place, entries) with what the order showed in its stead before."""
    last = _last_order(said)
    if last is None or not isinstance(said.asked, dict):
        return
    before = {item.get("id"): item for _, item in objects_of(last.value) if isinstance(item.get("id"), str)}
    holders: list[tuple[str, Any, Any]] = [("", said.asked, last.value)]
    for place, item in objects_of(said.asked):
        if isinstance(item.get("id"), str) and item["id"] in before:
            holders.append((place, item, before[item["id"]]))
    for place, holder, old in holders:
        asked, known = holder.get(member), old.get(member)
        if isinstance(asked, list):
            yield f"{place}/{member}", asked, known if isinstance(known, list) else []


def _is_sellers(contact: Any) -> bool:
    role = at(contact, "/role")
    return isinstance(role, str) and role.startswith("seller")


def _take_contacts(known: dict[str | None, list[Any]], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        for pattern in _CONTACT_PLACES if life.kind.name == ORDERS and shown.whole else ():
            contacts = known.setdefault(life.id, [])
            contacts += [contact for _, contact in every(shown.value, pattern) if contact not in contacts]


_CONTACT_PLACES: Final = ("/relatedContactInformation/*", "/productOrderItem/*/relatedContactInformation/*")
_CONTACTS: Final[Fold[dict[str | None, list[Any]]]] = Fold(dict, _take_contacts)
"""The contacts that were shown of an order, on any level: the Buyer can repeat any of them in good faith."""


@ORDER.rule("R56", on=PATCH)
def buyers_leave_the_sellers_contacts(said: Said) -> Iterator[Mark]:
    """Contacts of the seller stand in a PATCH as they were, if at all."""
    for place, asked, known in _patched(said, "relatedContactInformation"):
        theirs = [contact for contact in known if _is_sellers(contact)]
        ever = said.run.known(_CONTACTS, before=said.exchange).get(said.exchange.path_params.get("id"), [])
        for index, contact in enumerate(asked):
            if _is_sellers(contact):
                yield hold(f"{place}/{index}", _among(contact, ever), expected=theirs, found=contact,
                           message=f"{place}/{index} changes a contact of the seller's")  # fmt: skip
            else:
                yield FINE
        for contact in theirs:
            if not any(_is_sellers(one) and one.get("role") == contact["role"] for one in asked):
                yield breach(place, contact["role"], [at(one, "/role") for one in asked],
                             f"{place} leaves out the seller's contact {contact['role']}; a list is sent whole",
                             hint=True)  # fmt: skip
        if place == "/relatedContactInformation":
            yield from _other_contacts(place, asked, known)


def _other_contacts(place: str, asked: list[Any], known: list[Any]) -> Iterator[Mark]:
    for index, contact in enumerate(asked):
        role = at(contact, "/role")
        if not _is_sellers(contact) and role != "productOrderContact" and not _among(contact, known):
            yield breach(f"{place}/{index}", "productOrderContact alone is updated", role,
                         f"{place}/{index} updates the contact {role}",
                         reading=("patch-contacts-of-order", "order-contact"))  # fmt: skip


def _among(value: Any, others: list[Any]) -> bool:
    """Whether an object is one of these, members that one of the two alone has left aside where they are empty."""
    return any(_filled(value) == _filled(other) for other in others)


def _filled(value: Any) -> Any:
    return {k: v for k, v in value.items() if given(v)} if isinstance(value, dict) else value


@ORDER.rule("R56", name="answer", on=PATCHED)
def patches_leave_the_sellers_contacts(said: Said) -> Iterator[Mark]:
    """After a PATCH that has contacts, those of the seller are not what the buyer made of them."""
    if not isinstance(said.body, dict):
        return
    for place, asked, known in _patched(said, "relatedContactInformation"):
        theirs = [contact for contact in known if _is_sellers(contact)]
        holder = place.rpartition("/")[0]
        item = at(said.asked, holder)
        shown = _shown_contacts(said.body, item.get("id") if holder else None)
        changed = [contact for contact in asked if _is_sellers(contact) and not _among(contact, theirs)]
        for here, contact in shown:
            if _is_sellers(contact):
                yield hold(here, not _among(contact, changed), expected=theirs, found=contact,
                           message=f"{here} is a contact of the seller's, and the PATCH could change it")  # fmt: skip


def _shown_contacts(order: Any, item: Any) -> list[tuple[str, Any]]:
    if item is None:
        return list(every(order, "/relatedContactInformation/*"))
    return [
        (f"{place}{where}", contact)
        for place, value in objects_of(order)
        if value.get("id") == item
        for where, contact in every(value, "/relatedContactInformation/*")
    ]


@ORDER.rule("R57", on=PATCH | PLACE)
def buyers_sign_their_notes(said: Said) -> Iterator[Mark]:
    """Notes of an order, and those that are new in a PATCH, have source buyer."""
    if said.exchange.operation == "createProductOrder":
        fresh = [*every(said.body, "/note/*"), *every(said.body, f"{ITEMS}/note/*")]
    else:
        fresh = [
            (f"{p}/{i}", note) for p, asked, known in _patched(said, "note") for i, note in _new_notes(asked, known)
        ]
    for place, note in fresh:
        source = at(note, "/source")
        if isinstance(source, str):
            yield hold(f"{place}/source", source == "buyer", expected="buyer", found=source,
                       message=f"{place}/source of a new note is {source}; the buyer wrote it")  # fmt: skip


@ORDER.rule("R21", name="buyer", on=PATCH)
def buyers_leave_notes_as_they_are(said: Said) -> Iterator[Mark]:
    """Notes that the order has already stand in a PATCH as they were, if at all."""
    for place, asked, known in _patched(said, "note"):
        old = {identifier: note for note in known if isinstance(identifier := at(note, "/id"), str)}
        for index, note in enumerate(asked):
            was = old.get(identifier) if isinstance(identifier := at(note, "/id"), str) else None
            if not isinstance(was, dict):
                continue
            changed = [
                n for n in _NOTE if given(note.get(n)) and given(was.get(n)) and not common.same(was[n], note[n])
            ]
            for name in changed:
                yield breach(f"{place}/{index}/{name}", was[name], note[name],
                             f"{place}/{index}/{name} is not what note {identifier} has; a note is not changed")  # fmt: skip
            if not changed:
                yield FINE


_NOTE: Final = ("author", "date", "source", "text")


def _new_notes(asked: list[Any], known: list[Any]) -> list[tuple[int, Any]]:
    ids = {identifier for note in known if isinstance(identifier := at(note, "/id"), str)}
    return [
        (index, note)
        for index, note in enumerate(asked)
        if isinstance(at(note, "/id"), str) and at(note, "/id") not in ids
    ]


@ORDER.rule("R58", on=PATCH)
def notes_are_appended(said: Said) -> Iterator[Mark]:
    """Where a PATCH has a new note, the notes that were there before stand in front of it."""
    for place, asked, known in _patched(said, "note"):
        fresh = _new_notes(asked, known)
        if not fresh:
            continue
        sent = [at(note, "/id") for note in asked]
        old = [at(note, "/id") for note in known if isinstance(at(note, "/id"), str)]
        lost = [identifier for identifier in old if identifier not in sent]
        if lost:
            yield breach(place, old, sent, f"{place} leaves out the notes {', '.join(lost)}, which were there before",
                         reading=("patch-notes", "whole-list"))  # fmt: skip
            continue
        behind = [identifier for identifier in old if sent.index(identifier) > fresh[0][0]]
        yield hold(f"{place}/{fresh[0][0]}", not behind, expected=f"behind {', '.join(old)}", found=sent,
                   message=f"{place}/{fresh[0][0]} is new and stands before notes that were there already")  # fmt: skip
