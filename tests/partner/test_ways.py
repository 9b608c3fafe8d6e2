"""The way to a partner: TLS as its file says, proxies as the file or the environment says, pace and patience."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from flask import Flask, Response

from emulator.doors.partner.making import open_partner
from emulator.doors.peer import Peer, Turns, peer_of
from emulator.doors.proxies import Proxies, of_environment, only, passed_by
from emulator.errors import FileProblem
from emulator.standard.paths import PathMap
from tests.doors.partner import partner
from tests.partner.conftest import PASSPHRASE, SECRET, Api
from tests.partner.issuer import served
from tests.partner.proxies import http_proxy, socks_proxy
from tests.partner.reaching import everything, file_of, listed, peer_by, sending, status
from tests.partner.tls import fingerprint, serving, written

BEARER = {"bearer": {"token": "env:ACME_SECRET"}}


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def asked(folder: Path, connection: dict[str, Any]) -> int | str:
    with sending(peer_by(folder, connection)) as (client, _):
        return status(listed(client))


# -- TLS --------------------------------------------------------------------------------------------


def test_a_private_authority_is_believed_where_the_file_names_it(folder: Path, api: Api):
    assert asked(folder, {"root": api.url, "tls": {"ca": "ca.pem"}}) == 200
    assert "no TLS connection" in str(asked(folder, {"root": api.url, "credentials": BEARER}))
    assert len(api.asked) == 1, "nobody who is not believed is told anything"


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_our_certificate_is_shown(folder: Path, api: Api, authority: trustme.CA, clients: trustme.CA, passphrase: Any):
    tls = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}
    if passphrase:
        written(folder, authority, clients, passphrase.encode())
        tls["passphrase"] = "env:ACME_PASSPHRASE"
    with sending(peer_by(folder, {"root": api.mutual, "tls": tls})) as (client, kept):
        assert status(listed(client)) == 200
    assert "oit" in api.asked[0]["subject"]
    exchange = next(iter(kept))
    assert exchange.secured
    assert exchange.secured.tls
    assert exchange.secured.tls.server
    assert exchange.secured.tls.client
    assert exchange.secured.tls.version == "TLSv1.3"
    assert "127.0.0.1" in exchange.secured.tls.server.names
    assert "CN=oit" in exchange.secured.tls.client.subject
    assert isinstance(asked(folder, {"root": api.mutual, "tls": {"ca": "ca.pem"}}), str), "without it nobody gets in"


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca": "nothing.pem"}, "acme.yaml:4:"),
        ({"ca": "acme.yaml"}, "holds no certificate in PEM"),
        ({"certificate": "client.pem", "key": "signing.pem"}, "not the key of the certificate"),
        ({"certificate": "signing.pem", "key": "client.key"}, "holds no certificate in PEM"),
        ({"certificate": "client.pem", "key": "locked.pem"}, "or it needs a 'passphrase'"),
        ({"certificate": "client.pem", "key": "locked.pem", "passphrase": "env:ACME_SECRET"}, "is not its own"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told_before(folder: Path, tls: Any, said: str):
    with pytest.raises(FileProblem) as told:
        open_partner(file_of(folder, {"tls": tls}))
    assert said in str(told.value)
    assert SECRET not in str(told.value)


def test_a_pinned_certificate_has_to_be_that_one(folder: Path, api: Api):
    pin = fingerprint("127.0.0.1", port_of(api.url))
    assert asked(folder, {"root": api.url, "tls": {"ca": "ca.pem", "pin": pin.upper()}}) == 200
    other = "ab" * 32
    said = asked(folder, {"root": api.url, "tls": {"ca": "ca.pem", "pin": other}, "credentials": BEARER})
    assert f"its SHA-256 is {pin}" in str(said)
    assert len(api.asked) == 1


def test_a_server_name_is_proved_in_place_of_the_hosts(folder: Path, api: Api, authority: trustme.CA):
    assert asked(folder, {"root": api.url, "tls": {"ca": "ca.pem", "server_name": "localhost"}}) == 200
    said = asked(folder, {"root": api.url, "tls": {"ca": "ca.pem", "server_name": "acme.example"}})
    assert "ostname mismatch" in str(said)


@contextmanager
def old(authority: trustme.CA) -> Iterator[str]:
    """A server that speaks TLS 1.0 only."""
    context = serving(authority)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1

    def script(line: Any, _: threading.Event) -> None:
        with context.wrap_socket(line, server_side=True) as secured:
            secured.recv(65536)

    with partner(script) as url:
        yield url.replace("http:", "https:")


def test_old_tls_is_not_spoken(folder: Path, authority: trustme.CA):
    with old(authority) as url:
        said = asked(folder, {"root": url, "tls": {"ca": "ca.pem"}, "credentials": BEARER})
    assert "no TLS connection" in str(said)
    assert "protocol" in str(said).lower() or "version" in str(said).lower()


def test_a_minimum_is_kept(folder: Path, authority: trustme.CA, api: Api):
    context = serving(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def script(line: Any, _: threading.Event) -> None:
        with context.wrap_socket(line, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    with partner(script) as plain:
        url = plain.replace("http:", "https:")
        assert asked(folder, {"root": url, "tls": {"ca": "ca.pem", "minimum": 1.2}}) == 200
        assert "no TLS" in str(asked(folder, {"root": url, "tls": {"ca": "ca.pem", "minimum": "1.3"}}))


def test_insecure_lets_anybody_answer_and_is_noted(folder: Path, api: Api):
    connection = {"root": api.url, "tls": {"insecure": True}}
    assert asked(folder, connection) == 200
    found = open_partner(file_of(folder, connection))
    assert found
    assert [note.partition(": ")[2][:8] for note in found.notes] == ["INSECURE"]
    assert "acme.yaml:5:15: " in found.notes[0]


def test_credentials_in_clear_are_noted(folder: Path):
    found = open_partner(file_of(folder, {"root": "http://acme.example", "credentials": BEARER}))
    assert found
    assert "IN CLEAR" in found.notes[0]


# -- proxies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("proxied", [http_proxy, socks_proxy])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_of_the_file(folder: Path, api: Api, proxied: Any, method: str):
    """TLS is spoken to the partner through it, whose name it alone knows."""
    root = f"https://acme.example:{port_of(api.url)}"
    tls = {"ca": "ca.pem", "server_name": "localhost"}
    with (
        proxied({"acme.example": "127.0.0.1"}) as between,
        sending(peer_by(folder, {"root": root, "tls": tls, "proxy": between.url})) as (client, kept),
    ):
        for _ in range(2):
            assert status(listed(client, method=method)) == 200, everything(kept)
    target = f"acme.example:{port_of(api.url)}"
    assert set(between.asked) in ({f"CONNECT {target}"}, {target})
    first = next(iter(kept))
    assert first.secured
    assert first.secured.tls
    assert first.secured.tls.server


def test_plain_http_by_way_of_a_proxy(folder: Path):
    app = Flask("plain")
    app.add_url_rule("/<path:place>", view_func=lambda place: Response("[]", 200, {"Content-Type": "application/json"}))
    with served(app) as url:
        for proxied in (http_proxy, socks_proxy):
            with proxied({"acme.example": "127.0.0.1"}) as between:
                root = f"http://acme.example:{port_of(url)}"
                assert asked(folder, {"root": root, "proxy": between.url}) == 200
                assert len(between.asked) == 1


@pytest.mark.parametrize("proxied", [http_proxy, socks_proxy])
def test_who_we_are_to_a_proxy(folder: Path, api: Api, proxied: Any):
    more = {"user": ("us", SECRET)} if proxied is socks_proxy else {}
    tls = {"ca": "ca.pem", "server_name": "localhost"}
    with proxied({"acme.example": "127.0.0.1"}, **more) as between:
        proxy = {"url": between.url, "username": "us", "password": "env:ACME_SECRET"}
        root = f"https://acme.example:{port_of(api.url)}"
        with sending(peer_by(folder, {"root": root, "tls": tls, "proxy": proxy})) as (client, kept):
            assert status(listed(client)) == 200
    assert between.users == [f"us:{SECRET}"]
    assert SECRET not in everything(kept)


def test_a_proxy_that_is_not_there_is_named(folder: Path, api: Api):
    with partner(lambda *_: None) as url:
        gone = url
    said = asked(folder, {"root": "https://acme.example", "proxy": gone.replace("http", "socks5h")})
    assert f"by way of the proxy {gone.replace('http', 'socks5h')}" in str(said)


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example", "http://p:1"),
        ({"https_proxy": "p:1"}, "https://a.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://a.example", None),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://a.example", None),
        ({"ALL_PROXY": "socks5h://p:1"}, "http://a.example", "socks5h://p:1"),
        ({"ALL_PROXY": "socks5h://p:1", "HTTPS_PROXY": "http://q:1"}, "https://a.example", "http://q:1"),
        ({"ALL_PROXY": "http://p:1"}, "http://127.0.0.1:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http://localhost:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http://[::1]:8080", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "b.example, .example"}, "http://a.example", None),
        ({"ALL_PROXY": "http://p:1", "no_proxy": "*"}, "http://a.example", None),
        ({}, "https://a.example", None),
    ],
)
def test_what_the_environment_says(folder: Path, monkeypatch: Any, variables: Any, url: str, proxy: str | None):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert of_environment().to(url) == proxy


@pytest.mark.parametrize(
    ("host", "port", "word", "passed"),
    [
        ("a.example", None, "example", True),
        ("aexample", None, "example", False),
        ("a.example", None, "*.example", True),
        ("a.example", 443, "a.example:443", True),
        ("a.example", 444, "a.example:443", False),
        ("10.1.2.3", None, "10.0.0.0/8", True),
        ("11.1.2.3", None, "10.0.0.0/8", False),
        ("fd00::1", None, "fd00::/8", True),
        ("A.Example.", None, "a.example", True),
    ],
)
def test_who_is_passed_by(host: str, port: int | None, word: str, passed: bool):
    assert passed_by(host, port, [word]) is passed


def test_the_environments_proxy_is_gone_through(folder: Path, api: Api, monkeypatch: Any, release: Any):
    """By a partner without a file, too; the file says `none`, or that it does not stand before this host."""
    root = f"https://acme.example:{port_of(api.url)}"
    tls = {"ca": "ca.pem", "server_name": "localhost"}
    with http_proxy({"acme.example": "127.0.0.1"}) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        assert asked(folder, {"root": root, "tls": tls}) == 200
        assert peer_of(root, release).proxy_to(root) == between.url
        assert "is not known" in str(asked(folder, {"root": root, "proxy": "none"}))
        assert only(between.url, ["acme.example"]).to(root) is None
        assert len(between.asked) == 1
    assert only("http://p:1", ()).to("http://127.0.0.1:1") == "http://p:1", "who names one means it"
    assert Proxies().to(root) is None


def test_our_own_seller_is_never_gone_to_by_way_of_one(folder: Path, monkeypatch: Any, release: Any):
    monkeypatch.setenv("ALL_PROXY", "http://nobody.example:1")
    assert peer_of("http://127.0.0.1:8080", release).proxy_to("http://127.0.0.1:8080/x") is None


# -- pace -------------------------------------------------------------------------------------------


def test_what_only_reads_is_asked_again(folder: Path, api: Api, monkeypatch: Any):
    monkeypatch.setattr("emulator.doors.client._BETWEEN", 0)
    connection = {"root": api.url, "tls": {"ca": "ca.pem"}, "retries": 2}
    for method, statuses, seen in (("GET", [502, 504, 200], 200), ("GET", [502] * 4, 502), ("POST", [502, 200], 502)):
        api.instead = [(each, {}) for each in statuses]
        with sending(peer_by(folder, connection)) as (client, kept):
            assert status(listed(client, method=method)) == seen
        assert len(kept) == {"GET": 3, "POST": 1}[method], "each try is in the record"
    api.instead = [(503, {"Retry-After": "1"}), (200, {})]
    with sending(peer_by(folder, connection)) as (client, kept):
        assert status(listed(client)) == 503, "who says when to come again is waited for by who asked"


def test_the_rate_is_kept_by_all_together():
    now, waited = [100.0], list[float]()
    turn = Turns(4.0, lambda: now[0])
    for _ in range(3):
        turn(waited.append)
    assert waited == [0.25, 0.5]
    now[0] = 200.0
    turn(waited.append)
    assert waited == [0.25, 0.5]


def test_a_partner_has_one_pace(folder: Path, api: Api, monkeypatch: Any):
    waited = []
    monkeypatch.setattr("emulator.doors.client.Client.pause", lambda _, seconds: waited.append(seconds))
    peer = peer_by(folder, {"root": api.url, "tls": {"ca": "ca.pem"}, "rate": 0.01})
    for _ in range(2):
        with sending(peer) as (client, _):
            listed(client)
    assert len(waited) == 1
    assert 90 < waited[0] <= 100


# -- callbacks --------------------------------------------------------------------------------------


def test_callbacks_get_credentials_at_the_host_that_the_file_names_only(folder: Path, release: Any):
    """Whoever subscribes names the callback: that decides nothing."""
    notifications = {"root": "https://hear.acme.example", "credentials": BEARER, "tls": {"ca": "ca.pem"}}
    found = open_partner(file_of(folder, {"notifications": notifications}))
    assert found
    paths = PathMap.read(release)

    def peer(callback: str) -> Peer:
        return found.callback(callback, paths, timeout=5, release="grace")

    theirs = peer("https://hear.acme.example/sub/1")
    assert theirs.introduction("POST", "https://hear.acme.example/sub/1/x") == {"Authorization": f"Bearer {SECRET}"}
    assert theirs.identity is not None
    for stranger in ("https://evil.example", "http://hear.acme.example", "https://hear.acme.example:8443"):
        assert peer(stranger).introduction("POST", stranger) == {}
        assert peer(stranger).identity is None
