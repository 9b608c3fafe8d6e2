"""`oit runs`: what the database of a seller keeps, listed, shown, deleted, carried elsewhere and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from emulator.errors import FileProblem
from emulator.parties.database import Database
from emulator.parties.restoring import restore
from tests.cli.processes import oit, seller
from tests.parties import trade
from tests.parties.databases import database

POQ = "/mefApi/sonata/productOfferingQualification/v7"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    """A database in which a seller was asked by two runs and has ended."""
    with database(request.param, tmp_path_factory.mktemp("runs")) as found:
        with seller("--database", found) as root:
            for run in ("", "/r/r1"):
                hub = requests.post(f"{root}{run}{POQ}/hub", json={"callback": "http://127.0.0.1:9/x"}, timeout=60)
                assert hub.status_code == 201
                path = f"{root}{run}{POQ}/productOfferingQualification"
                made = requests.post(path, json=trade.poq(), timeout=60)
                assert made.status_code == 201
                assert requests.get(f"{path}/{made.json()['id']}", timeout=60).status_code == 200
        yield found


def runs(*arguments: str, url: str) -> str:
    done = oit("runs", arguments[0], "--database", url, *arguments[1:])
    assert done.code == 0, done.err
    return done.out


def listed(url: str) -> dict[str, dict]:
    return {row["run"]: row for row in json.loads(runs("list", "--format", "json", url=url))}


def test_runs_are_listed_and_shown(url):
    rows = listed(url)
    assert set(rows) == {"", "r1"}
    assert rows["r1"]["exchanges"] >= 3
    assert rows["r1"]["resources"] >= 2
    assert "r1" in runs("list", url=url)
    shown = json.loads(runs("show", "--format", "json", "r1", url=url))
    assert {"productOfferingQualification", "hub.productOfferingQualification"} <= {
        r["kind"] for r in shown["resources"]
    }
    assert "productOfferingQualification" in runs("show", "r1", url=url)


def test_a_run_goes_elsewhere_and_comes_back_as_it_was(url, tmp_path: Path):
    file = tmp_path / "r1.run.ndjson"
    file.write_text(runs("export", "r1", url=url))
    with database("sqlite", tmp_path) as other:
        assert runs("import", str(file), url=other).strip() == "r1"
        assert runs("export", "r1", url=other) == file.read_text()
        assert oit("runs", "import", str(file), "--database", other).code == 2, "it is there already"
        assert runs("import", str(file), "--as", "again", url=other).strip() == "again"
        before, after = listed(other)["r1"], listed(other)["again"]
        assert {**after, "run": "r1"} == before
        runs("delete", "r1", "again", url=other)
        assert listed(other) == {}


def test_the_transcript_of_a_run_can_be_checked(url, tmp_path: Path):
    file = tmp_path / "r1.ndjson"
    file.write_text(runs("export", "--transcript", "r1", url=url))
    assert len(file.read_text().splitlines()) == listed(url)["r1"]["exchanges"]
    done = oit("check", str(file), "--sut", "seller")
    assert done.code in (0, 3), done.err


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"oit":"run","format":99,"run":"x"}',
                                  '{"oit":"run","format":1,"run":"x"}\n{"is":"timer","run":"x"}',
                                  '{"oit":"run","format":1,"run":"x"}\n{"is":"nothing"}'])  # fmt: skip
def test_what_is_no_export_is_refused_whole(text, tmp_path: Path):
    file = tmp_path / "x.ndjson"
    file.write_text(text)
    with database("sqlite", tmp_path) as url:
        done = oit("runs", "import", str(file), "--database", url)
        assert (done.code, "x.ndjson:" in done.err) == (2, True), done.err
        assert listed(url) == {}


HEAD = '{"oit":"run","format":1,"run":"p"}\n'
TIMER = {
    "is": "timer",
    "run": "p",
    "kind": "quote",
    "id": "x",
    "at": "2026-01-01T00:00:00+00:00",
    "action": "a",
    "data": {},
}
OWED = {
    "is": "owed", "id": "o", "run": "p", "api": "quote", "subscription": "s", "event": "e", "body": {}, "attempts": 0,
    "due": "2026-01-01T00:00:00+00:00", "fault": None,
}  # fmt: skip
HUB = {"shown": {"callback": "http://x"}, "types": None, "parties": {}}
RESOURCE = {
    "is": "resource", "run": "p", "kind": "hub.quote", "id": "x", "created": "2026-01-01T00:00:00+00:00", "body": HUB
}  # fmt: skip
QUOTE = {**RESOURCE, "kind": "quote", "body": {"state": "acknowledged"}}
ABOUT = {
    "from": "buyer", "to": "seller", "api": None, "kind": None, "operation": None, "path_params": {}, "step": None,
    "request": {"method": "GET", "url": "http://x/", "headers": []}, "response": None, "fault": None,
}  # fmt: skip
EXCHANGE = {
    "is": "exchange", "run": "p", "at": "2026-01-01T00:00:00+00:00", "elapsed_ms": 1, "about": ABOUT, "request": "",
    "response": None,
}  # fmt: skip
ROWS = (TIMER, OWED, {**OWED, "is": "dead"}, RESOURCE, QUOTE, EXCHANGE)
TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1960-01-01T00:00:00Z",
    "2026-01-01T00:00:00",
    "",
    5,
    1e30,
)
MOMENTS = ("at", "due", "created")
SPOILT = [
    *({**row, name: value} for row in ROWS for name in MOMENTS if name in row for value in TIMES),
    *({**row, name: value} for row in ROWS for name in row if name != "data" for value in (None, [], {"a": [1]}, 10**30)
      if not (name in ("fault", "response") and value is None)
      and not (name == "body" and "event" in row and isinstance(value, dict))),
    *({name: value for name, value in row.items() if name != lost} for row in ROWS for lost in row),
    *({**row, "strange": 1} for row in ROWS),
    *({**row, "run": run} for row in ROWS for run in ("", "q", "pp", "q|buyerId=p")),
    *({**row, "id": "x" * 20_000} for row in ROWS if "id" in row),
    *({**row, "kind": kind} for row in (TIMER, RESOURCE, QUOTE) for kind in ("nothing", "hub.nothing", "hub.", "quoteItem")),
    *({**RESOURCE, "body": {**HUB, name: 5}} for name in HUB), {**RESOURCE, "body": {**HUB, "shown": {"callback": 5}}},
    *({**QUOTE, "body": body} for body in ({}, {"state": "nothing"}, {"state": 5}, [], "x")),
    *({**OWED, "attempts": value} for value in (-1, 1.5, True, "1", 10**9)), {**OWED, "api": "nothing"},
    *({**EXCHANGE, "about": {name: value for name, value in ABOUT.items() if name != lost}} for lost in ABOUT
      if lost not in ("response", "fault")),
    *({**EXCHANGE, "about": {**ABOUT, name: 5}} for name in ABOUT),
    *({**EXCHANGE, "elapsed_ms": value} for value in (-1, "1", True, 1e308)), {**EXCHANGE, "request": "no base64!"},
]  # fmt: skip


def test_rows_that_are_right_are_taken(tmp_path: Path):
    file = tmp_path / "x.ndjson"
    rows = [{**row, "id": f"{n}"} if "id" in row else row for n, row in enumerate(ROWS)]
    file.write_text(HEAD + "\n".join(map(json.dumps, rows)))
    with database("sqlite", tmp_path) as url:
        assert oit("runs", "import", str(file), "--database", url).code == 0
        assert sum(listed(url)["p"][name] for name in ("resources", "timers", "owed", "dead", "exchanges")) == len(ROWS)


def test_each_row_is_checked_before_any_is_kept(tmp_path: Path):
    """Each of them stands behind rows that are right."""
    right = [HEAD.encode(), *(json.dumps(row).encode() for row in (TIMER, QUOTE))]
    with database("sqlite", tmp_path) as url:
        opened = Database(url)
        for row in SPOILT:
            with pytest.raises(FileProblem, match=r"^x.ndjson:4:1: ") as caught:
                restore(opened, "x.ndjson", [*right, json.dumps(row).encode()])
            assert len(str(caught.value)) < 500, row
        opened.close()
        assert listed(url) == {}


def test_all_rows_that_are_wrong_are_told_up_to_a_number(tmp_path: Path):
    file = tmp_path / "x.ndjson"
    for count, told in ((3, 3), (3000, 20)):
        file.write_text(HEAD + f"{json.dumps({**TIMER, 'at': 'x'})}\n" * count)
        assert len(oit("runs", "import", str(file), "--data", str(tmp_path)).err.splitlines()) == told


def test_a_run_that_is_not_there_is_said_so(url, tmp_path: Path):
    for arguments in (["show", "no"], ["delete", "no"], ["export", "no"], ["export", "--transcript", "no"]):
        done = oit("runs", *arguments, "--database", url)
        assert (done.code, "no run 'no'" in done.err) == (2, True), done.err
    assert oit("runs", "list", "--data", str(tmp_path)).code == 2
    assert not list(tmp_path.iterdir()), "looking makes no database"
    assert oit("runs", "list", "--database", "memory").code == 2
