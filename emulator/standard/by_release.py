"""Release fragments: what a release changes in a file that people write once, in a small file of its name beside that.

`place.dolly.yaml` is laid upon `place.yaml`, `visit.dolly.yaml` upon `visit.oit.yaml`, where they are read for release dolly or
one that is like it: RFC 7396, maps merge, lists are replaced, null takes away. A list of steps or cases is changed member by
member: `{<id>: <patch>}`; one with `before` or `after` an id is put in there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emulator.errors import hint
from emulator.files import is_file
from emulator.plain_yaml import Located, Place, load_located
from emulator.record.payload import MISSING, escape
from emulator.roots import Root
from emulator.standard.laid import nulls

if TYPE_CHECKING:
    from emulator.standard.release import Release

SCENARIO: Final = ".oit.yaml"
"""How the name of a scenario file ends."""
_LISTS: Final = ("/flow", "/cases")
"""Lists of a scenario whose members have ids; a fragment of steps is one itself."""
_SPOTS: Final = ("before", "after")
NOTHING: Final = "there is nothing to take away"


def fragment_of(path: Path, name: str) -> Path:
    """Where the fragment of a file for the release of that name would be."""
    stem = path.name.removesuffix(SCENARIO) if path.name.endswith(SCENARIO) else path.stem
    return path.with_name(f"{stem}.{name}{path.suffix}")


def fragments_of(path: Path, line: Sequence[str]) -> tuple[Path, ...]:
    """The fragments of a file that there are for the releases of a line (`Release.line`), in which order they are laid."""
    return tuple(found for name in line if is_file(found := fragment_of(path, name)))


def misnamed(path: Path, known: Sequence[str], opened: Collection[Path]) -> str | None:
    """What is wrong with the name of a release fragment; "" where nothing is, None where the file is none.

    `known` are the releases that there are, `opened` the files that may have fragments.
    """
    stem, dot, name = path.stem.rpartition(".")
    bases = [path.with_name(f"{stem}{ending}") for ending in (SCENARIO, path.suffix)]
    if not dot or path.name.endswith(SCENARIO):
        return None
    if name in known:
        return "" if any(map(is_file, bases)) else f"there is no {' or '.join(each.name for each in bases)} beside it"
    if any(base in opened for base in bases):
        return f"there is no release {name!r:.60}; {hint(name, known)}"
    return None


def load_for(path: Path, release: Release, problems: list[str], root: Root | None = None) -> Located:
    """A file as it reads in a release; each value knows the file that it stands in.

    What does not fit in a fragment is added to the problems, as `file:line:col: what is wrong`. FileProblem where one of the
    files cannot be read.
    """
    found = load_located(path)
    for each in fragments_of(path, release.line):
        if root is not None and not root.holds(each):
            problems.append(f"{each}:1:1: it leads out of {root.folders[0]}; --root DIR allows more")
            continue
        found = laid(found, load_located(each), problems)
    return found


def laid(under: Located, over: Located, problems: list[str]) -> Located:
    """A file with a fragment laid upon it."""
    if not isinstance(over.value, Mapping):
        problems.append(f"{over.where('')}: a release fragment is a mapping of what differs")
        return under
    laying = _Laying(under, over, problems)
    value = laying.lay(under.value, "", over.value, "", "")
    return Located(under.file, value, laying.places, laying.keys, laying.words)


@dataclass(slots=True)
class _Member:
    """A step or case on its way into the new list: where it stands, the patch upon it, and those within it."""

    name: str
    source: Located
    value: Any
    place: str
    patch: Any = None
    patched: str = ""
    within: list[_Member] | None = None


@dataclass(slots=True)
class _Laying:
    """One fragment being laid. The places of what comes of it gather here."""

    under: Located
    over: Located
    problems: list[str]
    places: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def lay(self, below: Any, low: str, above: Any, high: str, here: str) -> Any:
        """`above`, which stands at `high` in the fragment, upon `below` at `low` of the file; it comes to stand at `here`."""
        if not isinstance(above, Mapping):
            return self.copied(self.over, above, high, here)
        if isinstance(below, list) and (low in _LISTS or not low):
            self.mark(self.under, low, here)
            return self.members(self.changed(below, low, above, high), here)
        if not isinstance(below, Mapping):
            self.problems += [f"{self.over.where(high + each, key=True)}: {NOTHING}" for each in nulls(above)]
            return self.copied(self.over, above, high, here)
        self.mark(self.under, low, here)
        found = {}
        for name, value in below.items():
            token = f"/{escape(str(name))}"
            if name not in above:
                found[name] = self.copied(self.under, value, low + token, here + token)
            elif above[name] is not None:
                found[name] = self.lay(value, low + token, above[name], high + token, here + token)
        for name, value in above.items():
            token = f"/{escape(str(name))}"
            if name not in below and value is None:
                self.problems.append(f"{self.over.where(high + token, key=True)}: {NOTHING}")
            elif name not in below:
                found[name] = self.lay(MISSING, "", value, high + token, here + token)
        return found

    def mark(self, source: Located, there: str, here: str) -> None:
        """What is at `here` now stands at `there` of a file."""
        for theirs, ours in ((source.places, self.places), (source.keys, self.keys)):
            if (place := theirs.get(there)) is not None:
                ours[here] = place if place.file or source is self.under else replace(place, file=source.file)
        if there in source.words:
            self.words[here] = source.words[there]

    def copied(self, source: Located, value: Any, there: str, here: str) -> Any:
        """A value of a file as it is, with its places."""
        self.mark(source, there, here)
        if isinstance(value, Mapping):
            tokens = [(name, f"/{escape(str(name))}") for name in value]
            return {name: self.copied(source, value[name], there + token, here + token) for name, token in tokens}
        if isinstance(value, list):
            return [self.copied(source, each, f"{there}/{n}", f"{here}/{n}") for n, each in enumerate(value)]
        return value

    def changed(self, below: list[Any], low: str, above: Mapping[str, Any], high: str) -> list[_Member]:
        """The members of a list of steps or cases, each with its patch, without those that are taken away."""
        found = list(self.written(below, low))
        for name, patch in above.items():
            where = f"{high}/{escape(str(name))}"
            spots = [each for each in _SPOTS if isinstance(patch, Mapping) and each in patch]
            beside = _spot(found, str(patch[spots[0]]) if spots else name)
            if beside is None:
                known = [each.name for each in _all(found) if each.name]
                missing, place = (patch[spots[0]], f"{where}/{spots[0]}") if spots else (name, where)
                more = "" if spots else "; a new one says which one it comes 'before' or 'after'"
                problem = f"there is no '{missing!s:.60}' in this list; {hint(missing, known)}{more}"
                self.problems.append(f"{self.over.where(place, key=not spots)}: {problem}")
                continue
            row, index = beside
            if patch is None:
                del row[index]
            elif not spots:
                row[index].patch, row[index].patched = patch, where
            elif _spot(found, name) is not None or len(spots) > 1:
                problem = (
                    "is there already, and stays where it is" if len(spots) == 1 else "comes either before or after"
                )
                self.problems.append(f"{self.over.where(where, key=True)}: '{name:.60}' {problem}")
            else:
                value = {"id": name} | {key: each for key, each in patch.items() if key not in _SPOTS}
                row.insert(index + (spots[0] == "after"), _Member(name, self.over, value, where))
        return found

    def written(self, below: list[Any], low: str) -> Iterator[_Member]:
        """The members of a list as the file has them."""
        for index, each in enumerate(below):
            there = f"{low}/{index}"
            group = each.get("parallel") if isinstance(each, Mapping) else None
            within = list(self.written(group, f"{there}/parallel")) if isinstance(group, list) else None
            name = str(each.get("id", each.get("use", ""))) if isinstance(each, Mapping) else ""
            yield _Member(name, self.under, each, there, within=within)

    def members(self, row: list[_Member], here: str) -> list[Any]:
        """The new list."""
        found = []
        for index, each in enumerate(row):
            spot = f"{here}/{index}"
            if each.source is self.over:
                value = self.copied(each.source, each.value, each.place, spot)
                self.places[f"{spot}/id"] = replace(self.over.keys[each.place], file=self.over.file)
            elif each.patch is not None:
                value = self.lay(each.value, each.place, each.patch, each.patched, spot)
            else:
                value = self.copied(each.source, each.value, each.place, spot)
            if each.within is not None:
                value = {**value, "parallel": self.members(each.within, f"{spot}/parallel")}
            found.append(value)
        return found


def _all(row: list[_Member]) -> Iterator[_Member]:
    for each in row:
        yield each
        yield from _all(each.within or [])


def _spot(row: list[_Member], name: str) -> tuple[list[_Member], int] | None:
    """The list, and the place in it, of the member of that name."""
    for index, each in enumerate(row):
        if each.name == name:
            return row, index
        if each.within and (found := _spot(each.within, name)) is not None:
            return found
    return None
