"""The view model of the page: a report, and beside it what a browser cannot work out by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.judge.hints import hints
from emulator.report.coverage import asked_of, trace
from emulator.report.html.exact import exact
from emulator.report.html.explained import explained
from emulator.report.html.lives import lives
from emulator.report.html.summary import summary, summary_of_all
from emulator.report.model import Report, runs_of
from emulator.report.released import labelled, release_of, releases_of


def view(report: Report) -> dict[str, Any]:
    """A report of one run or several, with a member `view` more: a run's `{summary, lives, explained, asks}`, of several
    also `{trace, summary}`.

    Everything else is as it was but for numbers that a browser would misread (see `exact`) and ids of another release than
    the run's, which name it (see `labelled`); the given report is not changed. The functions of these names say what they hold; `asks` are the questions that fit, of each finding.
    """
    if "runs" not in report:
        return _run(report)
    told = {"trace": list(_trace(runs_of(report))), "summary": _exactly(summary_of_all(report))}
    return {**report, "runs": [_run(run) for run in report["runs"]], "view": told}


def _trace(runs: list[Report]) -> Iterator[dict[str, Any]]:
    """How each requirement fared, of every release that is in these runs; ids of all but the first name theirs."""
    releases = list(dict.fromkeys(release for run in runs for release in releases_of(run)))
    for release in releases:
        other = {"release": release.name} if release is not releases[0] else {}
        for row in trace(asked_of(release, runs), runs, release=release.name)["requirements"]:
            yield {**row, "id": labelled(other, row["id"])}


def _named(row: Report) -> Report:
    """A finding whose ids say of which release they are, where that is not the run's."""
    requirements = [labelled(row, each) for each in row["requirements"]]
    return {**row, "rule": labelled(row, row["rule"]), "requirements": requirements}


def _run(run: Report) -> dict[str, Any]:
    return {
        **run,
        "exchanges": [_exchange(exchange) for exchange in run["exchanges"]],
        "findings": [
            {**_named(row), "expected": exact(row["expected"]), "found": exact(row["found"])} for row in run["findings"]
        ],
        "requirements": [{**row, "id": labelled(row, row["id"])} for row in run["requirements"]],
        "view": {
            "summary": _exactly(summary(run)),
            "lives": lives(run),
            "explained": explained(run),
            "asks": [list(hints(release_of(run, row), row)) for row in run["findings"]],
        },
    }


def _exactly(told: dict[str, Any]) -> dict[str, Any]:
    """A summary whose values a browser reads as they are."""
    rows = told["first"]
    first = [{**row, **{name: exact(row[name]) for name in ("expected", "found") if name in row}} for row in rows]
    return {**told, "first": first}


def _exchange(exchange: Report) -> Report:
    """An exchange whose bodies a browser reads as they are."""
    shown = dict(exchange)
    for half in ("request", "response"):
        if half in exchange:
            shown[half] = {**exchange[half], "body": exact(exchange[half]["body"])}
    return shown
