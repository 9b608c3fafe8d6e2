"""Callbacks with the wrong token, on purpose: a buyer that protects its listener has to turn them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from emulator.doors.peer import Credentials, Peer
from emulator.doors.troubles import WrongToken

_HOUR: Final = 3600
_NOBODY: Final = "https://nobody.example"


def with_wrong_token(peer: Peer, wrong: WrongToken, now: datetime) -> Peer:
    """The same subscriber, to whom we come with no token, one that has expired, or one that somebody else has issued.

    The buyer alone could issue one that has really expired. So that one says what a token of the buyer's says, and that it has
    expired, and like the other it is signed by a key that nobody knows.
    """
    headers = {name: value for name, value in peer.headers.items() if name.lower() != "authorization"}
    return replace(peer, headers=headers, credentials=_Wrong(peer.credentials, wrong, now))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Credentials that are none."""

    right: Credentials | None
    wrong: WrongToken
    now: datetime

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """See `Credentials`."""
        if self.wrong == "none":
            return {}
        from joserfc import jwt  # noqa: PLC0415 - heavy, and only who makes trouble needs it
        from joserfc.jwk import ECKey  # noqa: PLC0415

        moment = int(self.now.timestamp())
        claims: dict[str, Any] = {"iss": _NOBODY, "sub": "nobody", "aud": url, "client_id": "nobody"}
        claims |= {"iat": moment, "exp": moment + _HOUR, "jti": str(moment), "scope": "default"}
        if self.wrong == "expired":
            claims |= {**self._claims(method, url), "iat": moment - 2 * _HOUR, "exp": moment - _HOUR}
        key = ECKey.generate_key("P-256", auto_kid=True)
        token = jwt.encode({"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}, claims, key, algorithms=["ES256"])
        return {"Authorization": f"Bearer {token}"}

    def _claims(self, method: str, url: str) -> Mapping[str, Any]:
        """What the buyer's own token says, where it can be read."""
        from emulator.doors.authority.compact import NotSigned, unverified  # noqa: PLC0415 - as above

        said = self.right.headers(method, url) if self.right is not None else {}
        token = next((value for name, value in said.items() if name.lower() == "authorization"), "").rpartition(" ")[2]
        try:
            return unverified(token)[1]
        except NotSigned:
            return {}
