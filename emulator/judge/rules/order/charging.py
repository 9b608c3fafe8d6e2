"""Cancelling an order, and what the Seller charges on top of it (MEF 123, 6.8 to 6.14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from emulator.judge.rule import FINE, Look, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import CANCEL, CHARGE, MODIFY_DATE, Kind, Life, Run, Said, Shown, View
from emulator.judge.run import ORDER as ORDERS
from emulator.wire.call import ErrorCode
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

API: Final = ORDER.api

ASK_CANCEL: Final = requests(API, "createCancelProductOrder")
CANCEL_MADE: Final = responses(API, "createCancelProductOrder")
CANCEL_READ: Final = responses(API, "retrieveCancelProductOrder")
CANCEL_LISTED: Final = responses(API, "listCancelProductOrder")
CANCEL_SHOWN: Final = CANCEL_MADE | CANCEL_READ | CANCEL_LISTED
ORDER_SHOWN: Final = responses(API, "retrieveProductOrder", "patchProductOrder", "listProductOrder")
ANSWER: Final = requests(API, "patchCharge")
CHARGE_READ: Final = responses(API, "retrieveCharge")
CHARGE_LISTED: Final = responses(API, "listCharge")
CHARGE_WHOLE: Final = responses(API, "retrieveCharge", "patchCharge")
CHARGE_SHOWN: Final = CHARGE_WHOLE | CHARGE_LISTED

CONTACT: Final = "cancelProductOrderContact"
SELLER_CONTACT: Final = "cancelProductOrderSellerContact"
_BUYERS: Final = ("cancellationReason", "cancellationReasonType", "productOrder", "relatedContactInformation")
"""What a Buyer can say of a cancel request; the notes of the guide's samples are no part of its type."""

_OPEN: Final = "awaitingResponse"
_SECOND: Final = timedelta(seconds=1)
_GRACE: Final = timedelta(minutes=5)
"""By how much the clocks of two parties may differ, and how late a timer may go off."""


# Cancel requests


@ORDER.rule("R73", on=ASK_CANCEL)
def only_an_order_that_was_placed_is_cancelled(said: Said) -> Iterator[Mark]:
    """The order is one that the run has seen; an order from before the run is taken on trust unless the Seller
    says that there is none.
    """
    place = "/productOrder/productOrderId"
    identifier = at(said.body, place)
    life = said.run.life(ORDERS, identifier)
    if life is not None and life.before(said.exchange):
        yield FINE
    elif isinstance(identifier, str) and _no_such_order(said):
        yield breach(place, "the id of an order that was placed", identifier,
                     f"no order {identifier} was placed in this run, and the Seller knows of none")  # fmt: skip


def _no_such_order(said: Said) -> bool:
    """Whether the Seller refused for the reason that the order is not there."""
    answer = said.exchange.response.body if said.exchange.response else MISSING
    if said.status == 404:  # noqa: PLR2004
        return True
    entries = answer if isinstance(answer, list) else [answer]
    return said.status == 422 and any(  # noqa: PLR2004
        at(entry, "/code") == ErrorCode.REFERENCE_NOT_FOUND
        and "productOrder" in str(at(entry, "/propertyPath") or "productOrder")
        for entry in entries
    )


ORDER.present("R74", "", "/productOrder", on=ASK_CANCEL, name="order")
ORDER.has_role("R74", "", CONTACT, on=ASK_CANCEL)


def _asked(said: Said, life: Life) -> Any:
    """What the Buyer asked for; of a request from before the run, what was shown of it first."""
    first = life.request if life.asked else next((s.value for s in life.before(said.exchange) if s.whole), MISSING)
    return {name: first[name] for name in _BUYERS if name in first} if isinstance(first, dict) else MISSING


common.echoes(ORDER, "R75", on=CANCEL_MADE, free=("productOrderHref",), baseline=_asked)
ORDER.present("R76", "", "/id", "/state", on=CANCEL_MADE)


