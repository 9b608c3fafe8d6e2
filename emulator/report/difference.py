"""What differs between two sets of runs: findings and steps that came, went or changed, and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.verdict import Verdict, worst
from emulator.report.explain import exchange_line, headline, printable, whose
from emulator.report.identity import finding_key, step_key
from emulator.report.model import Report, run_name, runs_of
from emulator.report.released import labelled

_GRAVE: Final = ("error", "fail", "not_seen", "disputed", "warning")
"""Verdicts of findings, the gravest first."""
_FINE_STEPS: Final = frozenset({"passed", "skipped"})
_WORST_RUN: Final = ("error", "fail", "inconclusive", "pass", "skipped")
_SEEN: Final = frozenset({"pass"})


def difference(before: Report, after: Report) -> dict[str, Any]:
    """What came, went and changed from one report to another, as JSON.

    Findings are the same where scenario, case, step, operation, rule, requirements and place are: ids, moments and
    what was found differ in every run. `worse` tells whether anything came that should not have: a finding, a step that
    did not pass, a graver verdict. Only what both have run is compared; `runs` names the rest.
    """
    olds, news = _runs(before), _runs(after)
    both = [name for name in news if name in olds]
    old = _rows([run for name in both for run in olds[name]])
    new = _rows([run for name in both for run in news[name]])
    came = [row for key, row in new.items() if key not in old]
    went = [row for key, row in old.items() if key not in new]
    changed = [_change(old[key], row) for key, row in new.items() if key in old and _differ(old[key], row)]
    requirements = _requirements([r for n in both for r in olds[n]], [r for n in both for r in news[n]])
    runs = [
        {"run": name, "before": _verdict(olds[name]), "after": _verdict(news[name])}
        for name in both
        if _verdict(olds[name]) != _verdict(news[name])
    ]
    worse = (
        any("excused" not in row for row in came)
        or any(row["worse"] for row in changed)
        or any(row["worse"] for row in requirements)
        or any(_WORST_RUN.index(row["after"]) < _WORST_RUN.index(row["before"]) for row in runs)
    )
    return {
        "came": came,
        "went": went,
        "changed": changed,
        "requirements": requirements,
        "verdicts": runs,
        "runs": {
            "compared": len(both),
            "only_before": [name for name in olds if name not in news],
            "only_after": [name for name in news if name not in olds],
        },
        "worse": worse,
    }


def render(told: Mapping[str, Any], before: str, after: str) -> str:
    """The difference for people."""
    return "\n".join(_lines(told, before, after))


def _lines(told: Mapping[str, Any], before: str, after: str) -> Iterator[str]:
    yield f"from {before} to {after}: {told['runs']['compared']} run(s) in both"
    for name, words in (("only_before", "only in the first"), ("only_after", "only in the second")):
        if told["runs"][name]:
            yield f"  {words}, not compared: {', '.join(map(printable, told['runs'][name]))}"
    for name, sign in (("came", "+"), ("went", "-")):
        yield from _titled(name.title(), [line for row in told[name] for line in _row_lines(row, sign)], told[name])
    changed = [f"  ~ {row['what']} in {row['run']}: {_changes(row['changes'])}" for row in told["changed"]]
    yield from _titled("Changed", changed, told["changed"])
    rows = [f"  {row['id']:<12} {row['before']} -> {row['after']}" for row in told["requirements"]]
    yield from _titled("Requirements with another verdict", rows, rows)
    rows = [f"  {printable(row['run'])}: {row['before']} -> {row['after']}" for row in told["verdicts"]]
    yield from _titled("Runs with another verdict", rows, rows)
    yield ""
    same = not any(told[name] for name in ("came", "went", "changed", "requirements", "verdicts"))
    if not told["runs"]["compared"]:
        yield "nothing to compare: no run is in both"
    else:
        yield "the same" if same else "something came" if told["worse"] else "nothing came"


def _titled(title: str, lines: list[str], rows: list[Any]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title} ({len(rows)})"
        yield from lines


def _row_lines(row: Mapping[str, Any], sign: str) -> Iterator[str]:
    often = f" ({row['times']} times)" if row["times"] > 1 else ""
    excused = f" (excused: {row['excused']['owner']})" if "excused" in row else ""
    yield f"  {sign} {row['verdict']} {row['what']} in {row['run']}{often}{excused}"
    yield f"      {row['message']}"
    if row["blame"]:
        yield f"      whose: {whose(row['blame'])}"


def _changes(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_said(old)} -> {_said(new)}" for name, (old, new) in changes.items())


def _said(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _runs(report: Report) -> dict[str, list[Report]]:
    """The runs by name; a name may have several, where a capture holds them."""
    found: dict[str, list[Report]] = {}
    for run in runs_of(report):
        found.setdefault(run_name(run), []).append(run)
    return found


def _verdict(runs: list[Report]) -> str:
    verdicts = {str(run["verdict"]) for run in runs}
    return next(verdict for verdict in _WORST_RUN if verdict in verdicts)


def _rows(runs: list[Report]) -> dict[str, dict[str, Any]]:
    """Findings, and steps that did not pass, by what stays the same."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        for finding in run["findings"]:
            line = exchange_line(run, finding["exchange"])
            row = {
                "kind": "finding",
                "what": headline(run, finding),
                "rule": finding["rule"],
                "requirements": finding["requirements"],
                "pointer": finding["pointer"],
                "verdict": finding["verdict"],
                "blame": finding["blame"],
                "message": ": ".join(part for part in (line, printable(finding["message"])) if part),
                "run": run_name(run),
                **({"excused": finding["excused"]} if "excused" in finding else {}),
            }
            _keep(found, finding_key(run, finding), row)
        for step in run["steps"]:
            if step["outcome"] not in _FINE_STEPS:
                row = {
                    "kind": "step",
                    "what": f"step {step['id']}",
                    "verdict": step["outcome"],
                    "blame": step["blame"],
                    "message": printable(step["message"].partition("\n")[0]),
                    "run": run_name(run),
                    **({"excused": step["excused"]} if "excused" in step else {}),
                }
                _keep(found, step_key(run, step), row)
    return found


