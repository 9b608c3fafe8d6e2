"""What a scenario demands of a value: plain values are equal, mappings with `$` keys are matchers.

| matcher | holds for |
|---|---|
| `{$any: string}` | any value of a type (string, number, integer, boolean, object, array, null, dateTime, date, uuid, uri, any) |
| `{$oneOf: [a, b]}` | one of these (each may be a matcher) |
| `{$size: 2}`, `{$size: {min: 1, max: 3}}` | a list, text or object of that many items, characters or members |
| `{$regex: "^a"}` | a text in which the pattern (RE2's syntax) is found |
| `{$absent: true}` | nothing there |
| `{$contains: x}` | a text that holds x, or a list with an item of which x is a subset |
| `{$gt: 1}`, `{$gte: 1}`, `{$lt: 1}`, `{$lte: 1}` | numbers, and date-times or dates |
| `{$subset: {a: 1}}` | an object with at least these members |

Several matchers in one mapping must all hold. Matchers may stand at any depth of a plain value.
"""

from __future__ import annotations

import operator
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from emulator.record.payload import MISSING, escape, every
from emulator.scenario.expressions import did_you_mean, plain_key
from emulator.standard import linear
from emulator.standard.instant import read_instant

Fill = Callable[[Any], Any]
"""Fills in the expressions of a value."""


def is_matcher(spec: Any) -> bool:
    """Whether a mapping is a matcher: it has a `$` key that is neither escaped nor `$merge`."""
    return isinstance(spec, Mapping) and any(_reserved(name) for name in spec)


def _reserved(name: Any) -> bool:
    return isinstance(name, str) and name.startswith("$") and not name.startswith("$$") and name != "$merge"


def equal(left: Any, right: Any) -> bool:
    """JSON's equality: true is not 1, and 1 is 1.0. Date-times are equal where they are the same instant."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right) or _one_instant(left, right)


def _one_instant(left: Any, right: Any) -> bool:
    """Whether two texts are date-times with an offset that spell one instant."""
    first, second = (
        read_instant(each) if isinstance(each, str) and len(each) > _DAY else None for each in (left, right)
    )
    return first is not None and second is not None and bool(first.tzinfo and second.tzinfo) and first == second


_DAY: Final = len("2026-01-01")


def holds(spec: Any, found: Any, fill: Fill) -> bool:
    """Whether a found value (or MISSING) is what `spec` demands.

    Raises ExpressionError where an expression in `spec` cannot be filled in.
    """
    if is_matcher(spec):
        return all(name in MATCHERS and MATCHERS[name](wanted, found, fill) for name, wanted in spec.items())
    if found is MISSING:
        return False
    if isinstance(spec, Mapping) and "$merge" not in spec:
        if not isinstance(found, Mapping):
            return False
        wanted_members = {plain_key(name): wanted for name, wanted in spec.items()}
        return wanted_members.keys() == found.keys() and all(
            holds(wanted, found[name], fill) for name, wanted in wanted_members.items()
        )
    if isinstance(spec, list):
        return (
            isinstance(found, list)
            and len(spec) == len(found)
            and all(holds(wanted, item, fill) for wanted, item in zip(spec, found, strict=True))
        )
    return equal(fill(spec), found)


def _moment(value: Any) -> datetime | None:
    found = read_instant(value)
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value)) and len(value) == len("2026-01-01")
    except ValueError:
        return False


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:\S++")

TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "any": lambda _: True,
    "string": lambda value: isinstance(value, str),
    "number": _number,
    "integer": lambda value: _number(value) and value == value // 1,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
    "dateTime": lambda value: _moment(value) is not None and "T" in value.upper(),
    "date": _is_date,
    "uuid": _is_uuid,
    "uri": lambda value: isinstance(value, str) and _URI.fullmatch(value) is not None,
}


def _any(wanted: Any, found: Any, _: Fill) -> bool:
    return found is not MISSING and TYPES.get(str(wanted), lambda _: False)(found)


def _one_of(wanted: Any, found: Any, fill: Fill) -> bool:
    choices = wanted if isinstance(wanted, list) else fill(wanted)
    return isinstance(choices, list) and any(holds(choice, found, fill) for choice in choices)


def _size(wanted: Any, found: Any, fill: Fill) -> bool:
    if not isinstance(found, list | str | Mapping):
        return False
    bounds = fill(wanted)
    if isinstance(bounds, Mapping):
        least, most = bounds.get("min", 0), bounds.get("max", len(found))
        return bool(_number(least) and _number(most) and least <= len(found) <= most)
    return _number(bounds) and len(found) == bounds


def _regex(wanted: Any, found: Any, _: Fill) -> bool:
    return isinstance(found, str) and linear.found_in(str(wanted), found)


def _absent(wanted: Any, found: Any, _: Fill) -> bool:
    return (found is MISSING) is bool(wanted)


def _contains(wanted: Any, found: Any, fill: Fill) -> bool:
    if isinstance(found, str):
        return str(fill(wanted)) in found
    return isinstance(found, list) and any(_subset(wanted, item, fill) for item in found)


def _subset(wanted: Any, found: Any, fill: Fill) -> bool:
    if isinstance(wanted, str):
        wanted = fill(wanted)
        if isinstance(wanted, Mapping):
            return isinstance(found, Mapping) and all(
                name in found and equal(value, found[name]) for name, value in wanted.items()
            )
        return equal(wanted, found)
    if not isinstance(wanted, Mapping) or is_matcher(wanted):
        return holds(wanted, found, fill)
    if "$merge" in wanted:
        wanted = fill(wanted)
    return isinstance(found, Mapping) and all(
        _subset(value, found.get(plain_key(name), MISSING), fill) for name, value in wanted.items()
    )


def _compare(how: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Fill], bool]:
    def check(wanted: Any, found: Any, fill: Fill) -> bool:
        bound = fill(wanted)
        if _number(bound) and _number(found):
            return how(found, bound)
        left, right = _moment(found), _moment(bound)
        return left is not None and right is not None and how(left, right)

    return check


MATCHERS: Final[dict[str, Callable[[Any, Any, Fill], bool]]] = {
    "$any": _any,
    "$oneOf": _one_of,
    "$size": _size,
    "$regex": _regex,
    "$absent": _absent,
    "$contains": _contains,
    "$gt": _compare(operator.gt),
    "$gte": _compare(operator.ge),
    "$lt": _compare(operator.lt),
    "$lte": _compare(operator.le),
    "$subset": _subset,
}


def matcher_problems(spec: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each (pointer, problem) of the matchers in a demanded value."""
    if isinstance(spec, list):
        for index, member in enumerate(spec):
            yield from matcher_problems(member, f"{place}/{index}")
    if not isinstance(spec, Mapping):
        return
    mixed = is_matcher(spec)
    for name, wanted in spec.items():
        here = f"{place}/{escape(str(name))}"
        if not mixed:
            yield from matcher_problems(wanted, here)
        elif not _reserved(name):
            yield here, f"'{name}' stands beside a matcher: a mapping holds matchers or members, not both"
        elif name not in MATCHERS:
            yield here, f"'{name}' is not a matcher.{did_you_mean(name, list(MATCHERS))}"
        else:
            yield from _argument_problems(name, wanted, here)


