"""Expressions of others are matched in linear time, or not at all and with the reason."""

from __future__ import annotations

import pytest

from emulator.standard.linear import LONGEST, found_in, problem
from tests.cli.processes import oit


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("^a", "ab", True), ("b$", "ab", True), ("(?i)AB", "xab", True), (r"^\d+$", "12", True), (r"^\d+$", "1x", False),
     ("ü", "für", True), ("a", "\ud800a", True)],
)  # fmt: skip
def test_matches(pattern, text, found):
    assert found_in(pattern, text) is found


def test_what_python_needs_ages_for_is_matched():
    """With a backtracking engine this test would not end."""
    assert not found_in("^(a+)+$", "a" * 100_000 + "!")
    assert not found_in("(x+x+)+y", "x" * 100_000)


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(", "a" * (LONGEST + 1), 7, ["a"], None, "(a{1,900}){1,900}"])
def test_what_cannot_be_matched_has_a_reason(pattern):
    assert problem(pattern)


def test_lint_says_where(tmp_path):
    file = tmp_path / "redos.oit.yaml"
    file.write_text(
        """oit: "1"
id: x
title: x
sources: {quote: {api: quote, servedBy: seller}}
flow:
  - id: a
    call: quote.listQuote
    response:
      status: 200
      expect:
        /0/id: {$regex: "(?=a)b"}
"""
    )
    done = oit("lint", str(file))
    assert done.code == 2
    assert f"{file}:11:" in done.out + done.err
    assert "RE2" in done.out + done.err
