"""The store keeps everything of a transaction or nothing, and gives timers and notifications out in order.

The same tests over memory, SQLite and PostgreSQL; a machine of hypothesis compares the databases with memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import create_engine, text

from emulator.errors import UserError
from emulator.parties import sql
from emulator.parties.database import RESERVED, holder_of
from emulator.parties.opening import open_store
from emulator.parties.sql import SqlStore
from emulator.parties.store import MemoryStore, Owed, Resource, Store, Timer
from emulator.parties.tables import metadata
from tests.cli.processes import ROOT
from tests.parties.databases import KINDS, database

START = datetime(2026, 1, 1, tzinfo=UTC)
HOLDER = holder_of(os.getpid())


def resource(identifier: str, run: str = "r", **body: object) -> Resource:
    return Resource(run, "quote", identifier, dict(body), START)


def timer(seconds: float, action: str = "a", identifier: str = "1") -> Timer:
    return Timer("r", "quote", identifier, START + timedelta(seconds=seconds), action)


@pytest.fixture(params=KINDS)
def store(request, tmp_path) -> Iterator[Store]:
    with database(request.param, tmp_path) as url:
        opened = open_store(url)
        yield opened
        opened.close()


def test_what_is_kept_is_nobody_elses(store):
    mine = resource("1", note=[1])
    store.add(mine)
    mine.body["note"].append(2)
    given_out = store.get("r", "quote", "1")
    given_out.body["note"].append(3)
    assert store.get("r", "quote", "1").body == {"note": [1]}
    store.update(given_out)
    assert store.get("r", "quote", "1").body == {"note": [1, 3]}


def test_runs_do_not_see_each_other_but_all_see_what_is_shared(store):
    store.share(resource("0"))
    store.add(resource("1", run="a"))
    store.add(resource("2", run="b"))
    assert [r.id for r in store.all("a", "quote")] == ["0", "1"]
    assert store.get("b", "quote", "1") is None
    assert store.get("b", "quote", "0").run == "b"


def test_a_part_of_what_a_run_sees_is_counted_and_in_order(store):
    store.share(resource("0"))
    for number in range(1, 6):
        store.add(resource(str(number)))
    store.add(resource("x", run="other"))
    parts = [store.part("r", "quote", offset, 2) for offset in (0, 1, 4, 6, 2**62)]
    assert [(total, [r.id for r in some]) for total, some in parts] == [
        (6, ["0", "1"]), (6, ["1", "2"]), (6, ["4", "5"]), (6, []), (6, []),
    ]  # fmt: skip


@pytest.mark.parametrize(("mark", "member"), [("external", "externalId"), ("state", "state"), ("state", "status"),
                                              ("project", "projectId")])  # fmt: skip
def test_what_has_a_mark_is_found_by_it_also_after_that_changed(store, mark, member):
    for number in range(4):
        store.add(resource(str(number), **{member: "even" if number % 2 == 0 else "odd"}))
    store.add(resource("5", **{member: 7}))
    store.add(resource("6"))
    changed = store.get("r", "quote", "2")
    changed.body[member] = "odd"
    store.update(changed)

    def found(wanted: str) -> list[str]:
        listed = [r.id for r in store.all("r", "quote", {mark: wanted})]
        total, some = store.part("r", "quote", 0, 10, {mark: wanted})
        assert (total, [r.id for r in some]) == (len(listed), listed)
        return listed

    assert (found("even"), found("odd"), found("none"), found("7")) == (["0"], ["1", "2", "3"], [], [])


def test_marks_are_wanted_all_together_and_shared_resources_have_them_too(store):
    store.share(resource("0", state="done", projectId="p"))
    store.add(resource("1", state="done", projectId="p"))
    store.add(resource("2", state="done"))
    store.add(resource("3", state="new", projectId="p"))
    both = {"state": "done", "project": "p"}
    assert [r.id for r in store.all("r", "quote", both)] == ["0", "1"]
    assert [r.id for r in store.part("r", "quote", 1, 5, both)[1]] == ["1"]


def test_what_is_found_is_counted_only_so_far(store):
    for number in range(5):
        store.add(resource(str(number), state="done"))
    parts = [store.part("r", "quote", 0, 2, {"state": "done"}, count) for count in (3, 4, 5, 6)]
    assert [total for total, _ in parts] == [4, 5, 5, 5]
    assert {tuple(r.id for r in some) for _, some in parts} == {("0", "1")}


def test_a_long_list_is_read_in_parts_and_ends_with_what_was_there(store, monkeypatch):
    monkeypatch.setattr(sql, "_PAGE", 3)
    for number in range(7):
        store.add(resource(str(number)))
    listed = []
    for number, each in enumerate(store.all("r", "quote")):
        store.add(resource(f"later {number}"))
        listed.append(each.id)
    assert listed == list("0123456")


def test_what_is_there_is_known_without_reading_it(store):
    store.share(resource("0"))
    store.add(resource("1"))
    known = [store.has("r", "quote", name) for name in "012"]
    assert (known, store.has("other", "quote", "1")) == ([True, True, False], False)


def test_a_transaction_sees_what_it_changed_and_not_what_it_took_back(store):
    store.add(resource("1"))
    with store.transaction():
        assert [r.id for r in store.all("r", "quote")] == ["1"]
        store.plan(timer(5))
        assert store.next_timer() == START + timedelta(seconds=5)
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.add(resource("2"))
            store.plan(timer(2))
            assert [r.id for r in store.all("r", "quote")] == ["1", "2"]
            assert store.next_timer() == START + timedelta(seconds=2)
            raise ZeroDivisionError
        assert [r.id for r in store.all("r", "quote")] == ["1"]
        assert store.next_timer() == START + timedelta(seconds=5)
        store.remove("r", "quote", "1")
        store.cancel("r", "quote", "1")
        assert (list(store.all("r", "quote")), store.next_timer()) == ([], None)


def test_an_id_is_taken_once(store):
    store.add(resource("1"))
    with pytest.raises(KeyError):
        store.add(resource("1"))
    with pytest.raises(KeyError):
        store.update(resource("2"))
    assert not store.remove("r", "quote", "2")


def test_a_failed_transaction_leaves_no_trace(store):
    for name in ("1", "2", "3"):
        store.add(resource(name, n=0))
    store.plan(timer(1, "kept"))
    store.plan(timer(2, "due"))
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.remove("r", "quote", "2")
        store.update(resource("1", n=1))
        store.add(resource("4"))
        assert store.next_due(START + timedelta(seconds=1)).action == "kept"
        store.cancel("r", "quote", "1")
        store.plan(timer(3, "new"))
        raise ZeroDivisionError
    assert [(r.id, r.body) for r in store.all("r", "quote")] == [(name, {"n": 0}) for name in ("1", "2", "3")]
    assert [t.action for t in store.timers("r", "quote", "1")] == ["kept", "due"]
    assert due(store, START + timedelta(seconds=9)) == ["kept", "due"]


def test_an_inner_transaction_takes_back_only_its_own(store):
    with store.transaction():
        store.add(resource("1"))
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.add(resource("2"))
            raise ZeroDivisionError
    assert [r.id for r in store.all("r", "quote")] == ["1"]


def due(store: Store, until: datetime) -> list[str]:
    """The actions of all that is due, taken one after the other."""
    found = []
    while (timer := store.next_due(until)) is not None:
        found.append(timer.action)
    return found


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 5))
def test_timers_are_due_in_order_of_time_then_of_planning(seconds, until):
    store = MemoryStore()
    for n, second in enumerate(seconds):
        store.plan(timer(second, str(n)))
    expected = [str(n) for s, n in sorted((s, n) for n, s in enumerate(seconds)) if s <= until]
    assert due(store, START + timedelta(seconds=until)) == expected
    assert len(store.timers("r", "quote", "1")) == len(seconds) - len(expected)


def test_cancelled_timers_do_not_go_off(store):
    store.plan(timer(1, "one"))
    store.plan(timer(1, "other", "2"))
    store.cancel("r", "quote", "1")
    assert due(store, START + timedelta(days=1)) == ["other"]


# Notifications


def notification(identifier: str, subscription: str = "s", seconds: float = 0, run: str = "r") -> Owed:
    return Owed(identifier, run, "quote", subscription, "quoteStateChangeEvent", {"n": identifier}, at(seconds))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def ids(rows: list[Owed]) -> list[str]:
    return [row.id for row in rows]


def test_a_subscription_gets_its_notifications_one_after_the_other(store):
    for name, subscription in (("1", "s"), ("2", "s"), ("3", "other")):
        store.owe(notification(name, subscription))
    with pytest.raises(KeyError):
        store.owe(notification("1"))
    assert ids(store.owed_due(at(0), 10, 5)) == ["1", "3"]
    assert store.owed_due(at(4), 10, 5) == []
    assert store.next_owed() == at(5)
    store.settle_owed("1", "delivered")
    assert ids(store.owed_due(at(4), 10, 5)) == ["2"]
    store.postpone_owed("2", at(60), 1, "refused")
    assert ids(store.owed_due(at(59), 10, 5)) == ["3"], "the lease of 3 is over"
    (late,) = store.owed_due(at(60), 10, 5)
    assert (late.id, late.attempts, late.fault, late.body) == ("2", 1, "refused", {"n": "2"})
    store.settle_owed("2", "dead", "no listener")
    store.settle_owed("2", "dead", "told twice")
    (dead,) = store.dead_letters("r")
    assert (dead.id, dead.attempts, dead.fault) == ("2", 2, "no listener")
    assert store.owed_to("r", "s") == []


def test_what_is_owed_goes_with_its_transaction_and_its_subscription(store):
    store.owe(notification("1"))
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.owe(notification("2"))
        assert store.forget_owed("r", "s") == 2
        raise ZeroDivisionError
    assert ids(store.owed_to("r", "s")) == ["1"]
    assert store.forget_owed("r", "s") == 1
    assert store.next_owed() is None


def test_a_run_begins_once_and_starts_are_counted(store):
    assert [store.starts(), store.starts()] == [0, 1]
    with pytest.raises(ZeroDivisionError), store.transaction():
        assert store.begin("r", START)
        raise ZeroDivisionError
    assert [store.begin("r", START), store.begin("r", START), store.begin("", START)] == [True, False, True]


STRANGE = ["\x00", "\\", "\\x00", "\ud800", "a\nb", "\U0001f600", "", "x" * 5000, "\u4e2d" * 900, "'; --", "%00"]


def test_strange_ids_are_ids_like_others(store):
    for run in STRANGE:
        assert store.begin(run, START)
        for name in STRANGE:
            assert store.get(run, "quote", name) is None
            store.add(resource(name, run=run, was=name.encode("utf-8", "replace").decode()))
            store.plan(Timer(run, "quote", name, START, "a"))
    short = [name for name in STRANGE if len(name) < 100]
    for run in STRANGE:
        assert [r.id for r in store.all(run, "quote") if len(r.id) < 100] == short
        assert [len(store.timers(run, "quote", name)) for name in STRANGE] == [1] * len(STRANGE)
    assert len({(t.run, t.id) for t in iter(lambda: store.next_due(START), None)}) == len(STRANGE) ** 2


# Databases


DURABLE = KINDS[1:]


@pytest.fixture(params=DURABLE)
def url(request, tmp_path) -> Iterator[str]:
    with database(request.param, tmp_path) as found:
        yield found


def test_what_was_kept_is_there_when_the_database_is_opened_again(url):
    first = open_store(url)
    first.starts()
    first.add(resource("1", n=1))
    first.plan(Timer("r", "quote", "1", at(1), "go", {"steps": [1]}))
    first.owe(notification("1"))
    first.share(resource("0"))
    first.close()
    again = open_store(url)
    assert [(r.id, r.body, r.created) for r in again.all("r", "quote")] == [("1", {"n": 1}, START)]
    assert again.timers("r", "quote", "1") == [Timer("r", "quote", "1", at(1), "go", {"steps": [1]})]
    assert again.owed_to("r", "s") == [notification("1")]
    assert again.starts() == 1
    again.close()


@pytest.mark.parametrize("number", [os.getpid(), 2**22 + 1], ids=["reused", "gone"])
def test_the_lease_of_a_process_that_is_gone_ends_when_the_next_one_starts(url, number):
    """Also where another process, here this one, has its number by now; and what was left to that process is not any more."""
    host, _, began = HOLDER.split(":")
    first = open_store(url)
    first.holder = f"{host}:{number}:{began.partition('.')[0]}.1"
    first.owe(notification("1"))
    first.owe(notification("2", "other"), 3600)
    assert ids(first.owed_due(at(0), 1, 3600)) == ["1"]
    first.database.close()  # a process that is killed says nothing
    again = open_store(url)
    assert ids(again.owed_due(at(0), 2, 3600)) == ["1", "2"]
    again.close()


def test_who_ends_leaves_nothing_reserved(url):
    first, other = open_store(url), open_store(url)
    other.holder = "elsewhere:1:2.3"
    first.owe(notification("1"), 3600)
    assert other.owed_due(at(0), 1, 3600) == []
    first.close()
    assert ids(other.owed_due(at(0), 1, 3600)) == ["1"]
    other.close()


def test_what_is_reserved_is_left_to_one_process_until_it_had_time_enough(url):
    first, other = open_store(url), open_store(url)
    other.holder = f"elsewhere:1:2.3{RESERVED}"
    first.owe(notification("1"), 30)
    assert (other.owed_due(at(29), 1, 3600), other.next_owed()) == ([], at(30))
    assert first.next_owed() == at(0)
    assert ids(first.owed_due(at(0), 1, 3600)) == ["1"]
    assert first.owed_due(at(1), 1, 3600) == []  # it has begun with it
    first.postpone_owed("1", at(5), 0, reserved=30)
    assert other.owed_due(at(34), 1, 3600) == []
    assert ids(other.owed_due(at(35), 1, 3600)) == ["1"]
    first.close()
    other.close()


@pytest.mark.parametrize(
    "holder", [HOLDER, "elsewhere:1:2.3", f"{HOLDER.partition(':')[0]}:1:2.3"], ids=["own", "machine", "container"]
)
def test_a_lease_is_left_to_who_may_be_there(url, holder):
    """To this process, to one of another machine, to process 1 of another container of this machine."""
    first = open_store(url)
    first.holder = holder
    first.owe(notification("1"))
    assert ids(first.owed_due(at(0), 1, 3600)) == ["1"]
    again = open_store(url)
    assert again.owed_due(at(1), 1, 3600) == []
    again.close()
    first.close()


def test_each_subscription_of_each_run_has_a_first(store):
    for n in range(4):
        for run in ("", "a", "a|buyerId=ann", "b"):
            for subscription in ("s1", "s2"):
                owed = notification(f"{run}/{subscription}/{n}")
                store.owe(replace(owed, run=run, subscription=subscription))
    firsts = {f"{run}/{subscription}/0" for run in ("", "a", "a|buyerId=ann", "b") for subscription in ("s1", "s2")}
    assert set(ids(store.owed_due(at(0), 99, 60))) == firsts
    assert store.next_owed() == at(60)


def test_two_that_share_a_database_do_nothing_twice(url):
    stores = [open_store(url) for _ in range(2)]
    done: list[str] = []
    for n in range(40):
        stores[0].add(resource(str(n), n=0))
        for second in range(3):
            stores[0].plan(timer(second, f"{n}.{second}", str(n)))

    def next_one(store: Store) -> str | None:
        found = store.next_due(at(9))
        if found is None:
            return None
        worked_on = store.get("r", "quote", found.id)
        worked_on.body["n"] += 1
        store.update(worked_on)
        return found.action

    def work(store: Store) -> None:
        while store.next_timer() is not None:
            if (action := store.attempt(lambda: next_one(store))) is not None:
                done.append(action)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 120
    assert sorted(done) == sorted(f"{n}.{second}" for n in range(40) for second in range(3))
    assert [r.body for r in stores[1].all("r", "quote")] == [{"n": 3}] * 40
    for store in stores:
        store.close()


def test_two_that_share_a_database_lose_no_change_of_one_resource(url):
    stores = [open_store(url) for _ in range(2)]
    for name in ("1", "2"):
        stores[0].add(resource(name, n=0))

    def change(store: Store, names: tuple[str, ...]) -> None:
        for name in names:
            found = store.get("r", "quote", name)
            found.body["n"] += 1
            store.update(found)

    def work(store: Store, *names: str) -> None:
        for _ in range(4):
            store.attempt(lambda: change(store, names))

    # One takes the first and then the second, the other the other way round: PostgreSQL ends such knots by force.
    threads = [threading.Thread(target=work, args=args) for args in ((stores[0], "1", "2"), (stores[1], "2", "1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [r.body["n"] for r in stores[0].all("r", "quote")] == [8, 8]
    for store in stores:
        store.close()


def test_a_database_of_a_newer_oit_is_refused(url):
    store = open_store(url)
    assert isinstance(store, SqlStore)
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    store.close()
    with pytest.raises(UserError, match="newer version"):
        open_store(url)


@pytest.mark.parametrize("made", ["at once", "by every migration"])
def test_migrations_end_in_the_tables_that_we_use(url, made):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    if made == "by every migration":  # alembic was here, and nothing more
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        engine.dispose()
    store = open_store(url)
    with store.database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
    store.close()


@pytest.mark.parametrize(("version", "later"), [("v0002", ("external", "state", "project")),
                                                ("v0003", ("state", "project"))])  # fmt: skip
def test_what_an_older_oit_kept_is_found_by_its_marks(url, version, later):
    store = open_store(url)
    store.add(resource("1", externalId="mine", state="done", projectId="p"))
    store.add(resource("2", status="active"))
    with store.database.writing() as connection:  # as that version left it
        for mark in later:
            connection.execute(text(f"DROP INDEX resources_by_{mark}"))
            connection.execute(text(f"ALTER TABLE resources DROP COLUMN {mark}"))
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
    store.close()
    store = open_store(url)
    for marks in ({"external": "mine"}, {"state": "done"}, {"project": "p"}):
        assert [r.id for r in store.all("r", "quote", marks)] == ["1"]
    assert [r.id for r in store.all("r", "quote", {"state": "active"})] == ["2"]
    assert [r.id for r in store.all("r", "quote")] == ["1", "2"]
    store.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://a/b", "sqlite://", "sqlite:////proc/none/x.sqlite3",
                                 "postgresql://nobody@127.0.0.1:1/none"])  # fmt: skip
def test_what_is_no_database_is_refused(url):
    with pytest.raises(UserError):
        open_store(url)


# Compared with memory

_names = st.sampled_from(["1", "2", "3"])
_runs = st.sampled_from(["r", ""])
_seconds = st.integers(0, 4)
_step = st.one_of(
    st.tuples(st.just("add"), _runs, _names, _seconds),
    st.tuples(st.just("update"), _runs, _names, _seconds),
    st.tuples(st.just("remove"), _runs, _names),
    st.tuples(st.just("get"), _runs, _names),
    st.tuples(st.just("plan"), _runs, _names, _seconds),
    st.tuples(st.just("next_due"), _seconds),
    st.tuples(st.just("cancel"), _runs, _names),
    st.tuples(st.just("owe"), st.integers(0, 30), _names, _seconds),
    st.tuples(st.just("forget_owed"), _names),
    st.tuples(st.just("begin"), _runs),
)
_program = st.recursive(_step, lambda inner: st.tuples(st.just("in"), st.lists(inner, max_size=5), st.booleans()))


class BrokenOffError(Exception):
    pass


def play(store: Store, step: tuple) -> object:  # noqa: PLR0912
    """Do one step; what comes of it, or the exception that does."""
    match step:
        case ("in", steps, broken):
            found = []
            try:
                with store.transaction():
                    found += [play(store, inner) for inner in steps]
                    if broken:
                        raise BrokenOffError  # noqa: TRY301
            except BrokenOffError:
                found.append("broken")
            return found
        case ("add", run, name, n):
            return _told(lambda: store.add(resource(name, run, n=n, state=f"s{n % 2}")))
        case ("update", run, name, n):
            return _told(lambda: store.update(resource(name, run, n=n, more=True, state=f"s{n % 2}", projectId="p")))
        case ("remove", run, name):
            return store.remove(run, "quote", name)
        case ("get", run, name):
            return store.get(run, "quote", name)
        case ("plan", run, name, seconds):
            return store.plan(Timer(run, "quote", name, at(seconds), f"{run}{name}", {"at": seconds}))
        case ("next_due", seconds):
            return store.next_due(at(seconds))
        case ("cancel", run, name):
            return store.cancel(run, "quote", name)
        case ("owe", n, name, seconds):
            return _told(lambda: store.owe(notification(str(n), name, seconds)))
        case ("forget_owed", name):
            return store.forget_owed("r", name)
        case ("begin", run):
            return store.begin(run, START)
    raise AssertionError(step)


def _told(act) -> object:
    try:
        return act()
    except KeyError as error:
        return repr(error)


class Compared(RuleBasedStateMachine):
    """Does the same to a store in memory and to one in a database, and sees no difference."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__()
        with store.database.writing() as connection:
            for table in metadata.tables.values():
                connection.execute(table.delete())
        self.both: tuple[Store, Store] = (MemoryStore(), store)
        self.now = 0
        self.held: list[str] = []

    def same(self, act) -> object:
        expected, found = (act(store) for store in self.both)
        assert found == expected
        return found

    @rule(program=_program)
    def play(self, program):
        self.same(lambda store: play(store, program))

    @rule(limit=st.integers(1, 3), lease=st.integers(1, 3), passed=st.integers(0, 3))
    def claim(self, limit, lease, passed):
        self.now += passed
        found = self.same(lambda store: store.owed_due(at(self.now), limit, lease))
        self.held += ids(found)

    @rule(data=st.data(), what=st.sampled_from(["delivered", "dead", "postpone"]))
    def end(self, data, what):
        if not self.held:
            return
        name = data.draw(st.sampled_from(sorted(set(self.held))))
        self.held = [other for other in self.held if other != name]
        if what == "postpone":
            self.same(lambda store: store.postpone_owed(name, at(self.now + 2), 1, "refused"))
        else:
            self.same(lambda store: store.settle_owed(name, what, "gone"))

    @invariant()
    def nothing_differs(self):
        for run in ("r", ""):
            self.same(lambda store, run=run: list(store.all(run, "quote")))
            self.same(lambda store, run=run: store.part(run, "quote", 1, 2, {"state": "s1"}, 1))
            self.same(lambda store, run=run: list(store.all(run, "quote", {"project": "p"})))
            self.same(lambda store, run=run: [store.timers(run, "quote", name) for name in "123"])
        self.same(lambda store: [store.owed_to("r", name) for name in "123"])
        self.same(lambda store: store.dead_letters("r"))
        self.same(lambda store: (store.next_timer(), store.next_owed()))


