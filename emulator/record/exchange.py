"""The exchange: one request with its response, or with the fault that took the response's place."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from emulator.record.payload import MISSING, Parsed, parse
from emulator.record.relayed import Relayed
from emulator.record.secrets import masked_body, masked_headers, masked_text, masked_url
from emulator.record.secured import AUTHORIZATION, Secured, Token, request_tokens, response_tokens, with_tokens

BESIDE: Final = frozenset({"HEAD", "OPTIONS"})
"""Methods that every resource of HTTP may be asked with (RFC 9110, 9.3); no contract has them, and none forbids them."""
_VALUE: Final = 40
"""Bytes that a value of JSON takes in memory, about, beyond those that it is written in."""

LONGEST: Final = 366 * 86_400_000.0
"""Milliseconds that an exchange of others may say it took: a year. With more, moments could not be reckoned."""
FASTEST: Final = 1_000_000.0
"""So many times as fast as the wall's a seller's own time may go."""


class Party(StrEnum):
    """Who talks."""

    BUYER = "buyer"  # buys: calls Management, serves Notification
    SELLER = "seller"  # sells: serves Management, calls Notification

    @property
    def other(self) -> Party:
        return Party.SELLER if self is Party.BUYER else Party.BUYER


class FaultKind(StrEnum):
    """What came in place of a response."""

    UNREACHABLE = "unreachable"  # no connection could be made
    CLOSED = "closed"  # the connection ended before a whole response came
    TIMEOUT = "timeout"  # no whole response within the time allowed
    PROTOCOL = "protocol"  # what came is not HTTP
    UNANSWERED = "unanswered"  # nobody waited for one any longer


class UnreadKind(StrEnum):
    """Why nothing is known of a body."""

    NOT_HELD = "not_held"  # a capture holds less than the traffic did
    TOO_LARGE = "too_large"  # more than we read
    CUT = "cut"  # its sender ended the connection in the middle
    CODING = "coding"  # packed in a way that is not read here
    MISCODED = "miscoded"  # not packed as its header says


@dataclass(frozen=True, slots=True)
class Unread:
    """That a body was sent and is not known as a whole, and why, in words for a human."""

    kind: UnreadKind
    why: str


@dataclass(frozen=True)
class Message:
    """Headers and raw body of a request or response, without its content codings. Header names keep their spelling.

    `unread` says that the body is not known: `raw` is then what there is of it, and nothing follows from it.
    """

    headers: tuple[tuple[str, str], ...]
    raw: bytes
    unread: Unread | None = field(default=None, kw_only=True)

    @cached_property
    def parsed(self) -> Parsed:
        """The body read as JSON; `parsed.value` is MISSING where it could not be."""
        return parse(self.raw) if self.unread is None else Parsed(MISSING, self.unread.why)

    @property
    def unknown(self) -> Unread | None:
        """Why nothing follows from the body: it is not held as a whole, or holds more than is read here."""
        if self.unread is not None or not self.parsed.excess:
            return self.unread
        return Unread(UnreadKind.TOO_LARGE, self.parsed.problem or "")

    @property
    def body(self) -> Any:
        """The JSON body, or MISSING."""
        return self.parsed.value

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def coding(self) -> str:
        """Its `Content-Encoding`, all of them in their order; "" is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == "content-encoding")


@dataclass(frozen=True)
class Request(Message):
    """A request as it was sent; `url` is absolute."""

    method: str
    url: str

    def masked(self) -> Request:
        """The request as it may be recorded, with nothing read of it."""
        return Request(
            masked_headers(self.headers), masked_body(self.raw), self.method, masked_url(self.url), unread=self.unread
        )

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """Query parameters in order, decoded. Never raises, whatever the host of the URL looks like."""
        return query_of(self.url)

    @property
    def path(self) -> str:
        """The path as it was sent, still encoded."""
        whole = self.url.partition("#")[0].partition("?")[0]
        _, slashes, rest = whole.partition("://")
        return "/" + rest.partition("/")[2] if slashes else whole


