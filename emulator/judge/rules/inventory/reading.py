"""Lists and reads of products."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ORDER, PRODUCT
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.common import Filter
from emulator.judge.rules.inventory.asking import all_wanted, unchanged
from emulator.judge.rules.inventory.book import IN_SERVICE, INVENTORY, LISTED, READ, STARTED
from emulator.judge.run import Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.places import ADDRESS_REF, SITE_REF

# Lists and reads

# The list leaves startDate out where there is none yet, and an erratum lets a read do so; once active, there is one.
INVENTORY.present(
    "R9",
    "",
    "/startDate",
    on=READ,
    name="startDate",
    when=all_wanted,
    where=lambda body: body.get("status") in STARTED,
)
common.no_twins(
    INVENTORY,
    (),
    PRODUCT,
    "/relatedSite",
    "/place",
    "/productRelationship",
    "/productOrderItem",
    "/relatedContactInformation",
    "/statusChange",
)
common.keeps_id(INVENTORY, (), PRODUCT)
common.unknown_is_404(INVENTORY, (), "retrieveProduct", PRODUCT, too=(400,), name="unknown")
common.no_doubles(INVENTORY, (), "listProduct")
common.pages(INVENTORY, (), "listProduct")
common.agrees(INVENTORY, (), PRODUCT, "/productOffering/id", "/productSpecification/id")
_FILTERS: Final = {
    "status": Filter("/status", moves=True),
    "productSpecificationId": Filter("/productSpecification/id"),
    "productOfferingId": Filter("/productOffering/id"),
    "externalId": Filter("/externalId"),
    "geographicalSiteId": Filter("/relatedSite/*/id"),
    "geographicSiteId": Filter("/place/*/place/id", typed=SITE_REF),
    "geographicAddressId": Filter("/place/*/place/id", typed=ADDRESS_REF),
    "relatedProductId": Filter("/productRelationship/*/id"),
    "billingAccountId": Filter("/billingAccount/id"),
    "productOrderId": Filter("/productOrderItem/*/productOrderId", moves=True),
    **{
        f"{name}.{way}": Filter(f"/{name}", way, moves=name == "lastUpdateDate")
        for name in ("startDate", "lastUpdateDate")
        for way in ("gt", "lt")
    },
}
common.filters(INVENTORY, (), "listProduct", _FILTERS, name="filter")


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
            if all(map(given, dates)) and unchanged(earlier.value, later.value):
                yield earlier, later


def _essence(value: Any) -> Any:
    """A value without links, its entries in any order and its instants however spelt."""
    if isinstance(value, list):
        return sorted((_essence(one) for one in value), key=repr)
    if isinstance(value, dict):
        return {key: _essence(value[key]) for key in sorted(value) if "href" not in key.lower()}
    return common.moment(value) or value


def _take_ended(known: set[str], _run: Run, exchange: Exchange) -> None:
    if exchange.operation == "createProductOrder" and exchange.api == "productOrder":
        for _, item in every(exchange.request.body, "/productOrderItem/*"):
            product = at(item, "/product/id")
            if at(item, "/action") == "delete" and isinstance(product, str):
                known.add(product)


_ENDED: Final[Fold[set[str]]] = Fold(set, _take_ended)
"""The products that somebody ordered to end."""


def _leaves(run: Run, shown: Shown) -> bool:
    """Whether a product may be gone from the inventory: it is not in service any more, or somebody ordered that it ends."""
    return shown.value.get("status") not in (*IN_SERVICE, "pendingActive") or shown.value["id"] in run.known(_ENDED)


common.lists_all(INVENTORY, (), PRODUCT, _FILTERS, leaves=_leaves, made="/startDate")


@INVENTORY.rule(name="made-listed", on=LISTED)
def what_an_order_made_is_listed(said: Said) -> Iterator[Mark]:
    """A list of an order's products that claims to be whole has those that the order, once completed, says it made.

    The inventory may hear of them later, so that it is a hint.
    """
    query = said.query
    others = {*query} - {"productOrderId", "productOfferingId", "status", *common.WHO, *common.PAGING}
    order = said.run.life(ORDER, query.get("productOrderId"))
    last = order.last_before(said.exchange) if order else None
    if last is None or others or query.get("status", "active") != "active" or not common.claims_all(said.exchange):
        return
    listed = {found for _, found in every(said.body, "/*/id") if isinstance(found, str)}
    for _, item in every(last.value, "/productOrderItem/*"):
        made, offering = at(item, "/product/id"), at(item, "/product/productOffering/id")
        if at(item, "/action") != "add" or at(item, "/state") != "completed" or not isinstance(made, str):
            continue
        if made in said.run.known(_ENDED) or query.get("productOfferingId", offering) != offering:
            continue
        yield FINE if made in listed else breach(
            "", made, sorted(listed)[:5],
            f"order {last.value['id']} is completed and made product {made}, which the list of its products does not have",
            hint=True)  # fmt: skip


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
    elif (
        said.status == 404  # noqa: PLR2004
        and common.same_parties(before.exchange, said.exchange)
        and identifier not in said.run.known(_ENDED)
    ):
        yield breach("", 200, 404, f"product {identifier} was {before.value.get('status')} in exchange "
                                   f"{before.exchange.n} and is not found any more")  # fmt: skip
