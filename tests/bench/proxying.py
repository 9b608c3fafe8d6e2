"""What `oit proxy` costs: the same requests at a seller, and by the proxy before it, at a rate that partners have."""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from emulator.record.payload import dump
from tests.bench.contenders import ROOT, bare
from tests.bench.message import PATH, request

RATE: Final = 50
"""Requests per second."""
BOUND: Final = 3.0
"""Milliseconds that the proxy may add at the median."""


def run(seconds: float, rounds: int = 3) -> dict[str, Any]:
    """Ask in turn, directly and by the proxy, each at `RATE`; medians of the rounds, in milliseconds."""
    found: dict[str, list[float]] = {"direct": [], "by the proxy": []}
    with tempfile.TemporaryDirectory(prefix="oit-bench-") as name, contextlib.ExitStack() as stack:
        there = stack.enter_context(_process(bare().command(port := _free_port(), Path(name)), port))
        before = stack.enter_context(_proxy(f"http://127.0.0.1:{there}", Path(name)))
        for _ in range(rounds):
            for how, asked in (("direct", there), ("by the proxy", before)):
                found[how].append(statistics.median(_asked(asked, seconds)))
    medians = {how: round(statistics.median(times), 3) for how, times in found.items()}
    added = round(medians["by the proxy"] - medians["direct"], 3)
    for how, median in medians.items():
        print(f"{how}: {median:.2f} ms at the median, {RATE} POST/s")
    print(f"the proxy adds {added:.2f} ms (bound: {BOUND:g} ms)")
    return {"rate": RATE, "medians_ms": medians, "added_ms": added, "bound_ms": BOUND, "within": added <= BOUND}


def _asked(port: int, seconds: float) -> list[float]:
    """The times of requests that begin evenly, over one kept connection, in milliseconds."""
    body, times = dump(request()), []
    line = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json;charset=utf-8"}
    begin = time.perf_counter()
    for number in range(int(RATE * seconds)):
        wait = begin + number / RATE - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        started = time.perf_counter()
        line.request("POST", PATH, body, headers)
        answer = line.getresponse()
        answer.read()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status == 201, answer.status
    line.close()
    return times


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()


@contextlib.contextmanager
def _proxy(url: str, folder: Path) -> Iterator[int]:
    port = _free_port()
    command = [sys.executable, "-m", "emulator", "proxy", "--seller", url, "--port", str(port), "--data", str(folder)]
    with _process(command, port) as there:
        yield there


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