def _seller_contact(said: Said) -> Iterator[Mark]:
    for shown in said.shown:
        contacts = at(shown.value, "/relatedContactInformation")
        roles = sorted({role for _, role in every(contacts, "/*/role") if isinstance(role, str)})
        place = f"{shown.place}/relatedContactInformation"
        if SELLER_CONTACT in roles:
            yield FINE
        else:
            like_the_sample = ("cancel-seller-contact-role", "by-text") if "sellerContact" in roles else None
            yield breach(place, SELLER_CONTACT, roles, f"no contact with the role {SELLER_CONTACT} is named",
                         reading=like_the_sample)  # fmt: skip


ORDER.add("R76", _seller_contact, on=CANCEL_MADE, about="the Seller's contact of a new cancel request", name="contact")

common.filters(
    ORDER,
    "O13",
    "listCancelProductOrder",
    {
        "productOrderId": common.Filter("/productOrder/productOrderId"),
        "state": common.Filter("/state"),
        "cancellationReasonType": common.Filter("/cancellationReasonType"),
    },
)
ORDER.present("R77", "/*", "/id", "/productOrder", "/state", on=CANCEL_LISTED)


@ORDER.rule("R77", on=CANCEL_LISTED, name="reason")
def a_reason_that_was_given_is_listed(said: Said) -> Iterator[Mark]:
    """The cancellationReasonType of each entry whose request is known."""
    for shown, life in said.lived():
        asked = at(_asked(said, life), "/cancellationReasonType")
        found = at(shown.value, "/cancellationReasonType")
        if given(asked) and not given(found):
            yield breach(f"{shown.place}/cancellationReasonType", asked, found)
        elif given(found):
            yield FINE


common.nothing_found_is_200(ORDER, "R78", "listCancelProductOrder")
common.echoes(ORDER, "R79", on=CANCEL_READ, free=("productOrderHref",), baseline=_asked)
common.keeps(ORDER, "R79", "", "/cancellationDeniedReason", "/charge/id", on=CANCEL_READ, name="kept")


@ORDER.rule("R79", on=CANCEL_READ, name="contacts")
def both_contacts_are_shown(said: Said) -> Iterator[Mark]:
    """The Seller's contact, and the Buyer's of a request from before the run."""
    yield from _seller_contact(said)
    for shown, life in said.lived():
        if life.asked is None:
            roles = {role for _, role in every(shown.value, "/relatedContactInformation/*/role")
                     if isinstance(role, str)}  # fmt: skip
            yield hold(f"{shown.place}/relatedContactInformation", CONTACT in roles, expected=CONTACT,
                       found=sorted(roles))  # fmt: skip


common.keeps_id(ORDER, (), CANCEL, name="cancel-id")
common.stays(ORDER, (), CANCEL, name="cancel-stays")
common.unknown_is_404(ORDER, (), "retrieveCancelProductOrder", CANCEL, name="cancel-unknown")
common.goes_legally(ORDER, (), common.Machine("cancelProductOrder"), on=CANCEL_SHOWN, name="cancel-path")
common.reads_agree(ORDER, (), CANCEL, "/cancellationReasonType", "/productOrder/productOrderId", name="cancel-list")
common.no_doubles(ORDER, (), "listCancelProductOrder", name="cancel-doubles")
common.pages(ORDER, (), "listCancelProductOrder", name="cancel-pages")


@ORDER.rule(on=CANCEL_MADE | CANCEL_READ, name="cancel-denied")
def who_denies_says_why(said: Said) -> Iterator[Mark]:
    """The cancellationDeniedReason against the state of the cancel request."""
    for shown in said.shown:
        state, reason = at(shown.value, "/state"), at(shown.value, "/cancellationDeniedReason")
        place = f"{shown.place}/cancellationDeniedReason"
        if state == "rejected":
            yield FINE if given(reason) else breach(place, "why it was denied", reason, hint=True)
        elif state == "done":
            yield FINE if not given(reason) else breach(place, MISSING, reason, hint=True)


