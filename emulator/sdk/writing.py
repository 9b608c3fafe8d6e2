"""An import as files: written into a folder beside, proved by being loaded, and only then under its name."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from emulator import __version__
from emulator.errors import UserError
from emulator.plain_yaml import CoreLoader
from emulator.sdk.notes import Notes
from emulator.standard.imported import RECORD

_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _PlainDumper(_Base):  # type: ignore[misc]
    """Writes YAML that readers of 1.1 and 1.2 see alike: a word that either of them would take for something else is quoted."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {  # noqa: RUF012
        first: [
            *yaml.SafeDumper.yaml_implicit_resolvers.get(first, ()),
            *CoreLoader.yaml_implicit_resolvers.get(first, ()),
        ]
        for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *CoreLoader.yaml_implicit_resolvers}
    }

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: Any, text: str) -> Any:
    """A text; one of several lines as it is read."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_PlainDumper.add_representer(str, _text)


@dataclass(frozen=True, slots=True)
class SdkIdentity:
    """What an import is: its name, reference point, release, where it came from, and the digest of that."""

    name: str
    point: str
    release: str
    source: str
    digest: str


@contextmanager
def beside(home: Path, name: str) -> Iterator[Path]:
    """A folder to write an import into. It gets its name when the block ends well; else nothing of it stays. UserError where
    the name is taken, or nothing can be written there.
    """
    goal = home / name
    try:
        home.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=home))
    except OSError as error:
        raise UserError(
            f"{home}: nothing can be written there ({error.strerror}): name another folder by OIT_SDKS"
        ) from error
    try:
        folder = made / name
        folder.mkdir()
        yield folder
        if goal.exists():
            raise UserError(f"{goal} is there already: oit sdk remove {name}, or give another --name")
        os.rename(folder, goal)  # noqa: PTH104 - fails where something is there meanwhile
    except OSError as error:
        raise UserError(f"{goal}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_yaml(path: Path, data: Any, head: str = "") -> None:
    """Write data as YAML, with a first line that says what it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(f"# {head}\n{text}" if head else text, encoding="utf-8")


def write_record(folder: Path, identity: SdkIdentity, notes: Notes, contents: Mapping[str, Any]) -> None:
    """Write what an import is, and what was done to it."""
    told = {
        **asdict(identity),
        "oit": __version__,
        **contents,
        "mendings": [asdict(each) for each in notes.mendings],
        "skipped": [asdict(each) for each in notes.skipped],
        "open": [asdict(each) for each in notes.unknown],
    }
    (folder / RECORD).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
