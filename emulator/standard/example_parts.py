"""What schemas that bind together say of a value, looked at by themselves: its type, its number, its members' schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from emulator.standard.example_text import fits, texts_for


class Unfillable(Exception):  # noqa: N818 - it is what it says
    """What a schema demands cannot be made up, or what there is breaks it: what, and the pointer of where."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.place, self.what = place, what


WITHOUT: Final = "without"
"""A word of ours: members that would make it another option than the one that is chosen."""


def needed_by(parts: Iterable[Mapping[str, Any]]) -> set[str]:
    """The members that the schemas demand by name."""
    return {name for part in parts for name in part.get("required", ())}


def member_of(parts: Iterable[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """All that the schemas of an object say of one of its members, as a schema."""
    found: list[Any] = []
    for part in parts:
        named = name in (part.get("properties") or ())
        meant = [child for pattern, child in (part.get("patternProperties") or {}).items() if _is_meant(pattern, name)]
        found += [part["properties"][name]] if named else []
        found += meant
        if not named and not meant and isinstance(part.get("additionalProperties"), dict):
            found.append(part["additionalProperties"])
    return {"allOf": found}


def _is_meant(pattern: str, name: str) -> bool:
    return fits([{"pattern": pattern}], name)


def made_up_names(parts: Iterable[Mapping[str, Any]], value: Mapping[str, Any], count: int) -> list[str]:
    """Names of members that no schema names, for an object that has too few."""
    naming = [part["propertyNames"] for part in parts if isinstance(part.get("propertyNames"), dict)]
    naming += [{"pattern": pattern} for part in parts for pattern in list(part.get("patternProperties") or ())[:1]]
    found: dict[str, None] = {}
    for n in range(3 * max(count, 0)):
        if name := next((text for text in texts_for(naming, f"member{n + 1}", n) if fits(naming, text)), ""):
            found[name] = None
    return [name for name in found if name not in value]


def nth_item(parts: Iterable[Mapping[str, Any]], n: int) -> Iterator[Any]:
    """What the schemas of a tuple say of its item `n`."""
    for part in parts:
        items = part.get("items")
        if isinstance(items, list):
            yield items[n] if n < len(items) else part.get("additionalItems", True)


def tags_of(parts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The members that have one value only."""
    for part in parts:
        for name, child in (part.get("properties") or {}).items():
            if isinstance(child, Mapping) and ("const" in child or len(child.get("enum") or ()) == 1):
                yield name


KINDS: Final = ("object", "array", "string", "integer", "number", "boolean", "null")


def kind_of(parts: Iterable[Mapping[str, Any]], place: str) -> str:
    """The type that all schemas allow; where none names one, what they speak of, "" for nothing. Unfillable where they exclude
    each other.
    """
    parts = list(parts)
    allowed: list[str] | None = None
    for part in parts:
        if "type" in part:
            types = [part["type"]] if isinstance(part["type"], str) else list(part["type"])
            types += ["integer"] if "number" in types else []
            allowed = types if allowed is None else [kind for kind in allowed if kind in types]
    if allowed is None:
        return next((kind for kind, words in _WORDS if any(word in part for part in parts for word in words)), "")
    if not allowed:
        raise Unfillable(place, "its schemas exclude each other: they name no type that is the same")
    found = next((kind for kind in allowed if kind != "null"), "null")
    return "number" if found == "integer" and "number" in allowed else found


_WORDS: Final = (
    ("object", ("properties", "required", "minProperties")),
    ("array", ("items", "minItems", "contains")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
    ("string", ("format", "pattern", "minLength", "maxLength")),
)
"""Words that speak of one type, whatever they say of it."""


def number_for(parts: Iterable[Mapping[str, Any]], kind: str, variant: int, place: str) -> int | float:
    """The number nearest to one that the schemas allow; `variant` steps further up."""
    parts = list(parts)

    def bounds(name: str) -> list[Fraction]:
        return [Fraction(str(part[name])) for part in parts if isinstance(part.get(name), int | float)]

    steps = [step for step in bounds("multipleOf") if step > 0]
    step = steps[0] if steps else Fraction(1)
    if kind == "integer" and step.denominator > 1:
        step = Fraction(step.numerator)
    low = max([*bounds("minimum"), *bounds("exclusiveMinimum")], default=None)
    high = min([*bounds("maximum"), *bounds("exclusiveMaximum")], default=None)
    start = Fraction(1) if low is None else max(low, Fraction(1))
    if high is not None and start > high:
        start = high
    first = -(-start // step) * step
    middle = [] if low is None or high is None or kind == "integer" else [(low + high) / 2]
    for number in [first, first + step, first - step, *middle]:
        found = int(number) if number.denominator == 1 else float(number)
        if fits(parts, found):
            further = int(first + step * variant) if step.denominator == 1 else float(first + step * variant)
            return further if variant and fits(parts, further) else found
    raise Unfillable(place, "there is no number that its schemas allow")


def simply_holds(condition: Any, value: Any) -> bool | None:
    """Whether a value meets a condition by which sub-types are told apart; None where it takes more than a look."""
    if not isinstance(condition, Mapping) or condition.keys() - {"type", "required", "properties"}:
        return None
    if not isinstance(value, dict) or condition.get("type", "object") != "object":
        return None
    if any(name not in value for name in condition.get("required", ())):
        return False
    for name, wanted in (condition.get("properties") or {}).items():
        if name not in value:
            continue
        if not isinstance(wanted, Mapping) or wanted.keys() - {"type", "const", "enum", "pattern", "minLength", "not"}:
            return None
        refused = wanted.get("not") or {}
        if refused.keys() - {"enum"}:
            return None
        if value[name] in refused.get("enum", ()) or not fits([wanted], value[name]):
            return False
    return True
