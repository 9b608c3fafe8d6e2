"""How a ticket lives: its statuses, and what ends or goes on when the Buyer says so (MEF 124, 6.1.4, 6.5 and 6.6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, Final

from emulator.judge.dues import history_of
from emulator.judge.named import APPOINTMENT
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, responses, tells
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import parts
from emulator.judge.rules.ticket.book import (
    API,
    CLOSURE,
    ENDING,
    HOUR,
    LISTED,
    OVER,
    SHOWN,
    TICKET,
    TWICE,
    life_of,
    status_before,
)
from emulator.judge.rules.ticket.linked import may_wait
from emulator.judge.run import Half, Life, Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.kinds.facts import History

HISTORY: Final = History("/statusChange", "status", "changeDate", "")
_MACHINE: Final = common.Machine("troubleTicket", state="/status", untold=("acknowledged",), history=HISTORY)

# Identity

common.keeps_id(TICKET, (), KIND)
common.stays(TICKET, (), KIND)
common.steady(TICKET, KIND)
# Nobody can change these: the Buyer by R34, the Seller since they are the Buyer's, or tell of what has happened.
common.agrees(TICKET, (), KIND, "/creationDate", "/description", "/ticketType", hint=True)
common.no_twins(TICKET, (), KIND, *TWICE)
common.begins(TICKET, KIND, "/creationDate")
common.past(TICKET, "/creationDate", "/resolutionDate", "/statusChange/*/changeDate", on=SHOWN | LISTED)
common.in_order(TICKET, "/creationDate", "/resolutionDate", on=SHOWN | LISTED, name="date-order")
common.in_order(TICKET, "/creationDate", "/statusChange/*/changeDate", on=SHOWN, name="change-order", slack=HOUR)

# Statuses

common.goes_legally(TICKET, "R14", _MACHINE, on=SHOWN | LISTED)
common.tells_history(TICKET, (), _MACHINE, on=SHOWN)
common.unasked(
    TICKET,
    "R14",
    _MACHINE,
    on=SHOWN | LISTED,
    beside={"inProgress": (APPOINTMENT,)},
    doubted={"inProgress": ("ticket-resumed-unasked", "buyer-only")},
)


@TICKET.rule("R14", on=SHOWN, name="straight")
def pending_comes_after_progress(said: Said) -> Iterator[Mark]:
    """The entry before pending in a history, where the partners agreed that it is inProgress."""
    reading = ("ticket-straight-to-pending", "by-way-of-progress")
    for shown in said.shown:
        for (_, before), (_, state) in pairwise(history_of(shown.value, HISTORY)):
            if state == "pending":
                right = before == "inProgress"
                place = f"{shown.place}/statusChange"
                yield FINE if right else breach(place, "inProgress before pending", before, reading=reading)


@TICKET.rule("R14", on=tells(API), name="silence")
def nothing_is_told_after_cancelled(said: Said) -> Iterator[Mark]:
    """Events of attributes of a ticket that was cancelled before they happened."""
    event = said.run.event(said.exchange)
    life = said.run.life(event.kind, at(said.body, "/event/id")) if event else None
    seen = life.last_before(said.exchange, whole=False) if life else None
    happened = common.moment(at(said.body, "/eventTime"))
    if event is None or event.kind != KIND or seen is None or seen.value.get("status") != "cancelled" or not happened:
        return
    told = history_of(seen.value, HISTORY)
    since = told[-1][0] if told and told[-1][1] == "cancelled" else None
    if since is None or happened <= since or event.cls != "attribute":
        return
    reading = ("ticket-after-cancelled", "silent")
    pinned = said.run.reads_as(*reading)
    yield breach(
        "/eventType",
        "nothing",
        event.type,
        f"{event.type} tells of a ticket that was cancelled before",
        reading=reading if pinned else None,
        hint=not pinned,
    )


# Cancelling


def _acts(run: Run, operation: str) -> Iterator[tuple[Exchange, Life]]:
    """Each call that was taken, with its ticket."""
    for exchange in run.of(operation, api=API):
        life = life_of(run, exchange)
        if succeeded(exchange) and life is not None:
            yield exchange, life


@TICKET.at_end("R38")
def a_cancellation_is_assessed(run: Run) -> Iterator[Remark]:
    """Tickets whose cancellation was taken: assessingCancellation or cancelled at the next look, and in their history."""
    for exchange, life in _acts(run, "cancelTroubleTicket"):
        effect = common.follows(run, life, exchange, lambda shown: at(shown.value, "/status") in ENDING, whole=False)
        if effect is None:
            continue
        shown = effect.shown
        states = [state for _, state in history_of(shown.value, HISTORY)]
        place, found = f"{shown.place}/status", at(shown.value, "/status")
        if not effect.holds:
            message = f"the ticket is {found}, although exchange {exchange.n} (cancelTroubleTicket) was taken"
            yield on_response(shown.exchange, breach(place, ENDING[0], found, message))
        elif states and ENDING[0] not in states:
            message = "the ticket was cancelled, and its history tells of no assessingCancellation"
            yield on_response(shown.exchange, breach(f"{shown.place}/statusChange", ENDING[0], states, message))
        else:
            yield on_response(shown.exchange, FINE)


@TICKET.rule("R40", on=responses(API, "cancelTroubleTicket", statuses=ANY_STATUS))
def cancelling_comes_too_late(said: Said) -> Iterator[Mark]:
    """Answers to cancelTroubleTicket, of tickets that cannot be cancelled from where they are known to be."""
    before = status_before(said.run, said.exchange)
    if before in OVER:
        yield from refused(said, f"a ticket that is {before} is not cancelled")


@TICKET.at_end("R40", name="reopened")
def what_was_reopened_is_not_cancelled(run: Run) -> Iterator[Remark]:
    """Cancellations of tickets that were reopened before and after it: answered 422."""
    for exchange in run.of("cancelTroubleTicket", api=API):
        life = life_of(run, exchange)
        after = life.next_after(exchange, whole=False) if life else None
        if status_before(run, exchange) == "reopened" and after and at(after.value, "/status") == "reopened":
            said = Said(run, exchange, Half.RESPONSE)
            yield from (
                on_response(exchange, mark) for mark in refused(said, "a ticket that is reopened is not cancelled")
            )


def refused(said: Said, why: str) -> Iterator[Mark]:
    """The answer is 422. 409 is what the contract has for it, 400 is right where the contract refuses the body too; others
    say nothing of what was asked.
    """
    status = said.status
    if status == 422:  # noqa: PLR2004
        yield FINE
    elif status == 409:  # noqa: PLR2004
        yield breach("", 422, status, f"answered {status}; {why}", reading=("ticket-patch-conflict", "unprocessable"))
    elif status == 400:  # noqa: PLR2004
        if _is_sound(said):
            yield breach("", 422, status, f"answered {status}, and the body is sound; {why}")
        elif said.run.reads_as("ticket-refusal-code", "always-422"):
            yield breach("", 422, status, f"answered {status}; {why}", reading=("ticket-refusal-code", "always-422"))
        else:
            yield FINE
    elif succeeded(said.exchange):
        yield breach("", 422, status, f"answered {status}; {why}")


def _is_sound(said: Said) -> bool:
    exchange = said.exchange
    contract = said.run.release.contract(str(exchange.api), exchange.kind)
    return not contract.request_breaches(str(exchange.operation), exchange.request, advisory=False)


# Closing and reopening


@TICKET.rule("R14", on=responses(API, "closeTroubleTicket", "reopenTroubleTicket", statuses=ANY_STATUS), name="answer")
def only_what_is_resolved_is_closed_or_reopened(said: Said) -> Iterator[Mark]:
    """Answers to close and reopen, of tickets that cannot be resolved where they are known to be."""
    before = status_before(said.run, said.exchange)
    if before not in (*ENDING, "closed"):
        return
    if succeeded(said.exchange):
        again = before == "closed" and said.exchange.operation == "closeTroubleTicket"
        yield breach("", "an error", said.status, f"answered {said.status}, and the ticket is {before}", hint=again)
    elif 400 <= said.status < 500 and said.status not in common.TELLS_NOTHING:  # noqa: PLR2004
        right = said.status == 422  # noqa: PLR2004
        reading = ("ticket-close-elsewhere", "unprocessable")
        yield FINE if right else breach("", 422, said.status, reading=reading)
        if not right and not said.run.reads_as(*reading):
            yield FINE


@TICKET.at_end("R47")
def what_is_closed_is_closed(run: Run) -> Iterator[Remark]:
    """Tickets whose close was taken: closed at the next look."""
    for exchange, life in _acts(run, "closeTroubleTicket"):
        effect = common.follows(run, life, exchange, lambda shown: at(shown.value, "/status") == "closed", whole=False)
        if effect is not None:
            yield _remark(effect, "closed", f"exchange {exchange.n} (closeTroubleTicket) was taken")


def _remark(effect: common.Consequence, wanted: str, why: str) -> Remark:
    shown = effect.shown
    if effect.holds:
        return on_response(shown.exchange, FINE)
    found = at(shown.value, "/status")
    message = f"the ticket is {found}, although {why}"
    return on_response(shown.exchange, breach(f"{shown.place}/status", wanted, found, message))


@TICKET.at_end("R45")
def what_is_reopened_is_reopened(run: Run) -> Iterator[Remark]:
    """Tickets that were reopened have left resolved at the next look, and their history tells of reopened."""
    for exchange, life in _acts(run, "reopenTroubleTicket"):
        earlier = life.last_before(exchange)

        def has_left(shown: Shown, earlier: Shown | None = earlier) -> bool | None:
            status = at(shown.value, "/status")
            if status in ("resolved", "closed"):
                told = [state for _, state in history_of(shown.value, HISTORY)]
                if "reopened" in told:
                    return True
                date = at(shown.value, "/resolutionDate")
                same = earlier is not None and common.same(at(earlier.value, "/resolutionDate"), date)
                return False if same or told else None  # it may have been resolved once more
            return True

        effect = common.follows(run, life, exchange, has_left)
        if effect is None:
            continue
        told = [state for _, state in history_of(effect.shown.value, HISTORY)]
        if effect.holds and told and "reopened" not in told:
            message = "the ticket was reopened, and its history does not tell of it"
            place = f"{effect.shown.place}/statusChange"
            yield on_response(effect.shown.exchange, breach(place, "reopened", told, message))
        else:
            yield _remark(effect, "reopened", f"exchange {exchange.n} (reopenTroubleTicket) was taken")


@TICKET.at_end("R46")
def the_reason_becomes_a_note(run: Run) -> Iterator[Remark]:
    """Tickets that were reopened have a note with source buyer and author closureRejection that holds the reason."""
    for exchange, life in _acts(run, "reopenTroubleTicket"):
        reason = at(exchange.request.body, "/reason")
        if not isinstance(reason, str) or not reason.strip():
            continue

        def has_note(shown: Shown, reason: str = reason) -> bool:
            return any(_is_closure(note, reason, run) for note in parts.entries(shown.value, "note"))

        effect = common.follows(run, life, exchange, has_note)
        if effect is not None:
            shown = effect.shown
            wanted = {"source": "buyer", "author": CLOSURE, "text": reason}
            notes = [
                {name: at(note, f"/{name}") for name in wanted} for note in parts.entries(shown.value, "note")[-3:]
            ]
            message = (
                f"no note tells why exchange {exchange.n} reopened the ticket, in the buyer's name and by {CLOSURE}"
            )
            yield on_response(
                shown.exchange, hold(f"{shown.place}/note", effect.holds, expected=wanted, found=notes, message=message)
            )


def _is_closure(note: Any, reason: str, run: Run) -> bool:
    signer = run.reading("ticket-closure-note")
    text = at(note, "/text")
    mine = at(note, "/source") == signer and at(note, "/author") == CLOSURE
    return mine and isinstance(text, str) and reason.strip() in text


# Pending


@TICKET.at_end("R37")
def what_was_pending_goes_on(run: Run) -> Iterator[Remark]:
    """Tickets that were pending and were changed: no longer pending in the answer, or at the next look."""
    for exchange, life in _acts(run, "patchTroubleTicket"):
        answer = next((shown for shown in run.shown(exchange)), None)
        if answer is None or status_before(run, exchange) != "pending":
            continue
        if at(answer.value, "/status") != "pending":
            yield on_response(exchange, FINE)
            continue
        effect = common.follows(run, life, exchange, partial(_went_on, since=answer))
        if effect is None or (not effect.holds and may_wait(run, effect.shown)):
            continue
        yield _remark(effect, "inProgress", f"the buyer changed it in exchange {exchange.n} while it was pending")


def _went_on(shown: Shown, since: Shown) -> bool:
    """Whether a ticket is pending no more, or was so in between: then a note of the Seller's, or its history, tells."""
    if at(shown.value, "/status") != "pending" or parts.new_notes_of_seller(shown.value, since.value):
        return True
    return len(history_of(shown.value, HISTORY)) > len(history_of(since.value, HISTORY))


@TICKET.at_end("R63")
def what_is_pending_says_why(run: Run) -> Iterator[Remark]:
    """A ticket that has become pending has a note of the Seller's that it did not have before, or has it at the next look."""
    for life in run.lives(KIND):
        for spot, shown in enumerate(life.whole):
            earlier = life.whole[spot - 1] if spot else None
            was = at(earlier.value, "/status") if earlier else None
            if at(shown.value, "/status") != "pending" or was == "pending":
                continue
            base = _well_before(run, life, spot)
            noted = any(parts.new_notes_of_seller(each.value, base) for each in life.whole[spot : spot + 2])
            message = "the ticket is pending, and no note says what it waits for"
            yield on_response(
                shown.exchange,
                hold(f"{shown.place}/note", noted, expected="a new note with source seller", message=message),
            )


def _well_before(run: Run, life: Life, spot: int) -> Any:
    """A ticket as it was before a look: at the last one, or at the one before that where the note may have come first."""
    if spot and common.is_late(run, life.whole[spot - 1].exchange, life.whole[spot]):
        return life.whole[spot - 1].value
    return life.whole[spot - 2].value if spot > 1 else {}
