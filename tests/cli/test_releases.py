"""One seller that holds two releases: state, verdicts and labels of each stay apart, and one report holds both."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.standing import Standing
from emulator.doors.beside import Beside
from emulator.doors.running import Running
from emulator.errors import UserError
from emulator.hosting import declared_by, make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.opening import keeping
from emulator.parties.profile import load_profile
from emulator.record.exchange import Party
from emulator.standard.paths import served_together
from emulator.standard.release import Release, load_release
from tests.cli.processes import QUICK, oit
from tests.standard.test_release import specs_with

POQ = Path("scenarios/poq/with-notifications.oit.yaml")


@pytest.fixture(params=["memory", "sqlite"])
def url(fable: Release, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A seller of both releases, the real one first, that judges who comes."""
    (tmp_path / "quick.yaml").write_text(QUICK)
    grace, clock = load_release(), RealClock()
    profile = load_profile(tmp_path / "quick.yaml", release=grace)
    database = None if request.param == "memory" else f"sqlite:///{tmp_path / 'seller.db'}"
    with keeping(database) as keep:
        seller = make_seller(grace, profile, clock, store=keep.store, beside=[fable])
        declared = declared_by(profile, emulated=True)
        standing = Standing(grace, clock, keep.transcript_of, came=keep.came, declared=declared)
        server = serve_seller(seller, keep.transcript_of, kept=keep.kept)
        running = Running(Beside(server, standing.pages()))
        running.start()
        try:
            yield running.url
        finally:
            running.stop()


def asked(url: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    sent = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json;charset=utf-8"}
    request = urllib.request.Request(url, sent, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read()
    return status, json.loads(text) if text else None


def base(release: Release, api: str) -> str:
    return release.contract(api).base_path


def test_each_exchange_at_one_seller_is_judged_by_its_release(url: str, fable: Release) -> None:
    for release in (load_release(), fable):
        status, _ = asked(f"{url}/r/one{base(release, 'geographicSite')}/geographicSite/nowhere")
        assert status == 404
    _, report = asked(f"{url}/oit/judgement?run=one")
    assert [(f["rule"], f["release"]) for f in report["findings"] if f["verdict"] == "fail"] == [
        ("MEF122-R15", "fable")
    ]
    assert {row.get("release") for row in report["requirements"]} == {None, "fable"}
    _, front = asked(url)
    assert {row["release"] for row in front["apis"]} == {"grace", "fable"}


def test_what_a_buyer_has_in_one_release_is_not_seen_in_the_other(url: str, fable: Release) -> None:
    grace = load_release()
    status, made = asked(f"{url}{base(grace, 'quote')}/hub", "POST", {"callback": "http://127.0.0.1:1/x"})
    assert status == 201
    assert asked(f"{url}{base(fable, 'quote')}/hub/{made['id']}", "DELETE")[0] == 404
    assert asked(f"{url}{base(grace, 'quote')}/hub/{made['id']}", "DELETE")[0] == 204


def test_a_scenario_is_played_with_the_same_seller_in_each_release(url: str, fable: Release, tmp_path: Path) -> None:
    """Timers of both go off in one store, events come by the contract of their release, labels are those of each."""
    reports = []
    for release in ("grace", "fable"):
        out = tmp_path / release
        done = oit(
            "run",
            str(POQ),
            "--sut",
            f"seller={url}",
            "--release",
            release,
            "--report",
            "json",
            "--report-dir",
            str(out),
        )
        assert done.code == 0, done.err
        reports.append(str(out / "report.json"))
    assert fable.name == "fable"
    whole = tmp_path / "whole"
    oit("check", *reports, "--report", "json", "--report-dir", str(whole))
    runs = json.loads((whole / "report.json").read_bytes())["runs"]
    assert [{row["release"] for row in run["exchanges"]} for run in runs] == [{"grace"}, {"fable"}]
    assert not any(row["verdict"] == "fail" for run in runs for row in run["findings"])


def test_releases_with_a_base_path_in_common_are_refused(tmp_path: Path) -> None:
    copy = Release("copy", specs_with(tmp_path, name="copy"))
    said = "release grace has geographicAddress management at /mefApi/sonata/"
    with pytest.raises(UserError, match=re.escape(said)) as raised:
        served_together([load_release(), copy], Party.SELLER)
    assert "and release copy geographicAddress management: one door cannot serve both" in str(raised.value)


def test_the_command_says_which_releases_cannot_stand_at_one_door(fable: Release) -> None:
    text = load_release().file.read_text(encoding="utf-8").replace("release: grace", "release: copy", 1)
    (fable.file.with_name("copy.yaml")).write_text(text, encoding="utf-8")
    done = oit("seller", "--database", "memory", "--release", "fable", "--release", "grace", "--release", "copy")
    assert done.code == 2
    assert "release grace has" in done.err
