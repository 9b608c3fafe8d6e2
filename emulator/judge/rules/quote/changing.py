"""What a buyer asks to change or to end, of products that are installed (Mplify 115.1, 6.2.6.2 and 6.2.6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import ASKED, QUOTE, items_of
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, escape

_CHANGED: Final = "Mplify115.1-change-members"


def _is_change(item: Mapping[str, Any]) -> bool:
    return item.get("action") == "modify" and isinstance(item.get("product"), dict)


QUOTE.present(
    _CHANGED,
    "/quoteItem/*",
    "/product/id",
    "/product/productOffering",
    "/product/productConfiguration",
    on=ASKED,
    where=_is_change,
)
common.products_are_there(QUOTE, _CHANGED, "modify", "/quoteItem/*", on=ASKED)


def _changes(said: Said) -> Iterator[tuple[str, dict[str, Any], Mapping[str, Any]]]:
    """The products of items to modify, with their places, and each as the inventory showed it last."""
    for place, item in items_of(said.body):
        life = said.run.life(PRODUCT, at(item, "/product/id")) if _is_change(item) else None
        shown = life.last_before(said.exchange) if life else None
        if shown is not None:
            yield f"{place}/product", item["product"], shown.value


@QUOTE.rule("Mplify115.1-change-is-whole", on=ASKED)
def a_change_is_told_whole(said: Said) -> Iterator[Mark]:
    """Relations and places of a product to modify, where the inventory shows some: told, be it as an empty list.

    Whether they can be others than before its product specification says.
    """
    for place, product, held in _changes(said):
        for member in ("productRelationship", "place"):
            if given(held.get(member)):
                found = product.get(member, MISSING)
                yield hold(
                    f"{place}/{member}",
                    found is not MISSING and found is not None,
                    expected=held[member],
                    found=found,
                    message=f"{place}/{member} is missing, and the inventory shows some for the product",
                )


@QUOTE.rule("Mplify115.1-same-specification", on=ASKED)
def another_offering_is_of_one_specification(said: Said) -> Iterator[Mark]:
    """The specification of a product to modify whose offering is another one: the one that it was, in whatever version."""
    for place, product, held in _changes(said):
        was, now = (at(one, "/productOffering/id") for one in (held, product))
        if not isinstance(was, str) or not isinstance(now, str) or was == now:
            continue
        before, after = (_specification(said, one) for one in (held, product))
        if before and after:
            here = f"{place}/productConfiguration/@type"
            yield hold(
                here,
                before == after,
                expected=at(held, "/productConfiguration/@type"),
                found=at(product, "/productConfiguration/@type"),
                message=f"{place}/productOffering is another one, and of another product specification than the "
                "product",
            )


_NAME: Final = 6
"""How many parts of a URN say which product it is of; behind them stand its version and its function."""


def _specification(said: Said, product: Mapping[str, Any]) -> tuple[str, ...]:
    """Which product a configuration is of, whatever its version; empty where it does not say."""
    urn = at(product, "/productConfiguration/@type")
    right = said.run.release.products.aliases.get(urn, urn) if isinstance(urn, str) else ""
    return tuple(right.split(":")[:_NAME]) if right else ()


_OF_REMOVAL: Final = ("id", "href")
_NOT_OF_REMOVAL: Final = ("productOfferingQualificationItem", "quoteItemRelationship")


@QUOTE.rule("Mplify115.1-removal-is-bare", on=ASKED)
def a_removal_is_bare(said: Said) -> Iterator[Mark]:
    """An item to delete: of its product the id alone, no qualification, no relation to another item.

    A link beside the id is the Seller's to set, and is passed over.
    """
    for place, item in items_of(said.body):
        if item.get("action") != "delete":
            continue
        product = item.get("product")
        names = product if isinstance(product, dict) else {}
        extra = [f"/product/{escape(name)}" for name in names if name not in _OF_REMOVAL]
        extra += [f"/{name}" for name in _NOT_OF_REMOVAL]
        wrong = [member for member in extra if given(at(item, member))]
        for member in wrong:
            here = place + member
            yield breach(here, MISSING, at(item, member), f"{here} is given for a product that is to be deleted")
        if not wrong:
            yield FINE
