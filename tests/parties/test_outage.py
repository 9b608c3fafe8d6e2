"""A database that fails under a running seller, or cannot be begun with: one sentence each, and no harm beyond it."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.cli.processes import free_port, oit_process
from tests.parties import trade
from tests.parties.durable import PATIENCE, SellerProcess, sellers, until

POQ = "/mefApi/sonata/productOfferingQualification/v7"
QUICK = {"extends": "wholesale-seller", "intervals": {"poq": {"start": 86400, "finish": 86400}}}
"""Nothing moves by itself: what is written is what was asked for."""


@pytest.fixture
def profile(tmp_path) -> Path:
    file = tmp_path / "slow.yaml"
    file.write_bytes(orjson.dumps(QUICK))
    return file


class Buyer:
    """Posts POQs and reads them again; remembers what was acknowledged."""

    def __init__(self, seller: SellerProcess) -> None:
        self.base, self.ids = seller.url + POQ, list[str]()
        self.session = requests.Session()

    def post(self) -> int:
        """Ask for a POQ; the status. 503 has to be the standard's error, and say when to come again."""
        body = trade.poq(trade.uni_item(), instantSyncQualification=False)
        answer = self.session.post(f"{self.base}/productOfferingQualification", json=body, timeout=60)
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "5"
            assert set(answer.json()) == {"reason", "message"}
        else:
            assert answer.status_code == 201, answer.text
            self.ids.append(answer.json()["id"])
        return answer.status_code

    def get(self, identifier: str) -> int:
        return self.session.get(f"{self.base}/productOfferingQualification/{identifier}", timeout=60).status_code


def told(said: str) -> list[str]:
    """The lines of the log, none of which may be a traceback's."""
    assert "Traceback" not in said, said
    return [line for line in said.splitlines() if "the database" in line]


