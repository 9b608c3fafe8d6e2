"""Known failures: findings and steps that a file excuses until a day, and what that file has to say after the runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from emulator.errors import FileProblem, suggestion
from emulator.judge.explanation import requirements_of_rules
from emulator.plain_yaml import load_located
from emulator.report.released import release_of
from emulator.standard.release import Release
from emulator.standard.strict import Mistake, Text, read_located

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
        """Whether a finding is of its rule or requirement, at its place; its ids are those of the run's release."""
        place = self.pointer is None or fnmatchcase(finding["pointer"], self.pointer)
        named = finding["requirements"] if self.what is What.REQUIREMENT else [finding["rule"]]
        return self.what is not What.STEP and place and self.id in named and not finding.get("release")

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
    named = (entry.id,) if entry.what is What.REQUIREMENT else requirements_of_rules(release_of(run)).get(entry.id, ())
    if named:
        judged = [row["verdict"] for row in run["requirements"] if row["id"] in named and not row.get("release")]
        return any(verdict not in ("not_seen", "not_applicable") for verdict in judged)
    whole = all(step["outcome"] not in ("blocked", "inconclusive", "error") for step in run["steps"])
    return whole and run["verdict"] in ("pass", "fail") and any("response" in row for row in run["exchanges"])


# -- reading the file ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownRow:
    """An entry as its file has it: it names one of `requirement`, `rule` and `step`."""

    scenario: Text
    owner: Text
    reason: Text
    expires: Text
    requirement: Text | None = None
    rule: Text | None = None
    step: Text | None = None
    case: str | None = None
    operation: Text | None = None
    pointer: str | None = None
    link: Text | None = None

    def named(self) -> dict[What, str]:
        """What it names, by what that is."""
        names = {What.REQUIREMENT: self.requirement, What.RULE: self.rule, What.STEP: self.step}
        return {what: name for what, name in names.items() if name is not None}

    def made(self, where: str) -> KnownFailure:
        """The entry, of an entry that is right."""
        ((what, name),) = self.named().items()
        return KnownFailure(
            what=what,
            id=_spelt(what, name),
            scenario=self.scenario,
            case=self.case,
            operation=self.operation,
            pointer=self.pointer,
            owner=self.owner,
            reason=self.reason,
            link=self.link,
            expires=date.fromisoformat(self.expires),
            where=where,
        )


@dataclass(frozen=True, slots=True)
class KnownFile:
    """The whole file."""

    oit: Literal["1"]
    known: tuple[KnownRow, ...]


def load_known(path: Path, today: date, release: Release) -> Known:
    """Read a file of known failures, of runs in a release. FileProblem with `file:line:col` of everything that is wrong in it."""
    located = load_located(path)
    if located.value is None:
        raise FileProblem([f"{path}:1:1: the file of known failures is empty"])
    file: KnownFile = read_located(KnownFile, located, lambda file: _wrong(file, release))
    entries = [row.made(located.where(f"/known/{index}")) for index, row in enumerate(file.known)]
    return Known(str(path), tuple(entries), today)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a file of known failures."""
    loaded: dict[str, Any] = json.loads(files("emulator.report").joinpath("known-failures-1.schema.json").read_bytes())
    return loaded


def _wrong(file: KnownFile, release: Release) -> Iterator[Mistake]:
    for index, row in enumerate(file.known):
        place = f"/known/{index}"
        if len(row.named()) != 1:
            yield Mistake(place, f"a known failure names exactly one of {', '.join(What)}")
        for what, name in row.named().items():
            yield from _unknown(what, name, f"{place}/{what}", release)
        if row.step is not None and row.pointer is not None:
            yield Mistake(f"{place}/pointer", "a step has no 'pointer'; its findings have", key=True)
        if not _DAY.fullmatch(row.expires):
            yield Mistake(f"{place}/expires", f"{row.expires!r:.60} is no day: write 2026-12-31")
        elif not _is_day(row.expires):
            yield Mistake(f"{place}/expires", f"there is no day {row.expires}")


def _unknown(what: What, name: str, place: str, release: Release) -> Iterator[Mistake]:
    """That there is no such requirement or rule; steps are the scenario's."""
    known: Iterable[str] = requirements_of_rules(release) if what is What.RULE else release.numbered
    if what is not What.STEP and _spelt(what, name) not in known:
        near = suggestion(_spelt(what, name), known)
        meant = f"Did you mean '{near}'?" if near else "`oit rules` lists them."
        yield Mistake(place, f"there is no {what} '{name}'. {meant}")


def _spelt(what: What, name: str) -> str:
    """The name as we spell it."""
    return name.replace(":", "-") if what is What.REQUIREMENT else name


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
