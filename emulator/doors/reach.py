"""Whether a server can be reached at all: its name, its port, its certificate. What is said over HTTP is the client's."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from emulator.doors.certificates import connection_facts
from emulator.doors.peer import Identity
from emulator.doors.trust import authorities, context
from emulator.record.secured import Tls

Address = IPv4Address | IPv6Address
SOON: Final = 14
"""Days before the end of a certificate that are worth a word."""
_SHOWN: Final = 120
_WRONG_NAME: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried. `ok` None is a warning; `do` says what to do where it is not true."""

    name: str
    ok: bool | None
    said: str
    do: str = ""

    def as_json(self) -> dict[str, str | bool | None]:
        return {"check": self.name, "ok": self.ok, "said": self.said, "do": self.do}


def addresses(host: str) -> list[Address]:
    """The addresses of a name, each once. OSError where there is none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no name of a host") from error
    return list(dict.fromkeys(ip_address(str(row[4][0]).partition("%")[0]) for row in found))


def reach(url: str, timeout: float, bundle: Path | None = None, identity: Identity | None = None) -> Iterator[Check]:
    """Name, port and certificate of a URL, each only where the one before is right. `bundle` as in `trust.context`; `identity` is how
    a connection to it is secured, where that is not as to everybody.

    UserError, before anything is tried, where the authorities to believe are named wrongly.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if secure and bundle is None and identity is None:
        authorities()
    port = parts.port or (443 if secure else 80)
    try:
        found = addresses(host)
    except OSError as error:
        yield Check("DNS", False, f"{host}: {error.strerror or error}", "is the name right, and known where OIT runs?")
        return
    yield Check("DNS", True, f"{host}: {', '.join(map(str, found))}")
    began = time.monotonic()
    try:
        connection = socket.create_connection((host, port), timeout)
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
        advice = "is a firewall or a proxy in between?" if isinstance(error, TimeoutError) else "does it listen there?"
        yield Check("TCP", False, f"port {port}: {why}", advice)
        return
    with connection:
        yield Check("TCP", True, f"port {port} of {connection.getpeername()[0]} in {_ms(began)}")
        if secure:
            yield _certificate(connection, host, bundle, identity)


def _certificate(connection: socket.socket, host: str, bundle: Path | None, identity: Identity | None) -> Check:
    began = time.monotonic()
    how = identity.context if identity is not None else context(bundle)
    name = identity.server_name if identity is not None and identity.server_name else host
    try:
        with how.wrap_socket(connection, server_hostname=name) as secured:
            took, facts = _ms(began), connection_facts(secured, secured.getpeercert(binary_form=True), None)
    except ssl.SSLCertVerificationError as error:
        return Check("TLS", False, error.verify_message, _advice(error, identity))
    except OSError as error:
        return Check("TLS", False, str(error), "does this port speak TLS of a version that we do, or is it http://?")
    if facts is None:
        return Check("TLS", False, "nothing is known of the connection", "does this port speak TLS, or is it http://?")
    return tls_check(facts, f" in {took}", identity)


def tls_check(facts: Tls, took: str = "", identity: Identity | None = None) -> Check:
    """What is to be said of a connection that was made: version, whose certificate, how long it is good, ours."""
    certificate = facts.server
    if certificate is None:
        return Check("TLS", None, f"{facts.version}{took}; the certificate cannot be read")
    if identity is not None and identity.pin not in (None, certificate.sha256):
        said = f"the certificate is not the one that is pinned: its SHA-256 is {certificate.sha256}"
        return Check("TLS", False, said, "was it renewed? Ask the partner, and pin the new one")
    left = (certificate.not_after - datetime.now(UTC)).total_seconds() / 86_400
    said = (
        f"{facts.version}{took}; the certificate is good for {left:.0f} days, of {printable(certificate.subject, _SHOWN)}, "
        f"by {printable(certificate.issuer, _SHOWN)}"
    )
    if identity is not None and not identity.verified:
        return Check(
            "TLS", None, f"{said}; INSECURE: nobody looked whether that is true", "name the authority: tls: {ca: …}"
        )
    return Check("TLS", None if left < SOON else True, said, "renew it" if left < SOON else "")


def own_certificate(identity: Identity) -> Check | None:
    """What is to be said of the certificate that we show; None where we show none."""
    if identity.shown is None:
        return None
    left = (identity.shown.not_after - datetime.now(UTC)).total_seconds() / 86_400
    said = f"{printable(identity.shown.subject, _SHOWN)}, by {printable(identity.shown.issuer, _SHOWN)}"
    if left <= 0:
        return Check(
            "our certificate", False, f"{said}: it has expired", "have it renewed: the partner will not take it"
        )
    return Check("our certificate", None if left < SOON else True, f"{said}; good for {left:.0f} days")


def _advice(error: ssl.SSLCertVerificationError, identity: Identity | None) -> str:
    code = getattr(error, "verify_code", None)
    if code == _WRONG_NAME:
        return "is this the right host? A name that the certificate has: tls: {server_name: …} of the partner's file"
    if code == _EXPIRED:
        return "the partner has to renew it"
    own = "" if identity is None else " Is it the one that tls: {ca: …} names?"
    return (
        f"a private authority? REQUESTS_CA_BUNDLE, or tls: {{ca: …}} of the partner's file, names its certificate.{own}"
    )


def printable(text: str, most: int) -> str:
    """A stranger's text in a line, not longer than that."""
    clean = "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in text)
    return clean if len(clean) <= most else f"{clean[:most]}…"


def _ms(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
