"""A release of the standard: the one value that holds all that is said in it, read from `specs/` when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from emulator.errors import FileProblem, UserError, suggestion
from emulator.plain_yaml import load_located
from emulator.record.exchange import Party
from emulator.settings import DEFAULT_RELEASE, specs_dir
from emulator.standard.clauses import liked, read_clauses, tables_told
from emulator.standard.contract import Contract, ContractEntry, Products
from emulator.standard.document import load_document, stated
from emulator.standard.errata import Erratum, errata_beside, read_errata
from emulator.standard.imported import every_release, imported_specs, release_names
from emulator.standard.interpretation import Interpretation, read_interpretations
from emulator.standard.kinds.load import ReleaseKinds, load_kinds
from emulator.standard.labels import Labels, labels_beside
from emulator.standard.lifecycle import Lifecycle, read_lifecycles
from emulator.standard.payloads.own import NO_PRODUCTS, OwnProducts
from emulator.standard.product_files import read_product_file, read_products
from emulator.standard.proof import Proof, read_proofs
from emulator.standard.release_file import TABLES, ClaimedRow, files_of, read_release_file
from emulator.standard.requirement import Aspect, Requirement, read_requirements
from emulator.standard.tables import Table, read_tables
from emulator.standard.use_case import UseCase, read_use_cases

Made = TypeVar("Made")
BY_LETTER: Final = "~letter"
"""Behind a release's name: without errata."""


