"""Product and service payloads of an SDK, with the parts that they share, as files below `specs/products`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from emulator.sdk.notes import Notes
from emulator.sdk.reading import SdkFiles
from emulator.sdk.references import References, Target
from emulator.sdk.rings import break_rings
from emulator.sdk.schemas import SchemaMender

FOLDER: Final = "products"
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")
_ENDING: Final = re.compile(r"\.(?:ya?ml|json)\Z", re.IGNORECASE)
_SHEET: Final = re.compile(r"\.product\Z", re.IGNORECASE)


class Payloads:
    """The payload schemas of an SDK: `urns` has the file of each below specs/, `files` what these hold."""

    def __init__(self, found: Iterable[tuple[str, str]], sources: SdkFiles, notes: Notes) -> None:
        self._notes = notes
        self._references = References(sources, notes)
        self._mender = SchemaMender(notes, self._refer, None)
        self._paths: dict[str, str] = {}
        self._known: set[str] = set()
        self._names: dict[tuple[str, str], str] = {}
        self._taken: dict[str, set[str]] = {}
        self._waiting: list[Target] = []
        self._here = ""
        self._made: dict[str, Any] = {}  # `path#/definitions/Name`, or `path#`, to its schema
        self.urns: dict[str, str] = {}
        for urn, file in found:
            self.urns[urn] = self._path(file)
            self._take(Target(file, "", sources.data(file)), file, "")
        while self._waiting:
            target = self._waiting.pop(0)
            self._here = target.file
            schema = self._mender.schema(target.node, target.file, target.pointer, named=True)
            self._made[self._key(target)] = schema
        self._break()
        self.files = self._files()

    def _path(self, file: str) -> str:
        """Where a file of the SDK is below specs/; no two have one path, whatever a disk makes of capitals."""
        if file not in self._paths:
            plain = "/".join(_ODD.sub("_", part).lstrip(".") or "_" for part in _ENDING.sub("", file).split("/"))
            plain = _SHEET.sub("_product", plain)
            path, number = f"{FOLDER}/{plain}.yaml", 1
            while path.lower() in self._known:
                number += 1
                path = f"{FOLDER}/{plain}_{number}.yaml"
            self._known.add(path.lower())
            self._paths[file] = path
        return self._paths[file]

    def _take(self, target: Target, file: str, place: str) -> bool:
        """Have the target of a reference made; False where it is no schema."""
        key = (target.file, target.pointer)
        if key in self._names:
            return True
        if not isinstance(target.node, dict | bool):
            self._notes.mend(file, place, "a reference leads to no schema", "open: anything may stand there")
            return False
        self._names[key] = self._name(target) if target.pointer else ""
        self._waiting.append(target)
        return True

    def _name(self, target: Target) -> str:
        """The name of a definition within its file."""
        taken = self._taken.setdefault(target.file, set())
        plain = _ODD.sub("_", target.pointer.rpartition("/")[2]) or "Schema"
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        return name

    def _refer(self, ref: str, file: str, place: str) -> str | None:
        target = self._references.target(ref, file, place)
        if target is None or not self._take(target, file, place):
            return None
        name = self._names[target.file, target.pointer]
        fragment = f"#/definitions/{name}" if name else ""
        if target.file == self._here:
            return fragment or "#"
        folder = posixpath.dirname(self._path(self._here))
        return posixpath.relpath(self._path(target.file), folder) + fragment

    def _key(self, target: Target) -> str:
        name = self._names[target.file, target.pointer]
        return f"{self._path(target.file)}#" + (f"/definitions/{name}" if name else "")

    def _break(self) -> None:
        """Rings over all files: for that, references are absolute for a moment."""
        for key, schema in self._made.items():
            _each_ref(schema, partial(_absolute, path=key.partition("#")[0]))
        break_rings("", self._made, self._notes)
        for key, schema in self._made.items():
            _each_ref(schema, partial(_relative, path=key.partition("#")[0]))

    def _files(self) -> dict[str, Any]:
        urns = {path: urn for urn, path in self.urns.items()}
        found: dict[str, dict[str, Any]] = {}
        for key, schema in self._made.items():
            path, _, fragment = key.partition("#")
            head = {"$schema": _DRAFT, **({"$id": urns[path]} if path in urns else {})}
            file = found.setdefault(path, head)
            if fragment:
                file.setdefault("definitions", {})[fragment.rpartition("/")[2]] = schema
            else:
                file |= schema
        for file in found.values():
            if "definitions" in file:
                file["definitions"] = file.pop("definitions")  # last, as people look for them
        return found


def _each_ref(schema: Any, change: Callable[[str], str]) -> None:
    """Change every reference in a schema. The keys of `properties` are names, and no words."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                part["$ref"] = change(part["$ref"])
            for key, value in part.items():
                if key in ("properties", "patternProperties"):
                    waiting += value.values()
                elif key not in ("enum", "const", "default"):
                    waiting.append(value)


def _absolute(ref: str, path: str) -> str:
    name, _, fragment = ref.partition("#")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) if name else path
    return f"{file}#{fragment}"


def _relative(ref: str, path: str) -> str:
    file, _, fragment = ref.partition("#")
    name = "" if file == path else posixpath.relpath(file, posixpath.dirname(path))
    return f"{name}#{fragment}" if fragment or not name else name