@dataclass(frozen=True)
class Response(Message):
    """A response as it came."""

    status: int

    def masked(self) -> Response:
        """The response as it may be recorded; itself where it has no secrets."""
        headers, raw = masked_headers(self.headers), masked_body(self.raw)
        if raw is self.raw and headers == self.headers:
            return self
        return Response(headers, raw, self.status, unread=self.unread)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no response, in words for a human."""

    kind: FaultKind
    message: str

    def masked(self) -> Fault:
        """The same, as it may be recorded."""
        return Fault(self.kind, masked_text(self.message))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response, or with the fault that replaced it.

    `n` counts from 1 within a transcript. `at` is the time of our clock when the request was sent or
    received, `elapsed_ms` real time. `api` and `operation` are None where the request fits no contract
    (`operation` is the operationId, `kind` is `management` or `notification`). `release` is that of the contract, None
    where it is not known. An exchange with an authorization server has no `api`, the `kind` `authorization` and for its
    operation one of `secured.DUTIES`. `secured` is what is known of its security, without the secrets in it.
    `step` names the scenario step that sent the request. `provoked` says that the request was made wrong on purpose,
    `spoilt` that the answer was. An exchange that a relay of ours passed on is as its buyer saw it, and `relayed` says how
    its seller did; `leg` names the two between whom it took place, where the relay stands between several.
    """

    n: int
    at: datetime
    elapsed_ms: float
    sender: Party
    receiver: Party
    request: Request
    response: Response | None = None
    fault: Fault | None = None
    api: str | None = None
    kind: str | None = None
    operation: str | None = None
    path_params: Mapping[str, str] = field(default_factory=dict)
    run: str | None = None
    step: str | None = None
    provoked: bool = False
    spoilt: bool = False
    release: str | None = None
    secured: Secured | None = None
    leg: str | None = None
    relayed: Relayed | None = None

    def url_of(self, party: Party) -> str:
        """The URL as a party has it: behind a relay the seller has another one than the buyer."""
        return self.relayed.url if self.relayed is not None and party is Party.SELLER else self.request.url

    def secured_of(self, party: Party) -> Secured | None:
        """What is known of the security of what a party sent or got: behind a relay each has a connection of its own."""
        if self.relayed is None or party is Party.BUYER:
            return self.secured
        return self.relayed.secured_beside(self.secured)

    @property
    def beside(self) -> bool:
        """Whether this is a matter of HTTP alone, of which the standard says nothing."""
        return self.request.method in BESIDE

    @property
    def acts(self) -> bool:
        """Whether it may do something to a resource: it is no read, tells of nothing, and asks for no token."""
        return self.request.method != "GET" and not self.beside and self.kind not in ("notification", AUTHORIZATION)

    @property
    def authorizes(self) -> bool:
        """Whether this is an exchange with an authorization server, of which no contract of an API says anything."""
        return self.kind == AUTHORIZATION

    def masked(self) -> Exchange:
        """The exchange as it may be kept and shown: without the secrets in it, with nothing read of its messages."""
        return replace(
            self,
            request=self.request.masked(),
            response=self.response.masked() if self.response else None,
            fault=self.fault.masked() if self.fault else None,
            path_params=masked_path(self.path_params),
            secured=with_tokens(self.secured, tokens_of(self.request, self.response)),
            relayed=self.relayed.masked() if self.relayed else None,
        )

    @property
    def weight(self) -> int:
        """About how many bytes its bodies take once they are read: a value takes more than the bytes that it is written in."""
        bodies = [self.request.raw, *([self.response.raw] if self.response else [])]
        return sum(len(raw) + _VALUE * (raw.count(b",") + raw.count(b"{") + raw.count(b"[")) for raw in bodies)

    def with_bodies_of(self, other: Exchange) -> Exchange:
        """The same with the bodies of another, which it was made of."""
        response = self.response
        if response is not None and other.response is not None:
            response = replace(response, raw=other.response.raw)
        return replace(self, request=replace(self.request, raw=other.request.raw), response=response)


class Transcript:
    """The exchanges of a run, in order. Exchanges are added at the two doors and nowhere else."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._adding = threading.Lock()  # both doors of a run may write at once

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:  # noqa: ARG002 - only a database has to know
        """Keep an exchange; the transcript gives it its number. `late`: what it was to be kept with was not kept."""
        with self._adding:
            numbered = replace(exchange, n=len(self._exchanges) + 1)
            self._exchanges.append(numbered)
        return numbered

    def flush(self) -> None:
        """Return when all that was added is kept for good, where that takes time."""

    def __iter__(self) -> Iterator[Exchange]:
        return iter(tuple(self._exchanges))

    def tail(self, most: int, heaviest: int) -> list[Exchange]:
        """The newest exchanges, oldest first: so many at the most, and no heavier than that together (`Exchange.weight`)."""
        return tail_of(reversed(tuple(self)), most, heaviest)

    def __len__(self) -> int:
        return len(self._exchanges)

    def __getitem__(self, n: int) -> Exchange:
        """The exchange with number `n` (from 1)."""
        return self._exchanges[n - 1]

    @property
    def newest(self) -> int:
        """The number of the newest exchange, 0 where there is none: it tells whether there is news."""
        return len(self)


def query_of(url: str) -> list[tuple[str, str]]:
    """The parameters of a URL's query in their order, decoded. Never raises."""
    return parse_qsl(url.partition("#")[0].partition("?")[2], keep_blank_values=True)


