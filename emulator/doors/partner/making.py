"""Makes peers of a partner's file. References are resolved here, once, before anything is sent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from emulator.doors.partner.assertions import Signer, Unusable, signer_of_key, signer_of_secret
from emulator.doors.partner.file import PartnerFile, proxy_part, read_partner
from emulator.doors.partner.oauth import Asking, OAuth, Scopes
from emulator.doors.partner.parts import CredentialsPart, Method, OAuthPart, ProxyPart, Way
from emulator.doors.partner.references import Resolve, is_reference, resolver
from emulator.doors.partner.tls import identity_of
from emulator.doors.peer import Identity, Peer, Tempo, Turns, origin
from emulator.doors.proxies import Proxies, is_loopback, of_environment, only
from emulator.errors import FileProblem, UserError, hint
from emulator.record.payload import escape
from emulator.record.secrets import learn
from emulator.standard.paths import ApiKind, PathMap
from emulator.standard.release import Release

MANAGEMENT: Final = "management"
NOTIFICATION: Final = "notification"


SECURITY_PROFILE: Final = "MEF128"
"""The guide of the LSO API security profile, as files claim it."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner as its file says it is reached, with all that is needed for it. `seller` and `buyer` are its two sides.

    `notes` is what a user should hear before anything is sent: they stand in every report. `claims` are the profiles of
    security that it says to follow.
    """

    file: PartnerFile
    seller: PartnerSide
    buyer: PartnerSide | None = None
    claims: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def check(self, release: Release) -> None:
        """FileProblem where the file names what the release does not have: an API, a profile of security."""
        self.paths(release)
        for index, name in enumerate(self.file.part.claims):
            if name not in release.claimable:
                where = self.file.where(f"/connection/claims/{index}")
                raise FileProblem(
                    [f"{where}: there is no guide {name!r:.60} to claim; {hint(name, release.claimable)}"]
                )

    @property
    def root(self) -> str | None:
        """Where its seller is."""
        return self.seller.way.root

    def peer(
        self, release: Release, url: str | None = None, *, timeout: float | None = None, maps: Sequence[str] = ()
    ) -> Peer:
        """Its seller, at `url` in place of the file's root where that is given. UserError where nobody says where it is.

        `maps` are the user's own base paths, which go before those of the file.
        """
        return self.seller.peer(release, url, timeout, maps)

    def paths(self, release: Release, maps: Sequence[str] = ()) -> PathMap:
        """The base paths by which it is spoken to and speaks to us: of its seller, and of the notifications."""
        found = PathMap.read(release, maps)
        for side in (self.seller, self.buyer):
            found = side.mapped(release, found)[0] if side is not None else found
        return found

    def callback(self, callback: str, standard: PathMap, *, timeout: float, release: str | None) -> Peer:
        """Where notifications go: a callback that a subscriber named.

        Only at the host that the file names does it get headers, credentials and certificate: whoever subscribes names the callback.
        """
        side = self.buyer
        bare = Peer(callback, standard, timeout=timeout, release=release)
        if side is None or side.way.root is None or origin(side.way.root) != origin(callback):
            return bare
        return replace(
            side.base, root=callback, paths=standard, release=release, timeout=side.way.timeouts.answer or timeout
        )


@dataclass(frozen=True, slots=True)
class PartnerSide:
    """One side of a partner: `base` is a peer with all but its paths."""

    file: PartnerFile
    way: Way
    place: str
    kind: str
    base: Peer

    def mapped(self, release: Release, paths: PathMap) -> tuple[PathMap, dict[ApiKind, str]]:
        """The paths with those of this side, and the roots of APIs that are elsewhere. FileProblem for an API that is none."""
        roots: dict[ApiKind, str] = {}
        for name, api in self.way.apis.items():
            try:
                contract = release.contract(name, self.kind)
            except (UserError, LookupError) as error:
                where = self.file.located.where(f"{self.place}/apis/{escape(name)}", key=True)
                raise FileProblem([f"{where}: {error}"]) from None
            if api.base_path is not None:
                paths = paths.with_own(contract.api, contract.kind, api.base_path)
            if api.root is not None:
                roots[contract.api, contract.kind] = api.root
        return paths, roots

    def peer(self, release: Release, url: str | None, timeout: float | None, maps: Sequence[str]) -> Peer:
        """See `Partner.peer`."""
        paths, roots = self.mapped(release, PathMap.read(release, maps))
        root = (url or self.way.root or "").rstrip("/")
        if not root:
            raise FileProblem(
                [f"{self.file.where(self.place)}: 'root' is missing: the URL that the base paths come after"]
            )
        return replace(
            self.base,
            root=root,
            roots=roots,
            paths=paths,
            release=release.name,
            timeout=timeout or self.way.timeouts.answer or self.base.timeout,
        )


def open_partner(path: Path, *, allow_commands: bool = False) -> Partner | None:
    """The partner of a file that a user named; None where it has no `connection`.

    FileProblem where something in it is wrong, or a reference leads to nothing.
    """
    file = read_partner(path)
    if file is None:
        return None
    part, resolve = file.part, resolver(allow_commands=allow_commands)
    seller = _side(file, part, "/connection", MANAGEMENT, resolve)
    notified = part.notifications
    buyer = None if notified is None else _side(file, notified, "/connection/notifications", NOTIFICATION, resolve)
    notes = [note for side in (seller, buyer) if side is not None for note in _notes(side)]
    return Partner(file, seller, buyer, frozenset(part.claims), tuple(dict.fromkeys(notes)))


def _side(file: PartnerFile, way: Way, place: str, kind: str, resolve: Resolve) -> PartnerSide:
    identity = identity_of(file, way.tls, f"{place}/tls", resolve)
    headers = {
        name: resolve(file.reference(value, f"{place}/headers/{escape(name)}")) if is_reference(value) else value
        for name, value in way.headers.items()
    }
    # A callback was looked up and found allowed: a proxy of the environment would look it up again.
    unsaid = of_environment() if kind == MANAGEMENT else Proxies()
    proxies = unsaid if way.proxy is None else _proxies(file, way.proxy, f"{place}/proxy", resolve)
    base = Peer(
        headers=headers,
        identity=identity,
        proxies=proxies,
        connect=way.timeouts.connect,
        pace=Tempo(way.retries, Turns(way.rate) if way.rate else None),
    )
    if way.credentials is not None:
        maker = _Credentials(file, f"{place}/credentials", resolve, way, base)
        base = maker.added(way.credentials)
    for name, value in base.headers.items():
        if not value.isprintable() or not value.isascii():
            raise FileProblem([f"{file.where(place)}: the value of header {name} cannot stand in a header"])
    return PartnerSide(file, way, place, kind, base)


def _proxies(file: PartnerFile, said: Any, place: str, resolve: Resolve) -> Proxies:
    if said == "none":
        return Proxies()
    part = ProxyPart(said) if isinstance(said, str) else proxy_part(said)
    url = part.url
    if part.username is not None:
        user = quote(part.username, safe="")
        if part.password is not None:
            password = resolve(file.reference(part.password, f"{place}/password"))
            _learn_pair(part.username, password)
            user += f":{quote(password, safe='')}"
        pieces = urlsplit(url)
        url = urlunsplit(pieces._replace(netloc=f"{user}@{pieces.netloc}"))
    return only(url, part.bypass)


@dataclass(frozen=True, slots=True)
class _Credentials:
    """Makes what lets us in, of what a file says at a place."""

    file: PartnerFile
    place: str
    resolve: Resolve
    way: Way
    base: Peer

    def _secret(self, text: str, place: str) -> str:
        return self.resolve(self.file.reference(text, f"{self.place}/{place}"))

    def added(self, part: CredentialsPart) -> Peer:
        """The peer with credentials."""
        if part.api_key is not None:
            value = self._secret(part.api_key.value, "api_key/value")
            if part.api_key.header is not None:
                return replace(self._with_header(part.api_key.header, value), proofs=frozenset({part.api_key.header}))
            name = str(part.api_key.query)
            return replace(self.base, parameters={name: value}, proofs=frozenset({name}))
        if part.basic is not None:
            pair = _learn_pair(part.basic.username, self._secret(part.basic.password, "basic/password"))
            return self._with_header("Authorization", f"Basic {pair}")
        if part.bearer is not None:
            return self._with_header("Authorization", f"Bearer {self._secret(part.bearer.token, 'bearer/token')}")
        assert part.oauth2 is not None
        return replace(self.base, credentials=OAuth(self._asking(part.oauth2)))

    def _with_header(self, name: str, value: str) -> Peer:
        return replace(self.base, headers={**self.base.headers, name: value})

    def _asking(self, part: OAuthPart) -> Asking:
        more = [(name, value) for name in ("audience", "resource") if (value := getattr(part, name)) is not None]
        for name, value in part.parameters.items():
            known = is_reference(value)
            more.append((name, self._secret(value, f"oauth2/parameters/{escape(name)}") if known else value))
        secret = None if part.secret is None else self._secret(part.secret, "oauth2/secret")
        return Asking(
            self._server(part),
            part.client_id,
            part.method,
            part.issuer,
            part.token_url,
            secret,
            self._signer(part, secret),
            part.assertion_audience,
            _scopes(part.scopes),
            tuple(more),
        )

    def _signer(self, part: OAuthPart, secret: str | None) -> Signer | None:
        name = "key" if part.method is Method.KEY_JWT else "secret"
        try:
            if part.method is Method.SECRET_JWT and secret is not None:
                return signer_of_secret(secret, part.alg, part.kid)
            if part.method is Method.KEY_JWT and part.key is not None:
                passphrase = None if part.passphrase is None else self._secret(part.passphrase, "oauth2/passphrase")
                signer = signer_of_key(self._secret(part.key, "oauth2/key"), passphrase, part.alg, part.kid)
                return self._with_kid(signer, part.key)
        except Unusable as error:
            where = self.file.where(f"{self.place}/oauth2/{name}")
            raise FileProblem([f"{where}: {getattr(part, name)}: {error}"]) from None
        return None

    def _with_kid(self, signer: Signer, key: str) -> Signer:
        """FileProblem where a partner claims the security profile, and our key has no id: what it signs would break MEF 128 R45."""
        if signer.kid is None and SECURITY_PROFILE in self.file.part.claims:
            where = self.file.where(f"{self.place}/oauth2/key")
            message = f"{key} has no key id, and {SECURITY_PROFILE} (R45) wants one in what is signed: say it as 'kid'"
            raise FileProblem([f"{where}: {message}"])
        return signer

    def _server(self, part: OAuthPart) -> Peer:
        """The authorization server: what the partner's connection says holds for it, as far as it is no matter of one host."""
        url = part.issuer or part.token_url or ""
        identity = self.base.identity
        if part.tls is not None:
            identity = identity_of(self.file, part.tls, f"{self.place}/oauth2/tls", self.resolve)
        elif identity is not None and not self._is_here(url):
            identity = None if not identity.verified else Identity(identity.context, shown=identity.shown)
        return Peer(
            url,
            identity=identity,
            proxies=of_environment() if self.way.proxy is None else self.base.proxies,
            connect=self.base.connect,
            timeout=self.way.timeouts.answer or self.base.timeout,
        )

    def _is_here(self, url: str) -> bool:
        roots = [self.way.root, *(api.root for api in self.way.apis.values())]
        return any(root is not None and origin(root) == origin(url) for root in roots)


