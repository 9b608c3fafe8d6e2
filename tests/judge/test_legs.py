"""A transcript of several legs: each is judged by itself, whatever ids they have in common, and what they share is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from emulator.conduct.captured import check_files
from emulator.judge.capture import BasePaths, read_capture
from emulator.judge.judge import Judging, judge
from emulator.judge.ledger import read_ledger
from emulator.judge.playing import played
from emulator.record.exchange import Exchange
from emulator.report import WRITERS, json_report, transcript_report
from emulator.report.html.lives import lives
from emulator.report.legs import links_of
from emulator.report.model import run_report
from emulator.report.terminal import TerminalWriter
from emulator.standard.release import load_release
from tests.judge.exchanges import MOMENT, exchange, transcript
from tests.play import Played, play
from tests.report.runs import info

RELEASE = load_release()
LEGS = ("broker", "carrier")


@pytest.fixture(scope="module")
def bought() -> Played:
    return play("quote/with-notifications")


def interleaved(run: Played) -> tuple[Exchange, ...]:
    """The same conversation in two legs, the second one always an exchange behind: every id stands in both."""
    first = [replace(each, leg="broker") for each in run.exchanges]
    second = [replace(each, leg="carrier") for each in run.exchanges]
    mixed = [each for pair in zip([*first, None], [None, *second], strict=True) for each in pair if each]
    return tuple(replace(each, n=n) for n, each in enumerate(mixed, 1))


def test_ids_of_two_legs_do_not_mix(bought: Played) -> None:
    """Each leg by itself has no finding. Taken for one, the second conversation contradicts the first."""
    both = interleaved(bought)
    assert bought.judged().findings == ()
    assert bought.judged(both).findings == ()
    assert bought.judged(tuple(replace(each, leg=None) for each in both)).findings != ()


def test_what_legs_show_counts_together(bought: Played) -> None:
    both = bought.judged(interleaved(bought))
    alone = {row.id: row for row in bought.judged().requirements}
    assert len(both.requirements) == len(alone)
    assert {row.id: str(row.verdict) for row in both.requirements} == {i: str(r.verdict) for i, r in alone.items()}
    seen = next(row for row in both.requirements if row.exchanges)
    assert len(seen.exchanges) == 2 * len(alone[seen.id].exchanges)


def test_a_finding_says_of_which_leg_it_is(bought: Played) -> None:
    both = list(interleaved(bought))
    spot = next(i for i, e in enumerate(both) if e.leg == "carrier" and e.operation == "createQuote")
    body = json.dumps({**both[spot].request.body, "instantSyncQuote": "yes"}).encode()
    both[spot] = replace(both[spot], request=replace(both[spot].request, raw=body))
    found = [f for f in bought.judged(tuple(both)).findings if f.rule == "contract.schema"]
    assert [(f.leg, str(f.blame), f.exchange) for f in found] == [("carrier", "buyer", both[spot].n)]
    judging = Judging(RELEASE)
    told = [f.leg for each in both for f in judging.hear(each) if f.rule == "contract.schema"]
    assert told == ["carrier"]


def test_ledger_and_use_cases_know_legs(bought: Played) -> None:
    both = interleaved(bought)
    assert played(both, RELEASE) == played(bought.exchanges, RELEASE) != set()
    until = MOMENT + timedelta(days=365)
    alone = read_ledger(bought.exchanges, RELEASE, now=until).accounts
    pages = read_ledger(both, RELEASE, now=until).accounts
    assert len(pages) == 2 * len(alone) > 0
    assert {tuple(sorted(map(str, page.marks))) for page in pages} == {
        tuple(sorted(map(str, page.marks))) for page in alone
    }


def ordered(leg: str, n: int, seconds: float, lasted: float, sent: object, got: object) -> Exchange:
    made = exchange(got, operation="createQuote", api="quote", method="POST", path="/quote", status=201, sent=sent)
    return replace(made, leg=leg, n=n, at=MOMENT + timedelta(seconds=seconds), elapsed_ms=lasted * 1000)


def test_what_one_leg_took_from_another_is_told() -> None:
    """The broker asks the carrier before it answers: the buyer's own id was there first, the carrier's id comes from behind."""
    outer = ordered("broker", 2, 0, 5, {"externalId": "po-4711"}, {"id": "br-00001", "externalId": "ca-00009"})
    inner = ordered(
        "carrier", 1, 1, 1, {"externalId": "po-4711", "buyerId": "x"}, {"id": "ca-00009", "secretId": "po-1"}
    )
    links = links_of([inner, outer])
    assert [
        (row["value"], *(row[k]["leg"] + row[k]["half"] + row[k]["pointer"] for k in ("from", "to"))) for row in links
    ] == [
        ("po-4711", "brokerrequest/externalId", "carrierrequest/externalId"),
        ("ca-00009", "carrierresponse/id", "brokerresponse/externalId"),
    ]
    assert links_of([replace(outer, leg=None), replace(inner, leg=None)]) == []


def test_every_report_and_every_capture_of_it_knows_legs(bought: Played, tmp_path: Path) -> None:
    both = interleaved(bought)
    judged = judge(both, RELEASE, heard=bought.heard, declared=bought.declared)
    ledger = read_ledger(both, RELEASE, now=MOMENT + timedelta(days=365))
    report = run_report(info(legs=LEGS), (), both, judged, ledger=ledger)
    jsonschema.validate(report, json_report.schema())
    assert report["run"]["legs"] == list(LEGS)
    assert report["links"]
    assert {page["leg"] for page in report["events"]} == set(LEGS)
    assert {life["leg"] for life in lives(report)} == set(LEGS)
    for write in WRITERS.values():
        write(report, tmp_path)
    for name in ("transcript.ndjson", "report.json", "report.har"):
        (captured,) = read_capture(tmp_path / name, BasePaths(RELEASE))
        assert [each.leg for each in captured.exchanges] == [each.leg for each in both], name
    assert transcript_report.render(report).count(b'"leg":"carrier"') >= len(bought.exchanges)
    (again,) = check_files([tmp_path / "transcript.ndjson"], TerminalWriter(), release=RELEASE)
    assert again["run"]["legs"] == list(LEGS)
    assert [row for row in again["findings"] if row["verdict"] == "fail"] == []


def test_without_legs_nothing_is_said_of_them(bought: Played) -> None:
    report = run_report(info(), (), transcript(), judge((), RELEASE))
    assert "legs" not in report["run"]
    assert "links" not in report
