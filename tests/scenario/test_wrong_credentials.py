"""`credentials` of a case, as it is written: what does not go together is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.scenario.lint import lint
from emulator.standard.release import load_release

HEAD = """
oit: "1"
id: one
title: One
sources: {inventory: {api: inventory, servedBy: seller}, poq: {api: poq, servedBy: seller}}
flow:
  - {id: list, call: inventory.listProduct, response: {status: 200}}
  - {id: heard, notify: {event: poq.listenToPoqItemStateChangeEvent}}
cases:
"""


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("emulate: buyer, at: list, credentials: {bring: none}", None),
        ("emulate: buyer, at: list, credentials: {bring: lies}", "'lies' is not one of none, empty"),
        ("emulate: buyer, at: list, credentials: {}", "has exactly one of bring, alter, ask"),
        ("emulate: buyer, at: list, credentials: {bring: none, over: http}", "this one has bring and over"),
        ("emulate: buyer, at: list, credentials: {alter: {claim: {}}}", "'claim' is not a key of an alteration"),
        (
            "emulate: buyer, at: list, credentials: {bring: none}, query: {limit: 1}",
            "one difference: 'query' or 'credentials'",
        ),
        ("emulate: buyer, at: heard, credentials: {bring: none}", "'heard' sends no request"),
        (
            "emulate: buyer, at: list, credentials: {bring: none}, expect: {issue: {code: x}}",
            "'issue' speaks of a body",
        ),
        (
            "emulate: seller, at: list, credentials: {bring: none}",
            "our buyer brings credentials: write 'emulate: buyer'",
        ),
        ("emulate: buyer, at: list", "needs 'patch' or 'credentials'"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, case: str, said: str | None) -> None:
    file = tmp_path / "one.oit.yaml"
    file.write_text(f"{HEAD}  - {{id: wrong, kind: negative, {case}}}\n")
    found = lint(file, load_release())
    if said is None:
        assert found == []
    else:
        assert any(said in problem for problem in found), found
        assert all(":10:" in problem for problem in found)
