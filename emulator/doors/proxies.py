"""Which proxy stands between us and a URL: what a partner's file says, else what the environment says, as other tools read it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

SCHEMES: Final = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
"""How a proxy can be spoken to; with `socks4a` and `socks5h` it is the proxy that asks for the partner's name."""
_ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Proxies:
    """Proxies by the scheme of what is asked for, `all` for each that is not named.

    `bypass` are hosts that none is on the way to: a name with all below it, an address, a network (`10.0.0.0/8`), each with a
    port or without, or `*`. With `own` the user named the proxy for this partner; else loopback is never gone to by way of one.
    """

    by_scheme: Mapping[str, str] = field(default_factory=dict)
    bypass: tuple[str, ...] = ()
    own: bool = False

    def to(self, url: str) -> str | None:
        """The proxy on the way to a URL, None where there is none."""
        if not self.by_scheme:
            return None
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if (not self.own and is_loopback(host)) or passed_by(host, port, self.bypass):
            return None
        found = self.by_scheme.get(parts.scheme) or self.by_scheme.get(_ALL)
        return found if found is None or "://" in found else f"http://{found}"


def of_environment() -> Proxies:
    """What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in small letters too, which win.

    In a CGI script `HTTP_PROXY` is not read, since whoever calls it can set that.
    """
    found = dict(getproxies_environment())
    bypass = found.pop("no", "")
    return Proxies({scheme: found[scheme] for scheme in ("http", "https", _ALL) if found.get(scheme)}, _words(bypass))


def is_socks(url: str) -> bool:
    """Whether a proxy is spoken to in SOCKS."""
    return url[:5].lower() == "socks"


def only(url: str, bypass: Sequence[str]) -> Proxies:
    """One proxy on the way to everything but these hosts."""
    return Proxies({_ALL: url}, tuple(bypass), own=True)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its address."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def passed_by(host: str, port: int | None, bypass: Sequence[str]) -> bool:
    """Whether one of these means the host."""
    name = host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    return any(_means(word.lower(), name, address, port) for word in bypass)


def _means(
    word: str, name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int | None
) -> bool:
    if word == "*":
        return True
    if address is not None:
        try:
            return address in ipaddress.ip_network(word, strict=False)
        except ValueError:
            pass
    only_host, colon, number = word.rpartition(":")
    if colon and number.isdecimal() and not only_host.endswith(":"):
        if port != int(number):
            return False
        word = only_host.strip("[]")
    word = word.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(word) and (name == word or name.endswith(f".{word}"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").split() if word)
