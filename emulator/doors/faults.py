"""Trouble on purpose: what happens at the server's door to answers that were right, as a case asks for it."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from emulator.doors.asgi import Answer, Receive, Send
from emulator.doors.troubles import STRANGER, AnyNote, Lasting, NewsTrouble, Note, TokenTrouble, Trouble, Twist
from emulator.record.exchange import Fault, FaultKind
from emulator.record.payload import MISSING, dump, parse

Sleep = Callable[[float], Awaitable[None]]


class Faults:
    """The troubles in force at a door. One object serves the runner, who arms it, and the server, who asks it."""

    def __init__(self, seed: int | str = 0, *, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep` lets real time pass: a wire knows no other."""
        self._chance = random.Random(f"faults/{seed}")  # noqa: S311 - repeatable on purpose
        self._sleep = sleep
        self._lock = threading.Lock()
        self._troubles: list[Trouble] = []
        self._asked: Counter[int] = Counter()
        self._news: NewsTrouble | None = None
        self._tokens: TokenTrouble | None = None
        self._numbers: dict[str, int] = {}
        self._kept: Any = None
        self._outlived: set[str] = set()
        self._lasting: list[Lasting] = []
        self.odd_events: set[str] = set()
        """The eventIds of notifications that were sent otherwise than they were owed."""
        self.withheld: set[str] = set()
        """The ids of the resources that these, and those that were dropped or held back, tell of."""
        self.struck = 0
        """Requests that met trouble so far."""
        self.spoilt = 0
        """Those of them whose answer was not what the party answered."""
        self.created: Counter[tuple[str, str]] = Counter()
        """How many requests were carried out with 201 since the last arming, by API and operation."""
        self.before: Callable[[], None] = lambda: None
        """Called before it is decided what a request or notification meets: who arms can have its turn first."""
        self.problems: list[str] = []
        """Mutations that did not fit the answer."""

    @contextmanager
    def armed(
        self, *troubles: Trouble, news: NewsTrouble | None = None, tokens: TokenTrouble | None = None
    ) -> Iterator[None]:
        """Inside, these troubles happen, and no others."""
        with self._lock:
            self._troubles, self._asked = list(troubles), Counter()
            self._news, self._numbers, self._kept, self._tokens = news, {}, None, tokens
            self.created.clear()
            self.problems.clear()
            self.struck = 0
            self.spoilt = 0
        try:
            yield
        finally:
            with self._lock:
                self._troubles, self._news, self._tokens = [], None, None

    def arm(self, lasting: Lasting) -> None:
        """Have a trouble happen from now on, beside those of a case, which come first."""
        with self._lock:
            if lasting.news is not None:
                self._lasting = [one for one in self._lasting if one.news is None]
                self._numbers = {}
            self._lasting.append(lasting)

    def lift(self) -> int:
        """End all that was armed by hand; returns how many troubles that were."""
        with self._lock:
            count, self._lasting = len(self._lasting), []
        return count

    def lasting(self) -> list[Lasting]:
        """What was armed by hand and is still to happen."""
        with self._lock:
            return [replace(one) for one in self._lasting if one.left != 0]

    def _by_hand(self, api: str, operation: str) -> Trouble | None:
        for one in self._lasting:
            trouble = one.trouble
            if trouble is not None and (trouble.api, trouble.operation) == (api, operation):
                self._count_down(one)
                return trouble
        return None

    def _count_down(self, one: Lasting) -> None:
        if one.left is not None:
            one.left -= 1
            if one.left <= 0:
                self._lasting.remove(one)

    def _news_by_hand(self, note: Note) -> NewsTrouble | None:
        """The trouble that a notification meets; one that met it keeps it when it is tried again."""
        one = next((one for one in self._lasting if one.news is not None), None)
        if one is None or one.news is None:
            return None
        if note.id not in self._numbers and one.left is not None:
            if one.left <= 0:
                self._lasting.remove(one)
                return None
            one.left -= 1
        return one.news

    def tokens(self) -> TokenTrouble | None:
        """What goes wrong with access tokens now: what the case wants, else what was armed by hand."""
        self.before()
        with self._lock:
            by_hand = next((one.tokens for one in self._lasting if one.tokens is not None), None)
            return self._tokens or by_hand

    def tokens_met(self) -> None:
        """Told of each request that met that: a token that lives shortly, or one that is not good any more."""
        with self._lock:
            self.struck += 1
            one = next((one for one in self._lasting if one.tokens is not None), None)
            if one is not None and self._tokens is None:
                self._count_down(one)

    def outlives(self, subscription: str) -> bool:
        """Whether a subscription that has ended is told of events all the same."""
        with self._lock:
            if self._news is None or not self._news.after_end:
                return False
            self._outlived.add(subscription)
            return True

    def twist(self, note: AnyNote) -> Twist[AnyNote] | None:
        """What is sent in place of a notification that is about to be delivered; None where it goes as it is."""
        self.before()
        with self._lock:
            if note.subscription in self._outlived:
                self.odd_events.add(str(note.body.get("eventId")))
            kept, self._kept = self._kept, None
            news = self._news or self._news_by_hand(note)
            if news is None:
                # Trouble is over; what it held back comes after all.
                return None if kept is None else Twist((note, kept))
            if news.after_end and note.subscription not in self._outlived:
                return None  # the others are told as ever
            seen = note.id in self._numbers
            number = self._numbers.setdefault(note.id, len(self._numbers) + 1)
            if news.token is not None:
                self.odd_events.add(str(note.body.get("eventId")))
            if not seen:
                self.struck += 1
            self.withheld.add(str(note.body.get("event", {}).get("id")))
            if news.delay is not None and not seen:
                self._kept = kept
                return Twist((), news.delay.draw(self._chance))
            twist = self._sent(news, number, note, kept)
            if news.token is None:
                return twist
            return Twist((note,), token=news.token) if twist is None else replace(twist, token=news.token)

    def _sent(self, news: NewsTrouble, number: int, note: AnyNote, kept: AnyNote | None) -> Twist[AnyNote] | None:
        event = str(note.body.get("eventId"))
        if number in news.drop:
            self.odd_events.add(event)
            return Twist(() if kept is None else (kept,))
        sent = note
        if number in news.wrong_buyer:
            self.odd_events.add(event)
            about = {**note.body.get("event", {}), "buyerId": STRANGER}
            sent = cast("AnyNote", replace(cast("Any", note), body={**note.body, "event": about}))
        if number in news.duplicate:
            self.odd_events.add(event)
            return Twist((sent, sent) if kept is None else (sent, sent, kept))
        if news.reorder:
            self.odd_events.add(event)
            if kept is None:
                self._kept = sent
                return Twist(())
        return Twist((sent,) if kept is None else (sent, kept))

    def meet(self, api: str, operation: str) -> Trouble | None:
        """The trouble that this request meets; it is counted."""
        self.before()
        with self._lock:
            for index, trouble in enumerate(self._troubles):
                if (trouble.api, trouble.operation) != (api, operation):
                    continue
                self._asked[index] += 1
                turn = self._asked[index] - trouble.first
                if turn >= 0 and (trouble.times is None or turn < trouble.times):
                    return self._met(trouble)
            by_hand = self._by_hand(api, operation)
            return None if by_hand is None else self._met(by_hand)

    def _met(self, trouble: Trouble) -> Trouble:
        self.struck += 1
        self.spoilt += trouble.spoils
        return trouble

    def carried_out(self, api: str, operation: str, status: int) -> None:
        """Told by the server of each request that its party answered."""
        if status == 201:  # noqa: PLR2004 - Created
            with self._lock:
                self.created[api, operation] += 1

    def spoil(self, trouble: Trouble, answer: Answer) -> Fault | None:
        """Make the answer what will be sent, and say what takes its place where it will not come whole."""
        if trouble.reset:
            return Fault(FaultKind.CLOSED, "the connection was reset on purpose; the request took no effect")
        if trouble.lost:
            return Fault(FaultKind.CLOSED, "the answer was lost on purpose; the request took effect")
        if trouble.mutate is not None:
            self._mutate(trouble.mutate, answer)
        named = dict(trouble.headers)
        if trouble.content_type is not None:
            named["content-type"] = trouble.content_type
        for name, value in named.items():
            answer.put_header(name, value)
        if trouble.keep is not None and trouble.keep < len(answer.body):
            words = f"the connection ended on purpose after {trouble.keep} of {len(answer.body)} bytes"
            return Fault(FaultKind.CLOSED, words)
        return None

    def _mutate(self, mutate: Callable[[Any], Any], answer: Answer) -> None:
        body = parse(bytes(answer.body)).value
        try:
            changed = mutate(None if body is MISSING else body)
        except ValueError as error:
            self.problems.append(f"the answer with status {answer.status} cannot be changed so: {error}")
            return
        answer.body = bytearray(dump(changed))
        answer.put_header("content-length", str(len(answer.body)))

    async def deliver(self, trouble: Trouble, answer: Answer, receive: Receive, send: Send) -> None:
        """Send the answer as the trouble wants it."""
        if trouble.delay is not None:
            await self._sleep(trouble.delay.draw(self._chance))
        if trouble.reset or trouble.lost:
            await _hang_up(receive, send, hard=trouble.reset)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
        body = bytes(answer.body)
        cut = trouble.keep is not None and trouble.keep < len(body)
        kept = body[: trouble.keep] if cut else body
        size, pause = trouble.drip or (max(len(kept), 1), 0.0)
        for start in range(0, len(kept), size):
            if start:
                await self._sleep(pause)
            await send({"type": "http.response.body", "body": kept[start : start + size], "more_body": True})
        if cut:
            await _hang_up(receive, send, hard=False)
        else:
            await send({"type": "http.response.body", "body": b""})


async def _hang_up(receive: Receive, send: Send, *, hard: bool) -> None:
    """End the connection without another byte; `hard` with a reset, as from a machine that has crashed.

    ASGI has no word for it, so uvicorn's own request cycle is asked for its transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this server cannot end a connection on purpose")
    line = transport.get_extra_info("socket")
    if hard and line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
