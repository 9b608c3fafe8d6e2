"""A run whose exchanges are of several releases: each is judged by its own, and says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.judge.attribution import BasePaths
from emulator.judge.judge import Judging, judge
from emulator.judge.ledger import read_ledger
from emulator.judge.playing import played
from emulator.judge.roles import Roles
from emulator.judge.runs import declared_for, runs_of
from emulator.record.exchange import Exchange, Party
from emulator.report.released import release_of
from emulator.settings import DEFAULT_RELEASE
from emulator.standard.declared import Declared
from emulator.standard.release import Release, load_release
from tests.fable import SITE
from tests.judge.exchanges import MOMENT, exchange, transcript

LOST = {"code": "notFound", "reason": "none"}


def read(release: str | None, body: object = LOST, status: int = 404) -> Exchange:
    made = exchange(body, operation="retrieveGeographicSite", api=SITE, path="/geographicSite/1", status=status)
    return replace(made, release=release)


def test_each_exchange_is_judged_by_its_own_release(fable: Release) -> None:
    judged = judge(transcript(read("grace"), read("fable"), read(None)), load_release())
    assert [(f.exchange, f.rule, f.requirements, f.release) for f in judged.findings] == [
        (2, "MEF122-R15", ("MEF122-R15",), "fable")
    ]
    rows = {(row.release, row.id): row for row in judged.requirements}
    assert str(rows[None, "MEF122-R15"].verdict) == "pass"
    assert rows[None, "MEF122-R15"].exchanges == (1, 3)
    assert str(rows["fable", "MEF122-R15"].verdict) == "fail"
    assert rows["fable", "MEF122-R15"].exchanges == (2,)
    for release in (None, "fable"):
        told = fable if release else load_release()
        assert {i for r, i in rows if r == release} == {e.id for e in told.requirements.values() if not e.not_on_wire}


def test_what_is_of_one_release_says_no_release_and_is_as_before(fable: Release) -> None:
    same = [judge(transcript(read(name), read(name)), fable) for name in (None, "fable", "not here")]
    assert same[0] == same[1] == same[2]
    assert {row.release for row in same[0].requirements} == {None}
    assert {finding.release for finding in same[0].findings} == {None}


def test_a_server_that_judges_at_once_tells_the_release_with_each_finding(fable: Release) -> None:
    judging = Judging(load_release(), roles=Roles.captured(Party.SELLER))
    first, second = transcript(read("grace"), read(fable.name))
    assert [(f.rule, f.release) for f in judging.hear(first)] == [("flow.not-served", None)]
    (found,) = judging.hear(second)
    assert (found.rule, found.release) == ("MEF122-R15", "fable")
    assert judging.heard == 2


def test_no_release_knows_a_resource_of_another_one(fable: Release) -> None:
    site = {"id": "1", "@type": "Site"}
    lost = exchange(operation="createQuote", api="quote", method="POST", path="/quote", sent=None)
    runs = runs_of(transcript(read(None, site, 200), lost, read("fable", site, 200)), load_release())
    assert [run.release.name for run in runs.all] == [load_release().name, fable.name]
    lives = [run.life(SITE, "1") for run in runs.all]
    assert [len(life.shown) if life else 0 for life in lives] == [1, 1]
    first, second = runs.main.exchanges[0], runs.all[1].exchanges[0]
    assert all(run.acted_between(first, second) for run in runs.all)  # something was made between, in whichever release


def test_what_was_declared_is_said_in_the_labels_of_each_release(fable: Release) -> None:
    declared = Declared(options={"MEF122-R11": True, "MEF122-R14": False, "MEF999-O1": True})
    told = declared_for(declared, load_release(), fable)
    assert told.options == {"MEF122-R12": True}
    assert declared_for(told, fable, load_release()).options == {"MEF122-R11": True}


def test_ledger_and_use_cases_are_of_each_release(fable: Release) -> None:
    found = {"id": "1", "name": "here"}
    exchanges = transcript(read(None, found, 200), read("fable", found, 200))
    in_grace, in_fable = (played(exchanges, release) for release in (load_release(), fable))
    assert in_grace == in_fable != set()
    assert played([exchanges[2]], load_release()) == set()
    assert read_ledger(exchanges, load_release(), now=MOMENT).accounts == ()


@pytest.mark.parametrize("name", ["../grace", "a/b", "grace-errata", "", "..", "x\0y", "nowhere"])
def test_what_a_stranger_calls_a_release_is_a_word_and_no_path(name: str) -> None:
    release = load_release()
    assert judge(transcript(read(name)), release) == judge(transcript(read(None)), release)
    assert BasePaths(release).of(name).release is release
    assert release_of({"run": {"release": name}}) is release


def test_a_release_is_read_once_however_it_is_asked_for() -> None:
    assert load_release() is load_release(DEFAULT_RELEASE)
