"""The interpretation register: where the standard contradicts itself or leaves a choice that partners argue about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from emulator.record.payload import escape
from emulator.standard.laid import is_laid
from emulator.standard.source import read_source
from emulator.standard.strict import KEYED, Mistake, Text, read_record


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the standard: what it asks for, in our words, and the clauses that say so."""

    says: Text
    clauses: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """An entry of the register: the readings by name, and the one we hold until a profile pins another."""

    id: Annotated[str, KEYED]
    title: Text
    requirements: tuple[str, ...]
    readings: Mapping[str, Reading]
    default: Text
    why: Text

    def told(
        self, tell: Callable[[Iterable[str]], tuple[str, ...]], words: Callable[[str], str | None]
    ) -> Interpretation:
        """The entry as a release has it: with its names for clauses, and the readings that one of its clauses backs. `tell` and
        `words` give those names. Where nobody backs the default, the first of the others is held.
        """
        backed: dict[str, Reading] = {}
        for name, reading in self.readings.items():
            clauses = tuple(here for clause in reading.clauses if (here := words(clause)) is not None)
            if clauses:
                backed[name] = replace(reading, clauses=clauses)
        default = self.default if self.default in backed else next(iter(backed), self.default)
        return replace(self, requirements=tell(self.requirements), readings=backed, default=default)


def read_interpretations(path: Path) -> Mapping[str, Interpretation]:
    """The register by name; an empty one where there is no file. One that is laid upon another (`like`) can leave a single reading
    of what is open there: it is settled. FileProblem with `file:line:col` for every wrong place.
    """
    if not path.exists():
        return {}
    least = 1 if is_laid(read_source(path)) else 2
    found: Mapping[str, Interpretation] = read_record(
        Mapping[str, Interpretation], path, lambda register: _wrong(register, least)
    )
    return found


def _wrong(register: Mapping[str, Interpretation], least: int) -> Iterator[Mistake]:
    for name, entry in register.items():
        place = f"/{escape(name)}"
        if len(entry.readings) < least:
            yield Mistake(f"{place}/readings", f"{name}: 'readings' is a map of two or more, by name", key=True)
        elif entry.default not in entry.readings:
            yield Mistake(f"{place}/default", f"{name}: 'default' is one of {', '.join(entry.readings)}")
        for reading, each in entry.readings.items():
            if not each.clauses:
                yield Mistake(f"{place}/readings/{escape(reading)}/clauses", "a clause is needed that says so")
