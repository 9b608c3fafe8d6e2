"""What the judge can say of the rules that a run's findings bear, beyond what the catalogue says of every rule."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from emulator.errors import UserError
from emulator.judge.explanation import explain
from emulator.report.model import Report
from emulator.report.released import labelled, release_of
from emulator.standard.release import Release

MOST: Final = 2
"""Changes of an example that are shown."""

_WRONG: Final = ("fail", "warning", "disputed")


def explained(run: Report) -> dict[str, Any]:
    """By rule: `{changes[{exchange, half, pointer, right?, wrong?}], readings[{id, title, why, pin}]}`.

    `changes` are what makes the rule's own example wrong; `right` or `wrong` is not there where nothing stands. Readings
    are those of the interpretation register, and only of rules that found something disputed.
    """
    disputed = {labelled(row, row["rule"]) for row in run["findings"] if row["verdict"] == "disputed"}
    rules = {labelled(row, row["rule"]): row for row in run["findings"] if row["verdict"] in _WRONG}
    told = {name: _explanation(release_of(run, row), row["rule"]) for name, row in rules.items()}
    return {
        rule: {"changes": each["changes"], "readings": each["readings"] if rule in disputed else []}
        for rule, each in told.items()
        if each["changes"] or rule in disputed
    }


@lru_cache(maxsize=1_000)
def _explanation(release: Release, rule: str) -> dict[str, Any]:
    try:
        told = explain(release, rule)
    except UserError:  # of a newer version, or of somebody's own
        return {"changes": [], "readings": []}
    examples = [example for example in told.get("examples", []) if example["rule"] == rule and example["changed"]]
    names = ("exchange", "half", "pointer", "right", "wrong")
    changes = [
        {name: change[name] for name in names if name in change}
        for example in examples[:1]
        for change in example["changed"][:MOST]
    ]
    readings = [
        {name: entry[name] for name in ("id", "title", "why", "pin")} for entry in told.get("interpretations", [])
    ]
    return {"changes": changes, "readings": readings}
