"""Credentials made wrong on purpose, of those that a partner's file brings: it has to refuse each of them.

What is made wrong goes to the partner that the credentials are for, and to nobody else. `WAYS` are the ways, each with what
can be wanted of it; one that fits nothing that we have is `NothingToSpoil`, and nothing is sent.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ssl import SSLContext
from typing import Any, Final

from emulator.doors.partner.foreign import foreign_context, older_context
from emulator.doors.partner.forging import NotForged, altered, bound_to, claims_of
from emulator.doors.partner.metadata import Grant, NoToken
from emulator.doors.partner.oauth import OAuth, Scopes
from emulator.doors.partner.parts import WRONG
from emulator.doors.peer import Errand, Identity, Peer
from emulator.errors import UserError
from emulator.record.secrets import Place, is_secret, learn
from emulator.record.secured import REVOKED, Certificate

OVER: Final = ("http", "TLSv1.1")
LATE: Final = 360.0
"""Seconds after its end that a token is shown: more than clocks may differ by."""
_AUTHORIZATION: Final = "Authorization"
_GARBAGE: Final = "oit-this-is-no-token"
_OF_TARGET: Final = frozenset({"audience", "resource"})
_FLAWS: Final = {
    "none": "no token",
    "empty": "an empty Authorization",
    "basic": "Basic with a wrong password",
    "query": "the token in the URL",
    "garbage": "garbage in place of the token",
}


SPREAD: Final = 5.0
"""Seconds in which all servers of a partner may get to know that a token was revoked (RFC 7009, 2.1)."""
_OF_CERTIFICATES: Final = {
    "expired": "a client certificate that has expired",
    "other": "a token that is bound to our certificate, with the good one of somebody else",
}


class NothingToSpoil(UserError):  # noqa: N818 - it is what it says
    """Our credentials, or the partner's, have nothing that could be made wrong in this way; the text says why."""


