"""What a profile says of orders, of requests about them, and of charges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from emulator.parties.sections import PathStep, Section


@dataclass(frozen=True, slots=True)
class OrderBehaviour:
    """How orders end."""

    outcome: Literal["completed", "failed", "partial", "rejected"] = "completed"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskBehaviour:
    """How a request to cancel an order, or to change an item's date, ends."""

    outcome: Literal["accepted", "rejected"] = "accepted"
    charge: Literal["none", "blocking"] = "none"


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """Seconds until an order is in progress, then until it is completed; and until a cancelled one is at rest."""

    assess: float = 1
    work: float = 5
    cancellation: float = 2


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """Seconds until a cancellation or a change of date is decided."""

    finish: float = 1


@dataclass(frozen=True, slots=True)
class ChargeTimes:
    """Seconds that the buyer has to answer a charge."""

    response: float = 86_400


ORDER: Final = Section("productOrder", OrderBehaviour)
CANCEL: Final = Section("cancelProductOrder", TaskBehaviour)
DATE_CHANGE: Final = Section("modifyProductOrderItemRequestedDeliveryDate", TaskBehaviour)
ORDER_TIMES: Final = Section("order", OrderTimes)
TASK_TIMES: Final = Section("task", TaskTimes)
CHARGE_TIMES: Final = Section("charge", ChargeTimes)
