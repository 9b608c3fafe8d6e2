"""The scenario language's JSON Schema, and what it finds wrong in a file, in words that point."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from emulator.plain_yaml import Located
from emulator.record.payload import escape, pointer
from emulator.scenario.duration import ISO, SHORT, seconds
from emulator.scenario.expressions import did_you_mean

if TYPE_CHECKING:
    from jsonschema import Draft7Validator

    from emulator.standard.release import Release

SCHEMA_FILE: Final = "oit-scenario-1.schema.json"
TYPE_WORDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
SchemaError = Any
"""jsonschema's ValidationError, whose stubs know less than we do of what an error of a given kind holds."""
MOST_TOLD: Final = 100
"""Things that are wrong with a file and are told."""
SHOWN: Final = 60
"""Characters of a wrong value that a message shows."""


@cache
def _text() -> str:
    return (resources.files("emulator.scenario") / SCHEMA_FILE).read_text(encoding="utf-8")


def scenario_schema(release: Release) -> dict[str, Any]:
    """The draft-07 schema of a scenario file of a release, for editors."""
    return schema_with(release.words)


_DEMANDS: Final = frozenset({"required", "minProperties", "minItems", "oneOf", "dependencies"})
"""What a whole file has to fulfil, and a part of one need not."""
_NULL: Final = {"type": "null"}


def fragment_schema(release: Release) -> dict[str, Any]:
    """The same of a scenario's release fragment: all can be left out, null takes away, steps and cases go by their ids."""
    schema: dict[str, Any] = _loosened(scenario_schema(release))
    schema |= {"$id": "oit-release-fragment-1.schema.json", "title": "release fragment"}
    schema["description"] = "What a release changes in a scenario: NAME.RELEASE.yaml beside NAME.oit.yaml."
    for name, kind in (("flow", "step"), ("cases", "case")):
        spot = {"description": f"The {kind} beside which this new one comes.", "type": "string"}
        schema["definitions"][kind]["properties"] |= {"before": spot, "after": spot}
        member = {"anyOf": [_NULL, {"$ref": f"#/definitions/{kind}"}]}
        schema["properties"][name] = {"type": "object", "additionalProperties": member}
    return schema


