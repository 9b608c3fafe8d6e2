"""The rulebook of MEF 116, and what its modules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.rule import responses
from emulator.judge.rulebook import Rulebook
from emulator.record.payload import every
from emulator.standard.places import SITE_REF, placing
from emulator.standard.release import Release

INVENTORY: Final = Rulebook("MEF116", "productInventory")
LISTED: Final = responses("productInventory", "listProduct")
READ: Final = responses("productInventory", "retrieveProduct")
IN_SERVICE: Final = ("active", "active.pendingChange", "suspended")
STARTED: Final = (*IN_SERVICE, "pendingTerminate", "suspendedPendingTerminate", "terminated")
"""States that come after the first activation."""


def sites_of(release: Release, product: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The member of a product of the inventory in which it shows where it is (`relatedSite`, or its places), and the ids of the
    sites in that.
    """
    if "place" in product:
        spots = placing(release, "productInventory").spots(product, "/place/*")
        return "/place", [spot.id for spot in spots if spot.type == SITE_REF and spot.id is not None]
    return "/relatedSite", [found for _, found in every(product, "/relatedSite/*/id")]


def sites_ordered(release: Release, product: Any) -> Iterator[str]:
    """The ids of the sites at which an order has a product."""
    for spot in placing(release, "productOrder").spots(product, "/place/*"):
        if spot.type == SITE_REF and spot.id is not None:
            yield spot.id
