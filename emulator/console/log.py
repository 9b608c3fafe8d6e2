"""The log of exchanges: filtered, searched, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from emulator.record.exchange import Exchange
from emulator.report.masking import clean_text, moment
from emulator.report.model import Report

LIMIT: Final = 200
"""Rows where no number is asked for."""
MOST: Final = 1000
"""Rows of one answer."""
LOOKED_AT: Final = 20_000
"""Exchanges that one question looks at; who wants what is older asks for one run."""
_WORST_FIRST: Final = ("fail", "error", "disputed", "warning", "not_seen", "pass", "not_applicable")

VerdictOf = Callable[[str, Exchange], str | None]


class Wrong(ValueError):  # noqa: N818 - it is what it says
    """A question that makes no sense; says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a row has to be; None lets everything pass. `before` is the row that the last answer ended with."""

    run: str | None = None
    api: str | None = None
    operation: str | None = None
    status: str | None = None
    direction: str | None = None
    verdict: str | None = None
    q: str | None = None
    limit: int = LIMIT
    before: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read from a query; empty values ask for nothing. Wrong where a value makes no sense."""
        given = {name: value for name, value in query.items() if value and name in cls.__slots__}
        limit = given.pop("limit", str(LIMIT))
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 10 and int(limit)):  # noqa: PLR2004 - no row has more
            raise Wrong(f"limit={limit:.20} is no number of rows")
        status = given.get("status", "")
        if status and not (status == "none" or (len(status) == 3 and status[0].isdecimal() and status[1:].lower() in  # noqa: PLR2004
                                                {"xx", status[1:]} and (status[1:].isdecimal() or status[1:].lower() == "xx"))):  # fmt: skip
            raise Wrong(f"status={status:.20}: write 404, 4xx, or none for what was not answered")
        if given.get("direction", "buyer") not in {"buyer", "seller"}:
            raise Wrong("direction is who sent the request: buyer or seller")
        return cls(**given, limit=min(int(limit), MOST))

    def passes(self, exchange: Exchange) -> bool:
        """Whether an exchange is asked for, but for its verdict."""
        return (
            self.api in (None, exchange.api)
            and self.operation in (None, exchange.operation)
            and self.direction in (None, str(exchange.sender))
            and self._has_status(exchange)
            and (self.q is None or found_in(exchange, self.q))
        )

    def _has_status(self, exchange: Exchange) -> bool:
        if self.status is None:
            return True
        if exchange.response is None:
            return self.status == "none"
        status = str(exchange.response.status)
        return status == self.status or (self.status[1:].lower() == "xx" and status[0] == self.status[0])


def found_in(exchange: Exchange, text: str) -> bool:
    """Whether a text stands in an exchange, in either case. What a report masks is not found."""
    wanted = text.casefold()
    messages = [exchange.request] if exchange.response is None else [exchange.request, exchange.response]
    parts = [exchange.request.method, exchange.request.url, exchange.operation or ""]
    parts += [f"{name}: {value}" for message in messages for name, value in message.headers]
    parts += [exchange.fault.message] if exchange.fault else []
    if any(wanted in part.casefold() and wanted in clean_text(part).casefold() for part in parts):
        return True
    bodies = (message.raw.decode("utf-8", "replace") for message in messages)
    return any(wanted in body.casefold() and wanted in clean_text(body).casefold() for body in bodies)


def log(asked: Asked, exchanges: Iterable[tuple[str, Exchange]], verdict_of: VerdictOf) -> dict[str, Any]:
    """`GET /api/log`: the rows asked for of exchanges that come newest first, and whether there are more."""
    rows: list[dict[str, Any]] = []
    skipping, moment_before = _start(asked.before)
    looked = 0
    for looked, (run, exchange) in enumerate(islice(exchanges, LOOKED_AT), 1):  # noqa: B007 - told after the loop
        if skipping is not None:
            skipping = None if (run, exchange.n) == skipping else skipping
            continue
        if (moment_before is not None and exchange.at >= moment_before) or not asked.passes(exchange):
            continue
        verdict = verdict_of(run, exchange)
        if asked.verdict not in (None, verdict):
            continue
        if len(rows) == asked.limit:
            return {"exchanges": rows, "more": True}
        rows.append(_row(run, exchange, verdict))
    return {"exchanges": rows, "more": looked == LOOKED_AT}


def _start(before: str | None) -> tuple[tuple[str, int] | None, datetime | None]:
    """Where an answer begins: after a row (`run:n`), or before a moment."""
    if before is None:
        return None, None
    run, colon, number = before.rpartition(":")
    if colon and number.isascii() and number.isdecimal():
        return (run, int(number)), None
    try:
        at = datetime.fromisoformat(before)
    except ValueError as error:
        raise Wrong(f"before={before:.60}: write the run and number of a row, as r1:17, or a moment") from error
    if at.tzinfo is None:
        raise Wrong(f"before={before:.60} needs its offset, as Z")
    return None, at


def _row(run: str, exchange: Exchange, verdict: str | None) -> dict[str, Any]:
    return {
        "run": run,
        "n": exchange.n,
        "at": moment(exchange.at),
        "from": str(exchange.sender),
        "to": str(exchange.receiver),
        "api": exchange.api,
        "operation": exchange.operation,
        "method": clean_text(exchange.request.method),
        "path": clean_text(exchange.request.path),
        "status": exchange.response.status if exchange.response else None,
        "verdict": verdict,
        "ms": exchange.elapsed_ms,
    }


def verdicts(report: Report) -> dict[int, str]:
    """The worst that a report finds in each exchange; `pass` where it finds nothing, `provoked` or `spoilt` where what
    is wrong was made so on purpose.
    """
    found: dict[int, str] = {}
    for exchange in report["exchanges"]:
        found[exchange["n"]] = next((mark for mark in ("provoked", "spoilt") if exchange.get(mark)), "pass")
    for finding in report["findings"]:
        n, verdict = finding["exchange"], finding["verdict"]
        if n in found and _rank(verdict) < _rank(found[n]):
            found[n] = verdict
    return found


def _rank(verdict: str) -> int:
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else len(_WORST_FIRST)
