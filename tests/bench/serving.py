"""A contender that runs: started on a core of its own, asked until it answers, ended with all its children."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from emulator.record.payload import dump
from tests.bench.contenders import ROOT, Contender
from tests.bench.load import SERVER_CORE, pinned

_PATIENCE: Final = 60.0
"""Seconds for a server to give its first answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said to one request; `status` 0 is no answer."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that has answered: where, as which process, and after how many seconds."""

    contender: Contender
    port: int
    process: int
    started_in: float
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """One request on a connection of its own."""
        return _ask(self.port, method, path, body, self.token)

    def memory(self) -> float:
        """Resident memory of the server's processes, in MB."""
        return sum(_resident(each) for each in _family(self.process)) / 1e6

    def processor_seconds(self) -> float:
        """Processor time that the server's processes have used since they began."""
        return sum(_used(each) for each in _family(self.process))


def _ask(port: int, method: str, path: str, body: bytes | None, token: str = "") -> Answer:
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Accept": "application/json;charset=utf-8"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json;charset=utf-8"
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return Answer(answer.status, answer.read())
    except (OSError, HTTPException):
        return Answer(0)
    finally:
        line.close()


@contextlib.contextmanager
def serving(contender: Contender, *, pin: bool = True) -> Iterator[Serving]:
    """Start a contender and wait for its first 2xx to a POST; RuntimeError where there is none."""
    with (
        tempfile.TemporaryDirectory(prefix="oit-bench-", ignore_cleanup_errors=True) as name,
        contextlib.ExitStack() as s,
    ):
        folder, port = Path(name), _free_port()
        command = contender.command(port, folder)
        if contender.upstream is not None:
            s.enter_context(_process(contender.upstream(port), folder / "upstream.log", contender, pin=pin))
            _first_answer(port + 1, contender, "/", 0, None)
        began = time.perf_counter()
        process = s.enter_context(_process(command, folder / "log", contender, pin=pin))
        took, token = _first_answer(port, contender, contender.path, began, process)
        yield Serving(contender, port, process.pid, took, token)


@contextlib.contextmanager
def _process(command: list[str], log: Path, contender: Contender, *, pin: bool) -> Iterator[subprocess.Popen[bytes]]:
    # As installed: Python keeps bytecode, even where those who develop do not want it.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OIT_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            pinned(command, SERVER_CORE) if pin else command,
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=ROOT, start_new_session=True,
            env={**kept, "PYTHONPATH": str(ROOT), **contender.environment},
        )  # fmt: skip
        try:
            yield process
        finally:
            # All that it started is in its session, and so in its process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def _first_answer(
    port: int, contender: Contender, path: str, began: float, process: subprocess.Popen[bytes] | None
) -> tuple[float, str]:
    """Seconds until it came, and the token that it took."""
    body, token = dump(contender.body()), ""
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        answer = _ask(port, "POST", path, body, token)
        if answer.status and (process is None or answer.status < 300):
            return time.perf_counter() - began, token
        if answer.status == 401 and contender.client is not None:
            token = _token(port, contender.client)
        if process is not None and process.poll() is not None:
            break
        time.sleep(0.005)
    message = f"{contender.name} did not answer"
    raise RuntimeError(message)


def _token(port: int, client: tuple[str, str]) -> str:
    """An access token of the server's own (RFC 6749, 4.4)."""
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    shown = base64.b64encode(":".join(client).encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {shown}"}
    try:
        line.request("POST", "/oauth2/token", "grant_type=client_credentials", headers)
        return str(json.loads(line.getresponse().read())["access_token"])
    finally:
        line.close()


def _free_port() -> int:
    """A port that nobody has, and after it another, for what stands behind a proxy."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError), socket.create_server(("127.0.0.1", port + 1)):
                return port


def _family(process: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _used(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
