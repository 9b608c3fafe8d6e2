"""Where releases are: beside each other in a folder of specs, or imported (`oit sdk add`), each in such a folder of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from emulator.settings import sdks_dir

RELEASE_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
"""What a release can be called."""
RECORD: Final = "import.json"
"""The file of an import that says what it is, where it is from and what was mended."""


def imported_names() -> list[str]:
    """The releases that were imported, by the alphabet."""
    return sorted(path.parent.name for path in sdks_dir().glob(f"*/{RECORD}") if imported_specs(path.parent.name))


def imported_specs(name: str) -> Path | None:
    """The specs of an imported release; None where there is none of that name. A stranger may have written the name."""
    if not RELEASE_NAME.fullmatch(name):
        return None
    specs = sdks_dir() / name / "specs"
    return specs if (specs / "releases" / f"{name}.yaml").is_file() else None


def release_names(specs: Path) -> list[str]:
    """The releases that a folder of specs has, by the alphabet."""
    return sorted(path.stem for path in (specs / "releases").glob("*.yaml") if not path.stem.endswith("-errata"))


def every_release(specs: Path) -> list[str]:
    """The releases of a folder of specs, then the imported ones."""
    return list(dict.fromkeys([*release_names(specs), *imported_names()]))
