"""Following an order: changes and disconnects, states, PATCH, lists, another delivery date (MEF 123, 6.1.7 to 6.7).

R46, R47 and R49 say what R28, R27 and R29 say and stand with them in `placing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.rule import (
    ANY_STATUS,
    FINE,
    REFUSED,
    Mark,
    Remark,
    on_response,
    requests,
    responses,
)
from emulator.judge.rulebook import ABSENT_VALUES, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import MODIFY_DATE, PRODUCT, QUOTE, Life, Run, Said, Shown, succeeded
from emulator.judge.run import ORDER as ORDERS
from emulator.standard.tables import attribute_table, state_table
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, escape, every

API: Final = "productOrder"
ITEMS: Final = "/productOrderItem/*"
CREATE_DATE: Final = str(MODIFY_DATE.create)
LIST_DATES: Final = str(MODIFY_DATE.listing)

PLACE: Final = requests(API, "createProductOrder")
PLACED: Final = responses(API, "createProductOrder")
ANSWERED: Final = responses(API, "createProductOrder", statuses=ANY_STATUS)
READ: Final = responses(API, "retrieveProductOrder")
SHOWN: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder")
SEEN: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder", "listProductOrder")
PATCH: Final = requests(API, "patchProductOrder")
PATCHED: Final = responses(API, "patchProductOrder")
ASK_DATE: Final = requests(API, CREATE_DATE)
ASKED_DATE: Final = responses(API, CREATE_DATE)
READ_DATE: Final = responses(API, str(MODIFY_DATE.retrieve))
SEEN_DATE: Final = responses(API, CREATE_DATE, str(MODIFY_DATE.retrieve), LIST_DATES)

OVER: Final = frozenset({"cancelled", "completed", "failed", "partial", "rejected"})
AT_WORK: Final = frozenset({"inProgress", "held", "pending", "completed"})
"""States of an item that the seller has taken on."""
ITEM_OVER: Final = frozenset(
    {"cancelled", "completed", "failed", "rejected", "rejected.unassessed", "rejected.validated"}
)


# 6.1.6, how items with a wrong term end

_MINUTES: Final = {
    "calendarMinutes": ("calendar", 1),
    "calendarHours": ("calendar", 60),
    "calendarDays": ("calendar", 1440),
}


def _span(duration: Any) -> Any:
    """A duration, so that 1 day is 24 hours; a business day is as long as the parties settled."""
    amount, units = at(duration, "/amount"), at(duration, "/units")
    kind, factor = _MINUTES.get(units, (units, 1)) if isinstance(units, str) else (units, 1)
    return (kind, amount * factor) if isinstance(amount, int | float) else (kind, amount)


def _same_term(asked: Any, other: Any) -> bool:
    """Whether two terms last equally long and end alike; their names and descriptions are free."""
    end = at(asked, "/endOfTermAction")
    same = end == at(other, "/endOfTermAction") and _span(at(asked, "/duration")) == _span(at(other, "/duration"))
    rolls = end != "roll" or _span(at(asked, "/rollInterval")) == _span(at(other, "/rollInterval"))
    return bool(same and rolls)


def _objects(body: Any, pattern: str = ITEMS) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((place, value) for place, value in every(body, pattern) if isinstance(value, dict))


def _action(action: str) -> Any:
    return lambda item: item.get("action") == action


@ORDER.rule("R37", on=SHOWN)
def unsupported_terms_are_rejected(said: Said) -> Iterator[Mark]:
    """Items to add whose term the seller does not take are `rejected`: those that it finds fault with for their
    term, and those that it gave another term than was asked for.
    """
    for place, item in _objects(said.body):
        if item.get("action") != "add":
            continue
        state, wanted = _text(item.get("state")), item.get("requestedItemTerm")
        faults = [path for _, path in every(item, "/terminationError/*/propertyPath") if isinstance(path, str)]
        if any("requestedItemTerm" in path for path in faults) and state in ITEM_OVER:
            yield hold(f"{place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{place} ended {state} for its term; such an item is rejected")  # fmt: skip
            continue
        agreed = at(item, "/itemTerm/0") if state in AT_WORK else MISSING
        if isinstance(wanted, dict) and isinstance(agreed, dict) and not _same_term(wanted, agreed):
            yield breach(f"{place}/itemTerm/0", wanted, agreed,
                         f"{place} has another term than was asked for; an item whose term the seller does not offer "
                         f"is rejected")  # fmt: skip


@ORDER.rule("R37", name="refused", on=responses(API, "createProductOrder", statuses=REFUSED))
def unsupported_terms_are_not_refused(said: Said) -> Iterator[Mark]:
    """Refusals of an order for the term of an item: the item should end in `rejected`, of an order that was taken."""
    for place, path in every(said.body, "/*/propertyPath"):
        if isinstance(path, str) and "requestedItemTerm" in path and _speaks_of_value(said.body, place):
            yield breach(place, "the order is taken, and the item rejected", path,
                         "the order was refused for the term of an item",
                         reading=("item-term-refused", "rejected-later"))  # fmt: skip


def _speaks_of_value(body: Any, place: str) -> bool:
    """Whether an entry of a 422 finds fault with a value; a term that is missing or malformed is refused rightly."""
    return at(body, place.rpartition("/")[0] + "/code") in ("invalidValue", "otherIssue")


@ORDER.rule("R38", on=SHOWN)
def terms_are_those_of_the_quote(said: Said) -> Iterator[Mark]:
    """Items to add with another term than the quote item they refer to end in `rejected`."""
    for place, item in _objects(said.body):
        if item.get("action") != "add" or not isinstance(item.get("requestedItemTerm"), dict):
            continue
        quoted = _quoted_terms(said, item)
        if not quoted or any(_same_term(item["requestedItemTerm"], term) for term in quoted):
            continue
        state = item.get("state")
        # Not yet looked at, or not at all since another item is at fault.
        if state not in ("acknowledged", "rejected.unassessed", None):
            yield hold(f"{place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{place} is {state}, though its term is not the one of the quote; expected rejected")  # fmt: skip


def _quoted_terms(said: Said, item: Mapping[str, Any]) -> list[Any]:
    """The terms that the quote item offered when it was last seen; one quoted as asked for has the term asked for."""
    life = said.run.life(QUOTE, at(item, "/quoteItem/quoteId"))
    shown = life.last_before(said.exchange) if life else None
    wanted = at(item, "/quoteItem/id")
    for _, quoted in _objects(shown.value if shown else None, "/quoteItem/*"):
        if quoted.get("id") == wanted:
            terms = [term for _, term in every(quoted, "/quoteItemTerm/*")]
            if quoted.get("state") == "approved.orderable" and "requestedQuoteItemTerm" in quoted:
                terms.append(quoted["requestedQuoteItemTerm"])
            return terms
    return []


# 6.1.7, items to modify

ORDER.present("R39", ITEMS, "/product/id", "/product/productConfiguration", on=PLACE, where=_action("modify"))


@ORDER.rule("R40", on=PLACE)
def changes_repeat_the_inventory(said: Said) -> Iterator[Mark]:
    """Offering, relationships and sites of items to modify, against what the inventory showed of the product last.

    Sites alone of the places: of others the inventory shows nothing.
    """
    for place, item in _objects(said.body):
        product = item.get("product")
        if item.get("action") != "modify" or not isinstance(product, dict):
            continue
        life = said.run.life(PRODUCT, product.get("id"))
        installed = life.last_before(said.exchange) if life else None
        if installed is not None:
            yield from _same_offering(f"{place}/product", product, installed)
            yield from _same_relations(f"{place}/product", product, installed)
            yield from _same_sites(f"{place}/product", product, installed)


def _same_offering(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    held, asked = at(installed.value, "/productOffering/id"), at(product, "/productOffering/id")
    if isinstance(held, str) and asked is MISSING:
        yield breach(f"{place}/productOffering", held, MISSING,
                     f"{place}/productOffering is left out; the inventory has {held}",
                     reading=("modify-offering", "repeated"))  # fmt: skip
    elif isinstance(held, str):
        yield hold(f"{place}/productOffering/id", asked == held, expected=held, found=asked,
                   message=f"{place}/productOffering is not the one of the inventory")  # fmt: skip
    elif isinstance(asked, str):
        yield breach(f"{place}/productOffering", MISSING, asked,
                     f"{place}/productOffering is given; the inventory shows none", hint=True)  # fmt: skip


def _same_relations(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    here = f"{place}/productRelationship"
    held, asked = _relations(installed.value), _relations(product)
    for kind, target in sorted(held - asked):
        yield breach(here, f"{kind} {target}", sorted(" ".join(one) for one in asked),
                     f"{here} leaves out {kind} {target}, which the inventory has")  # fmt: skip
    for kind, target in sorted(asked - held):
        yield breach(here, sorted(" ".join(one) for one in held), f"{kind} {target}",
                     f"{here} has {kind} {target}, which the inventory has not",
                     reading=("modify-relations", "unchanged"))  # fmt: skip
    if held and held == asked:
        yield FINE


def _relations(product: Any) -> set[tuple[str, str]]:
    return {
        (kind, target)
        for _, link in every(product, "/productRelationship/*")
        if isinstance(kind := at(link, "/relationshipType"), str) and isinstance(target := at(link, "/id"), str)
    }


def _same_sites(place: str, product: Mapping[str, Any], installed: Shown) -> Iterator[Mark]:
    held = {site for _, site in every(installed.value, "/relatedSite/*/id") if isinstance(site, str)}
    for where, spot in _objects(product, "/place/*") if held else ():
        if spot.get("@type") != "GeographicSiteRef" or not isinstance(spot.get("id"), str):
            continue
        if spot["id"] in held:
            yield FINE
        else:  # that relatedSite is what became of the places is our conclusion
            yield breach(f"{place}{where}/id", sorted(held), spot["id"],
                         f"{place}{where} is no site that the inventory has of the product", hint=True)  # fmt: skip


@ORDER.rule("R41", on=PLACE)
def changed_items_name_their_siblings(said: Said) -> Iterator[Mark]:
    """Relations of items to modify with others of the order: each leads to a sibling, and none is given as a relation
    with a product.
    """
    ids = {item["id"] for _, item in _objects(said.body) if isinstance(item.get("id"), str)}
    for place, item in _objects(said.body):
        if item.get("action") != "modify":
            continue
        siblings = ids - {_text(item.get("id"))}
        for where, target in every(item, "/productOrderItemRelationship/*/id"):
            if isinstance(target, str):
                yield hold(place + where, target in siblings, expected=sorted(siblings), found=target,
                           message=f"{place + where} is {target}, and no other item of the order has that id")  # fmt: skip
        for where, target in every(item, "/product/productRelationship/*/id"):
            if isinstance(target, str) and target in siblings and said.run.life(PRODUCT, target) is None:
                yield breach(place + where, "the id of a product", target,
                             f"{place + where} is the id of an item of this order; that relation belongs into "
                             f"productOrderItemRelationship")  # fmt: skip


ORDER.present("R42", ITEMS, "/requestedItemTerm", on=PLACE, where=_action("modify"))

_ACCOUNT: Final = re.compile(r"productOrderItem\W{1,3}(\d{1,6})\W{1,3}billingAccount\W*$")


@ORDER.rule("O7", on=ANSWERED)
def changes_do_without_an_account(said: Said) -> Iterator[Mark]:
    """Orders with items to modify: none is refused because billingAccount is there, or is not."""
    changes = {place for place, item in _objects(said.asked) if item.get("action") == "modify"}
    if changes and succeeded(said.exchange):
        yield FINE
    if not changes or said.status not in REFUSED:
        return
    for place, entry in _objects(said.body, "/*"):
        path = entry.get("propertyPath")
        named = _ACCOUNT.search(path) if isinstance(path, str) else None
        item = f"/productOrderItem/{named[1]}" if named else ""
        if item not in changes:
            continue
        there = given(at(said.asked, f"{item}/billingAccount"))
        unwanted = "unexpectedProperty" if there else "missingProperty"
        if entry.get("code") == unwanted:
            yield breach(f"{place}/code", "no complaint", unwanted,
                         f"the order was refused because billingAccount of an item to modify is "
                         f"{'given' if there else 'missing'}; the buyer can choose")  # fmt: skip


# 6.1.8, items to delete

ORDER.present("R43", ITEMS, "/product/id", on=PLACE, where=_action("delete"))

_BARE: Final = ("id", "action", "product")


@ORDER.rule("R44", on=PLACE)
def disconnects_say_no_more(said: Said) -> Iterator[Mark]:
    """The product of items to delete has nothing but its id (its href, which sellers ignore, and its type are passed over)."""
    for place, item in _objects(said.body):
        product = item.get("product")
        if item.get("action") != "delete" or not isinstance(product, dict):
            continue
        more = [name for name, value in product.items() if name not in ("id", "href", "@type") and value is not None]
        for name in more:
            here = f"{place}/product/{escape(name)}"
            yield breach(here, MISSING, product[name], f"{here} is given; a disconnect names its product by id alone")
        if not more:
            yield FINE
        for name in item:
            if name not in _BARE and given(item[name]):
                here = f"{place}/{escape(name)}"
                yield breach(here, MISSING, item[name], f"{here} is given; a disconnect has only product.id",
                             reading=("disconnect-item-members", "bare"))  # fmt: skip


# 6.1.9 and 6.1.10, states

ORDER_STATES: Final = common.Machine("productOrder")
ITEM_STATES: Final = common.Machine("productOrderItem", holder=ITEMS)

common.goes_legally(ORDER, (), ORDER_STATES, on=SEEN, name="order-path")
common.goes_legally(ORDER, (), ITEM_STATES, on=SHOWN, name="item-path")
common.fits_state_table(ORDER, (), "item-states", on=SHOWN, name="item-states")


@ORDER.rule(name="order-begins", on=PLACED)
def orders_begin_acknowledged(said: Said) -> Iterator[Mark]:
    """A new order and its items are acknowledged in the answer to the request that placed it."""
    for place, state in (("/state", at(said.body, "/state")), *every(said.body, f"{ITEMS}/state")):
        if isinstance(state, str):
            yield (
                FINE
                if state == "acknowledged"
                else breach(place, "acknowledged", state, f"{place} of a new order is {state}", hint=True)
            )


@ORDER.rule(name="states-at-rest", on=SHOWN)
def items_have_followed(said: Said) -> Iterator[Mark]:
    """No item lags behind the state of its order; the guide leaves to the seller which of the two moves first."""
    table = state_table(API, "item-states-at-rest")
    settled = table.allowed.get(_text(at(said.body, table.by)), ())
    possible = state_table(API, "item-states").allowed
    for place, state in every(said.body, table.items) if settled else ():
        if state in settled:
            yield FINE
        elif state in possible[at(said.body, table.by)]:
            yield breach(place, list(settled), state,
                         f"{place} is {state} while the order is {at(said.body, table.by)}", hint=True)  # fmt: skip


_NEEDED: Final = {
    "rejected": (("rejected",), False),
    "partial": (("completed", "failed"), False),
    "pending.assessingModification": (("pending",), True),
    "held.assessingCharge": (("held",), True),
}
"""Item states without which an order cannot be in a state, and whether one part may lag behind the other."""


@ORDER.rule(name="order-cause", on=SHOWN)
def order_states_have_a_cause(said: Said) -> Iterator[Mark]:
    """A state of the order that some item is the cause of: that item is there (tables 8 and 9)."""
    state = _text(at(said.body, "/state"))
    needed, lags = _NEEDED.get(state, ((), False))
    if not needed:
        return
    states = [at(item, "/state") for _, item in every(said.body, ITEMS)]
    if not all(isinstance(one, str) for one in states):
        return
    for one in needed:
        if one in states:
            yield FINE
        else:
            yield breach("/state", f"an item that is {one}", state,
                         f"the order is {state}, and none of its items is {one}", hint=lags)  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


# 6.1.11, what comes with a state


def _in_state(state: str) -> Any:
    return lambda value: value.get("state") == state


ORDER.present(("R45", "R62"), "", "/completionDate", on=READ, where=_in_state("completed"))
ORDER.present(("R48", "R62"), ITEMS, "/completionDate", on=READ, where=_in_state("completed"))


@ORDER.rule("R50", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def revised_dates_are_explained(said: Said) -> Iterator[Mark]:
    """Where expectedCompletionDate of an item has moved since the order was read before, the seller has added a note
    to the item or to the order. A date that moves at the buyer's request is no revision of the seller's.
    """
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for place, item, before in common.paired(shown, earlier, ITEMS):
            old, new = at(before, "/expectedCompletionDate"), at(item, "/expectedCompletionDate")
            if not (given(old) and given(new)) or common.same(old, new) or _text(item.get("state")) in ITEM_OVER:
                continue
            if _changes(said.run, life.id, item.get("id")):
                continue
            fresh = _sellers_notes(shown.value, item) - _sellers_notes(earlier.value, before)
            yield hold(f"{place}/expectedCompletionDate", bool(fresh), expected=old, found=new,
                       message=f"{place}/expectedCompletionDate has moved from {old} to {new}, and no new note of the "
                               f"seller's says why")  # fmt: skip


def _sellers_notes(order: Any, item: Any) -> set[tuple[str, str]]:
    return {
        (str(note.get("id")), str(note.get("text")))
        for holder in (order, item)
        for _, note in _objects(holder, "/note/*")
        if note.get("source") == "seller"
    }


common.keeps(ORDER, (), "", "/orderDate", "/completionDate", "/cancellationDate", on=SHOWN, name="order-dates")
common.keeps(ORDER, (), ITEMS, "/completionDate", on=SHOWN, name="item-dates")


@ORDER.rule(name="order-date-order", on=SEEN)
def orders_end_after_they_begin(said: Said) -> Iterator[Mark]:
    """An order's completionDate and cancellationDate are not before its orderDate."""
    for shown in said.shown:
        start = common.moment(shown.value.get("orderDate"))
        for name in ("completionDate", "cancellationDate"):
            end = common.moment(shown.value.get(name))
            if start is None or end is None:
                continue
            if end >= start:
                yield FINE
            else:
                place = f"{shown.place}/{name}"
                yield breach(place, f"{shown.value['orderDate']} or later", shown.value[name],
                             f"{place} is before orderDate", hint=True)  # fmt: skip


