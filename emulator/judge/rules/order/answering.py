"""The answer to an order: its echo, identity and history (MEF 123, 6.1.5).

R28 and R46 say the same, and R47 is the part of R27 that is about cancelled items: each of these is one rule here,
with both labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from emulator.judge.fold import Fold, grouped
from emulator.judge.named import MODIFY_DATE
from emulator.judge.named import ORDER as ORDER_KIND
from emulator.judge.rule import FINE, Look, Mark, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Life, Run, Said
from emulator.judge.showing import View, succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

if TYPE_CHECKING:
    pass
from emulator.judge.rules.order.names import ASKED_DATES
from emulator.judge.rules.order.products import ANSWERS, API, ITEM_MEMBERS, ITEMS, ORDER_MEMBERS, PRODUCT_MEMBERS, adds

FINAL: Final = ("cancelled", "completed", "failed", "partial", "rejected")


# 6.1.5: the answer

_FREE: Final = ("href", "quoteHref", "productOfferingQualificationHref")
_GROWS: Final = ("note", "relatedContactInformation")
_DATES: Final = ("requestedCompletionDate", "expediteIndicator")
"""What a modify-date request changes in an item (6.5)."""
_PATCHABLE: Final = ("externalId", "projectId", "relatedContactInformation")
_ITEM_PATCHABLE: Final = ("endCustomerName", "relatedBuyerPON", "relatedContactInformation")


@ORDER.rule("R16", on=ANSWERS)
def what_was_sent_comes_back(said: Said) -> Iterator[Mark]:
    """Each value of the request, in the answer; as it was changed since by patchProductOrder and modify-date requests."""
    for shown, life in said.lived():
        asked = life.request if isinstance(life.request, dict) else _of_before_the_run(said.run, life, shown.value)
        if not asked:
            continue
        expected = _as_asked(said, life, asked, shown.view)
        changes = list(date_changes(said.run, life.id))
        touched = {item for item, _, _ in changes}
        for item in expected.get("productOrderItem", ()):
            if isinstance(item.get("id"), str) and item["id"] in touched:
                for member in _DATES:
                    item.pop(member, None)
        yield from common.echo_marks(expected, shown.value, shown.place, free=_FREE, grows=_GROWS)
        yield from _date_marks(asked, shown.value, shown.place, changes)


def _of_before_the_run(run: Run, life: Life, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What is known to be asked of an order that the run did not see placed: nothing but what changes add to it."""
    if not any(succeeded(exchange) for exchange in _patches(run, life.id)):
        return {}
    return {"productOrderItem": [{"id": found} for _, found in every(shown, f"{ITEMS}/id") if isinstance(found, str)]}


def _as_asked(said: Said, life: Life, asked: Mapping[str, Any], view: View) -> dict[str, Any]:
    """What the buyer wants of the order by now, of what the contract knows."""
    wanted = {name: value for name, value in asked.items() if name in ORDER_MEMBERS and name != "productOrderItem"}
    items = [_item_as_asked(item) for _, item in every(asked, ITEMS)]
    if view is not View.CREATED:  # later on, notes are R21's
        for holder in (wanted, *items):
            if isinstance(holder, dict):
                holder.pop("note", None)
    by_id = {item["id"]: item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)}
    for exchange in _patches(said.run, life.id):
        patch, done = exchange.request.body, succeeded(exchange) and exchange.n <= said.exchange.n
        _merge(wanted, patch, _PATCHABLE, done=done)
        for _, change in every(patch, ITEMS):
            if isinstance(at(change, "/id"), str) and change["id"] in by_id:
                _merge(by_id[change["id"]], change, _ITEM_PATCHABLE, done=done)
    if items:
        wanted["productOrderItem"] = [item for item in items if isinstance(item, dict)]
    return wanted


