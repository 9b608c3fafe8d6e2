"""What a buyer under test is waited for, told to a human and to a program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError
from emulator.report.explain import printable
from emulator.report.masking import plain

LINES: Final = 40
"""Lines of a sample body that a terminal shows."""


def waiting_lines(entry: Mapping[str, Any], left: float) -> Iterator[str]:
    """One awaited step (as `scenario.waiting.Entry`): method and URL, time left, and a sample body where there is one."""
    asked = f"{entry['method']} {entry['url']}" if "url" in entry else f"delivery of {entry.get('event', 'an event')}"
    until = f" to show {' or '.join(entry['state'])}" if "state" in entry else ""
    optional = "optional, " if entry.get("optional") else ""
    yield f"{entry['step']}: {asked}{until} ({optional}{_time(left)} left)"
    if "body" in entry:
        lines = json.dumps(plain(entry["body"]), indent=2, ensure_ascii=False).splitlines()
        yield from (f"  {printable(line, 200)}" for line in lines[:LINES])
        if len(lines) > LINES:
            yield f"  … {len(lines) - LINES} more lines: GET /oit/waiting has them all"


def _time(seconds: float) -> str:
    left = max(0, round(seconds))
    hours, minutes = left // 3600, left // 60 % 60
    parts = [(hours // 24, "d"), (hours % 24, "h"), (minutes, "min"), (left % 60, "s")]
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2]) or "0 s"


def write_whole(path: Path, told: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of one. UserError where it cannot be."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(plain(dict(told)), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        message = f"--waiting-file {path}: cannot be written: {error.strerror}"
        raise UserError(message) from error
