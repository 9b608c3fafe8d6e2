"""How the code is kept: modules that fit a screen or ten, shapes that the formatter leaves alone, names that are found."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "emulator"
LONGEST = 400
LONG = {
    "parties/sql.py": 572,
    "parties/store.py": 588,
    "parties/swift.py": 540,
}
"""Modules that are longer, and how long. Numbers only fall; who splits one strikes it out."""
SKIPPED = {"cli": 55, "console": 2, "judge": 301, "parties": 6, "record": 9, "report": 2, "standard": 14}
"""How often the formatter is told to keep away, by package. Numbers only fall; elsewhere it never is."""
TWICE = {
    "Call",
    "Charges",
    "Check",
    "Ending",
    "Event",
    "Fault",
    "Filter",
    "Form",
    "Kept",
    "Line",
    "Member",
    "Open",
    "Operation",
    "Outcome",
    "Place",
    "Plan",
    "Room",
    "Seen",
    "Source",
    "Spot",
    "Told",
    "Transition",
    "Wanted",
    "Words",
    "_Found",
    "_Line",
    "_Pool",
    "_Recent",
    "_Walk",
}
"""Classes of one name. None is added: a name is looked for, and has to be found once."""


@cache
def modules() -> dict[str, str]:
    """The text of every module, by its path below the package."""
    return {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def test_no_module_is_too_long() -> None:
    lengths = {name: text.count("\n") for name, text in modules().items()}
    assert {name: length for name, length in lengths.items() if length > LONG.get(name, LONGEST)} == {}
    assert {name for name in LONG if lengths.get(name, 0) <= LONGEST} == set(), "these are short now: strike them out"


def test_the_formatter_is_kept_away_no_oftener() -> None:
    found: Counter[str] = Counter()
    for name, text in modules().items():
        found[name.partition("/")[0]] += text.count("# fmt: skip") + text.count("# fmt: off")
    assert {name: count for name, count in found.items() if count > SKIPPED.get(name, 0)} == {}
    assert {name: found[name] for name in SKIPPED} == SKIPPED, "there are fewer now: write it down"


def test_a_class_has_its_name_for_itself() -> None:
    named = Counter(
        node.name for text in modules().values() for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)
    )
    assert {name for name, count in named.items() if count > 1} - TWICE == set()
    assert TWICE - {name for name, count in named.items() if count > 1} == set(), (
        "these are unique now: strike them out"
    )


def test_import_contracts_cover_every_module() -> None:
    """Layers are exhaustive, and what few may know is forbidden to the whole package but for who is named."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each for each in contracts if each.get("containers") == ["emulator"])
    assert layers["exhaustive"]
    named = {word for layer in layers["layers"] for word in layer.split(" | ")}
    there = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert there - {"__init__"} == named
    libraries = [each for each in contracts if each["type"] == "forbidden" and "allow_indirect_imports" in each]
    assert libraries
    assert {tuple(each["source_modules"]) for each in libraries} == {("emulator",)}
