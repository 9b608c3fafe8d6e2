"""References to secrets, in place of the secrets: `env:NAME`, `file:PATH`, `cmd:PROGRAM ARGUMENTS`.

A secret is read when a command begins, before anything is sent, and is told to the masker by its value. No message of this
module says what a reference leads to.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import FileProblem
from emulator.files import read_bytes
from emulator.record.secrets import learn

KINDS: Final = ("env", "file", "cmd")
HOW: Final = "write env:NAME, file:PATH or cmd:COMMAND, which say where it is found"
_LARGEST: Final = 64 * 1024
_PATIENCE: Final = 30.0
"""Seconds that a command has to tell a secret."""


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is found: `text` as it is written, at the place `where` (`file:line:col`) of a file in `folder`."""

    text: str
    where: str
    folder: Path

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return self.text.partition(":")[0]

    @property
    def named(self) -> str:
        """What stands behind the kind."""
        return self.text.partition(":")[2].strip()

    def problem(self, why: str) -> FileProblem:
        """That it leads to nothing, and why."""
        return FileProblem([f"{self.where}: {self.text}: {why}"])


Resolve = Callable[[SecretReference], str]
"""The value of a reference. FileProblem with its place where it leads to none."""


def is_reference(text: str) -> bool:
    """Whether a text is written as a reference."""
    kind, colon, named = text.partition(":")
    return bool(colon) and kind in KINDS and bool(named.strip())


def resolver(*, allow_commands: bool) -> Resolve:
    """How references are resolved: each once, however often it stands in a file. Commands are run only where the user allows it."""
    found: dict[tuple[str, Path], str] = {}

    def resolve(reference: SecretReference) -> str:
        key = reference.text, reference.folder
        if key not in found:
            value = _value(reference, allow_commands=allow_commands)
            if not value:
                raise reference.problem("there is nothing in it")
            learn(value)
            found[key] = value
        return found[key]

    return resolve


def _value(reference: SecretReference, *, allow_commands: bool) -> str:
    match reference.kind:
        case "env":
            value = os.environ.get(reference.named)
            if value is None:
                raise reference.problem("the environment has no such variable: export it")
            return value.strip()
        case "file":
            return _of_file(reference)
        case _:
            if not allow_commands:
                raise reference.problem("a command is run only with --allow-commands")
            return _of_command(reference)


def _of_file(reference: SecretReference) -> str:
    path = reference.folder / Path(reference.named).expanduser()
    try:
        return read_bytes(path, _LARGEST).decode("utf-8-sig").strip()
    except FileProblem as error:
        raise reference.problem(error.problems[0]) from None
    except UnicodeDecodeError:
        raise reference.problem(f"{path} is no text in UTF-8") from None


def _of_command(reference: SecretReference) -> str:
    try:
        words = shlex.split(reference.named)
        done = subprocess.run(  # noqa: S603 - the user wrote it, and allowed it
            words, cwd=reference.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except ValueError as error:
        raise reference.problem(f"this is no command: {error}") from None
    except FileNotFoundError:
        raise reference.problem("there is no such program") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        why = f"no answer within {_PATIENCE:g} s" if isinstance(error, subprocess.TimeoutExpired) else error.strerror
        raise reference.problem(f"the command failed: {why}") from None
    if done.returncode:
        raise reference.problem(f"the command ended with exit code {done.returncode}")  # what it said may be the secret
    try:
        return done.stdout.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise reference.problem("what the command wrote is no text in UTF-8") from None
