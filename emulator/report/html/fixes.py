"""What is wrong in a set of runs, by cause: what one mistake brought about many times is one thing to mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.judge.hints import hints
from emulator.report.advice import cause_key, step_remedy
from emulator.report.model import Report, runs_of
from emulator.report.released import labelled, release_of
from emulator.report.whose import roles_of

GRAVE: Final = ("fail", "error", "disputed", "warning", "not_seen")
"""Verdicts of findings that count, the gravest first."""
PARTIES: Final = ("buyer", "seller")
MOST_PLACES: Final = 500
"""Places of one cause that are named; `count` knows of all."""

_STUCK: Final = ("unmet", "never_arrived", "error", "inconclusive")
_RANKS: Final = {"fail": 0, "error": 1, "step": 2, "not_seen": 3, "warning": 4, "disputed": 5}
_KNOWN_CAUSES: Final = frozenset({"credentials", "load", "transport", "interrupted", "no_api", "unsupported", "data"})
"""Causes of steps that are one thing in every scenario, as `cause_key` has it."""
_OWN: Final = re.compile(r"\S*[0-9]\S*")
"""Ids, times and numbers in a message: those of one run."""
_INDEX: Final = re.compile(r"/[0-9]+(?=/|$)")
_KNOWN: Final = {
    "expired": "it still happens, and was to be fixed by {expires} ({owner}: {reason})",
    "stale": "it happens no more: take the entry out ({owner}: {reason})",
}

Cause = dict[str, Any]


def to_fix(whole: Report) -> list[Cause]:
    """What is to be mended in a report of one run or several, the gravest and most frequent first; not what is excused.

    Each has `{kind, verdict, blame, message, operations[], count, runs, exchange, where, places[{run, exchange, ...}]}`:
    `count` findings or steps in so many `runs`; a place names its run, from 1, and with `kind: finding` the number of
    the `finding` in that run's report, with `kind: step` the `step`.

    `kind: finding` are findings of one rule, verdict, blame and pointer, with `*` for indexes of arrays, and has
    `{finding, rule, requirements, pointer, expected, found, varies}` of the first; `varies` where others found other
    values. `kind: step` are steps that did not get what they wanted where no breach says why, with `{step, cause, do}`.
    `kind: known` is an entry of a file of known failures that excuses nothing any more, with its `id`.
    """
    groups: dict[Any, _Group] = {}
    for number, run in enumerate(runs_of(whole), 1):
        for key, about, place in (*_findings(run), *_steps(run)):
            group = groups.setdefault(key, _Group(about))
            group.add(about, {"run": number, **place}, decides=decides(run, about["blame"]))
    ranked = sorted(groups.values(), key=_Group.rank)
    return _in_order([*(group.as_json() for group in ranked), *expired_or_stale(whole)])


def _in_order(found: list[Cause]) -> list[Cause]:
    """Entries of known failures stand with the steps, before what only was not seen."""
    return sorted(found, key=lambda cause: _RANKS.get(cause["verdict"] if cause["kind"] == "finding" else "step", 0))


def pattern(pointer: str) -> str:
    """A JSON Pointer with `*` for each index of an array; what is no pointer stays as it is."""
    return _INDEX.sub("/*", pointer) if pointer.startswith("/") else pointer


def is_excused(row: Report) -> bool:
    """Whether a known failure excuses a finding or a step."""
    return row.get("excused") is not None


def decides(run: Report, blame: str) -> bool:
    """Whether a breach at this door decides the run: with parties under test, only theirs."""
    tested = roles_of(run).tested
    return not tested or blame in tested


def stuck_steps(run: Report) -> Iterator[Report]:
    """Steps that did not get what they wanted, and are not excused."""
    return (step for step in run["steps"] if step["outcome"] in _STUCK and not is_excused(step))


def expired_or_stale(whole: Report) -> Iterator[Cause]:
    """Entries of a file of known failures that make runs fail: their time is over, or they happen no more."""
    for entry in whole.get("known_failures", {}).get("entries", []):
        if entry["status"] in _KNOWN:
            yield {
                "kind": "known",
                "id": entry["id"],
                "verdict": entry["status"],
                "blame": "",
                "message": _KNOWN[entry["status"]].format(**entry),
                "operations": [],
                "count": 1,
                "runs": 0,
                "exchange": None,
                "where": entry["where"],
                "places": [],
            }


@dataclass(slots=True)
class _Group:
    """What is of one cause; `about` is the first of it, with its `pointer` as it was."""

    about: Cause
    count: int = 0
    decides: bool = False
    varies: bool = False
    runs: set[int] = field(default_factory=set)
    operations: dict[str, None] = field(default_factory=dict)
    pointers: set[str] = field(default_factory=set)
    places: list[Cause] = field(default_factory=list)

    def add(self, about: Cause, place: Cause, *, decides: bool) -> None:
        """One more of the cause, seen at a place."""
        self.count += 1
        self.decides |= decides
        self.varies |= any(about.get(name) != self.about.get(name) for name in ("expected", "found"))
        self.runs.add(place["run"])
        self.pointers.add(about.get("pointer", ""))
        if about["operation"]:
            self.operations[about["operation"]] = None
        if len(self.places) < MOST_PLACES:
            self.places.append(place)

    def rank(self) -> tuple[bool, int, int, int]:
        """Of one verdict: what decides, then what is in most runs, then what came first."""
        others = not self.decides and self.about["blame"] in PARTIES
        return others, -len(self.runs), self.places[0]["run"], self.about["exchange"] or 0

    def as_json(self) -> Cause:
        """The cause, as `causes` has it."""
        told = {name: value for name, value in self.about.items() if name != "operation"}
        more = {"operations": list(self.operations), "count": self.count, "runs": len(self.runs), "places": self.places}
        if told["kind"] == "finding":
            place = pattern(told["pointer"])
            if len(self.pointers) > 1 and told["pointer"]:
                told["message"] = told["message"].replace(told["pointer"], place)
            more |= {"pointer": place if len(self.pointers) > 1 else told["pointer"], "varies": self.varies}
        return {**told, **more}


_Found = tuple[Any, Cause, Cause]
"""What is of one cause with each other, what it is, and where."""


def _findings(run: Report) -> Iterator[_Found]:
    operations = {row["n"]: row["operation"] for row in run["exchanges"]}
    names = ("verdict", "blame", "rule", "requirements", "exchange", "pointer", "message", "expected", "found")
    for number, row in enumerate(run["findings"], 1):
        if row["verdict"] in GRAVE and not is_excused(row):
            about = {"kind": "finding", "finding": number, "where": "", "asks": list(hints(release_of(run, row), row))}
            about |= {name: row[name] for name in names}
            about |= {"rule": labelled(row, row["rule"])}
            about |= {"requirements": [labelled(row, each) for each in row["requirements"]]}
            key = ("finding", about["rule"], row["verdict"], row["blame"], pattern(row["pointer"]))
            place = {"exchange": row["exchange"], "finding": number}
            yield key, {**about, "operation": operations.get(row["exchange"])}, place


def _steps(run: Report) -> Iterator[_Found]:
    """Steps that did not get what they wanted, where no breach says why."""
    explained = {row["exchange"] for row in run["findings"] if row["verdict"] in ("fail", "error", "not_seen")}
    for step in stuck_steps(run):
        if explained & set(step["exchanges"]):
            continue
        about = {
            "kind": "step",
            "step": step["id"],
            "verdict": step["outcome"],
            "cause": step["cause"],
            "blame": step["blame"] or "",
            "exchange": step["exchanges"][-1] if step["exchanges"] else None,
            "message": _said(step),
            "where": step["where"],
            "do": step_remedy(run, step),
            "operation": step["operation"],
        }
        narrow = (step["operation"], _OWN.sub("#", about["message"]), about["blame"])
        same = cause_key(run, step) if about["cause"] in _KNOWN_CAUSES else (about["cause"], *narrow)
        key = ("step", step["outcome"], *same)
        yield key, about, {"exchange": about["exchange"], "step": step["id"]}


def _said(step: Report) -> str:
    said: str = step["message"].partition("\n")[0]
    unmet = next((row for row in step["expectations"] if not row["met"]), None)
    more = "" if unmet is None else f"{unmet['pointer'] or unmet['what']} {unmet['message']}".strip()
    if not more or (unmet and unmet["pointer"] and unmet["pointer"] in said):
        return said
    return f"{said or 'not as the scenario asks'}: {more}"
