"""The one way in: Connexion routes a request to the party, and the outermost layer records it.

door (reads, limits, records) -> Connexion (routes by contract) -> contract check -> Service.answer
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import unquote

from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.wire import coding
from emulator.wire.asgi import REFUSED, Answer, Receive, Scope, Send, read_body, routing_path, split_run
from emulator.wire.call import (
    ApiError,
    Call,
    Reply,
    Unavailable,
    internal_error,
    no_such_path,
    outside_standard,
)
from emulator.wire.dress import Dress, Plain
from emulator.wire.exchange import (
    BESIDE,
    Exchange,
    Fault,
    FaultKind,
    Party,
    Request,
    Response,
    Transcript,
    Unread,
    UnreadKind,
    masked_path,
)
from emulator.wire.faults import Faults, Trouble
from emulator.wire.payload import dump
from emulator.wire.refusing import ErrorPolicy, refuse_breaches
from emulator.wire.routing import outside, routed
from emulator.wire.secrets import suspicious, without_named

MAX_BODY: Final = coding.MAX_REQUEST
"""Bytes of a request body that are read; a larger one is refused."""
_SOON: Final = 5
"""Seconds after which who gets a 503 may ask again."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
LIGHT: Final = 64 * 1024
"""Bytes of an exchange that is read, checked and looked through at once: a few milliseconds. A larger one is, beside the others."""
_ASIDE: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oit-aside")
"""Where large bodies are read and checked, one after the other: so many of them are not in memory in pieces at a time."""
_KEPT_OF_UNREAD: Final = 4096
"""Bytes that are recorded of a body that nobody judges, as it is not whole or too much: many of them must not fill a disk."""
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")

Done = TypeVar("Done")

_log = logging.getLogger("oit.server")


class Service(Protocol):
    """A party that answers calls. ApiError becomes the standard's error body."""

    def answer(self, call: Call) -> Reply:
        """What the party answers to a call that passed its contract."""


@dataclass(slots=True)
class _Visit:
    """One request on its way through the server."""

    run: str
    request: Request
    base_url: str
    contract: Contract | None = None
    operation: str | None = None
    path_params: dict[str, str] = field(default_factory=dict)
    trouble: Trouble | None = None
    objection: Exception | None = None
    call: Call | None = None
    answer: Answer = field(default_factory=Answer)

    def taken(self) -> Exception:
        """The objection, which is to be raised. Nobody holds it after that: it would hold the body, in a circle."""
        objection, self.objection = self.objection, None
        assert objection is not None
        return objection


