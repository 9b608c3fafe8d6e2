"""Which release a scenario is played in: one that has all functions which the scenario has to do with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emulator.scenario.expressions import texts
from emulator.scenario.model import Scenario
from emulator.scenario.needs import written
from emulator.standard.by_release import fragments_of
from emulator.standard.imported import release_names
from emulator.standard.release import Release
from emulator.standard.release_file import TABLES


def with_functions(top: Any, release: Release, *, ours: bool = False) -> Release:
    """The release in which a scenario, as it is written, is read: the given one or, where that has not all of its functions,
    the nearest that has; the given one where none has. `ours` are about clauses, which the release has to number.
    """
    sources = top.get("sources") if isinstance(top, Mapping) else None
    named = [
        str(source.get("spec", source.get("api"))) for source in _values(sources) if {"spec", "api"} & source.keys()
    ]
    if not named or _has(release, named, ours):
        return release
    others = dict.fromkeys([*reversed(release.line[:-1]), *release_names(release.specs)])
    return next((one for one in map(release.named, others) if _has(one, named, ours)), release)


def _values(sources: Any) -> Iterable[Mapping[str, Any]]:
    values = sources.values() if isinstance(sources, Mapping) else ()
    return [each for each in values if isinstance(each, Mapping)]


def _has(release: Release, named: Iterable[str], ours: bool) -> bool:
    """Whether a release has the functions, and where that is wanted, numbered clauses of each, if it has any."""
    apis = {release.spellings[name][0] for name in named if name in release.spellings}
    bare = apis - release.catalogues.keys() if ours and release.catalogues else ()
    return all(name in release.spellings for name in named) and not bare


def files_of(scenario: Scenario) -> frozenset[Path]:
    """The files of which a scenario was put together, as far as anything of them is in it."""
    origins = [scenario.origin, *scenario.input_origins.values(), *(step.origin for step in scenario.steps())]
    return frozenset(Path(origin.located.file) for origin in origins)


def made_of(release: Release, api: str) -> tuple[Any, ...]:
    """What an API is made of, but for its version and base path: equal in releases that say the same of it."""
    contracts = [(each.kind, each.document) for each in release.entries if each.api == api]
    tables = [release.path(api, what) for what in TABLES]
    errata = [each for each in release.errata if each.api == api]
    return release.books.get(api), release.catalogues.get(api), contracts, tables, errata, release.register


def reads_alike(scenario: Scenario, here: Release, there: Release) -> bool:
    """Whether a scenario is the same in two releases, and what they say of all that it has to do with."""
    files = files_of(scenario)
    if any(fragments_of(file, here.line) != fragments_of(file, there.line) for file in files):
        return False
    apis = {source.api for source in scenario.sources.values()}
    if any(api not in each.apis for api in apis for each in (here, there)):
        return False
    named = {*written(scenario, None), *(text for _, text in texts(dict(scenario.inputs)))}
    products = [{urn: file for urn, file in each.product_files.items() if urn in named} for each in (here, there)]
    return products[0] == products[1] and all(made_of(here, api) == made_of(there, api) for api in apis)


def absent_functions(scenario: Scenario, release: Release) -> list[str]:
    """The functions of a scenario that a release does not have, or of which it numbers no clauses where the scenario covers
    some, by the titles that they have elsewhere.
    """
    return [scenario.release.titles.get(api, api) for api in _absent(scenario, release) or _bare(scenario, release)]


def lack_of(scenario: Scenario, release: Release) -> str:
    """The same in a sentence; "" where it lacks none."""
    functions = " and ".join(absent_functions(scenario, release))
    if functions and not _absent(scenario, release):
        return f"it is about clauses of {functions}, of which release {release.name} numbers none"
    return f"it needs {functions}, which release {release.name} does not have" if functions else ""


def _absent(scenario: Scenario, release: Release) -> list[str]:
    return [api for api in _apis(scenario) if api not in release.apis]


def _bare(scenario: Scenario, release: Release) -> list[str]:
    """The functions whose clauses are not numbered; none where the scenario is read in the release, and so covers none of theirs."""
    if scenario.release.name == release.name:
        return []
    return [api for api in _apis(scenario) if api not in release.catalogues and api in scenario.release.catalogues]


def _apis(scenario: Scenario) -> list[str]:
    return list(dict.fromkeys(source.api for source in scenario.sources.values()))
