"""What a buyer has in service, as the inventory of a release shows it: a profile says it once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from emulator.parties.clock import rfc3339
from emulator.parties.lists import demands_of, members_of, moment_of
from emulator.parties.offering import Offering, lasting_prices
from emulator.standard.lifecycle import Lifecycle
from emulator.standard.places import SITE_REF, placing
from emulator.standard.release import Release
from emulator.standard.spans import in_words_of

KIND: Final = "product"
API: Final = "productInventory"
_SITES: Final = "relatedSite"
_PLACED: Final = ("place", "role", "contact")
"""What stands with a place of a product; an order may name a unit of the building too."""


def in_service(
    release: Release, offerings: Mapping[str, Offering], product: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """A product of a profile in the words of a release: terms, prices, where it is, and the states that it was in."""
    body: dict[str, Any] = {"status": "active", "startDate": rfc3339(now), **deepcopy(dict(product))}
    if prices := lasting_prices(offerings, body):
        body.setdefault("productPrice", prices)
    made: dict[str, Any] = in_words_of(release.contract(API), body)
    if has_places(release) and _SITES in made:
        sites = made.pop(_SITES)
        made.setdefault("place", [_at(release, site["id"], site.get("role")) for site in sites])
    kind, machine = release.kinds.kind(KIND), release.lifecycles.get(KIND)
    log = kind.history
    if machine and log and log.member not in made and log.member in demands_of(release.contract(API), kind.schema):
        began = min(moment_of(made["startDate"]) or now, now)
        way = _way(machine, str(made["status"]))
        made[log.member] = [{log.moment: rfc3339(began), log.state: state} for state in way]
    return made


def has_places(release: Release) -> bool:
    """Whether products of the inventory show their places, of whatever kind, and not their sites alone."""
    return "place" in members_of(release.contract(API), release.kinds.kind(KIND).schema)


def where_installed(release: Release, ordered: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The member of a product that says where it is, by the places of the item that ordered it; empty without one."""
    if has_places(release):
        places = [{name: each[name] for name in _PLACED if name in each} for each in ordered]
        return {"place": places} if places else {}
    spots = (placing(release, "productOrder").spot("", each) for each in ordered)
    sites = [{"id": spot.id, "role": spot.role} for spot in spots if spot.type == SITE_REF]
    return {_SITES: sites} if sites else {}


def sites_in(release: Release, product: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The sites at which a product is, each with its role, as they stand in a list of sites."""
    if has_places(release):
        for spot in placing(release, API).spots(product, "/place/*"):
            if spot.type == SITE_REF:
                yield {"id": spot.id, "role": spot.role}
    else:
        yield from product.get(_SITES) or ()


def _at(release: Release, site: str, role: str | None) -> dict[str, Any]:
    return placing(release, API).written({"@type": SITE_REF, "id": site}, role=role)


def _way(machine: Lifecycle, state: str) -> list[str]:
    """The states on the shortest way to a state."""
    ways = [[each] for each in machine.initial]
    for way in ways:
        if way[-1] == state:
            return way
        ways += [[*way, each] for each in machine.after(way[-1]) if not any(each in one for one in ways)]
    return [state]
