"""Whoever is said not to be broken is not: held against a validator, for made-up schemas and values."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from emulator.record.exchange import Party
from tests.standard.comparing.contracts import broken, compared, contract

LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean"])}),
    st.fixed_dictionaries(
        {"type": st.just("integer")}, optional={"minimum": st.integers(0, 3), "maximum": st.integers(0, 3)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "enum": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True),
            "minLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$"]),
        },
    ),
)


def _wider(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.fixed_dictionaries({"a": inner, "b": inner})},
        optional={"required": st.lists(st.sampled_from("ab"), unique=True)},
    )
    lists = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)},
    )
    return st.one_of(objects, lists, st.lists(inner, min_size=1, max_size=2).map(lambda all_: {"allOf": all_}))


SCHEMAS = st.recursive(LEAVES, _wider, max_leaves=5)
VALUES = st.recursive(
    st.sampled_from(["", "a", "b", "ab", "c", 0, 1, 2, 3, 1.5, True, None]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner)),
    max_leaves=4,
)


def _demanding(inner: dict[str, Any], *required: list[str]) -> tuple[dict[str, Any], ...]:
    """Objects that differ in nothing but in what they demand."""
    return tuple({"type": "object", "properties": {"a": inner}, "required": each} for each in required)


DEMANDED = st.lists(st.sampled_from("ab"), unique=True)
PAIRS = st.one_of(st.tuples(SCHEMAS, SCHEMAS), st.builds(_demanding, LEAVES, DEMANDED, DEMANDED))


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(pair=PAIRS, some=st.lists(VALUES, min_size=5, max_size=10))
def test_a_value_that_is_right_by_one_only_breaks_the_one_who_stays(pair: tuple[Any, Any], some: list[Any]) -> None:
    (old, new), values = pair, [{}, {"b": 1}, *some]
    whom = broken(compared(contract(old), contract(new)))
    left, right = Draft7Validator(old), Draft7Validator(new)
    for value in values:
        was, is_ = left.is_valid(value), right.is_valid(value)
        if was and not is_:
            assert Party.BUYER in whom, (value, "was right, and is sent by who stays")
        if is_ and not was:
            assert Party.SELLER in whom, (value, "is right, and comes to who stays")


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(SCHEMAS)
def test_nothing_differs_from_itself(schema: Any) -> None:
    assert compared(contract(schema, schema), contract(schema, schema)) == []
