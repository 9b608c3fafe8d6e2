"""Where profiles are, and what of several files makes up one: those that it extends, and what a release changes in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.files import is_file, is_there, shown
from emulator.parties.coherence import before_merging
from emulator.parties.security import spelt_out
from emulator.plain_yaml import Located
from emulator.roots import Root
from emulator.settings import scenarios_dir
from emulator.standard.by_release import fragments_of
from emulator.standard.release import Release
from emulator.standard.strict import read_layers

DEFAULT: Final = "wholesale-seller"
CONNECTION: Final = "connection"
"""What says how a partner is reached. `doors.partner` reads it, and in the very file only that a user names."""


def ours(name: str) -> Path:
    """The file of a profile of ours."""
    return scenarios_dir() / "profiles" / f"{name}.yaml"


def file_of(path: Path) -> Path:
    """The file of a profile that is given by its path or, where that is none, by a name of ours."""
    if path.suffix or len(path.parts) != 1 or is_there(path):
        return path
    if not is_file(ours(path.name)):
        known = ", ".join(sorted(one.stem for one in ours("").parent.glob("*.yaml") if "." not in one.stem))
        raise FileProblem([f"{shown(path)}: there is no such file, and no profile of that name; there are: {known}"])
    return ours(path.name)


def prepared(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A profile, or an overlay, as it is laid upon another: how a partner is reached is never taken over."""
    return {key: value for key, value in before_merging(spelt_out(raw)).items() if key != CONNECTION}


def profile_layers(file: Path, release: Release, wider: Path | None = None) -> tuple[dict[str, Any], list[Located]]:
    """What a profile says in a release, and the files that it is made of, nearest first: each has what a release changes in it
    before it. FileProblem.
    """
    return read_layers(file, ours, prepared, Root.of(file, wider), lambda path: fragments_of(path, release.line))


def of_user(layers: Sequence[Located]) -> list[Located]:
    """Those of the files that are not ours."""
    return [layer for layer in layers if Path(layer.file).resolve().parent != ours("").resolve().parent]


def nobody(file: Path) -> dict[str, Any]:
    """A name and a seller for who says neither."""
    name = file.name.partition(".")[0]
    return {"name": name, "seller": {"id": name, "name": name, "contact": {}}}