@ORDER.rule(on=ORDER_SHOWN, name="cancel-effect")
def what_was_cancelled_does_not_go_on(said: Said) -> Iterator[Mark]:
    """An order of which a cancel request is done is pendingCancellation or cancelled (6.8, Figure 21)."""
    done = {}
    for life in said.run.lives(CANCEL) if said.shown else ():
        for seen in life.before(said.exchange):
            order = at(seen.value, "/productOrder/productOrderId")
            if at(seen.value, "/state") == "done" and isinstance(order, str):
                done[order] = life
    for shown in said.shown if done else ():
        state, life_of = at(shown.value, "/state"), done.get(shown.value["id"])
        if life_of is None or not isinstance(state, str):
            continue
        if state in ("pendingCancellation", "cancelled"):
            yield FINE
        else:
            # The two may be changed one after the other: then the order is still being assessed.
            yield breach(f"{shown.place}/state", ["pendingCancellation", "cancelled"], state,
                         f"{shown.place}/state is {state}, though the cancel request {life_of.id} is done",
                         hint=state == "assessingCancellation")  # fmt: skip


# Charges: what they stand against


class Subject(NamedTuple):
    """What a charge stands against: an order, or an item of it."""

    order: str
    item: str | None


def _subject(charge: Any) -> Subject | None:
    order = at(charge, "/productOrder/productOrderId")
    its_order, item = (at(charge, f"/productOrderItem/{name}") for name in ("productOrderId", "productOrderItemId"))
    on_item = isinstance(its_order, str) and isinstance(item, str)
    if isinstance(order, str) == on_item:
        return None
    return Subject(its_order, item) if on_item else Subject(order, None)


@ORDER.rule("R80", on=CHARGE_SHOWN)
def a_charge_belongs_to_one(said: Said) -> Iterator[Mark]:
    """The order or order item of a charge: one, and the same whenever it is shown."""
    for shown, life in said.lived():
        subject = _subject(shown.value)
        if subject is None:
            continue
        other = next(
            (was for seen in life.before(said.exchange) if (was := _subject(seen.value)) not in (None, subject)), None
        )
        member = "productOrderItem" if subject.item else "productOrder"
        yield hold(f"{shown.place}/{member}", other is None, expected=_words(other), found=_words(subject),
                   message=f"charge {life.id} is for {_words(subject)}, and was shown for {_words(other)} before")  # fmt: skip


def _words(subject: Subject | None) -> str:
    if subject is None:
        return "nothing"
    return f"item {subject.item} of order {subject.order}" if subject.item else f"order {subject.order}"


def _open_together(meant: Callable[[Subject], bool], related: Callable[[Subject, Subject], bool], what: str) -> Look:
    """No two charges whose subjects are so related were open at the same moment; `meant` says which are looked at.

    A charge is never opened again, so that it was open from its first to its last sighting as open. FINE only
    where there was something to compare: another such charge that is settled, or a list that would have shown it.
    """

    def look(said: Said) -> Iterator[Mark]:
        open_now = [
            (shown, life, subject)
            for shown, life in said.lived()
            if at(shown.value, "/state") == _OPEN and (subject := _subject(shown.value)) and meant(subject)
        ]
        if not open_now:
            return
        others = [
            (life, subject, seen)
            for life in said.run.lives(CHARGE)
            if (seen := _seen_open(life)) and (subject := _subject(life.shown[-1].value))
        ]
        lists_all = said.exchange.operation == "listCharge" and "productOrderItemId" not in said.query
        told: set[frozenset[str]] = set()
        for shown, life, subject in open_now:
            mine, clashes = _seen_open(life), False
            rivals = [(o, seen) for o, its, seen in others if o.id != life.id and related(subject, its)]
            for other, seen in rivals:
                if not _overlap(mine, seen):
                    continue
                clashes = True
                pair = frozenset((life.id, other.id))
                now = said.exchange.n
                if pair in told or _overlap([n for n in mine if n < now], [n for n in seen if n < now]):
                    continue  # said before
                told.add(pair)
                yield breach(f"{shown.place}/state", f"not {_OPEN} beside charge {other.id}", _OPEN,
                             f"charges {other.id} and {life.id} are open at the same time, {what}")  # fmt: skip
            settled = bool(rivals) and all(at(other.shown[-1].value, "/state") != _OPEN for other, _ in rivals)
            if not clashes and (settled or lists_all):
                yield FINE

    return look


def _seen_open(life: Life) -> list[int]:
    return [shown.exchange.n for shown in life.shown if at(shown.value, "/state") == _OPEN]


