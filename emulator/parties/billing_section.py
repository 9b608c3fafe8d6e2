"""What a profile says of bills: when they are made, what is on them beside prices, and what is wrong with them on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from emulator.money.amounts import Rounding
from emulator.standard.strict import Key

Cycle = Literal["day", "week", "month"]
ProRata = Literal["days", "thirtieths", "whole"]
Wrong = Literal["rate", "period", "duplicate", "terminated", "taxBase", "currency", "rounding", "missing"]
"""What a bill can have wrong: a rate that nobody agreed on, days before the product was there, an item twice, a product
that is terminated, tax upon more than the net amount, another currency, an amount that is rounded up to the next whole unit,
an item that is left out.
"""


@dataclass(frozen=True, slots=True)
class BillFee:
    """A fee on every item: percent of its net amount, on top."""

    rate: float
    category: Literal["recurring", "nonRecurring", "other"] = "other"
    description: str = ""


@dataclass(frozen=True, slots=True)
class BillingSection:
    """Bills are made at the end of each `cycle`, or only on demand (`never`), to the `account` of a product or, where it has
    none, to this one. They are to be paid within `due` days.

    `usage` has units a day by the id of a product or of an offering, then by the price's unit of measure. `documents` is
    where printable bills lie, if the partners have agreed on them (`printableBill`). `proRata`, `rounding` and `inAdvance` are the method, which partners
    tell each other; where nothing is said the readings `billing-prorate`, `billing-rounding` and `billing-advance` hold.
    """

    cycle: Literal[Cycle, "never"] = "month"
    account: str = "acct-001"
    due: float = 30
    pro_rata: Annotated[ProRata | None, Key("proRata")] = None
    rounding: Rounding | None = None
    in_advance: Annotated[bool | None, Key("inAdvance")] = None
    tax_category: Annotated[Literal["country", "state", "county", "city", "other"], Key("taxCategory")] = "country"
    fees: tuple[BillFee, ...] = ()
    usage: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    documents: str = "https://bills.example/"
    wrong: tuple[Wrong, ...] = ()

    def readings(self) -> dict[str, str]:
        """The method as readings of the register, as far as it is told."""
        advance = None if self.in_advance is None else "advance" if self.in_advance else "arrears"
        told = {"billing-prorate": self.pro_rata, "billing-rounding": self.rounding, "billing-advance": advance}
        return {name: reading for name, reading in told.items() if reading is not None}
