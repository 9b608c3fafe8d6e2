"""How charges end, and how they are listed and read (MEF 123, 6.11 to 6.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from emulator.judge.fold import first_told
from emulator.judge.named import CHARGE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.charge_answers import placed
from emulator.judge.rules.order.charging import (
    CAUSES,
    CHARGE_LISTED,
    CHARGE_SHOWN,
    CHARGE_WHOLE,
    CHARGES,
    OPEN,
    by_id,
    one_subject,
    subject_of,
)
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.times import CLOCKS
from emulator.record.payload import MISSING, as_json, at, every

# How a charge ends


@ORDER.rule("R96", on=CHARGE_SHOWN)
def what_is_left_unanswered_times_out(said: Said) -> Iterator[Mark]:
    """The state of a charge and of its items against responseDueDate."""
    for shown, life in said.lived():
        state, due = at(shown.value, "/state"), common.moment(at(shown.value, "/responseDueDate"))
        place = f"{shown.place}/state"
        if state == "timeout":
            yield from _timed_out(said, shown, due, place)
        elif due is None:
            continue
        elif state == OPEN and said.exchange.at - due > said.run.spread(CLOCKS):
            yield breach(place, "timeout", state, f"charge {life.id} is still open, though it was to be answered by "
                                                  f"{at(shown.value, '/responseDueDate')}")  # fmt: skip
        elif state == "completed" and said.exchange.at > due and _unanswered(said.run, shown, life):
            yield breach(place, "timeout", state, f"charge {life.id} was never answered and is completed",
                         reading=("charge-left-unanswered", "timeout"))  # fmt: skip


def _timed_out(said: Said, shown: Shown, due: datetime | None, place: str) -> Iterator[Mark]:
    if due is not None and due - said.exchange.at > said.run.spread(CLOCKS):
        yield breach(place, OPEN, "timeout", "the charge is timed out before its responseDueDate")
        return
    yield breach(place, "completed", "timeout", "a charge that nobody answered is shown as timeout",
                 reading=("charge-left-unanswered", "completed")) if _pinned_completed(said) else FINE  # fmt: skip
    for where, item in every(shown.value, "/chargeItem/*"):
        found = at(item, "/state")
        if isinstance(found, str):
            yield hold(f"{shown.place}{where}/state", found in ("declinedByBuyer", "withdrawnBySeller"),
                       expected="declinedByBuyer", found=found)  # fmt: skip


def _pinned_completed(said: Said) -> bool:
    return said.run.reads_as("charge-left-unanswered", "completed")


def _unanswered(run: Run, shown: Shown, life: Life) -> bool:
    """Whether a charge that was seen open was declined without anybody having answered it, as far as can be told."""
    items = [item for _, item in every(shown.value, "/chargeItem/*")]
    declined = all(
        at(item, "/state") == "declinedByBuyer" and not given(at(item, "/acceptanceIndicator")) for item in items
    )
    opened = life.id in run.known(CHARGES).opened
    return bool(items) and declined and life.patched is None and opened


_OFFER: Final = (
    "/activityType",
    "/blocking",
    "/priceCategory",
    "/priceType",
    "/price/dutyFreeAmount/unit",
    "/price/dutyFreeAmount/value",
    "/recurringChargePeriod",
    "/unitOfMeasure",
)
"""What the Buyer agrees to with a charge item."""


def _last_items(life: Life, n: int) -> Shown | None:
    """The newest look at a charge and its items before an exchange."""
    looks = (each for each in reversed(life.shown) if each.exchange.n < n)
    return next((each for each in looks if each.whole or given(at(each.value, "/chargeItem"))), None)


def _items_with_past(said: Said) -> Iterator[tuple[Shown, Any, str, Any, Shown]]:
    """Each charge item that was shown before: now and as it was (MISSING, with an empty place, where it is gone). An entry of the
    list can be without items.
    """
    for shown, life in said.lived():
        if shown.place and not given(at(shown.value, "/chargeItem")):
            continue
        earlier = _last_items(life, said.exchange.n)
        for _, before in every(earlier.value, "/chargeItem/*") if earlier else ():
            if earlier and isinstance(at(before, "/id"), str):
                place, item = placed(shown, at(before, "/id"))
                yield shown, before, place, item, earlier


@ORDER.rule("R97", on=CHARGE_WHOLE)
def what_was_accepted_stands(said: Said) -> Iterator[Mark]:
    """Each charge item that was accepted before: its price, what it is for, and its state."""
    for shown, before, place, item, earlier in _items_with_past(said):
        if at(before, "/state") != "acceptedByBuyer":
            continue
        if not place:
            yield breach(f"{shown.place}/chargeItem", at(before, "/id"), MISSING,
                         f"charge item {at(before, '/id')} was accepted and is gone")  # fmt: skip
            continue
        for member in ("/state", "/acceptanceIndicator", *_OFFER):
            was, found = at(before, member), at(item, member)
            if given(was):
                yield hold(place + member, common.same(was, found), expected=was, found=found,
                           message=f"{place + member} has changed since exchange {earlier.exchange.n}, "
                                   "though the item was accepted")  # fmt: skip


def _is_accepted(said: Said, before: Any) -> bool:
    """Whether a charge item was accepted before, and a clause of its own says that it stands."""
    return at(before, "/state") == "acceptedByBuyer" and said.run.release.labels.told("MEF123-R97") is not None


@ORDER.rule(on=CHARGE_SHOWN, name="charge-offer")
def an_offer_is_not_changed(said: Said) -> Iterator[Mark]:
    """Each charge item of which no clause says that it was accepted and stands: a wrong one is withdrawn and asked for anew
    (Table 15).
    """
    for shown, before, place, item, earlier in _items_with_past(said):
        if _is_accepted(said, before):
            continue
        if not place:
            yield breach(f"{shown.place}/chargeItem", at(before, "/id"), MISSING,
                         f"charge item {at(before, '/id')} was shown by exchange {earlier.exchange.n} and is gone")  # fmt: skip
            continue
        for member in _OFFER:
            was, found = at(before, member), at(item, member)
            if given(was):
                yield hold(place + member, common.same(was, found), expected=was, found=found,
                           message=f"{place + member} has changed since exchange {earlier.exchange.n}")  # fmt: skip


@ORDER.rule(on=CHARGE_SHOWN, name="charge-item-path")
def items_go_legally(said: Said) -> Iterator[Mark]:
    """The state of each charge item of which no clause says that it was accepted and stands (Figure 24)."""
    known = said.run.release.lifecycles["chargeItem"]
    for _, before, place, item, _ in _items_with_past(said):
        was, found = at(before, "/state"), at(item, "/state")
        if was in known.states and found in known.states and not _is_accepted(said, before):
            yield hold(f"{place}/state", known.reaches(was, found), expected=f"a state that can follow {was}",
                       found=found, message=f"{place}/state is {as_json(found)} after {was}")  # fmt: skip


_SETTLES: Final = {"accepted": "acceptedByBuyer", "rejected": "declinedByBuyer"}


@ORDER.rule(on=CHARGE_WHOLE, name="charge-answer")
def an_answer_is_taken_as_it_was_given(said: Said) -> Iterator[Mark]:
    """The items of a charge, once they are settled, against the Buyer's answer that the Seller took."""
    for shown, life in said.lived():
        answer = life.patched.exchange.request.body if life.patched else MISSING
        earlier = life.last_before(said.exchange)
        for _, asked in every(answer, "/chargeItem/*"):
            place, item = placed(shown, at(asked, "/id"))
            wish, state = at(asked, "/acceptanceIndicator"), at(item, "/state")
            was = at(by_id(earlier.value if earlier else MISSING, "/chargeItem/*", at(asked, "/id")), "/state")
            if not place or not isinstance(wish, str) or wish not in _SETTLES:
                continue
            if state in _SETTLES.values() and was in (MISSING, OPEN):
                yield hold(f"{place}/state", state == _SETTLES[wish], expected=_SETTLES[wish], found=state,
                           message=f"{place}/state is {state}, and the Buyer said {wish}")  # fmt: skip
            shows = at(item, "/acceptanceIndicator")
            if given(shows):
                yield hold(f"{place}/acceptanceIndicator", shows == wish, expected=wish, found=shows)