def _overlap(one: list[int], other: list[int]) -> bool:
    return bool(one and other) and max(one[0], other[0]) <= min(one[-1], other[-1])


def _on_order(subject: Subject) -> bool:
    return subject.item is None


def _on_item(subject: Subject) -> bool:
    return subject.item is not None


def _on_either(_: Subject) -> bool:
    return True


def _same(one: Subject, other: Subject) -> bool:
    return one == other


def _order_and_item(one: Subject, other: Subject) -> bool:
    return one.order == other.order and _on_order(one) != _on_order(other)


ORDER.add(
    "R81", _open_together(_on_order, _same, "both on one order"), on=CHARGE_SHOWN, about="open charges of an order"
)
ORDER.add("R82", _open_together(_on_item, _same, "both on one item"), on=CHARGE_SHOWN, about="open charges of an item")
ORDER.add(
    "R83",
    _open_together(_on_either, _order_and_item, "one on the order and one on an item of it"),
    on=CHARGE_SHOWN,
    about="open charges of an order and of its items",
)


# When a charge may start


def _states_at(holder: Any, when: datetime) -> set[str]:
    """The states that something was in about a moment, as its stateChange tells; empty where it tells nothing."""
    entries = [(moment, state) for _, entry in every(holder, "/stateChange/*")
               if (moment := common.moment(at(entry, "/changeDate"))) and isinstance(state := at(entry, "/state"), str)]  # fmt: skip
    entries.sort(key=lambda entry: entry[0])
    around = {state for moment, state in entries if -_SECOND < moment - when <= _SECOND}
    before = [state for moment, state in entries if moment - when <= -_SECOND]
    return around | set(before[-1:])


def _starts_in(on_item: bool, *allowed: str, held: str) -> Callable[[Run], Iterator[Remark]]:
    """Each charge was created while what it is for was in one of these states. The Seller's own history tells, so
    that no two clocks are compared.
    """

    def look(run: Run) -> Iterator[Remark]:
        for life in run.lives(CHARGE):
            if not life.shown:
                continue
            first, subject = life.shown[0], _subject(life.shown[0].value)
            created = common.moment(at(first.value, "/creationDate"))
            if subject is None or created is None or (subject.item is not None) is not on_item:
                continue
            states = _states_at(_what_it_is_for(run, subject, first.exchange), created)
            if not states:
                continue
            place = f"{first.place}/creationDate"
            words = f"{_words(subject)} was {', '.join(sorted(states))} when charge {life.id} was created"
            if states & set(allowed):
                yield on_response(first.exchange, FINE)
            else:
                reading = ("charge-and-hold", "charge-first") if held in states else None
                yield on_response(first.exchange, breach(place, list(allowed), sorted(states), words, reading=reading))

    look.__doc__ = f"creationDate against the history of what the charge is for: {', '.join(allowed)}."
    return look


def _what_it_is_for(run: Run, subject: Subject, charged: Exchange) -> Any:
    """The order or item of a charge, as it was shown last, if that was after the charge was first seen.

    A history that is older cannot tell in which state the charge was created.
    """
    order = run.life(ORDERS, subject.order)
    later = [seen.value for seen in order.shown if seen.whole and seen.exchange.n > charged.n] if order else []
    newest = later[-1] if later else MISSING
    return newest if subject.item is None else _by_id(newest, "/productOrderItem/*", subject.item)


def _by_id(holder: Any, pattern: str, identifier: Any) -> Any:
    return next((value for _, value in every(holder, pattern) if at(value, "/id") == identifier), MISSING)


ORDER.at_end("R84")(
    _starts_in(False, "assessingCancellation", "pending.assessingModification", held="held.assessingCharge")
)
ORDER.at_end("R85")(_starts_in(True, "inProgress", "pending", held="held"))


# What a charge says


@ORDER.rule("R88", on=CHARGE_WHOLE, name="subject")
def a_charge_is_for_an_order_or_an_item(said: Said) -> Iterator[Mark]:
    """The productOrder or productOrderItem, one of them alone; what a cancellation or another date demands is for R89
    to R91 to say.
    """
    for shown in said.shown:
        caused = any(given(at(shown.value, f"/{cause}")) for cause, _, _ in _CAUSES)
        yield from _one_subject(shown, lacks_told=caused)


