"""A scenario for an API that nobody wrote one for: by its contract and the kinds of its resources, each operation that needs no
more than they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError
from emulator.parties.filling import Filler, Unfillable
from emulator.sdk.writing import write_yaml
from emulator.standard.kinds.facts import Kind, Kinds, Operation, View
from emulator.standard.release import Release

_NOBODYS: Final = "nobody-has-this"
_NOW: Final = "2026-01-01T08:00:00.000Z"
_TEXTS: Final[Mapping[str, str]] = {"emailAddress": "contact@buyer.example", "number": "+1 555 0100"}
_FUNCTIONS: Final[Mapping[str, str]] = {
    "productOfferingQualification": "poq",
    "productOrder": "order",
    "productInventory": "inventory",
}
"""How the URN of a product that is for one function only calls it, where that is not the API's name."""
_FOUND, _CREATED, _GONE, _UNKNOWN = 200, 201, 204, 404


@dataclass(slots=True)
class Generic:
    """What can be played of an API. `left_out` says of each operation that is not played why not."""

    api: str
    scenario: dict[str, Any]
    left_out: dict[str, str] = field(default_factory=dict)


def generic_scenario(release: Release, api: str) -> Generic:
    """A scenario as its file would have it: subscribe, make, read, find and end what an API has, and look for what it has not."""
    return _Writer(release, api).write()


class _Writer:
    def __init__(self, release: Release, api: str) -> None:
        self._release, self._api = release, api
        self._facts: Kinds = release.kinds.apis[api]
        self._contract = release.contract(api)
        self._flow: list[dict[str, Any]] = []
        self._generic = Generic(api, {})
        self._inputs: dict[str, str] = {}

    def write(self) -> Generic:
        title = self._release.titles[self._api]
        sources: dict[str, Any] = {self._api: {"api": self._api, "servedBy": "seller"}}
        hubs = {one.view: one for one in self._facts.operations.values() if one.kind == "hub"}
        if self._facts.events:
            sources["news"] = {"api": self._api, "kind": "notification", "servedBy": "buyer"}
        self._hub(hubs)
        for operation in self._facts.operations.values():
            if operation.view == "ask":
                self._made(operation, f"ask-{operation.path.strip('/').replace('/', '-')}")
        for kind in self._facts.kinds.values():
            self._kind(kind)
        if "subscribe" in hubs and "unsubscribe" in hubs:
            self._step("unsubscribe", "The subscription is ended", hubs["unsubscribe"], path="subscribe", status=_GONE)
        self._generic.scenario = {
            "oit": "1",
            "id": f"{self._release.name}-{self._api}".lower(),
            "title": f"{title}: what its contract says by itself",
            "tags": ["generic", self._api],
            "sources": sources,
            **({"inputs": self._inputs} if self._inputs else {}),
            "defaults": {"within": "15m"},
            "flow": self._flow,
        }
        return self._generic

    def _hub(self, hubs: Mapping[View, Operation]) -> None:
        if "subscribe" not in hubs:
            return
        body = self._body(hubs["subscribe"], {"callback": "$buyer.callback"})
        if body is None:
            return
        self._step(
            "subscribe",
            "The buyer wants to be told of everything",
            hubs["subscribe"],
            body=body,
            status=_CREATED,
            outputs={"id": "$response.body#/id"},
        )
        if "subscription" in hubs:
            self._step("subscription", "The subscription can be read", hubs["subscription"], path="subscribe")

    def _kind(self, kind: Kind) -> None:
        name = kind.name
        views = {view: self._facts.operations[names[0]] for view, names in kind.views.items() if names}
        source = ""
        if "create" in views and self._made(views["create"], f"{name}-create", kind):
            source = f"{name}-create"
        if "list" in views:
            shown = views["list"]
            self._step(f"{name}-list", f"The {name} is to be found", shown, body=self._body(shown, {}))
        if "retrieve" in views and (source or not kind.views.get("create")):
            if not source:
                self._inputs[f"{name}Id"] = first_id(kind)
                source = f"$inputs.{name}Id"
            self._step(f"{name}-read", f"The {name} can be read", views["retrieve"], path=source)
        if "retrieve" in views and self._can(views["retrieve"], _UNKNOWN):
            self._step(
                f"{name}-unknown", f"A {name} that nobody has", views["retrieve"], path=_NOBODYS, status=_UNKNOWN
            )
        if "query" in views:
            self._made(views["query"], f"{name}-query")
        if "delete" in views and source:
            self._step(f"{name}-delete", f"The {name} is deleted", views["delete"], path=source, status=_GONE)

    def _made(self, operation: Operation, step: str, kind: Kind | None = None) -> bool:
        """A step that sends an example of the request; False where there is none."""
        body = self._body(operation, {})
        if body is None:
            return False
        more: dict[str, Any] = {}
        if kind is not None:
            more = {"outputs": {"id": "$response.body#/id"}}
            if kind.state:
                more["track"] = kind.name
        title = f"A {kind.name} is asked for" if kind else f"What {operation.path} answers at once"
        status = _CREATED if kind and _CREATED in operation.success else operation.success[0]
        self._step(step, title, operation, body=body, status=status, **more)
        return True

    def _body(self, operation: Operation, given: dict[str, Any]) -> Any:
        count = iter(range(1, 10_000))
        texts = {**_TEXTS, "@type": self._product}
        filler = Filler(self._contract, _NOW, lambda: f"example-{next(count)}", {k: v for k, v in texts.items() if v})
        try:
            return filler.fill(operation.request, given) if operation.request else None
        except (Unfillable, UserError) as error:
            self._generic.left_out[operation.id] = f"no example of its request can be made: {error}"
            return None

    @cached_property
    def _product(self) -> str:
        """The URN of a product for an example: of those that are for this function, where each has one of its own."""
        urns, word = list(self._release.products.urns), _FUNCTIONS.get(self._api, self._api)
        return next((urn for urn in urns if urn.rpartition(":")[2] in (word, "all")), urns[0] if urns else "")

    def _can(self, operation: Operation, status: int) -> bool:
        return status in self._contract.operation(operation.id).responses

    def _step(
        self,
        step: str,
        title: str,
        operation: Operation,
        *,
        body: Any = None,
        path: str = "",
        status: int = _FOUND,
        **more: Any,
    ) -> None:
        names = self._contract.operation(operation.id).path_parameters
        request: dict[str, Any] = {}
        if path and names:
            is_step = path != _NOBODYS and not path.startswith("$")
            request["path"] = {names[0]: f"$steps.{path}.outputs.id" if is_step else path}
        if body is not None:
            request["body"] = body
        expected = status if status in self._contract.operation(operation.id).responses else operation.success[0]
        made: dict[str, Any] = {"id": step, "title": title, "call": f"{self._api}.{operation.id}"}
        if request:
            made["request"] = request
        made["response"] = {"status": expected}
        self._flow.append({**made, **{key: value for key, value in more.items() if value}})


