"""Forty secrets by which somebody is let in, each another, through every command; none is in anything that was written.

The partner repeats each of them in what it answers, in words of its own: only who knows the value can mask it there.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, quote

import pytest
import requests
import trustme
import yaml
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from emulator.report import WRITERS
from tests.cli.processes import ROOT, environment
from tests.cli.test_secrets import ALL, Garden, console_says, files_in, served
from tests.doors.authority.secured import JSON, POQ, PRODUCT, TYPE, wanted
from tests.parties.databases import database
from tests.partner.tls import serving, written

pytestmark = pytest.mark.slow
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")
FLOW = """
oit: "1"
id: planted
title: What lets us in is repeated to us
sources: {inventory: {api: inventory, servedBy: seller}, quote: {api: quote, servedBy: seller}}
flow:
  - {id: products, call: inventory.listProduct, response: {status: 200}}
  - {id: quotes, call: quote.listQuote, response: {status: 200}}
  - {id: more, call: quote.listQuote, response: {status: 200, expect: {/0/note: nothing}}}
cases:
  - {id: without, kind: negative, emulate: buyer, at: products, credentials: {bring: garbage}}
  - {id: in-the-url, kind: negative, emulate: buyer, at: products, credentials: {bring: query}}
  - {id: wrongly-asked, kind: negative, emulate: buyer, at: products, credentials: {token_request: wrong_secret}}
  - {id: as-json, kind: negative, emulate: buyer, at: products, credentials: {token_request: json}}
"""


class Vault(Garden):
    """A garden in which things grow that cannot be spelt as one likes: keys, signatures."""

    def __init__(self) -> None:
        super().__init__()
        self.whole: dict[str, str] = {}

    def keep(self, value: str, place: str) -> str:
        """A secret that is what it is; of several lines each long one."""
        for line in value.splitlines():
            if len(line) >= 20 and "-----" not in line:
                self.whole[line] = place
        return value

    def found(self, what: bytes) -> list[str]:
        """The places of secrets that are in there, plain, or in any base64."""
        decoded = [what]
        for run in _BASE64.findall(what):
            for part in (run, run[1:], run[2:], run[3:]):  # a run may begin with what is none of it
                with contextlib.suppress(ValueError):
                    decoded.append(base64.urlsafe_b64decode(part.replace(b"+", b"-").replace(b"/", b"_") + b"=="))
        text = b"\n".join(decoded).replace(b"\0", b"").decode("latin-1")
        told = super().found(text.encode("latin-1"))
        return told + [f"{value[:6]}…: {place}" for value, place in self.whole.items() if value in text]


class Parrot:
    """A partner, its authorization server and its proxy: it says again what it hears, and gives tokens to whoever asks."""

    def __init__(self, vault: Vault, context: Any = None) -> None:
        self.heard: list[str] = []
        parrot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                said = f"{self.path} {dict(self.headers)} {body} {parse_qs(body)}"
                for scheme, _, pair in (str(value).partition(" ") for value in self.headers.values()):
                    if scheme == "Basic":
                        said += f" {base64.b64decode(pair).decode()}"
                parrot.heard.append(said)
                status, answer = 200, json.dumps([{"note": said, "id": said}])
                if "/token" in self.path:
                    token = vault.plant("a token of the partner")
                    answer = json.dumps(
                        {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": "a", "note": said}
                    )
                elif "/refuse" in self.path:
                    status, answer = 401, json.dumps({"error": "invalid_client", "error_description": said})
                elif len(parrot.heard) % 2:
                    status, answer = 403, json.dumps({"code": "accessDenied", "reason": said, "message": said})
                raw = answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json;charset=utf-8")
                self.send_header("X-Parrot", quote(said))
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as http.server wants them

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if context is not None else ''}://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def connections(vault: Vault, folder: Path, url: str, env: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A partner's file for each way to be let in, its secrets in variables, files and what a command says."""

    def variable(place: str) -> str:
        name = f"PLANTED_{len(env)}"
        env[name] = vault.plant(place)
        return f"env:{name}"

    def file(place: str) -> str:
        name = f"secret-{len(vault.planted)}"
        (folder / name).write_text(vault.plant(place) + "\n")
        return f"file:{name}"

    def oauth(method: str, at: str = "/token", **more: Any) -> dict[str, Any]:
        return {"credentials": {"oauth2": {"token_url": url + at, "client_id": "us", "method": method, **more}}}

    yield "header", {"credentials": {"api_key": {"header": "X-Parcel", "value": variable("an API key")}}}
    yield "query", {"credentials": {"api_key": {"query": "parcel", "value": file("an API key in the query")}}}
    yield "basic", {"credentials": {"basic": {"username": "us", "password": file("a password")}}}
    yield "bearer", {"credentials": {"bearer": {"token": variable("a static token")}}}
    yield (
        "tenant",
        {"headers": {"X-Parcel": variable("a header")}, "credentials": {"bearer": {"token": file("another")}}},
    )
    yield "by-basic", oauth("client_secret_basic", secret=variable("a client secret"))
    yield "by-post", oauth("client_secret_post", secret=file("a client secret in a form"))
    yield "by-shared", oauth("client_secret_jwt", secret=variable("a shared secret"))
    yield "refused", oauth("client_secret_basic", "/refuse", secret=variable("a client secret that is refused"))
    yield "refused-post", oauth("client_secret_post", "/refuse", secret=variable("one in a form that is refused"))
    yield (
        "parameters",
        oauth("client_secret_post", secret=file("a third"), parameters={"parcel": variable("a parameter")}),
    )
    key, passphrase = generate_private_key(SECP256R1()), vault.plant("the passphrase of a key")
    env["PLANTED_PASSPHRASE"] = passphrase
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    (folder / "signing.pem").write_bytes(locked)
    vault.keep(locked.decode(), "a private key")
    yield "by-key", oauth("private_key_jwt", key="file:signing.pem", kid="one", passphrase="env:PLANTED_PASSPHRASE")
    yield "by-command", {"credentials": {"bearer": {"token": "cmd:cat said"}}}
    (folder / "said").write_text(vault.plant("what a command says"))
    proxy = {"url": url, "username": "us", "password": variable("a proxy's password")}
    yield "proxy", {"proxy": proxy, "credentials": {"bearer": {"token": variable("a token that goes by a proxy")}}}
    yield "inline", {"credentials": {"bearer": {"token": vault.plant("a secret where a reference belongs")}}}
    yield "in-the-root", {"root": url.replace("//", f"//us:{vault.plant('a password in a URL')}@")}
    hook = {"root": url, "credentials": {"bearer": {"token": variable("a token for callbacks")}}}
    yield "hooks", {"credentials": {"bearer": {"token": file("a token beside it")}}, "notifications": hook}


