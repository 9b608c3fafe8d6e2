"""What a partner was had to do for a run, in lines: it is no evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.report.explain import printable
from emulator.report.model import Report
from emulator.scenario.duration import words


def prepared_lines(run: Report) -> Iterator[str]:
    """A line for each thing that was done, undone, moved or asked."""
    for row in run.get("preparations", ()):
        yield printable(f"{row['behaviour']} {_what(row)}: {row['what']}{_how(row)}")


def _what(row: Any) -> str:
    if "moved_seconds" in row and row["deed"] != "undone":
        return f"{row['deed']} by {words(round(row['moved_seconds']))}"
    return str(row["deed"])


def _how(row: Any) -> str:
    told = row.get("problem") or row["result"]
    return f" ({told})" if told else ""
