"""A hundred secrets, each another, in every place where one can stand; none of them is in anything that was written."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from emulator.cli import discretion
from emulator.report import WRITERS
from tests.cli.partner_buyer import BASE
from tests.cli.processes import ROOT, Done, environment, oit

ALL = ",".join(WRITERS)
HEADERS = (
    "Authorization", "Proxy-Authorization", "Cookie", "X-API-Key", "X-Auth", "X-Auth-Token", "X-Access-Key", "X-Session",
    "X-JWT-Assertion", "Ocp-Apim-Subscription-Key", "X-Amz-Security-Token", "X-Hub-Signature", "X-Client-Secret", "X-Pin",
)  # fmt: skip
QUERY = (
    "access_token", "token", "sig", "code", "X-Amz-Signature", "jwt", "key", "auth", "sessionid", "api_key", "client_secret",
    "password", "%74oken", "pin",
)  # fmt: skip
MEMBERS = (
    "password", "passphrase", "clientSecret", "accessToken", "api_key", "privateKey", "sessionId", "jwt", "assertion",
    "credentials", "signature", "pin",
)  # fmt: skip
PROFILE = "extends: wholesale-seller\nsecrets: [pin]\nintervals: {quote: {start: 0, finish: 0}}\n"


class Garden:
    """Gives secrets, each another, and knows where each was planted."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}

    def plant(self, place: str) -> str:
        secret = f"hush{len(self.planted):03}Qz"
        self.planted[secret] = place
        return secret

    def headers(self, place: str) -> dict[str, str]:
        named = {name: self.plant(f"{place}, header {name}") for name in HEADERS}
        named["X-Where"] = f"http://ann:{self.plant(f'{place}, user information in a header')}@h/"
        named["X-As"] = f"Bearer {self.plant(f'{place}, a bearer in a header')}"
        return named

    def query(self, place: str) -> str:
        return "&".join(f"{name}={self.plant(f'{place}, parameter {name}')}" for name in QUERY)

    def body(self, place: str) -> dict[str, Any]:
        """A body with secrets at several depths, in members and in texts."""
        members: dict[str, Any] = {name: self.plant(f"{place}, member {name}") for name in MEMBERS}
        members["token"] = {"of": [{"value": self.plant(f"{place}, below a member")}]}
        return {
            "relatedContactInformation": [{"deep": [members]}],
            "see": f"https://ann:{self.plant(f'{place}, user information in a text')}@h/?token={self.plant('its query')}",
            "jwt of": f"eyJh.{self.plant(f'{place}, a JWT')}.c2ln",
            "pem": f"-----BEGIN PRIVATE KEY-----\n{self.plant(f'{place}, a private key')}\n-----END PRIVATE KEY-----",
            **members,
        }

    def raw(self, place: str) -> list[tuple[bytes, str]]:
        """Bodies that are no JSON, with their media types."""
        cut = json.dumps({"a": {"password": self.plant(f"{place}, cut short")}})[:-3]
        wide = json.dumps({"password": self.plant(f"{place}, UTF-16")}).encode("utf-16")
        part = (
            f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{self.plant(f"{place}, a part")}\r\n--b--'
        )
        return [
            (cut.encode(), "application/json"),
            (
                f"client_id=a&client_secret={self.plant(f'{place}, a form')}".encode(),
                "application/x-www-form-urlencoded",
            ),
            (f"<a><password>{self.plant(f'{place}, XML')}</password></a>".encode(), "application/xml"),
            (f"password: {self.plant(f'{place}, lines')}\n".encode(), "text/plain"),
            (part.encode(), "multipart/form-data; boundary=b"),
            (wide, "application/json;charset=utf-8"),
        ]

    def found(self, what: bytes) -> list[str]:
        """The places of the secrets that are in there, as they were, or as a file writes bytes."""
        written = what.decode("utf-8", "replace") + what.replace(b"\0", b"").decode("latin-1")
        for packed in re.findall(rb'"((?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"', what):
            written += base64.b64decode(packed).replace(b"\0", b"").decode("latin-1")
        return [f"{secret}: {self.planted[secret]}" for secret in sorted(set(re.findall(r"hush\d{3}Qz", written)))]


