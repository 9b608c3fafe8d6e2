"""Cancelling an appointment (MEF 137, 6.6); what follows from it, `effects` looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import ANY_STATUS, Mark, responses
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import (
    API,
    APPOINTMENT,
    ENDED,
    OVER,
    appointment_of,
    last_status,
    refused_rightly,
    work_order,
    work_order_of,
)
from emulator.judge.run import Said

CANCEL: Final = "cancelAppointment"
_ANSWERED: Final = responses(API, CANCEL, statuses=ANY_STATUS)

common.unknown_is_404(APPOINTMENT, "R45", CANCEL, KIND)


@APPOINTMENT.rule("R46", on=_ANSWERED)
def only_what_is_confirmed_is_cancelled(said: Said) -> Iterator[Mark]:
    """Answers to the cancelling of an appointment that was shown under way or at its end: it is never confirmed again."""
    status = last_status(appointment_of(said), said.exchange)
    if status == "inProgress" or status in ENDED:
        yield from refused_rightly(said, f"the appointment is {status}", reading=("appointment-refusal-code", "422"))


@APPOINTMENT.rule("R47", on=_ANSWERED)
def only_while_the_work_is_planned(said: Said) -> Iterator[Mark]:
    """Answers to the cancelling of an appointment whose work order was shown under way or at its end.

    Of an appointment that is not confirmed R46 speaks.
    """
    life = appointment_of(said)
    if life is None or last_status(life, said.exchange) != "confirmed":
        return
    order = work_order_of(life)
    state = last_status(work_order(said.run, order), said.exchange)
    why = f"work order {order} is {state}"
    if state in OVER:
        yield from refused_rightly(said, why, reading=("appointment-refusal-code", "422"))
    elif state == "inProgress":
        yield from refused_rightly(said, why, reading=("appointment-cancel-state", "planned"))
