"""TLS at our own doors: what is served, who is asked for a certificate, tokens that are bound to one, and what is recorded."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import trustme

from emulator.cli import main  # noqa: F401 - the commands are there
from emulator.doors.limits import Limits
from emulator.doors.routing import outside
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls, TlsAsked, secured
from emulator.errors import UserError
from tests.doors.authority.secured import JSON, PRODUCT, SECRETS, Served, parts, secured_seller


@dataclass(frozen=True)
class Certificates:
    """Files of an authority and of clients, each with its key in the same file."""

    authority: Path
    acme: Path
    other: Path
    own: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    known, stranger = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(folder / "authority.pem")
    for name, issuer in (("acme", known), ("other", known), ("own", stranger)):
        issued = issuer.issue_cert(f"{name}.example", common_name=name)
        issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}-certificate.pem")
    return Certificates(folder / "authority.pem", folder / "acme.pem", folder / "other.pem", folder / "own.pem")


CLIENTS = """
extends: wholesale-seller
security:
  kind: oauth2
  clients:
    - {{id: by-name, method: tls_client_auth, certificate: {folder}/acme-certificate.pem}}
    - {{id: by-itself, method: self_signed_tls_client_auth, certificate: {folder}/own-certificate.pem}}
    - {{id: by-post, method: client_secret_post, secret: "env:OIT_T_POST"}}
"""


@dataclass
class Secure:
    seller: Served
    tls: ServerTls

    def ask(self, path: str, certificate: Path | None = None, **named: object) -> requests.Response:
        method = "POST" if "data" in named else "GET"
        with requests.Session() as session:
            session.trust_env = False
            cert = None if certificate is None else str(certificate)
            return session.request(
                method, self.seller.url + path, verify=str(self.tls.authority), cert=cert, timeout=30, **named
            )  # type: ignore[arg-type]

    def token(self, client: str, certificate: Path | None, **more: str) -> requests.Response:
        form = {"grant_type": "client_credentials", "client_id": client, **more}
        return self.ask("/oauth2/token", certificate, data=form)


@pytest.fixture(scope="module")
def secure(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    os.environ.update(SECRETS)
    profile = tmp_path_factory.mktemp("profile") / "secured.yaml"
    profile.write_text(CLIENTS.format(folder=certificates.acme.parent))
    asked = TlsAsked(client_authorities=certificates.authority, self_signed=True)
    own = (certificates.acme.parent / "own-certificate.pem").read_bytes()
    with secured(asked, "127.0.0.1", trusted=[own], asks=True) as tls:
        assert tls is not None
        with secured_seller(profile, tls=tls) as seller:
            yield Secure(seller, tls)


def test_clients_are_known_by_their_certificates_and_their_tokens_are_bound_to_them(
    secure: Secure, certificates: Certificates
) -> None:
    """RFC 8705: a token that was stolen is good for nothing without the key of the certificate."""
    for client, certificate in (("by-name", certificates.acme), ("by-itself", certificates.own)):
        answer = secure.token(client, certificate)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        bound = parts(token)[1]["cnf"]["x5t#S256"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert secure.ask(PRODUCT, certificate, headers=bearer).status_code == 200
        told = list(secure.seller.transcript)[-1].secured
        assert told is not None
        assert told.tls is not None
        assert told.tls.version in {"TLSv1.2", "TLSv1.3"}
        assert told.tls.client is not None
        assert hashlib.sha256().digest_size == len(bytes.fromhex(told.tls.client.sha256))
        assert bound
        for wrong in (None, certificates.other):
            refused = secure.ask(PRODUCT, wrong, headers=bearer)
            assert (refused.status_code, refused.json()["code"]) == (401, "invalidCredentials")


def test_another_certificate_or_none_is_no_client(secure: Secure, certificates: Certificates) -> None:
    for client, certificate in (
        ("by-name", None),
        ("by-name", certificates.other),
        ("by-itself", certificates.acme),
        ("by-post", certificates.acme),
    ):
        answer = secure.token(client, certificate)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_any_token_that_is_fetched_with_a_certificate_is_bound_to_it(
    secure: Secure, certificates: Certificates
) -> None:
    secret = SECRETS["OIT_T_POST"]
    free = secure.token("by-post", None, client_secret=secret).json()["access_token"]
    bound = secure.token("by-post", certificates.other, client_secret=secret).json()["access_token"]
    assert "cnf" not in parts(free)[1]
    assert "cnf" in parts(bound)[1]
    seen = [
        secure.ask(PRODUCT, headers={"Authorization": f"Bearer {each}", **JSON}).status_code for each in (free, bound)
    ]
    assert seen == [200, 401]


def test_a_certificate_of_a_stranger_plain_http_and_old_tls_are_not_answered(secure: Secure, tmp_path: Path) -> None:
    stranger = trustme.CA().issue_cert("stranger.example")
    stranger.private_key_and_cert_chain_pem.write_to_path(tmp_path / "stranger.pem")
    with pytest.raises(requests.ConnectionError):
        secure.token("by-name", tmp_path / "stranger.pem")
    port = int(secure.seller.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in line.recv(4096)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(line)
    assert secure.ask("/health").status_code == 200


def test_without_security_who_asks_for_certificates_demands_one(certificates: Certificates) -> None:
    with secured(TlsAsked(client_authorities=certificates.authority, self_signed=True), "127.0.0.1") as tls:
        assert tls is not None
        assert tls.context.verify_mode is ssl.CERT_REQUIRED
        assert tls.authority is not None
        folder = tls.authority.parent
    assert not folder.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (TlsAsked(key=Path("key.pem")), "--tls-key belongs to a certificate"),
        (TlsAsked(client_authorities=Path("ca.pem")), "only a door with TLS"),
        (TlsAsked(Path("c.pem"), self_signed=True), "leave --tls-cert and --tls-key out"),
        (TlsAsked(Path("there-is-none.pem")), "there is no file there-is-none.pem"),
        (TlsAsked(Path(__file__)), "no certificate and key in PEM"),
        (TlsAsked(client_authorities=Path(__file__), self_signed=True), "it holds no certificate in PEM"),
    ],
)
def test_what_does_not_go_together_is_told_in_the_words_of_the_command_line(asked: TlsAsked, said: str) -> None:
    with pytest.raises(UserError, match=said), secured(asked, "127.0.0.1"):
        pass


def test_who_does_not_get_on_with_its_handshake_is_not_waited_for(certificates: Certificates) -> None:
    with secured(TlsAsked(self_signed=True), "127.0.0.1") as tls:
        assert tls is not None
        running = Running(outside(), limits=Limits(head_seconds=0.3), tls=tls.context)
        try:
            url = running.start()
            with socket.create_connection(("127.0.0.1", running.port), timeout=30) as line:
                line.sendall(b"\x16\x03\x01")
                with suppress(ConnectionResetError):
                    assert line.recv(1) == b""
            assert requests.get(url, verify=str(tls.authority), timeout=30).status_code == 404
        finally:
            running.stop()
