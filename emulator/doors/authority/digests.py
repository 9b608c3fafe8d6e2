"""Digests: by which a secret is known without being kept, and by which a certificate is told from another."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.doors.handshake import Handshake


def digest(*parts: str) -> str:
    """The SHA-256 of texts, told apart by their lengths. What is digested has as much chance in it as a key."""
    found = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        found.update(f"{len(raw)}:".encode() + raw)
    return found.hexdigest()


def certificate_in(pem: bytes) -> tuple[str, str]:
    """Of the first certificate of a PEM file the thumbprint (as `Handshake` has it) and the distinguished name (RFC 4514).

    ValueError where there is none.
    """
    found = x509.load_pem_x509_certificate(pem)
    shown = Handshake("", "", found.public_bytes(Encoding.DER))
    return shown.thumbprint or "", found.subject.rfc4514_string()
