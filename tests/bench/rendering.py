"""Reports of 10, 1,000 and 10,000 exchanges: seconds of processor time to judge, to make the model, to write each format."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from emulator.judge.judge import judge
from emulator.report import WRITERS
from emulator.report.about import RunInfo
from emulator.report.model import run_report
from emulator.standard.release import load_release
from tests.copies import copies
from tests.purchase import purchase

SIZES: Final = (10, 1_000, 10_000)
_TOO_SLOW: Final = 5.0
"""Seconds for 1,000 exchanges after which a format is not asked for 10,000."""


def run() -> dict[str, Any]:
    """Measure, print, and give the figures: purchases of an Access E-Line, one after another, each with ids of its own."""
    once, release = list(purchase()), load_release()
    judge(once, release)  # rules and validators are compiled
    found: dict[str, dict[str, float]] = {}
    for size in SIZES:
        exchanges = copies(once, size)
        row: dict[str, float] = {}
        judgement = _timed(row, "judge", partial(judge, exchanges, release))
        info = RunInfo(id="bench", scenario="bench", started=once[0].at, finished=exchanges[-1].at)
        report = _timed(row, "model", partial(run_report, info, [], exchanges, judgement))
        with tempfile.TemporaryDirectory(prefix="oit-bench-") as folder:
            for name, write in WRITERS.items():
                if any(each.get(name, 0.0) > _TOO_SLOW for each in found.values()):
                    print(f"{size:>7,} exchanges  {name} is left out: fewer took {_TOO_SLOW:.0f} s already")
                    continue
                _timed(row, name, partial(write, report, Path(folder)))
        found[str(size)] = row
        print(f"{size:>7,} exchanges  " + "  ".join(f"{name} {seconds:.2f} s" for name, seconds in row.items()))
    few, many = found["1000"], found["10000"]
    growth = {name: round(many[name] / max(few[name], 1e-3), 1) for name in many}
    print("10,000 against 1,000: " + "  ".join(f"{name} {times}" for name, times in growth.items()))
    return {"seconds": found, "ten_times_as_many": growth}


def _timed(row: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    started = time.process_time()
    made = work()
    row[name] = round(time.process_time() - started, 4)
    return made
