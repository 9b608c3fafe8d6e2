"""A release of the standard: its contracts, product payloads and errata, read from `specs/`."""

from __future__ import annotations

import difflib
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from emulator.errors import UserError
from emulator.settings import specs_dir
from emulator.standard import bundle
from emulator.standard.contract import Contract, ContractEntry, Products
from emulator.standard.document import load_document
from emulator.standard.interpretation import Interpretation, load_interpretations
from emulator.standard.kinds.load import SHEET_FILE, ReleaseKinds, load_kinds
from emulator.standard.source import read_source
from emulator.wire.exchange import Party


class Release:
    """One release. Contracts and payloads are read when first asked for, and kept."""

    def __init__(self, name: str, specs: Path) -> None:
        self.name = name
        self.specs = specs
        self.file = specs / "releases" / f"{name}.yaml"
        self.errata_file = specs / "releases" / f"{name}-errata.yaml"
        self._table: dict[str, Any] = read_source(self.file)
        self._contracts: dict[tuple[str, str], Contract] = {}
        self._documents: dict[Path, Any] = {}

    @cached_property
    def entries(self) -> tuple[ContractEntry, ...]:
        """Every contract of the release, in the order of a purchase."""
        return tuple(
            ContractEntry(
                api=api,
                kind=kind,
                guide=row["guide"],
                document=contract["document"],
                version=contract["version"],
                base_path=contract["base_path"].rstrip("/"),
                served_by=Party(contract["servedBy"]),
                official=contract["official"],
            )
            for api, row in self._table["apis"].items()
            for kind, contract in row["contracts"].items()
        )

    @cached_property
    def spellings(self) -> dict[str, tuple[str, str | None]]:
        """Every name under which an API is known: its own, its aliases, its official file's."""
        names: dict[str, tuple[str, str | None]] = {}
        for api, row in self._table["apis"].items():
            for name in (api, *row.get("alias", [])):
                names[name] = (api, None)
        for entry in self.entries:
            file = entry.official.rpartition("/")[2]
            names[file] = names[file.removesuffix(".api.yaml")] = (entry.api, entry.kind)
        return names

    @property
    def apis(self) -> tuple[str, ...]:
        """Every API, in the order of a purchase."""
        return tuple(self._table["apis"])

    def sheet(self, api: str) -> Path:
        """Where the sheet of an API is: as the release file says, else beside the management contract."""
        row = self._table["apis"][api]
        beside = Path(row["contracts"]["management"]["document"]).with_name(SHEET_FILE)
        return self.specs / str(row.get("resources", beside))

    @cached_property
    def kinds(self) -> ReleaseKinds:
        """The kinds of resource, what each operation does with them, and the events. FileProblem where a sheet is wrong."""
        return load_kinds(self)

    def api(self, name: str) -> str:
        """The API's own name for any of its spellings; UserError with a suggestion for an unknown one."""
        if name not in self.spellings:
            near = difflib.get_close_matches(name, self.spellings, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(self._table["apis"])
            message = f"{name!r} is not an API of release {self.name}.{hint} Known: {known}."
            raise UserError(message)
        return self.spellings[name][0]

    def contract(self, api: str, kind: str | None = None) -> Contract:
        """A contract by the API's name, alias or official file name; `kind` defaults to management."""
        name = self.api(api)
        wanted = kind or self.spellings[api][1] or "management"
        key = (name, wanted)
        if key not in self._contracts:
            entry = next((e for e in self.entries if (e.api, e.kind) == key), None)
            if entry is None:
                message = f"{name} has no {wanted} contract in release {self.name}."
                raise UserError(message)
            self._contracts[key] = Contract(
                entry,
                self.name,
                load_document(self.specs / entry.document, self._documents),
                [patch for patch in self.errata if (patch["api"], patch["contract"]) == key],
                self.products,
            )
        return self._contracts[key]

    def contracts(self, served_by: Party | None = None) -> list[Contract]:
        """All contracts, or those that one party serves."""
        return [
            self.contract(entry.api, entry.kind)
            for entry in self.entries
            if served_by is None or entry.served_by is served_by
        ]

    def document(self, api: str, kind: str | None = None) -> dict[str, Any]:
        """A contract as one stand-alone OpenAPI document, the official facts without our errata."""
        name = self.api(api)
        wanted = kind or self.spellings[api][1] or "management"
        for entry in self.entries:
            if (entry.api, entry.kind) == (name, wanted):
                return load_document(self.specs / entry.document, self._documents)
        message = f"{name} has no {wanted} contract in release {self.name}."
        raise UserError(message)

    @cached_property
    def errata(self) -> list[dict[str, Any]]:
        """Patches that keep a right party from being failed by a slip of the standard."""
        path = self.errata_file
        loaded = read_source(path) if path.exists() else []
        return list(loaded.get("errata", []) if isinstance(loaded, dict) else loaded or [])

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a member, a parameter or a header has in its contracts and product schemas."""
        found: set[str] = set()
        stack: list[Any] = [self.products.definitions]
        stack += [load_document(self.specs / entry.document, self._documents) for entry in self.entries]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                for holder in ("properties", "headers"):
                    if isinstance(node.get(holder), dict):
                        found.update(node[holder])
                if isinstance(node.get("name"), str) and node.get("in") in ("query", "path", "header"):
                    found.add(node["name"])
                stack += node.values()
            elif isinstance(node, list):
                stack += node
        return frozenset(found)

    @cached_property
    def interpretations(self) -> dict[str, Interpretation]:
        """The register of what the standard leaves open, by name."""
        return load_interpretations(self.specs)

    @cached_property
    def products(self) -> Products:
        """Every product payload schema, by its URN."""
        folder = self.specs / "products"
        files = {path.relative_to(self.specs).as_posix(): read_source(path) for path in sorted(folder.rglob("*.yaml"))}
        return Products(
            definitions=bundle.product_definitions(files),
            urns={urn: bundle.product_definition("", path) for urn, path in self._table["products"].items()},
            aliases={wrong: row["urn"] for wrong, row in (self._table.get("product_aliases") or {}).items()},
        )


@cache
def load_release(name: str = "grace") -> Release:
    """The release of that name. UserError names the releases there are."""
    folder = specs_dir() / "releases"
    known = sorted(path.stem for path in folder.glob("*.yaml") if not path.stem.endswith("-errata"))
    if name not in known:
        message = f"There is no release {name!r} here. Known: {', '.join(known)}."
        raise UserError(message)
    return Release(name, specs_dir())
