"""Expressions find what they name, or say exactly why not."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Exchange, Party, Request, Response
from emulator.record.payload import dump
from emulator.scenario.expressions import ExpressionError, Generator, Scope, expressions_in, fill, parse

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def scope(seed: str = "1") -> Scope:
    exchange = Exchange(
        n=1,
        at=START,
        elapsed_ms=1,
        sender=Party.BUYER,
        receiver=Party.SELLER,
        request=Request(headers=(("X-Y", "sent"),), raw=dump({"a": 1}), method="POST", url="http://s/x?q=1"),
        response=Response(headers=(("Location", "here"),), raw=dump([{"id": "7"}]), status=201),
        path_params={"id": "p"},
    )
    inputs = {"n": 3, "contact": {"name": "Jane"}, "list": [1, 2], "dollar": "$inputs.n"}
    outputs = {"s-1": {"id": "Q1", "deep": {"x": [5]}}}
    return Scope(inputs, Generator(seed, VirtualClock(START)), "run-1", outputs, exchange=exchange)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$inputs.n", 3),
        ("$inputs.contact.name", "Jane"),
        ("$inputs.list#/1", 2),
        ("$steps.s-1.outputs.id", "Q1"),
        ("$steps.s-1.outputs.deep#/x/0", 5),
        ("$response.body#/0/id", "7"),
        ("$response.status", 201),
        ("$response.header.location", "here"),
        ("$request.body#/a", 1),
        ("$request.header.x-y", "sent"),
        ("$request.query.q", "1"),
        ("$request.path.id", "p"),
        ("$url", "http://s/x?q=1"),
        ("$run.id", "run-1"),
        ("$gen.now", "2026-11-23T12:00:00.000Z"),
        ("$gen.now+60d", "2027-01-22T12:00:00.000Z"),
        ("{$gen.today-1d}", "2026-11-22"),
        ("n={$inputs.n}, {$run.id}!", "n=3, run-1!"),
        ("$$inputs.n", "$inputs.n"),
        ("{$$inputs.n}", "{$inputs.n}"),
        ("$$ and {$inputs.n}", "$ and 3"),
        ("costs 5 $", "costs 5 $"),
    ],
)
def test_a_text_is_filled_in(text, value):
    assert fill(text, scope().lookup) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$inputs.m", "there is no input 'm'"),
        ("$steps.t.outputs.id", "the step 't' has not run"),
        ("$steps.s-1.outputs.idd", "there is no output 'idd'. Did you mean 'id'?"),
        ("$response.body#/1/id", "finds nothing"),
        ("$100", "is written '$$100'"),
        ("$", "is written '$$'"),
        ("$steps.s-1.id", "write $steps.<step>.outputs.<name>"),
        ("$gen.uid", "Did you mean '$gen.uuid'?"),
        ("$gen.now+5x", "'5x' is not a duration"),
        ("$gen.now+100000000d", "longer than a century"),
        ("$gen.uuid+5d", "only a time can be moved"),
        ("a {$inputs.contact} b", "is a mapping and cannot stand inside a text"),
    ],
)
def test_what_cannot_be_filled_in_says_why(text, problem):
    with pytest.raises(ExpressionError) as caught:
        fill({"a": [text]}, scope().lookup)
    assert problem in str(caught.value)
    assert caught.value.place == "/a/0"


def test_merge_lays_a_mapping_under_another():
    value = {"$merge": {"a": 1, "deep": {"x": 1, "y": 2}}, "deep": {"y": 3}, "$$plain": 1}
    assert fill(value, scope().lookup) == {"a": 1, "deep": {"x": 1, "y": 3}, "$plain": 1}
    with pytest.raises(ExpressionError, match="needs a mapping"):
        fill({"$merge": "$inputs.n"}, scope().lookup)


def test_found_data_is_not_evaluated_again():
    assert fill("$inputs.dollar", scope().lookup) == "$inputs.n"


def test_the_same_seed_gives_the_same_values_and_another_gives_others():
    def made(seed):
        here = scope(seed)
        return [fill("$gen.uuid", here.lookup) for _ in range(3)]

    assert made("1") == made("1")
    assert len({*made("1"), *made("2")}) == 6


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text().filter(lambda t: "$" not in t),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda t: "$" not in t), inner),
)


@given(plain)
def test_values_without_a_dollar_come_back_unchanged(value):
    assert fill(value, scope().lookup) == value


@given(st.text(alphabet="${}.#/~+-inputsgeow1 \n") | st.text())
def test_no_text_crashes_the_reader(text):
    for read in (parse, expressions_in, lambda t: fill(t, scope().lookup), lambda t: fill("$" + t, scope().lookup)):
        with contextlib.suppress(ExpressionError):
            read(text)
