"""A server of TLS for tests, whose certificate only those believe who are told of its authority."""

from __future__ import annotations

import ssl
from pathlib import Path

FOLDER = Path(__file__).parent
AUTHORITY = FOLDER / "authority.pem"
HASHED = "be10b33f.0"
"""What OpenSSL calls the authority in a folder."""


def serving() -> ssl.SSLContext:
    """How a server for `localhost` and 127.0.0.1 secures its connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "server.pem")
    return context
