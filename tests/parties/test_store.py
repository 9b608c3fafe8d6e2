"""The store keeps everything of a transaction or nothing, and gives timers out in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.parties.store import Resource, Store, Timer

START = datetime(2026, 1, 1, tzinfo=UTC)


def resource(identifier: str, run: str = "r", **body: object) -> Resource:
    return Resource(run, "quote", identifier, dict(body), START)


def timer(seconds: float, action: str = "a", identifier: str = "1") -> Timer:
    return Timer("r", "quote", identifier, START + timedelta(seconds=seconds), action)


def test_what_is_kept_is_nobody_elses():
    store, mine = Store(), resource("1", note=[1])
    store.add(mine)
    mine.body["note"].append(2)
    given_out = store.get("r", "quote", "1")
    given_out.body["note"].append(3)
    assert store.get("r", "quote", "1").body == {"note": [1]}
    store.update(given_out)
    assert store.get("r", "quote", "1").body == {"note": [1, 3]}


def test_runs_do_not_see_each_other_but_all_see_what_is_shared():
    store = Store()
    store.share(resource("0"))
    store.add(resource("1", run="a"))
    store.add(resource("2", run="b"))
    assert [r.id for r in store.all("a", "quote")] == ["0", "1"]
    assert store.get("b", "quote", "1") is None
    assert store.get("b", "quote", "0").run == "b"


def test_an_id_is_taken_once():
    store = Store()
    store.add(resource("1"))
    with pytest.raises(KeyError):
        store.add(resource("1"))
    with pytest.raises(KeyError):
        store.update(resource("2"))
    assert not store.remove("r", "quote", "2")


def test_a_failed_transaction_leaves_no_trace():
    store = Store()
    for name in ("1", "2", "3"):
        store.add(resource(name, n=0))
    store.plan(timer(1, "kept"))
    store.plan(timer(2, "due"))
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.remove("r", "quote", "2")
        store.update(resource("1", n=1))
        store.add(resource("4"))
        assert store.due(START + timedelta(seconds=1))[0].action == "kept"
        store.cancel("r", "quote", "1")
        store.plan(timer(3, "new"))
        raise ZeroDivisionError
    assert [(r.id, r.body) for r in store.all("r", "quote")] == [(name, {"n": 0}) for name in ("1", "2", "3")]
    assert [t.action for t in store.timers("r", "quote", "1")] == ["kept", "due"]
    assert [t.action for t in store.due(START + timedelta(seconds=9))] == ["kept", "due"]


def test_an_inner_transaction_takes_back_only_its_own():
    store = Store()
    with store.transaction():
        store.add(resource("1"))
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.add(resource("2"))
            raise ZeroDivisionError
    assert [r.id for r in store.all("r", "quote")] == ["1"]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 5))
def test_timers_are_due_in_order_of_time_then_of_planning(seconds, until):
    store = Store()
    for n, second in enumerate(seconds):
        store.plan(timer(second, str(n)))
    expected = [str(n) for s, n in sorted((s, n) for n, s in enumerate(seconds)) if s <= until]
    assert [t.action for t in store.due(START + timedelta(seconds=until))] == expected
    assert len(store.timers("r", "quote", "1")) == len(seconds) - len(expected)


def test_cancelled_timers_do_not_go_off():
    store = Store()
    store.plan(timer(1, "one"))
    store.plan(timer(1, "other", "2"))
    store.cancel("r", "quote", "1")
    assert [t.action for t in store.due(START + timedelta(days=1))] == ["other"]