def _keep(found: dict[str, dict[str, Any]], key: str, row: dict[str, Any]) -> None:
    """The gravest of what is the same, with how often it was."""
    kept = found.get(key)
    if kept is None:
        found[key] = {**row, "times": 1}
        return
    graver = row["verdict"] in _GRAVE and _GRAVE.index(row["verdict"]) < _GRAVE.index(kept["verdict"])
    found[key] = {**(row if graver else kept), "times": kept["times"] + 1}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    excuse = row.get("excused")
    return {
        "verdict": row["verdict"],
        "blame": row["blame"],
        "excused": excuse and f"{excuse['owner']} until {excuse['expires']}",
    }


def _differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return _told(old) != _told(new)


def _change(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    before, after = _told(old), _told(new)
    graver = new["verdict"] != old["verdict"] and (
        new["verdict"] not in _GRAVE
        or old["verdict"] not in _GRAVE
        or _GRAVE.index(new["verdict"]) < _GRAVE.index(old["verdict"])
    )
    return {
        **new,
        "changes": {name: [before[name], after[name]] for name in before if before[name] != after[name]},
        "worse": "excused" not in new and (graver or "excused" in old),
    }


def _requirements(before: list[Report], after: list[Report]) -> list[dict[str, Any]]:
    """Requirements whose worst verdict in all runs is another one; worse: it passes no more, or is no longer seen."""
    old, new = _worst(before), _worst(after)
    rows = []
    for identifier, verdict in new.items():
        was = old.get(identifier, Verdict.NOT_SEEN)
        if was is not verdict:
            bad = verdict in (Verdict.FAIL, Verdict.ERROR) or was in _SEEN
            rows.append({"id": identifier, "before": str(was), "after": str(verdict), "worse": bad})
    return rows


def _worst(runs: list[Report]) -> dict[str, Verdict]:
    said: dict[str, set[Verdict]] = {}
    for run in runs:
        for row in run["requirements"]:
            said.setdefault(labelled(row, row["id"]), set()).add(Verdict(row["verdict"]))
    return {name: worst(verdicts - {Verdict.NOT_SEEN}) for name, verdicts in said.items()}
