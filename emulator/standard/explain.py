"""From the validator's errors to breaches that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import jsonschema_rs

from emulator.record.call import ErrorCode
from emulator.record.payload import MISSING, as_json, pointer
from emulator.standard import bundle
from emulator.standard.breach import Breach, Check
from emulator.standard.engine import Validator
from emulator.standard.formats import in_words
from emulator.standard.pieces import Piece, is_small, pieces

MOST: Final = 100
"""Breaches of a kind that are told of one message; one more says how many others there are."""
COUNTED: Final = 10_000
"""Errors beyond them that are counted; what comes then is "more than" so many."""

_SHOWN = 200  # characters of a found value in a message


def breaches_of(validator: Validator, value: Any) -> list[Breach]:
    """One breach per thing that is wrong with a message by its schema: `MOST` at the most, and one that says how many more.

    However large the message is and whatever is wrong with it, the work grows with its size and not faster.
    """
    if validator.is_valid(value):
        return []
    found = _Found()
    if is_small(value):
        found.take(validator.iter_errors(value), None)
        return found.told(ended=True)
    ended = True
    for piece in pieces(value):
        if found.counted > COUNTED:
            ended = False
            break
        if not validator.is_valid(piece.value):
            found.take(validator.iter_errors(piece.value), piece)
    if found.is_empty:  # it is wrong as a whole only: too many items, or two of them the same
        found.take(_first_error(validator, value), None)
    return found.told(ended=ended)


def _first_error(validator: Validator, value: Any) -> list[Any]:
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


class _Found:
    """What was found of a message: the first breaches, and how many errors there are after them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Breach] = {}
        self._next: Breach | None = None
        self.counted = 0
        """Errors beyond those that are told."""

    @property
    def is_empty(self) -> bool:
        return not self._kept

    def take(self, errors: Iterable[Any], piece: Piece | None) -> None:
        """Take up the errors of a message, or of a piece of one: what they share is told once, by its place."""
        for error in errors:
            place = pointer(error.instance_path)
            if piece and place in piece.cut and _name(error.kind) in _OF_LISTS:
                continue
            if self._next is not None:
                self.counted += piece is None or piece.is_news(place)
                continue
            for breach in _breaches(error):
                here = replace(breach, place=piece.moved(breach.place)) if piece else breach
                if len(self._kept) < MOST:
                    self._kept.setdefault((here.place, here.message, str(here.expected)), here)
                elif (here.place, here.message, str(here.expected)) not in self._kept:
                    self._next = here
                    self.counted = 1
                    break

    def told(self, *, ended: bool) -> list[Breach]:
        """The breaches in the order of their places. Not `ended` where not all was looked at."""
        kept = self._kept.values()
        # What is not even of the right type need not be told that it is no word of a list.
        mistyped = {breach.place for breach in kept if breach.code is ErrorCode.INVALID_FORMAT}
        # A member that is wrong in itself counts as unexpected too, where a schema asks what nothing else has taken.
        wrong = {breach.place for breach in kept if breach.code is not ErrorCode.UNEXPECTED_PROPERTY}
        wrong |= {place[:n] for place in wrong for n, char in enumerate(place) if char == "/"}
        found = sorted(
            (
                b
                for b in kept
                if (b.place not in mistyped or b.code is not ErrorCode.INVALID_VALUE)
                and (b.place not in wrong or b.code is not ErrorCode.UNEXPECTED_PROPERTY)
            ),
            key=lambda breach: breach.place,
        )
        return found if self._next is None else [*found, and_more(self._next, self.counted, ended=ended)]


_OF_LISTS: Final = frozenset({"MinItems", "MaxItems", "UniqueItems", "Contains", "AdditionalItems"})
"""Errors that say something of a list as a whole, of which a piece has a part."""


def and_more(first: Breach, count: int, *, ended: bool = True) -> Breach:
    """What stands for the breaches that are not told, `first` and those after it; not `ended` where there may be others."""
    number = f"{count}" if ended else f"more than {count}"
    are = "is 1 more breach" if ended and count == 1 else f"are {number} more breaches"
    message = f"there {are} of this message, from here on; only the first {MOST} of a kind are told"
    return Breach(first.place, f"at most {MOST} breaches", MISSING, message, first.check, first.code, more=count)


def _breaches(error: Any) -> Iterable[Breach]:
    kind = error.kind
    name = _name(kind)
    if name in {"OneOfNotValid", "AnyOf"}:
        depth = len(list(error.instance_path))
        options = _tag_options(kind.context, depth)
        if options:
            yield from options
            return
        either = _either_format(kind.context, depth)
        if either:
            yield _no_format(pointer(error.instance_path), either, error.instance, _check(error))
            return
        branch = _branch_meant(kind.context, depth)
        if branch:
            for inner in branch:
                yield from _breaches(inner)
            return
        lacking = _lacking(kind.context, depth)
        if lacking:
            for inner in lacking:
                yield from _breaches(inner)
            return
    place = pointer(error.instance_path)
    if name in _UNEXPECTED:
        yield from _unexpected(kind.unexpected, error, place)
        return
    yield _translate(name, kind, error, place, _check(error))


_UNEXPECTED: Final = frozenset({"AdditionalProperties", "UnevaluatedProperties"})
"""Errors that name members which should not be there."""


