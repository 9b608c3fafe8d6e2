"""Tickets whose work orders wait for an appointment (MEF 124-R15 and R65)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, Final

from emulator.judge.acting import acted_on, acts_on_any, between
from emulator.judge.dues import history_of
from emulator.judge.fold import Fold
from emulator.judge.named import APPOINTMENT, WORK_ORDER
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import FINE, Remark, on_response
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.common import parts
from emulator.judge.rules.ticket.book import DONE, ENDING, TICKET
from emulator.judge.run import Life, Run, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.kinds.facts import History

_FREE: Final = (*DONE, *ENDING)
"""Statuses that a work order which waits does not move."""
_CANCEL: Final = "cancelAppointment"
_HISTORY: Final = History("/statusChange", "status", "changeDate", "")


def waits(run: Run, reference: Any, exchange: Exchange) -> bool | None:
    """Whether a work order waits for an appointment about the time of an exchange; None where nobody can say."""
    life = run.life(WORK_ORDER, at(reference, "/id"))
    sights = [life.last_before(exchange), life.next_after(exchange)] if life else []
    told = [at(each.value, "/appointmentRequired") for each in sights if each]
    return True if True in told else False if told and all(one is False for one in told) else None


def may_wait(run: Run, shown: Shown, *, but: str = "") -> bool:
    """Whether a work order of a ticket, `but` for one, may wait for an appointment: it is not known to need none."""
    orders = [one for one in parts.entries(shown.value, "workOrder") if at(one, "/id") != but]
    return any(waits(run, one, shown.exchange) is not False for one in orders)


def _take_links(known: dict[str, dict[str, None]], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        if life.kind.name == KIND:
            for _, order in every(shown.value, "/workOrder/*/id"):
                if isinstance(order, str):
                    known.setdefault(order, {})[life.id] = None
        elif life.kind.name == WORK_ORDER:
            for _, one in every(shown.value, "/relatedEntity/*"):
                named = at(one, "/id")
                if at(one, "/@referredType") == "TroubleTicket" and isinstance(named, str):
                    known.setdefault(life.id, {})[named] = None


_LINKS: Final[Fold[dict[str, dict[str, None]]]] = Fold(dict, _take_links)
"""By the id of a work order, the ids of its tickets."""


def tickets_of(run: Run, work_order: str) -> Iterator[Life]:
    """The tickets that a work order belongs to, as far as they were seen: it names them, or they name it."""
    for identifier in run.known(_LINKS).get(work_order, ()):
        ticket = run.life(KIND, identifier)
        if ticket is not None:
            yield ticket


@TICKET.at_end("R15")
def an_appointment_lets_the_ticket_go_on(run: Run) -> Iterator[Remark]:
    """Tickets that were pending when an appointment was made for a work order of theirs: pending no more at the next look."""
    kind = run.kinds.kinds.get(APPOINTMENT)
    create = kind.one("create") if kind else None
    for made in run.of(create, api=kind.api) if kind and create else ():
        order = at(made.request.body, "/workOrder/id")
        if not succeeded(made) or not isinstance(order, str):
            continue
        for ticket in tickets_of(run, order):
            before = ticket.last_before(made)
            if before is None or at(before.value, "/status") != "pending":
                continue
            effect = common.follows(run, ticket, made, partial(_goes_on, was=before))
            if effect is None:
                continue
            if effect.holds:
                yield on_response(effect.shown.exchange, FINE)
            elif not acted_on(run, ticket, before.exchange, made):
                yield from _still_pending(run, effect.shown, order, made)


def _goes_on(shown: Shown, was: Shown) -> bool:
    """Whether a ticket is pending no more, or was so in between: then a note of the Seller's, or its history, tells."""
    if at(shown.value, "/status") != "pending" or parts.new_notes_of_seller(shown.value, was.value):
        return True
    return len(history_of(shown.value, _HISTORY)) > len(history_of(was.value, _HISTORY)) > 0


def _still_pending(run: Run, shown: Shown, order: str, made: Exchange) -> Iterator[Remark]:
    reading = None
    if may_wait(run, shown, but=order):
        reading = ("ticket-two-appointments", "in-progress")
        if not run.reads_as(*reading):
            return
    message = f"the ticket is pending, although exchange {made.n} made the appointment that it waited for"
    wrong = breach(f"{shown.place}/status", "inProgress", "pending", message, reading=reading)
    yield on_response(shown.exchange, wrong)


@TICKET.at_end("R65")
def who_needs_an_appointment_has_its_ticket_wait(run: Run) -> Iterator[Remark]:
    """Looks at a ticket between two at a work order of it that is open and needs an appointment: it is pending."""
    for order in run.lives(WORK_ORDER):
        spans = [pair for pair in pairwise(order.whole) if all(_needs(each) for each in pair)]
        for ticket in tickets_of(run, order.id) if spans else ():
            for begin, end in spans:
                yield from _looks_between(run, ticket, order, begin, end)


def _needs(shown: Shown) -> bool:
    return at(shown.value, "/appointmentRequired") is True and at(shown.value, "/state") == "open"


def _looks_between(run: Run, ticket: Life, order: Life, begin: Shown, end: Shown) -> Iterator[Remark]:
    for shown in ticket.shown:
        if not begin.exchange.n < shown.exchange.n < end.exchange.n:
            continue
        status = at(shown.value, "/status")
        if status == "pending":
            yield on_response(shown.exchange, FINE)
        elif status not in _FREE and common.is_late(run, begin.exchange, shown):
            reading = _either(run, ticket, order, begin, shown)
            if reading is None or run.reads_as(*reading):
                message = f"the ticket is {status}, and its work order needs an appointment, as exchange {begin.exchange.n} shows"
                wrong = breach(f"{shown.place}/status", "pending", status, message, reading=reading)
                yield on_response(shown.exchange, wrong)


def _either(run: Run, ticket: Life, order: Life, begin: Shown, shown: Shown) -> tuple[str, str] | None:
    """The reading by which a ticket stays pending, where something else has a number by which it goes on."""
    since = ticket.last_before(begin.exchange) or begin
    if acted_on(run, ticket, since.exchange, shown.exchange):
        return "ticket-patched-while-appointment-due", "pending"
    if _may_have_been_let_on(run, order, since, shown):
        return "ticket-two-appointments", "pending"
    return None


def _may_have_been_let_on(run: Run, order: Life, since: Shown, shown: Shown) -> bool:
    """Whether an appointment was made since, by which the ticket goes on: for another work order, or for this one and not
    cancelled after that. What cancels one lets nothing go on.
    """
    kind = run.kinds.kinds.get(APPOINTMENT)
    create = kind.one("create") if kind else None
    mine: set[str] = set()
    for act in between(acts_on_any(run, APPOINTMENT), since.exchange, shown.exchange):
        if act.operation != create:
            mine.discard(str(act.path_params.get("id")) if act.operation == _CANCEL else "")
        elif at(act.request.body, "/workOrder/id") != order.id or not succeeded(act):
            return True
        else:
            mine |= {made.value["id"] for made in run.shown(act)}
    return bool(mine)
