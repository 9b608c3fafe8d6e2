"""Grease varies what is free, keeps what is said, and does it again for the same seed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import find_scenarios, read_scenarios
from emulator.conduct.settings import Settings
from emulator.record.exchange import Party
from emulator.record.payload import dump
from emulator.scenario.grease import UNKNOWN, Grease, Level
from emulator.scenario.selection import Wish, plan
from emulator.standard.release import load_release

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
VARIED = (Level.MILD, Level.HARSH)
SPAN = (datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2100-01-01"))


def grease(level: Level, seed: int = 1) -> Grease:
    return Grease(level, Party.SELLER, seed)


def test_what_a_release_forbids_is_not_sent():
    assert (load_release("kylie").is_closed, load_release("grace").is_closed) == (True, False)
    closed, free = (Grease(Level.HARSH, Party.SELLER, 1, strange=strange) for strange in (False, True))
    assert UNKNOWN not in closed.dump({"id": "1"}).decode()
    assert UNKNOWN in free.dump({"id": "1"}).decode()


@given(JSON)
def test_without_grease_a_message_is_as_it_was(value):
    assert grease(Level.OFF).dump(value) == dump(value)


@given(JSON, st.sampled_from(VARIED))
def test_what_is_said_stays_the_same(value, level):
    found = json.loads(grease(level).dump(value))
    if level is Level.HARSH:
        for holder in found if isinstance(found, list) else [found]:
            if isinstance(holder, dict):
                assert holder.pop(f"{UNKNOWN}-seller") in range(10)
    assert found == json.loads(dump(value))


@pytest.mark.parametrize("level", VARIED)
def test_the_same_seed_varies_in_the_same_way(level):
    def told(seed: int) -> list[object]:
        one = grease(level, seed)
        body = {str(n): n for n in range(20)}
        return [one.dump(body), one.media_type(), one.new_id("quote"), one.overlay(), one.pause(), one.dump(body)]

    assert told(1) == told(1)
    assert told(1) != told(2)


@given(st.datetimes(*SPAN), st.sampled_from(VARIED), st.integers(0, 9))
def test_an_instant_is_the_same_instant_in_one_spelling(moment, level, seed):
    text = moment.isoformat(timespec="milliseconds") + "Z"
    one = grease(level, seed)
    first, again = json.loads(one.dump([text]))[0], json.loads(one.dump([text]))[0]
    assert first == again
    assert datetime.fromisoformat(first) == datetime.fromisoformat(text)
    other = Grease(level, Party.BUYER, seed)
    assert json.loads(other.dump([text]))[0] == first


def test_text_that_only_looks_like_an_instant_stays():
    assert json.loads(grease(Level.MILD).dump(["2026-13-01T00:00:00.000Z"])) == ["2026-13-01T00:00:00.000Z"]


@pytest.mark.parametrize("level", VARIED)
def test_ids_are_unlike_each_other_and_travel_in_a_path(level):
    one = grease(level)
    ids = [one.new_id("quote") for _ in range(500)]
    assert len(set(ids)) == 500
    assert all(identifier and unquote(quote(identifier, safe="")) == identifier for identifier in ids)
    assert len({len(identifier) for identifier in ids}) > 1


def test_only_harsh_waits_and_only_for_a_moment():
    assert grease(Level.MILD).pause() == grease(Level.OFF).pause() == 0
    assert 0 < grease(Level.HARSH).pause() < 0.05


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _: str) -> object:
        return lambda *_, **__: None


@pytest.mark.parametrize("level", VARIED)
@pytest.mark.parametrize("name", ["quote/firm-deferred", "order/modify-delivery-date", "inventory/find"])
def test_our_own_seller_and_buyer_live_with_it(level, name):
    """Judged clean: what nobody knows is warned of, and nothing else is found."""
    scenarios = read_scenarios(find_scenarios([Path("scenarios") / f"{name}.oit.yaml"]), load_release())
    reports = run_all(Settings(grease=level, seed=3), plan(scenarios, Wish(), load_release()).jobs, Silent())
    assert [report["verdict"] for report in reports] == ["pass"] * len(reports)
    rules = {finding["rule"] for report in reports for finding in report["findings"]}
    assert rules <= {"contract.unknown-member"}
    if level is Level.MILD:
        assert not rules
