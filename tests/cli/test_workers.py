"""`oit seller --workers`: several processes behind one port are one seller, whichever answers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.bench.message import PATH, request
from tests.cli import partner_buyer
from tests.cli.processes import QUICK, ROOT, environment, free_port, oit
from tests.parties.databases import database
from tests.parties.durable import PATIENCE, Load, listening, snapshot, until

LINUX = Path("/proc/self/net/tcp").exists()
pytestmark = pytest.mark.skipif(not LINUX, reason="looks at processes and ports by /proc, which is Linux'")


class Crew:
    """A seller of several processes, the first of which watches the others."""

    def __init__(self, url: str, folder: Path, *more: str, count: int = 2) -> None:
        self.database = url
        (folder / "quick.yaml").write_text(QUICK)
        self.first = subprocess.Popen(
            [
                sys.executable, "-m", "emulator", "seller", "--workers", str(count), "--database", url,
                "--profile", str(folder / "quick.yaml"), *more,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
        )  # fmt: skip
        assert self.first.stdout is not None
        self.url = self.first.stdout.readline().strip()

    def workers(self) -> list[int]:
        """The processes that the first one has made."""
        found = Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text().split()
        return [int(each) for each in found]

    def listening(self) -> set[int]:
        """Which of them listen on the port."""
        port = f":{int(self.url.rpartition(':')[2]):04X}"
        rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
        sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(port) and row[3] == "0A"}
        return {each for each in self.workers() if sockets & _files_of(each)}

    def end(self, number: int = signal.SIGTERM) -> str:
        """Have it ended; what it said on stderr."""
        self.first.send_signal(number)
        return self.first.communicate(timeout=PATIENCE)[1]


def _files_of(process: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(each.readlink()))
    return found


def _is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(params=["sqlite", "postgresql"])
def crew(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crew]:
    with database(request.param, tmp_path) as url:
        assert url is not None
        started = Crew(url, tmp_path)
        try:
            assert started.url.startswith("http://"), started.first.communicate(timeout=PATIENCE)
            yield started
        finally:
            if started.first.poll() is None:
                started.end()


def _event(note: Any) -> tuple[str, str, str]:
    return note.body["eventType"], note.body["event"]["id"], note.body["eventId"]


def test_whichever_answers_they_are_one_seller(crew: Crew) -> None:
    """State, transcript and judgement are the same at each; events are told once, and no timer runs twice."""
    assert len(crew.listening()) == 2
    assert partner_buyer.main(f"{crew.url}/r/wrong", "wrong-role") == 1
    with listening() as heard:
        hub = f"{crew.url}/r/many{PATH.rpartition('/')[0]}/hub"
        assert requests.post(hub, json={"callback": heard.url}, timeout=PATIENCE).status_code == 201
        load = Load([f"{crew.url}/r/many"], PATH, request(), buyers=6, most=36)
        load.finish()
        assert load.refused == []
        made = {each["id"] for each in load.acknowledged}
        assert len(made) == 36
        until(lambda: _finished(crew, made), "all are done")
        # each on a connection of its own, so that chance has both answer
        for each in sorted(made)[:12]:
            shown = requests.get(f"{crew.url}/r/many{PATH}/{each}", timeout=PATIENCE).json()
            assert [one["state"] for one in shown["stateChange"]] == ["acknowledged", "inProgress", "done.ready"]
            assert requests.get(f"{crew.url}/r/other{PATH}/{each}", timeout=PATIENCE).status_code == 404
        until(lambda: snapshot(crew.database, "", "many").owed == set(), "all is told")
        told = Counter(map(_event, heard.heard))
        assert set(told.values()) == {1}
        assert {(kind, about) for kind, about, _ in told if kind == "poqCreateEvent"} == {
            ("poqCreateEvent", each) for each in made
        }
    judged = [requests.get(f"{crew.url}/oit/judgement?run=wrong", timeout=PATIENCE).json() for _ in range(8)]
    assert {(each["verdict"], each["exchanges"], each["whole"]) for each in judged} == {
        ("fail", judged[0]["exchanges"], True)
    }
    said = crew.end()
    assert crew.first.returncode == 0
    assert "MEF87-R21" in said
    assert "run many" in said
    assert "Traceback" not in said


def _finished(crew: Crew, made: set[str]) -> bool:
    there = snapshot(crew.database, "productOfferingQualification", "many").resources
    return {there[each]["state"] for each in made} == {"done.ready"}


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(crew: Crew) -> None:
    made = [requests.post(f"{crew.url}{PATH}", json=request(), timeout=PATIENCE).json()["id"] for _ in range(3)]
    before = crew.workers()
    os.kill(before[0], signal.SIGKILL)
    until(lambda: before[0] not in crew.workers() and len(crew.listening()) == 2, "another listens in its place")
    for _ in range(4):
        for each in made:
            assert requests.get(f"{crew.url}{PATH}/{each}", timeout=PATIENCE).status_code == 200
    workers = crew.workers()
    said = crew.end(signal.SIGINT)
    assert f"worker {before[0]} died (exit code -9); another takes its place" in said
    assert not any(map(_is_there, workers))


def test_no_worker_outlives_the_first_process(tmp_path: Path) -> None:
    crew = Crew(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path)
    workers = crew.workers()
    crew.end(signal.SIGKILL)
    assert len(workers) == 2
    until(lambda: not any(map(_is_there, workers)), "the workers end by themselves")


def test_a_worker_that_cannot_begin_ends_all_and_says_why() -> None:
    code = (
        "from emulator.errors import UserError\n"
        "from emulator.doors.workers import Workers\n"
        "def serve(host, port, ready):\n"
        "    raise UserError('the database is full')\n"
        "try:\n"
        "    Workers('127.0.0.1', 0, 2, serve).run(print)\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT, check=True
    )
    assert done.stdout == "--workers: one ended before it could serve (exit code 2)\n"
    assert "the database is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_another_has_is_not_shared_with_it(tmp_path: Path) -> None:
    port = free_port()
    there = Crew(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path, "--port", str(port))
    try:
        done = oit("seller", "--workers", "2", "--port", str(port), "--data", str(tmp_path))
    finally:
        there.end()
    assert (done.code, done.out) == (2, "")
    assert f"cannot listen on 127.0.0.1 port {port}" in done.err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--database", "memory"], "what is in memory is seen by its own process only"),
        (["--seed", "1"], "--seed cannot make the same ids again"),
        (["--console", "0"], "start `oit console` on the same database instead"),
        (["--database", "sqlite:////proc/none/x.sqlite3"], "/proc/none"),
        (["--workers", "0"], "0 is not in the range"),
    ],
)
def test_what_workers_cannot_do_is_said(more: list[str], reason: str, tmp_path: Path) -> None:
    done = oit("seller", "--workers", "2", "--data", str(tmp_path), *more)
    assert done.code == 2
    assert reason in done.err
