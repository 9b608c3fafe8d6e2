"""When somebody of our side can come: business hours, technicians, and what they have to do already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from emulator.parties.apis.aftersale import APPOINTMENT
from emulator.parties.clock import rfc3339
from emulator.parties.lists import moment_of
from emulator.parties.store import Resource, Store
from emulator.standard.strict import Mistake

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: Final[tuple[Day, ...]] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FARTHEST: Final = timedelta(days=60)
"""Nobody plans further ahead than that."""
_DAY: Final = timedelta(days=1)
_AT_WORK: Final = ("confirmed", "inProgress")
_DIARY: Final = "diary"
"""The kind of resource, one for each run, that is held by who books: whoever else wants to waits for it."""


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who can be sent; where no number or address is said, our desk's holds."""

    name: str
    number: str | None = None
    email: str | None = None

    @property
    def contact(self) -> dict[str, str]:
        """What a contact of the contracts says of it."""
        said = {"name": self.name, "number": self.number, "emailAddress": self.email}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class CalendarSection:
    """When visits are possible: on these `days`, but not on those that are `closed` (2026-12-25), from when we `open` until we
    `close` (08:00, in UTC), with as many at once as there are `technicians`. A search is answered with `most` slots at the most.
    """

    days: tuple[Day, ...] = _DAYS[:5]
    opens: str = "08:00"
    closes: str = "18:00"
    closed: tuple[str, ...] = ()
    technicians: tuple[Technician, ...] = (Technician("Tess Example"), Technician("Tom Example"))
    most: int = 10


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time from a moment to another."""

    start: datetime
    end: datetime


class Calendar:
    """Finds out who is free when. `store` has the appointments that there are."""

    def __init__(self, section: CalendarSection, store: Store) -> None:
        self._section, self._store = section, store

    def slots(self, run: str, wanted: Stretch, length: timedelta, now: datetime) -> Iterator[Stretch]:
        """The times of this length within the one that is wanted at which somebody is free, one after the other."""
        within = Stretch(max(wanted.start, now), min(wanted.end, now + _FARTHEST))
        for hours in self._hours(within) if within.start < within.end else ():
            start = hours.start
            while start + length <= hours.end:
                slot = Stretch(start, start + length)
                if self.technician(run, slot) is not None:
                    yield slot
                    start = slot.end
                else:
                    start = min((busy.end for busy in self._taken(run, slot, "")), default=hours.end)

    def technician(self, run: str, wanted: Stretch, but: str = "") -> Technician | None:
        """Who is free for all of a time, within business hours; appointment `but` is not looked at."""
        if wanted.end - wanted.start > _DAY or not any(hours == wanted for hours in self._hours(wanted)):
            return None
        until = list[datetime]()
        for span in sorted([*self._taken(run, wanted, but), wanted], key=lambda each: (each.start, each.end)):
            free = next((one for one, end in enumerate(until) if end <= span.start), len(until))
            if free == len(self._section.technicians):
                return None
            until[free:] = [span.end, *until[free + 1 :]]
            if span is wanted:
                return self._section.technicians[free]
        return None

    def hold(self, run: str, now: datetime) -> None:
        """Until the transaction ends nobody else books: who is free now is free when this one's appointment is kept.

        Processes that share a database would see neither's appointment before both are kept. To be called inside of a
        transaction, before `technician`; who only wants to know who is free does without.
        """
        if self._store.get(run, _DIARY, _DIARY) is None:
            with suppress(KeyError):  # another process was first, and we have waited for it
                self._store.add(Resource(run, _DIARY, _DIARY, {}, now))
            self._store.get(run, _DIARY, _DIARY)

    @property
    def most(self) -> int:
        """How many slots a search is answered with at the most."""
        return self._section.most

    def _taken(self, run: str, wanted: Stretch, but: str) -> Iterator[Stretch]:
        for visit in self._store.all(run, APPOINTMENT):
            span = span_of(visit.body["validFor"])
            if visit.id == but or visit.body["status"] not in _AT_WORK or span is None:
                continue
            if span.start < wanted.end and wanted.start < span.end:
                yield span

    def _hours(self, wanted: Stretch) -> Iterator[Stretch]:
        """The business hours within a time, day by day."""
        section = self._section
        opens, closes = time.fromisoformat(section.opens), time.fromisoformat(section.closes)
        try:
            day, last = wanted.start.astimezone(UTC).date(), wanted.end.astimezone(UTC).date()
        except OverflowError:
            return  # the end of all calendars
        while day <= last:
            if _DAYS[day.weekday()] in section.days and day.isoformat() not in section.closed:
                start = max(wanted.start, datetime.combine(day, opens, UTC))
                end = min(wanted.end, datetime.combine(day, closes, UTC))
                if start < end:
                    yield Stretch(start, end)
            if day == date.max:
                return
            day += _DAY


def faults_of(section: CalendarSection, place: str) -> Iterator[Mistake]:
    """What is wrong with a calendar at a place of a profile beyond its types."""
    for name, text in (("opens", section.opens), ("closes", section.closes)):
        try:
            time.fromisoformat(text)
        except ValueError:
            yield Mistake(f"{place}/{name}", f"{text!r:.20} is no time of day, such as 08:00")
    for index, text in enumerate(section.closed):
        try:
            date.fromisoformat(text)
        except ValueError:
            yield Mistake(f"{place}/closed/{index}", f"{text!r:.20} is no date, such as 2026-12-25")


def span_of(period: Any) -> Stretch | None:
    """A TimePeriod of the contracts; None where one of its ends is no date-time."""
    if not isinstance(period, Mapping):
        return None
    start, end = moment_of(period.get("startDateTime")), moment_of(period.get("endDateTime"))
    return Stretch(start, end) if start is not None and end is not None else None


def as_slots(spans: Sequence[Stretch]) -> list[dict[str, Any]]:
    """Times as the contracts write them."""
    return [{"validFor": {"startDateTime": rfc3339(span.start), "endDateTime": rfc3339(span.end)}} for span in spans]
