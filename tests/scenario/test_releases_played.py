"""The shipped scenarios in releases beside the usual one: what reads otherwise there is played, and our own judge finds nothing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import chosen, read_scenarios
from emulator.conduct.settings import Settings
from emulator.plain_yaml import load_yaml
from emulator.scenario.functions import absent_functions, made_of
from emulator.scenario.model import Scenario
from emulator.scenario.selection import Need, Wish
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.cli.processes import oit

RELEASES = ("dolly",)
"""Those with scenarios of their own words; at another reference point nothing reads otherwise."""
FOLDER = scenarios_dir()
LATER = ("negative", "faults", "security", "products")
"""Folders that only `make slow` plays: they take long, or are of APIs that are the same."""
WHOLE_CHAIN = "access-eline/whole-chain"
WITHOUT_PRODUCT = "products/internet-access-exclusive"


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


@cache
def scenarios(release: str) -> dict[str, Scenario]:
    """All of them as they are read for a release, by the names of their files."""
    found = read_scenarios([FOLDER], load_release(release))
    return {Path(each.file).relative_to(FOLDER).as_posix().removesuffix(".oit.yaml"): each for each in found}


def differing(release: str) -> list[str]:
    """The scenarios with an API that is another one than in the usual release, and none that is gone. Nothing is read but that."""
    here, usual = load_release(release), load_release()
    other = {word for word in here.words if made_of(here, here.api(word)) != made_of(usual, usual.api(word))}
    found = []
    for path in sorted(FOLDER.rglob("*.oit.yaml")):
        name = path.relative_to(FOLDER).as_posix().removesuffix(".oit.yaml")
        apis = {source["api"] for source in load_yaml(path)["sources"].values()}
        if name.partition("/")[0] not in LATER and apis & other and apis <= set(here.words):
            found.append(name)
    return found


@pytest.mark.parametrize(("release", "name"), [(release, name) for release in RELEASES for name in differing(release)])
def test_what_is_otherwise_in_a_release_passes_there(release: str, name: str):
    """The flow of each scenario with an API that differs, and its cases."""
    settings = Settings(seed=1, release=release)
    plan = chosen(settings, read_scenarios([FOLDER / f"{name}.oit.yaml"], load_release(release)), Wish())
    assert plan.left_out == ()
    for report in run_all(settings, plan.jobs, Silent()):
        assert report["verdict"] == "pass", report["steps"]
        assert [each for each in report["findings"] if each["verdict"] != "disputed"] == []
        assert report["run"]["release"] == release


@pytest.mark.parametrize("release", RELEASES)
def test_only_what_needs_an_absent_function_or_product_is_left_out(release: str):
    """Whole functions are left out, one scenario that goes through all of them, and one of a product that is not there."""
    plan = chosen(Settings(release=release), list(scenarios(release).values()), Wish())
    standard = load_release(release)
    names = {id(scenario): name for name, scenario in scenarios(release).items()}
    left = {(names[id(each.job.scenario)], each.what) for each in plan.left_out}
    assert {name for name, what in left if what is Need.PRODUCT} == {WITHOUT_PRODUCT}
    lacking = {name for name, what in left if what is Need.FUNCTION}
    assert lacking == {name for name, each in scenarios(release).items() if absent_functions(each, standard)}
    assert WHOLE_CHAIN in lacking
    gone = {api for api in load_release().apis if api not in standard.apis}
    assert all({source.api for source in scenarios(release)[name].sources.values()} & gone for name in lacking)


@pytest.mark.parametrize("release", RELEASES)
def test_each_clause_that_can_be_broken_has_a_case(release: str):
    standard = load_release(release)
    there = [each for each in scenarios(release).values() if each.release is standard]
    broken = {one.id for one in standard.requirements.values() if one.negative}
    assert broken - {label for each in there for case in each.cases for label in case.covers} == {"MEF87-R22"}


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_all_pass_and_nine_tenths_of_each_guide_are_seen(release: str, tmp_path: Path):
    """As in the usual release: cases, faults, wrong credentials, and each use case to each of its ends."""
    done = oit("run", "scenarios", "--release", release, "--report", "json", "--report-dir", str(tmp_path))
    assert done.code == 0, done.err[-2000:]
    runs = json.loads((tmp_path / "report.json").read_bytes())["runs"]
    assert [each for run in runs for each in run["findings"] if each["verdict"] != "disputed"] == []
    assert all(step["outcome"] in {"passed", "skipped"} for run in runs for step in run["steps"])
    traced = json.loads(oit("rules", "--trace", str(tmp_path), "--release", release, "--format", "json").out)
    guides = {name: row["percent"] for name, row in traced["guides"].items()}
    assert {name for name in guides if name in load_release(release).guides.values() and guides[name] < 90} == set()
    assert [case["id"] for case in traced["use_cases"] for row in case["rows"] if not row["runs"]] == []
