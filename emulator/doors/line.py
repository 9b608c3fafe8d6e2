"""One connection of a client: uvicorn's protocol over llhttp, with bounds, with answers to what is no request, deaf to
offers of other protocols.

llhttp takes an offer to upgrade for accepted and drops the body. Here the offer is withdrawn: a new parser reads the same
head without it. What the application sees, and what is recorded, stays as it was sent.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from emulator.doors.asgi import REFUSED, Answer
from emulator.doors.crowd import Crowd, Phase
from emulator.doors.flow import Flow
from emulator.doors.handshake import HANDSHAKE, Handshake
from emulator.doors.head import NoRequest, bad, check, in_origin_form, too_much, without_offer
from emulator.record.call import ApiError, outside_standard

_TOLD: Final = frozenset({b"host", b"expect", b"transfer-encoding"})
_LARGE: Final = 65_536
"""Bytes of a body that come at once and are many."""
_TLS: Final = b"\x16\x03"
"""What a client begins with that wants TLS."""


class HttpLine(HttpToolsProtocol):
    """A connection. `since`, `held` and `address` are the crowd's: see `crowd.Line`. The scope of each request has HANDSHAKE."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        crowd: Crowd,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd, self._limits = crowd, crowd.limits
        self.since, self.held, self.address = self.loop.time(), 0, ""
        self._in_head = True
        self._head = 0  # bytes of the head under way that have come before; 0 where none has begun
        self._size = self._fields = 0  # of the head under way: bytes that the parser has told of, and fields
        self._host: bytes | None = None
        self._hosts = 0
        self._requests = 0
        self._open = self._body = 0  # requests that are not answered; bytes of the body under way
        self._offered = False
        self._as_sent: list[tuple[bytes, bytes]] | None = None
        self._answering: RequestResponseCycle | None = None
        self._left = False  # it listens no more
        self._last_words: bytes | None = None  # they wait for the answers before them
        self._spare = self._limits.spare
        self._stuck, self._stuck_since = 0, 0.0
        self._handshake: Handshake | None = None

    # -- the crowd's ---------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """What it is at."""
        if self._open:
            return Phase.ANSWERING if self._in_head or self._left or self._open > 1 else Phase.BODY
        if self._left or self.transport.is_closing():
            return Phase.LEAVING
        if not self._in_head:
            return Phase.BODY
        if self._head:
            return Phase.HEAD
        return Phase.IDLE if self._requests else Phase.NEW

    @property
    def closing(self) -> bool:
        """Whether it is about to be gone."""
        return self.transport.is_closing()

    @property
    def unread(self) -> int:
        """Bytes that wait for the client to read them."""
        return int(self.transport.get_write_buffer_size())

    def look(self, now: float) -> None:
        """End it where it is late."""
        limits, waiting = self._limits, self.unread
        if not waiting or waiting > self._stuck:
            self._stuck, self._stuck_since = waiting, now
        elif now - self._stuck_since > limits.write_seconds + (self._stuck - waiting) / limits.rate:
            self._crowd.say("a client did not read its answer and was cut off")
            self.cut()
            return
        late = now - self.since
        match self.phase:
            case Phase.LEAVING if late > limits.linger_seconds and not waiting:
                self.cut()
            case Phase.NEW if late > limits.head_seconds:
                self.transport.close()
            case Phase.IDLE if late > limits.idle_seconds:
                self.transport.close()
            case Phase.HEAD if late > limits.head_seconds:
                self._refuse(outside_standard(408, f"The head did not come within {limits.head_seconds:g} s"))
            case Phase.BODY if not self.flow.read_paused and late > limits.body_seconds + self._body / limits.rate:
                self._refuse(outside_standard(408, f"The body came too slowly: {self._body} bytes in {late:.0f} s"))
            case _:
                pass

    def make_room(self) -> None:
        """Close it; a client that has an answer to come hears why."""
        phase = self.phase
        if phase is Phase.LEAVING:
            self.cut()
            return
        if phase is not Phase.IDLE:
            self.give_up()
        self._left = True
        self.transport.close()

    def give_up(self) -> None:
        """Refuse what is not whole yet."""
        self._refuse(outside_standard(503, "Too much is under way here", "", {"Retry-After": "1"}))

    def go_on(self) -> None:
        if not self.transport.is_closing():
            self._flow.go_on()

    def cut(self) -> None:
        """Close it at once; what the system holds for the client to read goes with it."""
        if not self._in_head and not self.cycle.response_complete:
            self.cycle.scope.setdefault(REFUSED, "the connection was closed by us")  # type: ignore[typeddict-item]
        if (line := self.transport.get_extra_info("socket")) is not None:
            with suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # -- what the transport tells --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = self._flow = Flow(transport)
        self.address = self.client[0] if self.client else ""
        secure = transport.get_extra_info("ssl_object")
        self._handshake = Handshake.of(secure) if secure else None
        self.since = self.loop.time()
        if not self._crowd.join(self):
            self.give_up()
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._answering is not None:  # uvicorn tells the newest of several requests only
            self._answering.disconnected = True
            self._answering.message_event.set()
        self._crowd.leave(self)
        self._let_go()
        self.pipeline.clear()  # nobody waits for what had not begun

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._throw_away(len(data))
            return
        before, requests, body = self._in_head, self._requests, self._body
        if not self._head and before:
            if self._requests == 0 and data.startswith(_TLS):
                self._crowd.say("a client wants TLS where there is none")
                self._left = True
                self.transport.close()
                return
            self.since = self.loop.time()
        try:
            self._read(data)
        except httptools.HttpParserError as error:
            self._no_request(error)
            return
        if self._in_head:
            if before and requests == self._requests:
                self._head += len(data)
            elif self._head:
                self.since = self.loop.time()
        elif not before and requests == self._requests and body == self._body:
            self._head += len(data)  # trailers, or what else of chunks is no body
        if self._head > self._limits.head:
            self._refuse(too_much(f"The head is larger than {self._limits.head} bytes"))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._crowd.stuck(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._crowd.relieved(self)

    # -- what the parser tells -----------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        """Parse; offers to upgrade are withdrawn, as often as they come."""
        while data:
            try:
                self.parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._withdraw()

    def _withdraw(self) -> None:
        """Have a new parser read the head that was read, without the offer in it."""
        self._offered = False
        head = without_offer(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self._as_sent = self.headers
        self._new_parser()
        self.parser.feed_data(head)

    def _new_parser(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._handshake is not None:
            self.scope[HANDSHAKE] = self._handshake  # type: ignore[typeddict-unknown-key]
        self._head = self._head or 1
        self._size = self._fields = self._hosts = 0
        self._host = None

    def on_url(self, url: bytes) -> None:
        self._size += len(url)
        if self._size > self._limits.url:
            raise NoRequest(outside_standard(414, f"The request target is larger than {self._limits.url} bytes"))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value) + 4
        self._fields += 1
        if self._fields > self._limits.fields:
            raise NoRequest(too_much(f"More than {self._limits.fields} header fields"))
        if self._size > self._limits.head:
            raise NoRequest(too_much(f"The head is larger than {self._limits.head} bytes"))
        if not self._in_head:
            return  # a trailer: it is no field of the head, and must not pass for one
        name = name.lower()
        if name in _TOLD:
            self._note(name, value)
        self.headers.append((name, value))

    def _note(self, name: bytes, value: bytes) -> None:
        """Fields that say how the request is to be read."""
        if name == b"host":
            self._hosts += 1
            self._host = value
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif value.strip().lower() != b"chunked":
            raise NoRequest(outside_standard(501, "The only transfer coding known here is chunked"))

    def on_headers_complete(self) -> None:
        if self._left:
            raise NoRequest(None)
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if self.parser.should_upgrade() and method != b"CONNECT":
            self._offered = True
            return
        check(method, version, self._hosts, self._host)
        if not self.url.startswith(b"/"):
            self.url = in_origin_form(self.url)
        if self._as_sent is not None:
            self.headers[:], self._as_sent = self._as_sent, None
        if self._open >= self._limits.pipelined:
            self.pipeline[0][0].keep_alive = False  # the last that is answered
            raise NoRequest(None)
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 10.1.1: it would not know what to make of that
        self._in_head = False
        self._head = self._body = self._size = self._fields = 0
        self.since = self.loop.time()
        super().on_headers_complete()
        self._open += 1

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        if self._left:
            return
        count = len(body)
        self._body += count
        if self.cycle.response_complete:
            self._throw_away(count)
            return
        super().on_body(body)
        kept = min(count, max(0, self._limits.body - self.held))
        self.held += kept
        self._crowd.took(kept)
        if count > _LARGE and not self._left and not self._flow.held and not self._crowd.has_turn(self, count):
            self._flow.hold()

    def on_message_complete(self) -> None:
        if self._offered:
            return
        super().on_message_complete()
        self._in_head = True
        self._head = 0
        self._requests += 1

    def on_response_complete(self) -> None:
        self._open -= 1
        if not self._open:
            self._let_go()
            self.since = self.loop.time()
        # As uvicorn's, without a timer for each answer: who is idle too long is seen by the crowd.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self._open and self._last_words is not None:
            words, self._last_words = self._last_words, None
            self._say(words)

    def _let_go(self) -> None:
        self._crowd.took(-self.held)
        self.held = 0

    # -- what is no request --------------------------------------------------------------------------

    def _no_request(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        if isinstance(cause, NoRequest):
            if cause.error is None:  # too many at once: those before are answered, the last with `close`
                self._left = True
            else:
                self._refuse(cause.error)
        elif isinstance(error, httptools.HttpParserCallbackError):
            self._refuse(bad("The request target cannot be read"))
        elif self.parser.get_method() == b"PRI" or str(error) == "Invalid HTTP version":
            self._refuse(outside_standard(505, "HTTP/1.1 is spoken here"))
        else:
            self._refuse(bad("This is no HTTP request", str(error)))

    def _refuse(self, error: ApiError) -> None:
        """Answer, once, in the standard's form, what never became a request; then nothing more is read."""
        if self._left or self.transport.is_closing():
            return
        self._left = True
        self.since = self.loop.time()
        self._crowd.say(f"a client was refused with {error.status}: {error.body['reason']}")
        words = self._written(error)
        if not self._in_head:
            cycle: RequestResponseCycle = self.cycle
            if cycle.response_complete:  # it was answered before it was whole
                self.transport.close()
                return
            # Of a request that is not whole nobody waits for the answer of the application.
            self._open -= 1
            cycle.scope[REFUSED] = f"the request was refused with {error.status}: {error.body['reason']}"  # type: ignore[typeddict-unknown-key]
            if self.pipeline and self.pipeline[0][0] is cycle:
                self.pipeline.popleft()
            else:
                started, cycle.disconnected = cycle.response_started, True
                cycle.message_event.set()
                if started:
                    self.transport.close()
                    return
        if self._open:
            self._last_words = words
        else:
            self._say(words)

    def _written(self, error: ApiError) -> bytes:
        answer = Answer()
        answer.fill(error.status, error.body, {**error.headers, "connection": "close"})
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        return b"".join([STATUS_LINE[error.status], *lines, b"\r\n", bytes(answer.body)])

    def _say(self, words: bytes) -> None:
        """Send the last words, and read on for a while: a client that is still sending would not hear them otherwise."""
        self.since = self.loop.time()
        self._let_go()
        self.transport.write(words)
        self._flow.go_on()
        if self.transport.can_write_eof():
            with suppress(OSError, RuntimeError):
                self.transport.write_eof()
        else:
            self.transport.close()

    def _throw_away(self, count: int) -> None:
        """So many bytes came that nobody wants."""
        self._spare -= count
        if self._spare < 0:
            self.cut()
