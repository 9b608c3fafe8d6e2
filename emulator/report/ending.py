"""How a set of runs ends on a terminal: a table of them, the known failures, and what to do now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from emulator.errors import Exit
from emulator.report.advice import Advice, advise
from emulator.report.explain import printable
from emulator.report.model import Report, notes_of, run_name, runs_of

Line = tuple[str, str | None]
"""A line, and its style."""

COLOURS: Final = {"pass": "green", "fail": "red", "inconclusive": "yellow", "error": "magenta", "skipped": "dim"}
_ROWS: Final = 20
"""Runs that did not pass which the table shows."""
_WORDS: Final = {
    "expired": "it still happens, and its last day is over: mend it, or agree on a new day",
    "stale": "it no longer happens: take it out of the file",
}


def ending(whole: Report, code: Exit, look: str = "") -> Iterator[Line]:
    """The last lines of `oit run` and `oit check`. `look` is a command that shows more."""
    runs = runs_of(whole)
    for note in notes_of(whole):
        yield "", None
        yield printable(note), "bold red"
    if len(runs) > 1:
        yield from _table(runs)
    yield from _left_out(whole)
    yield from _known(whole)
    yield from _unseen(runs)
    if code is not Exit.PASSED:
        yield from _now(whole, advise(runs), look)


def _table(runs: Sequence[Report]) -> Iterator[Line]:
    counted = Counter(run["verdict"] for run in runs)
    yield "", None
    told = ", ".join(f"{counted[verdict]} {verdict}" for verdict in COLOURS if counted[verdict])
    yield f"{len(runs)} runs: {told}", "bold"
    rows = [run for run in runs if run["verdict"] != "pass" or "excused" in run]
    width = max((len(run_name(run)) for run in rows[:_ROWS]), default=0)
    for run in rows[:_ROWS]:
        findings = Counter(row["verdict"] for row in run["findings"] if "excused" not in row)
        wrong = [f"{findings['fail']} breach(es)"] if findings["fail"] else []
        stuck = [step["id"] for step in run["steps"] if step["outcome"] in ("unmet", "never_arrived", "inconclusive")]
        wrong += [f"stopped at {stuck[0]}"] if stuck else []
        if excused := run.get("excused"):
            wrong.append(f"{excused['findings'] + excused['steps']} excused")
        text = f"  {run['verdict']:<12} {printable(run_name(run)):<{width}}  {', '.join(wrong)}"
        yield text.rstrip(), COLOURS[run["verdict"]]
    if len(rows) > _ROWS:
        yield f"  … and {len(rows) - _ROWS} more", "dim"


def _often(advice: Advice) -> str:
    return f" (in {len(advice.runs)} runs)" if len(advice.runs) > 1 else ""


_LEFT_OUT: Final = {
    "function": "need a function that this release does not have",
    "product": "need a product that this release does not have (--var or --var-file names another)",
    "behaviour": "need a seller that behaves as nobody asked of this one (--needs behaviour)",
    "waits": "may wait for more than a day (--needs waits)",
}


def _left_out(whole: Report) -> Iterator[Line]:
    """What was selected and not run."""
    rows: list[Report] = whole.get("left_out", [])
    for what in dict.fromkeys(row["what"] for row in rows):
        count = sum(row["what"] == what for row in rows)
        yield f"{count} left out: they {_LEFT_OUT.get(what, what)}", "dim"


def _known(whole: Report) -> Iterator[Line]:
    account: dict[str, Any] = whole.get("known_failures", {"entries": []})
    counted = Counter(entry["status"] for entry in account["entries"])
    if not account["entries"]:
        return
    yield "", None
    told = ", ".join(
        f"{counted[status]} {status}" for status in ("excused", "expired", "stale", "untried") if counted[status]
    )
    failing = counted["expired"] + counted["stale"]
    yield f"Known failures in {account['file']}: {told}", "bold red" if failing else "bold"
    for entry in account["entries"]:
        if entry["status"] in _WORDS:
            name = f"{entry['what']} {entry['id']} in {entry['scenario']}"
            yield f"  {entry['where']}: {entry['status']}: {name}", "red"
            yield f"    {_WORDS[entry['status']]} (owner {entry['owner']}, until {entry['expires']})", None


def _unseen(runs: Sequence[Report]) -> Iterator[Line]:
    """What `--strict` asks for."""
    rows = [run for run in runs if run.get("covers", {}).get("strict") and run["covers"]["not_seen"]]
    if not rows:
        return
    yield "", None
    yield "Required and not seen (--strict)", "bold yellow"
    for run in rows[:_ROWS]:
        yield f"  {printable(run_name(run))}: {', '.join(run['covers']['not_seen'])}", "yellow"
    if len(rows) > _ROWS:
        yield f"  … and {len(rows) - _ROWS} more", "dim"


def _now(whole: Report, found: Sequence[Advice], look: str) -> Iterator[Line]:
    if found:
        first, *others = found
        yield "", None
        yield "What to do now", f"bold {COLOURS[whole['verdict']]}"
        yield f"  broke  {first.broke}{_often(first)}", None
        yield f"  whose  {first.whose}", None
        yield f"  do     {first.do}", None
        for other in others:
            yield f"  then   {other.look or other.where or 'step'}: {other.broke}{_often(other)}", "dim"
        place = f"   # {first.where}" if first.where else ""
        look = "\n".join(part for part in (f"oit explain {first.look}{place}" if first.look else "", look) if part)
    elif look:
        yield "", None
    for number, command in enumerate(look.splitlines()):
        yield f"  {'look  ' if number == 0 else '      '} {command}", "bold"
