"""The commands by a partner's file: a secured partner is run against, looked at, called back; nothing secret is written."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from flask import Flask, Response, request

from emulator.doors.partner.making import open_partner
from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.hand import Hand
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release
from tests.cli import processes
from tests.cli.processes import Done, oit
from tests.partner.conftest import PASSPHRASE, SECRET, SHARED
from tests.partner.issuer import Answer, Issuer, served
from tests.partner.proxies import http_proxy
from tests.partner.reaching import file_of

SCENARIO = "scenarios/places/find.oit.yaml"
BASE = "/staging/billie/places"
FORMATS = "html,json,junit,sarif,har,summary,transcript"
RELEASE = load_release()


@pytest.fixture(scope="module")
def seller() -> Iterator[str]:
    """Our seller, with its addresses below a path of its own."""
    paths = PathMap.read(RELEASE, [f"address={BASE}"])
    server = serve_seller(make_seller(RELEASE, load_profile(None), RealClock()), lambda _: Transcript(), paths=paths)
    running = Running(server)
    yield running.start()
    running.stop()


class Gateway:
    """Stands before a seller: asks for a token, and leads to it."""

    def __init__(self, seller: str, issuer: Issuer) -> None:
        self.echo = ""
        app = self.app = Flask("gateway")

        @app.route("/<path:place>", methods=["GET", "POST", "DELETE", "PATCH"])
        def lead(place: str) -> Response:
            if not issuer.good(request.headers.get("Authorization")):
                body = {
                    "code": "invalidCredentials",
                    "reason": f"no: {request.headers.get('Authorization')} {self.echo}",
                }
                return Response(
                    json.dumps(body), 401, {"WWW-Authenticate": "Bearer", "Content-Type": "application/json"}
                )
            told = requests.request(
                request.method,
                f"{seller}/{place}",
                params=request.args,
                data=request.get_data(),
                headers={"Content-Type": request.headers.get("Content-Type", "")},
                timeout=10,
            )
            kept = {name: told.headers[name] for name in ("Content-Type",) if name in told.headers}
            return Response(told.content, told.status_code, {**kept, "X-Echo": f"{self.echo} {SHARED}"})


@pytest.fixture(scope="module")
def standing(
    seller: str, _issuer: tuple[Issuer, str], authority: trustme.CA, clients: trustme.CA
) -> Iterator[tuple[Gateway, str]]:
    found = Gateway(seller, _issuer[0])
    with served(found.app, authority, clients) as url:
        yield found, url


@pytest.fixture
def gateway(standing: tuple[Gateway, str]) -> str:
    standing[0].echo = ""
    return standing[1]


def acme(issuer: Issuer, gateway: str, **more: Any) -> dict[str, Any]:
    """A partner with all that one can have."""
    return {
        "root": gateway,
        "apis": {"address": {"base_path": BASE}},
        "headers": {"X-Tenant": "env:ACME_SHARED"},
        "tls": {
            "ca": "ca.pem",
            "certificate": "client.pem",
            "key": "client.key",
            "minimum": "1.2",
        },
        "credentials": {
            "oauth2": {
                "issuer": issuer.url,
                "client_id": "signed",
                "method": "private_key_jwt",
                "key": "file:locked.pem",
                "passphrase": "env:ACME_PASSPHRASE",
                "kid": "one",
                "scopes": ["quotes"],
            }
        },
        **more,
    }


def run(path: Path, *more: str) -> Done:
    return oit("run", SCENARIO, "--partner", str(path), "--report-dir", str(path.parent / "out"), *more)


def written(folder: Path) -> str:
    return "\n".join(
        one.read_bytes().decode("utf-8", "replace") for one in (folder / "out").rglob("*") if one.is_file()
    )


def test_a_secured_partner_is_tested_and_no_secret_is_written(
    folder: Path, issuer: Issuer, gateway: str, standing: tuple[Gateway, str]
):
    """It repeats our secrets where no name tells of them: in a header, and when it refuses in a reason."""
    pair = base64.b64encode(f"x:{PASSPHRASE}".encode()).decode()
    standing[0].echo = f"{PASSPHRASE}"
    issuer.metadata = {"note": SHARED}
    done = run(file_of(folder, acme(issuer, gateway)), "--report", FORMATS)
    assert done.code == 0, done.err
    report = json.loads((folder / "out/report.json").read_text())
    assert [row["operation"] for row in report["exchanges"]][:2] == ["discovery", "token"]
    token = report["exchanges"][1]
    assert token["kind"] == "authorization"
    assert token["secured"]["tls"]["version"].startswith("TLSv1.")
    assertion = next(each for each in token["secured"]["identities"] if each["where"] == "form client_assertion")
    assert (assertion["header"]["alg"], assertion["header"]["kid"], assertion["claims"]["sub"]) == (
        "ES256",
        "one",
        "signed",
    )
    shown = report["exchanges"][2]["secured"]["tls"]["client"]
    assert "CN=oit" in shown["subject"]
    everything = written(folder) + done.out + done.err
    proof = issuer.asked[0]["form"]["client_assertion"]
    key = (folder / "client.key").read_text().splitlines()[1]
    for secret in (SHARED, PASSPHRASE, pair, issuer.tokens[0], proof, proof.rpartition(".")[2], key):
        assert secret not in everything
    assert len(issuer.tokens) == 1


def test_a_key_in_the_query_is_no_matter_of_the_contract(folder: Path, issuer: Issuer, gateway: str):
    """It is recorded without its value, and no rule speaks of it."""
    issuer.tokens.append(SHARED)
    credentials = {"api_key": {"query": "k", "value": "env:ACME_SECRET"}}
    headers = {"Authorization": "env:ACME_HEADER"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_HEADER", f"Bearer {SHARED}")
        done = run(file_of(folder, acme(issuer, gateway, credentials=credentials, headers=headers)), "--report", "json")
    assert done.code == 0, done.err
    report = json.loads((folder / "out/report.json").read_text())
    assert report["findings"] == []
    assert "?k=***" in report["exchanges"][0]["request"]["url"]
    assert SECRET not in written(folder)


def test_what_is_refused_before_the_first_success_is_nobodys_fault(folder: Path, issuer: Issuer, gateway: str):
    """No token: the partner could not be reached, exit code 3, with the reason; the run ends with what to do."""
    issuer.instead = [Answer(401, {"error": "invalid_client", "error_description": f"not {PASSPHRASE}"})] * 20
    done = run(file_of(folder, acme(issuer, gateway)), "--report", "json")
    assert done.code == 3
    assert "invalid_client (not ***)" in done.err
    report = json.loads((folder / "out/report.json").read_text())
    assert report["verdict"] == "inconclusive"
    assert [row for row in report["findings"] if row["verdict"] == "fail"] == []
    assert PASSPHRASE not in written(folder) + done.err


def test_nobody_looking_who_answers_stands_in_every_report(folder: Path, issuer: Issuer, gateway: str):
    tls = {"insecure": True, "certificate": "client.pem", "key": "client.key"}
    connection = acme(issuer, gateway, tls=tls)
    connection["credentials"]["oauth2"]["tls"] = {"ca": "ca.pem"}
    done = run(file_of(folder, connection), "--report", FORMATS)
    assert done.code == 0, done.err
    assert "INSECURE: nobody looks who answers" in done.err
    for one in (folder / "out").iterdir():
        text = one.read_text()
        if one.suffix == ".html":
            assert "INSECURE" in text or "INSECURE" in json.dumps(text)
        else:
            assert "INSECURE" in text, one.name


def test_doctor_walks_it_all(folder: Path, issuer: Issuer, gateway: str):
    issuer.lifetime = 600
    path = file_of(folder, acme(issuer, gateway))
    path.write_text(path.read_text() + "unsupported: [site, poq, quote, order, inventory, ticket]\n")
    done = oit("doctor", "--partner", str(path), "--format", "json", "--timeout", "5")
    checks = {check["check"]: check for check in json.loads(done.out)}
    for name in ("DNS", "TCP", "TLS", "our certificate", "token", "geographicAddress"):
        assert checks[name]["ok"], checks
    assert "TLSv1.3" in checks["TLS"]["said"]
    assert "by OU=" in checks["TLS"]["said"]
    assert "CN=oit" in checks["our certificate"]["said"]
    assert "private_key_jwt at" in checks["token"]["said"]
    assert "for 600 s" in checks["token"]["said"]
    assert "it is opaque" in checks["token"]["said"]
    assert BASE in checks["geographicAddress"]["said"]
    assert issuer.tokens[0] not in done.out


def test_doctor_says_what_to_do_next(folder: Path, issuer: Issuer, gateway: str):
    issuer.instead = [Answer(401, {"error": "invalid_client"})]
    done = oit("doctor", "--partner", str(file_of(folder, acme(issuer, gateway))), "--timeout", "5")
    assert done.code == 3
    assert done.out.splitlines()[-1].startswith("next: token: are client_id, secret or key right")
    tls = {"certificate": "client.pem", "key": "client.key"}
    done = oit("doctor", "--partner", str(file_of(folder, acme(issuer, gateway, tls=tls))), "--timeout", "5")
    assert done.out.splitlines()[-1].startswith("next: TLS: a private authority?")


def test_doctor_goes_by_way_of_the_proxy(folder: Path, issuer: Issuer, gateway: str):
    with http_proxy() as between:
        path = file_of(folder, acme(issuer, gateway, proxy=between.url))
        done = oit("doctor", "--partner", str(path), "--format", "json", "--timeout", "5")
    checks = {check["check"]: check for check in json.loads(done.out)}
    assert checks["proxy TCP"]["ok"]
    assert "lets us through to https://127.0.0.1" in checks["proxy"]["said"]
    assert "TLSv1.3" in checks["TLS"]["said"]


@pytest.mark.parametrize("there", [True, False])
def test_doctor_has_our_listener_asked_from_outside(folder: Path, there: bool):
    """By whatever the partner's file names: here a page that asks what it is told to ask."""
    app = Flask("outside")

    @app.get("/probe")
    def probe() -> str:
        if there:
            requests.get(request.args["url"], timeout=5)
        return "asked"

    with served(app) as url:
        path = file_of(folder, {"callback_check": {"get": f"{url}/probe?url={{callback}}"}})
        done = oit("doctor", "--sut", "buyer", "--profile", str(path), "--format", "json", "--timeout", "0.5")
    checks = {check["check"]: check for check in json.loads(done.out)}
    assert checks["called back"]["ok"] is there, checks


