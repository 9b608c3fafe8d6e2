"""`oit lint` takes scenarios, profiles and known failures, and tells everything in one round."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import oit

BROKEN = """oit: "1"
id: demo
titel: Misspelt
sources:
  quote: {api: quote, servedBy: seller}
  order: {api: order, servedBy: nobody}
inputs: {a: $inputs.b, c: $nothing.d}
lifecycle: {quote: {of: quote.quote, path: [{to: inProgres}]}}
flow:
  - {id: create, cal: quote.createQuote, track: quote}
  - {id: bad, call: quote.listQuote, await: {resource: x, state: y}, outputs: {id: 1}}
  - {id: read, call: quote.retrieveQuote, request: {path: {id: $steps.bad.outputs.id}}}
  - {id: order, call: order.listProductOrder}
  - {id: list, call: quote.listQuote, request: {query: {sate: $inputs.z, state: $inputs.c}}}
  - {id: wait, await: {resource: quote, state: acepted}}
  - parallel:
      - {id: p, call: quote.listQuote, wat: 1}
      - {id: q, call: quote.listQuotes}
cases:
  - {id: one, kind: negativ, emulate: buyer, at: read}
  - {id: two, kind: negative, emulate: buyer, at: bad, query: {state: $inputs.y}}
"""


def test_what_is_wrong_with_the_structure_hides_nothing_else(tmp_path: Path):
    """And what cannot be read is not told again where it is missed."""
    file = tmp_path / "demo.oit.yaml"
    file.write_text(BROKEN)
    done = oit("lint", "demo.oit.yaml", cwd=tmp_path)
    assert done.code == 2
    told = [line.removeprefix("demo.oit.yaml:") for line in done.out.splitlines()]
    parts = (
        ("1:1", "needs 'title'"),
        ("3:1", "'titel' is not a key of a scenario. Did you mean 'title'?"),
        ("6:33", "nobody"),
        ("7:13", "there is no input 'b' above this one"),
        ("7:27", "there is no '$nothing'"),
        ("8:50", "'inProgres' is not a state"),
        ("10:18", "'cal' is not a key of a step. Did you mean 'call'?"),
        ("10:5", "a step has exactly one of"),
        ("10:42", "'track' belongs to a step with 'call'"),
        ("11:5", "a step has exactly one of"),
        ("14:57", "has no query parameter 'sate'"),
        ("14:63", "there is no input 'z'"),
        ("15:48", "'acepted' is not a state of quote"),
        ("17:40", "'wat' is not a key of a step"),
        ("18:23", "'listQuotes' is not an operation"),
        ("20:21", "negativ"),
        ("21:71", "there is no input 'y'"),
    )
    for place, text in parts:
        assert any(line.startswith(f"{place}: ") and text in line for line in told), (place, text, told)
    assert len(told) == len(parts), told


def test_what_is_made_by_an_unknown_operation_is_tracked_all_the_same(tmp_path: Path):
    text = (
        BROKEN[: BROKEN.index("titel")]
        + """title: A demonstration
sources: {quote: {api: quote, servedBy: seller}}
flow:
  - {id: create, call: quote.creatQuote, track: quote}
  - {id: wait, await: {resource: quote, state: accepted}}
  - {id: told, notify: {event: quoteStateChangeEvent, of: quote}}
"""
    )
    (tmp_path / "demo.oit.yaml").write_text(text)
    done = oit("lint", "demo.oit.yaml", cwd=tmp_path)
    assert done.out.splitlines() == [
        "demo.oit.yaml:6:24: 'creatQuote' is not an operation of quote management. Did you mean 'quote.createQuote'?"
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("p.yaml", "unsupported: [site]\n", None),
        ("p.yaml", "extends: wholesale-seller\nname: x\n", None),
        ("p.yaml", "extends: wholesale-seller\nbehaviour: {quot: {}}\n", "p.yaml:2:13: unknown key 'quot'"),
        ("p.yaml", "unsupported: [siet]\npagin: {}\n", "p.yaml:1:15: unknown operation 'siet'"),
        ("k.yml", 'oit: "1"\nknown: []\n', None),
        ("k.yml", 'oit: "1"\nknown: [{rule: x}]\n', "k.yml:2:9"),
        ("s.yaml", 'oit: "1"\nid: x\n', "s.yaml:1:1: a scenario needs 'title'"),
        ("s.yaml", "a: [\n", "s.yaml:2:1: not readable as YAML"),
    ],
)
def test_files_are_known_by_what_stands_in_them(tmp_path: Path, name: str, text: str, problem: str | None):
    (tmp_path / name).write_text(text)
    done = oit("lint", name, cwd=tmp_path)
    assert done.code == (2 if problem else 0), done.out
    assert (problem or "") in done.out


def test_a_folder_is_searched_for_what_is_surely_one_of_them(tmp_path: Path):
    files = {
        "partner.yaml": "extends: wholesale-seller\nname: x\n",
        "known.yaml": 'oit: "1"\nknown: [{rule: contract.schema, scenario: x, owner: o, reason: r}]\n',
        "values.yaml": "address: {city: x}\n",
        "compose.yml": "services: {web: {extends: base}}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = oit("lint", ".", cwd=tmp_path)
    assert (done.code, done.err) == (2, "1 profile(s), 1 file(s) of known failures, 1 problem(s)\n")
    (tmp_path / "known.yaml").unlink()
    (tmp_path / "partner.yaml").unlink()
    assert oit("lint", ".", cwd=tmp_path).code == 5
