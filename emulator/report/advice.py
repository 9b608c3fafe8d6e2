"""What to do now: the few things of a set of runs that are worth looking at first, each in three lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from emulator.errors import UserError
from emulator.judge.explanation import explain
from emulator.judge.hints import hints
from emulator.report.explain import clause, exchange_line, printable, told, wanted, whose, why
from emulator.report.model import Report, run_name
from emulator.report.released import release_of
from emulator.report.whose import is_beside, roles_of
from emulator.standard.release import Release

_RANKS: Final = ("error", "fail", "not_seen")
"""Verdicts of findings that are advised on, the first ones first."""
_STUCK: Final = ("error", "unmet", "never_arrived", "inconclusive")
"""Outcomes of steps likewise."""
_BASE: Final = re.compile(r"(?:/r/[^/ ]+)?/mefApi/[^/ ]+/[^/ ]+/v[0-9]+(?=/)")
_QUERY: Final = re.compile(r"(\?[^ ]{40})[^ ]+")
_ROOT: Final = re.compile(r"https?://[^/?#]+(?:(?!/mefApi/)[^?#])*(?=/mefApi/)|https?://[^/?#]+")
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
    for row in run["findings"]:
        release = release_of(run, row)
        if row["verdict"] not in _RANKS or "excused" in row or row["rule"] in _UNREACHED:
            continue
        if is_beside(run, row["blame"]):
            continue  # told, and decides nothing
        line = _short(exchange_line(run, row["exchange"]))
        said = printable(row["message"]) or f"expected {wanted(row['expected'])}, found {told(row['found'])}"
        place = f"{line}: {said}" if line else said
        named = next(iter(row["requirements"]), None)
        by = (
            f"{clause(run, named, row)}: {_title(release, named)}"
            if named
            else f"rule {row['rule']}{_about(release, row['rule'])}"
        )
        yield (
            (row.get("release"), row["rule"], tuple(row["requirements"])),
            Advice(
                broke=place,
                whose=f"{whose(row['blame'])}, by {by}",
                do=_remedy(release, row),
                look=named or row["rule"],
                where=_where(run, row["exchange"]),
                rank=_RANKS.index(row["verdict"]),
            ),
        )


def _steps(run: Report) -> Iterator[tuple[Any, Advice]]:
    """Steps that did not pass, but those that came to nothing at an exchange which a finding speaks of."""
    known = {row["exchange"] for row in run["findings"] if row["verdict"] in ("fail", "error")}
    for step in run["steps"]:
        if step["outcome"] not in _STUCK or "excused" in step or known & set(step["exchanges"]):
            continue
        message = printable(step["message"].partition("\n")[0])
        cause = f" ({why(step['cause'])})" if step["cause"] else ""
        yield (
            cause_key(run, step),
            Advice(
                broke=f"step {step['id']} {step['outcome'].replace('_', ' ')}: {message}{cause}",
                whose=whose(step["blame"]) if step["blame"] else "nobody's that is known",
                do=step_remedy(run, step),
                look="",
                where=step["where"],
                rank=_rank(run, step),
            ),
        )


def _rank(run: Report, step: Report) -> int:
    if step["outcome"] == "error":
        return 0
    return 1 if step["outcome"] == "unmet" and not roles_of(run).tested else 2


def cause_key(run: Report, step: Report) -> tuple[Any, ...]:
    """What is the same for all steps, of any run, that came to nothing for one cause."""
    match step["cause"]:
        case "credentials" | "load" | "transport" | "interrupted" as cause:
            return (cause,)
        case "no_api" as cause:
            return cause, (step["operation"] or "").partition(".")[0]
        case "unsupported" as cause:
            return cause, step["operation"]
        case "data" as cause:
            return cause, step["operation"], tuple(step.get("inputs", ()))
        case _:
            return run["run"]["scenario"], step["id"], step["outcome"]


def _short(line: str | None) -> str:
    """An exchange without the base path, which its operation tells, and without most of its query."""
    line = _BASE.sub("", line or "")
    return _QUERY.sub(r"\1…", line)


def _where(run: Report, n: int | None) -> str:
    """The place in the scenario of the step that made an exchange."""
    return next((step["where"] for step in run["steps"] if n is not None and n in step["exchanges"]), "")


def _title(release: Release, identifier: str) -> str:
    requirement = release.numbered.get(identifier)
    return requirement.title if requirement else identifier


def _remedy(release: Release, row: Report) -> str:
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
    asked = next(iter(hints(release, row)), "")
    return ". ".join(part for part in (change, asked) if part) or "see what the rule asks"


def _choice(expected: Any) -> str:
    return " or ".join(map(told, expected)) if isinstance(expected, list) and expected else wanted(expected)


@lru_cache(maxsize=1_000)
def _about(release: Release, rule: str) -> str:
    """What a rule without requirement looks at."""
    try:
        about = " ".join(str(explain(release, rule).get("about", "")).split())
    except UserError:
        about = ""
    return f": {about}" if about else ""


def step_remedy(run: Report, step: Report) -> str:
    """What to do about a step that did not pass."""
    at = f" at {step['where']}" if step["where"] else ""
    say = _REMEDIES.get(step["cause"])
    return say(run, step, at) if say else _plainly(step, at)


def _data(_run: Report, step: Report, _at: str) -> str:
    named = " ".join(f"--var {name}=…" for name in step.get("inputs", ())[:_NAMED])
    return f"give what this partner has: {named or '--var NAME=…'} (`oit inputs` lists it all)"


def _no_api(run: Report, step: Report, _at: str) -> str:
    declare = f"unsupported: ['{(step['operation'] or 'api').partition('.')[0]}.*']"
    return f"see what is where: {_doctor(run, step)}; then give the right root, or declare {declare} in --profile"


_REMEDIES: Final[Mapping[str, Callable[[Report, Report, str], str]]] = {
    "transport": lambda run, step, _: _unreached(run, step),
    "credentials": lambda run, step, _: (
        f"give our buyer credentials that the partner takes; {_doctor(run, step)} shows what each API answers"
    ),
    "no_api": _no_api,
    "unsupported": lambda _, step, __: f"declare it in --profile: unsupported: [{step['operation']}]",
    "load": lambda *_: "run it again when the partner has time, and fewer at once (-j 1)",
    "data": _data,
    "request": lambda _, __, at: f"mend what we send: the scenario{at}, or an input",
    "behaviour": lambda *_: (
        "have the partner behave so for this run, or leave the scenario out, as a folder of them does"
    ),
    "refused": lambda _, __, at: (
        f"ask the partner for its reason; then mend the scenario{at}, an input, or the partner"
    ),
    "server_error": lambda *_: "have the partner look into its log at this moment",
    "time": lambda _, step, __: _late(step),
    "interrupted": lambda *_: "run it again",
    "preparation": lambda *_: "see why the hook of the partner's file failed, which is no fault of the API",
    "expectation": lambda _, __, at: (
        f"compare the answer with what the step demands{at}; what both of you agreed on is marked `agreed: true`"
    ),
}
_NAMED: Final = 3
"""Inputs that one line names."""


def _plainly(step: Report, at: str) -> str:
    if step["blame"] == "scenario":
        return f"mend the scenario{at}"
    if step["outcome"] == "inconclusive":
        return "see why it did not come; what was not seen is not passed"
    return f"compare the answer with what the step demands{at}"


def _late(step: Report) -> str:
    if step["outcome"] == "never_arrived":
        return "see whether the callback can be reached from where the partner is (--callback), and read the timeline"
    return "see why it takes that long, or grant it more"


def _unreached(run: Report, step: Report) -> str:
    exchange = next((row for row in run["exchanges"] if row["n"] in step["exchanges"][-1:]), None)
    if exchange and exchange.get("fault", {}).get("kind") == "timeout":
        return "see why the answer takes that long, or grant it more with --timeout"
    return f"see whether the other side can be reached at all: {_doctor(run, step)}"


def _doctor(run: Report, step: Report) -> str:
    exchange = next((row for row in run["exchanges"] if row["n"] in step["exchanges"][-1:]), None)
    root = _ROOT.match(exchange["request"]["url"]) if exchange else None
    return f"oit doctor --sut seller={root[0] if root else 'URL'}"
