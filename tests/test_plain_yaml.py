"""YAML without surprises: words stay words, every value knows its place, and no file is a bomb."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import FileProblem
from emulator.plain_yaml import load_located, load_yaml, load_yaml_text
from emulator.record.payload import at

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\u2028\u2029\x85\ufffe\uffff"), max_size=6
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | WORDS
    | st.sampled_from(
        [
            "NO",
            "yes",
            "on",
            "02134",
            "1:30",
            "2026-01-01",
            "null",
            "~",
            "<<",
            "=",
            "0x1F",
            "1e3",
            "1_000",
            "true",
            "",
            " ",
        ]
    )
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=10
)


class Quoting(yaml.SafeDumper):
    """PyYAML knows YAML 1.1's rules for what must be quoted; here every text is."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("02134", "02134"),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("0777", "0777"),
        ("=", "="),
        (".", "."),
        ("+", "+"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0", 0),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ('"NO"', "NO"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("on: off", {"on": "off"}),
        ("{a: 1, 2: b}", {"a": 1, 2: "b"}),
    ],
)
def test_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    """Norway is no negation, a postcode no number, a time no sum and a date no object."""
    found = load_yaml_text(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "f.yaml:4:3: not readable as YAML: the key 'c' is given twice"),
        ("{a: 1, a: 1}", "f.yaml:1:8: not readable as YAML: the key 'a' is given twice"),
        ("a: [1\nb: 2", "f.yaml:2:2: not readable as YAML: did not find expected ',' or ']'"),
        ("a: 1\n\tb: 2", "f.yaml:2:1: not readable as YAML: found a tab character that violates indentation"),
        ("? [a]\n: 1", "f.yaml:1:3: not readable as YAML: a key must be a plain word"),
        (
            "a: !!python/object:os.system x",
            "f.yaml:1:4: not readable as YAML: the tag 'tag:yaml.org,2002:python/object:os.system' is not known: data is plain, without tags",
        ),
        ("a: !mine x", "f.yaml:1:4: not readable as YAML: the tag '!mine' is not known: data is plain, without tags"),
        (
            "!!timestamp 2026-01-01",
            "f.yaml:1:1: not readable as YAML: the tag 'tag:yaml.org,2002:timestamp' is not known: data is plain, without tags",
        ),
        ("!!int x", "f.yaml:1:1: not readable as YAML: 'x' is not an integer that can be read"),
        ("!!float x", "f.yaml:1:1: not readable as YAML: 'x' is not a number"),
        ("!!bool x", "f.yaml:1:1: not readable as YAML: 'x' is neither true nor false"),
        ("!!map [a]", "f.yaml:1:1: not readable as YAML: a mapping was expected"),
        ("!!seq {a: 1}", "f.yaml:1:1: not readable as YAML: a list was expected"),
        ("a: " + "9" * 5000, "f.yaml:1:4: not readable as YAML: '" + "9" * 40 + "' is not an integer that can be read"),
        ("a\n---\nb", "f.yaml:2:1: not readable as YAML: but found another document"),
        ("a: 1\nb: \0", "f.yaml:2:4: not readable as YAML: control characters are not allowed"),
        ("a: &a [*a]", "f.yaml:1:4: not readable as YAML: an alias leads back to what it stands in"),
        ("a: *b", "f.yaml:1:4: not readable as YAML: found undefined alias"),
        ("<<: 5", "f.yaml:1:1: not readable as YAML: only mappings can be merged with <<"),
        ("a: \ud800", "f.yaml: not readable as YAML: this is not UTF-8 text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, problem: str) -> None:
    """One sentence with file, line and column."""
    with pytest.raises(FileProblem) as caught:
        load_yaml_text(text, "f.yaml")
    assert caught.value.problems == [problem]


@pytest.mark.parametrize("text", ["- " * 5000, "[" * 5000, "{a: " * 5000, "[" * 300 + "]" * 300, "? " * 3000])
def test_bottomless_nesting_is_refused(text: str) -> None:
    """Depth never ends in a crash."""
    with pytest.raises(FileProblem):
        load_yaml_text(text)


@pytest.mark.parametrize("kind", ["lists", "maps", "merges"])
def test_a_billion_laughs_are_refused(kind: str, tmp_path: Path) -> None:
    """Aliases of aliases are refused before anybody walks them."""
    rows = ["a0: &a0 {x: lol}" if kind == "merges" else "a0: &a0 [lol, lol]"]
    for n in range(1, 12):
        nine = ", ".join([f"*a{n - 1}"] * 9)
        rows.append(
            {
                "lists": f"a{n}: &a{n} [{nine}]",
                "maps": f"a{n}: &a{n} {{" + ", ".join(f"k{i}: *a{n - 1}" for i in range(9)) + "}",
                "merges": f"a{n}: &a{n} {{<<: [{nine}]}}",
            }[kind]
        )
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(rows))
    started = time.monotonic()
    for read in (load_yaml, load_located):
        with pytest.raises(FileProblem, match=r"aliases written out this holds more than \d+ values"):
            read(file)
    assert time.monotonic() - started < 2