def _argument_problems(name: str, wanted: Any, here: str) -> Iterator[tuple[str, str]]:
    if name == "$any" and not (isinstance(wanted, str) and wanted in TYPES):
        yield (
            here,
            f"'{wanted!s:.60}' is not a type: known are {', '.join(TYPES)}.{did_you_mean(str(wanted), list(TYPES))}",
        )
    elif name == "$oneOf" and not isinstance(wanted, list | str):
        yield here, "'$oneOf' needs a list"
    elif name == "$absent" and not isinstance(wanted, bool):
        yield here, "'$absent' needs true or false"
    elif name == "$size" and not (_number(wanted) or isinstance(wanted, str) or _bounds(wanted)):
        yield here, "'$size' needs a number, or min and max"
    elif name == "$regex":
        if why := linear.problem(wanted):
            yield here, f"'$regex' needs a regular expression: {why}"
    elif name in {"$oneOf", "$contains", "$subset"}:
        yield from matcher_problems(wanted, here)


def _bounds(wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and bool(wanted) and set(wanted) <= {"min", "max"}


def spots(body: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Each (pointer, value or MISSING) that a key of `expect` names; '' and '/' are the whole body.

    `*` is every item: where there is none, the pattern itself is MISSING.
    """
    if pointer in {"", "/"}:
        yield "", body
        return
    hits = list(every(body, pointer)) if body is not MISSING else []
    if not hits:
        yield pointer, MISSING
    # A member that one item lacks must not hide behind the items that have it.
    elif "*" in pointer.split("/"):
        head, _, tail = pointer.partition("/*")
        for index_pointer, item in every(body, head + "/*"):
            for rest, value in spots(item, tail) if tail else [("", item)]:
                yield index_pointer + rest, value
    else:
        yield from hits
