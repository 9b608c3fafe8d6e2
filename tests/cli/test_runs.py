"""`oit runs`: what the database of a seller keeps, listed, shown, deleted, carried elsewhere and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

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


def test_a_run_that_is_not_there_is_said_so(url, tmp_path: Path):
    for arguments in (["show", "no"], ["delete", "no"], ["export", "no"], ["export", "--transcript", "no"]):
        done = oit("runs", *arguments, "--database", url)
        assert (done.code, "no run 'no'" in done.err) == (2, True), done.err
    assert oit("runs", "list", "--data", str(tmp_path)).code == 2
    assert not list(tmp_path.iterdir()), "looking makes no database"
    assert oit("runs", "list", "--database", "memory").code == 2
