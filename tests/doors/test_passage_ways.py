"""The ways onward from a door between two parties: by proxies of HTTP and SOCKS, and what is known of TLS on both sides."""

from __future__ import annotations

import base64
import json
import socket
import ssl

import pytest

from emulator.doors.passage.returning import TRAILERS
from emulator.doors.peer import Identity, Peer
from emulator.doors.proxies import only
from emulator.doors.tls import ServerTls
from emulator.doors.trust import context
from emulator.hosting import Between
from emulator.record.exchange import FaultKind, Party
from emulator.record.relayed import relayed_of
from emulator.record.secured import Secured
from tests import tls
from tests.cli.processes import free_port
from tests.doors.echoing import echoing
from tests.doors.raw import PATIENCE, request
from tests.doors.test_passage import CLOSE, HUB, LISTENER, MEDIA_TYPE, OK, Stand, standing, subscribed
from tests.partner.proxies import http_proxy, socks_proxy


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("proxied", [http_proxy, socks_proxy])
def test_a_seller_is_reached_by_way_of_a_proxy(proxied, *, secure: bool) -> None:
    """The proxy alone knows the seller's name; over TLS the name that counts is the one that the partner's file gives."""
    with (
        echoing() as plain,
        standing(plain, **({"tls": ServerTls(tls.serving())} if secure else {})) as seller,
        proxied({"acme.example": "127.0.0.1"}) as way,
    ):
        plain.answer = OK
        identity = Identity(context(tls.AUTHORITY), server_name="localhost")
        root = f"{'https' if secure else 'http'}://acme.example:{seller.port}"
        peer = Peer(root, proxies=only(way.url, ["elsewhere.example"]), identity=identity)
        with standing(plain, between=Between(peer)) as stand:
            for _ in range(2):
                assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 200 "), stand.last.fault
            assert stand.last.response.status == 200
        assert {target.split(" ")[-1].removeprefix("http://").removesuffix("/x") for target in way.asked} == {
            f"acme.example:{seller.port}"
        }
        assert len(way.asked) == 1, "its connection is kept"
        past = Peer(root, proxies=only(way.url, ["acme.example"]), identity=identity)
        with standing(plain, between=Between(past)) as stand:
            assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 502 ")
        assert len(way.asked) == 1, "nobody is asked the way to a host that is passed by"


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_who_asks_for_the_name_and_who_we_are_to_a_socks_proxy(scheme: str) -> None:
    with echoing() as seller, socks_proxy(user=("us", "p@ss-p@ss")) as way:
        seller.answer = OK
        host, port = seller.url.replace("127.0.0.1", "localhost").rpartition("/")[2].split(":")
        proxy = way.url.replace("socks5h://", f"{scheme}://us:p%40ss-p%40ss@")
        with standing(seller, between=Between(Peer(f"http://{host}:{port}", proxies=only(proxy, ())))) as stand:
            assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 200 "), stand.last.fault
        assert way.asked == [f"{'localhost' if scheme == 'socks5h' else '127.0.0.1'}:{port}"]
        assert way.users == ["us:p@ss-p@ss"]


@pytest.mark.parametrize("kind", ["http", "socks5h"])
def test_a_proxy_that_is_not_there_or_refuses_is_named(kind: str) -> None:
    with echoing() as seller, socks_proxy(user=("us", "other")) as way:
        gone = f"{kind}://us:secret-secret@127.0.0.1:{free_port()}"
        for proxy, said in ((gone, "proxy"), (way.url.replace("//", "//us:secret-secret@"), "did not let us through")):
            with standing(seller, between=Between(Peer("http://acme.example", proxies=only(proxy, ())))) as stand:
                assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 502 ")
                assert stand.last.fault.kind is FaultKind.UNREACHABLE
                assert said in stand.last.fault.message
                assert "secret-secret" not in stand.last.fault.message


def served_by(version: ssl.TLSVersion) -> ServerTls:
    """A server that speaks this version only."""
    made = tls.serving()
    made.minimum_version = made.maximum_version = version
    return ServerTls(made)


