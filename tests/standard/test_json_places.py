"""Where in a JSON text each value stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.record.payload import parse, pointer
from emulator.standard.json_places import place_of
from tests.standard.messages import places_of

TEXT = st.text(max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def where(text: str | bytes, *pointers: str) -> list[tuple[int, int]]:
    raw = text.encode() if isinstance(text, str) else text
    found = place_of(raw, pointers, parse(raw))
    return [found[p] for p in pointers]


def test_members_and_items() -> None:
    """A member stands where its name does, an item where its value does; lines and columns count from 1."""
    text = '{"a": 1,\n  "b": [\n    true, {"c/d": null}\n  ],\n  "é": "\\"x", "f": {}}'
    assert where(text, "", "/a", "/b", "/b/0", "/b/1", "/b/1/c~1d", "/é", "/f") == [
        (1, 1), (1, 2), (2, 3), (3, 5), (3, 11), (3, 12), (5, 3), (5, 15)
    ]  # fmt: skip


def test_what_is_not_there_stands_with_its_parent() -> None:
    """A missing member is shown at the object that lacks it."""
    assert where('{\n "a": {"b": 1}}', "/a/c", "/x/y/z", "/a/b/c", "?state") == [(2, 2), (1, 1), (2, 8), (1, 1)]


def test_of_two_namesakes_the_second_is_shown() -> None:
    """A member given twice is shown where it is given again."""
    assert where('{"a": 1,\n"a": 2}', "/a") == [(2, 1)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n  b}', (2, 3)),
        ("", (1, 1)),
        (b'{"a":\n"\xff"}', (2, 2)),
        ("[1,\n NaN]", (2, 2)),
        ("[" * 1500, (1, 1)),
    ],
)
def test_an_unreadable_text_stands_where_reading_stopped(text: str | bytes, place: tuple[int, int]) -> None:
    """The place of the slip, or the start where there is none to show."""
    assert where(text, "") == [place]


def test_line_ends_of_every_kind() -> None:
    """CRLF ends one line, not two."""
    assert where('{\r\n"a": 1,\r\n"b": 2}', "/a", "/b") == [(2, 1), (3, 1)]


def test_two_hundred_levels() -> None:
    """As deep as messages are read, places are found."""
    assert where("[" * 200 + "]" * 200, "/0" * 199) == [(1, 200)]
    assert where('{"a":' * 199 + "1" + "}" * 199, "/a" * 199) == [(1, 198 * 5 + 2)]


@given(JSON, st.sampled_from([None, 1, 3]), st.booleans())
def test_every_place_shows_its_value(value: Any, indent: int | None, ascii_only: bool) -> None:
    """At the place of a member stands its name, at that of an item its value."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    paths = list(places_of(value))
    lines = text.split("\n")
    raw = text.encode("utf-8")
    found = place_of(raw, [pointer(path) for path in paths], parse(raw))
    for path in paths:
        line, column = found[pointer(path)]
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        expected = path[-1]
        if isinstance(expected, int):
            node = value
            for token in path:
                node = node[token]
            expected = node
        assert json.JSONDecoder().raw_decode(rest)[0] == expected