def send(url: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def send_all(garden: Garden, url: str, path: str) -> None:
    """Everything that a stranger can put a secret into, at one path."""
    json_type = {"Content-Type": "application/json;charset=utf-8"}
    here = f"{path}, "
    send(url, "GET", f"{path}?{garden.query(here + 'GET')}", headers=garden.headers(here + "GET"))
    body = json.dumps(garden.body(here + "POST")).encode()
    send(url, "POST", f"{path}?{garden.query(here + 'POST')}", body, {**json_type, **garden.headers(here + "POST")})
    send(
        url,
        "GET",
        f"{path}/eyJh.{garden.plant(here + 'a JWT in the path')}.c2ln;jsessionid={garden.plant('beside it')}",
    )
    for raw, media_type in garden.raw(here + "raw"):
        send(url, "POST", path, raw, {"Content-Type": media_type})


@contextlib.contextmanager
def served(*arguments: str, folder: Path, env: dict[str, str]) -> Iterator[tuple[str, str]]:
    """`oit ARGUMENTS` in a process, what it writes in `folder`; gives its URL and that of its console."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", *arguments], stdout=out, stderr=err, cwd=folder,
            env={**environment(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **env},
        )  # fmt: skip
    try:
        turns = threading.Event()
        while not (folder / "out").read_text().endswith("\n") and process.poll() is None:
            turns.wait(0.02)
        said = (folder / "err").read_text()
        console = next(line for line in said.splitlines() if line.startswith("console: "))
        yield (folder / "out").read_text().strip(), console.removeprefix("console: ").rstrip("/")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def console_says(console: str) -> bytes:
    """Every page of a console, its first events, and every download."""
    parts = urlsplit(console)

    def get(path: str, most: int | None = None) -> bytes:
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        try:
            connection.request("GET", path, headers={"X-OIT": "1"})
            answer = connection.getresponse()
            return answer.read() if most is None else answer.read1(most)
        finally:
            connection.close()

    told = get("/api/state")
    runs = [run["id"] for run in json.loads(told)["runs"]]
    assert runs
    paths = [
        f"/api/runs/{run}/{what}"
        for run in runs
        for what in ("report", "resources", *(f"download/{f}" for f in WRITERS))
    ]
    found = [told, get("/api/log"), get("/api/log?q=hush"), get("/api/events", 65536), *map(get, paths)]
    assert all(found)
    return b"\n".join(found)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def nothing_of(garden: Garden, written: dict[str, bytes]) -> None:
    told = {name: places for name, content in written.items() if (places := garden.found(content))}
    assert told == {}


def proxies(garden: Garden) -> dict[str, str]:
    return {
        name: f"http://ann:{garden.plant(name)}@127.0.0.1:1" for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY")
    } | {"NO_PROXY": "127.0.0.1"}


def test_nothing_that_our_seller_writes_tells_a_secret(tmp_path: Path) -> None:
    garden = Garden()
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE)
    database = f"sqlite:///{tmp_path / 'oit.sqlite3'}"
    start = ("seller", "--profile", str(profile), "--database", database, "--console", "0", "--report", ALL)
    with served(*start, "--report-dir", str(tmp_path / "reports"), folder=tmp_path, env=proxies(garden)) as (
        url,
        console,
    ):
        for run in ("", "/r/two"):
            send_all(garden, url, f"{run}{BASE['quote']}/quote")
            send_all(garden, url, f"{run}{BASE['order']}/hub")
            address = {"provideAlternative": True, **garden.body("what is right"), "submittedGeographicAddress": {
                "@type": "FieldedAddress", "streetName": "Loudoun", "city": "Ashburn", "country": "US",
                "password": garden.plant("a member of an address that is kept")}}  # fmt: skip
            send(url, "POST", f"{run}{BASE['address']}/geographicAddressValidation", json.dumps(address).encode(),
                 {"Content-Type": "application/json;charset=utf-8"})  # fmt: skip
        right = {"callback": "http://127.0.0.1:9/cb", "password": garden.plant("a member of a subscription")}
        kind = {"Content-Type": "application/json;charset=utf-8"}
        assert send(url, "POST", f"{BASE['order']}/hub", json.dumps(right).encode(), kind) == 201
        callback = f"http://ann:{garden.plant('a callback')}@127.0.0.1:9/?token={garden.plant('its query')}"
        send(url, "POST", f"{BASE['order']}/hub", json.dumps({"callback": callback}).encode(), kind)
        shown = console_says(console)
        alive = files_in(tmp_path)
    assert len(garden.planted) > 200
    written = {**files_in(tmp_path), **{f"{name} while it served": content for name, content in alive.items()}}
    assert {"oit.sqlite3", "err", "oit.sqlite3-wal while it served"} <= written.keys()
    assert sum(name.startswith("reports/") for name in written) >= len(WRITERS)
    for name, arguments in {
        "show": ("runs", "show", "plain-path"), "show two": ("runs", "show", "two", "--format", "json"),
        "export": ("runs", "export", "two"), "plain": ("runs", "export", "plain-path"),
        "transcript": ("runs", "export", "two", "--transcript"),
    }.items():  # fmt: skip
        done = oit(*arguments, "--database", database)
        assert done.code == 0, done.err
        written[name] = done.out.encode() + done.err.encode()
    nothing_of(garden, {**written, "console": shown})


class Stub:
    """A partner's seller that answers everything with secrets in it."""

    def __init__(self, garden: Garden) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                heard.append((self.path, dict(self.headers), body))
                here = f"answer {len(heard)}"
                answer = json.dumps({**garden.body(here), "id": "1", "mine": "hush-echo"}).encode()
                self.send_response(201 if self.command == "POST" else 200)
                self.send_header("Content-Type", "application/json;charset=utf-8")
                self.send_header("Set-Cookie", f"a={garden.plant(f'{here}, Set-Cookie')}")
                self.send_header(
                    "Location", f"http://ann:{garden.plant(f'{here}, Location')}@h/?sig={garden.plant(here)}"
                )
                self.send_header("Link", f"<http://h/?token={garden.plant(f'{here}, Link')}>; rel=next")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _answer  # noqa: N815 - as http.server wants them

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


SCENARIO = """
oit: "1"
id: planted
title: What is asked has secrets in it
sources: {quote: {api: quote, servedBy: seller}}
inputs: {apiKey: none, clientPassword: %s}
flow:
  - id: ask
    call: quote.registerListener
    request:
      headers: %s
      body: {password: $inputs.clientPassword, mine: {apiKey: $inputs.apiKey}, callback: "http://ann:%s@h/"}
    response: {status: 201, expect: {/password: %s, /id: "1"}, headers: {Set-Cookie: %s}}
  - id: again
    call: quote.retrieveQuote
    request: {path: {id: "1"}, headers: {X-Note: "Bearer none"}}
    response: {status: 200, expect: {/accessToken: {$any: string}, /jwt: %s}, headers: {Location: {$any: string}}}
    outputs: {token: $response.body#/accessToken}
  - id: with-it
    call: quote.retrieveQuote
    request: {path: {id: "2"}, headers: {X-Note: "Bearer {$steps.again.outputs.token}"}}
    response: {status: 200}
"""


@pytest.mark.parametrize("form", ["pretty", "json"])
def test_nothing_that_a_run_writes_tells_a_secret_and_the_partner_gets_the_real_one(form: str, tmp_path: Path) -> None:
    garden = Garden()
    for name in ("profile.yaml", "planted.oit.yaml"):
        (tmp_path / name).touch()
    (tmp_path / "profile.yaml").write_text(PROFILE)
    headers = garden.headers("scenario")
    mine = {name: garden.plant(name) for name in ("password", "callback", "expected", "cookie", "jwt", "var", "user")}
    (tmp_path / "planted.oit.yaml").write_text(SCENARIO % (
        mine["password"], json.dumps(headers), mine["callback"], mine["expected"], mine["cookie"], mine["jwt"],
    ))  # fmt: skip
    out = tmp_path / "reports"
    stub = Stub(garden)
    try:
        url = f"http://ann:{mine['user']}@127.0.0.1:{stub.server.server_port}"
        ask = ("run", "planted.oit.yaml", "--sut", f"seller={url}", "--profile", "profile.yaml", "--format", form)
        done = oit(*ask, "--var", f"apiKey={mine['var']}", "--report", ALL, "--report-dir", str(out), cwd=tmp_path)
        plan = oit(*ask, "--var", f"apiKey={mine['var']}", "--plan", cwd=tmp_path)
        looked = oit("doctor", "--sut", f"seller={url}", cwd=tmp_path)
        checked = oit("check", str(out / "report.json"), "--report", ALL, "--report-dir", str(out / "checked"))
    finally:
        stub.close()
    assert len(stub.heard) > 1, done.err
    path, sent, body = stub.heard[0]
    assert path.endswith("/hub")
    del headers["Authorization"]  # the URL has a name and a password, and HTTP one place for both
    assert headers.items() <= sent.items()
    assert json.loads(body)["mine"] == {"apiKey": mine["var"]}
    report = json.loads((out / "report.json").read_text())
    steps = {step["id"]: step for step in report["steps"]}
    assert done.code == 1, done.err
    met = {each["pointer"]: each["met"] for step in steps.values() for each in step["expectations"]}
    assert met["/password"] is False
    assert met["/accessToken"] is True
    assert len(garden.planted) > 50
    talk = {name: (each.out + each.err).encode() for name, each in
            {"run": done, "plan": plan, "doctor": looked, "check": checked}.items()}  # fmt: skip
    written = files_in(out)
    assert sum("/" not in name for name in written) >= len(WRITERS)
    nothing_of(garden, {**talk, **written})


def test_nothing_that_a_buyer_writes_tells_a_secret(tmp_path: Path) -> None:
    garden = Garden()
    profile = tmp_path / "profile.yaml"
    profile.write_text(PROFILE)
    start = (
        "buyer",
        "--profile",
        str(profile),
        "--console",
        "0",
        "--report",
        ALL,
        "--report-dir",
        str(tmp_path / "reports"),
    )
    with served(*start, folder=tmp_path, env=proxies(garden)) as (url, console):
        send_all(
            garden,
            url,
            f"{BASE['quote'].replace('quoteManagement', 'quoteNotification')}/listener/quoteStateChangeEvent",
        )
        send_all(garden, url, "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent")
        shown = console_says(console)
    nothing_of(garden, {**files_in(tmp_path), "console": shown})


@pytest.mark.parametrize("arguments", [
    ("seller", "--database", "postgresql://ann:hush000Qz@127.0.0.1:1/oit"),
    ("seller", "--database", "postgresql://ann:hush/000#hush000Qz@127.0.0.1:1/oit"),
    ("seller", "--database", "mysql://ann:hush000Qz@127.0.0.1:1/oit"),
    ("seller", "--database", "nothing://ann:hush000Qz@[127.0.0.1/oit"),
    ("runs", "list", "--database", "postgresql://127.0.0.1:1/oit?user=ann&password=hush000Qz"),
    ("run", "scenarios/places/find.oit.yaml", "--sut", "seller=ftp://ann:hush000Qz@h"),
    ("run", "scenarios/places/find.oit.yaml", "--sut", "seller=ann:hush000Qz@h"),
    ("run", "scenarios/places/find.oit.yaml", "--sut", "http://ann:hush000Qz@h"),
    ("run", "scenarios/places/find.oit.yaml", "--sut", "seller=http://h/?token=hush000Qz"),
    ("run", "scenarios/places/find.oit.yaml", "--callback", "http://ann:hush000Qz@h/?a"),
    ("run", "scenarios/places/find.oit.yaml", "--var", "token=hush000Qz"),
    ("runs", "list", "http://ann:hush000Qz@h"),
    ("control", "--console", "http://127.0.0.1:1/?token=hush000Qz", "done"),
    ("control", "--console", "ftp://127.0.0.1:1/?token=hush000Qz", "done"),
])  # fmt: skip
def test_a_refusal_repeats_no_secret(arguments: tuple[str, ...]) -> None:
    done = oit(*arguments)
    assert done.code != 0
    assert done.err
    assert "hush000Qz" not in done.out + done.err


@pytest.mark.parametrize("debug", [False, True])
def test_a_crash_tells_no_secret(debug: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        message = "no connection to http://ann:hush000Qz@h/?token=hush001Qz with Authorization: Bearer hush002Qz"
        raise RuntimeError(message)

    monkeypatch.setattr("emulator.settings.database_url", crash)
    done = _crashed(debug=debug)
    assert done.code == 4
    assert ("Traceback" in done.err) is debug
    assert "no connection to http://***@h/?token=***" in done.err
    assert "hush0" not in done.err + done.out


def _crashed(*, debug: bool) -> Done:
    from click.testing import CliRunner

    from emulator.cli import main

    done = CliRunner(env={"OIT_DEBUG": "1" if debug else None}).invoke(main, ["runs", "list"], prog_name="oit")
    return Done(done.exit_code, done.stdout, done.stderr)


def test_a_log_and_a_thread_that_dies_tell_no_secret() -> None:
    """In a process of its own, for a log is the whole process's."""
    program = (
        "import logging, threading\n"
        "from emulator.cli.discretion import keep_secrets\n"
        "keep_secrets()\n"
        "def fail(): raise ValueError('http://ann:hush000Qz@h/')\n"
        "logging.getLogger('other.package').warning('calling %s with %r', 'http://h/?sig=hush001Qz', {'password': 'hush002Qz'})\n"
        "try: fail()\n"
        "except ValueError: logging.getLogger('oit').exception('%d%% failed', 5)\n"
        "logging.getLogger('oit').warning('too few for %s %s', 1)\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env=os.environ,
    )
    assert done.returncode == 1
    assert "hush0" not in done.stderr + done.stdout
    assert done.stderr.count("ValueError: http://***@h/") == 3
    assert "calling http://h/?sig=*** with {'password': '***'}" in done.stderr
    assert "5% failed" in done.stderr
    assert discretion.__doc__


def test_an_exported_run_keeps_its_secrets_apart(tmp_path: Path) -> None:
    """What one mask stands for is one secret, in all that a process has written."""
    garden = Garden()
    one = garden.plant("twice")
    from emulator.record.secrets import masked_body

    shown = [
        json.loads(masked_body(json.dumps({"password": secret}).encode()))["password"]
        for secret in (one, one, one + "x")
    ]
    assert shown[0] == shown[1] != shown[2]
    assert quote(one) not in "".join(shown)


def test_what_others_have_recorded_is_put_back_and_carried_on_without_secrets(tmp_path: Path) -> None:
    """A run of a tool that masked less, in a file and in a database."""
    garden = Garden()
    about = {
        "from": "buyer", "to": "seller", "api": None, "kind": None, "operation": None, "path_params": {}, "step": None,
        "request": {"method": "GET", "url": f"http://h/a?sig={garden.plant('a URL')}", "headers": [["X-Auth", garden.plant("a header")]]},
        "response": None, "fault": {"kind": "closed", "message": f"no token={garden.plant('a message')}"},
    }  # fmt: skip
    raw = json.dumps({"password": garden.plant("a body")}).encode()
    row = {"is": "exchange", "run": "r", "at": "2026-01-01T00:00:00+00:00", "elapsed_ms": 1.0, "about": about,
           "request": base64.b64encode(raw).decode(), "response": None}  # fmt: skip
    file = tmp_path / "r.ndjson"
    file.write_text("\n".join(json.dumps(each) for each in ({"oit": "run", "format": 1, "run": "r"}, row)) + "\n")
    database = f"sqlite:///{tmp_path / 'oit.sqlite3'}"
    done = oit("runs", "import", str(file), "--database", database)
    assert done.code == 0, done.err
    exported = oit("runs", "export", "r", "--database", database)
    assert json.loads(exported.out.splitlines()[-1])["about"]["request"]["headers"] == [["X-Auth", "***"]]
    nothing_of(garden, {"database": (tmp_path / "oit.sqlite3").read_bytes(), "export": exported.out.encode()})