_LATER: Final = {
    "/completionDate": frozenset(OVER),
    "/cancellationDate": frozenset({"cancelled"}),
}
"""Attributes that tell of the end of an order, and the states that have them."""


@ORDER.rule(name="order-end-dates", on=SEEN)
def only_ended_orders_show_an_end(said: Said) -> Iterator[Mark]:
    """Orders that are over show completionDate, those that are cancelled cancellationDate, and no others do."""
    for shown in said.shown:
        for member, states in _LATER.items():
            found = at(shown.value, member)
            if not given(found) or not isinstance(shown.value.get("state"), str):
                continue
            if shown.value["state"] in states:
                yield FINE
            else:
                yield breach(shown.place + member, MISSING, found,
                             f"{shown.place + member} is given while the order is {shown.value['state']}", hint=True)  # fmt: skip


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
    for place, item in _objects(said.body):
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
    known = [item.get("id") for _, item in _objects(last.value)] if last else []
    for place, item in _objects(said.body):
        found = item.get("id", MISSING)
        if not given(found):
            yield breach(f"{place}/id", "the id of an item", found, f"{place}/id is missing")
        elif isinstance(found, str):
            yield hold(f"{place}/id", not known or found in known, expected=known, found=found,
                       message=f"{place}/id is {found}, and the order has no such item")  # fmt: skip


