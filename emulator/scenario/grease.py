"""Grease: what the standard leaves free is varied in what we send and answer, so that nobody comes to rely on it.

The name is that of RFC 8701. Where the standard says nothing, a partner must cope with either way:

| varied | mild | harsh |
|---|---|---|
| order of an object's members | any | any |
| instants (`2026-03-01T08:00:00.000Z`) | fraction left out where it is 0, `+00:00` for `Z` | another offset too |
| media type | blanks, case and quotes in `charset` | the same |
| ids that our seller gives | UUIDs in several spellings | short, long, with `. ~ : @` |
| page sizes of our seller | 50 to 100 | 10 to 50 |
| members that nobody knows | none | one at the top of a message, where the release does not forbid it |
| delays before an answer | none | up to 20 ms of real time |

The same seed varies in the same way.
"""

from __future__ import annotations

import hashlib
import random
import re
import threading
import uuid
from datetime import timedelta, timezone
from enum import StrEnum
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import dump
from emulator.standard.instant import read_moment

UNKNOWN: Final = "x-oit-grease"
"""What the name of the member that nobody knows begins with; the party ends it, since a seller repeats the buyer's."""

_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_MEDIA_TYPES: Final = (
    "application/json;charset=utf-8",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; charset=UTF-8",
    'application/json; charset="utf-8"',
)
_ODD: Final = "abcdefghijklmnopqrstuvwxyz0123456789.~:@_-"
_LONGEST_PAUSE: Final = 0.02
_OFFSETS: Final = (-8, -3, 1, 2, 9)


class Level(StrEnum):
    """How much is varied."""

    OFF = "off"
    MILD = "mild"
    HARSH = "harsh"


class Grease:
    """Dresses the messages of one of our parties. Safe to use from several threads."""

    def __init__(self, level: Level, party: Party, seed: int, *, strange: bool = True) -> None:
        """`strange`: members that nobody knows may be sent."""
        self.level = level
        self._strange = strange
        self._unknown = f"{UNKNOWN}-{party}"
        self._seed = str(seed)
        self._chance = random.Random(f"grease/{level}/{party}/{seed}")  # noqa: S311 - repeatable on purpose
        self._lock = threading.Lock()
        self._last: tuple[bytes, bytes] | None = None

    def dump(self, value: Any, written: bytes | None = None) -> bytes:
        """A JSON value as the bytes of a message. The value before, once more, is sent again as it was."""
        plain = dump(value) if written is None else written
        if self.level is Level.OFF:
            return plain
        with self._lock:
            if self._last is None or self._last[0] != plain:
                shown = self._varied(value)
                if self.level is Level.HARSH and self._strange:
                    shown = self._with_unknown(shown)
                self._last = plain, dump(shown)
            return self._last[1]

    def media_type(self) -> str:
        """The Content-Type of a message with JSON in it."""
        return _MEDIA_TYPES[0] if self.level is Level.OFF else self._draw(_MEDIA_TYPES)

    def pause(self) -> float:
        """Seconds of real time to wait before an answer."""
        if self.level is not Level.HARSH:
            return 0.0
        with self._lock:
            return self._chance.uniform(0, _LONGEST_PAUSE)

    def new_id(self, _kind: str) -> str:
        """An id of a form that the standard allows."""
        with self._lock:
            made = uuid.UUID(int=self._chance.getrandbits(128), version=4)
            forms = [str(made), str(made).upper(), made.hex]
            if self.level is Level.HARSH:
                odd = "".join(self._chance.choices(_ODD, k=40))
                forms += [made.hex[:8], f"{made.int % 10**12:012}", f"id-{odd}", f"{made}.{made.hex}"]
            return str(made) if self.level is Level.OFF else self._chance.choice(forms)

    def overlay(self) -> dict[str, Any]:
        """What is laid over the profile of our seller."""
        if self.level is Level.OFF:
            return {}
        low, high = (50, 100) if self.level is Level.MILD else (10, 50)
        with self._lock:
            size = self._chance.randint(low, high)
            return {"paging": {"default_limit": size, "max_limit": self._chance.randint(size, high)}}

    def _draw(self, choices: tuple[str, ...]) -> str:
        with self._lock:
            return self._chance.choice(choices)

    def _varied(self, value: Any) -> Any:
        if isinstance(value, dict):
            members = list(value.items())
            self._chance.shuffle(members)
            return {name: self._varied(member) for name, member in members}
        if isinstance(value, list):
            return [self._varied(member) for member in value]
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return self._spelled(value)
        return value

    def _spelled(self, instant: str) -> str:
        """An instant in another spelling: always the same one, or it would look as if it had changed."""
        pick = hashlib.sha256(f"{self._seed}/{instant}".encode()).digest()
        moment = read_moment(instant)
        if moment is None:
            return instant
        offset = 0
        if self.level is Level.HARSH and pick[0] % 2:
            offset = _OFFSETS[pick[1] % len(_OFFSETS)]
        try:
            shown = moment.astimezone(timezone(timedelta(hours=offset)))
        except OverflowError:
            return instant
        precise = "seconds" if not moment.microsecond and pick[2] % 2 else "milliseconds"
        text = shown.isoformat(timespec=precise)
        return text.replace("+00:00", "Z") if pick[3] % 2 else text

    def _with_unknown(self, value: Any) -> Any:
        if isinstance(value, dict):
            members = [*value.items(), (self._unknown, self._chance.randint(0, 9))]
            self._chance.shuffle(members)
            return dict(members)
        if isinstance(value, list):
            return [self._with_unknown(member) if isinstance(member, dict) else member for member in value]
        return value
