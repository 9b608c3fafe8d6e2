"""State and attribute tables: their states are those of the lifecycles, and a wrong file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import FileProblem
from emulator.standard.release import load_release
from emulator.standard.tables import AttributeTable, StateTable, read_tables

TABLES = load_release().tables
STATES = {state for machine in load_release().lifecycles.values() for state in (*machine.states, *machine.unused)}


@pytest.mark.parametrize("api", TABLES)
def test_tables_speak_of_known_states_and_requirements(api: str) -> None:
    for table in TABLES[api].values():
        assert set(table.requirements) <= set(load_release().requirements), table.name
        if isinstance(table, StateTable):
            named = {*table.allowed, *(state for states in table.allowed.values() for state in states)}
            assert named <= STATES, table.name
        elif table.by.endswith("/state"):
            assert {state for cells in table.rows.values() for state in cells} <= STATES, table.name


def test_there_are_tables_of_both_kinds() -> None:
    kinds = {type(table) for tables in TABLES.values() for table in tables.values()}
    assert kinds == {AttributeTable, StateTable}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{number: T, requirements: [], holder: '', by: /state, columns: [a, b], rows: {/id: [R]}}", "1 cells for 2"),
        ("{number: T, requirements: [], holder: '', by: /state, columns: [a], rows: {/id: [Q]}}", "is no cell"),
        ("{number: T, requirements: [], by: /state, items: /x}", "allowed"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, row: str, words: str) -> None:
    path = tmp_path / "tables.yaml"
    path.write_text(f"tables:\n  t: {row}\n")
    with pytest.raises(FileProblem, match=words):
        read_tables(path, {})
