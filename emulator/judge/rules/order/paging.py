"""Pages of lists, and places of products (MEF 123, 7.1 and 7.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at

API: Final = ORDER.api
LISTS: Final = (
    "listProductOrder",
    "listCancelProductOrder",
    "listCharge",
    "listModifyProductOrderItemRequestedDeliveryDate",
)


# Pages


common.cut_pages_say_so(ORDER, "R107", *LISTS)
common.takes_pages(ORDER, "Mplify123.1-pages", *LISTS)

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
