"""`oit sdk add`: from what somebody gives us to a release that is found by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem, UserError
from emulator.sdk.archive import open_tree
from emulator.sdk.documents import stand_alone
from emulator.sdk.finding import FoundContract, FoundSdk, find, opened
from emulator.sdk.lifecycles import lifecycles_of
from emulator.sdk.naming import POINTS, guide_of, point_of, release_of
from emulator.sdk.notes import Notes
from emulator.sdk.payloads import Payloads
from emulator.sdk.proving import contract_problem, payload_problems
from emulator.sdk.reading import SdkFiles
from emulator.sdk.sheets import sheets_of
from emulator.sdk.writing import SdkIdentity, beside, write_record, write_yaml
from emulator.settings import sdks_dir, specs_dir
from emulator.standard.document import SpecError
from emulator.standard.imported import RELEASE_NAME, imported_names, release_names
from emulator.standard.kinds.make import inferred_kinds
from emulator.standard.release import Release, forget_releases, load_release

_HEAD: Final = "Imported by oit sdk add; import.json says from where, and what was mended."
_README: Final = re.compile(r"(?:\A|/)readme\.md\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Added:
    """An SDK that was added: what it is, where it lies, and what is told of it."""

    identity: SdkIdentity
    folder: Path
    notes: Notes


def add_sdk(path: Path, name: str | None = None, further: Callable[[Release, Path], None] = lambda *_: None) -> Added:
    """Import the SDK at a path (a folder, a zip, or a folder within one) under a name. UserError, and nothing is added.

    `further` is given the release and its folder while nobody else sees them: what it writes there comes along.
    """
    if name is not None:
        _check_name(name)
    notes = Notes()
    tree, tops = opened(open_tree(path))
    sources = SdkFiles(tree, notes)
    found = find(sources, notes)
    identity = _identity(path, tops, found, sources, name)
    made = _Import(identity, found, sources, notes)
    with beside(sdks_dir(), identity.name) as folder:
        further(made.write(folder), folder)
    forget_releases()
    return Added(identity, sdks_dir() / identity.name, notes)


def _check_name(name: str) -> None:
    if not RELEASE_NAME.fullmatch(name):
        raise UserError(f"--name {name[:80]!r}: a release is called by small letters, digits, '-', '_' and '.'")
    if name in release_names(specs_dir()):
        raise UserError(f"--name {name}: this release is shipped with oit: give another name")
    if name in imported_names():
        raise UserError(f"there is an imported release {name} already: oit sdk remove {name}, or give another --name")


def _identity(path: Path, tops: tuple[str, ...], found: FoundSdk, sources: SdkFiles, name: str | None) -> SdkIdentity:
    tree = sources.tree
    readmes = sorted((each for each in tree if _README.search(each)), key=lambda each: (each.count("/"), each))
    readme = sources.text(readmes[0]) if readmes and readmes[0].count("/") <= 1 else ""
    here = path.resolve()
    names = [*tops, here.stem if here.suffix.lower() == ".zip" else here.name]
    point = point_of([each.base_path for each in found.contracts], readme[:200], *names, str(here))
    if not point:
        raise UserError(
            f"{tree.source}: no base path, README or name in it says which reference point this is: one of {', '.join(POINTS)}"
        )
    release = release_of(readme, *names)
    if not release and name is None:
        raise UserError(f"{tree.source}: nothing in it says which release this is: say it by --name {point}-RELEASE")
    usual = f"{point}-{release}"
    called = name or (f"{usual}-sdk" if usual in release_names(specs_dir()) else usual)
    _check_name(called)
    return SdkIdentity(called, point, release, tree.source, tree.digest())


class _Import:
    """The parts of an import, made in memory, and then written."""

    def __init__(self, identity: SdkIdentity, found: FoundSdk, sources: SdkFiles, notes: Notes) -> None:
        self._identity, self._found, self._sources, self._notes = identity, found, sources, notes
        self._payloads = self._checked_payloads()
        self._documents = self._checked_documents()
        if not self._documents:
            raise UserError(f"{sources.tree.source}: no contract in it can be used: {self._why()}")

    def _why(self) -> str:
        return "; ".join(f"{each.file}: {each.why}" for each in list(self._notes.skipped)[:3])

    def _checked_payloads(self) -> Payloads:
        """The payloads that can be compiled; the others are told."""
        wanted = list(self._found.payloads)
        while True:
            payloads = Payloads(wanted, self._sources, self._notes)
            wrong = payload_problems(payloads.files, payloads.urns)
            if not wrong:
                return payloads
            for urn, file in wanted:
                if urn in wrong:
                    self._notes.skip(file, f"the payload cannot be compiled: {wrong[urn]}")
            wanted = [(urn, file) for urn, file in wanted if urn not in wrong]

    def _checked_documents(self) -> dict[FoundContract, dict[str, Any]]:
        """The contracts that can be compiled, as documents; the others are told. An API without management is none."""
        found = {}
        for each in self._found.contracts:
            document = stand_alone(each, self._sources, self._notes)
            problem = "" if document["paths"] else "no operation in it can be used"
            problem = problem or contract_problem(document)
            if problem:
                self._notes.skip(each.file, f"the contract cannot be used: {problem}")
            else:
                found[each] = document
        served = {each.api for each in found if each.kind == "management"}
        for each in found:
            if each.api not in served:
                self._notes.skip(each.file, "a notification contract without the contract that it belongs to")
        return {each: document for each, document in found.items() if each.api in served}

    # -- writing -----------------------------------------------------------------------------------

    def write(self, folder: Path) -> Release:
        """Write all of it, and load it as everybody will. UserError where that fails."""
        specs, name = folder / "specs", self._identity.name
        for path, data in self._payloads.files.items():
            write_yaml(specs / path, data, _HEAD)
        for contract, document in self._documents.items():
            write_yaml(specs / _place(contract), document, _HEAD)
        register = load_release().register
        (specs / "interpretations.yaml").write_bytes(register.read_bytes())
        write_yaml(specs / "releases" / f"{name}.yaml", self._release_file(), _HEAD)
        try:
            release = Release(name, specs)
            machines = lifecycles_of(
                inferred_kinds(release), self._found.documentation, self._sources, dict(release.guides), self._notes
            )
            for api, machine in machines.items():
                write_yaml(release.path(api, "lifecycle"), machine, _HEAD)
            for api, sheet in sheets_of(release, self._notes).items():
                write_yaml(release.path(api, "resources"), sheet, _HEAD)
            release = Release(name, specs)
            kinds = release.kinds
            release.contracts()
        except (FileProblem, SpecError) as error:
            why = error.problems[0] if isinstance(error, FileProblem) else error
            raise UserError(f"{self._sources.tree.source}: what is made of it is wrong: {why}") from error
        contents = {
            "apis": {api: {"kinds": list(kinds.apis[api].kinds)} for api in release.apis},
            "products": list(self._payloads.urns),
        }
        write_record(folder, self._identity, self._notes, contents)
        return release

    def _release_file(self) -> Mapping[str, Any]:
        ours = load_release()
        apis: dict[str, Any] = {}
        given = {each.api for each in self._documents}
        for api in sorted(given, key=lambda api: (ours.apis.index(api) if api in ours.apis else len(ours.apis), api)):
            contracts = {each.kind: (each, self._documents[each]) for each in self._documents if each.api == api}
            management, document = contracts["management"]
            info = management.data.get("info")
            row: dict[str, Any] = {
                "title": ours.titles.get(api) or document["info"]["title"],
                "guide": guide_of(info if isinstance(info, dict) else {}),
            }
            aliases = [name for name in ours.words if name not in given and ours.api(name) == api]
            if aliases:
                row["alias"] = aliases
            row["contracts"] = {
                kind: {
                    "document": _place(each),
                    "version": made["info"]["version"],
                    "base_path": each.base_path,
                    "servedBy": "buyer" if kind == "notification" else "seller",
                    "official": each.file,
                }
                for kind, (each, made) in sorted(contracts.items())
            }
            apis[api] = row
        return {
            "release": self._identity.name,
            "apis": apis,
            "products": dict(self._payloads.urns),
        }


def _place(contract: FoundContract) -> str:
    return f"apis/{contract.api}/{contract.kind}.yaml"
