"""A file that is `like` another one holds what differs; where it cannot be laid upon that one, it is told where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.errors import FileProblem
from emulator.standard.laid import laid_files, read_laid
from emulator.standard.strict import read_record


@dataclass(frozen=True, slots=True)
class Says:
    says: str


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def test_each_file_is_laid_upon_the_next(tmp_path: Path) -> None:
    top = written(
        tmp_path,
        top="like: middle.yaml\na: {x: null}\nlist: [3]\n",
        middle="like: bottom.yaml\na: {y: 2}\n",
        bottom="a: {x: 1}\nlist: [1, 2]\nb: true\n",
    )
    assert read_laid(top) == {"a": {"y": 2}, "list": [3], "b": True}
    assert [path.stem for path in laid_files(top)] == ["top", "middle", "bottom"]


def test_what_a_file_is_like_may_lie_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    written(tmp_path / "old", one="a: 1\nb: 2\n")
    assert read_laid(written(tmp_path / "new", one="like: ../old/one.yaml\nb: 3\n")) == {"a": 1, "b": 3}


def test_a_record_is_laid_too_and_what_is_wrong_is_told_where_it_stands(tmp_path: Path) -> None:
    top = written(tmp_path, top="like: bottom.yaml\nR2: {says: anew}\n", bottom="R1: {says: it}\nR2: {says: no}\n")
    assert read_record(Mapping[str, Says], top) == {"R1": Says("it"), "R2": Says("anew")}
    wrong = written(tmp_path, wrong="like: bottom.yaml\nR2: {says: 7}\nR1: {word: 1}\n")
    with pytest.raises(FileProblem, match=r"wrong\.yaml:2:\d+: (.|\n)*wrong\.yaml:3:\d+: "):
        read_record(Mapping[str, Says], wrong)


def test_a_file_that_is_like_none_is_itself(tmp_path: Path) -> None:
    assert read_laid(written(tmp_path, one="a: null\n")) == {"a": None}


@pytest.mark.parametrize("name", ["nowhere.yaml", "../bottom.yaml", "top.yaml", "7"])
def test_what_cannot_be_laid_upon_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    top = written(tmp_path, top=f"a: 1\nlike: {name}\n")
    with pytest.raises(FileProblem, match=r"top\.yaml:2:7: .* is no file that it can be laid upon"):
        read_laid(top)


def test_what_is_not_there_cannot_be_taken_away(tmp_path: Path) -> None:
    top = written(tmp_path, top="like: bottom.yaml\na: {x: null, z: null}\n", bottom="a: {x: 1}\n")
    with pytest.raises(FileProblem, match=r"top\.yaml:2:\d+: there is nothing to take away"):
        read_laid(top)