def test_a_database_behaves_as_memory_does(url):
    store = open_store(url)
    try:
        run_state_machine_as_test(
            lambda: Compared(store),
            settings=settings(
                max_examples=40 if url.startswith("sqlite") else 12,  # PostgreSQL takes ten times as long
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        store.close()


def test_many_processes_can_open_a_new_database_at_once(url):
    code = "import sys; from emulator.parties.opening import open_store; print(open_store(sys.argv[1]).starts())"
    started = [
        subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(4)
    ]
    assert sorted(int(each.communicate(timeout=120)[0]) for each in started) == [0, 1, 2, 3]


@pytest.mark.parametrize(("marks", "index"), [
    ({"state": "s"}, "resources_by_state"),
    ({"state": "s", "project": "p"}, "resources_by_project"),
    ({"state": "s", "external": "x", "project": "p"}, "resources_by_external"),
])  # fmt: skip
def test_what_the_fewest_share_is_looked_up_first(tmp_path, marks, index):
    """A database that has not counted takes any index, and thousands may share a state."""
    store = open_store(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    seen: list[str] = []
    with store.transaction():
        driver = store.database.swift._begun().driver
        driver.set_trace_callback(seen.append)
        list(store.all("r", "quote", marks))
        store.part("r", "quote", 0, 10, marks)
        driver.set_trace_callback(None)
        plans = [row[3] for said in seen for row in driver.execute(f"EXPLAIN QUERY PLAN {said}") if "SEARCH" in row[3]]
    assert len(plans) == 3
    assert all(f"INDEX {index} " in plan for plan in plans)
    store.close()
