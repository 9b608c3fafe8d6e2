"""A door between two real parties: what comes is passed on as it came, and kept as its buyer saw it.

What changes is Host, what belongs to one connection (RFC 9110, 7.6.1), our own credentials where we have some, and the callback
of a subscription, which is led to this door (`detour`) and turned back in the answer. Nothing else does: no coding is undone,
no path is taken for unknown, no redirect is followed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from emulator.doors.asgi import REFUSED, Receive, Scope, Send, routing_path, split_run
from emulator.doors.aside import aside
from emulator.doors.exactly import CUT, SPELT, TRAILED
from emulator.doors.handshake import HANDSHAKE
from emulator.doors.passage.crossing import Channel, Crossing, Gone, Keep, Towards
from emulator.doors.passage.detour import PREFIX, SUBSCRIBES, Detours, Everywhere, Guarding, rewritten
from emulator.doors.passage.fields import framed, onward_fields
from emulator.doors.passage.onward import Goal, Incoming, Lost, bare, host_of, server_of
from emulator.doors.passage.returning import TRAILERS, Returning, no_answer, say
from emulator.doors.passage.sifting import Sieve
from emulator.doors.peer import Errand
from emulator.doors.receiving import KEPT_OF_UNREAD, MAX_BODY, root_of, target_of
from emulator.doors.routing import outside
from emulator.doors.visit import Visit
from emulator.record import coding
from emulator.record.call import ApiError, no_such_path
from emulator.record.exchange import (
    Fault,
    FaultKind,
    Party,
    Request,
    Transcript,
    Unread,
    UnreadKind,
    tokens_of,
)
from emulator.record.relayed import CALLBACK, Change
from emulator.record.secrets import MASK

BOUND: Final = "x5t#S256"
"""What a token says of the certificate that its sender must have."""
_log = logging.getLogger("oit.proxy")


class Passage:
    """The ASGI application of such a door. `seller` is the way to the seller, `buyer` that of callbacks.

    `transcript_of(run)` is as for `Server`, `leg` names the two between whom the door stands. `guard` says where callbacks may
    lead, `sieve` what becomes of what breaks its contract. `told` gets what a user should know, in words.
    """

    def __init__(
        self,
        seller: Towards,
        buyer: Towards,
        now: Callable[[], datetime],
        transcript_of: Callable[[str], Transcript],
        detours: Detours,
        *,
        leg: str | None = None,
        sieve: Sieve | None = None,
        guard: Guarding | None = None,
        subscriber: str | None = None,
        told: Callable[[str], None] = lambda _: None,
        max_body: int = MAX_BODY,
    ) -> None:
        """`subscriber` is where notifications go that come to the plain callback: of subscriptions that we have not seen."""
        self._seller, self._buyer = (Channel(side, transcript_of, leg) for side in (seller, buyer))
        self._now, self._detours, self._sieve = now, detours, sieve or Sieve()
        self._guard, self._subscriber, self._told = guard or Everywhere(), subscriber, told
        self._limit = max_body
        self._returning = Returning(detours, self._sieve, told, max_body)
        self._outside = outside(self._connected)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await self._seller.onward.close()
            await self._buyer.onward.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self._outside(scope, receive, send)
            return
        at, started = self._now(), time.perf_counter()
        try:
            crossing = await self._crossing(scope, receive)
        except ApiError as refused:
            await say(send, refused)
            return
        try:
            await self._pass(crossing, send, at, started)
            if TRAILED in scope:
                self._told(TRAILERS.format("a request"))
        except Exception:  # noqa: BLE001 - whatever it is, the sender must not wait for ever
            _log.exception("%s %s was not passed on", crossing.visit.request.method, crossing.visit.path)
            await send({"type": CUT})

    # -- what comes --------------------------------------------------------------------------------

    async def _crossing(self, scope: Scope, receive: Receive) -> Crossing:
        """What came, and where it goes. ApiError where it goes nowhere."""
        run, path = split_run(routing_path(scope))
        target = _without_run(target_of(scope), run)
        names = scope.get(SPELT) or [name for name, _ in scope["headers"]]
        fields = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, (_, value) in zip(names, scope["headers"], strict=True)
        ]
        root = root_of(scope, next((value for name, value in fields if name.lower() == "host"), ""))
        if path.startswith(PREFIX):
            way, url, path = self._buyer, *await self._callback(run, path, target)
            seen, seller_url = url, root + target_of(scope)
            goal = Goal(url, url.removeprefix(server_of(url)) or "/")
        else:
            way, seen = self._seller, root + target_of(scope)
            goal, seller_url = Goal("", target), ""
        raw, rest = await self._read(scope, receive, way.receiver.other)
        visit = Visit(run, Request(tuple(fields), raw, scope["method"], seen), way.standard_path(path), root)
        visit.handshake = scope.get(HANDSHAKE)
        if isinstance(rest, Unread):
            visit.there = False
            visit.request = replace(visit.request, raw=raw[:KEPT_OF_UNREAD], unread=rest)
        elif rest is not None:
            why = f"the body is larger than {self._limit} bytes"
            visit.request = replace(visit.request, raw=raw[:KEPT_OF_UNREAD], unread=Unread(UnreadKind.TOO_LARGE, why))
        elif raw and visit.request.coding:
            plain, unread = await aside(coding.read, raw, visit.request.coding, self._limit)
            visit.request = replace(visit.request, raw=plain, unread=unread)
        await way.attribute(scope, visit)
        if way is self._seller:
            goal, seller_url = self._to_seller(way, visit, target)
        body = raw if rest is None or isinstance(rest, Unread) else _whole(raw, rest)
        chunks = scope.get("http_version") != "1.0"
        return Crossing(way, visit, goal, fields, body, seller_url, takes_chunks=chunks)

    def _to_seller(self, way: Channel, visit: Visit, target: str) -> tuple[Goal, str]:
        """Where the seller has what is asked for."""
        peer, contract = way.onward.peer, visit.contract
        root = (peer.roots.get((contract.api, contract.kind)) if contract else None) or peer.root
        server = server_of(root)
        goal = Goal(server, root.removeprefix(server).rstrip("/") + target)
        return goal, peer.addressed(goal.url)

    async def _callback(self, run: str, path: str, target: str) -> tuple[str, str]:
        """The URL that a notification goes to, and its path behind the callback. ApiError where nobody waits for it."""
        name, _, _ = path.removeprefix(PREFIX).partition("/")
        _, _, asked = target.partition(PREFIX)
        sent, mark, query = asked.partition("?")
        rest = sent[len(name) :]
        callback = await asyncio.to_thread(self._detours.original, run, name)
        if callback is None and name == "plain" and self._subscriber:
            callback = self._subscriber
        if callback is None:
            self._told(f"a notification came to {PREFIX + name!r:.80}, and no subscription leads there")
            raise no_such_path(path)
        base, had, own = callback.partition("?")
        queries = "&".join(part for part in (own, query) if part)
        url = (base.rstrip("/") + rest if rest else base) + ("?" + queries if had or mark else "")
        return url, path.removeprefix(PREFIX + name) or "/"

    async def _read(
        self, scope: Scope, receive: Receive, sender: Party
    ) -> tuple[bytes, AsyncIterator[bytes] | Unread | None]:
        """The body up to the limit; then None where that is all, the rest where there is more, or why it is cut."""
        body, ended = bytearray(), f"the {sender} ended the connection in the middle of its request"
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return bytes(body), Unread(UnreadKind.CUT, scope.get(REFUSED, ended))
            body += message.get("body", b"")
            if not message.get("more_body"):
                return bytes(body), None if len(body) <= self._limit else _rest(receive, more=False)
            if len(body) > self._limit:
                return bytes(body), _rest(receive, more=True)

    # -- what goes on ------------------------------------------------------------------------------

    async def _pass(self, one: Crossing, send: Send, at: datetime, started: float) -> None:
        visit = one.visit
        keep = Keep(one, at, started)
        if not visit.there:
            assert visit.request.unread is not None
            await keep(Fault(FaultKind.CLOSED, visit.request.unread.why))
            return
        refused = await self._sieve.request(visit)
        one.marks += refused.marks
        if refused.error is not None:
            visit.answer.fill(refused.error.status, refused.error.body, refused.error.headers)
            visit.instead = True
            await keep(visit.answer.response())
            await say(send, refused.error)
            return
        try:
            coming = await self._sent(one)
        except Gone:
            why = f"the {one.side.receiver.other} ended the connection in the middle of its request"
            await keep(Fault(FaultKind.CLOSED, why))
            return
        except Lost as lost:
            if one.led is not None:
                self._detours.forget(visit.run, one.led)
            await keep(lost.fault)
            await say(send, no_answer(one.side.receiver, lost.fault))
            return
        try:
            await self._returning(one, coming, keep, send)
        finally:
            await coming.close()

    async def _sent(self, one: Crossing) -> Incoming:
        """Send it on, with what has to change changed. Lost where no answer comes."""
        visit, onward = one.visit, one.side.onward
        if one.side is self._seller:
            self._lead(one)
        else:
            one.goal = await self._allowed(one.goal)
        api = visit.contract.api if visit.contract is not None else None
        errand = onward.errand(visit.request.method, one.goal.url, api, visit.operation)
        own = await onward.introduction(errand)
        replaced = {name.lower() for name in own}
        if onward.introduces and onward.peer.is_at(one.goal.url):
            replaced.add("authorization")
        else:
            self._look_at_tokens(visit.request)
        had = {name.lower() for name, _ in one.fields}
        shown = {name.lower(): name for name in (*sorted(replaced & had), *own)}
        for key, name in shown.items():
            came, went = MASK if key in had else "", MASK if name in own else ""
            forms = (came, went) if one.side is self._seller else (went, came)
            one.changes.append(Change(f"header {name}", *forms))
        coming = await self._say(one, errand, own, replaced)
        again = await onward.renewed(errand, own, coming.status) if isinstance(one.body, bytes) else None
        if again is None:
            return coming
        await coming.close()
        return await self._say(one, errand, again, replaced)

    async def _say(self, one: Crossing, errand: Errand, own: dict[str, str], replaced: set[str]) -> Incoming:
        """Send it on with these headers of ours, and keep what is known of the way. Lost where no answer comes."""
        onward = one.side.onward
        fields = onward_fields(one.fields, host_of(one.goal.url), own, replaced)
        if replaced:
            one.sent = Request(tuple(fields), b"", errand.method, onward.peer.addressed(errand.url))
        try:
            coming = await onward.send(errand.method, one.goal, fields, one.body)
        except Lost as lost:
            one.tls = lost.tls
            raise
        one.tls = coming.tls
        return coming

    def _look_at_tokens(self, request: Request) -> None:
        """Tell of tokens that are bound to a certificate of who sends them (RFC 8705, 3): we cannot show that."""
        bonds = [(token.claims or {}).get("cnf") for token in tokens_of(request, None)]
        if any(isinstance(bond, Mapping) and BOUND in bond for bond in bonds):
            self._told(
                "a token is bound to its sender's certificate (cnf, RFC 8705): oit proxy cannot stand between, unless it is"
                " told how it gets a token of its own"
            )

    def _lead(self, one: Crossing) -> None:
        """Lead the callback of a subscription to our door."""
        visit = one.visit
        body = visit.request.raw
        if visit.request.method != "POST" or not SUBSCRIBES.search(visit.path) or visit.request.unread is not None:
            return

        def other(callback: str) -> str | None:
            if problem := self._guard.problem(bare(callback)):
                self._told(f"the callback of a subscription was left as it is, and its events are not seen: {problem}")
                return None
            if not self._detours.knows(visit.run, callback):
                one.led = callback
            return self._detours.lead(visit.run, callback)

        found = rewritten(body, other)
        if found is None:
            return
        one.changes.append(Change(f"request {CALLBACK}", found.before, found.after))
        one.body = found.raw
        one.fields = framed(one.fields, len(found.raw))

    async def _allowed(self, goal: Goal) -> Goal:
        """Where the connection to a callback may go. Lost where it may not."""
        try:
            return replace(goal, addresses=await asyncio.to_thread(self._guard.addresses, bare(goal.server)))
        except PermissionError as problem:
            raise Lost(Fault(FaultKind.UNREACHABLE, str(problem))) from problem


def _without_run(target: str, run: str) -> str:
    """A target as the other party has it: without the name of a run before it."""
    if not run:
        return target
    path, mark, query = target.partition("?")
    return "/" + "/".join(path.split("/")[3:]) + mark + query


async def _rest(receive: Receive, *, more: bool) -> AsyncIterator[bytes]:
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def _whole(begun: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield begun
    async for piece in rest:
        yield piece
