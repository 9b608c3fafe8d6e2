"""What went wrong on the way to a partner, told from what the libraries raise."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Any, Final

import requests
import urllib3.exceptions

from emulator.errors import UserError
from emulator.record.exchange import Fault, FaultKind
from emulator.record.secrets import masked_text, masked_url


def fault_of(url: str, error: Exception) -> Fault:
    """What went wrong, found in what the libraries wrapped it into."""
    host = host_of(url)
    causes = list(_causes(error))
    detail = first_line(causes[-1])
    for kinds, kind, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in causes):
            return Fault(kind, words.format(host=host, detail=detail))
    return Fault(FaultKind.PROTOCOL, f"the exchange with {host} failed: {first_line(error)}")


_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], FaultKind, str], ...]] = (
    (
        (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError),
        FaultKind.UNREACHABLE,
        "the proxy on the way to {host} did not let us through: {detail}",
    ),
    (
        (urllib3.exceptions.NameResolutionError, socket.gaierror),
        FaultKind.UNREACHABLE,
        "the name in {host} is not known",
    ),
    (
        (ConnectionRefusedError,),
        FaultKind.UNREACHABLE,
        "nothing listens at {host}: the connection was refused",
    ),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        FaultKind.UNREACHABLE,
        "no TLS connection to {host}: {detail}",
    ),
    (
        (UserError,),
        FaultKind.UNREACHABLE,
        "no TLS connection to {host}: {detail}",
    ),
    # To Python this is a BadStatusLine and a ConnectionResetError too: it comes first.
    (
        (http.client.RemoteDisconnected,),
        FaultKind.CLOSED,
        "{host} closed the connection without a response",
    ),
    (
        (http.client.BadStatusLine,),
        FaultKind.PROTOCOL,
        "what {host} answered is not HTTP",
    ),
    (
        (urllib3.exceptions.InvalidChunkLength,),
        FaultKind.PROTOCOL,
        "the chunks of the response of {host} are not as HTTP wants them",
    ),
    (
        (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead),
        FaultKind.CLOSED,
        "{host} closed the connection in the middle of a response",
    ),
    (
        (ConnectionError,),
        FaultKind.CLOSED,
        "{host} closed the connection before a whole response came",
    ),
    (
        (http.client.HTTPException, urllib3.exceptions.HeaderParsingError),
        FaultKind.PROTOCOL,
        "what {host} answered cannot be read as HTTP: {detail}",
    ),
    (
        (urllib3.exceptions.ProtocolError,),
        FaultKind.CLOSED,
        "{host} closed the connection in the middle of a response",
    ),
    (
        (urllib3.exceptions.NewConnectionError,),
        FaultKind.UNREACHABLE,
        "{host} cannot be reached: {detail}",
    ),
)
"""What an error means, the most telling first."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of, outermost first."""
    seen: set[int] = set()
    stack: list[Any] = [error]
    while stack:
        node = stack.pop(0)
        if not isinstance(node, BaseException) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        stack += [node.__cause__, node.__context__, getattr(node, "reason", None), *node.args]


def host_of(url: str) -> str:
    """Scheme, host and port of a URL, to be told."""
    return "/".join(masked_url(url).split("/")[:3]).partition("?")[0][:200]


def first_line(error: BaseException) -> str:
    """What an error says, without secrets, in a line."""
    text = masked_text(str(error)).splitlines()
    return text[0][:200] if text else type(error).__name__
