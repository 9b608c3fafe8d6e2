"""`oit sdk`, and an imported release under every command that takes one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from emulator.standard.release import load_release
from tests.sdk.trees import URN, contract, layouts, notification, payload, planted

FILES = {
    "productApi/quote/quoteManagement.api.yaml": contract(schemas="Odd: {type: object, properties: null}"),
    "productApi/quote/quoteNotification.api.yaml": notification(),
    "productSchema/teaPot.yaml": payload(URN),
    "generated/security/quoteManagement.api.yaml": contract(),
}


def oit(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    return planted(tmp_path / "celine", FILES)


def test_an_sdk_is_added_listed_shown_and_removed(sdk: Path, home: Path) -> None:
    result = oit("sdk", "list")
    assert (result.exit_code, result.stdout, "no SDK was imported" in result.stderr) == (0, "", True)
    result = oit("sdk", "add", sdk)
    assert result.exit_code == 0, result.output
    for line in ("sonata-celine: sonata celine", "/mefApi/sonata/quoteManagement/v1 + notification", "1 payload",
                 "1 x properties is null; left out", "1 x the same contracts again", f"added: {home / 'sonata-celine'}"):  # fmt: skip
        assert line in result.output
    assert oit("sdk", "list").stdout.startswith("sonata-celine ")
    rows = json.loads(oit("sdk", "list", "--format", "json").stdout)
    assert [(row["name"], row["apis"], row["products"], row["mendings"]) for row in rows] == [
        ("sonata-celine", ["quote"], [URN], 1)
    ]
    shown = oit("sdk", "show", "sonata-celine").stdout
    assert "productApi/quote/quoteManagement.api.yaml#/components/schemas/Odd/properties" in shown
    assert URN in shown
    record = json.loads(oit("sdk", "show", "sonata-celine", "--format", "json").stdout)
    assert record == json.loads((home / "sonata-celine" / "import.json").read_text(encoding="utf-8"))
    assert {"name", "point", "release", "source", "digest", "oit", "mendings", "skipped", "open"} <= record.keys()
    result = oit("sdk", "add", sdk)
    assert (result.exit_code, "there is an imported release sonata-celine already" in result.output) == (2, True)
    assert oit("sdk", "add", sdk, "--name", "second").exit_code == 0
    assert oit("sdk", "remove", "second").stdout == f"removed: {home / 'second'}\n"
    assert oit("sdk", "remove", "sonata-celine").exit_code == 0
    assert list(home.iterdir()) == []
    result = oit("specs", "list", "--release", "sonata-celine")
    assert (result.exit_code, "There is no release 'sonata-celine'" in result.output) == (2, True)


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("celine", "did you mean 'sonata-celine'"),
        ("grace", "is shipped with oit"),
        ("../home", "there is no imported release"),
    ],
)
def test_what_is_not_imported_is_told(command: str, name: str, problem: str, sdk: Path) -> None:
    oit("sdk", "add", sdk)
    result = oit("sdk", command, name)
    assert (result.exit_code, problem in result.output) == (2, True), result.output


def test_a_record_that_is_spoilt_is_told_and_can_be_removed(sdk: Path, home: Path) -> None:
    oit("sdk", "add", sdk)
    for text in ("{", "[]", "{}"):
        (home / "sonata-celine" / "import.json").write_text(text, encoding="utf-8")
        result = oit("sdk", "list")
        assert (result.exit_code, "oit sdk remove sonata-celine, and add it again" in result.output) == (2, True)
    assert oit("sdk", "remove", "sonata-celine").exit_code == 0


def test_commands_know_an_imported_release(sdk: Path, tmp_path: Path) -> None:
    oit("sdk", "add", sdk)
    release = ("--release", "sonata-celine")
    assert "quoteManagement/v1" in oit("specs", "list", *release).stdout
    assert "listenToTeaStateChangeEvent" in oit("specs", "export", "quote", "--notification", *release).stdout
    assert "Kind tea" in oit("explain", "quote", *release).stdout
    body = tmp_path / "tea.json"
    body.write_text(json.dumps({"note": 1, "product": {"@type": URN, "leaves": 0}}), encoding="utf-8")
    result = oit("validate", "createTea", body, *release)
    assert result.exit_code == 1
    assert "/product/leaves" in result.output
    assert "/note" in result.output
    result = oit("specs", "diff", "--sdk", sdk, *release)
    # A parameter's reference is put in place; there is no other difference.
    assert [line for line in result.stdout.splitlines() if "/query state/schema/" not in line] == []


def test_releases_stand_side_by_side(tmp_path: Path) -> None:
    for name, files in layouts().values():
        assert oit("sdk", "add", planted(tmp_path / name.partition("-")[2], files)).exit_code == 0, name
        (tmp_path / name.partition("-")[2]).rename(tmp_path / f"done-{name}")
    names = {name for name, _ in layouts().values()}
    assert {load_release(name).name for name in names} == names
    grace = load_release()
    assert all(grace.named(name) is load_release(name) for name in names)
    assert grace.named("../../etc") is grace.named("nobody") is grace.named(None) is grace


def test_who_asks_for_no_import_neither_reads_the_home_nor_knows_how_to_import(tmp_path: Path) -> None:
    script = (
        "import sys; from emulator.standard.release import load_release; load_release().contracts(); load_release().kinds;"
        "print([name for name in sys.modules if name.startswith('emulator.sdk')])"
    )
    home = tmp_path / "file"
    home.write_text("whoever reads this as a folder fails", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"OIT_SDKS": str(home), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"


def test_where_nothing_can_be_written_is_told(sdk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("OIT_SDKS", str(tmp_path / "file" / "sdks"))
    result = oit("sdk", "add", sdk)
    assert (result.exit_code, "name another folder by OIT_SDKS" in result.output) == (2, True)


def test_the_home_is_where_a_users_data_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from emulator.settings import sdks_dir

    monkeypatch.delenv("OIT_SDKS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert sdks_dir() == tmp_path / "oit" / "sdks"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert sdks_dir() == Path.home() / ".local" / "share" / "oit" / "sdks"