def tokens_of(request: Request, answer: Response | Fault | None) -> tuple[Token, ...]:
    """The tokens of an exchange that is not masked yet."""
    found = request_tokens(request.headers, request.url, request.raw)
    return found + response_tokens(answer.raw) if isinstance(answer, Response) else found


def masked_path(params: Mapping[str, str]) -> dict[str, str]:
    """Path parameters as they may be recorded."""
    return {name: masked_url(value) for name, value in params.items()}


def tail_of(newest_first: Iterable[Exchange], most: int, heaviest: int) -> list[Exchange]:
    """See `Transcript.tail`. The newest is always there."""
    found: list[Exchange] = []
    for exchange in newest_first:
        heaviest -= exchange.weight
        if found and (len(found) == most or heaviest < 0):
            break
        found.append(exchange)
    return found[::-1]


def provoked_in(exchanges: Iterable[Exchange]) -> frozenset[int]:
    """The numbers of those whose request was made wrong on purpose."""
    return frozenset(exchange.n for exchange in exchanges if exchange.provoked)


def spoilt_in(exchanges: Iterable[Exchange]) -> frozenset[int]:
    """The numbers of those whose answer was made wrong on purpose."""
    return frozenset(exchange.n for exchange in exchanges if exchange.spoilt)


class Kept:
    """How many bytes several transcripts keep together."""

    def __init__(self) -> None:
        self.bytes = 0
        self._counting = threading.Lock()

    def change(self, size: int) -> None:
        """So many bytes more, or fewer."""
        with self._counting:
            self.bytes += size


class RecentTranscript(Transcript):
    """Keeps the newest exchanges only, for a server that runs for weeks; numbers go on counting.

    These are `LIMIT` at the most, and so many that their bodies and headers have `LIMIT_BYTES`, but always the newest.
    """

    LIMIT = 1000
    LIMIT_BYTES = 8 * 1024 * 1024

    def __init__(self, kept: Kept | None = None) -> None:
        """`kept` counts the bytes of this transcript with those of others."""
        super().__init__()
        self._dropped = 0
        self._kept = kept or Kept()
        self._bytes = 0

    def add(self, exchange: Exchange, *, late: bool = False) -> Exchange:  # noqa: ARG002
        with self._adding:
            numbered = replace(exchange, n=self._dropped + len(self._exchanges) + 1)
            self._exchanges.append(numbered)
            size, gone, left = _size(numbered), 0, len(self._exchanges)
            while left - gone > 1 and (left - gone > self.LIMIT or self._bytes + size > self.LIMIT_BYTES):
                size -= _size(self._exchanges[gone])
                gone += 1
            if gone:
                del self._exchanges[:gone]
                self._dropped += gone
            self._change(size)
        return numbered

    def __getitem__(self, n: int) -> Exchange:
        return self._exchanges[n - 1 - self._dropped]

    @property
    def newest(self) -> int:
        return self._dropped + len(self._exchanges)

    def _change(self, size: int) -> None:
        self._bytes += size
        self._kept.change(size)

    def let_go(self) -> None:
        """Its bytes are not counted any more: nobody keeps it."""
        with self._adding:
            self._change(-self._bytes)

    @property
    def last(self) -> datetime:
        """When the newest exchange was. IndexError where there is none."""
        return self._exchanges[-1].at


def _size(exchange: Exchange) -> int:
    """The bytes of an exchange that its parties decided on, about."""
    messages = (exchange.request, exchange.response)
    return len(exchange.request.url) + sum(
        len(message.raw) + sum(len(name) + len(value) for name, value in message.headers)
        for message in messages
        if message
    )


def decoded_path(path: str) -> str:
    """A path as the contracts' templates are matched with it: decoded, with `%2F` and `%25` as they are."""
    if "%" not in path:
        return path
    return "/".join(unquote(segment).replace("%", "%25").replace("/", "%2F") for segment in path.split("/"))
