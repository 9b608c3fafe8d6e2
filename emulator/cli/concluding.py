"""How `oit run` and `oit check` end: reports, the summary of a build, the last lines, the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from emulator.errors import Exit, UserError

Report = dict[str, Any]
Write = Callable[[Report, Path], Path]

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub Actions names the file that it shows with a job."""


class Ending(Protocol):
    """What a writer is told when all is over."""

    def stopped(self, reason: str, left: int) -> None: ...
    def reports_written(self, paths: Sequence[Path]) -> None: ...
    def all_done(self, whole: Report, code: Exit, look: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a session ended before it was done, and how many runs had not begun. An interrupted one is never conclusive."""

    reason: str
    left: int
    interrupted: bool


def known_of(file: Path | None, release: str) -> Any:
    """The known failures of a file as of today, None without one. FileProblem with all that is wrong in it."""
    if file is None:
        return None
    from emulator.parties.clock import RealClock
    from emulator.report.known import load_known
    from emulator.standard.release import load_release

    return load_known(file, RealClock().now().date(), load_release(release))


def conclude(
    done: Sequence[Report],
    known: Any,
    writer: Ending,
    formats: Sequence[Write],
    folder: Path,
    left_out: Sequence[Report] = (),
    cut: Cut | None = None,
) -> Exit:
    """Write the reports and tell how it ended; returns how the command ends.

    `left_out` as in the report; `cut` says that it ended before it was done.
    """
    from emulator.report import summary_report
    from emulator.report.model import exit_code, whole_report

    whole = whole_report(done, replace(known, partial=True) if known and cut else known, left_out)
    code = exit_code(done, whole.get("known_failures"))
    if cut is not None:
        whole = cut_short(whole, cut)
        code = Exit.INCONCLUSIVE if cut.interrupted or code in (Exit.PASSED, Exit.NOTHING) else code
        writer.stopped(cut.reason, cut.left)
    paths = [write(whole, folder) for write in formats] if done else []
    if target := os.environ.get(STEP_SUMMARY):
        try:
            summary_report.append(whole, Path(target))
        except OSError as error:
            raise UserError(f"{STEP_SUMMARY} {target}: cannot be written: {error.strerror}") from error
    writer.reports_written(paths)
    writer.all_done(whole, code, _look(paths))
    return code


def cut_short(whole: Report, cut: Cut) -> Report:
    """What was not seen is not passed."""
    verdict = "inconclusive" if whole["verdict"] == "pass" else whole["verdict"]
    return {**whole, "verdict": verdict, "stopped": {"reason": cut.reason, "not_begun": cut.left}}


def _look(paths: Sequence[Path]) -> str:
    """The command that shows more: of the page that was written, or of the report that one can be made of."""
    from emulator.report import WRITERS

    kept = next((path for path in paths if path.name == "report.json"), None)
    if any(path.suffix == ".html" for path in paths):
        return ""
    shown = "html" if "html" in WRITERS else "summary"
    if kept is None:
        return f"the same command with --report {'html' if 'html' in WRITERS else 'json,summary'}"
    return f"oit report {kept} --format {shown}"
