"""Writes `report.html`: one file that shows a report, and asks nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from emulator.report.html.page import page
from emulator.report.html.view import view
from emulator.report.model import Report, run_name, runs_of
from emulator.report.released import releases_of

FILE_NAME: Final = "report.html"

__all__ = ["FILE_NAME", "page", "render", "view", "write"]


def render(report: Report) -> bytes:
    """A report as a page that works from a file, from a mail or from a server, in UTF-8."""
    releases = list(dict.fromkeys(release for run in runs_of(report) for release in releases_of(run)))
    return page(view(report), releases, title=_title(report))


def write(report: Report, folder: Path) -> Path:
    """Write `report.html` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def _title(report: Report) -> str:
    runs = runs_of(report)
    what = run_name(runs[0]) if len(runs) == 1 else f"{len(runs)} runs"
    return f"{report['verdict']}: {what} · OIT report"
