"""What comes back through a door that passes it on: whole, or piece by piece where it is too large to be held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Final

from emulator.doors.asgi import Answer, Send
from emulator.doors.aside import aside
from emulator.doors.exactly import CUT, Exactly
from emulator.doors.passage.crossing import Crossing, Keep
from emulator.doors.passage.detour import SUBSCRIBES, Detours, rewritten
from emulator.doors.passage.fields import Fields, framed, head, in_chunks
from emulator.doors.passage.onward import Incoming, Lost, bare
from emulator.doors.passage.sifting import Sieve
from emulator.doors.receiving import KEPT_OF_UNREAD
from emulator.record import coding
from emulator.record.call import ApiError, outside_standard
from emulator.record.exchange import Fault, FaultKind, Party, Response, Unread, UnreadKind
from emulator.record.relayed import CALLBACK, Change

TRAILERS: Final = "{} has trailers, header fields behind the body: oit proxy leaves them behind, as RFC 9112, 7.1.2 allows who takes chunks apart"
_TIMES: Final = {FaultKind.TIMEOUT: 504}
_NO_BODY: Final = frozenset({204, 304})


class Returning:
    """Passes answers on, and has them kept before their end goes out. At most `limit` bytes of each are held."""

    def __init__(self, detours: Detours, sieve: Sieve, told: Callable[[str], None], limit: int) -> None:
        self._detours, self._sieve, self._told, self._limit = detours, sieve, told, limit

    async def __call__(self, one: Crossing, coming: Incoming, keep: Keep, send: Send) -> None:
        """Have the answer kept and passed on."""
        pieces = coming.pieces()
        body, whole = bytearray(), True
        try:
            async for piece in pieces:
                body += piece
                if len(body) > self._limit:
                    whole = False
                    break
        except Lost as lost:
            await keep(lost.fault)
            await say(send, no_answer(one.side.receiver, lost.fault))
            return
        fields = list(coming.headers)
        if any(name.lower() == "trailer" for name, _ in fields):
            self._told(TRAILERS.format("an answer"))  # what is not announced nobody tells us of
        if not whole:
            await self._stream(one, coming, bytes(body), pieces, keep, send)
            return
        raw = bytes(body)
        seen = Response(coming.headers, raw, coming.status)
        if raw and seen.coding:
            plain, unread = await aside(coding.read, raw, seen.coding, self._limit)
            seen = replace(seen, raw=plain, unread=unread)
        if one.side.receiver is Party.SELLER and SUBSCRIBES.search(one.visit.path):
            raw, fields, seen = self._turned(one, raw, fields, seen)
        self._look_at_links(one, seen)
        judged = await self._sieve.response(one.visit, seen)
        one.marks += judged.marks
        await keep(seen)
        if judged.error is not None:
            await say(send, judged.error)
            return
        bodiless = one.visit.request.method == "HEAD" or coming.status in _NO_BODY
        chunks = in_chunks(coming) and one.takes_chunks
        if not bodiless and not any(name.lower() == "content-length" for name, _ in fields) and not chunks:
            fields.append(("Content-Length", str(len(raw))))
        await send(head(coming, fields, one.marks))
        await send({"type": "http.response.body", "body": raw})

    async def _stream(
        self, one: Crossing, coming: Incoming, begun: bytes, pieces: AsyncIterator[bytes], keep: Keep, send: Send
    ) -> None:
        """Pass on what is too large to be held, piece by piece, as fast as it is read."""
        await send(head(coming, list(coming.headers), one.marks))
        await send({"type": "http.response.body", "body": begun, "more_body": True})
        try:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if isinstance(send, Exactly) and send.is_gone:
                    break  # nobody reads the rest
        except Lost as lost:
            await keep(lost.fault)
            await send({"type": CUT})
            return
        why = f"the body is larger than {self._limit} bytes"
        unread = Unread(UnreadKind.TOO_LARGE, why)
        await keep(Response(coming.headers, begun[:KEPT_OF_UNREAD], coming.status, unread=unread))
        await send({"type": "http.response.body", "body": b""})

    def _turned(self, one: Crossing, raw: bytes, fields: Fields, seen: Response) -> tuple[bytes, Fields, Response]:
        """The answer to a subscriber, with the callback that it has said itself."""
        if one.led is not None and coming_to_nothing(seen.status):
            self._detours.forget(one.visit.run, one.led)
        found = rewritten(seen.raw, self._detours.back) if seen.unread is None else None
        if found is None:
            return raw, fields, seen
        one.changes.append(Change(f"response {CALLBACK}", found.after, found.before))
        done = framed(fields, len(found.raw))
        return found.raw, done, replace(seen, headers=tuple(done), raw=found.raw)

    def _look_at_links(self, one: Crossing, seen: Response) -> None:
        """Tell of links that lead past us: they are left as they are, and who follows one is not seen here."""
        if one.side.receiver is Party.SELLER and (server := bare(one.goal.server).encode()) in seen.raw:
            self._told(
                f"answers of {server.decode()} have links (href) that lead there: who follows them passes by this proxy, and"
                " is not judged"
            )


def coming_to_nothing(status: int) -> bool:
    """Whether an answer says that nothing was done."""
    return not 200 <= status < 300  # noqa: PLR2004 - what HTTP calls a success


async def say(send: Send, error: ApiError) -> None:
    """Answer for ourselves."""
    answer = Answer()
    answer.fill(error.status, error.body, error.headers)
    await send({"type": "http.response.start", "status": error.status, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": bytes(answer.body)})


def no_answer(receiver: Party, fault: Fault) -> ApiError:
    """What is answered where there is nothing to bring back."""
    status = _TIMES.get(fault.kind, 502)
    return outside_standard(status, f"The {receiver} gave no answer; oit proxy says so", fault.message)
