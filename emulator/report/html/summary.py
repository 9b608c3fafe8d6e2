"""A run, or many, in ten seconds: the verdict in a sentence, whose the findings are, what to fix first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.report.explain import why
from emulator.report.html.fixes import (
    GRAVE,
    PARTIES,
    decides,
    expired_or_stale,
    is_excused,
    pattern,
    stuck_steps,
    to_fix,
)
from emulator.report.model import Report, notes_of, runs_of
from emulator.report.whose import roles_of

_WHO: Final = ("buyer", "seller", "transport", "scenario", "inputs", "emulator", "spec", "nobody")
_MEANINGS: Final = {
    "inconclusive": "Something was not answered, never came or was not reached.",
    "error": "OIT, or the party that it plays, made a mistake: this says nothing of the partner.",
    "skipped": "What it is there for does not apply to this partner, which declares that it does not support it.",
}
_NAMES: Final = {
    "fail": ("breach", "breaches"),
    "error": ("mistake of ours", "mistakes of ours"),
    "disputed": ("disputed finding", "disputed findings"),
    "warning": ("warning", "warnings"),
    "not_seen": ("thing that was not seen", "things that were not seen"),
}
_VERDICTS: Final = {
    "fail": "failed",
    "error": "went wrong by a mistake of ours",
    "inconclusive": "inconclusive",
    "skipped": "skipped",
    "pass": "passed",
}
"""Of runs, the gravest first."""
_MOST_ADDRESSES: Final = 4


def summary(run: Report) -> dict[str, Any]:
    """Of one run: `{sentence, blame[{who, tested, counts}], first[...], tested[...]}`.

    `counts` are findings by verdict. `first` is what to fix first, as `to_fix` has it; `tested` where the party under
    test was reached, each as a base URL. What is excused is in the sentence only.
    """
    return {
        "sentence": _noted(run, _sentence(run)),
        "blame": list(_blame(run)),
        "first": to_fix(run),
        "tested": reached(run),
    }


def summary_of_all(whole: Report) -> dict[str, Any]:
    """Of several runs: `{sentence, first[...], tested[...]}`, likewise."""
    runs = runs_of(whole)
    counted = Counter(run["verdict"] for run in runs)
    told = ", ".join(f"{counted[name]} {said}" for name, said in _VERDICTS.items() if counted[name])
    excused = sum((_counts(run, excused=True) for run in runs), Counter[str]())
    steps = sum(is_excused(step) for run in runs for step in run["steps"])
    parts = [f"{_number(len(runs), 'run', 'runs')}: {told}.", *_known(whole)]
    if excused or steps:
        parts.append(f"Known failures excuse {_listed(excused, steps)}.")
    if left := whole.get("left_out"):
        parts.append(f"{_number(len(left), 'run was', 'runs were')} left out.")
    addresses = dict.fromkeys(address for run in runs for address in reached(run))
    return {
        "sentence": _noted(whole, " ".join(parts)),
        "first": to_fix(whole),
        "tested": list(addresses)[:_MOST_ADDRESSES],
    }


def _noted(report: Report, sentence: str) -> str:
    """A sentence with what a reader has to know before it."""
    return " ".join([*(f"{note}." for note in notes_of(report)), sentence])


def reached(run: Report) -> list[str]:
    """Where parties under test were reached, in the order of time: scheme, host and what stands before their APIs."""
    tested = roles_of(run).tested
    found = (_base(row["request"]["url"]) for row in run["exchanges"] if row["to"] in tested)
    return list(dict.fromkeys(address for address in found if address))[:_MOST_ADDRESSES]


def _base(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    before, found, _ = parts.path.partition("/mefApi/")
    return f"{parts.scheme}://{parts.hostname}{port}{before if found else ''}" if parts.hostname else ""


def _sentence(run: Report) -> str:
    match run["verdict"]:
        case "pass":
            return _passed(run)
        case "fail":
            return _failed(run)
        case "inconclusive":
            return " ".join([_halted(run) or _MEANINGS["inconclusive"], *_unseen(run), *_excuse(run)])
        case verdict:
            return _MEANINGS.get(verdict, "")


def _passed(run: Report) -> str:
    """Nothing was wrong where nothing was; else what there was, and why it does not count."""
    captured = run["run"]["clock"] == "captured"
    unseen = list(_unseen(run))
    played = all(step["outcome"] in ("passed", "skipped") for step in run["steps"])
    asked = "All that was asked for was seen" if played else "What was seen is in order but for what is excused"
    seen = "All that could be judged was looked at" if captured else asked
    counts = _counts(run, excused=False)
    excuse = list(_excuse(run))
    parts = unseen or [f"{seen}, and nothing was wrong." if not counts and not excuse else f"{seen}."]
    parts += excuse
    if counts:
        parts.append(f"What does not decide: {_listed(counts)}.")
    if captured and (left := run.get("unattributed")):
        entries = _number(len({row["entry"] for row in left}), "entry", "entries")
        parts.append(f"{entries} of the file could not be judged, or not whole.")
    return " ".join(parts)


def _failed(run: Report) -> str:
    breaches = [
        row
        for row in run["findings"]
        if row["verdict"] == "fail" and decides(run, row["blame"]) and not is_excused(row)
    ]
    parts = []
    for who in dict.fromkeys(row["blame"] for row in breaches):
        mine = [row for row in breaches if row["blame"] == who]
        ways = _number(len({(row["rule"], pattern(row["pointer"])) for row in mine}), "way", "ways")
        whose = f"The {who.title()} breaks" if who in PARTIES else "Something breaks"
        parts.append(f"{whose} the standard in {ways} ({_number(len(mine), 'finding', 'findings')}).")
    if steps := list(stuck_steps(run)):
        parts.append(f"{_number(len(steps), 'step', 'steps')} of the scenario did not end as it asks.")
    return " ".join([*parts, *_known(run), *_excuse(run)]) or "Something is wrong."


def _halted(run: Report) -> str:
    """Which steps came to nothing and why; "" where that is not known."""
    steps = [step for step in stuck_steps(run) if step["cause"]]
    reasons = dict.fromkeys(why(step["cause"]) for step in steps)
    return f"{_number(len(steps), 'step', 'steps')} did not come about: {'; '.join(reasons)}." if steps else ""


def _known(whole: Report) -> Iterator[str]:
    if known := list(expired_or_stale(whole)):
        yield f"{_number(len(known), 'known failure is', 'known failures are')} expired or happened no more."


def _unseen(run: Report) -> Iterator[str]:
    """What the scenario is there for and did not see."""
    covers = run.get("covers")
    if covers and covers["not_seen"]:
        asked = _number(len(covers["asked"]), "requirement", "requirements")
        yield f"Of the {asked} that the scenario is there for, {len(covers['not_seen'])} were not seen."


def _excuse(run: Report) -> Iterator[str]:
    counts, steps = _counts(run, excused=True), sum(map(is_excused, run["steps"]))
    if counts or steps:
        yield f"Known failures excuse {_listed(counts, steps)}."


def _counts(run: Report, *, excused: bool) -> Counter[str]:
    """Findings by verdict, those that are excused or those that are not."""
    rows = (row["verdict"] for row in run["findings"] if is_excused(row) is excused)
    return Counter(verdict for verdict in rows if verdict in GRAVE)


def _listed(counts: Mapping[str, int], steps: int = 0) -> str:
    told = [_number(counts[verdict], *_NAMES[verdict]) for verdict in GRAVE if counts.get(verdict)]
    told += [_number(steps, "step", "steps")] if steps else []
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _blame(run: Report) -> Iterator[dict[str, Any]]:
    counted: dict[str, Counter[str]] = {}
    for finding in run["findings"]:
        if finding["verdict"] in GRAVE and not is_excused(finding):
            counted.setdefault(finding["blame"], Counter())[finding["verdict"]] += 1
    for who in _WHO:
        if who in counted:
            counts = {verdict: counted[who][verdict] for verdict in GRAVE if counted[who][verdict]}
            yield {"who": who, "tested": who in roles_of(run).tested, "counts": counts}
