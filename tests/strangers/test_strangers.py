"""Our client, our seller and our scenarios against servers that others have made."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from joserfc.jwk import ECKey

from emulator.standard.release import load_release
from tests.cli.processes import Done, oit_process
from tests.cli.processes import seller as serving_seller
from tests.cli.test_proxy import proxy
from tests.doors.authority.secured import SECRETS, Served, profile_in, secured_seller
from tests.partner.tls import written
from tests.strangers.servers import MUTUAL, danted, nginx, oidc_provider, old_tls, tinyproxy

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LET_IN = str(ROOT / "scenarios/security/let-in.oit.yaml")
TOKENS = str(ROOT / "scenarios/security/asked-wrongly.oit.yaml")
IMMEDIATE = str(ROOT / "scenarios/poq/immediate.oit.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A private authority, certificates of a server and of a client, and a secret."""
    authority, clients = trustme.CA(), trustme.CA()
    written(tmp_path, authority, clients)
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    (tmp_path / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    (tmp_path / "server.key").write_bytes(certificate.private_key_pem.bytes())
    clients.cert_pem.write_to_path(tmp_path / "clients.pem")
    (tmp_path / "secret").write_text(SECRETS["OIT_T_POST"])
    for path in [tmp_path, *tmp_path.iterdir()]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        with secured_seller(profile_in(tmp_path_factory.mktemp("secured"), "  lifetime: 30\n")) as served:
            yield served


@pytest.fixture(scope="module")
def plain_seller() -> Iterator[str]:
    with serving_seller("--port", "0", "--database", "memory") as url:
        yield url


TLS = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}


def oauth(url: str, **more: Any) -> dict[str, Any]:
    asked = {"client_id": "by-post", "method": "client_secret_post", "secret": "file:secret", "scopes": ["default"]}
    return {"oauth2": {"token_url": f"{url}/oauth2/token", **asked, **more}}


def partner(folder: Path, root: str, **connection: Any) -> str:
    path = folder / "acme.yaml"
    path.write_text(yaml.safe_dump({"connection": {"root": root, "claims": ["MEF128"], **connection}}))
    return str(path)


