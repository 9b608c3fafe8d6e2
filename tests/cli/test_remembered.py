"""A seller knows under which profile what it keeps was made, and writes a report of what came."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from emulator.parties import tables
from emulator.parties.opening import keeping
from emulator.parties.profile import load_profile
from emulator.parties.remembered import forget, remember
from tests.cli.processes import ROOT, environment, oit


@contextmanager
def seller(folder: Path, *arguments: str) -> Iterator[tuple[str, list[str]]]:
    """A seller over `folder`/data until SIGTERM: its URL, and what it said when it was over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "seller", "--data", str(folder / "data"), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    said: list[str] = []
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), said
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=60)[1].splitlines()
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_a_seller_reports_what_came_and_knows_its_profile_again(tmp_path: Path):
    with seller(tmp_path, "--report", "json,html", "--report-dir", str(tmp_path / "out")) as (url, said):
        for run in ("", "/r/acme"):
            with urllib.request.urlopen(f"{url}{run}/mefApi/sonata/quoteManagement/v8/quote", timeout=30) as answer:
                assert answer.status == 200
    assert "profile" not in "\n".join(line for line in said if line.startswith("oit:"))
    report = json.loads((tmp_path / "out/report.json").read_bytes())
    assert {run["run"]["id"] for run in report["runs"]} == {"plain-path", "acme"}
    assert (tmp_path / "out/report.html").is_file()

    data = ("--data", str(tmp_path / "data"))
    for name in ("plain-path", ""):
        told = oit("report", name, *data, cwd=tmp_path)
        assert "1 exchanges" in told.err, told.err
    assert "plain-path" in oit("runs", "list", *data).out
    assert "1 exchange(s)" in oit("runs", "show", "plain-path", *data).out

    (tmp_path / "mine.yaml").write_text(
        "extends: wholesale-seller\nname: mine\nbehaviour: {quote: {outcome: rejected}}\nsites: {site-london-slough: null}\n"
    )
    with (
        seller(tmp_path, "--profile", str(tmp_path / "mine.yaml")) as (_, mine),
        seller(tmp_path) as (_, other),
    ):
        pass
    assert "made under profile 'wholesale-seller'" in mine[0]
    assert "/behaviour/quote/outcome was 'orderable' and is 'rejected'" in mine[0]
    assert "/sites/site-london-slough is gone" in mine[0]
    assert "another seller serves the same database" in other[0]
    assert "/behaviour/quote/outcome was 'rejected' and is 'orderable'" in other[0]


def test_who_was_killed_serves_no_more_and_who_ended_is_the_past(tmp_path: Path):
    usual = load_profile()
    slow = replace(usual, name="slow", unknown_members="refuse")
    with keeping(f"sqlite:///{tmp_path / 'a.sqlite3'}") as keep:
        database = keep.database
        assert database is not None
        assert remember(database, usual) == []
        assert remember(database, replace(usual, name="same", description="x")) == []
        (beside,) = {line.partition(" (")[0] for line in remember(database, slow)}
        assert beside == "another seller serves the same database"
        with database.writing() as connection:  # as if another process, which is gone, had been all of them
            connection.execute(update(tables.sellers).values(holder=f"{socket.gethostname()}:999999999:1"))
        assert remember(database, usual) == []  # nothing is kept yet
        forget(database)
        keep.store.attempt(lambda: keep.store.begin("r1", datetime(2026, 1, 1, tzinfo=UTC)))
        (before,) = remember(database, slow)
        assert before.startswith("what the database keeps was made under profile 'wholesale-seller'")
        assert "/unknownMembers was 'tolerate' and is 'refuse'" in before