def _last_order(said: Said) -> Shown | None:
    """The order of a path as it was last shown before this exchange."""
    life = said.run.life(ORDERS, said.exchange.path_params.get("id"))
    return life.last_before(said.exchange) if life else None


def _patched(said: Said, member: str) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Each list of a PATCH (place, entries) with what the order showed in its stead before."""
    last = _last_order(said)
    if last is None or not isinstance(said.asked, dict):
        return
    before = {item.get("id"): item for _, item in _objects(last.value) if isinstance(item.get("id"), str)}
    holders: list[tuple[str, Any, Any]] = [("", said.asked, last.value)]
    for place, item in _objects(said.asked):
        if isinstance(item.get("id"), str) and item["id"] in before:
            holders.append((place, item, before[item["id"]]))
    for place, holder, old in holders:
        asked, known = holder.get(member), old.get(member)
        if isinstance(asked, list):
            yield f"{place}/{member}", asked, known if isinstance(known, list) else []


def _is_sellers(contact: Any) -> bool:
    role = at(contact, "/role")
    return isinstance(role, str) and role.startswith("seller")


@ORDER.rule("R56", on=PATCH)
def buyers_leave_the_sellers_contacts(said: Said) -> Iterator[Mark]:
    """Contacts of the seller stand in a PATCH as they were, if at all."""
    for place, asked, known in _patched(said, "relatedContactInformation"):
        theirs = [contact for contact in known if _is_sellers(contact)]
        ever = _contacts_ever_shown(said)
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


def _contacts_ever_shown(said: Said) -> list[Any]:
    """All contacts that were shown of the order before, on any level: the Buyer can repeat any of them in good faith."""
    life = said.run.life(ORDERS, said.exchange.path_params.get("id"))
    shown = [each.value for each in life.before(said.exchange) if each.whole] if life else []
    patterns = ("/relatedContactInformation/*", "/productOrderItem/*/relatedContactInformation/*")
    return [contact for value in shown for pattern in patterns for _, contact in every(value, pattern)]


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
        for place, value in _objects(order)
        if value.get("id") == item
        for where, contact in every(value, "/relatedContactInformation/*")
    ]


@ORDER.rule("R57", on=PATCH)
def buyers_sign_their_notes(said: Said) -> Iterator[Mark]:
    """Notes that are new in a PATCH have source buyer."""
    for place, asked, known in _patched(said, "note"):
        for index, note in _new_notes(asked, known):
            source = at(note, "/source")
            if isinstance(source, str):
                here = f"{place}/{index}/source"
                yield hold(here, source == "buyer", expected="buyer", found=source,
                           message=f"{here} of a new note is {source}; the buyer wrote it")  # fmt: skip


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


# 6.3, list of orders

_BY_DATE: Final = ("orderDate", "completionDate", "cancellationDate")

common.filters(
    ORDER,
    "O9",
    "listProductOrder",
    {
        **{name: common.Filter(f"/{name}") for name in ("state", "externalId", "projectId")},
        **{f"{name}.{way}": common.Filter(f"/{name}", way) for name in _BY_DATE for way in ("gt", "lt")},
    },
)

_ITEM_FILTERS: Final = {
    f"item{member[0].upper()}{member[1:]}.{way}": (f"{ITEMS}/{member}", way)
    for member in ("requestedCompletionDate", "expectedCompletionDate")
    for way in ("gt", "lt")
}


@ORDER.at_end("O10")
def lists_match_item_dates(run: Run) -> Iterator[Remark]:
    """Entries of a list of orders that was narrowed by dates of items, against reads of the orders before and after.

    A list does not show items, and their dates move: wrong is an entry that fits neither read.
    """
    for exchange in run.of("listProductOrder", api=API):
        for parameter, wanted in exchange.request.query:
            pattern, way = _ITEM_FILTERS.get(parameter, ("", ""))
            limit = common.moment(wanted.replace(" ", "+"))
            if not pattern or limit is None:
                continue
            for shown in run.shown(exchange):
                right = _fits_dates(run.life(ORDERS, shown.value["id"]), exchange, pattern, way, limit)
                if right is not None:
                    yield on_response(exchange, hold(
                        shown.place, right, expected=f"{parameter}={wanted}", found=shown.value["id"],
                        message=f"no item of {shown.place} matches the filter {parameter}={wanted}"))  # fmt: skip


def _fits_dates(life: Life | None, exchange: Exchange, pattern: str, way: str, limit: Any) -> bool | None:
    """Whether an item had such a date, None where the reads around the list do not tell."""
    if life is None:
        return None
    before = life.last_before(exchange)
    after = next((shown for shown in life.shown if shown.whole and shown.exchange.n > exchange.n), None)
    dates = [
        moment
        for shown in (before, after)
        for _, value in every(shown.value if shown else None, pattern)
        if (moment := common.moment(value)) is not None
    ]
    if any(moment >= limit if way == "gt" else moment <= limit for moment in dates):
        return True
    return False if before and after and dates else None


@ORDER.rule("R59", on=responses(API, "listProductOrder"))
def entries_show_what_is_set(said: Said) -> Iterator[Mark]:
    """Seven attributes of each entry, where an earlier read of the order showed them."""
    yield from _entries(
        said, "id", "cancellationDate", "completionDate", "externalId", "orderDate", "projectId", "state"
    )


def _entries(said: Said, *names: str) -> Iterator[Mark]:
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for name in names:
            found, here = shown.value.get(name, MISSING), f"{shown.place}/{name}"
            # An indicator that is false says the same as one left out, its default.
            if given(earlier.value.get(name)) and not (earlier.value[name] is False and found is MISSING):
                yield hold(here, given(found), expected=earlier.value[name], found=found,
                           message=f"{here} is missing, though exchange {earlier.exchange.n} showed it")  # fmt: skip


common.nothing_found_is_200(ORDER, "R60", "listProductOrder")
common.reads_agree(
    ORDER,
    (),
    ORDERS,
    "/orderDate",
    "/externalId",
    "/projectId",
    "/completionDate",
    "/cancellationDate",
    name="order-list",
)
common.pages(ORDER, (), "listProductOrder", name="order-pages")
common.no_doubles(ORDER, (), "listProductOrder", name="order-doubles")


# 6.4, one order

common.unknown_is_404(ORDER, (), "retrieveProductOrder", ORDERS, name="order-unknown")
common.keeps(ORDER, "R61", ITEMS, "/product/id", on=SHOWN, name="", message="stays once it is assigned")


@ORDER.at_end("R61", name="inventory")
def products_of_items_are_named(run: Run) -> Iterator[Remark]:
    """Items whose product the inventory has shown, with its reference to the item: they name the product."""
    made: dict[tuple[str, str], Shown] = {}
    for life in run.lives(PRODUCT):
        for shown in life.shown:
            for _, reference in _objects(shown.value, "/productOrderItem/*"):
                order, item = reference.get("productOrderId"), reference.get("productOrderItemId")
                if isinstance(order, str) and isinstance(item, str):
                    made.setdefault((order, item), shown)
    for order in run.lives(ORDERS) if made else ():
        for shown in order.shown:
            for place, item in _objects(shown.value) if shown.whole else ():
                product = made.get((order.id, _text(item.get("id"))))
                if product is not None and product.exchange.n < shown.exchange.n:
                    found = at(item, "/product/id")
                    yield on_response(shown.exchange, hold(
                        f"{place}/product/id", given(found), expected=product.value["id"], found=found,
                        message=f"{place}/product/id is missing, though exchange {product.exchange.n} showed the "
                                f"product in inventory"))  # fmt: skip


_DISPUTED: Final = {
    ("/expectedCompletionDate", state): ("expected-completion-date-after-end", "kept")
    for state in ("cancelled", "failed")
}
_NUMBERED: Final = {("/completionDate", "completed"), ("/expectedCompletionDate", "inProgress")}
"""Cells that have a requirement of their own: R45, R48, R28 with R46."""


def _spared(attribute: str, state: str, _holder: Mapping[str, Any]) -> bool:
    """Cells that other rules speak on: histories R19 and R23, what the buyer sent R16."""
    return attribute in ("/stateChange", "/relatedContactInformation") or (attribute, state) in _NUMBERED


common.required_by_table(ORDER, "R62", "order-attributes", on=READ, spared=_spared)
common.required_by_table(ORDER, "R62", "item-attributes", on=READ, disputed=_DISPUTED, spared=_spared, name="items")


@ORDER.rule("R62", name="blank", on=READ)
def blank_cells_are_empty(said: Said) -> Iterator[Mark]:
    """Attributes whose cell of table 10 or 11 is blank are not there, where the partners read a blank so."""
    for name in ("order-attributes", "item-attributes"):
        table = attribute_table(API, name)
        for place, holder in _objects(said.body, table.holder):
            state = _text(holder.get("state"))
            for attribute, cells in table.rows.items():
                found = at(holder, attribute) if cells.get(state) == "" else MISSING
                # completionDate of items has R29 and R49.
                if given(found) and (place == "" or attribute != "/completionDate"):
                    yield breach(place + attribute, MISSING, found,
                                 f"{place + attribute} is given, and its cell is blank ({table.number}: {state})",
                                 reading=("blank-cells", "forbidden"))  # fmt: skip


# 6.5, another delivery date


def _expedites(body: Any) -> bool:
    """Whether a request is about haste: it asks for it, or at least not for another date."""
    return at(body, "/expediteIndicator") is True or not given(at(body, "/requestedCompletionDate"))


def _about_haste(said: Said) -> bool:
    return isinstance(said.asked, dict) and _expedites(said.asked)


def _about_date(said: Said) -> bool:
    return isinstance(said.asked, dict) and not _expedites(said.asked)


ORDER.present("R63", "", "/productOrderItem", "/expediteIndicator", on=ASK_DATE, when=_about_haste)


@ORDER.rule("O11", on=responses(API, CREATE_DATE, statuses=ANY_STATUS), when=_about_haste)
def haste_needs_no_date(said: Said) -> Iterator[Mark]:
    """Requests to expedite without a date are not refused for that."""
    if at(said.asked, "/expediteIndicator") is not True:
        return
    dated = given(at(said.asked, "/requestedCompletionDate"))
    if succeeded(said.exchange):
        yield FINE
    for place, entry in _objects(said.body, "/*") if said.status in REFUSED else ():
        path = entry.get("propertyPath")
        about = isinstance(path, str) and "requestedCompletionDate" in path
        if about and entry.get("code") == ("unexpectedProperty" if dated else "missingProperty"):
            yield breach(f"{place}/code", "no complaint", entry["code"],
                         f"the request was refused because requestedCompletionDate is "
                         f"{'given' if dated else 'missing'}; the buyer can choose",
                         reading=None if dated else ("expedite-date", "optional"))  # fmt: skip


@ORDER.rule(name="expedite-date", on=ASK_DATE)
def haste_has_a_date(said: Said) -> Iterator[Mark]:
    """Requests to expedite say by when, where the partners read the standard so."""
    if at(said.body, "/expediteIndicator") is True:
        found = at(said.body, "/requestedCompletionDate")
        if given(found):
            yield FINE
        else:
            yield breach("/requestedCompletionDate", "a date", found, "a request to expedite says by when",
                         reading=("expedite-date", "required"))  # fmt: skip


_ANSWER: Final = ("/id", "/state", "/creationDate")


def _as_asked(said: Said, life: Life) -> Any:
    """What a request has to echo. An indicator that is false says the same as one left out, its default."""
    asked = life.request
    if isinstance(asked, dict) and asked.get("expediteIndicator") is False:
        shown = next((shown.value for shown in said.shown if shown.value["id"] == life.id), {})
        if "expediteIndicator" not in shown:
            return {name: value for name, value in asked.items() if name != "expediteIndicator"}
    return asked


def _echoes_request(label: str, *, haste: bool) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            asked = _as_asked(said, life)
            if life.asked is said.exchange and isinstance(asked, dict):
                yield from common.echo_marks(asked, shown.value, "", free=("href", "productOrderHref"))

    when = _about_haste if haste else _about_date
    ORDER.add(label, look, on=ASKED_DATE, about="each value of the request, in the answer", when=when)


ORDER.present("R64", "", *_ANSWER, on=ASKED_DATE, when=_about_haste)
_echoes_request("R65", haste=True)
ORDER.present("R66", "", "/productOrderItem", "/requestedCompletionDate", on=ASK_DATE, when=_about_date)
ORDER.present("R67", "", *_ANSWER, on=ASKED_DATE, when=_about_date)
_echoes_request("R68", haste=False)


@ORDER.rule(name="date-subject", on=ASK_DATE)
def dates_are_of_open_items(said: Said) -> Iterator[Mark]:
    """A request for another date is about an item of an order that is not over yet, as far as was seen."""
    life = said.run.life(ORDERS, at(said.body, "/productOrderItem/productOrderId"))
    last = life.last_before(said.exchange, whole=False) if life else None
    if life is None or last is None:
        return
    if _text(last.value.get("state")) in OVER:
        yield breach("/productOrderItem/productOrderId", "an order at work", life.id,
                     f"the order is {last.value['state']}, and its dates cannot change any more", hint=True)  # fmt: skip
    else:
        yield FINE
    wanted = at(said.body, "/productOrderItem/productOrderItemId")
    wholes = [shown for shown in life.before(said.exchange) if shown.whole]
    if wholes and isinstance(wanted, str):
        items = [item.get("id") for _, item in _objects(wholes[-1].value)]
        if any(wanted == item.get("id") for shown in wholes for _, item in _objects(shown.value)):
            yield FINE
        else:
            yield breach("/productOrderItem/productOrderItemId", items, wanted,
                         f"order {life.id} has no item {wanted}", hint=True)  # fmt: skip


@ORDER.rule(name="date-too-late", on=SEEN_DATE)
def ended_orders_keep_their_dates(said: Said) -> Iterator[Mark]:
    """A request about an order that was over when it was made is not granted."""
    for shown, life in said.lived():
        order = said.run.life(ORDERS, at(life.request, "/productOrderItem/productOrderId"))
        if life.asked is None or order is None:
            continue
        last, state = order.last_before(life.asked, whole=False), shown.value.get("state")
        if last is not None and _text(last.value.get("state")) in OVER and state != "acknowledged":
            yield hold(f"{shown.place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{shown.place}/state is {state}, though the order was {last.value['state']} before the "
                               f"request was made")  # fmt: skip


def _changes(run: Run, order: str, item: Any) -> list[tuple[Exchange, Life]]:
    """The requests for another date of an item that the seller took, oldest first."""
    found: list[tuple[Exchange, Life]] = []
    for exchange in run.of(CREATE_DATE, api=API):
        reference = at(exchange.request.body, "/productOrderItem")
        if at(reference, "/productOrderId") != order or at(reference, "/productOrderItemId") != item:
            continue
        life = run.life(MODIFY_DATE, at(exchange.response.body, "/id")) if exchange.response else None
        if life is not None and life.asked is exchange:
            found.append((exchange, life))
    return found


@ORDER.rule(name="date-follows", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def items_follow_their_requests(said: Said) -> Iterator[Mark]:
    """An item shows the date and the haste that were granted last (table 12); what was denied is R16's."""
    if not said.run.of(CREATE_DATE, api=API):
        return
    for _, life in said.lived():
        for place, item in _objects(said.body):
            changes = _changes(said.run, life.id, item.get("id"))
            # Granted and not yet carried out: the item is still waiting.
            if changes and item.get("state") != "pending" and _one_at_a_time(changes):
                yield from _follows(place, item, changes[-1], said)


