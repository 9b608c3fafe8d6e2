"""A report says which of the APIs in it no book of rules has judged."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema

from emulator.judge.judge import judge
from emulator.record.exchange import Exchange
from emulator.report.model import Report, notes_of, run_report
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange, transcript
from tests.report.runs import info


def of(release: str, *exchanges: Exchange) -> Report:
    said = transcript(*exchanges)
    return run_report(replace(info(), release=release), [], said, judge(said, load_release(release)))


def seen(api: str, operation: str, path: str, release: str | None = None) -> Exchange:
    return replace(exchange([], api=api, operation=operation, path=path), release=release)


CIM = ("circuitImpairmentAndMaintenance", "listCimIncident", "/cimIncident")


def test_an_api_without_a_book_is_named_once_with_its_guide() -> None:
    run = of("kylie", seen(*CIM), seen(*CIM))
    jsonschema.validate(run, json.loads(files("emulator.report").joinpath("report-2.schema.json").read_bytes()))
    assert run["run"]["generic"] == ["circuitImpairmentAndMaintenance"]
    (note,) = notes_of(run)
    assert note.endswith("written here: circuitImpairmentAndMaintenance (Mplify 175).")


def test_where_there_are_books_nothing_is_said() -> None:
    run = of("grace", seen("troubleTicket", "listIncident", "/incident"))
    assert "generic" not in run["run"]
    assert notes_of(run) == []


def test_an_api_of_another_release_is_told_from_the_runs_own() -> None:
    run = of("grace", seen("troubleTicket", "listIncident", "/incident"), seen(*CIM, "kylie"))
    assert run["run"]["generic"] == ["kylie:circuitImpairmentAndMaintenance"]


def test_what_is_found_in_an_unread_guides_api_is_a_hint() -> None:
    body = {"id": "I-1", "status": "created"}
    broken = replace(exchange([body, body], api=CIM[0], operation=CIM[1], path=CIM[2]), release="kylie")
    found = {row["rule"]: row["verdict"] for row in of("kylie", broken)["findings"]}
    assert found["circuitImpairmentAndMaintenance.cimIncident.doubles"] == "warning"
