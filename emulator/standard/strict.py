"""Reading a file into dataclasses, strictly: what is unknown, absent or of the wrong kind is told with its place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path, PurePath
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from emulator.errors import FileProblem, hint, in_order, suggestion
from emulator.files import is_file, read_text
from emulator.plain_yaml import Located, load_located, locate_text
from emulator.record.patch import merged
from emulator.record.payload import MISSING, escape
from emulator.record.payload import at as value_at
from emulator.roots import MARK, Root
from emulator.standard.laid import is_laid, laid_files, nulls, read_laid
from emulator.standard.source import read_source

Json = Mapping[str, Any]
Made = TypeVar("Made")

KEYED: Final = "keyed"
"""Marks the field that gets the key under which its record stands in a map."""
REST: Final = "rest"
"""Marks the field that gets the keys of a record that no other field has."""
OURS: Final = "ours"
"""Marks a field that no file has: whoever reads the file fills it in."""
FILLED: Final = "filled"
"""Marks a text that says something."""
Text = Annotated[str, FILLED]
"""A text that says something."""

_LARGEST: Final = 2**53
"""Beyond this a whole number is no longer the same everywhere."""
MOST: Final = 100_000_000_000
"""No number of a profile is greater: it is so many seconds to the year 5000."""


@dataclass(frozen=True, slots=True)
class Key:
    """Marks a field whose key in the file is not its own name."""

    name: str


class Field:
    """A dataclass field as a file knows it: `key` is its name there, `keyed` one that is the key of a map, `rest` one that
    gets all other keys, `ours` one that no file has, `needed` one without a default.
    """

    def __init__(self, each: dataclasses.Field[Any], hint: Any) -> None:
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        self.name = each.name
        self.type = get_args(hint)[0] if marks and FILLED not in marks else hint
        self.keyed, self.rest, self.ours = KEYED in marks, REST in marks, OURS in marks
        self.key = next((mark.name for mark in marks if isinstance(mark, Key)), each.name)
        self.needed = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING


def fields_of(kind: Any) -> tuple[Field, ...]:
    """The fields of a dataclass as a file knows them."""
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> tuple[Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(Field(each, hints[each.name]) for each in dataclasses.fields(kind))


class Layers:
    """Where a setting comes from: the overlay, the file, or one that it extends."""

    def __init__(
        self,
        layers: list[Located],
        overlay: Mapping[str, Any] | None,
        laid: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """`laid` gives where a setting of the overlay is written, where it is."""
        self._layers = layers
        self._overlay = overlay
        self._laid = laid

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, that of the user first."""
        return tuple(Path(layer.file) for layer in self._layers)

    def file_of(self, pointer: str) -> Path | None:
        """The file in which a setting stands; None where that is an overlay's, or nobody's."""
        if self._overlay is not None and value_at(self._overlay, pointer) is not MISSING:
            return None
        return next((Path(layer.file) for layer in self._layers if pointer in layer.places), None)

    def where(self, pointer: str, *, key: bool = False) -> str:
        """Where a setting stands or, if nowhere, what it would stand in."""
        while pointer:
            if self._overlay is not None and value_at(self._overlay, pointer) is not MISSING:
                return self._laid(pointer) or f"overlay of the profile, {pointer}"
            if layer := next((layer for layer in self._layers if pointer in layer.places), None):
                return layer.where(pointer, key=key)
            pointer = pointer.rpartition("/")[0]
        return self._layers[0].where("")


def build(kind: Any, value: Any, place: str, problems: list[str], places: Layers) -> Any:  # noqa: C901 - a case a type
    """The value as a field of that type; what is wrong goes to `problems`."""
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin is Annotated:
        if isinstance(value, str) and not value.strip():
            problems.append(f"{places.where(place)}: a text is needed here, not {value!r:.60}")
        return build(get_args(kind)[0], value, place, problems, places)
    if origin in (Union, UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
        return None if value is None else build(kind, value, place, problems, places)
    if dataclasses.is_dataclass(kind):
        record = _read_record(kind, value, place, problems, places)
        return None if record is None else _make(kind, record)
    if origin in (tuple, frozenset) and isinstance(value, list):
        inner = get_args(kind)[0]
        return origin(build(inner, v, f"{place}/{n}", problems, places) for n, v in enumerate(value))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return _chosen(get_args(kind) or tuple(kind), value, place, problems, places)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) <= _LARGEST else (math.inf if value > 0 else -math.inf)
    if (origin or kind) is Mapping and isinstance(value, dict):
        return MappingProxyType(_build_map(get_args(kind)[-1], value, place, problems, places))
    if not (isinstance(kind, type) and isinstance(value, kind)) or (kind is not bool and isinstance(value, bool)):
        problems.append(f"{places.where(place)}: {_wanted(kind)} is needed here, not {value!r:.60}")
    elif isinstance(value, int | float) and not 0 <= value <= MOST:
        what = "negative" if value < 0 else f"too much: {MOST} at the most"
        problems.append(f"{places.where(place)}: {value!r:.60} is {what}")
    return value


