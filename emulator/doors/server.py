"""The one way in, a chain: receive -> authenticate -> attribute -> authorise -> check -> serve -> record -> the answer
is sent. What is asked of an authorization server of ours is answered by that, and recorded.

Each link is a module: `receiving`, `authenticating`, `attributing`, `answering` (with `refusing`), `service`, `recording`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from typing import Final

from emulator.doors.answering import Answering, later, our_fault
from emulator.doors.asgi import Answer, Receive, Scope, Send
from emulator.doors.attributing import Attributing
from emulator.doors.authenticating import Authenticate, Authorise, AuthorizationServer, everybody, everything
from emulator.doors.dating import leave_to_us, put_date
from emulator.doors.dress import Dress, Plain
from emulator.doors.faults import Faults
from emulator.doors.receiving import MAX_BODY, Receiving
from emulator.doors.recording import Recording
from emulator.doors.refusing import ErrorPolicy
from emulator.doors.routing import outside
from emulator.doors.service import Service
from emulator.doors.visit import Visit
from emulator.record.call import ApiError, Call, Unavailable
from emulator.record.exchange import Fault, FaultKind, Party, Transcript
from emulator.record.payload import dump
from emulator.standard.contract import Contract
from emulator.standard.paths import PathMap

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_FIRST_ERROR: Final = 400

_log = logging.getLogger("oit.server")


class Server:
    """Serves one party's contracts over HTTP and records every exchange, refusals included. Each answer has a `Date`, by `now`,
    the clock of that party.

    `service` is the party that answers. `transcript_of(run)` gives the transcript that a request belongs to; ""
    is the plain base path, `r1` the one below `/r/r1`. `paths` are the base paths, the standard's if left out;
    `authenticate` says who is let in, everybody if left out, `authorise` what that one may do; `authority` is an authorization
    server that is reached at the same door; `policy` what becomes of requests that break their contract.
    `replied` is told of each call that the service was given, once its reply is out or cannot be sent. `lifetime` is
    entered while the server listens. `kept` is awaited before a reply goes out: by then the exchange is recorded for
    good, and what the service did is done for good; if it raises, it is not.
    """

    def __init__(
        self,
        party: Party,
        contracts: list[Contract],
        service: Service,
        now: Callable[[], datetime],
        transcript_of: Callable[[str], Transcript],
        *,
        paths: PathMap | None = None,
        authenticate: Authenticate = everybody,
        authorise: Authorise = everything,
        authority: AuthorizationServer | None = None,
        policy: ErrorPolicy | None = None,
        max_body: int = MAX_BODY,
        faults: Faults | None = None,
        dress: Dress | None = None,
        replied: Callable[[Call], None] | None = None,
        lifetime: Callable[[], AbstractContextManager[None]] = nullcontext,
        kept: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._party, self._contracts, self._now = party, contracts, now
        self._faults, self._dress = faults or Faults(), dress or Plain()
        self._receive = Receiving(party.other, max_body)
        self._authenticate, self._authorise, self._authority = authenticate, authorise, authority
        self._attribute = Attributing(contracts, paths)
        self._answer = Answering(service, policy or ErrorPolicy(), self._faults, self._dress)
        self._record = Recording(party, transcript_of)
        self._replied = replied or (lambda _: None)
        self._lifetime, self._kept = lifetime, kept
        self._outside = outside()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            with self._lifetime():
                await self._outside(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._outside(scope, receive, send)
            return
        leave_to_us(send)
        visit = await self._receive(scope, receive)
        if visit.there and scope["path"] in {"/", "/health"}:
            await self._front_page(send)
            return
        at, started = self._now(), time.perf_counter()
        if not visit.there:
            await self._keep_unanswered(visit, at)
            return
        try:
            await self._meet(scope, visit)
            await self._keep(visit, at, started)
            await self._send(visit, receive, send)
        finally:
            if visit.call is not None:
                self._replied(visit.call)

    async def _meet(self, scope: Scope, visit: Visit) -> None:
        """Authenticate, attribute, authorise, check, serve: afterwards the visit has its answer."""
        try:
            if self._authority is not None and (duty := self._authority.duty(visit.path)) is not None:
                self._authorize(self._authority, visit, duty)
                return
            refused = await self._let_in(visit)
            await self._attribute(scope, visit)  # a refusal too is recorded as the operation's
            refused = refused or self._forbidden(visit)
            if refused is not None:
                visit.answer.fill(refused.status, refused.body, refused.headers)
            elif visit.operation is not None:
                if visit.contract is not None and visit.operation is not None:
                    visit.trouble = self._faults.meet(visit.contract.api, visit.operation)
                await self._answer(visit)
            else:
                visit.answer = self._attribute.answer(visit)
        except Unavailable:
            visit.answer.fill((error := later()).status, error.body, error.headers)
        except Exception:  # noqa: BLE001 - whatever it is, the partner gets the standard's 500
            _log.exception("%s %s failed", visit.request.method, visit.path)
            visit.answer.fill((error := our_fault()).status, error.body)
        if visit.request.method == "HEAD":
            visit.answer.body.clear()  # its headers speak of a body that is not sent

    def _authorize(self, authority: AuthorizationServer, visit: Visit, duty: str) -> None:
        """Have an authorization server answer, or the trouble that is made there on purpose."""
        visit.duty = duty
        visit.trouble = self._faults.meet(authority.api, duty)
        if visit.trouble is not None and (instead := visit.trouble.instead()) is not None:
            visit.answer.give(instead, b"" if instead.body is None else dump(instead.body), "application/json")
        else:
            authority.serve(visit, duty)

    def _forbidden(self, visit: Visit) -> ApiError | None:
        """The answer for who may not do what it asks for."""
        try:
            self._authorise(visit)
        except ApiError as refused:
            return refused
        return None

    async def _let_in(self, visit: Visit) -> ApiError | None:
        """Note who asks; the answer for who is not let in."""
        try:
            visit.caller = await self._authenticate(visit)
        except ApiError as refused:
            return refused
        return None

    async def _keep(self, visit: Visit, at: datetime, started: float) -> None:
        """Record the exchange, spoilt where that is wanted; what cannot be kept is answered as not done."""
        answer = visit.answer
        put_date(answer, self._now())
        spoilt = self._faults.spoil(visit.trouble, answer) if visit.trouble else None
        elapsed = (time.perf_counter() - started) * 1000
        await self._record(visit, at, elapsed, spoilt or answer.response())
        if self._kept is None:
            return
        try:
            await self._kept()
        except Unavailable:
            # What is not kept was not done, nor recorded. Who only read, or was refused, has his answer all the same.
            if visit.request.method not in _SAFE and answer.status < _FIRST_ERROR:
                answer.fill((error := later()).status, error.body, error.headers)
                put_date(answer, self._now())
            await self._record(visit, at, elapsed, spoilt or answer.response(), late=True)
        except Exception:  # noqa: BLE001 - whatever it is: what is not kept was not done
            _log.exception("%s was not kept", visit.operation)
            answer.fill((error := our_fault()).status, error.body)
            put_date(answer, self._now())

    async def _keep_unanswered(self, visit: Visit, at: datetime) -> None:
        """Record a request whose sender is gone. It is attributed to its API, and to none of its operations."""
        unread = visit.request.unread
        assert unread is not None
        visit.contract = self._attribute.contract_at(visit.path)
        await self._record(visit, at, 0.0, Fault(FaultKind.CLOSED, unread.why))
        if self._kept is not None:
            with suppress(Unavailable):
                await self._kept()

    async def _send(self, visit: Visit, receive: Receive, send: Send) -> None:
        answer = visit.answer
        if pause := self._dress.pause():
            await asyncio.sleep(pause)
        if visit.trouble:
            await self._faults.deliver(visit.trouble, answer, receive, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": bytes(answer.body)})

    async def _front_page(self, send: Send) -> None:
        base_of, answer = self._attribute.base_of, Answer()
        answer.fill(
            200,
            {
                "oit": str(self._party),
                "status": "up",
                "apis": [
                    {"api": c.api, "kind": c.kind, "version": c.version, "release": c.release, "base_path": base_of(c)}
                    for c in self._contracts
                ],
            },
            {"content-type": "application/json"},
        )
        put_date(answer, self._now())
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": bytes(answer.body)})
