"""What runs have shown of the guides: counted from the verdicts that their reports give."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from emulator.errors import UserError
from emulator.files import is_folder
from emulator.judge.capture import BasePaths, read_capture
from emulator.judge.playing import Row, played
from emulator.judge.verdict import Verdict, worst
from emulator.report import json_report
from emulator.report.model import Report, run_name, runs_of
from emulator.report.reading import read_report
from emulator.report.released import release_of
from emulator.standard.release import Release
from emulator.standard.requirement import Requirement
from emulator.standard.use_case import UseCase

TESTED: Final[tuple[Verdict, ...]] = (Verdict.PASS, Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
"""Verdicts that say something of a requirement."""
NOT_ON_WIRE: Final = "not_on_wire"
_COLUMNS: Final = ("pass", "fail", "warning", "disputed", "error", "not_seen", "not_applicable", NOT_ON_WIRE)


def read_reports(paths: Sequence[Path]) -> list[Report]:
    """The runs of all reports that paths name; folders are searched for `report.json`."""
    return [run for file in report_files(paths) for run in runs_of(read_report(file))]


def report_files(paths: Sequence[Path]) -> list[Path]:
    """The reports that paths name; UserError for a folder without any."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.rglob(json_report.FILE_NAME)) if is_folder(path) else [path]
        if not found:
            message = f"--trace {path}: there is no {json_report.FILE_NAME} in this folder"
            raise UserError(message)
        files += found
    return list(dict.fromkeys(files))


def played_in(files: Sequence[Path], runs: Sequence[Report], release: Release) -> dict[Row, list[str]]:
    """Each row of a use case that the `runs` of these reports have played, with the names of the runs."""
    found: dict[Row, list[str]] = {}
    names = {run["run"]["id"]: run_name(run) for run in runs}
    bases = BasePaths(release)
    for captured in (each for file in files for each in read_capture(file, bases)):
        for row in played(captured.exchanges, release, spoilt=captured.spoilt):
            found.setdefault(row, []).append(names.get(captured.run, captured.name))
    return found


def asked_of(release: Release, runs: Iterable[Report]) -> dict[str, Requirement]:
    """The requirements of a release that these runs are asked about: those of its APIs, and of each guide that one of them
    was judged by since it was claimed.
    """
    named = {row["id"] for run in runs for row in run["requirements"] if release_of(run, row).name == release.name}
    claimed = (found for found in release.claims.values() if any(each.id in named for each in found))
    return {**release.requirements, **{each.id: each for found in claimed for each in found}}


def trace(
    requirements: Mapping[str, Requirement],
    runs: Sequence[Report],
    use_cases: Iterable[UseCase] = (),
    seen: Mapping[Row, Sequence[str]] = MappingProxyType({}),
    *,
    release: str | None = None,
    unclaimed: Collection[str] = (),
) -> dict[str, Any]:
    """How each requirement fared in these runs: the worst verdict that any gave, and which gave one.

    Where no run says anything, one that could have seen it counts more than one to which it did not apply. `seen` are
    the rows of `use_cases` that were played. With `release` only what is said of requirements of that one counts. Where no
    run says anything of a guide that is `unclaimed`, it did not apply.
    """
    given: dict[str, list[tuple[Verdict, str]]] = {}
    for run in runs:
        for row in run["requirements"]:
            if release is not None and release_of(run, row).name != release:
                continue
            given.setdefault(row["id"], []).append((Verdict(row["verdict"]), run_name(run)))
    rows = [_row(each, given.get(each.id, []), unclaimed) for each in requirements.values()]
    guides = dict.fromkeys(each.guide for each in requirements.values())
    return {
        "runs": len(runs),
        "guides": {guide: _summary([row for row in rows if row["guide"] == guide]) for guide in guides},
        "all": _summary(rows),
        "requirements": rows,
        "use_cases": [_use_case(each, seen) for each in use_cases],
    }


