"""The releases that are in a report: that of its run, and others of which exchanges of the run are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.errors import UserError
from emulator.record.exchange import Exchange
from emulator.standard.guide import guide_title
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


def tell_generic(run: dict[str, Any], exchanges: Iterable[Exchange]) -> None:
    """Say in a report's `run` which of the APIs in it have no book of rules, so that the contract and generic rules judged alone:
    as `generic`, and as a note for people.
    """
    own = run["release"]
    seen = dict.fromkeys((each.release or own, each.api) for each in exchanges if each.api)
    found = {(name, api): guide for name, api in seen if (guide := _unread(name, api)) is not None}
    if not found:
        return
    labels = {labelled({"release": name if name != own else ""}, api): guide for (name, api), guide in found.items()}
    run["generic"] = list(labels)
    told = ", ".join(f"{api} ({guide_title(guide)})" if guide else api for api, guide in labels.items())
    note = f"Judged by the contract and by generic rules alone, since no rules of its guide are written here: {told}."
    run["notes"] = [*run.get("notes", ()), note]


def _unread(name: str, api: str) -> str | None:
    """The guide of an API that has no book of rules, "" where nobody knows it; None where the API has one, or is not there."""
    try:
        release = load_release(name)
    except UserError:
        return None
    return release.guides.get(api, "") if api in release.apis and api not in release.books else None