class Release:
    """One release. What it holds is made of its own files when first asked for, and kept; FileProblem where one is wrong."""

    def __init__(self, name: str, specs: Path, own: OwnProducts = NO_PRODUCTS, *, by_letter: bool = False) -> None:
        """`own` are products of somebody's own, sold beside those of the release. `by_letter`: its contracts are held to
        without errata.
        """
        self.name, self.specs, self.own, self.by_letter = name, specs, own, by_letter
        self.file = specs / "releases" / f"{name}.yaml"
        self.errata_file = errata_beside(self.file)
        self._rows = read_release_file(self.file, specs)
        self._contracts: dict[tuple[str, str], Contract] = {}
        self._documents: dict[Path, Any] = {}
        self._made: dict[Callable[[Release], Any], Any] = {}
        self._selling: dict[str, Release] = {}

    def selling(self, own: OwnProducts) -> Release:
        """This release with products of somebody's own beside its own: the same one for the same products."""
        if own.payloads and own.digest not in self._selling:
            self._selling[own.digest] = Release(self.name, self.specs, own, by_letter=self.by_letter)
        return self._selling[own.digest] if own.payloads else self

    @property
    def point(self) -> str:
        """The reference point at which it is spoken, such as sonata; "" where its file does not say."""
        return self._rows.point

    @property
    def files(self) -> tuple[Path, ...]:
        """What it is read from: its own file and those of the releases that it goes by, each with its errata, and its clauses."""
        found = [each for file in files_of(self.file) for each in (file, errata_beside(file))]
        return (*found, *self.mapped.values())

    @cached_property
    def like(self) -> Release | None:
        """The release that it goes by, as its file says; None where it stands by itself."""
        return self._sibling(self._rows.like) if self._rows.like else None

    @cached_property
    def beside(self) -> Release | None:
        """The release that it is told beside: the one that it goes by, or whose clauses its own are mapped to."""
        mapped = next((row.clauses for row in self._rows.apis.values() if row.clauses), None)
        return self._sibling(liked(self.specs / mapped)) if mapped and self.like is None else self.like

    @cached_property
    def line(self) -> tuple[str, ...]:
        """The releases that it goes by, the first of them first, and itself at the end: fragments are laid in this order."""
        return tuple(file.stem for file in reversed(files_of(self.file)))

    def made(self, make: Callable[[Release], Made]) -> Made:
        """What a function makes of the release, once: for what the layers above keep with it, as its rules."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("Made", self._made[make])

    def where(self, pointer: str) -> str:
        """`file:line:col` of a place in the release file."""
        return load_located(self.file).where(pointer)

    @cached_property
    def profile_file(self) -> Path | None:
        """The profile of a seller of this release where nobody names one; None where it is the usual one."""
        own = self.specs / "profiles" / f"{self.name}.yaml"
        return own if own.is_file() else None

    @cached_property
    def entries(self) -> tuple[ContractEntry, ...]:
        """Every contract of the release, in the order of a purchase."""
        return tuple(
            ContractEntry(
                api=api,
                kind=kind,
                guide=row.guide,
                document=contract.document,
                version=contract.version,
                base_path=contract.base_path.rstrip("/"),
                served_by=Party(contract.served_by),
                official=contract.official,
            )
            for api, row in self._rows.apis.items()
            for kind, contract in row.contracts.items()
        )

    @cached_property
    def spellings(self) -> dict[str, tuple[str, str | None]]:
        """Every name under which an API is known: its own, its aliases, its official files' with their endings and without."""
        names: dict[str, tuple[str, str | None]] = {}
        for api, row in self._rows.apis.items():
            for name in (api, *row.alias):
                names[name] = (api, None)
        for entry in self.entries:
            file = entry.official.rpartition("/")[2]
            names[file] = names[file.partition(".")[0]] = (entry.api, entry.kind)
        return names

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The spellings that people write: APIs and their aliases, without the names of official files."""
        return tuple(name for api, row in self._rows.apis.items() for name in (api, *row.alias))

    @property
    def apis(self) -> tuple[str, ...]:
        """Every API, in the order of a purchase."""
        return tuple(self._rows.apis)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """The business function of each API: the unit in which the industry certifies."""
        return {api: row.title for api, row in self._rows.apis.items()}

    @cached_property
    def guides(self) -> Mapping[str, str]:
        """The guide of each API."""
        return {api: row.guide for api, row in self._rows.apis.items()}

    @cached_property
    def books(self) -> Mapping[str, str]:
        """The name of the book of rules that judges each API; an API without one has the generic rules."""
        return {api: row.rules for api, row in self._rows.apis.items() if row.rules}

    @cached_property
    def claimable(self) -> Mapping[str, ClaimedRow]:
        """The guides of no single API, by name: each binds whoever claims to follow it."""
        return self._rows.claimed

    def path(self, api: str, what: str) -> Path:
        """Where a table of an API is: as its row says, else beside the management contract."""
        row = self._rows.apis[api]
        beside = Path(row.contracts["management"].document).with_name(TABLES[what])
        return self.specs / (getattr(row, what) or beside)

    def paths(self, what: str) -> dict[str, Path]:
        """The tables of that name which there are, by API."""
        return {api: path for api in self.apis if (path := self.path(api, what)).exists()}

    @cached_property
    def requirements(self) -> Mapping[str, Requirement]:
        """Every numbered statement of the guides of its APIs by id: guides in the order of a purchase, each in its own order."""
        return {each.id: each for found in self.catalogues.values() for each in found}

    @cached_property
    def numbered(self) -> Mapping[str, Requirement]:
        """`requirements`, and those of the guides that a party can claim."""
        return {**self.requirements, **{each.id: each for found in self.claims.values() for each in found}}

    @cached_property
    def claims(self) -> Mapping[str, tuple[Requirement, ...]]:
        """The requirements of each guide that a party can claim."""
        own = {guide: self.specs / row.requirements for guide, row in self.claimable.items() if row.requirements}
        found = read_requirements(own)
        for guide, row in self.claimable.items():
            if row.clauses:
                path = self.specs / row.clauses
                like = self._sibling(liked(path))
                theirs = [name for name, one in like.claimable.items() if one.rules == row.rules]
                found[guide] = read_clauses(path, [each for name in theirs for each in like.claims[name]])
        return found

    def claimed_by(self, claims: Iterable[str]) -> Iterator[Requirement]:
        """The requirements of the guides that are claimed."""
        wanted = frozenset(claims)
        return (each for guide, found in self.claims.items() if guide in wanted for each in found)

    @cached_property
    def mapped(self) -> Mapping[str, Path]:
        """By API the file that maps its clauses upon those of another release, where there is one."""
        return {api: self.specs / row.clauses for api, row in self._rows.apis.items() if row.clauses}

    @cached_property
    def catalogues(self) -> Mapping[str, tuple[Requirement, ...]]:
        """The requirements of each API's guide: of its own file, or of another release's by a clauses file."""
        own = read_requirements({k: path for k, path in self.paths("requirements").items() if k not in self.mapped})
        like = {api: self._sibling(liked(path)).catalogues.get(api, ()) for api, path in self.mapped.items()}
        return {
            api: read_clauses(self.mapped[api], like[api]) if api in self.mapped else own[api]
            for api in self.apis
            if api in self.mapped or api in own
        }

    def named(self, name: str | None) -> Release:
        """The release of that name, from this folder or imported; else this one: a stranger may have written the name."""
        if name is None or name == self.name:
            return self
        if name in release_names(self.specs):
            return self._sibling(name)
        return load_release(name) if imported_specs(name) else self

    def _sibling(self, name: str) -> Release:
        """Another release of the same folder. FileProblem where it goes by this one, or there is none."""
        if name == self.name or name not in release_names(self.specs):
            raise FileProblem([f"{self.file}:1:1: there is no release {name!r} to go by"])
        return (load_release(name) if self.specs == specs_dir() else Release(name, self.specs)).selling(self.own)

    @cached_property
    def labels(self) -> Labels:
        """What clauses and guides are called here."""
        ids = {each.key: each.id for each in self.numbered.values()}
        theirs, tables = set[str](), dict[str, Mapping[str, str]]()
        guides = dict(self.like.guides) if self.like else {}
        for api, path in self.mapped.items():
            like = self._sibling(liked(path))
            theirs |= {*like.labels.gone, *like.labels.ids}
            guides[api] = like.guides[api]
            tables[like.guides[api]] = tables_told(path)
        for path in (self.specs / row.clauses for row in self.claimable.values() if row.clauses):
            theirs |= set(self._sibling(liked(path)).labels.ids)
        return labels_beside(ids, theirs, self.guides, guides, tables)

    @cached_property
    def aspects(self) -> Mapping[str, Mapping[Aspect, str]]:
        """By API, which requirement demands each aspect of every payload."""
        return {api: {each.aspect: each.id for each in found if each.aspect} for api, found in self.catalogues.items()}

    @cached_property
    def is_closed(self) -> bool:
        """Whether some guide forbids members that no schema names."""
        return any(Aspect.DEFINED in found for found in self.aspects.values())

    @cached_property
    def lifecycles(self) -> Mapping[str, Lifecycle]:
        """The state machines by name."""
        return read_lifecycles(self.paths("lifecycle").values(), self.labels if self.like else None)

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, Table]]:
        """The state and attribute tables of each API, by name, with the numbers that they have here."""
        theirs = self.like.guides if self.like else {}
        numbers = {api: self.labels.tables.get(guide, {}) for api, guide in theirs.items()}
        return {api: read_tables(path, numbers.get(api, {})) for api, path in self.paths("tables").items()}

    @cached_property
    def use_cases(self) -> Mapping[str, UseCase]:
        """Every use case of its guides by id, in the same order as the requirements."""
        return read_use_cases(self.paths("use_cases"), self.guides)

    @cached_property
    def proofs(self) -> Mapping[str, Proof]:
        """For each rule of its books a run that it passes and one that it fails."""
        told = self.labels.told
        found = ((told(name) or told(proof.instead), proof) for name, proof in read_proofs(self).items())
        return {here: proof.named(here, told) for here, proof in found if here}

    @cached_property
    def kinds(self) -> ReleaseKinds:
        """The kinds of resource, what each operation does with them, and the events. FileProblem where a sheet is wrong."""
        return load_kinds(self)

    def api(self, name: str) -> str:
        """The API's own name for any of its spellings; UserError with a suggestion for an unknown one."""
        if name not in self.spellings:
            near = suggestion(name, self.spellings)
            known = f" Did you mean {near!r}?" * bool(near) + f" Known: {', '.join(self.apis)}."
            raise UserError(f"{name!r} is not an API of release {self.name}.{known}")
        return self.spellings[name][0]

    def entry(self, api: str, kind: str | None = None) -> ContractEntry:
        """The line of a contract, named as for `contract`. UserError where there is none."""
        name = self.api(api)
        wanted = kind or self.spellings[api][1] or "management"
        for entry in self.entries:
            if (entry.api, entry.kind) == (name, wanted):
                return entry
        raise UserError(f"{name} has no {wanted} contract in release {self.name}.")

    def contract(self, api: str, kind: str | None = None) -> Contract:
        """A contract by the API's name, alias or official file name; `kind` defaults to management."""
        entry = self.entry(api, kind)
        key = (entry.api, entry.kind)
        if key not in self._contracts:
            self._contracts[key] = Contract(
                entry,
                self.name,
                self._document(entry),
                [each for each in self.errata if (each.api, each.contract) == key and not self.by_letter],
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

    def event_types(self, api: str) -> dict[str, str]:
        """The event type of each listener of an API, by operationId. UserError where it has none."""
        self.contract(api, "notification")
        return {event.operation: event.type for event in self.kinds.telling(api)}

    def document(self, api: str, kind: str | None = None) -> dict[str, Any]:
        """A contract as one stand-alone OpenAPI document, the official facts without our errata."""
        return self._document(self.entry(api, kind))

    def _document(self, entry: ContractEntry) -> dict[str, Any]:
        """The document of a contract. One that is another release's too has the version and the base path of this one."""
        found = load_document(self.specs / entry.document, self._documents)
        return stated(found, entry.version, entry.base_path) if self._rows.like else found

    @cached_property
    def errata(self) -> tuple[Erratum, ...]:
        """What keeps a right party from being failed by a slip of the standard; of the release that it is like first."""
        there = {(entry.api, entry.kind) for entry in self.entries}
        like = self.like.errata if self.like else ()
        kept = (replace(each, clause=self.labels.words(each.clause) or each.clause) for each in like)
        return (*(each for each in kept if (each.api, each.contract) in there), *read_errata(self.errata_file, there))

    @cached_property
    def interpretations(self) -> Mapping[str, Interpretation]:
        """The register of what the standard leaves open, by name, with the readings that clauses of this release back."""
        return {name: entry for name, entry in self._register.items() if len(entry.readings) > 1}

    @cached_property
    def settled(self) -> Mapping[str, str]:
        """What is open elsewhere, by name, and the reading that is left here."""
        return {name: next(iter(entry.readings)) for name, entry in self._register.items() if len(entry.readings) == 1}

    @cached_property
    def _register(self) -> Mapping[str, Interpretation]:
        entries = read_interpretations(self.register).items()
        return {name: entry.told(self.labels.tell, self.labels.words) for name, entry in entries}

    @property
    def register(self) -> Path:
        """The file of the interpretation register."""
        return self.specs / self._rows.interpretations

    def product_file(self, path: Path) -> Any:
        """A file of product payloads as this release has it. FileProblem."""
        return read_product_file(path, self.line)

    @property
    def product_files(self) -> Mapping[str, str]:
        """The file of each product payload schema below `specs`, by its URN."""
        return self._rows.products

    @cached_property
    def products(self) -> Products:
        """Every product payload schema, by its URN."""
        aliases = {wrong: row.urn for wrong, row in self._rows.product_aliases.items()}
        found = read_products(self.specs, self.product_files, self.line, aliases, self.interpretations, self.apis)
        return found.beside(self.own)


def load_release(name: str = DEFAULT_RELEASE) -> Release:
    """The release of that name, shipped or else imported, read once; `NAME~letter` is one whose contracts are held to without
    errata. UserError names the releases there are.
    """
    return _loaded(name)


@cache
def _loaded(given: str) -> Release:
    name, _, letter = given.partition(BY_LETTER)
    specs = specs_dir() if name in release_names(specs_dir()) else imported_specs(name)
    if specs is None or letter:
        raise UserError(f"There is no release {name!r} here. Known: {', '.join(every_release(specs_dir()))}.")
    return Release(name, specs, by_letter=given.endswith(BY_LETTER))


def forget_releases() -> None:
    """Read releases anew from now on: another folder of specs is in force."""
    _loaded.cache_clear()
