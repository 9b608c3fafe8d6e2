"""A profile in a release that has not all products of the release that it was written for, or serves an API by its shape alone.

What it sells and what it has of such products is left out there, and so are the settings of the modules that serve no API
there; who names one in a profile of their own is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from emulator.parties.coherence import Loose
from emulator.record.patch import merged
from emulator.record.payload import MISSING, at, escape
from emulator.standard.points import lacking
from emulator.standard.release import Release
from emulator.standard.strict import fields_of

if TYPE_CHECKING:
    from emulator.parties.profile import Profile

_OF_PRODUCTS: Final = {"offerings": "/payload", "products": "/productConfiguration/@type"}
"""The sections of a profile that are of products, and where each entry says of which."""


def sections_elsewhere(usual: type[Profile], here: type[Profile]) -> list[str]:
    """The places of sections that `here` has not, or reads into another type than the `usual` profile."""
    theirs, ours = ({each.key: each.type for each in fields_of(kind)} for kind in (usual, here))
    found = [f"/{key}" for key in theirs if key not in ours]
    for part in ("behaviour", "intervals"):
        mine = {each.key: each.type for each in fields_of(ours[part])}
        inner = fields_of(theirs[part])
        found += [f"/{part}/{escape(each.key)}" for each in inner if mine.get(each.key) != each.type]
    return found


def as_served(raw: Mapping[str, Any], places: Iterable[str], own: Sequence[Any]) -> dict[str, Any]:
    """A profile as it is written; of the sections at these places only what the user's `own` settings say, the nearest first."""
    found = dict(raw)
    for place in places:
        *parts, key = place.split("/")[1:]
        said = [each for one in reversed(own) if (each := at(one, place)) is not MISSING]
        holder = found
        for part in parts:
            holder[part] = holder = dict(holder.get(part) or {})
        holder.pop(key, None)
        for each in said:
            holder[key] = merged(holder.get(key, {}), each)
    return found


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
