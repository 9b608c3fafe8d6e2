"""`--console` and `oit console` as users start them: in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator.conduct.listening import Hearing
from emulator.console.control import Control
from emulator.console.front import Front
from emulator.console.of_buyer import Heard
from emulator.console.serving import Console
from emulator.parties.clock import RealClock
from emulator.standard.release import load_release
from tests.cli.processes import QUICK, ROOT, environment, oit
from tests.console.served import ask, seller_with_console
from tests.console.test_events import until
from tests.console.trading import SLOW, Buyer, Ear


@contextmanager
def command(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command with a console, and the URL that it told on stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"console: (http\S+)", line):
                yield process, found[1]
                break
        else:
            raise AssertionError(f"it told of no console: {process.wait(timeout=10)}")
    finally:
        process.kill()
        process.communicate(timeout=10)


def get(url: str, path: str) -> Any:
    answer = ask(url.rstrip("/") + path)
    assert answer.status == 200, answer.body
    return answer.json


def test_a_console_alone_over_a_shared_database_moves_what_a_seller_then_shows_and_tells(tmp_path: Path):
    database = f"sqlite:///{tmp_path / 'oit.sqlite3'}"
    ear = Ear()
    try:
        with seller_with_console(database, overlay=SLOW) as beside, command("console", "--database", database) as (
            process, url,
        ):  # fmt: skip
            buyer = Buyer(beside.seller, "shared")
            buyer.subscribe("quote", ear.callback)
            quote = buyer.quote()
            state = get(url, "/api/state")
            assert (state["role"], state["emulator"]) == ("store", None)
            assert state["capabilities"] == [
                "advance",
                "make",
                "set",
                "move",
                "do",
                "event",
                "snapshot",
                "restore",
                "reset",
            ]
            assert get(url, "/api/runs/shared/report")["verdict"] == "pass"
            done = oit("control", "--console", url, "move", "quote", quote, "inProgress", "--run", "shared")
            assert done.code == 0, done.err
            assert buyer.state("quote", f"/quote/{quote}") == "inProgress"
            until(lambda: ("quoteStateChangeEvent", quote) in ear.heard)
            refused = oit("control", "--console", url, "fault", "quote.listQuote", "--respond", "503")
            assert (refused.code, "seller's own door" in refused.err) == (2, True)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0
    finally:
        ear.close()


def test_a_run_is_shown_and_the_console_stays_until_it_is_done(tmp_path: Path):
    words = (
        "run",
        "scenarios/poq/immediate.oit.yaml",
        "--console",
        "0",
        "--report",
        "json",
        "--report-dir",
        str(tmp_path),
    )
    with command(*words) as (process, url):
        until(lambda: all(run["finished"] for run in get(url, "/api/state")["runs"] or [{"finished": None}]))
        until((tmp_path / "report.json").exists)
        state = get(url, "/api/state")
        written = json.loads((tmp_path / "report.json").read_text())
        runs = written.get("runs", [written])
        assert state["role"] == "run"
        assert {run["id"] for run in state["runs"]} == {run["run"]["id"] for run in runs}
        shown = get(url, f"/api/runs/{state['runs'][0]['id']}/report")
        assert {key: value for key, value in shown.items() if key != "view"} in runs
        assert get(url, f"/api/runs/{state['runs'][0]['id']}/resources")["resources"]
        assert oit("control", "--console", url, "done").out == "the console ends\n"
        assert process.wait(timeout=20) == 0


def test_a_buyer_under_test_is_waited_for_on_the_page_and_our_seller_takes_a_hand(tmp_path: Path):
    (tmp_path / "quick.yaml").write_text(QUICK)
    words = ("run", "scenarios/quote/firm-deferred.oit.yaml", "--sut", "buyer", "--console", "0", "--within", "120s",
             "--profile", str(tmp_path / "quick.yaml"))  # fmt: skip
    with command(*words) as (process, url):
        until(lambda: get(url, "/api/state")["waiting"] and get(url, "/api/waiting").get("awaited"))
        state = get(url, "/api/state")
        assert state["capabilities"] == ["advance", "make", "set", "move", "do", "event", "fault", "done"]
        (run,) = state["runs"]
        assert (run["sut"], run["finished"], run["verdict"]) == ("buyer", None, None)
        assert get(url, "/api/waiting")["url"] == state["emulator"]

        quotes = f"{state['emulator']}/mefApi/sonata/quoteManagement/v8/quote"
        assert oit("control", "--console", url, "fault", "quote.listQuote", "--respond", "503").code == 0
        assert (ask(quotes).status, ask(quotes).status) == (503, 200)
        assert [one.get("spoilt") for one in get(url, f"/api/runs/{run['id']}/report")["exchanges"]] == [True, None]
        assert oit("control", "--console", url, "advance", "2d").code == 0
        assert get(url, "/api/state")["ahead_seconds"] > 86_400

        assert oit("control", "--console", url, "done").out == "nobody is waited for any longer\n"
        until(lambda: get(url, "/api/state")["runs"][0]["finished"] is not None)
        assert get(url, "/api/state")["waiting"] is False
        assert get(url, "/api/state")["runs"][0]["verdict"] == "inconclusive"
        assert oit("control", "--console", url, "done").out == "the console ends\n"
        assert process.wait(timeout=20) == 3


def test_what_a_buyer_heard_is_shown():
    """As `oit buyer --console` puts it together."""
    release = load_release()
    hearing = Hearing(release, lambda *_: None)
    running = hearing.running("127.0.0.1", 0)
    source = Heard(hearing, running.url)
    try:
        with Console(Front(source, RealClock(), Control(source), release)) as console:
            body = {"eventId": "1", "eventTime": "2026-01-01T00:00:00Z", "eventType": "quoteStateChangeEvent",
                    "event": {"id": "q"}}  # fmt: skip
            base = "/r/me/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
            ask(running.start() + base, "POST", body)
            state = get(console.url, "/api/state")
            assert [run["id"] for run in state["runs"]] == ["me"]
            assert (state["role"], state["capabilities"], state["emulator"]) == ("buyer", [], running.url)
            assert len(get(console.url, "/api/log?run=me")["exchanges"]) == 1
            assert get(console.url, "/api/runs/me/report")["run"]["scenario"] == "oit buyer"
            assert get(console.url, "/api/runs/me/resources")["resources"] == []
    finally:
        running.stop()


def test_beyond_loopback_the_token_is_told_once_and_opens(tmp_path: Path):
    words = ("seller", "--database", "memory", "--console", "0", "--console-host", "0.0.0.0")
    with command(*words) as (process, url):
        found = re.fullmatch(r"http://0\.0\.0\.0:(\d+)/\?token=(\S+)", url)
        assert found is not None
        here = f"http://127.0.0.1:{found[1]}"
        assert ask(f"{here}/api/state").status == 403
        assert oit("control", "--console", here, "fault", "--clear").code == 2
        assert oit("control", "--console", here, "--token", found[2], "fault", "--clear").code == 0
        assert oit("control", "--console", f"{here}/?token={found[2]}", "fault", "--clear").code == 0
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert found[2] not in err
        assert os.environ.get("OIT_CONSOLE") is None


def test_the_help_of_a_command_needs_no_console() -> None:
    told = oit("control", "do", "--help")
    assert told.code == 0
    assert "Have happen what no operation does" in told.out
    missing = oit("control", "do", "customerBill", "bill-now")
    assert missing.code == 2
    assert "--console" in missing.err
