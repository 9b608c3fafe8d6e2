"""Behaviour on demand: what `hooks` of a partner's file say is done, by an HTTP call or a command.

What crosses here is no evidence: it is recorded nowhere but in what `Hooks` tells of it. A filled-in value goes into a URL
quoted, and into a command as one word; nothing that a partner says chooses the host, or the program.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.doors.client import Client
from emulator.doors.partner.file import ORIGIN, PartnerFile
from emulator.doors.partner.parts import Deed, HookCall, HookPart
from emulator.doors.partner.references import Resolve, is_reference, resolver
from emulator.doors.partner.tls import identity_of
from emulator.doors.peer import Peer
from emulator.doors.proxies import of_environment
from emulator.errors import FileProblem
from emulator.record.exchange import Party, Transcript
from emulator.record.payload import escape

ANY: Final = "*"
"""The hook for every behaviour that has none of its own."""
TIME_PASSES: Final = "time-passes"
"""The hook that moves a partner's clock."""
CLEAN_SLATE: Final = "clean-slate"
"""The hook that has a partner begin anew: it is called before every run."""
UNASKED: Final = frozenset({TIME_PASSES, CLEAN_SLATE})
"""Behaviours that no scenario names."""
PLACE: Final = "/connection/hooks"
SUCCESS: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that a reference led to: no expression is looked for in it."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadyDeed:
    """What a hook does, with its secrets in place and its expressions still open. `place` is where it is written."""

    part: Deed
    place: str
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    peer: Peer = field(default_factory=Peer)

    @property
    def shown(self) -> str:
        """It in words, without what is secret."""
        return shown_deed(self.part)


@dataclass(frozen=True, slots=True)
class DeedDone:
    """What came of a deed: `problem` is "" where it was done. `answer` is the JSON body that a call was answered with."""

    problem: str = ""
    result: str = ""
    elapsed_ms: float = 0.0
    answer: Any = None


@dataclass(frozen=True, slots=True)
class ReadyHook:
    """A hook that can be called."""

    name: str
    part: HookPart
    do: ReadyDeed
    undo: ReadyDeed | None = None
    clock: ReadyDeed | None = None


class Hooks:
    """The hooks of a partner's file, ready to be called."""

    def __init__(self, file: PartnerFile, ready: Mapping[str, ReadyHook]) -> None:
        self.file, self._ready = file, ready

    @property
    def names(self) -> frozenset[str]:
        """The behaviours that have a hook of their own, and `*`."""
        return frozenset(self._ready)

    def of(self, name: str) -> ReadyHook | None:
        """The hook for a behaviour. What no scenario names has to have its own."""
        return self._ready.get(name) or (None if name in UNASKED else self._ready.get(ANY))

    def perform(self, deed: ReadyDeed, fill: Callable[[Any], Any], url: Callable[[str], str]) -> DeedDone:
        """Do it. `fill` fills expressions in, `url` does in a URL; what they raise is raised."""
        began = time.monotonic()
        if deed.part.call is not None:
            problem, result, answer = _call(deed, deed.part.call, fill, url)
        else:
            words = [str(fill(word)) for word in deed.part.command]
            (problem, result), answer = _command(words, self.file.path.parent, deed.part.timeout), None
        return DeedDone(problem, result, (time.monotonic() - began) * 1000, answer)


def shown_deed(part: Deed) -> str:
    """A deed in words, as it is written."""
    if part.call is not None:
        return f"{part.call.method.upper()} {part.call.url}"
    return " ".join(part.command)


def hook_for(file: PartnerFile | None, name: str) -> HookPart | None:
    """The hook for a behaviour, as it is written."""
    hooks = file.part.hooks if file is not None else {}
    return hooks.get(name) or (None if name in UNASKED else hooks.get(ANY))


def deeds(file: PartnerFile) -> Iterator[tuple[str, Deed | HookCall]]:
    """Each deed and each call that tells the time, with its place."""
    for name, part in file.part.hooks.items():
        place = f"{PLACE}/{escape(name)}"
        yield place, part
        if part.undo is not None:
            yield f"{place}/undo", part.undo
        if part.clock is not None:
            yield f"{place}/clock", part.clock.call


