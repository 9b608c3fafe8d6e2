"""The store in a database: SQLite or PostgreSQL, shared by as many processes as there are."""

from __future__ import annotations

import importlib
import itertools
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import BigInteger, Select, and_, bindparam, case, delete, exists, func, or_, select, type_coerce, update
from sqlalchemy.engine import Row

from emulator.parties import tables
from emulator.parties.clock import Pace
from emulator.parties.database import RESERVED, Database, holder_of
from emulator.parties.rows import body_of, name_once, owed_of, readable, timer_of
from emulator.parties.store import (
    COUNTED,
    MARKS,
    Outcome,
    Owed,
    Resource,
    Store,
    StoreFault,
    Timer,
    has_marks,
    marks_of,
)
from emulator.parties.swift import Lane, Memo, NoMemo, Runner, attempt

T = TypeVar("T")

_CANDIDATES: Final = 16
"""Due timers that are looked at: one whose resource another process is at is passed over."""

_OWED: Final = ("id", "run", "api", "subscription", "event", "body", "due", "attempts", "fault")

_KEY: Final = ("run", "kind", "id")
_NOTHING: Final[Mapping[str, str]] = {}
_PAGE: Final = 500
"""Resources that are read at a time."""
_MOST_TELLING: Final = ("external", "project", "state")
"""The marks, that first which the fewest resources share."""
_NAMED: Final = 20
_LAST: Final = 2**62
"""No row has a higher number."""
_SOONEST: Final = "the soonest timer"
_BEGUN: Final = "whether a run has begun"
_THERE: Final = "which resources there are"
_LISTED: Final = "the first resources of a kind"
_THE_PACE: Final = 1
_MICROSECOND: Final = timedelta(microseconds=1)

_r, _t, _o, _d = tables.resources, tables.timers, tables.owed, tables.dead_letters
_earlier_timer, _others = _t.alias(), _o.alias()


