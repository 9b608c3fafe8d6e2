"""What is wrong with files of a user's, before anything is sent: scenarios, profiles, known failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from emulator.conduct.scenarios import find_scenarios
from emulator.doors.partner.file import read_partner
from emulator.errors import FileProblem, in_order
from emulator.files import is_folder
from emulator.parties.clock import RealClock
from emulator.parties.profile import Profile, load_profile
from emulator.plain_yaml import MOST_LOCATED, load_yaml
from emulator.report.known import load_known
from emulator.roots import Root
from emulator.scenario.bodies import body_problems
from emulator.scenario.hook_checks import check_hooks
from emulator.scenario.lint import checked
from emulator.standard.release import Release
from emulator.standard.strict import fields_of

SUFFIX: Final = ".oit.yaml"


class Sort(StrEnum):
    """What a file is; the words are those of a summary."""

    SCENARIO = "scenario(s)"
    PROFILE = "profile(s)"
    KNOWN = "file(s) of known failures"


@dataclass(frozen=True, slots=True)
class Linted:
    """A file with what is wrong with it; `warnings` are what may be a slip. What it names lies below `root`."""

    path: Path
    sort: Sort
    problems: list[str]
    warnings: list[str] = dataclasses.field(default_factory=list)
    root: Root | None = None


def lint_files(paths: Sequence[Path], release: Release, wider: Path | None = None) -> Iterator[Linted]:
    """Each file that paths name; folders are searched for scenarios, and for what is surely one of the others.

    What they name may also lie below `wider`. UserError where a path is not there.
    """
    for path, root in _files(paths, wider):
        sort = Sort.SCENARIO if path.name.endswith(SUFFIX) else _sort(path)
        match sort:
            case Sort.SCENARIO:
                yield _scenario(path, release, root)
            case Sort.PROFILE:
                yield Linted(path, sort, _problems(lambda path=path: _profile(path, release, wider)))
            case Sort.KNOWN:
                yield Linted(
                    path, sort, _problems(lambda path=path: load_known(path, RealClock().now().date(), release))
                )


def _profile(path: Path, release: Release, wider: Path | None) -> Profile:
    problems = _problems(lambda: _partner(path))
    try:
        profile = load_profile(path, release=release, declared=True, wider=wider)
    except FileProblem as error:
        raise FileProblem(in_order([*error.problems, *problems])) from None
    if problems:
        raise FileProblem(problems)
    return profile


def _partner(path: Path) -> None:
    file = read_partner(path)
    if file is not None:
        check_hooks(file)


def _files(paths: Sequence[Path], wider: Path | None) -> Iterator[tuple[Path, Root]]:
    for path in paths:
        yield from find_scenarios([path], wider).items()
        if is_folder(path):
            root = Root.of(path, wider)
            others = (one for ending in ("yaml", "yml") for one in path.rglob(f"*.{ending}"))
            yield from (
                (one, root)
                for one in sorted(others)
                if not one.name.endswith(SUFFIX) and root.holds(one) and _is_surely_ours(one)
            )


def _scenario(path: Path, release: Release, root: Root) -> Linted:
    scenario, problems = checked(path, release, root=root)
    found = body_problems(scenario, release) if scenario is not None else []
    bodies = [one.text for one in found if not one.advisory]
    return Linted(
        path, Sort.SCENARIO, in_order([*problems, *bodies]), in_order([o.text for o in found if o.advisory]), root
    )


def _problems(read: Any) -> list[str]:
    try:
        read()
    except FileProblem as error:
        return error.problems
    return []


def _keys(path: Path) -> frozenset[str]:
    """The keys at the top of a file; none where it cannot be read or is no mapping."""
    try:
        value = load_yaml(path, MOST_LOCATED)
    except FileProblem:
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, dict) else frozenset()


def _sort(path: Path) -> Sort:
    """What a file is that somebody named: known failures and profiles are known by their keys, the rest is a scenario."""
    keys = _keys(path)
    if "known" in keys:
        return Sort.KNOWN
    own = {"extends", "connection", *(each.key for each in fields_of(Profile))} - {"name", "description", "profile"}
    return Sort.PROFILE if keys & own and not keys & {"flow", "sources", "title"} else Sort.SCENARIO


def _is_surely_ours(path: Path) -> bool:
    """Whether a file that nobody named is a profile or known failures: others have files of their own."""
    keys = _keys(path)
    return keys >= {"oit", "known"} or "extends" in keys >= {"name"} or keys >= {"name", "seller", "offerings"}
