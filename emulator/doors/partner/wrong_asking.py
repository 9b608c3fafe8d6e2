"""Requests for a token that are wrong on purpose: a token endpoint has to refuse each (RFC 6749, 5.2; RFC 7523, 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from emulator.doors.client import Client
from emulator.doors.partner.assertions import Signer, signer_like, signer_of_secret
from emulator.doors.partner.forging import signed
from emulator.doors.partner.metadata import NoToken
from emulator.doors.partner.oauth import Asking, OAuth, Scopes
from emulator.doors.partner.parts import Method
from emulator.doors.partner.spoiling import NothingToSpoil
from emulator.doors.peer import Errand, Peer
from emulator.record.exchange import Exchange
from emulator.record.payload import dump
from emulator.record.secured import AUTHORIZATION, TOKEN

FLAWS: Final = {
    "wrong_secret": "another secret or key than the client's own",
    "unknown_client": "a client that nobody knows",
    "replayed_assertion": "an assertion that was used before",
    "expired_assertion": "an assertion that has expired",
    "assertion_audience": "an assertion for another audience",
    "critical_assertion": "an assertion with a critical header that nobody knows",
    "unknown_scope": "a scope that there is not",
    "wrong_grant": "a grant that there is not",
    "get": "GET in place of POST",
    "json": "JSON in place of a form",
}
_ASSERTED: Final = frozenset({Method.SECRET_JWT, Method.KEY_JWT})
_OLD: Final = -600
_NOBODY: Final = "oit-nobody"
_UNKNOWN: Final = "urn:oit:unknown"
_NO_SCOPE: Final = "oit-no-such-scope"
_NO_GRANT: Final = "urn:oit:no-such-grant"
_ELSEWHERE: Final = "https://elsewhere.example/token"


@dataclass(frozen=True, slots=True)
class _Form:
    """A request for a token, before it is sent."""

    url: str
    headers: Mapping[str, str]
    form: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class WrongAsking:
    """Asks the authorization server of a partner for a token, as part of an errand and of a step."""

    peer: Peer
    errand: Errand
    step: str

    def ask(self, way: str) -> list[Exchange]:
        """What was said, the wrong request last. NothingToSpoil where we ask nobody, or not so that it could be wrong."""
        if not isinstance(self.peer.credentials, OAuth):
            raise NothingToSpoil("we have no authorization server to ask for a token (oauth2)")
        right = self.peer.credentials
        asking = _wrong(right.asking, way)
        try:
            with self.errand.client_to(asking.peer) as client:
                url = right.endpoint(client)
        except NoToken as error:
            raise NothingToSpoil(f"there is no token endpoint: {error}") from None
        scopes = (_NO_SCOPE,) if way == "unknown_scope" else asking.scopes.of(self.errand.operation)
        headers, form = OAuth(asking).request(url, scopes)
        asked = _Form(url, headers, form)
        done: list[Exchange] = []
        if way == "replayed_assertion":
            with self.errand.client_to(replace(asking.peer, root=url)) as client:
                done.append(self._post(client, asked))
            first = done[0].response
            if first is None or first.status not in range(200, 300):
                raise NothingToSpoil("the assertion was not good the first time already")
        with self.errand.client_to(replace(asking.peer, root=url, flaw=FLAWS[way])) as client:
            done.append(self._sent(client, asked, way))
        return done

    def _sent(self, client: Client, asked: _Form, way: str) -> Exchange:
        if way == "get":
            # What proves who we are does not go into a URL, which is written down by many.
            kept = [(name, value) for name, value in asked.form if name in ("grant_type", "client_id", "scope")]
            return self._send(client, "GET", asked.url, {}, query=kept)
        if way == "json":
            headers = {**asked.headers, "Content-Type": "application/json"}
            return self._send(client, "POST", asked.url, headers, raw=dump(dict(asked.form)))
        if way == "wrong_grant":
            form = [(name, _NO_GRANT if name == "grant_type" else value) for name, value in asked.form]
            return self._post(client, replace(asked, form=form))
        return self._post(client, asked)

    def _post(self, client: Client, asked: _Form) -> Exchange:
        headers = {**asked.headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self._send(client, "POST", asked.url, headers, raw=urlencode(asked.form).encode())

    def _send(self, client: Client, method: str, url: str, headers: Mapping[str, str], **more: Any) -> Exchange:
        said = {"Accept": "application/json", **headers}
        return client.send(
            method, url, headers=said, kind=AUTHORIZATION, operation=TOKEN, step=self.step, provoked=True, **more
        )


def _wrong(asking: Asking, way: str) -> Asking:
    """How a token is asked for wrongly, as far as it is a matter of who asks. NothingToSpoil."""
    match way:
        case "unknown_client":
            return replace(asking, client=_NOBODY)
        case "unknown_scope":
            return replace(asking, scopes=Scopes((_NO_SCOPE,)))
        case "wrong_secret":
            return _with_wrong_secret(asking)
        case "replayed_assertion" | "expired_assertion" | "assertion_audience" | "critical_assertion":
            if asking.method not in _ASSERTED or asking.signer is None:
                raise NothingToSpoil(f"we show no assertion: the file says method {asking.method}")
            if way == "expired_assertion":
                return replace(asking, signer=_Late(asking.signer.key, asking.signer.alg, asking.signer.kid))
            if way == "critical_assertion":
                return replace(asking, signer=_Critical(asking.signer.key, asking.signer.alg, asking.signer.kid))
            return replace(asking, audience_of_proof=_ELSEWHERE) if way == "assertion_audience" else asking
        case _:
            return asking


def _with_wrong_secret(asking: Asking) -> Asking:
    match asking.method:
        case Method.BASIC | Method.POST:
            return replace(asking, secret="oit-wrong-secret")  # noqa: S106 - it is none
        case Method.SECRET_JWT if asking.signer is not None:
            wrong = "oit-wrong-secret-" * 8
            return replace(asking, signer=signer_of_secret(wrong, asking.signer.alg, asking.signer.kid))
        case Method.KEY_JWT if asking.signer is not None:
            return replace(asking, signer=signer_like(asking.signer))
        case _:
            raise NothingToSpoil(f"there is no secret of ours to be wrong: the file says method {asking.method}")


class _Critical(Signer):
    """Signs assertions with a header that whoever does not know it must not pass over (RFC 7515, 4.1.11). All else is right."""

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return signed({**header, "crit": [_UNKNOWN], _UNKNOWN: True}, claims, self.key)


class _Late(Signer):
    """Signs assertions that have expired."""

    def assertion(self, client: str, audience: str, lifetime: int = _OLD) -> str:
        return super().assertion(client, audience, lifetime)
