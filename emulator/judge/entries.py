"""An entry of a capture: what a file says that was sent and answered, before anyone asks what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from emulator.judge.times import Moves
from emulator.record.exchange import FASTEST, LONGEST, Fault, Request, Response
from emulator.record.payload import MISSING, escape
from emulator.record.relayed import Relayed
from emulator.record.secured import Secured, Unfit, secured_of
from emulator.standard.instant import read_instant

UNTITLED: Final = "captured traffic"
_FURTHEST: Final = LONGEST / 10
"""Seconds that a clock may have been put forward by: a century."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a transcript of ours says of an exchange beyond what crossed the wire.

    `run`, `title`, `speed` and `moves` are those of its run, where each exchange names them (HAR).
    """

    n: int | None = None
    api: str | None = None
    kind: str | None = None
    operation: str | None = None
    release: str | None = None
    step: str | None = None
    sender: str | None = None
    provoked: bool = False
    spoilt: bool = False
    leg: str | None = None
    relayed: Relayed | None = None
    run: str = ""
    title: str = ""
    speed: float = 1.0
    moves: Moves = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a capture with what came of it. `number` counts from 1 in the file."""

    number: int
    at: datetime
    elapsed_ms: float
    request: Request
    response: Response | None = None
    fault: Fault | None = None
    recorded: Recorded = field(default_factory=Recorded)
    secured: Secured | None = None


@dataclass(frozen=True, slots=True)
class Unattributed:
    """An entry of a capture that is not judged, and why; with `half`, only its request or its response is not.

    `lost` says that it may have been a message of the standard, and would have been judged if the file held it.
    """

    entry: int
    method: str
    url: str
    why: str
    half: str | None = None
    lost: bool = False


def halves(number: int, request: Request, response: Response | None) -> Iterator[Unattributed]:
    """What is not known of an entry that is judged otherwise."""
    for half, message in (("request", request), ("response", response)):
        if message and (unknown := message.unknown):
            yield Unattributed(number, request.method, request.url, unknown.why, half, lost=True)


class Malformed(Exception):  # noqa: N818 - it is what it says
    """Something in a capture is not as its format demands; `place` is a JSON Pointer, `number` that of the entry."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(problem)
        self.place, self.problem, self.number = place, problem, 0


_ZONE_NAME: Final = re.compile(r" ?(?:\[[^\]]{1,60}\]|\([^)]{1,60}\))$")
_UTC: Final = re.compile(r" ?(?:UTC|GMT)$")
_GAP: Final = re.compile(r"(\d) ([+-]\d{2}:?\d{2}|Z)$")
_LARGEST: Final = 2**53
_FIRST_YEAR: Final = 2
"""Times before and after are of tools that know none; a tolerance could not be taken from them, nor added."""
_LAST_YEAR: Final = 9998
_WORDS: Final = {str: "a text", int: "a whole number", float: "a number", dict: "an object", list: "a list"}


@dataclass(frozen=True, slots=True)
class Form:
    """An object of a file, read strictly: what is absent or of the wrong type raises Malformed with its place."""

    value: dict[str, Any]
    place: str

    @classmethod
    def of(cls, value: Any, place: str) -> Form:
        """The form of a value that should be an object."""
        return cls(_typed(value, dict, place), place)

    def has(self, name: str) -> bool:
        """Whether a member is there; null is not."""
        return self.value.get(name) is not None

    def text(self, name: str, default: Any = MISSING) -> str:
        """A member that is a text."""
        return str(self._get(name, str, default))

    def whole(self, name: str, default: Any = MISSING) -> int:
        """A member that is a whole number (`200.0` is one: some tools write all numbers so)."""
        value = self.value.get(name)
        whole = isinstance(value, float) and value.is_integer()
        found = int(value) if whole and value is not None else int(self._get(name, int, default))
        if not -_LARGEST <= found <= _LARGEST:
            raise Malformed(f"{self.place}/{name}", f"{value!r:.40} is more than anything here can be")
        return found

    def number(self, name: str, default: float, most: float) -> float:
        """A member that is a number from 0 to `most`."""
        found = self._get(name, float, default)
        if not 0 <= found <= most:
            raise Malformed(
                f"{self.place}/{name}", f"{found!r:.40} is more or less than it can be, which is 0 to {most:.0f}"
            )
        return float(found)

    def form(self, name: str) -> Form:
        """A member that is an object."""
        return Form(self._get(name, dict, MISSING), f"{self.place}/{escape(name)}")

    def items(self, name: str, default: Any = MISSING) -> list[Any]:
        """A member that is a list."""
        found: list[Any] = self._get(name, list, default)
        return found

    def forms(self, name: str) -> Iterator[Form]:
        """The objects of a member that is a list; of none where it is not there."""
        for index, value in enumerate(self.items(name, [])):
            yield Form.of(value, f"{self.place}/{escape(name)}/{index}")

    def moment(self, name: str) -> datetime:
        """A member that is a date-time of ISO 8601, or of RFC 5322; without an offset it is UTC."""
        text = self.text(name)
        problem = Malformed(f"{self.place}/{name}", f"{text[:40]!r} is no date-time as 2026-01-31T12:00:00Z")
        try:
            moment = _moment(text.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise problem from error
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise problem
        return moment

    def secured(self, name: str) -> Secured | None:
        """A member that tells of an exchange's security, as our reports have it; None where it is not there."""
        if not self.has(name):
            return None
        try:
            return secured_of(self.value[name])
        except Unfit as problem:
            raise Malformed(f"{self.place}/{escape(name)}{problem.place}", str(problem)) from problem

    def _get(self, name: str, kind: type, default: Any) -> Any:
        value = self.value.get(name)
        place = f"{self.place}/{escape(name)}"
        if value is None:
            if default is MISSING:
                raise Malformed(place, f"{_WORDS[kind]} is needed here, and there is none")
            return default
        return _typed(value, kind, place)


def _moment(text: str) -> datetime:
    """A date-time as tools write it: some name the zone behind the offset, or in its place, or write as in mail."""
    plain = _ZONE_NAME.sub("", text).upper()
    plain = _UTC.sub("Z", plain)
    return read_instant(_GAP.sub(r"\1\2", plain)) or parsedate_to_datetime(text)


def _typed(value: Any, kind: type, place: str) -> Any:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind in (int, float)):
        raise Malformed(place, f"{_WORDS[kind]} is needed here, not {value!r:.60}")
    return value


@dataclass(frozen=True, slots=True)
class AboutRun:
    """What a file says of one run: its name, what it was, how fast its clock went, and when that was put forward."""

    run: str = ""
    title: str = UNTITLED
    speed: float = 1.0
    moves: Moves = ()


def told_of_run(form: Form) -> AboutRun:
    """What the `run` of a report says. Malformed where it is none."""
    case = f" [{form.text('case')}]" if form.has("case") else ""
    return AboutRun(form.text("id"), form.text("scenario") + case, form.number("speed", 1.0, FASTEST), moves_of(form))


def moves_of(form: Form) -> Moves:
    """When a clock was put forward, as reports and archives of ours say it. Malformed."""
    return tuple(
        (move.moment("at"), timedelta(seconds=move.number("seconds", 0.0, _FURTHEST))) for move in form.forms("moves")
    )
