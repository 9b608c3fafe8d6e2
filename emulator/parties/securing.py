"""What a profile says of security, made what an authorization server needs: references looked up, secrets and keys made."""

from __future__ import annotations

import json
import os
import secrets as chance
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import ECKey, KeySet, RSAKey

from emulator.doors.authority.digests import certificate_in, digest
from emulator.doors.authority.policy import AuthMethod, OAuthClient, Policy, scope_of
from emulator.doors.authority.records import RecordKind, Records
from emulator.errors import UserError
from emulator.files import read_bytes
from emulator.parties.security import GENERATED, ClientSection, SecuritySection
from emulator.record.exchange import Party
from emulator.record.secrets import learn
from emulator.standard.contract import Contract

_KEPT: Final = 5
"""Secrets of a client that were made and are good: that of this start, and those of the starts before."""
_MOST: Final = 64 * 1024
"""Bytes of a file with a secret, a key or a certificate."""
_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class OwnClient:
    """The client that our own other party is, and the key that it signs with: nobody else ever sees it."""

    id: str
    key: ECKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecuredParty:
    """What an authorization server is told. `shown` are lines for whoever has started it: what was made, once. `trusted` are the
    self-signed certificates (PEM) of clients, which a door with TLS has to believe. `made` has the secrets that were made, by
    client. `own` is the client that our own other party is, where that was asked for.
    """

    policy: Policy
    records: Records
    party: Party
    shown: tuple[str, ...] = field(repr=False)
    trusted: tuple[bytes, ...]
    made: dict[str, str] = field(repr=False)
    own: OwnClient | None = None


def secured_by(
    section: SecuritySection,
    contracts: Sequence[Contract],
    party: Party,
    records: Records,
    folder: Path | None,
    *,
    ours: bool = False,
) -> SecuredParty:
    """What a profile says of a party, made ready. Private keys that are made for clients go to files in the folder, a new one
    if left out.

    UserError where a reference leads nowhere; it names the reference, and never a value.
    """
    making = _Making(records, folder or Path(tempfile.gettempdir()) / f"oit-keys-{os.getpid()}")
    sections = section.clients or (ClientSection(GENERATED),)
    clients = {one.id: making.client(one) for one in sections}
    own = None
    if ours:
        own = OwnClient(f"oit-{party.other}", ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True))
        public = KeySet([ECKey.import_key(own.key.as_dict(private=False))])
        clients[own.id] = OAuthClient(own.id, AuthMethod.PRIVATE_KEY_JWT, keys=public)
    policy = Policy(
        clients,
        frozenset(scope_of(name) for contract in contracts for name in contract.operations),
        section.token,
        section.algorithm,
        section.lifetime,
        section.rotation,
        section.issuer,
        section.audience,
    )
    return SecuredParty(policy, records, party, tuple(making.shown), tuple(making.trusted), making.made, own)


class _Making:
    """Clients, one by one, and what was made for them."""

    def __init__(self, records: Records, folder: Path) -> None:
        self._records, self._folder = records, folder
        self.shown: list[str] = []
        self.trusted: list[bytes] = []
        self.made: dict[str, str] = {}

    def client(self, section: ClientSection) -> OAuthClient:
        method = AuthMethod(section.method)
        if method.has_secret:
            secrets = (_resolved(section.secret),) if section.secret else self._secret(section, method)
            return OAuthClient(section.id, method, secrets, scopes=section.scopes)
        if method is AuthMethod.PRIVATE_KEY_JWT:
            keys = _public_keys(section.jwks) if section.jwks else self._key(section)
            return OAuthClient(section.id, method, keys=keys, scopes=section.scopes)
        return self._by_certificate(section, method)

    def _secret(self, section: ClientSection, method: AuthMethod) -> tuple[str, ...]:
        """Make a secret and show it. Its digest is kept, so that it is good in other processes and after the next start."""
        secret = chance.token_urlsafe(32)
        learn(secret)
        self.made[section.id] = secret
        self.shown.append(f"client {section.id}: {method}, secret {secret} (shown this once)")
        if method is AuthMethod.SECRET_JWT:
            return (secret,)  # a digest would not do to check a signature: it is good as long as this process is there
        before = (self._records.get(RecordKind.SECRET, section.id) or {}).get("digests", ())
        digests = [*before, digest(section.id, secret)][-_KEPT:]
        self._records.replace(RecordKind.SECRET, section.id, {"digests": digests})
        return ()

    def _key(self, section: ClientSection) -> KeySet:
        """The key of a client that was made for it, by this start or one before."""
        file = self._folder / f"{digest(section.id)[:12]}.pem"
        if file.exists():
            key = RSAKey.import_key(read_bytes(file, _MOST))
        else:
            key = RSAKey.generate_key(_RSA_BITS, {"use": "sig"}, auto_kid=True)
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(key.as_pem(private=True))
        self.shown.append(f"client {section.id}: {section.method}, private key in {file} (PEM, RS256)")
        return KeySet([RSAKey.import_key(key.as_dict(private=False))])

    def _by_certificate(self, section: ClientSection, method: AuthMethod) -> OAuthClient:
        subject, own = section.subject, None
        if section.certificate is not None:
            pem = read_bytes(Path(section.certificate), _MOST)
            try:
                own, named = certificate_in(pem)
            except ValueError as error:
                raise UserError(f"{section.certificate}: this is no certificate in PEM") from error
            subject = subject or named
            if method is AuthMethod.SELF_SIGNED_TLS:
                self.trusted.append(pem)
        return OAuthClient(section.id, method, subject=subject, thumbprint=own, scopes=section.scopes)


def _resolved(reference: str) -> str:
    """The secret that a reference names."""
    kind, _, name = reference.partition(":")
    found = os.environ.get(name) if kind == "env" else read_bytes(Path(name), _MOST).decode("utf-8", "replace")
    secret = (found or "").rstrip("\r\n")
    if not secret:
        what = "the variable is not set" if kind == "env" else "the file is empty"
        raise UserError(f"{reference}: {what}")
    learn(secret)
    return secret


def _public_keys(name: str) -> KeySet:
    raw = read_bytes(Path(name), _MOST)
    with suppress(Exception):  # whatever the library says, it is told below in our words
        found: Any = json.loads(raw)
        keys = KeySet.import_key_set(found if "keys" in found else {"keys": [found]})
        if keys.keys and not any(key.is_private for key in keys.keys):
            return keys
    raise UserError(f"{name}: public keys are needed here, as a JSON Web Key Set (RFC 7517, 5)")
