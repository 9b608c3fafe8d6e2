"""Lists of bills, and reads of a bill and of an item (MEF 141, 6.3 to 6.6 and 7.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.judge.fold import Fold
from emulator.judge.named import BILL, BILL_ITEM, PRODUCT
from emulator.judge.pages import PAGING, WHO
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import ABSENT_VALUES, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.billing.book import API, BILLING, ITEM, LIST, LISTED, READ, RETRIEVE, RETRIEVE_ITEM
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

# Lists

_PERIOD: Final = "/billingPeriod"
_FILTERS: Final = {
    "billingAccount.id": common.Filter("/billingAccount/id"),
    "billingPeriod.startDateTime.lt": common.Filter(f"{_PERIOD}/startDateTime", "lt"),
    "billingPeriod.startDateTime.gt": common.Filter(f"{_PERIOD}/startDateTime", "gt"),
    "billingPeriod.endDateTime.lt": common.Filter(f"{_PERIOD}/endDateTime", "lt"),
    "billingPeriod.endDateTime.gt": common.Filter(f"{_PERIOD}/endDateTime", "gt"),
    "category": common.Filter("/category"),
    "state": common.Filter("/state", moves=True),
}
_SURE: Final = frozenset(_FILTERS) - {"state"}
"""Filters on what does not change."""


@BILLING.rule("R16", on=requests(API, LIST))
def lists_are_asked_for_by_the_seven(said: Said) -> Iterator[Mark]:
    """The parameters of a list: seven filters, and what is none. That there is another one is a hint: the clause asks for zero or
    more of the seven.
    """
    others = sorted(name for name in said.query if name not in {*_FILTERS, *WHO, *PAGING})
    for name in others:
        yield breach(f"?{name}", sorted(_FILTERS), name, f"{name} is no filter of bills", hint=True)
    if not others:
        yield FINE


BILLING.present("R17", "/*", "/id", "/billNo", "/category", "/state", on=LISTED)


@BILLING.rule("R17", on=LISTED, name="account")
def entries_tell_account_and_period(said: Said) -> Iterator[Mark]:
    """Each entry has billingAccount and billingPeriod, which the contract leaves open."""
    for shown in said.shown:
        for member in ("billingAccount", "billingPeriod"):
            if given(shown.value.get(member)):
                yield FINE
            else:
                place = f"{shown.place}/{member}"
                yield breach(
                    place, "a value", shown.value.get(member), f"{place} is missing", reading=("billing-find", "always")
                )


common.nothing_found_is_200(BILLING, "R18", LIST)
common.filters(BILLING, (), LIST, _FILTERS, name="filters")
# The date of a bill does not say since when it is there: it can be that of the end of its period.
common.lists_all(BILLING, (), BILL, _FILTERS, made="/creationDate")
common.no_doubles(BILLING, (), LIST)
common.pages(BILLING, (), LIST)
common.cut_pages_say_so(BILLING, "R30", LIST)
common.next_pages_say_so(BILLING, "R30", LIST, _SURE, name="next")

# One bill, one item

_WHOLE: Final = (
    *("id", "amountDue", "appliedPayment", "billingAccount", "billCycle", "billDate", "billDocument", "billNo"),
    *(
        "billingPeriod",
        "category",
        "credits",
        "customerBillItem",
        "discounts",
        "fees",
        "financialAccount",
        "lastUpdate",
    ),
    *("paymentDueDate", "runType", "relatedContactInformation", "remainingAmount", "state", "taxExcludedAmount"),
    *("taxIncludedAmount", "taxItem"),
)
_ITEM: Final = (
    *("id", "appliedTax", "appliedFee", "description", "periodCoverage", "productName", "state", "taxExcludedAmount"),
    *("customerBillItemType", "unit", "unitRate", "unitQuantity"),
)


def _has_all(said: Said, members: tuple[str, ...]) -> Iterator[Mark]:
    """Each member is there; an empty list or object is a value."""
    for shown in said.shown:
        for member in members:
            found = at(shown.value, f"/{member}")
            yield hold(f"{shown.place}/{member}", found not in ABSENT_VALUES, expected="a value", found=found)


@BILLING.rule("R19", on=READ)
def a_bill_is_whole(said: Said) -> Iterator[Mark]:
    """The 24 members of a bill; an empty list is a value."""
    return _has_all(said, _WHOLE)


@BILLING.rule("R21", on=ITEM, name="whole")
def an_item_is_whole(said: Said) -> Iterator[Mark]:
    """The twelve members that every item has; an empty list is a value."""
    return _has_all(said, _ITEM)


@BILLING.rule("R21", on=ITEM)
def an_item_says_what_it_is_of(said: Said) -> Iterator[Mark]:
    """Product or productOrderItem of an item; null is as if it were not there."""
    for shown in said.shown:
        right = any(_names(shown.value, member) for member in ("product", "productOrderItem"))
        message = f"{shown.place or 'the item'} has neither product nor productOrderItem"
        yield hold(shown.place, right, expected="product or productOrderItem", message=message)


@BILLING.rule("R21", on=ITEM, name="both")
def an_item_has_both(said: Said) -> Iterator[Mark]:
    """Product and productOrderItem of an item, where the partners read the standard so."""
    for shown in said.shown:
        for member in ("product", "productOrderItem"):
            if _names(shown.value, member):
                yield FINE
            else:
                place = f"{shown.place}/{member}"
                yield breach(
                    place,
                    "a value",
                    shown.value.get(member),
                    f"{place} is missing",
                    reading=("bill-item-subject", "both"),
                )


@BILLING.rule("R22", on=ITEM)
def items_of_a_product_name_it(said: Said) -> Iterator[Mark]:
    """Items that name a product; of one that names an item of an order alone, the product of which the inventory shows as made by
    that item. What an item is of nobody says, so that this is a hint.
    """
    for shown in said.shown:
        if _names(shown.value, "product"):
            yield FINE
            continue
        order = at(shown.value, "/productOrderItem")
        product = _product_of(said, order) if isinstance(order, dict) else None
        if product is not None:
            place = f"{shown.place}/product"
            message = f"{place} is missing, and product {product} is of the order item that it names"
            yield breach(place, product, shown.value.get("product"), message, hint=True)


@BILLING.rule("R23", on=ITEM)
def items_of_an_order_name_it(said: Said) -> Iterator[Mark]:
    """Items that name an item of an order. That one should, and does not, nothing shows."""
    for shown in said.shown:
        if _names(shown.value, "productOrderItem"):
            yield FINE


def _names(item: Any, member: str) -> bool:
    return at(item, f"/{member}") not in ABSENT_VALUES


def _take_made(known: dict[tuple[str, str], str], run: Run, exchange: Exchange) -> None:
    by = run.shown_by(exchange)
    if by is None or by[0].name != PRODUCT:
        return
    for shown in run.shown(exchange):
        for _, item in every(shown.value, "/productOrderItem/*"):
            key = at(item, "/productOrderId"), at(item, "/productOrderItemId")
            if isinstance(key[0], str) and isinstance(key[1], str):
                known[key[0], key[1]] = shown.value["id"]


_MADE: Final[Fold[dict[tuple[str, str], str]]] = Fold(dict, _take_made)
"""The products that the inventory shows, by the items of orders that it shows beside them."""


def _product_of(said: Said, order: dict[str, Any]) -> str | None:
    """The product that the inventory has shown beside an item of an order."""
    key = order.get("productOrderId"), order.get("productOrderItemId")
    return said.run.known(_MADE).get((str(key[0]), str(key[1])))


@BILLING.rule("R26", on=READ)
def a_printable_bill_has_an_address(said: Said) -> Iterator[Mark]:
    """The url of billDocument, where the partners agreed on printable bills."""
    if said.run.declared.printable_bill:
        yield from _documents(said, None)


@BILLING.rule("R19", on=READ, name="document")
def every_bill_has_a_document(said: Said) -> Iterator[Mark]:
    """The url of billDocument, where the partners read the standard so that every bill has one."""
    yield from _documents(said, ("bill-document", "always"))


def _documents(said: Said, reading: tuple[str, str] | None) -> Iterator[Mark]:
    for shown in said.shown:
        place, found = f"{shown.place}/billDocument/url", at(shown.value, "/billDocument/url")
        if isinstance(found, str) and _is_address(found):
            yield FINE
        else:
            message = f"{place} is no absolute URL" if given(found) else f"{place} is missing"
            yield breach(place, "an absolute URL", found, message, reading=reading)


def _is_address(text: str) -> bool:
    try:
        found = urlsplit(text)
        return found.scheme.lower() in ("http", "https", "ftp", "sftp") and bool(found.hostname)
    except ValueError:
        return False


_BY_ID: Final = responses(API, RETRIEVE, RETRIEVE_ITEM)


@BILLING.rule(on=_BY_ID, name="shape")
def reads_answer_lists(said: Said) -> Iterator[Mark]:
    """The answer to a read by an id: a list."""
    if isinstance(said.body, list):
        yield FINE
    elif isinstance(said.body, dict):
        yield breach(
            "",
            "a list of one",
            said.body,
            "the answer is an object, and no list of one",
            reading=("bill-by-id", "array"),
        )


@BILLING.rule(on=responses(API, RETRIEVE, RETRIEVE_ITEM, statuses=ANY_STATUS), name="unknown")
def what_is_not_there_is_404(said: Said) -> Iterator[Mark]:
    """Reads that find nothing: 404, and no empty list."""
    if said.status == 404:  # noqa: PLR2004
        yield FINE
    elif said.body == [] and 200 <= said.status < 300:  # noqa: PLR2004
        yield breach(
            "",
            404,
            said.status,
            "nothing was found, and the answer is an empty list; expected 404",
            reading=("bill-unknown", "not-found"),
        )


common.unknown_is_404(BILLING, (), RETRIEVE, BILL, name="unknown-bill")
common.unknown_is_404(BILLING, (), RETRIEVE_ITEM, BILL_ITEM, name="unknown-item")
common.keeps_id(BILLING, (), BILL)
common.keeps_id(BILLING, (), BILL_ITEM, name="item-id")
common.agrees(
    BILLING,
    (),
    BILL,
    "/billNo",
    "/category",
    "/billingAccount/id",
    f"{_PERIOD}/startDateTime",
    f"{_PERIOD}/endDateTime",
    name="agrees",
)


@BILLING.at_end(name="items-there")
def items_of_bills_can_be_read(run: Run) -> Iterator[Remark]:
    """What a bill or an item once showed is not answered 404 to the same Buyer, and neither is an item that a bill refers to. No
    clause says so.
    """
    for operation, kind in ((RETRIEVE, BILL), (RETRIEVE_ITEM, BILL_ITEM)):
        referred = _referred(run) if kind == BILL_ITEM else {}
        for read in run.of(operation, api=API):
            identifier = read.path_params.get("id", "")
            life = run.life(kind, identifier)
            known = [shown.exchange for shown in life.before(read)] if life else []
            known += [each for each in referred.get(identifier, ()) if each.n < read.n]
            if read.response is None or read.n in run.provoked or not known:
                continue
            if not any(common.same_parties(each, read) for each in known):
                continue
            if read.response.status == 404:  # noqa: PLR2004
                message = f"{kind} {identifier} is not found, though exchange {known[-1].n} showed it or referred to it"
                yield on_response(read, breach("", 200, 404, message, hint=True))
            elif read.response.status == 200:  # noqa: PLR2004
                yield on_response(read, FINE)


def _referred(run: Run) -> dict[str, list[Exchange]]:
    """The exchanges that showed a bill with an item, by the id of the item."""
    found: dict[str, list[Exchange]] = {}
    for life in run.lives(BILL):
        for shown in life.whole:
            for _, identifier in every(shown.value, "/customerBillItem/*/id"):
                if isinstance(identifier, str):
                    found.setdefault(identifier, []).append(shown.exchange)
    return found