def _scopes(said: Any) -> Scopes:
    match said:
        case "per_operation":
            return Scopes(by_name=True)
        case list():
            return Scopes(tuple(said))
        case dict():
            rows = {
                str(name): tuple(value) if isinstance(value, list) else (str(value),) for name, value in said.items()
            }
            return Scopes(rows.pop("default", ()), rows)
        case _:
            return Scopes()


def _learn_pair(user: str, password: str) -> str:
    """A name and a password as HTTP has them (RFC 7617), which is as secret as the password."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    learn(pair)
    return pair


def _notes(side: PartnerSide) -> list[str]:
    """What a user should hear of a side before anything is sent."""
    found = []
    parts = [(side.way.tls, f"{side.place}/tls/insecure")]
    credentials = side.way.credentials
    if credentials is not None and credentials.oauth2 is not None:
        parts.append((credentials.oauth2.tls, f"{side.place}/credentials/oauth2/tls/insecure"))
    for part, place in parts:
        if part is not None and part.insecure:
            where = side.file.where(place)
            found.append(
                f"{where}: INSECURE: nobody looks who answers, so anybody on the way can read and change everything"
            )
    roots = [side.way.root, *(api.root for api in side.way.apis.values())]
    for root in dict.fromkeys(root for root in roots if root is not None):
        parts_of = urlsplit(root)
        plain = parts_of.scheme == "http" and not is_loopback(parts_of.hostname or "")
        if plain and (credentials is not None or side.way.headers):
            where = side.file.where(f"{side.place}/root")
            found.append(f"{where}: IN CLEAR: credentials go to {root} over plain http, for anybody on the way to read")
    return found
