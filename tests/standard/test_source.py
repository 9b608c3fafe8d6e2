"""What was read of `specs/` is kept for the next start, and never in place of what is there now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import FileProblem
from emulator.plain_yaml import load_yaml
from emulator.standard import source
from emulator.standard.source import read_source

TEXT = "a: [1, 2.5, yes, null]\nb: {c: 2026-01-01}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    path = tmp_path / "one.yaml"
    path.write_text(TEXT)
    return path


def kept(path: Path) -> list[Path]:
    return list((path.parent / "__pycache__").glob("*"))


def test_it_is_read_once_and_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_source(file)
    assert first == load_yaml(file)
    monkeypatch.setattr(source, "load_yaml", lambda path: pytest.fail(f"{path} was read again"))
    again = read_source(file)
    assert again == first
    again["a"].append(3)
    assert read_source(file) == first


def test_a_file_that_changed_is_read_again(file: Path) -> None:
    read_source(file)
    before = file.stat()
    file.write_text(TEXT.replace("2026", "2027"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert read_source(file)["b"] == {"c": "2027-01-01"}
    assert len(kept(file)) == 1


@pytest.mark.parametrize("spoilt", [b"", b"{", b"null", b"[1]", b"[[1, 2, 3], {}]", b"\xff", b"[[], {}, 1]"])
def test_what_is_kept_and_spoilt_is_made_anew(file: Path, spoilt: bytes) -> None:
    expected = read_source(file)
    kept(file)[0].write_bytes(spoilt)
    assert read_source(file) == expected
    assert kept(file)[0].read_bytes() != spoilt


def test_nothing_is_kept_where_python_keeps_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read_source(file) == load_yaml(file)
    assert kept(file) == []


def test_a_folder_that_cannot_be_written_is_no_problem(file: Path) -> None:
    (file.parent / "__pycache__").write_text("a file where the folder would be")
    assert read_source(file) == load_yaml(file)


@pytest.mark.parametrize("text", ["a: .nan", "a: .inf", "1: a", "a: 123456789012345678901234567890"])
def test_what_json_cannot_say_is_read_each_time(file: Path, text: str) -> None:
    file.write_text(text)
    assert [repr(read_source(file)) for _ in range(2)] == [repr(load_yaml(file))] * 2


def test_a_problem_is_told_each_time(file: Path) -> None:
    file.write_text("a: [")
    for _ in range(2):
        with pytest.raises(FileProblem, match=r"one\.yaml:1:5|one\.yaml:2:1"):
            read_source(file)
    with pytest.raises(FileProblem, match="there is no such file"):
        read_source(file.with_name("none.yaml"))


_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_json)
def test_what_comes_back_is_what_was_kept(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    folder = tmp_path_factory.mktemp("kept")
    source._keep(folder / "x.json", [1], value)
    if (folder / "x.json").exists():
        assert repr(source.orjson.loads((folder / "x.json").read_bytes())[1]) == repr(value)
