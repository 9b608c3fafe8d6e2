"""`make bench`: figures of one run on one machine, told as ratios. Loopback only, bounded, nothing asserted."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema

from emulator.judge.judge import judge
from emulator.settings import specs_dir
from emulator.standard.formats import CHECKERS
from emulator.standard.release import Release, load_release
from emulator.wire.payload import parse
from tests.purchase import purchase

ROUNDS = 5
SECONDS = 0.3


def rate(work: Callable[[], Any]) -> float:
    """Calls per second: the median of some short rounds."""
    work()
    found = []
    for _ in range(ROUNDS):
        count, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            work()
            count += 1
        found.append(count / (time.perf_counter() - started))
    return statistics.median(found)


def start_up(arguments: list[str], *, line: bool = False) -> float:
    """Seconds until a command ends, or prints its first line: the median of some starts."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "emulator", *arguments], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline() if line else process.wait()
        found.append(time.perf_counter() - started)
        process.terminate()
        process.wait()
        process.stdout.close()
    return statistics.median(found)


def main() -> None:
    release = load_release()
    transcript = purchase()
    sent = next(e for e in transcript if e.operation == "createProductOrder")
    contract = release.contract("productOrder")
    root = contract.operation("createProductOrder").request
    assert root is not None
    body = sent.request.body
    checker = jsonschema.FormatChecker(formats=())
    for name, check in CHECKERS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    slow = jsonschema.Draft7Validator(contract.bundle_of(root.root), format_checker=checker)
    exchanges = len(transcript)

    def read_all() -> None:
        Release("grace", specs_dir()).contracts()

    rates = {
        "jsonschema": rate(lambda: slow.is_valid(body)),
        "jsonschema-rs alone": rate(lambda: contract.validator(root.root).is_valid(body)),
        "contract, from bytes, breaches only": rate(
            lambda: contract.body_breaches("ProductOrder_Create", parse(sent.request.raw), advisory=False)
        ),
        "contract, from bytes, with warnings": rate(
            lambda: contract.body_breaches("ProductOrder_Create", parse(sent.request.raw))
        ),
        "judge, exchanges": rate(lambda: judge(transcript, release)) * exchanges,
    }
    base = rates["jsonschema"]
    figures = {name: {"per_second": round(value, 1), "ratio": round(value / base, 2)} for name, value in rates.items()}
    starts = {
        "all nine contracts read": 1 / rate(read_all),
        "oit --version": start_up(["--version"]),
        "oit seller, first line": start_up(["seller"], line=True),
        "python -c pass, for scale": statistics.median(_bare() for _ in range(ROUNDS)),
    }
    print(f"an order of {len(sent.request.raw)} bytes; a purchase of {exchanges} exchanges")  # noqa: T201
    for name, row in figures.items():
        print(f"{name:40} {row['per_second']:12,.0f} /s   {row['ratio']:8.2f} x jsonschema")  # noqa: T201
    for name, seconds in starts.items():
        print(f"{name:40} {seconds:12.3f} s")  # noqa: T201
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps({"rates": figures, "start_up_seconds": starts}, indent=2) + "\n")


def _bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


main()
