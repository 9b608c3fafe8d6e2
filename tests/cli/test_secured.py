"""Secured parties as processes: what is told once, what is shared by workers and outlives them, and that nobody else hears of it."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.cli.processes import QUICK, ROOT, environment, free_port, oit
from tests.doors.authority.secured import POQ, PRODUCT, wanted
from tests.parties.databases import database

SECURED = QUICK + "security: oauth2\n"
JSON = {"Content-Type": "application/json;charset=utf-8"}


@dataclass
class Process:
    """A command that serves: its URL, and the file with what it says on stderr."""

    url: str
    errors: Path
    process: subprocess.Popen[str]

    @property
    def said(self) -> str:
        return self.errors.read_text()

    @property
    def client(self) -> tuple[str, str]:
        """The client that was made, and its secret."""
        found = re.search(r"^client (\S+): client_secret_basic, secret (\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found[1], found[2]

    def token(self, verify: str | bool = True) -> str:
        data = {"grant_type": "client_credentials"}
        answer = requests.post(f"{self.url}/oauth2/token", data, auth=self.client, timeout=30, verify=verify)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextlib.contextmanager
def serving(command: str, *arguments: str, folder: Path) -> Iterator[Process]:
    """A command that serves until the block ends."""
    errors = folder / f"{command}-{len(list(folder.iterdir()))}.err"
    with errors.open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", command, *arguments],
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            cwd=ROOT,
            env={"OIT_DATA": str(folder / "data"), **environment()},
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http"), errors.read_text()
        yield Process(url, errors, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()


def get(url: str, token: str | None = None, **named: object) -> requests.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.get(url, headers=headers, timeout=30, **named)  # type: ignore[arg-type]


def test_a_sellers_client_is_made_once_and_its_secret_told_nowhere_else(tmp_path: Path) -> None:
    """Started again on its data, it knows the tokens of before, and both secrets; no file that it wrote has either."""
    profile = tmp_path / "secured.yaml"
    profile.write_text(SECURED)
    reports = ("--report", "json,har,html,transcript", "--report-dir", str(tmp_path / "out"))
    with serving("seller", "--profile", str(profile), *reports, folder=tmp_path) as first:
        assert get(first.url + PRODUCT).status_code == 401
        token, secrets = first.token(), [first.client]
        made = requests.post(
            first.url + POQ, json=wanted(), headers={**JSON, "Authorization": f"Bearer {token}"}, timeout=30
        )
        assert made.status_code == 201, made.text
        assert first.said.count(first.client[1]) == 1
    with serving("seller", "--profile", str(profile), folder=tmp_path) as second:
        assert get(f"{second.url}{POQ}/{made.json()['id']}", token).status_code == 200
        secrets.append(second.client)
        data = {"grant_type": "client_credentials"}
        assert [
            requests.post(f"{second.url}/oauth2/token", data, auth=each, timeout=30).status_code for each in secrets
        ] == [200, 200]
    kept = [path for path in [*tmp_path.rglob("*")] if path.is_file() and path.suffix != ".err"]
    assert {path.name for path in kept} >= {"report.json", "report.har", "report.html", "transcript.ndjson"}
    for path in kept:
        raw = path.read_bytes()
        for word in (*(secret for _, secret in secrets), token, token.rpartition(".")[2]):
            assert word.encode() not in raw, path
    run = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {"token"} == {each["operation"] for each in run["exchanges"] if each["kind"] == "authorization"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_share_keys_clients_and_revocations(kind: str, tmp_path: Path) -> None:
    profile = tmp_path / "secured.yaml"
    profile.write_text(SECURED)
    with database(kind, tmp_path) as url:
        assert url is not None
        arguments = ("--profile", str(profile), "--database", url, "--workers", "2")
        with serving("seller", *arguments, folder=tmp_path) as seller:
            tokens = [seller.token() for _ in range(4)]
            # A connection of its own each time: sooner or later both workers have had each token.
            assert {get(seller.url + PRODUCT, token).status_code for token in tokens for _ in range(6)} == {200}
            data = {"token": tokens[0]}
            assert requests.post(f"{seller.url}/oauth2/revoke", data, auth=seller.client, timeout=30).status_code == 200
            refused = 0
            for _ in range(2000):  # a quarter of a second, until a worker on PostgreSQL has heard of it
                refused = refused + 1 if get(seller.url + PRODUCT, tokens[0]).status_code == 401 else 0
                if refused == 12:
                    break
            assert refused == 12
            assert get(seller.url + PRODUCT, tokens[1]).status_code == 200


def test_https_with_a_throw_away_authority_for_seller_console_and_buyer(tmp_path: Path) -> None:
    port = free_port()
    arguments = ("--tls", "self-signed", "--database", "memory", "--console", str(port))
    with serving("seller", *arguments, folder=tmp_path) as seller:
        found = re.search(r"throw-away authority, in (\S+)", seller.said)
        assert found, seller.said
        assert seller.url.startswith("https://")
        assert get(seller.url + PRODUCT, verify=found[1]).status_code == 200
        assert get(f"https://127.0.0.1:{port}/", verify=found[1]).status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            get(seller.url + PRODUCT)
    assert not Path(found[1]).exists()
    profile = tmp_path / "partner.yaml"
    profile.write_text("buyer: {security: oauth2}\n")
    with serving("buyer", "--profile", str(profile), "--tls", "self-signed", folder=tmp_path) as buyer:
        found = re.search(r"throw-away authority, in (\S+)", buyer.said)
        assert found, buyer.said
        path = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
        event = {
            "eventId": "e1",
            "eventTime": "2026-01-01T00:00:00Z",
            "eventType": "quoteStateChangeEvent",
            "event": {"id": "q1"},
        }
        for token, status in ((None, 401), ("nobody's", 401), (buyer.token(found[1]), 204)):
            headers = JSON if token is None else {**JSON, "Authorization": f"Bearer {token}"}
            answer = requests.post(buyer.url + path, json=event, headers=headers, timeout=30, verify=found[1])
            assert answer.status_code == status, answer.text


FLOW = """
oit: "1"
id: secured
title: A secured seller, and what goes wrong with tokens
profile: {security: oauth2}
sources:
  inventory: {api: inventory, servedBy: seller}
