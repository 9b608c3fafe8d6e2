"""The one way out: sends a request, records what came of it, and never raises for a partner's sake."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import requests
import urllib3.connection
import urllib3.connectionpool
import urllib3.exceptions

from emulator.doors.connections import Watch, session
from emulator.doors.dress import Dress, Plain
from emulator.doors.failures import fault_of, first_line, host_of
from emulator.doors.peer import Errand, Issued, Peer
from emulator.doors.trust import authorities
from emulator.errors import UserError
from emulator.record.coding import unpacked
from emulator.record.exchange import (
    Exchange,
    Fault,
    FaultKind,
    Party,
    Request,
    Response,
    Transcript,
)
from emulator.record.secured import Secured, Tls

CONTENT_TYPE: Final = "application/json;charset=utf-8"
MAX_RESPONSE: Final = 32 * 1024 * 1024
"""Bytes of a response that are read; a larger one is a fault."""
_CHUNK: Final = 64 * 1024
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_GATEWAYS: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


_BETWEEN: Final = 0.5
"""Seconds before the first retry; each one waits twice as long as the one before."""


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request before it is known who we say that we are: `own` are headers of its own, `about` is what its exchange says."""

    errand: Errand
    sent: Mapping[str, str]
    own: Mapping[str, str]
    content: bytes
    timeout: float
    addresses: Sequence[str] | None
    about: Mapping[str, Any]


def _is_lost(exchange: Exchange) -> bool:
    """Whether no answer came, or that of a gateway that does not get through, and it does not say when to come again."""
    if exchange.response is None:
        return exchange.fault is not None and exchange.fault.kind is not FaultKind.UNANSWERED
    return exchange.response.status in _GATEWAYS and exchange.response.header("retry-after") is None


