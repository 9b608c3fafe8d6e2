"""The scenario files that a user names, found, read and checked; and which runs of them are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emulator.conduct.partner import declared_absent
from emulator.conduct.settings import Settings
from emulator.errors import FileProblem, UserError
from emulator.files import is_folder, is_there, shown
from emulator.parties.profile import beyond
from emulator.record.exchange import Party
from emulator.roots import Root
from emulator.scenario.lint import checked
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Scenario
from emulator.scenario.real_waits import real_waits
from emulator.scenario.selection import Plan, Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release


def find_scenarios(paths: Sequence[Path], wider: Path | None = None) -> dict[Path, Root]:
    """The scenario files that paths name, folders searched, each with the root below which it may name others.

    A path that is not there is also looked for in the scenarios that come with OIT. `wider` is a folder that all of them
    may read as well. UserError where a path is not there; FileProblem where one that was found in a folder leads out of it.
    """
    found: dict[Path, Root] = {}
    for path in map(_located, paths):
        root = Root.of(path, wider)
        files = sorted(path.rglob("*.oit.yaml")) if is_folder(path) else [path]
        if strays := [file for file in files if file != path and not root.holds(file)]:
            raise FileProblem(
                [f"{file}:1:1: this link leads out of {root.folders[0]}; --root DIR allows more" for file in strays]
            )
        found |= {file: root for file in files if file not in found}
    return found


def named_files(paths: Sequence[Path]) -> frozenset[str]:
    """Those of the paths that name a file and not a folder, as a scenario knows its file."""
    return frozenset(str(path) for path in map(_located, paths) if not is_folder(path))


def _located(given: Path) -> Path:
    if is_there(given):
        return given
    parts = given.parts[1:] if given.parts[:1] == ("scenarios",) else given.parts
    packaged = scenarios_dir().joinpath(*parts)
    if given.is_absolute() or not is_there(packaged):
        message = f"{shown(given)}: there is no such file or folder"
        raise UserError(message)
    return packaged


def read_scenarios(paths: Sequence[Path], release: Release, wider: Path | None = None) -> list[Scenario]:
    """Read and lint scenarios. `wider` as for `find_scenarios`. Raises FileProblem with every problem of all of them."""
    problems: list[str] = []
    scenarios: list[Scenario] = []
    for path, root in find_scenarios(paths, wider).items():
        scenario, wrong = checked(path, release, root=root)
        problems += wrong
        scenarios += [scenario] if scenario is not None else []
    if problems:
        raise FileProblem(problems)
    return scenarios


def chosen(settings: Settings, scenarios: Sequence[Scenario], wish: Wish) -> Plan:
    """The runs of these scenarios that are made, and those that are left out, with the party that is under test."""
    unsupported, release = declared_absent(settings), load_release(settings.release)
    wish = replace(wish, given=settings.inputs, beyond=beyond(release))
    return plan(scenarios, wish, release, roles=settings.roles, unsupported=unsupported)


def waits_of(path: Path, sut: Party, release: Release, root: Root | None = None) -> list[str]:
    """The waits of a scenario file that take real time with a partner under test, each with its place."""
    return real_waits(load_scenario(path, release, root=root), sut)
