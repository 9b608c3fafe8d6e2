"""A release file, `specs/releases/<name>.yaml`: what a release is made of, and where its tables are.

A release that is `like` another one of the same folder has all that the other one has, and its file says what differs, as an
RFC 7396 overlay does: null takes away. Contracts, tables, rules and errata are those of the other one, not copies of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from emulator.errors import FileProblem, hint, in_order
from emulator.plain_yaml import Located, load_located
from emulator.record.patch import merged
from emulator.record.payload import MISSING, at, escape
from emulator.standard.laid import nulls
from emulator.standard.source import read_source
from emulator.standard.strict import Key, Layers, Mistake, build

TABLES: Final = {
    "resources": "resources.yaml",
    "requirements": "requirements.yaml",
    "lifecycle": "lifecycle.yaml",
    "tables": "tables.yaml",
    "use_cases": "use_cases.yaml",
    "proofs": "proofs",
}
"""What an API has beside its management contract, and under which name, unless its row names another path."""


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A contract: `document` is a path under specs/, `official` one under an SDK folder."""

    document: str
    version: str
    base_path: str
    served_by: Annotated[Literal["buyer", "seller"], Key("servedBy")]
    official: str


@dataclass(frozen=True, slots=True)
class ApiRow:
    """An API: its guide, its contracts by kind, the book of rules of its guide, and where its tables are.

    `clauses` is a file that says which clauses of another release are in this one, in place of `requirements`.
    """

    title: str
    guide: str
    contracts: Mapping[str, ContractRow]
    alias: tuple[str, ...] = ()
    rules: str = ""
    resources: str = ""
    requirements: str = ""
    clauses: str = ""
    lifecycle: str = ""
    tables: str = ""
    use_cases: str = ""
    proofs: str = ""


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """A guide of no single API, which binds whoever claims to follow it: its book of rules, and where its tables are.

    `clauses` is a file that says which clauses of another release's guide with the same book are in this one, in place of
    `requirements`.
    """

    title: str
    rules: str
    requirements: str = ""
    clauses: str = ""
    proofs: str = ""


@dataclass(frozen=True, slots=True)
class AliasRow:
    """The URN that is meant by one that is wrong."""

    urn: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """The whole file: APIs in the order of a purchase, guides that a party can claim by their names, product schemas by URN.

    `point` is the reference point of the standard's architecture at which it is spoken, a segment of its base paths; `like`
    the release that it goes by, "" where it stands by itself.
    """

    release: str
    apis: Mapping[str, ApiRow]
    point: str = ""
    like: str = ""
    claimed: Mapping[str, ClaimedRow] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)
    product_aliases: Mapping[str, AliasRow] = field(default_factory=dict)
    interpretations: str = "interpretations.yaml"


def read_release_file(path: Path, specs: Path) -> ReleaseFile:
    """The file as records, laid upon the one that it is like. FileProblem with `file:line:col` for every place that is wrong or
    names what is not there.
    """
    chain, raws = _chain(path)
    problems: list[str] = []
    found = build(ReleaseFile, _laid(raws), "", problems, _UNPLACED)
    if problems or _dropped(raws) or next(_missing(found, path, specs), None) is not None:
        return _told(chain, path, specs)
    return _at_its_point(found, raws, chain, specs)


def files_of(path: Path) -> tuple[Path, ...]:
    """The release file, and those of the releases that it goes by, nearest first."""
    return tuple(_chain(path)[0])


def _chain(path: Path) -> tuple[list[Path], list[Any]]:
    """A file, the one that it is like, and so on, and what each says. FileProblem where one is not there, or is in it twice."""
    chain, raws = [path], list[Any]()
    while True:
        raw = read_source(chain[-1])
        raws.append(raw)
        like = raw.get("like") if isinstance(raw, dict) else None
        if not isinstance(like, str) or not like:
            return chain, raws
        other = path.with_name(f"{like}.yaml")
        if "/" in like or not other.is_file() or other in chain:
            known = [each.stem for each in sorted(path.parent.glob("*.yaml")) if not each.stem.endswith("-errata")]
            problem = f"there is no release {like!r:.60} to go by; {hint(like, known)}"
            raise FileProblem([f"{load_located(chain[-1]).where('/like')}: {problem}"])
        chain.append(other)


