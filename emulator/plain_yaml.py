"""YAML 1.2 core, read without surprises: NO is a word, 02134 a word, and every value knows its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.errors import FileProblem
from emulator.files import read_text
from emulator.record.payload import escape

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_MERGE: Final = "tag:yaml.org,2002:merge"
_MAX_NODES: Final = 1_000_000
"""Values of a file once its aliases are written out; more is a bomb, not data."""
MOST_LOCATED: Final = 20_000
"""The same of a file that people write, each value of which is told with its place."""
_MAX_BITS: Final = 4000
"""Size of an integer; of a larger one Python does not even write the digits."""
_MAX_DEPTH: Final = 100
"""Nesting of a file; each level costs several frames of Python."""


class CoreLoader(_Base):  # type: ignore[misc]
    """PyYAML with the resolution of YAML 1.2's core schema; duplicate keys are errors.

    PyYAML resolves YAML 1.1: `NO` is false there, `1:30` is 90, `2026-01-01` a date and `0123` octal.
    A leading zero makes a word here (`02134` is a postcode), stricter than the core schema.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str, most: int = _MAX_NODES) -> None:
        """`most` is how many values may be read. Where that is MOST_LOCATED, people wrote it: every key is a text there."""
        super().__init__(text)
        self._left = most
        self._most = most
        self.keys: type | tuple[type, ...] = str if most == MOST_LOCATED else (str, int, float, bool, type(None))

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node. Each is asked for, so that what is too large is left before all of it is read."""
        self._left -= 1
        if self._left < 0:
            raise yaml.MarkedYAMLError(problem=f"this holds more than {self._most} values: split it")
        return super().resolve(kind, value, implicit)

    def given_twice(self, node: yaml.Node, key: Any) -> None:
        """A key that is given again. ConstructorError; a reader of what others wrote may know better."""
        raise _refuse(node, f"the key {key!r} is given twice")

    def tagged(self, node: yaml.Node) -> None:
        """A value with a tag that is not known. ConstructorError; what returns has it be None."""
        raise _refuse(node, f"the tag {str(node.tag)[:60]!r} is not known: data is plain, without tags")


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
):
    CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def _refuse(node: yaml.Node, what: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    try:
        value = int(text, 0 if text.startswith(("0o", "0x")) else 10)
    except ValueError:
        value = None
    if value is None or value.bit_length() > _MAX_BITS:
        raise _refuse(node, f"{text[:40]!r} is not an integer that can be read")
    return value


def _construct_float(loader: Any, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).lower()
    if text.endswith(".inf"):
        return -math.inf if text.startswith("-") else math.inf
    try:
        return math.nan if text == ".nan" else float(text)
    except ValueError:
        raise _refuse(node, f"{text[:40]!r} is not a number") from None


def _construct_bool(loader: Any, node: yaml.ScalarNode) -> bool:
    text = str(loader.construct_scalar(node)).lower()
    if text not in {"true", "false"}:
        raise _refuse(node, f"{text[:40]!r} is neither true nor false")
    return text == "true"


def _construct_seq(loader: Any, node: yaml.SequenceNode) -> list[Any]:
    if not isinstance(node, yaml.SequenceNode):
        raise _refuse(node, "a list was expected")
    return [loader.construct_object(child, deep=True) for child in node.value]


def _construct_map(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise _refuse(node, "a mapping was expected")
    own: dict[Any, Any] = {}
    merged: list[Any] = []
    for key_node, value_node in node.value:
        if key_node.tag == _MERGE:
            value = loader.construct_object(value_node, deep=True)
            merged += value if isinstance(value, list) else [value]
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, loader.keys):
            plain = isinstance(key_node, yaml.ScalarNode)
            raise _refuse(
                key_node, f"a key is a text: write '{key_node.value:.40}'" if plain else "a key must be a plain word"
            )
        if key in own:
            loader.given_twice(key_node, key)
        own[key] = loader.construct_object(value_node, deep=True)
    if not merged:
        return own
    # What stands here wins over what is merged in, and an earlier merge over a later one.
    whole: dict[Any, Any] = {}
    for part in reversed(merged):
        if not isinstance(part, dict):
            raise _refuse(node, "only mappings can be merged with <<")
        whole.update(part)
    return {**whole, **own}


def _construct_unknown(loader: Any, node: yaml.Node) -> Any:
    return loader.tagged(node)


# Only the core schema: dates, sets, binary and Python objects are no data here.
CoreLoader.yaml_constructors = {
    "tag:yaml.org,2002:str": yaml.SafeLoader.construct_scalar,
    "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
    "tag:yaml.org,2002:bool": _construct_bool,
    "tag:yaml.org,2002:int": _construct_int,
    "tag:yaml.org,2002:float": _construct_float,
    "tag:yaml.org,2002:seq": _construct_seq,
    "tag:yaml.org,2002:map": _construct_map,
    None: _construct_unknown,
}
CoreLoader.yaml_multi_constructors = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; lines and columns count from 1. `file` is "" where it is that of the whole."""

    line: int
    column: int
    file: str = ""


