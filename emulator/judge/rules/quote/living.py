"""How a quote lives: identity, states, cancelling and declining (MEF 115, 6.4 to 6.6 and 7.2.1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulator.judge.acting import acts_on
from emulator.judge.fold import first_told
from emulator.judge.named import QUOTE as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response, shows
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import (
    CANCELLABLE,
    LISTED,
    ORDERABLE,
    QUOTE,
    READ,
    SHOWN,
    UNFINISHED,
    is_budgetary,
    is_firm,
)
from emulator.judge.run import Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.judge.times import CLOCKS
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.kinds.facts import Act

# Identity

common.keeps_id(QUOTE, (), KIND)
common.stays(QUOTE, (), KIND)
common.unknown_is_404(QUOTE, (), "retrieveQuote", KIND, name="unknown")

# States. The guide knows no date of `acknowledged` but quoteDate, so a history can leave it out.

_FIRM: Final = common.Machine("quote.firm", where=is_firm, untold=("acknowledged",))
_BUDGETARY: Final = common.Machine("quote.budgetary", where=is_budgetary, untold=("acknowledged",))
_ITEMS: Final = "/quoteItem/*"
WHOLE: Final = "Mplify115.1-history-from-the-start"

common.goes_legally(QUOTE, (), _FIRM, on=SHOWN | LISTED, name="path-firm")
common.goes_legally(QUOTE, (), _BUDGETARY, on=SHOWN | LISTED, name="path-budgetary")
common.goes_legally(
    QUOTE, (), common.Machine("quoteItem.firm", _ITEMS, where=is_firm), on=SHOWN, name="path-items-firm"
)
common.goes_legally(
    QUOTE, (), common.Machine("quoteItem.budgetary", _ITEMS, where=is_budgetary), on=SHOWN, name="path-items-budgetary"
)
with QUOTE.unless(WHOLE):
    common.tells_history(QUOTE, (), _FIRM, on=SHOWN, name="history-firm")
    common.tells_history(QUOTE, (), _BUDGETARY, on=SHOWN, name="history-budgetary")
_MACHINES: Final = {
    "": common.Machine("quote.firm", where=is_firm),
    "budgetary": common.Machine("quote.budgetary", where=is_budgetary),
    "items": common.Machine("quoteItem.firm", _ITEMS, where=is_firm),
    "items-budgetary": common.Machine("quoteItem.budgetary", _ITEMS, where=is_budgetary),
}
for _name, _machine in _MACHINES.items():
    common.tells_history(QUOTE, WHOLE, _machine, on=SHOWN, needed=True, name=_name)


@QUOTE.rule(WHOLE, on=SHOWN, name="start")
def histories_begin_at_the_beginning(said: Said) -> Iterator[Mark]:
    """The oldest entry of each history: a state in which a quote, or an item, can begin."""
    for shown in said.shown:
        for machine in _MACHINES.values():
            known = said.run.release.lifecycles[machine.lifecycle]
            for place, value in (
                every(shown.value, machine.holder) if machine.where and machine.where(shown.value) else ()
            ):
                told = [
                    (common.moment(at(one, "/changeDate")), at(one, "/state"))
                    for _, one in every(value, "/stateChange/*")
                ]
                if not told or any(when is None or state not in known.states for when, state in told):
                    continue  # the contract's business
                oldest = min(when for when, _ in told if when)
                first = [state for when, state in told if when == oldest]
                yield hold(
                    f"{shown.place}{place}/stateChange",
                    any(state in known.initial for state in first),
                    expected=list(known.initial),
                    found=first[0],
                    message=f"{shown.place}{place}/stateChange begins with {first[0]}, in which nothing begins",
                )


_OFFERED_UNTIL: Final = first_told(KIND, lambda shown: common.moment(at(shown.value, "/validFor/endDateTime")))


@QUOTE.rule(on=READ, name="expiry")
def a_quote_expires_when_it_is_no_longer_valid(said: Said) -> Iterator[Mark]:
    """The moment at which an expired quote was seen, against the validFor that it was offered with."""
    for shown, life in said.lived():
        if shown.value.get("state") != "expired":
            continue
        _, end = said.run.known(_OFFERED_UNTIL).get(life.id, (shown, None))
        if end is not None:
            yield hold(f"{shown.place}/state", end <= said.exchange.at + said.run.spread(CLOCKS), expected="the quote that was offered",
                       found="expired", message=f"the quote is expired, and was to be valid until {end.isoformat()}")  # fmt: skip


def _acts(run: Run, becomes: object) -> tuple[Act, ...]:
    """What a Buyer can ask for so that a quote gets into a state."""
    return tuple(act for act in run.kinds.kind(KIND).acts.values() if act.to == becomes)


@QUOTE.rule(on=SHOWN, name="wish")
def the_buyer_ends_it(said: Said) -> Iterator[Mark]:
    """A quote that is cancelled or declined, against what the buyer asked for."""
    for shown, life in said.lived():
        state = shown.value.get("state")
        operations = [act.operation for act in _acts(said.run, state)]
        if not operations or life.asked is None:
            continue
        if any(each.operation in operations for each in acts_on(said.run, life)):
            yield FINE
        else:
            yield breach(f"{shown.place}/state", f"{state} after {operations[0]}", state,
                         f"the quote is {state}, and no {operations[0]} asked for it", hint=True)  # fmt: skip


# Cancelling and declining


@dataclass(frozen=True, slots=True)
class _Wish:
    """A request to cancel or decline, the state of its quote before it, and what was shown next and last after it."""

    exchange: Exchange
    before: Any
    next: Shown | None
    last: Shown | None


def _wishes(run: Run, act: Act) -> Iterator[_Wish]:
    for exchange in run.of(act.operation, api="quote"):
        life = run.life(KIND, at(exchange.request.body, act.target))
        earlier = life.last_before(exchange, whole=False) if life else None
        if life and earlier and exchange.response is not None:
            following = life.next_after(exchange, whole=False)
            yield _Wish(exchange, earlier.value.get("state"), following, life.shown[-1] if following else None)


def _heeded(
    run: Run, act: Act, possible: tuple[str, ...], becomes: str, reading: tuple[str, str] | None
) -> Iterator[Remark]:
    """A wish that can be heeded is: it is not refused, and the quote becomes what was asked for.

    What happened between the last look at the quote and the wish nobody knows, so a refusal is wrong only
    where the quote is seen in such a state afterwards as well, or where the operation is not there at all.
    """
    operation = act.operation
    for wish in _wishes(run, act):
        status = wish.exchange.response.status if wish.exchange.response else 0
        if wish.before not in possible:
            continue
        if succeeded(wish.exchange):
            last = wish.last
            state = last.value.get("state") if last else becomes
            if last is None or state == becomes:
                yield on_response(wish.exchange, FINE)
            else:
                message = (
                    f"the quote is {state}, although exchange {wish.exchange.n} ({operation}) was answered {status}"
                )
                slow = state in possible  # the answer is a promise; when it is kept, the guide does not say
                yield on_response(last.exchange, breach(f"{last.place}/state", becomes, state, message, hint=slow))
        elif wish.exchange.n in run.provoked or (status >= 500 and status != 501):  # noqa: PLR2004
            continue
        elif status in (404, 405, 501):
            message = f"a quote that was {wish.before} could not be {becomes}: {operation} was answered {status}"
            yield on_response(wish.exchange, breach("", 200, status, message, reading=reading))
        elif status not in common.TELLS_NOTHING and wish.next and wish.next.value.get("state") in possible:
            message = f"a quote that was {wish.before} before and after could not be {becomes}: answered {status}"
            yield on_response(wish.exchange, breach("", 200, status, message))


@QUOTE.at_end("R53")
def a_quote_can_be_cancelled(run: Run) -> Iterator[Remark]:
    """Quotes that are inProgress or inProgress.draft: the wish to cancel them is answered 200, and they are cancelled then."""
    for act in _acts(run, "cancelled"):
        yield from _heeded(run, act, CANCELLABLE, "cancelled", None)


@QUOTE.at_end("R54")
def a_quote_can_be_declined(run: Run) -> Iterator[Remark]:
    """Quotes that could be ordered: the wish to decline them is answered 200, and they are declined then."""
    for act in _acts(run, "declined"):
        yield from _heeded(run, act, ORDERABLE, "declined", ("quote-decline-path", "contract"))


_PAST: Final = {
    "cancelled": (*ORDERABLE, "answered", "accepted", "declined", "expired", "rejected", "unableToProvide"),
    "declined": ("answered", "accepted", "cancelled", "expired", "rejected", "unableToProvide"),
}
"""What can be asked for, and the states from which there is no way to it."""


@QUOTE.rule(on=shows("quote", KIND, "act"), name="too-late")
def what_is_too_late_is_refused(said: Said) -> Iterator[Mark]:
    """Answers to wishes to cancel and to decline, of quotes from whose state there is no way back."""
    becomes = said.run.kinds.kind(KIND).acts[str(said.exchange.operation)].to
    past = _PAST.get(becomes, ())
    life = said.run.life(KIND, at(said.asked, "/quoteId"))
    earlier = life.last_before(said.exchange, whole=False) if life else None
    state = earlier.value.get("state") if earlier else None
    if state in past:
        yield breach(
            "", 422, said.status, f"answered {said.status}, though a quote that is {state} cannot be {becomes}"
        )
    elif state in (*UNFINISHED, *ORDERABLE, becomes):
        yield FINE


@QUOTE.rule(on=shows("quote", KIND, "act"), name="body")
def the_answer_repeats_the_wish(said: Said) -> Iterator[Mark]:
    """The quoteId and the reason, in the answer as they were sent."""
    if isinstance(said.asked, dict) and isinstance(said.body, dict):
        yield from common.echo_marks(common.only(said.asked, ("quoteId", "reason")), said.body, "")


common.steady(QUOTE, KIND)
common.serves_all(QUOTE, "Mplify115.1-reads-cancels-declines", "retrieveQuote", "cancelQuote", "declineQuote")
common.fitting_statuses(QUOTE, "Mplify115.1-fitting-statuses")
