"""Tells the progress of runs to a human on a terminal, or in the log of a build."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from emulator.errors import Exit
from emulator.judge.ledger import GOOD, Mark
from emulator.record.exchange import Exchange
from emulator.report.about import RunInfo
from emulator.report.advice import cause_key
from emulator.report.ending import ending
from emulator.report.explain import finding_lines, headline, hint, printable, requirement_counts, step_lines, why
from emulator.report.model import Report
from emulator.report.played import StepInfo, StepOutcome
from emulator.report.prepared import prepared_lines
from emulator.report.progress import Progress
from emulator.report.waiting import waiting_lines
from emulator.report.whose import is_beside
from emulator.scenario.events import Waiting

if TYPE_CHECKING:
    from rich.console import Console

_MARKS: Final = {
    StepOutcome.PASSED: ("✔", "+", "green"),
    StepOutcome.UNMET: ("✘", "x", "yellow"),
    StepOutcome.SKIPPED: ("○", "-", "dim"),
    StepOutcome.BLOCKED: ("⊘", "!", "yellow"),
    StepOutcome.NEVER_ARRIVED: ("⌛", "?", "yellow"),
    StepOutcome.INCONCLUSIVE: ("?", "?", "yellow"),
    StepOutcome.ERROR: ("‼", "!", "magenta"),
}

_COLOURS: Final = {
    "pass": "green",
    "fail": "red",
    "inconclusive": "yellow",
    "error": "magenta",
    "skipped": "dim",
    "warning": "yellow",
    "not_seen": "yellow",
    "disputed": "cyan",
    "not_applicable": "dim",
}

_TITLES: Final = {
    "fail": "Breaches",
    "error": "Our own errors",
    "not_seen": "Not answered",
    "disputed": "Disputed",
    "warning": "Warnings",
    "not_applicable": "Told, and nobody's fault",
}

_MEANINGS: Final = {
    "pass": "all that was asked for was seen, and nothing was wrong",
    "fail": "something is wrong",
    "inconclusive": "nothing that is known is wrong, and not all that was asked for was seen",
    "skipped": "what it is there for, the partner declares not to have",
    "error": "OIT, or the party that it plays, made a mistake",
}

_SIZES: Final = re.compile(r" \([0-9]+ (?:bytes|of [0-9]+ bytes)\)")
"""What reasons for not judging an entry differ in, though they are the same."""
_NAMED: Final = 8
"""Entries that are named where many share a reason."""
_FILES: Final = ("scenario", "inputs")
"""Blame that lies with files of the user's."""
_STUCK: Final = frozenset({"unmet", "error", "never_arrived", "inconclusive"})
"""Outcomes of steps that are explained at the end."""

_ODD: Final = frozenset(str(mark) for mark in Mark if mark not in GOOD)
"""What of the event ledger is told here."""
_LINES: Final = 20
"""Lines of a timeline that are told, the newest."""

_MOST: Final = 10
"""Findings of one kind that are spelled out; the report holds them all."""

_MOST_LINES: Final = 20
"""Lines of bills that are told of a run."""


