"""What an authorization server keeps: public keys, digests of secrets and tokens, what was revoked. Nothing of it lets anybody in.

Who can read the records can neither sign nor ask for a token: private keys and secrets stay in the process that made them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class RecordKind(StrEnum):
    """What a record is of."""

    KEY = "key"  # id: its kid; jwk: the public key
    SECRET = "secret"  # noqa: S105 - id: a client's; digests: SHA-256 of the secrets made for it
    CLIENT_KEY = "client_key"  # id: a client's; jwks: the public keys made for it
    TOKEN = "token"  # noqa: S105 - id: the digest of an opaque token; what it grants
    REVOKED = "revoked"  # id: the digest of a token
    ASSERTION = "assertion"  # id: the digest of a client and a jti


class Records(Protocol):
    """Keeps records by kind and id. Safe to use from many threads; processes that share it see each other's."""

    def put(self, kind: RecordKind, identifier: str, body: Mapping[str, Any], until: datetime | None = None) -> bool:
        """Keep a record, until a moment where it has one. False, and nothing is kept, where the id is taken."""

    def replace(self, kind: RecordKind, identifier: str, body: Mapping[str, Any]) -> None:
        """Keep a record that has no end, in place of one that there may be."""

    def get(self, kind: RecordKind, identifier: str) -> Mapping[str, Any] | None:
        """The body of a record."""

    def all(self, kind: RecordKind) -> list[tuple[str, Mapping[str, Any]]]:
        """The records of a kind, with their ids, oldest first."""

    def remove(self, kind: RecordKind, identifier: str) -> None:
        """Forget a record, where it is there."""

    def sweep(self, kind: RecordKind, now: datetime) -> None:
        """Forget the records of a kind whose end has come."""

    def turn(self) -> None:
        """Something that was good is not any more: whoever remembers what it has read forgets it."""

    def turns(self) -> int:
        """How often that was. Another process may hear of it a moment later."""


class MemoryRecords(Records):
    """Records that end with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[RecordKind, dict[str, tuple[Mapping[str, Any], datetime | None]]] = {}
        self._turns = 0

    def put(self, kind: RecordKind, identifier: str, body: Mapping[str, Any], until: datetime | None = None) -> bool:
        with self._lock:
            rows = self._kept.setdefault(kind, {})
            if identifier in rows:
                return False
            rows[identifier] = (dict(body), until)
            return True

    def replace(self, kind: RecordKind, identifier: str, body: Mapping[str, Any]) -> None:
        with self._lock:
            self._kept.setdefault(kind, {})[identifier] = (dict(body), None)

    def get(self, kind: RecordKind, identifier: str) -> Mapping[str, Any] | None:
        with self._lock:
            row = self._kept.get(kind, {}).get(identifier)
        return None if row is None else row[0]

    def all(self, kind: RecordKind) -> list[tuple[str, Mapping[str, Any]]]:
        with self._lock:
            return [(identifier, body) for identifier, (body, _) in self._kept.get(kind, {}).items()]

    def remove(self, kind: RecordKind, identifier: str) -> None:
        with self._lock:
            self._kept.get(kind, {}).pop(identifier, None)

    def sweep(self, kind: RecordKind, now: datetime) -> None:
        with self._lock:
            rows = self._kept.get(kind, {})
            for identifier in [one for one, (_, until) in rows.items() if until is not None and until <= now]:
                del rows[identifier]

    def turn(self) -> None:
        with self._lock:
            self._turns += 1

    def turns(self) -> int:
        return self._turns