def _one_at_a_time(changes: list[tuple[Exchange, Life]]) -> bool:
    """Whether all requests but the newest had been seen decided before it was made: else any can be the last."""
    newest = changes[-1][0]
    seen = [life.last_before(newest, whole=False) for _, life in changes[:-1]]
    return all(shown is not None and shown.value.get("state") in _DECIDED for shown in seen)


_DECIDED: Final = ("done", "done.declined", "rejected")


def _follows(place: str, item: Mapping[str, Any], change: tuple[Exchange, Life], said: Said) -> Iterator[Mark]:
    asked, life = change
    last = life.last_before(said.exchange, whole=False)
    state = last.value.get("state") if last else None
    haste, date = at(asked.request.body, "/expediteIndicator"), at(asked.request.body, "/requestedCompletionDate")
    if state == "done":
        found = at(item, "/expediteIndicator")
        if isinstance(haste, bool):
            yield hold(f"{place}/expediteIndicator", found is haste or (not haste and found in ABSENT_VALUES),
                       expected=haste, found=found,
                       message=f"{place}/expediteIndicator is not as granted by {life.id}")  # fmt: skip
        if haste is True:
            accepted = at(item, "/expediteAcceptedIndicator")
            yield FINE if accepted is True else breach(
                f"{place}/expediteAcceptedIndicator", True, accepted,
                f"{place}/expediteAcceptedIndicator is not true, though {life.id} was granted", hint=True)  # fmt: skip
        elif given(date):
            # Of a date to expedite to, 6.5.1 lets the seller make what it likes.
            now = at(item, "/requestedCompletionDate")
            yield hold(f"{place}/requestedCompletionDate", common.same(date, now), expected=date, found=now,
                       message=f"{place}/requestedCompletionDate is not as granted by {life.id}")  # fmt: skip


