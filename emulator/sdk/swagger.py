"""Swagger 2.0 as OpenAPI 3.0: the words that differ, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.sdk.notes import Notes

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_MOVED: Final = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}
_JSON: Final = "application/json;charset=utf-8"
_BESIDE: Final = frozenset({"name", "in", "required", "description", "allowEmptyValue", "collectionFormat", "$ref"})
"""What of a parameter or header is not about its value."""


def converted(file: str, data: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """A Swagger 2.0 document as OpenAPI 3.0.1. What is not understood is left as it is, for those who read it later."""
    notes.mend(file, "/swagger", "the contract is Swagger 2.0", "read as OpenAPI 3.0.1")
    return _Conversion(data).document()


class _Conversion:
    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._consumes = _types(data.get("consumes")) or [_JSON]
        self._produces = _types(data.get("produces")) or [_JSON]
        self._bodies = {
            name: each
            for name, each in _mapping(data.get("parameters")).items()
            if isinstance(each, dict) and each.get("in") in ("body", "formData")
        }

    def document(self) -> dict[str, Any]:
        data = self._data
        components: dict[str, Any] = {
            "schemas": {name: self._schema(each) for name, each in _mapping(data.get("definitions")).items()},
            "parameters": {
                name: self._parameter(each)
                for name, each in _mapping(data.get("parameters")).items()
                if name not in self._bodies
            },
            "responses": {
                name: self._response(each, self._produces) for name, each in _mapping(data.get("responses")).items()
            },
        }
        host, base = data.get("host"), data.get("basePath")
        url = f"https://{host if isinstance(host, str) and host else '{serverBase}'}{base if isinstance(base, str) else ''}"
        found = {
            "openapi": "3.0.1",
            "info": data.get("info") or {},
            "servers": [{"url": url}],
            "paths": {path: self._item(item) for path, item in _mapping(data.get("paths")).items()},
            "components": components,
        }
        return {**found, "security": data["security"]} if "security" in data else found

    def _item(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        given = item.get("parameters")
        shared: list[Any] = given if isinstance(given, list) else []
        return {
            key: self._operation(value, shared)
            if key in _METHODS and isinstance(value, dict)
            else [self._parameter(each) for each in shared if not self._is_body(each)]
            if key == "parameters"
            else self._schema(value)
            for key, value in item.items()
        }

    def _operation(self, operation: Mapping[str, Any], shared: list[Any]) -> dict[str, Any]:
        given = operation.get("parameters")
        own = given if isinstance(given, list) else []
        kept = {key: value for key, value in operation.items() if key not in ("consumes", "produces", "schemes")}
        produces = _types(operation.get("produces")) or self._produces
        kept["parameters"] = [self._parameter(each) for each in own if not self._is_body(each)]
        bodies = [self._placed(each) for each in (*own, *shared) if self._is_body(each)]
        if bodies:
            kept["requestBody"] = self._body(bodies, _types(operation.get("consumes")) or self._consumes)
        kept["responses"] = {
            str(status): self._response(each, produces) for status, each in _mapping(operation.get("responses")).items()
        }
        return kept

    def _placed(self, parameter: Any) -> Any:
        """A body in place of the reference to it."""
        ref = parameter.get("$ref") if isinstance(parameter, dict) else None
        name = ref.removeprefix("#/parameters/") if isinstance(ref, str) else ""
        return self._bodies.get(name, parameter)

    def _is_body(self, parameter: Any) -> bool:
        placed = self._placed(parameter)
        return isinstance(placed, dict) and placed.get("in") in ("body", "formData")

    def _body(self, bodies: list[Any], consumes: list[str]) -> dict[str, Any]:
        whole = next((each for each in bodies if each.get("in") == "body"), None)
        if whole is not None:
            schema = self._schema(whole.get("schema") or {})
            return {
                "description": whole.get("description") or "",
                "required": whole.get("required") is True,
                "content": {media: {"schema": schema} for media in consumes},
            }
        properties = {str(each.get("name")): self._value(each) for each in bodies}
        schema = {"type": "object", "properties": properties}
        return {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}

    def _parameter(self, parameter: Any) -> Any:
        if not isinstance(parameter, dict) or "$ref" in parameter:
            return self._schema(parameter)
        found = {key: parameter[key] for key in ("name", "in", "required", "description") if key in parameter}
        if isinstance(parameter.get("items"), dict):
            found["explode"] = parameter.get("collectionFormat") == "multi"
        return {**found, "schema": self._value(parameter)}

    def _value(self, described: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of a parameter or header, whose words stand beside its name."""
        schema = described.get("schema")
        if isinstance(schema, dict):
            return dict(self._schema(schema))
        return {key: self._schema(value) for key, value in described.items() if key not in _BESIDE}

    def _response(self, response: Any, produces: list[str]) -> Any:
        if not isinstance(response, dict) or "$ref" in response:
            return self._schema(response)
        found: dict[str, Any] = {"description": response.get("description") or ""}
        if isinstance(response.get("headers"), dict):
            found["headers"] = {
                name: {"description": each.get("description") or "", "schema": self._value(each)}
                for name, each in response["headers"].items()
                if isinstance(each, dict)
            }
        if response.get("schema") is not None:
            schema = self._schema(response["schema"])
            found["content"] = {media: {"schema": schema} for media in produces}
        return found

    def _schema(self, node: Any) -> Any:
        """A schema, or whatever it is, with references where they lead now and discriminators as objects."""
        if isinstance(node, list):
            return [self._schema(each) for each in node]
        if not isinstance(node, dict):
            return node
        found = {
            key: value if key in ("enum", "example", "default", "x-example") else self._schema(value)
            for key, value in node.items()
        }
        ref = found.get("$ref")
        if isinstance(ref, str):
            found["$ref"] = next((new + ref[len(old) :] for old, new in _MOVED.items() if ref.startswith(old)), ref)
        if isinstance(found.get("discriminator"), str):
            found["discriminator"] = {"propertyName": found["discriminator"]}
        if found.get("type") == "file":
            found["type"] = "string"
        return found


def _mapping(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _types(node: Any) -> list[str]:
    return [each for each in node if isinstance(each, str)] if isinstance(node, list) else []
