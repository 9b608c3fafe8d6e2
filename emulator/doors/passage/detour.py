"""The way round: a subscriber's callback is led to our own door, and its notifications from there to where they belong."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from emulator.record.exchange import Transcript
from emulator.record.relayed import CALLBACK
from emulator.record.secrets import MASK

PREFIX: Final = "/oit/callback/"
"""Below it stand the callbacks that we give out, each under a name of its own."""
SUBSCRIBES: Final = re.compile(r"/hub(?:/[^/]+)?/?\Z")
"""How the path of a subscription ends, in whatever API."""
_DIGITS: Final = 24
_MOST: Final = 10_000
"""Callbacks that are known at a time; of more, the oldest are forgotten."""
_BLANKS: Final = " \t\r\n\ufeff"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A body with another callback in it, and both callbacks."""

    raw: bytes
    before: str
    after: str


class Guarding(Protocol):
    """Says where callbacks may lead."""

    def problem(self, callback: str) -> str | None:
        """Why nothing may be sent there, None where it may as far as is known without asking for a name."""

    def addresses(self, callback: str) -> Sequence[str]:
        """Where a connection may go, empty where the name is not known. PermissionError, with the reason, where it may not."""


class Everywhere:
    """Lets callbacks lead wherever they do."""

    def problem(self, _: str) -> str | None:
        """None: there is no place where nothing may be sent."""

    def addresses(self, _: str) -> Sequence[str]:
        """None in particular."""
        return ()


class Detours:
    """The callbacks that came by one door, by run. `root` is how the seller reaches the door.

    What a restart has forgotten is found in the transcript of its run, which has both forms; but not where a secret was
    masked in it.
    """

    def __init__(self, transcript_of: Callable[[str], Transcript], root: str = "") -> None:
        self.root, self._transcript_of = root, transcript_of
        self._known: dict[tuple[str, str], str] = {}
        self._read: set[str] = set()  # runs whose transcript was looked through
        self._lock = threading.Lock()

    def lead(self, run: str, callback: str) -> str:
        """The URL at our door for a callback: always the same one."""
        name = _name(run, callback)
        with self._lock:
            self._known[run, name] = callback
            while len(self._known) > _MOST:
                del self._known[next(iter(self._known))]
        return self._url(run, callback)

    def knows(self, run: str, callback: str) -> bool:
        """Whether a callback was led here before."""
        return (run, _name(run, callback)) in self._known

    def forget(self, run: str, callback: str) -> None:
        """The subscription was refused: nobody is led there."""
        with self._lock:
            self._known.pop((run, _name(run, callback)), None)

    def original(self, run: str, name: str) -> str | None:
        """The callback that is meant by a name at our door, None where there is none."""
        if (run, name) not in self._known:
            self._remember(run)
        return self._known.get((run, name))

    def back(self, url: str) -> str | None:
        """The callback that a URL at our door stands for, with what was added behind it; None for any other URL."""
        _, slash, rest = url.partition(PREFIX)
        name, more = rest[:_DIGITS], rest[_DIGITS:]
        if not slash or more not in ("", "/"):
            return None
        with self._lock:
            known = [(run, known) for (run, each), known in self._known.items() if each == name]
        asked = url.removesuffix(more)
        return next((callback + more for run, callback in known if self._url(run, callback) == asked), None)

    def _url(self, run: str, callback: str) -> str:
        """At our door; who is to ask there is who asks at the callback."""
        scope = f"/r/{quote(run, safe='')}" if run else ""
        who, at, _ = callback.partition("://")[2].partition("/")[0].rpartition("@")
        scheme, slashes, rest = self.root.partition("://")
        return f"{scheme}{slashes}{who}{at}{rest}{scope}{PREFIX}{_name(run, callback)}"

    def _remember(self, run: str) -> None:
        """Know what the run's transcript does of callbacks, once: another process of ours may have led them here."""
        with self._lock:
            if run in self._read or len(self._read) >= _MOST:
                return
            self._read.add(run)
        for exchange in self._transcript_of(run):
            for change in exchange.relayed.changes if exchange.relayed else ():
                if change.where == f"request {CALLBACK}" and PREFIX in change.seller and MASK not in change.buyer:
                    with self._lock:
                        self._known.setdefault((run, _name(run, change.buyer)), change.buyer)


def rewritten(raw: bytes, other: Callable[[str], str | None]) -> Rewritten | None:
    """A JSON object with its member `callback` said otherwise, all else to the byte as it was; None where nothing changes.

    `other` gives what is said instead, None where it stays.
    """
    try:
        text = raw.decode()
        members = [member for member in _members(text) if member[0] == CALLBACK[1:] and isinstance(member[1], str)]
    except (ValueError, IndexError, RecursionError):
        return None
    said = {value for _, value, _, _ in members}
    if len(said) != 1:  # where it stands twice, nobody knows which one counts
        return None
    before = said.pop()
    after = other(before)
    if after is None or after == before:
        return None
    done, copied = [], 0
    for _, _, start, end in members:
        done += [text[copied:start], json.dumps(after)]
        copied = end
    return Rewritten("".join([*done, text[copied:]]).encode(), before, after)


def _members(text: str) -> Iterator[tuple[Any, Any, int, int]]:
    """The members of the outermost object: name, value, and where the value stands. ValueError where it is none."""
    decoder = json.JSONDecoder(strict=False)
    spot = _over(text, 0)
    if text[spot] != "{":
        return
    spot = _over(text, spot + 1)
    while text[spot] != "}":
        name, spot = decoder.raw_decode(text, spot)
        spot = _over(text, spot)
        if text[spot] != ":":
            raise ValueError
        start = _over(text, spot + 1)
        value, end = decoder.raw_decode(text, start)
        yield name, value, start, end
        spot = _over(text, end)
        if text[spot] == ",":
            spot = _over(text, spot + 1)


def _over(text: str, spot: int) -> int:
    """The next place that is not blank."""
    while text[spot] in _BLANKS:
        spot += 1
    return spot


def _name(run: str, callback: str) -> str:
    return hashlib.sha256(f"{run}\n{callback}".encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