class Client:
    """Sends requests of one party to a peer and records each as an exchange. One client is one connection pool."""

    def __init__(
        self,
        peer: Peer,
        sender: Party,
        transcript: Transcript,
        now: Callable[[], datetime],
        *,
        run: str | None = None,
        dress: Dress | None = None,
    ) -> None:
        self.peer, self._sender = peer, sender
        self._transcript, self._now, self._run = transcript, now, run
        self._dress = dress or Plain()
        self._sessions: dict[tuple[bool, bool], requests.Session] = {}
        self._longest = math.inf
        self._hurried = threading.Event()
        self._asides = set[Client]()
        self._going = set[Watch]()
        self._counting = threading.Lock()

    def hurry(self, seconds: float) -> None:
        """End the requests under way; those to come take so long at the most."""
        with self._counting:
            self._longest, going, asides = seconds, tuple(self._going), tuple(self._asides)
        self._hurried.set()
        for watch in going:
            watch.abandon()
        for aside in asides:
            aside.hurry(seconds)

    def close(self) -> None:
        """Let go of the connections."""
        for each in self._sessions.values():
            each.close()

    def pause(self, seconds: float) -> None:
        """Wait, unless all are in a hurry."""
        self._hurried.wait(seconds)

    @contextmanager
    def aside(self, peer: Peer) -> Iterator[Client]:
        """A client to another peer, as long as the block lasts: what it sends is recorded as what this one sends is."""
        other = Client(peer, self._sender, self._transcript, self._now, run=self._run)
        with self._counting:
            self._asides.add(other)
            longest = self._longest
        if longest < math.inf:
            other.hurry(longest)
        try:
            yield other
        finally:
            with self._counting:
                self._asides.discard(other)
            other.close()

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
        """Send one request and wait for the whole response, at most `timeout` seconds, the peer's if left out. What is
        recorded is without secrets; in what is returned the bodies have them: who waits for an answer has to compare
        what is in it.

        `url` is the path of an operation, filled in, which the peer has below its base path for `api` and `kind`
        (LookupError where it has none), or the whole URL of something else.
        `body` is JSON; `raw` sends bytes as they are. Redirects are not followed. The exchange returned
        has a `fault` where no whole response came. A POST with `addresses` goes to one of these, whatever
        the host's name means by now: who has checked where a name leads gives what was checked. `provoked` marks the
        exchange as wrong on purpose.
        """
        content = raw if raw is not None else (self._dress.dump(body) if body is not None else b"")
        sent = {"Accept": CONTENT_TYPE, "Accept-Encoding": "identity", "User-Agent": "lso-oit"}
        if content:
            sent["Content-Type"] = self._dress.media_type()
        if url.startswith("/"):
            url = self.peer.url(api or "", kind or "", url)
        full = url + ("?" + urlencode(list(query)) if query else "")
        full = self.peer.addressed(full)
        outgoing = _Outgoing(
            Errand(method, full, api, operation, self.aside),
            sent,
            dict(headers or {}),
            content,
            timeout or self.peer.timeout,
            addresses,
            {
                "api": api,
                "release": self.peer.release if api else None,
                "kind": kind,
                "operation": operation,
                "path_params": dict(path_params or {}),
                "step": step,
                "provoked": provoked,
            },
        )
        tries = self.peer.pace.retries if method in _REPEATABLE else 0
        for n in range(tries + 1):
            try:
                exchange = self._let_in(outgoing)
            except UserError as error:
                fault = Fault(FaultKind.UNREACHABLE, f"no credentials for {host_of(full)}: {first_line(error)}")
                return self._record(outgoing, {**sent, **outgoing.own}, self._now(), 0.0, fault, None)
            if n == tries or not _is_lost(exchange) or self._hurried.is_set():
                break
            self.pause(_BETWEEN * 2**n)
        return exchange

    def _let_in(self, outgoing: _Outgoing) -> Exchange:
        """One request; once more where its token was refused and another is to be had. A 401 says that nothing was done.

        UserError where there are no credentials to be had: nothing was sent then.
        """
        errand, own = outgoing.errand, {name.lower() for name in outgoing.own}
        said = self.peer.introduction(errand.method, errand.url, errand)
        introduction = {name: value for name, value in said.items() if name.lower() not in own}
        exchange = self._transmit(outgoing, introduction)
        credentials = self.peer.credentials
        ours = isinstance(credentials, Issued) and bool(introduction) and "authorization" not in own
        if not ours or exchange.response is None:
            return exchange
        assert isinstance(credentials, Issued)
        if exchange.response.status != HTTPStatus.UNAUTHORIZED:
            credentials.accepted(introduction)
            return exchange
        try:
            again = credentials.refused(errand, introduction)
        except UserError:
            return exchange  # what was answered says more than that there is no other token
        return exchange if again is None else self._transmit(outgoing, {**introduction, **again})

    def _transmit(self, outgoing: _Outgoing, introduction: Mapping[str, str]) -> Exchange:
        if self.peer.pace.turn is not None and self.peer.is_at(outgoing.errand.url):
            self.peer.pace.turn(self.pause)
        headers = {**outgoing.sent, **introduction, **outgoing.own}
        errand = outgoing.errand
        at, started = self._now(), time.perf_counter()
        outcome, tls = self._exchange(
            errand.method, errand.url, headers, outgoing.content, outgoing.timeout, outgoing.addresses
        )
        return self._record(outgoing, headers, at, time.perf_counter() - started, outcome, tls)

    def _record(
        self,
        outgoing: _Outgoing,
        headers: Mapping[str, str],
        at: datetime,
        seconds: float,
        outcome: Response | Fault,
        tls: Tls | None,
    ) -> Exchange:
        exchange = Exchange(
            n=0,
            at=at,
            elapsed_ms=round(seconds * 1000, 3),
            sender=self._sender,
            receiver=self._sender.other,
            request=Request(
                headers=tuple(headers.items()),
                raw=outgoing.content,
                method=outgoing.errand.method,
                url=outgoing.errand.url,
            ),
            response=outcome if isinstance(outcome, Response) else None,
            fault=outcome if isinstance(outcome, Fault) else None,
            run=self._run,
            secured=Secured(tls, flaw=self.peer.flaw) if tls is not None or self.peer.flaw else None,
            **outgoing.about,
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
    ) -> tuple[Response | Fault, Tls | None]:
        if method not in _REPEATABLE:
            outcome, watch = self._once(True, method, url, headers, content, timeout, addresses)
            return outcome, watch.tls
        outcome, watch = self._once(False, method, url, headers, content, timeout)
        if watch.reused and isinstance(outcome, Fault) and outcome.kind is FaultKind.CLOSED:
            # A partner may end an idle connection just as we take it up again: that is nobody's fault.
            outcome, watch = self._once(True, method, url, headers, content, timeout)
        return outcome, watch.tls

    def _session(self, *, fresh: bool, url: str) -> requests.Session:
        """The connections that a request goes over: those to the partner may be secured otherwise than to everybody."""
        identity = self.peer.identity_to(url)
        with self._counting:
            key = fresh, identity is not None
            if key not in self._sessions:
                self._sessions[key] = session(fresh=fresh, identity=identity)
            return self._sessions[key]

    def _once(
        self,
        fresh: bool,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
        addresses: Sequence[str] | None = None,
    ) -> tuple[Response | Fault, Watch]:
        """What one attempt brings, and the watch over it, which knows whether its connection had been used before."""
        with self._counting:
            longest = min(timeout, self._longest)
            watch = Watch(longest, addresses)
            self._going.add(watch)
        try:
            with watch:
                line = self._session(fresh=fresh, url=url)
                return self._watched(watch, line, method, url, headers, content, longest), watch
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
            return Fault(
                FaultKind.UNREACHABLE, f"no connection to {host_of(url)} within {min(timeout, self.peer.connect):g} s"
            )
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            outcome = Fault(FaultKind.TIMEOUT, "")
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
            UserError,
        ) as error:
            outcome = fault_of(url, error)
        if watch.abandoned:
            return Fault(FaultKind.UNANSWERED, f"interrupted before a whole response of {host_of(url)} came")
        if watch.expired or (isinstance(outcome, Fault) and outcome.kind is FaultKind.TIMEOUT):
            # Whatever it looked like, it was the end of our patience.
            return Fault(FaultKind.TIMEOUT, f"no whole response from {host_of(url)} within {timeout:g} s")
        return self._by_way(url, outcome) if isinstance(outcome, Fault) else outcome

    def _by_way(self, url: str, fault: Fault) -> Fault:
        """A fault with the proxy in it that stands in between: it may be the one that is not reached."""
        proxy = self.peer.proxy_to(url)
        if proxy is None or fault.kind is not FaultKind.UNREACHABLE or fault.message.startswith("the proxy"):
            return fault
        return Fault(fault.kind, f"{fault.message} (by way of the proxy {host_of(proxy)})")

    def _ask(
        self,
        session: requests.Session,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
    ) -> Response | Fault:
        peer, proxy = self.peer, self.peer.proxy_to(url)
        with session.request(
            method,
            url,
            data=content or None,
            headers=headers,
            timeout=(min(timeout, peer.connect), timeout),
            allow_redirects=False,
            stream=True,
            verify=str(peer.authorities or authorities()) if url[:6].lower() == "https:" else None,
            proxies={"all": proxy} if proxy else None,
        ) as answer:
            received = bytearray()
            coding = answer.raw.headers.get("content-encoding", "")
            # We ask for `identity`; a partner that packs all the same is understood.
            for chunk in unpacked(answer.raw.stream(_CHUNK, decode_content=False), coding):
                received += chunk
                if len(received) > MAX_RESPONSE:
                    answer.raw.close()  # the rest is not wanted, and must not reach the next response
                    return Fault(
                        FaultKind.PROTOCOL, f"the response of {host_of(url)} is larger than {MAX_RESPONSE} bytes"
                    )
            return Response(
                headers=tuple((str(k), str(v)) for k, v in answer.raw.headers.items()),
                raw=bytes(received),
                status=answer.status_code,
            )