def run(folder: Path, file: str, scenario: str, *cases: str) -> tuple[Done, dict[str, dict[str, Any]]]:
    """Run it; the report of each case, the flow's by ''."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    chosen = [word for case in cases for word in ("--case", case)]
    done = oit_process("run", scenario, "--partner", file, *chosen, "--report", "json", "--report-dir", str(out))
    report = json.loads((out / "report.json").read_text()) if (out / "report.json").exists() else {}
    runs = report.get("runs", [report] if report else [])
    return done, {each["run"]["case"] or "": each for each in runs}


def outcome(report: dict[str, Any]) -> tuple[str, str]:
    step = next(each for each in report["steps"] if ":" in each["id"])
    return step["outcome"], step.get("message") or ""


# nginx


def test_nginx_with_mutual_tls_and_a_private_authority(folder: Path, seller: Served) -> None:
    with nginx(folder, seller.url) as url:
        file = partner(folder, url, tls=TLS, credentials=oauth(url))
        looked = oit_process("doctor", "--partner", file)
        assert looked.code == 0, looked.out + looked.err
        done, runs = run(folder, file, IMMEDIATE)
        assert done.code == 0, done.out + done.err
        spoken = [each["secured"]["tls"] for each in runs[""]["exchanges"]]
        assert {each["version"] for each in spoken} == {"TLSv1.3"}
        assert all("oit" in each["client"]["subject"] for each in spoken)
        file = partner(folder, url, tls={"ca": "ca.pem"}, credentials=oauth(url))
        done, _ = run(folder, file, IMMEDIATE)
        assert done.code == 3, "without our certificate nobody lets us in, and nothing is said of the seller"


CASES = (
    "no-token",
    "garbage",
    "scope-missing",
    "alg-none",
    "public-key-as-secret",
    "wrong-certificate",
    "plain-http",
    "weak-tls",
)


def test_wrong_credentials_come_to_nothing_at_nginx(folder: Path, seller: Served) -> None:
    with nginx(folder, seller.url) as url:
        file = partner(folder, url, tls=TLS, credentials=oauth(url))
        done, runs = run(folder, file, LET_IN, *CASES)
    told = {case: outcome(report) for case, report in runs.items()}
    assert set(told) == set(CASES)
    # nginx does not pass the scheme on: our seller names an issuer of http, whose keys cannot be fetched from there by TLS
    skipped = {case for case, (how, _) in told.items() if how == "skipped"}
    assert skipped <= {"public-key-as-secret"}, told
    assert {how for case, (how, _) in told.items() if case not in skipped} == {"passed"}, told
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("wrong-certificate", "ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client optional_no_ca;"),
        ("stolen", "ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client off;"),
        ("weak-tls", 'ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers "DEFAULT:@SECLEVEL=0"; ssl_verify_client on;'),
        ("plain-http", f"{MUTUAL} error_page 497 =200 @plain;"),
    ],
)
def test_an_nginx_that_is_set_up_wrongly_is_found_out(case: str, said: str, folder: Path, plain_seller: str) -> None:
    """Behind it is a seller that asks nobody who he is: all depends on nginx."""
    (folder / "token").write_text("a-token-that-nobody-looks-at")
    with nginx(folder, plain_seller, said) as url:
        file = partner(folder, url, tls=TLS, credentials={"bearer": {"token": "file:token"}})
        done, runs = run(folder, file, LET_IN, case)
    how, why = outcome(runs[case])
    assert how == "unmet", (how, why, done.out, done.err)
    assert done.code == 1, done.out + done.err
    assert {each["blame"] for each in runs[case]["findings"] if each["verdict"] == "fail"} == {"seller"}


def test_a_redirect_of_the_token_endpoint_is_not_followed(folder: Path, seller: Served) -> None:
    with nginx(folder, seller.url, "ssl_verify_client off;") as other:
        said = f"ssl_verify_client off; location /oauth2/ {{ return 307 {other}$request_uri; }}"
        (folder / "access.log").unlink(missing_ok=True)
        with nginx(folder, seller.url, said) as url:
            file = partner(folder, url, tls={"ca": "ca.pem"}, credentials=oauth(url))
            done, _ = run(folder, file, IMMEDIATE)
            looked = oit_process("doctor", "--partner", file)
    log = (folder / "access.log").read_text()
    assert done.code == 3, done.out + done.err
    assert looked.code != 0
    assert "a redirect" in done.out + done.err
    assert '"POST /oauth2/token HTTP/1.1" 307' in log
    assert '" 200 ' not in log, "nobody asked where the redirect leads"


# Proxies


def test_by_way_of_tinyproxy(folder: Path, seller: Served) -> None:
    (folder / "password").write_text("not-told-to-anybody")
    with nginx(folder, seller.url) as url, tinyproxy(folder, "us", "not-told-to-anybody") as (proxy, log):
        way = {"url": proxy, "username": "us", "password": "file:password"}
        file = partner(folder, url, tls=TLS, credentials=oauth(url), proxy=way)
        done, _ = run(folder, file, IMMEDIATE)
        assert done.code == 0, done.out + done.err
        assert f"CONNECT {url.removeprefix('https://')}" in log.read_text()
        assert oit_process("doctor", "--partner", file).code == 0
        (folder / "password").write_text("another-one-that-is-wrong")
        done, _ = run(folder, file, IMMEDIATE)
        assert done.code == 3, done.out + done.err
        assert "did not let us through" in done.out + done.err
        assert "another-one-that-is-wrong" not in done.out + done.err


def test_by_way_of_danted(folder: Path, seller: Served) -> None:
    with nginx(folder, seller.url) as url, danted(folder) as (proxy, log):
        file = partner(folder, url, tls=TLS, credentials=oauth(url), proxy=proxy)
        done, _ = run(folder, file, IMMEDIATE)
        assert done.code == 0, done.out + done.err
        assert "pass(" in log.read_text()
        assert oit_process("doctor", "--partner", file).code == 0


def test_the_witness_goes_by_way_of_danted(folder: Path, seller: Served) -> None:
    """As the partner's file says, and no other way: the log of the SOCKS server has the connection to the seller."""
    with nginx(folder, seller.url) as url, danted(folder) as (way, log):
        file = partner(folder, url, tls=TLS, credentials=oauth(url), proxy=way)
        with proxy(folder, "--partner", file) as between:
            place = f"{between.url}{load_release().contract('quote').base_path}/quote"
            with urllib.request.urlopen(place, timeout=30) as answer:
                assert answer.status == 200
            code, err, _ = between.end()
        assert code == 0, err
        assert "pass(" in log.read_text()


