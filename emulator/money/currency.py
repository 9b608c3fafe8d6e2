"""Currencies: how many decimals amounts of each have, as ISO 4217 says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

USUAL: Final = 2
"""Decimals of most currencies, and of one that nobody here knows."""
_OTHERS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS: Final[Mapping[str, int]] = {code: decimals for decimals, codes in _OTHERS.items() for code in codes.split()}
_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def is_code(unit: object) -> bool:
    """Whether a unit is written as codes of currencies are: three capital letters."""
    return isinstance(unit, str) and _CODE.fullmatch(unit) is not None


def decimals(unit: str) -> int:
    """How many decimals amounts of a currency have; 2 where the code is not in the list of exceptions."""
    return _DECIMALS.get(unit, USUAL)


def minor_unit(unit: str) -> Decimal:
    """The least amount of a currency that can be paid: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-decimals(unit))
