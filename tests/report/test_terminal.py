"""A human can follow a run; no stranger can play with the terminal."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import Exit
from emulator.judge.verdict import Blame
from emulator.record.exchange import Party
from emulator.report.model import Report, exit_code, whole_report
from emulator.report.played import StepInfo, StepOutcome
from emulator.report.terminal import TerminalWriter
from emulator.scenario.events import Waiting
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import BREACH, FAILED_STEP, PASSED_STEP, full_report, info, report


class Screen(io.StringIO):
    """A terminal to write to."""

    def __init__(self, *, tty: bool) -> None:
        super().__init__()
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


def played(made: Report, screen: io.TextIOBase) -> None:
    """All events of a small run."""
    writer = TerminalWriter(screen)  # type: ignore[arg-type]  # any text stream will do
    writer.run_started(info(Party.SELLER))
    writer.step_started("ask", "asks for an address")
    writer.waiting("the order to be completed (now inProgress)")
    writer.waiting("the order to be completed (now inProgress)")
    writer.step_done(PASSED_STEP)
    writer.step_done(FAILED_STEP)
    for outcome in StepOutcome:
        writer.step_done(StepInfo(outcome, "call", outcome, message="why"))
    writer.run_done(made)
    writer.reports_written([Path("out/report.json")])


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_run_reads_like_a_story() -> None:
    """Steps, waiting once per reason, findings with all that matters, verdict and where the report is."""
    screen = Screen(tty=False)
    played(full_report(), screen)
    text = screen.getvalue()
    assert text.count("waiting for the order") == 1
    for part in (
        "address/lookup",
        "testing the seller",
        "✔ ask",
        "retrieveGeographicAddress",
        "200",
        "Exchange 1: GET /geographicAddress/1 was answered 200",
        "at:       /quoteItem/0/state",
        'expected: "approved.orderable"',
        'found:    "unableToProvide"',
        "whose:    the Seller's",
        "was not answered (timeout)",
        "in scenarios/a.oit.yaml:3:5",
        "MEF121-R10 (section 5.4), rule contract.schema",
        "more:     oit explain MEF121-R10",
        "ERROR: ",
        "report: out/report.json",
    ):
        assert part in text
    assert "\x1b" not in text


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR wins over the terminal."""
    coloured = Screen(tty=True)
    played(report(), coloured)
    assert "\x1b[32m" in coloured.getvalue() or "\x1b[1;32m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Screen(tty=True)
    played(report(), plain)
    assert "\x1b[32m" not in plain.getvalue()
    assert "\x1b[1;32m" not in plain.getvalue()


def test_a_terminal_without_unicode_is_served() -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="ascii")
    played(full_report(), screen)
    screen.flush()
    assert b"+ ask" in raw.getvalue()


def test_a_stranger_cannot_move_the_cursor() -> None:
    """Escape sequences, line breaks and bidirectional marks of a partner are shown, not obeyed."""
    evil = "\x1b[2J\rfine\u202e\n[bold]"
    screen = Screen(tty=False)
    played(report(exchange({}, path="/" + evil), breaches=(Breach("/" + evil, evil, evil, evil),)), screen)
    text = screen.getvalue()
    for bad in ("\x1b", "\r", "\u202e"):
        assert bad not in text
    assert "[bold]" in text


@settings(deadline=None)  # the first example reads the catalogue
@given(st.text(max_size=30), st.binary(max_size=30))
def test_any_text_can_be_told(text: str, body: bytes) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    played(report(exchange(body, path="/" + text), breaches=(Breach("/" + text, body, text, text),)), screen)
    screen.flush()


def test_the_summary_is_short_and_keeps_what_was_not_seen_apart() -> None:
    screen = Screen(tty=False)
    played(report(), screen)
    (line,) = [line for line in screen.getvalue().splitlines() if "requirements: " in line]
    said, _, silent = line.partition("requirements: ")[2].partition("; ")
    assert said == "2 pass"
    assert " not seen" in silent
    assert "pass" not in silent