def _loosened(node: Any) -> Any:
    """A schema whose every member can be left out, or be null."""
    if isinstance(node, list):
        return [_loosened(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _loosened(each) for key, each in node.items() if key not in _DEMANDS}
    members = found.get("properties")
    if isinstance(members, dict) and isinstance(found.get("type", "object"), str | list):
        found["properties"] = {name: {"anyOf": [_NULL, each]} for name, each in members.items()}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = {"anyOf": [_NULL, found["additionalProperties"]]}
    return found


def schema_with(apis: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema with the names that APIs have; without any, one that lets them be."""
    schema: dict[str, Any] = json.loads(_text())
    if apis:
        schema["definitions"]["source"]["properties"]["api"]["enum"] = list(apis)
    return schema


@cache
def _validator(apis: tuple[str, ...], *, fragment: bool) -> Draft7Validator:
    from jsonschema import Draft7Validator, FormatChecker  # noqa: PLC0415 - 0.1 s that only commands reading scenarios pay

    schema = schema_with(apis)
    if fragment:
        schema = {
            "title": "fragment",
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/definitions/step"},
            "definitions": schema["definitions"],
        }
    lengths = FormatChecker(())
    lengths.checks("oit-duration", ValueError)(_is_length)
    return Draft7Validator(schema, format_checker=lengths)


def _is_length(value: Any) -> bool:
    """Whether a text that looks like a duration is one that can be waited for. ValueError says why not."""
    if isinstance(value, str) and any(shape.match(value) for shape in (SHORT, ISO)):
        seconds(value)
    return True


def structure_problems(
    located: Located, value: Any, apis: tuple[str, ...] = (), *, fragment: bool = False
) -> list[tuple[str, str]]:
    """Each (`file:line:col`, problem) of a file's structure; `value` is its content, parameters filled in.

    `apis` are the names that APIs have in the release; a fragment names none.
    """
    if value is None:
        return [(located.where(""), f"the {'fragment' if fragment else 'scenario'} is empty")]
    return problems_by(_validator(apis, fragment=fragment), located, value)


def structure_errors(value: Any, apis: tuple[str, ...]) -> list[SchemaError]:
    """The same for a scenario, as the library has them."""
    return list(islice(_validator(apis, fragment=False).iter_errors(value), MOST_TOLD))


def problems_by(validator: Draft7Validator, located: Located, value: Any) -> list[tuple[str, str]]:
    """Each (`file:line:col`, problem) that a validator has with a file's content, in the same words."""
    found: dict[tuple[str, str], None] = {}
    for error in validator.iter_errors(value):
        found |= dict.fromkeys(islice(_explain(located, error), MOST_TOLD))
        if len(found) >= MOST_TOLD:
            return [*islice(found, MOST_TOLD), (located.where(""), f"more is wrong than these {MOST_TOLD}")]
    return list(found)


def _noun(error: SchemaError) -> str:
    schema = error.schema
    title = schema.get("title") if isinstance(schema, dict) else None
    return with_article(str(title or "mapping"))


def with_article(noun: str) -> str:
    """`a step`, `an await`."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"


def _explain(located: Located, error: SchemaError) -> Iterator[tuple[str, str]]:
    here = pointer(list(error.absolute_path))
    where = located.where(here)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(located, error, here)
    elif error.validator == "dependencies":
        yield from _misplaced_keys(located, error, here)
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield where, f"{_noun(error)} needs '{name}'"
    elif error.validator == "oneOf" and not isinstance(error.instance, dict):
        pass  # that it is no mapping is told already
    elif error.validator == "pattern" and "propertyNames" in error.absolute_schema_path:
        yield located.where(f"{here}/{escape(str(error.instance))}", key=True), _pattern(error, error.instance)
    elif error.validator in EXPLAINED:
        yield where, EXPLAINED[error.validator](error, error.instance)
    else:
        yield where, error.message


def _unknown_keys(located: Located, error: SchemaError, here: str) -> Iterator[tuple[str, str]]:
    known = list(error.schema.get("properties", {}))
    for name in error.instance:
        if name not in known:
            place = located.where(f"{here}/{escape(str(name))}", key=True)
            yield place, f"'{name}' is not a key of {_noun(error)}.{did_you_mean(str(name), known)}"


def _misplaced_keys(located: Located, error: SchemaError, here: str) -> Iterator[tuple[str, str]]:
    for name, needed in error.validator_value.items():
        for other in needed if name in error.instance else []:
            if other not in error.instance:
                place = located.where(f"{here}/{name}", key=True)
                yield place, f"'{name}' belongs to a step with '{other}'"


def _choice(error: SchemaError, value: Any) -> str:
    choices = list(dict.fromkeys(map(str, error.validator_value)))
    return f"{_shown(value)} is not one of {', '.join(choices)}.{did_you_mean(str(value), choices)}"


def _type(error: SchemaError, value: Any) -> str:
    kinds = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    return f"{' or '.join(TYPE_WORDS[kind] for kind in kinds)} is needed here; this is {_kind(value)}"


def _empty(_: SchemaError, __: Any) -> str:
    return "this must not be empty"


def _one_of(error: SchemaError, value: Any) -> str:
    choices = [option["required"][0] for option in error.validator_value]
    given = [name for name in choices if name in value]
    found = f"this one has {' and '.join(given)}" if given else "this one has none"
    return f"{_noun(error)} has exactly one of {', '.join(choices)}; {found}"


def _pattern(error: SchemaError, value: Any) -> str:
    examples = error.schema.get("examples") if isinstance(error.schema, dict) else None
    hint = f": write {', '.join(examples)}" if examples else ""
    return f"{_shown(value)} is not {_noun(error)}{hint}"


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text[:SHOWN]}…'" if len(text) > SHOWN else f"'{text}'"


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else _shown(value)


EXPLAINED: Final[dict[str, Callable[[Any, Any], str]]] = {
    "oneOf": _one_of,
    "enum": _choice,
    "pattern": _pattern,
    "type": _type,
    "minItems": _empty,
    "minProperties": _empty,
    "minLength": _empty,
    "format": lambda error, _: str(error.cause),
}