def _one_subject(shown: Shown, *, lacks_told: bool = False) -> Iterator[Mark]:
    order, item = (given(at(shown.value, f"/{name}")) for name in ("productOrder", "productOrderItem"))
    place = f"{shown.place}/productOrder"
    if order and item:
        yield breach(place, MISSING, at(shown.value, "/productOrder"),
                     "a charge names its order or its order item, not both")  # fmt: skip
    elif order or item:
        yield FINE
    elif not lacks_told:
        flat = given(at(shown.value, "/productOrderId")) or given(at(shown.value, "/productOrderItemId"))
        yield breach(place, "productOrder or productOrderItem", MISSING, "the charge names neither order nor item",
                     reading=("charge-subject-shape", "by-type") if flat else None)  # fmt: skip


_CAUSES: Final[tuple[tuple[str, str, Kind], ...]] = (
    ("cancelProductOrder", "productOrder", CANCEL),
    ("modifyProductOrderItemRequestedDeliveryDate", "productOrderItem", MODIFY_DATE),
)
"""What can cause a charge: the member that names it, the member that must then be there, and its kind."""

ORDER.present(("R88", "R100"), "", "/id", "/chargeItem", "/creationDate", "/responseDueDate", "/state", on=CHARGE_WHOLE)


def _caused(index: int) -> Look:
    member, subject, kind = _CAUSES[index]

    def look(said: Said) -> Iterator[Mark]:
        for shown in said.shown:
            cause = at(shown.value, f"/{member}")
            if not given(cause):
                continue
            place, found = f"{shown.place}/{subject}", at(shown.value, f"/{subject}")
            if not given(found):
                other_way = subject == "productOrderItem" and given(at(shown.value, "/productOrder"))
                yield breach(place, "a reference", found, f"a charge that names a {member} names its {subject}",
                             reading=("charge-of-modification", "on-item") if other_way else None)  # fmt: skip
                continue
            life = said.run.life(kind, at(cause, "/id"))
            meant = at(life.shown[-1].value, f"/{subject}") if life and life.shown else MISSING
            wanted, named = _subject({subject: meant}), _subject({subject: found})
            if wanted is None or named is None:
                yield FINE
            else:
                yield hold(place, wanted == named, expected=_words(wanted), found=_words(named),
                           message=f"{member} {life.id if life else ''} is for {_words(wanted)}, "
                                   f"its charge for {_words(named)}")  # fmt: skip

    return look


ORDER.add(("R89", "R91"), _caused(0), on=CHARGE_WHOLE, about="productOrder of charges that name a cancelProductOrder")
ORDER.add("R90", _caused(1), on=CHARGE_WHOLE, about="productOrderItem of charges that name a modify request")


def _names_its_cause(index: int) -> Callable[[Run], Iterator[Remark]]:
    member, subject, kind = _CAUSES[index]

    def look(run: Run) -> Iterator[Remark]:
        causes = run.lives(kind)
        for life in run.lives(CHARGE) if causes else ():
            # What is lost after the first read is for R100 to say.
            first = next((seen for seen in life.shown if seen.whole), None)
            for cause in causes if first else ():
                if first and _due_to(life, first, cause, subject):
                    found = at(first.value, f"/{member}/id")
                    yield on_response(first.exchange, hold(
                        f"/{member}", found == cause.id, expected=cause.id, found=found,
                        message=f"charge {life.id} is due to {member} {cause.id} and does not name it"))  # fmt: skip

    look.__doc__ = f"{member} of the charges that such a request waits for."
    return look


def _due_to(charge: Life, read: Shown, cause: Life, subject: str) -> bool:
    """Whether a request names the charge, or waited for one at the very time at which this one was open.

    An order, or an item, has one open charge at a time: if both stand against the same, this is the one.
    """
    if any(at(seen.value, "/charge/id") == charge.id for seen in cause.shown):
        return True
    waits = [s.exchange.n for s in cause.shown if at(s.value, "/state") == "inProgress.assessingCharge"]
    mine = _subject(read.value)
    theirs = _subject({subject: at(cause.shown[-1].value, f"/{subject}")}) if cause.shown else None
    return mine is not None and mine == theirs and _overlap(waits, _seen_open(charge))


