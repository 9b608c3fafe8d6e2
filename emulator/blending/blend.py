"""A contract with its products in it, as one OpenAPI 3.0 document.

A contract has places for payloads that are described elsewhere: schemas whose discriminator has no mapping, and that nothing
in the contract extends. There the discriminator gets a mapping from what stands in the message to the component of that
product. Without `strict` each product extends the place, as the official documents do. With it the place is one of the
products, and each product is a schema by itself: so a plain validator can check it, and nothing else is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator import __version__
from emulator.blending.dialect import Dialect, Untold
from emulator.blending.naming import ComponentNames, names_of_part, names_of_product
from emulator.blending.sources import Sources, Spot
from emulator.blending.telling_apart import endless_in, tell_apart
from emulator.errors import UserError, hint
from emulator.files import shown
from emulator.roots import Root
from emulator.standard.release import Release

_COMPONENT: Final = "#/components/schemas/"
LEFT_OUT: Final = "x-oit-left-out"
"""The member of a document that lists what its schemas do not say."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A product: the value of the discriminator that names it, and its schema."""

    word: str
    spot: Spot
    sources: Sources


@dataclass(frozen=True, slots=True)
class Blended:
    """The document, and what of the product schemas it does not say."""

    document: dict[str, Any]
    untold: tuple[Untold, ...]


def payload_of(text: str, release: Release, root: Path | None = None) -> Payload:
    """A product as a user names it: a URN of the release, a FILE whose `$id` says which it is, or WORD=FILE.

    UserError for what is none of these. `root` is a folder below which files may also lie that a file names.
    """
    urn = release.products.aliases.get(text, text)
    if urn in release.product_files:
        file = release.specs / release.product_files[urn]
        return Payload(urn, Spot(file), Sources(Root((release.specs.resolve(),)), release.specs, release.product_file))
    if text.lower().startswith("urn:") and "=" not in text:
        raise UserError(
            f"--product {text}: release {release.name} has no such product; {hint(text, release.product_files)}"
        )
    word, equals, name = text.rpartition("=")
    file = Path(name)
    sources = Sources(Root.of(file, root), file.parent)
    schema = sources.schema(Spot(file))
    if not isinstance(schema, Mapping):
        raise UserError(f"--product {shown(file)}: a product schema is an object")
    said = word if equals else schema.get("$id")
    if not isinstance(said, str) or not said.strip():
        raise UserError(
            f"--product {shown(file)}: it has no $id; say which @type names it in a message: --product MY_PRODUCT={name}"
        )
    return Payload(said, Spot(file), sources)


def blend(
    release: Release,
    api: str,
    payloads: Sequence[Payload],
    *,
    kind: str | None = None,
    strict: bool = False,
    at: str = "",
) -> Blended:
    """The contract of an API with these products. `at` is the schema that they are bound to, where a contract has several.

    UserError where the contract has no place for them, where two have the same word, or where `at` is no such place.
    """
    document = release.document(api, kind)
    schemas: dict[str, Any] = document["components"]["schemas"]
    points = places_of(schemas)
    if not points:
        raise UserError(
            f"{document['info']['title']} has no place for products: blend the contract that carries them"
            " (oit specs export writes this one as it is)"
        )
    if at and at not in points:
        raise UserError(f"--at {at}: this is no place for products; there are: {', '.join(points)}")
    words = [each.word for each in payloads]
    if twice := next((word for word in words if words.count(word) > 1), None):
        raise UserError(f"--product: two are named {twice!r}")
    binding = _Binding(schemas, strict=strict)
    components = {payload.word: binding.name(payload) for payload in sorted(payloads, key=lambda each: each.word)}
    binding.parts(payloads)
    for point in [at] if at else points:
        binding.bind(point, components)
    for payload in payloads:
        binding.product(payload, components[payload.word], [at] if at else points)
    schemas.update(binding.made)
    binding.tell_apart()
    if endless := endless_in(schemas, binding.made):
        raise UserError(f"--product: the schema {endless} is made of itself, again and again: no message fits it")
    document["x-oit-blended"] = {
        "oit": __version__,
        "release": release.name,
        "strict": strict,
        "products": [{"type": each.word, "schema": components[each.word]} for each in payloads],
    }
    if binding.untold:
        document[LEFT_OUT] = [each.as_json() for each in binding.untold]
    return Blended(document, tuple(binding.untold))


def places_of(schemas: Mapping[str, Any]) -> list[str]:
    """The schemas of a contract in whose place a product stands."""
    extended = {
        str(part.get("$ref", "")).removeprefix(_COMPONENT)
        for schema in schemas.values()
        for part in schema.get("allOf") or ()
        if isinstance(part, Mapping)
    }
    return [
        name
        for name, schema in schemas.items()
        if schema.get("discriminator") and not schema["discriminator"].get("mapping") and name not in extended
    ]


