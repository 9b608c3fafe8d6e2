"""A seller with its console, in this process, over real HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emulator.conduct.standing import Standing
from emulator.console.control import Control
from emulator.console.front import Front
from emulator.console.of_seller import beside_seller
from emulator.console.serving import Console
from emulator.doors.faults import Faults
from emulator.doors.running import Running
from emulator.hosting import Emulation, declared_by, make_seller, serve_seller
from emulator.parties.behaviours import Moods
from emulator.parties.clock import RealClock
from emulator.parties.opening import keeping
from emulator.parties.pacing import Pacing
from emulator.parties.profile import load_profile
from emulator.record.patch import overlaid
from emulator.standard.release import Release, load_release


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: Any = None, timeout: float = 30, **headers: str) -> Answer:
    """One request, with exactly these headers (`_` is `-` in their names) and those that HTTP needs."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        target = parts.path + ("?" + parts.query if parts.query else "")
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        connection.request(method, target, body=data, headers=given)
        got = connection.getresponse()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
    finally:
        connection.close()


@dataclass(frozen=True)
class Beside:
    """A seller's URL, and its console."""

    seller: str
    console: Console

    @property
    def root(self) -> str:
        return self.console.root

    def get(self, path: str, **headers: str) -> Answer:
        return ask(self.root + path, **headers)


@contextmanager
def seller_with_console(
    database: str | None = None,
    *,
    host: str = "127.0.0.1",
    overlay: dict[str, Any] | None = None,
    release: Release | None = None,
) -> Iterator[Beside]:
    """As `oit seller --console` puts them together."""
    release, clock = release or load_release(), RealClock()
    profile = load_profile(None, dict(overlay or {}), release=release)
    with keeping(database) as keep:
        standing = Standing(
            release,
            clock,
            keep.transcript_of,
            came=keep.came,
            profile=profile.name,
            declared=declared_by(profile, emulated=True),
        )
        faults, pacing = Faults(1), Pacing(keep.store, clock)
        seller = make_seller(release, profile, clock, seed=1, store=keep.store)
        running = Running(serve_seller(seller, keep.transcript_of, faults=faults, kept=keep.kept))
        moods = Moods(seller, lambda laid: load_profile(None, overlaid(overlay or {}, laid), release=release))
        source = beside_seller(standing, keep, Emulation(seller, faults, pacing, moods), running.url)
        running.start()
        try:
            with Console(Front(source, clock, Control(source, database=keep.database), release), host) as console:
                yield Beside(running.url, console)
        finally:
            running.stop()
