"""A contract of an SDK as one stand-alone OpenAPI 3.0 document: healed, with local references to schemas only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.record.payload import escape
from emulator.sdk.finding import METHODS, FoundContract
from emulator.sdk.naming import base_path, stem
from emulator.sdk.notes import Notes
from emulator.sdk.reading import SdkFiles
from emulator.sdk.references import References, Target
from emulator.sdk.rings import break_rings
from emulator.sdk.schemas import SchemaMender

LOCAL: Final = "#/components/schemas/"
_JSON: Final = "application/json;charset=utf-8"
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")
_IN_PATH: Final = re.compile(r"\{([^{}/]+)\}")
_PLACES: Final = ("query", "path", "header", "cookie")
_HOPS: Final = 20
_LOOKS: Final = {"description": str, "style": str, "explode": bool}
_OPERATION_WORDS: Final = ("summary", "description", "tags", "deprecated")


def stand_alone(contract: FoundContract, sources: SdkFiles, notes: Notes) -> dict[str, Any]:
    """The contract as a document of its own. What nothing can be made of is left out, and told; it may have no paths then."""
    return _Document(contract, sources, notes).made()


class _Document:
    def __init__(self, contract: FoundContract, sources: SdkFiles, notes: Notes) -> None:
        self._file, self._data, self._notes = contract.file, contract.data, notes
        self._base = contract.base_path
        self._references = References(sources, notes)
        self._mender = SchemaMender(notes, self._refer, self._hoist)
        self._names: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._waiting: list[tuple[str, Target]] = []
        self._ids: set[str] = set()

    def made(self) -> dict[str, Any]:
        info = self._data.get("info")
        info = info if isinstance(info, dict) else {}
        self._list_schemas()
        paths = dict(self._paths())
        schemas: dict[str, Any] = {}
        # Those that are listed come first; what they refer to follows.
        while self._waiting:
            name, target = self._waiting.pop(0)
            schemas[name] = self._mender.schema(target.node, target.file, target.pointer, named=True)
        rings = {LOCAL + name: schema for name, schema in schemas.items()}
        break_rings(self._file, rings, self._notes)
        words = {"title": _text(info.get("title")) or stem(self._file), "version": _text(info.get("version")) or "0"}
        if isinstance(info.get("description"), str):
            words["description"] = info["description"]
        return {
            "openapi": "3.0.1",
            "info": words,
            "servers": [self._server()],
            "paths": paths,
            "components": {"schemas": schemas},
        }

    def _server(self) -> dict[str, Any]:
        """The contract's own server, where that says the base path."""
        servers = self._data.get("servers")
        if isinstance(servers, list) and base_path(servers) == self._base:
            variables = servers[0].get("variables")
            plain = {
                name: {"default": str(told["default"])}
                for name, told in (variables if isinstance(variables, dict) else {}).items()
                if isinstance(told, dict) and isinstance(told.get("default"), str | int)
            }
            return {"url": servers[0]["url"], **({"variables": plain} if plain else {})}
        return {"url": f"https://{{serverBase}}{self._base}/", "variables": {"serverBase": {"default": "server"}}}

    # -- schemas -----------------------------------------------------------------------------------

    def _list_schemas(self) -> None:
        components = self._data.get("components")
        listed = components.get("schemas") if isinstance(components, dict) else None
        for name, node in (listed if isinstance(listed, dict) else {}).items():
            pointer = f"/components/schemas/{escape(name)}"
            target: Target | None = Target(self._file, pointer, node)
            ref = node.get("$ref") if isinstance(node, dict) and len(node) == 1 else None
            own = self._name(name, pointer)
            self._names[self._file, pointer] = own
            # One line that names another file: it stands here under this name.
            if isinstance(ref, str) and not ref.startswith("#"):
                target = self._references.target(ref, self._file, pointer)
                if target is not None:
                    self._names.setdefault((target.file, target.pointer), own)
            self._waiting.append((own, target or Target(self._file, pointer, {})))

    def _name(self, wanted: str, place: str) -> str:
        """A name for a schema that no other has."""
        plain = _ODD.sub("_", wanted) or "Schema"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        if name != wanted:
            self._notes.mend(
                self._file, place, f"a schema cannot be called {wanted!r:.80} here", f"it is called {name}"
            )
        return name

    def _refer(self, ref: str, file: str, place: str) -> str | None:
        target = self._references.target(ref, file, place)
        if target is None:
            return None
        key = (target.file, target.pointer)
        if key not in self._names:
            if not isinstance(target.node, dict | bool):
                self._notes.mend(
                    file, place, f"the reference {ref} leads to no schema", "open: anything may stand there"
                )
                return None
            wanted = target.pointer.rpartition("/")[2] or stem(target.file)
            self._names[key] = self._name(wanted, f"{target.file}#{target.pointer}")
            self._waiting.append((self._names[key], target))
        return LOCAL + self._names[key]

    def _hoist(self, node: dict[str, Any], file: str, place: str) -> str:
        key = (file, place)
        if key not in self._names:
            words = [
                part
                for part in place.split("/")
                if part and part not in ("components", "schemas", "properties", "items")
            ]
            joined = "".join(word[:1].upper() + word[1:] for word in words[-3:])
            self._names[key] = self._name(_ODD.sub("", joined) or "Inner", place)
            self._waiting.append((self._names[key], Target(file, place, node)))
        return LOCAL + self._names[key]

    # -- what is no schema, put in place -------------------------------------------------------------

    def _placed(self, node: Any, file: str, place: str) -> tuple[dict[str, Any], str, str]:
        """An object in place of a reference to it, with the file and place where it stands; an empty one for what is none."""
        for _ in range(_HOPS):
            if not isinstance(node, dict):
                self._notes.mend(file, place, "an object is needed here", "left out")
                return {}, file, place
            ref = node.get("$ref")
            if not isinstance(ref, str):
                return node, file, place
            target = self._references.target(ref, file, place)
            if target is None:
                return {}, file, place
            node, file, place = target.node, target.file, target.pointer
        self._notes.mend(file, place, "a reference leads to itself", "left out")
        return {}, file, place

    def _paths(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for path, raw in self._data["paths"].items():
            here = f"/paths/{escape(path)}"
            item, file, place = self._placed(raw, self._file, here)
            own = _plain_path(path)
            if own != path:
                self._notes.mend(self._file, here, "this is no path below a base path", f"read as {own}")
            if not own.strip("/"):
                self._notes.mend(self._file, here, "an operation stands on the base path itself", "left out")
                continue
            shared = self._parameters(item.get("parameters"), file, f"{place}/parameters")
            found = {}
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    operation = self._operation(method, own, item[method], shared, file, f"{place}/{method}")
                    if operation is not None:
                        found[method] = operation
            for method in ("head", "options", "trace"):
                if method in item:
                    self._notes.mend(file, f"{place}/{method}", f"no API of the standard has {method}", "left out")
            if found:
                yield own, found

    def _operation(
        self, method: str, path: str, raw: Mapping[str, Any], shared: dict[tuple[str, str], Any], file: str, place: str
    ) -> dict[str, Any] | None:
        responses = self._responses(raw.get("responses"), file, f"{place}/responses")
        if not any(status.startswith("2") for status in responses):
            self._notes.mend(
                file, f"{place}/responses", "an operation has no answer of success", "the operation is left out"
            )
            return None
        found: dict[str, Any] = {"operationId": self._id(raw.get("operationId"), method, path, file, place)}
        found |= {key: raw[key] for key in _OPERATION_WORDS if isinstance(raw.get(key), str | list | bool)}
        own = {**shared, **self._parameters(raw.get("parameters"), file, f"{place}/parameters")}
        parameters = self._of_path(own, path, file, f"{place}/parameters")
        if parameters:
            found["parameters"] = parameters
        if raw.get("requestBody") is not None:
            body, where, there = self._placed(raw["requestBody"], file, f"{place}/requestBody")
            content = self._content(body.get("content"), where, f"{there}/content")
            if content:
                found["requestBody"] = {"content": content, **_needed(body)}
        found["responses"] = responses
        return found

    def _id(self, given: Any, method: str, path: str, file: str, place: str) -> str:
        """An operationId that no other operation has."""
        wanted = given.strip() if isinstance(given, str) else ""
        if not wanted:
            words = [word for word in re.split(r"[^A-Za-z0-9]+", path) if word]
            wanted = method + "".join(word[:1].upper() + word[1:] for word in words)
            self._notes.mend(file, place, "an operation has no operationId", f"it is called {wanted}")
        name, number = wanted, 1
        while name in self._ids:
            number += 1
            name = f"{wanted}_{number}"
        if name != wanted:
            self._notes.mend(file, place, f"another operation is called {wanted}", f"this one is called {name}")
        self._ids.add(name)
        return name

    def _parameters(self, raw: Any, file: str, place: str) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {}
        for n, each in enumerate(raw if isinstance(raw, list) else ()):
            node, where, there = self._placed(each, file, f"{place}/{n}")
            name, kind = node.get("name"), node.get("in")
            if kind == "path" and isinstance(name, str):
                name = _plain_name(name)
            if not isinstance(name, str) or kind not in _PLACES:
                if node:
                    self._notes.mend(where, there, "a parameter has no name, or no place that it can have", "left out")
                continue
            schema = node.get("schema")
            if schema is None and isinstance(node.get("content"), dict):
                medium = next(iter(node["content"].values()), None)
                schema = medium.get("schema") if isinstance(medium, dict) else None
            made: dict[str, Any] = {
                "name": name,
                "in": kind,
                **({"required": True} if kind == "path" else _needed(node)),
            }
            made |= _looks(node)
            made["schema"] = self._inline(
                schema if schema is not None else {"type": "string"}, where, f"{there}/schema"
            )
            found[kind, name] = made
        return found

    def _inline(self, schema: Any, file: str, place: str) -> Any:
        """A parameter's or header's schema, and that of its entries, without references: they are read as they stand."""
        node, where, there = self._placed(schema, file, place)
        found = self._mender.schema({key: value for key, value in node.items() if key != "items"}, where, there)
        if node.get("items") is not None:
            found["items"] = self._inline(node["items"], where, f"{there}/items")
        return found

    def _of_path(self, own: dict[tuple[str, str], Any], path: str, file: str, place: str) -> list[Any]:
        """The parameters of an operation; those in the path are the ones that the path has."""
        there = _IN_PATH.findall(path)
        found = []
        for (kind, name), each in own.items():
            if kind == "path" and name not in there:
                self._notes.mend(file, place, f"the path has no {{{name}}}", "the parameter is left out")
            else:
                found.append(each)
        for name in there:
            if ("path", name) not in own:
                self._notes.mend(file, place, f"{{{name}}} of the path is no parameter", "read as a text")
                found.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
        return found

    def _responses(self, raw: Any, file: str, place: str) -> dict[str, Any]:
        given = raw if isinstance(raw, dict) else {}
        found: dict[str, Any] = {}
        for status, each in given.items():
            here = f"{place}/{escape(status)}"
            if re.fullmatch(r"[1-5][0-9][0-9]", status):
                found[status] = self._response(each, file, here)
        for status, each in given.items():
            if status in found:
                continue
            here = f"{place}/{escape(status)}"
            good = status == "default" or status.upper() == "2XX"
            if good and not any(known.startswith("2") for known in found):
                found["200"] = self._response(each, file, here)
                self._notes.mend(file, here, f"{status} is the only answer of success", "read as 200")
            else:
                self._notes.mend(
                    file, here, f"{status} is no status", "left out: other statuses are told by their numbers"
                )
        return dict(sorted(found.items()))

    def _response(self, raw: Any, file: str, place: str) -> dict[str, Any]:
        node, where, there = self._placed(raw, file, place)
        found: dict[str, Any] = {"description": _text(node.get("description"))}
        headers = node.get("headers")
        if isinstance(headers, dict) and headers:
            found["headers"] = {
                name: self._header(each, where, f"{there}/headers/{escape(name)}") for name, each in headers.items()
            }
        content = self._content(node.get("content"), where, f"{there}/content")
        return {**found, "content": content} if content else found

    def _header(self, raw: Any, file: str, place: str) -> dict[str, Any]:
        node, where, there = self._placed(raw, file, place)
        found: dict[str, Any] = {
            **_needed(node),
            **_looks(node),
        }
        schema = node.get("schema")
        found["schema"] = self._inline(schema if schema is not None else {"type": "string"}, where, f"{there}/schema")
        return found

    def _content(self, raw: Any, file: str, place: str) -> dict[str, Any]:
        """Media types with their schemas, JSON first."""
        found = {}
        for media, each in (raw if isinstance(raw, dict) else {}).items():
            here = f"{place}/{escape(media)}"
            schema = each.get("schema") if isinstance(each, dict) else None
            made = {} if schema is None else {"schema": self._mender.schema(schema, file, f"{here}/schema")}
            found[media] = made
        return dict(sorted(found.items(), key=lambda pair: "json" not in pair[0]))


def _plain_path(path: str) -> str:
    """A path below a base path: without a query, and with parameters that are words, none twice."""
    given: set[str] = set()

    def named(found: re.Match[str]) -> str:
        plain, number = _plain_name(found[1]), 1
        name = plain
        while name in given:
            number += 1
            name = f"{plain}_{number}"
        given.add(name)
        return f"{{{name}}}"

    return _IN_PATH.sub(named, "/" + path.partition("?")[0].lstrip("/"))


def _plain_name(name: str) -> str:
    """The name of a path's parameter as a word."""
    return re.sub(r"\A(?=[0-9])|\W", "_", name, flags=re.ASCII)


def _needed(node: Mapping[str, Any]) -> dict[str, bool]:
    """Whether something is required, where that is told."""
    flag = node.get("required")
    if isinstance(flag, str):
        flag = flag.lower() in ("yes", "true", "on")
    return {"required": flag} if isinstance(flag, bool) else {}


def _looks(node: Mapping[str, Any]) -> dict[str, Any]:
    """How a parameter or header is written down, where that is told."""
    return {key: node[key] for key, kind in _LOOKS.items() if isinstance(node.get(key), kind)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
