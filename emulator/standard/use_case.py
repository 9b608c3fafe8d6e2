"""Use cases: what a guide numbers as such, in our own words, read from `specs/sonata/<api>/use_cases.yaml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from emulator.errors import FileProblem
from emulator.plain_yaml import load_located
from emulator.settings import specs_dir
from emulator.standard.requirement import files_in_order, load_requirements
from emulator.wire.payload import escape

POLLING: Final = "polling"
NOTIFICATION: Final = "notification"

Told = Literal["state", "created"]
"""When notifications can take the place of polling: for the state that is waited for, or for what came into being."""


@dataclass(frozen=True, slots=True)
class UseCase:
    """A use case; `id` is `MEF123-UC5a`, `label` is `5a`, `by` the operation that plays it.

    `asks` is what the request says, `begins` what the resource shows when it is first seen (pointer to value; `any` is
    anything, `none` nothing). `answers` are outcomes that the answer shows (`status`, `items: some | none`, or
    pointers), `ends` outcomes that the resource shows later on. The resource is what the answer shows; `of` names its
    kind where no call, or no answer, shows it, and `about` the pointer of its id in the request. `events` are outcomes
    too: the listeners that are told.
    """

    id: str
    guide: str
    api: str
    label: str
    title: str
    section: str
    by: str | None = None
    of: str | None = None
    about: str | None = None
    asks: Mapping[str, Any] = field(default_factory=dict)
    begins: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    told: Told | None = None
    events: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """Each (way, outcome) there is to be shown; the way is "" where it is the same with notifications."""
        ways = (POLLING, NOTIFICATION) if self.told else ("",)
        ends = [(way, outcome) for outcome in self.ends for way in ways]
        return [*(("", outcome) for outcome in (*self.answers, *self.events)), *ends]


_LABEL: Final = re.compile(r"[1-9][0-9]*[a-z]?")
_FILE_KEYS: Final = ("guide", "release", "use_cases")
_KEYS: Final = ("title", "section", "by", "of", "about", "asks", "begins", "answers", "ends", "told", "events")


def load_use_cases(specs: Path | None = None) -> dict[str, UseCase]:
    """Every use case by id: guides in the order of a purchase, each in its own order.

    Read once. Raises FileProblem with `file:line:col` for every place that is wrong.
    """
    return dict(_load(specs or specs_dir()))


@cache
def _load(specs: Path) -> dict[str, UseCase]:
    found: dict[str, UseCase] = {}
    problems: list[str] = []
    for path in files_in_order(specs, "use_cases.yaml"):
        located = load_located(path)
        top = located.value
        if not isinstance(top, dict) or set(top) != set(_FILE_KEYS) or not isinstance(top["use_cases"], dict):
            problems.append(f"{located.where('')}: a map with {', '.join(_FILE_KEYS)} is needed here")
            continue
        for label, row in top["use_cases"].items():
            problem = _problem(label, row)
            if problem is not None:
                problems.append(f"{located.where(f'/use_cases/{escape(str(label))}')}: {problem}")
                continue
            made = _made(str(top["guide"]), path.parent.name, label, row)
            found[made.id] = made
    if problems:
        raise FileProblem(problems)
    return found


def _problem(label: object, row: object) -> str | None:
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        return f"{label!r} is no number of a use case; one is written as '5a', in quotes where it is a number"
    if not isinstance(row, dict) or not {"title", "section"} <= row.keys():
        return "a use case is a map with title and section"
    for name in row:
        if name not in _KEYS:
            near = difflib.get_close_matches(str(name), _KEYS, n=1)
            return f"{name!r} is no key of a use case" + (f"; did you mean {near[0]!r}?" if near else "")
    if not row.keys() & {"answers", "ends", "events"}:
        return "a use case needs outcomes: 'answers', 'ends' or 'events'"
    if row.get("told") not in (None, "state", "created"):
        return f"{row['told']!r} is not one of state, created"
    return None


def _made(guide: str, api: str, label: str, row: Mapping[str, Any]) -> UseCase:
    return UseCase(
        id=f"{guide}-UC{label}",
        guide=guide,
        api=api,
        label=label,
        title=row["title"],
        section=str(row["section"]),
        by=row.get("by"),
        of=row.get("of"),
        about=row.get("about"),
        asks=row.get("asks", {}),
        begins=row.get("begins", {}),
        answers=row.get("answers", {}),
        ends=row.get("ends", {}),
        told=row.get("told"),
        events=tuple(row.get("events", ())),
    )


def unknown_label(name: str) -> str | None:
    """Why a name is neither a use case (`MEF123-UC5a`) nor a requirement (`MEF123-R45`), None where it is one."""
    use_cases, requirements = load_use_cases(), load_requirements()
    if name in use_cases or name in requirements:
        return None
    guide, _, label = name.partition("-")
    noun, known = ("requirement", requirements) if not label.startswith("UC") else ("use case", use_cases)
    mine = [each for each in known if each.startswith(f"{guide}-")]
    if not mine:
        guides = dict.fromkeys(each.partition("-")[0] for each in known)
        return f"'{name}': there is no guide {guide} here; known: {', '.join(guides)}"
    near = difflib.get_close_matches(name, mine, n=1, cutoff=0.0)
    return f"{guide} has no {noun} '{label.removeprefix('UC')}'. Did you mean '{near[0]}'?"
