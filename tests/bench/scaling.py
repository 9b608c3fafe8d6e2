"""Cost against work: parallel runs on one server, stored resources, databases, servers on one database."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from emulator.parties.database import Database
from emulator.record.payload import dump
from tests.bench import load
from tests.bench.contenders import Contender, ours
from tests.bench.message import PATH, acknowledged, request
from tests.bench.plot import plot
from tests.bench.serving import Serving, serving

RUNS: Final = (1, 10, 100, 1000)
STORED: Final = (1_000, 10_000, 100_000, 1_000_000)
SERVER: Final = os.environ.get("OIT_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
_REPEATS: Final = 60


def run(seconds: float, out: Path, most: int = STORED[-1]) -> dict[str, Any]:
    """Measure, print, write the plots, and give the figures."""
    runs = parallel_runs(seconds)
    stored = stored_resources([size for size in STORED if size <= most])
    databases = on_databases(seconds)
    plots = {
        "parallel-runs": plot(
            "POST, as many runs as there are in parallel, on one server", "runs", "requests per second",
            {"POST": [(count, row["post"]) for count, row in runs["rates"].items()]},
        ),
        "stored-resources": plot(
            "One request, against what is stored in its run", "resources stored", "milliseconds, median",
            {name: [(size, row[name]) for size, row in stored.items()] for name in next(iter(stored.values()))},
        ),
    }  # fmt: skip
    for name, svg in plots.items():
        (out / f"{name}.svg").write_text(svg)
    return {"parallel_runs": runs, "stored_resources": stored, "databases": databases}


# -- parallel runs ---------------------------------------------------------------------------------------


def parallel_runs(seconds: float) -> dict[str, Any]:
    """The same load spread over 1 to 1,000 runs of one server; then whether any of them sees another's data."""
    body = dump(request())
    found: dict[int, list[load.Measured]] = {}
    with serving(ours()) as server:
        paths = {count: [_path(f"c{count}n{n}") for n in range(count)] for count in RUNS}
        for names in paths.values():
            for name in names:  # each run begins with the products of the profile
                server.ask("GET", f"{name}?limit=1")
            load.drive(server.url, names, body=body, seconds=1)
        for _ in range(3):  # interleaved, so that a slow moment hits all
            for count, names in paths.items():
                found.setdefault(count, []).append(load.drive(server.url, names, body=body, seconds=seconds))
        rates = {
            count: {
                "post": round(statistics.median(each.rate for each in rows), 1),
                "p99": round(statistics.median(each.p99 for each in rows), 2),
                "refused": sum(each.refused + each.broken for each in rows),
            }
            for count, rows in found.items()
        }
        strangers = _strangers(server)
    pairs = zip(found[RUNS[-1]], found[1], strict=True)
    ratio = round(statistics.median(many.rate / one.rate for many, one in pairs), 3)
    for count, row in rates.items():
        print(
            f"{count:>6} parallel runs {row['post']:>10,.0f} POST/s   p99 {row['p99']:.1f} ms   {row['refused']} refused"
        )
    print(f"1,000 runs against 1: {ratio:.2f}; resources seen in a run that is not theirs: {strangers}")
    return {"rates": rates, "ratio_1000_to_1": ratio, "seen_by_others": strangers}


def _strangers(server: Serving) -> int:
    """Have 1,000 runs make a resource each, at the same time, and count what any of them sees beside its own."""

    def make(number: int) -> tuple[int, str]:
        sent = {**request(), "externalId": f"of-{number}"}
        return number, str(json.loads(server.ask("POST", _path(f"own{number}"), dump(sent)).body)["id"])

    with ThreadPoolExecutor(16) as pool:
        made = dict(pool.map(make, range(RUNS[-1])))

        def look(number: int) -> int:
            listed = json.loads(server.ask("GET", _path(f"own{number}")).body)
            wrong: int = sum(each["id"] != made[number] or each["externalId"] != f"of-{number}" for each in listed)
            missing = len(listed) != 1
            neighbour = made[(number + 1) % RUNS[-1]]
            return wrong + missing + (server.ask("GET", f"{_path(f'own{number}')}/{neighbour}").status != 404)

        return sum(pool.map(look, range(RUNS[-1])))


def _path(name: str) -> str:
    return f"/r/{name}{PATH}"


# -- stored resources ------------------------------------------------------------------------------------


