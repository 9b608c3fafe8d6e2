"""Cancelling an order (MEF 123, 6.8 to 6.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import CANCEL
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Life, Run, Said
from emulator.record.call import ErrorCode
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

API: Final = ORDER.api
ASK_CANCEL: Final = requests(API, "createCancelProductOrder")
CANCEL_MADE: Final = responses(API, "createCancelProductOrder")
CANCEL_READ: Final = responses(API, "retrieveCancelProductOrder")
CANCEL_LISTED: Final = responses(API, "listCancelProductOrder")
CANCEL_SHOWN: Final = CANCEL_MADE | CANCEL_READ | CANCEL_LISTED
ORDER_SHOWN: Final = responses(API, "retrieveProductOrder", "patchProductOrder", "listProductOrder")
CONTACT: Final = "cancelProductOrderContact"
SELLER_CONTACT: Final = "cancelProductOrderSellerContact"
_BUYERS: Final = ("cancellationReason", "cancellationReasonType", "productOrder", "relatedContactInformation")
"""What a Buyer can say of a cancel request; the notes of the guide's samples are no part of its type."""


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


def _first_shown(said: Said, life: Life) -> Any:
    first = life.whole[0] if life.whole else None
    return first.value if first and first.exchange.n < said.exchange.n else MISSING


def _asked(said: Said, life: Life) -> Any:
    """What the Buyer asked for; of a request from before the run, what was shown of it first."""
    first = life.request if life.asked else _first_shown(said, life)
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

_FILTERS: Final = {
    "productOrderId": common.Filter("/productOrder/productOrderId"),
    "state": common.Filter("/state", moves=True),
    "cancellationReasonType": common.Filter("/cancellationReasonType"),
}
common.filters(ORDER, "O13", "listCancelProductOrder", _FILTERS)
common.lists_all(ORDER, "O13", CANCEL, _FILTERS)
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


def _take_done(known: dict[str, Life], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        order = at(shown.value, "/productOrder/productOrderId")
        if life.kind.name == CANCEL and at(shown.value, "/state") == "done" and isinstance(order, str):
            known[order] = max(known.get(order, life), life, key=lambda each: each.turn)


_DONE: Final[Fold[dict[str, Life]]] = Fold(dict, _take_done)
"""By the order, the newest cancel request that was shown to be done."""


@ORDER.rule(on=ORDER_SHOWN, name="cancel-effect")
def what_was_cancelled_does_not_go_on(said: Said) -> Iterator[Mark]:
    """An order of which a cancel request is done is pendingCancellation or cancelled (6.8, Figure 21)."""
    done = said.run.known(_DONE)
    for shown in said.shown:
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


common.steady(ORDER, CANCEL)
