"""`oit reconcile` as a user calls it: files, databases, reports, exit codes, and reading that goes on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.conduct import reconciled
from emulator.conduct.reconciled import ReconcileAsked, reconcile_sources
from emulator.parties.database import Database
from emulator.parties.recorder import Recorder
from emulator.reconciling import sources
from emulator.record.exchange import Exchange
from emulator.report.reading import read_whole
from emulator.report.transcript_report import line
from emulator.scenario.stop import Stop
from emulator.standard.release import load_release
from tests.cli.processes import oit
from tests.reconciling.test_total import full, many
from tests.reconciling.world import World, item, money, period, price

HUGE = json.dumps({"oit": "reconcile", "version": 1, "places": {}, "books": {"": {"version": 1, "turns": 1e300}}})


def transcript(path: Path, exchanges: Iterable[Exchange], run: str = "") -> Path:
    path.write_bytes(b"".join(line(run, replace(each, n=n)) for n, each in enumerate(exchanges, 1)))
    return path


@pytest.fixture
def right(tmp_path: Path) -> Path:
    return transcript(tmp_path / "right.ndjson", World().product().bill(item()).exchanges)


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """One item is too dear, one price is not billed, one item is of a product that nobody has seen."""
    world = World().product(prices=[price(65), price(10)])
    return transcript(tmp_path / "wrong.ndjson", world.bill(item(net=70), item("I2", product={"id": "P9"})).exchanges)


def test_a_right_bill_is_told_in_two_lines(right: Path) -> None:
    done = oit("reconcile", str(right))
    assert done.code == 0
    assert "1 explained, 0 disputed, 0 missing, 0 unexplained" in done.out
    assert "EUR: billed 78.00 = explained 78.00 (tax 13.00, fees 0.00 in it)" in done.out
    assert "as-agreed" not in done.out
    assert "as-agreed" in oit("reconcile", "--all", str(right)).out


def test_what_is_wrong_is_told_and_fails_nobody_who_does_not_ask(wrong: Path) -> None:
    done = oit("reconcile", str(wrong))
    assert done.code == 0
    told = " ".join(done.out.split())
    assert "B1 I1 disputed wrong-rate +6.00 EUR its rate is 70.00 EUR, and 65.00 EUR was agreed" in told
    assert "B1 P1 missing not-billed -10.00 EUR" in told
    assert "B1 I2 unexplained subject-not-seen" in told
    assert "too much 6.00" in told
    assert oit("reconcile", str(wrong), "--fail-on", "disputed,missing").code == 1
    assert oit("reconcile", str(wrong), "--fail-on", "unexplained").code == 1


def test_nothing_disputed_passes_who_asks(right: Path) -> None:
    assert oit("reconcile", str(right), "--fail-on", "disputed,missing,unexplained").code == 0


def test_the_json_has_all_lines_and_totals(wrong: Path) -> None:
    (run,) = json.loads(oit("reconcile", str(wrong), "--format", "json").out)["runs"]
    assert run["counts"] == {"explained": 0, "disputed": 1, "missing": 1, "unexplained": 1}
    (disputed,) = [each for each in run["lines"] if each["standing"] == "disputed"]
    assert (disputed["billed"], disputed["expected"], disputed["difference"]) == ("84.00", "78.00", "6.00")
    assert disputed["clause"] == "plain"


def test_the_csv_has_a_row_for_each_line(wrong: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    assert oit("reconcile", str(wrong), "--csv", str(file)).code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
    assert [(row["item"], row["standing"], row["difference"], row["clause"]) for row in rows] == [
        ("I1", "disputed", "6.00", "plain"),
        ("I2", "unexplained", "", "plain"),
        ("", "missing", "-10.00", "plain"),
    ]
    assert file.read_bytes().count(b"\r\n") == 4


def test_a_partners_text_is_no_formula_and_no_markup(tmp_path: Path) -> None:
    world = World().product().bill(item("=1+1", 70), name="<b>")
    file, page = tmp_path / "lines.csv", tmp_path / "page.html"
    source = transcript(tmp_path / "odd.ndjson", world.exchanges)
    assert oit("reconcile", str(source), "--csv", str(file), "--html", str(page)).code == 0
    assert ",'=1+1," in file.read_text()
    assert "<td>&lt;b&gt;</td>" in page.read_text()
    assert "<b>" not in page.read_text()


def test_the_page_has_every_line(wrong: Path, tmp_path: Path) -> None:
    page = tmp_path / "bills.html"
    assert oit("reconcile", str(wrong), "--html", str(page)).code == 0
    text = page.read_text()
    assert text.count('<tr class="') == 3
    assert all(word in text for word in ("wrong-rate", "not-billed", "subject-not-seen", "Content-Security-Policy"))
    assert "http" not in text.replace("http-equiv", "")


def test_a_declared_method_decides(tmp_path: Path) -> None:
    part = item(periodCoverage=period("2026-01-17", "2026-02-01"))
    source = transcript(
        tmp_path / "part.ndjson", World().product(startDate="2026-01-17T00:00:00Z").bill(part).exchanges
    )
    assert oit("reconcile", str(source), "--fail-on", "disputed").code == 0
    for n, said in enumerate(("readings: {billing-prorate: days}", "billing: {proRata: days}")):
        profile = tmp_path / f"partner-{n}.yaml"
        profile.write_text(f"name: partner\n{said}\n")
        done = oit("reconcile", str(source), "--profile", str(profile), "--fail-on", "disputed")
        assert (done.code, "wrong-quantity" in done.out) == (1, True)


def test_what_is_let_pass_is_said(tmp_path: Path) -> None:
    world = World().product().bill(item(net=65.02, unitRate=money(65), tax=None))
    source = str(transcript(tmp_path / "cents.ndjson", world.exchanges))
    assert oit("reconcile", source, "--fail-on", "disputed").code == 1
    assert oit("reconcile", source, "--fail-on", "disputed", "--tolerance", "0.02").code == 0


# What is read


def test_runs_stand_apart_unless_they_are_joined(tmp_path: Path) -> None:
    products = transcript(tmp_path / "january.ndjson", World().product().exchanges, "january")
    bills = transcript(tmp_path / "february.ndjson", World().bill(item()).exchanges, "february")
    assert "1 unexplained" in oit("reconcile", str(products), str(bills)).out
    assert "1 explained" in oit("reconcile", str(products), str(bills), "--joined").out


def test_a_database_is_read_run_by_run(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oit.sqlite3'}"
    recorder = Recorder(Database(url))
    for run, world in (("acme", World().product().bill(item())), ("other", World().product().bill(item(net=70)))):
        for each in world.exchanges:
            recorder.add(run, each)
    recorder.flush()
    recorder.close()
    both = oit("reconcile", "--database", url)
    assert "run acme" in both.out
    assert "run other" in both.out
    one = oit("reconcile", "--database", url, "--run", "other", "--fail-on", "disputed")
    assert (one.code, "run acme" in one.out) == (1, False)
    assert "run acme" in oit("reconcile", "--data", str(tmp_path)).out
    none = oit("reconcile", "--database", url, "--run", "nobody")
    assert (none.code, "there is no run 'nobody'" in none.err) == (2, True)


def test_no_bill_is_told(tmp_path: Path) -> None:
    done = oit("reconcile", str(transcript(tmp_path / "none.ndjson", World().product().exchanges)))
    assert (done.code, done.err) == (5, "no bill was seen, and no item of one\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "nowhere"], "there is no database in nowhere"),
        (["--database", "memory"], "what is in memory ends with its process"),
        (["nothing.ndjson"], "nothing.ndjson"),
        (["x.ndjson", "--tolerance", "-1"], "is no amount; write 0.05"),
        (["x.ndjson", "--fail-on", "wrong"], "'wrong' is not one of disputed, missing, unexplained"),
    ],
)
def test_what_a_user_can_mend_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = oit("reconcile", *arguments, cwd=tmp_path)
    assert done.code == 2
    assert told in done.err


def test_what_cannot_be_written_is_told(right: Path, tmp_path: Path) -> None:
    for option in ("--csv", "--html", "--resume"):
        done = oit("reconcile", str(right), option, str(tmp_path / "no" / "where"))
        assert (done.code, f"{option} " in done.err) == (2, True), option


# It goes on


def reading(tmp_path: Path, *files: Path) -> ReconcileAsked:
    return ReconcileAsked(files, resume=tmp_path / "kept")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PART", 2000)
    monkeypatch.setattr(reconciled, "_FIRST", 1)
    monkeypatch.setattr(reconciled, "_GROWTH", 1)


class BreaksOff(Stop):
    """Ends after so many parts; `dies` as a process does, without a last word."""

    def __init__(self, parts: int, *, dies: bool = False) -> None:
        super().__init__()
        self.left, self.dies = parts, dies

    def check(self) -> None:
        self.left -= 1
        if self.left == 0:
            if self.dies:
                raise KeyboardInterrupt
            self.end("enough")
        super().check()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("dies", [False, True], ids=["ends", "dies"])
def test_reading_that_breaks_off_goes_on_and_comes_to_the_same(tmp_path: Path, dies: bool) -> None:
    file = transcript(tmp_path / "year.ndjson", full().exchanges)
    release, whole = load_release(), reconcile_sources(ReconcileAsked([file]), load_release(), Stop())
    for parts in range(1, 4):
        (tmp_path / "kept").unlink(missing_ok=True)
        try:
            broken = reconcile_sources(reading(tmp_path, file), release, BreaksOff(parts, dies=dies))
            assert broken != whole
        except KeyboardInterrupt:
            assert dies
        kept = json.loads((tmp_path / "kept").read_bytes())
        assert 0 < kept["books"][""]["turns"] < len(full().exchanges)
        assert reconcile_sources(reading(tmp_path, file), release, Stop()) == whole


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    file = transcript(tmp_path / "year.ndjson", full().exchanges)
    first = reconcile_sources(reading(tmp_path, file), load_release(), Stop())
    again = reconcile_sources(reading(tmp_path, file), load_release(), Stop())
    assert again == first
    turns = json.loads((tmp_path / "kept").read_bytes())["books"][""]["turns"]
    assert turns == len(full().exchanges)


def test_books_that_were_kept_apart_are_not_joined(tmp_path: Path, right: Path) -> None:
    kept = str(tmp_path / "kept")
    assert oit("reconcile", str(right), "--resume", kept).code == 0
    done = oit("reconcile", str(right), "--resume", kept, "--joined")
    assert (done.code, "this was read without --joined" in done.err) == (2, True)


def test_a_transcript_that_has_grown_is_read_on(tmp_path: Path) -> None:
    exchanges = full().exchanges
    file = transcript(tmp_path / "year.ndjson", exchanges[:5])
    with file.open("ab") as half:
        half.write(b'{"half": ')
    reconcile_sources(reading(tmp_path, file), load_release(), Stop())
    file = transcript(tmp_path / "year.ndjson", exchanges)
    found = reconcile_sources(reading(tmp_path, file), load_release(), Stop())
    assert found == reconcile_sources(ReconcileAsked([file]), load_release(), Stop())


def test_another_file_of_that_name_is_told(tmp_path: Path, right: Path) -> None:
    kept = str(tmp_path / "kept")
    assert oit("reconcile", str(right), "--resume", kept).code == 0
    transcript(right, many(2, 2).exchanges)
    done = oit("reconcile", str(right), "--resume", kept)
    assert (done.code, "it is not what was read before" in done.err) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1",
        '{"oit": "reconcile", "version": 9}',
        HUGE,
        '{"oit": "reconcile", "version": 1}',
    ],
)
def test_a_file_that_is_none_of_ours_is_told(tmp_path: Path, right: Path, text: str) -> None:
    kept = tmp_path / "kept"
    kept.write_text(text)
    done = oit("reconcile", str(right), "--resume", str(kept))
    assert (done.code, "--resume needs a file that it wrote itself" in done.err) == (2, True)
    assert kept.read_text() == text


# In reports


def test_a_report_has_the_bills_that_were_seen(wrong: Path, tmp_path: Path) -> None:
    done = oit("check", str(wrong), "--report", "json", "--report-dir", str(tmp_path))
    found = read_whole(tmp_path / "report.json")["reconciliation"]
    assert found["counts"] == {"explained": 0, "disputed": 1, "missing": 1, "unexplained": 1}
    told = "I1 disputed: wrong-rate by 6.00 EUR: its rate is 70.00 EUR, and 65.00 EUR was agreed"
    for err in (done.err, oit("report", str(tmp_path)).err):
        assert "Bills (1): 0 explained, 1 disputed, 1 missing, 1 unexplained" in err
        assert told in " ".join(err.split())
    assert (
        done.code == oit("check", str(transcript(tmp_path / "r.ndjson", World().product().bill(item()).exchanges))).code
    )


def test_a_report_without_bills_says_nothing_of_them(tmp_path: Path) -> None:
    file = transcript(tmp_path / "none.ndjson", World().product().exchanges)
    oit("check", str(file), "--report", "json", "--report-dir", str(tmp_path))
    assert "reconciliation" not in read_whole(tmp_path / "report.json")


@pytest.mark.parametrize("file", ["report.json", "report.har", "transcript.ndjson"])
def test_what_was_reported_is_reconciled_alike(wrong: Path, tmp_path: Path, file: str) -> None:
    oit("check", str(wrong), "--report", "json,har,transcript", "--report-dir", str(tmp_path / "out"))
    first = json.loads(oit("reconcile", str(wrong), "--format", "json").out)["runs"]
    again = json.loads(oit("reconcile", str(tmp_path / "out" / file), "--format", "json").out)["runs"]
    assert [run["lines"] for run in again] == [run["lines"] for run in first]


@pytest.mark.usefixtures("small_parts")
def test_an_interrupt_ends_reading_after_its_part(tmp_path: Path) -> None:
    file = transcript(tmp_path / "year.ndjson", full().exchanges)
    stop = Stop()
    stop.interrupt()
    reconcile_sources(reading(tmp_path, file), load_release(), stop)
    assert stop.reason
    assert 0 < json.loads((tmp_path / "kept").read_bytes())["books"][""]["turns"] < len(full().exchanges)