def _laid(raws: list[Any]) -> Any:
    """Each file laid upon the next; what one is like is its own."""
    if len(raws) == 1 or not isinstance(raws[0], dict):
        return raws[0]
    return merged(_laid(raws[1:]), {"like": None, **raws[0]})


def _dropped(raws: list[Any]) -> list[str]:
    """The places of what a file takes away, and is not there."""
    if len(raws) == 1:
        return []
    return [place for place in nulls(raws[0]) if at(_laid(raws[1:]), place) is MISSING] + _dropped(raws[1:])


def _told(chain: list[Path], path: Path, specs: Path) -> ReleaseFile:
    """As `read_release_file`, for files in which something is wrong: with the places of all that is."""
    located = [load_located(each) for each in chain]
    raws = [each.value for each in located]
    places, problems = Layers(located, None), list[str]()
    found = build(ReleaseFile, _laid(raws), "", problems, places)
    problems += [f"{places.where(place, key=True)}: there is nothing to take away" for place in _dropped(raws)]
    if not problems:
        problems = [
            f"{places.where(each.place, key=each.key)}: {each.problem}" for each in _missing(found, path, specs)
        ]
    if problems:
        raise FileProblem(in_order(problems))
    return _at_its_point(found, raws, chain, specs)


def _at_its_point(file: ReleaseFile, raws: list[Any], chain: list[Path], specs: Path) -> ReleaseFile:
    """With the file's own point in each base path that another one says: `/mefApi/<point>/...`."""
    if len(raws) == 1:
        return file
    theirs = read_release_file(chain[1], specs).point
    if theirs == file.point:
        return file

    def moved(api: str, kind: str, row: ContractRow) -> ContractRow:
        if at(raws[0], f"/apis/{escape(api)}/contracts/{escape(kind)}/base_path") is not MISSING:
            return row
        return replace(row, base_path=row.base_path.replace(f"/{theirs}/", f"/{file.point}/", 1))

    apis = {
        api: replace(row, contracts={kind: moved(api, kind, each) for kind, each in row.contracts.items()})
        for api, row in file.apis.items()
    }
    return replace(file, apis=apis)


def _missing(file: ReleaseFile, path: Path, specs: Path) -> Iterator[Mistake]:
    """What the file names and is not there, and what it leaves out."""
    if file.release != path.stem:
        yield Mistake("/release", f"this is the file of release {path.stem!r}, not of {file.release!r}")
    named = [("/interpretations", file.interpretations)] if file.interpretations != _REGISTER else []
    for api, row in file.apis.items():
        here = f"/apis/{escape(api)}"
        if "management" not in row.contracts:
            yield Mistake(f"{here}/contracts", f"{api} has no management contract")
        named += [(f"{here}/contracts/{escape(kind)}/document", each.document) for kind, each in row.contracts.items()]
        named += [(f"{here}/{what}", said) for what in (*TABLES, "clauses") if (said := getattr(row, what))]
    for guide, claimed in file.claimed.items():
        here = f"/claimed/{escape(guide)}"
        if bool(claimed.requirements) == bool(claimed.clauses):
            yield Mistake(here, f"{guide} has either 'requirements' or 'clauses'", key=True)
        parts = ("requirements", "clauses", "proofs")
        named += [(f"{here}/{what}", said) for what in parts if (said := getattr(claimed, what))]
    named += [(f"/products/{escape(urn)}", document) for urn, document in file.products.items()]
    for place, document in named:
        if not (specs / document).exists():
            yield Mistake(place, f"there is no {document} below {specs}")
    for wrong, alias in file.product_aliases.items():
        if alias.urn not in file.products:
            problem = f"{alias.urn!r} is no product of this release"
            yield Mistake(f"/product_aliases/{escape(wrong)}/urn", problem)


_REGISTER: Final = ReleaseFile("", {}).interpretations
_UNPLACED: Final = Layers([Located("", None, {}, {})], None)
