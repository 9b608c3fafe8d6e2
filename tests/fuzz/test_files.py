"""Exit code 4 is ours alone: whatever a file holds, it is taken, or refused with its place, and soon.

A few cases of each format, hundreds in `make slow`, thousands in `make fuzz`. What was found once stands in `FOUND`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.processes import oit
from tests.fuzz.child import case, tried
from tests.fuzz.formats import FORMATS, TINY
from tests.fuzz.harness import failures
from tests.fuzz.spoiling import _bomb


@pytest.mark.parametrize("kind", FORMATS)
def test_a_few_spoilt_files(kind: str, tmp_path: Path, monkeypatch):
    """Here without limits of processor time and memory: a process of their own takes as long as all of these."""
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        assert tried(kind, case(kind, seed), tmp_path) == "", f"python -m tests.fuzz {kind} --seed {seed} --cases 1"


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_hundreds_of_spoilt_files(kind: str):
    """`make fuzz` tries thousands."""
    assert [str(failure) for failure in failures(kind, 100_000, 80 if kind == "scenario" else 300)] == []


STEP = TINY.partition("flow:")[0] + "flow:\n  - {id: a, call: quote.listQuote, response: {expect: {/x: "
FOUND: dict[str, tuple[tuple[str, ...], str, str]] = {
    "known-true": (("lint", "FILE"), "k.yaml", 'oit: "1"\nknown: [true]\n'),
    "a step that is a number": (("lint", "FILE"), "a.oit.yaml", TINY.partition("flow:")[0] + "flow: [5]\n"),
    "a type that is a list": (("lint", "FILE"), "a.oit.yaml", STEP + "{$any: [[]]}}}}\n"),
    "a type that is a mapping": (("lint", "FILE"), "a.oit.yaml", STEP + "{$any: {x: 1}}}}}\n"),
    "a file whose name is too long": (("run", "FILE"), "a.oit.yaml", TINY.replace("inputs:", f"include: [{'x' * 5000}]\ninputs:")),
    "a wait of ages": (("run", "FILE"), "a.oit.yaml", TINY + "    eventually: {within: 99999999999999d}\n"),
    "a duration of 400 digits": (("run", "FILE"), "a.oit.yaml", TINY + f"    eventually: {{within: {'9' * 400}s}}\n"),
    "an integer of 5,000 digits of 16": (("lint", "FILE"), "a.oit.yaml", TINY.replace("b: 5", f"b: 0x{'f' * 5000}")),
    "a product that is a list": (("lint", "FILE"), "p.yaml", "extends: wholesale-seller\nname: x\nproducts: {p1: [1]}\n"),
    "10^30 in a profile": (("lint", "FILE"), "p.yaml", f"extends: wholesale-seller\nname: x\nintervals: {{quote: {{start: {10**30}}}}}\n"),
    "10^30 in a product": (("lint", "FILE"), "p.yaml", f"extends: wholesale-seller\nname: x\nproducts: {{p1: {{a: {{b: [{10**30}]}}}}}}\n"),
    "10^400 for a number of seconds": (("lint", "FILE"), "p.yaml", f"extends: wholesale-seller\nname: x\nintervals: {{quote: {{start: {'1' * 400}}}}}\n"),
    "offerings that are a number": (("lint", "FILE"), "p.yaml", "name: x\nproducts: {p: {productOffering: {id: a}}}\nofferings: 1.5\n"),
    "NaN in a product": (("lint", "FILE"), "p.yaml", "extends: wholesale-seller\nname: x\nproducts: {p1: {a: .nan}}\n"),
    "a key that is a number": (("lint", "FILE"), "p.yaml", "extends: wholesale-seller\nname: x\nproducts: {5: {a: 1}}\n"),
    "a key below that is a number": (("lint", "FILE"), "p.yaml", "extends: wholesale-seller\nname: x\nproducts: {p: {a: {5: 1}}}\n"),
    "a bomb of aliases": (("lint", "FILE"), "a.oit.yaml", _bomb().decode()),
    "an input that does not exist": (("run", "tiny.oit.yaml", "--var-file", "FILE"), "v.yaml", "a: x\nnothing: 1\n"),
    "a report that is deep": (("report", "FILE"), "report.json", '{"report_version": "2", "x": ' + "[" * 500 + "]" * 500 + "}"),
    "a row that is deep": (
        ("runs", "import", "FILE", "--database", "sqlite:///x.sqlite3"), "r.ndjson",
        '{"oit":"run","format":1,"run":"r"}\n{"is":"timer","run":"r","kind":"quote","id":"x","at":"2026-01-01T00:00:00Z","action":"a","data":{"a":'
        + "[" * 500 + "]" * 500 + "}}",
    ),
    "an exchange whose headers are no pairs": (
        ("runs", "import", "FILE", "--database", "sqlite:///x.sqlite3"), "r.ndjson",
        ('{"oit":"run","format":1,"run":"r"}\n{"is":"exchange","run":"r","at":"2026-01-01T00:00:00Z","elapsed_ms":1,"request":"","response":null,'
        '"about":{"request":{"method":"GET","url":"http://h/","headers":[["one"]]}}}'),
    ),
    "an exchange that is deep": (
        ("runs", "import", "FILE", "--database", "sqlite:///x.sqlite3"), "r.ndjson",
        '{"oit":"run","format":1,"run":"r"}\n{"is":"exchange","run":"r","at":"2026-01-01T00:00:00Z","elapsed_ms":1,"request":"","response":null,'
        '"about":{"a":' + "[" * 900 + "]" * 900 + "}}",
    ),
    "a number of an exchange that is 1e308": (("check", "FILE"), "t.ndjson", '{"n": 1e308, "at": "2026-01-01T00:00:00Z", "request": {"method": "GET", "url": "http://x/", "headers": {}}}'),
    "an exchange that took 1e308": (("check", "FILE"), "t.ndjson", '{"n": 1, "at": "2026-01-01T00:00:00Z", "elapsed_ms": 1e308, "request": {"method": "GET", "url": "http://x/", "headers": {}}}'),
    "an exchange of year 1": (("check", "FILE"), "t.ndjson", '{"n": 1, "at": "0001-01-01T00:00:00Z", "request": {"method": "GET", "url": "http://x/", "headers": {}}}'),
    "years 1 and 9999 in a HAR": (("check", "FILE"), "c.har", '{"log": {"entries": [{"startedDateTime": "0001-01-01T00:00:00+14:00", "request": {"method": "GET", "url": "http://x/mefApi/sonata/quoteManagement/v8/quote", "headers": []}}]}}'),
}  # fmt: skip


@pytest.mark.parametrize("number", ["1e308", "9e300", "-1", "1" + "0" * 400])
def test_what_a_har_says_of_times_and_sizes_breaks_no_rule(number: str, tmp_path: Path):
    url = "http://x/mefApi/sonata/quoteManagement/v8/quote"
    text = (
        '{"log": {"entries": [{"startedDateTime": "2026-01-01T00:00:00Z", "time": N, "request": {"method": "GET", "url": "URL", "headers": []},'
        ' "response": {"status": 200, "headers": [], "bodySize": N, "content": {"size": N, "mimeType": "application/json", "text": "[]"}}}]}}'
    )
    (tmp_path / "c.har").write_text(text.replace("URL", url).replace("N,", f"{number},"))
    done = oit("check", "c.har", cwd=tmp_path)
    assert done.code in (0, 1, 2, 3), done


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_once_is_refused_with_its_place(what: str, tmp_path: Path):
    words, name, text = FOUND[what]
    (tmp_path / name).write_text(text)
    (tmp_path / "tiny.oit.yaml").write_text(TINY)
    done = oit(*(name if word == "FILE" else word for word in words), cwd=tmp_path)
    assert done.code == 2, done
    assert f"{name}:" in done.out + done.err, done


GROWING = {
    "inputs upon inputs": TINY.replace(
        "inputs: {", "inputs: {g0: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], " + "".join(f"g{n}: [{', '.join([f'$inputs.g{n - 1}'] * 10)}], " for n in range(1, 9))
    ),
    "texts upon texts": TINY.replace("inputs: {", "inputs: {g0: xxxxxxxxxx, " + "".join(f"g{n}: '{f'{{$inputs.g{n - 1}}}' * 10}', " for n in range(1, 9))),
}  # fmt: skip


@pytest.mark.parametrize("what", GROWING)
def test_what_grows_tenfold_with_each_line_is_refused(what: str, tmp_path: Path):
    (tmp_path / "a.oit.yaml").write_text(GROWING[what])
    done = oit("run", "a.oit.yaml", cwd=tmp_path)
    assert done.code == 2, done
    assert "too much is filled in" in done.err


def test_fragments_upon_fragments_are_refused(tmp_path: Path):
    step = "- {id: s, call: quote.listQuote}\n"
    for n in range(7):
        (tmp_path / f"f{n}.yaml").write_text(
            step if n == 0 else "".join(f"- {{id: u{i}, use: f{n - 1}.yaml}}\n" for i in range(10))
        )
    (tmp_path / "a.oit.yaml").write_text(TINY + "  - {id: f, use: f6.yaml}\n")
    done = oit("lint", "a.oit.yaml", cwd=tmp_path)
    assert (done.code, "more than 1000 steps" in done.out) == (2, True), done.out[:500]


def test_a_hundred_problems_of_a_file_are_told(tmp_path: Path):
    (tmp_path / "a.oit.yaml").write_text(TINY.partition("flow:")[0] + "flow: [" + "{x: 1}, " * 3000 + "]\n")
    done = oit("lint", "a.oit.yaml", cwd=tmp_path)
    assert len(done.out.splitlines()) == 101
    assert "more is wrong than these 100" in done.out