class Server:
    """Serves one party's contracts over HTTP and records every exchange, refusals included.

    `transcript_of(run)` gives the transcript that a request belongs to; "" is the plain base path, `r1`
    the one below `/r/r1`. `replied` is told of each call that the service was given, once its reply is out
    or cannot be sent. `lifetime` is entered while the server listens. `kept` is awaited before a reply goes out:
    by then the exchange is recorded for good, and what the service did is done for good; if it raises, it is not.
    """

    def __init__(
        self,
        party: Party,
        contracts: list[Contract],
        service: Service,
        now: Callable[[], datetime],
        transcript_of: Callable[[str], Transcript],
        *,
        policy: ErrorPolicy | None = None,
        max_body: int = MAX_BODY,
        faults: Faults | None = None,
        dress: Dress | None = None,
        replied: Callable[[Call], None] | None = None,
        lifetime: Callable[[], AbstractContextManager[None]] = nullcontext,
        kept: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._party, self._contracts, self._service = party, contracts, service
        self._now, self._transcript_of = now, transcript_of
        self._policy = policy or ErrorPolicy()
        self._max_body = max_body
        self._faults = faults or Faults()
        self._dress = dress or Plain()
        self._replied = replied or (lambda _: None)
        self._lifetime = lifetime
        self._kept = kept
        at_path: dict[str, list[Contract]] = {}
        for contract in contracts:
            at_path.setdefault(contract.base_path + "/", []).append(contract)
        self._inner = {base: routed(some, self._operate) for base, some in at_path.items()}
        self._outside = outside()

    def _operate(
        self, contract: Contract, operation_id: str, visit: _Visit, path: dict[str, str]
    ) -> Awaitable[None] | None:
        """Answer a request that was routed to an operation, or give back what does it when it is awaited."""
        visit.contract, visit.operation = contract, operation_id
        visit.path_params = {name: unquote(value) for name, value in path.items()}
        visit.trouble = self._faults.meet(contract.api, operation_id)
        if len(visit.request.raw) > LIGHT:
            return self._operate_aside(visit, contract, operation_id)
        self._give(visit, contract, operation_id)
        return None

    async def _operate_aside(self, visit: _Visit, contract: Contract, operation_id: str) -> None:
        """The same for a large body: it is read and checked by another thread, and others are served meanwhile."""
        visit.objection = await _aside(self._objection, contract, operation_id, visit.request)
        self._give(visit, contract, operation_id)

    def _give(self, visit: _Visit, contract: Contract, operation_id: str) -> None:
        reply, content = self._reply(visit, contract, operation_id)
        visit.answer.give(reply, content, self._dress.media_type())

    def _objection(self, contract: Contract, operation_id: str, request: Request) -> Exception | None:
        """What `refuse_breaches` raises, kept for the thread that answers."""
        try:
            refuse_breaches(self._policy, contract, operation_id, request)
        except ApiError as error:
            # Its traceback would hold the body until somebody looks for circles.
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - it is raised again
            return error
        return None

    def _reply(self, visit: _Visit, contract: Contract, operation_id: str) -> tuple[Reply, bytes]:
        """What is answered, and its body as bytes; whatever fails on the way there becomes the standard's error."""
        if visit.trouble and (instead := visit.trouble.instead()):
            return instead, b"" if instead.body is None else self._dress.dump(instead.body)
        try:
            reply = self._answer(visit, contract, operation_id)
            self._faults.carried_out(contract.api, operation_id, reply.status)
            return reply, b"" if reply.body is None else self._dress.dump(reply.body, reply.written)
        except ApiError as error:
            reply = Reply(error.status, error.body, error.headers)
        except Unavailable:
            reply = Reply((later := _later()).status, later.body, later.headers)
        except Exception:  # noqa: BLE001 - whatever it is, the partner gets the standard's 500
            _log.exception("%s failed", operation_id)
            failed = _our_fault()
            reply = Reply(failed.status, failed.body)
        return reply, self._dress.dump(reply.body)

    def _answer(self, visit: _Visit, contract: Contract, operation_id: str) -> Reply:
        if len(visit.request.raw) <= LIGHT:
            refuse_breaches(self._policy, contract, operation_id, visit.request)
        elif visit.objection is not None:
            raise visit.taken()
        query: dict[str, list[str]] = {}
        for name, value in visit.request.query:
            query.setdefault(name, []).append(value)
        operation = contract.operation(operation_id)
        visit.call = Call(
            api=contract.api,
            kind=contract.kind,
            operation=operation_id,
            path=visit.path_params,
            query=query,
            headers=dict(visit.request.headers),
            body=_known_part(visit.request) if operation.request else None,
            run=visit.run,
            base_url=visit.base_url + contract.base_path,
        )
        return self._service.answer(visit.call)

    # -- the door ----------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            with self._lifetime():
                await self._outside(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._outside(scope, receive, send)
            return
        raw, whole, there = await read_body(receive, self._max_body)
        unread = None
        if not there:
            ended = f"the {self._party.other} ended the connection in the middle of its request"
            unread = Unread(UnreadKind.CUT, scope.get(REFUSED, ended))
        elif not whole:
            unread = Unread(UnreadKind.TOO_LARGE, f"the body is larger than {self._max_body} bytes")
        if unread is not None:
            raw = raw[:_KEPT_OF_UNREAD]
        if there and scope["path"] in {"/", "/health"}:
            await self._front_page(send)
            return
        run, inner_path = split_run(routing_path(scope))
        visit = await self._visit(scope, run, raw, unread)
        at, started = self._now(), time.perf_counter()
        if unread is not None and not there:
            await self._record(visit, inner_path, at, 0.0, Fault(FaultKind.CLOSED, unread.why))
            if self._kept is not None:
                with suppress(Unavailable):
                    await self._kept()
            return
        try:
            await self._serve(scope, inner_path, visit, at=at, started=started, way=(receive, send))
        finally:
            if visit.call is not None:
                self._replied(visit.call)

    async def _serve(
        self,
        scope: Scope,
        inner_path: str,
        visit: _Visit,
        *,
        at: datetime,
        started: float,
        way: tuple[Receive, Send],
    ) -> None:
        """Answer a request that has been read, record the exchange, and send the answer."""
        receive, send = way
        answer = visit.answer
        await self._ask(scope, inner_path, visit)
        if visit.request.method == "HEAD":
            answer.body.clear()  # its headers speak of a body that is not sent
        spoilt = self._faults.spoil(visit.trouble, answer) if visit.trouble else None
        elapsed = (time.perf_counter() - started) * 1000
        await self._record(visit, inner_path, at, elapsed, spoilt or answer.response())
        if self._kept is not None:
            try:
                await self._kept()
            except Unavailable:
                # What is not kept was not done, nor recorded. Who only read, or was refused, has his answer all the same.
                if visit.request.method not in _SAFE and answer.status < 400:  # noqa: PLR2004
                    answer.fill((later := _later()).status, later.body, later.headers)
                await self._record(visit, inner_path, at, elapsed, spoilt or answer.response(), late=True)
            except Exception:  # noqa: BLE001 - whatever it is: what is not kept was not done
                _log.exception("%s was not kept", visit.operation)
                answer.fill((error := _our_fault()).status, error.body)
        if pause := self._dress.pause():
            await asyncio.sleep(pause)
        if visit.trouble:
            await self._faults.deliver(visit.trouble, answer, receive, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": bytes(answer.body)})

    async def _ask(self, scope: Scope, path: str, visit: _Visit) -> None:
        route = next((app for base, app in self._inner.items() if path.startswith(base)), None)
        if visit.request.method != "OPTIONS" and route is not None:
            # HEAD is answered as GET is, without the body (RFC 9110, 9.3.2).
            method = "GET" if visit.request.method == "HEAD" else visit.request.method
            inner = {**scope, "method": method, "path": path, "raw_path": path.encode(), "root_path": "", "oit": visit}
            try:
                await route(inner, _nothing_more, _unheard)
            except Exception:  # noqa: BLE001 - whatever it is, the partner gets the standard's 500
                _log.exception("%s %s failed", visit.request.method, path)
                error = _our_fault()
                visit.answer.fill(error.status, error.body)
                return
        if visit.operation is None:
            self._unrouted(path, visit.request.method, visit.answer)

    def _unrouted(self, path: str, method: str, answer: Answer) -> None:
        for contract in self._contracts:
            if path.startswith(contract.base_path + "/"):
                methods = contract.methods_of(path[len(contract.base_path) :])
                if methods and method == "OPTIONS":
                    answer.give(Reply(204, headers={"Allow": ", ".join(_allowed(methods))}), b"", MEDIA_TYPE)
                    return
                if methods and method not in methods:
                    error = outside_standard(405, f"{method} is not allowed here", "Allowed: " + ", ".join(methods))
                    answer.fill(error.status, error.body, {"allow": ", ".join(methods)})
                    return
        error = no_such_path(path)
        answer.fill(error.status, error.body)

    async def _visit(self, scope: Scope, run: str, raw: bytes, unread: Unread | None) -> _Visit:
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"])
        host = next((v for k, v in headers if k == "host"), "")
        if not _HOST.fullmatch(host):
            host = "{}:{}".format(*(scope.get("server") or ("localhost", 80)))
        base = f"{scope.get('scheme', 'http')}://{host}"
        query = scope.get("query_string", b"").decode("latin-1")
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        url = base + raw_path + ("?" + query if query else "")
        return _Visit(
            run=run,
            request=await self._request(
                Request(headers=headers, raw=raw, method=scope["method"], url=url, unread=unread)
            ),
            base_url=base + (f"/r/{run}" if run else ""),
        )

    async def _request(self, sent: Request) -> Request:
        """A request with its body unpacked, or with the reason why it cannot be."""
        if sent.unread is not None or not sent.raw or not sent.coding:
            return sent
        raw, unread = await _aside(coding.read, sent.raw, sent.coding, self._max_body)
        return replace(sent, raw=raw, unread=unread)

    async def _record(
        self,
        visit: _Visit,
        path: str,
        at: datetime,
        elapsed_ms: float,
        outcome: Response | Fault,
        *,
        late: bool = False,
    ) -> None:
        """Have the exchange kept, without the secrets in it. `late`: what it was to be kept with was not kept."""
        contract = visit.contract or next((c for c in self._contracts if path.startswith(c.base_path + "/")), None)
        sent = visit.request
        # Who sends much has it looked through in a thread: others are served meanwhile.
        aside = len(sent.raw) + len(visit.answer.body) + len(sent.url) > LIGHT
        request = await _aside(_recordable, sent) if aside else sent.masked()
        outcome = await _aside(outcome.masked) if aside else outcome.masked()
        self._transcript_of(visit.run).add(
            Exchange(
                n=0,
                at=at,
                elapsed_ms=round(elapsed_ms, 3),
                sender=self._party.other,
                receiver=self._party,
                request=request,
                response=outcome if isinstance(outcome, Response) else None,
                fault=outcome if isinstance(outcome, Fault) else None,
                api=contract.api if contract else None,
                kind=contract.kind if contract else None,
                operation=None if request.method in BESIDE else visit.operation,
                path_params={} if request.method in BESIDE else masked_path(visit.path_params),
                run=visit.run or None,
                spoilt=visit.trouble is not None and visit.trouble.spoils,
            ),
            late=late,
        )

    async def _front_page(self, send: Send) -> None:
        body = dump(
            {
                "oit": str(self._party),
                "status": "up",
                "apis": [
                    {"api": c.api, "kind": c.kind, "version": c.version, "base_path": c.base_path}
                    for c in self._contracts
                ],
            }
        )
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _recordable(sent: Request) -> Request:
    """A large request as it is recorded: of one that nobody judges, since it holds too much, only the beginning."""
    if (unknown := sent.unknown) is not None:
        sent = replace(sent, raw=sent.raw[:_KEPT_OF_UNREAD], unread=unknown)
    return sent.masked()


async def _aside(work: Callable[..., Done], *arguments: Any) -> Done:
    """What some work gives back that is done by the thread for it."""
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, partial(work, *arguments))


async def _nothing_more() -> MutableMapping[str, Any]:
    """What is received of a request that has been read already."""
    return {"type": "http.disconnect"}


async def _unheard(_: MutableMapping[str, Any]) -> None:
    """Where goes what the router says of a path that it does not know: the standard has words of its own for that."""


def _allowed(methods: Sequence[str]) -> list[str]:
    """What a path may be asked with: the contract's methods, and those of HTTP that every path has."""
    return sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})


def _known_part(request: Request) -> Any:
    """A body as a party gets it: a secret that somebody puts into a member of his own is nothing that it would act on, and
    what it does not get it cannot keep.
    """
    return without_named(request.body) if suspicious(request.raw) else request.body


def _later() -> ApiError:
    """For what cannot be done at the moment."""
    again = {"Retry-After": str(_SOON)}
    return outside_standard(
        503, "This cannot be done at the moment", "Nothing of it was kept: try it again later", again
    )


def _our_fault() -> ApiError:
    return internal_error("The emulator failed on this request; its log has the reason")