def _chosen(options: tuple[Any, ...], value: Any, place: str, problems: list[str], places: Layers) -> Any:
    """The option that a value is."""
    for option in options:
        if value == option and (type(value) is type(option) or isinstance(option, StrEnum)):
            return option
    near = suggestion(value, options)
    meant = f"; did you mean {near!r}?" if near else ""
    problems.append(f"{places.where(place)}: {value!r:.60} is not one of {', '.join(map(str, options))}{meant}")
    return value


def _check_json(value: Any, place: str, problems: list[str], places: Layers) -> None:
    """That a value can be sent as JSON: its numbers are such as everybody can read."""
    if isinstance(value, dict):
        for key, member in value.items():
            _check_json(member, f"{place}/{escape(key)}", problems, places)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check_json(member, f"{place}/{index}", problems, places)
    elif isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        problems.append(f"{places.where(place)}: {value!r:.60} is no number that JSON can tell: {_LARGEST} at the most")


def _of_records(kind: Any) -> bool:
    """Whether a map is one of records, or of such maps."""
    while get_origin(kind) is Mapping:
        kind = get_args(kind)[-1]
    return dataclasses.is_dataclass(kind)


def _build_map(kind: Any, value: dict[Any, Any], place: str, problems: list[str], places: Layers) -> dict[str, Any]:
    """A map of records by id, of plain values of one type, or of maps of records; a map of anything is taken as it is."""
    if kind in (bool, str) or get_origin(kind) in (tuple, Mapping):
        made = {
            key: build(kind, member, f"{place}/{escape(str(key))}", problems, places) for key, member in value.items()
        }
        return made if get_origin(kind) is not Mapping or _of_records(kind) else value
    if not dataclasses.is_dataclass(kind):
        for key, member in value.items():
            _check_json(member, f"{place}/{escape(str(key))}", problems, places)
        return value
    name = next((each.name for each in fields_of(kind) if each.keyed), None)
    found = {}
    for key, member in value.items():
        record = _read_record(kind, member, f"{place}/{escape(str(key))}", problems, places)
        if record is not None:
            found[key] = _make(kind, {**record, name: key} if name else record)
    return found


def _make(kind: Any, record: dict[str, Any]) -> Any:
    return kind(**record)


def _wanted(kind: Any) -> str:
    words = {str: "a word or text", int: "a whole number", float: "a number", bool: "true or false"}
    return words.get(kind, "a list" if get_origin(kind) in (tuple, frozenset) else "a map")


def _read_record(kind: Any, value: Any, place: str, problems: list[str], places: Layers) -> dict[str, Any] | None:
    """The fields of a record, without its key; None where it cannot be made."""
    if not isinstance(value, dict):
        problems.append(f"{places.where(place)}: a map is needed here, not {value!r:.60}")
        return None
    fields = [each for each in fields_of(kind) if not each.keyed and not each.ours]
    known, rest = {each.key: each for each in fields if not each.rest}, [each.name for each in fields if each.rest]
    given: dict[str, Any] = {name: {} for name in rest}
    for key, member in value.items():
        here = f"{place}/{escape(str(key))}"
        if key not in known and rest:
            given[rest[0]][key] = member
            _check_json({key: member}, place, problems, places)
        elif key not in known:
            problems.append(f"{places.where(here, key=True)}: unknown key {key!r}; {hint(key, known)}")
        else:
            given[known[key].name] = build(known[key].type, member, here, problems, places)
    absent = [key for key, each in known.items() if each.needed and each.name not in given]
    if absent:
        problems.append(f"{places.where(place)}: missing: {', '.join(absent)}")
        return None
    return given


class Mistake(NamedTuple):
    """What is wrong with a value beyond its type: where, as a JSON Pointer; `key` is whether its key is meant."""

    place: str
    problem: str
    key: bool = False


Further = Callable[[Any], Iterable[Mistake]]
"""What is wrong with a record beyond the types of its fields. It may be asked twice."""


def nothing_more(_: Any) -> Iterable[Mistake]:
    """Further of a record that is right where its types are."""
    return ()


