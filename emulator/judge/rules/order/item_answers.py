"""What the answer to an order says of its items, and its notes (MEF 123, 6.1.5). R29 and R49 are one rule."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.named import CHARGE, MODIFY_DATE
from emulator.judge.named import ORDER as ORDER_KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Life, Run, Said
from emulator.record.payload import MISSING, at, every

if TYPE_CHECKING:
    pass
from emulator.judge.rules.common.values import first_named, told_alike
from emulator.judge.rules.order.answering import UNCHANGED, date_changes, entered_notes
from emulator.judge.rules.order.products import ANSWERS, ITEMS


@ORDER.rule("R21", on=ANSWERS)
def notes_stay_as_they_are(said: Said) -> Iterator[Mark]:
    """Each note that was shown before, or that the seller took from the buyer, is still there, unchanged."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        sent: dict[Any, list[Any]] = {}
        for one in entered_notes(said.run, life) if shown.exchange is not life.asked else ():
            sent.setdefault(one.item, []).append(one)
        holders = [
            ("", None, shown.value),
            *((place, at(item, "/id"), item) for place, item in every(shown.value, ITEMS)),
        ]
        for place, item, holder in holders:
            old = _notes_of(earlier.value, item) if earlier else []
            known = {note.get("id") for note in old}
            fresh = (
                [one for one in sent.get(item, ()) if one.note["id"] not in known]
                if isinstance(item, str | None)
                else []
            )
            here, now = f"{shown.place}{place}/note", at(holder, "/note")
            yield from _note_marks(here, now, old, f"exchange {earlier.exchange.n if earlier else 0} showed")
            for one in fresh:
                yield from _note_marks(here, now, [one.note], f"exchange {one.n} sent", moved=True)


_NOTE: Final = ("author", "date", "source", "text")


def _notes_of(order: Any, item: Any) -> list[Mapping[str, Any]]:
    """The notes of an order, or of one of its items."""
    holder = order if item is None else first_named(order, ITEMS, item)
    return [note for _, note in every(holder, "/note/*") if isinstance(note, dict) and isinstance(note.get("id"), str)]


