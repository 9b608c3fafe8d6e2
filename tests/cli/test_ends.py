"""How runs end before they are done: interrupted, out of time, or with nobody left who reads what they say."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from jsonschema import Draft7Validator

from emulator.report import json_report, ndjson
from tests.cli.processes import ROOT, environment, http, oit, oit_process, partner, seller

TOLD = "scenarios/poq/with-notifications.oit.yaml"
QUICK = "scenarios/poq/immediate.oit.yaml"
NEVER = "extends: wholesale-seller\nintervals:\n  poq: {start: 1, finish: 3600}\n"
"""A seller that makes a buyer wait."""


KNOWN = """
oit: "1"
known:
  - {requirement: MEF121-R6, scenario: "*", owner: us, reason: a test, expires: "2999-12-31"}
"""
"""It does not happen in what is seen of an interrupted run; of the rest nobody knows."""


@pytest.fixture(scope="module")
def slow_seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    profile = tmp_path_factory.mktemp("seller") / "slow.yaml"
    profile.write_text(NEVER)
    with seller("--profile", str(profile)) as url:
        yield url


@contextlib.contextmanager
def started(*arguments: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """`oit run` in a process of its own; stderr is read by the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "run", *arguments],
        stdout=streams.get("stdout", subprocess.DEVNULL), stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**environment(), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def heard(stream: IO[str] | None, words: str) -> str:
    """What is said up to the line that has these words."""
    assert stream is not None
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"{words!r} was never said:\n{''.join(lines)}")


def reported(folder: Path) -> Any:
    report = json.loads((folder / "report.json").read_bytes())
    Draft7Validator(json_report.schema()).validate(report)
    return report


def reports(folder: Path) -> list[str]:
    return ["--report", "json,junit", "--report-dir", str(folder)]


def test_interrupted_run_ends_its_subscription_and_is_reported(slow_seller: str, tmp_path: Path):
    """Ctrl-C while a seller is waited for: what was seen is there, what was not is blocked, the rest is a number."""
    with started(TOLD, QUICK, "--sut", f"seller={slow_seller}", *reports(tmp_path)) as process:
        heard(process.stderr, "waiting for")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "interrupted: what was seen is reported as it stands; 1 run(s) had not begun" in err
    assert "Traceback" not in err
    report = reported(tmp_path)
    assert report["verdict"] == "inconclusive"
    assert report["stopped"] == {"reason": "interrupted", "not_begun": 1}
    outcomes = [step["outcome"] for step in report["steps"]]
    cut = outcomes.index("inconclusive")
    assert {step["message"] for step in report["steps"][cut:]} == {"interrupted"}
    assert set(outcomes[:cut]) == {"passed"}
    assert set(outcomes[cut + 1 :]) == {"blocked"}
    assert [row["verdict"] for row in report["findings"] if row["verdict"] == "fail"] == []
    ended = [row for row in report["exchanges"] if row["operation"] == "unregisterListener"]
    assert [row["response"]["status"] for row in ended] == [204], "an event may still come in between"
    assert (tmp_path / "junit.xml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_parallel_runs_whose_partner_is_silent_are_reported(number: signal.Signals, tmp_path: Path):
    """Requests under way are not waited for, however long the partner might take."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with started(QUICK, TOLD, "scenarios/poq/find.oit.yaml", "--sut", f"seller={url}", "-j", "2", *reports(tmp_path)
                     ) as process:  # fmt: skip
            silent.settimeout(60)
            calls = [silent.accept()[0], silent.accept()[0]]
            process.send_signal(number)
            _, err = process.communicate(timeout=20)
        for call in calls:
            call.close()
    assert process.returncode == 3, err
    assert "Traceback" not in err
    report = reported(tmp_path)
    assert len(report["runs"]) == 2
    assert report["stopped"]["not_begun"] > 0
    for run in report["runs"]:
        assert run["verdict"] == "inconclusive"
        assert [row["fault"]["kind"] for row in run["exchanges"]] == ["unanswered"]
        assert run["steps"][0]["message"] == "interrupted"


def test_run_that_does_not_come_back_is_reported_as_it_stands_and_a_second_signal_ends_at_once(tmp_path: Path):
    """A connection that is never made cannot be ended from outside: its run is reported without it."""
    with full() as url:
        arguments = [QUICK, "--sut", f"seller={url}", *reports(tmp_path)]
        with started(*arguments) as process:
            heard(process.stderr, "testing the seller")
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 3, err
        report = reported(tmp_path)
        assert {step["outcome"] for step in report["steps"]} <= {"blocked", "inconclusive"}
        assert {step["message"] for step in report["steps"]} == {"interrupted"}
        with started(*arguments) as process:
            heard(process.stderr, "testing the seller")
            # Two of different kinds, so that neither stands for both however late the process hears of them.
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 3
        assert err.endswith("interrupted again: ended at once\n")
        assert "INCONCLUSIVE" not in err


@contextlib.contextmanager
def full() -> Iterator[str]:
    """A server that takes no connection: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as waiting:
        address = listener.getsockname()
        for _ in range(4):
            line = waiting.enter_context(socket.socket())
            line.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                line.connect(address)
        yield f"http://127.0.0.1:{address[1]}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scenarios/poq/with-notifications.oit.yaml", "--sut", "buyer"], "our seller listens"),
        (["scenarios/poq/deferred.oit.yaml", "--clock", "real"], "waiting for"),
    ],
    ids=["buyer", "self-test"],
)
def test_buyer_or_nobody_under_test_ends_likewise(arguments: list[str], words: str, tmp_path: Path):
    profile = tmp_path / "slow.yaml"
    profile.write_text(NEVER)
    with started(*arguments, "--profile", str(profile), *reports(tmp_path)) as process:
        heard(process.stderr, words)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "Traceback" not in err
    report = reported(tmp_path)
    assert report["verdict"] == "inconclusive"
    assert {"inconclusive", "blocked"} <= {step["outcome"] for step in report["steps"]}
    assert report["stopped"] == {"reason": "interrupted", "not_begun": 0}


