"""Whatever a capture holds, it is read or refused with its place, never tripped over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.errors import FileProblem
from emulator.judge.capture import BasePaths, read_capture
from emulator.judge.judge import judge
from emulator.record.exchange import Party, Request
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release

RELEASE = load_release()
BASES = BasePaths(RELEASE)
SOME = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 600) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
URL = "http://s.example/mefApi/sonata/quoteManagement/v8/quote/{}?a=1"


def message(**more: Any) -> st.SearchStrategy[Any]:
    """A message whose every part may be anything."""
    parts = {
        "method": st.just("GET") | SOME,
        "url": st.just(URL.format("q1")) | SOME,
        "status": st.just(200) | SOME,
        "headers": st.just([{"name": "Content-Type", "value": "application/json"}]) | st.just({"a": "b"}) | SOME,
        "content": st.fixed_dictionaries({"text": SOME, "size": SOME, "encoding": st.just("base64") | SOME}) | SOME,
        "postData": st.fixed_dictionaries({"text": st.text(max_size=9), "params": SOME}) | SOME,
        "body": SOME,
        "body_encoding": st.sampled_from(["json", "text", "none"]) | SOME,
        "bodySize": SOME,
    }
    return st.fixed_dictionaries({}, optional={**parts, **more}) | SOME


ENTRY = st.fixed_dictionaries(
    {"startedDateTime": st.just("2026-01-01T00:00:00Z") | SOME, "at": st.just("2026-01-01") | SOME},
    optional={"request": message(), "response": message(), "fault": SOME, "n": SOME, "run": SOME, "time": SOME,
              "api": st.just("quote") | SOME, "kind": st.just("management") | SOME, "operation": SOME},
)  # fmt: skip


@pytest.mark.parametrize("kind", ["har", "ndjson", "json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)
@given(data=st.data())
def test_any_json_is_read_or_refused(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    entries = data.draw(st.lists(ENTRY | SOME, max_size=3))
    path = tmp_path / f"x.{kind}"
    about = {"id": "r", "scenario": "s"}
    text = {
        "har": json.dumps({"log": {"entries": entries}}),
        "ndjson": "\n".join(map(json.dumps, entries)),
        "json": json.dumps({"run": about, "exchanges": entries}),
    }[kind]
    path.write_text(text, encoding="utf-8")
    try:
        captures = read_capture(path, BASES)
    except FileProblem as problem:
        captures, problems = [], problem.problems
    else:
        problems = []
    assert all(line.startswith(f"{path}:") for line in problems)
    for captured in captures:
        judge(captured.exchanges, RELEASE, provoked=captured.provoked)


def asked(url: str, method: str = "GET") -> Request:
    return Request((), b"", method, url)


@pytest.mark.parametrize(
    ("url", "identifier"),
    [
        (URL.format("q1"), "q1"),
        ("https://s.example/r/monday/mefApi/sonata/quoteManagement/v8/quote/q1", "q1"),
        ("https://s.example/gateway/a/mefApi/sonata/quoteManagement/v8/quote/a%2Fb%25", "a/b%"),
        ("/mefApi/sonata/quoteManagement/v8/quote/q1#top", "q1"),
    ],
)
def test_an_operation_is_found_behind_any_prefix(url: str, identifier: str) -> None:
    found = BASES.find(asked(url))
    assert not isinstance(found, str)
    assert (found.contract.api, found.operation) == ("quote", "retrieveQuote")
    assert found.path_params == {"id": identifier}


def test_a_path_that_only_begins_like_a_base_path_is_another() -> None:
    assert isinstance(BASES.find(asked("http://s/mefApi/sonata/quoteManagement/v80/quote/1")), str)


def test_an_unknown_path_of_a_contract_is_its_business() -> None:
    """As in a run, such a request is judged: no operation of the contract has it."""
    found = BASES.find(asked("http://s/mefApi/sonata/quoteManagement/v8/quotes"))
    assert not isinstance(found, str)
    assert found.operation is None


def test_two_contracts_at_one_base_path_are_told_apart_by_their_operations() -> None:
    bases = BasePaths(RELEASE, PathMap.read(RELEASE, ["quote=/q", "quote.notification=/q"]))
    call = bases.find(asked("http://s/q/quote"))
    told = bases.find(asked("http://s/q/listener/quoteStateChangeEvent", "POST"))
    assert not isinstance(call, str)
    assert not isinstance(told, str)
    assert (call.contract.served_by, told.contract.served_by) == (Party.SELLER, Party.BUYER)
