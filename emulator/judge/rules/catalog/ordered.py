"""What is ordered against what its offering offers: terms, places, relations and milestones (MEF W142, 7.2.2 to 7.2.4).

No clause binds a Buyer, or a Seller that takes an order, to any of it: all of it are hints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import OFFERING, ORDER
from emulator.judge.rule import FINE, Mark, asks, shows
from emulator.judge.rulebook import breach
from emulator.judge.rules.catalog.across import offering_before
from emulator.judge.rules.catalog.book import CATALOG
from emulator.judge.run import Said
from emulator.record.payload import at, every

_API: Final = "productOrder"
_ITEMS: Final = "/productOrderItem/*"
_ASKED: Final = asks(_API, ORDER, "create")
_YEAR: Final = {"calendarYears": ("calendarMonths", 12)}
"""Units that are so many of another one."""
_UNBOUNDED: Final = -1
_MANY: Final = 10**6


def _added(said: Said) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Each item that adds a product of an offering that was read: its place, the item and the offering."""
    body = said.asked if said.half == "request" else said.body
    for place, item in every(body, _ITEMS):
        if isinstance(item, dict) and item.get("action") == "add":
            offering = offering_before(said.run, at(item, "/product/productOffering/id"), said.exchange)
            if offering is not None:
                yield place, item, offering.value


def _span(value: Any) -> tuple[Any, Any]:
    amount, units = at(value, "/amount"), at(value, "/units")
    other, times = _YEAR.get(str(units), (units, 1))
    return (amount * times if isinstance(amount, int) else amount), other


@CATALOG.rule(on=_ASKED, name="term")
def terms_are_offered(said: Said) -> Iterator[Mark]:
    """The term of each item of an order: the offering has one that lasts as long."""
    for place, item, offering in _added(said):
        term = item.get("requestedItemTerm")
        offered = [_span(at(each, "/duration")) for _, each in every(offering, "/productOfferingTerm/*")]
        if not isinstance(term, dict) or not offered:
            continue
        if _span(term.get("duration")) in offered:
            yield FINE
        else:
            message = f"{OFFERING} {offering['id']} has no term of that duration"
            yield breach(f"{place}/requestedItemTerm/duration", offered, term.get("duration"), message, hint=True)


def _bounded(name: str, bounds: str, key: str, *entries: str) -> None:
    """How many entries of a role, or type, an item has, against the bounds of its offering. Where it names one that the
    offering does not know, the two have different words for the same, and nothing is said.
    """

    def look(said: Said) -> Iterator[Mark]:
        for place, item, offering in _added(said):
            found = Counter(each for pattern in entries for _, each in every(item, pattern) if isinstance(each, str))
            most: Counter[str] = Counter()
            least: Counter[str] = Counter()
            for _, each in every(offering, f"/{bounds}/*"):
                low, high = at(each, "/minCardinality"), at(each, "/maxCardinality")
                if isinstance(low, int) and isinstance(high, int):
                    least[str(at(each, f"/{key}"))] += low
                    most[str(at(each, f"/{key}"))] += _MANY if high == _UNBOUNDED else high
            for role in least if found.keys() <= least.keys() else ():
                if least[role] > most[role]:
                    continue  # nobody can keep to that: it is the offering's own fault (W142-R30, R34)
                if least[role] <= found[role] <= most[role]:
                    yield FINE
                else:
                    message = f"{OFFERING} {offering['id']} asks for {least[role]} to {most[role]} {role}"
                    expected = f"{least[role]} to {most[role]}"
                    yield breach(f"{place}/product", expected, found[role], message, hint=True)

    about = f"what each item that adds a product has, against {bounds} of its offering"
    CATALOG.add((), look, on=_ASKED, about=about, name=name)


_bounded("places", "placeRelationship", "relationshipRole", "/product/place/*/role")
_bounded(
    "relations",
    "productRelationship",
    "relationshipType",
    "/product/productRelationship/*/relationshipType",
    "/productOrderItemRelationship/*/relationshipType",
)


@CATALOG.rule(on=shows(_API, ORDER, "create", "retrieve"), name="milestones")
def milestones_are_known(said: Said) -> Iterator[Mark]:
    """The milestones of each item of an order: the offering has them, where it has any."""
    for place, item, offering in _added(said):
        known = [found for _, found in every(offering, "/milestone/*/name")]
        for where, found in every(item, "/milestone/*/name") if known else ():
            if found in known:
                yield FINE
            else:
                message = f"{OFFERING} {offering['id']} has no milestone {found}"
                yield breach(f"{place}{where}", known, found, message, hint=True)