@ORDER.rule(on=CHARGE_WHOLE, name="charge-settled")
def a_settled_charge_has_settled_items(said: Said) -> Iterator[Mark]:
    """No item of a charge that is completed or withdrawn still waits (Table 14)."""
    for shown in said.shown:
        state = at(shown.value, "/state")
        for place, found in every(shown.value, "/chargeItem/*/state"):
            if state == "completed" or (state == "withdrawnBySeller" and found == OPEN):
                here = f"{shown.place}{place}"
                yield FINE if found != OPEN else breach(
                    here, "a settled state", found, f"{here} is {as_json(found)} while the charge is {state}",
                    hint=state != "completed")  # fmt: skip


# Lists and reads of charges

_FILTERS: Final = {
    "productOrderId": common.Filter("/*/productOrderId"),
    "productOrderItemId": common.Filter("/productOrderItem/productOrderItemId"),
    **{
        f"{name}.{way}": common.Filter(f"/{name}", way)
        for name in ("creationDate", "responseDueDate")
        for way in ("gt", "lt")
    },
}
common.filters(ORDER, "O17", "listCharge", _FILTERS)
common.lists_all(ORDER, "O17", CHARGE, _FILTERS)

LISTED: Final = ("R98", "W123-charge-list-entry")
"""What an entry of the list has: both dates, or the date to answer by and the items."""

