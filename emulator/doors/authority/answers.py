"""How an authorization server answers: RFC 6749 5.1 and 5.2, never the standard's `Error`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.record.call import Reply

NO_STORE: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""What every answer with a token, or about one, bears (RFC 6749, 5.1)."""
REALM: Final = "oit"


class OAuthError(Exception):
    """Raised anywhere below an endpoint; becomes its answer: `{"error": code, "error_description": said}`."""

    def __init__(self, code: str, said: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {said}")
        self.code, self.said, self.status, self.headers = code, said, status, dict(headers or {})

    def reply(self) -> Reply:
        """The answer."""
        return said({"error": self.code, "error_description": self.said}, self.status, self.headers)


def said(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer that nobody may keep."""
    return Reply(status, body, {**NO_STORE, **(headers or {})})


def invalid_client(why: str) -> OAuthError:
    """`invalid_client`: 401, with a challenge however the client came, for a 401 has one (RFC 6749, 5.2; RFC 9110, 11.6.1)."""
    challenge = {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'}
    return OAuthError("invalid_client", why, 401, challenge)


def invalid_request(why: str) -> OAuthError:
    """`invalid_request`: 400."""
    return OAuthError("invalid_request", why)
