"""What a file names lies below the folder that was named, or among what ships with us; every link is followed first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emulator.errors import FileProblem
from emulator.parties.profile import load_profile
from emulator.roots import NotFound, Root
from emulator.settings import scenarios_dir
from tests.cli.processes import oit

HEAD = """oit: "1"
id: demo
title: A demonstration
sources: {quote: {api: quote, servedBy: seller}}
"""
LIST = "  - {id: a, call: quote.listQuote, request: {query: {externalId: $inputs.more}}}\n"
SECRET = "- user: {token: s3cr3t}\n"
WAYS = {
    "include": "include: ['NAME']\nflow:\n" + LIST,
    "data": "data: 'NAME'\nflow:\n" + LIST,
    "use": "flow:\n  - use: 'NAME'\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `theirs`, beside a secret that is none of its business."""
    (tmp_path / "secret.yaml").write_text(SECRET)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (tmp_path / "theirs" / "way").symlink_to(tmp_path)
    return tmp_path / "theirs"


def scenario(folder: Path, way: str, name: str) -> Path:
    path = folder / "a.oit.yaml"
    path.write_text(HEAD + WAYS[way].replace("NAME", name))
    return path


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["../secret.yaml", "{abs}", "link.yaml", "way/secret.yaml", "x/../../secret.yaml"])
def test_a_strangers_file_names_nothing_outside_of_its_folder(folder: Path, way: str, name: str):
    (folder / "x").mkdir()
    path = scenario(folder, way, name.format(abs=folder.parent / "secret.yaml"))
    line = next(
        n for n, text in enumerate(path.read_text().splitlines(), 1) if "secret.yaml" in text or "link.y" in text
    )
    for named in (path, folder):
        for command in ("lint", "run", "inputs"):
            done = oit(command, str(named))
            assert done.code == 2
            told = done.out + done.err
            assert f"a.oit.yaml:{line}:" in told
            assert "--root DIR allows more" in told
            assert "s3cr3t" not in told


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "/proc/self/environ", "~/.kube/config", "$HOME/x", "${HOME}", "/dev/stdin"]
)
def test_nor_what_the_machine_has(folder: Path, name: str):
    for way in WAYS:
        told = oit("lint", str(scenario(folder, way, name))).out
        assert any(words in told for words in ("leads out", "there is no f", "No such file")), told
        assert "not readable" not in told


def test_a_folder_is_widened_by_root_or_by_a_mark(folder: Path):
    (folder.parent / "more.yaml").write_text("more: word\n")
    path = scenario(folder, "include", "../more.yaml")
    assert oit("inputs", str(path)).code == 2
    assert "more: word" in oit("inputs", str(path), "--root", str(folder.parent)).out
    assert oit("lint", str(folder), "--root", str(folder.parent)).code == 0
    (folder.parent / "oit.yaml").write_text('oit: "1"\n')
    assert "more: word" in oit("inputs", str(path)).out
    assert oit("inputs", str(folder)).code == 2, "a folder that is named is the root itself"
    done = oit("inputs", str(path), "--root", str(folder / "none"))
    assert (done.code, "--root" in done.err) == (2, True)


@pytest.mark.parametrize("text", ["", "oit: 1", "[]", 'oit: "2"', 'oit: "1"\nroot: /\n', "oit: [", "\0"])
def test_a_mark_says_one_thing(folder: Path, text: str):
    (folder / "oit.yaml").write_text(text)
    done = oit("lint", str(scenario(folder, "use", "none.yaml")))
    assert (done.code, "oit.yaml" in done.err + done.out) == (2, True), done


def test_names_that_end_below_the_root_are_right(folder: Path):
    (folder / "deep" / "down").mkdir(parents=True)
    (folder / "own.yaml").write_text("own: 1\n")
    (folder / "deep" / "way.yaml").symlink_to(folder / "own.yaml")
    root = Root.of(folder)
    for name in ("../own.yaml", "down/../../own.yaml", str(folder / "own.yaml"), "way.yaml"):
        assert root.find(name, folder / "deep").samefile(folder / "own.yaml")
    assert root.find("own.yaml", folder / "deep" / "down").samefile(folder / "own.yaml"), "a folder above has it"
    for name in ("x" * 5000, "a\0b", ".", "", "..", "deep"):
        with pytest.raises(NotFound):
            root.find(name, folder)


def test_a_copied_scenario_of_ours_finds_what_ships_with_us(tmp_path: Path):
    (tmp_path / "poq").mkdir()
    for file in (scenarios_dir() / "poq").glob("deferred.*"):
        shutil.copy(file, tmp_path / "poq")
    for named in (tmp_path / "poq", tmp_path / "poq" / "deferred.oit.yaml"):
        assert oit("lint", str(named)).code == 0
    shutil.copytree(scenarios_dir() / "fragments", tmp_path / "fragments")
    assert oit("lint", str(tmp_path / "poq")).code == 0, "what lies outside is the same"
    with (tmp_path / "fragments" / "buyer.yaml").open("a") as file:
        file.write("# mine\n")
    done = oit("lint", str(tmp_path / "poq"))
    assert (done.code, "--root DIR" in done.out) == (2, True), "theirs is not quietly replaced by ours"
    assert oit("lint", str(tmp_path)).code == 0


def test_nothing_of_ours_is_found_by_a_way_out_of_it(tmp_path: Path):
    root = Root.of(tmp_path)
    for name in ("../README.md/../../pyproject.toml", "fragments/../../pyproject.toml", "/fragments/buyer.yaml"):
        with pytest.raises(NotFound):
            root.find(name, tmp_path)


def test_a_scenario_that_is_a_link_out_of_a_folder_is_refused(folder: Path):
    (folder.parent / "b.oit.yaml").write_text(HEAD + "inputs: {more: word}\nflow:\n" + LIST)
    (folder / "b.oit.yaml").symlink_to(folder.parent / "b.oit.yaml")
    done = oit("run", str(folder))
    assert (done.code, "b.oit.yaml:1:1: this link leads out" in done.err) == (2, True)
    assert oit("lint", str(folder / "b.oit.yaml")).code == 0, "who names it means it"


def test_a_profile_extends_what_lies_below_its_root(folder: Path):
    (folder.parent / "base.yaml").write_text("extends: wholesale-seller\nname: base\n")
    file = folder / "p.yaml"
    file.write_text("extends: ../base.yaml\nname: p\n")
    with pytest.raises(FileProblem, match=r"p\.yaml:1:10: .*leads out of .*--root DIR"):
        load_profile(file)
    assert load_profile(file, wider=folder.parent).name == "p"
    for name in (
        "link.yaml",
        str(folder.parent / "base.yaml"),
        "../../scenarios/profiles/wholesale-seller",
        "x" * 5000,
        "[a]",
    ):
        file.write_text(f"extends: {name}\nname: p\n")
        with pytest.raises(FileProblem, match=r"p\.yaml:1:10"):
            load_profile(file)
