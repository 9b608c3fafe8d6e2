"""The book of the product catalog API (MEF W142), and what its rules have in common.

A Seller edits its catalog without being asked, so that two sightings are compared where they are of one version: where
lastUpdate is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.hubs import by_their_clock, over
from emulator.judge.named import CATEGORY, OFFERING, SPECIFICATION
from emulator.judge.rule import shows
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import common
from emulator.judge.run import Life, Run, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every

CATALOG: Final = Rulebook("W142", "productCatalog")
API: Final = CATALOG.api

KINDS: Final = (CATEGORY, OFFERING, SPECIFICATION)
LISTS: Final = ("listCategory", "listProductOffering", "listProductSpecification")
READS: Final = ("retrieveCategory", "retrieveProductOffering", "retrieveProductSpecification")
OFFERING_READ: Final = shows(API, OFFERING, "retrieve")
SPECIFICATION_READ: Final = shows(API, SPECIFICATION, "retrieve")
OVER: Final = ("obsolete", "rejected")
"""Statuses of an offering from which there is no way on; those of a specification are among them."""
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_NEAR: Final = 6
"""Sightings among which one of the same version is looked for, from the newest on."""


def status_of(shown: Shown | None) -> Any:
    """The lifecycleStatus that a sighting shows."""
    return shown.value.get("lifecycleStatus") if shown else None


def ids_of(value: Any, pattern: str) -> list[str]:
    """The ids that a pattern names, where they are texts."""
    return [found for _, found in every(value, pattern) if isinstance(found, str)]


def categories_of(value: Any) -> list[str]:
    """The ids of the categories that an offering names."""
    return ids_of(value, "/category/*/id")


def specification_of(value: Any) -> Any:
    """The id of the specification that an offering names."""
    return at(value, "/productSpecification/id")


def is_chosen(exchange: Exchange) -> bool:
    """Whether a read chose some of the members: then what it lacks shows nothing."""
    return any(name == "fields" for name, _ in exchange.request.query)


def one_version(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two sightings say that they are of one version of a resource; one of them may have lost the fraction of a second."""
    before, now = common.moment(old.get("lastUpdate")), common.moment(new.get("lastUpdate"))
    if before is None or now is None:
        return False
    if before.microsecond and now.microsecond:
        return before == now
    return before.replace(microsecond=0) == now.replace(microsecond=0)


_Offset = list[timedelta]


def _take_offset(known: _Offset, _run: Run, exchange: Exchange) -> None:
    if not known and exchange.api == API and exchange.response is not None and exchange.response.header("Date"):
        known.append(by_their_clock(exchange, over(exchange)) - over(exchange))


_FIRST_OFFSET: Final[Fold[_Offset]] = Fold(list, _take_offset)
"""By how much the clock of who answers differs from ours, as the first answer says."""


def seen_at(run: Run, exchange: Exchange) -> datetime:
    """When an answer was given, by the clock of who gave it; by ours where that goes by leaps, as in a self-test."""
    ours = over(exchange)
    theirs = by_their_clock(exchange, ours)
    first = run.known(_FIRST_OFFSET)
    goes_alike = bool(first) and abs((theirs - ours) - first[0]) <= run.spread(_MINUTE)
    return theirs if goes_alike else ours


def is_sure(run: Run, old: Shown) -> bool:
    """Whether a change after a sighting cannot hide behind its lastUpdate: a clock that counts whole seconds shows two
    changes within one of them as one.
    """
    told = common.moment(old.value.get("lastUpdate"))
    if told is None:
        return False
    return bool(told.microsecond) or seen_at(run, old.exchange) - told >= run.spread(2 * _SECOND)


def earlier_of_version(life: Life, shown: Shown, *, whole: bool) -> Shown | None:
    """The newest earlier sighting of the same version, for the same parties."""
    for earlier in reversed(life.before(shown.exchange)[-_NEAR:]):
        if earlier.whole is whole and common.same_parties(earlier.exchange, shown.exchange):
            return earlier if one_version(earlier.value, shown.value) else None
    return None


def around(life: Life, first: Exchange, last: Exchange) -> Shown | None:
    """How a resource was shown to the same parties both before and after some exchanges, in one version: it was there
    meanwhile, and the same. None where nobody knows that.
    """
    before, after = life.last_before(first, whole=False), life.next_after(last, whole=False)
    if before is None or after is None:
        return None
    mine = common.same_parties(before.exchange, first) and common.same_parties(after.exchange, first)
    return before if mine and one_version(before.value, after.value) else None


def offerings_read(run: Run, *members: str) -> Iterator[Shown]:
    """The offerings that were read, each again only where it then said otherwise in these members."""
    for life in run.lives(OFFERING):
        last: list[Any] = []
        for shown in life.whole:
            says = [shown.value.get(name) for name in ("productSpecification", *members)]
            if says != last:
                yield shown
            last = says


def specification_for(run: Run, offering: Shown) -> Shown | None:
    """The specification of an offering as it was read at any time: what it says of its products cannot change (W142-R67)."""
    life = run.life(SPECIFICATION, specification_of(offering.value))
    return (life.last_before(offering.exchange) or life.next_after(offering.exchange)) if life else None
