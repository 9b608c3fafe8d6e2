"""What is a date, a time, a URI: ours to say, in both engines alike."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from emulator.standard.formats import CHECKERS, is_date, is_date_time, is_uri
from tests.urns import ACCESS_ELINE

DATE_TIMES = {
    "2026-03-01T10:00:00Z": True,
    "2026-03-01t10:00:00z": True,
    "2026-03-01T10:00:00.123456789Z": True,
    "2026-03-01T10:00:00+01:00": True,
    "2026-03-01T10:00:00-00:00": True,
    "2024-02-29T00:00:00Z": True,
    "0000-02-29T00:00:00Z": True,
    "2016-12-31T23:59:60Z": True,
    "2017-01-01T00:59:60+01:00": True,
    "2016-12-31T15:59:60.5-08:00": True,
    "2026-03-01T10:00:60Z": False,
    "2026-03-01T23:59:60+01:00": False,
    "2026-03-01T23:59:61Z": False,
    "2026-03-01T24:00:00Z": False,
    "2026-03-01T10:60:00Z": False,
    "2026-03-01T10:00:00+0100": False,
    "2026-03-01T10:00:00+24:00": False,
    "2026-03-01T10:00:00+01:60": False,
    "2026-03-01T10:00:00": False,
    "2026-03-01T10:00Z": False,
    "2026-03-01 10:00:00Z": False,
    "2026-03-01T10:00:00.Z": False,
    "2026-03-01T10:00:00Z\n": False,
    " 2026-03-01T10:00:00Z": False,
    "2022-09-31T10:00:00Z": False,
    "2025-02-29T10:00:00Z": False,
    "2026-00-01T10:00:00Z": False,
    "2026-03-01": False,
    "٢٠٢٦-03-01T10:00:00Z": False,
    "": False,
}
DATES = {
    "2026-03-01": True,
    "0000-01-01": True,
    "2024-02-29": True,
    "2022-09-31": False,
    "1900-02-29": False,
    "2026-3-1": False,
    "2026-03-01\n": False,
    "2026-03-01Z": False,
    "2026-03-01T10:00:00Z": False,
    "20260301": False,
    "٢٠٢٦-03-01": False,
}
URIS = {
    "http://b.example": True,
    "https://b.example:8443/a/b?c=d#e": True,
    "HTTP://B.EXAMPLE/": True,
    "http://[::1]:80/": True,
    "http://u:p@h/": True,
    "http://h/%C3%A9": True,
    ACCESS_ELINE: True,
    "mailto:a@b.example": True,
    "file:///a": True,
    "tel:+1": True,
    "not a uri": False,
    "uri": False,
    "/a/b": False,
    "//h/a": False,
    "http:": False,
    "http://": False,
    "http:///a": False,
    "http://:80/": False,
    "http://h:port/": False,
    "http://[::1": False,
    "http://::1]": False,
    "http://h/[a]": False,
    "http://h/é": False,
    "http://h/%zz": False,
    "http://h/a b": False,
    "http://h/a\n": False,
    "http://h/#a#b": False,
    "http://h/<a>": False,
    "1http://h": False,
    "": False,
}
REFERENCES = {
    "": True,
    "a/b?c#d": True,
    "./a:b": True,
    "//h/a": True,
    "/%41": True,
    "http://h/": True,
    "http://": False,
    "1:b": False,
    "a b": False,
    "a\n": False,
    "//h:x/": False,
    "[": False,
}
TEMPLATES = {
    "": True,
    "http://h/a/{id}": True,
    "{+path:3}/{a.b}{?x,y*}": True,
    "caf\u00e9": True,
    "{}": False,
    "{a": False,
    "a}": False,
    "{a,}": False,
    "{a:0}": False,
    "{a-b}": False,
    "a b": False,
    "%4": False,
}
IPV4S = {
    "203.0.113.1": True,
    "0.0.0.0": True,
    "203.0.113.256": False,
    "203.0.113": False,
    "203.0.113.01": False,
    "203.0.113.1/24": False,
    "203.0.113.1\n": False,
    "\u0662.0.0.1": False,
    "2001:db8::1": False,
    "NOT_AN_IP": False,
    "": False,
}
IPV6S = {
    "2001:db8::1": True,
    "2001:DB8:0:0:0:0:0:1": True,
    "::": True,
    "::ffff:203.0.113.1": True,
    "fe80::1%eth0": False,
    "2001:db8::1/64": False,
    "1::2::3": False,
    "12345::": False,
    "203.0.113.1": False,
    "": False,
}
UUIDS = {
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6": True,
    "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6": True,
    "f81d4fae7dec11d0a76500a0c91e6bf6": False,
    "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}": False,
    "f81d4fae-7dec-11d0-a765-00a0c91e6bfg": False,
}
ROWS = {
    "date-time": DATE_TIMES, "date": DATES, "uri": URIS, "uri-reference": REFERENCES, "uri-template": TEMPLATES,
    "ipv4": IPV4S, "ipv6": IPV6S, "uuid": UUIDS,
}  # fmt: skip
TABLE = [
    pytest.param(name, text, right, id=f"{name} {text!r}")
    for name, rows in ROWS.items()
    for text, right in rows.items()
]


def engines(name: str, text: Any) -> set[bool]:
    """The verdicts of both engines, set up as the contract layer sets them up."""
    schema = {"format": name}
    checker = FormatChecker(formats=())
    for known, check in CHECKERS.items():
        checker.checks(known)(lambda value, check=check: not isinstance(value, str) or check(value))
    ours = jsonschema_rs.Draft7Validator(schema, formats=CHECKERS, validate_formats=True)
    return {ours.is_valid(text), Draft7Validator(schema, format_checker=checker).is_valid(text)}


@pytest.mark.parametrize(("name", "text", "right"), TABLE)
def test_edge_values(name: str, text: str, right: bool) -> None:
    """RFC 3339 and RFC 3986 at their edges, and both engines say what our checker says."""
    assert CHECKERS[name](text) is right
    assert engines(name, text) == {right}


@pytest.mark.parametrize("name", CHECKERS)
def test_a_format_says_nothing_of_other_types(name: str) -> None:
    """A number is not a wrong date: that it is a number is for `type` to say."""
    for value in (1, None, [], {}, True):
        assert engines(name, value) == {True}


@given(st.datetimes(timezones=st.timezones()).map(lambda moment: moment.replace(microsecond=0)))
def test_every_moment_is_a_date_time(moment: Any) -> None:
    """Whatever Python writes with an offset of whole minutes is a date-time, and its day a date."""
    text = moment.isoformat()
    if len(text) == len("2026-03-01T10:00:00+01:00"):
        assert is_date_time(text)
    assert is_date(moment.date().isoformat())


@given(st.text(max_size=30) | st.text(":/?#[]@%a1", max_size=30))
def test_no_text_raises(text: str) -> None:
    """Checkers answer, whatever the text."""
    for check in CHECKERS.values():
        assert check(text) in {True, False}


@pytest.mark.parametrize(
    "text", ["x:" + "a" * 100_000 + " ", "http://" + "a:" * 50_000 + " ", "http://" + "%41" * 30_000 + "%"]
)
def test_long_texts_take_no_time(text: str) -> None:
    """A checker's time grows with the text and no faster."""
    assert not is_uri(text)
    for name in ("uri-reference", "uri-template"):
        assert CHECKERS[name]("{" + "a." * 50_000 + text) is False


def test_every_checked_format_has_a_row() -> None:
    assert ROWS.keys() == CHECKERS.keys()
