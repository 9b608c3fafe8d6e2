"""The rules of MEF 116, in the order of the guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import Filter, Machine
from emulator.judge.run import ORDER, PRODUCT, Half, Life, Run, Said, Shown, View, succeeded
from emulator.standard.breach import Breach
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

INVENTORY: Final = Rulebook("MEF116", "productInventory")

LISTED: Final = responses("productInventory", "listProduct")
READ: Final = responses("productInventory", "retrieveProduct")

IN_SERVICE: Final = ("active", "active.pendingChange", "suspended")
STARTED: Final = (*IN_SERVICE, "pendingTerminate", "suspendedPendingTerminate", "terminated")
"""States that come after the first activation."""
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


def _all_wanted(said: Said) -> bool:
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


_ACCESS_ELINE: Final = re.compile(r":access-?eline(?:-?ovc)?:", re.IGNORECASE)


@INVENTORY.rule("R10", on=READ, when=_all_wanted)
def access_eline_shows_both_ends(said: Said) -> Iterator[Mark]:
    """An Access E-Line in service is related to a UNI and to an ENNI, by whatever name the relations have."""
    kind = at(said.body, "/productConfiguration/@type")
    if not isinstance(kind, str) or not _ACCESS_ELINE.search(kind) or at(said.body, "/status") not in IN_SERVICE:
        return
    types = [t.upper() for _, t in every(said.body, "/productRelationship/*/relationshipType") if isinstance(t, str)]
    for end in ("UNI", "ENNI"):
        if any(end in name for name in types):
            yield FINE
        elif said.run.reads_as("inventory-access-eline-relations", "both"):
            yield breach("/productRelationship", f"a relation to the {end}", types,
                         f"/productRelationship names no {end}, which an Access E-Line is connected to",
                         reading=("inventory-access-eline-relations", "both"))  # fmt: skip


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
    elif said.status == 400:  # noqa: PLR2004
        told = f"{at(said.body, '/reason')} {at(said.body, '/message')}".lower()
        if "buyerid" not in told and "sellerid" not in told:  # which are the Buyer's to give (R2, R4)
            yield breach("", "200, or 422 tooManyRecords", 400, "a list without filters was refused as a wrong query")


common.too_many_is_422(INVENTORY, "O2", "listProduct")
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
                if read is not None and _unchanged(shown.value, read.value):
                    yield shown, read
                else:
                    waiting.append(shown)
            elif not dict(shown.exchange.request.query).get("fields"):
                read = shown
                yield from ((listed, read) for listed in waiting if _unchanged(listed.value, read.value))
                waiting = []


def _unchanged(listed: Mapping[str, Any], read: Mapping[str, Any]) -> bool:
    """Whether nothing tells that the product was changed between two sightings."""
    dates = listed.get("lastUpdateDate"), read.get("lastUpdateDate")
    return listed.get("status") == read.get("status") and (not all(map(given, dates)) or common.same(*dates))


@INVENTORY.rule("R14", on=READ, when=_all_wanted)
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
        if before is None or not body or any(before.n < n < exchange.n for n in orders) or _says_more(before):
            continue
        follows = _length(before) > 0 and _offset(before) + _length(before) == _offset(exchange)
        if follows and not _ids(exchange) <= _ids(before):  # a Seller may not know `offset` and send it all again
            yield on_response(before, breach(
                "", "X-Total-Count or X-Pagination-Throttled", "neither of them says that there are more",
                f"the page was cut short and does not say so; exchange {exchange.n} shows what comes next"))  # fmt: skip


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


# Lists and reads

# The list leaves startDate out where there is none yet, and an erratum lets a read do so; once active, there is one.
INVENTORY.present(
    "R9",
    "",
    "/startDate",
    on=READ,
    name="startDate",
    when=_all_wanted,
    where=lambda body: body.get("status") in STARTED,
)
common.no_twins(
    INVENTORY,
    (),
    PRODUCT,
    "/relatedSite",
    "/productRelationship",
    "/productOrderItem",
    "/relatedContactInformation",
    "/statusChange",
)
common.keeps_id(INVENTORY, (), PRODUCT)
common.no_doubles(INVENTORY, (), "listProduct")
common.pages(INVENTORY, (), "listProduct")
common.agrees(INVENTORY, (), PRODUCT, "/productOffering/id", "/productSpecification/id")
common.filters(
    INVENTORY,
    (),
    "listProduct",
    {
        "status": Filter("/status"),
        "productSpecificationId": Filter("/productSpecification/id"),
        "productOfferingId": Filter("/productOffering/id"),
        "externalId": Filter("/externalId"),
        "geographicalSiteId": Filter("/relatedSite/*/id"),
        "relatedProductId": Filter("/productRelationship/*/id"),
        "billingAccountId": Filter("/billingAccount/id"),
        "productOrderId": Filter("/productOrderItem/*/productOrderId"),
        "startDate.gt": Filter("/startDate", "gt"),
        "startDate.lt": Filter("/startDate", "lt"),
        "lastUpdateDate.gt": Filter("/lastUpdateDate", "gt"),
        "lastUpdateDate.lt": Filter("/lastUpdateDate", "lt"),
    },
    name="filter",
)


@INVENTORY.at_end(name="summary")
def sightings_of_one_date_say_the_same(run: Run) -> Iterator[Remark]:
    """What two sightings show of a product whose status and lastUpdateDate are the same in both.

    The date may be less exact than a change, so that a difference is a hint.
    """
    for earlier, later in _dated_alike(run):
        whole = later.whole and not dict(later.exchange.request.query).get("fields")
        for member, old in earlier.value.items():
            new = later.value.get(member)
            if not given(old) or member in _SEEN_ELSEWHERE or not (given(new) or whole):
                continue
            place = f"{later.place}/{member}"
            yield on_response(later.exchange, FINE if new == old or _essence(new) == _essence(old) else breach(
                place, old, new, f"{place} differs from that of exchange {earlier.exchange.n}, though lastUpdateDate "
                                 "is the same", hint=True))  # fmt: skip


_SEEN_ELSEWHERE: Final = (
    "href", "productOffering", "productSpecification", "startDate", "terminationDate", "statusChange",
)  # fmt: skip
"""Members that another rule compares, and links."""


def _dated_alike(run: Run) -> Iterator[tuple[Shown, Shown]]:
    """Sightings of a product with the one before, if both have the same lastUpdateDate and status."""
    for life in run.lives(PRODUCT):
        for earlier, later in pairwise(life.shown):
            dates = earlier.value.get("lastUpdateDate"), later.value.get("lastUpdateDate")
            if all(map(given, dates)) and _unchanged(earlier.value, later.value):
                yield earlier, later


def _essence(value: Any) -> Any:
    """A value without links, its entries in any order and its instants however spelt."""
    if isinstance(value, list):
        return sorted((_essence(one) for one in value), key=repr)
    if isinstance(value, dict):
        return {key: _essence(value[key]) for key in sorted(value) if "href" not in key.lower()}
    return common.moment(value) or value


@INVENTORY.rule(name="stays", on=responses("productInventory", "retrieveProduct", statuses=ANY_STATUS))
def products_in_service_are_found(said: Said) -> Iterator[Mark]:
    """A product that was shown in service, to the same Buyer, and that no order ends, is not gone.

    One that is terminated may be removed from the inventory.
    """
    identifier = said.exchange.path_params.get("id")
    life = said.run.life(PRODUCT, identifier)
    before = life.last_before(said.exchange, whole=False) if life else None
    if before is None or before.value.get("status") not in IN_SERVICE:
        return
    if said.status == 200:  # noqa: PLR2004
        yield FINE
    elif said.status == 404 and common.same_parties(before.exchange, said.exchange):  # noqa: PLR2004
        ended = any(
            at(item, "/action") == "delete" and at(item, "/product/id") == identifier
            for order in said.run.of("createProductOrder", api="productOrder")
            for _, item in every(order.request.body, "/productOrderItem/*")
        )
        if not ended:
            yield breach("", 200, 404, f"product {identifier} was {before.value.get('status')} in exchange "
                                       f"{before.exchange.n} and is not found any more")  # fmt: skip


# The life of a product

common.goes_legally(INVENTORY, (), Machine("product", state="/status"), on=READ | LISTED)


@INVENTORY.rule(name="history", on=READ)
def status_change_tells_the_truth(said: Said) -> Iterator[Mark]:
    """The newest entry of statusChange is the status, and each can come some time after the one before it.

    A Seller need not keep every entry: one that was told before and is not told any more is a hint.
    """
    known = common.lifecycle("product")
    for shown, life in said.lived():
        told = _told(shown.value)
        if not told:
            continue
        here, current = f"{shown.place}/statusChange", shown.value.get("status")
        newest = [status for when, status in told if when == told[-1][0]]
        if current in known.states:
            yield hold(here, current in newest, expected=current, found=newest[-1],
                       message=f"the newest entry of {here} is {newest[-1]}, and the status is {current}")  # fmt: skip
        for (when, status), (later, following) in pairwise(told):
            yield hold(here, when == later or known.reaches(status, following), found=following,
                       expected=f"a status that can follow {status}",
                       message=f"{here} tells of {following} after {status}, from which there is no way to it")  # fmt: skip
        earlier = life.last_before(said.exchange)
        for entry in _told(earlier.value) if earlier else ():
            if entry not in told:
                yield breach(here, f"{entry[1]} at {entry[0].isoformat()}", [status for _, status in told],
                             f"{here} no longer tells of {entry[1]} at {entry[0].isoformat()}", hint=True)  # fmt: skip


def _told(value: Any) -> list[tuple[Any, Any]]:
    """The entries of a statusChange by their dates; none where one cannot be read."""
    entries = at(value, "/statusChange")
    if not isinstance(entries, list):
        return []
    states = common.lifecycle("product").states
    told = [(common.moment(at(entry, "/changeDate")), at(entry, "/status")) for entry in entries]
    if any(when is None or status not in states for when, status in told):
        return []
    return sorted(told, key=lambda entry: entry[0].timestamp() if entry[0] else 0.0)


@INVENTORY.rule(name="dates", on=READ | LISTED)
def dates_stay(said: Said) -> Iterator[Mark]:
    """The startDate stays once the product was active, and terminationDate stays once it is terminated.

    Lists may leave out fractions of a second.
    """
    for shown, life in said.lived():
        lately = life.before(said.exchange)[-3:]
        for member, states in (("startDate", STARTED), ("terminationDate", ("terminated",))):
            new = common.moment(shown.value.get(member))
            if new is None or shown.value.get("status") not in states:
                continue
            earlier = next((s for s in reversed(lately) if s.value.get("status") in states and member in s.value), None)
            old = common.moment(earlier.value[member]) if earlier else None
            if earlier is not None and old is not None:
                place = f"{shown.place}/{member}"
                yield hold(place, abs(new - old) < _SECOND, expected=earlier.value[member], found=shown.value[member],
                           message=f"{place} was {earlier.value[member]} in exchange {earlier.exchange.n}, and does "
                                   "not change any more")  # fmt: skip


_SECOND: Final = timedelta(seconds=1)


@INVENTORY.rule(name="updated", on=READ)
def updates_come_later(said: Said) -> Iterator[Mark]:
    """The lastUpdateDate is not before the one that was read before."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        new = common.moment(shown.value.get("lastUpdateDate"))
        old = common.moment(earlier.value.get("lastUpdateDate")) if earlier else None
        if earlier is not None and new is not None and old is not None:
            yield hold("/lastUpdateDate", new > old - _SECOND, expected=f"{earlier.value['lastUpdateDate']} or later",
                       found=shown.value["lastUpdateDate"])  # fmt: skip