def host_in(url: str) -> str:
    """The host, and port, of a hook's URL; "" where an expression stands in it."""
    found = ORIGIN.match(url)
    return urlsplit(found[0]).netloc if found else ""


def open_hooks(file: PartnerFile, *, allow_commands: bool) -> Hooks:
    """The hooks of a file, their references resolved. FileProblem where one leads to nothing, or a command is not allowed."""
    resolve = resolver(allow_commands=allow_commands)

    def ready(place: str, part: Deed) -> ReadyDeed:
        if part.command and not allow_commands:
            raise FileProblem([f"{file.where(f'{place}/command')}: a command is run only with --allow-commands"])
        if part.call is None:
            return ReadyDeed(part, place)
        call, here = part.call, f"{place}/call"
        identity = identity_of(file, call.tls, f"{here}/tls", resolve)
        origin = ORIGIN.match(call.url)
        peer = Peer(origin[0] if origin else "", identity=identity, proxies=of_environment(), timeout=call.timeout)
        headers = {
            name: _kept(file, value, f"{here}/headers/{escape(name)}", resolve) for name, value in call.headers.items()
        }
        return ReadyDeed(part, place, headers, _kept(file, call.body, f"{here}/body", resolve), peer)

    found = {}
    for name, part in file.part.hooks.items():
        place = f"{PLACE}/{escape(name)}"
        undo = ready(f"{place}/undo", part.undo) if part.undo is not None else None
        clock = ready(f"{place}/clock", Deed(part.clock.call)) if part.clock is not None else None
        found[name] = ReadyHook(name, part, ready(place, part), undo, clock)
    return Hooks(file, found)


def _kept(file: PartnerFile, value: Any, place: str, resolve: Resolve) -> Any:
    """A value with secrets where references were."""
    match value:
        case str() if is_reference(value):
            return Secret(resolve(file.reference(value, place)))
        case dict():
            return {name: _kept(file, each, f"{place}/{escape(str(name))}", resolve) for name, each in value.items()}
        case list():
            return [_kept(file, each, f"{place}/{index}", resolve) for index, each in enumerate(value)]
        case _:
            return value


def _opened(value: Any) -> Any:
    match value:
        case Secret():
            return value.value
        case dict():
            return {name: _opened(each) for name, each in value.items()}
        case list():
            return [_opened(each) for each in value]
        case _:
            return value


def _call(
    deed: ReadyDeed, call: HookCall, fill: Callable[[Any], Any], url: Callable[[str], str]
) -> tuple[str, str, Any]:
    """What went wrong with a call, what came of it, and the answer's body."""
    headers = {name: str(_opened(fill(value))) for name, value in deed.headers.items()}
    if bad := [name for name, value in headers.items() if not (value.isprintable() and value.isascii())]:
        return f"the value of header {bad[0]} cannot stand in a header", "", None
    body = _opened(fill(deed.body))
    client = Client(deed.peer, Party.BUYER, Transcript(), lambda: datetime.now(UTC))
    try:
        exchange = client.send(call.method.upper(), url(call.url), headers=headers, body=body)
    finally:
        client.close()
    if exchange.response is None:
        return (exchange.fault.message if exchange.fault else "no answer came"), "no answer", None
    status = exchange.response.status
    problem = "" if status in SUCCESS else f"it was answered with {status}"
    return problem, str(status), exchange.response.body


def _command(words: list[str], folder: Path, timeout: float) -> tuple[str, str]:
    """What went wrong with a command, and what came of it. What it writes is not read: it may be anything."""
    try:
        done = subprocess.run(  # noqa: S603 - the user wrote it, and allowed it
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        return "there is no such program", "no such program"
    except subprocess.TimeoutExpired:
        return f"it did not end within {timeout:g} s", "no end"
    except (OSError, ValueError) as error:
        return f"it failed: {error}", "not run"
    result = f"exit code {done.returncode}"
    return (f"it ended with {result}" if done.returncode else ""), result
