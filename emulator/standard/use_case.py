"""Use cases: what a guide numbers as such, in our own words, read from an API's `use_cases.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from emulator.errors import suggestion
from emulator.record.payload import escape
from emulator.standard.requirement import Requirement
from emulator.standard.strict import KEYED, OURS, Mistake, Text, read_all, read_record

POLLING: Final = "polling"
NOTIFICATION: Final = "notification"

Told = Literal["state", "created"]
"""When notifications can take the place of polling: for the state that is waited for, or for what came into being."""


@dataclass(frozen=True, slots=True)
class UseCase:
    """A use case; `id` is `MEF123-UC5a`, `label` is `5a`, `by` the operation that plays it.

        `asks` is what the request says (`?name` in its query), `begins` what the resource shows before the call, or when it is
    first seen (pointer to value; `any` is anything, `none` nothing). `answers` are outcomes that the answer shows (`status`,
    also with pointers, `items: some | none`, or pointers), `ends` outcomes that the resource shows later on. The resource is
    what the answer shows or the path names; `of` names its kind where no call does, or where the id stands in the request at
    the pointer `about`. An end that one of the operations `without` may have brought about is none. `events` are outcomes
    too: the listeners that are told.
    """

    label: Annotated[str, KEYED]
    title: Text
    section: Text
    by: str | None = None
    of: str | None = None
    about: str | None = None
    asks: Mapping[str, Any] = field(default_factory=dict)
    begins: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    told: Told | None = None
    events: tuple[str, ...] = ()
    id: Annotated[str, OURS] = ""
    guide: Annotated[str, OURS] = ""
    api: Annotated[str, OURS] = ""

    def rows(self) -> list[tuple[str, str]]:
        """Each (way, outcome) there is to be shown; the way is "" where it is the same with notifications."""
        ways = (POLLING, NOTIFICATION) if self.told else ("",)
        ends = [(way, outcome) for outcome in self.ends for way in ways]
        return [*(("", outcome) for outcome in (*self.answers, *self.events)), *ends]


@dataclass(frozen=True, slots=True)
class UseCaseFile:
    """The whole file: the use cases of a guide by their numbers."""

    guide: Text
    use_cases: Mapping[str, UseCase]


_LABEL: Final = re.compile(r"[1-9][0-9]*[a-z]?")


def read_use_cases(paths: Mapping[str, Path], guides: Mapping[str, str]) -> dict[str, UseCase]:
    """Every use case by id; `paths` are the files by API, `guides` what their guides are called. FileProblem with
    `file:line:col` for every place that is wrong.
    """
    files = read_all(paths, lambda _, path: read_record(UseCaseFile, path, _wrong))
    return {
        f"{guides[api]}-UC{label}": replace(each, id=f"{guides[api]}-UC{label}", guide=guides[api], api=api)
        for api, file in files.items()
        for label, each in file.use_cases.items()
    }


def _wrong(file: UseCaseFile) -> Iterator[Mistake]:
    for label, each in file.use_cases.items():
        place = f"/use_cases/{escape(label)}"
        if not _LABEL.fullmatch(label):
            yield Mistake(place, f"{label!r} is no number of a use case; one is written as '5a'", key=True)
        if not (each.answers or each.ends or each.events):
            yield Mistake(place, "a use case needs outcomes: 'answers', 'ends' or 'events'", key=True)


def unknown_label(name: str, use_cases: Mapping[str, UseCase], requirements: Mapping[str, Requirement]) -> str | None:
    """Why a name is neither a use case (`MEF123-UC5a`) nor a requirement (`MEF123-R45`), None where it is one."""
    if name in use_cases or name in requirements:
        return None
    guide, _, label = name.partition("-")
    is_use_case = label.startswith("UC")
    noun, known = ("use case", list(use_cases)) if is_use_case else ("requirement", list(requirements))
    mine = [each for each in known if each.startswith(f"{guide}-")]
    if not mine:
        guides = dict.fromkeys(each.partition("-")[0] for each in known)
        return f"'{name}': there is no guide {guide} here; known: {', '.join(guides)}"
    near = suggestion(name, mine, cutoff=0.0)
    return f"{guide} has no {noun} '{label.removeprefix('UC')}'. Did you mean '{near}'?"
