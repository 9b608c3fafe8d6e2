"""Writes `report.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.report.model import REPORT_VERSION, Report

FILE_NAME: Final = "report.json"


def render(report: Report) -> bytes:
    """A report as JSON, indented, in UTF-8."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(report: Report, folder: Path) -> Path:
    """Write `report.json` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


@cache
def schema(version: str = REPORT_VERSION) -> dict[str, Any]:
    """The JSON Schema (draft-07) of a version of `report.json`; of this one if left out."""
    loaded: dict[str, Any] = json.loads(files("emulator.report").joinpath(f"report-{version}.schema.json").read_bytes())
    return loaded
