"""How `oit seller` and `oit buyer` end: what came is judged, told and written, in a time that somebody can wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from emulator.cli.concluding import Cut, cut_short
from emulator.cli.group import end
from emulator.errors import Exit

if TYPE_CHECKING:
    from emulator.report.about import RunInfo

TOLD: Final = 3.0
"""Seconds since the first run was judged after which no other one is that is only told of."""
WRITTEN: Final = 12.0
"""Likewise, of what goes into reports."""
Judged = tuple["RunInfo | None", dict[str, Any]]
"""What is told as a run's begin, None where that was told, and its report."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What is told and written when a party ends that stood for itself."""

    formats: Sequence[Callable[[Any, Path], Path]]
    folder: Path

    def tell(self, runs: Sequence[str], judged: Callable[[str], Judged]) -> Exit:
        """Judge these runs in their order, tell of them and write them; returns the exit code of what was found.

        Another signal cuts it short: what was judged by then is told and written, both say that there was more, and the
        command ends with 3.
        """
        # Reports and rules are heavy, and nothing before needs them.
        from emulator.report.model import exit_code, whole_report
        from emulator.report.terminal import TerminalWriter
        from emulator.scenario.stop import INTERRUPTED

        if not runs:
            return Exit.PASSED
        writer, done, reason = TerminalWriter(), [], "the time for judging at the end is over"
        try:
            for run in self._in_time(runs):
                info, report = judged(run)
                done.append(report)
                if info is not None:
                    writer.run_started(info)
                writer.run_done(report)
        except KeyboardInterrupt:
            reason = INTERRUPTED
        left = len(runs) - len(done)
        if left:
            click.echo(f"{reason}: {left} more run(s) are not judged here", err=True)
        if done and self.formats:
            whole = whole_report(done)
            if left:
                whole = cut_short(whole, Cut(reason, left, interrupted=reason == INTERRUPTED))
            writer.reports_written([write(whole, self.folder) for write in self.formats])
        if reason == INTERRUPTED:
            end(Exit.INCONCLUSIVE)
        return exit_code(done)

    def _in_time(self, runs: Sequence[str]) -> Iterator[str]:
        """The runs that there is time for: the first one, by which all is loaded that judging needs, and those after it."""
        yield runs[0]
        until = time.monotonic() + (WRITTEN if self.formats else TOLD)
        for run in runs[1:]:
            if time.monotonic() > until:
                return
            yield run
