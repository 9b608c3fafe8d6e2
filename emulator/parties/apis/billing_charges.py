"""What is to be billed: the prices of products that are in service, of orders that were completed, and accepted charges.

All of it is read from what the run has: products of the inventory, orders, charges. The only thing that a billing account
remembers is how far it was billed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, cast

from emulator.money.amounts import decimal_of
from emulator.parties.apis import Context
from emulator.parties.apis.billing_lines import BilledSoFar, BillLine, ServiceHistory, Spell
from emulator.parties.apis.order_links import Links
from emulator.parties.apis.rating import (
    Coverage,
    DutyRate,
    RatedAmounts,
    RatingMethod,
    Unit,
    UnitPrice,
    charges_of,
    credit_for,
    rate,
)
from emulator.parties.lists import moment_of
from emulator.parties.store import Resource

PRODUCT: Final = "product"
ORDER: Final = "productOrder"
_CHARGE: Final = "charge"
_BEFORE: Final = frozenset({"pendingActive", "cancelled", "aborted"})
"""States of products that were never in service."""
_ONE_OFF: Final = "each"
"""The unit of what is charged once."""


class ChargeBook:
    """What a run has that is billed, read once."""

    def __init__(self, context: Context, run: str) -> None:
        self._context, self._run = context, run
        self._section = context.profile.billing
        self._links = Links(context, run)
        readings = context.profile.readings
        self.method = RatingMethod(
            self._section.pro_rata or _pinned(readings, "billing-prorate", "days"),
            self._section.rounding or _pinned(readings, "billing-rounding", "half-up"),
        )

    @property
    def in_advance(self) -> bool:
        """Whether recurring prices are charged before their time."""
        said = self._section.in_advance
        return said if said is not None else self._context.profile.readings.get("billing-advance") == "advance"

    @cached_property
    def _orders(self) -> Mapping[str, Resource]:
        return {order.id: order for order in self._context.store.all(self._run, ORDER)}

    @cached_property
    def histories(self) -> tuple[ServiceHistory, ...]:
        """Of all products that are, or were, in service."""
        found = (self._history(product) for product in self._context.store.all(self._run, PRODUCT))
        return tuple(each for each in found if each is not None)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {each.product: each.name for each in self.histories}

    def accounts(self) -> list[str]:
        """Of products that are in service, and of order items that are completed."""
        of_products = [each.account for each in self.histories]
        of_items = [self._account(item) for _, item in self._completed()]
        return list(dict.fromkeys((*of_products, *of_items)))

    def _account(self, holder: Mapping[str, Any]) -> str:
        return str((holder.get("billingAccount") or {}).get("id") or self._section.account)

    # -- what became of products -------------------------------------------------------------------

    def _history(self, resource: Resource) -> ServiceHistory | None:
        product = resource.body
        if product.get("status") in _BEFORE:
            return None
        done = self._done(product)
        actions = {item["action"] for _, _, item in done}
        spells = list[Spell]()
        if "add" not in actions:
            start = _day(product.get("startDate")) or resource.created.date()
            spells.append(Spell(self._at_first(product, changed=bool(actions)), None, start))
        end = None
        for day, link, item in done:
            if item["action"] == "delete":
                end = day
                continue
            prices = self._prices(item)
            if item["action"] == "add" or any(_is_lasting(price) for price in prices):
                spells.append(Spell(prices, link, day))
        if end is None and product.get("status") == "terminated":
            end = _day(product.get("terminationDate")) or _day(product.get("lastUpdateDate")) or resource.created.date()
        offering = str((product.get("productOffering") or {}).get("id") or "")
        sold = self._context.profile.offerings.get(offering)
        name = sold.name if sold is not None else offering or resource.id
        return ServiceHistory(resource.id, name, self._account(product), offering, tuple(spells), end)

    def _at_first(self, product: Mapping[str, Any], *, changed: bool) -> tuple[Mapping[str, Any], ...]:
        """The prices of a product that was there from the beginning; an order that changed it has put its own in their place."""
        offering = self._context.profile.offerings.get(str((product.get("productOffering") or {}).get("id")))
        shown = product.get("productPrice")
        return tuple(shown) if shown and not changed else offering.prices_for("add") if offering is not None else ()

    def _done(self, product: Mapping[str, Any]) -> list[tuple[date, tuple[str, str], Mapping[str, Any]]]:
        """The order items of a product that are completed, as they were, each with its day."""
        found = []
        for link in product.get("productOrderItem") or ():
            item = self._item(link)
            if item is not None and item.get("state") == "completed":
                key = (link["productOrderId"], link["productOrderItemId"])
                found.append((str(item.get("completionDate", "")), key, item))
        return [(_day(at) or date.min, key, item) for at, key, item in sorted(found, key=lambda each: each[0])]

    def _item(self, link: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self._items.get((str(link.get("productOrderId")), str(link.get("productOrderItemId"))))

    @cached_property
    def _items(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        orders = self._orders.items()
        return {(key, str(item["id"])): item for key, order in orders for item in order.body["productOrderItem"]}

    def _prices(self, item: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Those that were quoted, or else those of the offering."""
        quoted = self._links.quote_item(dict(item))
        if quoted is not None and quoted.get("quoteItemPrice"):
            return tuple(quoted["quoteItemPrice"])
        ordered = item.get("product") or {}
        offering = (ordered.get("productOffering") or {}).get("id")
        if offering is None:
            known = self._links.product(ordered.get("id")) or {}
            offering = (known.get("productOffering") or {}).get("id")
        sold = self._context.profile.offerings.get(str(offering))
        return sold.prices_for(item["action"]) if sold is not None else ()

    # -- lines -------------------------------------------------------------------------------------

    def lines(self, account: str, progress: BilledSoFar, end: date, ahead: date, today: date) -> Iterator[BillLine]:
        """What an account is charged at the end of a period that goes from where it was billed to `end`; recurring prices up to
        `ahead`, which is later where they are charged in advance. `progress` is brought up to that.
        """
        for history in self.histories:
            if history.account == account:
                yield from self._recurring(history, progress, ahead, today)
                yield from self._usage(history, Coverage(progress.since, end))
        yield from self._once(account, progress, end)
        progress.since = end

    def _recurring(
        self, history: ServiceHistory, progress: BilledSoFar, ahead: date, today: date
    ) -> Iterator[BillLine]:
        until, spell = progress.since, 0
        if history.product in progress.ahead:
            until, spell = progress.ahead.pop(history.product)
            until = self._take_back(history, until, spell, progress)
        for index, each in enumerate(history.spells):
            covered = history.covered(index).within(until, ahead)
            if not covered.days:
                continue
            spell = index
            for name, unit, cost in self._of(each, "recurring"):
                for part, quantity, amounts in charges_of(cost, cast("Unit", unit), covered, each.start, self.method):
                    yield BillLine(
                        "recurring",
                        name,
                        history.product,
                        each.order,
                        history.name,
                        unit,
                        cost,
                        part,
                        quantity,
                        amounts,
                        history.spells[0].start,
                    )
        reached = min(ahead, history.end or ahead)
        if reached > today:  # what may yet turn out to be charged too early
            progress.ahead[history.product] = (reached, spell)

    def _take_back(self, history: ServiceHistory, until: date, spell: int, progress: BilledSoFar) -> date:
        """Credit what was charged in advance for days after the end of a spell; gives up to which day the charge holds."""
        if spell >= len(history.spells) or (end := history.covered(spell).end) >= until:
            return until
        for _, unit, cost in self._of(history.spells[spell], "recurring"):
            unused = Coverage(end, until)
            amount = credit_for(cost, cast("Unit", unit), unused, history.spells[spell].start, self.method)
            progress.credit[cost.currency] = progress.credit.get(cost.currency, Decimal(0)) + amount
        return end

    def _usage(self, history: ServiceHistory, period: Coverage) -> Iterator[BillLine]:
        a_day = self._section.usage.get(history.product) or self._section.usage.get(history.offering) or {}
        for index, each in enumerate(history.spells):
            covered = history.covered(index).within(period.start, period.end)
            for name, unit, cost in self._of(each, "usageBased"):
                quantity = (decimal_of(a_day.get(unit)) or Decimal(0)) * covered.days
                if quantity:
                    yield BillLine(
                        "usageBased",
                        name,
                        history.product,
                        each.order,
                        history.name,
                        unit,
                        cost,
                        covered,
                        quantity,
                        rate(cost, quantity, self.method),
                        history.spells[0].start,
                    )

    def gone(self, account: str, since: date) -> Iterator[tuple[BillLine, date]]:
        """Products of an account that are terminated: the last recurring line that each had, and the day from which nobody
        may be charged for it; none before `since`.
        """
        for history in self.histories:
            if history.account == account and history.end is not None and history.spells:
                each, day = history.spells[-1], max(history.end, since)
                for name, unit, cost in self._of(each, "recurring"):
                    none = Coverage(day, day)
                    amounts = RatedAmounts(Decimal(0))
                    yield (
                        BillLine(
                            "recurring",
                            name,
                            history.product,
                            each.order,
                            history.name,
                            unit,
                            cost,
                            none,
                            Decimal(0),
                            amounts,
                            history.spells[0].start,
                        ),
                        day,
                    )

    def _of(self, spell: Spell, kind: str) -> Iterator[tuple[str, str, UnitPrice]]:
        """The prices of a type: name, unit, and what one unit costs."""
        for price in spell.prices:
            if price.get("priceType") == kind:
                unit = price.get("recurringChargePeriod" if kind == "recurring" else "unitOfMeasure")
                usual = "month" if kind == "recurring" else _ONE_OFF
                yield str(price.get("name") or kind), str(unit or usual), self._cost(price.get("price") or {})

    def _cost(self, price: Mapping[str, Any]) -> UnitPrice:
        net, percent = price.get("dutyFreeAmount") or {}, decimal_of(price.get("taxRate"))
        taxes = (DutyRate(self._section.tax_category, percent, f"Tax of {percent.normalize():f} %"),) if percent else ()
        fees = tuple(
            DutyRate(each.category, decimal_of(each.rate) or Decimal(0), each.description)
            for each in self._section.fees
        )
        return UnitPrice(decimal_of(net.get("value")) or Decimal(0), str(net.get("unit", "USD")), taxes, fees)

    def _completed(self) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
        for order in self._orders.values():
            for item in order.body["productOrderItem"]:
                if item.get("state") == "completed":
                    yield order, item

    def _once(self, account: str, progress: BilledSoFar, end: date) -> Iterator[BillLine]:
        """What is charged for an order item once, when it is completed, and charges that the buyer has accepted."""
        for order, item in self._completed():
            key, day = f"{order.id}/{item['id']}", _day(item.get("completionDate"))
            if key in progress.once or self._account(item) != account or day is None or day >= end:
                continue
            progress.once.add(key)
            for price in self._prices(item):
                if price.get("priceType") == "nonRecurring":
                    yield self._single(order, item, str(price.get("name") or "once"), price.get("price") or {}, day)
        for charge in self._context.store.all(self._run, _CHARGE):
            found = self._charged(charge)
            if found is None or f"charge/{charge.id}" in progress.once or self._account(found[1]) != account:
                continue
            order, item = found
            day = _day(charge.body.get("creationDate")) or charge.created.date()
            if day < end:
                progress.once.add(f"charge/{charge.id}")
                for each in charge.body["chargeItem"]:
                    if each.get("state") == "acceptedByBuyer":
                        name = f"Charge: {each.get('priceCategory', 'other')}"
                        yield self._single(order, item, name, each.get("price") or {}, day)

    def _charged(self, charge: Resource) -> tuple[Resource, Mapping[str, Any]] | None:
        """The order, and the item of it, that a charge is for; of a charge for an order as a whole the first item."""
        if charge.body.get("state") != "completed":
            return None
        about = charge.body.get("productOrderItem") or charge.body.get("productOrder") or {}
        order = self._orders.get(str(about.get("productOrderId")))
        if order is None:
            return None
        items = order.body["productOrderItem"]
        wanted = about.get("productOrderItemId")
        return next(((order, item) for item in items if wanted in (None, item["id"])), None)

    def _single(
        self, order: Resource, item: Mapping[str, Any], name: str, price: Mapping[str, Any], day: date
    ) -> BillLine:
        cost = self._cost(price)
        product = (item.get("product") or {}).get("id")
        title = self._names.get(str(product)) or name
        covered = Coverage(day, date.fromordinal(day.toordinal() + 1))
        amounts = rate(cost, Decimal(1), self.method)
        link = (order.id, str(item["id"]))
        return BillLine("nonRecurring", name, product, link, title, _ONE_OFF, cost, covered, Decimal(1), amounts, day)


def _is_lasting(price: Mapping[str, Any]) -> bool:
    return price.get("priceType") in ("recurring", "usageBased")


def _day(text: Any) -> date | None:
    """The day, in UTC, of a date-time."""
    found = moment_of(text)
    return found.date() if found is not None else None


def _pinned(readings: Mapping[str, str], entry: str, usual: str) -> Any:
    """The reading of an entry of the register that a profile pins; `any` is the usual one."""
    found = readings.get(entry, usual)
    return usual if found == "any" else found
