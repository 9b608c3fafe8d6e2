"""What is wrong with files of a user's, before anything is sent: scenarios, profiles, known failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from emulator.conduct.scenarios import find_scenarios
from emulator.doors.partner.file import read_partner
from emulator.errors import FileProblem, in_order
from emulator.files import is_file, is_folder
from emulator.parties.clock import RealClock
from emulator.parties.profile import Profile, beyond, load_profile
from emulator.plain_yaml import MOST_LOCATED, load_yaml
from emulator.report.known import load_known
from emulator.roots import Root
from emulator.scenario.bodies import body_problems
from emulator.scenario.functions import files_of, reads_alike
from emulator.scenario.hook_checks import check_hooks
from emulator.scenario.lint import checked
from emulator.scenario.model import Scenario
from emulator.scenario.selection import Wish, plan
from emulator.settings import scenarios_dir, specs_dir
from emulator.standard.by_release import fragment_of, misnamed
from emulator.standard.imported import every_release, release_names
from emulator.standard.release import Release, load_release
from emulator.standard.strict import fields_of

SUFFIX: Final = ".oit.yaml"


class Sort(StrEnum):
    """What a file is; the words are those of a summary."""

    SCENARIO = "scenario(s)"
    PROFILE = "profile(s)"
    KNOWN = "file(s) of known failures"
    FRAGMENT = "release fragment(s)"


@dataclass(frozen=True, slots=True)
class Linted:
    """A file with what is wrong with it; `warnings` are what may be a slip. What it names lies below `root`. It was
    looked at in a release, where it is a `scenario` as far as that can be read.
    """

    path: Path
    sort: Sort
    problems: list[str]
    warnings: list[str] = dataclasses.field(default_factory=list)
    root: Root | None = None
    release: Release | None = None
    scenario: Scenario | None = None

    @property
    def files(self) -> frozenset[Path]:
        """What it was put together of."""
        return frozenset({self.path, *(files_of(self.scenario) if self.scenario else ())})


def lint_files(paths: Sequence[Path], release: Release | None = None, wider: Path | None = None) -> Iterator[Linted]:
    """Each file that paths name; folders are searched for scenarios, and for what is surely one of the others.

    Without a release a scenario or profile is looked at in the default one, and in each other one in which it can be played
    and reads otherwise: those of ours in all that go by it, all in those that they have release fragments for, as far as books of
    rules judge what they ask there. What they name may also lie below `wider`. UserError where a path is not there.
    """
    usual = release or load_release()
    opened: set[Path] = set()
    for path, root in _files(paths, wider):
        sort = Sort.SCENARIO if path.name.endswith(SUFFIX) else _sort(path)
        match sort:
            case Sort.SCENARIO:
                done = _scenario(path, usual, root)
                opened |= done.files
                others = [] if release else list(_others(done.files, usual))
                yield _together(done, [_scenario(path, other, root, done.scenario) for other in others])
            case Sort.PROFILE:
                opened.add(path.resolve())
                first = Linted(path, sort, _problems(lambda path=path: _profile(path, usual, wider)), release=usual)
                others = [] if release else list(_others([path], usual))
                yield _together(
                    first,
                    [
                        Linted(
                            path, sort, _problems(lambda path=path, one=one: _profile(path, one, wider)), release=one
                        )
                        for one in others
                    ],
                )
            case Sort.KNOWN:
                yield Linted(path, sort, _problems(lambda path=path: load_known(path, RealClock().now().date(), usual)))
    known = every_release(specs_dir())
    for path in (one for each in paths if is_folder(each) for one in sorted(each.rglob("*.y*ml"))):
        if (problem := misnamed(path, known, opened)) is not None:
            yield Linted(path, Sort.FRAGMENT, [f"{path}:1:1: {problem}"] if problem else [])


def _others(files: Iterable[Path], usual: Release) -> Iterator[Release]:
    """The other releases that files are to be looked at in. What ships with us says nothing of others' files that use it."""
    paths = list(files)
    theirs = [file for file in paths if not file.resolve().is_relative_to(scenarios_dir().resolve())]
    for name in release_names(specs_dir()):
        fitted = any(is_file(fragment_of(file, name)) for file in theirs or paths)
        if name != usual.name and (fitted or (not theirs and usual.name in load_release(name).line)):
            yield load_release(name)


def _judged(scenario: Scenario, release: Release) -> bool:
    """Whether books of rules judge all that a scenario asks in a release: what has none yet is not written for ours."""
    return {source.api for source in scenario.sources.values()} & set(release.apis) <= release.books.keys()


def _together(first: Linted, others: Sequence[Linted]) -> Linted:
    """A file in several releases: what is wrong in another one only says so."""
    problems, warnings = list(first.problems), list(first.warnings)
    for other in others:
        where = f" (release {other.release.name})" if other.release else ""
        problems += [problem + where for problem in other.problems if problem not in first.problems]
        warnings += [warning + where for warning in other.warnings if warning not in first.warnings]
    return dataclasses.replace(first, problems=in_order(problems), warnings=in_order(warnings))


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


def _scenario(path: Path, release: Release, root: Root, usual: Scenario | None = None) -> Linted:
    """A scenario in a release; nothing where it reads there as it `usual`ly does, or cannot be played."""
    nothing = Linted(path, Sort.SCENARIO, [], [], root, release)
    if usual is not None and (reads_alike(usual, usual.release, release) or not _judged(usual, release)):
        return nothing
    scenario, problems = checked(path, release, root=root)
    if usual is not None and scenario is not None and not plan([scenario], Wish(beyond=beyond(release)), release).jobs:
        return nothing
    found = body_problems(scenario, scenario.release) if scenario is not None else []
    wrong = in_order([*problems, *(one.text for one in found if not one.advisory)])
    odd = in_order([one.text for one in found if one.advisory])
    return dataclasses.replace(nothing, problems=wrong, warnings=odd, scenario=scenario)


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