ORDER.at_end("R90", name="cause")(_names_its_cause(1))
ORDER.at_end("R91", name="cause")(_names_its_cause(0))

ORDER.present(
    "R92",
    "/chargeItem/*",
    "/id",
    "/activityType",
    "/priceType",
    "/priceCategory",
    "/blocking",
    "/price",
    "/state",
    on=CHARGE_WHOLE,
)
common.required_by_table(ORDER, "R93", "charge-item-price", on=CHARGE_WHOLE)
ORDER.unique((), "/chargeItem/*", "/id", on=CHARGE_WHOLE, name="charge-items")


@ORDER.rule(on=CHARGE_WHOLE, name="charge-amount")
def a_price_has_an_amount(said: Said) -> Iterator[Mark]:
    """The value and the currency of each dutyFreeAmount, which the contract leaves optional."""
    for place, amount in every(said.body, "/chargeItem/*/price/dutyFreeAmount"):
        for member in ("/value", "/unit") if isinstance(amount, dict) else ():
            found = at(amount, member)
            yield FINE if given(found) else breach(place + member, "a value", found, hint=True)


# The Buyer's answer


@ORDER.rule(("R94", "R95"), on=ANSWER)
def every_item_is_answered_at_once(said: Said) -> Iterator[Mark]:
    """The chargeItem ids of an answer against those of the charge as it was read last."""
    last = _last_read(said)
    wanted = [at(item, "/id") for _, item in every(last, "/chargeItem/*") if at(item, "/state") == _OPEN]
    answered = [at(item, "/id") for _, item in every(said.body, "/chargeItem/*")]
    for identifier in wanted:
        if isinstance(identifier, str):
            yield hold("/chargeItem", identifier in answered, expected=identifier, found=answered,
                       message=f"charge item {identifier} is not answered")  # fmt: skip


def _last_read(said: Said) -> Any:
    """The charge that is answered, as it was read last."""
    life = said.run.life(CHARGE, said.exchange.path_params.get("id"))
    last = life.last_before(said.exchange) if life else None
    return last.value if last else MISSING


ORDER.present("R94", "/chargeItem/*", "/acceptanceIndicator", on=ANSWER, name="indicator")


@ORDER.rule("R94", on=ANSWER, name="known")
def only_items_of_the_charge_are_answered(said: Said) -> Iterator[Mark]:
    """The chargeItem ids of an answer against those of the charge as it was read last."""
    known = {identifier for _, identifier in every(_last_read(said), "/chargeItem/*/id") if isinstance(identifier, str)}
    for place, identifier in every(said.body, "/chargeItem/*/id") if known else ():
        if isinstance(identifier, str):
            yield hold(place, identifier in known, expected=sorted(known), found=identifier,
                       message=f"the charge has no item {identifier}")  # fmt: skip


ORDER.unique("R95", "/chargeItem/*", "/id", on=ANSWER, name="once")


@ORDER.rule("O16", on=ANSWER)
def notes_are_appended(said: Said) -> Iterator[Mark]:
    """The notes of an answer are those that were read last, and new ones of the Buyer's behind them."""
    last = _last_read(said)
    for place, item in every(said.body, "/chargeItem/*"):
        notes, before = at(item, "/note"), _by_id(last, "/chargeItem/*", at(item, "/id"))
        if not isinstance(notes, list) or not notes or before is MISSING:
            continue
        old = {at(note, "/id"): note for _, note in every(before, "/note/*") if isinstance(at(note, "/id"), str)}
        sent = {at(note, "/id") for note in notes if isinstance(at(note, "/id"), str)}
        for identifier, note in old.items():
            if identifier not in sent:
                yield breach(f"{place}/note", note, sorted(sent),
                             f"note {identifier} is left out of {place}/note, which takes the place of the whole list",
                             reading=("charge-notes-in-patch", "whole-list"))  # fmt: skip
        for index, note in enumerate(notes):
            here, kept = f"{place}/note/{index}", _kept(note, old)
            if kept is not None:
                yield hold(here, kept, expected=old[at(note, "/id")], found=note,
                           message=f"{here} is an old note with another content")  # fmt: skip
            elif at(note, "/source") in ("buyer", "seller"):
                ours = at(note, "/source") == "buyer"
                yield FINE if ours else breach(f"{here}/source", "buyer", "seller", hint=True)


