"""A scenario file being read: where its problems gather, and what its values may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.plain_yaml import Located
from emulator.record.payload import escape
from emulator.scenario.expressions import ExpressionError, expressions_in, texts
from emulator.scenario.matchers import matcher_problems
from emulator.scenario.model import (
    Origin,
)
from emulator.standard.release import Release


@dataclass(slots=True)
class ScenarioReading:
    """One file being read; problems gather here."""

    located: Located
    release: Release
    problems: list[str] = field(default_factory=list)

    def complain(self, where: str, problem: str) -> None:
        self.problems.append(f"{where}: {problem}")

    def covers(self, part: Mapping[str, Any]) -> tuple[str, ...]:
        """What a part covers, as the release has it; a clause that nobody knows stays, to be told of."""
        told = self.release.labels.covers
        named = (identifier.replace(":", "-") for identifier in part.get("covers", ()))
        return tuple(here for name in named if (here := told(name)) is not None)

    def check_values(self, origin: Origin, value: Any, *, matchers: bool = False) -> None:
        """Expressions and, where they may stand, matchers."""
        for place, text in texts(value):
            try:
                found = expressions_in(text)
            except ExpressionError as error:
                self.complain(origin.where(place), str(error))
                continue
            for one in found:
                if one.root == "with":
                    self.complain(origin.where(place), f"'{one.text}': only a fragment has parameters")
        if matchers:
            for place, problem in matcher_problems(value):
                self.complain(origin.where(place, key=True), problem)
        else:
            for place, name in _reserved_keys(value):
                message = f"'{name}' means nothing here; a key that begins with '$' is written '${name}'"
                self.complain(origin.where(place, key=True), message)


def _reserved_keys(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            here = f"{place}/{escape(str(name))}"
            if isinstance(name, str) and name.startswith("$") and not name.startswith("$$") and name != "$merge":
                yield here, name
            yield from _reserved_keys(member, here)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _reserved_keys(member, f"{place}/{index}")
