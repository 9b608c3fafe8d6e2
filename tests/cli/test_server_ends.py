"""Sellers, listeners and consoles end when they are told to, whatever clients and partners do meanwhile."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.parties.database import Database
from emulator.parties.sql import SqlStore
from tests.bench.message import PATH, request
from tests.cli import partner_buyer
from tests.cli.processes import QUICK, ROOT, environment
from tests.doors.raw import Raw
from tests.doors.raw import request as raw_request

PATIENCE = 30
"""Seconds after which a process is taken for one that never ends. Most of it is for machines that are busy."""
HUB = partner_buyer.BASE["poq"] + "/hub"


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate(timeout=10)


def console_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("console: "):
            return line.removeprefix("console: ").strip()
    raise AssertionError("there is no console")


def bothered(url: str, stack: contextlib.ExitStack) -> None:
    """Every way to be a bad client, at once."""
    port = int(url.rstrip("/").rpartition(":")[2])
    head = b"POST /x HTTP/1.1\r\nHost: a\r\n"
    for sent in (
        b"",
        head,
        head + b"Content-Length: 50\r\n\r\n{",
        head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{",
        raw_request("GET", "/health") + b"GET /he",
        raw_request("GET", "/" + "a" * 1900) * 30,
        raw_request("GET", "/api/events"),
    ):
        line = Raw(port, receive=4096)
        stack.callback(line.close)
        line.send(sent)


@pytest.mark.parametrize(
    "command", ["seller", *(pytest.param(name, marks=pytest.mark.slow) for name in ("workers", "buyer"))]
)
def test_no_client_and_no_partner_puts_off_the_end(command: str, tmp_path: Path) -> None:
    """Nor is anything said of it that looks like an error, and what was owed to a silent subscriber is owed still."""
    (tmp_path / "slow.yaml").write_text(QUICK + "notifications: {timeout: 300}\n")
    url = f"sqlite:///{tmp_path / 'db'}"
    seller = ["seller", "--database", url, "--profile", str(tmp_path / "slow.yaml")]
    arguments = {
        "seller": [*seller, "--console", "0"], "workers": [*seller, "--workers", "2"], "buyer": ["buyer", "--console", "0"],
    }[command]  # fmt: skip
    silent = socket.create_server(("127.0.0.1", 0))
    silent.settimeout(PATIENCE)
    with silent, contextlib.ExitStack() as stack, serving(*arguments) as (process, here):
        if command != "workers":
            bothered(console_of(process), stack)
        bothered(here, stack)
        if command != "buyer":
            callback = f"http://127.0.0.1:{silent.getsockname()[1]}"
            assert requests.post(here + HUB, json={"callback": callback}, timeout=30).status_code == 201
            assert requests.post(here + PATH, json=request(), timeout=30).status_code == 201
            stack.callback(silent.accept()[0].close)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == (3 if command == "buyer" else 0), err  # a buyer has heard half a notification
    assert "Traceback" not in err
    assert "Exception" not in err
    assert "killed" not in err
    if command != "buyer":
        database = Database(url)
        assert SqlStore(database).next_owed() is not None, "it is sent when a seller is there again"
        database.close()


def test_a_second_signal_cuts_the_judgement_short_and_the_report_says_so(tmp_path: Path) -> None:
    """What was judged by then is told and written; how many runs were not is told, and is in the report."""
    (tmp_path / "quick.yaml").write_text(QUICK)
    database, out = f"sqlite:///{tmp_path / 'db'}", tmp_path / "out"
    arguments = ["--profile", str(tmp_path / "quick.yaml"), "--report", "json", "--report-dir", str(out)]
    with serving("seller", "--database", database, *arguments) as (process, here):
        for n in range(30):
            assert partner_buyer.main(f"{here}/r/run-{n}") == 0
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "exchanges; requirements" in line:
                break  # the first is told: the others are under way
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=PATIENCE)
    err = "".join(said) + rest
    assert process.returncode == 3, err
    assert "Traceback" not in err
    report: Any = json.loads((out / "report.json").read_bytes())
    judged = len(report.get("runs", [report]))
    assert report["stopped"] == {"reason": "interrupted", "not_begun": 30 - judged}
    assert f"interrupted: {30 - judged} more run(s) are not judged here" in err
    assert 1 <= judged < 30