def over_tls(stand: Stand, *parts: bytes) -> bytes:
    """Likewise over TLS: all that comes back until the connection ends."""
    trusted = ssl.create_default_context(cafile=tls.AUTHORITY)
    with (
        socket.create_connection(("127.0.0.1", stand.port), PATIENCE) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(b"".join(parts))
        came = b""
        while piece := line.recv(65536):
            came += piece
        return came


def facts(secured: Secured | None) -> tuple[str, bool]:
    """Version of TLS, and whether the certificate of who answered is known."""
    assert secured is not None
    assert secured.tls is not None
    assert secured.tls.cipher
    if secured.tls.server is not None:
        assert "localhost" in secured.tls.server.names
    return secured.tls.version, secured.tls.server is not None


def test_each_side_has_a_connection_of_its_own_and_both_are_kept() -> None:
    """Of a call and of what is told: the exchange has the buyer's, `relayed` the seller's."""
    with (
        echoing() as plain,
        standing(plain, tls=served_by(ssl.TLSVersion.TLSv1_2)) as seller,
        echoing() as listening,
        standing(listening, tls=served_by(ssl.TLSVersion.TLSv1_2)) as buyer,
    ):
        listening.answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
        plain.answer = subscribed
        sides = (Peer(f"https://localhost:{stand.port}", authorities=tls.AUTHORITY) for stand in (seller, buyer))
        with standing(plain, between=Between(*sides), tls=served_by(ssl.TLSVersion.TLSv1_3)) as stand:
            for _ in range(2):  # once over a new connection, once over a kept one
                body = json.dumps({"callback": f"https://localhost:{buyer.port}/mine"}).encode()
                asked = request("POST", HUB, f"Content-Type: {MEDIA_TYPE}", CLOSE, body=body)
                assert over_tls(stand, asked).startswith(b"HTTP/1.1 201 ")
                assert facts(stand.last.secured) == ("TLSv1.3", False)
                assert facts(stand.last.relayed.secured) == ("TLSv1.2", True)
            led = stand.last.relayed.changes[0].seller
            told = request("POST", led.removeprefix(stand.url) + LISTENER, CLOSE, body=b'{"eventId": "1"}')
            assert over_tls(stand, told).startswith(b"HTTP/1.1 204 ")
            assert stand.last.receiver is Party.BUYER
            assert facts(stand.last.secured) == ("TLSv1.2", True), "the buyer's, which answered us"
            assert facts(stand.last.relayed.secured) == ("TLSv1.3", False), "the seller's, which told us"
            assert relayed_of(stand.last.relayed.as_json()) == stand.last.relayed


def test_what_is_known_of_a_connection_stays_known_where_no_answer_comes() -> None:
    with echoing() as plain, standing(plain, tls=served_by(ssl.TLSVersion.TLSv1_2)) as seller:
        plain.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        between = Between(Peer(f"https://localhost:{seller.port}", authorities=tls.AUTHORITY))
        with standing(plain, between=between) as stand:
            assert stand.ask(request("GET", "/x", CLOSE)).startswith(b"HTTP/1.1 502 ")
            assert facts(stand.last.relayed.secured) == ("TLSv1.2", True)


@pytest.mark.parametrize("ours", [True, False])
def test_the_tokens_of_each_side_are_kept_apart(*, ours: bool) -> None:
    """A token of ours is what the seller is shown; without one the buyer's is, and it is kept once."""

    class Bearing:
        def headers(self, _method: str, _url: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {token('ours')}"}

    with echoing() as seller:
        seller.answer = OK
        with standing(seller, between=Between(Peer(seller.url, credentials=Bearing() if ours else None))) as stand:
            stand.ask(request("GET", "/x", f"Authorization: Bearer {token('theirs')}", CLOSE))
            kept = stand.last
    seen = {party: kept.secured_of(party).tokens[0].claims["sub"] for party in Party}
    assert seen == {Party.BUYER: "theirs", Party.SELLER: "ours" if ours else "theirs"}
    assert (kept.relayed.secured is not None) == ours


def token(who: str) -> str:
    """A JWT of somebody, whose signature is none."""
    parts = ({"alg": "RS256"}, {"sub": who})
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + ".c2ln"
    )


def test_trailers_stay_behind_and_that_is_told_once() -> None:
    """Httpcore neither sends nor gives them (its h11 does): all else of such messages goes through."""
    chunked = request("POST", "/x", "Transfer-Encoding: chunked", "Trailer: X-Sum", CLOSE)
    with echoing() as seller, standing(seller) as stand:
        seller.answer = OK
        for _ in range(2):
            assert stand.ask(chunked, b"2\r\n{}\r\n0\r\nX-Sum: 9\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert seller.came[-1].endswith(b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        assert b"X-Sum" not in seller.came[-1]
        assert stand.told
        assert set(stand.told) == {TRAILERS.format("a request")}
        stand.told.clear()
        stand.ask(request("POST", "/x", "Transfer-Encoding: chunked", CLOSE), b"2\r\n{}\r\n0\r\n\r\n")
        assert not stand.told
        seller.answer = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n"
            b"2\r\n{}\r\n0\r\nX-Sum: 9\r\n\r\n"
        )
        came = stand.ask(request("GET", "/x", CLOSE))
        assert came.endswith(b"2\r\n{}\r\n0\r\n\r\n")
        assert stand.told == [TRAILERS.format("an answer")]
