"""Known failures: findings and steps that a file excuses until a day, and what that file has to say after the runs."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.judge.explanation import requirements_of_rules
from emulator.plain_yaml import Located, load_located
from emulator.scenario.schema import problems_by
from emulator.standard.requirement import load_requirements

Json = dict[str, Any]

EXCUSABLE: Final = frozenset({"fail", "warning", "disputed", "not_seen"})
"""Verdicts of findings that can be excused; an error of ours cannot."""
STEPS: Final = frozenset({"unmet", "never_arrived", "inconclusive"})
"""Outcomes of steps that can be excused; with one of them, the steps that it blocked."""


class What(StrEnum):
    """What an entry names."""

    REQUIREMENT = "requirement"  # findings that hurt it
    RULE = "rule"  # its findings
    STEP = "step"  # the step itself, whatever made it fail


class Status(StrEnum):
    """What became of an entry in a set of runs."""

    EXCUSED = "excused"  # it happened, and is excused
    EXPIRED = "expired"  # it happened, and its day is over
    STALE = "stale"  # its scenario was run and judged there, and it did not happen
    UNTRIED = "untried"  # nothing can be said: what it is about was not run, or not reached


FAILING: Final = frozenset({Status.EXPIRED, Status.STALE})


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One entry. `scenario`, `case` and `pointer` are patterns; None matches all. `where` is `file:line:col`."""

    what: What
    id: str
    scenario: str
    owner: str
    reason: str
    expires: date
    where: str
    case: str | None = None
    operation: str | None = None
    pointer: str | None = None
    link: str | None = None

    def is_about(self, run: Mapping[str, Any]) -> bool:
        """Whether this is one of its scenarios and cases; `run` is the report's `run`."""
        case = self.case is None or fnmatchcase(run["case"] or "", self.case)
        return case and fnmatchcase(run["scenario"], self.scenario)

    def is_operation(self, exchange: Mapping[str, Any] | None) -> bool:
        """Whether it says nothing of operations, or names that of this exchange."""
        if self.operation is None:
            return True
        return exchange is not None and self.operation in (
            exchange["operation"],
            f"{exchange['api']}.{exchange['operation']}",
        )

    def names(self, finding: Mapping[str, Any]) -> bool:
        """Whether a finding is of its rule or requirement, at its place."""
        place = self.pointer is None or fnmatchcase(finding["pointer"], self.pointer)
        named = finding["requirements"] if self.what is What.REQUIREMENT else [finding["rule"]]
        return self.what is not What.STEP and place and self.id in named

    def names_step(self, step: Mapping[str, Any]) -> bool:
        """Whether it names this step."""
        return self.what is What.STEP and fnmatchcase(step["id"], self.id)

    def as_json(self) -> Json:
        """The entry as a report shows it."""
        return {
            "what": str(self.what),
            "id": self.id,
            "scenario": self.scenario,
            "case": self.case,
            "operation": self.operation,
            "pointer": self.pointer,
            "owner": self.owner,
            "reason": self.reason,
            "link": self.link,
            "expires": self.expires.isoformat(),
            "where": self.where,
        }

    def excuse(self) -> Json:
        """What a finding bears that it excuses."""
        return {
            "owner": self.owner,
            "reason": self.reason,
            "link": self.link,
            "expires": self.expires.isoformat(),
            "where": self.where,
        }


@dataclass(frozen=True, slots=True)
class Known:
    """The entries of a file, on a day. `partial`: runs were cut short, so that nothing can be said of what did not happen."""

    file: str
    entries: tuple[KnownFailure, ...]
    today: date
    partial: bool = False

    def has_expired(self, entry: KnownFailure) -> bool:
        """Whether its last day is over."""
        return entry.expires < self.today

    def matching(self, run: Mapping[str, Any], finding: Mapping[str, Any]) -> Iterator[KnownFailure]:
        """The entries that a finding of a run is known by; `run` is a whole run's report."""
        if finding["verdict"] not in EXCUSABLE:
            return
        exchange = _exchange(run, finding["exchange"])
        for entry in self.entries:
            if entry.names(finding) and entry.is_about(run["run"]) and entry.is_operation(exchange):
                yield entry

    def matching_step(self, run: Mapping[str, Any], step: Mapping[str, Any]) -> Iterator[KnownFailure]:
        """The entries that a step is known by which did not pass."""
        if step["outcome"] not in STEPS:
            return
        exchange = _exchange(run, step["exchanges"][-1]) if step["exchanges"] else None
        for entry in self.entries:
            if entry.names_step(step) and entry.is_about(run["run"]) and entry.is_operation(exchange):
                yield entry

    def excuse(self, run: Json) -> None:
        """Mark what is excused in a run's report: findings and steps get a member `excused`.

        A step that failed only for what an excused finding says is excused with it; so are the steps that an
        excused one blocked.
        """
        for finding in run["findings"]:
            if entry := self._living(self.matching(run, finding)):
                finding["excused"] = entry.excuse()
        excused: Json | None = None
        for step in run["steps"]:
            if entry := self._living(self.matching_step(run, step)):
                step["excused"] = entry.excuse()
            elif finding := _explaining(run, step):
                step["excused"] = finding["excused"]
            elif step["outcome"] == "blocked" and excused:
                step["excused"] = excused
            excused = step.get("excused", excused)

    def account(self, runs: Sequence[Json]) -> Json:
        """What became of each entry in these runs: the report's `known_failures`."""
        return {"file": self.file, "entries": [self._account(entry, runs) for entry in self.entries]}

    def _account(self, entry: KnownFailure, runs: Sequence[Json]) -> Json:
        mine = [run for run in runs if entry.is_about(run["run"])]
        times = sum(
            sum(entry in self.matching(run, finding) for finding in run["findings"])
            + sum(entry in self.matching_step(run, step) for step in run["steps"])
            for run in mine
        )
        if times:
            status = Status.EXPIRED if self.has_expired(entry) else Status.EXCUSED
        else:
            tried = not self.partial and any(_tried(entry, run) for run in mine)
            status = Status.STALE if tried else Status.UNTRIED
        return {**entry.as_json(), "status": str(status), "times": times}

    def _living(self, entries: Iterable[KnownFailure]) -> KnownFailure | None:
        return next((entry for entry in entries if not self.has_expired(entry)), None)


