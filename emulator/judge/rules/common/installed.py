"""Products that a Buyer wants to change or to end: what it can know of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ORDER, PRODUCT
from emulator.judge.pages import claims_all
from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.identity import parties_of
from emulator.judge.rules.common.lists import TELLS_NOTHING
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Run, Said
from emulator.judge.showing import View, succeeded
from emulator.record.call import ErrorCode
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

Parties = tuple[str | None, str | None]


_NAMES: Final = {ORDER: "/productOrderItem/*/product/id", PRODUCT: "/productRelationship/*/id"}
"""Where the Seller names products, beside showing them."""


@dataclass(slots=True)
class _Inventory:
    """What a Buyer was told of the products that there are.

    `told` are the ids that orders and relations of products name; `lacking` those that were read and are not there;
    `listed` who got a list of all products, `seen` who was shown one.
    """

    told: set[str] = field(default_factory=set)
    lacking: set[tuple[Parties, str]] = field(default_factory=set)
    listed: set[Parties] = field(default_factory=set)
    seen: set[Parties] = field(default_factory=set)

    def take(self, run: Run, exchange: Exchange) -> None:
        """Take in the next exchange."""
        parties = parties_of(exchange)
        for shown, life in run.lived(exchange):
            if life.kind.name == PRODUCT:
                self.seen.add(parties)
            if pattern := _NAMES.get(life.kind.name):
                self.told.update(found for _, found in every(shown.value, pattern) if isinstance(found, str))
        identifier = exchange.path_params.get("id")
        status = exchange.response.status if exchange.response else 0
        kind, view = run.shown_by(exchange) or (None, None)
        if kind is None or kind.name != PRODUCT:
            return
        if view is View.RETRIEVED and identifier:
            if status == 404:  # noqa: PLR2004
                self.lacking.add((parties, identifier))
            elif succeeded(exchange):
                self.lacking.discard((parties, identifier))
        elif view is View.LISTED and claims_all(exchange, unfiltered=True):
            self.listed.add(parties)


_INVENTORY: Final = Fold(_Inventory, _Inventory.take)
_NAMED: Final = re.compile(r"Item\W{1,3}(\d{1,6})\W{1,3}product\W{1,3}id\W*$")


def products_are_there(book: Rulebook, labels: Labels, action: str, items: str, *, on: On, name: str = "known") -> None:
    """What an item is to change or to end is a product that there is, as far as the Buyer can know.

    It can know where a read of the product, or a list of all products, did not find it, and where it was shown others
    and the Seller, asked, knows of no such product. What the Seller took there is; what the run knows nothing of may be.
    """

    def look(said: Said) -> Iterator[Mark]:
        for place, item in every(said.body, items):
            product = at(item, "/product/id")
            if at(item, "/action") != action or not isinstance(product, str) or not product:
                continue
            known = said.run.known(_INVENTORY, before=said.exchange)
            life = said.run.life(PRODUCT, product)
            if product in known.told or (life and life.before(said.exchange)):
                yield FINE
            elif why := _nowhere(said, known, product, place):
                yield breach(f"{place}/product/id", "the id of a product that there is", product,
                             f"{place}/product/id is {product}: {why}")  # fmt: skip

    book.add(labels, look, on=on, about=f"product/id of items to {action}", name=name)


def _nowhere(said: Said, known: _Inventory, product: str, place: str) -> str:
    """Why there is no such product, "" where nobody can say so."""
    parties, status = parties_of(said.exchange), said.status
    if not 400 <= status < 500 or status in TELLS_NOTHING:  # noqa: PLR2004
        return ""
    if (parties, product) in known.lacking:
        return "it was read before and is not there"
    if parties in known.listed:
        return "a list of all products does not have it"
    if parties in known.seen and _refused_for(said.exchange, place.rpartition("/")[2]):
        return "the Seller knows of no such product, and no other answer named it"
    return ""


def _refused_for(exchange: Exchange, index: str) -> bool:
    """Whether a refusal says of the product of an item that it is not there."""
    body: Any = exchange.response.body if exchange.response else None
    for entry in body if isinstance(body, list) else [body]:
        path = at(entry, "/propertyPath")
        named = _NAMED.search(path) if isinstance(path, str) else None
        if named and named[1] == index and at(entry, "/code") == ErrorCode.REFERENCE_NOT_FOUND:
            return True
    return False
