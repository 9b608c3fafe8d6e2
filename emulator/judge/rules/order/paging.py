"""Pages of lists, and places of products (MEF 123, 7.1 and 7.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Said
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at

API: Final = ORDER.api
LISTS: Final = (
    "listProductOrder",
    "listCancelProductOrder",
    "listCharge",
    "listModifyProductOrderItemRequestedDeliveryDate",
)


# Pages


@ORDER.rule("R107", on=responses(API, *LISTS))
def a_page_that_is_cut_says_so(said: Said) -> Iterator[Mark]:
    """The headers of a page that is not all.

    A page is known to be cut where a header says so, or where it holds as many entries as were asked for and not
    one that was seen before and that nothing of the query leaves out.
    """
    if not isinstance(said.body, list):
        return
    length, offset = len(said.body), _count(said.query.get("offset")) or 0
    total, throttled = _count(said.header("X-Total-Count")), said.header("X-Pagination-Throttled") or ""
    limit = _count(said.query.get("limit"))
    if throttled.strip().lower() == "true" or (total is not None and total > offset + length):
        yield FINE
    elif limit and length >= limit and _left_out(said):
        yield breach("", "X-Total-Count or X-Pagination-Throttled", MISSING,
                     f"a page of {length} is not all that there is, and no header says so")  # fmt: skip


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def _left_out(said: Said) -> bool:
    """Whether an earlier list with the same filters, or no filter at all, makes it sure that there is more."""
    mine = {shown.value["id"] for shown in said.shown}
    wanted = _filters(said.exchange)
    parties = {key: value for key, value in wanted.items() if key in ("buyerId", "sellerId")}
    if _count(said.query.get("offset")):
        return False
    by = said.run.shown_by(said.exchange)
    for life in said.run.lives(by[0].name) if by and wanted == parties else ():
        if life.id not in mine and any(_parties(seen.exchange) == parties for seen in life.before(said.exchange)):
            return True
    return False


def _filters(exchange: Exchange) -> dict[str, str]:
    return {key: value for key, value in exchange.request.query if key not in ("offset", "limit")}


def _parties(exchange: Exchange) -> dict[str, str]:
    return {key: value for key, value in exchange.request.query if key in ("buyerId", "sellerId")}


# Places

_BY_VALUE: Final = (
    "FieldedAddress",
    "FormattedAddress",
    "GeographicAddressLabel",
    "MEFGeographicPoint",
)
_BY_REFERENCE: Final = ("GeographicAddressRef", "GeographicSiteRef")
_PLACED: Final = ("createProductOrder", "retrieveProductOrder", "patchProductOrder")


@ORDER.rule("R108", on=requests(API, "createProductOrder") | responses(API, *_PLACED))
def a_place_by_reference_is_an_address_or_a_site(said: Said) -> Iterator[Mark]:
    """@type and id of each place; types that the partners agreed on are theirs."""
    items = at(said.body, "/productOrderItem")
    for index, item in enumerate(items) if isinstance(items, list) else ():
        places = at(item, "/product/place")
        for nth, found in enumerate(places) if isinstance(places, list) else ():
            place = f"/productOrderItem/{index}/product/place/{nth}"
            kind, identifier = at(found, "/@type"), at(found, "/id")
            if kind in _BY_REFERENCE:
                yield FINE if given(identifier) else breach(f"{place}/id", "an id", identifier)
            elif kind in _BY_VALUE and given(identifier):
                yield breach(f"{place}/id", MISSING, identifier,
                             f"{place} refers to a place by its id, and its @type is {kind}; expected "
                             f"{' or '.join(_BY_REFERENCE)}")  # fmt: skip
