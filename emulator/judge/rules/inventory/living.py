"""The life of a product, and what orders of the run say of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from emulator.judge.named import ORDER, PRODUCT, QUOTE
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import Machine
from emulator.judge.rules.inventory.book import (
    IN_SERVICE,
    INVENTORY,
    LISTED,
    READ,
    STARTED,
    sites_of,
    sites_ordered,
)
from emulator.judge.rules.order.charging import CHARGES
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.showing import View
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, as_json, at, every
from emulator.standard.breach import Breach
from emulator.standard.lifecycle import Lifecycle
from emulator.standard.release import Release

# The life of a product

common.goes_legally(INVENTORY, (), Machine("product", state="/status"), on=READ | LISTED)


@INVENTORY.rule(name="history", on=READ)
def status_change_tells_the_truth(said: Said) -> Iterator[Mark]:
    """The newest entry of statusChange is the status, and each can come some time after the one before it.

    A Seller need not keep every entry, unless its guide says so: one that was told before and is not told any more is a hint.
    """
    known = said.run.release.lifecycles["product"]
    keeps_all = said.run.release.labels.told(_WHOLE) is not None
    for shown, life in said.lived():
        told = _told(shown.value, known)
        if not told:
            continue
        here, current = f"{shown.place}/statusChange", shown.value.get("status")
        newest = [status for when, status in told if when == told[-1][0]]
        if current in known.states:
            yield hold(here, current in newest, expected=current, found=newest[-1],
                       message=f"the newest entry of {here} is {newest[-1]}, and the status is {current}")  # fmt: skip
        for (when, status), (later, following) in pairwise(told):
            yield hold(here, when == later or known.reaches(status, following), found=following,
                       expected=f"a status that can follow {status}",
                       message=f"{here} tells of {following} after {status}, from which there is no way to it")  # fmt: skip
        earlier = None if keeps_all else life.last_before(said.exchange)
        for entry in _told(earlier.value, known) if earlier else ():
            if entry not in told:
                yield breach(here, f"{entry[1]} at {entry[0].isoformat()}", [status for _, status in told],
                             f"{here} no longer tells of {entry[1]} at {entry[0].isoformat()}", hint=True)  # fmt: skip


_WHOLE: Final = "Mplify116.1-whole-history"


@INVENTORY.rule(_WHOLE, on=READ)
def status_change_tells_every_state(said: Said) -> Iterator[Mark]:
    """StatusChange begins with a state in which a product begins, and has every state that was shown before."""
    known = said.run.release.lifecycles["product"]
    for shown, life in said.lived():
        here, told = f"{shown.place}/statusChange", _told(shown.value, known)
        if not told:
            if at(shown.value, "/statusChange") == []:
                yield breach(
                    here, "all states since the first", [], f"{here} is empty: it does not even tell of the first state"
                )
            continue
        states = [status for _, status in told]
        first = [status for when, status in told if when == told[0][0]]
        yield hold(
            here,
            any(state in known.initial for state in first),
            expected=list(known.initial),
            found=first[0],
            message=f"{here} begins with {first[0]}, in which no product begins",
        )
        for earlier in life.before(said.exchange):
            seen = [status for _, status in _told(earlier.value, known)] or [earlier.value.get("status")]
            for state in seen:
                if state in known.states:
                    yield hold(
                        here,
                        state in states,
                        expected=state,
                        found=states,
                        message=f"{here} does not tell of {state}, which exchange {earlier.exchange.n} showed",
                    )


def _told(value: Any, known: Lifecycle) -> list[tuple[Any, Any]]:
    """The entries of a statusChange by their dates; none where one cannot be read."""
    entries = at(value, "/statusChange")
    if not isinstance(entries, list):
        return []
    told = [(common.moment(at(entry, "/changeDate")), at(entry, "/status")) for entry in entries]
    if any(when is None or status not in known.states for when, status in told):
        return []
    return sorted(told, key=lambda entry: entry[0].timestamp() if entry[0] else 0.0)


@INVENTORY.rule(name="dates", on=READ | LISTED)
def dates_stay(said: Said) -> Iterator[Mark]:
    """The startDate stays once the product was active, and terminationDate stays once it is terminated.

    Lists may leave out fractions of a second.
    """
    for shown, life in said.lived():
        lately = life.before(said.exchange)[-3:]
        for member, states in (("startDate", STARTED), ("terminationDate", ("terminated",))):
            new = common.moment(shown.value.get(member))
            if new is None or shown.value.get("status") not in states:
                continue
            earlier = next((s for s in reversed(lately) if s.value.get("status") in states and member in s.value), None)
            old = common.moment(earlier.value[member]) if earlier else None
            if earlier is not None and old is not None:
                place = f"{shown.place}/{member}"
                yield hold(place, abs(new - old) < _SECOND, expected=earlier.value[member], found=shown.value[member],
                           message=f"{place} was {earlier.value[member]} in exchange {earlier.exchange.n}, and does "
                                   "not change any more")  # fmt: skip


_SECOND: Final = timedelta(seconds=1)


@INVENTORY.rule(name="updated", on=READ)
def updates_come_later(said: Said) -> Iterator[Mark]:
    """The lastUpdateDate is not before the one that was read before."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        new = common.moment(shown.value.get("lastUpdateDate"))
        old = common.moment(earlier.value.get("lastUpdateDate")) if earlier else None
        if earlier is not None and new is not None and old is not None:
            yield hold("/lastUpdateDate", new > old - _SECOND, expected=f"{earlier.value['lastUpdateDate']} or later",
                       found=shown.value["lastUpdateDate"])  # fmt: skip


