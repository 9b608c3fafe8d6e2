"""The runs in a database: which there are, what each has; taken out as a file, put back, deleted.

Runs that a profile splits by buyerId or sellerId are kept as `run|buyerId=…`: they are one run here, named before
the bar.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Table, delete, func, select
from sqlalchemy.engine import Row

from emulator.errors import UserError
from emulator.parties import tables
from emulator.parties.clock import rfc3339
from emulator.parties.database import Database
from emulator.parties.recorder import DurableTranscript
from emulator.parties.rows import body_of, exchange_of, owed_of, readable, timer_of
from emulator.parties.scopes import family
from emulator.parties.store import HUB, MARKS
from emulator.record.secrets import masked_body, masked_headers, masked_url, without_secrets

FORMAT: Final = 1
"""Version of the file that `lines` writes and `restore` reads."""

OF_RUNS: Final = {
    "resource": tables.resources,
    "timer": tables.timers,
    "owed": tables.owed,
    "dead": tables.dead_letters,
    "exchange": tables.exchanges,
}
"""The tables whose rows belong to runs, by the name that a row of them has in a file."""
CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "resource": lambda row: body_of(row.kind, row),
    "timer": timer_of,
    "owed": owed_of,
    "dead": owed_of,
    "exchange": lambda row: exchange_of(row, 1),
}
"""What makes of a row what it stands for; Unsound where it is nothing."""
_PLURALS: Final = {"resource": "resources", "timer": "timers", "exchange": "exchanges"}
NOT_TAKEN: Final = frozenset({"seq", "leased_until", "holder", *MARKS})
JSON: Final = frozenset({"body", "data", "about"})
BYTES: Final = frozenset({"request", "response"})
MOMENTS: Final = frozenset({"created", "at", "due", "began"})


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list: when it began, and how much of what it has."""

    run: str
    began: datetime | None
    last: datetime | None
    """When the last exchange was."""
    counts: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "began": rfc3339(self.began) if self.began else None,
            "last": rfc3339(self.last) if self.last else None,
            **{_PLURALS.get(name, name): self.counts.get(name, 0) for name in OF_RUNS},
        }