class TerminalWriter:
    """Writes lines for a human. No colour where there is no terminal or `NO_COLOR` is set."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._opened: Console | None = None
        self._waited_for = ""
        self._scenario = ""
        self._count = ""
        self._told: set[tuple[Any, ...]] = set()
        self._lives = bool(getattr(self._stream, "isatty", bool)()) and os.environ.get("TERM") != "dumb"
        self._progress = Progress(self._console, lambda text: self._line(text, "dim"), lives=self._lives)
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._ascii = "utf" not in encoding.lower()

    def run_started(self, info: RunInfo) -> None:
        """A run begins: which scenario, and against whom."""
        case = f" [{info.case}]" if info.case else ""
        tested = " and ".join(f"the {party}" for party in info.roles.tested)
        if info.clock == "captured":
            against = f"captured traffic of {tested or 'both sides'}"
        else:
            against = f"testing {tested}" if tested else "self-test"
        self._scenario = f"{info.scenario}{case}"
        self._line(f"{self._scenario}  {info.title}".rstrip(), "bold")
        self._line(f"  {against}, release {info.release or 'unknown'}, run {info.id}", "dim")

    def running(self, done: int, total: int) -> None:
        """So many of the runs are done."""
        self._count = f"[{done + 1}/{total}] " if total > 1 else ""
        if total > 1:
            self._progress.begin(f"{done} of {total} runs done")

    def step_started(self, step_id: str, what: str) -> None:
        """A step begins. It has its line when it ends, so that a log stays short, unless it takes long."""
        self._waited_for = ""
        self._progress.begin(printable(f"{self._count}{self._scenario}: {step_id}{f', {what}' if what else ''}"))

    def waiting(self, text: str, wait: Waiting | None = None) -> None:
        """The run waits; in a log each new reason has one line, on a terminal it is the line that lives."""
        if text == self._waited_for:
            return
        self._waited_for = text
        step = f" {wait.step}:" if wait else ""
        self._progress.detail(printable(f"{self._count}{self._scenario}:{step} waiting for {text}"))
        self._progress.said()
        if not self._lives:
            self._line(f"  … waiting for {text}", "dim")

    def exchange_done(self, exchange: Exchange) -> None:
        """Steps tell of their exchanges."""

    def serving(self, url: str) -> None:
        """Where our seller waits for the buyer under test."""
        self._line(f"  our seller listens at {url}; GET {url}/oit/waiting says what is awaited", "bold")
        self._line(f"  (POST {url}/oit/done when your buyer has nothing more to send)", "dim")

    def awaits(self, entry: Mapping[str, Any], left: float) -> None:
        """What a buyer under test is waited for: method, URL, time left, and a sample body."""
        first, *rest = waiting_lines(entry, left)
        self._progress.detail(printable(f"{self._scenario}: waiting for {first}"))
        self._progress.said()
        self._line(f"  … {first}")
        for line in rest:
            self._line(f"      {line}", "dim")

    def missed(self, exchange: Exchange, reason: str) -> None:
        """Something came, and is not what is awaited."""
        asked = f"{printable(exchange.request.method, 20)} {printable(exchange.request.path)}"
        self._line(f"  ≠ exchange {exchange.n}, {asked}: {reason}", "yellow")

    def step_done(self, step: StepInfo) -> None:
        """One line: mark, step, operation, status, milliseconds; and why, where it did not pass."""
        self._progress.end()
        mark, plain_mark, colour = _MARKS[step.outcome]
        if step.status is not None:
            answered = str(step.status)
        elif step.outcome is StepOutcome.PASSED or step.outcome is StepOutcome.UNMET:
            answered = ""
        else:
            answered = str(step.outcome)
        told = [step.id.ljust(28), (step.operation or step.kind).ljust(34), answered.rjust(4)]
        if step.exchanges:
            told.append(f"{step.elapsed_ms:7.0f} ms")
        self._line(f"  {plain_mark if self._ascii else mark} {' '.join(told)}".rstrip(), colour)
        if step.outcome not in (StepOutcome.PASSED, StepOutcome.SKIPPED) and step.message:
            self._line(f"      {step.message.partition(chr(10))[0]}", colour)

    def run_done(self, report: Report) -> None:
        """The findings, grouped and explained, and the verdict."""
        self._progress.end()
        for verdict, title in _TITLES.items():
            findings = [row for row in report["findings"] if row["verdict"] == verdict and "excused" not in row]
            if findings:
                self._findings(report, f"{title} ({len(findings)})", findings, _COLOURS[verdict])
        self._excused(report)
        stuck = [row for row in report["steps"] if row["outcome"] in _STUCK and "excused" not in row]
        for step in stuck:
            self._stuck(report, step)
        self._events(report)
        self._reconciled(report)
        self._unattributed(report.get("unattributed", []))
        for line in prepared_lines(report):
            self._line(f"  {line}", "dim")
        self._line("")
        meaning = _MEANINGS[report["verdict"]]
        if report["verdict"] == "pass" and "excused" in report:
            meaning = f"nothing is wrong but what is known; without that it would be {report['excused']['otherwise']}"
        elif any(row["verdict"] == "fail" and row["blame"] in _FILES for row in report["findings"]):
            meaning = (
                "what we said was wrong, by the scenario or the profile, so that nothing can be said of the other side"
            )
        elif report["verdict"] == "inconclusive" and report.get("covers", {}).get("strict"):
            meaning += ", or was required and not seen"
        elif report["verdict"] == "inconclusive" and any("half" in row for row in report.get("unattributed", [])):
            meaning += ", or is not in the file"
        self._line(f"{report['verdict'].upper()}: {meaning}", f"bold {_COLOURS[report['verdict']]}")
        self._line(f"  {len(report['exchanges'])} exchanges; requirements: {requirement_counts(report)}")
        others = [row for row in report["findings"] if row["verdict"] == "fail" and is_beside(report, row["blame"])]
        if others:
            self._line(f"  {len(others)} breach(es) are not the {report['run']['sut']}'s and do not decide")

    def _stuck(self, report: Report, step: Report) -> None:
        """Why a step did not pass; a cause that many steps share is told once."""
        self._line("")
        self._line(f"Step {step['id']} {step['outcome'].replace('_', ' ')}", "bold")
        key = cause_key(report, step)
        if key in self._told:
            self._line(f"    {why(step['cause']) or step['message']}, as told above")
            return
        self._told.add(key)
        for line in step_lines(report, step):
            self._line(f"    {line}")

    def reports_written(self, paths: Sequence[Path]) -> None:
        """Where the reports lie."""
        for path in paths:
            self._line(f"  report: {path}", "dim")

    def stopped(self, reason: str, left: int) -> None:
        """The session ended before it was done; so many runs had not begun."""
        self._progress.end()
        untold = f"; {left} run(s) had not begun" if left else ""
        self._line("")
        self._line(f"{reason}: what was seen is reported as it stands{untold}", "bold yellow")

    def all_done(self, whole: Report, code: Exit, look: str = "") -> None:
        """All runs ended: a table where there are several, and what to do now where they did not pass."""
        self._progress.end()
        for text, style in ending(whole, code, look):
            self._line(text, style)

    def _reconciled(self, report: Report) -> None:
        """What became of the bills that were seen: what is disputed and missing, and how much that is."""
        if "reconciliation" not in report:
            return
        found = report["reconciliation"]
        counts = ", ".join(f"{number} {standing}" for standing, number in found["counts"].items())
        self._line("")
        self._line(f"Bills ({found['bills']}): {counts}", "bold")
        rows = [row for row in found["lines"] if row["standing"] in ("disputed", "missing")]
        told = [(row.get("item") or row.get("product", ""), row["reason"], row) for row in rows]
        told += [(row.get("bill", ""), row["formula"], row) for row in found["billLines"]]
        for what, reason, row in told[:_MOST_LINES]:
            off = f" by {row['difference']} {row['currency']}" if "difference" in row else ""
            self._line(f"    {what} {row.get('standing', 'does not add up')}: {reason}{off}: {row['text']}")
        if len(told) > _MOST_LINES:
            self._line(f"    and {len(told) - _MOST_LINES} more (report.json, oit reconcile)")

    def _excused(self, report: Report) -> None:
        """What is known, a line each."""
        rows = [
            *((headline(report, row), row["excused"]) for row in report["findings"] if "excused" in row),
            *((f"step {row['id']} {row['outcome']}", row["excused"]) for row in report["steps"] if "excused" in row),
        ]
        if not rows:
            return
        self._line("")
        self._line(f"Known and excused ({len(rows)})", "bold")
        for (head, excuse), times in Counter((head, tuple(excuse.items())) for head, excuse in rows).items():
            told = dict(excuse)
            often = f", {times} times" if times > 1 else ""
            self._line(f"  {head}{often}")
            self._line(f"    {told['reason']} (owner {told['owner']}, until {told['expires']}, {told['where']})", "dim")

    def _events(self, report: Report) -> None:
        """The timeline of each resource with whose notifications something is odd."""
        odd = [page for page in report.get("events", []) if set(page["marks"]) & _ODD]
        if not odd:
            return
        self._line("")
        self._line(f"Notifications ({len(odd)} resource(s))", "bold yellow")
        for page in odd[:_MOST]:
            marks = ", ".join(mark.replace("_", " ") for mark in page["marks"] if mark in _ODD)
            self._line(f"  {page['kind']} {printable(page['id'], 80)}: {marks}", "yellow")
            for line in page["timeline"][-_LINES:]:
                number = "" if line["exchange"] is None else f"#{line['exchange']}"
                self._line(f"    {line['at']} {number:>5}  {printable(line['text'])}")
        if len(odd) > _MOST:
            self._line(f"  … and {len(odd) - _MOST} more in report.json (--report json)")

    def _unattributed(self, entries: list[Report]) -> None:
        """What was not judged, by the reason: which entries, and what the first of them asked for."""
        if not entries:
            return
        self._line("")
        numbers = {entry["entry"] for entry in entries}
        self._line(f"Not judged ({len(numbers)} of the file's entries)", "bold yellow")
        reasons: dict[str, list[Report]] = {}
        for entry in entries:
            reasons.setdefault(_SIZES.sub("", entry["why"]), []).append(entry)
        for reason, rows in list(reasons.items())[:_MOST]:
            first = rows[0]
            why = first["why"] if len(rows) == 1 else reason
            self._line(f"  {_entries(rows)}: {printable(why, 300)}")
            if first["url"]:
                such = "such as " if len(rows) > 1 else ""
                self._line(f"    {such}{printable(first['method'], 20)} {printable(first['url'], 120)}", "dim")
        if len(reasons) > _MOST:
            self._line(f"  … and {len(reasons) - _MOST} more in report.json (--report json)")

    def _findings(self, report: Report, title: str, findings: list[Report], colour: str) -> None:
        self._line("")
        self._line(title, f"bold {colour}")
        shown = findings[:_MOST]
        for head, rows in groupby(shown, key=lambda row: headline(report, row)):
            self._line(f"  {head}", colour)
            last = ""
            for row in rows:
                last = hint(report, row)
                for line in finding_lines(report, row):
                    self._line(f"    {line}")
            self._line(f"    more:     {last}", "dim")
        if len(findings) > len(shown):
            self._line(f"  … and {len(findings) - len(shown)} more in the report")

    def _line(self, text: str, style: str | None = None) -> None:
        text = printable(text, 1_000)
        if self._ascii:
            text = text.replace("…", "...").replace("≠", "!=").encode("ascii", "backslashreplace").decode("ascii")
        self._console().print(text, style=style, markup=False, highlight=False, soft_wrap=True, emoji=False)

    def _console(self) -> Console:
        if self._opened is None:
            from rich.console import Console  # noqa: PLC0415 - slow to load, and only a run needs it

            self._opened = Console(file=self._stream, no_color=bool(os.environ.get("NO_COLOR")), legacy_windows=False)
        return self._opened


def _entries(rows: Sequence[Report]) -> str:
    """`entry 3`, or `7 entries (1, 2, 5 …)`."""
    numbers = list(dict.fromkeys(row["entry"] for row in rows))
    if len(numbers) == 1:
        return f"entry {numbers[0]}"
    more = " …" if len(numbers) > _NAMED else ""
    return f"{len(numbers)} entries ({', '.join(map(str, numbers[:_NAMED]))}{more})"