def test_honest_aliases_work() -> None:
    """An anchor may be used many times, and a merge is overridden by what stands beside it."""
    found = load_yaml_text("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {y: 4, <<: [{x: 5}, *a]}")
    assert found == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}, "d": {"x": 5, "y": 4}}


@given(DATA, st.booleans())
def test_data_dumped_by_a_yaml_library_is_read_back(value: Any, flow: bool) -> None:
    """Data with its texts in quotes comes back as it was, in blocks and in one line."""
    text = yaml.dump(value, Dumper=Quoting, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert load_yaml_text(text) == value


@given(DATA)
def test_json_is_yaml(value: Any) -> None:
    """A JSON file is read as what it says (escaped surrogate pairs apart, which YAML lacks)."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    if "Infinity" not in text:
        assert load_yaml_text(text) == value


@given(st.text(max_size=40) | st.text("[]{}:-&*!|>'\"%@`#?, \n\tab1", max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    """A text is data, or a FileProblem with one line."""
    problems = ["none"]
    try:
        load_yaml_text(text)
    except FileProblem as refused:
        problems = refused.problems
    assert len(problems) == 1
    assert "\n" not in problems[0]


def test_every_value_knows_its_place(tmp_path: Path) -> None:
    """Lines and columns count from 1; a key and its value have places of their own."""
    file = tmp_path / "f.yaml"
    file.write_text("a: 1\nb:\n  - c/d: x\n    e~f: [1,\n      2]\n# é\n'g': é\n", encoding="utf-8")
    located = load_located(file)
    assert located.value == {"a": 1, "b": [{"c/d": "x", "e~f": [1, 2]}], "g": "é"}
    assert located.where("") == f"{file}:1:1"
    assert located.where("/a") == f"{file}:1:4"
    assert located.where("/a", key=True) == f"{file}:1:1"
    assert located.where("/b/0") == f"{file}:3:5"
    assert located.where("/b/0/c~1d") == f"{file}:3:10"
    assert located.where("/b/0/e~0f/1") == f"{file}:5:7"
    assert located.where("/b/0/e~0f", key=True) == f"{file}:4:5"
    assert located.where("/b/0/none/such") == f"{file}:3:5"
    assert located.where("/g", key=True) == f"{file}:7:1"


@given(DATA)
def test_every_place_is_that_of_a_value(value: Any) -> None:
    """`places` names exactly the values of the data."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.yaml"
        file.write_text(yaml.dump(value, Dumper=Quoting, allow_unicode=True), encoding="utf-8")
        located = load_located(file)
    for place in located.places:
        at(located.value, place)

    def count(node: Any) -> int:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return 1 + sum(count(child) for child in children)

    assert len(located.places) == count(value)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda file: None, "there is no such file"),
        (lambda file: file.mkdir(), "this is a folder"),
        (lambda file: file.write_bytes(b"a: \xff"), "this is not UTF-8 text (byte 3)"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Any, word: str) -> None:
    """Missing, a folder, not UTF-8: each in words."""
    file = tmp_path / "f.yaml"
    make(file)
    for read in (load_yaml, load_located):
        with pytest.raises(FileProblem) as caught:
            read(file)
        assert word in str(caught.value)


def test_an_empty_file_is_null(tmp_path: Path) -> None:
    """Nothing, or comments only, is null."""
    file = tmp_path / "f.yaml"
    for text in ("", "# nothing\n", "---\n"):
        file.write_text(text)
        assert load_yaml(file) is None
        assert load_located(file).value is None
