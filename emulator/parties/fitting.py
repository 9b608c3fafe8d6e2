"""A profile in a release that has not all products of the release that it was written for.

What it sells and what it has of such products is left out there; who names one in a profile of their own is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from emulator.parties.coherence import Loose
from emulator.record.payload import MISSING, at, escape
from emulator.standard.points import lacking
from emulator.standard.release import Release

if TYPE_CHECKING:
    from emulator.parties.profile import Profile

_OF_PRODUCTS: Final = {"offerings": "/payload", "products": "/productConfiguration/@type"}
"""The sections of a profile that are of products, and where each entry says of which."""


def sold_in(profile: Profile, release: Release) -> Profile:
    """The profile without what is of a product that the release lacks."""
    strange = release.made(lacking)
    if not strange:
        return profile
    offerings = {key: each for key, each in profile.offerings.items() if each.payload not in strange}
    products = {
        key: each for key, each in profile.products.items() if not _is_one(at(each, _OF_PRODUCTS["products"]), strange)
    }
    return replace(profile, offerings=offerings, products=products)


def strange_products(raw: Mapping[str, Any], release: Release, own: Iterable[Any]) -> Iterator[Loose]:
    """What is wrong with a profile's products: the user's `own` settings say that it has one which the release lacks."""
    settings = list(own)
    for section, key, urn in _strange(raw, release):
        entry = f"/{section}/{escape(key)}"
        for place in (f"{entry}{_OF_PRODUCTS[section]}", f"{entry}/extends"):
            if any(at(each, place) is not MISSING for each in settings):
                yield place, False, f"release {release.name} does not have the product {urn}"


def left_out(raw: Mapping[str, Any], release: Release) -> Mapping[str, str]:
    """The ids of what a profile, as it is written, sells and has of products that the release lacks: each with the product."""
    return {key: urn for _, key, urn in _strange(raw, release)}


def _strange(raw: Mapping[str, Any], release: Release) -> Iterator[tuple[str, str, str]]:
    """Each such (section, id, URN)."""
    if strange := release.made(lacking):
        for section, where in _OF_PRODUCTS.items():
            entries = raw.get(section)
            for key, entry in entries.items() if isinstance(entries, Mapping) else ():
                if _is_one(urn := at(entry, where), strange):
                    yield section, str(key), urn


def _is_one(urn: Any, strange: Mapping[str, str]) -> bool:
    return isinstance(urn, str) and urn in strange