def test_time_that_is_over_is_told_and_blames_nobody(slow_seller: str, tmp_path: Path):
    """`--within` ends a wait, `--max-time` all of them; `--timeout` is the command line's where it is given."""
    sut = ["--sut", f"seller={slow_seller}"]
    (tmp_path / "known.yaml").write_text(KNOWN)
    done = oit("run", TOLD, *sut, "--within", "500ms", *reports(tmp_path))
    assert done.code == 3, done.err
    assert "the time that --within grants is over" in done.err
    assert {step["blame"] for step in reported(tmp_path)["steps"] if step["outcome"] == "inconclusive"} == {None}
    known = ["--known-failures", str(tmp_path / "known.yaml")]
    done = oit("run", TOLD, QUICK, *sut, "--max-time", "1500ms", "--format", "json", *known, *reports(tmp_path))
    assert done.code == 3, done.err
    report = reported(tmp_path)
    assert [entry["status"] for entry in report["known_failures"]["entries"]] == ["untried"], "it may still happen"
    assert report["stopped"] == {"reason": "the time that --max-time grants is over", "not_begun": 1}
    events = [json.loads(line) for line in done.out.splitlines()]
    for each in events:
        Draft7Validator(ndjson.schema()).validate(each)
    assert [each["not_begun"] for each in events if each["event"] == "stopped"] == [1]
    waits = [(each["step"], each["seen"]) for each in events if each["event"] == "waiting"]
    assert len(waits) == len(set(waits)), "each is told once"
    done = oit("run", "scenarios/poq/deferred.oit.yaml", "--sut", "buyer", "--max-time", "100ms", *reports(tmp_path))
    assert done.code == 3, done.err
    assert "the time that --max-time grants is over" in done.err


def test_timeout_of_the_command_line_wins():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = oit("run", QUICK, "--sut", f"seller=http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "0.2")
    assert done.code == 3, done.err
    assert "within 0.2 s" in done.err


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_reader_that_goes_away_changes_nothing(form: str, tmp_path: Path):
    """The run ends as it would have: its code is its own, and the reports are there."""
    wrong = http("500 Internal Server Error", "application/json", b'{"code":"internalError","reason":"no"}')
    with partner(wrong) as url:
        alone = oit("run", QUICK, "--sut", f"seller={url}", "--format", form)
        arguments = [QUICK, "--sut", f"seller={url}", "--format", form, *reports(tmp_path)]
        with started(*arguments, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()
            assert process.wait(timeout=60) == alone.code
    assert reported(tmp_path)["exchanges"]


def test_output_that_cannot_be_written_is_told():
    with Path("/dev/full").open("w") as full_disk:
        process = subprocess.run(
            [sys.executable, "-m", "emulator", "schema", "report"],
            stdout=full_disk, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(), timeout=60, check=False,
        )  # fmt: skip
    assert process.returncode == 2
    assert process.stderr == "standard output cannot be written: No space left on device\n"
    assert oit_process("schema", "report").code == 0
