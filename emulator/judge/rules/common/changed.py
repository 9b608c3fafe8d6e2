"""What a buyer asks to change of products that are installed, and where: said alike by the guides of what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, escape, every
from emulator.standard.places import SITE_REF, placing


def _changes(said: Said, items: str) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """The products of items to modify, with their places, and each as the inventory showed it last."""
    for place, item in every(said.body, items):
        product = at(item, "/product")
        if at(item, "/action") != "modify" or not isinstance(product, dict):
            continue
        life = said.run.life(PRODUCT, product.get("id"))
        shown = life.last_before(said.exchange) if life else None
        if shown is not None:
            yield f"{place}/product", product, shown.value


def told_whole(book: Rulebook, labels: Labels, items: str, *, on: On, name: str = "") -> None:
    """Relations and places of a product to modify, where the inventory shows some: told, be it as an empty list.

    Whether they can be others than before its product specification says.
    """

    def look(said: Said) -> Iterator[Mark]:
        for place, product, held in _changes(said, items):
            for member in ("productRelationship", "place"):
                if given(held.get(member)):
                    found = product.get(member, MISSING)
                    yield hold(
                        f"{place}/{member}",
                        found not in (MISSING, None),
                        expected=held[member],
                        found=found,
                        message=f"{place}/{member} is missing, and the inventory shows some for the product",
                    )

    book.add(labels, look, on=on, about="relations and places of items to modify, against the inventory", name=name)


_Specified = dict[str, str]


def _take(known: _Specified, run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        if life.kind.name == PRODUCT:
            _note(known, at(shown.value, "/productOffering/id"), at(shown.value, "/productSpecification/id"))
        elif life.kind.name == "productOffering":
            _note(known, at(shown.value, "/id"), at(shown.value, "/productSpecification/id"))


def _note(known: _Specified, offering: Any, specification: Any) -> None:
    if isinstance(offering, str) and isinstance(specification, str):
        known[offering] = specification


SPECIFIED: Final[Fold[_Specified]] = Fold(dict, _take)
"""The specification of each offering for which the Seller showed one, with a product or in its catalog."""


def of_one_specification(book: Rulebook, labels: Labels, items: str, *, on: On, name: str = "") -> None:
    """The specification of a product to modify whose offering is another one: the one that it was, as far as the Seller showed of
    which the offerings are; else by what product the two configurations are of, in whatever version.
    """

    def look(said: Said) -> Iterator[Mark]:
        known = said.run.known(SPECIFIED, before=said.exchange)
        for place, product, held in _changes(said, items):
            was, now = (at(one, "/productOffering/id") for one in (held, product))
            if not isinstance(was, str) or not isinstance(now, str) or was == now:
                continue
            shown = at(held, "/productSpecification/id")
            before, after = shown if isinstance(shown, str) else known.get(was), known.get(now)
            if before and after:
                yield hold(
                    f"{place}/productOffering/id",
                    before == after,
                    expected=f"an offering of {before}",
                    found=now,
                    message=f"{now} is of {after}, and the product of {before}",
                )
                continue
            types = [_product_of(said, one) for one in (held, product)]
            if all(types):
                yield hold(
                    f"{place}/productConfiguration/@type",
                    types[0] == types[1],
                    expected=at(held, "/productConfiguration/@type"),
                    found=at(product, "/productConfiguration/@type"),
                    message=f"{place}/productOffering is another one, and of another product specification than the "
                    "product",
                )

    book.add(labels, look, on=on, about="other offerings of items to modify, against the inventory", name=name)


_NAME: Final = 6
"""How many parts of a URN say which product it is of; behind them stand its version and its function."""


def _product_of(said: Said, product: Mapping[str, Any]) -> tuple[str, ...]:
    """Which product a configuration is of, whatever its version; empty where it does not say."""
    urn = at(product, "/productConfiguration/@type")
    right = said.run.release.products.aliases.get(urn, urn) if isinstance(urn, str) else ""
    return tuple(right.split(":")[:_NAME]) if right else ()


_LEFT: Final = ("id", "href")


def bare_removals(book: Rulebook, labels: Labels, items: str, *without: str, on: On, name: str = "") -> None:
    """An item to delete: of its product the id alone, and none of the members `without` which it is.

    A link beside the id is the Seller's to set, and is passed over.
    """

    def look(said: Said) -> Iterator[Mark]:
        for place, item in every(said.body, items):
            if at(item, "/action") != "delete":
                continue
            product = at(item, "/product")
            names = product if isinstance(product, dict) else {}
            extra = [f"/product/{escape(each)}" for each in names if each not in _LEFT]
            wrong = [each for each in (*extra, *(f"/{each}" for each in without)) if given(at(item, each))]
            for member in wrong:
                here = place + member
                yield breach(here, MISSING, at(item, member), f"{here} is given for a product that is to be deleted")
            if not wrong:
                yield FINE

    book.add(labels, look, on=on, about="what is said of products to delete", name=name)


def exact_sites(book: Rulebook, labels: Labels, places: str, *, on: On, name: str = "") -> None:
    """A place that is a site has no sub-units beside it: it says where it is."""

    def look(said: Said) -> Iterator[Mark]:
        for spot in placing(said.run.release, book.api).spots(said.body, places):
            if spot.type == SITE_REF:
                found, here = spot.holder.get("subUnit"), f"{spot.where}/subUnit"
                yield (
                    FINE
                    if not given(found)
                    else breach(here, MISSING, found, f"{here} is given beside a {SITE_REF}, which says where it is")
                )

    book.add(labels, look, on=on, about=f"sub-units of {places}", name=name)
