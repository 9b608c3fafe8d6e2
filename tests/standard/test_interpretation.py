"""The register of what the standard leaves open: sound, used, and strict when read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import emulator.judge.rules
from emulator.errors import FileProblem
from emulator.standard.interpretation import read_interpretations
from emulator.standard.release import load_release

REGISTER = load_release().interpretations
TWO = "{x: {says: s, clauses: [c]}, y: {says: s, clauses: [c]}}"
RULES = Path(emulator.judge.rules.__file__).parent
HANDLERS = (RULES.parents[1] / "parties", RULES.parents[1] / "reconciling")


def named_in_rules() -> set[tuple[str, str]]:
    """Each (entry, reading) that stands in the rules."""
    found: set[tuple[str, str]] = set()
    for file in RULES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            pair = node.elts if isinstance(node, ast.Tuple) else node.args if isinstance(node, ast.Call) else []
            words = [each.value for each in pair if isinstance(each, ast.Constant)]
            if len(pair) == 2 and len(words) == 2 and words[0] in REGISTER:
                found.add((str(words[0]), str(words[1])))
    return found


def test_every_entry_is_about_requirements_that_there_are() -> None:
    catalogue = load_release().numbered
    assert [(e.id, r) for e in REGISTER.values() for r in e.requirements if r not in catalogue] == []


def test_rules_name_readings_that_there_are() -> None:
    named = named_in_rules()
    assert named
    assert [(entry, reading) for entry, reading in named if reading not in REGISTER[entry].readings] == []


def test_every_entry_is_used_by_a_rule() -> None:
    """An entry that no rule looks at, nor who bills and who checks bills, nor a product's sheet, is a promise that nobody keeps."""
    sheets = load_release().products.sheets.by_name.values()
    words = {sheet.shown.entry for sheet in sheets if sheet.shown} | {
        node.value
        for folder in (RULES, *HANDLERS)
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(REGISTER) - words) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "a map is needed"),
        ("a: {title: t}\n", "missing: requirements, readings, default, why"),
        ("a: {title: t, requirements: [], readings: {x: {says: s, clauses: [c]}}, default: x, why: w}\n", "two or more"),
        ("a: {title: t, requirements: [], readings: {x: {says: s}, y: {says: s, clauses: [c]}}, default: x, why: w}\n",
         "missing: clauses"),
        (f"a: {{title: t, requirements: [], readings: {TWO}, default: z, why: w}}\n", "'default' is one of x, y"),
    ],
)  # fmt: skip
def test_a_wrong_register_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "interpretations.yaml"
    path.write_text(text)
    with pytest.raises(FileProblem, match=words):
        read_interpretations(path)


def test_a_register_that_is_laid_upon_another_can_settle_what_is_open_there(tmp_path: Path) -> None:
    entry = f"{{title: t, requirements: [], readings: {TWO}, default: x, why: w}}"
    (tmp_path / "open.yaml").write_text(f"one: {entry}\ntwo: {entry}\n")
    laid = tmp_path / "settled.yaml"
    laid.write_text("like: open.yaml\none: {readings: {y: null}}\n")
    found = read_interpretations(laid)
    assert {name: [*each.readings] for name, each in found.items()} == {"one": ["x"], "two": ["x", "y"]}
    laid.write_text("one: {title: t, requirements: [], readings: {x: {says: s, clauses: [c]}}, default: x, why: w}\n")
    with pytest.raises(FileProblem, match="two or more"):
        read_interpretations(laid)


def test_what_kylie_settles_of_quotes_is_not_open_there() -> None:
    kylie = load_release("kylie")
    assert {name for name in kylie.interpretations if name.startswith("quote-")} == {
        "quote-alternate-term",
        "quote-immediate-answer",
        "quote-list-attributes",
        "quote-seller-contact",
        "quote-table-level",
        "quote-termination-error",
    }
    assert kylie.settled["quote-decline-path"] == "contract"
    assert kylie.interpretations["quote-seller-contact"].requirements == ("Mplify115.1-R26",)
