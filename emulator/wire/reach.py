"""Whether a server can be reached at all: its name, its port, its certificate. What is said over HTTP is the client's."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from emulator.wire.trust import authorities, context

Address = IPv4Address | IPv6Address
SOON: Final = 14
"""Days before the end of a certificate that are worth a word."""


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


def reach(url: str, timeout: float) -> Iterator[Check]:
    """Name, port and certificate of a URL, each only where the one before is right.

    UserError, before anything is tried, where the authorities to believe are named wrongly.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if secure:
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
            yield _certificate(connection, host)


def _certificate(connection: socket.socket, host: str) -> Check:
    began = time.monotonic()
    try:
        with context().wrap_socket(connection, server_hostname=host) as secured:
            certificate = secured.getpeercert() or {}
            left = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / 86_400
            said = f"{secured.version()} in {_ms(began)}; the certificate is good for {left:.0f} days"
    except ssl.SSLCertVerificationError as error:
        return Check(
            "TLS", False, error.verify_message, "a private authority? REQUESTS_CA_BUNDLE names its certificate"
        )
    except (OSError, KeyError) as error:
        return Check("TLS", False, str(error), "does this port speak TLS, or is it http://?")
    return Check("TLS", None if left < SOON else True, said, "renew it" if left < SOON else "")


def _ms(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"
