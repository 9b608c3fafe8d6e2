"""How a work order lives (MEF 137, 6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from emulator.judge.named import APPOINTMENT, TICKET
from emulator.judge.named import WORK_ORDER as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.work_order.book import SHOWN, WORK_ORDERS
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.payload import at, every

_MACHINE: Final = common.Machine("workOrder")


def _reopened(was: Any, now: Any) -> tuple[str, str] | None:
    """By which reading a work order that is under way does not go back."""
    return ("work-order-after-missed", "ends") if was == "inProgress" and now in ("open", "planned") else None


common.goes_legally(WORK_ORDERS, "R55", _MACHINE, on=SHOWN, reading=_reopened, name="")


@WORK_ORDERS.rule("R55", on=SHOWN, name="begun")
def what_has_begun_is_not_cancelled(said: Said) -> Iterator[Mark]:
    """A work order that was shown inProgress is not cancelled, where the partners read the figure so."""
    reading = ("work-order-cancel-in-progress", "never")
    for shown, life in said.lived() if said.run.reads_as(*reading) else ():
        before = life.last_before(said.exchange, whole=False)
        if before is not None and before.value.get("state") == "inProgress":
            if shown.value.get("state") == "cancelled":
                yield breach(f"{shown.place}/state", "completed or unableToComplete", "cancelled", reading=reading)
            else:
                yield FINE


@WORK_ORDERS.at_end("R55", name="withdrawn")
def nobody_works_for_what_was_cancelled(run: Run) -> Iterator[Remark]:
    """A work order whose tickets were all shown cancelled is neither open nor planned at a later look, where the partners read
    table 10 so.
    """
    reading = ("work-order-after-ticket", "ends")
    for life in run.lives(KIND) if run.reads_as(*reading) else ():
        for shown in life.shown:
            state = shown.value.get("state")
            if not _is_withdrawn(run, shown):
                continue
            place, message = f"{shown.place}/state", f"work order {life.id} is {state}, and its ticket was cancelled"
            waits = state in ("open", "planned")
            yield on_response(
                shown.exchange, breach(place, "cancelled", state, message, reading=reading) if waits else FINE
            )


def _is_withdrawn(run: Run, shown: Shown) -> bool:
    """Whether all tickets that a work order is for were shown cancelled well before a look at it."""
    entities = [one for _, one in every(shown.value, "/relatedEntity/*")]
    if not entities or any(at(one, "/@referredType") != "TroubleTicket" for one in entities):
        return False
    tickets = [run.life(TICKET, at(one, "/id")) for one in entities]
    return all(ticket is not None and _was_cancelled_by(run, ticket, shown) for ticket in tickets)


def _was_cancelled_by(run: Run, ticket: Life, shown: Shown) -> bool:
    ends = (seen for seen in ticket.before(shown.exchange) if seen.value.get("status") == "cancelled")
    return any(common.is_late(run, end.exchange, shown) for end in ends)


@WORK_ORDERS.at_end("R55", name="guard")
def a_plan_is_given_up_with_its_appointment(run: Run) -> Iterator[Remark]:
    """A work order goes from planned to open where its appointment was cancelled: one that is shown later is no such."""
    for life in run.lives(KIND):
        mine = [one for one in run.lives(APPOINTMENT) if _is_for(one, life)]
        for before, after in pairwise(life.shown):
            if (before.value.get("state"), after.value.get("state")) != ("planned", "open"):
                continue
            alive = next((one for one in mine if _lives_on(one, before, after)), None)
            if alive is not None:
                yield on_response(
                    after.exchange,
                    breach(
                        f"{after.place}/state",
                        "planned or later",
                        "open",
                        f"work order {life.id} is open after planned, though its appointment {alive.id} was not cancelled",
                    ),
                )
            elif any(_was_cancelled(one, before) for one in mine):
                yield on_response(after.exchange, FINE)
            elif not mine and before.whole and after.whole and not _has_any(before) and not _has_any(after):
                # Its own list has all that there are (R54), though one may have come and gone between two looks.
                message = f"work order {life.id} is open after planned, and never had an appointment that was cancelled"
                wrong = breach(f"{after.place}/state", "planned or later", "open", message, hint=True)
                yield on_response(after.exchange, wrong)


def _has_any(shown: Shown) -> bool:
    return given(at(shown.value, "/appointment"))


def _is_for(appointment: Life, order: Life) -> bool:
    return any(at(shown.value, "/workOrder/id") == order.id for shown in appointment.shown)


def _lives_on(appointment: Life, before: Shown, after: Shown) -> bool:
    """Whether an appointment was there before, and shows afterwards that it was not cancelled."""
    first = appointment.shown[0].exchange.n if appointment.shown else None
    later = [shown for shown in appointment.shown if shown.exchange.n > after.exchange.n]
    known = first is not None and first < before.exchange.n
    return known and bool(later) and later[0].value.get("status") in ("confirmed", "inProgress")


def _was_cancelled(appointment: Life, before: Shown) -> bool:
    return any(
        shown.value.get("status") == "cancelled" for shown in appointment.shown if shown.exchange.n > before.exchange.n
    )