def test_full_disk_refuses_what_writes_serves_what_reads_and_recovers(tmp_path, profile):
    """The size of files is limited for the running process, which is what a full disk is to SQLite."""
    url = f"sqlite:///{tmp_path / 'full.sqlite3'}"
    with sellers(url, profile) as (seller,):
        buyer = Buyer(seller)
        assert [buyer.post() for _ in range(3)] == [201] * 3
        _, hard = resource.prlimit(seller.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(seller.process.pid, resource.RLIMIT_FSIZE, (1, hard))
        for _ in range(5):
            assert buyer.post() == 503
            assert [buyer.get(each) for each in buyer.ids] == [200] * 3
        assert buyer.get("nobody") == 404
        resource.prlimit(seller.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert buyer.post() == 201

        def judged() -> int:
            return int(requests.get(f"{seller.url}/oit/judgement", timeout=60).json()["exchanges"])

        # What could not be recorded meanwhile was kept and is written now: 4 POSTs, 5 refused, 15 and 1 reads.
        until(lambda: judged() == 4 + 5 + 16, "every exchange is recorded")
        first, *others = told(seller.stop())
    assert "cannot be written to" in first
    assert len(others) == 1
    assert others[0].endswith("is written to again")
    with sellers(url, profile) as (seller,):
        again = Buyer(seller)
        assert [again.get(each) for each in buyer.ids] == [200] * 4


def test_database_that_another_process_holds(tmp_path, profile):
    file = tmp_path / "held.sqlite3"
    with sellers(f"sqlite:///{file}?timeout=0.1", profile) as (seller,):
        buyer = Buyer(seller)
        assert buyer.post() == 201
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert [buyer.post() for _ in range(3)] == [503] * 3
        assert buyer.post() == 201
        held, well = told(seller.stop())
    assert "is held by another process" in held
    assert "is written to again" in well


def test_database_whose_file_goes_away(tmp_path, profile):
    """SQLite itself would go on to write to a file that nobody can ever read."""
    file = tmp_path / "gone.sqlite3"
    with sellers(f"sqlite:///{file}", profile) as (seller,):
        buyer = Buyer(seller)
        assert buyer.post() == 201
        file.rename(tmp_path / "elsewhere.sqlite3")
        until(lambda: buyer.post() == 503, "it is seen")
        assert [buyer.post() for _ in range(3)] == [503] * 3
        (line,) = told(seller.stop())
    assert "has lost its file" in line


def test_database_that_is_damaged_in_the_middle(tmp_path, profile):
    """Some of the resources' pages are no pages any more: theirs get 503, a new one can be written."""
    file = tmp_path / "damaged.sqlite3"
    with sellers(f"sqlite:///{file}", profile) as (seller,):
        buyer = Buyer(seller)
        assert [buyer.post() for _ in range(30)] == [201] * 30
        seller.stop()
    with contextlib.closing(sqlite3.connect(file)) as database:
        (size,) = database.execute("PRAGMA page_size").fetchone()
        leaves = database.execute(
            "SELECT pageno FROM dbstat WHERE name = 'resources' AND pagetype = 'leaf' ORDER BY pageno"
        ).fetchall() if _has_dbstat(database) else []  # fmt: skip
    if not leaves:
        pytest.skip("this SQLite does not tell which page is whose (dbstat)")
    with file.open("r+b") as pages:
        for (number,) in leaves[len(leaves) // 2 :]:
            pages.seek((number - 1) * size)
            pages.write(b"\xff" * size)
    with sellers(f"sqlite:///{file}", profile) as (seller,):
        again = Buyer(seller)
        statuses = Counter(again.get(each) for each in buyer.ids)
        assert set(statuses) == {200, 503}
        (line,) = told(seller.stop())
    assert "is damaged" in line


def _has_dbstat(database: sqlite3.Connection) -> bool:
    with contextlib.suppress(sqlite3.OperationalError):
        return bool(database.execute("SELECT 1 FROM dbstat LIMIT 1").fetchone())
    return False


def _newer(file: Path) -> None:
    assert oit_process("runs", "list", "--database", f"sqlite:///{file}").code in {0, 5}
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")


def _no_database(file: Path) -> None:
    file.write_bytes(b"This was never a database.\n" * 1000)


def _cut(file: Path) -> None:
    assert oit_process("runs", "list", "--database", f"sqlite:///{file}").code in {0, 5}
    file.write_bytes(file.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_newer, "made by a newer version of OIT"),
        (_no_database, "is not a database"),
        (_cut, "malformed"),
        (Path.mkdir, "unable to open"),
    ],
    ids=["newer", "no database", "cut", "a folder"],
)
def test_database_that_cannot_be_begun_with(spoil: Callable[[Path], Any], words: str, tmp_path):
    """Exit code 2 and a sentence, for who serves and for who reads."""
    file = tmp_path / "spoilt.sqlite3"
    spoil(file)
    for command in (["seller", "--port", "0"], ["runs", "list"]):
        done = oit_process(*command, "--database", f"sqlite:///{file}")
        assert done.code == 2, done.err
        assert re.search(words, done.err), done.err
        assert len(done.err.splitlines()) == 1, done.err


@contextlib.contextmanager
def cluster() -> Iterator[tuple[str, Callable[[str], None]]]:
    """A PostgreSQL of the test's own: its URL, and what restarts it in a mode."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    name = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if not found or name not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("a PostgreSQL of one's own needs initdb, and as root a user postgres")
    programs, port = found[-1].parent, free_port()
    folder = Path(tempfile.mkdtemp(prefix="oit-pg-"))
    shutil.chown(folder, name)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), "-D", str(folder / "data"), *arguments], check=True, timeout=120, cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=name if os.geteuid() == 0 else None,
        )  # fmt: skip

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=on"
    try:
        run("initdb", "-A", "trust", "-U", "oit", "-N")
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield (
                f"postgresql://oit@127.0.0.1:{port}/postgres",
                lambda mode: run("pg_ctl", "-w", "-m", mode, "-l", str(folder / "log"), "-o", options, "restart"),
            )
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_postgresql_that_is_restarted_under_load(profile):
    """Calls get 201 or 503; each 201 is there afterwards."""
    with cluster() as (url, restart), sellers(url, profile) as (seller,):
        buyers, over = [Buyer(seller) for _ in range(3)], threading.Event()
        statuses: Counter[int] = Counter()

        def load(buyer: Buyer) -> None:
            while not over.is_set():
                statuses[buyer.post()] += 1

        threads = [threading.Thread(target=load, args=(buyer,)) for buyer in buyers]
        for thread in threads:
            thread.start()
        try:
            for mode in ("fast", "immediate", "fast"):
                before = statuses[201]
                restart(mode)
                until(lambda before=before: statuses[201] > before + 20, "calls are answered again", PATIENCE)
        finally:
            over.set()
            for thread in threads:
                thread.join(PATIENCE)
        assert set(statuses) <= {201, 503}
        reader = Buyer(seller)
        kept = [each for buyer in buyers for each in buyer.ids]
        assert len(kept) == statuses[201]
        assert {reader.get(each) for each in kept} == {200}
        lines = told(seller.stop())
    assert len(lines) <= 6, lines
    for line in lines:
        assert "cannot be reached" in line or "is written to again" in line
