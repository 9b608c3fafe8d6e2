"""Whose certificates are believed is one setting, and it holds for all that is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.reach import reach
from emulator.doors.trust import NAMES, authorities
from emulator.errors import UserError
from emulator.record.exchange import FaultKind, Party, Transcript
from tests.cli.processes import oit
from tests.tls import AUTHORITY, HASHED, serving

SCENARIO = """
oit: "1"
id: one-address
title: One address is validated
sources:
  address: {api: address, servedBy: seller}
flow:
  - id: validate
    call: address.createGeographicAddressValidation
    request:
      body:
        provideAlternative: true
        submittedGeographicAddress: {"@type": FieldedAddress, streetNr: "20", streetName: Main, city: Ashburn,
          stateOrProvince: VA, postcode: "20147", country: USA}
    response: {status: 200}
"""


class Partner(ThreadingHTTPServer):
    """A seller behind TLS that validates one address, and remembers the headers of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, str]] = []
        self.socket = serving().wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Who does not believe us hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: Partner
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._say(200, {**asked, "validationResult": "success", "alternateGeographicAddress": [],
                        "bestMatchGeographicAddress": {**asked["submittedGeographicAddress"], "id": "a-1",
                                                       "allowsNewSite": True, "hasPublicSite": False}})  # fmt: skip

    def do_GET(self) -> None:
        self._say(404, {"code": "notFound", "reason": "There is none"})

    def _say(self, status: int, body: Any) -> None:
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def secured() -> Iterator[Partner]:
    made = Partner()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client(Peer(timeout=10), Party.BUYER, Transcript(), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    yield made
    made.close()


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "address.oit.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return str(file)


def hashed(folder: Path) -> Path:
    (folder / HASHED).write_bytes(AUTHORITY.read_bytes())
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_private_authority_is_believed_by_all_that_send(
    secured: Partner, client: Client, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The client, which carries calls and callbacks alike; `oit doctor`, its GETs included; `oit run`."""
    monkeypatch.setenv(name, str(hashed(tmp_path) if name.endswith("DIR") else AUTHORITY))
    assert client.send("GET", secured.url + "/").response
    assert client.send("POST", secured.url + "/", body={"submittedGeographicAddress": {}}).response
    assert [check.ok for check in reach(secured.url, 5)] == [True, True, True]
    told = oit("doctor", "--sut", f"seller={secured.url}").out
    assert "ok  TLS" in told
    assert "404, as the standard has it" in told
    done = oit("run", scenario, "--sut", f"seller={secured.url}", "--report-dir", str(tmp_path / "out"))
    assert done.code == 0, done.err


def test_without_the_setting_nobody_believes_it(secured: Partner, client: Client) -> None:
    before = len(secured.seen)
    fault = client.send("GET", secured.url + "/").fault
    assert fault
    assert (fault.kind, "CERTIFICATE_VERIFY_FAILED" in fault.message) == (FaultKind.UNREACHABLE, True)
    assert [check.ok for check in reach(secured.url, 5)] == [True, True, False]
    assert len(secured.seen) == before


def test_the_first_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(AUTHORITY))
    assert authorities() == AUTHORITY


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", ["missing", "empty", "no certificate", "folder"])
def test_what_cannot_be_used_is_told_before_anything_is_sent(
    secured: Partner, client: Client, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
    wrong: str,
) -> None:  # fmt: skip
    """One sentence and exit code 2: from run, doctor, and a seller whose callbacks may be https."""
    bundle = tmp_path / "bundle"
    match wrong:
        case "empty":
            bundle.write_bytes(b"")
        case "no certificate":
            bundle.write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
        case "folder":
            bundle.mkdir()
    monkeypatch.setenv(name, str(bundle))
    before = len(secured.seen)
    with pytest.raises(UserError, match=name):
        authorities()
    arguments = [["run", scenario, "--sut", f"seller={secured.url}"], ["doctor", "--sut", f"seller={secured.url}"],
                 ["seller", "--port", "0", "--database", "memory"]]  # fmt: skip
    for each in arguments:
        done = oit(*each)
        assert done.code == 2, each
        assert done.err.count(str(bundle)) == 1
        assert done.err.strip().count("\n") == 0
    fault = client.send("GET", secured.url + "/").fault
    assert fault
    assert name in fault.message
    assert len(secured.seen) == before
    assert oit("run", scenario, "--report-dir", str(tmp_path / "out")).code == 0, "what needs no TLS needs no authority"


def test_nothing_of_the_environment_speaks_for_us(
    secured: Partner, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither credentials of .netrc nor a proxy come in by the environment."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(AUTHORITY))
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret\ndefault login me password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client.send("GET", secured.url + "/").response
    assert "authorization" not in secured.seen[-1]