def test_base_paths_by_the_command_line(seller: str):
    """`--map` of run and doctor finds what `--map` of the seller serves."""
    done = oit("run", SCENARIO, "--sut", f"seller={seller}", "--map", f"address={BASE}")
    assert done.code == 0, done.err
    assert oit("run", SCENARIO, "--sut", f"seller={seller}").code != 0
    checks = json.loads(oit("doctor", "--sut", f"seller={seller}", "--map", f"address={BASE}", "--format", "json").out)
    assert next(check for check in checks if check["check"] == "geographicAddress")["ok"]
    assert oit("run", SCENARIO, "--map", "adress=/x").code == 2
    assert oit("run", SCENARIO, "--map", f"address={BASE}").code == 0, "in a self-test both sides know"


def test_seller_and_buyer_serve_below_base_paths_of_a_partner(folder: Path):
    """By --map, and by the file of who calls."""
    path = file_of(folder, {"apis": {"quote": {"base_path": "/q"}}})
    with processes.seller("--database", "memory", "--partner", str(path), "--map", "address=/a") as url:
        for place, api in (("/q/quote", "quote"), ("/a/geographicAddress/x", "address")):
            assert requests.get(f"{url}{place}", timeout=10).headers["Content-Type"].startswith("application/json"), api
        assert requests.get(f"{url}/q/quote", timeout=10).status_code == 200
    release = load_release()
    heard = Transcript()
    paths = PathMap.read(release, ["quote.notification=/hooks/quote"])
    running = Running(serve_buyer(release, RealClock(), lambda _: heard, paths=paths))
    try:
        place = f"{running.start()}/hooks/quote/listener/quoteStateChangeEvent"
        requests.post(place, json={}, timeout=10)
    finally:
        running.stop(1)
    assert [exchange.operation for exchange in heard] == ["listenToQuoteStateChangeEvent"]


