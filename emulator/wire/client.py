"""The one way out: sends a request, records what came of it, and never raises for a partner's sake."""

from __future__ import annotations

import http.client
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import requests
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions

from emulator.errors import UserError
from emulator.wire.coding import unpacked
from emulator.wire.connections import Watch, session
from emulator.wire.dress import Dress, Plain
from emulator.wire.exchange import (
    Exchange,
    Fault,
    FaultKind,
    Party,
    Request,
    Response,
    Transcript,
)
from emulator.wire.secrets import masked_text, masked_url
from emulator.wire.trust import authorities

CONTENT_TYPE: Final = "application/json;charset=utf-8"
MAX_RESPONSE: Final = 32 * 1024 * 1024
"""Bytes of a response that are read; a larger one is a fault."""
_CHUNK: Final = 64 * 1024
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECT: Final = 10.0
"""Seconds that a connection may take."""


class Client:
    """Sends requests of one party and records each as an exchange. One client is one connection pool."""

    def __init__(
        self,
        sender: Party,
        transcript: Transcript,
        now: Callable[[], datetime],
        *,
        run: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        dress: Dress | None = None,
    ) -> None:
        self._sender, self._transcript, self._now, self._run = sender, transcript, now, run
        self._headers = dict(headers or {})
        self.timeout = timeout
        self._dress = dress or Plain()
        self._pooled, self._fresh = session(fresh=False), session(fresh=True)
        self._longest = math.inf
        self._going = set[Watch]()
        self._counting = threading.Lock()

    def hurry(self, seconds: float) -> None:
        """End the requests under way; those to come take so long at the most."""
        with self._counting:
            self._longest, going = seconds, tuple(self._going)
        for watch in going:
            watch.abandon()

    def close(self) -> None:
        """Let go of the connections."""
        self._pooled.close()
        self._fresh.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        raw: bytes | None = None,
        api: str | None = None,
        kind: str | None = None,
        operation: str | None = None,
        path_params: Mapping[str, str] | None = None,
        step: str | None = None,
        timeout: float | None = None,
        addresses: Sequence[str] | None = None,
        provoked: bool = False,
    ) -> Exchange:
        """Send one request and wait for the whole response, at most `timeout` seconds. What is recorded is without
        secrets; in what is returned the bodies have them: who waits for an answer has to compare what is in it.

        `body` is JSON; `raw` sends bytes as they are. Redirects are not followed. The exchange returned
        has a `fault` where no whole response came. A POST with `addresses` goes to one of these, whatever
        the host's name means by now: who has checked where a name leads gives what was checked. `provoked` marks the
        exchange as wrong on purpose.
        """
        content = raw if raw is not None else (self._dress.dump(body) if body is not None else b"")
        sent = {"Accept": CONTENT_TYPE, "Accept-Encoding": "identity", "User-Agent": "lso-oit"}
        if content:
            sent["Content-Type"] = self._dress.media_type()
        sent.update(self._headers)
        sent.update(headers or {})
        full = url + ("?" + urlencode(list(query)) if query else "")
        at, started = self._now(), time.perf_counter()
        outcome = self._exchange(method, full, sent, content, timeout or self.timeout, addresses)
        exchange = Exchange(
            n=0,
            at=at,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 3),
            sender=self._sender,
            receiver=self._sender.other,
            request=Request(headers=tuple(sent.items()), raw=content, method=method, url=full),
            response=outcome if isinstance(outcome, Response) else None,
            fault=outcome if isinstance(outcome, Fault) else None,
            api=api,
            kind=kind,
            operation=operation,
            path_params=dict(path_params or {}),
            run=self._run,
            step=step,
            provoked=provoked,
        )
        return self._transcript.add(exchange.masked()).with_bodies_of(exchange)

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
        addresses: Sequence[str] | None,
    ) -> Response | Fault:
        if method not in _REPEATABLE:
            return self._once(self._fresh, method, url, headers, content, timeout, addresses)[0]
        outcome, reused = self._once(self._pooled, method, url, headers, content, timeout)
        if reused and isinstance(outcome, Fault) and outcome.kind is FaultKind.CLOSED:
            # A partner may end an idle connection just as we take it up again: that is nobody's fault.
            return self._once(self._fresh, method, url, headers, content, timeout)[0]
        return outcome

    def _once(
        self,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
        addresses: Sequence[str] | None = None,
    ) -> tuple[Response | Fault, bool]:
        """What one attempt brings, and whether its connection had been used before."""
        with self._counting:
            longest = min(timeout, self._longest)
            watch = Watch(longest, addresses)
            self._going.add(watch)
        try:
            with watch:
                return self._watched(watch, session, method, url, headers, content, longest), watch.reused
        finally:
            with self._counting:
                self._going.discard(watch)

    def _watched(
        self,
        watch: Watch,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
    ) -> Response | Fault:
        try:
            outcome = self._ask(session, method, url, headers, content, timeout)
        except requests.exceptions.ConnectTimeout:
            return Fault(FaultKind.UNREACHABLE, f"no connection to {_host(url)} within {min(timeout, _CONNECT):g} s")
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            outcome = Fault(FaultKind.TIMEOUT, "")
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
            UserError,
        ) as error:
            outcome = _fault(url, error)
        if watch.abandoned:
            return Fault(FaultKind.UNANSWERED, f"interrupted before a whole response of {_host(url)} came")
        if watch.expired or (isinstance(outcome, Fault) and outcome.kind is FaultKind.TIMEOUT):
            # Whatever it looked like, it was the end of our patience.
            return Fault(FaultKind.TIMEOUT, f"no whole response from {_host(url)} within {timeout:g} s")
        return outcome

    @staticmethod
    def _ask(
        session: requests.Session, method: str, url: str, headers: Mapping[str, str], content: bytes, timeout: float
    ) -> Response | Fault:
        with session.request(
            method,
            url,
            data=content or None,
            headers=headers,
            timeout=(min(timeout, _CONNECT), timeout),
            allow_redirects=False,
            stream=True,
            verify=str(authorities()) if url[:6].lower() == "https:" else None,
        ) as answer:
            received = bytearray()
            coding = answer.raw.headers.get("content-encoding", "")
            # We ask for `identity`; a partner that packs all the same is understood.
            for chunk in unpacked(answer.raw.stream(_CHUNK, decode_content=False), coding):
                received += chunk
                if len(received) > MAX_RESPONSE:
                    answer.raw.close()  # the rest is not wanted, and must not reach the next response
                    return Fault(
                        FaultKind.PROTOCOL, f"the response of {_host(url)} is larger than {MAX_RESPONSE} bytes"
                    )
            return Response(
                headers=tuple((str(k), str(v)) for k, v in answer.raw.headers.items()),
                raw=bytes(received),
                status=answer.status_code,
            )


def _fault(url: str, error: Exception) -> Fault:
    """What went wrong, found in what the libraries wrapped it into."""
    host = _host(url)
    causes = list(_causes(error))
    detail = _first_line(causes[-1])
    for kinds, kind, words in _FAULTS:
        if any(isinstance(cause, kinds) for cause in causes):
            return Fault(kind, words.format(host=host, detail=detail))
    return Fault(FaultKind.PROTOCOL, f"the exchange with {host} failed: {_first_line(error)}")


_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], FaultKind, str], ...]] = (
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


def _host(url: str) -> str:
    return "/".join(masked_url(url).split("/")[:3]).partition("?")[0][:200]


def _first_line(error: BaseException) -> str:
    text = masked_text(str(error)).splitlines()
    return text[0][:200] if text else type(error).__name__
