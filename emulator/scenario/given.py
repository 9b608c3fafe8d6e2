"""Values that a user gives for inputs, made what the inputs are: a text stays a text, a number has to be one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import FileProblem
from emulator.plain_yaml import Located, locate_text
from emulator.record.payload import MISSING, at, escape
from emulator.scenario.expressions import Expression, ExpressionError, Room, Scope, fill

if TYPE_CHECKING:
    from emulator.scenario.selection import Job


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody wrote for an input: a text, or the part of a file at `pointer`. `where` is how to call it.

    Where a text is needed a text is taken as it stands, without the quotes around it unless it is `verbatim`; else it is
    read as YAML.
    """

    where: str
    written: str | Located
    pointer: str = ""
    verbatim: bool = False

    def as_input(self, name: str, default: Any) -> Any:
        """The value, of the kind that the input's default is; without a default (null, MISSING) what YAML makes of it.

        Raises FileProblem that says what it is, and what is needed.
        """
        if isinstance(self.written, Located):
            return self._shaped(name, default, self.written)
        try:
            located = locate_text(self.written, "what is given")
        except FileProblem as error:
            if isinstance(default, str):
                return self.written
            needed = "" if default is None or default is MISSING else f"the input '{name}' is {_kind(default)}; "
            raise FileProblem([f"{self.where}: {needed}{error}"]) from error
        if not isinstance(default, str):
            return self._shaped(name, default, located)
        quoted = isinstance(located.value, str) and "" not in located.words
        return located.value if quoted and not self.verbatim else self.written

    def _shaped(self, name: str, default: Any, located: Located) -> Any:
        try:
            return _shape(at(located.value, self.pointer), default, located, self.pointer)
        except _UnfitError as error:
            where = located.where(error.pointer) if located is self.written else self.where
            inner = error.pointer.removeprefix(self.pointer).replace("/", ".")
            raise FileProblem([f"{where}: the input '{name}{inner}' {error}"]) from error


class _UnfitError(ValueError):
    def __init__(self, pointer: str, value: Any, default: Any) -> None:
        super().__init__(f"is {_kind(default)}, and {_kind(value)} is given: {json.dumps(value, default=str):.60}")
        self.pointer = pointer


def defaults_of(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a scenario as far as their kinds go: what only a run knows is some text, what cannot be filled in
    is null.
    """
    found: dict[str, Any] = {}
    room = Room()

    def lookup(expression: Expression) -> Any:
        if expression.root != "inputs":
            return ""
        path = "".join("/" + escape(part) for part in expression.path)
        value = at(found, path + expression.pointer)
        room.take(value, expression)
        return None if value is MISSING else value

    for name, value in inputs.items():
        try:
            found[name] = fill(value, lookup)
        except ExpressionError:
            found[name] = None
    return found


def default_of(name: str, defaults: Mapping[str, Any]) -> Any:
    """The default of an input or, with dots, of a member of one; MISSING where there is none."""
    return at(defaults, "".join("/" + escape(part) for part in name.split(".")))


def typed(values: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Values for some of these inputs by name: what is `Given` is made what its input is, others stay what they are.

    What is `Given` for none of them is left out: it is another scenario's. FileProblem with all that cannot be.
    """
    defaults = defaults_of(inputs) if any(isinstance(value, Given) for value in values.values()) else {}
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in values.items():
        if not isinstance(value, Given):
            found[name] = value
            continue
        if name.partition(".")[0] not in inputs:
            continue
        try:
            found[name] = value.as_input(name, default_of(name, defaults))
        except FileProblem as problem:
            problems += problem.problems
    if problems:
        raise FileProblem(problems)
    return found


def _shape(value: Any, default: Any, located: Located, pointer: str, *, bound: bool = True) -> Any:
    """A part of a file as what the default is. Where it is not `bound` to be that, it may be something else.

    Raises _UnfitError.
    """
    match default:
        case str() if not isinstance(value, dict | list):
            return value if isinstance(value, str) else located.words.get(pointer, json.dumps(value))
        case bool() if isinstance(value, bool):
            return value
        case int() | float() if not isinstance(default, bool) and _is_number(value):
            return value
        case Mapping() if isinstance(value, dict):
            # Of another type, it has members of its own.
            alike = bound and value.get("@type", default.get("@type")) == default.get("@type")
            return {
                name: _shape(member, default.get(name, MISSING), located, f"{pointer}/{escape(str(name))}", bound=alike)
                for name, member in value.items()
            }
        case list() if isinstance(value, list):
            usual = _usual(default)
            return [_shape(member, usual, located, f"{pointer}/{n}", bound=bound) for n, member in enumerate(value)]
        case _ if not bound or default is None or default is MISSING:
            return value
    raise _UnfitError(pointer, value, default)


def _usual(members: list[Any]) -> Any:
    """What the members of a list are, where they are all of a kind; else MISSING."""
    kinds = {_kind(member) for member in members}
    return members[0] if len(kinds) == 1 else MISSING


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def _kind(value: Any) -> str:
    for kind, word in ((str, "a text"), (bool, "true or false"), (Mapping, "a mapping"), (list, "a list")):
        if isinstance(value, kind):
            return word
    return "nothing" if value is None else "a number"


def fill_inputs(job: Job, scope: Scope, given: Mapping[str, Any]) -> None:
    """Inputs in order, each seeing those above it. What is `given`, like the data row, is made of its kind and not evaluated:
    it is data. FileProblem where one cannot be what its input is.
    """
    scenario = job.scenario
    overrides = typed({**scenario.rows[job.row], **given}, {**scenario.rows[0], **scenario.inputs})
    for name, value in scenario.inputs.items():
        try:
            scope.inputs[name] = overrides[name] if name in overrides else fill(value, scope.lookup)
        except ExpressionError as error:
            where = scenario.input_origins[name].where(error.place)
            raise FileProblem([f"{where}: {error}"]) from error
        for inner in [key for key in overrides if key.startswith(f"{name}.")]:
            _put(scope.inputs, inner, overrides[inner])
    for name, value in overrides.items():
        _put(scope.inputs, name, value)


def _put(inputs: dict[str, Any], name: str, value: Any) -> None:
    *above, last = name.split(".")
    table = inputs
    for part in above:
        inner = table.get(part)
        table[part] = dict(inner) if isinstance(inner, Mapping) else {}
        table = table[part]
    table[last] = value
