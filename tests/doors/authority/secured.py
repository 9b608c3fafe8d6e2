"""A secured seller for tests, reached over real HTTP, with a client for each method; and what its clients need."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from emulator.doors.authority.guard import Authority
from emulator.doors.faults import Faults
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls
from emulator.hosting import authority_of, make_seller, secured_party, serve_seller
from emulator.parties.clock import Clock, RealClock, rfc3339
from emulator.parties.profile import load_profile
from emulator.record.exchange import Party, Transcript
from emulator.standard.release import load_release
from tests.parties.trade import poq

RELEASE = load_release()
POQ = RELEASE.contract("poq").base_path + "/productOfferingQualification"
PRODUCT = RELEASE.contract("inventory").base_path + "/product"
QUOTE = RELEASE.contract("quote").base_path + "/quote"
JSON = {"Content-Type": "application/json;charset=utf-8"}
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRETS = {
    "OIT_T_BASIC": "basic: secret/with+odd signs",
    "OIT_T_POST": "post-secret-7c1f",
    "OIT_T_JWT": "a-shared-secret-of-more-than-thirty-two-bytes",
}
KEY = RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True)
CURVED = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
CLIENTS = """
  clients:
    - {id: by basic, method: client_secret_basic, secret: "env:OIT_T_BASIC"}
    - {id: by-post, method: client_secret_post, secret: "env:OIT_T_POST"}
    - {id: by-shared, method: client_secret_jwt, secret: "env:OIT_T_JWT"}
    - {id: by-key, method: private_key_jwt, jwks: keys.json}
    - {id: reader, method: client_secret_post, secret: "env:OIT_T_POST", scopes: [listProduct, retrieveProduct]}
"""


def profile_in(folder: Path, more: str = "", clients: str = CLIENTS) -> Path:
    """A profile of a secured seller, with the public key of `by-key` beside it."""
    (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False) for key in (KEY, CURVED)]}))
    path = folder / "secured.yaml"
    path.write_text(f"extends: wholesale-seller\nsecurity:\n  kind: oauth2\n{more}{clients}")
    return path


@dataclass
class Served:
    """A secured seller that listens."""

    url: str
    authority: Authority
    transcript: Transcript
    faults: Faults
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth2/token"

    def ask(self, data: Any, path: str = "/oauth2/token", **named: Any) -> requests.Response:
        """POST a form to an endpoint."""
        return self.session.post(self.url + path, data=data, timeout=30, allow_redirects=False, **named)

    def token(self, client: str = "by-post", **more: str) -> str:
        """A token for a client that shows its secret in the form."""
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": SECRETS["OIT_T_POST"], **more}
        answer = self.ask(form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def get(self, path: str, token: str | None = None, **named: Any) -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.session.get(self.url + path, headers=headers, timeout=30, **named)

    def post(self, path: str, body: Any, token: str | None = None) -> requests.Response:
        headers = JSON if token is None else {**JSON, "Authorization": f"Bearer {token}"}
        return self.session.post(self.url + path, json=body, headers=headers, timeout=30)


@contextmanager
def secured_seller(profile: Path, *, clock: Clock | None = None, tls: ServerTls | None = None) -> Iterator[Served]:
    """A seller with this profile, listening; over TLS where that is given."""
    read, clock, faults, transcript = load_profile(profile), clock or RealClock(), Faults(), Transcript()
    party = secured_party(read.security, [RELEASE], Party.SELLER)
    authority = authority_of(party, clock, faults)
    assert authority is not None
    server = serve_seller(make_seller(RELEASE, read, clock), lambda _: transcript, faults=faults, authority=authority)
    running = Running(server, tls=None if tls is None else tls.context)
    try:
        served = Served(running.start(), authority, transcript, faults, clock)
        with served.session:
            yield served
    finally:
        running.stop()


def assertion(key: Any, client: str, audience: Any, *, alg: str = "RS256", **more: Any) -> str:
    """A client's assertion, good unless `more` says otherwise; None takes a claim away."""
    from datetime import UTC, datetime
    from uuid import uuid4

    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 300, "jti": uuid4().hex}
    claims |= more
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(
        {"alg": alg, "kid": getattr(key, "kid", None)} if key.kid else {"alg": alg}, kept, key, algorithms=[alg]
    )


def with_assertion(text: str, **more: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": text, **more}


def shared_key() -> OctKey:
    return OctKey.import_key(SECRETS["OIT_T_JWT"])


def wanted() -> dict[str, Any]:
    """A POQ that is answered at once."""
    from datetime import UTC, datetime

    later = rfc3339(datetime.now(UTC) + timedelta(days=30))
    return {**poq(), "instantSyncQualification": True, "requestedPOQCompletionDate": later}


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, read without any library of ours."""
    header, claims = (json.loads(base64.urlsafe_b64decode(each + "==")) for each in token.split(".")[:2])
    return header, claims
