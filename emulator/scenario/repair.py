"""A scenario file of the wrong structure made readable, so that what else is wrong with it is told in the same round.

Nothing is played that was repaired. A key that is unknown is taken for the one that was meant, a part that cannot be
read is left out, and its names are kept: what misses them later is no news.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from emulator.errors import suggestion
from emulator.plain_yaml import Located
from emulator.record.payload import MISSING, at, pointer
from emulator.scenario.schema import SchemaError, structure_errors

_ROUNDS: Final = 8
_ELSEWHERE: Final = "expect"
"""The key that has its place in another part more often than it is misspelt."""
_NEEDED: Final[Mapping[str, Any]] = {"oit": "1", "id": "unnamed", "title": "untitled", "sources": {}, "flow": []}


@dataclass(slots=True)
class _Repairing:
    """The copy that is repaired. `left_out` are the pointers of steps and cases that stand there no more."""

    value: dict[str, Any]
    names: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)

    def repair(self, error: SchemaError) -> bool:
        """Do something about an error; whether there is anything to be looked at again."""
        path = list(error.absolute_path)
        if any(f"{pointer(path)}/".startswith(f"{place}/") for place in self.left_out):
            return False
        if error.validator == "additionalProperties" and isinstance(at(self.value, pointer(path)), dict):
            self._rename(at(self.value, pointer(path)), list(error.schema.get("properties", ())))
        elif not path:
            self.value.update({name: copy.copy(_NEEDED[name]) for name in _NEEDED if name not in self.value})
        else:
            self._leave_out(path)
        return True

    def _rename(self, part: dict[str, Any], known: list[str]) -> None:
        for name in [name for name in part if name not in known]:
            value = part.pop(name)
            near = suggestion(name, known)
            if near and near not in (*part, _ELSEWHERE):
                part[near] = value

    def _leave_out(self, path: list[Any]) -> None:
        """Leave out the step, the case or the member of a section that an error is in."""
        steps = [n for n, token in enumerate(path) if token in ("flow", "parallel") and n + 1 < len(path)]
        if path[0] == "flow" and steps:
            unit = path[: steps[-1] + 2]
        else:
            unit = path[:2] if path[0] in ("cases", "sources", "inputs", "lifecycle") else path[:1]
        above, part = at(self.value, pointer(unit[:-1])), at(self.value, pointer(unit))
        if part is MISSING or not isinstance(above, dict | list):
            return
        self.names |= {str(unit[-1]), *_names_of(part)}
        if isinstance(above, dict):
            del above[unit[-1]]
        else:
            self.left_out.add(pointer(unit))
            above[unit[-1]] = None if path[0] == "cases" else {"parallel": []}


def _names_of(part: Any) -> set[str]:
    """The names that a part of a scenario has for others."""
    names = [part.get(key) for key in ("id", "track")] if isinstance(part, dict) else []
    return {name for name in names if isinstance(name, str)}


def repaired(located: Located, apis: tuple[str, ...]) -> tuple[Located, frozenset[str]] | None:
    """The file as far as it can be read, and the names of what is left out; None where nothing can be read."""
    if not isinstance(located.value, dict):
        return None
    repairing = _Repairing(copy.deepcopy(located.value))
    for _ in range(_ROUNDS):
        errors = structure_errors(repairing.value, apis)
        # A step without an action may have one under a name that is misspelt.
        spelling = [error for error in errors if error.validator == "additionalProperties"]
        if not [error for error in spelling or errors if repairing.repair(error)]:
            return replace(located, value=repairing.value), frozenset(repairing.names)
    return None
