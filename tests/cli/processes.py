"""Real processes for tests: an emulated seller, and partners that misbehave."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from emulator.cli import main

ROOT = Path(__file__).resolve().parents[2]


QUICK = """
extends: wholesale-seller
intervals:
  poq: {start: 0, finish: 0}
  quote: {start: 0, finish: 0}
  order: {assess: 0, work: 0, cancellation: 0}
"""
"""A profile of a seller that needs no time to think, so that nobody waits for it."""


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


def _is_ours(name: str) -> bool:
    """Whether a variable says what a command shall do. Where imports are is not one: a user's own are none of a test's business."""
    return name.startswith("OIT_") and name != "OIT_SDKS"


def environment() -> dict[str, str]:
    """The test's environment with this interpreter's scripts first, and none of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}


def oit(*arguments: str, stdin: str | bytes | None = None, cwd: Path = ROOT) -> Done:
    """Run the command with all its parsing, output and exit code, but in this process, which has read the contracts."""
    clean: dict[str, str | None] = {name: None for name in os.environ if _is_ours(name)}
    runner = CliRunner(env={**clean, "NO_COLOR": "1"})
    with contextlib.chdir(cwd):
        done = runner.invoke(main, arguments, input=stdin, prog_name="oit")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def oit_process(*arguments: str, stdin: str | None = None, cwd: Path = ROOT, timeout: float = 120) -> Done:
    """Run the command as a user does: in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "emulator", *arguments],
        input=stdin, capture_output=True, text=True, cwd=cwd, timeout=timeout, check=False,
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def seller(*arguments: str) -> Iterator[str]:
    """An emulated seller in another process, with a database of its own unless one is named; gives its URL."""
    folder = tempfile.TemporaryDirectory(prefix="oit-", ignore_cleanup_errors=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "seller", *arguments],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"OIT_DATA": folder.name, **environment()},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), f"the seller did not start: {process.wait(timeout=10)}"
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()
        folder.cleanup()


@contextlib.contextmanager
def partner(answer: bytes) -> Iterator[str]:
    """A server that answers every connection with these bytes and closes it; b"" only closes."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(65536)
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


def http(status: str, content_type: str, body: bytes) -> bytes:
    """A whole HTTP answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
