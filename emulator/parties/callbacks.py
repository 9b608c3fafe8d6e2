"""Where a callback may lead: who registers one makes us send requests, so some addresses are refused."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WORDS: Final = {
    "all": ("0.0.0.0/0", "::/0"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
}
"""Words for networks that a profile can use."""

_FORBIDDEN: Final = (
    *("0.0.0.0/8", "::/128"),  # unspecified
    *("169.254.0.0/16", "fe80::/10"),  # link-local, and with it the metadata service of most clouds
    # the metadata services of the others
    *("100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::254/128", "fd20:ce::254/128"),
    "fec0::/10",  # site-local, which was what private is now
    *("224.0.0.0/4", "ff00::/8"),  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)
_FORBIDDEN_NAMES: Final = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_LAST: Final = (
    ipaddress.IPv6Network("::/96"),  # compatible with IPv4 (RFC 4291, 2.5.5.1)
    ipaddress.IPv6Network("::ffff:0:0:0/96"),  # translated (RFC 7915's forerunner, RFC 2765)
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
)
"""Networks in which an address has an IPv4 address in its last quarter."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
"""For the NAT64 of a network's own (RFC 8215), which may have its IPv4 addresses at any of four places (RFC 6052, 2.2)."""
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""The third quarter of an address that has an IPv4 address in the last (RFC 5214)."""


class Forbidden(Exception):  # noqa: N818 - it is what it says
    """A callback leads where none may lead."""


@lru_cache(maxsize=256)
def networks(text: str) -> tuple[Network, ...]:
    """The networks that a word or a CIDR means. ValueError where it means none."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in WORDS.get(text, (text,)))


class Guard:
    """Says whether a callback may be called. The narrowest network that has an address decides.

    Among equals, what a profile denies goes before what it allows, and both before our own list.
    """

    def __init__(self, allow: Sequence[str] = (), deny: Sequence[str] = ()) -> None:
        """`allow` and `deny` are networks or words for them. ValueError where one is neither."""
        self._rules: list[tuple[Network, int, bool]] = []
        for texts, rank, allowed in ((("all",), 0, True), (_FORBIDDEN, 1, False), (allow, 2, True), (deny, 3, False)):
            self._rules += [(network, rank, allowed) for text in texts for network in networks(text)]

    def allows(self, address: Address) -> bool:
        """Whether an address, and the one that it wraps (IPv4 in IPv6), may be called."""
        return all(self._allows(each) for each in _meant(address))

    def _allows(self, address: Address) -> bool:
        fitting = [
            (network.prefixlen, rank, allowed)
            for network, rank, allowed in self._rules
            if network.version == address.version and address in network
        ]
        return max(fitting)[2]

    def problem(self, callback: str) -> str | None:
        """Why a callback cannot be registered, or None. A name is not looked up here: it is when it is called."""
        # urlsplit lets blanks pass, and drops line breaks before it looks.
        if any(ch.isspace() or not ch.isprintable() or ch == "\\" for ch in callback):
            return "callback must be an absolute http or https URL"
        try:
            parts = urlsplit(callback)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            right = False
        if not right:
            return "callback must be an absolute http or https URL"
        if parts.username is not None or parts.password is not None:
            return "callback must not hold credentials"
        if "?" in callback or "#" in callback:
            return "callback must end before any ? or #: the path of the listener is appended to it"
        host = str(parts.hostname)
        address = _literal(host)
        if host.rstrip(".") in _FORBIDDEN_NAMES or (address is not None and not self.allows(address)):
            return f"callbacks to {host[:100]} are not allowed"
        return None

    def addresses(self, callback: str) -> list[str]:
        """Where a callback leads now, with what is forbidden left out; empty where its name is not known.

        Raises Forbidden where nothing is left, or where it could not be registered at all.
        """
        problem = self.problem(callback)
        if problem is not None:
            raise Forbidden(problem)
        parts = urlsplit(callback)
        host = str(parts.hostname)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return []
        names = list(dict.fromkeys(str(each[4][0]) for each in found))
        kept = [name for name in names if (address := _literal(name)) is not None and self.allows(address)]
        if names and not kept:
            message = f"{host[:100]} leads to {names[0]}, and callbacks to that are not allowed"
            raise Forbidden(message)
        return kept


def _literal(host: str) -> Address | None:
    """The address that a host is, in the old spellings of IPv4 too (`127.1`, `0x7f000001`); None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _meant(address: Address) -> Iterator[Address]:
    """What an address reaches: itself, or the IPv4 address that it maps to, and those that it tunnels to."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield ipaddress.IPv6Address(int(address))  # without the scope, which no network has
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    number = int(address)
    last = number & 0xFFFFFFFF
    if address in _NAT64:
        parts = (number >> 48 & 0xFFFF0000 | number >> 40 & 0xFFFF, number >> 40 & 0xFF000000 | number >> 32 & 0xFFFFFF,
                 number >> 24 & 0xFFFFFFFF, last)  # fmt: skip
        # What begins with zeros is no address: it is a place where none stands.
        yield from (ipaddress.IPv4Address(part) for part in parts if part >> 24)
    wraps = any(address in network for network in _LAST) or number >> 32 & 0xFFFFFFFF in _ISATAP
    if wraps and number > 1:
        yield ipaddress.IPv4Address(last)
