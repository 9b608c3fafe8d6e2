"""`oit inputs`: what data a partner has to give, as a file that changes nothing as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulator.arguments import inputs
from emulator.parties.clock import VirtualClock
from emulator.scenario.expressions import Generator, Scope
from emulator.scenario.given import fill_inputs
from emulator.scenario.loader import load_scenario
from emulator.scenario.selection import Job
from emulator.scenario.wanted import as_yaml, wanted_inputs
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.cli.processes import oit

ODD = """oit: "1"
id: odd
title: Inputs of every kind
tags: [odd]
sources: {quote: {api: quote, servedBy: seller}}
data: rows.csv
inputs:
  words: ["NO", "1e3", "0o17", "null", "", "1:30", "a: b", "# c", "é", " x ", "a\\nb", "=", "$$x", "{$$y}"]
  numbers: {whole: 1, part: 1.0, none: null, yes: true, "a.b": {c: 2}}
  made: {when: $gen.now+30d, who: {id: "{$run.id}-x", name: Jane}, list: [$inputs.words], "a.b": $run.id}
  laid: {$merge: $inputs.numbers, own: 1}
  other: $inputs.made.who
  unused: 5
  column: a
flow:
  - id: list
    call: quote.listQuote
    request: {query: {externalId: $inputs.other.name, state: $inputs.laid.own, projectId: $inputs.column}}
  - id: make
    call: quote.createQuote
    request: {body: {a: $inputs.words, b: $inputs.numbers, c: [$inputs.made]}}
"""


def filled(scenario, row, given):
    scope = Scope({}, Generator("0", VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))), "r1")
    fill_inputs(Job(scenario, None, row), scope, given)
    return scope.inputs


def write(folder: Path, **changes: str) -> Path:
    file = folder / f"{changes.get('id', 'odd')}.oit.yaml"
    text = ODD
    for old, new in changes.items():
        text = text.replace(f"{old}: {'odd' if old == 'id' else 'a'}", f"{old}: {new}")
    file.write_text(text)
    (folder / "rows.csv").write_text("column\nb\nc\n")
    return file


@pytest.mark.parametrize("which", ["shipped", "odd"])
def test_the_file_that_is_printed_changes_nothing(which: str, tmp_path: Path):
    paths = sorted(scenarios_dir().rglob("*.oit.yaml")) if which == "shipped" else [write(tmp_path)]
    scenarios = [load_scenario(path, load_release()) for path in paths]
    (tmp_path / "data.yaml").write_text(as_yaml(wanted_inputs(scenarios)))
    given = inputs((), tmp_path / "data.yaml")
    assert given
    for scenario in scenarios:
        for row in range(len(scenario.rows)):
            before, after = filled(scenario, row, {}), filled(scenario, row, given)
            assert {name: after[name] for name in before} == before


def test_only_what_is_used_is_asked_for_with_where_it_stands(tmp_path: Path):
    write(tmp_path)
    write(tmp_path, id="second", column="z")
    done = oit("inputs", ".", "--format", "json", cwd=tmp_path)
    assert done.code == 0, done.err
    rows = {row["name"]: row for row in json.loads(done.out)}
    assert list(rows) == ["words", "numbers", "made", "laid", "other", "column"]
    assert rows["words"]["defaults"][0]["where"] == "odd.oit.yaml:8"
    assert rows["words"]["defaults"][1]["scenarios"] == ["second"]
    assert rows["made"]["fill_in"] == {"made.who.name": "Jane"}
    assert rows["column"]["by_data"] == ["odd", "second"]
    assert rows["column"]["fill_in"] == {}
    told = oit("inputs", "odd.oit.yaml", cwd=tmp_path).out
    assert "made.who.name: Jane" in told
    assert "# made.when: $gen.now+30d" in told
    assert "# odd.oit.yaml:8: odd" in told


def test_what_is_not_the_same_in_every_scenario_is_not_given_for_all(tmp_path: Path):
    for name, value in (("one", "a"), ("two", "b")):
        text = (
            ODD.replace("id: odd", f"id: {name}")
            .replace("data: rows.csv\n", "")
            .replace("column: a", f"column: {value}")
        )
        (tmp_path / f"{name}.oit.yaml").write_text(text)
    told = oit("inputs", ".", cwd=tmp_path).out
    assert "\ncolumn" not in told
    assert {"# column: a", "# column: b"} <= set(told.splitlines())


def test_tags_choose(tmp_path: Path):
    write(tmp_path)
    assert oit("inputs", ".", "--tag", "odd", cwd=tmp_path).code == 0
    assert oit("inputs", ".", "--tag", "even", cwd=tmp_path).code == 5


def test_a_whole_number_beyond_a_float_is_a_number(tmp_path: Path) -> None:
    """It was an error of ours: whether it is finite was asked of a float."""
    scenario = tmp_path / "a.oit.yaml"
    scenario.write_text(
        'oit: "1"\nid: a\ntitle: A\nsources: {quote: {api: quote, servedBy: seller}}\ninputs: {count: 1, list: [1]}\n'
        "flow:\n  - {id: a, call: quote.listQuote, request: {query: {externalId: $inputs.count}}, response: {status: 200}}\n"
    )
    given = tmp_path / "v.yaml"
    given.write_text(f"count: {'1' * 400}\n")
    done = oit("run", str(scenario), "--var-file", str(given), "--plan")
    assert done.code in {0, 2}, done.err
    assert "our own error" not in done.err
