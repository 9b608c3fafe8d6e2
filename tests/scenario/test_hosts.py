"""Before anything is sent, a run says to whom: a scenario may be a stranger's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.processes import http, oit, partner

TEXT = """oit: "1"
id: demo
title: Asks to be told
sources: {quote: {api: quote, servedBy: seller}}
inputs: {where: "http://evil.example:81/x"}
flow:
  - id: a
    call: quote.registerListener
    request: {body: {callback: CALLBACK}}
"""


def scenario(folder: Path, callback: str) -> str:
    path = folder / "a.oit.yaml"
    path.write_text(TEXT.replace("CALLBACK", callback))
    return str(path)


@pytest.mark.parametrize(
    ("callback", "host"),
    [
        ("$inputs.where", "http://evil.example:81"),
        ('"https://user:pw@evil.example/$inputs"', "https://evil.example"),
        ('"http://{$inputs.where}/"', "http://"),
    ],
)
def test_who_is_told_to_be_called_is_said_before_anything_is_sent(callback, host, tmp_path: Path):
    path = scenario(tmp_path, callback)
    with partner(http("500 No", "application/json", b"{}")) as url:
        told = oit("run", path, "--sut", f"seller={url}").err.splitlines()[0]
        assert f"sends to {url}; the seller is told to call {host}" in told
        assert f"{path}:9:" in told
        assert "pw" not in told
        plan = oit("run", path, "--sut", f"seller={url}", "--plan", "--format", "json")
        assert json.loads(plan.out)["hosts"] == told
        assert told in oit("run", path, "--sut", f"seller={url}", "--plan").out
    assert "our seller is told to call" in oit("run", path, "--plan").out


def test_what_an_input_is_given_counts(tmp_path: Path):
    path = scenario(tmp_path, "$inputs.where")
    assert "call https://other.example (" in oit("run", path, "--plan", "--var", "where=https://other.example/x").out


def test_nothing_is_said_where_nobody_else_is_talked_to(tmp_path: Path):
    plan = oit("run", scenario(tmp_path, "$buyer.callback"), "--plan", "--format", "json")
    assert json.loads(plan.out)["hosts"] is None


def test_a_scenario_does_not_say_by_a_header_where_a_request_goes(tmp_path: Path):
    path = tmp_path / "a.oit.yaml"
    path.write_text(TEXT.replace("CALLBACK}}", "$buyer.callback}, headers: {hOST: evil.example}}"))
    done = oit("run", str(path), "--plan")
    assert (done.code, "a.oit.yaml:9:" in done.err, "--sut" in done.err) == (2, True, True), done
