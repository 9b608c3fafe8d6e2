"""The numbered requirements of MEF 116, in the order of the guide."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.inventory.book import IN_SERVICE, INVENTORY, READ
from emulator.judge.run import Half, Run, Said, Shown
from emulator.judge.showing import View, succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

SUMMARY: Final = (
    "externalId",
    "lastUpdateDate",
    "startDate",
    "billingAccount",
    "productOffering",
    "productOrderItem",
    "productRelationship",
    "productSpecification",
    "relatedSite",
    "place",
)
"""What a list shows of a product that has it, beside id and status, which the contract requires."""
CONTACTS: Final = (
    "buyerAssuranceTechnicalContact",
    "buyerCommercialContact",
    "buyerSlaManagementContact",
    "sellerAssuranceTechnicalContact",
    "sellerCommercialContact",
    "sellerSlaManagementContact",
)


def all_wanted(said: Said) -> bool:
    """Whether the read asked for the whole product: the contract lets `fields` choose some members."""
    return not said.query.get("fields")


common.uses_all(INVENTORY, "R1", "listProduct", "retrieveProduct")
common.parties(INVENTORY, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")


@INVENTORY.rule("R6", on=READ)
def product_attributes_have_their_place(said: Said) -> Iterator[Mark]:
    """The attributes of a product specification stand in productConfiguration, and not beside it."""
    if isinstance(said.body, dict):
        own = said.body.get("@type")
        if isinstance(own, str) and own.lower().startswith("urn:mef:lso:spec:"):
            yield breach("/@type", "MEFProduct", own,
                         "/@type names a product specification, whose place is /productConfiguration/@type")  # fmt: skip
        elif isinstance(product := said.body.get("productConfiguration"), dict) and set(product) - {"@type"}:
            yield FINE


@INVENTORY.rule("R10", on=READ, when=all_wanted)
def products_in_service_show_their_relations(said: Said) -> Iterator[Mark]:
    """An Access E-Line in service is related to a UNI and to an ENNI, by whatever name the relations have."""
    sheet = said.run.release.products.sheets.of(at(said.body, "/productConfiguration/@type"))
    if sheet is None or sheet.shown is None or at(said.body, "/status") not in IN_SERVICE:
        return
    types = [t for _, t in every(said.body, "/productRelationship/*/relationshipType") if isinstance(t, str)]
    reading = (sheet.shown.entry, sheet.shown.value)
    for relation in sheet.relations:
        if relation.to not in sheet.shown.relations:
            continue
        if any(map(relation.is_named, types)):
            yield FINE
        elif said.run.reads_as(*reading):
            yield breach("/productRelationship", f"a relation to the {relation.to}", types,
                         f"/productRelationship names no {relation.to}, which an {sheet.title} is connected to",
                         reading=reading)  # fmt: skip


@INVENTORY.rule(
    "R11",
    on=requests("productInventory", "listProduct")
    | responses("productInventory", "listProduct", statuses=range(200, 500)),
)
def all_products_can_be_listed(said: Said) -> Iterator[Mark]:
    """A list without filters is sent, and answered 200 or 422 tooManyRecords; buyerId and sellerId are no filters."""
    if not set(said.query) <= {"buyerId", "sellerId"}:
        return
    if said.half is Half.REQUEST or said.status == 200:  # noqa: PLR2004
        yield FINE
    elif said.status == 422:  # noqa: PLR2004
        codes = [code for _, code in every(said.body, "/*/code")]
        yield hold("", "tooManyRecords" in codes, expected="tooManyRecords", found=codes,
                   message="a list without filters was refused, and not as too long")  # fmt: skip
    elif said.status == 400 and said.exchange.n not in said.run.provoked:  # noqa: PLR2004
        told = f"{at(said.body, '/reason')} {at(said.body, '/message')}".lower()
        if "buyerid" not in told and "sellerid" not in told:  # which are the Buyer's to give (R2, R4)
            yield breach("", "200, or 422 tooManyRecords", 400, "a list without filters was refused as a wrong query")


common.too_many_is_422(INVENTORY, ("O2", "Mplify116.1-too-many"), "listProduct")
common.takes_pages(INVENTORY, "Mplify116.1-pages", "listProduct")
common.nothing_found_is_200(INVENTORY, "R12", "listProduct")


@INVENTORY.at_end("R13")
def lists_show_what_products_have(run: Run) -> Iterator[Remark]:
    """Each entry of a list, against the read by id next to it between which the product was not changed."""
    for listed, read in _neighbours(run):
        for member in SUMMARY:
            if given(read.value.get(member)):
                place = f"{listed.place}/{member}"
                yield on_response(listed.exchange, hold(
                    place, given(listed.value.get(member)), expected=read.value[member],
                    found=listed.value.get(member, MISSING),
                    message=f"{place} is missing; exchange {read.exchange.n} shows that the product has it"))  # fmt: skip


def _neighbours(run: Run) -> Iterator[tuple[Shown, Shown]]:
    """Each entry of a list with the read by id before it or behind it, if the product is unchanged between them."""
    for life in run.lives(PRODUCT):
        read: Shown | None = None
        waiting: list[Shown] = []
        for shown in life.shown:
            if shown.view is View.LISTED:
                if read is not None and unchanged(shown.value, read.value):
                    yield shown, read
                else:
                    waiting.append(shown)
            elif not dict(shown.exchange.request.query).get("fields"):
                read = shown
                yield from ((listed, read) for listed in waiting if unchanged(listed.value, read.value))
                waiting = []


def unchanged(listed: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    """Whether nothing tells that the product was changed between two sightings."""
    dates = listed.get("lastUpdateDate"), read.get("lastUpdateDate")
    return listed.get("status") == read.get("status") and (not all(map(given, dates)) or common.same(*dates))


@INVENTORY.rule("R14", on=READ, when=all_wanted)
def six_contacts_are_named(said: Said) -> Iterator[Mark]:
    """Three contacts of the Buyer's and three of the Seller's, by their roles."""
    if not isinstance(said.body, dict):
        return
    roles = [role for _, role in every(said.body, "/relatedContactInformation/*/role") if isinstance(role, str)]
    plain = [role.strip() for role in roles]
    for wanted in CONTACTS:
        blank = wanted not in roles and wanted in plain
        if wanted in roles or (blank and said.run.reads_as("inventory-role-blank", "blank")):
            yield FINE
        else:
            yield breach("/relatedContactInformation", wanted, sorted(roles), f"no contact has the role {wanted}",
                         reading=("inventory-role-blank", "exact") if blank else None)  # fmt: skip


@INVENTORY.at_end("R15")
def shortened_pages_say_so(run: Run) -> Iterator[Remark]:
    """A page behind which the next one shows more products says by a header that there are more."""
    last: dict[tuple[Any, ...], Exchange] = {}
    orders = [exchange.n for exchange in run.of("createProductOrder", "patchProductOrder", api="productOrder")]
    for exchange in run.of("listProduct", api="productInventory"):
        body = exchange.response.body if succeeded(exchange) and exchange.response else None
        if not isinstance(body, list):
            continue
        if _says_more(exchange):
            yield on_response(exchange, FINE)
        query = tuple(sorted(pair for pair in exchange.request.query if pair[0] not in ("offset", "limit")))
        before = last.get(query)
        last[query] = exchange
        # An order in between may have made the products of the second page.
        if before is None or not body or _any_between(orders, before, exchange) or _says_more(before):
            continue
        follows = _length(before) > 0 and _offset(before) + _length(before) == _offset(exchange)
        if follows and not _ids(exchange) <= _ids(before):  # a Seller may not know `offset` and send it all again
            yield on_response(before, breach(
                "", "X-Total-Count or X-Pagination-Throttled", "neither of them says that there are more",
                f"the page was cut short and does not say so; exchange {exchange.n} shows what comes next"))  # fmt: skip


def _any_between(spots: Sequence[int], first: Exchange, last: Exchange) -> bool:
    """Whether one of these numbers, which rise, lies between two exchanges."""
    spot = bisect_right(spots, first.n)
    return spot < len(spots) and spots[spot] < last.n


def _says_more(exchange: Exchange) -> bool:
    response = exchange.response
    if response is None:
        return False
    total = _number(response.header("X-Total-Count"))
    throttled = (response.header("X-Pagination-Throttled") or "").strip().lower() == "true"
    return throttled or total > _offset(exchange) + _length(exchange)


def _offset(exchange: Exchange) -> int:
    return _number(dict(exchange.request.query).get("offset"))


def _number(text: str | None) -> int:
    plain = (text or "").strip()
    return int(plain) if _DIGITS.fullmatch(plain) else 0


_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def _ids(exchange: Exchange) -> set[str]:
    body = exchange.response.body if exchange.response else None
    return {identifier for _, identifier in every(body, "/*/id") if isinstance(identifier, str)}


def _length(exchange: Exchange) -> int:
    body = exchange.response.body if exchange.response else None
    return len(body) if isinstance(body, list) else 0
