"""What the documents of products say, as data: sound, read strictly, and nowhere in the code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import emulator
from emulator.errors import FileProblem
from emulator.standard.interpretation import Interpretation, Reading
from emulator.standard.product import SUFFIX, product_name, read_product_sheets
from emulator.standard.release import load_release

PRODUCTS = load_release().products
REGISTER = {"entry": Interpretation("entry", "t", (), {"one": Reading("s", ())}, "one", "w")}
APIS = ("quote", "productOrder")
RIGHT = "product: some-link\nrelations:\n  - {to: END, names: [CONNECTS_TO_END]}\n"


def test_each_sheet_lies_beside_the_payload_that_it_is_of() -> None:
    files = sorted((load_release().specs / "products").rglob(f"*{SUFFIX}"))
    assert {sheet.product for sheet in PRODUCTS.sheets.by_name.values()} == {f.name.removesuffix(SUFFIX) for f in files}
    names = {product_name(urn) for urn in PRODUCTS.urns}
    for file in files:
        assert file.with_name(f"{file.name.removesuffix(SUFFIX)}.yaml").is_file()
        assert file.name.removesuffix(SUFFIX) in names


@pytest.mark.parametrize(
    "urn",
    [
        "urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all",
        "URN:MEF:LSO:SPEC:sonata:AccessElineOvc:v1.0.0:quote",
        "urn:mef:lso:spec:sonata:access-eline:v4.0.0:all",
        "access-eline-ovc",
    ],
)
def test_a_product_is_known_by_the_names_of_every_release(urn: str) -> None:
    sheet = PRODUCTS.sheets.of(urn)
    assert sheet is not None
    assert sheet.title == "Access E-Line"


@pytest.mark.parametrize(
    ("release", "titled"),
    [
        ("grace", {"access-eline-ovc": "Access E-Line", "carrier-ethernet-operator-uni": "Operator UNI"}),
        ("dolly", {"access-eline": "Access E-Line", "carrier-ethernet-operator-uni": "Operator UNI"}),
    ],
)
def test_the_products_of_a_release_have_their_sheets(release: str, titled: dict[str, str]) -> None:
    known = load_release(release).products
    found = {product_name(urn): sheet for urn in known.urns if (sheet := known.sheets.of(urn))}
    assert {name: sheet.title or sheet.product for name, sheet in found.items()} == titled
    assert [found[name].place.role for name in titled] == ["", "INSTALL_LOCATION"]


@pytest.mark.parametrize(
    "urn", [None, 5, {}, "", "urn:mef:lso:spec:sonata", "urn:mef:lso:spec:sonata:other:v1:all", "ACCESS_E_LINE"]
)
def test_of_other_products_nothing_is_said(urn: object) -> None:
    assert PRODUCTS.sheets.of(urn) is None


def test_a_relation_is_known_by_its_word_whatever_it_is_called() -> None:
    sheet = PRODUCTS.sheets.of("access-eline-ovc")
    assert sheet is not None
    uni, enni = sheet.relation("UNI"), sheet.relation("ENNI")
    assert uni is not None
    assert enni is not None
    names = ("CONNECTS_TO_UNI", "UNI_REFERENCE", "connects_to_uni_a")
    assert all(uni.is_named(name) and not enni.is_named(name) for name in names)
    assert not any(uni.is_named(name) for name in ("CONNECTS_TO_ENNI", "ENDPOINT", None, 3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("relations: []\n", ":1:1: missing: product"),
        (RIGHT + "plac: {role: A}\n", "4:1: unknown key 'plac'; did you mean 'place'?"),
        (RIGHT + "place: {never: [quotes]}\n", "quotes is no API of this release; known: productOrder, quote"),
        (RIGHT.replace("CONNECTS_TO_END", "OTHER"), "OTHER does not have the word END in it"),
        (RIGHT.replace("[CONNECTS_TO_END]", "[]"), "a name is needed"),
        (RIGHT + "shown: {relations: [OTHER], entry: entry, value: one}\n", "there is no relation to OTHER"),
        (RIGHT + "shown: {relations: [END], entry: entry, value: two}\n", "has no entry with the reading two"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / f"some-link{SUFFIX}"
    file.write_text(text)
    with pytest.raises(FileProblem) as refused:
        read_product_sheets([file], REGISTER, APIS)
    assert any(problem.startswith(str(file)) and told in problem for problem in refused.value.problems), refused.value


def test_a_product_has_one_sheet(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}{SUFFIX}").write_text(RIGHT)
    with pytest.raises(FileProblem, match="some-link has another sheet already"):
        read_product_sheets(sorted(tmp_path.iterdir()), REGISTER, APIS)


def test_no_rule_and_no_party_names_a_product() -> None:
    """What is said of a product stands in its sheet, so that another one is data."""
    named: list[str] = []
    for file in Path(emulator.__file__).parent.rglob("*.py"):
        if "cli" in file.parts:  # examples of commands
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            words = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if words and "\n" not in words and any(word in words for word in ("access-eline", "operator-uni", "ENNI")):
                named.append(f"{file.name}:{node.lineno}: {words}")
    assert [line for line in named if not line.endswith(".")] == [], "docstrings may"