def _note_marks(
    place: str, notes: Any, before: Iterable[Mapping[str, Any]], who: str, *, moved: bool = False
) -> Iterator[Mark]:
    """Each note against its namesakes now. `moved`: where another note has its id, it may have got one of its own."""
    now = [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []
    by_name: dict[str, list[Any]] = {}
    for note in now:
        if isinstance(name := note.get("id"), str):
            by_name.setdefault(name, []).append(note)
    for old in before:
        namesakes = by_name.get(old["id"], [])
        if any(_same_note(old, note) for note in namesakes) or (
            moved and namesakes and any(_same_note(old, note) for note in now)
        ):
            yield FINE
        elif namesakes:
            name = next(n for n in _NOTE if given(old.get(n)) and not told_alike(old[n], namesakes[0].get(n)))
            here = f"{place}/{notes.index(namesakes[0])}/{name}"
            yield breach(here, old.get(name, MISSING), namesakes[0].get(name, MISSING),
                         f"{here} of note {old['id']} was changed; {who} it otherwise")  # fmt: skip
        else:
            yield breach(place, old, MISSING, f"note {old['id']}, which {who}, is not in {place}")


def _same_note(old: Mapping[str, Any], note: Mapping[str, Any]) -> bool:
    return all(told_alike(old[name], note.get(name)) for name in _NOTE if given(old.get(name)))


ORDER.present("R22", ITEMS, "/state", on=ANSWERS)
ORDER.present("Mplify123.1-item-states", ITEMS, "/state", "/stateChange", on=ANSWERS)


@ORDER.rule("R24", on=ANSWERS)
def haste_is_granted_where_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """Haste is not accepted (expediteAcceptedIndicator) where the expediteIndicator last asked for is false."""
    for shown, life in said.lived():
        changes = list(date_changes(said.run, life.id))
        first = {at(i, "/id"): i for _, i in every(life.request, ITEMS) if isinstance(at(i, "/id"), str)}
        for place, item in every(shown.value, ITEMS):
            identifier = at(item, "/id")
            if not isinstance(identifier, str) or True in _haste(first.get(identifier), item, identifier, changes):
                continue
            accepted = at(item, "/expediteAcceptedIndicator")
            here = f"{shown.place}{place}/expediteAcceptedIndicator"
            yield hold(here, accepted is not True, expected=False, found=accepted,
                       message=f"{here} is true, though no expedite is asked for")  # fmt: skip


def _haste(first: Any, item: Any, identifier: str, changes: Iterable[tuple[str, Mapping[str, Any], Any]]) -> set[bool]:
    """What the buyer can have asked for last, as far as is known; both where nothing is."""
    said = at(first, "/expediteIndicator") if isinstance(first, dict) else at(item, "/expediteIndicator")
    if isinstance(first, dict) and said in (MISSING, None):
        said = False  # the contract's default
    wishes = {said} if isinstance(said, bool) else {True, False}
    for of, wanted, state in changes:
        wish = at(wanted, "/expediteIndicator")
        if of != identifier or state in UNCHANGED:
            continue
        if state == "done" and isinstance(wish, bool):
            wishes = {wish}
        else:
            wishes = wishes | {wish if isinstance(wish, bool) else False}
    return wishes


@ORDER.at_end("R25")
def haste_is_granted_once_it_is_paid_for(run: Run) -> Iterator[Remark]:
    """An item that is expedited has no charge for it that waits for the buyer, before and after it is shown so."""
    charges: dict[Any, list[Life]] = defaultdict(list)
    for charge in run.lives(CHARGE):
        if charge.shown and _for_haste(run, charge):
            charges[at(charge.shown[0].value, "/productOrderItem/productOrderId")].append(charge)
    for life in run.lives(ORDER_KIND):
        for charge in charges.get(life.id, ()):
            item = at(charge.shown[0].value, "/productOrderItem/productOrderItemId")
            yield from _haste_remarks(life, charge, item)


def _for_haste(run: Run, charge: Life) -> bool:
    """Whether a charge is what an expedite of its order's item costs."""
    if not isinstance(at(charge.shown[0].value, "/productOrderItem/productOrderId"), str):
        return False
    if any(at(s.value, f"/chargeItem/{i}/priceCategory") == "expedite" for s in charge.shown for i in range(3)):
        return True
    cause = at(charge.shown[0].value, f"/{MODIFY_DATE}/id")
    request = run.life(MODIFY_DATE, cause)
    return request is not None and any(at(s.value, "/expediteIndicator") is True for s in request.shown)


def _haste_remarks(order: Life, charge: Life, item: Any) -> Iterator[Remark]:
    seen = [(shown.exchange.n, at(shown.value, "/state")) for shown in charge.shown]
    waiting = max((n for n, state in seen if state == "awaitingResponse"), default=0)
    expedited_before = False
    for shown in order.shown:
        n = shown.exchange.n
        accepted = any(
            at(each, "/id") == item and at(each, "/expediteAcceptedIndicator") is True
            for _, each in every(shown.value, ITEMS)
        )
        if n < seen[0][0]:
            expedited_before |= accepted
        if n < seen[0][0] or not shown.whole or expedited_before:
            continue
        last = seen[bisect_left(seen, n, key=lambda each: each[0]) - 1][1]
        # Still waiting afterwards: else it may have been withdrawn unseen, and haste granted free of charge.
        waits = last == "awaitingResponse" and waiting > n
        if accepted and waits:
            place = "/productOrderItem"
            yield on_response(shown.exchange, breach(
                place, "no expedite accepted yet", True,
                f"item {item} is expedited while charge {charge.id} for it waits for the buyer's answer"))  # fmt: skip
        elif waits or (accepted and last == "completed"):
            yield on_response(shown.exchange, FINE)


@ORDER.rule("R26", on=ANSWERS)
def a_held_item_refers_to_its_charge(said: Said) -> Iterator[Mark]:
    """An item that is held while the order is held.assessingCharge refers to charges."""
    reading = ("charge-of-held-item", "waiting")
    for shown in said.shown:
        if at(shown.value, "/state") != "held.assessingCharge" or not said.run.reads_as(*reading):
            continue
        for place, item in every(shown.value, ITEMS):
            if at(item, "/state") != "held":
                continue
            found, here = at(item, "/charge"), f"{shown.place}{place}/charge"
            if given(found):
                yield FINE
            else:
                yield breach(here, "a reference to the charge", found,
                             f"{here} is missing, though the item waits for it to be answered", reading=reading)  # fmt: skip


def _no_more_expected(labels: tuple[str, ...], state: str) -> None:
    reading = ("expected-completion-date-after-end", "gone")

    def look(said: Said) -> Iterator[Mark]:
        if not said.run.reads_as(*reading):
            return
        for place, item in every(said.body, ITEMS):
            if at(item, "/state") != state:
                continue
            found = at(item, "/expectedCompletionDate")
            if found in (MISSING, None):
                yield FINE
            else:
                here = f"{place}/expectedCompletionDate"
                yield breach(
                    here, MISSING, found, f"{here} is still there, though the item is {state}", reading=reading
                )

    ORDER.add(labels, look, on=ANSWERS, name=state, about=f"expectedCompletionDate of items that are {state}")


_no_more_expected(("R27",), "failed")
_no_more_expected(("R27", "R47"), "cancelled")

ORDER.present(
    ("R28", "R46"),
    ITEMS,
    "/expectedCompletionDate",
    on=ANSWERS,
    where=lambda item: item.get("state") == "inProgress",
    reading=("expected-date-of-open-item", "told"),
)


@ORDER.rule("W123-expected-date-of-open-item", on=ANSWERS)
def only_completed_items_have_an_expected_date(said: Said) -> Iterator[Mark]:
    """Items that are not completed have no expectedCompletionDate."""
    reading = ("expected-date-of-open-item", "letter")
    for place, item in every(said.body, ITEMS):
        state = at(item, "/state")
        if isinstance(state, str) and state != "completed":
            here, found = f"{place}/expectedCompletionDate", at(item, "/expectedCompletionDate")
            if found in (MISSING, None):
                yield FINE
            else:
                message = f"{here} is there, though the item is {state}"
                yield breach(here, MISSING, found, message, reading=reading)


@ORDER.rule(("R29", "R49"), on=ANSWERS)
def only_completed_items_have_a_completion_date(said: Said) -> Iterator[Mark]:
    """Items that are not completed have no completionDate."""
    reading = ("item-completion-date", "completed-only")
    for place, item in every(said.body, ITEMS):
        state = at(item, "/state")
        if not isinstance(state, str) or state == "completed":
            continue
        found = at(item, "/completionDate")
        ended = state in _ENDED
        if found in (MISSING, None):
            yield FINE
        elif not ended or said.run.reads_as(*reading):
            here = f"{place}/completionDate"
            yield breach(here, MISSING, found, f"{here} is there, though the item is {state}",
                         reading=reading if ended else None)  # fmt: skip


_ENDED: Final = ("cancelled", "failed", "rejected", "rejected.unassessed", "rejected.validated")
"""Final states of an item other than completed."""
