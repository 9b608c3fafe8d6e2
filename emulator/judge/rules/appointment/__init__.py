"""The rules of MEF 137 on appointments: asking for slots, making, reading, changing, cancelling, what follows elsewhere, events."""

from __future__ import annotations

from emulator.judge.rules.appointment import (
    asking,
    cancelling,
    changing,
    effects,
    listing,
    living,
    making,
    reading,
    serving,
    telling,
)
from emulator.judge.rules.appointment.book import APPOINTMENT

__all__ = [
    "APPOINTMENT",
    "asking",
    "cancelling",
    "changing",
    "effects",
    "listing",
    "living",
    "making",
    "reading",
    "serving",
    "telling",
]