ORDER.present(LISTED, "/*", "/id", "/state", "/responseDueDate", on=CHARGE_LISTED)
ORDER.present("R98", "/*", "/creationDate", on=CHARGE_LISTED, name="created")


@ORDER.rule("W123-charge-list-entry", on=CHARGE_LISTED, name="items")
def a_listed_charge_has_its_items(said: Said) -> Iterator[Mark]:
    """The chargeItem of each entry: there, where the partners read it so, and what was shown of the charge before."""
    for shown in said.shown:
        found, here = at(shown.value, "/chargeItem"), f"{shown.place}/chargeItem"
        if given(found):
            yield FINE
        else:
            message = f"{here} is missing"
            yield breach(here, "a value", found, message, reading=("charge-items-in-list", "shown"))


@ORDER.rule(LISTED, on=CHARGE_LISTED, name="subject")
def a_listed_charge_is_for_an_order_or_an_item(said: Said) -> Iterator[Mark]:
    """The productOrder or productOrderItem of each entry, one of them alone."""
    for shown in said.shown:
        yield from one_subject(shown)


common.nothing_found_is_200(ORDER, "R99", "listCharge")


def _cause(member: str) -> Callable[[Shown], str | None]:
    place = f"/{member}/id"
    return lambda shown: found if isinstance(found := at(shown.value, place), str) else None


_CAUSE_TOLD: Final = {member: first_told(CHARGE, _cause(member)) for member, _, _ in CAUSES}


@ORDER.rule("R100", on=CHARGE_WHOLE, name="cause")
def a_cause_stays(said: Said) -> Iterator[Mark]:
    """The cancel or modify request that a charge was shown to come of, in later reads and in the answer to a PATCH."""
    for shown, life in said.lived():
        for member, _, _ in CAUSES:
            first, was = said.run.known(_CAUSE_TOLD[member]).get(life.id, (shown, ""))
            found = at(shown.value, f"/{member}/id")
            if first.exchange.n < said.exchange.n:
                yield hold(f"{shown.place}/{member}", found == was, expected=was, found=found,
                           message=f"charge {life.id} was shown to come of {member} {was}")  # fmt: skip


common.keeps_id(ORDER, (), CHARGE, name="charge-id")
common.stays(ORDER, (), CHARGE, name="charge-stays")
common.unknown_is_404(ORDER, (), "retrieveCharge", CHARGE, name="charge-unknown")
common.goes_legally(ORDER, (), common.Machine("charge"), on=CHARGE_SHOWN, name="charge-path")