def _unexpected(names: Iterable[str], error: Any, place: str) -> Iterator[Breach]:
    for name in names:
        here, message = f"{place}{pointer([name])}", f"{name:.100} is no member that this schema allows"
        found = error.instance[name] if isinstance(error.instance, dict) and name in error.instance else MISSING
        shown = "…" if isinstance(found, dict | list) else found
        yield Breach(here, "absent", shown, message, _check(error), ErrorCode.UNEXPECTED_PROPERTY)


def _tag_options(context: list[list[Any]], depth: int) -> list[Breach]:
    """Where no branch has the tag that the value gives: one breach at the tag, with all tags there are."""
    tags: dict[str, list[Any]] = {}
    sample: dict[str, Any] = {}
    for branch in context:
        for error in branch:
            if _name(error.kind) == "Enum" and len(list(error.instance_path)) == depth + 1:
                place = pointer(error.instance_path)
                options = error.kind.options if hasattr(error.kind, "options") else error.kind.value
                tags.setdefault(place, []).append(list(options))
                sample[place] = error
    return [
        Breach(place, known, sample[place].instance, f"{as_json(sample[place].instance)} is not one of {as_json(known)}",
               _check(sample[place]))
        for place, options in tags.items()
        # A tag is a one-value enum that every branch has.
        if len(options) == len(context) and all(len(values) == 1 for values in options)
        for known in [[value for values in options for value in values]]
    ]  # fmt: skip


def _either_format(context: list[list[Any]], depth: int) -> list[str]:
    """The formats of which a text has to have one, where that is all that every branch asks."""
    formats = [
        _format(error)
        for branch in context
        for error in branch
        if _name(error.kind) == "Format" and len(list(error.instance_path)) == depth
    ]
    return formats if len(formats) == sum(map(len, context)) == len(context) else []


def _format(error: Any) -> str:
    return str(getattr(error.kind, "format", error.kind.value))


def _no_format(place: str, formats: list[str], found: Any, check: Check) -> Breach:
    words = " nor ".join(in_words(name) for name in formats)
    said = f"neither {words}" if len(formats) > 1 else f"not {words}"
    return Breach(place, " or ".join(formats), found, f"{as_json(found)} is {said}", check, ErrorCode.INVALID_FORMAT)


def _name(kind: Any) -> str:
    return type(kind).__name__.rpartition("_")[2]


def _check(error: Any) -> Check:
    product = any(str(token).startswith(bundle.PRODUCT) for token in error.schema_path)
    return Check.PRODUCT if product else Check.SCHEMA


def _branch_meant(context: list[list[Any]], depth: int) -> list[Any] | None:
    """The branch whose tag fits: product maps tell their variants apart by a one-value enum.

    A branch is out when the value of one of its direct members is not in an enum, or a `const`;
    of those left, the one with the fewest errors is meant. None where no branch stands out.
    """

    def mismatched(branch: list[Any]) -> bool:
        return any(_name(e.kind) in {"Enum", "Constant"} and len(list(e.instance_path)) == depth + 1 for e in branch)

    # A value of a type that no branch takes: one word about the type says it all.
    mistyped = [
        [e for e in branch if _name(e.kind) == "Type" and len(list(e.instance_path)) == depth] for branch in context
    ]
    if mistyped and all(mistyped):
        return mistyped[0]
    left = [branch for branch in context if branch and not mismatched(branch)]
    if not left or (len(left) > 1 and len(left) == len(context)):
        return None
    return min(left, key=len)


def _lacking(context: list[list[Any]], depth: int) -> list[Any]:
    """The members, such as a tag, that every branch demands and the value has not."""
    branches = [
        {e.kind.property: e for e in branch if _name(e.kind) == "Required" and len(list(e.instance_path)) == depth}
        for branch in context
    ]
    return [error for name, error in branches[0].items() if all(name in each for each in branches)] if branches else []


def _translate(name: str, kind: Any, error: Any, place: str, check: Check) -> Breach:
    found = error.instance
    if name == "Required":
        missing = kind.property
        return Breach(f"{place}{pointer([missing])}", "given", message=f"{missing} is required", check=check,
                      code=ErrorCode.MISSING_PROPERTY)  # fmt: skip
    if name == "Enum":
        options = kind.options if hasattr(kind, "options") else kind.value
        return Breach(place, options, found, f"{as_json(found)} is not one of {as_json(options)}", check)
    if name == "Type":
        types = kind.types if hasattr(kind, "types") else kind.value
        wanted = " or ".join(types) if isinstance(types, list) else str(types)
        return Breach(
            place, wanted, found, f"{as_json(found)} is not of type {wanted}", check, ErrorCode.INVALID_FORMAT
        )
    if name == "Format":
        return _no_format(place, [_format(error)], found, check)
    limit = getattr(kind, "limit", None)
    if name == "AdditionalItems" and isinstance(limit, int):
        message = f"no more than {limit} items are allowed here"
        return Breach(f"{place}/{limit}", "absent", "…", message, check, ErrorCode.UNEXPECTED_PROPERTY)
    expected = f"{name[0].lower()}{name[1:]}" + (f" {limit}" if limit is not None else "")
    text = str(error.message)
    return Breach(place, expected, found, text if len(text) <= _SHOWN else text[:_SHOWN] + "…", check)
