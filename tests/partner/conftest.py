"""One authority, one issuer and one API for all tests of this folder; each test finds them as new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from flask import Flask, Response, request
from joserfc.jwk import ECKey

from emulator.standard.release import load_release
from tests.partner.issuer import Issuer, Registered, served
from tests.partner.tls import written

SECRET = "pl3ase/do+not tell"
SHARED = "0123456789abcdef-0123456789abcdef"
PASSPHRASE = "open sesame, again"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="A partner's own")


@pytest.fixture(scope="session")
def clients() -> trustme.CA:
    return trustme.CA(organization_name="Whom a partner believes")


@pytest.fixture(scope="session")
def key() -> Any:
    return generate_private_key(SECP256R1())


@pytest.fixture(scope="session")
def _issuer(authority: trustme.CA, clients: trustme.CA, key: Any) -> Iterator[tuple[Issuer, str]]:
    public = ECKey.import_key(key.public_key().public_bytes(Encoding.PEM, _spki())).as_dict(private=False)
    found = Issuer(
        {
            "basic": Registered("basic", "client_secret_basic", SECRET),
            "post": Registered("post", "client_secret_post", SECRET),
            "shared": Registered("shared", "client_assertion_jwt", SHARED),
            "signed": Registered("signed", "client_assertion_jwt", keys=[{**public, "kid": "one"}]),
            "shown": Registered("shown", "tls"),
        }
    )
    with served(found.app, authority) as url, served(found.app, authority, clients) as mutual:
        found.url = url
        yield found, mutual


def _spki() -> Any:
    from cryptography.hazmat.primitives.serialization import PublicFormat

    return PublicFormat.SubjectPublicKeyInfo


@pytest.fixture
def issuer(_issuer: tuple[Issuer, str]) -> Issuer:
    found = _issuer[0]
    found.asked, found.tokens, found.instead, found.revoked = [], [], [], set()
    found.lifetime, found.metadata, found.slowly = 3600.0, {}, 0.0
    return found


@pytest.fixture
def mutual(_issuer: tuple[Issuer, str]) -> str:
    """Where the issuer wants a certificate."""
    return _issuer[1]


class Api:
    """A partner's API: what it was asked, and how it lets in."""

    def __init__(self) -> None:
        self.url = self.mutual = ""
        self.asked: list[dict[str, Any]] = []
        self.lets_in: Any = lambda _: True
        self.instead: list[tuple[int, dict[str, str]]] = []
        self.app = Flask("api")

        @self.app.route("/", defaults={"place": ""}, methods=["GET", "POST", "DELETE", "PATCH"])
        @self.app.route("/<path:place>", methods=["GET", "POST", "DELETE", "PATCH"])
        def answer(place: str) -> Response:
            subject = request.environ.get("SSL_CLIENT_SUBJECT")
            self.asked.append(
                {
                    "path": f"/{place}",
                    "method": request.method,
                    "headers": dict(request.headers),
                    "query": request.args.to_dict(),
                    "subject": subject,
                }
            )
            if self.instead:
                status, headers = self.instead.pop(0)
                return Response(json.dumps({"code": "other", "reason": "instead"}), status, headers)
            if not self.lets_in(request):
                body = {"code": "invalidCredentials", "reason": "Who are you?"}
                return Response(
                    json.dumps(body), 401, {"WWW-Authenticate": "Bearer", "Content-Type": "application/json"}
                )
            return Response("[]", 200, {"Content-Type": "application/json;charset=utf-8"})


@pytest.fixture(scope="session")
def _api(authority: trustme.CA, clients: trustme.CA) -> Iterator[Api]:
    found = Api()
    with served(found.app, authority) as url, served(found.app, authority, clients) as mutual:
        found.url, found.mutual = url, mutual
        yield found


@pytest.fixture
def api(_api: Api) -> Api:
    _api.asked, _api.instead, _api.lets_in = [], [], lambda _: True
    return _api


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA, clients: trustme.CA, key: Any, monkeypatch: Any) -> Path:
    """Where a partner's file is, with the authority, a certificate and keys beside it; secrets in the environment."""
    written(tmp_path, authority, clients)
    for name, encryption in (
        ("signing.pem", NoEncryption()),
        ("locked.pem", BestAvailableEncryption(PASSPHRASE.encode())),
    ):
        (tmp_path / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    for name, value in (("ACME_SECRET", SECRET), ("ACME_SHARED", SHARED), ("ACME_PASSPHRASE", PASSPHRASE)):
        monkeypatch.setenv(name, value)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def release() -> Any:
    return load_release()
