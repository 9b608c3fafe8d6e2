"""What a buyer asks to change or to end, of products that are installed (Mplify 115.1, 6.2.6.2 and 6.2.6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.judge.rules import common
from emulator.judge.rules.quote.book import ASKED, QUOTE

ITEMS: Final = "/quoteItem/*"
_CHANGED: Final = "Mplify115.1-change-members"


def _is_change(item: Mapping[str, Any]) -> bool:
    return item.get("action") == "modify" and isinstance(item.get("product"), dict)


QUOTE.present(
    _CHANGED,
    ITEMS,
    "/product/id",
    "/product/productOffering",
    "/product/productConfiguration",
    on=ASKED,
    where=_is_change,
)
common.products_are_there(QUOTE, _CHANGED, "modify", ITEMS, on=ASKED)


common.told_whole(QUOTE, "Mplify115.1-change-is-whole", ITEMS, on=ASKED)
common.of_one_specification(QUOTE, "Mplify115.1-same-specification", ITEMS, on=ASKED)
common.bare_removals(
    QUOTE,
    "Mplify115.1-removal-is-bare",
    ITEMS,
    "productOfferingQualificationItem",
    "quoteItemRelationship",
    on=ASKED,
)
