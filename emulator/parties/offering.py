"""What a seller has by its profile: places that it knows, and products that it offers there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from emulator.parties.catalog import CatalogWords
from emulator.standard.product import ProductSheet, RelationSays
from emulator.standard.strict import KEYED, Json, Key

Color = Literal["green", "yellow", "red"]
CalendarUnits = Literal["calendarMonths", "calendarDays", "calendarHours", "calendarMinutes"]
Units = Literal[CalendarUnits, "businessDays", "businessHours", "businessMinutes"]


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """An address the seller knows, in one of the four types; `of` is the fielded address of the same place."""

    id: Annotated[str, KEYED]
    address: Json
    serviceability: Color = "green"
    of: str | None = None
    allows_new_site: Annotated[bool, Key("allowsNewSite")] = True


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """A site at one of the addresses; its other members are those of GeographicSite. Releases without `networkType`
    and `subUnit`, the units of its address that it has, do not show them.
    """

    id: Annotated[str, KEYED]
    address: str
    name: str
    site_type: Annotated[Literal["public", "private"], Key("siteType")] = "public"
    description: str | None = None
    company_name: Annotated[str | None, Key("companyName")] = None
    customer_name: Annotated[str | None, Key("customerName")] = None
    contact: Json | None = None
    network_type: Annotated[Literal["onNet", "offNet"], Key("networkType")] = "onNet"
    sub_unit: Annotated[tuple[Json, ...], Key("subUnit")] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A Duration of the contracts."""

    amount: int
    units: Units

    def as_json(self) -> dict[str, Any]:
        return {"amount": self.amount, "units": self.units}


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A price without duty, charged for these actions."""

    name: str
    value: float
    price_type: Annotated[Literal["recurring", "nonRecurring", "usageBased"], Key("priceType")] = "recurring"
    recurring_charge_period: Annotated[
        Literal["hour", "day", "week", "month", "year"] | None, Key("recurringChargePeriod")
    ] = None
    unit_of_measure: Annotated[str | None, Key("unitOfMeasure")] = None
    description: str | None = None
    actions: tuple[Literal["add", "modify", "delete"], ...] = ("add", "modify")

    def as_json(self, currency: str, tax_rate: float) -> dict[str, Any]:
        taxed = round(self.value * (1 + tax_rate / 100), 2)
        body = {
            "name": self.name,
            "description": self.description,
            "priceType": self.price_type,
            "recurringChargePeriod": self.recurring_charge_period,
            "unitOfMeasure": self.unit_of_measure,
            "price": {
                "taxRate": tax_rate,
                "dutyFreeAmount": {"unit": currency, "value": self.value},
                "taxIncludedAmount": {"unit": currency, "value": taxed},
            },
        }
        return {name: member for name, member in body.items() if member is not None}


@dataclass(frozen=True, slots=True)
class Term:
    """A term that can be agreed on."""

    name: str
    duration: Span
    end_of_term_action: Annotated[Literal["roll", "autoDisconnect", "autoRenew"], Key("endOfTermAction")] = "autoRenew"
    roll_interval: Annotated[Span | None, Key("rollInterval")] = None
    description: str | None = None

    def as_json(self) -> dict[str, Any]:
        body = {
            "name": self.name,
            "description": self.description,
            "duration": self.duration.as_json(),
            "endOfTermAction": self.end_of_term_action,
            "rollInterval": self.roll_interval.as_json() if self.roll_interval else None,
        }
        return {name: member for name, member in body.items() if member is not None}


@dataclass(frozen=True, slots=True)
class Requires:
    """What an item that adds the product has to name (MEF 87 R15, MEF 115 R10), in place of what the product's sheet says."""

    place: bool = False
    relationships: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering(CatalogWords):
    """A product offering; `payload` is the URN of its configuration, `alternate` the offering proposed instead."""

    id: Annotated[str, KEYED]
    name: str
    specification: str
    payload: str
    installation: Span
    term_entries: Annotated[tuple[Term, ...], Key("terms")]
    price_entries: Annotated[tuple[PriceEntry, ...], Key("prices")]
    requires: Requires | None = None
    alternate: str | None = None
    feasibility_check: Annotated[bool, Key("feasibilityCheck")] = False
    currency: str = "USD"
    tax_rate: Annotated[float, Key("taxRate")] = 0.0

    def needs_place(self, sheet: ProductSheet | None) -> bool:
        """Whether an item that adds it has to name a place; `sheet` is that of its payload."""
        return self.requires.place if self.requires else bool(sheet and sheet.place.role)

    def relations(self, sheet: ProductSheet | None) -> tuple[RelationSays, ...]:
        """What an item that adds it has to be related to."""
        if self.requires:
            return tuple(RelationSays(name.upper(), (name,)) for name in self.requires.relationships)
        return sheet.relations if sheet else ()

    @property
    def terms(self) -> tuple[dict[str, Any], ...]:
        """The terms as the contracts write them."""
        return tuple(term.as_json() for term in self.term_entries)

    @property
    def prices(self) -> tuple[dict[str, Any], ...]:
        """The prices for an action to add, as the contracts write them."""
        return self.prices_for("add")

    def prices_for(self, action: str) -> tuple[dict[str, Any], ...]:
        """The prices for an action, as the contracts write them."""
        return tuple(
            price.as_json(self.currency, self.tax_rate) for price in self.price_entries if action in price.actions
        )


def lasting_prices(offerings: Mapping[str, Offering], product: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a product that is in service goes on to cost by its offering, as the inventory shows it; nothing without one."""
    offering = offerings.get(str((product.get("productOffering") or {}).get("id")))
    return [each for each in (offering.prices if offering else ()) if each["priceType"] != "nonRecurring"]