class SqlStore(Store):
    """A store in a database. What is shared stays in memory: it comes from the profile at each start."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._lane: Lane = database.swift or database
        self._memo: Memo = database.swift or NoMemo()
        self._shared: dict[str, dict[str, tuple[datetime, bytes]]] = {}
        self.holder = holder_of(os.getpid())
        """By what name this process holds leases, among those that share the database."""
        self._statements = _Statements(postgres=database.is_postgresql)
        self._release_the_dead()
        self._name_the_lost()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lane.transaction():
            yield

    def attempt(self, work: Callable[[], T]) -> T:
        return attempt(self._lane, work)

    def let_go(self) -> None:
        if self.database.swift is not None:
            self.database.swift.let_go()

    def close(self) -> None:
        with suppress(StoreFault), self._lane.writing() as connection:
            # Nobody has to wait for a process that is no more.
            connection.execute(self._statements.release, {"by": self._reserved})
        self.database.close()

    def starts(self) -> int:
        with self._lane.writing() as connection:
            row = {"at": datetime.now(UTC), "holder": self.holder}
            (number,) = connection.execute(self._statements.start, row).one()
        return int(number) - 1

    def begin(self, run: str, now: datetime) -> bool:
        self._memo.forget((_BEGUN, run))
        with self._lane.writing() as connection:
            return connection.execute(self._statements.begin, {"id": run, "began": now}).first() is not None

    def begun(self, run: str) -> bool:
        def read() -> bool:
            with self._lane.reading() as connection:
                return connection.execute(self._statements.begun, {"the_run": run}).first() is not None

        return self._memo.recall((_BEGUN, run), read)

    def runs(self) -> list[str]:
        with self._lane.reading() as connection:
            return [row.id for row in connection.execute(self._statements.runs).all()]

    def pace(self) -> Pace | None:
        with self._lane.reading() as connection:
            row = connection.execute(self._statements.pace).first()
        return None if row is None else Pace(row.real, row.shown, row.rate)

    def set_pace(self, pace: Pace, leap: timedelta = timedelta(0)) -> None:
        row = {"key": _THE_PACE, "real": pace.real, "shown": pace.shown, "rate": pace.rate}
        with self._lane.writing() as connection:
            connection.execute(self._statements.set_pace, row)
            if leap:
                connection.execute(self._statements.leap, {"leap": leap // _MICROSECOND})

    # Resources

    def share(self, resource: Resource) -> None:
        rows = self._shared.setdefault(resource.kind, {})
        if resource.id in rows:
            raise KeyError(resource.id)
        rows[resource.id] = (resource.created, orjson.dumps(resource.body))

    def add(self, resource: Resource) -> None:
        resource.written = orjson.dumps(resource.body)
        row = {
            "run": resource.run,
            "kind": resource.kind,
            "id": resource.id,
            "created": resource.created,
            "body": resource.written,
            **marks_of(resource.body),
        }
        self._memo.forget((_LISTED, resource.run, resource.kind))
        self._memo.forget((_THERE, resource.run, resource.kind))
        with self._lane.writing() as connection:
            if not connection.execute(self._statements.add, row).rowcount:
                raise KeyError(resource.id)

    def get(self, run: str, kind: str, identifier: str) -> Resource | None:
        shared = self._shared.get(kind, {}).get(identifier)
        if shared is not None:
            return Resource(run, kind, identifier, orjson.loads(shared[1]), shared[0])
        with self._lane.reading() as connection:
            asked = self._statements.hold if self._lane.inside else self._statements.get
            row = connection.execute(asked, _key(run, kind, identifier)).one_or_none()
        if row is None:
            return None
        body = readable("resources", row, lambda row: body_of(kind, row))
        return None if body is None else Resource(run, kind, identifier, body, row.created, bytes(row.body))

    def has(self, run: str, kind: str, identifier: str) -> bool:
        if identifier in self._shared.get(kind, {}):
            return True

        def read() -> bool:
            with self._lane.reading() as connection:
                return connection.execute(self._statements.has, _key(run, kind, identifier)).first() is not None

        known = self._memo.recall((_THERE, run, kind), dict)
        if identifier not in known:
            known[identifier] = read()
        there: bool = known[identifier]
        return there

    def update(self, resource: Resource) -> None:
        row = _key(resource.run, resource.kind, resource.id)
        row["new_body"] = resource.written = orjson.dumps(resource.body)
        row |= {f"new_{name}": value for name, value in marks_of(resource.body).items()}
        self._memo.forget((_LISTED, resource.run, resource.kind))
        with self._lane.writing() as connection:
            if not connection.execute(self._statements.update, row).rowcount:
                raise KeyError(resource.id)

    def remove(self, run: str, kind: str, identifier: str) -> bool:
        self._memo.forget((_LISTED, run, kind))
        self._memo.forget((_THERE, run, kind))
        with self._lane.writing() as connection:
            return connection.execute(self._statements.remove, _key(run, kind, identifier)).rowcount > 0

    def all(self, run: str, kind: str, marks: Mapping[str, str] = _NOTHING) -> Iterator[Resource]:
        # Most kinds of a run have few, and are asked for again and again.
        read = self._memo.recall((_LISTED, run, kind), dict)
        wanted = tuple(marks.items())
        if wanted not in read:
            read[wanted] = self._after(run, kind, marks, -1, _LAST)
        rows = read[wanted]
        until = self._newest() if len(rows) == _PAGE else _LAST
        yield from self._shared_of(run, kind, marks)
        while rows:
            yield from _resources(run, kind, rows)
            rows = self._after(run, kind, marks, rows[-1].seq, until) if len(rows) == _PAGE else []

    def _after(self, run: str, kind: str, marks: Mapping[str, str], after: int, until: int) -> list[Row[Any]]:
        """The next rows of a kind, after one number and up to another."""
        key = _sought(run, kind, marks) | {"after": after, "until": until, "most": _PAGE}
        with self._lane.reading() as connection:
            return list(connection.execute(self._statements.found[frozenset(marks)].after, key).all())

    def _newest(self) -> int:
        with self._lane.reading() as connection:
            return int(connection.execute(self._statements.newest).scalar())

    def part(
        self, run: str, kind: str, offset: int, limit: int, marks: Mapping[str, str] = _NOTHING, count: int = COUNTED
    ) -> tuple[int, list[Resource]]:
        shared = list(self._shared_of(run, kind, marks))
        first = shared[offset : offset + limit]
        key, asked = _sought(run, kind, marks), self._statements.found[frozenset(marks)]
        page = key | {"skipped": max(0, offset - len(shared)), "most": limit - len(first)}
        with self._lane.reading() as connection:
            total = len(shared) + int(connection.execute(asked.count, key | {"count": count + 1}).scalar())
            rows = connection.execute(asked.page, page).all()
        found = list(_resources(run, kind, rows))
        lost = len(rows) - len(found)  # what cannot be read is not there, and not counted
        return min(total - lost, count + 1), first + found

    def _shared_of(self, run: str, kind: str, marks: Mapping[str, str]) -> Iterator[Resource]:
        for identifier, (created, body) in list(self._shared.get(kind, {}).items()):
            if has_marks(value := orjson.loads(body), marks):
                yield Resource(run, kind, identifier, value, created)

    # Timers

    def plan(self, timer: Timer) -> None:
        row = {
            "run": timer.run,
            "kind": timer.kind,
            "id": timer.id,
            "at": timer.at,
            "action": timer.action,
            "data": orjson.dumps(timer.data),
        }
        self._memo.amend(_SOONEST, lambda soonest: timer.at if soonest is None else min(soonest, timer.at))
        with self._lane.writing() as connection:
            connection.execute(self._statements.plan, row)

    def next_due(self, now: datetime) -> Timer | None:
        self._memo.forget(_SOONEST)
        with self._lane.transaction() as connection:
            for row in self._due(connection, now):
                if row.resource is not None and self.database.is_postgresql:
                    # Who holds a resource may wait for nothing of it that another holds: the resource comes first.
                    held = connection.execute(self._statements.hold_if_free, {"key": row.resource}).one_or_none()
                    if held is None:
                        continue
                if connection.execute(self._statements.forget_timer, {"key": row.seq}).rowcount:
                    return timer_of(row)
        return None

    def _due(self, connection: Runner, now: datetime) -> Sequence[Row[Any]]:
        """Timers that may be taken. Those that cannot be read are forgotten: they would stand before all others."""
        while True:
            rows = connection.execute(self._statements.due, {"now": now}).all()
            lost = [row for row in rows if readable("timers", row, timer_of) is None]
            if not lost:
                return rows
            for row in lost:
                connection.execute(self._statements.forget_timer, {"key": row.seq})

    def next_timer(self) -> datetime | None:
        return self._memo.recall(_SOONEST, self._next_timer)

    def _next_timer(self) -> datetime | None:
        with self._lane.reading() as connection:
            first: datetime | None = connection.execute(self._statements.next_timer).scalar()
        return first

    def timers(self, run: str, kind: str, identifier: str) -> list[Timer]:
        with self._lane.reading() as connection:
            found = connection.execute(self._statements.timers, _key(run, kind, identifier))
            return _read("timers", found, timer_of)

    def cancel(self, run: str, kind: str, identifier: str) -> None:
        self._memo.forget(_SOONEST)
        with self._lane.writing() as connection:
            connection.execute(self._statements.cancel, _key(run, kind, identifier))

    # Notifications that are owed

    def owe(self, owed: Owed, reserved: float = 0.0) -> None:
        row = {name: getattr(owed, name) for name in _OWED} | {"body": orjson.dumps(owed.body)}
        row |= self._reservation(owed.due, reserved)
        with self._lane.writing() as connection:
            if not connection.execute(self._statements.owe, row).rowcount:
                raise KeyError(owed.id)

    def owed_due(self, now: datetime, limit: int, lease_seconds: float) -> list[Owed]:
        with self._lane.reading() as connection:
            if not connection.execute(self._statements.owed_ready, {"now": now, "mine": self._reserved}).first():
                return []

        def claim() -> list[Any]:
            with self._lane.writing() as connection:
                asked = {"now": now, "mine": self._reserved, "most": limit}
                rows = list(connection.execute(self._statements.owed_due, asked).all())
                for row in [row for row in rows if readable("owed", row, owed_of) is None]:
                    rows.remove(row)  # whatever is owed after it would wait for ever
                    connection.execute(self._statements.drop_owed, {"key": row.seq})
                until = now + timedelta(seconds=lease_seconds)
                if rows:
                    leases = [{"key": row.seq, "until": until, "by": self.holder} for row in rows]
                    connection.execute(self._statements.lease, leases)
                return rows

        return sorted(map(owed_of, self.attempt(claim)), key=lambda owed: owed.due)

    def next_owed(self) -> datetime | None:
        with self._lane.reading() as connection:
            first: datetime | None = connection.execute(self._statements.next_owed, {"mine": self._reserved}).scalar()
        return first

    def settle_owed(self, identifier: str, outcome: Outcome, fault: str | None = None) -> None:
        with self._lane.writing() as connection:
            row = connection.execute(self._statements.forget_owed, {"key": identifier}).one_or_none()
            if row is None or outcome != "dead":
                return
            letter = {name: getattr(row, name) for name in _OWED}
            letter |= {"fault": fault or row.fault, "attempts": row.attempts + 1}
            connection.execute(self._statements.bury, letter)

    def postpone_owed(
        self, identifier: str, due: datetime, attempts: int, fault: str | None = None, reserved: float = 0.0
    ) -> None:
        with self._lane.writing() as connection:
            row = {"key": identifier, "new_due": due, "new_attempts": attempts, "new_fault": fault}
            row |= {f"new_{name}": value for name, value in self._reservation(due, reserved).items()}
            connection.execute(self._statements.postpone, row)

    def forget_owed(self, run: str, subscription: str) -> int:
        with self._lane.writing() as connection:
            key = {"the_run": run, "the_subscription": subscription}
            return connection.execute(self._statements.forget_all_owed, key).rowcount

    def owed_to(self, run: str, subscription: str) -> list[Owed]:
        with self._lane.reading() as connection:
            key = {"the_run": run, "the_subscription": subscription}
            return _read("owed", connection.execute(self._statements.owed_to, key), owed_of)

    def dead_letters(self, run: str) -> list[Owed]:
        with self._lane.reading() as connection:
            return _read("dead_letters", connection.execute(self._statements.dead_letters, {"run": run}), owed_of)

    @property
    def _reserved(self) -> str:
        return self.holder + RESERVED

    def _reservation(self, due: datetime, seconds: float) -> dict[str, Any]:
        """The lease of what is left to this process, or none."""
        until, by = (due + timedelta(seconds=seconds), self._reserved) if seconds else (None, None)
        return {"leased_until": until, "holder": by}

    def _name_the_lost(self) -> None:
        """Say of what will never be due that it cannot be read: nobody else will come upon it."""
        for table, column in (("timers", _t.c.at), ("owed", _o.c.due)):
            lost = select(column.table.c.seq, column.table.c.run).where(column > tables.LATEST).limit(_NAMED)
            with self._lane.reading() as connection:
                for row in connection.execute(lost).all():
                    name_once(table, row, f"{column.key!r} is no time up to the year 9000")

    def _release_the_dead(self) -> None:
        """End the leases of processes of this machine that are gone, even where another has their number by now."""
        with self._lane.reading() as connection:
            holders = connection.execute(self._statements.holders).scalars().all()
        gone = [holder for holder in holders if _is_gone(holder, self.holder)]
        if gone:
            with self._lane.writing() as connection:
                for holder in gone:
                    connection.execute(self._statements.release, {"by": holder})


def _is_gone(holder: str, mine: str) -> bool:
    """Whether a process was one of this machine and its space of numbers, and is no more; `mine` is this one's name."""
    holder = holder.removesuffix(RESERVED)
    host, _, rest = holder.partition(":")
    process, _, began = rest.partition(":")
    if host != socket.gethostname() or not process.isdecimal():
        return False
    if began.partition(".")[0] != mine.rpartition(":")[2].partition(".")[0]:
        return False  # of another container, or of a version that kept only the number: its lease ends in time
    if holder == holder_of(int(process)):
        return False
    with suppress(PermissionError):
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return True
    return bool(began)  # its number has gone to another