def first_id(kind: Kind) -> str:
    """The id of the resource that the seller of a generic profile has of a kind."""
    return f"{kind.name}-1"


def generic_profile(release: Release) -> tuple[dict[str, Any], dict[str, str]]:
    """The profile of a seller that has one resource of each kind that no buyer can make; and why it has none of some."""
    have: dict[str, Any] = {}
    lacking: dict[str, str] = {}
    for kind in _sellers_kinds(release):
        contract = release.contract(kind.api)
        filler = Filler(contract, _NOW, lambda: "example-1", _TEXTS)
        try:
            filler.fill(kind.schema, {"id": first_id(kind)})
        except Unfillable as error:
            lacking[kind.name] = str(error)
            continue
        have[kind.name] = {first_id(kind): {}}
    profile = {
        "name": release.name,
        "seller": {"id": "seller", "name": "Seller", "contact": {}},
        "have": have,
    }
    return profile, lacking


def write_generic(release: Release, folder: Path) -> dict[str, str]:
    """Write a scenario for each API of a release, and its seller's profile; what could not be made, by what it is.

    They are `scenarios/<api>.oit.yaml` and `specs/profiles/<release>.yaml` in the folder of an import.
    """
    profile, left_out = generic_profile(release)
    write_yaml(
        folder / "specs" / "profiles" / f"{release.name}.yaml", profile, "A seller that has one of each; change it."
    )
    for api in release.apis:
        found = generic_scenario(release, api)
        left_out |= {f"{api}.{operation}": why for operation, why in found.left_out.items()}
        write_yaml(
            folder / "scenarios" / f"{api}.oit.yaml", found.scenario, "Made of the contract by oit sdk add; change it."
        )
    return left_out


def _sellers_kinds(release: Release) -> Iterator[Kind]:
    for kind in release.kinds:
        if not kind.views.get("create") and (kind.views.get("retrieve") or kind.views.get("list")):
            yield kind