def command(*arguments: str, folder: Path, env: dict[str, str]) -> bytes:
    """What a command says, in a process that has learnt nothing from another one."""
    done = subprocess.run(
        [sys.executable, "-m", "emulator", *arguments],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(ROOT), "OIT_DEBUG": "1", "OIT_DATA": str(folder / "data"), **env},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1, 2, 3, 5), done.stderr.decode()
    return done.stdout + done.stderr


def nothing(vault: Vault, said: dict[str, bytes]) -> None:
    assert {name: places for name, content in said.items() if (places := vault.found(content))} == {}


def test_what_lets_us_in_is_in_nothing_that_a_run_or_doctor_writes(tmp_path: Path) -> None:
    vault, env, said = Vault(), dict[str, str](), dict[str, bytes]()
    (tmp_path / "planted.oit.yaml").write_text(FLOW)
    with Parrot(vault) as parrot:
        ways = list(connections(vault, tmp_path, parrot.url, env))
        for name, connection in ways:
            (tmp_path / f"{name}.yaml").write_text(
                yaml.safe_dump({"connection": {"root": parrot.url, "claims": ["MEF128"], **connection}})
            )

        def played(name: str) -> None:
            more = ("--partner", f"{name}.yaml", "--allow-commands")
            ask = ("run", "planted.oit.yaml", *more)
            reports = ("--report", ALL, "--report-dir", f"reports/{name}")
            said[f"run {name}"] = command(*ask, *reports, folder=tmp_path, env=env)
            if name in ("basic", "by-post", "refused", "proxy"):
                said[f"plan {name}"] = command(*ask, "--plan", folder=tmp_path, env=env)
                said[f"doctor {name}"] = command("doctor", *more, folder=tmp_path, env=env)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(played, [name for name, _ in ways]))
        heard = "\n".join(parrot.heard)
    for name in ("by-basic", "refused", "by-shared"):
        assert sum(path.is_file() for path in (tmp_path / "reports" / name).rglob("*")) >= len(WRITERS), said[
            f"run {name}"
        ]
    sent = {secret for secret in vault.planted if secret in heard}
    assert len(sent) >= 20, "the partner has to have heard them, else there is nothing to mask"
    reports = files_in(tmp_path / "reports")
    assert any(b"X-Parrot" in content or b"x-parrot" in content for content in reports.values())
    nothing(vault, {**said, **reports})