common.past(INVENTORY, "/statusChange/*/changeDate", "/lastUpdateDate", on=READ | LISTED)
common.past(
    INVENTORY, "/startDate", on=READ | LISTED, where=lambda value: value.get("status") in STARTED, name="start-future"
)
common.past(
    INVENTORY,
    "/terminationDate",
    on=READ | LISTED,
    where=lambda value: value.get("status") == "terminated",
    name="end-future",
)
common.in_order(INVENTORY, "/startDate", "/terminationDate", on=READ | LISTED, name="date-order")
common.prices_read_well(INVENTORY, "/productPrice/*", on=READ)
common.lasts(INVENTORY, "/productTerm/*/duration", on=READ)
common.links_to_itself(INVENTORY, PRODUCT)


# Against the orders of the run


@INVENTORY.rule(name="order-item", on=READ | LISTED)
def order_items_are_items_of_their_order(said: Said) -> Iterator[Mark]:
    """Each productOrderItem that refers to an order of this run refers to an item that it has."""
    for shown in said.shown:
        for place, link in every(shown.value, "/productOrderItem/*"):
            order = said.run.life(ORDER, at(link, "/productOrderId"))
            found = at(link, "/productOrderItemId")
            if order is None or not isinstance(found, str):
                continue
            known = [identifier for body in _bodies(order, said.exchange)
                     for _, identifier in every(body, "/productOrderItem/*/id")]  # fmt: skip
            if known:
                here = f"{shown.place}{place}/productOrderItemId"
                yield hold(here, found in known, expected=sorted({str(one) for one in known}), found=found,
                           message=f"{here} is {as_json(found)}, and order {order.id} has no such item")  # fmt: skip


def _bodies(order: Life, exchange: Exchange) -> Iterator[Any]:
    """What tells of the items of an order: its request, and the newest whole sighting before an exchange."""
    yield order.request
    latest = order.last_before(exchange)
    if latest is not None:
        yield latest.value


@dataclass(frozen=True, slots=True)
class _Ordered:
    """An item of an order of this run that is about a product."""

    order: Life
    item: Mapping[str, Any]

    @property
    def action(self) -> Any:
        return self.item.get("action")

    def completed(self, shown: Shown) -> bool:
        """Whether a sighting of the order shows the item to be completed."""
        items = every(shown.value, "/productOrderItem/*")
        item = next((item for _, item in items if at(item, "/id") == self.item.get("id")), MISSING)
        return bool(at(item, "/state") == "completed")


def _ordered(run: Run) -> dict[str, list[_Ordered]]:
    """The items of this run's orders by the product they are about, oldest first."""
    found: dict[str, list[_Ordered]] = {}
    for order in run.lives(ORDER):
        ids: dict[Any, Any] = {}
        for shown in order.shown:
            ids.update(
                (at(item, "/id"), at(item, "/product/id"))
                for _, item in every(shown.value, "/productOrderItem/*")
                if isinstance(at(item, "/id"), str) and isinstance(at(item, "/product/id"), str)
            )
        for _, item in every(order.request, "/productOrderItem/*"):
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                product = ids.get(item["id"], at(item, "/product/id"))
                if isinstance(product, str):
                    found.setdefault(product, []).append(_Ordered(order, item))
    return found


@INVENTORY.at_end(name="offering")
def product_is_of_the_offering_ordered(run: Run) -> Iterator[Remark]:
    """The productOffering of each product that an order of this run has added is that of the order's item."""
    ordered = _ordered(run)
    for life in run.lives(PRODUCT):
        added = next((one for one in ordered.get(life.id, ()) if one.action == "add"), None)
        wanted = at(added.item, "/product/productOffering/id") if added else MISSING
        for shown in life.shown if added and isinstance(wanted, str) else ():
            found = at(shown.value, "/productOffering/id")
            if isinstance(found, str):
                place = f"{shown.place}/productOffering/id"
                yield on_response(shown.exchange, hold(
                    place, found == wanted, expected=wanted, found=found,
                    message=f"{place} is {as_json(found)}; order {added.order.id if added else ''} was for {wanted}"))  # fmt: skip


@INVENTORY.at_end(name="order")
def product_is_as_ordered(run: Run) -> Iterator[Remark]:
    """A product that is read once the last order about it is completed shows what was ordered: its status, its
    configuration, its sites, relations and billing account, and the prices of the quote that it was made from.

    The inventory may follow an order with delay, and others may change a product: only hints.
    """
    ordered = _ordered(run)
    for life in run.lives(PRODUCT):
        reads = [shown for shown in life.shown if shown.view is not View.LISTED]
        for shown, last in _after_orders(reads, ordered.get(life.id, ())):
            for mark in (*_against_order(run.release, last, shown.value), *_against_quote(run, last, shown.value)):
                yield on_response(shown.exchange, mark)