# Against the orders of the run


@INVENTORY.rule(name="order-item", on=READ | LISTED)
def order_items_are_items_of_their_order(said: Said) -> Iterator[Mark]:
    """Each productOrderItem that refers to an order of this run refers to an item that it has."""
    for shown in said.shown:
        for place, link in every(shown.value, "/productOrderItem/*"):
            order = said.run.life(ORDER, at(link, "/productOrderId"))
            found = at(link, "/productOrderItemId")
            if order is None or not isinstance(found, str):
                continue
            known = [identifier for body in _bodies(order, said.exchange)
                     for _, identifier in every(body, "/productOrderItem/*/id")]  # fmt: skip
            if known:
                here = f"{shown.place}{place}/productOrderItemId"
                yield hold(here, found in known, expected=sorted({str(one) for one in known}), found=found,
                           message=f"{here} is {found}, and order {order.id} has no such item")  # fmt: skip


def _bodies(order: Life, exchange: Exchange) -> Iterator[Any]:
    """What tells of the items of an order: its request, and the newest whole sighting before an exchange."""
    yield order.request
    latest = order.last_before(exchange)
    if latest is not None:
        yield latest.value


@dataclass(frozen=True, slots=True)
class _Ordered:
    """An item of an order of this run that is about a product."""

    order: Life
    item: Mapping[str, Any]

    @property
    def action(self) -> Any:
        return self.item.get("action")

    def seen(self, exchange: Exchange) -> Any:
        """The item as it was last seen before an exchange."""
        latest = self.order.last_before(exchange)
        return next((item for _, item in every(latest.value if latest else MISSING, "/productOrderItem/*")
                     if at(item, "/id") == self.item.get("id")), MISSING)  # fmt: skip

    def completed(self, exchange: Exchange) -> bool:
        """Whether the item was seen to be completed before an exchange."""
        return bool(at(self.seen(exchange), "/state") == "completed")


