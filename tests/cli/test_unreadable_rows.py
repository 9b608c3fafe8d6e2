"""Rows that cannot be read, in every table: they are named once, and stop neither other runs, nor console, nor report."""

from __future__ import annotations

import json
import queue
import re
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.cli.processes import ROOT, environment, oit, seller
from tests.parties import trade

POQ = "/mefApi/sonata/productOfferingQualification/v7"
NOW = 1_700_000_000_000_000
FAR, BEFORE = 2**62, -(2**60)
ABOUT = {
    "from": "buyer", "to": "seller", "api": None, "kind": None, "operation": None, "path_params": {}, "step": None,
    "request": {"method": "GET", "url": "http://x/", "headers": []}, "response": None, "fault": None,
}  # fmt: skip


def _about(**more: object) -> bytes:
    return json.dumps({**ABOUT, **more}).encode()


ROWS: dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]] = {
    "timers": (
        ("kind", "id", "at", "action", "data"),
        [("quote", "x", at, "quote.expire", b"{}") for at in (BEFORE, FAR, "soon", b"\xff", 0)]
        + [("quote", "x", NOW, "quote.expire", data) for data in (b"", b"[]", b"{", "x", 5)]
        + [("quote", "x", NOW, action, b"{}") for action in ("no.such", b"\xff")],
    ),
    "resources": (
        ("kind", "id", "created", "body"),
        [("quote", f"r{n}", NOW, body) for n, body in enumerate((b"", b"[]", b"null", "x", b"\xff", b'{"a":'))]
        + [("quote", f"c{n}", created, b"{}") for n, created in enumerate((BEFORE, FAR, "x"))]
        + [
            ("hub.productOfferingQualification", f"h{n}", NOW, json.dumps(body).encode())
            for n, body in enumerate(
                [{}, {"shown": 5}, {"shown": {"callback": 5}, "types": None, "parties": {}},
                 {"shown": {"callback": "http://x"}, "types": 5, "parties": {}}]
            )
        ],
    ),
    "owed": (
        ("id", "api", "subscription", "event", "body", "due", "attempts"),
        [(f"o{n}", "productOfferingQualification", f"h{n}", "poqStateChangeEvent", body, due, attempts)
         for n, (body, due, attempts) in enumerate(
             [(b"[]", NOW, 0), (b"", NOW, 0), (b"{}", BEFORE, 0), (b"{}", FAR, 0), (b"{}", "x", 0), (b"{}", NOW, "x"), (b"{}", NOW, -1)]
         )]
        + [("ox", "nonsense", "s", "e", b"{}", NOW, 0)],
    ),
    "dead_letters": (
        ("id", "api", "subscription", "event", "body", "due", "attempts"),
        [("d", "quote", "s", "e", b"[]", NOW, 0), ("d", "quote", "s", "e", b"{}", BEFORE, 0), ("d", "quote", "s", "e", b"{}", NOW, "x")],
    ),
    "exchanges": (
        ("at", "elapsed_ms", "about", "request"),
        [(NOW, 1.0, about, b"") for about in (
            b"", b"[]", b"{}", _about(request=None), _about(**{"from": "nobody"}), _about(path_params=5), _about(api=5),
            _about(request={"method": 5, "url": "", "headers": []}), _about(request={"method": "G", "url": "", "headers": [[1, 2]]}),
            _about(response={"status": "x", "headers": []}), _about(fault={"kind": "no", "message": ""}),
        )]
        + [(at, 1.0, _about(), b"") for at in (BEFORE, FAR, "x")]
        + [(NOW, elapsed, _about(), b"") for elapsed in ("x", -1.0)]
        + [(NOW, 1.0, _about(), "text")],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A database with a run that has something of everything, to which rows are added that cannot be read."""
    path = tmp_path_factory.mktemp("rows") / "oit.sqlite3"
    with seller("--database", f"sqlite:///{path}") as root:
        assert requests.post(f"{root}/r/sick{POQ}/productOfferingQualification", json=trade.poq(), timeout=60).ok
    with sqlite3.connect(path) as database:
        for table, (columns, rows) in ROWS.items():
            marks = ", ".join("?" * (len(columns) + 1))
            database.executemany(
                f"INSERT INTO {table} (run, {', '.join(columns)}) VALUES ({marks})", [("sick", *row) for row in rows]
            )
        database.execute("INSERT INTO runs (id, began) VALUES ('odd', 'x')")
    database.close()
    return path


@pytest.fixture(scope="module")
def log(file) -> str:
    """What a seller on that database says while another run lives its life, is told of it, and is looked at."""
    url = f"sqlite:///{file}"
    errors = file.with_name("errors").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "seller", "--database", url, "--speed", "1000", "--console", "0"],
        stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    heard: queue.Queue[str] = queue.Queue()
    listener = _listener(heard)
    try:
        assert process.stdout is not None
        root = process.stdout.readline().strip()
        well = f"{root}/r/well{POQ}"
        assert (
            requests.post(
                f"{well}/hub", json={"callback": f"http://127.0.0.1:{listener.server_port}"}, timeout=60
            ).status_code
            == 201
        )
        made = requests.post(f"{well}/productOfferingQualification", json=trade.poq(), timeout=60).json()
        told = [heard.get(timeout=60) for _ in range(5)]  # created, then POQ and item twice
        assert told.count("poqStateChangeEvent") == 2, told
        found = requests.get(f"{well}/productOfferingQualification/{made['id']}", timeout=60)
        assert found.json()["state"].startswith("done"), found.text
        sick = requests.get(f"{root}/r/sick{POQ}/productOfferingQualification", timeout=60)
        assert sick.status_code == 200, sick.text
        quotes = requests.get(f"{root}/r/sick/mefApi/sonata/quoteManagement/v8/quote", timeout=60)
        assert (quotes.status_code, quotes.json()) == (200, [])
        for run in ("sick", "well"):
            judged = requests.get(f"{root}/oit/judgement?run={run}", timeout=60)
            assert judged.status_code == 200, judged.text
        said = re.search(r"console: (\S+)", file.with_name("errors").read_text())
        assert said is not None
        looks = [f"api/runs/{run}/{what}" for run in ("sick", "well") for what in ("report", "resources")]
        for path in (*looks, "api/state", "api/log", "api/runs/sick/download/html"):
            looked = requests.get(f"{said[1]}{path}", timeout=60)
            assert looked.status_code == 200, (path, looked.text)
    finally:
        process.terminate()
        process.wait(timeout=60)
        process.stdout.close()
        errors.close()
        listener.shutdown()
        listener.server_close()
    return file.with_name("errors").read_text()


def _listener(heard: queue.Queue[str]) -> ThreadingHTTPServer:
    """A subscriber that notes the states which it is told of."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            heard.put(self.path.rpartition("/")[2])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_other_runs_live_their_lives_and_each_row_is_named_once(log: str):
    assert log.count("Traceback") == log.count("could not be done"), "only of timers with actions that there are not"
    named = re.findall(r"row (\d+) of (\w+) \(run 'sick'\) cannot be read", log)
    assert len(named) == len(set(named))
    assert {table for _, table in named} >= {"timers", "resources", "owed", "exchanges"}


@pytest.mark.usefixtures("log")
def test_the_commands_on_the_database_go_on(file: Path):
    url = f"sqlite:///{file}"
    rows = json.loads(oit("runs", "list", "--format", "json", "--database", url).out)
    assert {row["run"] for row in rows} >= {"sick", "well", "odd"}
    for run in ("sick", "well", "odd"):
        for command in (["show"], ["export"], ["export", "--transcript"]):
            done = oit("runs", *command, run, "--database", url)
            assert done.code == 0, done
    assert oit("report", "well", "--database", url).code in (0, 1, 3)
    assert oit("report", "sick", "--database", url).code in (0, 1, 3)


@pytest.mark.usefixtures("log")
def test_what_is_exported_of_such_a_run_can_be_imported(file: Path, tmp_path: Path):
    exported = tmp_path / "sick.ndjson"
    exported.write_text(oit("runs", "export", "sick", "--database", f"sqlite:///{file}").out)
    done = oit("runs", "import", str(exported), "--database", f"sqlite:///{tmp_path}/other.sqlite3")
    assert done.code == 0, done.err
