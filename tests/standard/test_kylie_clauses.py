"""What the guides of release Kylie number is all told of: every clause of Grace accounted for, every label of Kylie given once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from emulator.settings import specs_dir
from emulator.standard.clauses import liked, read_clauses
from emulator.standard.tables import read_tables
from emulator.standard.use_case import read_use_cases
from tests.fable import GRACE

FOUND = sorted((specs_dir() / "sonata").glob("*/kylie/clauses.yaml"), key=str)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.parts[-3])
def test_every_clause_of_grace_is_accounted_for(path: Path) -> None:
    assert liked(path) == "grace"
    found = read_clauses(path, GRACE.catalogues[path.parts[-3]])
    assert all(each.guide.startswith("Mplify") for each in found)
    assert [key for key, times in Counter(each.key for each in found).items() if times > 1] == []


@pytest.mark.parametrize(
    ("api", "numbers"),
    [
        ("quote", {"R": 64, "D": 6, "O": 9, "CR": 6}),
        ("productOrder", {"R": 115, "D": 5, "O": 19, "CR": 9}),
    ],
)
def test_no_number_of_a_guide_is_left_out(api: str, numbers: dict[str, int]) -> None:
    folder = specs_dir() / "sonata" / api / "kylie"
    found = {each.label for each in read_clauses(folder / "clauses.yaml", GRACE.catalogues[api])}
    assert found == {f"{kind}{number}" for kind, most in numbers.items() for number in range(1, most + 1)}


@pytest.mark.parametrize("api", ["quote", "productOrder"])
def test_its_use_cases_and_tables_are_those_of_grace_by_name(api: str) -> None:
    folder = specs_dir() / "sonata" / api / "kylie"
    ours = {each.label for each in read_use_cases({api: folder / "use_cases.yaml"}, {api: "Mplify"}).values()}
    assert ours == {each.label for each in GRACE.use_cases.values() if each.api == api}
    assert read_tables(folder / "tables.yaml", {}).keys() >= GRACE.tables[api].keys()