flow:
  - id: first
    call: inventory.listProduct
    response: {status: 200}
  - id: second
    call: inventory.listProduct
    response: {status: 200}
cases:
  - {id: ends, title: The token is not good any more, kind: fault, emulate: seller, at: second, fault: {tokens: {rotate: true}}}
  - id: down
    title: Nor does the token endpoint answer at once
    kind: fault
    emulate: seller
    at: second
    fault: {tokens: {rotate: true, lifetime: 2s}, operation: authorization.token, respond: 503}
  - id: elsewhere
    title: It sends the buyer elsewhere
    kind: fault
    emulate: seller
    at: second
    fault:
      tokens: {rotate: true}
      operation: authorization.token
      respond: 307
      headers: {Location: "http://elsewhere.example/token"}
    expect: {flow: fail}
"""


def test_scenarios_make_trouble_with_tokens_and_our_buyer_gets_over_it(tmp_path: Path) -> None:
    scenario = tmp_path / "secured.oit.yaml"
    scenario.write_text(FLOW)
    done = oit("run", str(scenario), "--report", "json", "--report-dir", str(tmp_path / "out"))
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    by_case = {run["run"]["case"]: run for run in report["runs"]}
    statuses = {
        case: [(each["operation"], each["response"]["status"]) for each in run["exchanges"]]
        for case, run in by_case.items()
    }
    assert statuses[None] == [("token", 200), ("listProduct", 200), ("listProduct", 200)]
    assert statuses["ends"][2:] == [("listProduct", 401), ("token", 200), ("listProduct", 200)]
    assert statuses["down"][2:] == [("listProduct", 401), ("token", 503), ("token", 200), ("listProduct", 200)]
    assert statuses["elsewhere"][2:] == [("listProduct", 401), ("token", 307)]


def test_a_run_with_callbacks_that_are_protected_brings_tokens_there(tmp_path: Path) -> None:
    """Our buyer issues tokens for its listener, our seller fetches one there, and what bears a wrong one is turned away."""
    profile = tmp_path / "both.yaml"
    profile.write_text("extends: wholesale-seller\nsecurity: oauth2\nbuyer: {security: oauth2}\n")
    folder = tmp_path / "scenarios"
    folder.mkdir()
    shipped = (ROOT / "scenarios" / "faults" / "after-unsubscribe.oit.yaml").read_text()
    head = shipped.replace("../fragments", str(ROOT / "scenarios" / "fragments")).partition("\n  - id: unsubscribe")[0]
    head = head.replace("      - {to: expired, when: unsubscribe, after: 5s}\n", "")
    cases = "".join(
        f"\n  - {{id: {wrong}, title: A wrong token, kind: fault, emulate: seller, at: orderable, fault: {{notifications: {{token: {wrong}}}}}}}"
        for wrong in ("none", "expired", "other")
    )
    scenario = folder / "protected.oit.yaml"
    scenario.write_text(f"{head}\ncases:{cases}\n")
    files = ("--profile", str(profile), "--root", str(ROOT / "scenarios"), "--report-dir", str(tmp_path / "out"))
    done = oit("run", str(scenario), *files, "--report", "json")
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    heard = {
        run["run"]["case"]: {
            each["response"]["status"]
            for each in run["exchanges"]
            if each["kind"] == "notification" and each["to"] == "buyer"
        }
        for run in report["runs"]
    }
    assert heard == {None: {204}, "none": {401}, "expired": {401}, "other": {401}}


NOTIFIED = str(ROOT / "scenarios/quote/with-notifications.oit.yaml")


def passed_clauses(folder: Path) -> dict[str, str]:
    """The verdicts on MEF 128 of the only run of a report."""
    report = json.loads((folder / "report.json").read_text())
    assert [row for row in report["findings"] if row["verdict"] in ("fail", "error")] == []
    return {row["id"]: row["verdict"] for row in report["requirements"] if row["id"].startswith("MEF128")}


def test_our_own_open_listener_is_no_breach_of_ours(tmp_path: Path) -> None:
    """Nobody has asked it to protect itself: neither in a self-test of a secured seller, nor beside a partner who claims MEF 128."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(SECURED)
    out = ("--report", "json", "--report-dir", str(tmp_path))
    done = oit("run", NOTIFIED, "--profile", str(mine), *out)
    assert done.code == 0, done.out
    assert passed_clauses(tmp_path)["MEF128-R2"] == "not_seen", "nor is it a pass"
    with serving("seller", "--port", "0", "--database", "memory", "--profile", str(mine), folder=tmp_path) as seller:
        client, secret = seller.client
        (tmp_path / "secret").write_text(secret)
        asking = {"token_url": f"{seller.url}/oauth2/token", "client_id": client, "method": "client_secret_basic"}
        credentials = {"oauth2": {**asking, "secret": "file:secret"}}
        partner = tmp_path / "partner.yaml"
        partner.write_text(
            json.dumps({"claims": ["MEF128"], "connection": {"root": seller.url, "credentials": credentials}})
        )
        done = oit("run", NOTIFIED, "--partner", str(partner), *out)
    assert done.code == 0, done.out + done.err
    assert passed_clauses(tmp_path)["MEF128-R2"] == "not_seen"