@dataclass(frozen=True, slots=True)
class Spoiler:
    """What is needed to make credentials wrong: the partner, what is asked of it, when it is, and how long we may wait.

    `wait` lets seconds pass. `longest` are the seconds that it may be asked for.
    """

    peer: Peer
    errand: Errand
    now: Callable[[], datetime]
    wait: Callable[[float], None]
    longest: float

    def spoilt(self, how: Mapping[str, Any]) -> Peer:
        """The same partner, whom we come to with credentials that are wrong as `how` says: one of `WAYS`, and what of it.

        NothingToSpoil where there are none to be made so. UserError where there are no right ones to be had.
        """
        ((way, wanted),) = how.items()
        return WAYS[way](self, wanted)

    # -- ways --------------------------------------------------------------------------------------

    def bring(self, wanted: str) -> Peer:
        """No credentials, or something else in their place."""
        said, own = self._introduction(), self._names()
        shown = {name: value for name, value in said.items() if name.lower() in own}
        parameters = {name: value for name, value in self.peer.parameters.items() if self._is_key(name)}
        if not shown and not parameters:
            why = "a certificate" if self._identity() is not None and self._identity_shows() else "nothing"
            raise NothingToSpoil(f"we bring {why} to this partner that could be left out of a request")
        flaw = _FLAWS[wanted]
        match wanted:
            case "empty":
                return self._with({_AUTHORIZATION: "Bearer"}, flaw)
            case "basic":
                pair = base64.b64encode(b"oit:oit-wrong-password").decode()
                return self._with({_AUTHORIZATION: f"Basic {pair}"}, flaw)
            case "query":
                return replace(self._with({}, flaw), parameters={"access_token": self._token()})
            case "garbage":
                made = {name: _wrong(value) for name, value in shown.items()}
                return replace(self._with(made, flaw), parameters=dict.fromkeys(parameters, _GARBAGE))
            case _:
                return self._with({}, flaw)

    def alter(self, wanted: Mapping[str, Any]) -> Peer:
        """The token with another header, other claims or another signature than its issuer gave it."""
        try:
            token = altered(self._token(), wanted, self.now(), self._client())
        except NotForged as error:
            raise NothingToSpoil(str(error)) from None
        return self._with_token(token, f"a token with {_told(wanted)}")

    def ask(self, wanted: Mapping[str, Any]) -> Peer:
        """A token that was really issued, and for something else: other scopes, another audience, an earlier time."""
        if "until" in wanted:
            return self._revoked() if wanted["until"] == "revoked" else self._expired()
        oauth = self._oauth()
        if "scopes" in wanted:
            scopes = tuple(wanted["scopes"])
            grant = self._grant(OAuth(replace(oauth.asking, scopes=Scopes(scopes))))
            told = grant.scope if grant.scope is not None else _scope(grant)
            if told is not None and not set(told.split()) <= set(scopes):
                raise NothingToSpoil(f"for scopes {' '.join(scopes)} the authorization server grants {told!r:.200}")
            return self._with_token(grant.value, f"a token for scopes {' '.join(scopes)} only")
        target = str(wanted["resource"])
        resource = self.peer.root.rstrip("/") + target if target.startswith("/") else target
        more = tuple(pair for pair in oauth.asking.more if pair[0] not in _OF_TARGET)
        grant = self._grant(OAuth(replace(oauth.asking, more=(*more, ("resource", resource)))))
        if resource not in _audiences(grant.value):
            raise NothingToSpoil("the authorization server issues no token that shows another audience (RFC 8707)")
        return self._with_token(grant.value, f"a token for the audience {resource}")

    def _expired(self) -> Peer:
        oauth = self._oauth()
        grant = self._grant(OAuth(oauth.asking))
        if grant.lifetime is None:
            raise NothingToSpoil("the authorization server does not say how long its tokens are good (expires_in)")
        span = grant.lifetime + LATE
        if span > self.longest:
            why = (
                f"its tokens live for {grant.lifetime:g} s, and this scenario waits for {self.longest:g} s at the most"
            )
            raise NothingToSpoil(why)
        self.wait(span)
        return self._with_token(grant.value, f"a token that expired {LATE:g} s ago")

    def _revoked(self) -> Peer:
        """A token that its issuer was told to take back (RFC 7009), and said that it did, some seconds ago."""
        oauth = OAuth(self._oauth().asking)
        grant = self._grant(oauth)
        try:
            issuer = claims_of(grant.value).get("iss")
            oauth.revoke(self.errand, grant, issuer if isinstance(issuer, str) else None)
        except NoToken as error:
            raise NothingToSpoil(f"no token can be revoked: {error}") from None
        self.wait(SPREAD)
        return self._with_token(grant.value, REVOKED)

    def certify(self, wanted: str) -> Peer:
        """The right token on a connection with another certificate than ours, or none (RFC 8705, 3)."""
        identity = self._identity()
        if identity is None or identity.remade is None or identity.shown is None:
            raise NothingToSpoil("we show no certificate to this partner")
        said = self._introduction()
        if wanted in WRONG:
            made, shown = self._certificate(identity, wanted, said)
            changed = replace(identity, context=made, shown=shown, remade=None)
            flaw = _OF_CERTIFICATES[wanted]
            return replace(self._with(said, flaw), parameters=self.peer.parameters, identity=changed)
        made = identity.remade(False)
        if wanted == "foreign":
            foreign_context(made)
        token = said.get(_AUTHORIZATION, "").rpartition(" ")[2]
        what = "another client certificate" if wanted == "foreign" else "no client certificate"
        flaw = f"a token that is bound to our certificate, with {what}" if bound_to(token) else what
        changed = replace(identity, context=made, shown=None, remade=None)
        return replace(self._with(said, flaw), parameters=self.peer.parameters, identity=changed)

    def _certificate(self, identity: Identity, wanted: str, said: Mapping[str, str]) -> tuple[SSLContext, Certificate]:
        """A certificate that the user has for being refused, where it is one that has to be."""
        found = identity.wrong(wanted)
        if found is None:
            raise NothingToSpoil(f"the partner's file names no such certificate: tls.wrong.{wanted}")
        shown, now = found[1], datetime.now(UTC)  # the clock of TLS is the world's
        if wanted == "expired":
            if shown.not_after >= now:
                raise NothingToSpoil(f"tls.wrong.expired is good until {shown.not_after:%Y-%m-%d}")
            if shown.issuer == shown.subject:
                raise NothingToSpoil(
                    "tls.wrong.expired is signed by itself: nobody has to look at its dates (RFC 8705, 2.2)"
                )
            return found
        if not shown.not_before <= now <= shown.not_after:
            raise NothingToSpoil("tls.wrong.other is not good today: it is not for its owner that it would be refused")
        if identity.shown is not None and shown.sha256 == identity.shown.sha256:
            raise NothingToSpoil("tls.wrong.other is our own certificate")
        if not bound_to(said.get(_AUTHORIZATION, "").rpartition(" ")[2]):
            raise NothingToSpoil("the token is bound to no certificate that we could read of: another one is not wrong")
        return found

    def over(self, wanted: str) -> Peer:
        """The connection itself is not what it has to be. Nothing that is worth stealing goes over it."""
        if not self.errand.url.lower().startswith("https:"):
            raise NothingToSpoil("this partner is reached over plain http: there is no TLS that could be left out")
        garbage = {_AUTHORIZATION: f"Bearer {_GARBAGE}"}
        flaw = f"garbage in place of the token, over {wanted}"
        bare = replace(self._with(garbage, flaw), headers=garbage, parameters={})
        if wanted == "http":
            roots = {which: _plain(root) for which, root in self.peer.roots.items()}
            return replace(bare, root=_plain(self.peer.root), roots=roots, identity=None)
        identity = self._identity()
        made = older_context(identity.remade(True) if identity is not None and identity.remade is not None else None)
        changed = Identity(made) if identity is None else replace(identity, context=made, remade=None)
        return replace(bare, identity=changed)

    # -- what there is -----------------------------------------------------------------------------

    def _introduction(self) -> dict[str, str]:
        return self.peer.introduction(self.errand.method, self.errand.url, self.errand)

    def _identity(self) -> Identity | None:
        return self.peer.identity_to(self.errand.url)

    def _identity_shows(self) -> bool:
        return self.peer.identity is not None and self.peer.identity.shown is not None

    def _is_key(self, name: str) -> bool:
        return name.lower() in {each.lower() for each in self.peer.proofs} or is_secret(name, Place.QUERY)

    def _names(self) -> set[str]:
        """The names of headers, in small letters, that say who we are."""
        own = {"authorization", *(name.lower() for name in self.peer.proofs)}
        return own | {name.lower() for name in self.peer.headers if is_secret(name, Place.HEADER)}

    def _with(self, headers: Mapping[str, str], flaw: str) -> Peer:
        """The partner with these headers in place of those that say who we are."""
        own = self._names()
        kept = {name: value for name, value in self.peer.headers.items() if name.lower() not in own}
        parameters = {name: value for name, value in self.peer.parameters.items() if not self._is_key(name)}
        return replace(self.peer, credentials=None, headers={**kept, **headers}, parameters=parameters, flaw=flaw)

    def _with_token(self, token: str, flaw: str) -> Peer:
        learn(token, passing=True)
        return self._with({_AUTHORIZATION: f"Bearer {token}"}, flaw)

    def _token(self) -> str:
        scheme, _, token = self._introduction().get(_AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NothingToSpoil("we bring no bearer token to this partner")
        return token

    def _oauth(self) -> OAuth:
        if not isinstance(self.peer.credentials, OAuth):
            raise NothingToSpoil("we have no authorization server to ask for a token (oauth2)")
        return self.peer.credentials

    def _grant(self, oauth: OAuth) -> Grant:
        try:
            return oauth.grant_for(self.errand)
        except NoToken as error:
            raise NothingToSpoil(f"no such token is to be had: {error}") from None

    def _client(self) -> Callable[[str], Any]:
        """Fetches what an authorization server publishes, by its duty; an empty value where there is none."""
        credentials = self.peer.credentials
        if not isinstance(credentials, OAuth):
            return lambda _: {}
        return lambda issuer: credentials.public_keys(self.errand, issuer)


WAYS: Final[dict[str, Callable[[Spoiler, Any], Peer]]] = {
    "bring": Spoiler.bring,
    "alter": Spoiler.alter,
    "ask": Spoiler.ask,
    "certificate": Spoiler.certify,
    "over": Spoiler.over,
}
CONNECTION_WAYS: Final = frozenset({"certificate", "over"})
"""Ways in which the connection may be refused already, before there is an answer."""


def _wrong(value: str) -> str:
    scheme, blank, _ = value.partition(" ")
    if blank and scheme.lower() == "basic":
        return f"Basic {base64.b64encode(b'oit:oit-wrong-password').decode()}"
    return f"{scheme} {_GARBAGE}" if blank else _GARBAGE


def _plain(url: str) -> str:
    return "http:" + url[len("https:") :] if url[:6].lower() == "https:" else url


def _told(wanted: Mapping[str, Any]) -> str:
    said = [f"{name} {value}" for part in ("claims", "header") for name, value in wanted.get(part, {}).items()]
    signature = wanted.get("signature")
    return ", ".join([*said, *([f"signature {signature}"] if signature else ["signed by a key of ours"])])


def _scope(grant: Grant) -> str | None:
    found = claims_of(grant.value).get("scope")
    return found if isinstance(found, str) else None


def _audiences(token: str) -> list[Any]:
    found = claims_of(token).get("aud")
    return found if isinstance(found, list) else [found]