def test_our_own_key_of_tls_is_in_nothing(tmp_path: Path) -> None:
    vault, env = Vault(), dict[str, str]()
    authority, clients = trustme.CA(), trustme.CA()
    env["PLANTED_KEY"] = vault.plant("the passphrase of a TLS key")
    written(tmp_path, authority, clients, env["PLANTED_KEY"].encode())
    vault.keep((tmp_path / "client.key").read_text(), "a TLS key")
    (tmp_path / "planted.oit.yaml").write_text(FLOW)
    with Parrot(vault, serving(authority, clients)) as parrot:
        tls = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key", "passphrase": "env:PLANTED_KEY"}
        (tmp_path / "acme.yaml").write_text(yaml.safe_dump({"connection": {"root": parrot.url, "tls": tls}}))
        ask = ("run", "planted.oit.yaml", "--partner", "acme.yaml", "--report", ALL, "--report-dir", "reports")
        said = {"run": command(*ask, folder=tmp_path, env=env)}
        assert parrot.heard
        env["PLANTED_KEY"] = vault.plant("a passphrase that is wrong")
        said["wrong"] = command(*ask, folder=tmp_path, env=env)
    nothing(vault, {**said, **files_in(tmp_path / "reports")})


CLIENTS = """extends: wholesale-seller
security:
  kind: oauth2
  token: {token}
  clients:
    - {{id: by-basic, method: client_secret_basic, secret: "env:PLANTED_BASIC"}}
    - {{id: by-post, method: client_secret_post, secret: "file:planted-post"}}
    - {{id: by-shared, method: client_secret_jwt, secret: "env:PLANTED_SHARED"}}
    - {{id: made, method: client_secret_post}}
    - {{id: made-key, method: private_key_jwt}}
buyer: {{security: oauth2}}
"""


@pytest.mark.parametrize(("token", "kind"), [("jwt", "sqlite"), ("opaque", "sqlite"), ("jwt", "postgresql")])
def test_who_comes_to_a_secured_seller_finds_nothing_written(token: str, kind: str, tmp_path: Path) -> None:
    """Clients' secrets and keys, right and wrong ones, tokens, assertions, and what stands in tokens."""
    vault, said = Vault(), dict[str, bytes]()
    env = {"PLANTED_BASIC": vault.plant("basic"), "PLANTED_SHARED": vault.plant("shared") + "x" * 32}
    (tmp_path / "planted-post").write_text(vault.plant("post"))
    (tmp_path / "profile.yaml").write_text(CLIENTS.format(token=token))
    with database(kind, tmp_path) as url:
        assert url is not None
        start = ("seller", "--profile", "profile.yaml", "--database", url, "--console", "0", "--report", ALL)
        data = {"OIT_DATA": str(tmp_path / "data"), **env}
        with served(*start, "--report-dir", "reports", folder=tmp_path, env=data) as (root, console):
            shown_once = (tmp_path / "err").read_text()
            made = re.search(r"client made: client_secret_post, secret (\S+)", shown_once)
            file = re.search(r"private key in (\S+)", shown_once)
            assert made, shown_once
            assert file, shown_once
            vault.keep(made[1], "a secret that was made")
            vault.keep(Path(file[1]).read_text(), "a key that was made")
            _come(vault, root, env, (tmp_path / "planted-post").read_text(), made[1])
            said["console"] = console_says(console)
            alive = {f"{name} alive": content for name, content in files_in(tmp_path).items()}
        said |= {**files_in(tmp_path), **alive, "database": _rows(url)}
        said["export"] = command("runs", "export", "plain-path", "--database", url, folder=tmp_path, env=env)
    said = {
        name: content for name, content in said.items() if "planted-post" not in name and "data/clients" not in name
    }
    for name in ("err", "err alive"):  # what was made is shown, once
        said[name] = said[name].replace(made[1].encode(), b"", 1)
    assert len(vault.planted) + len(set(vault.whole.values())) >= 15
    nothing(vault, said)


