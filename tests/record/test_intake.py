"""Files of a user: regular ones, or standard input, within bounds."""

from __future__ import annotations

import os

import pytest

from emulator.errors import FileProblem
from emulator.record import intake
from tests.cli.processes import oit


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.har"
    os.mkfifo(pipe)
    for file in (pipe, tmp_path, "/dev/zero"):
        with pytest.raises(FileProblem):
            intake.read_file(type(tmp_path)(file))


def test_a_large_file(tmp_path):
    file = tmp_path / "x.har"
    file.write_bytes(b"x" * 11)
    with pytest.raises(FileProblem, match="larger than 10 bytes"):
        intake.read_file(file, 10)
    assert intake.read_file(file, 11) == b"x" * 11


@pytest.mark.parametrize("command", [["check"], ["report"], ["diff"]])
def test_commands_say_so(tmp_path, monkeypatch, command):
    file = tmp_path / "x.json"
    file.write_bytes(b'{"runs":[' + b"1," * 2_000 + b"1]}")
    monkeypatch.setattr(intake, "MOST_VALUES", 1_000)
    done = oit(*command, str(file), *([str(file)] if command == ["diff"] else []))
    assert done.code == 2
    assert f"{file}: holds more than 1000 values" in done.out + done.err
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    done = oit(*command, str(pipe), *([str(pipe)] if command == ["diff"] else []))
    assert done.code == 2
    assert "this is a pipe, a file is needed" in done.out + done.err