@ORDER.rule(on=CHARGE_WHOLE, name="charge-keeps")
def a_charge_was_created_once(said: Said) -> Iterator[Mark]:
    """The creationDate against what was shown before, by lists as well."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange, whole=False)
        was, found = (at(each, "/creationDate") for each in (earlier.value if earlier else MISSING, shown.value))
        if earlier is not None and given(was) and given(found):
            yield hold(f"{shown.place}/creationDate", common.same(was, found), expected=was, found=found,
                       message=f"exchange {earlier.exchange.n} showed another creationDate of charge {life.id}")  # fmt: skip


common.reads_agree(ORDER, (), CHARGE, "/creationDate", name="charge-list")
common.no_doubles(ORDER, (), "listCharge", name="charge-doubles")
common.pages(ORDER, (), "listCharge", name="charge-pages")


@ORDER.rule(on=CHARGE_SHOWN, name="charge-dates")
def there_is_time_to_answer(said: Said) -> Iterator[Mark]:
    """The responseDueDate is not before creationDate, and is not moved while the charge is open."""
    for shown, life in said.lived():
        place = f"{shown.place}/responseDueDate"
        created, due = (common.moment(at(shown.value, f"/{name}")) for name in ("creationDate", "responseDueDate"))
        if created and due:
            yield hold(place, due >= created, expected=f"{at(shown.value, '/creationDate')} or later",
                       found=at(shown.value, "/responseDueDate"))  # fmt: skip
        earlier = life.last_before(said.exchange, whole=False)
        was = at(earlier.value, "/responseDueDate") if earlier else MISSING
        if common.moment(was) and due and due != common.moment(was):
            yield breach(place, was, at(shown.value, "/responseDueDate"), hint=True)


@ORDER.rule(on=CHARGE_SHOWN, name="charge-order-item")
def the_item_is_one_of_the_order(said: Said) -> Iterator[Mark]:
    """The productOrderItem of each charge, against the items of the order where that was read."""
    for shown in said.shown:
        subject = subject_of(shown.value)
        if subject is None or subject.item is None:
            continue
        order = said.run.life(ORDERS, subject.order)
        last = order.last_before(said.exchange) if order else None
        known = {identifier for _, identifier in every(last.value, "/productOrderItem/*/id")
                 if isinstance(identifier, str)} if last else set()  # fmt: skip
        if known:
            yield hold(f"{shown.place}/productOrderItem/productOrderItemId", subject.item in known,
                       expected=sorted(known), found=subject.item,
                       message=f"order {subject.order} has no item {subject.item}")  # fmt: skip


@ORDER.at_end(name="charge-outcome")
def what_a_charge_was_for_ends_as_the_answer_says(run: Run) -> Iterator[Remark]:
    """A cancel or modify request whose blocking charge was declined is done.declined; one whose only charge was accepted
    is done (6.12, Table 13).
    """
    for member, _, kind in CAUSES:
        charges: dict[str, list[Any]] = {}
        for life in run.lives(CHARGE):
            last = life.whole[-1].value if life.whole else MISSING
            cause = at(last, f"/{member}/id")
            if isinstance(cause, str):
                charges.setdefault(cause, []).append(last)
        for cause, its in charges.items():
            request = run.life(kind, cause)
            seen = request.shown[-1] if request and request.shown else None
            state = at(seen.value, "/state") if seen else MISSING
            wanted = _outcome(its)
            if seen and wanted and state in ("done", "done.declined"):
                right = state == wanted
                words = f"{kind} {cause} is {state}; after the answer to its charge it should be {wanted}"
                mark = hold(f"{seen.place}/state", right, expected=wanted, found=state, message=words)
                yield on_response(seen.exchange, mark)


def _outcome(charges: list[Any]) -> str:
    """The state that the answers to its charges lead a request to; empty where they do not tell."""
    ended = [charge for charge in charges if at(charge, "/state") in ("completed", "timeout")]
    items = [item for charge in ended for _, item in every(charge, "/chargeItem/*")]
    if any(at(item, "/blocking") is True and at(item, "/state") == "declinedByBuyer" for item in items):
        return "done.declined"
    accepted = bool(items) and all(at(item, "/state") == "acceptedByBuyer" for item in items)
    return "done" if accepted and len(charges) == 1 else ""