class _Binding:
    """The components that are made for products, by name, and what of them is not told."""

    def __init__(self, schemas: dict[str, Any], *, strict: bool) -> None:
        self._schemas, self._strict = schemas, strict
        self._names = ComponentNames(schemas)
        self._called: dict[Spot, str] = {}
        self.made: dict[str, Any] = {}
        self.untold: list[Untold] = []

    def name(self, payload: Payload) -> str:
        """The component of a product."""
        return self._names.take(*names_of_product(payload.word))

    def parts(self, payloads: Iterable[Payload]) -> None:
        """Make a component of each schema that a product refers to; names are given in one order, whoever asks first."""
        found: dict[Spot, Sources] = {}
        pieces: set[Spot] = set()
        for payload in payloads:
            waiting = [payload.spot]
            while waiting:
                spot = waiting.pop()
                for target, piece in _led_to(payload.sources, spot, part=spot in pieces):
                    if target not in found or (piece and target not in pieces):
                        waiting.append(target)
                    found.setdefault(target, payload.sources)
                    pieces |= {target} if piece else set()
        for spot in sorted(found, key=lambda each: (each.file.as_posix(), each.pointer)):
            self._called[spot] = self._names.take(*names_of_part(spot))
        for spot, sources in found.items():
            self.made[self._called[spot]] = self._converted(sources, spot, part=spot in pieces)

    def bind(self, point: str, components: Mapping[str, str]) -> None:
        """Have a place choose among the products."""
        schema = self._schemas[point]
        member = schema["discriminator"]["propertyName"]
        mapping = {word: _COMPONENT + name for word, name in components.items()}
        choice = {"propertyName": member, "mapping": mapping}
        if self._strict:
            self._schemas[point] = {
                "description": schema.get("description", "The product payload."),
                "oneOf": [{"$ref": each} for each in mapping.values()],
                "discriminator": choice,
            }
        else:
            schema["discriminator"] = choice
            schema.setdefault("properties", {}).setdefault(member, {"type": "string"})["example"] = next(iter(mapping))

    def product(self, payload: Payload, name: str, points: Sequence[str]) -> None:
        """Make the component of a product: of its schema, and of what its place says."""
        own = self._converted(payload.sources, payload.spot)
        point = self._schemas[points[0]]
        member = point["discriminator"]["propertyName"]
        description = own.pop("description", "")
        if self._strict:
            marked = {"type": "string", "enum": [payload.word], "description": "Which product this is."}
            found = _with_member(own, member, marked)
        else:
            places = [{"$ref": _COMPONENT + each} for each in points]
            parts = own.pop("allOf", [])
            own = {word: value for word, value in own.items() if (word, value) != ("type", "object")}
            found = {"allOf": [*places, *parts, *([{"type": "object", **own}] if own else [])]}
        self.made = {name: {**({"description": description} if description else {}), **found}, **self.made}

    def tell_apart(self) -> None:
        """Give choices within products a discriminator, where one follows from what there is to choose from."""
        why = "told apart by {}, which need not be in a message; a client that is generated may not take one without it"
        for name, member in tell_apart(self._schemas, list(self.made)):
            self.untold.append(Untold(f"{_COMPONENT}{name}", "oneOf", why.format(member)))

    def _converted(self, sources: Sources, spot: Spot, *, part: bool = False) -> dict[str, Any]:
        def refer(reference: str, here: Spot, _: bool) -> str:
            return _COMPONENT + self._called[sources.target(reference, here)]

        dialect = Dialect(refer, _modern(sources), sources.told, self._strict)
        found = dialect.schema(sources.schema(spot), spot, part=part)
        self.untold += dialect.untold
        return found


def _modern(sources: Sources) -> Callable[[Spot], bool]:
    return lambda spot: sources.is_modern(spot.file)


def _led_to(sources: Sources, spot: Spot, *, part: bool) -> list[tuple[Spot, bool]]:
    """Where a schema leads, and whether what is there is one of several parts of an object."""
    seen: list[tuple[Spot, bool]] = []

    def refer(reference: str, here: Spot, piece: bool) -> str:
        seen.append((sources.target(reference, here), piece))
        return ""

    Dialect(refer, _modern(sources), sources.told).schema(sources.schema(spot), spot, part=part)
    return seen


def _with_member(schema: dict[str, Any], member: str, marked: Mapping[str, Any]) -> dict[str, Any]:
    """An object that has one member more, which it must have."""
    if "properties" in schema or not set(schema) - {"type"}:
        required = list(dict.fromkeys([member, *schema.get("required", ())]))
        return {
            **schema,
            "type": "object",
            "required": required,
            "properties": {member: marked, **schema.get("properties", {})},
        }
    parts = schema.pop("allOf", [])
    rest = [schema] if set(schema) - {"type"} else []
    return {"allOf": [{"type": "object", "required": [member], "properties": {member: marked}}, *parts, *rest]}