def _ordered(run: Run) -> dict[str, list[_Ordered]]:
    """The items of this run's orders by the product they are about, oldest first."""
    found: dict[str, list[_Ordered]] = {}
    for order in run.lives(ORDER):
        ids: dict[Any, Any] = {}
        for shown in order.shown:
            ids.update(
                (at(item, "/id"), at(item, "/product/id"))
                for _, item in every(shown.value, "/productOrderItem/*")
                if isinstance(at(item, "/id"), str) and isinstance(at(item, "/product/id"), str)
            )
        for _, item in every(order.request, "/productOrderItem/*"):
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                product = ids.get(item["id"], at(item, "/product/id"))
                if isinstance(product, str):
                    found.setdefault(product, []).append(_Ordered(order, item))
    return found


@INVENTORY.at_end(name="offering")
def product_is_of_the_offering_ordered(run: Run) -> Iterator[Remark]:
    """The productOffering of each product that an order of this run has added is that of the order's item."""
    ordered = _ordered(run)
    for life in run.lives(PRODUCT):
        added = next((one for one in ordered.get(life.id, ()) if one.action == "add"), None)
        wanted = at(added.item, "/product/productOffering/id") if added else MISSING
        for shown in life.shown if added and isinstance(wanted, str) else ():
            found = at(shown.value, "/productOffering/id")
            if isinstance(found, str):
                place = f"{shown.place}/productOffering/id"
                yield on_response(shown.exchange, hold(
                    place, found == wanted, expected=wanted, found=found,
                    message=f"{place} is {found}; order {added.order.id if added else ''} was for {wanted}"))  # fmt: skip


