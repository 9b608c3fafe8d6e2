"""An upgrade that was rehearsed: what was seen on each side, and what of it the other release changes. As values, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator import __version__
from emulator.judge.verdict import RunVerdict, Verdict
from emulator.record.exchange import Exchange
from emulator.report.masking import clean_text
from emulator.report.model import Report
from emulator.standard.comparing.alterations import spoken
from emulator.standard.comparing.clauses import ClauseChange, Fate, compare_clauses
from emulator.standard.comparing.functions import compare_contracts, entries_of, moved_paths
from emulator.standard.comparing.touching import End, Found, TouchedChange, Touching, gathered_touches
from emulator.standard.release import Release
from emulator.standard.requirement import Requirement

REHEARSAL_VERSION: Final = "1"
"""Changes when a reader of `rehearsal.json` must change."""
_UNSEEN: Final = frozenset({str(Verdict.NOT_SEEN), str(Verdict.NOT_APPLICABLE)})
_MOST_TOUCHES: Final = 200
"""Touches of one change that the JSON has; those that are shown first."""


@dataclass(frozen=True, slots=True)
class StagedSide:
    """An act in one release. Without a `report` it was not played there, and `why` says why not."""

    release: str
    report: Report | None
    exchanges: Sequence[Exchange] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """A scenario in both releases; of recorded traffic, which is of the old one, there is no `new` side."""

    name: str
    title: str
    old: StagedSide
    new: StagedSide | None

    def sides(self) -> Iterator[tuple[End, StagedSide]]:
        """The sides that it has."""
        yield End.OLD, self.old
        if self.new is not None:
            yield End.NEW, self.new


@dataclass(frozen=True, slots=True)
class SeenClause:
    """A clause that was seen, by the verdict on each side, and what becomes of it; "" where it was not seen there."""

    change: ClauseChange
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class FunctionRehearsed:
    """A function that the acts use.

    `changes` are those that they touch; `total` is how many there are in all. `generic` are the releases
    in which no book of rules judges it; `catalogued`: the clauses of both are known.
    """

    api: str
    title: str
    changes: tuple[TouchedChange, ...]
    total: int
    clauses: tuple[SeenClause, ...]
    generic: tuple[str, ...]
    catalogued: bool

    @property
    def breaking(self) -> int:
        """How many of them break somebody."""
        return sum(bool(each.change.breaks) for each in self.changes)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The whole of it."""

    old: Release
    new: Release
    acts: tuple[Staged, ...]
    functions: tuple[FunctionRehearsed, ...]

    @property
    def breaking(self) -> int:
        """How many changes that are touched break somebody."""
        return sum(each.breaking for each in self.functions)

    @property
    def whole(self) -> bool:
        """Whether everything was played where it could be, and passed."""
        sides = [side for act in self.acts if act.new is not None for _, side in act.sides()]
        return all(side.report is not None and side.report["verdict"] == RunVerdict.PASS for side in sides)


def rehearsed(old: Release, new: Release, acts: Sequence[Staged]) -> Rehearsal:
    """What the acts touch, function by function in the order of a purchase."""
    touching, found, told = Touching(old, new), dict[str, list[Found]](), set[ClauseChange]()
    for number, act in enumerate(acts):
        for end, side in act.sides():
            for exchange in side.exchanges:
                if exchange.api is not None and not exchange.authorizes:
                    found.setdefault(exchange.api, []).extend(touching.of(exchange, end, number))
    functions = [
        _function(old, new, api, found[api], tuple(_clauses(old, new, api, acts, told)))
        for api in dict.fromkeys([*old.apis, *new.apis])
        if api in found
    ]
    return Rehearsal(old, new, tuple(acts), tuple(functions))


def _function(
    old: Release, new: Release, api: str, found: Sequence[Found], clauses: tuple[SeenClause, ...]
) -> FunctionRehearsed:
    return FunctionRehearsed(
        api,
        {**old.titles, **new.titles}.get(api, api),
        tuple(sorted(gathered_touches(found), key=lambda each: (not each.change.breaks, not each.shown))),
        _total(old, new, api),
        clauses,
        generic=tuple(each.name for each in (old, new) if api in each.apis and api not in each.books),
        catalogued=api in old.catalogues and api in new.catalogues,
    )


def _total(old: Release, new: Release, api: str) -> int:
    """How many changes the contracts of a function have in all."""
    moved = moved_paths(entries_of(old, api), entries_of(new, api))
    return len([*moved, *compare_contracts(old, new, api)])


def _clauses(
    old: Release, new: Release, api: str, acts: Sequence[Staged], told: set[ClauseChange]
) -> Iterator[SeenClause]:
    """The clauses of a function of which something was seen and that are not the same: gone, new, in place of others …

    What is new and binds every message (`aspect`) is among them, whatever was seen. Of a guide of several functions each is told once.
    """
    seen = {end: _seen(acts, end) for end in End}
    for change in compare_clauses(old, new, api):
        if (known := replace(change, api="")) in told:
            continue
        told.add(known)
        left, right = _verdict(seen[End.OLD], change.old), _verdict(seen[End.NEW], change.new)
        always = change.fate is Fate.NEW and change.new is not None and change.new.aspect is not None
        if change.fate is not Fate.SAME and (left or right or always):
            yield SeenClause(change, left, right)