def list_runs(database: Database) -> list[RunRow]:
    """Every run, oldest first."""
    counts: dict[str, Counter[str]] = {}
    last: dict[str, datetime] = {}
    began: dict[str, datetime] = {}
    with database.reading() as connection:
        for name, table in OF_RUNS.items():
            for run, count in connection.execute(select(table.c.run, func.count()).group_by(table.c.run)):
                counts.setdefault(family(run), Counter())[name] += count
        for run, moment in connection.execute(select(tables.runs.c.id, tables.runs.c.began)):
            counts.setdefault(family(run), Counter())
            began[family(run)] = min(moment, began.get(family(run), moment))
        at = tables.exchanges.c.at
        for run, moment in connection.execute(select(tables.exchanges.c.run, func.max(at)).group_by("run")):
            last[family(run)] = max(moment, last.get(family(run), moment))
    rows = [RunRow(run, began.get(run), last.get(run), counts[run]) for run in counts]
    return sorted(rows, key=lambda row: (row.began is None, row.began or row.last, row.run))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many exchanges a run has, when the first of them was, and a number that grows with each."""

    run: str
    began: datetime | None
    exchanges: int = 0
    newest: int = 0


def latest(database: Database) -> tuple[Any, ...]:
    """Something that differs from what it was where `tally` has news; cheap."""
    with database.reading() as connection:
        newest = select(func.max(tables.exchanges.c.seq)).scalar_subquery()
        count = select(func.count()).select_from(tables.runs).scalar_subquery()
        return tuple(connection.execute(select(newest, count)).one())


def tally(database: Database) -> list[Tally]:
    """Every run, the one with the newest exchange first."""
    found: dict[str, Tally] = {}
    table = tables.exchanges
    with database.reading() as connection:
        for run, moment in connection.execute(select(tables.runs.c.id, tables.runs.c.began)):
            name = family(run)
            began = found[name].began if name in found else None
            found[name] = Tally(name, min(moment, began) if began else moment)
        counted = select(table.c.run, func.count(), func.min(table.c.at), func.max(table.c.seq)).group_by(table.c.run)
        for run, count, first, newest in connection.execute(counted):
            found[family(run)] = Tally(family(run), first, count, newest)
    return sorted(found.values(), key=lambda one: (one.newest, one.run), reverse=True)


def show_run(database: Database, run: str) -> dict[str, Any]:
    """What a run has, without the bodies. UserError where there is no such run."""
    names = _names(database, run)
    shown: dict[str, Any] = {"run": run, "resources": [], "timers": [], "owed": [], "dead": []}
    callbacks: dict[tuple[str, str], str] = {}
    for row in _rows(database, tables.resources, names):
        body = readable("resources", row, lambda row: body_of(row.kind, row))
        if body is None:
            continue
        if row.kind.startswith(HUB):
            callbacks[row.run, row.id] = masked_url(str(body["shown"]["callback"]))
        state = body.get("state") or body.get("status")
        shown["resources"].append({"kind": row.kind, "id": row.id, "state": state, "created": rfc3339(row.created)})
    for row in _rows(database, tables.timers, names):
        if readable("timers", row, timer_of) is None:
            continue
        shown["timers"].append({"at": rfc3339(row.at), "action": row.action, "kind": row.kind, "id": row.id})
    for name in ("owed", "dead"):
        for row in _rows(database, OF_RUNS[name], names):
            if readable(str(OF_RUNS[name]), row, owed_of) is None:
                continue
            event = {"event": row.event, "subscription": row.subscription, "due": rfc3339(row.due)}
            callback = callbacks.get((row.run, row.subscription))
            shown[name].append({**event, "callback": callback, "attempts": row.attempts, "fault": row.fault})
    shown["exchanges"] = len(DurableTranscript(database, run))
    return shown


def delete_run(database: Database, run: str) -> int:
    """Forget all that a run has; returns how many rows that were. UserError where there is no such run."""
    names = _names(database, run)

    def work() -> int:
        with database.writing() as connection:
            gone = sum(
                connection.execute(delete(table).where(table.c.run.in_(names))).rowcount for table in OF_RUNS.values()
            )
            connection.execute(delete(tables.runs).where(tables.runs.c.id.in_(names)))
            return gone

    return database.attempt(work)


def lines(database: Database, run: str) -> Iterator[bytes]:
    """A run as lines of JSON: first what it is, then each thing it has. UserError where there is no such run.

    Secrets do not go with it: where a subscription's callback has one, events to it do not arrive after `restore`.
    """
    names = _names(database, run)
    yield _line({"oit": "run", "format": FORMAT, "run": run})
    with database.reading() as connection:
        began = connection.execute(select(tables.runs).where(tables.runs.c.id.in_(names))).all()
    for row in began:
        yield _line({"is": "began", "run": row.id, "began": rfc3339_exact(row.began)})
    for kind, table in OF_RUNS.items():
        for row in _rows(database, table, names):
            if readable(str(table), row, CHECKS[kind]) is not None:
                taken = {key: value for key, value in row._mapping.items() if key not in NOT_TAKEN}  # noqa: SLF001
                yield _line({"is": kind, **{str(key): _said(str(key), value) for key, value in taken.items()}})


def rfc3339_exact(moment: datetime) -> str:
    """A date-time with all its microseconds."""
    return moment.isoformat()


def _said(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in JSON:
        said = orjson.loads(value)
        return masked_about(said) if key == "about" else without_secrets(said)
    if key in BYTES:
        return base64.b64encode(masked_body(value)).decode()
    return rfc3339_exact(value) if key in MOMENTS else value


def masked_about(value: Any) -> Any:
    """What is told `about` an exchange, without secrets: in its headers they are told by names that stand beside them."""
    if not isinstance(value, dict):
        return value
    about = without_secrets(value)
    for half in ("request", "response"):
        message = about.get(half)
        headers = message.get("headers") if isinstance(message, dict) else None
        # What are no pairs of texts are no headers: who reads them says so.
        if isinstance(headers, list) and all(_is_pair(each) for each in headers):
            message["headers"] = masked_headers(tuple((name, said) for name, said in headers))
    return about


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(each, str) for each in value)  # noqa: PLR2004


def _line(value: Any) -> bytes:
    return orjson.dumps(value) + b"\n"


def _names(database: Database, run: str) -> list[str]:
    """The names under which a run is kept. UserError where there is no such run."""
    found: set[str] = set()
    with database.reading() as connection:
        for column in (tables.runs.c.id, *(table.c.run for table in OF_RUNS.values())):
            found.update(connection.execute(select(column).distinct()).scalars())
    names = sorted(name for name in found if family(name) == run)
    if not names:
        message = f"there is no run {run!r} in {database.name}; `oit runs list` names them"
        raise UserError(message)
    return names


def _rows(database: Database, table: Table, names: list[str]) -> Iterator[Row[Any]]:
    """The rows of a table that belong to a run, a page at a time."""
    after = -1
    while True:
        with database.reading() as connection:
            asked = select(table).where(table.c.run.in_(names), table.c.seq > after).order_by(table.c.seq).limit(500)
            page = connection.execute(asked).all()
        if not page:
            return
        yield from page
        after = page[-1].seq
