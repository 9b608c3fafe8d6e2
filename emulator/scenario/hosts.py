"""Whom a run will make talk: the hosts that are sent to, and those that what is sent tells a seller to call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.errors import FileProblem
from emulator.parties.clock import RealClock
from emulator.record.payload import MISSING
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.given import fill_inputs
from emulator.scenario.model import Call, Origin
from emulator.scenario.needs import played
from emulator.scenario.selection import Job

_MEMBER: Final = "callback"
_OURS: Final = "\0ours"
_MOST: Final = 10
"""Hosts that are told one by one."""


def hosts_line(jobs: Iterable[Job], seller: str | None, given: Mapping[str, Any], callback: str | None) -> str | None:
    """In one line, to which hosts something is sent; None where our own parties only talk to each other.

    `seller` is the URL of the one under test, `callback` the URL that its notifications go to. What a scenario tells a
    seller to call, in a subscription, is told with its place.
    """
    told = [f"sends to {_host(seller)}"] if seller else []
    if seller and callback:
        told.append(f"is called back at {_host(callback)}")
    elsewhere = list(dict.fromkeys(found for job in jobs for found in _elsewhere(job, given)))
    if elsewhere:
        more = f" and {len(elsewhere) - _MOST} more" if len(elsewhere) > _MOST else ""
        told.append(f"{'the' if seller else 'our'} seller is told to call {', '.join(elsewhere[:_MOST])}{more}")
    return "; ".join(told) or None


def _elsewhere(job: Job, given: Mapping[str, Any]) -> Iterator[str]:
    """The callbacks that a run's requests name and that are not our buyer's: host and place."""
    scope = Scope({}, Generator("hosts", RealClock()), "hosts", callback=lambda: _OURS)
    with suppress(FileProblem):  # the run will say so
        fill_inputs(job, scope, given)
    for step in played(job.scenario, job.case):
        if isinstance(step.action, Call) and step.action.request.body is not MISSING:
            yield from _named(step.action.request.body, scope, step.origin.part("/request/body"))
        if job.case and job.case.at == step.id:
            for index, operation in enumerate(job.case.patch):
                where = job.case.origin.part(f"/patch/{index}/value")
                value = operation.get("value")
                yield from _named({_MEMBER: value} if operation.get("path") == f"/{_MEMBER}" else value, scope, where)


def _named(body: Any, scope: Scope, origin: Origin) -> Iterator[str]:
    if isinstance(body, Mapping) and not {_MEMBER, "$merge"} & body.keys():
        return
    with suppress(ExpressionError):  # something else in it may be known later only
        body = fill(body, scope.lookup)
    value = body.get(_MEMBER) if isinstance(body, Mapping) else body if isinstance(body, str) else None
    if not isinstance(value, str) or value.startswith(_OURS) or "$buyer.callback" in value:
        return
    if isinstance(body, Mapping) or "://" in value:
        yield f"{_host(value)} ({origin.where(f'/{_MEMBER}')})"


def _host(url: str) -> str:
    """The scheme, host and port of a URL; of what is none the beginning."""
    try:
        parts = urlsplit(url)
        if parts.scheme and parts.hostname:
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]:.200}"
    except ValueError:
        pass
    return "".join(ch for ch in url[:100] if ch.isprintable())
