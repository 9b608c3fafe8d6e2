"""The rulebook of MEF 116, and what its modules share."""

from __future__ import annotations

from typing import Final

from emulator.judge.rule import responses
from emulator.judge.rulebook import Rulebook

INVENTORY: Final = Rulebook("MEF116", "productInventory")
LISTED: Final = responses("productInventory", "listProduct")
READ: Final = responses("productInventory", "retrieveProduct")
IN_SERVICE: Final = ("active", "active.pendingChange", "suspended")
STARTED: Final = (*IN_SERVICE, "pendingTerminate", "suspendedPendingTerminate", "terminated")
"""States that come after the first activation."""
