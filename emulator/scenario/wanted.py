"""What data a partner has to give: the inputs that scenarios use, as a file that can be filled in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.errors import FileProblem
from emulator.plain_yaml import Located, load_yaml_text
from emulator.scenario.expressions import ExpressionError, expressions_in, fill, texts
from emulator.scenario.model import Origin, Scenario

_SHOWN: Final = 3
"""Scenarios that are named where many use an input."""


@dataclass(slots=True)
class Wanted:
    """An input of one name: each place where a default of it stands, with that default and who uses it.

    `by_data` are the scenarios whose rows give it, so that a value for it would be in their way.
    """

    name: str
    defaults: list[Default] = field(default_factory=list)
    by_data: list[str] = field(default_factory=list)

    @property
    def is_one(self) -> bool:
        """Whether a file can give it for all who use it without changing anything."""
        return not self.by_data and all(one.value == self.defaults[0].value for one in self.defaults)


@dataclass(slots=True)
class Default:
    """A default as it is written, and where. `scenarios` use it."""

    value: Any
    origin: Origin
    scenarios: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """`file:line`, the file as seen from here where it is below."""
        file, line, _ = self.origin.where().rsplit(":", 2)
        path = Path(file)
        shown = path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
        return f"{os.fspath(shown)}:{line}"


def wanted_inputs(scenarios: Sequence[Scenario]) -> list[Wanted]:
    """The inputs that some scenarios use, in the order in which they come."""
    found: dict[str, Wanted] = {}
    for scenario in scenarios:
        columns = {name.partition(".")[0] for row in scenario.rows for name in row}
        used = _used(scenario)
        for name in [name for name in scenario.inputs if name in used]:
            wanted = found.setdefault(name, Wanted(name))
            origin = scenario.input_origins[name]
            default = next((one for one in wanted.defaults if one.origin.where() == origin.where()), None)
            if default is None:
                default = Default(scenario.inputs[name], origin)
                wanted.defaults.append(default)
            default.scenarios.append(scenario.id)
            wanted.by_data += [scenario.id] if name in columns else []
    return list(found.values())


def _used(scenario: Scenario) -> set[str]:
    """The inputs that steps, cases and lifecycles speak of, and those that these are made of."""
    used: set[str] = set()
    fresh = set(_named_in((scenario.flow, scenario.cases, scenario.lifecycle)))
    while fresh:
        used |= fresh
        fresh = {other for name in fresh for other in _named_in(scenario.inputs.get(name))} - used
    return used


def _named_in(part: Any) -> Iterator[str]:
    """The names of inputs that a part of a scenario speaks of."""
    if isinstance(part, str):
        try:
            yield from (one.path[0] for one in expressions_in(part) if one.root == "inputs")
        except ExpressionError:
            return  # a title may look like one
    elif isinstance(part, Mapping):
        for name, member in part.items():
            yield from _named_in(name)
            yield from _named_in(member)
    elif isinstance(part, list | tuple):
        for member in part:
            yield from _named_in(member)
    elif dataclasses.is_dataclass(part) and not isinstance(part, Origin | Located):
        for each in dataclasses.fields(part):
            yield from _named_in(getattr(part, each.name))


def as_yaml(wanted: Sequence[Wanted]) -> str:
    """A mapping for --var-file that changes nothing as it stands. What a run works out by itself is a comment in it."""
    lines = [
        "# What a partner has to give. Write in what is theirs, leave out the rest: oit run … --var-file THIS FILE",
        "# What stands in a comment is worked out by a run, or is not the same in every scenario.",
    ]
    file = None
    for one in sorted(wanted, key=_files(wanted)):
        if file != (file := one.defaults[0].where.rpartition(":")[0]):
            lines += ["", f"# ---- {file}"]
        lines += ["", *_told(one)]
    return "\n".join([*lines, ""])


def _files(wanted: Sequence[Wanted]) -> Any:
    """Sorts by file, in the order in which files come."""
    files = list(dict.fromkeys(one.defaults[0].origin.located.file for one in wanted))
    return lambda one: files.index(one.defaults[0].origin.located.file)


def _told(one: Wanted) -> Iterator[str]:
    for default in one.defaults:
        yield f"# {default.where}: {_some(default.scenarios)}"
    if one.by_data:
        yield f"# {one.name} is in the data rows of {_some(one.by_data)}"
    if not one.is_one:
        yield f"# {one.name} is not the same in all of them; without the # one of these would be for all"
        for default in one.defaults:
            yield from _comment(one.name, default.value)
        return
    value = one.defaults[0].value
    plain = dict(_plain(one.name, value))
    if plain:
        yield from _dumped(plain)
    for name, computed in _computed(one.name, value):
        yield from _comment(name, computed)


def _some(names: Sequence[str]) -> str:
    left = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _comment(name: str, value: Any) -> Iterator[str]:
    yield from (f"# {line}" for line in _dumped({name: value}))


def _dumped(value: Any) -> list[str]:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return str(text).splitlines()


def _plain(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What of a default is the same in every run: all of it, or its members by names with dots."""
    if not _is_computed(value):
        yield name, fill(value, _nothing)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if isinstance(key, str) and "." not in key and not key.startswith("$"):
                yield from _plain(f"{name}.{key}", member)


def _computed(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The rest of it."""
    if isinstance(value, Mapping) and _is_computed(value):
        for key, member in value.items():
            if not isinstance(key, str) or "." in key or key.startswith("$"):
                yield name, {key: member}
            else:
                yield from _computed(f"{name}.{key}", member)
    elif _is_computed(value):
        yield name, value


def _is_computed(value: Any) -> bool:
    return any(expressions_in(text) for _, text in texts(value)) or (isinstance(value, Mapping) and "$merge" in value)


def _nothing(_: Any) -> Any:
    raise AssertionError("there is no expression here")


def as_json(wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """The same for programs: `{name, fill_in, by_data, defaults: [{value, where, scenarios}]}`; `fill_in` is what the
    YAML file has of it, by names that may have dots.
    """
    return [
        {
            "name": one.name,
            "fill_in": dict(_plain(one.name, one.defaults[0].value)) if one.is_one else {},
            "by_data": one.by_data,
            "defaults": [
                {"value": default.value, "where": default.where, "scenarios": default.scenarios}
                for default in one.defaults
            ],
        }
        for one in wanted
    ]


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads back as it was."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _is_word(text) else '"')


def _is_word(text: str) -> bool:
    """Whether a text may stand without quotes."""
    try:
        return bool(load_yaml_text(text) == text)
    except FileProblem:
        return False


_Dumper.add_representer(str, _text)