def _key(run: str, kind: str, identifier: str) -> dict[str, Any]:
    return {"the_run": run, "the_kind": kind, "the_id": identifier}


def _sought(run: str, kind: str, marks: Mapping[str, str]) -> dict[str, Any]:
    return {"the_run": run, "the_kind": kind, **{f"the_{name}": wanted for name, wanted in marks.items()}}


def _read(table: str, rows: Iterable[Row[Any]], read: Callable[[Row[Any]], T]) -> list[T]:
    """What rows stand for, without those that cannot be read."""
    return [found for row in rows if (found := readable(table, row, read)) is not None]


def _resources(run: str, kind: str, rows: Iterable[Row[Any]]) -> Iterator[Resource]:
    for row in rows:
        body = readable("resources", row, lambda row: body_of(kind, row))
        if body is not None:
            yield Resource(run, kind, row.id, body, row.created)


def _insert_of(dialect: str) -> Any:
    """The `insert` of a dialect, which knows conflicts; only the dialect that is used is loaded."""
    return importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert


def _if_new(insert: Any) -> Any:
    """An insert that does nothing where the key is taken; its `rowcount` says whether it did."""
    return insert.on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)


class _Statements:
    """Every statement, built once: SQLAlchemy compiles each a single time."""

    def __init__(self, *, postgres: bool) -> None:
        insert: Any = _insert_of("postgresql" if postgres else "sqlite")
        of_resource = [_r.c[name] == bindparam(f"the_{name}") for name in _KEY]
        of_timer = [_t.c[name] == bindparam(f"the_{name}") for name in _KEY]
        of_owed = [_o.c[name] == bindparam(f"the_{name}") for name in ("run", "subscription")]

        self.start = insert(tables.starts).returning(tables.starts.c.seq)
        self.begin = insert(tables.runs).on_conflict_do_nothing().returning(tables.runs.c.id)

        self.begun = select(tables.runs.c.id).where(tables.runs.c.id == bindparam("the_run"))
        self.runs = select(tables.runs.c.id)
        self.pace = select(tables.pace)
        changed = insert(tables.pace)
        self.set_pace = changed.on_conflict_do_update(
            index_elements=["key"], set_={name: changed.excluded[name] for name in ("real", "shown", "rate")}
        )
        ends = type_coerce(_o.c.leased_until, BigInteger)
        self.leap = (
            update(_o)
            .where(_o.c.leased_until.is_not(None))
            .values({_o.c.leased_until: type_coerce(ends + bindparam("leap", type_=BigInteger), tables.Moment)})
        )

        self.add = _if_new(insert(_r))
        self.get = select(_r.c.seq, _r.c.run, _r.c.created, _r.c.body).where(*of_resource)
        self.has = select(_r.c.seq).where(*of_resource)
        self.hold = self.get.with_for_update()
        self.hold_if_free = select(_r.c.seq).where(_r.c.seq == bindparam("key")).with_for_update(skip_locked=True)
        new_marks: dict[str, Any] = {name: bindparam(f"new_{name}") for name in MARKS}
        self.update = update(_r).where(*of_resource).values(body=bindparam("new_body"), **new_marks)
        self.remove = delete(_r).where(*of_resource)
        self.newest = select(func.max(_r.c.seq))
        self.found = {
            frozenset(marks): _Found([*of_resource[:2], *_marked(marks)])
            for count in range(len(MARKS) + 1)
            for marks in itertools.combinations(MARKS, count)
        }

        self.plan = insert(_t)
        self.due = _due(postgres=postgres)
        self.forget_timer = delete(_t).where(_t.c.seq == bindparam("key"))
        self.next_timer = select(func.min(_t.c.at)).where(_t.c.at <= tables.LATEST)
        self.timers = select(_t).where(*of_timer).order_by(_t.c.at, _t.c.seq)
        self.cancel = delete(_t).where(*of_timer)

        # A line is worked off in order: only its first may be given out.
        first = _o.c.seq.in_(_first_of_each_line())
        taken = and_(_o.c.leased_until > _o.c.due, _o.c.holder != bindparam("mine"))
        ready = case((taken, _o.c.leased_until), else_=_o.c.due)
        mine = _o.c.holder == bindparam("mine")
        free = or_(_o.c.leased_until.is_(None), _o.c.leased_until <= bindparam("now"), mine)
        due = and_(_o.c.due <= bindparam("now"), free, first)
        self.owe = _if_new(insert(_o))
        self.owed_ready = select(_o.c.seq).where(due).limit(1)
        self.owed_due = (
            select(_o).where(due).order_by(ready, _o.c.seq).limit(bindparam("most"))
            .with_for_update(of=_o, skip_locked=True)
        )  # fmt: skip
        self.lease = (
            update(_o).where(_o.c.seq == bindparam("key"))
            .values(leased_until=bindparam("until"), holder=bindparam("by"))
        )  # fmt: skip
        self.next_owed = select(func.min(ready)).where(first, _o.c.due <= tables.LATEST)
        self.drop_owed = delete(_o).where(_o.c.seq == bindparam("key"))
        self.forget_owed = delete(_o).where(_o.c.id == bindparam("key")).returning(_o)
        self.bury = insert(_d)
        self.postpone = (
            update(_o).where(_o.c.id == bindparam("key"))
            .values(
                due=bindparam("new_due"),
                attempts=bindparam("new_attempts"),
                fault=bindparam("new_fault"),
                leased_until=bindparam("new_leased_until"),
                holder=bindparam("new_holder"),
            )
        )  # fmt: skip
        self.forget_all_owed = delete(_o).where(*of_owed)
        self.owed_to = select(_o).where(*of_owed).order_by(_o.c.seq)
        self.dead_letters = select(_d).where(_d.c.run == bindparam("run")).order_by(_d.c.seq)
        self.holders = select(_o.c.holder).where(_o.c.holder.is_not(None)).distinct()
        self.release = update(_o).where(_o.c.holder == bindparam("by")).values(leased_until=None, holder=None)