# TLS 1.0


def test_a_server_of_tls_1_0_gets_no_credentials(folder: Path) -> None:
    (folder / "token").write_text("this-token-never-goes-out")
    with old_tls(folder) as (url, said):
        file = partner(folder, url, tls={"ca": "ca.pem"}, credentials={"bearer": {"token": "file:token"}})
        done, runs = run(folder, file, IMMEDIATE)
        looked = oit_process("doctor", "--partner", file)
        heard = said.read_text(errors="replace")
    assert done.code == 3, done.out + done.err
    assert all(each.get("response") is None for each in runs[""]["exchanges"])
    assert looked.code != 0
    assert "TLS" in looked.out + looked.err
    assert "this-token-never-goes-out" not in heard
    assert "GET " not in heard


# oidc-provider


@pytest.fixture
def issuing(folder: Path) -> Iterator[tuple[str, ECKey]]:
    """An issuer that knows two clients, and the key of one."""
    key, own = (ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True) for _ in range(2))
    client: dict[str, Any] = {
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "scope": "default",
    }
    client["id_token_signed_response_alg"] = "ES256"
    clients = [
        {
            **client,
            "client_id": "signed",
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": {"keys": [key.as_dict(private=False)]},
        },
        {
            **client,
            "client_id": "by-post",
            "token_endpoint_auth_method": "client_secret_post",
            "client_secret": SECRETS["OIT_T_POST"],
        },
    ]
    (folder / "signing.pem").write_bytes(key.as_pem(private=True))
    with oidc_provider(folder, json.dumps(clients), json.dumps({"keys": [own.as_dict(private=True)]})) as url:
        yield url, key


def test_tokens_of_oidc_provider(folder: Path, issuing: tuple[str, ECKey], plain_seller: str) -> None:
    """By discovery, and private_key_jwt; and each wrong request for a token is refused there."""
    url, key = issuing
    signed = {
        "issuer": url,
        "client_id": "signed",
        "method": "private_key_jwt",
        "key": "file:signing.pem",
        "kid": key.kid,
    }
    file = partner(folder, plain_seller, credentials={"oauth2": {**signed, "scopes": ["default"]}})
    looked = oit_process("doctor", "--partner", file)
    assert looked.code == 0, looked.out + looked.err
    done, runs = run(folder, file, TOKENS)
    told = {case: outcome(report) for case, report in runs.items() if case}
    assert {case: how for case, how in told.items() if how[0] != "passed"} == {}
    asked = [each for each in runs[""]["exchanges"] if each["kind"] == "authorization"]
    assert [each["operation"] for each in asked] == ["discovery", "token"]
    token = next(each for each in asked[1]["secured"]["identities"] if each["where"] == "/access_token")
    assert token["claims"]["iss"] == url
    assert done.code in (0, 1), done.out + done.err
    by_post = {"issuer": url, "client_id": "by-post", "method": "client_secret_post", "secret": "file:secret"}
    file = partner(folder, plain_seller, credentials={"oauth2": by_post})
    _, runs = run(folder, file, TOKENS, "wrong-secret", "unknown-client", "replayed-assertion")
    assert {case: outcome(report)[0] for case, report in runs.items()} == {
        "wrong-secret": "passed",
        "unknown-client": "passed",
        "replayed-assertion": "skipped",
    }