def test_a_root_is_needed_and_asked_for(folder: Path):
    done = oit("run", SCENARIO, "--partner", str(file_of(folder, {"headers": {"X-A": "b"}})))
    assert done.code == 2
    assert "acme.yaml:3:3: 'root' is missing: where is the seller?" in done.err


def test_our_seller_brings_what_lets_it_in_where_it_calls_back(folder: Path, issuer: Issuer, api: Any, release: Any):
    """Notifications go to the listener that the partner's file names with its token, and to no other with it."""
    api.lets_in = lambda asked: issuer.good(asked.headers.get("Authorization"))
    credentials = {
        "oauth2": {
            "token_url": f"{issuer.url}/token",
            "client_id": "basic",
            "method": "client_secret_basic",
            "secret": "env:ACME_SECRET",
        }
    }
    notifications = {"root": api.url, "tls": {"ca": "ca.pem"}, "credentials": credentials}
    found = open_partner(file_of(folder, {"notifications": notifications}))
    assert found
    kept, heard = Transcript(), Transcript()
    seller = make_seller(release, load_profile(None), RealClock())
    running = Running(serve_seller(seller, lambda _: kept, partner=found))
    stranger = Running(serve_buyer(release, RealClock(), lambda _: heard))
    url, other = running.start(), stranger.start()
    try:
        for callback in (api.url, other):
            hub = f"{url}/mefApi/sonata/quoteManagement/v8/hub"
            assert requests.post(hub, json={"callback": callback}, timeout=10).status_code == 201
        assert Hand(seller).tell("", "quote", "quoteStateChangeEvent", "q-1") == 2
        _until(lambda: len(heard) and any(asked["method"] == "POST" for asked in api.asked))
    finally:
        running.stop(2)
        stranger.stop(2)
    told = [asked["headers"].get("Authorization") for asked in api.asked]
    assert told
    assert all(issuer.good(header) for header in told)
    assert "Authorization" not in "".join(repr(exchange.request.headers) for exchange in heard)
    assert SECRET not in repr(list(kept))


def _until(done: Any) -> None:
    """Wait for another thread to have done something: it is looked at again and again, for 10 s at the most."""
    for _ in range(1000):
        if done():
            return
        threading.Event().wait(0.01)
    assert done()
