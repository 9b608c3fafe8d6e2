"""Our contracts beside the official ones: every difference in structure, none in wording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.plain_yaml import load_yaml
from emulator.record.payload import MISSING, escape
from emulator.standard.contract import ContractEntry
from emulator.standard.release import Release

# Words about the interface rather than facts of it. `summary` and `tags` sort operations for readers.
_PROSE: Final = frozenset({"description", "title", "summary", "example", "examples", "externalDocs", "tags", "xml"})
_INFO_PROSE: Final = frozenset({"contact", "license", "termsOfService"})
# The members of these are named by the standard: a property called `title` is a fact.
_NAMED: Final = frozenset(
    {
        "callbacks", "content", "definitions", "dependencies", "encoding", "headers", "links", "mapping",
        "parameters", "paths", "patternProperties", "properties", "requestBodies", "responses", "schemas",
        "scopes", "securitySchemes", "variables",
    }
)  # fmt: skip
_PRODUCTS: Final = ("productSchema", "schema/productSchema")  # where an SDK has its product schemas
_DATA: Final = frozenset({"const", "default", "enum"})  # values, in which no key is a keyword
_UNORDERED: Final = frozenset({"enum", "required"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two documents differ; MISSING stands for what one of them does not have.

    `where` is a JSON Pointer, with a parameter named by its place (`/query state`), not by its number.
    """

    where: str
    ours: Any
    official: Any

    @property
    def message(self) -> str:
        """The difference in one line."""
        if self.ours is MISSING:
            return f"{self.where}: we lack {self.official!r}"
        if self.official is MISSING:
            return f"{self.where}: we have {self.ours!r}, which the official document lacks"
        return f"{self.where}: we have {self.ours!r}, the official document {self.official!r}"


def diff_documents(ours: dict[str, Any], official: dict[str, Any]) -> list[Difference]:
    """Compare two stand-alone OpenAPI documents; empty where they describe the same interface.

    Not compared: descriptions, titles, summaries, examples, tags, x-*, and the order of `required`, `enum` and
    parameters. References are compared by name and their targets by theirs.
    """
    return list(_compare(_facts(ours), _facts(official), ""))


def diff_release(release: Release, sdk: Path) -> Iterator[tuple[str, Difference]]:
    """Compare all that a release has with an official SDK folder.

    Yields (file of ours below specs/, difference). An official file that is not there is a difference itself. Contracts may also
    lie side by side in that folder; what holds them alone says nothing of products.
    Raises SpecError or FileProblem where a file of ours is wrong.
    """
    for entry, official in official_files(release, sdk).items():
        label = entry.document
        if official is None:
            yield label, Difference("", label, MISSING)
            continue
        ours = release.document(entry.api, entry.kind)
        for difference in diff_documents(ours, load_yaml(official)):
            yield label, difference
        yield from _diff_base_path(entry, ours)
    if has_products(sdk) or not _by_base_path(sdk):
        yield from _diff_products(release, sdk.resolve())


def official_files(release: Release, sdk: Path) -> dict[ContractEntry, Path | None]:
    """The official file of each contract: at its place in the folder, or by where it is served; None where there is none."""
    flat = _by_base_path(sdk)
    at_place = {entry: sdk / entry.official for entry in release.entries}
    return {entry: file if file.is_file() else flat.get(entry.base_path) for entry, file in at_place.items()}


def _by_base_path(sdk: Path) -> dict[str, Path]:
    """Find the contracts in a folder by where they are served: somebody may have copied them there under names of their own."""
    return {found: path for path in sorted(sdk.glob("*.y*ml")) if (found := _base_path(load_yaml(path)))}


def _base_path(document: Any) -> str:
    """Below which path a contract is served, without a slash at its end; "" where it does not say."""
    servers = document.get("servers") if isinstance(document, dict) else None
    return urlsplit(str(servers[0].get("url", ""))).path.rstrip("/") if isinstance(servers, list) and servers else ""


def _diff_base_path(entry: ContractEntry, ours: dict[str, Any]) -> Iterator[tuple[str, Difference]]:
    """Check the version and base path, which the release file repeats for those who open no document."""
    url = str(ours["servers"][0]["url"])
    if not url.rstrip("/").endswith(entry.base_path):
        yield entry.document, Difference("/servers/0/url", entry.base_path, url)
    if entry.version != ours["info"]["version"]:
        yield entry.document, Difference("/info/version", entry.version, ours["info"]["version"])


def _diff_products(release: Release, sdk: Path) -> Iterator[tuple[str, Difference]]:
    """Compare the product payload schemas, and each file that they lead to, once.

    The files have other names and places than the official ones, so files correspond where references do. Several of ours
    may hold the definitions of one official file.
    """
    specs, files = release.specs, _Files(release)
    official_files = {urn: path for name in _PRODUCTS for urn, path in _by_urn(sdk / name).items()}
    for urn, name in release.product_files.items():
        official = official_files.pop(urn, None)
        if official is None:
            yield name, Difference("/$id", urn, MISSING)
        elif not files.pair((specs / name).resolve(), official):
            yield name, Difference("", name, str(official))
    for urn, official in official_files.items():
        yield str(official.relative_to(sdk)), Difference("/$id", MISSING, urn)
    for ours, official in files.waiting:  # grows while it is walked
        for difference in files.differences(ours, official):
            yield _below(ours, specs), difference
    for ours, difference in files.left_out():
        yield _below(ours, specs), difference