def _after_orders(reads: Sequence[Shown], ordered: Sequence[_Ordered]) -> Iterator[tuple[Shown, _Ordered]]:
    """The reads of a product at which all orders about it so far were completed, each with the last of these orders."""
    seen = [
        (shown.exchange.n, spot, shown)
        for spot, one in enumerate(ordered)
        for shown in one.order.whole
        if one.order.asked and shown.exchange.n >= one.order.asked.n
    ]
    coming = deque(sorted(seen, key=lambda each: each[:2]))
    last, waiting = -1, set[int]()
    for read in reads:
        while coming and coming[0][0] < read.exchange.n:
            _, spot, shown = coming.popleft()
            last = max(last, spot)
            if ordered[spot].completed(shown):
                waiting.discard(spot)
            else:
                waiting.add(spot)
        if last >= 0 and not waiting:
            yield read, ordered[last]


_CONTRADICTS: Final = {
    "add": ("pendingActive", "cancelled"),
    "modify": ("pendingActive", "cancelled", "terminated"),
    "delete": IN_SERVICE,
}


def _against_order(release: Release, ordered: _Ordered, product: Mapping[str, Any]) -> Iterator[Mark]:
    why = f"order {ordered.order.id} is completed"
    status, action = product.get("status"), str(ordered.action)
    if status in _CONTRADICTS.get(action, ()):
        yield breach("/status", f"what follows from {action}", status, f"/status is {status}, and {why}", hint=True)
    if action not in ("add", "modify"):
        return
    asked = at(ordered.item, "/product")
    wanted, found = at(asked, "/productConfiguration"), product.get("productConfiguration")
    if isinstance(found, dict) and at(wanted, "/@type") == found.get("@type"):
        for mark in common.echo_marks(wanted, found, "/productConfiguration"):
            yield FINE if not isinstance(mark, Breach) else breach(
                mark.place, mark.expected, mark.found, f"{mark.place} is not as ordered, and {why}", hint=True)  # fmt: skip
    account, billed = at(ordered.item, "/billingAccount/id"), at(product, "/billingAccount/id")
    if isinstance(account, str) and isinstance(billed, str):
        yield _like_ordered("/billingAccount/id", account == billed, account, billed, why)
    terms = [term for _, term in every(product, "/productTerm/*/duration")]
    term = at(ordered.item, "/requestedItemTerm/duration")
    if terms and isinstance(term, dict):
        yield _like_ordered("/productTerm", term in terms, term, terms, why)
    place, sites = sites_of(release, product)
    yield from _all_there(place, list(sites_ordered(release, asked)), sites, why)
    shown, related = ([i for _, i in every(one, "/productRelationship/*/id")] for one in (product, asked))
    yield from _all_there("/productRelationship", related, shown, why)


def _all_there(place: str, wanted: Sequence[Any], there: Sequence[Any], why: str) -> Iterator[Mark]:
    """Each id that was ordered is in a list of the product, where the product has that list."""
    for identifier in wanted if there else ():
        yield _like_ordered(place, identifier in there, identifier, list(there), why)


def _like_ordered(place: str, right: bool, wanted: Any, found: Any, why: str) -> Mark:
    return FINE if right else breach(place, wanted, found, f"{place} is not as ordered, and {why}", hint=True)


def _against_quote(run: Run, ordered: _Ordered, product: Mapping[str, Any]) -> Iterator[Mark]:
    """What recurs of the product's prices, against the quote item that was ordered and the charges of the order.

    What is paid once need not stand in the inventory for ever, and a discount may come with it.
    """
    quote = run.life(QUOTE, at(ordered.item, "/quoteItem/quoteId"))
    last, wanted = quote.whole[-1].value if quote and quote.whole else MISSING, at(ordered.item, "/quoteItem/id")
    items = [item for _, item in every(last, "/quoteItem/*") if at(item, "/id") == wanted]
    offered = [key for item in items for _, price in every(item, "/quoteItemPrice/*") if (key := _recurring(price))]
    if not offered or ordered.action not in ("add", "modify"):
        return
    charged = [life.whole[-1].value for life in run.known(CHARGES).about(ordered.order.id) if life.whole]
    offered += [key for charge in charged for _, item in every(charge, "/chargeItem/*") if (key := _recurring(item))]
    for place, price in every(product, "/productPrice/*"):
        if found := _recurring(price):
            yield _like_ordered(
                place, found in offered, offered, found, f"order {ordered.order.id} was made from a quote"
            )


def _recurring(price: Any) -> tuple[Any, ...] | None:
    """What a price is that recurs: its period, its amount and its currency; None for others."""
    if at(price, "/priceType") != "recurring":
        return None
    places = ("/recurringChargePeriod", "/price/dutyFreeAmount/value", "/price/dutyFreeAmount/unit")
    return tuple(at(price, place) for place in places)
