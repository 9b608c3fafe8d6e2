"""Matchers hold for what they describe and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.record.payload import MISSING
from emulator.scenario.matchers import equal, holds, matcher_problems, spots


def match(spec, found):
    return holds(spec, found, lambda value: value)


@pytest.mark.parametrize(
    ("spec", "right", "wrong"),
    [
        ("a", "a", "b"),
        (1, 1.0, True),
        (None, None, MISSING),
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"$any": "string"}}, {"a": "x"}, {"a": 1}),
        ([1, {"$gt": 1}], [1, 2], [1, 1]),
        ({"$any": "string"}, "", MISSING),
        ({"$any": "integer"}, 2.0, True),
        ({"$any": "any"}, None, MISSING),
        ({"$any": "dateTime"}, "2026-01-01T00:00:00Z", "2026-01-01"),
        ({"$any": "date"}, "2026-01-01", "20260101"),
        ({"$any": "uuid"}, "12345678-1234-4234-8234-123456789abc", "1234"),
        ({"$any": "uri"}, "https://a/b", "no uri"),
        ({"$any": "null"}, None, 0),
        ({"$oneOf": ["a", {"$regex": "^b"}]}, "bc", "cb"),
        ({"$size": 2}, [1, 2], [1]),
        ({"$size": {"min": 1}}, "abc", ""),
        ({"$size": {"max": 1}}, {}, 7),
        ({"$regex": "^[a-c]+$"}, "abc", "abd"),
        ({"$absent": True}, MISSING, None),
        ({"$absent": False}, None, MISSING),
        ({"$contains": {"a": 1}}, [{"b": 2}, {"a": 1, "b": 2}], [{"a": 2}]),
        ({"$contains": "ell"}, "hello", "world"),
        ({"$gte": 2, "$lt": 3}, 2, 3),
        ({"$gt": "2026-01-01T00:00:00Z"}, "2026-01-01T00:30:00+00:00", "2026-01-01T00:30:00+02:00"),
        ({"$lte": "2026-01-02"}, "2026-01-02", "x"),
        ({"$subset": {"a": {"b": 1}}}, {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 2}}),
        ({"$$any": 1}, {"$any": 1}, {"$$any": 1}),
    ],
)
def test_a_matcher_tells_right_from_wrong(spec, right, wrong):
    assert match(spec, right)
    assert not match(spec, wrong)
    assert list(matcher_problems(spec)) == []


@pytest.mark.parametrize(
    ("spec", "place", "problem"),
    [
        ({"a": [{"$anny": 1}]}, "/a/0/$anny", "Did you mean '$any'?"),
        ({"$any": "sting"}, "/$any", "Did you mean 'string'?"),
        ({"$any": "string", "b": 1}, "/b", "matchers or members, not both"),
        ({"$regex": "("}, "/$regex", "needs a regular expression"),
        ({"$size": {"mn": 1}}, "/$size", "needs a number, or min and max"),
        ({"$absent": "yes"}, "/$absent", "needs true or false"),
        ({"$oneOf": [{"$x": 1}]}, "/$oneOf/0/$x", "'$x' is not a matcher"),
    ],
)
def test_a_wrong_matcher_is_explained(spec, place, problem):
    ((where, said),) = matcher_problems(spec)
    assert where == place
    assert problem in said


def test_a_pointer_names_the_whole_body_or_every_item():
    body = {"i": [{"s": 1}, {}, {"s": 3}]}
    assert list(spots(body, "/")) == [("", body)]
    assert list(spots(body, "")) == [("", body)]
    assert list(spots(body, "/i/*/s")) == [("/i/0/s", 1), ("/i/1/s", MISSING), ("/i/2/s", 3)]
    assert list(spots({}, "/i/*/s")) == [("/i/*/s", MISSING)]
    assert list(spots(MISSING, "/a")) == [("/a", MISSING)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(anything)
def test_equality_is_reflexive(value):
    assert equal(value, value)


@given(anything, anything)
def test_no_pair_of_values_crashes_a_matcher(spec, found):
    for name in ("$any", "$oneOf", "$size", "$absent", "$contains", "$gt", "$lte", "$subset"):
        assert match({name: spec}, found) in (True, False)


def test_one_instant_is_equal_however_it_is_spelt() -> None:
    """RFC 3339: small letters, another offset, a fraction of nothing. A date, or a text, is what it is."""
    for other in ("2026-03-01t12:00:00z", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00.000Z"):
        assert equal("2026-03-01T12:00:00Z", other)
    assert not equal("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z")
    assert not equal("2026-03-01T12:00:00Z", "2026-03-01T12:00:00")
    assert not equal("2026-03-01", "2026-03-01T00:00:00Z")
    assert not equal("20260301T120000Z", "a")
