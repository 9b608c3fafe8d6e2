"""Exchanges to judge, and a release that says what a test wants it to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from emulator.record.exchange import Exchange, Fault, FaultKind, Party, Request, Response, Transcript
from emulator.standard.breach import Breach
from emulator.standard.release import Release, load_release

JSON_HEADERS = (("Content-Type", "application/json;charset=utf-8"),)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def exchange(
    body: Any = None,
    *,
    operation: str | None = "retrieveGeographicAddress",
    api: str | None = "geographicAddress",
    method: str = "GET",
    path: str = "/geographicAddress/1",
    sent: Any = None,
    status: int = 200,
    fault: bool = False,
    sender: Party = Party.BUYER,
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS,
) -> Exchange:
    """An exchange; bodies are bytes as they are, and anything else is sent as JSON (None: no body)."""
    return Exchange(
        n=0,
        at=MOMENT,
        elapsed_ms=12.5,
        sender=sender,
        receiver=sender.other,
        request=Request(headers if sent is not None else (), raw(sent), method, f"http://seller.test{path}"),
        response=None if fault else Response(headers, raw(body), status),
        fault=Fault(FaultKind.TIMEOUT, "no answer within 5 s") if fault else None,
        api=api,
        kind="management" if operation else None,
        operation=operation,
    )


def raw(body: Any) -> bytes:
    """The bytes of a body."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def transcript(*exchanges: Exchange) -> Transcript:
    """A transcript of these exchanges, numbered from 1."""
    made = Transcript()
    for one in exchanges:
        made.add(one)
    return made


@dataclass
class FakeOperation:
    """An operation whose bodies are all described."""

    request: object = "body"
    responses: Mapping[int, object] = field(default_factory=lambda: {200: "body", 404: "body"})


@dataclass
class FakeContract:
    """Answers the breaches that it is given."""

    request: Callable[[], list[Breach]]
    response: Callable[[], list[Breach]]

    def operation(self, _operation_id: str) -> FakeOperation:
        return FakeOperation()

    def request_breaches(self, _operation_id: str, _request: Request) -> list[Breach]:
        return self.request()

    def response_breaches(self, _operation_id: str, _response: Response) -> list[Breach]:
        return self.response()


def fake_release(request: Any = (), response: Any = ()) -> Release:
    """A release whose contracts find these breaches; a callable is called."""

    def answer(breaches: Any) -> Callable[[], list[Breach]]:
        return breaches if callable(breaches) else lambda: list(breaches)

    class Fake:
        def __getattr__(self, name: str) -> Any:
            return getattr(load_release(), name)

        def contract(self, _api: str, _kind: str | None = None) -> FakeContract:
            return FakeContract(answer(request), answer(response))

    return cast("Release", Fake())
