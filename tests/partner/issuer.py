"""A token server of another make than our client: authlib's, behind werkzeug, over TLS by a private authority."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from flask import Flask, Response, jsonify, request
from joserfc.jwk import KeySet, OctKey
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.partner.tls import serving

METHODS = ["client_secret_basic", "client_secret_post", "client_assertion_jwt", "tls"]


@dataclass
class Registered(ClientMixin):
    """A client that the server knows."""

    id: str
    method: str
    secret: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    scopes: tuple[str, ...] = ("orders", "quotes", "createQuote", "listQuote", "retrieveQuote")

    def get_client_id(self) -> str:
        return self.id

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(word for word in (scope or "").split() if word in self.scopes)


class Answer:
    """What is said in place of what the server would say, once."""

    def __init__(self, status: int, body: Any = "", **headers: str) -> None:
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = body if isinstance(body, str) else json.dumps(body)


class Issuer:
    """The server, what it was asked, and what it issued."""

    def __init__(self, clients: Mapping[str, Registered]) -> None:
        self.clients, self.url, self.lifetime = dict(clients), "", 3600.0
        self.asked: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.revoked: set[str] = set()
        self.instead: list[Answer] = []
        self.metadata: dict[str, Any] = {}
        self.slowly = 0.0
        self._jtis: set[str] = set()
        self._lock = threading.Lock()
        self.app = self._app()

    def good(self, header: str | None) -> bool:
        """Whether a header Authorization has a token of ours."""
        token = (header or "").removeprefix("Bearer ")
        return token in self.tokens and token not in self.revoked

    def _app(self) -> Flask:
        app, issuer = Flask("issuer"), self
        server = AuthorizationServer(app, query_client=self.clients.get, save_token=self._save)
        app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": 3600}

        class Grant(grants.ClientCredentialsGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = METHODS

        class Assertion(JWTBearerClientAssertion):
            def get_audiences(self) -> list[str]:
                return [f"{issuer.url}/token", issuer.url]

            def validate_jti(self, claims: Any, jti: str) -> bool:
                fresh = jti not in issuer._jtis
                issuer._jtis.add(jti)
                return fresh

            def resolve_client_public_key(self, client: Registered) -> Any:
                return (
                    OctKey.import_key(client.secret) if client.secret else KeySet.import_key_set({"keys": client.keys})
                )

        server.register_grant(Grant)
        server.register_client_auth_method("client_assertion_jwt", Assertion())
        server.register_client_auth_method("tls", self._by_certificate)

        @app.post("/token")
        def token() -> Response:
            with issuer._lock:
                issuer.asked.append({"headers": dict(request.headers), "form": request.form.to_dict()})
                instead = issuer.instead.pop(0) if issuer.instead else None
            if instead is not None:
                return Response(instead.body, instead.status, instead.headers)
            if issuer.slowly:
                time.sleep(issuer.slowly)
            answer: Response = server.create_token_response()
            if answer.status_code == 200 and issuer.lifetime != 3600:
                body = {**answer.json, "expires_in": issuer.lifetime}
                answer.set_data(json.dumps(body))
            return answer

        @app.get("/.well-known/openid-configuration")
        def discovery() -> Response:
            return jsonify({"issuer": issuer.url, "token_endpoint": f"{issuer.url}/token", **issuer.metadata})

        return app

    def _save(self, token: Mapping[str, Any], _: Any) -> None:
        self.tokens.append(str(token["access_token"]))

    def _by_certificate(self, query_client: Any, asked: Any) -> Any:
        client = query_client(asked.form.get("client_id", ""))
        return client if client and request.environ.get("SSL_CLIENT_SUBJECT") else None


class Quiet(WSGIRequestHandler):
    """Writes no log, and says who showed a certificate."""

    def log(self, *_: Any) -> None:
        pass

    def make_environ(self) -> Any:
        found = super().make_environ()
        shown = self.connection.getpeercert() if hasattr(self.connection, "getpeercert") else None
        if shown:
            found["SSL_CLIENT_SUBJECT"] = str(shown["subject"])
        return found


@contextmanager
def served(app: Flask, authority: trustme.CA | None = None, clients: trustme.CA | None = None) -> Iterator[str]:
    """An application behind a port; over TLS with an authority, with certificates of clients where one vouches for them."""
    context = serving(authority, clients) if authority is not None else None
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