def _use_case(case: UseCase, seen: Mapping[Row, Sequence[str]]) -> dict[str, Any]:
    ways = [(way, outcome, list(dict.fromkeys(seen.get((case.id, way, outcome), ())))) for way, outcome in case.rows()]
    return {
        "id": case.id,
        "guide": case.guide,
        "title": case.title,
        "rows": [{"way": way or None, "outcome": outcome, "runs": runs} for way, outcome, runs in ways],
    }


def _row(requirement: Requirement, given: Sequence[tuple[Verdict, str]], unclaimed: Collection[str]) -> dict[str, Any]:
    said = {verdict for verdict, _ in given if verdict in TESTED}
    if requirement.not_on_wire:
        verdict = NOT_ON_WIRE
    elif said:
        verdict = str(worst(said))
    elif all(each is Verdict.NOT_APPLICABLE for each, _ in given) and (given or requirement.guide in unclaimed):
        verdict = str(Verdict.NOT_APPLICABLE)
    else:
        verdict = str(Verdict.NOT_SEEN)
    return {
        "id": requirement.id,
        "guide": requirement.guide,
        "title": requirement.title,
        "verdict": verdict,
        "runs": list(dict.fromkeys(name for each, name in given if each in TESTED)),
    }


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counted = Counter(row["verdict"] for row in rows)
    tested = sum(counted[str(verdict)] for verdict in TESTED)
    testable = len(rows) - counted[NOT_ON_WIRE]
    return {
        "requirements": len(rows),
        "on_wire": testable,
        "tested": tested,
        "percent": round(100 * tested / testable, 1) if testable else 0.0,
        **{column: counted[column] for column in _COLUMNS},
    }


def render(traced: Mapping[str, Any]) -> str:
    """The trace for people: a line for each guide, then what was never seen, then what did not apply."""
    return "\n".join(_lines(traced))


def _lines(traced: Mapping[str, Any]) -> Iterator[str]:
    yield f"{traced['runs']} run(s); a requirement is tested where a run gave a verdict on it"
    yield ""
    columns = [name for name in _COLUMNS if name != "error" or traced["all"]["error"]]
    heads = ["guide", "tested", "of wire", *(name.replace("_", " ") for name in columns)]
    table = [heads]
    for guide, row in (*traced["guides"].items(), ("all", traced["all"])):
        tested = [f"{row['tested']}/{row['on_wire']}", f"{row['percent']:.0f} %"]
        table.append([guide, *tested, *(str(row[name]) for name in columns)])
    widths = [max(len(line[n]) for line in table) for n in range(len(heads))]
    for line in table:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        yield "  ".join(cells)
    unseen = [row for row in traced["requirements"] if row["verdict"] == Verdict.NOT_SEEN]
    if unseen:
        yield ""
        yield f"Never seen ({len(unseen)})"
        yield from (f"  {row['id']:<12} {row['title']}" for row in unseen)
    cases = traced["use_cases"]
    missing = [
        (case, ", ".join(f"{row['outcome']} ({row['way']})" if row["way"] else row["outcome"] for row in unplayed))
        for case in cases
        if (unplayed := [row for row in case["rows"] if not row["runs"]])
    ]
    rows = [row for case in cases for row in case["rows"]]
    if rows:
        yield ""
        yield f"Use cases: {sum(bool(row['runs']) for row in rows)} of {len(rows)} ways to play them were seen"
        for case, what in missing:
            yield from textwrap.wrap(
                f"  {case['id']:<12} {case['title']}; not seen: {what}", 110, subsequent_indent=" " * 15
            )
    idle = [row["id"] for row in traced["requirements"] if row["verdict"] == Verdict.NOT_APPLICABLE]
    if idle:
        yield ""
        yield f"Not applicable: their options were neither declared nor seen, or nobody claimed their guide ({len(idle)})"
        yield from textwrap.wrap(", ".join(idle), 110, initial_indent="  ", subsequent_indent="  ")
