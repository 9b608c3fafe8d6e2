"""What an appointment that is made, or cancelled, brings about: of its work order and its ticket (MEF 137, 6.2.3 and 6.6).

A read that shows the effect is right at once. One that does not is held against the Seller when it had time, or told of a
new state since. What the effect can have been undone by is looked for before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.judge.hubs import over
from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import (
    API,
    APPOINTMENT,
    CANCELLED,
    ENDED,
    SHOWN,
    SPELT,
    work_order,
    work_order_of,
)
from emulator.judge.rules.appointment.cancelling import CANCEL
from emulator.judge.rules.ticket.linked import may_wait, tickets_of
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.judge.times import CLOCKS
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.instant import read_moment

Shows = Callable[[Mapping[str, Any]], bool | None]
"""Whether a resource shows an effect; None where something else explains what it shows."""


def _look(
    run: Run, life: Life | None, since: Exchange, shows: Shows, *, whole: bool = False
) -> common.Consequence | None:
    """The first read after an exchange that shows its effect, or surely does not; none once something else explains what
    is shown.
    """
    explained = False

    def holds(shown: Shown) -> bool | None:
        nonlocal explained
        if explained or not common.same_parties(shown.exchange, since):
            return None
        right = shows(shown.value)
        explained = right is None
        return right

    return common.follows(run, life, since, holds, whole=whole) if life else None


# After it was made


@dataclass(frozen=True, slots=True)
class _Made:
    """An appointment that was made in the run, by an exchange, and its work order."""

    life: Life
    by: Exchange
    order: str


def _made(run: Run) -> Iterator[_Made]:
    for life in run.lives(KIND):
        order = work_order_of(life)
        if life.asked is not None and order is not None and succeeded(life.asked):
            yield _Made(life, life.asked, order)


def _is_over(run: Run, life: Life, shown: Shown) -> bool | None:
    """Whether an appointment was cancelled, or at another end, when something else was shown; None where nobody can say."""
    if any(exchange.n < shown.exchange.n for exchange in _cancelled(run, life)):
        return True
    for each in life.shown:
        if each.value.get("status") in ENDED:
            return True if each.exchange.n < shown.exchange.n else None
        if each.exchange.n > shown.exchange.n:
            return False
    return None


def _cancelled(run: Run, life: Life) -> Iterator[Exchange]:
    """The requests that cancelled an appointment, or may have."""
    for exchange in run.of(CANCEL, api=API):
        if exchange.path_params.get("id") == life.id and (exchange.response is None or succeeded(exchange)):
            yield exchange


def _of_order(label: str, about: str, member: str, shows: Shows, expected: Any, *, lasting: bool = False) -> None:
    """A work order shows what the making of its appointment brings about; `lasting`: also when that is cancelled."""

    def look(run: Run) -> Iterator[Remark]:
        for made in _made(run):
            found = _look(run, work_order(run, made.order), made.by, _for(shows, made), whole=lasting)
            if found is None:
                continue
            gone = False if lasting or found.holds else _is_over(run, made.life, found.shown)
            if gone is not True:
                yield on_response(
                    found.shown.exchange,
                    _effect(
                        found,
                        member,
                        expected,
                        f"though exchange {made.by.n} made appointment {made.life.id} for it",
                        hint=gone is None,
                    ),
                )

    look.__doc__ = about
    APPOINTMENT.at_end(label)(look)


def _for(shows: Shows, made: _Made) -> Shows:
    return shows if shows is not _refers else lambda value: made.life.id in _ids(value)


def _ids(value: Mapping[str, Any]) -> list[Any]:
    return [found for _, found in every(value, "/appointment/*/id")]


def _refers(value: Mapping[str, Any]) -> bool | None:
    """Stands for: refers to the appointment that was made."""
    return bool(_ids(value))


def _effect(
    found: common.Consequence,
    member: str,
    expected: Any,
    why: str,
    *,
    reading: tuple[str, str] | None = None,
    hint: bool = False,
) -> Mark:
    if found.holds:
        return FINE
    place, value = f"{found.shown.place}{member}", at(found.shown.value, member)
    return breach(place, expected, value, f"{place} is not {expected!s:.80}, {why}", reading=reading, hint=hint)


def _asks_for_none(value: Mapping[str, Any]) -> bool | None:
    found = value.get("appointmentRequired")
    return not found if isinstance(found, bool) else None


def _is_planned(value: Mapping[str, Any]) -> bool | None:
    state = value.get("state")
    return None if state == "cancelled" else state != "open"


_of_order(
    "R22",
    "The work order refers to each appointment that was made for it.",
    "/appointment",
    _refers,
    "a reference to the appointment",
    lasting=True,
)
_of_order(
    "R23",
    "The work order asks for no appointment once one was made for it.",
    "/appointmentRequired",
    _asks_for_none,
    False,
)
_of_order(
    "R24",
    "The work order is planned, or further on, once an appointment was made for it.",
    "/state",
    _is_planned,
    "planned",
)


@APPOINTMENT.at_end("R25")
def the_ticket_goes_on(run: Run) -> Iterator[Remark]:
    """The ticket of the work order is inProgress once an appointment was made: it was not resolved or ended before, no
    other work order of it waits for one, and the Seller has not asked for anything else since.
    """
    for made in _made(run):
        for ticket in tickets_of(run, made.order):
            before = ticket.last_before(made.by)
            found = _look(run, ticket, made.by, _goes_on)
            if found is None:
                continue
            reading = None
            gone: bool | None = False
            if not found.holds:
                if _was_asked_since(before, found.shown, made.by):
                    continue
                reading = (
                    ("ticket-two-appointments", "in-progress") if may_wait(run, found.shown, but=made.order) else None
                )
                gone = _is_over(run, made.life, found.shown)
            if gone is not True:
                why = f"though exchange {made.by.n} made appointment {made.life.id} for its work order {made.order}"
                sure = gone is False and (before is not None or found.holds) and (found.shown.whole or found.holds)
                mark = _effect(found, "/status", "inProgress", why, reading=reading, hint=not sure)
                yield on_response(found.shown.exchange, mark)


def _goes_on(value: Mapping[str, Any]) -> bool | None:
    status = value.get("status")
    if status in ("pending", "acknowledged", "reopened"):
        return False
    return True if status == "inProgress" else None


def _was_asked_since(before: Shown | None, shown: Shown, since: Exchange) -> bool:
    """Whether the Seller has added a note, or the history tells that the ticket was inProgress since."""
    old = {note for _, note in every(before.value, "/note/*/id")} if before else set()
    fresh = [note for _, note in every(shown.value, "/note/*") if at(note, "/id") not in old]
    if any(at(note, "/source") == "seller" for note in fresh):
        return True
    worked = [
        read_moment(at(change, "/changeDate"))
        for _, change in every(shown.value, "/statusChange/*")
        if at(change, "/status") == "inProgress"
    ]
    return any(moment is None or moment >= since.at for moment in worked)


# After it was cancelled


@APPOINTMENT.at_end(("R50", "W137-ends-canceled"))
def what_is_cancelled_is_cancelled(run: Run) -> Iterator[Remark]:
    """The status of an appointment after its cancelling was answered with success."""
    for exchange in _acts(run):
        life = run.life(KIND, exchange.path_params.get("id"))
        found = _look(run, life, exchange, lambda value: value.get("status") in (CANCELLED, *SPELT))
        if found is not None:
            why = f"though exchange {exchange.n} cancelled it"
            yield on_response(found.shown.exchange, _effect(found, "/status", CANCELLED, why))


@APPOINTMENT.rule("W137-ends-canceled", on=SHOWN, name="spelling")
def what_is_cancelled_is_spelt_so(said: Said) -> Iterator[Mark]:
    """The status of an appointment that was cancelled, in the spelling of the contract or of the clause."""
    for shown in said.shown:
        status = shown.value.get("status")
        by_clause = status in tuple(SPELT)
        if by_clause or status == CANCELLED:
            reading = "contract" if by_clause else "clause"
            wanted = CANCELLED if by_clause else next(iter(SPELT))
            yield breach(f"{shown.place}/status", wanted, status, reading=("appointment-canceled", reading))


def _acts(run: Run) -> Iterator[Exchange]:
    return (each for each in run.of(CANCEL, api=API) if succeeded(each) and each.n not in run.spoilt)


def _after_cancelling(label: str, about: str, member: str, shows: Shows, expected: Any) -> None:
    """A work order shows what the cancelling of its appointment brings about, unless another was made since."""

    def look(run: Run) -> Iterator[Remark]:
        made = list(_made(run))
        for exchange in _acts(run):
            life = run.life(KIND, exchange.path_params.get("id"))
            if life is None or _was_over(run, life, exchange):
                continue
            order = work_order_of(life)
            orders = work_order(run, order)
            again = [each.by.n for each in made if each.order == order and each.by.n > exchange.n]
            found = _look(run, orders, exchange, shows)
            if found is None or orders is None or any(n < found.shown.exchange.n for n in again):
                continue
            if not found.holds and _has_a_date_of_its_own(orders, exchange, found.shown):
                continue
            late = run.lasted(over(exchange), found.shown.exchange.at) > run.spread(CLOCKS)
            why = f"though exchange {exchange.n} cancelled its appointment {exchange.path_params.get('id')}"
            yield on_response(found.shown.exchange, _effect(found, member, expected, why, hint=late))

    look.__doc__ = about
    APPOINTMENT.at_end(label)(look)


def _was_over(run: Run, life: Life, exchange: Exchange) -> bool:
    """Whether an appointment was at an end before it was cancelled, or may have been: then nothing follows."""
    shown = life.last_before(exchange, whole=False)
    earlier = any(each.n < exchange.n for each in _cancelled(run, life))
    return earlier or (shown is not None and shown.value.get("status") != "confirmed")


def _has_a_date_of_its_own(life: Life, exchange: Exchange, shown: Shown) -> bool:
    """Whether the Seller has planned the work anew, by itself."""
    before = life.last_before(exchange)
    old, new = before.value.get("plannedExecutionDate") if before else None, shown.value.get("plannedExecutionDate")
    return shown.whole and new is not None and (before is None or not common.same(old, new))


def _asks_for_one(value: Mapping[str, Any]) -> bool | None:
    found = value.get("appointmentRequired")
    if not isinstance(found, bool):
        return None
    return found or (False if value.get("state") in ("open", "planned") else None)


def _is_open(value: Mapping[str, Any]) -> bool | None:
    state = value.get("state")
    return state == "open" if state in ("open", "planned") else None


_after_cancelling(
    "R48",
    "The work order of an appointment that was cancelled asks for one.",
    "/appointmentRequired",
    _asks_for_one,
    True,
)
_after_cancelling("R49", "The work order of an appointment that was cancelled is open.", "/state", _is_open, "open")