def test_a_partners_buyer_comes_to_a_secured_seller(tmp_path: Path) -> None:
    """`--sut buyer`: what was made for it is told once, and calls without a token are not what was waited for."""
    profile, port = tmp_path / "mine.yaml", free_port()
    profile.write_text(SECURED)
    scenario = tmp_path / "secured.oit.yaml"
    scenario.write_text(FLOW.partition("cases:")[0])
    command = [
        sys.executable, "-m", "emulator", "run", str(scenario), "--sut", "buyer", "--port", str(port), "--profile", str(profile),
        "--within", "60s", "--report", "json", "--report-dir", str(tmp_path / "out"),
    ]  # fmt: skip
    errors = tmp_path / "err"
    with errors.open("w") as err:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=err, cwd=ROOT, env=environment())
    try:
        url = f"http://127.0.0.1:{port}"
        _until_it_listens(url, process)
        caller = Process(url, errors, process)  # type: ignore[arg-type]
        assert get(url + PRODUCT).status_code == 401
        token = caller.token()
        assert [get(url + PRODUCT, token).status_code for _ in range(2)] == [200, 200]
        assert process.wait(timeout=60) == 0, errors.read_text()
    finally:
        process.kill()
        process.wait(timeout=10)
    assert caller.client[1] not in (tmp_path / "out" / "report.json").read_text()


def _until_it_listens(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            get(f"{url}/health")
            return
    pytest.fail("it ended before it listened")


def test_our_seller_brings_a_protected_callback_the_token_that_the_buyer_issued(tmp_path: Path) -> None:
    """`connection.notifications` of the partner's file says how: the buyer issues the token, and takes the event that bears it."""
    theirs, mine = tmp_path / "theirs.yaml", tmp_path / "mine.yaml"
    theirs.write_text("buyer: {security: oauth2}\n")
    mine.write_text(QUICK)
    with serving("buyer", "--profile", str(theirs), folder=tmp_path) as buyer:
        client, secret = buyer.client
        (tmp_path / "secret").write_text(secret)
        partner = tmp_path / "partner.yaml"
        partner.write_text(
            f"connection:\n  notifications:\n    root: {buyer.url}\n    credentials:\n      oauth2:\n"
            f"        token_url: {buyer.url}/oauth2/token\n        client_id: {client}\n"
            f"        method: client_secret_basic\n        secret: file:secret\n"
        )
        with serving("seller", "--profile", str(mine), "--partner", str(partner), folder=tmp_path) as seller:
            hub = f"{seller.url}{POQ.rpartition('/')[0]}/hub"
            assert requests.post(hub, json={"callback": buyer.url}, headers=JSON, timeout=30).status_code == 201
            later = {**wanted(), "instantSyncQualification": False}
            assert requests.post(seller.url + POQ, json=later, headers=JSON, timeout=30).status_code == 201
            heard = _until_it_says(buyer, "poqStateChangeEvent")
    assert "204" in heard
    assert secret not in buyer.said.replace(f"secret {secret} (shown this once)", "")


def _until_it_says(process: Process, word: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in process.said.splitlines():
            if word in line:
                return line
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.process.wait(timeout=0.05)
    pytest.fail(f"it never said {word}: {process.said}")
