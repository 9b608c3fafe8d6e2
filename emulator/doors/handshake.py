"""What is known of a TLS connection to a door of ours."""

from __future__ import annotations

import base64
import hashlib
import ssl
from functools import cached_property
from typing import Final

from emulator.record.secured import Certificate, Tls

HANDSHAKE: Final = "oit.tls"
"""Where a request's scope has the handshake of its connection; nothing where that has no TLS."""


class Handshake:
    """What is known of a TLS connection to our door: protocol, cipher, the client's certificate as it was shown."""

    def __init__(self, version: str, cipher: str, peer: bytes | None) -> None:
        """`peer` is the client's certificate (DER), None where it has shown none."""
        self.version, self.cipher, self.peer = version, cipher, peer

    @classmethod
    def of(cls, connection: ssl.SSLObject) -> Handshake:
        """What a connection whose handshake is done says of itself."""
        cipher = connection.cipher()
        return cls(connection.version() or "", cipher[0] if cipher else "", connection.getpeercert(binary_form=True))

    @cached_property
    def thumbprint(self) -> str | None:
        """The SHA-256 of the client's certificate, as `x5t#S256` has it (RFC 8705, 3.1)."""
        if self.peer is None:
            return None
        return base64.urlsafe_b64encode(hashlib.sha256(self.peer).digest()).rstrip(b"=").decode()

    @cached_property
    def client(self) -> Certificate | None:
        """The client's certificate, read."""
        from emulator.doors.certificates import certificate_facts  # noqa: PLC0415 - heavy, and only clients with one need it

        return None if self.peer is None else certificate_facts(self.peer)

    @property
    def subject(self) -> str | None:
        """The distinguished name in it (RFC 4514)."""
        return None if self.client is None else self.client.subject

    @cached_property
    def facts(self) -> Tls:
        """What is recorded of it."""
        return Tls(self.version, self.cipher, None, self.client)
