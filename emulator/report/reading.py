"""Reads `report.json` back, of this version of OIT or of another that writes the same version of reports."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import jsonschema_rs
import orjson

from emulator.errors import FileProblem, UserError
from emulator.files import is_file, is_folder
from emulator.judge.verdict import Blame
from emulator.record.intake import read_file, refuse_many
from emulator.report import json_report
from emulator.report.about import RunInfo
from emulator.report.model import REPORT_VERSION, Report, runs_of, whole_report
from emulator.report.played import Cause, ExpectationInfo, StepInfo, StepOutcome
from emulator.report.whose import roles_of


class Told(Protocol):
    """Whom a report is told to: a writer for people."""

    def run_started(self, info: RunInfo) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...


def files_of(path: Path) -> list[Path]:
    """A file itself; of a folder its `report.json`, or all that are below it. UserError where there is none."""
    if not is_folder(path):
        return [path]
    own = path / json_report.FILE_NAME
    found = [own] if is_file(own) else sorted(path.rglob(json_report.FILE_NAME))
    if not found:
        message = f"{path}: there is no {json_report.FILE_NAME} in this folder"
        raise UserError(message)
    return found


def read_whole(path: Path) -> Report:
    """The report of a file or folder; of several files, their runs as one report."""
    reports = [read_report(file) for file in files_of(path)]
    return reports[0] if len(reports) == 1 else whole_report([run for each in reports for run in runs_of(each)])


def read_report(file: Path) -> Report:
    """The report of a file. FileProblem where it cannot be read, is no JSON, or no report that we know.

    Members that we do not know are left as they are: a version only ever gets new ones.
    """
    raw = read_file(file)
    refuse_many(file, raw)
    try:
        report: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FileProblem([f"{file}:{error.lineno}:{error.colno}: this is not JSON: {error.msg}"]) from error
    if _is_deep(report):
        raise FileProblem([f"{file}:1:1: nested deeper than {_MOST_LEVELS} levels: this is no report that oit wrote"])
    said = report.get("report_version") if isinstance(report, dict) else None
    if isinstance(said, str) and said not in _READ:
        raise FileProblem([f"{file}: this is a report of version {said}; this oit reads versions {', '.join(_READ)}"])
    if not _validator(said if isinstance(said, str) else REPORT_VERSION).is_valid(report):
        raise FileProblem([f"{file}: this is no report.json of this version of oit (`oit schema report`)"])
    found: Report = report
    return _as_now(found) if said != REPORT_VERSION else found


_MOST_BYTES: Final = 512 * 1024 * 1024
_MOST_LEVELS: Final = 250
"""Nesting of a report; each level costs its writers a frame of Python or two."""
_READ: Final = ("1", REPORT_VERSION)
"""Versions that are read."""


def _is_deep(value: Any) -> bool:
    """Whether something is nested deeper than a report is."""
    level = [value]
    for _ in range(_MOST_LEVELS):
        level = [
            member
            for each in level
            if isinstance(each, dict | list)
            for member in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _as_now(report: Report) -> Report:
    """A report of version 1 as one of this version: a step that failed was not met, for a cause that nobody looked for."""
    for each in [report, *runs_of(report)]:
        each["report_version"] = REPORT_VERSION
    for run in runs_of(report):
        for step in run["steps"]:
            step["cause"] = None
            if step["outcome"] == "failed":
                step["outcome"] = str(StepOutcome.UNMET)
    return report


@cache
def _validator(version: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_open(json_report.schema(version)))


def _open(schema: Any) -> Any:
    """A schema that lets objects have members which it does not name."""
    if isinstance(schema, list):
        return [_open(each) for each in schema]
    if isinstance(schema, dict):
        return {
            name: _open(value) for name, value in schema.items() if name != "additionalProperties" or value is not False
        }
    return schema


def tell(report: Report, writer: Told) -> None:
    """Tell a report as its runs were told while they happened."""
    for run in runs_of(report):
        writer.run_started(_info(run))
        for step in run["steps"]:
            writer.step_done(_step(step))
        writer.run_done(run)


def _info(run: Report) -> RunInfo:
    about = run["run"]
    return RunInfo(
        id=about["id"],
        scenario=about["scenario"],
        started=datetime.fromisoformat(about["started"]),
        finished=datetime.fromisoformat(about["finished"]),
        title=about["title"],
        case=about["case"],
        release=about["release"],
        profile=about["profile"],
        roles=roles_of(run),
        clock=about["clock"],
        speed=about.get("speed", 1.0),
        seed=about["seed"],
        file=about.get("file"),
        row=about.get("row"),
    )


def _step(step: Report) -> StepInfo:
    return StepInfo(
        id=step["id"],
        kind=step["kind"],
        outcome=StepOutcome(step["outcome"]),
        title=step["title"],
        message=step["message"],
        exchanges=tuple(step["exchanges"]),
        expectations=tuple(
            ExpectationInfo(
                met=each["met"],
                pointer=each["pointer"],
                expected=each["expected"],
                found=each["found"],
                what=each["what"],
                message=each["message"],
            )
            for each in step["expectations"]
        ),
        where=step["where"],
        operation=step["operation"],
        status=step["status"],
        elapsed_ms=step["elapsed_ms"],
        blame=Blame(step["blame"]) if step["blame"] else None,
        cause=Cause(step["cause"]) if step["cause"] else None,
        covers=tuple(step.get("covers", ())),
        agreed=step.get("agreed", False),
        inputs=tuple(step.get("inputs", ())),
    )