def _marked(marks: Sequence[str]) -> Iterator[Any]:
    """That a resource has these marks. The first is looked up in its index: the others are hidden from it, since a database
    that has not counted takes any, and thousands may share a state.
    """
    for place, name in enumerate(sorted(marks, key=_MOST_TELLING.index)):
        column = _r.c[name] if place == 0 else _r.c[name].concat("")
        yield column == bindparam(f"the_{name}", type_=tables.Name())


class _Found:
    """The statements that find resources by what is known of them."""

    def __init__(self, known: list[Any]) -> None:
        found = select(_r.c.seq, _r.c.run, _r.c.id, _r.c.created, _r.c.body).where(*known).order_by(_r.c.seq)
        some = select(_r.c.seq).where(*known).limit(bindparam("count")).subquery()
        self.count = select(func.count()).select_from(some)
        self.page = found.offset(bindparam("skipped")).limit(bindparam("most"))
        self.after = found.where(_r.c.seq > bindparam("after"), _r.c.seq <= bindparam("until")).limit(bindparam("most"))


def _first_of_each_line() -> Select[Any]:
    """The key of the oldest notification of each subscription.

    It walks the index from one subscription to the next, so it takes as long as there are subscriptions that are owed
    something. Grouping would read all that they are owed, and one that hangs may be owed a hundred thousand.
    """
    oldest = select(_others.c.seq).order_by(_others.c.run, _others.c.subscription, _others.c.seq).limit(1)
    firsts = select(oldest.scalar_subquery().label("seq")).cte("firsts", recursive=True)
    here = _o.alias("here")
    # Of two columns compared as one pair, SQLite's index would find the first only.
    in_the_run = oldest.where(_others.c.run == here.c.run, _others.c.subscription > here.c.subscription)
    in_the_next = oldest.where(_others.c.run > here.c.run)
    after = func.coalesce(*(each.correlate(here).scalar_subquery() for each in (in_the_run, in_the_next)))
    firsts = firsts.union_all(select(after).join_from(firsts, here, here.c.seq == firsts.c.seq))
    return select(firsts.c.seq).where(firsts.c.seq.is_not(None))


def _due(*, postgres: bool) -> Select[Any]:
    """The timers that may be taken, first one first.

    SQLite has one writer at a time. On PostgreSQL others are at work: a timer whose resource has an earlier one waits
    for that, although another process may just have taken it.
    """
    found = select(_t).where(_t.c.at <= bindparam("now")).order_by(_t.c.at, _t.c.seq)
    if not postgres:
        return found.add_columns(_t.c.seq.label("resource")).limit(1)
    before = or_(
        _earlier_timer.c.at < _t.c.at,
        and_(_earlier_timer.c.at == _t.c.at, _earlier_timer.c.seq < _t.c.seq),
    )
    same = [_earlier_timer.c[name] == _t.c[name] for name in _KEY]
    resource = select(_r.c.seq).where(*(_r.c[name] == _t.c[name] for name in _KEY)).scalar_subquery()
    return found.add_columns(resource.label("resource")).where(~exists().where(*same, before)).limit(_CANDIDATES)