def _come(vault: Vault, root: str, env: dict[str, str], post: str, made: str) -> None:
    """Ask for tokens rightly and wrongly, come with tokens rightly and wrongly."""
    session = requests.Session()
    form = {"grant_type": "client_credentials"}

    def ask(more: dict[str, str], path: str = "/oauth2/token", **named: Any) -> requests.Response:
        return session.post(root + path, {**form, **more}, timeout=30, **named)

    right = [
        ask({}, auth=("by-basic", env["PLANTED_BASIC"])),
        ask({"client_id": "by-post", "client_secret": post}),
        ask({"client_id": "made", "client_secret": made}),
    ]
    assert [answer.status_code for answer in right] == [200, 200, 200]
    tokens = [str(answer.json()["access_token"]) for answer in right]
    for each in tokens:
        vault.keep(each.rpartition(".")[2], "a token that was issued")
    ask({}, auth=("by-basic", vault.plant("a wrong secret in a header")))
    ask({"client_id": "by-post", "client_secret": vault.plant("a wrong secret in a form")})
    key = ECKey.generate_key("P-256")
    claims = {"iss": "made-key", "sub": "made-key", "aud": root, "exp": 1, "password": vault.plant("a claim")}
    forged = jwt.encode({"alg": "ES256", "jwk": {**key.as_dict(private=True)}}, claims, key, algorithms=["ES256"])
    vault.keep(str(key.as_dict(private=True)["d"]), "a private key in a header")
    vault.keep(forged.rpartition(".")[2], "a signature")
    ask({"client_assertion_type": TYPE, "client_assertion": forged})
    session.post(f"{root}/oauth2/token", json={**form, "client_secret": vault.plant("a secret in JSON")}, timeout=30)
    who = {"client_id": "by-post", "client_secret": post}
    ask({**who, "token": tokens[1]}, "/oauth2/introspect")
    ask({**who, "token": vault.plant("somebody's token")}, "/oauth2/revoke")
    for bearer in (tokens[0], vault.plant("garbage"), forged):
        headers = {**JSON, "Authorization": f"Bearer {bearer}"}
        session.get(root + PRODUCT, headers=headers, timeout=30)
        session.post(root + POQ, json=wanted(), headers=headers, timeout=30)
    session.get(f"{root}{PRODUCT}?access_token={vault.plant('a token in a URL')}", timeout=30)
    session.get(f"{root}{PRODUCT}", headers={"Authorization": f"Basic {_pair(vault)}"}, timeout=30)
    session.get(f"{root}{PRODUCT}", headers={"Authorization": vault.plant("no scheme")}, timeout=30)
    hub = {"callback": f"http://us:{vault.plant('a callback')}@127.0.0.1:9/?token={vault.plant('its token')}"}
    session.post(
        f"{root}{POQ.rpartition('/')[0]}/hub",
        json=hub,
        headers={**JSON, "Authorization": f"Bearer {tokens[0]}"},
        timeout=30,
    )
    ask({**who, "token": tokens[1]}, "/oauth2/revoke")
    session.close()


def _pair(vault: Vault) -> str:
    return base64.b64encode(f"us:{vault.plant('a Basic password')}".encode()).decode()


def _rows(url: str) -> bytes:
    """Every cell of every table."""
    from sqlalchemy import create_engine, inspect, text

    engine, found = create_engine(url), list[bytes]()
    try:
        with engine.connect() as connection:
            for table in inspect(engine).get_table_names():
                for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                    found += [
                        bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in row
                    ]
    finally:
        engine.dispose()
    assert found
    return b"\n".join(found)


