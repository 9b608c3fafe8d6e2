"""One contract file of ours, together with what it shares with others, as one stand-alone OpenAPI document."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from emulator.standard.laid import read_laid

# What these files hold has no name in an official document: it stands in place there, so it is put in place.
_IN_PLACE: Final = frozenset({"parameters", "responses", "headers"})
_LOCAL: Final = "#/components/schemas/"


class SpecError(ValueError):
    """A file under specs/ is wrong: a reference leads nowhere, or two schemas want one name."""


def load_document(path: Path, cache: dict[Path, Any] | None = None) -> dict[str, Any]:
    """Read a contract file and bundle it into one OpenAPI document that refers to nothing outside itself. A file that is
    `like` another one holds what differs from it.

    The names under `components.schemas` are those of the official document. The result shares no part with
    the cache, so a caller may change it. Hand the same `cache` (resolved path to parsed file) to several calls
    and each file is parsed once.
    Raises SpecError naming file and reference, FileProblem where a file cannot be read as YAML.
    """
    return _Bundle(path.resolve(), {} if cache is None else cache).document()


def stated(document: dict[str, Any], version: str, base_path: str) -> dict[str, Any]:
    """The document, changed to that version, and to be served below that base path; the host stays."""
    document["info"]["version"] = version
    for server in document.get("servers") or ():
        url = str(server["url"])
        host = "/".join(url.split("/")[:3])
        server["url"] = f"{host}{base_path}{'/' if url.endswith('/') else ''}"
    return document


@lru_cache(maxsize=4096)
def _beside(file: Path, name: str) -> Path:
    """The file that another one names; to find it asks the disk, and the same are asked for a thousand times."""
    return (file.parent / name).resolve()


class _Bundle:
    """The state of one bundling: the schemas taken in so far and those still to be walked."""

    def __init__(self, path: Path, cache: dict[Path, Any]) -> None:
        self._root = path
        self._cache = cache
        self._origin: dict[str, tuple[Path, str]] = {}  # schema name -> file and pointer it comes from
        self._waiting: list[str] = []

    def document(self) -> dict[str, Any]:
        parsed = self._read(self._root, str(self._root))
        if not isinstance(parsed, dict):
            raise SpecError(f"{self._root}: an OpenAPI document is an object")
        components = parsed.get("components") or {}
        listed: dict[str, Any] = components.get("schemas") or {}
        for name, schema in listed.items():
            self._origin[name] = self._source(name, schema)
        # The schemas come last: walking the rest may ask for more of them.
        document = {key: self._walk(value, self._root) for key, value in parsed.items() if key != "components"}
        document["components"] = {
            key: self._walk(value, self._root) for key, value in components.items() if key != "schemas"
        }
        schemas: dict[str, Any] = {}
        self._waiting[:0] = list(listed)
        while self._waiting:
            name = self._waiting.pop(0)
            if name not in schemas:
                schemas[name] = self._walk(*self._target(*self._origin[name]))
        document["components"]["schemas"] = schemas
        return document

    def _source(self, name: str, schema: Any) -> tuple[Path, str]:
        """Say where a listed schema really stands: here, or in the file that its one line points to."""
        return self._led(name, schema, self._root, f"/components/schemas/{name}")

    def _led(self, name: str, schema: Any, file: Path, pointer: str) -> tuple[Path, str]:
        """Follow a schema that is but one line, to the schema of the same name in another file: a shared one, or a contract's."""
        ref = schema.get("$ref") if isinstance(schema, dict) and len(schema) == 1 else None
        if isinstance(ref, str) and not ref.startswith("#"):
            there, place = self._place(ref, file)
            if place in {f"/{name}", f"/components/schemas/{name}"}:
                return self._led(name, self._target(there, place, ref=ref, by=file)[0], there, place)
        return file, pointer

    def _walk(self, node: Any, file: Path) -> Any:
        """Copy `node`, which stands in `file`, with its references made local."""
        if isinstance(node, list):
            return [self._walk(part, file) for part in node]
        if not isinstance(node, dict):
            return node
        ref = node.get("$ref")
        if isinstance(ref, str):
            target, pointer = self._place(ref, file)
            if target.stem in _IN_PLACE and target != self._root:
                if len(node) > 1:
                    raise SpecError(f"{file}: nothing may stand beside the reference {ref}")
                return self._walk(*self._target(target, pointer, ref=ref, by=file))
            rest = {key: self._walk(value, file) for key, value in node.items() if key != "$ref"}
            return {"$ref": self._local(ref, file), **rest}
        copy = {key: self._walk(value, file) for key, value in node.items()}
        choice = node.get("discriminator")
        if isinstance(choice, dict) and isinstance(choice.get("mapping"), dict):
            copy["discriminator"]["mapping"] = {
                value: self._local(ref, file) for value, ref in choice["mapping"].items()
            }
        return copy

    def _local(self, ref: str, file: Path) -> str:
        """Make the reference `ref` of `file` one within the bundle; its target is taken in."""
        target, pointer = self._place(ref, file)
        name = pointer.rpartition("/")[2]
        schema, _ = self._target(target, pointer, ref=ref, by=file)
        here = (target, pointer) if target == self._root else self._led(name, schema, target, pointer)
        if target == self._root:
            if pointer != f"/components/schemas/{name}":
                raise SpecError(f"{file}: {ref} must lead to {_LOCAL}…")
            return _LOCAL + name
        if self._origin.setdefault(name, here) != here:
            other = self._origin[name][0]
            raise SpecError(f"{file}: {ref} brings in a second schema named {name}, beside the one in {other}")
        self._waiting.append(name)
        return _LOCAL + name

    def _place(self, ref: str, file: Path) -> tuple[Path, str]:
        """Split a reference that stands in `file` into the file and the JSON Pointer it names."""
        name, _, pointer = ref.partition("#")
        return (_beside(file, name) if name else file), pointer

    def _target(self, file: Path, pointer: str, *, ref: str = "", by: Path | None = None) -> tuple[Any, Path]:
        """Fetch what stands at `pointer` in `file`, with the file; `ref` and `by` are for the error message."""
        node = self._read(file, f"{by or self._root}: {ref}")
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or key not in node:
                raise SpecError(f"{by or self._root}: {ref or pointer} leads nowhere: {file} has no {pointer}")
            node = node[key]
        return node, file

    def _read(self, file: Path, asked: str) -> Any:
        if file not in self._cache:
            if not file.is_file():
                raise SpecError(f"{asked} leads nowhere: there is no file {file}")
            self._cache[file] = read_laid(file)
        return self._cache[file]
