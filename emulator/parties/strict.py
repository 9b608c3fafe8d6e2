"""Reading a file into dataclasses, strictly: what is unknown, absent or of the wrong kind is told with its place."""

from __future__ import annotations

import copy
import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from emulator.errors import FileProblem
from emulator.files import is_file
from emulator.plain_yaml import Located, load_located
from emulator.roots import MARK, Root
from emulator.wire.payload import MISSING, escape
from emulator.wire.payload import at as value_at

Json = Mapping[str, Any]

KEYED: Final = "keyed"
"""Marks the field that gets the key under which its record stands in a map."""


_LARGEST: Final = 2**53
"""Beyond this a whole number is no longer the same everywhere."""
MOST: Final = 100_000_000_000
"""No number of a profile is greater: it is so many seconds to the year 5000."""


@dataclass(frozen=True, slots=True)
class Key:
    """Marks a field whose key in the file is not its own name."""

    name: str


class Field:
    """A dataclass field as a file knows it: `key` is its name there, `keyed` one that is the key of a map, `needed` one
    without a default.
    """

    def __init__(self, each: dataclasses.Field[Any], hint: Any) -> None:
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        self.name = each.name
        self.type = get_args(hint)[0] if marks else hint
        self.keyed = KEYED in marks
        self.key = next((mark.name for mark in marks if isinstance(mark, Key)), each.name)
        self.needed = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING


def fields_of(kind: Any) -> list[Field]:
    """The fields of a dataclass as a file knows them."""
    hints = get_type_hints(kind, include_extras=True)
    return [Field(each, hints[each.name]) for each in dataclasses.fields(kind)]


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

    def where(self, pointer: str, *, key: bool = False) -> str:
        """Where a setting stands or, if nowhere, what it would stand in."""
        while pointer:
            if self._overlay is not None and value_at(self._overlay, pointer) is not MISSING:
                return self._laid(pointer) or f"overlay of the profile, {pointer}"
            if layer := next((layer for layer in self._layers if pointer in layer.places), None):
                return layer.where(pointer, key=key)
            pointer = pointer.rpartition("/")[0]
        return self._layers[0].where("")


def merge(base: Any, patch: Any) -> Any:
    """RFC 7396: members of `patch` replace those of `base`, null removes; lists are replaced whole."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    merged = dict(base) if isinstance(base, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def build(kind: Any, value: Any, place: str, problems: list[str], places: Layers) -> Any:
    """The value as a field of that type; what is wrong goes to `problems`."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
        return None if value is None else build(kind, value, place, problems, places)
    if dataclasses.is_dataclass(kind):
        record = _read_record(kind, value, place, problems, places)
        return None if record is None else _make(kind, record)
    if origin is tuple and isinstance(value, list):
        inner = get_args(kind)[0]
        return tuple(build(inner, v, f"{place}/{n}", problems, places) for n, v in enumerate(value))
    if origin is Literal:
        if not any(value == option and type(value) is type(option) for option in get_args(kind)):
            near = difflib.get_close_matches(str(value), map(str, get_args(kind)), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            options = ", ".join(map(str, get_args(kind)))
            problems.append(f"{places.where(place)}: {value!r:.60} is not one of {options}{hint}")
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) <= _LARGEST else math.inf if value > 0 else -math.inf
    if (origin or kind) is Mapping and isinstance(value, dict):
        return MappingProxyType(_build_map(get_args(kind)[-1], value, place, problems, places))
    if not (isinstance(kind, type) and isinstance(value, kind)) or (kind is not bool and isinstance(value, bool)):
        problems.append(f"{places.where(place)}: {_wanted(kind)} is needed here, not {value!r:.60}")
    elif isinstance(value, int | float) and not 0 <= value <= MOST:
        what = "negative" if value < 0 else f"too much: {MOST} at the most"
        problems.append(f"{places.where(place)}: {value!r:.60} is {what}")
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


def _build_map(kind: Any, value: dict[Any, Any], place: str, problems: list[str], places: Layers) -> dict[str, Any]:
    """A map of records by id, or of plain values of one type; a map of anything is taken as it is."""
    if kind in (bool, str):
        return {
            key: build(kind, member, f"{place}/{escape(str(key))}", problems, places) for key, member in value.items()
        }
    if not dataclasses.is_dataclass(kind):
        for key, member in value.items():
            here = f"{place}/{escape(str(key))}"
            if get_origin(kind) is Mapping:
                build(kind, member, here, problems, places)
            else:
                _check_json(member, here, problems, places)
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
    return words.get(kind, "a list" if get_origin(kind) is tuple else "a map")


def _read_record(kind: Any, value: Any, place: str, problems: list[str], places: Layers) -> dict[str, Any] | None:
    """The fields of a record, without its key; None where it cannot be made."""
    if not isinstance(value, dict):
        problems.append(f"{places.where(place)}: a map is needed here, not {value!r:.60}")
        return None
    known = {each.key: each for each in fields_of(kind) if not each.keyed}
    given: dict[str, Any] = {}
    for key, member in value.items():
        here = f"{place}/{escape(str(key))}"
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            problems.append(f"{places.where(here, key=True)}: unknown key {key!r}; {hint}")
        else:
            given[known[key].name] = build(known[key].type, member, here, problems, places)
    absent = [key for key, each in known.items() if each.needed and each.name not in given]
    if absent:
        problems.append(f"{places.where(place)}: missing: {', '.join(absent)}")
        return None
    return given


def read_layers(
    path: Path,
    ours: Callable[[str], Path],
    prepared: Callable[[dict[str, Any]], dict[str, Any]],
    root: Root,
    seen: tuple[Path, ...] = (),
) -> tuple[dict[str, Any], list[Located]]:
    """A file laid upon those it extends, each as it is `prepared`, and all of them, the file itself first.

    `root` is where those may lie that are not `ours`. FileProblem.
    """
    located = load_located(path)
    raw = located.value
    if not isinstance(raw, dict):
        raise FileProblem([f"{path}:1:1: a profile is a map of settings"])
    raw = prepared(raw)
    if "extends" not in raw:
        return raw, [located]
    name, here, where = raw["extends"], path.resolve(), located.where("/extends")
    if not isinstance(name, str):
        raise FileProblem([f"{where}: the name of a profile is needed here, not {name!r:.60}"])
    beside = path.parent / name
    if is_file(beside) and beside.resolve() != here:
        if not root.holds(beside):
            leads = f"{name!r:.60} leads out of {root.folders[0]}"
            raise FileProblem([f"{where}: {leads}; --root DIR, or an {MARK} in a folder above both, allows it"])
        base = beside
    else:
        base = ours(name)  # a name, and no way to somewhere
    if (PurePath(name).name != name and base != beside) or not is_file(base) or base.resolve() in (*seen, here):
        raise FileProblem([f"{where}: there is no profile {name!r:.60} to extend"])
    below, layers = read_layers(base, ours, prepared, root, (*seen, here))
    return merge(below, {key: value for key, value in raw.items() if key != "extends"}), [located, *layers]