def _kept(note: Any, old: Mapping[str, Any]) -> bool | None:
    """Whether an old note says what it said; None where it is a new one."""
    identifier = at(note, "/id")
    if not isinstance(identifier, str) or identifier not in old:
        return None
    was = old[identifier]
    members = [name for name in ("author", "date", "source", "text") if name in was]
    return all(common.same(was[name], at(note, f"/{name}")) for name in members) if isinstance(was, dict) else True


@ORDER.rule("O16", on=CHARGE_WHOLE, name="kept")
def notes_stay(said: Said) -> Iterator[Mark]:
    """Each note of a charge item that was shown, or sent with an answer that was taken, is still there as it was."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        sent = said.asked if shown.view is View.PATCHED else MISSING
        for source in (earlier.value if earlier else MISSING, sent):
            for _, before in every(source, "/chargeItem/*"):
                place, item = _placed(shown, at(before, "/id"))
                found = {at(n, "/id"): n for _, n in every(item, "/note/*") if isinstance(at(n, "/id"), str)}
                for _, note in every(before, "/note/*") if place else ():
                    identifier = at(note, "/id")
                    if isinstance(identifier, str):
                        right = identifier in found and _kept(found[identifier], {identifier: note}) is True
                        yield hold(f"{place}/note", right, expected=note, found=found.get(identifier, MISSING),
                                   message=f"note {identifier} of {place} is changed or gone")  # fmt: skip


def _placed(shown: Shown, identifier: Any) -> tuple[str, Any]:
    """A charge item by id, with its place; an empty place where it is not there."""
    for place, item in every(shown.value, "/chargeItem/*"):
        if isinstance(identifier, str) and at(item, "/id") == identifier:
            return f"{shown.place}{place}", item
    return "", MISSING


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
        elif state == _OPEN and said.exchange.at - due > said.run.spread(_GRACE):
            yield breach(place, "timeout", state, f"charge {life.id} is still open, though it was to be answered by "
                                                  f"{at(shown.value, '/responseDueDate')}")  # fmt: skip
        elif state == "completed" and said.exchange.at > due and _unanswered(shown, life):
            yield breach(place, "timeout", state, f"charge {life.id} was never answered and is completed",
                         reading=("charge-left-unanswered", "timeout"))  # fmt: skip


def _timed_out(said: Said, shown: Shown, due: datetime | None, place: str) -> Iterator[Mark]:
    if due is not None and due - said.exchange.at > said.run.spread(_GRACE):
        yield breach(place, _OPEN, "timeout", "the charge is timed out before its responseDueDate")
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


def _unanswered(shown: Shown, life: Life) -> bool:
    """Whether a charge that was seen open was declined without anybody having answered it, as far as can be told."""
    items = [item for _, item in every(shown.value, "/chargeItem/*")]
    declined = all(
        at(item, "/state") == "declinedByBuyer" and not given(at(item, "/acceptanceIndicator")) for item in items
    )
    answered = any(seen.view is View.PATCHED for seen in life.shown)
    return bool(items) and declined and not answered and bool(_seen_open(life))


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


def _items_with_past(said: Said) -> Iterator[tuple[Shown, Any, str, Any, Shown]]:
    """Each charge item that was read before: now and as it was (MISSING, with an empty place, where it is gone)."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        for _, before in every(earlier.value, "/chargeItem/*") if earlier else ():
            if earlier and isinstance(at(before, "/id"), str):
                place, item = _placed(shown, at(before, "/id"))
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


@ORDER.rule(on=CHARGE_WHOLE, name="charge-offer")
def an_offer_is_not_changed(said: Said) -> Iterator[Mark]:
    """Each charge item that was not accepted before: a wrong one is withdrawn and asked for anew (Table 15)."""
    for shown, before, place, item, earlier in _items_with_past(said):
        if at(before, "/state") == "acceptedByBuyer":
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


@ORDER.rule(on=CHARGE_WHOLE, name="charge-item-path")
def items_go_legally(said: Said) -> Iterator[Mark]:
    """The state of each charge item that was not accepted before (Figure 24)."""
    known = common.lifecycle("chargeItem")
    for _, before, place, item, _ in _items_with_past(said):
        was, found = at(before, "/state"), at(item, "/state")
        if was in known.states and found in known.states and was != "acceptedByBuyer":
            yield hold(f"{place}/state", known.reaches(was, found), expected=f"a state that can follow {was}",
                       found=found, message=f"{place}/state is {found} after {was}")  # fmt: skip


_SETTLES: Final = {"accepted": "acceptedByBuyer", "rejected": "declinedByBuyer"}


@ORDER.rule(on=CHARGE_WHOLE, name="charge-answer")
def an_answer_is_taken_as_it_was_given(said: Said) -> Iterator[Mark]:
    """The items of a charge, once they are settled, against the Buyer's answer that the Seller took."""
    for shown, life in said.lived():
        answer = next((s.exchange.request.body for s in life.shown if s.view is View.PATCHED), MISSING)
        earlier = life.last_before(said.exchange)
        for _, asked in every(answer, "/chargeItem/*"):
            place, item = _placed(shown, at(asked, "/id"))
            wish, state = at(asked, "/acceptanceIndicator"), at(item, "/state")
            was = at(_by_id(earlier.value if earlier else MISSING, "/chargeItem/*", at(asked, "/id")), "/state")
            if not place or not isinstance(wish, str) or wish not in _SETTLES:
                continue
            if state in _SETTLES.values() and was in (MISSING, _OPEN):
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
            if state == "completed" or (state == "withdrawnBySeller" and found == _OPEN):
                here = f"{shown.place}{place}"
                yield FINE if found != _OPEN else breach(
                    here, "a settled state", found, f"{here} is {found} while the charge is {state}",
                    hint=state != "completed")  # fmt: skip


# Lists and reads of charges

common.filters(
    ORDER,
    "O17",
    "listCharge",
    {
        "productOrderId": common.Filter("/*/productOrderId"),
        "productOrderItemId": common.Filter("/productOrderItem/productOrderItemId"),
        "creationDate.gt": common.Filter("/creationDate", "gt"),
        "creationDate.lt": common.Filter("/creationDate", "lt"),
        "responseDueDate.gt": common.Filter("/responseDueDate", "gt"),
        "responseDueDate.lt": common.Filter("/responseDueDate", "lt"),
    },
)

