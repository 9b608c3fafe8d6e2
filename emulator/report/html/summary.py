"""A run in ten seconds: the verdict in a sentence, whose the findings are, what to fix first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from emulator.report.model import Report

MOST: Final = 3
"""So many things are named to be fixed first."""

_GRAVE: Final = ("fail", "error", "disputed", "warning", "not_seen")
"""Verdicts of findings that count, the gravest first."""
_WHO: Final = ("buyer", "seller", "transport", "scenario", "inputs", "emulator", "spec", "nobody")
_STUCK: Final = ("unmet", "never_arrived", "error", "inconclusive")
_MEANINGS: Final = {
    "pass": "All that was asked for was seen, and nothing was wrong.",
    "inconclusive": "Something was not answered, never came or was not reached.",
    "skipped": "What it is there for, the partner declares not to have.",
    "error": "OIT, or the party that it plays, made a mistake: this says nothing of the partner.",
}


def summary(run: Report) -> dict[str, Any]:
    """`{sentence, blame[{who, tested, counts}], first[...]}`.

    An entry of `first` is about findings of one rule, `{kind: finding, finding, count, verdict, blame, rule,
    requirements, exchange, message, expected, found}`, `finding` counting from 1 in the report; or about a step,
    `{kind: step, step, verdict, blame, exchange, message, where}`; or about an entry of a file of known failures that
    excuses nothing any more, `{kind: known, id, verdict, blame, exchange, message, where}`. What is excused is not told.
    """
    return {"sentence": _sentence(run), "blame": list(_blame(run)), "first": _first(run)}


def _sentence(run: Report) -> str:
    if run["verdict"] != "fail":
        return _MEANINGS[run["verdict"]]
    breaches = [
        row for row in run["findings"] if row["verdict"] == "fail" and _decides(run, row["blame"]) and not _excused(row)
    ]
    steps = [row for row in run["steps"] if row["outcome"] == "unmet" and not _excused(row)]
    known = list(_of_known_failures(run))
    parts = []
    for who in dict.fromkeys(row["blame"] for row in breaches):
        mine = [row for row in breaches if row["blame"] == who]
        ways = _number(len({row["rule"] for row in mine}), "way", "ways")
        whose = f"The {who.title()} breaks" if who in _PARTIES else "Something breaks"
        parts.append(f"{whose} the standard in {ways} ({_number(len(mine), 'finding', 'findings')}).")
    if steps:
        parts.append(f"{_number(len(steps), 'step', 'steps')} of the scenario did not end as it asks.")
    if known:
        parts.append(f"{_number(len(known), 'known failure is', 'known failures are')} expired or happened no more.")
    return " ".join(parts) or "Something is wrong."


def _excused(row: Report) -> bool:
    """Whether a known failure excuses a finding or a step."""
    return row.get("excused") is not None


_PARTIES: Final = ("buyer", "seller")


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _decides(run: Report, blame: str) -> bool:
    """Whether a breach at this door decides the run: with a party under test, only its own."""
    sut = run["run"]["sut"]
    return sut is None or blame == sut


def _blame(run: Report) -> Iterator[dict[str, Any]]:
    counted: dict[str, Counter[str]] = {}
    for finding in run["findings"]:
        if finding["verdict"] in _GRAVE and not _excused(finding):
            counted.setdefault(finding["blame"], Counter())[finding["verdict"]] += 1
    for who in _WHO:
        if who in counted:
            counts = {verdict: counted[who][verdict] for verdict in _GRAVE if counted[who][verdict]}
            yield {"who": who, "tested": run["run"]["sut"] == who, "counts": counts}


def _first(run: Report) -> list[dict[str, Any]]:
    """What to fix first: breaches of the party under test, then what is our own, then what was not met or never came."""
    found = [*_of_findings(run), *_of_steps(run), *_of_known_failures(run)]
    found.sort(key=lambda entry: _rank(run, entry))
    return found[:MOST]


def _rank(run: Report, entry: dict[str, Any]) -> tuple[int, int, int]:
    order = {"fail": 0, "error": 1, "step": 2, "not_seen": 3, "disputed": 5, "warning": 4}
    kind = entry["verdict"] if entry["kind"] == "finding" else "step"
    others = not _decides(run, entry["blame"]) and entry["blame"] in _PARTIES
    return order[kind], int(others), entry["exchange"] or 0


def _of_findings(run: Report) -> Iterator[dict[str, Any]]:
    """Findings of one rule, verdict and blame are one thing to fix; the first of them stands for all."""
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for number, row in enumerate(run["findings"], 1):
        if row["verdict"] not in _GRAVE or _excused(row):
            continue
        key = row["rule"], row["verdict"], row["blame"]
        if key in groups:
            groups[key]["count"] += 1
            continue
        told = {name: row[name] for name in
                ("verdict", "blame", "rule", "requirements", "exchange", "message", "expected", "found")}  # fmt: skip
        groups[key] = {"kind": "finding", "finding": number, "count": 1, **told}
    yield from groups.values()


def _of_steps(run: Report) -> Iterator[dict[str, Any]]:
    """Steps that did not get what they wanted, where no breach says why."""
    explained = {row["exchange"] for row in run["findings"] if row["verdict"] in ("fail", "error", "not_seen")}
    for step in run["steps"]:
        if step["outcome"] not in _STUCK or _excused(step) or explained & set(step["exchanges"]):
            continue
        unmet = next((row for row in step["expectations"] if not row["met"]), None)
        said = step["message"].partition("\n")[0]
        if unmet is not None:
            said = (
                f"{said or 'not as the scenario asks'}: {unmet['pointer'] or unmet['what']} {unmet['message']}".strip()
            )
        yield {
            "kind": "step",
            "step": step["id"],
            "verdict": step["outcome"],
            "blame": step["blame"] or "",
            "exchange": step["exchanges"][-1] if step["exchanges"] else None,
            "message": said,
            "where": step["where"],
        }


def _of_known_failures(run: Report) -> Iterator[dict[str, Any]]:
    """Entries of a file of known failures that make a run fail: their time is over, or they happen no more."""
    says = {
        "expired": "it still happens, and was to be fixed by {expires} ({owner}: {reason})",
        "stale": "it happens no more: take the entry out ({owner}: {reason})",
    }
    for entry in run.get("known_failures", {}).get("entries", []):
        if entry["status"] in says:
            yield {
                "kind": "known",
                "id": entry["id"],
                "verdict": entry["status"],
                "blame": "",
                "exchange": None,
                "message": says[entry["status"]].format(**entry),
                "where": entry["where"],
            }
