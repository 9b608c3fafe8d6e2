"""By which methods a partner bills, as far as it was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from emulator.standard.declared import Declared


class ProRata(StrEnum):
    """How a part of a period is charged: `billing-prorate` in the register."""

    ANY = "any"
    DAYS = "days"
    THIRTIETHS = "thirtieths"
    WHOLE = "whole"


class Rounding(StrEnum):
    """How an amount is rounded to minor units: `billing-rounding` in the register."""

    ANY = "any"
    HALF_UP = "half-up"
    HALF_EVEN = "half-even"
    DOWN = "down"


class Advance(StrEnum):
    """For which period a recurring charge is: `billing-advance` in the register."""

    ANY = "any"
    ADVANCE = "advance"
    ARREARS = "arrears"


_READINGS: Final = {"billing-prorate": ProRata, "billing-rounding": Rounding, "billing-advance": Advance}


@dataclass(frozen=True, slots=True)
class Methods:
    """What a reconciliation goes by.

    `tolerance` is an amount in each currency's major unit that is let pass beside what rounding makes; `cycles` is how many
    closed cycles a charge that is made once may wait for its bill. `readings` are the register's, as declared.
    """

    pro_rata: ProRata = ProRata.ANY
    rounding: Rounding = Rounding.ANY
    advance: Advance = Advance.ANY
    tolerance: Decimal = Decimal(0)
    cycles: int = 1
    readings: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, str | int]:
        """What a report says of them."""
        return {
            "proRata": str(self.pro_rata),
            "rounding": str(self.rounding),
            "inAdvance": str(self.advance),
            "tolerance": str(self.tolerance),
            "cycles": self.cycles,
        }


def methods_of(declared: Declared, *, tolerance: Decimal = Decimal(0), cycles: int = 1) -> Methods:
    """The methods that a partner declares by its readings of the register; any where it says nothing."""
    said = {
        name: kind(declared.readings[name])
        for name, kind in _READINGS.items()
        if declared.readings.get(name) in list(kind)
    }
    return Methods(
        pro_rata=ProRata(said.get("billing-prorate", ProRata.ANY)),
        rounding=Rounding(said.get("billing-rounding", Rounding.ANY)),
        advance=Advance(said.get("billing-advance", Advance.ANY)),
        tolerance=tolerance,
        cycles=cycles,
        readings=declared.readings,
    )
