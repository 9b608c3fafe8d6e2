"""State and attribute tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Said
from emulator.record.payload import as_json, at, every
from emulator.standard.tables import attribute_table, state_table


def required_by_table(
    book: Rulebook,
    labels: Labels,
    table: str,
    *,
    on: On,
    where: Callable[[Mapping[str, Any]], bool] | None = None,
    disputed: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    spared: Callable[[Said, str, str, Mapping[str, Any]], bool] | None = None,
    by_whole: bool = False,
    reading: Callable[[str, Mapping[str, Any], Mapping[str, Any]], tuple[str, str] | None] | None = None,
    name: str = "",
) -> None:
    """Each holder shows the attributes that an attribute table requires (R, E/R) in its state.

    `where` chooses by the resource (firm or budgetary). `disputed` gives for (attribute, state) the reading of
    the interpretation register by which the cell counts. `spared` tells by (message, attribute, state, holder) which
    cells are not looked at here: those that another rule speaks on. With `by_whole` the columns are states of
    the resource, also where the holders are its items. `reading` gives for (attribute, resource, holder) what
    `disputed` gives where more than the cell decides.
    """

    def look(said: Said) -> Iterator[Mark]:
        known = attribute_table(said.run.release.tables[book.api], table)
        for shown in said.shown:
            if where and not where(shown.value):
                continue
            for place, value in every(shown.value, known.holder):
                state = at(shown.value if by_whole else value, known.by)
                for attribute, cells in known.rows.items() if isinstance(state, str) else ():
                    if spared and spared(said, attribute, state, value):
                        continue
                    if cells.get(state) in ("R", "E/R"):
                        why = reading(attribute, shown.value, value) if reading else None
                        yield _table_mark(shown.place + place, value, attribute, f"{known.number}: {state}",
                                          why or (disputed or {}).get((attribute, state)))  # fmt: skip

    book.add(labels, look, on=on, about=f"attributes against the table {table}", name=name)


def _table_mark(place: str, value: Any, attribute: str, why: str, reading: tuple[str, str] | None) -> Mark:
    member, _, role = attribute.partition("?role=")
    found = at(value, member)
    if role:
        if any(at(contact, "/role") == role for _, contact in every(found, "/*")):
            return FINE
        return breach(place + member, role, [r for _, r in every(found, "/*/role")],
                      f"{place or 'the resource'} names no contact with role {role} ({why})", reading=reading)  # fmt: skip
    if given(found):
        return FINE
    return breach(place + member, "a value", found, f"{place}{member} is missing ({why})", reading=reading)


def fits_state_table(
    book: Rulebook,
    labels: Labels,
    table: str,
    *,
    on: On,
    where: Callable[[Mapping[str, Any]], bool] | None = None,
    name: str = "",
) -> None:
    """The states of the items go with the state of the whole. A state without a row allows any; one with an empty
    row says that nothing is told of its items.
    """

    def look(said: Said) -> Iterator[Mark]:
        known = state_table(said.run.release.tables[book.api], table)
        for shown in said.shown:
            state = at(shown.value, known.by)
            if not isinstance(state, str) or not known.allowed.get(state) or (where and not where(shown.value)):
                continue
            for place, found in every(shown.value, known.items):
                yield hold(shown.place + place, found in known.allowed[state], expected=list(known.allowed[state]),
                           found=found, message=f"{shown.place + place} is {as_json(found)} while the whole is {state} "
                                                f"({known.number})")  # fmt: skip

    book.add(labels, look, on=on, about=f"states of items against the table {table}", name=name)
