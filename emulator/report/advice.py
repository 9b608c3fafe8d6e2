"""What to do now: the few things of a set of runs that are worth looking at first, each in three lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from emulator.errors import UserError
from emulator.judge.explanation import explain
from emulator.judge.hints import hints
from emulator.report.explain import clause, exchange_line, printable, told, wanted, whose
from emulator.report.model import Report, run_name
from emulator.standard.requirement import load_requirements

_RANKS: Final = ("error", "fail", "not_seen")
"""Verdicts of findings that are advised on, the first ones first."""
_STUCK: Final = ("error", "failed", "never_arrived", "inconclusive")
"""Outcomes of steps likewise."""
_BASE: Final = re.compile(r"(?:/r/[^/ ]+)?/mefApi/sonata/[^/ ]+/v[0-9]+(?=/)")
_QUERY: Final = re.compile(r"(\?[^ ]{40})[^ ]+")
_ROOT: Final = re.compile(r"https?://[^/?#]+")
_UNREACHED: Final = ("transport.unreachable", "transport.closed", "transport.timeout", "transport.unanswered")


@dataclass(slots=True)
class Advice:
    """One thing to look at. `look` is the id that `oit explain` knows, or empty; `runs` are the runs that have it."""

    broke: str
    whose: str
    do: str
    look: str
    where: str
    rank: int
    times: int = 0
    runs: list[str] = field(default_factory=list)


def advise(runs: Sequence[Report], most: int = 3) -> list[Advice]:
    """The things to look at first, excused ones left out: errors of ours, breaches, what was not seen.

    Of one rank, what stands in the way of most runs comes first, then what happened first.
    """
    found: dict[Any, Advice] = {}
    for run in runs:
        for key, advice in [*_findings(run), *_steps(run)]:
            kept = found.setdefault(key, advice)
            kept.times += 1
            if (name := run_name(run)) not in kept.runs:
                kept.runs.append(name)
    ranked = sorted(found.values(), key=lambda advice: (advice.rank, -len(advice.runs)))
    return ranked[:most]


def _findings(run: Report) -> Iterator[tuple[Any, Advice]]:
    sut = run["run"]["sut"]
    for row in run["findings"]:
        if row["verdict"] not in _RANKS or "excused" in row or row["rule"] in _UNREACHED:
            continue
        if "unattributed" in run and sut and row["blame"] in {"buyer", "seller"} - {sut}:
            continue  # told, and decides nothing
        line = _short(exchange_line(run, row["exchange"]))
        said = printable(row["message"]) or f"expected {wanted(row['expected'])}, found {told(row['found'])}"
        place = f"{line}: {said}" if line else said
        named = next(iter(row["requirements"]), None)
        by = f"{clause(named)}: {_title(named)}" if named else f"rule {row['rule']}{_about(row['rule'])}"
        yield (
            (row["rule"], tuple(row["requirements"])),
            Advice(
                broke=place,
                whose=f"{whose(row['blame'])}, by {by}",
                do=_remedy(row),
                look=named or row["rule"],
                where=_where(run, row["exchange"]),
                rank=_RANKS.index(row["verdict"]),
            ),
        )


def _steps(run: Report) -> Iterator[tuple[Any, Advice]]:
    """Steps that did not pass, but those that failed at an exchange which a finding speaks of."""
    known = {row["exchange"] for row in run["findings"] if row["verdict"] in ("fail", "error")}
    for step in run["steps"]:
        if step["outcome"] not in _STUCK or "excused" in step or known & set(step["exchanges"]):
            continue
        message = printable(step["message"].partition("\n")[0])
        yield (
            (run["run"]["scenario"], step["id"], step["outcome"]),
            Advice(
                broke=f"step {step['id']} {step['outcome'].replace('_', ' ')}: {message}",
                whose=whose(step["blame"]) if step["blame"] else "not known",
                do=_step_remedy(run, step),
                look="",
                where=step["where"],
                rank=(0, 1, 2, 2)[_STUCK.index(step["outcome"])],
            ),
        )


def _short(line: str | None) -> str:
    """An exchange without the base path, which its operation tells, and without most of its query."""
    line = _BASE.sub("", line or "")
    return _QUERY.sub(r"\1…", line)


def _where(run: Report, n: int | None) -> str:
    """The place in the scenario of the step that made an exchange."""
    return next((step["where"] for step in run["steps"] if n is not None and n in step["exchanges"]), "")


def _title(identifier: str) -> str:
    requirement = load_requirements().get(identifier)
    return requirement.title if requirement else identifier


def _remedy(row: Report) -> str:
    """What would put it right, and a question that leads there."""
    if row["blame"] == "emulator" or row["verdict"] == "error":
        return "report it, with the same command's output under OIT_DEBUG=1: the partner need not do anything"
    change = ""
    if row["pointer"] and row["expected"] is not None:
        change = f"have {printable(row['pointer'])} be {_choice(row['expected'])}"
    elif row["pointer"] and row["found"] is not None:
        change = f"look at {printable(row['pointer'])}, which is {told(row['found'])}"
    elif isinstance(row["found"], int) and row["expected"] is not None:
        change = f"answer {_choice(row['expected'])} in place of {row['found']}"
    elif row["expected"] is not None:
        found = "nothing" if row["found"] is None else told(row["found"])
        change = f"expected {_choice(row['expected'])}, found {found}"
    asked = next(iter(hints(row)), "")
    return ". ".join(part for part in (change, asked) if part) or "see what the rule asks"


def _choice(expected: Any) -> str:
    return " or ".join(map(told, expected)) if isinstance(expected, list) and expected else wanted(expected)


@cache
def _about(rule: str) -> str:
    """What a rule without requirement looks at."""
    try:
        about = " ".join(str(explain(rule).get("about", "")).split())
    except UserError:
        about = ""
    return f": {about}" if about else ""


def _step_remedy(run: Report, step: Report) -> str:
    if step["blame"] == "scenario":
        return f"mend the scenario at {step['where']}" if step["where"] else "mend the scenario"
    if step["blame"] == "transport":
        exchange = next((row for row in run["exchanges"] if row["n"] in step["exchanges"][-1:]), None)
        kind = exchange["fault"]["kind"] if exchange and "fault" in exchange else ""
        if kind == "timeout":
            return "see why the answer takes that long, or grant it more with --timeout"
        root = _ROOT.match(exchange["request"]["url"]) if exchange else None
        return f"see whether the other side can be reached at all: oit doctor --sut seller={root[0] if root else 'URL'}"
    if step["outcome"] == "never_arrived":
        return "see whether the callback can be reached from where the partner is (--callback), and read the timeline"
    if step["outcome"] == "inconclusive":
        return "see why it did not come; what was not seen is not passed"
    return f"compare the answer with what the step demands, at {step['where']}" if step["where"] else "see the step"
