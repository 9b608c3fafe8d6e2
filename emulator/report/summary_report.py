"""Writes a summary in Markdown, as GitHub shows it with a job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emulator.report.advice import advise
from emulator.report.explain import finding_lines, headline, hint, printable, requirement_counts
from emulator.report.model import Report, notes_of, run_name, runs_of
from emulator.report.whose import roles_of

FILE_NAME: Final = "summary.md"
_SIGNS: Final = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "error": "🛠️", "skipped": "⏭️"}
_ROWS: Final = 100
"""Runs of the table."""
_FINDINGS: Final = 50
"""Findings that are spelled out."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@-])")


def render(report: Report) -> bytes:
    """A report in Markdown: verdict, what to do first, a table of the runs, the breaches in full."""
    return ("\n".join(_lines(report)) + "\n").encode()


def write(report: Report, folder: Path) -> Path:
    """Write `summary.md` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def append(report: Report, path: Path) -> None:
    """Add the summary to a file that others write to as well. OSError where it cannot be."""
    with path.open("ab") as file:
        file.write(render(report))


def plain(text: str) -> str:
    """Text that Markdown and HTML leave alone."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def _lines(report: Report) -> Iterator[str]:
    runs = runs_of(report)
    tested = sorted({str(party) for run in runs for party in roles_of(run).tested})
    who = f"the {' and the '.join(tested)} under test" if tested else "a self-test"
    yield f"## {_SIGNS[report['verdict']]} OIT: {report['verdict']}"
    yield ""
    exchanges = sum(len(run["exchanges"]) for run in runs)
    yield f"{len(runs)} run(s) of {who}, {exchanges} exchanges, OIT {plain(report['tool']['version'])}."
    yield ""
    for note in notes_of(report):
        yield f"> **{plain(note)}**"
        yield ""
    found = advise(runs)
    if found and report["verdict"] != "pass":
        yield "### What to do now"
        yield ""
        for number, advice in enumerate(found, 1):
            often = f" ({len(advice.runs)} runs)" if len(advice.runs) > 1 else ""
            yield f"{number}. **Broke:** {plain(advice.broke)}{often}"
            yield f"   **Whose:** {plain(advice.whose)}"
            yield f"   **Do:** {plain(advice.do)}"
            more = [f"`oit explain {advice.look}`"] if advice.look else []
            more += [_code(advice.where)] if advice.where else []
            if more:
                yield f"   **Look:** {', '.join(more)}"
        yield ""
    yield from _known(report)
    yield from _table(runs)
    yield from _breaches(runs)


def _known(report: Report) -> Iterator[str]:
    account = report.get("known_failures")
    if not account or not account["entries"]:
        return
    counted = Counter(entry["status"] for entry in account["entries"])
    told = ", ".join(f"{counted[name]} {name}" for name in ("excused", "expired", "stale", "untried") if counted[name])
    yield f"### Known failures: {told}"
    yield ""
    yield "| | what | scenario | owner | until | reason |"
    yield "|---|---|---|---|---|---|"
    for entry in account["entries"]:
        cells = [entry["status"], entry["id"], entry["scenario"], entry["owner"], entry["expires"], entry["reason"]]
        yield f"| {' | '.join(map(plain, cells))} |"
    yield ""


def _table(runs: list[Report]) -> Iterator[str]:
    ordered = sorted(runs, key=lambda run: bool(run["verdict"] == "pass"))
    yield "| | scenario | breaches | warnings | requirements |"
    yield "|---|---|---|---|---|"
    for run in ordered[:_ROWS]:
        counted = Counter(row["verdict"] for row in run["findings"] if "excused" not in row)
        cells = [plain(run_name(run)), str(counted["fail"]), str(counted["warning"]), requirement_counts(run)]
        yield f"| {_SIGNS[run['verdict']]} {run['verdict']} | {' | '.join(cells)} |"
    if len(ordered) > _ROWS:
        yield ""
        yield f"… and {len(ordered) - _ROWS} more."
    yield ""


def _breaches(runs: list[Report]) -> Iterator[str]:
    found = [(run, row) for run in runs for row in run["findings"] if row["verdict"] in ("fail", "error")]
    found = [(run, row) for run, row in found if "excused" not in row]
    for run, row in found[:_FINDINGS]:
        yield f"<details><summary>{_html(headline(run, row))}: {_html(row['message'])}</summary>"
        yield ""
        yield from _block([run_name(run), *finding_lines(run, row), f"more:     {hint(run, row)}"])
        yield ""
        yield "</details>"
        yield ""
    if len(found) > _FINDINGS:
        yield f"… and {len(found) - _FINDINGS} more findings in report.json."


def _block(lines: list[str]) -> Iterator[str]:
    text = "\n".join(map(printable, lines))
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    yield f"{fence}text"
    yield text
    yield fence


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39))}`"


def _html(text: str) -> str:
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