def fails(account: Mapping[str, Any] | None) -> bool:
    """Whether a file of known failures fails the runs: something in it has expired, or no longer happens."""
    return account is not None and any(entry["status"] in FAILING for entry in account["entries"])


def _exchange(run: Mapping[str, Any], n: int | None) -> Mapping[str, Any] | None:
    return next((row for row in run["exchanges"] if row["n"] == n), None) if n is not None else None


def _explaining(run: Mapping[str, Any], step: Mapping[str, Any]) -> Json | None:
    """An excused finding that says all that a step failed for: its status, or each of its unmet expectations."""
    if step["outcome"] != "unmet" or not step["exchanges"]:
        return None
    last = step["exchanges"][-1]
    known: list[Json] = [row for row in run["findings"] if row["exchange"] == last and "excused" in row]
    unmet = [each["pointer"] for each in step["expectations"] if not each["met"]]
    if unmet:
        places = {row["pointer"]: row for row in known}
        return places[unmet[0]] if all(place in places for place in unmet) else None
    return next((row for row in known if step["status"] is not None and row["found"] == step["status"]), None)


def _tried(entry: KnownFailure, run: Mapping[str, Any]) -> bool:
    """Whether a run would have shown the failure, had it still happened."""
    if entry.operation and not any(entry.is_operation(exchange) for exchange in run["exchanges"]):
        return False
    if entry.what is What.STEP:
        return any(entry.names_step(step) and step["outcome"] == "passed" for step in run["steps"])
    named = (entry.id,) if entry.what is What.REQUIREMENT else requirements_of_rules().get(entry.id, ())
    if named:
        judged = [row["verdict"] for row in run["requirements"] if row["id"] in named]
        return any(verdict not in ("not_seen", "not_applicable") for verdict in judged)
    whole = all(step["outcome"] not in ("blocked", "inconclusive", "error") for step in run["steps"])
    return whole and run["verdict"] in ("pass", "fail") and any("response" in row for row in run["exchanges"])


# -- reading the file ------------------------------------------------------------------------------


def load_known(path: Path, today: date) -> Known:
    """Read a file of known failures. FileProblem with `file:line:col` of everything that is wrong in it."""
    located = load_located(path)
    if located.value is None:
        raise FileProblem([f"{path}:1:1: the file of known failures is empty"])
    from jsonschema import Draft7Validator  # noqa: PLC0415 - slow to load, and few runs have such a file

    problems = [
        f"{where}: {problem}" for where, problem in problems_by(Draft7Validator(schema()), located, located.value)
    ]
    if problems:
        raise FileProblem(problems)
    rows = located.value["known"]
    entries = [_entry(located, f"/known/{index}", row, problems) for index, row in enumerate(rows)]
    if problems:
        raise FileProblem(problems)
    return Known(str(path), tuple(entry for entry in entries if entry), today)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a file of known failures."""
    loaded: dict[str, Any] = json.loads(files("emulator.report").joinpath("known-failures-1.schema.json").read_bytes())
    return loaded


def _entry(located: Located, place: str, row: Mapping[str, str], problems: list[str]) -> KnownFailure | None:
    what = next(what for what in What if what in row)
    name = row[what]
    if what is What.REQUIREMENT:
        name = name.replace(":", "-")
        _check(located, f"{place}/{what}", name, load_requirements(), "requirement", problems)
    elif what is What.RULE:
        _check(located, f"{place}/{what}", name, requirements_of_rules(), "rule", problems)
    if what is What.STEP and "pointer" in row:
        problems.append(f"{located.where(f'{place}/pointer', key=True)}: a step has no 'pointer'; its findings have")
    try:
        expires = date.fromisoformat(row["expires"])
    except ValueError:
        problems.append(f"{located.where(f'{place}/expires')}: there is no day {row['expires']}")
        return None
    return KnownFailure(
        what=what,
        id=name,
        scenario=row["scenario"],
        case=row.get("case"),
        operation=row.get("operation"),
        pointer=row.get("pointer"),
        owner=row["owner"],
        reason=row["reason"],
        link=row.get("link"),
        expires=expires,
        where=located.where(place),
    )


def _check(located: Located, place: str, name: str, known: Iterable[str], noun: str, problems: list[str]) -> None:
    if name in (names := list(known)):
        return
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else " `oit rules` lists them."
    problems.append(f"{located.where(place)}: there is no {noun} '{name}'.{hint}")