def test_on_a_terminal_what_takes_long_has_a_line_that_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment scenario, step and what is awaited stand there, and are gone when the step is done."""
    monkeypatch.setattr("emulator.report.progress.SILENCE", 0.0)
    screen = Screen(tty=True)
    writer = TerminalWriter(screen)
    writer.running(2, 7)
    writer.run_started(info())
    writer.step_started("listen", "waits for the quote")
    writer.waiting(
        "Quote to be approved.orderable, it is inProgress; 20 s left", Waiting("listen", "q", "x", None, 20.0)
    )
    assert until(lambda: "[3/7] address/lookup: listen: waiting for Quote" in screen.getvalue())
    writer.step_done(PASSED_STEP)
    ended = screen.getvalue()
    assert ended.index("\x1b[2K") < ended.index("✔ ask"), "the line is taken away before the step's own"
    writer.all_done(report(), Exit.PASSED)


def test_in_a_log_what_takes_long_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.report.progress.SILENCE", 0.0)
    screen = Screen(tty=False)
    writer = TerminalWriter(screen)
    writer.run_started(info())
    writer.step_started("ask", "asks for an address")
    assert until(lambda: "… address/lookup: ask, asks for an address" in screen.getvalue())
    writer.step_done(PASSED_STEP)
    assert screen.getvalue().count("address/lookup: ask") == 1


def test_in_a_log_a_wait_is_told_once() -> None:
    """The wait has a line of its own: none follows that says the same of a step that takes long."""
    screen = Screen(tty=False)
    writer = TerminalWriter(screen)
    writer.run_started(info())
    writer.step_started("listen", "waits for the quote")
    late = next(thread for thread in threading.enumerate() if isinstance(thread, threading.Timer))
    writer.waiting("Quote to be ready; 20 s left", Waiting("listen", "q", "x", None, 20.0))
    late.join(10)
    assert screen.getvalue().count("Quote to be ready") == 1


def test_what_is_quick_has_no_line_of_its_own() -> None:
    """A step that ends within the second leaves nothing but its line, on a terminal too."""
    screen = Screen(tty=True)
    played(report(), screen)
    assert "address/lookup: ask" not in screen.getvalue()


def until(true: Callable[[], bool]) -> bool:
    """Whether it comes true, soon."""
    waited = threading.Event()
    for _ in range(500):
        if true():
            return True
        waited.wait(0.01)
    return False


def advice(*runs: Report) -> str:
    screen = Screen(tty=False)
    TerminalWriter(screen).all_done(whole_report(runs), exit_code(runs), "oit report x")
    return screen.getvalue()


def test_the_first_thing_to_do_is_what_stands_in_the_way_of_most_runs() -> None:
    """Its exchange, its clause and a remedy; others are one line each, three at most in all."""
    rare, common = Breach("/b", "c", "d", "rare"), BREACH
    wrong = [report(breaches=(common,), sut=Party.SELLER) for _ in range(2)]
    text = advice(report(steps=(PASSED_STEP, FAILED_STEP), breaches=(rare,), sut=Party.SELLER), *wrong)
    assert "What to do now" in text
    assert "  whose  the Seller's, by MEF121-R10 (section 5.4): " in text
    assert "  do     have /" in text
    assert text.rstrip().endswith("oit report x")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (StepInfo("a", "call", StepOutcome.ERROR, "", "no such input", blame=Blame.SCENARIO, where="s.oit.yaml:1:2"),
         "mend the scenario at s.oit.yaml:1:2"),
        (StepInfo("a", "notify", StepOutcome.NEVER_ARRIVED, message="nothing came"), "--callback"),
        (StepInfo("a", "call", StepOutcome.INCONCLUSIVE, message="refused", blame=Blame.TRANSPORT), "oit doctor"),
        (StepInfo("a", "call", StepOutcome.UNMET, message="201", where="s.oit.yaml:1:2"), "at s.oit.yaml:1:2"),
    ],
)  # fmt: skip
def test_whatever_went_wrong_there_is_something_to_do(step: StepInfo, said: str) -> None:
    text = advice(report(steps=(PASSED_STEP, step)))
    assert said in text
    assert text.index("broke") < text.index("whose") < text.index("  do ")
