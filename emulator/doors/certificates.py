"""What a TLS connection and the certificates on it say of themselves, in the words of `record.secured`."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from cryptography import x509

from emulator.record.secured import Certificate, Tls


def connection_facts(line: Any, shown: bytes | None, ours: Certificate | None) -> Tls | None:
    """What is known of a connection; `shown` is the certificate of the other side (DER), `ours` what we show. Never raises."""
    try:
        version, cipher = line.version() or "", line.cipher()
    except (AttributeError, OSError, ValueError):
        return None
    return Tls(version, cipher[0] if cipher else "", certificate_facts(shown) if shown else None, ours)


@lru_cache(maxsize=256)
def certificate_facts(der: bytes) -> Certificate | None:
    """What a certificate (DER) says; None where it cannot be read."""
    try:
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            found.subject.rfc4514_string(),
            found.issuer.rfc4514_string(),
            _names(found),
            found.not_valid_before_utc,
            found.not_valid_after_utc,
            hashlib.sha256(der).hexdigest(),
        )
    except Exception:  # noqa: BLE001 - a stranger's certificate, and a parser with many ways to refuse it
        return None


def _names(found: x509.Certificate) -> tuple[str, ...]:
    """The names of hosts and addresses that a certificate is good for (RFC 5280, 4.2.1.6)."""
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = names.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, names.get_values_for_type(x509.IPAddress)))