class _Files:
    """Files of ours, each with the official one that it corresponds to."""

    def __init__(self, release: Release) -> None:
        self.waiting: list[tuple[Path, Path]] = []
        self._release = release
        self._pairs: dict[Path, Path] = {}
        self._left: dict[Path, dict[str, Any]] = {}  # by official file, the definitions that no file of ours has so far

    def pair(self, ours: Path, official: Path) -> bool:
        """Let two files correspond; False where ours does to another one already."""
        if ours not in self._pairs:
            self._pairs[ours] = official
            self.waiting.append((ours, official))
        return self._pairs[ours] == official

    def differences(self, ours: Path, official: Path) -> Iterator[Difference]:
        """What differs between two files; the definitions that ours does not have may be in another one."""
        left = _absolute(_facts(self._release.product_file(ours)), ours)
        right = _absolute(_facts(load_yaml(official)), official)
        mine, theirs = left.pop("definitions", {}), right.pop("definitions", {})
        rest = self._left.setdefault(official, dict(theirs))
        shared = {name: rest.pop(name, theirs[name]) for name in mine if name in theirs}
        for difference in _compare({**left, "definitions": mine}, {**right, "definitions": shared}, ""):
            source, target = _target(difference, difference.ours), _target(difference, difference.official)
            if source is None or target is None or source[1] != target[1] or not self.pair(source[0], target[0]):
                yield difference

    def left_out(self) -> Iterator[tuple[Path, Difference]]:
        """Official definitions that no file of ours has, each with a file where it belongs."""
        for official, rest in self._left.items():
            ours = next(each for each, other in self._pairs.items() if other == official)
            for name, schema in rest.items():
                yield ours, Difference(f"/definitions/{escape(name)}", MISSING, schema)


def has_products(sdk: Path) -> bool:
    """Whether the folder has product schemas."""
    return any((sdk / name).is_dir() for name in _PRODUCTS)


def _by_urn(folder: Path) -> dict[str, Path]:
    """Find the official product schemas, by their `$id`."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.yaml")):
        parsed = load_yaml(path)
        if isinstance(parsed, dict) and isinstance(parsed.get("$id"), str):
            found[parsed["$id"]] = path.resolve()
    return found


def _absolute(node: Any, file: Path) -> Any:
    """Copy `node`, which stands in `file`, with absolute references: ours then always differ from the official."""
    if isinstance(node, list):
        return [_absolute(part, file) for part in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _absolute(value, file) for key, value in node.items()}
    ref = node.get("$ref")
    if isinstance(ref, str):
        name, _, fragment = ref.partition("#")
        copy["$ref"] = f"{(file.parent / name).resolve() if name else file}#{fragment}"
    return copy


def _target(difference: Difference, ref: Any) -> tuple[Path, str] | None:
    """Split an absolute reference into file and JSON Pointer; None where the difference is no reference."""
    if not difference.where.endswith("/$ref") or not isinstance(ref, str):
        return None
    file, _, fragment = ref.partition("#")
    return Path(file), fragment


def _below(path: Path, folder: Path) -> str:
    root = folder.resolve()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _facts(node: Any, *, named: bool = False, within: str = "") -> Any:
    """Copy `node` without its prose.

    `named`: the keys of this object are names, not keywords. `within` is the key that `node` stands under.
    Keywords that are null say nothing and are left out; so are properties that are a list, where a schema belongs: the
    names of a `required` that slipped in. Parameters become an object by place and name.
    """
    if isinstance(node, list):
        if within == "parameters":
            return _by_place(node)
        return [_facts(part) for part in node]
    if not isinstance(node, dict):
        return node
    if named:
        slips = within == "properties"
        return {key: _facts(value) for key, value in node.items() if not (slips and isinstance(value, list))}
    prose = _PROSE | _INFO_PROSE if within == "info" else _PROSE
    return {
        key: value if key in _DATA else _facts(value, named=key in _NAMED, within=key)
        for key, value in node.items()
        if value is not None and key not in prose and not str(key).startswith("x-")
    }


def _by_place(parameters: list[Any]) -> dict[str, Any]:
    """Key parameters by `in name`: their order means nothing, and a number would hide which one differs."""
    found: dict[str, Any] = {}
    for parameter in parameters:
        known = isinstance(parameter, dict) and "name" in parameter
        key = f"{parameter.get('in')} {parameter['name']}" if known else str(parameter)
        while key in found:
            key += " again"
        facts = _facts(parameter)
        if known and facts.get("required") is False:  # as a parameter is that does not say
            del facts["required"]
        found[key] = facts
    return found


def _compare(ours: Any, official: Any, where: str) -> Iterator[Difference]:
    if isinstance(ours, dict) and isinstance(official, dict):
        for key in [*ours, *(key for key in official if key not in ours)]:
            place = f"{where}/{escape(str(key))}"
            yield from _compare(ours.get(key, MISSING), official.get(key, MISSING), place)
    elif isinstance(ours, list) and isinstance(official, list):
        yield from _compare_lists(ours, official, where)
    elif not _same(ours, official):
        yield Difference(where, ours, official)


def _compare_lists(ours: list[Any], official: list[Any], where: str) -> Iterator[Difference]:
    if where.rpartition("/")[2] in _UNORDERED and not any(isinstance(item, dict | list) for item in [*ours, *official]):
        if Counter(map(_token, ours)) != Counter(map(_token, official)):
            yield Difference(where, ours, official)
        return
    for index in range(max(len(ours), len(official))):
        left = ours[index] if index < len(ours) else MISSING
        right = official[index] if index < len(official) else MISSING
        yield from _compare(left, right, f"{where}/{index}")


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: Python holds true equal to 1."""
    return _token(left) == _token(right)


def _token(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value if isinstance(value, str | int | float) else repr(value)
