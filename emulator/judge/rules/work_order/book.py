"""The book of the work order API."""

from __future__ import annotations

from typing import Final

from emulator.judge.named import WORK_ORDER as KIND
from emulator.judge.rule import shows
from emulator.judge.rulebook import Rulebook

WORK_ORDERS: Final = Rulebook("MEF137", "workOrder", part="work-order")
API: Final = WORK_ORDERS.api

READ: Final = shows(API, KIND, "retrieve")
LISTED: Final = shows(API, KIND, "list")
SHOWN: Final = shows(API, KIND)
