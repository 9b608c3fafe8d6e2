"""`oit proxy` between real processes: our seller as a partner's, buyers made with other libraries."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli import listening_buyer, partner_buyer
from tests.cli.processes import QUICK, ROOT, environment, free_port, http, oit, partner, seller

QUOTE = partner_buyer.BASE["quote"]


@dataclass
class Proxy:
    """A proxy in another process, and where its reports go."""

    urls: list[str]
    process: subprocess.Popen[str]
    folder: Path
    console: str = ""

    @property
    def url(self) -> str:
        return self.urls[0]

    def judgement(self, run: str = "") -> Any:
        with urllib.request.urlopen(f"{self.url}/oit/judgement?run={run}", timeout=30) as answer:
            return json.load(answer)

    def end(self) -> tuple[int, str, dict[str, dict[str, Any]]]:
        """Interrupt it: exit code, what it told, and the report of each run."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=60)
        assert "Traceback" not in err, err
        whole = json.loads((self.folder / "report.json").read_text())
        return self.process.returncode, err, {run["run"]["id"]: run for run in whole.get("runs", [whole])}


@contextlib.contextmanager
def proxy(folder: Path, *arguments: str, doors: int = 1, database: str = "memory") -> Iterator[Proxy]:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "emulator", "proxy", "--database", database, "--data", str(folder / "data"),
            "--report", "json,html,transcript,har,junit,sarif,summary", "--report-dir", str(folder), *arguments,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        urls = [process.stdout.readline().split()[-1] for _ in range(doors)]
        yield Proxy(urls, process, folder)
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A seller that needs no time to think."""
    profile = tmp_path_factory.mktemp("proxied") / "quick.yaml"
    profile.write_text(QUICK)
    with seller("--database", "memory", "--profile", str(profile)) as url:
        yield url


def found(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(row["rule"], row["verdict"], row["blame"]) for row in report["findings"]}


def test_a_wrong_seller_is_blamed(tmp_path: Path) -> None:
    wrong = http("200 OK", "application/json;charset=utf-8", b'{"id": 7}')
    with partner(wrong) as there, proxy(tmp_path, "--seller", there) as between:
        with urllib.request.urlopen(f"{between.url}{QUOTE}/quote/x", timeout=30) as answer:
            assert answer.read() == b'{"id": 7}'
        code, _, reports = between.end()
    assert (code, reports["plain-path"]["verdict"]) == (1, "fail")
    assert {blame for _, verdict, blame in found(reports["plain-path"]) if verdict == "fail"} == {"seller"}


@pytest.mark.slow
def test_what_passed_is_kept_and_a_proxy_goes_on_where_it_was(real: str, tmp_path: Path) -> None:
    """Its database has the exchanges, with how the seller saw them; a second start tells of what came since only."""
    base = f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    for run in ("first", "second"):
        with proxy(tmp_path, "--seller", real, database=base) as between:
            assert listening_buyer.main(f"{between.url}/r/{run}") is None
            code, _, reports = between.end()
        assert (code in (0, 3), list(reports)) == (True, [run])
        relayed = [row["relayed"] for row in reports[run]["exchanges"]]
        assert all(row["url"].startswith(real) for row in relayed if "/oit/callback/" not in row["url"])
        assert any(row["changes"] for row in relayed if "changes" in row)
    listed = oit("runs", "list", "--database", base).out
    assert "first" in listed
    assert "second" in listed


@pytest.mark.slow
def test_two_legs_are_one_report(real: str, tmp_path: Path) -> None:
    """A broker that sells what a carrier has: here a proxy's second door stands behind its first."""
    port = free_port()
    arguments = (
        "--seller",
        f"broker=http://127.0.0.1:{port}",
        "--port",
        "0",
        "--seller",
        f"carrier={real}",
        "--port",
        str(port),
    )
    with proxy(tmp_path, *arguments, doors=2) as between:
        buyer = partner_buyer.Seller(between.url)
        partner_buyer.buy(buyer, None)
        buyer.connection.close()
        code, err, reports = between.end()
    (report,) = reports.values()
    assert (code, report["verdict"]) == (0, "pass"), err
    assert report["run"]["legs"] == ["broker", "carrier"]
    legs = [row["leg"] for row in report["exchanges"]]
    assert legs.count("broker") == legs.count("carrier") > 10
    assert report["links"]
    assert "bytes-4711" in {row["value"] for row in report["links"]}
    page = (tmp_path / "report.html").read_text()
    assert "carrier" in page


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--seller", "nonsense"], "is not the URL of a server"),
        (["--seller", "http://a", "--seller", "http://b"], "each has a name"),
        (["--seller", "a=http://a", "--seller", "a=http://b"], "two are called 'a'"),
        (["--seller", "http://a", "--port", "1", "--port", "2"], "there are 2 ports"),
        (["--seller", "http://a", "--host", "0.0.0.0"], "--callback-url"),
        (
            ["--seller", "a=http://a", "--seller", "b=http://b", "--callback-url", "c=http://c"],
            "no --seller is called 'c'",
        ),
    ],
)
def test_what_is_said_wrong_is_told(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = oit("proxy", *arguments, "--database", "memory", "--data", str(tmp_path))
    assert done.code == 2
    assert says in done.err
