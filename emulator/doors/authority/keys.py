"""The keys that sign access tokens. Each process makes its own and keeps it to itself; what others need is its public half.

So no private key is ever in a database, and yet each of several workers, and a seller that was started again, knows the
tokens of all: the public keys are records. A key signs for a day (`rotation`), and is known until the last token that it can
have signed has ended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey

from emulator.doors.authority.policy import Policy
from emulator.doors.authority.records import RecordKind, Records

SigningKey = RSAKey | ECKey
_RSA_BITS: Final = 2048
_CURVE: Final = "P-256"


class Keys:
    """The keys of an authorization server. Safe to use from many threads."""

    def __init__(self, records: Records, policy: Policy, ends: Callable[[float], datetime]) -> None:
        """`ends(seconds)` is the moment of the party's clock so many seconds from now."""
        self._records, self._policy, self._ends = records, policy, ends
        self._lock = threading.Lock()
        self._own: SigningKey | None = None
        self._own_until: datetime | None = None
        self._known: dict[str, SigningKey] = {}
        self._turns = records.turns()

    def signing(self) -> SigningKey:
        """The key that signs now. It is made when it is first needed."""
        with self._lock:
            self._look()
            if self._own is None or self._own_until is None or self._ends(0) >= self._own_until:
                self._own = self._made()
            return self._own

    def _look(self) -> None:
        """Forget what is not true any more, since somebody has turned."""
        if (turns := self._records.turns()) == self._turns:
            return
        self._known, self._turns = {}, turns
        if self._own is not None and self._records.get(RecordKind.KEY, self._own.kid or "") is None:
            self._own = None

    def _made(self) -> SigningKey:
        use: KeyParameters = {"use": "sig", "alg": self._policy.algorithm}
        key: SigningKey
        if self._policy.algorithm == "RS256":
            key = RSAKey.generate_key(_RSA_BITS, use, auto_kid=True)
        else:
            key = ECKey.generate_key(_CURVE, use, auto_kid=True)
        self._own_until = self._ends(self._policy.rotation)
        until = self._ends(self._policy.rotation) + (self._ends(self._policy.lifetime) - self._ends(0))
        self._records.sweep(RecordKind.KEY, self._ends(0))
        assert key.kid is not None
        self._records.put(RecordKind.KEY, key.kid, {"jwk": key.as_dict(private=False), "until": _said(until)}, until)
        return key

    def public(self, kid: str) -> SigningKey | None:
        """The public half of a key of ours that is still good; None where there is none of that id."""
        with self._lock:
            self._look()
            found = self._known.get(kid)
        if found is not None:
            return found
        record = self._records.get(RecordKind.KEY, kid)
        if record is None or _moment(record["until"]) <= self._ends(0):
            return None
        found = _key(record["jwk"])
        with self._lock:
            self._known[kid] = found
        return found

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517, 5): the one that signs now, and those whose tokens may still be about. Opaque tokens have
        none.
        """
        if self._policy.token == "jwt":  # noqa: S105 - a kind
            self.signing()
        now = self._ends(0)
        return {"keys": [row["jwk"] for _, row in self._records.all(RecordKind.KEY) if _moment(row["until"]) > now]}

    def rotate(self, *, forget: bool = False) -> str:
        """Sign with a new key from now on; returns its id. With `forget` no older one is good any more, nor any token of theirs."""
        with self._lock:
            if forget:
                for kid, _ in self._records.all(RecordKind.KEY):
                    self._records.remove(RecordKind.KEY, kid)
                self._records.turn()
            self._own = self._made()
            assert self._own.kid is not None
            return self._own.kid


def _key(jwk: Any) -> SigningKey:
    found = KeySet.import_key_set({"keys": [dict(jwk)]}).keys[0]
    assert isinstance(found, RSAKey | ECKey)
    return found


def _said(moment: datetime) -> str:
    return moment.isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def after(now: Callable[[], datetime], spread: Callable[[float], float]) -> Callable[[float], datetime]:
    """Moments of a party's clock: so many seconds of a partner's time from now. `spread` says how many of ours these are."""
    return lambda seconds: now() + timedelta(seconds=spread(seconds))
