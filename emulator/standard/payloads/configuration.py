"""A product's configuration by itself, without the message around it: what is wrong with one, and an example of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.errors import UserError
from emulator.record.payload import dump, parse, pointer
from emulator.standard.breach import Breach
from emulator.standard.bundle import extension_points
from emulator.standard.engine import compiled
from emulator.standard.example import example
from emulator.standard.example_parts import Unfillable
from emulator.standard.payloads.own import ANY
from emulator.standard.payloads.translate import TYPE

if TYPE_CHECKING:
    from emulator.standard.release import Release


def is_schema(value: Any) -> bool:
    """Whether a file holds a JSON Schema, and no value of one."""
    return isinstance(value, dict) and TYPE not in value and bool(value.keys() & {"$schema", "$id", "$ref", "$defs"})


def breaches_in(release: Release, kind: str, value: Any, api: str | None = None) -> list[Breach]:
    """Every breach of a configuration of a product, as a message of an API would have it; without one, of the first that
    knows the product. UserError where there is none.
    """
    own = [each for each, types in release.products.by_api.items() if kind in types]
    names = [api] if api else [*([] if kind in release.products.urns else own), *release.apis]
    contracts = (release.contract(each) for each in names)
    found = next(((each, place) for each in contracts for place in extension_points(each.definitions)), None)
    if found is None:
        raise UserError(f"{api} has no product configurations")
    contract, place = found
    told = {TYPE: kind, **value} if isinstance(value, dict) else value
    return contract.body_breaches(place, parse(dump(told)))


def example_of(
    release: Release, kind: str, api: str | None = None, *, seed: int = 0, optional: int | None = None
) -> dict[str, Any]:
    """A small, valid configuration of a product, with its `@type`. UserError where none was found."""
    root, definitions = _schema(release, kind, api)
    validator = compiled({**root, "definitions": dict(definitions)})

    def problem(value: Any) -> tuple[str, str] | None:
        told = {TYPE: kind, **value} if isinstance(value, dict) else value
        wrong = next(iter(validator.iter_errors(told)), None)
        return None if wrong is None else (pointer(wrong.instance_path), str(wrong.message))

    try:
        found = example(definitions, root, problem, seed=seed, optional=optional)
    except Unfillable as error:
        raise UserError(f"{_where(release, kind, api)}: no example of {kind} was found: {error}") from error
    if not isinstance(found, dict):
        message = f"the schema of {kind} is not that of an object, so it can have no '@type'"
        raise UserError(f"{_where(release, kind, api)}: {message}")
    return {TYPE: kind, **found}


def _where(release: Release, kind: str, api: str | None) -> str:
    """Where the schema of a product is, as `file:line:col`."""
    own = next((each.files for each in release.own.payloads if each.type == kind), {})
    path = own.get(api or ANY) or next(iter(own.values()), release.file)
    return f"{path}:1:1"


def _schema(release: Release, kind: str, api: str | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The schema of a product, and the definitions that it refers to."""
    known = release.products
    names = (
        known.by_api.get(api or "", {}).get(kind),
        known.urns.get(kind),
        *(known.describing(kind) if not api else ()),
    )
    name = next((each for each in names if each is not None), None)
    if name is None:
        raise UserError(f"{kind} has no schema in {api}")
    return {"$ref": f"#/definitions/{name}"}, known.definitions
