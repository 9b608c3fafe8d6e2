"""The releases that are in a report: that of its run, and others of which exchanges of the run are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.errors import UserError
from emulator.standard.release import Release, load_release


def release_of(run: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> Release:
    """The release of a run's report, or of one of its findings or requirements; one that is not here is read by the default one."""
    try:
        return load_release(release_name(run, row))
    except UserError:
        return load_release()


def release_name(run: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> str:
    """Likewise, the name that the report has for it; a row says it only where it is not the run's."""
    return str((row or {}).get("release") or run["run"]["release"])


def releases_of(run: Mapping[str, Any]) -> list[Release]:
    """Every release that a run's report speaks of, its own first."""
    return list(dict.fromkeys([release_of(run), *(release_of(run, row) for row in run["requirements"])]))


def labelled(row: Mapping[str, Any], name: str) -> str:
    """An id as a row of a run's report means it, in words that no other release has: `fable:MEF122-R12`; plain where the
    release is the run's.
    """
    return f"{row['release']}:{name}" if row.get("release") else name