def _verdict(seen: dict[str, str], clause: Requirement | None) -> str:
    return seen.get(clause.id, "") if clause else ""


def _seen(acts: Sequence[Staged], end: End) -> dict[str, str]:
    """The gravest that was said of each clause on a side, of those of which something was seen."""
    order = [str(each) for each in Verdict]
    told: dict[str, set[str]] = {}
    for act in acts:
        for where, side in act.sides():
            for row in side.report["requirements"] if where is end and side.report else ():
                if row["verdict"] not in _UNSEEN and not row.get("release"):
                    told.setdefault(row["id"], set()).add(row["verdict"])
    grave = [str(each) for each in (Verdict.FAIL, Verdict.DISPUTED, Verdict.WARNING)]
    rank = {word: number for number, word in enumerate([*grave, *order])}
    return {name: min(words, key=lambda word: rank.get(word, len(rank))) for name, words in told.items()}


# -- JSON ------------------------------------------------------------------------------------------


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """All of it as plain JSON, without secrets."""
    return {
        "rehearsal_version": REHEARSAL_VERSION,
        "tool": {"name": "oit", "version": __version__},
        "from": rehearsal.old.name,
        "to": rehearsal.new.name,
        "breaking": rehearsal.breaking,
        "acts": [_act_json(act) for act in rehearsal.acts],
        "functions": [_function_json(each, rehearsal) for each in rehearsal.functions],
    }


def _act_json(act: Staged) -> dict[str, Any]:
    return {
        "name": clean_text(act.name),
        "title": clean_text(act.title),
        "what": "scenario" if act.new is not None else "traffic",
        "steps": [{"id": step, **{str(end): rows for end, rows in calls.items()}} for step, calls in steps_of(act)],
        **{str(end): _side_json(side) for end, side in act.sides()},
    }


def _side_json(side: StagedSide) -> dict[str, Any]:
    if side.report is None:
        return {"release": side.release, "played": False, "why": clean_text(side.why)}
    return {
        "release": side.release,
        "played": True,
        "verdict": side.report["verdict"],
        "file": side.report["run"].get("file"),
        "events": dict(events_of(side)),
        "findings": side.report["findings"],
        "exchanges": side.report["exchanges"],
        "unattributed": side.report.get("unattributed", []),
    }


def steps_of(act: Staged) -> list[tuple[str, dict[End, list[int]]]]:
    """The steps of a scenario, and the exchanges of each on both sides; "" are those of no step."""
    steps: dict[str, dict[End, list[int]]] = {}
    for end, side in act.sides():
        for step in side.report["steps"] if side.report else ():
            steps.setdefault(step["id"], {})[end] = list(step["exchanges"])
        met = {n for calls in steps.values() for n in calls.get(end, ())}
        if rest := [each["n"] for each in (side.report["exchanges"] if side.report else ()) if each["n"] not in met]:
            steps.setdefault("", {})[end] = rest
    last = steps.pop("", None)
    return [*steps.items(), *([("", last)] if last else [])]


def events_of(side: StagedSide) -> Counter[str]:
    """How often each event was told, by the operation that hears it."""
    return Counter(each.operation for each in side.exchanges if each.kind == "notification" and each.operation)


def _function_json(function: FunctionRehearsed, rehearsal: Rehearsal) -> dict[str, Any]:
    old, new = (entries_of(each, function.api) for each in (rehearsal.old, rehearsal.new))
    return {
        "api": function.api,
        "title": function.title,
        "from": {kind: {"version": each.version, "base_path": each.base_path} for kind, each in old.items()},
        "to": {kind: {"version": each.version, "base_path": each.base_path} for kind, each in new.items()},
        "generic": list(function.generic),
        "clauses_known": function.catalogued,
        "differences": function.total,
        "touched": len(function.changes),
        "breaking": function.breaking,
        "changes": [_touched_json(each) for each in function.changes],
        "clauses": [_clause_json(each) for each in function.clauses],
    }


def _touched_json(touched: TouchedChange) -> dict[str, Any]:
    change = touched.change
    rows = sorted(touched.touches, key=lambda each: not each.shown)
    return {
        "contract": change.contract,
        "change": change.what.value,
        "at": change.where,
        "place": spoken(change.where),
        "old": change.old,
        "new": change.new,
        "message": change.words,
        "breaks": [{"stays": party.value, "because": why} for party, why in change.breaks],
        "shown": touched.shown,
        "touches": len(rows),
        "examples": [
            {
                "act": touch.act,
                "side": str(touch.end),
                "exchange": touch.exchange,
                "operation": touch.operation,
                "part": str(touch.part),
                "pointer": touch.pointer,
                "shown": touch.shown,
            }
            for touch in rows[:_MOST_TOUCHES]
        ],
    }


def _clause_json(seen: SeenClause) -> dict[str, Any]:
    change = seen.change
    either = change.new or change.old
    return {
        "fate": str(change.fate),
        "from": change.old.id if change.old else None,
        "to": change.new.id if change.new else None,
        "title": either.title if either else "",
        "why": change.why,
        "seen": {"from": seen.old or None, "to": seen.new or None},
        "binds": {
            end: {"keyword": str(each.keyword), "side": str(each.side)}
            for end, each in (("from", change.old), ("to", change.new))
            if each
        },
    }
