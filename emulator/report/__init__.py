"""The report: one model, many writers that read it and know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError
from emulator.report import har_report, html, json_report, junit_report, sarif_report, summary_report, transcript

WRITERS: Final[dict[str, Callable[[dict[str, Any], Path], Path]]] = {
    "html": html.write,
    "json": json_report.write,
    "junit": junit_report.write,
    "sarif": sarif_report.write,
    "har": har_report.write,
    "summary": summary_report.write,
    "transcript": transcript.write,
}
"""Report formats by the name that `--report` knows."""


def chosen(names: str) -> list[Callable[[dict[str, Any], Path], Path]]:
    """The writers of a comma separated list. UserError names the formats there are."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in WRITERS:
            message = f"--report {name}: there is no such format. Known: {', '.join(WRITERS)}."
            raise UserError(message)
    return [WRITERS[name] for name in dict.fromkeys(wanted)]