DATE_STATES: Final = common.Machine("modifyProductOrderItemRequestedDeliveryDate")

common.goes_legally(ORDER, (), DATE_STATES, on=SEEN_DATE, name="date-path")
common.keeps_id(ORDER, (), MODIFY_DATE, name="date-id")
common.stays(ORDER, (), MODIFY_DATE, name="date-stays")


@ORDER.rule(name="date-begins", on=ASKED_DATE)
def requests_begin_acknowledged(said: Said) -> Iterator[Mark]:
    """A new request for another date is acknowledged in its first answer."""
    state = at(said.body, "/state")
    if isinstance(state, str):
        yield (
            FINE
            if state == "acknowledged"
            else breach("/state", "acknowledged", state, f"a new request is {state}", hint=True)
        )


# 6.6 and 6.7, reading requests for another date

_SIX: Final = ("id", "creationDate", "expediteIndicator", "productOrderItem", "requestedCompletionDate", "state")

common.filters(
    ORDER,
    "O12",
    LIST_DATES,
    {
        "state": common.Filter("/state"),
        "expediteIndicator": common.Filter("/expediteIndicator"),
        "productOrderId": common.Filter("/productOrderItem/productOrderId"),
        **{
            f"{name}.{way}": common.Filter(f"/{name}", way)
            for name in ("requestedCompletionDate", "creationDate")
            for way in ("gt", "lt")
        },
    },
)