@INVENTORY.at_end(name="order")
def product_is_as_ordered(run: Run) -> Iterator[Remark]:
    """A product that is read once the last order about it is completed shows what was ordered: its status, its
    configuration, its sites, relations and billing account.

    The inventory may follow an order with delay, and others may change a product: only hints.
    """
    ordered = _ordered(run)
    for life in run.lives(PRODUCT):
        for shown in life.shown if life.id in ordered else ():
            if shown.view is View.LISTED:
                continue
            known = [one for one in ordered[life.id] if one.order.asked and one.order.asked.n < shown.exchange.n]
            if not known or not all(one.completed(shown.exchange) for one in known):
                continue
            for mark in _against_order(known[-1], shown.value):
                yield on_response(shown.exchange, mark)


_CONTRADICTS: Final = {
    "add": ("pendingActive", "cancelled"),
    "modify": ("pendingActive", "cancelled", "terminated"),
    "delete": IN_SERVICE,
}


def _against_order(ordered: _Ordered, product: Mapping[str, Any]) -> Iterator[Mark]:
    why = f"order {ordered.order.id} is completed"
    status, action = product.get("status"), str(ordered.action)
    if status in _CONTRADICTS.get(action, ()):
        yield breach("/status", f"what follows from {action}", status, f"/status is {status}, and {why}", hint=True)
    if action not in ("add", "modify"):
        return
    asked = at(ordered.item, "/product")
    wanted, found = at(asked, "/productConfiguration"), product.get("productConfiguration")
    if isinstance(found, dict) and at(wanted, "/@type") == found.get("@type"):
        for mark in common.echo_marks(wanted, found, "/productConfiguration"):
            yield FINE if not isinstance(mark, Breach) else breach(
                mark.place, mark.expected, mark.found, f"{mark.place} is not as ordered, and {why}", hint=True)  # fmt: skip
    account, billed = at(ordered.item, "/billingAccount/id"), at(product, "/billingAccount/id")
    if isinstance(account, str) and isinstance(billed, str):
        yield _like_ordered("/billingAccount/id", account == billed, account, billed, why)
    terms = [term for _, term in every(product, "/productTerm/*/duration")]
    term = at(ordered.item, "/requestedItemTerm/duration")
    if terms and isinstance(term, dict):
        yield _like_ordered("/productTerm", term in terms, term, terms, why)
    sites = [place.get("id") for _, place in every(asked, "/place/*")
             if isinstance(place, dict) and place.get("@type") == "GeographicSiteRef"]  # fmt: skip
    yield from _all_there("/relatedSite", sites, product, why)
    yield from _all_there("/productRelationship", [i for _, i in every(asked, "/productRelationship/*/id")],
                          product, why)  # fmt: skip


def _all_there(place: str, wanted: Sequence[Any], product: Mapping[str, Any], why: str) -> Iterator[Mark]:
    """Each id that was ordered is in a list of the product, where the product has that list."""
    there = [identifier for _, identifier in every(product, f"{place}/*/id")]
    for identifier in wanted if there else ():
        yield _like_ordered(place, identifier in there, identifier, there, why)


def _like_ordered(place: str, right: bool, wanted: Any, found: Any, why: str) -> Mark:
    return FINE if right else breach(place, wanted, found, f"{place} is not as ordered, and {why}", hint=True)
