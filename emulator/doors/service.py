"""The fifth link, who answers behind a door: a party that serves calls."""

from __future__ import annotations

from typing import Any, Protocol

from emulator.doors.visit import Visit
from emulator.record.call import Call, Reply
from emulator.record.exchange import Request
from emulator.record.secrets import suspicious, without_named


class Service(Protocol):
    """A party that answers calls. ApiError becomes the standard's error body."""

    def answer(self, call: Call) -> Reply:
        """What the party answers to a call. It has passed its contract."""


def call_of(visit: Visit) -> Call:
    """The call that a request is, once it was attributed and has passed its contract."""
    contract, request = visit.contract, visit.request
    assert contract is not None
    assert visit.operation is not None
    query: dict[str, list[str]] = {}
    for name, value in request.query:
        query.setdefault(name, []).append(value)
    return Call(
        api=contract.api,
        kind=contract.kind,
        operation=visit.operation,
        path=visit.path_params,
        query=query,
        headers=dict(request.headers),
        body=_known_part(request) if contract.operation(visit.operation).request else None,
        run=visit.run,
        base_url=visit.root + visit.base_path,
        caller=visit.caller,
        release=contract.release,
    )


def _known_part(request: Request) -> Any:
    """A body as a party gets it: a secret that somebody puts into a member of his own is nothing that it would act on, and
    what it does not get it cannot keep.
    """
    return without_named(request.body) if suspicious(request.raw) else request.body
