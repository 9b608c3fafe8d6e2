"""The contract: one API's operations and message shapes, and every breach of them in a message.

One validator serves both directions. The fast path is one call into jsonschema-rs; only a message that
fails it, or whose members someone wants to know about, is looked at again in Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from emulator.record.call import ErrorCode
from emulator.record.exchange import Party, Request, Response
from emulator.record.payload import MISSING, Parsed, at, parse, unescape
from emulator.standard import bundle, headers
from emulator.standard.breach import Breach, Check
from emulator.standard.engine import Validator, compiled
from emulator.standard.errata import Erratum
from emulator.standard.explain import and_more, breaches_of
from emulator.standard.members import MemberWalk
from emulator.standard.patterns import checkable
from emulator.standard.product import NO_SHEETS, ProductSheets
from emulator.standard.query import Parameter, query_breaches

if TYPE_CHECKING:
    from emulator.standard.payloads.own import OwnProducts

MEDIA_TYPE: Final = "application/json;charset=utf-8"
"""The media type as every Sonata contract spells it."""
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_CLIENT_ERROR = 400
_ROOT: Final = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request or response carries: the name of the compiled root schema, and its media types."""

    root: str
    media_types: tuple[str, ...]

    @property
    def any_media_type(self) -> bool:
        return "*/*" in self.media_types


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a contract; `id` is the operationId, `path` the template below the base path.

    `responses` gives for each status its body, None where it has none.
    """

    id: str
    method: str
    path: str
    path_parameters: tuple[str, ...]
    query: tuple[Parameter, ...]
    request: Body | None
    responses: Mapping[int, Body | None]
    response_headers: Mapping[int, Mapping[str, Any]]

    @property
    def success(self) -> int:
        """The status of success: the first 2xx."""
        return min(status for status in self.responses if status < _CLIENT_ERROR)


@dataclass(frozen=True, slots=True)
class ContractEntry:
    """A line of a release file: which document is which contract, and where the official one is."""

    api: str
    kind: str
    guide: str
    document: str
    version: str
    base_path: str
    served_by: Party
    official: str


@dataclass(frozen=True, eq=False)
class Products:
    """What a release knows of product payloads: definitions, URN -> definition, wrong URN -> right URN, and what the
    documents of products say beside. `by_api` has for an API the definitions that describe a product there and nowhere else.
    """

    definitions: bundle.Definitions
    urns: Mapping[str, str]
    aliases: Mapping[str, str]
    sheets: ProductSheets = NO_SHEETS
    by_api: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def every_spelling(self, api: str) -> dict[str, str]:
        """URN -> definition in an API, known wrong spellings included."""
        wrong = {alias: self.urns[right] for alias, right in self.aliases.items() if right in self.urns}
        return {**self.urns, **wrong, **self.by_api.get(api, {})}

    def describing(self, urn: str) -> tuple[str, ...]:
        """Every definition that describes the product that a URN names, in one API or another; none where we do not know it."""
        found = [self.urns.get(self.aliases.get(urn, urn)), *(each.get(urn) for each in self.by_api.values())]
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def beside(self, own: OwnProducts) -> Products:
        """These, and products of somebody's own."""
        by_api: dict[str, dict[str, str]] = {}
        for urn, schemas in own.schemas.items():
            for api, name in schemas.items():
                by_api.setdefault(api, {})[urn] = name
        return Products(
            {**self.definitions, **own.definitions},
            {**self.urns, **by_api.pop("", {})},
            self.aliases,
            replace(self.sheets, own=own.sheets),
            by_api,
        )

    def attributes(self, urn: str) -> frozenset[str]:
        """The attributes at the top of the product that a URN names; none where we do not know it."""
        if urn not in self._found:
            if not (known := self.describing(urn)):
                return frozenset()  # strangers name what they like: that is not kept
            self._found[urn] = self._tops(known)
        return self._found[urn]

    @cached_property
    def _found(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def every_attribute(self) -> frozenset[str]:
        """The attributes at the top of all products, without those whose names may as well mean something else."""
        names = [*self.urns.values(), *(name for each in self.by_api.values() for name in each.values())]
        return self._tops(names) - _ANYBODYS

    def attributes_of(self, configuration: Any) -> frozenset[str]:
        """The attributes that belong into a configuration: those of the product that it names, or of any where it names
        none. Of a product that we do not know nobody can say.
        """
        urn = configuration.get("@type") if isinstance(configuration, dict) else None
        return self.attributes(urn) if isinstance(urn, str) else self.every_attribute

    def _tops(self, names: Iterable[str]) -> frozenset[str]:
        waiting: list[Any] = [self.definitions.get(name) for name in names]
        found: set[str] = set()
        while waiting:
            schema = waiting.pop()
            if isinstance(schema, dict):
                found |= set(schema.get("properties") or ())
                waiting += schema.get("allOf") or ()
                waiting.append(self.definitions.get(str(schema.get("$ref", "")).removeprefix("#/definitions/")))
        return frozenset(found)


_ANYBODYS: Final = frozenset({"@type", "identifier"})


class Contract:
    """One API's management or notification contract in one release."""

    def __init__(
        self,
        entry: ContractEntry,
        release: str,
        document: dict[str, Any],
        errata: Sequence[Erratum] = (),
        products: Products | None = None,
    ) -> None:
        """`document` is stand-alone OpenAPI, and is ours to change: the errata are applied to it."""
        self.api, self.kind, self.release, self.version = entry.api, entry.kind, release, entry.version
        self.base_path, self.served_by = entry.base_path, entry.served_by
        self.document = document
        for patch in errata:
            _apply(document, patch)
        self._products = products or Products({}, {}, {})
        self._roots: dict[str, dict[str, Any]] = {}
        self._definitions = {
            **self._products.definitions,
            **bundle.envelope_definitions(
                document.get("components", {}).get("schemas", {}), self._products.every_spelling(self.api)
            ),
        }
        self._validators: dict[str, Validator] = {}
        self._read_only: dict[str, bool] = {}
        self._members = MemberWalk(self._definitions, self._products.aliases)
        self.operations: dict[str, Operation] = {op.id: op for op in self._read_operations()}

    def __repr__(self) -> str:
        return f"Contract({self.api} {self.kind} {self.version}, {self.release})"

    def operation(self, operation_id: str) -> Operation:
        """The operation of that id; KeyError where there is none."""
        return self.operations[operation_id]

    def retrieval(self, path: str) -> Operation | None:
        """The GET of one resource of the collection that a path belongs to: `/quote` gives GET `/quote/{id}`."""
        wanted = (path.rpartition("/")[0] if path.endswith("}") else path) + "/{id}"
        return next((each for each in self.operations.values() if (each.method, each.path) == ("GET", wanted)), None)

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation for a method and a path below the base path, with its path parameters."""
        for pattern, operation in self._routes:
            if operation.method == method.upper() and (match := pattern.fullmatch(path)):
                return operation, match.groupdict()
        return None

    def methods_of(self, path: str) -> list[str]:
        """The methods that a path below the base path knows; empty where the path is unknown."""
        return [operation.method for pattern, operation in self._routes if pattern.fullmatch(path)]

    @cached_property
    def _routes(self) -> list[tuple[re.Pattern[str], Operation]]:
        def regex(template: str) -> re.Pattern[str]:
            parts = re.split(r"\{([^}]+)\}", template)
            text = "".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
            return re.compile(text)

        also: dict[str, list[str]] = {}
        for path, same in self.same_paths():
            also.setdefault(same, []).append(path)
        return [
            (regex(path), operation)
            for operation in self.operations.values()
            for path in (operation.path, *also.get(operation.path, ()))
        ]

    def same_paths(self) -> Iterator[tuple[str, str]]:
        """Each path that an erratum has as another spelling (`$ref`) of one of the contract's, with that."""
        for path, item in self.document["paths"].items():
            if same := item.get("$ref"):
                yield path, unescape(same.rpartition("/")[2])

    # -- what is wrong with a message --------------------------------------------------------------

    def request_breaches(self, operation_id: str, request: Request, *, advisory: bool = True) -> list[Breach]:
        """Every breach of a request: query, media type, body. With `advisory`, warnings too."""
        operation = self.operations[operation_id]
        found = query_breaches(operation.query, request.query, advisory=advisory)
        if operation.request is None:
            return found
        found += headers.media_type_breaches(request, any_type=operation.request.any_media_type)
        return found + self._message_breaches(operation.request.root, request.parsed, "request", advisory=advisory)

    def response_breaches(self, operation_id: str, response: Response, *, advisory: bool = True) -> list[Breach]:
        """Every breach of a response: status, media type, declared headers, body.

        A status of 4xx or 5xx that the contract does not list is no breach: the guides let any code of
        RFC 7231 be used, and its body is then free.
        """
        operation = self.operations[operation_id]
        if response.status not in operation.responses:
            if response.status >= _CLIENT_ERROR:
                return []
            expected = sorted(operation.responses)
            return [Breach("", expected, response.status, "the contract lists no such status", Check.STATUS)]
        body = operation.responses[response.status]
        found = headers.header_breaches(operation.response_headers.get(response.status, {}), response)
        if body is None:
            if response.raw.strip():
                found.append(Breach("", "no body", "a body", f"{response.status} carries no body", Check.SCHEMA))
            return found
        found += headers.media_type_breaches(response, any_type=body.any_media_type)
        return found + self._message_breaches(body.root, response.parsed, "response", advisory=advisory)

    def takes(self, operation_id: str, status: int, raw: bytes) -> bool:
        """Whether a body would do as the answer of an operation with this status."""
        body = self.operations[operation_id].responses.get(status)
        return body is not None and not self._message_breaches(body.root, parse(raw), "response", advisory=False)

    def body_breaches(
        self, schema: str, parsed: Parsed, direction: str = "request", *, advisory: bool = True
    ) -> list[Breach]:
        """Every breach of a body against a component schema: `Quote`, or `[Quote_Find]` for a list."""
        root = schema
        if schema.startswith("["):
            self._roots.setdefault(schema, {"type": "array", "items": {"$ref": f"#/definitions/{schema[1:-1]}"}})
        else:
            self._roots.setdefault(schema, {"$ref": f"#/definitions/{schema}"})
        return self._message_breaches(root, parsed, direction, advisory=advisory)

    def _message_breaches(self, root: str, parsed: Parsed, direction: str, *, advisory: bool) -> list[Breach]:
        if parsed.value is MISSING:
            return [
                Breach("", "a JSON body", MISSING, parsed.problem or "", Check.UNREADABLE, ErrorCode.INVALID_FORMAT)
            ]
        found = [
            Breach(
                place,
                "one member of this name",
                at(parsed.value, place),
                "the member is given twice: readers differ in which of the two they take",
                Check.DUPLICATE,
                ErrorCode.UNEXPECTED_PROPERTY,
            )
            for place in parsed.duplicates
        ]
        if parsed.duplicated > len(found):
            found.append(and_more(found[-1], parsed.duplicated - len(found)))
        found += breaches_of(self._validator(root), parsed.value)
        if advisory or (direction == "request" and self._has_read_only(root)):
            found += self._members.breaches(self._roots[root], parsed.value, direction, advisory=advisory)
        return found

    @property
    def definitions(self) -> Mapping[str, Any]:
        """The schemas of the contract and of all product payloads, as a validator has them, by name."""
        return self._definitions

    def validator(self, root: str) -> Validator:
        """The compiled validator of a root schema, for benches and differential tests."""
        return self._validator(root)

    def bundle_of(self, root: str) -> dict[str, Any]:
        """A root schema with all that it needs as one document."""
        return {**self._roots[root], "definitions": self._definitions}

    def _validator(self, root: str) -> Validator:
        if root not in self._validators:
            checked = checkable({_ROOT: self._roots[root], **self._definitions})
            self._validators[root] = compiled({**checked.pop(_ROOT), "definitions": checked})
        return self._validators[root]

    def _has_read_only(self, root: str) -> bool:
        """Whether a readOnly member can be reached, so that requests need the walk."""
        if root not in self._read_only:
            seen: set[str] = set()
            stack: list[Any] = [self._roots[root]]
            found = False
            while stack and not found:
                node = stack.pop()
                if isinstance(node, list):
                    stack.extend(node)
                elif isinstance(node, dict):
                    found = node.get("readOnly") is True
                    name = str(node.get("$ref", "")).rpartition("/")[2]
                    if name and name not in seen:
                        seen.add(name)
                        stack.append(self._definitions[name])
                    stack.extend(node.values())
            self._read_only[root] = found
        return self._read_only[root]

    # -- reading the document ----------------------------------------------------------------------

    def _read_operations(self) -> Iterable[Operation]:
        for path, item in self.document["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                raw = item[method]
                parameters = [*item.get("parameters", []), *raw.get("parameters", [])]
                yield Operation(
                    id=raw["operationId"],
                    method=method.upper(),
                    path=path,
                    path_parameters=tuple(p["name"] for p in parameters if p["in"] == "path"),
                    query=tuple(Parameter.read(p) for p in parameters if p["in"] == "query"),
                    request=self._body(raw.get("requestBody"), raw["operationId"] + " request"),
                    responses={
                        int(status): self._body(response, f"{raw['operationId']} {status}")
                        for status, response in raw["responses"].items()
                    },
                    response_headers={
                        int(status): response["headers"]
                        for status, response in raw["responses"].items()
                        if response.get("headers")
                    },
                )

    def _body(self, raw: Mapping[str, Any] | None, name: str) -> Body | None:
        content = (raw or {}).get("content")
        if not content:
            return None
        schema = next(iter(content.values())).get("schema", {})
        self._roots[name] = bundle.plain(schema)
        return Body(name, tuple(content))


def _apply(document: dict[str, Any], erratum: Erratum) -> None:
    """Apply one erratum; ValueError where it fits nothing, so that none is lost unnoticed."""
    parent, _, last = erratum.at.rpartition("/")
    target, there, change = at(document, parent), at(document, erratum.at), erratum.change
    key: Any = int(last) if isinstance(target, list) and last.isdecimal() else unescape(last)
    if change.op == "remove" and isinstance(there, list) and change.value is not MISSING:
        there.remove(change.value)
    elif change.op == "remove" and there is not MISSING:
        del target[key]
    elif change.op == "add" and isinstance(target, list) and last == "-":
        target.append(change.value)
    elif change.op != "remove" and isinstance(target, dict):
        target[key] = change.value
    else:
        raise ValueError(f"erratum {erratum.id}: nothing at {erratum.at}")
