"""A payload schema is read as a release has it; where what is laid upon it does not fit, it is told where."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import FileProblem
from emulator.standard.by_release import fragments_of
from emulator.standard.product_files import read_product_file, read_products

BASE = "type: object\nproperties: {a: {minimum: 1}, b: {}}\nrequired: [a]\n"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def test_what_each_release_says_is_laid_upon_it_in_turn(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        link=BASE,
        link__old="properties: {a: {minimum: null}, c: {type: string}}\n",
        link__oldest="properties: {b: null}\nrequired: [c]\n",
        link__other="type: null\n",
    )
    old = {"type": "object", "properties": {"a": {}, "b": {}, "c": {"type": "string"}}, "required": ["a"]}
    assert read_product_file(path, ["new"])["properties"] == {"a": {"minimum": 1}, "b": {}}
    assert read_product_file(path, ["new", "old"]) == old
    assert read_product_file(path, ["new", "old", "oldest"]) == {
        **old, "properties": {"a": {}, "c": {"type": "string"}}, "required": ["c"],
    }  # fmt: skip
    assert [each.name for each in fragments_of(path, ["new", "old", "oldest"])] == ["link.old.yaml", "link.oldest.yaml"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("properties:\n  c: null\n", r"link\.old\.yaml:2:3: link\.yaml has no such thing"),
        ("[]\n", r"link\.old\.yaml:1:1: a mapping is needed"),
        ("a: [\n", r"link\.old\.yaml:2:1: "),
    ],
)
def test_what_cannot_be_laid_upon_it_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, link=BASE, link__old=text)
    with pytest.raises(FileProblem, match=told):
        read_product_file(path, ["new", "old"])


def test_what_no_product_refers_to_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "products"
    folder.mkdir()
    written(
        folder,
        link="items: {$ref: 'more/part.yaml#/definitions/P'}\n",
        broken="[\n",
    )
    (folder / "more").mkdir()
    (folder / "more" / "part.yaml").write_text("definitions: {P: {not: {$ref: ../end.yaml}}}\n")
    (folder / "end.yaml").write_text("type: object\n")
    found = read_products(tmp_path, {"urn:a": "products/link.yaml"}, ["new"], {}, {}, ())
    assert sorted(found.definitions) == [
        "product:products..end.yaml", "product:products..link.yaml", "product:products..more..part.yaml",
        "product:products..more..part.yaml:P",
    ]  # fmt: skip
    assert found.urns == {"urn:a": "product:products..link.yaml"}
