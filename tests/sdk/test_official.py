"""Official SDK folders, where they are at hand: imported as a user does, and compared with what they say themselves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from emulator.record.payload import MISSING, at
from emulator.sdk.adding import add_sdk
from emulator.standard.comparing.alterations import Grade
from emulator.standard.comparing.editions import editions
from emulator.standard.comparing.functions import Basis, compare_releases
from emulator.standard.diff import diff_documents, diff_release
from emulator.standard.release import load_release

SDKS = Path(os.environ.get("OIT_SHARED") or Path(__file__).resolve().parents[3] / "shared") / "sdk"
FOLDERS = {
    "sonata-dolly": "dolly",
    "sonata-grace": "grace",
    "sonata-kylie": "kylie",
    "interlude-grace": "interlude/grace",
}
FOUND = {
    "sonata-dolly": (15, 9, 18),
    "sonata-grace": (20, 12, 20),
    "sonata-kylie": (23, 13, 0),
    "interlude-grace": (3, 2, 4),
}
"""Contracts, APIs and payloads of each."""


def folder(name: str) -> Path:
    path = SDKS / FOLDERS[name]
    if not path.is_dir():
        pytest.skip(f"needs an official SDK folder {path} (set OIT_SHARED)")
    return path


@pytest.mark.parametrize("name", FOLDERS)
def test_an_official_sdk_is_imported_and_says_what_it_says(name: str) -> None:
    sdk = folder(name)
    added = add_sdk(sdk)
    assert added.identity.name == name
    release = load_release(name)
    contracts, apis, payloads = FOUND[name]
    assert (len(release.entries), len(release.apis), len(release.products.urns)) == (contracts, apis, payloads)
    mended = {(each.file, each.place) for each in added.notes.mendings}
    for label, difference in diff_release(release, sdk):
        where = difference.where
        # Parameters are put in place; of payloads only what somebody refers to is kept; the rest is among what is told.
        if label.startswith("products/") and (where.startswith("/definitions/") or where == "/$id"):
            continue
        if "/query " in where or where in ("/components/parameters", "/components/responses"):
            continue
        official = {each.document: each.official for each in release.entries}
        file = official.get(label) or label.removeprefix("products/")
        assert any(file == other and (where.startswith(place) or _near(where, place)) for other, place in mended), (
            label,
            where,
        )


def _near(where: str, place: str) -> bool:
    """Whether a mending is told at a reference, where the comparison goes by way of it."""
    return where.rpartition("/")[0] == place or where.startswith(place.rpartition("/")[0])


def test_the_release_that_we_ship_is_the_one_that_is_imported() -> None:
    add_sdk(folder("sonata-grace"))
    ours, theirs = load_release("grace"), load_release("sonata-grace")
    for entry in ours.entries:
        assert diff_documents(ours.document(entry.api, entry.kind), theirs.document(entry.api, entry.kind)) == [], (
            entry.api
        )
        other = next(each for each in theirs.entries if (each.api, each.kind) == (entry.api, entry.kind))
        assert (entry.base_path, entry.version, entry.served_by, entry.official) == (
            other.base_path, other.version, other.served_by, other.official)  # fmt: skip
        # One contract says that it is part of MEF 160; the guide that there is calls itself MEF W160.
        assert other.guide == ("MEF160" if entry.guide == "W160" else entry.guide)
    assert ours.products.urns.keys() == theirs.products.urns.keys()
    for api in ours.apis:
        mine, other = ours.kinds.apis[api], theirs.kinds.apis[api]
        assert mine.kinds.keys() == other.kinds.keys()
        assert {name: each.view for name, each in mine.operations.items()} == {
            name: each.view for name, each in other.operations.items()
        }


def test_the_newest_release_is_compared_with_ours_and_each_change_has_its_place() -> None:
    """Schemas of it lead back to themselves; a place is in one of the two documents, a parameter is named by its own. What is
    imported of a release that is here stands back.
    """
    add_sdk(folder("sonata-kylie"))
    ours, theirs = load_release("grace"), load_release("kylie")
    known = editions(ours.specs, "sonata")
    assert (known.line[-1].name, known.line[-1].word) == ("kylie", "kylie")
    rows = {row.api: row for row in compare_releases(known, known.named("grace"), known.named("kylie"))}
    assert {row.basis for row in rows.values()} == {Basis.COMPUTED}
    assert {api: row.grade for api, row in rows.items() if api in ours.apis} == dict.fromkeys(ours.apis, Grade.MAJOR)
    kinds = {(each.api, each.kind) for each in ours.entries} & {(each.api, each.kind) for each in theirs.entries}
    for api, kind in kinds:
        documents = [each.document(api, kind) for each in (ours, theirs)]
        told = [each.where for each in rows[api].changes if each.contract == kind]
        lost = [where for where in told if all(at(one, where) is MISSING for one in documents)]
        assert [where for where in lost if "/parameters/" not in where and not _undescribed(where, documents)] == []


def _undescribed(where: str, documents: list[dict[str, Any]]) -> bool:
    """Whether it is a member that is demanded and nowhere described."""
    schema, _, name = where.rpartition("/properties/")
    return any(name in (at(each, f"{schema}/required") or ()) for each in documents)
