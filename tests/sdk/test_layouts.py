"""Every layout that SDKs have had is read, from a folder and from a zip, and gives the same release."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator.errors import UserError
from emulator.sdk.adding import add_sdk
from emulator.sdk.shelf import record, remove
from emulator.standard.release import Release, load_release
from tests.sdk.trees import contract, layouts, planted, zipped

LAYOUTS = layouts()
TOPS = {name: f"MEF-LSO-SDK-{named.partition('-')[2]}" for name, (named, _) in LAYOUTS.items()}
APIS = {
    "aretha": ["quote"],
    "cantata-aretha": ["quote"],
    "productApi": ["quote"],
    "legato-aretha": ["serviceOrdering"],
    "legato-billie": ["serviceOrdering"],
    "legato-ella": ["serviceOrder"],
    "interlude": ["performanceMonitoring", "streaming"],
    "allegro-irene": ["fault"],
    "allegro-janis": ["alarm"],
    "flat": ["quote"],
}
TOLD = {"productApi", "legato-ella", "allegro-irene", "allegro-janis", "flat"}
"""Layouts whose first API has a notification contract."""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_is_read_from_a_folder_and_from_a_zip(layout: str, tmp_path: Path) -> None:
    name, files = LAYOUTS[layout]
    folder = planted(tmp_path / TOPS[layout], files)
    added = add_sdk(folder)
    assert added.identity.name == name
    release = load_release(name)
    assert list(release.apis) == APIS[layout]
    first = APIS[layout][0]
    assert ("notification" in {each.kind for each in release.entries if each.api == first}) is (
        layout in TOLD or layout == "interlude"
    )
    assert all(each.base_path.startswith(f"/mefApi/{name.partition('-')[0]}/") for each in release.entries)
    assert {each.version for each in release.entries} <= {"1.2.0-RC", "6.0.0-RC"}
    kinds = release.kinds.apis[first].kinds
    assert all(kind.views["list"] and kind.views["create"] for kind in kinds.values())
    made = release.contract(first).operations[f"create{_kind(first, release)}"]
    assert made.success == 201
    assert made.request is not None
    remove(name)
    archive = tmp_path / "any.zip"
    archive.write_bytes(zipped(files, TOPS[layout]))
    again = add_sdk(archive)
    assert (again.identity.name, again.identity.digest) == (name, added.identity.digest)
    assert again.notes == added.notes


def _kind(api: str, release: Release) -> str:
    name = next(iter(release.kinds.apis[api].kinds))
    return name[:1].upper() + name[1:]


def test_several_sdks_in_one_archive_are_named_and_one_is_asked_for(tmp_path: Path, home: Path) -> None:
    both = {f"{top}/productApi/quote/quoteManagement.api.yaml": contract() for top in ("dolly", "old/ella")}
    archive = tmp_path / "sdks.zip"
    archive.write_bytes(zipped(both))
    with pytest.raises(
        UserError, match=r"several SDKs, in 'dolly', 'old/ella': add one of them, by its path \(.*sdks.zip/old/ella\)"
    ):
        add_sdk(archive)
    assert not home.exists() or not list(home.iterdir())
    assert add_sdk(archive / "old" / "ella").identity.name == "sonata-ella"
    assert add_sdk(planted(tmp_path / "repo", both) / "dolly").identity.name == "sonata-dolly"


def test_what_is_named_in_an_archive_with_a_folder_around_can_be_added_as_it_is_named(tmp_path: Path) -> None:
    both = {f"{top}/productApi/quote/quoteManagement.api.yaml": contract() for top in ("dolly", "ella")}
    archive = tmp_path / "sdks.zip"
    archive.write_bytes(zipped(both, "all-main"))
    with pytest.raises(UserError, match="by its path") as error:
        add_sdk(archive)
    named = str(error.value).rpartition("(")[2].rstrip(")")
    assert named == f"{archive}/all-main/ella"
    assert add_sdk(Path(named)).identity.name == "sonata-ella"


def test_names_of_files_need_be_no_text(tmp_path: Path) -> None:
    folder = planted(tmp_path / "celine", {"productApi/quote/quoteManagement.api.yaml": contract()})
    raw = bytes(folder) + b"/Tea \x96 Guide.yaml"
    Path(os.fsdecode(raw)).write_bytes(b"openapi: [\n")
    added = add_sdk(folder)
    assert [each.file for each in added.notes.skipped] == ["Tea \ufffd Guide.yaml"]
    assert record(added.identity.name)["skipped"][0]["file"] == "Tea \ufffd Guide.yaml"