def _item_as_asked(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    made = {name: value for name, value in item.items() if name in ITEM_MEMBERS}
    product = made.get("product")
    if isinstance(product, dict):
        # The id of a new product is the seller's to give (R36).
        free = {"id"} if adds(item) else frozenset[str]()
        made["product"] = {name: value for name, value in product.items() if name in PRODUCT_MEMBERS - free}
    return made


_PATCHES: Final = grouped(API, "patchProductOrder", lambda exchange: exchange.path_params.get("id"))


def _patches(run: Run, order: str) -> Iterator[Exchange]:
    """The changes of an order that were made, or of which nobody knows whether they were."""
    for exchange in run.known(_PATCHES).get(order, ()):
        refused = exchange.response is not None and (400 <= exchange.response.status < 500)  # noqa: PLR2004
        if not refused and common.serves(exchange) is not False:
            yield exchange


class Entered(NamedTuple):
    """A note that the buyer gave the order, or one of its items, and the seller took: by which exchange."""

    item: str | None
    note: Mapping[str, Any]
    n: int


def entered_notes(run: Run, life: Life) -> list[Entered]:
    """The buyer's notes that were taken with the order and with its changes; of those with one id on one place the first.

    A note that repeats one that was shown, or has no id or another source than the buyer, is not among them.
    """
    asked = [life.asked] if life.asked else []
    taken = (e for e in run.known(_PATCHES).get(life.id, ()) if succeeded(e) and e.n not in run.spoilt)
    found: dict[tuple[str | None, str], Entered] = {}
    for exchange in (*asked, *taken):
        body = exchange.request.body
        holders = [(None, body), *((at(item, "/id"), item) for _, item in every(body, ITEMS))]
        for item, holder in holders:
            for _, note in every(holder, "/note/*"):
                identifier = at(note, "/id")
                if isinstance(identifier, str) and isinstance(item, str | None) and at(note, "/source") == "buyer":
                    found.setdefault((item, identifier), Entered(item, note, exchange.n))
    return list(found.values())


def _merge(target: dict[str, Any], patch: Any, members: tuple[str, ...], *, done: bool) -> None:
    """Merge a patch as far as it may change something. What else it names, or is in doubt, is not held to any value."""
    if not isinstance(patch, dict):
        return
    for name, value in patch.items():
        if name in ("id", "productOrderItem", "note"):
            continue
        target.pop(name, None)
        if done and name in members and value is not None:
            target[name] = _of_the_buyer(value) if name == "relatedContactInformation" else value


def _of_the_buyer(contacts: Any) -> Any:
    """The contacts of a list that are the buyer's to change: the roles of the others begin with `seller`."""
    if not isinstance(contacts, list):
        return contacts
    return [contact for contact in contacts if not str(at(contact, "/role")).lower().startswith("seller")]


def _take_date(known: dict[str, dict[str, Life]], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        order = at(shown.value, "/productOrderItem/productOrderId")
        if life.kind.name == MODIFY_DATE and isinstance(order, str):
            known.setdefault(order, {})[life.id] = life


_SHOWN_DATES: Final[Fold[dict[str, dict[str, Life]]]] = Fold(dict, _take_date)
"""The requests for another date that were shown to be about an order, by that order and their own ids."""


def date_changes(run: Run, order: str) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Requests for another date of this order's items: the item, what was wanted, and the state last seen, if any."""
    for exchange in run.known(ASKED_DATES).get(order, ()):
        refused = exchange.response is not None and 400 <= exchange.response.status < 500  # noqa: PLR2004
        body = exchange.request.body
        if not refused and common.serves(exchange) is not False:
            answer = exchange.response.body if exchange.response else MISSING
            life = run.life(MODIFY_DATE, at(answer, "/id"))
            state = at(life.shown[-1].value, "/state") if life and life.shown else MISSING
            yield str(at(body, "/productOrderItem/productOrderItemId")), body, state
    for life in sorted(run.known(_SHOWN_DATES).get(order, {}).values(), key=lambda life: life.turn):
        if life.asked is None:
            value = life.shown[-1].value
            if at(value, "/productOrderItem/productOrderId") == order:
                yield str(at(value, "/productOrderItem/productOrderItemId")), value, at(value, "/state")


UNCHANGED: Final = ("rejected", "done.declined")
"""States of a modify-date request that leave the item as it was."""


def _date_marks(
    asked: Mapping[str, Any], shown: Any, place: str, changes: Iterable[tuple[str, Mapping[str, Any], Any]]
) -> Iterator[Mark]:
    """Date and haste of an item for which others were asked: the ones first sent, or any that can have been granted."""
    granted: dict[str, list[Mapping[str, Any]]] = {}
    for identifier, wanted, state in changes:
        granted.setdefault(identifier, [])
        if state not in UNCHANGED:
            granted[identifier].append(wanted)
    if not granted:
        return
    first = {at(item, "/id"): item for _, item in every(asked, ITEMS) if isinstance(at(item, "/id"), str)}
    for path, item in every(shown, ITEMS):
        identifier = at(item, "/id")
        if not isinstance(identifier, str) or identifier not in granted or identifier not in first:
            continue
        for member, default in (("/requestedCompletionDate", MISSING), ("/expediteIndicator", False)):
            sent = at(first[identifier], member)
            allowed = [default if sent is MISSING else sent]
            for wanted in granted[identifier]:
                new = at(wanted, member)
                allowed.append(default if new is MISSING else new)
            found = at(item, member)
            value = default if found is MISSING else found
            right = any(value is one or (value is not MISSING and common.same(one, value)) for one in allowed)
            yield hold(place + path + member, right, expected=allowed[-1], found=found,
                       message=f"{place}{path}{member} is neither as first sent nor as asked for since")  # fmt: skip


_ANSWERED: Final = "Mplify123.1-answer-members"
ORDER.present("R17", "", "/id", "/state", on=ANSWERS)
ORDER.present(_ANSWERED, "", "/id", "/orderDate", "/productOrderItem", "/state", "/stateChange", on=ANSWERS)
ORDER.has_role(("R17", _ANSWERED), "", "sellerContact", on=ANSWERS, name="contact")

common.keeps_id(ORDER, "R18", ORDER_KIND, name="")
common.stays(ORDER, "R18", ORDER_KIND)


def _take_placed(known: dict[tuple[Any, Any], list[Life]], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        if life.kind.name == ORDER_KIND and shown.view is View.CREATED and life.asked is exchange:
            key = _when_placed(life.shown[0].value)
            if all(isinstance(value, str) for value in key):
                known.setdefault(key, []).append(life)


_PLACED: Final[Fold[dict[tuple[Any, Any], list[Life]]]] = Fold(dict, _take_placed)
"""The orders that were placed in this run, by what tells one from another beside its id."""


def _when_placed(order: Any) -> tuple[Any, Any]:
    return at(order, "/externalId"), at(order, "/orderDate")


@ORDER.rule("R18", on=responses(API, "retrieveProductOrder", "listProductOrder"), name="twin")
def an_order_has_no_second_id(said: Said) -> Iterator[Mark]:
    """An order with externalId and orderDate of one that was placed in this run has the id that it got there."""
    for shown, life in said.lived():
        if life.asked is not None or life.before(said.exchange) or _is_of_another_path(said, life.id):
            continue
        given_at = _when_placed(shown.value)
        if not all(isinstance(value, str) for value in given_at):
            continue
        for other in sorted(said.run.known(_PLACED).get(given_at, ()), key=lambda other: other.turn):
            yield breach(f"{shown.place}/id", other.id, life.id,
                         f"{shown.place}/id is {life.id}, and the order was given {other.id} when it was placed")  # fmt: skip


common.tells_history(ORDER, "R19", common.Machine("productOrder"), on=ANSWERS, needed=True, name="")
common.tells_history(ORDER, "R23", common.Machine("productOrderItem", ITEMS), on=ANSWERS, needed=True, name="")


@ORDER.rule(on=ANSWERS, name="item-term")
def terms_stay_as_agreed(said: Said) -> Iterator[Mark]:
    """The itemTerm of an item never changes once it is set, unless the item is rejected."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        for place, item, before in common.paired(shown, earlier, ITEMS) if earlier else ():
            old, state = at(before, "/itemTerm"), at(item, "/state")
            if not given(old) or (isinstance(state, str) and state.startswith("rejected")):
                continue
            new, here = at(item, "/itemTerm"), f"{shown.place}{place}/itemTerm"
            yield hold(here, new == old, expected=old, found=new,
                       message=f"{here} is not as it was agreed; exchange {earlier.exchange.n if earlier else '?'} "
                               "showed it otherwise")  # fmt: skip


def _is_of_another_path(said: Said, order: str) -> bool:
    """Whether a read shows another id than the one that was asked for, which is R18's already."""
    return said.exchange.path_params.get("id", order) != order


def _noted(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each note of an order and of its items."""
    for pattern in ("/note/*", f"{ITEMS}/note/*"):
        for place, note in every(value, pattern):
            if isinstance(note, dict):
                yield place, note


def _is_among(note: Mapping[str, Any], others: Iterable[Any]) -> bool:
    """Whether a note is one of these, by its id or by its text."""
    return any(
        note.get(member) == at(other, f"/{member}")
        for other in others
        for member in ("id", "text")
        if isinstance(note.get(member), str)
    )


def _noted_until(ends: Collection[str]) -> Look:
    """A note of the seller's, new since the order was last shown: the order was in none of these states then."""
    reading = ("order-notes-after-end", "until-final")

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange)
            if earlier is None:
                continue
            before = [note for _, note in every(earlier.value, "/note/*")]
            for place, note in every(shown.value, "/note/*"):
                if not isinstance(note, dict) or note.get("source") != "seller" or _is_among(note, before):
                    continue
                state = at(earlier.value, "/state")
                if state not in ends:
                    yield FINE
                elif said.run.reads_as(*reading):
                    yield breach(shown.place + place, MISSING, note,
                                 f"{shown.place}{place} is new, though exchange {earlier.exchange.n} showed the order "
                                 f"as {state}", reading=reading)  # fmt: skip

    return look


_NEW_NOTES: Final = "notes of the seller's that are new, against the state in which the order was shown before"
ORDER.add("O6", _noted_until(FINAL), on=ANSWERS, about=_NEW_NOTES)
ORDER.add("W123-note-before-end", _noted_until(("completed", "failed", "partial")), on=ANSWERS, about=_NEW_NOTES)


@ORDER.rule("R20", on=ANSWERS)
def sellers_notes_say_so(said: Said) -> Iterator[Mark]:
    """Notes that the buyer did not send have source seller. Nothing is said of orders placed before the run."""
    for shown, life in said.lived():
        if not isinstance(life.request, dict):
            continue
        sent = [note for _, note in _noted(life.request)]
        for exchange in said.run.known(_PATCHES).get(life.id, ()):
            sent += [note for _, note in _noted(exchange.request.body)]
        for place, note in _noted(shown.value):
            if note.get("source") in ("buyer", "seller") and not _is_among(note, sent):
                yield hold(f"{shown.place}{place}/source", note["source"] == "seller", expected="seller",
                           found=note["source"],
                           message=f"{shown.place}{place} is said to be the buyer's, who never sent it")  # fmt: skip