def stored_resources(sizes: Sequence[int]) -> dict[int, dict[str, float]]:
    """One request at a time against a file that holds so many POQs of the run: medians in milliseconds."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="oit-bench-") as name:
        file = Path(name) / "data" / "oit.sqlite3"
        file.parent.mkdir()
        Database(f"sqlite:///{file}").close()
        there = 0
        for size in sizes:
            _fill(file, there, size)
            there = size
            with serving(_on_file(file)) as server:
                some = str(uuid.UUID(int=size // 2))
                asked = {
                    "GET by id": f"{PATH}/{some}",
                    "list, filter externalId": f"{PATH}?externalId=of-{size // 2}",
                    "list, filter state, all have it": f"{PATH}?state=acknowledged&limit=10",
                    "list, filter state, none has it": f"{PATH}?state=done.ready&limit=10",
                    "list, filter projectId, one in ten": f"{PATH}?projectId=p1&limit=10",
                    "list, filters state and externalId": f"{PATH}?state=acknowledged&externalId=of-{size // 2}",
                    "list, first page": f"{PATH}?limit=10",
                }
                row = {what: _median(server, "GET", path) for what, path in asked.items()}
                row["POST"] = _median(server, "POST", PATH, dump({**request(), "externalId": "posted"}))
                if size <= 10_000:  # more than that takes seconds: no index has it
                    after = f"{PATH}?requestedPOQCompletionDate.gt=2099-01-01T00:00:00Z"
                    row["list, filter by a date"] = _median(server, "GET", after, repeats=5)
            found[size] = row
            print(f"{size:>9,} stored  " + "  ".join(f"{what} {ms:.2f} ms" for what, ms in row.items()))
    low, high = found[sizes[0]], found[sizes[-1]]
    for what in high:
        print(f"{sizes[-1]:,} against {sizes[0]:,}, {what}: {high[what] / low[what]:.2f}")
    return {size: {what: row[what] for what in high} for size, row in found.items()}


def _fill(file: Path, there: int, size: int) -> None:
    """Put what the seller would have stored there: no timers, since these are done."""
    created = int(datetime.now(UTC).timestamp() * 1e6)
    kept = acknowledged(request(), "ID")
    template = dump({**kept, "externalId": "EXTERNAL", "projectId": "PROJECT"})

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(there, size):
            identifier, external, project = str(uuid.UUID(int=number)), f"of-{number}", f"p{number % 10}"
            body = template.replace(b'"ID"', f'"{identifier}"'.encode()).replace(b"EXTERNAL", external.encode())
            body = body.replace(b"PROJECT", project.encode())
            yield "", "productOfferingQualification", identifier, created, body, external, kept["state"], project

    line = sqlite3.connect(file, isolation_level=None)
    line.execute("PRAGMA synchronous=OFF")
    line.execute("BEGIN")
    columns = "run, kind, id, created, body, external, state, project"
    line.executemany(f"INSERT INTO resources ({columns}) VALUES (?,?,?,?,?,?,?,?)", rows())
    line.execute("COMMIT")
    line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    line.close()


def _on_file(file: Path) -> Contender:
    return ours("--database", f"sqlite:///{file}")


def _median(server: Serving, method: str, path: str, body: bytes | None = None, repeats: int = _REPEATS) -> float:
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        answer = server.ask(method, path, body)
        took.append((time.perf_counter() - began) * 1000)
        if answer.status >= 300:
            message = f"{method} {path} was answered {answer.status}"
            raise RuntimeError(message)
    return round(statistics.median(took), 3)


# -- databases, one worker and two -----------------------------------------------------------------------


def on_databases(seconds: float) -> dict[str, dict[str, float]]:
    """POSTs of 16 connections: SQLite and PostgreSQL, one worker and two. Load and workers share all cores."""
    found: dict[str, dict[str, float]] = {}
    for kind in ("sqlite", "postgresql"):
        with _database(kind) as url:
            if url is None:
                print(f"{kind}: skipped, there is none at {SERVER} (OIT_TEST_POSTGRESQL names another)")
                continue
            rows: dict[int, list[load.Measured]] = {1: [], 2: []}
            with contextlib.ExitStack() as stack:
                up = {
                    count: stack.enter_context(serving(ours("--database", url, "--workers", str(count)), pin=False))
                    for count in rows
                }
                for server in up.values():
                    load.drive(server.url, [PATH], body=dump(request()), seconds=1, pin=False)
                for _ in range(3):  # interleaved, so that a slow moment hits both
                    for count, server in up.items():
                        rows[count].append(
                            load.drive(server.url, [PATH], body=dump(request()), seconds=seconds, pin=False)
                        )
            for count, measured in rows.items():
                found[f"{kind}, {count}"] = {
                    "post": round(statistics.median(each.rate for each in measured), 1),
                    "p99": round(statistics.median(each.p99 for each in measured), 2),
                    "refused": sum(each.refused + each.broken for each in measured),
                }
    base = next(iter(found.values()))["post"]
    for name, row in found.items():
        print(
            f"{name} worker(s), no core of their own {row['post']:>8,.0f} POST/s  p99 {row['p99']:.1f} ms  "
            f"{row['post'] / base:.2f} x the first"
        )
    return found


@contextlib.contextmanager
def _database(kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="oit-bench-", ignore_cleanup_errors=True) as name:
            yield f"sqlite:///{name}/oit.sqlite3"
        return
    schema = f"oit_bench_{uuid.uuid4().hex[:12]}"
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except OperationalError:
        yield None
        return
    try:
        yield f"{SERVER}?options=-csearch_path%3D{schema}"
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()