def read_record(kind: Any, path: Path, further: Further = nothing_more) -> Any:
    """A file of `specs/` as a record of that type, laid upon the file that it is `like`.

    Where something is wrong stands in the FileProblem as `file:line:col`, and is only looked for then.
    """
    problems: list[str] = []
    value = read_source(path)
    laid = is_laid(value)
    value = read_laid(path) if laid else value
    found = build(kind, value, "", problems, _UNPLACED)
    if problems or next(iter(further(found)), None) is not None:
        files = laid_files(path) if laid else (path,)
        return _placed(kind, value, [load_located(each) for each in files], further)
    return found


def read_located(kind: Any, located: Located, further: Further = nothing_more) -> Any:
    """A file as a record of that type. FileProblem with `file:line:col` of all that is wrong."""
    return _placed(kind, located.value, [located], further)


def _placed(kind: Any, value: Any, layers: list[Located], further: Further) -> Any:
    problems: list[str] = []
    places = Layers(layers, None)
    found = build(kind, value, "", problems, places)
    if not problems:
        problems = [f"{places.where(wrong.place, key=wrong.key)}: {wrong.problem}" for wrong in further(found)]
    if problems:
        raise FileProblem(in_order(problems))
    return found


def read_all(paths: Mapping[str, Path], read: Callable[[str, Path], Made]) -> dict[str, Made]:
    """What `read` makes of each file, by name; one FileProblem with what is wrong in all of them."""
    found: dict[str, Made] = {}
    problems: list[str] = []
    for name, path in paths.items():
        try:
            found[name] = read(name, path)
        except FileProblem as error:
            problems += error.problems
    if problems:
        raise FileProblem(problems)
    return found


_UNPLACED: Final = Layers([Located("", None, {}, {})], None)


@lru_cache(maxsize=8)
def _layer(text: str, name: str) -> Located:
    """A file of that text: each run of many reads the same ones."""
    return locate_text(text, name)


def read_layers(
    path: Path,
    ours: Callable[[str], Path],
    prepared: Callable[[dict[str, Any]], dict[str, Any]],
    root: Root,
    beside: Callable[[Path], Sequence[Path]] = lambda _: (),
    seen: tuple[Path, ...] = (),
) -> tuple[dict[str, Any], list[Located]]:
    """A file laid upon those it extends, each as it is `prepared`, and all of them, the file itself first.

    `root` is where those may lie that are not `ours`. The files `beside` one are laid upon it, the last of them uppermost; in the
    list they stand before it. FileProblem.
    """
    raw, layers = _extended(path, ours, prepared, root, beside, seen)
    for fragment in beside(path):
        if not root.holds(fragment):
            raise FileProblem([f"{fragment}:1:1: it leads out of {root.folders[0]}; --root DIR allows more"])
        over = _layer(read_text(fragment), str(fragment))
        if not isinstance(over.value, dict) or "extends" in over.value:
            raise FileProblem([f"{over.where('/extends')}: a release fragment is a map of the settings that differ"])
        ready = prepared(deepcopy(over.value))
        if gone := [place for place in nulls(ready) if value_at(raw, place) is MISSING]:
            raise FileProblem([f"{over.where(place, key=True)}: there is nothing to take away" for place in gone])
        raw, layers = merged(raw, ready), [over, *layers]
    return raw, layers


def _extended(
    path: Path,
    ours: Callable[[str], Path],
    prepared: Callable[[dict[str, Any]], dict[str, Any]],
    root: Root,
    beside: Callable[[Path], Sequence[Path]],
    seen: tuple[Path, ...],
) -> tuple[dict[str, Any], list[Located]]:
    """As `read_layers`, without what stands beside the file itself."""
    located = _layer(read_text(path), str(path))
    raw = deepcopy(located.value)
    if not isinstance(raw, dict):
        raise FileProblem([f"{path}:1:1: a profile is a map of settings"])
    raw = prepared(raw)
    if "extends" not in raw:
        return raw, [located]
    name, here, where = raw["extends"], path.resolve(), located.where("/extends")
    if not isinstance(name, str):
        raise FileProblem([f"{where}: the name of a profile is needed here, not {name!r:.60}"])
    near = path.parent / name
    if is_file(near) and near.resolve() != here:
        if not root.holds(near):
            leads = f"{name!r:.60} leads out of {root.folders[0]}"
            raise FileProblem([f"{where}: {leads}; --root DIR, or an {MARK} in a folder above both, allows it"])
        base = near
    else:
        base = ours(name)  # a name, and no way to somewhere
    if (PurePath(name).name != name and base != near) or not is_file(base) or base.resolve() in (*seen, here):
        raise FileProblem([f"{where}: there is no profile {name!r:.60} to extend"])
    below, layers = read_layers(base, ours, prepared, root, beside, (*seen, here))
    return merged(below, {key: value for key, value in raw.items() if key != "extends"}), [located, *layers]
