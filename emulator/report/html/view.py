"""The view model of the page: a report, and beside it what a browser cannot work out by itself."""

from __future__ import annotations

from typing import Any

from emulator.report.coverage import trace
from emulator.report.html.lives import lives
from emulator.report.html.summary import summary
from emulator.report.model import Report, runs_of
from emulator.standard.requirement import load_requirements


def view(report: Report) -> dict[str, Any]:
    """A report of one run or several, with a member `view` more: a run's `{summary, lives}`, of several also `{trace}`.

    Everything else is as it was, and the given report is not changed. `lives` and `summary` say what they hold.
    """
    if "runs" not in report:
        return _run(report)
    traced = trace(load_requirements(), runs_of(report))
    return {**report, "runs": [_run(run) for run in report["runs"]], "view": {"trace": traced["requirements"]}}


def _run(run: Report) -> dict[str, Any]:
    return {**run, "view": {"summary": summary(run), "lives": lives(run)}}
