"""A rehearsal, told to people in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from emulator.report.explain import printable

Json = dict[str, Any]


def rehearsal_lines(told: Json) -> Iterator[str]:
    """What was played, then function by function what changes, first what breaks somebody in messages that were seen."""
    for act in told["acts"]:
        yield printable(f"{act['name']}: {act['title']}" if act["title"] else act["name"])
        yield from (f"  {line}" for line in act_lines(told, act))
        yield ""
    for function in told["functions"]:
        yield f"{function['title']} ({function['api']}): {summary(function)}"
        yield from (f"  {note}" for note in notes(told, function))
        for change in function["changes"]:
            yield from (f"  {line}" for line in _change(told, change))
        yield from (f"  {line}" for line in _clauses(function["clauses"]))
        yield ""
    yield ending(told)


def act_lines(told: Json, act: Json) -> Iterator[str]:
    """How an act went on each side, in a line each."""
    if act["what"] == "traffic":
        side = act["from"]
        yield f"recorded traffic of {told['from']}: {len(side['exchanges'])} exchanges, {_findings(side)}"
        if side["unattributed"]:
            yield f"{len(side['unattributed'])} entries belong to no contract of {told['from']}, and are not looked at"
        return
    for end, other in (("from", "to"), ("to", "from")):
        side = act[end]
        if side["played"]:
            yield f"{side['release']}: {side['verdict']}, {len(side['exchanges'])} exchanges, {_findings(side)}"
        else:
            yield f"{side['release']}: not played there: {printable(side['why'], 600)}"
            if act[other]["played"]:
                yield f"  what crossed in {act[other]['release']} is held against the contracts of {side['release']}"
    yield from _events(act)


def _events(act: Json) -> Iterator[str]:
    """The events that were told on one side alone, where both were played."""
    if act["from"]["played"] and act["to"]["played"]:
        for end, other in (("from", "to"), ("to", "from")):
            if alone := [name for name in act[end]["events"] if name not in act[other]["events"]]:
                yield f"told in {act[end]['release']} alone: {', '.join(alone)}"


def _findings(side: Json) -> str:
    wrong = [each for each in side["findings"] if each["verdict"] in ("fail", "warning", "disputed")]
    return f"{len(wrong)} finding(s)" if wrong else "no finding"


def summary(function: Json) -> str:
    """How much of a function's changes is touched."""
    if not function["differences"]:
        return "nothing changes"
    if not function["touched"]:
        return f"nothing of its {function['differences']} change(s) is touched"
    shown = sum(bool(each["breaks"]) and each["shown"] for each in function["changes"])
    return (
        f"{function['touched']} of {function['differences']} change(s) are touched; {function['breaking']} break somebody, "
        f"{shown} of them in messages that were seen"
    )


def notes(told: Json, function: Json) -> Iterator[str]:
    """What a reader has to know of how a function was compared."""
    if function["generic"]:
        yield f"judged by generic rules alone in {', '.join(function['generic'])}"
    if not function["clauses_known"]:
        yield f"clauses are not compared: the guide of {told['from']}, or of {told['to']}, is not catalogued here"


def _change(told: Json, change: Json) -> Iterator[str]:
    sign = "✘" if change["breaks"] and change["shown"] else "!" if change["breaks"] else "·"
    yield f"{sign} {change['contract']}: {printable(change['message'])}"
    for each in change["breaks"]:
        yield f"    breaks a {each['stays'].capitalize()} that stays with {told['from']}: {each['because']}"
    if change["breaks"] and not change["shown"]:
        yield "    what was seen fits both; another message may not"
    if change["breaks"] and change["examples"]:
        yield f"    {example_words(told, change['examples'][0])}"


def example_words(told: Json, example: Json) -> str:
    """Where a change is seen."""
    release = told[example["side"]]
    where = f" {example['pointer']}" if example["pointer"] else ""
    name = told["acts"][example["act"]]["name"]
    return printable(
        f"exchange {example['exchange']} of {name} in {release}: {example['operation']} {example['part']}{where}"
    )


FATES = {
    "binds-otherwise": "binds otherwise",
    "different": "another one stands in its place",
    "gone": "is gone",
    "new": "is new",
}


def _clauses(rows: Iterable[Json]) -> Iterator[str]:
    rows = list(rows)
    renamed = [each for each in rows if each["fate"] == "renamed"]
    if renamed:
        yield f"clauses that were seen and have another id: {len(renamed)}"
    for each in rows:
        if each["fate"] != "renamed":
            yield printable(f"clause {clause_words(each)}")


def clause_words(clause: Json) -> str:
    """What became of a clause."""
    names = " → ".join(filter(None, [clause["from"], clause["to"]]))
    why = f" ({clause['why']})" if clause["why"] else ""
    return f"{names} {FATES.get(clause['fate'], clause['fate'])}{why}: {clause['title']}"


def ending(told: Json) -> str:
    """The whole in a sentence."""
    shown = sum(bool(each["breaks"]) and each["shown"] for row in told["functions"] for each in row["changes"])
    way = f"From {told['from']} to {told['to']}"
    if not told["functions"]:
        return f"{way}: nothing was seen"
    if not told["breaking"]:
        return f"{way}: nothing that was touched breaks anybody"
    return f"{way}: {told['breaking']} change(s) that were touched break somebody that stays, {shown} of them in messages that were seen"
