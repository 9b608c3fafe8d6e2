"""A witness in this process, between our seller as a partner's and buyers made with other libraries."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator.conduct.captured import check_files
from emulator.conduct.witnessing import Doorway, Witness
from emulator.console.control import Control
from emulator.console.front import Front
from emulator.console.log import Asked
from emulator.console.of_seller import beside_proxy
from emulator.console.tryout import served
from emulator.doors.peer import peer_of
from emulator.doors.running import Running
from emulator.hosting import Between, make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.opening import Keeping, keeping
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.report import WRITERS, json_report
from emulator.report.model import whole_report
from emulator.report.terminal import TerminalWriter
from emulator.standard.release import load_release
from tests.cli import listening_buyer, partner_buyer
from tests.cli.processes import QUICK

RELEASE = load_release()
RUNS = ("right", "wrong", "told")


@dataclass
class Stood:
    """A witness with its doors, and what it told."""

    witness: Witness
    keep: Keeping
    urls: list[str]
    told: list[str]

    def report(self, run: str = "") -> dict[str, Any]:
        return self.witness.standing.report(run)


@contextlib.contextmanager
def witness(*doorways: Doorway, legs: tuple[str, ...] = ()) -> Iterator[Stood]:
    told: list[str] = []
    with keeping(None) as keep, contextlib.ExitStack() as stack:
        standing = Witness([RELEASE], keep, RealClock(), told.append, legs=legs)
        urls = []
        for doorway in doorways:
            door = standing.open(doorway)
            stack.callback(door.stop)
            urls.append(door.start())
        yield Stood(standing, keep, urls, told)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A partner's seller."""
    profile = tmp_path_factory.mktemp("real") / "quick.yaml"
    profile.write_text(QUICK)
    kept: dict[str, Transcript] = {}
    seller = make_seller(RELEASE, load_profile(profile), RealClock())
    running = Running(serve_seller(seller, lambda run: kept.setdefault(run, Transcript())))
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def between(real: str) -> Iterator[Stood]:
    """A right buyer, a wrong one and one that is told of its quote have been there."""
    with witness(Doorway(Between(peer_of(real, RELEASE)))) as found:
        url = found.urls[0]
        assert partner_buyer.main(f"{url}/r/right") == 0
        assert partner_buyer.main(f"{url}/r/wrong", "wrong-role") == 1
        assert listening_buyer.main(f"{url}/r/told") is None
        yield found


def found(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(row["rule"], row["verdict"], row["blame"]) for row in report["findings"]}


def quiet(report: dict[str, Any]) -> set[str]:
    """What a verdict can be where nobody did wrong: an event may be on its way when the buyer has gone already."""
    late = [row for row in report["findings"] if row["blame"] == "transport"]
    assert len(late) == len(report["findings"])
    kinds = {row["n"]: row["kind"] for row in report["exchanges"]}
    assert {kinds[row["exchange"]] for row in late} <= {"notification"}
    return {"inconclusive"} if late else {"pass"}


def test_both_are_judged_and_the_one_at_fault_is_blamed(between: Stood) -> None:
    reports = {run: between.report(run) for run in RUNS}
    verdicts = {run: report["verdict"] for run, report in reports.items()}
    assert (verdicts["right"], verdicts["wrong"]) == ("pass", "fail")
    assert verdicts["told"] in quiet(reports["told"])
    assert ("MEF87-R21", "fail", "buyer") in found(reports["wrong"])
    assert {blame for _, verdict, blame in found(reports["wrong"]) if verdict == "fail"} == {"buyer"}
    for report in reports.values():
        jsonschema.validate(report, json_report.schema())
        assert report["run"]["roles"] == {"buyer": "underTest", "seller": "underTest"}
        assert all("relayed" in row for row in report["exchanges"])


def test_notifications_come_by_and_are_accounted_for(between: Stood) -> None:
    report = between.report("told")
    told = [row for row in report["exchanges"] if row["kind"] == "notification"]
    assert {row["from"] for row in told} == {"seller"}
    assert not any("/oit/callback/" in row["request"]["url"] for row in told)
    assert all("/r/told/oit/callback/" in row["relayed"]["url"] for row in told)
    (page,) = report["events"]
    assert page["kind"] == "quote"
    assert not {"never_arrived", "wrong_type"} & set(page["marks"])
    assert [row["why"] for row in report["unattributed"]] == [
        "no base path of release grace is in it (--map api=PATH names one of your own)"
    ], "POST /oit/done is nobody's API"


def test_its_transcript_gets_the_same_verdict(between: Stood, tmp_path: Path) -> None:
    """From every format that keeps exchanges."""
    reports = {run: between.report(run) for run in RUNS}
    for write in WRITERS.values():
        write(whole_report(list(reports.values())), tmp_path)
    for name in ("transcript.ndjson", "report.json", "report.har"):
        again = check_files([tmp_path / name], TerminalWriter(), release=RELEASE)
        assert len(again) == len(RUNS)
        for run in again:
            mine = reports[run["run"]["id"]]
            assert run["verdict"] == mine["verdict"]
            assert found(run) == found(mine)
            assert [r for r in run["requirements"] if r["verdict"] == "pass"] == [
                r for r in mine["requirements"] if r["verdict"] == "pass"
            ]
            assert run.get("events", []) == mine.get("events", [])


def test_a_run_can_be_asked_for_while_it_goes_on(between: Stood) -> None:
    with urllib.request.urlopen(f"{between.urls[0]}/oit/judgement?run=right", timeout=30) as answer:
        told = json.load(answer)
    assert (told["verdict"], told["whole"]) == ("pass", True)


def test_a_console_shows_it_and_has_no_hand_in_it(between: Stood) -> None:
    source = beside_proxy(between.witness.standing, between.keep, between.urls[0])
    front = Front(source, RealClock(), Control(source), RELEASE)
    state = front.state()
    assert (state["role"], state["capabilities"]) == ("proxy", [])
    rows = {row["id"]: row["verdict"] for row in state["runs"]}
    assert (rows["right"], rows["wrong"]) == ("pass", "fail")
    assert rows["told"] in quiet(between.report("told"))
    assert {row["sut"] for row in state["runs"]} == {"both"}
    assert front.resources("right")["resources"] == []
    assert front.log(Asked.of({"run": "wrong", "verdict": "fail"}))["exchanges"]
    assert not any(served(source, contract) for contract in RELEASE.contracts()), "nobody tries out things on a partner"


def test_what_leads_past_it_is_told_once(between: Stood) -> None:
    assert len(between.told) == len(set(between.told))
    assert all("passes by this proxy" in text for text in between.told)


def test_two_legs_are_one_report(real: str) -> None:
    """Here the broker is the second door itself, so that every id stands in both legs."""
    with witness(Doorway(Between(peer_of(real, RELEASE), leg="carrier")), legs=("broker", "carrier")) as found_:
        broker = Between(peer_of(found_.urls[0], RELEASE), leg="broker")
        door = found_.witness.open(Doorway(broker))
        try:
            buyer = partner_buyer.Seller(door.start())
            partner_buyer.buy(buyer, None)
            buyer.connection.close()
            report = found_.report()
        finally:
            door.stop()
    assert (report["verdict"], report["run"]["legs"]) == ("pass", ["broker", "carrier"])
    legs = [row["leg"] for row in report["exchanges"]]
    assert legs.count("broker") == legs.count("carrier") > 10
    assert "bytes-4711" in {row["value"] for row in report["links"]}
    assert {row["from"]["leg"] for row in report["links"]} == {"broker", "carrier"}
