"""The rulebook of guides in which addresses are told by their representations, and the words that its modules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import VALIDATION
from emulator.judge.rule import requests, responses
from emulator.judge.rulebook import Rulebook
from emulator.record.payload import every

API: Final = "geographicAddress"
ADDRESSES: Final = Rulebook("Mplify121.1", API)

CREATE: Final = "createGeographicAddressValidation"
READ: Final = "retrieveGeographicAddressValidation"
READ_ADDRESS: Final = "retrieveGeographicAddress"

ASKED: Final = requests(API, CREATE)
ANSWERED: Final = responses(API, CREATE)
SHOWN: Final = responses(API, CREATE, READ)
"""The answers that show a validation."""

SUBMITTED: Final = "/submittedGeographicAddress"
BEST: Final = "/bestMatchGeographicAddress"
OTHERS: Final = "/alternateGeographicAddress"
KIND: Final = VALIDATION


def found_in(body: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each address that a validation has found, the best one first."""
    for pattern in (BEST, f"{OTHERS}/*"):
        for place, value in every(body, pattern):
            if isinstance(value, dict):
                yield place, value