ORDER.present("R98", "/*", "/id", "/state", "/creationDate", "/responseDueDate", on=CHARGE_LISTED)


@ORDER.rule("R98", on=CHARGE_LISTED, name="subject")
def a_listed_charge_is_for_an_order_or_an_item(said: Said) -> Iterator[Mark]:
    """The productOrder or productOrderItem of each entry, one of them alone."""
    for shown in said.shown:
        yield from _one_subject(shown)


common.nothing_found_is_200(ORDER, "R99", "listCharge")


@ORDER.rule("R100", on=CHARGE_WHOLE, name="cause")
def a_cause_stays(said: Said) -> Iterator[Mark]:
    """The cancel or modify request that a charge was shown to come of, in later reads and in the answer to a PATCH."""
    for shown, life in said.lived():
        for member, _, _ in _CAUSES:
            was = next((known for seen in life.before(said.exchange)
                        if isinstance(known := at(seen.value, f"/{member}/id"), str)), None)  # fmt: skip
            found = at(shown.value, f"/{member}/id")
            if was is not None:
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
        subject = _subject(shown.value)
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
    for member, _, kind in _CAUSES:
        charges: dict[str, list[Any]] = {}
        for life in run.lives(CHARGE):
            last = next((seen.value for seen in reversed(life.shown) if seen.whole), MISSING)
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
                words = f"{kind.name} {cause} is {state}; after the answer to its charge it should be {wanted}"
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


common.steady(ORDER, CANCEL)
