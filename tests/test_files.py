"""A file that somebody named is a regular file of a size that can be read, and nobody is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator import files
from emulator.errors import FileProblem
from tests.cli.processes import oit


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _circle(path: Path) -> Path:
    path.symlink_to(path)
    return path


STRANGE = [
    pytest.param(lambda folder: _pipe(folder / "pipe"), "this is a pipe", id="pipe"),
    pytest.param(lambda _: Path("/dev/zero"), "this is a device", id="device"),
    pytest.param(lambda folder: folder, "this is a folder", id="folder"),
    pytest.param(lambda folder: folder / ("x" * 5000), "", id="too-long"),
    pytest.param(lambda folder: folder / "none", "", id="absent"),
    pytest.param(lambda folder: _circle(folder / "circle"), "", id="circle"),
]


@pytest.mark.parametrize(("make", "words"), STRANGE)
def test_what_is_no_file_is_refused_and_not_waited_for(make, words, tmp_path: Path):
    path = make(tmp_path)
    for read in (files.read_bytes, files.read_text):
        with pytest.raises(FileProblem) as caught:
            read(path)
        assert words in str(caught.value)
        assert len(str(caught.value)) < 500


COMMANDS = [
    ("lint",), ("check",), ("report",), ("diff", "tests"), ("validate", "createQuote", "--api", "quote"), ("doctor",),
    ("runs", "import"), ("rules", "--trace"), ("inputs",), ("run", "--plan"),
    *(("run", "poq/find.oit.yaml", option) for option in ("--profile", "--var-file", "--known-failures")),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), [each for each in STRANGE if each.id not in ("folder", "absent")])
def test_every_command_says_so(make, words, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("OIT_DATA", str(tmp_path))
    path = make(tmp_path)
    for command in COMMANDS:
        done = oit(*command, str(path))
        assert done.code == 2, (command, done)
        assert done.err.strip(), command


def test_more_than_is_read_of_a_file_is_refused_whatever_its_size_says(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 11)
    assert files.read_bytes(path, 11) == b"x" * 11
    with pytest.raises(FileProblem, match="larger than 10 bytes"):
        files.read_bytes(path, 10)
    if Path("/proc/self/status").exists():
        with pytest.raises(FileProblem, match="larger than 10 bytes"):
            files.read_bytes(Path("/proc/self/status"), 10)


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert files.read_text(path) == "a: 1"