NOWHERE: Final = Place(1, 1)


@dataclass(frozen=True, slots=True)
class Located:
    """A file's value with the place of each part, by JSON Pointer.

    `places` gives where a member's value starts, `keys` where its key does. `words` has what stands there without
    quotes as it is written: `1e3`, where the value is 1000.0.
    """

    file: str
    value: Any
    places: dict[str, Place]
    keys: dict[str, Place]
    words: dict[str, str] = field(default_factory=dict)

    def where(self, pointer: str, *, key: bool = False) -> str:
        """`file:line:col` of a JSON Pointer, or of its nearest parent that is there."""
        place = None
        while place is None and pointer:
            place = (self.keys.get(pointer) if key else None) or self.places.get(pointer)
            pointer = pointer.rpartition("/")[0]
        place = place or self.places.get("", NOWHERE)
        return f"{place.file or self.file}:{place.line}:{place.column}"


def load_yaml(path: Path, most: int = _MAX_NODES) -> Any:
    """Read a YAML (or JSON) file of ours or of the user's, of at most so many values.

    Raises FileProblem with `file:line:col` where it cannot be read.
    """
    return _load(read_text(path), str(path), most)


def load_yaml_text(text: str, name: str = "<text>", loader: Callable[[str, int], CoreLoader] = CoreLoader) -> Any:
    """Read YAML from a string; `name` stands in error messages. `loader` makes one of a text, of at most so many values."""
    return _compose(text, name, loader=loader)[1]


def load_located(path: Path) -> Located:
    """Read a YAML file together with the place of each value (slower than `load_yaml`)."""
    return locate_text(read_text(path), str(path))


def locate_text(text: str, name: str = "<text>") -> Located:
    """Read YAML from a string together with the place of each value."""
    node, value = _compose(text, name, MOST_LOCATED)
    located = Located(name, value, {}, {})
    if node is not None:
        _locate(node, "", located)
    return located


def _load(text: str, name: str, most: int = _MAX_NODES) -> Any:
    return _compose(text, name, most)[1]


def _compose(
    text: str, name: str, most: int = _MAX_NODES, loader: Callable[[str, int], CoreLoader] = CoreLoader
) -> tuple[yaml.Node | None, Any]:
    """The one document of a text, as nodes and as data. FileProblem where there is none to be had."""
    try:
        reading = loader(text, most)
        try:
            node = reading.get_single_node()
            if node is None:
                return None, None
            _guard(node, most)
            return node, reading.construct_document(node)
        finally:
            reading.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"
        raise FileProblem([f"{where}: not readable as YAML: {error.problem or error.context}"]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = f"{name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise FileProblem([f"{where}: not readable as YAML: {error.reason}"]) from error
    except UnicodeEncodeError as error:
        raise FileProblem([f"{name}: not readable as YAML: this is not UTF-8 text"]) from error
    except RecursionError as error:
        raise FileProblem([f"{name}: not readable as YAML: nested deeper than {_MAX_DEPTH} levels"]) from error


def _guard(root: yaml.Node, most: int) -> None:
    """Refuse what is small on paper and huge in memory: aliases of aliases, rings, bottomless nesting."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if not isinstance(node, yaml.CollectionNode):
            return 1
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_nodes:
            raise _refuse(node, "an alias leads back to what it stands in")
        if depth > _MAX_DEPTH:
            raise _refuse(node, f"nested deeper than {_MAX_DEPTH} levels")
        open_nodes.add(key)
        total = 1
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                # Most values are words; a call for each would double the time of reading a file.
                total += size(part, depth + 1) if isinstance(part, yaml.CollectionNode) else 1
        open_nodes.discard(key)
        if total > most:
            raise _refuse(node, f"with its aliases written out this holds more than {most} values: split it")
        sizes[key] = total
        return total

    size(root, 0)


def _locate(node: yaml.Node, path: str, found: Located) -> None:
    found.places[path] = Place(node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            here = f"{path}/{escape(str(key.value))}"
            found.keys[here] = Place(key.start_mark.line + 1, key.start_mark.column + 1)
            _locate(child, here, found)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _locate(child, f"{path}/{index}", found)
    elif isinstance(node, yaml.ScalarNode) and not node.style:
        found.words[path] = node.value
