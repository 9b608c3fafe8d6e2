"""What an SDK holds, found by content: contracts, payload schemas and documentation; and what is the same thing again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from emulator.errors import UserError
from emulator.sdk.archive import Tree
from emulator.sdk.naming import api_key, base_path, function_of, stem
from emulator.sdk.notes import Notes
from emulator.sdk.reading import SdkFiles, UnreadableSource
from emulator.sdk.swagger import converted

ContractKind = Literal["management", "notification"]
METHODS: Final = ("get", "put", "post", "delete", "patch")
_LAYOUT: Final = frozenset(
    {
        "productapi",
        "serviceapi",
        "api",
        "spec",
        "schema",
        "productschema",
        "serviceschema",
        "generated",
        "staticbinding",
    }
    | {"documentation", "doc", "docs"}
)
"""Folders that an SDK has at its top."""
_AGAIN: Final = frozenset({"generated", "staticbinding"})
"""Folders that hold the same contracts again, with payloads or security built in."""
_CONTRACT: Final = re.compile(r"^\s*[{,]?\s*[\"']?(?:openapi|swagger)[\"']?\s*:", re.MULTILINE)
_PAYLOAD: Final = re.compile(r"\$id")
_LISTENER: Final = "/listener/"
_NO_API: Final = re.compile(r"(?:\A|/)tca[^/]*\Z|\.generate\.", re.IGNORECASE)
_URN: Final = re.compile(r"\Aurn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:\S+\Z")


@dataclass(frozen=True, slots=True, eq=False)
class FoundContract:
    """A contract that was found: `file` within the SDK, API and kind, and its document as it stands there."""

    file: str
    api: str
    kind: ContractKind
    base_path: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundSdk:
    """The parts of one SDK: contracts in the order of their APIs, payload schemas as (URN, file), and its documentation."""

    contracts: tuple[FoundContract, ...]
    payloads: tuple[tuple[str, str], ...]
    documentation: tuple[str, ...]


def opened(tree: Tree) -> tuple[Tree, tuple[str, ...]]:
    """An SDK without the folders that all of it lies in, and the names of these, the innermost first."""
    tops: list[str] = []
    while (top := tree.top()) and top.lower() not in _LAYOUT:
        tops.insert(0, top)
        tree = tree.below(top)
    return tree, tuple(tops)


def find(sources: SdkFiles, notes: Notes) -> FoundSdk:
    """What an SDK holds. UserError where it holds no contract, or several SDKs: they are named then."""
    for name in sources.tree.too_large:
        notes.skip(name, "larger than a file that people write")
    documents = list(_documents(sources, notes))
    contracts = [_contract(file, data, notes) for file, data in documents]
    roots = _roots(contracts)
    if len(roots) > 1:
        named = ", ".join(repr(root or ".") for root in roots)
        raise UserError(
            f"{sources.tree.source}: this holds several SDKs, in {named}: add one of them, by its path "
            f"({sources.tree.source}/{roots[-1]})"
        )
    contracts = list(_paired(_once(contracts, notes), notes))
    if not any(each.kind == "management" for each in contracts):
        raise UserError(
            f"{sources.tree.source}: this is no SDK: no file in it is a contract (OpenAPI or Swagger with paths) that a "
            "seller serves"
        )
    names = {each.file for each in contracts}
    payloads = tuple(_payloads(sources, names, notes))
    documentation = tuple(name for name in sources.tree if name.lower().endswith((".md", ".puml")) and not _again(name))
    return FoundSdk(tuple(contracts), payloads, documentation)


def _again(name: str) -> bool:
    return any(part.lower() in _AGAIN for part in name.split("/")[:-1])


def _documents(sources: SdkFiles, notes: Notes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every document with paths that is not the same again, in OpenAPI."""
    for name in sources.names:
        if not _CONTRACT.search(sources.tree.read(name).decode("latin-1")):
            continue
        if _again(name):
            notes.skip(name, "the same contracts again, with payloads or security built in")
            continue
        try:
            data = sources.data(name)
        except UnreadableSource as error:
            notes.skip(name, f"not readable: {error}")
            continue
        if not isinstance(data, dict) or not isinstance(data.get("paths"), dict):
            continue
        if not any(isinstance(item, dict) and _has_operation(item) for item in data["paths"].values()):
            continue
        if _NO_API.search(name):
            notes.skip(name, "a template or sample, by its name")
            continue
        if "swagger" in data and "openapi" not in data:
            data = converted(name, data, notes)
            sources.put(name, data)
        yield name, data


