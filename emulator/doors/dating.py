"""When an answer was made (RFC 9110, 6.6.1), by the clock of the party that makes it: what it says of its times and what HTTP says
of them come from one clock.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from emulator.doors.asgi import Answer, Send

_DATE: Final = "date"


def put_date(answer: Answer, moment: datetime) -> None:
    """Give an answer its `Date`, in whole seconds; one that it has already stays."""
    if not any(name.lower() == _DATE.encode() for name, _ in answer.raw_headers):
        answer.put_header(_DATE, format_datetime(moment.astimezone(UTC), usegmt=True))


def leave_to_us(send: Send) -> None:
    """Have the server below say no date of its own for this request.

    ASGI has no word for it, so uvicorn's own request cycle is asked for the headers that it would add.
    """
    cycle = getattr(send, "__self__", None)
    usual = getattr(cycle, "default_headers", None)
    if usual is not None:
        vars(cycle)["default_headers"] = [(name, value) for name, value in usual if name.lower() != _DATE.encode()]
