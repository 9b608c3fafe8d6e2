"""What is no SDK, or more than one can be: refused with one sentence, and nothing is added."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import UserError
from emulator.sdk import archive
from emulator.sdk.adding import add_sdk
from emulator.sdk.archive import open_tree
from tests.sdk.trees import contract, planted, zipped

SDK = {"sdk-celine/productApi/quote/quoteManagement.api.yaml": contract()}


def _zip_of(change: Callable[[zipfile.ZipFile], None]) -> bytes:
    out = io.BytesIO(zipped(SDK))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as opened:
        change(opened)
    return out.getvalue()


def _entry(name: str, raw: bytes = b"a: 1\n", **more: int) -> Callable[[zipfile.ZipFile], None]:
    def add(opened: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for key, value in more.items():
            setattr(info, key, value)
        opened.writestr(info, raw)

    return add


def _encrypted() -> bytes:
    """A zip that says of its one file that it is encrypted."""
    raw = bytearray(zipped(SDK))
    local, central = raw.find(b"PK\x03\x04"), raw.find(b"PK\x01\x02")
    raw[local + 6] |= 1
    raw[central + 8] |= 1
    return bytes(raw)


def _bomb() -> bytes:
    return _zip_of(_entry("sdk-celine/bomb.yaml", b"a" * (3 * 1024 * 1024)))


def _lying() -> bytes:
    """A zip whose file is larger than it says."""
    raw = bytearray(zipped({"x.yaml": b"a: 1\n" * 100}))
    for at in (raw.find(b"PK\x03\x04") + 22, raw.find(b"PK\x01\x02") + 24):
        raw[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(raw)


ZIPS = {
    "slip": (_zip_of(_entry("../../out.yaml")), r"holds ../../out.yaml, which leads out of it"),
    "slip inside": (_zip_of(_entry("a/../../out.yaml")), "which leads out of it"),
    "absolute": (_zip_of(_entry("/etc/out.yaml")), "which is no name within it"),
    "drive": (_zip_of(_entry("C:/out.yaml")), "which is no name within it"),
    "backslash": (_zip_of(_entry("a\\..\\out.yaml")), "which is no name within it|which leads out"),
    "link": (_zip_of(_entry("a.yaml", b"/etc/passwd", external_attr=0o120777 << 16)), "holds a link, a.yaml"),
    "bomb": (_bomb(), "packed more than 300 to 1: this is a bomb"),
    "encrypted": (_encrypted(), "is encrypted"),
    "lying": (_lying(), "larger than the zip says|cannot be unpacked"),
    "cut off": (zipped(SDK)[:-30], "no zip that can be read"),
    "no zip": (b"\x1f\x8b\x08\x00 tar", "no zip that can be read"),
    "empty": (zipped({}), "this is no SDK"),
    "nothing of an SDK": (zipped({"a.yaml": b"a: 1\n", "b.txt": b"b"}), "this is no SDK"),
}  # fmt: skip


@pytest.mark.parametrize("what", ZIPS)
def test_a_zip_that_is_none_or_wants_to_harm_is_refused(what: str, tmp_path: Path, home: Path) -> None:
    raw, problem = ZIPS[what]
    path = tmp_path / "sdk.zip"
    path.write_bytes(raw)
    with pytest.raises(UserError, match=problem) as error:
        add_sdk(path, "mine")
    assert "\n" not in str(error.value)
    assert not home.exists() or not list(home.iterdir())
    assert not list(tmp_path.rglob("out.yaml"))


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sdk.zip"
    with pytest.warns(UserWarning, match="Duplicate name"):
        path.write_bytes(_zip_of(_entry(next(iter(SDK)), contract())))
    with pytest.raises(UserError, match="twice"):
        add_sdk(path, "mine")


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "sdk.zip"
    path.write_bytes(zipped({"inner.zip": zipped(SDK), "inner.yaml": zipped(SDK)}))
    with pytest.raises(UserError, match="this is no SDK"):
        add_sdk(path, "mine")


@pytest.mark.parametrize("as_zip", [False, True])
def test_bounds_are_kept(as_zip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(files: dict[str, bytes]) -> None:
        path = tmp_path / "sdk.zip" if as_zip else tmp_path / "sdk"
        if as_zip:
            path.write_bytes(zipped(files))
        else:
            planted(path, files)
        add_sdk(path, "mine")

    large = {**SDK, "sdk-celine/large.json": os.urandom(archive.MOST_ONE + 1)}
    with pytest.raises(UserError, match=r"large.json has \d+ bytes, and no file of an SDK that is read has more"):
        tried(large)
    monkeypatch.setattr(archive, "MOST_TOTAL", 100)
    with pytest.raises(UserError, match=r"its files have \d+ bytes|large.json has"):
        tried({**SDK, "sdk-celine/large.json": b"1"})
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    with pytest.raises(UserError, match="more than 2 files"):
        tried({**SDK, **{f"sdk-celine/{n}.txt": b"" for n in range(3)}, "sdk-celine/large.json": b"1"})


def test_what_is_somewhat_large_is_skipped_and_what_is_not_read_may_be_any_size(tmp_path: Path) -> None:
    folder = planted(
        tmp_path / "celine",
        {**SDK, "postman.json": b" " * (archive.MOST + 1), "guide.pdf": b"%" * (archive.MOST_ONE + 1)},
    )
    found = add_sdk(folder)
    assert [each.file for each in found.notes.skipped] == ["postman.json"]


def test_a_link_may_lead_within_a_folder_and_not_out_of_it(tmp_path: Path) -> None:
    folder = planted(tmp_path / "celine", {"real/quoteManagement.api.yaml": contract()})
    (folder / "again").symlink_to(folder / "real")
    (folder / "ring").symlink_to(folder)
    assert len(add_sdk(folder).notes.skipped) == 0
    (folder / "out.yaml").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match=r"out.yaml is a link that leads out of the SDK"):
        add_sdk(folder, "second")
    (folder / "out.yaml").unlink()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(UserError, match="leads out of the SDK"):
        add_sdk(folder, "second")


@pytest.mark.parametrize("path", ["nowhere", "nowhere.zip/inner", "sdk.zip/inner", "/dev/null", "a\0b"])
def test_a_path_that_is_nothing_says_so(path: str, tmp_path: Path) -> None:
    (tmp_path / "sdk.zip").write_bytes(zipped(SDK))
    with pytest.raises(UserError):
        open_tree(tmp_path / path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    planted(tmp_path, {"celine/quoteManagement.api.yaml": contract()})
    assert add_sdk(tmp_path, "mine").identity.name == "mine"
    with pytest.raises(UserError, match="neither a folder nor a zip"):
        open_tree(tmp_path / "pipe.yaml")


_NAMES = st.text(st.sampled_from("ab./\\: é\0") | st.characters(codec="utf-8"), min_size=1, max_size=12)
_RAW = st.one_of(
    st.binary(max_size=60),
    st.just(contract()),
    st.sampled_from([b"openapi: 3\npaths: &a {b: *a}\n", b"$id: urn:a:b\n", b"openapi: [" * 300]),
)


@given(
    st.dictionaries(_NAMES.map(lambda name: f"{name}.yaml"), _RAW, max_size=4),
    st.integers(0, 400),
    st.binary(max_size=3),
)
def test_no_zip_crashes_and_nothing_is_half_added(files: dict[str, bytes], at: int, noise: bytes) -> None:
    raw = bytearray()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw += zipped(files)
    raw[at : at + len(noise)] = noise
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        home, path = Path(folder) / "home", Path(folder) / "sdk.zip"
        patch.setenv("OIT_SDKS", str(home))
        path.write_bytes(raw)
        added = None
        with contextlib.suppress(UserError):
            added = add_sdk(path, "mine")
        left = [each.name for each in home.iterdir()] if home.exists() else []
        assert left == (["mine"] if added else [])
        assert added is None or (added.folder / "import.json").is_file()
