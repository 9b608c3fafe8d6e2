"""Reading JSON that a stranger sent: nothing raises, and nothing is read as what it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.record.payload import (
    MAX_DEPTH,
    MISSING,
    Parsed,
    as_json,
    at,
    dump,
    escape,
    every,
    hoped,
    parse,
    pointer,
    unescape,
)

NAMES = st.text(alphabet=st.sampled_from('ab/~0 1*":\\é\U0001f600'), max_size=4)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | NAMES
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
POINTERS = st.text(alphabet="/~01a*- \ud800٣", max_size=12)


@st.composite
def texts_with_namesakes(draw: st.DrawFn, depth: int = 3) -> str:
    """JSON text whose objects may give a member twice."""
    if depth == 0 or draw(st.booleans()):
        return json.dumps(draw(SCALARS))
    if draw(st.booleans()):
        return "[" + ",".join(draw(texts_with_namesakes(depth - 1)) for _ in range(draw(st.integers(0, 2)))) + "]"
    members = [
        json.dumps(draw(st.sampled_from(["a", "b", 'a"', "a:", "/"])), ensure_ascii=draw(st.booleans()))
        + draw(st.sampled_from([":", " :", "\n: "]))
        + draw(texts_with_namesakes(depth - 1))
        for _ in range(draw(st.integers(0, 3)))
    ]
    return "{" + ", ".join(members) + "}"


def namesakes(text: str) -> set[str]:
    """The pointers of members given twice, found by another reader than ours."""

    class Members(tuple):  # noqa: SLOT001 - a test's helper
        pass

    found: set[str] = set()

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, Members):
            names = [name for name, _ in node]
            for name, member in node:
                if names.count(name) > 1:
                    found.add(pointer([*path, name]))
                walk(member, (*path, name))
        elif isinstance(node, list):
            for index, member in enumerate(node):
                walk(member, (*path, str(index)))

    walk(json.loads(text, object_pairs_hook=Members), ())
    return found


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "the body is empty"),
        (b" \r\n\t", "the body is empty"),
        (b'{"a": NaN}', "the body holds NaN or Infinity, which are not JSON, at line 1 column 7"),
        (b'{"a": [1,\n-Infinity]}', "the body holds NaN or Infinity, which are not JSON, at line 2 column 2"),
        (b'"ok\xff"', "the body is not UTF-8: a byte cannot be decoded at line 1 column 4"),
        ('{"é":\n "\ud7ff'.encode() + b'\xc3"}', "the body is not UTF-8: a byte cannot be decoded at line 2 column 4"),
        (b"[" * 10_000 + b"]" * 10_000, "the body is nested deeper than 254 levels"),
        (b"[" * 500 + b"]" * 500, "the body is nested deeper than 254 levels"),
        (b'{"a":' + b"[" * 1000 + b"]" * 1000 + b',"a":1}', "the body is nested deeper than 254 levels"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b',"a":1}', "the body is nested deeper than 254 levels"),
    ],
)
def test_an_unreadable_body_says_why(raw: bytes, problem: str) -> None:
    """What cannot be read has no value, and one sentence that says why and where."""
    parsed = parse(raw)
    assert parsed.value is MISSING
    assert parsed.problem == problem


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a"',
        b"{'a': 1}",
        b"[1,]",
        b"01",
        b"1e999",
        b"9" * 5000,
        b'"\\ud800"',
        b'"\t"',
        b"\xef\xbb\xbf{}",
        b"<a/>",
        b"{}{}",
        b"tru",
    ],
)
def test_what_is_not_json_has_a_line_and_column(raw: bytes) -> None:
    """Every slip of syntax is told with its place."""
    parsed = parse(raw)
    assert parsed.value is MISSING
    assert parsed.problem
    assert " at line 1 column " in parsed.problem


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a": 1e400}', "a number that is too large for a double, at line 1 column 7"),
        (b'{"a":\n "\\ud800"}', "half of a surrogate pair, which is no character, at line 2 column 3"),
        (b'{"a": "\\udc00"}', "half of a surrogate pair, which is no character, at line 1 column 8"),
    ],
)
def test_what_json_can_say_and_nobody_can_read_is_told_as_that(raw: bytes, words: str) -> None:
    assert parse(raw) == Parsed(MISSING, f"the body holds {words}")


@pytest.mark.parametrize(
    ("raw", "rounded"),
    [
        (b"[123456789012345678901234567890]", "123456789012345678901234567890"),
        (b'{"a": -9223372036854775809}', "-9223372036854775809"),
        (b'{"a": 18446744073709551615, "b": -9223372036854775808}', None),
        (b'{"a": 123456789012345678901234567890.5, "b": 1234567890123456789012e1}', None),
        (b'{"a": "123456789012345678901234567890"}', None),
    ],
)
def test_an_integer_that_is_kept_as_a_double_is_known(raw: bytes, rounded: str | None) -> None:
    assert parse(raw).rounded == rounded


@pytest.mark.parametrize(
    ("value", "text"),
    [("145.0", '"145.0"'), (145.0, "145.0"), (True, "true"), (None, "null"), ({"a": [None]}, '{"a": [null]}'),
     ("é", '"é"'), (MISSING, "nothing"), ("x" * 300, '"' + "x" * 199 + "…")],
)  # fmt: skip
def test_a_value_is_told_as_json_has_it(value: Any, text: str) -> None:
    assert as_json(value) == text


def test_what_was_expected_is_a_value_or_a_word_of_ours() -> None:
    assert [hoped(value) for value in ("145.0", 145.0, "date-time", "an id of its own", ["a"], True)] == [
        '"145.0"', "145.0", "date-time", "an id of its own", '["a"]', "true"
    ]  # fmt: skip


def test_nan_in_a_string_is_not_blamed() -> None:
    """The letters NaN are fine in a string; a slip elsewhere is told for what it is."""
    assert parse(b'{"a": "NaN, Infinity"}').value == {"a": "NaN, Infinity"}
    problem = parse(b'["x NaN y", }').problem
    assert problem
    assert "NaN" not in problem


def test_two_hundred_levels_are_read() -> None:
    """As deep as we follow, and one level more is too deep."""
    inside = MAX_DEPTH
    assert parse(b"[" * inside + b"]" * inside).problem is None
    assert parse(b"[" * (inside + 2) + b"]" * (inside + 2)).value is MISSING
    assert parse(b'{"a":1,"a":' * 100 + b"1" + b"}" * 100).duplicates[0] == "/a"


@given(st.binary(max_size=60) | texts_with_namesakes().map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()))
def test_parse_never_raises(raw: bytes) -> None:
    """Whatever the bytes, there is a value or a problem, never both."""
    parsed = parse(raw)
    assert (parsed.value is MISSING) == (parsed.problem is not None)


@given(JSON)
def test_parse_reads_what_dump_writes(value: Any) -> None:
    """A message of ours is read back as it was."""
    assert parse(dump(value)).value == value
    assert parse(dump(value)).duplicates == ()


@given(texts_with_namesakes())
@settings(max_examples=300)
def test_namesakes_are_found_where_another_reader_finds_them(text: str) -> None:
    """`duplicates` names exactly the members that are given twice, each once."""
    parsed = parse(text.encode())
    assert set(parsed.duplicates) == namesakes(text)
    assert len(parsed.duplicates) == len(set(parsed.duplicates))


@given(JSON, POINTERS)
def test_at_never_raises(value: Any, place: str) -> None:
    """Whatever the pointer text, there is a value or MISSING."""
    at(value, place)
    list(every(value, place))


@given(JSON, st.data())
def test_at_finds_what_pointer_names(value: Any, data: st.DataObject) -> None:
    """A path of members and indexes, written as a pointer, leads back to its value."""
    tokens: list[Any] = []
    node = value
    while isinstance(node, dict | list) and node and data.draw(st.booleans()):
        token = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
        tokens.append(token)
        node = node[token]
    assert at(value, pointer(tokens)) is node
    if not any(token == "*" for token in tokens):
        assert list(every(value, pointer(tokens))) == [(pointer(tokens), node)]


@given(JSON)
def test_every_names_places_that_at_finds(value: Any) -> None:
    """Each pair of `every` is a pointer and what stands there."""
    for pattern in ("", "/*", "/*/*", "/*/*/*"):
        for place, found in every(value, pattern):
            assert at(value, place) is found


@given(NAMES)
def test_escape_and_back(name: str) -> None:
    """Any member name survives a pointer."""
    assert unescape(escape(name)) == name
    assert at({name: 1}, "/" + escape(name)) == 1


@pytest.mark.parametrize("place", ["/2", "/-1", "/01", "/٣", "/-", "/9999999999", "/a", "/", "0", "x/0", "?state"])
def test_no_such_place(place: str) -> None:
    """An index is written as RFC 6901 says, and a pointer begins with a slash."""
    assert at(["a", "b"], place) is MISSING
    assert list(every(["a", "b"], place)) == []


@pytest.mark.parametrize("length", [1, 60, 300])
def test_pointers_of_any_length(length: int) -> None:
    """A long pointer, which is not remembered, leads where a short one would."""
    value: Any = {"end": [7]}
    for _ in range(length):
        value = {"a/b": value}
    place = "/a~1b" * length + "/end/0"
    assert at(value, place) == 7
    assert list(every(value, place)) == [(place, 7)]
    assert at(value, place + "/0") is MISSING


def test_null_is_not_missing() -> None:
    """Null is a value; MISSING is none, and counts as false."""
    assert at({"a": None}, "/a") is None
    assert at({"a": None}, "/b") is MISSING
    assert at(None, "/a") is MISSING
    assert at("text", "/0") is MISSING
    assert not MISSING
    assert repr(MISSING) == "MISSING"


def test_dump_writes_all_that_json_can_say() -> None:
    """Integers of any size, lone surrogates and deep nesting are JSON, whatever the writer likes."""
    assert dump(2**70) == str(2**70).encode()
    assert dump("\ud800") == b'"\\ud800"'
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    assert dump(deep) == b"[" * 400 + b"1" + b"]" * 400
    with pytest.raises(TypeError):
        dump(object())