@ORDER.rule("R69", on=responses(API, LIST_DATES))
def date_entries_show_what_is_set(said: Said) -> Iterator[Mark]:
    """Six attributes of each entry, where an earlier answer showed them."""
    yield from _entries(said, *_SIX)


common.nothing_found_is_200(ORDER, "R70", LIST_DATES)
common.reads_agree(
    ORDER,
    (),
    MODIFY_DATE,
    "/creationDate",
    "/expediteIndicator",
    "/requestedCompletionDate",
    "/productOrderItem/productOrderId",
    "/productOrderItem/productOrderItemId",
    name="date-list",
)
common.pages(ORDER, (), LIST_DATES, name="date-pages")
common.no_doubles(ORDER, (), LIST_DATES, name="date-doubles")


@ORDER.rule("R71", on=READ_DATE)
def dates_are_read_as_they_were_made(said: Said) -> Iterator[Mark]:
    """Six attributes of a request, against the answer that showed it first and against what was asked for."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        known: dict[str, Any] = {**(earlier.value if earlier else {})}
        asked = _as_asked(said, life)
        known |= {name: value for name, value in (asked if isinstance(asked, dict) else {}).items() if name in _SIX}
        for name in _SIX:
            found = shown.value.get(name, MISSING)
            if not given(known.get(name)) or (known[name] is False and found is MISSING):
                continue
            if not given(found):
                yield breach(f"/{name}", known[name], found, f"/{name} is missing")
            elif name == "state":
                yield FINE  # what became of it is the lifecycle's business
            else:
                yield from common.echo_marks(known[name], found, f"/{name}", free=("productOrderHref",))


common.unknown_is_404(ORDER, "R72", str(MODIFY_DATE.retrieve), MODIFY_DATE)


common.steady(ORDER, ORDERS)
