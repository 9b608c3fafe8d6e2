"""Spoils files: one that is right is taken as a tree, and a node or two of it become something else; or its bytes do.

A tree is written as JSON, which YAML is as well, except for what is `Raw`.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Raw:
    """Text that is written as it stands."""

    text: str


@dataclass
class Twice:
    """A mapping in which one key is given twice."""

    pairs: list[tuple[Any, Any]]


Path = tuple[Any, ...]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 5, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(10**30), 1e308, -0.0, 1.5, Raw("1e400"), Raw("NaN"),
    Raw("-Infinity"), Raw("1" * 400), Raw("1" * 5000), "", " ", "x", "0", "1", "true", "null", "\0", "\n", "\ud800", "\U0010ffff",
    "é", "x" * 300, "x" * 5000, "x" * 100_000, "a/b", "../x", "/", "//", "~", "~2", "$", "$$", "${x}", "{$", "{$inputs.x}",
    "$inputs", "$inputs.", "$steps.a.outputs.b", "$gen.uuid", "$gen.now+99999999999999d", "$gen.today-99999d", "$run.id",
    "$response.body#/a", "$with.x", "$merge", "#/", "*", "[", "(a+)+$", "^(", "\\", "%", "%00", "{id}", "{}", "http://", "http://[",
    "http://x:99999/", "http://x:port/", "file:///etc/passwd", "https://a b/", "0s", "1", "-1s", "1.5.5s", "99999999999999d",
    "36525d", "9" * 400 + "s", "PT", "P1Y", "PT99999999999S", "0001-01-01", "9999-12-31", "2026-02-30", "0000-00-00", "2026-1-1",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z", "٢٠٢٦-01-01", "１s", "MEF123-R45", "MEF123:UC1", "quote", "buyer", "seller", "1e3",
    [], {}, [[]], [None], [1], [{}], {"": None}, {"x": 1}, {"$any": []}, {"$any": [[]]}, {"$any": "string"}, {"$regex": "("},
    {"$regex": "(a+)+$"}, {"$regex": 5}, {"$all": [[]]}, {"$not": None}, {"$merge": 5}, {"$merge": "$inputs.x"}, {"$": 1}, {"a": {"b": []}},
    Raw("&a [*a]"), Raw("*nobody"), Raw("!!python/object/apply:os.system [x]"), Raw("!!binary aGk="), Raw("!!set {a, b}"),
    Raw("!x y"), Raw("2026-01-01"), Raw("{<<: {a: 1}}"), Raw("{<<: [5]}"), Raw("? [a]\n: b"), Raw("{[a]: b}"), Raw("{{}: b}"),
    Raw("{1: a, true: b, null: c}"), Raw("{1.5: a, 0x10: b}"), Raw("|\n  x"), Raw("0o7"), Raw("0x" + "f" * 5000), Raw(".inf"), Raw(".nan"),
)  # fmt: skip
KEYS = (
    "", "$any", "$merge", "x", "__class__", "id", "extends", "use", "with", "parallel", "include", "data", "body", "/", "~", "a/b", "~2", "0", "\0",
    "é", "x" * 300, "x" * 20_000, "type", "@type", "known", "flow", "oit", "state", "expect", "\ud800", " ",
)  # fmt: skip


def spoil(right: bytes, rng: random.Random, *, lines: bool = False) -> bytes:
    """A file that is right, spoilt. `lines`: it is a document in each line."""
    if rng.random() < 0.25:
        return _bytes(right, rng)
    if lines:
        rows = right.splitlines()
        for n in rng.sample(range(len(rows)), min(len(rows), rng.choice((1, 1, 2)))):
            rows[n] = _tree(rows[n], rng).replace(b"\n", b" ")
        return b"\n".join(rows) + b"\n"
    return _tree(right, rng)


def _tree(right: bytes, rng: random.Random) -> bytes:
    tree = copy.deepcopy(_parsed(right))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        tree = rng.choice(TREES)(tree, rng)
    return written(tree).encode("utf-8", "surrogatepass")


_PARSED: dict[bytes, Any] = {}


def _parsed(right: bytes) -> Any:
    if right not in _PARSED:
        from emulator.plain_yaml import load_yaml_text

        _PARSED[right] = json.loads(right) if right[:1] in b"{[" else load_yaml_text(right.decode())
    return _PARSED[right]


def paths(tree: Any, here: Path = ()) -> list[Path]:
    """Where the nodes of a tree are."""
    found = [here]
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += paths(value, (*here, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += paths(value, (*here, index))
    return found


def _at(tree: Any, path: Path) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _put(tree: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    _at(tree, path[:-1])[path[-1]] = value
    return tree


def _somewhere(tree: Any, rng: random.Random) -> Path:
    """A node. Each level is as likely as another, so that what stands high is not forgotten among the leaves."""
    by_depth: dict[int, list[Path]] = {}
    for path in paths(tree):
        by_depth.setdefault(len(path), []).append(path)
    depths = [depth for depth in by_depth if depth] or [0]
    return rng.choice(by_depth[rng.choice(depths)])


def _replace(tree: Any, rng: random.Random) -> Any:
    return _put(tree, _somewhere(tree, rng), copy.deepcopy(rng.choice(VALUES)))


def _alike(tree: Any, rng: random.Random) -> Any:
    """A text of a kind, or a number, becomes another one of that kind, as far off as can be."""
    found = [(path, value) for path in paths(tree) if (value := _extremes(_at(tree, path)))]
    if not found:
        return tree
    path, choices = rng.choice(found)
    return _put(tree, path, rng.choice(choices))


def _extremes(value: Any) -> tuple[Any, ...]:
    if isinstance(value, int | float):
        return (-1, 0, 0.5, 2**31, 2**53 + 1, 2**63, 10**30, 1e308, Raw(".nan"), Raw(".inf"), Raw("0x" + "f" * 5000))
    for shape, choices in EXTREMES.items():
        if isinstance(value, str) and re.search(shape, value):
            return choices
    return ()


EXTREMES: dict[str, tuple[str, ...]] = {
    r"^\d+(ms|s|m|h|d)$": (
        "0s",
        "99999999999999d",
        "36600d",
        "9" * 400 + "s",
        "0.0000001ms",
        "PT0S",
        "P99999W",
        "20s\n",
    ),
    r"^\d{4}-\d\d": (
        "0001-01-01",
        "9999-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
        "2026-02-30",
        "2026-01-01T00:00:00",
    ),
    r"^\$|\{\$": (
        "$inputs.x.y#/0/~2",
        "$inputs",
        "$steps.x.outputs.y",
        "$gen.now+9999999d",
        "$gen.now+36600d",
        "$gen.uuid+1d",
        "$response.body#" + "/a" * 300,
    ),
    r"^https?://": (
        "http://",
        "http://[",
        "http://x:99999/",
        "http://x/" + "a" * 10_000,
        "//x",
        "http://\u0000/",
        "http://x/%zz?a=%",
    ),
    r"^[a-zA-Z]+\.[a-zA-Z]+$": ("x.y", ".", "a.", ".b", "a.b.c", "quote.nothing"),
    r"^/": ("", "/", "//", "/~2", "/*", "/*/*/*/*", "/" + "a/" * 500, "/-", "/999999999999"),
}


def _remove(tree: Any, rng: random.Random) -> Any:
    path = _somewhere(tree, rng)
    if not path:
        return None
    del _at(tree, path[:-1])[path[-1]]
    return tree


def _rename(tree: Any, rng: random.Random) -> Any:
    found = [path for path in paths(tree) if isinstance(_at(tree, path), dict) and _at(tree, path)]
    if not found:
        return tree
    table = _at(tree, rng.choice(found))
    old = rng.choice(list(table))
    table[rng.choice(KEYS)] = table.pop(old)
    return tree


def _add(tree: Any, rng: random.Random) -> Any:
    found = [path for path in paths(tree) if isinstance(_at(tree, path), dict | list)]
    if not found:
        return tree
    part = _at(tree, rng.choice(found))
    value = copy.deepcopy(rng.choice(VALUES))
    if isinstance(part, dict):
        part[rng.choice(KEYS)] = value
    else:
        part.insert(rng.randrange(len(part) + 1), value)
    return tree


def _move(tree: Any, rng: random.Random) -> Any:
    """What stands in one place stands in another, too."""
    return _put(tree, _somewhere(tree, rng), copy.deepcopy(_at(tree, _somewhere(tree, rng))))


def _wrap(tree: Any, rng: random.Random) -> Any:
    path = _somewhere(tree, rng)
    value = _at(tree, path)
    return _put(tree, path, rng.choice(([value], {"x": value}, [value] * 3, str(value), [[value]])))


def _double(tree: Any, rng: random.Random) -> Any:
    found = [path for path in paths(tree) if isinstance(_at(tree, path), dict) and _at(tree, path)]
    if not found:
        return tree
    path = rng.choice(found)
    pairs = list(_at(tree, path).items())
    return (
        _put(tree, path, Twice([*pairs, (rng.choice(pairs)[0], copy.deepcopy(rng.choice(VALUES)))])) if path else tree
    )


def _deepen(tree: Any, rng: random.Random) -> Any:
    depth = rng.choice((90, 101, 500, 1100, 5000))
    opened, closed = rng.choice((("[", "]"), ('{"a":', "}")))
    return _put(tree, _somewhere(tree, rng), Raw(opened * depth + "1" + closed * depth))


def _multiply(tree: Any, rng: random.Random) -> Any:
    """Very many of something."""
    path = _somewhere(tree, rng)
    count = rng.choice((200, 2000, 20_000))
    value = _at(tree, path)
    text = written(value)
    if len(text) * count > 400_000:
        count = max(2, 400_000 // max(1, len(text)))
    if rng.random() < 0.5:
        return _put(tree, path, Raw(f"[{', '.join([text] * count)}]"))
    return _put(tree, path, Raw("{" + ", ".join(f'"k{n}": {text}' for n in range(count)) + "}"))


TREES: tuple[Callable[[Any, random.Random], Any], ...] = (
    _replace, _replace, _replace, _replace, _alike, _alike, _alike, _remove, _rename, _add, _add, _move, _move, _wrap, _double, _deepen, _multiply,
)  # fmt: skip


def written(tree: Any) -> str:
    """A tree as text, one member a line where it is not deep."""
    parts: list[str] = []
    _write(tree, parts, 0)
    return "".join(parts) + "\n"


def _write(tree: Any, parts: list[str], depth: int) -> None:
    if isinstance(tree, Raw):
        parts.append(tree.text)
    elif isinstance(tree, dict | Twice):
        pairs = list(tree.items()) if isinstance(tree, dict) else tree.pairs
        parts.append("{")
        for index, (key, value) in enumerate(pairs):
            parts.append((",\n" if index else "\n") + " " * (depth + 1) + json.dumps(str(key)) + ": ")
            _write(value, parts, depth + 1)
        parts.append("}")
    elif isinstance(tree, list):
        parts.append("[")
        for index, value in enumerate(tree):
            if index:
                parts.append(", ")
            _write(value, parts, depth + 1)
        parts.append("]")
    else:
        parts.append(json.dumps(tree))


# -- bytes -----------------------------------------------------------------------------------------


def _bytes(right: bytes, rng: random.Random) -> bytes:
    return rng.choice(BYTES)(right, rng)


def _cut(right: bytes, rng: random.Random) -> bytes:
    return right[: rng.randrange(len(right) + 1)]


def _insert(right: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(right) + 1)
    return right[:place] + rng.choice(SHREDS) + right[place:]


def _flip(right: bytes, rng: random.Random) -> bytes:
    spoilt = bytearray(right)
    for _ in range(rng.choice((1, 2, 8))):
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


def _recode(right: bytes, rng: random.Random) -> bytes:
    text = right.decode("utf-8", "replace")
    return rng.choice((
        b"\xef\xbb\xbf" + right, b"\xef\xbb\xbf" * 2 + right, text.encode("utf-16"), text.encode("utf-32-le"), b"\xff\xfe" + right,
        text.encode("latin-1", "replace") + b"\xe9", right.replace(b"\n", b"\r"), right.replace(b"\n", b"\r\n"), right.replace(b"\n", b"\x00\n", 3),
    ))  # fmt: skip


def _swap_lines(right: bytes, rng: random.Random) -> bytes:
    lines = right.split(b"\n")
    for _ in range(3):
        one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _indent(right: bytes, rng: random.Random) -> bytes:
    lines = right.split(b"\n")
    n = rng.randrange(len(lines))
    lines[n] = (
        rng.choice((b"  ", b"\t", b"- ", b"? ", b"# ", b"--- ", b"... ", b"%YAML 9.9\n---\n", b"key: ", b"\xa0"))
        + lines[n]
    )
    return b"\n".join(lines)


def _repeat(right: bytes, rng: random.Random) -> bytes:
    return right * rng.choice((2, 3))


def _word(right: bytes, rng: random.Random) -> bytes:
    """A word becomes a shred of YAML."""
    words = list(re.finditer(rb"[\w$./-]+", right))
    if not words:
        return right
    hit = rng.choice(words)
    return right[: hit.start()] + rng.choice(SHREDS) + right[hit.end() :]


def _something(_: bytes, rng: random.Random) -> bytes:
    return rng.choice((
        b"", b" ", b"\n", b"\0", b"null", b"5", b"[]", b"{}", b'""', b"- ", b"---", b"--- a\n--- b", b"...", b"# only words", b"[" * 100_000,
        b"{" * 5000, b'{"a":' * 5000, b"- " * 3000, b"a:\n" * 2000, b"? " * 5000, b"\xff" * 100, b"a" * 300_000, b"'" + b"a" * 300_000, b"a: " + b"&x " * 100,
        _bomb(), b"<!DOCTYPE html><html></html>", b"PK\x03\x04", b"\x1f\x8b\x08\x00junk", b"%!PS", b"!!str", b"&a *a", b"*a", b"a: *b",
        b"<<: {a: 1}", b"? ", b": ", b"\xef\xbb\xbf", b"[1,2", b'{"log": {"entries": 5}}', b'{"log": {"entries": [5]}}',
        b'{"report_version": "2"}', b'{"report_version": "9"}', b'{"runs": 5}', b'{"a":1}\n{"b":2}\n',
    ))  # fmt: skip


def _bomb() -> bytes:
    """A billion laughs."""
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 9)]
    return b"\n".join(lines)


SHREDS = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\x1b[2J", b"\r", b"\t", b"{", b"}", b"[", b"]", b'"', b"'", b":", b": ", b"- ", b"&a ", b"*a", b"!", b"!!map ",
    b"<<: ", b"? ", b"|", b">", b"%", b"@", b"`", b"#", b" # ", b"null", b"~", b"1e999", b"0x", b"-", b"..", b"\\u0000", b"\\ud800", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\xef\xbf\xbe", b"1" * 5000, b"[[[[", b"{{{{", b"9999-12-31", b"0001-01-01", b"99999999999999d", b"1e30", b".nan",
)  # fmt: skip
BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _cut, _insert, _insert, _flip, _recode, _swap_lines, _indent, _repeat, _word, _word, _something,
)  # fmt: skip