def _has_operation(item: Mapping[str, Any]) -> bool:
    return "$ref" in item or any(isinstance(item.get(method), dict) for method in METHODS)


def _contract(file: str, data: dict[str, Any], notes: Notes) -> FoundContract:
    paths = [path for path in data["paths"] if isinstance(path, str)]
    tells = all(path.startswith(_LISTENER) for path in paths)
    base = base_path(data.get("servers"))
    if not base:
        base = f"/{stem(file)}"
        notes.mend(file, "/servers", "the contract tells no base path", f"read as {base}")
    return FoundContract(
        file, api_key(file, base, notification=tells), "notification" if tells else "management", base, data
    )


def _root(file: str) -> str:
    """The folder of the SDK that a file belongs to."""
    folders = file.split("/")[:-1]
    at = next((n for n, part in enumerate(folders) if part.lower() in _LAYOUT), len(folders))
    return "/".join(folders[:at])


def _roots(contracts: Iterable[FoundContract]) -> list[str]:
    """The folders of SDKs, where one API stands in more than one of them; else none."""
    holders: dict[str, set[tuple[str, str]]] = {}
    for each in contracts:
        holders.setdefault(_root(each.file), set()).add((each.api, each.kind))
    times = Counter(each for own in holders.values() for each in own)
    return sorted(holders) if any(number > 1 for number in times.values()) else []


def _once(contracts: Iterable[FoundContract], notes: Notes) -> list[FoundContract]:
    """One document for each API and kind: of two that are the same thing, that which needs the least beside."""
    found: dict[tuple[str, str], FoundContract] = {}
    for each in sorted(contracts, key=_weight):
        known = found.setdefault((each.api, each.kind), each)
        if known is each:
            continue
        other = function_of(each.base_path)
        if other and other != function_of(known.base_path) and (other, each.kind) not in found:
            found[other, each.kind] = FoundContract(each.file, other, each.kind, each.base_path, each.data)
        else:
            notes.skip(each.file, f"the same API as {known.file}")
    return sorted(found.values(), key=lambda each: (each.api, each.kind))


def _weight(contract: FoundContract) -> tuple[bool, int, int, str]:
    """Security, references that lead out of the file, length of its name: the least is taken."""
    components = contract.data.get("components")
    secured = "security" in contract.data or (isinstance(components, dict) and bool(components.get("securitySchemes")))
    return secured, sum(1 for _ in _leading_out(contract.data)), len(contract.file), contract.file


def _leading_out(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and not ref.startswith("#"):
                yield ref
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _paired(contracts: Iterable[FoundContract], notes: Notes) -> Iterator[FoundContract]:
    """The contracts, a notification contract under the name of the API that it belongs to."""
    given = list(contracts)
    own = {each.api.lower(): each.api for each in given if each.kind == "management"}
    taken: set[str] = set()
    for each in given:
        if each.kind == "management":
            yield each
            continue
        word = each.api.lower()
        near = [word] if word in own else [name for name in own if name.startswith(word)]
        if len(near) != 1 or near[0] in taken:
            notes.skip(each.file, "a notification contract without the contract that it belongs to")
            continue
        taken.add(near[0])
        yield FoundContract(each.file, own[near[0]], each.kind, each.base_path, each.data)


def _payloads(sources: SdkFiles, contracts: Iterable[str], notes: Notes) -> Iterator[tuple[str, str]]:
    """The payload schemas by their URNs. Of two with one URN that differ, the first by path."""
    found: dict[str, str] = {}
    skipped = frozenset(contracts)
    for name in sources.names:
        if name in skipped or _again(name) or not _PAYLOAD.search(sources.tree.read(name).decode("latin-1")):
            continue
        try:
            data = sources.data(name)
        except UnreadableSource as error:
            notes.skip(name, f"not readable: {error}")
            continue
        urn = data.get("$id") if isinstance(data, dict) else None
        if not isinstance(urn, str) or "paths" in data:
            continue
        if not _URN.match(urn):
            notes.skip(name, f"its $id is no URN: {urn[:100]!r}")
        elif urn not in found:
            found[urn] = name
            yield urn, name
        elif sources.data(found[urn]) == data:
            notes.skip(name, f"the same payload as {found[urn]}")
        else:
            notes.mend(
                name, "/$id", f"{urn} is the $id of another payload too", f"{found[urn]} is taken, the first by path"
            )
