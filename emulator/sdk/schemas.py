"""Schemas as they were meant: what says nothing is left out, what is misspelt is put right, and each of it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.record.payload import escape
from emulator.sdk.notes import Notes

Refer = Callable[[str, str, str], str | None]
"""Makes of a reference, its file and its place the reference that stands there from now on; None for an open schema."""
Hoist = Callable[[dict[str, Any], str, str], str]
"""Gives a schema within another one a name of its own: the schema, its file and its place; the reference to it."""

_TYPES: Final = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_FLAGS: Final = frozenset({"readOnly", "uniqueItems", "nullable", "deprecated"})
_SIZES: Final = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_BOUNDS: Final = frozenset({"minimum", "maximum", "multipleOf"})
_EXCLUSIVE: Final = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_LISTS: Final = frozenset({"allOf", "oneOf", "anyOf"})
_ONE: Final = frozenset({"not", "if", "then", "else", "additionalItems", "contains", "propertyNames"})
_MAPS: Final = frozenset({"properties", "patternProperties"})
_DATA: Final = frozenset({"const", "default"})
_WORDS: Final = frozenset({"description", "title", "format", "pattern"})
_SILENT: Final = frozenset(
    {
        "$id",
        "$schema",
        "$comment",
        "id",
        "definitions",
        "$defs",
        "xml",
        "externalDocs",
        "example",
        "examples",
        "$anchor",
    }
    | {"contentEncoding", "contentMediaType", "name", "in"}
)
"""What says nothing of a value, or is found by reference."""
_BESIDE: Final = frozenset({"$ref", "description", "title", "readOnly", "example", "examples", "deprecated", "default"})
"""What may stand beside a reference."""
_YES: Final = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_LEFT_OUT: Final = "left out"


class SchemaMender:
    """Mends the schemas of an SDK, of contracts (OpenAPI 3.0) or of payloads (draft-07)."""

    def __init__(self, notes: Notes, refer: Refer, hoist: Hoist | None) -> None:
        """`hoist` is None for payloads: there a discriminator and `nullable` are no words."""
        self._notes, self._refer, self._hoist = notes, refer, hoist

    def schema(self, node: Any, file: str, place: str, *, named: bool = False) -> Any:
        """The schema that is meant. `named`: it has a name, so that others can refer to it."""
        if isinstance(node, bool):
            return {} if node else {"not": {}}
        if not isinstance(node, dict):
            what = "a schema is null" if node is None else "a schema is no object"
            self._notes.mend(file, place, what, "open: anything may stand there")
            return {}
        if isinstance(node.get("$ref"), str):
            return self._reference(node, file, place)
        if not named and self._hoist and isinstance(node.get("discriminator"), dict | str):
            self._notes.mend(file, place, "a schema without a name has a discriminator", "it has a name now")
            return {"$ref": self._hoist(node, file, place)}
        found: dict[str, Any] = {}
        for key, value in node.items():
            if key in (*_DATA, "enum") and _refers(value):
                self._notes.mend(file, f"{place}/{escape(key)}", f"a value of {key} is a reference", _LEFT_OUT)
            elif value is None and key not in _DATA:
                if key not in _SILENT:
                    self._notes.mend(file, f"{place}/{escape(key)}", f"{key} is null", _LEFT_OUT)
            else:
                self._word(found, key, value, file, place)
        self._bounds(found, file, place)
        self._enum(found, file, place)
        self._required(found, node, file, place)
        return found

    def _reference(self, node: Mapping[str, Any], file: str, place: str) -> dict[str, Any]:
        beside = [key for key in node if key not in _BESIDE and not key.startswith("x-")]
        if beside:
            self._notes.mend(file, place, f"{', '.join(beside)} stands beside a $ref", "left out: a $ref stands alone")
        ref = self._refer(str(node["$ref"]), file, place)
        found: dict[str, Any] = {} if ref is None else {"$ref": ref}
        if node.get("readOnly") is True:
            found["readOnly"] = True
        return found

    # -- words -------------------------------------------------------------------------------------

    def _word(self, found: dict[str, Any], key: str, value: Any, file: str, place: str) -> None:  # noqa: C901, PLR0912
        """One keyword with its value, put into `found` as it is meant."""
        here = f"{place}/{escape(key)}"
        if key in _DATA or key in ("enum", "required", *_EXCLUSIVE):
            found[key] = value
        elif key in _MAPS:
            found[key] = self._named(value, file, here)
        elif key in _LISTS:
            if parts := self._list(value, file, here):
                found[key] = parts
        elif key in _ONE:
            found[key] = self.schema(value, file, here)
        elif key == "items":
            found[key] = self._items(value, file, here)
        elif key == "additionalProperties":
            flag = self._flag(value)
            found[key] = self.schema(value, file, here) if flag is None else flag
        elif key == "type":
            if (kind := self._type(value, file, here)) is not None:
                found[key] = kind
        elif key in _WORDS:
            if isinstance(value, str):
                found[key] = value
            elif key in ("description", "title") and not isinstance(value, dict | list):
                found[key] = str(value)
            else:
                self._notes.mend(file, here, f"{key} is no text", _LEFT_OUT)
        elif key in _FLAGS:
            self._flags(found, key, value, file, here)
        elif key in _SIZES or key in _BOUNDS:
            number = _number(value, whole=key in _SIZES)
            if (
                number is None
                or (key not in {"minimum", "maximum"} and number < 0)
                or (key == "multipleOf" and not number)
            ):
                self._notes.mend(file, here, f"{key} is no number that it can be", _LEFT_OUT)
            else:
                found[key] = number
        elif key == "discriminator":
            self._discriminator(found, value, file, here)
        elif key not in _SILENT and not key.startswith("x-"):
            self._notes.mend(file, here, f"{key} is no word that is judged by", _LEFT_OUT)

    def _named(self, value: Any, file: str, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._notes.mend(file, place, "properties are no object", _LEFT_OUT)
            return {}
        found = {}
        for name, child in value.items():
            here = f"{place}/{escape(name)}"
            if not isinstance(child, dict | bool):
                what = "a property is null" if child is None else f"a property, {name}, is no schema"
                how = "open: anything may stand there" if child is None else _LEFT_OUT
                self._notes.mend(file, here, what, how)
                if child is not None:
                    continue
                child = {}  # noqa: PLW2901 - null says as much as an empty schema
            found[name] = self.schema(child, file, here)
        return found

    def _list(self, value: Any, file: str, place: str) -> list[Any]:
        if isinstance(value, dict):
            self._notes.mend(file, place, "one schema stands where a list of them belongs", "read as a list of one")
            value = [value]
        if not isinstance(value, list):
            self._notes.mend(file, place, "a list of schemas is none", _LEFT_OUT)
            return []
        return [self.schema(each, file, f"{place}/{n}") for n, each in enumerate(value)]

    def _items(self, value: Any, file: str, place: str) -> Any:
        if isinstance(value, list) and self._hoist is None:
            return [self.schema(each, file, f"{place}/{n}") for n, each in enumerate(value)]
        return self.schema(value, file, place)

    def _type(self, value: Any, file: str, place: str) -> Any:
        kinds = value if isinstance(value, list) else [value]
        known = [str(each).lower() for each in kinds if str(each).lower() in _TYPES]
        if len(known) < len(kinds) or not known:
            self._notes.mend(file, place, f"{value!r:.60} is no type", _LEFT_OUT)
            return None
        if known != kinds:
            self._notes.mend(file, place, f"the type is written {value!r:.60}", f"read as {', '.join(known)}")
        known = list(dict.fromkeys(known))
        return known if isinstance(value, list) and len(known) > 1 else known[0]

    def _flags(self, found: dict[str, Any], key: str, value: Any, file: str, place: str) -> None:
        flag = self._flag(value)
        if flag is None:
            self._notes.mend(file, place, f"{key} is neither true nor false", _LEFT_OUT)
        elif key == "nullable" and self._hoist is None:
            self._notes.mend(file, place, "nullable is no word of payload schemas", _LEFT_OUT)
        elif key != "deprecated":
            if not isinstance(value, bool):
                self._notes.mend(file, place, f"{key} is {value!r:.20}", f"read as {str(flag).lower()}")
            found[key] = flag

    @staticmethod
    def _flag(value: Any) -> bool | None:
        return value if isinstance(value, bool) else _YES.get(value.lower()) if isinstance(value, str) else None

    # -- what belongs together -----------------------------------------------------------------------

    def _bounds(self, found: dict[str, Any], file: str, place: str) -> None:
        for key, plain in _EXCLUSIVE.items():
            value = found.get(key)
            if isinstance(value, bool):
                self._notes.mend(
                    file, f"{place}/{key}", f"{key} is true or false", f"read with {plain}, as older schemas mean it"
                )
                del found[key]
                if value and plain in found:
                    found[key] = found.pop(plain)
            elif key in found and _number(value, whole=False) is None:
                self._notes.mend(file, f"{place}/{key}", f"{key} is no number that it can be", _LEFT_OUT)
                del found[key]

    def _enum(self, found: dict[str, Any], file: str, place: str) -> None:
        values = found.get("enum")
        if "enum" not in found:
            return
        if not isinstance(values, list) or not values:
            self._notes.mend(file, f"{place}/enum", "an enum is no list of values", _LEFT_OUT)
            del found["enum"]
            return
        if found.get("type") == "string" and any(isinstance(each, bool | int | float) for each in values):
            self._notes.mend(
                file, f"{place}/enum", "values of a text are none", "read as the texts that they are written as"
            )
            values = [_written(each) for each in values]
        once: list[Any] = []
        for each in values:
            if not any(each == other and type(each) is type(other) for other in once):
                once.append(each)
        found["enum"] = once

    def _required(self, found: dict[str, Any], node: Mapping[str, Any], file: str, place: str) -> None:
        names = found.pop("required", None)
        if names is None:
            return
        if not isinstance(names, list):
            self._notes.mend(file, f"{place}/required", "required is no list of names", _LEFT_OUT)
            return
        kept = list(dict.fromkeys(str(each) for each in names if isinstance(each, str | int)))
        if not kept:
            return
        found["required"] = kept
        own = found.get("properties", {})
        missing = [name for name in kept if name not in own]
        if missing and "properties" in node and not _LISTS & node.keys():
            self._notes.mend(
                file,
                f"{place}/required",
                f"required names no property: {', '.join(missing)}",
                "kept: it is required all the same",
            )

    def _discriminator(self, found: dict[str, Any], value: Any, file: str, place: str) -> None:
        if self._hoist is None:
            self._notes.mend(file, place, "a discriminator is no word of payload schemas", _LEFT_OUT)
            return
        choice = {"propertyName": value} if isinstance(value, str) else value
        name = choice.get("propertyName") if isinstance(choice, dict) else None
        if not isinstance(name, str) or not name:
            self._notes.mend(file, place, "a discriminator names no property", _LEFT_OUT)
            return
        found["discriminator"] = {"propertyName": name}
        mapping = choice.get("mapping")
        if not isinstance(mapping, dict):
            return
        known = {}
        for word, ref in mapping.items():
            here = f"{place}/mapping/{escape(word)}"
            target = ref if isinstance(ref, str) else ""
            if target and not any(ch in target for ch in "#/."):
                target = f"#/components/schemas/{target}"
            made = self._refer(target, file, here) if target else None
            if made is not None:
                known[word] = made
        if known:
            found["discriminator"]["mapping"] = known


def _number(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:  # noqa: PLR2004
        return None
    return int(value) if float(value).is_integer() and (whole or isinstance(value, int)) else None if whole else value


def _refers(value: Any) -> bool:
    """Whether data holds what readers of documents take for a reference."""
    if isinstance(value, list):
        return any(map(_refers, value))
    return isinstance(value, dict) and ("$ref" in value or any(map(_refers, value.values())))


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
