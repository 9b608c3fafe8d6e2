"""Writes `transcript.ndjson`: the exchanges of all runs, one a line, for `oit check` and for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from emulator.record.exchange import Exchange
from emulator.report.model import Report, notes_of, run_name, runs_of
from emulator.report.rows import exchange_json

FILE_NAME: Final = "transcript.ndjson"


def render(report: Report) -> bytes:
    """The exchanges as `report.json` has them, each with the id and the scenario of its run, and how its clock went."""
    return b"".join(orjson.dumps(row) + b"\n" for row in _rows(report))


def write(report: Report, folder: Path) -> Path:
    """Write `transcript.ndjson` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def line(run: str, exchange: Exchange) -> bytes:
    """One exchange of a run that no report holds, as a line of the same kind."""
    return (
        orjson.dumps({"run": run, **exchange_json(exchange, provoked=exchange.provoked, spoilt=exchange.spoilt)})
        + b"\n"
    )


def _rows(report: Report) -> Iterator[Report]:
    for run in runs_of(report):
        about, notes = run["run"], notes_of(run)
        told = {name: about[name] for name in ("speed", "moves") if name in about} | ({"notes": notes} if notes else {})
        for exchange in run["exchanges"]:
            yield {"run": about["id"], "scenario": run_name(run), **exchange, **told}