def test_what_passes_a_proxy_and_what_comes_to_a_buyer_is_in_nothing(tmp_path: Path) -> None:
    vault, env, said = Vault(), dict[str, str](), dict[str, bytes]()
    env["PLANTED"] = vault.plant("a client secret")
    for name in ("proxy", "buyer"):
        (tmp_path / name).mkdir()
    with Parrot(vault) as parrot:
        oauth = {
            "token_url": f"{parrot.url}/token",
            "client_id": "us",
            "method": "client_secret_post",
            "secret": "env:PLANTED",
        }
        (tmp_path / "acme.yaml").write_text(
            yaml.safe_dump({"connection": {"root": parrot.url, "credentials": {"oauth2": oauth}}})
        )
        start = (
            "proxy",
            "--partner",
            str(tmp_path / "acme.yaml"),
            "--console",
            "0",
            "--report",
            ALL,
            "--report-dir",
            "reports",
        )
        data = {"OIT_DATA": str(tmp_path / "proxy/data"), **env}
        with served(*start, folder=tmp_path / "proxy", env=data) as (root, console):
            headers = {
                "Authorization": f"Bearer {vault.plant('what the buyer shows')}",
                "Cookie": f"a={vault.plant('a cookie')}",
            }
            for _ in range(2):
                requests.get(root + PRODUCT, headers=headers, timeout=30)
                requests.post(root + POQ, json=wanted(), headers={**JSON, **headers}, timeout=30)
            said["console of the proxy"] = console_says(console)
        assert env["PLANTED"] in "".join(parrot.heard)
    (tmp_path / "buyer.yaml").write_text("buyer: {security: oauth2}\n")
    start = (
        "buyer",
        "--profile",
        str(tmp_path / "buyer.yaml"),
        "--console",
        "0",
        "--report",
        ALL,
        "--report-dir",
        "reports",
    )
    with served(*start, folder=tmp_path / "buyer", env={"OIT_DATA": str(tmp_path / "buyer/data")}) as (root, console):
        event = {
            "eventId": "e",
            "eventTime": "2030-01-01T00:00:00Z",
            "eventType": "quoteStateChangeEvent",
            "event": {"id": "q"},
        }
        path = "/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"
        for bearer in (vault.plant("a callback's token"), vault.plant("another")):
            requests.post(root + path, json=event, headers={**JSON, "Authorization": f"Bearer {bearer}"}, timeout=30)
        made = re.search(r"client \S+: client_secret_basic, secret (\S+)", (tmp_path / "buyer/err").read_text())
        assert made
        asked = requests.post(
            f"{root}/oauth2/token", {"grant_type": "client_credentials"}, auth=("oit-client", made[1]), timeout=30
        )
        token = vault.keep(asked.json()["access_token"], "the buyer's own token")
        requests.post(root + path, json=event, headers={**JSON, "Authorization": f"Bearer {token}"}, timeout=30)
        said["console of the buyer"] = console_says(console)
    said |= files_in(tmp_path / "proxy") | {
        f"buyer {name}": each for name, each in files_in(tmp_path / "buyer").items()
    }
    vault.keep(made[1], "a secret that was made")
    said["buyer err"] = said["buyer err"].replace(made[1].encode(), b"", 1)
    nothing(vault, said)


def test_a_crash_repeats_no_secret_that_was_looked_up(tmp_path: Path) -> None:
    """In a process of its own: whatever an error says, and whatever a thread or a log does."""
    vault = Vault()
    env = {"PLANTED": vault.plant("a variable"), "OIT_DEBUG": "1"}
    (tmp_path / "acme.yaml").write_text(
        "connection: {root: 'http://127.0.0.1:9', credentials: {bearer: {token: 'env:PLANTED'}}}\n"
    )
    program = (
        "import logging, os, sys, threading\n"
        "from emulator.cli import main\n"
        "from emulator.doors.partner import making\n"
        "right = making.open_partner\n"
        "def open_partner(*a, **b):\n"
        "    right(*a, **b)\n"
        "    def fail(): raise RuntimeError('it said ' + os.environ['PLANTED'])\n"
        "    thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "    logging.getLogger('other').warning('heard %s', os.environ['PLANTED'])\n"
        "    fail()\n"
        "making.open_partner = open_partner\n"
        "sys.argv = ['oit', 'doctor', '--partner', 'acme.yaml']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr.decode()
    assert b"it said ***" in done.stderr
    nothing(vault, {"out": done.stdout, "err": done.stderr})
