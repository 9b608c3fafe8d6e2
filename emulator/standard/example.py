"""Values that a schema allows, made up: what a message lacks is filled in, or a whole example is made of nothing.

It walks the definitions as `bundle` leaves them. What it makes is small, is read by people, and is the same for the same
seed. That is why no library makes it: those there are (hypothesis-jsonschema, jsf) draw at random, for tests; what they
draw is long or looks like noise, they fill nothing up, and know no sub-types that `@type` chooses. Walking alone cannot
see everything (`not`, `contains`, exactly one of several), so an example is looked at by the validator before it is handed
out, and where it is wrong others are drawn, up to a number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.record.payload import MISSING, escape
from emulator.standard.engine import Validator, compiled
from emulator.standard.example_parts import (
    KINDS,
    WITHOUT,
    Unfillable,
    kind_of,
    made_up_names,
    member_of,
    needed_by,
    nth_item,
    number_for,
    simply_holds,
    tags_of,
)
from emulator.standard.example_text import FORMATS, fits, texts_for

_DEEPEST: Final = 24
"""Objects within objects: a schema that demands itself has no message that is valid."""
_ROUNDS: Final = 40
"""How often a member that was filled in may bring others that are demanded then, as `@type` does."""
_MOST_VALUES: Final = 5_000
"""Values of what is made up: more is no example."""
_TRIES: Final = 200
"""Examples that are drawn until one is valid."""
_SCALE: Final = 6
"""Options among which a choice is made at random; those behind are hardly ever the only ones."""


def _nothing(_: str, __: str) -> str | None:
    return None


@dataclass(slots=True)
class Maker:
    """Makes values of schemas. `say` may have a text for a place, by its format ("" for none). `optional` is down to how
    many levels members are made that nothing demands. `draw` 0 takes what is plainest, another number what chance takes
    with that seed.
    """

    definitions: Mapping[str, Any]
    say: Callable[[str, str], str | None] = _nothing
    optional: int = 0
    draw: int = 0
    _left: int = field(default=_MOST_VALUES, init=False)
    _conditions: dict[int, Validator] = field(default_factory=dict, init=False)

    def filled(self, schema: Any, value: Any = MISSING, place: str = "", depth: int = 0, variant: int = 0) -> Any:
        """A value with what the schema demands of it; one that is given is changed, without one it is made.

        Whether it is valid then is for a validator to say. Unfillable where nothing can be made.
        """
        self._left -= value is MISSING
        if depth > _DEEPEST or self._left < 0:
            raise Unfillable(place, "this demands itself" if depth > _DEEPEST else "this demands too much")
        if value is MISSING:
            value = self._new(list(self._parts(schema, MISSING, place)), place, variant)
        if isinstance(value, dict):
            self._object(schema, value, place, depth, variant)
        elif isinstance(value, list):
            self._list(list(self._parts(schema, value, place)), value, place, depth)
        return value

    # -- objects and lists -------------------------------------------------------------------------

    def _object(self, schema: Any, value: dict[str, Any], place: str, depth: int, variant: int) -> None:
        made: dict[str, int] = {}
        for _ in range(_ROUNDS):
            parts = list(self._parts(schema, value, place))
            lacking = [name for part in parts for name in part.get("required", ()) if name not in value]
            lacking = lacking or self._more(parts, value, place, depth)
            if not lacking:
                break
            # What tells sub-types apart comes first: more may be demanded then.
            name = next((each for each in lacking if each.startswith("@")), lacking[0])
            for each in [name] if name.startswith("@") else dict.fromkeys(lacking):
                here = f"{place}/{escape(each)}"
                inner = member_of(parts, each)
                value[each] = self.filled(inner, MISSING, here, depth + 1, variant)
                made[each] = len(inner["allOf"])
        for name, member in value.items():
            inner = member_of(parts, name) if isinstance(member, dict | list) else {"allOf": []}
            if len(inner["allOf"]) > made.get(name, 0):
                self.filled(inner, member, f"{place}/{escape(name)}", depth + 1)

    def _more(self, parts: list[Mapping[str, Any]], value: Mapping[str, Any], place: str, depth: int) -> list[str]:
        """The names of members that nothing demands by name, and that there should be all the same."""
        without = {name for part in parts for name in part.get(WITHOUT, ())} | set(value)
        without |= {name for part in parts for name, child in (part.get("properties") or {}).items() if child is False}
        known = list(dict.fromkeys(name for part in parts for name in part.get("properties") or ()))
        allowed = known = [name for name in known if name not in without]
        if depth < self.optional:
            return allowed
        if self.draw and depth < _DEEPEST // 4:
            chance = self._chance(f"{place}?{len(value)}")
            allowed = [name for name in allowed if chance.random() < _OFTEN] if not value else []
            if allowed:
                return allowed
        short = max((int(part.get("minProperties", 0)) for part in parts), default=0) - len(value)
        return [*known, *made_up_names(parts, value, short - len(known))][:short] if short > 0 else []

    def _list(self, parts: list[Mapping[str, Any]], value: list[Any], place: str, depth: int) -> None:
        entry = {"allOf": [part["items"] for part in parts if isinstance(part.get("items"), dict)]}
        contained = [part["contains"] for part in parts if isinstance(part.get("contains"), dict)]
        least = max([0, *(int(part.get("minItems", 0)) for part in parts)])
        least = max([least, *(int(part.get("minContains", 1)) for part in parts if "contains" in part)])
        if not value and depth < self.optional and any(part.get("maxItems", 1) for part in parts):
            least = max(least, 1)
        if least > self._left:
            raise Unfillable(place, f"{least} items are too many for an example")
        told_apart = any(part.get("uniqueItems") for part in parts)
        while len(value) < least:
            value.append(MISSING)
        for n, one in enumerate(value):
            schemas = [entry, *nth_item(parts, n), *(contained if one is MISSING else ())]
            value[n] = self.filled({"allOf": schemas}, one, f"{place}/{n}", depth + 1, n if told_apart else 0)

    # -- which schemas bind ------------------------------------------------------------------------

    def _parts(self, schema: Any, value: Any, place: str, within: int = 0) -> Iterator[Mapping[str, Any]]:
        """The plain schemas that have a say on a value, those that it refers to and chooses included."""
        if not isinstance(schema, Mapping):
            if schema is False:
                raise Unfillable(place, "nothing is allowed here")
            return
        if within > _DEEPEST * 4:
            raise Unfillable(place, "these schemas are made of themselves")
        if "$ref" in schema:
            referred = self.definitions[schema["$ref"].removeprefix("#/definitions/")]
            yield from self._parts(referred, value, place, within + 1)
            return
        yield schema
        for part in schema.get("allOf", ()):
            yield from self._parts(part, value, place, within + 1)
        if "if" in schema:
            branch = schema.get("then" if self._holds(schema["if"], value) else "else")
            yield from self._parts(branch, value, place, within + 1)
        for key in ("oneOf", "anyOf"):
            if schema.get(key):
                yield from self._chosen(schema[key], value, place, within, exclusive=key == "oneOf")

    def _chosen(
        self, options: Sequence[Any], value: Any, place: str, within: int, *, exclusive: bool
    ) -> Iterator[Mapping[str, Any]]:
        """What the option says that knows most of the members that there are, and lacks fewest."""

        def strangeness(option: list[Mapping[str, Any]]) -> tuple[int, int]:
            known = {name for part in option for name in part.get("properties") or ()}
            needed = needed_by(option)
            wrong = sum(
                ("const" in child and value[name] != child["const"])
                or value[name] not in child.get("enum", [value[name]])
                for part in option
                for name, child in (part.get("properties") or {}).items()
                if name in value and isinstance(child, Mapping)
            )
            return wrong * 100 + len(value.keys() - known), len(needed - value.keys())

        found = [list(self._parts(option, value, place, within + 1)) for option in options if option is not False]
        if not found:
            raise Unfillable(place, "nothing is allowed here")
        everything = found
        if isinstance(value, dict) and value:
            best = min(map(strangeness, found))
            found = [option for option in found if strangeness(option) == best]
        chosen = found[self._choice(f"{place}|{len(options)}", min(len(found), _SCALE))]
        yield from chosen
        if exclusive and len(options) > 1:
            # Without the member that tells it apart, or with that of another one, it could be several of them.
            needed = needed_by(chosen)
            others = {name for option in everything if option is not chosen for name in needed_by(option)}
            yield {"required": [*tags_of(chosen)], WITHOUT: others - needed}

    def _holds(self, condition: Any, value: Any) -> bool:
        """Whether a value meets a condition. What is not there yet meets none."""
        if isinstance(condition, bool):
            return condition
        if value is MISSING:
            return False
        simple = simply_holds(condition, value)
        if simple is not None:
            return simple
        if id(condition) not in self._conditions:
            self._conditions[id(condition)] = compiled({**condition, "definitions": self.definitions})
        return self._conditions[id(condition)].is_valid(value)

    # -- values ------------------------------------------------------------------------------------

    def _new(self, parts: list[Mapping[str, Any]], place: str, variant: int) -> Any:
        """The plainest value that the schemas have, without what it holds."""
        for part in parts:
            if "const" in part:
                return part["const"]
        if enums := [part["enum"] for part in parts if part.get("enum")]:
            common = [each for each in enums[0] if fits(parts, each)] or enums[0]
            return common[(variant + self._choice(place, len(common))) % len(common)]
        kind = kind_of(parts, place) or (self._chance(place).choice(KINDS) if self.draw else "string")
        if kind == "object":
            return {}
        if kind == "array":
            return []
        if kind == "boolean":
            return bool(variant % 2) if not self.draw else self._chance(place).random() < _OFTEN
        if kind in ("integer", "number"):
            return number_for(parts, kind, variant, place)
        return None if kind == "null" else self._text(parts, place, variant)

    def _text(self, parts: list[Mapping[str, Any]], place: str, variant: int) -> str:
        form = next((str(part["format"]) for part in parts if "format" in part), "")
        name = place.rpartition("/")[2]
        name = place.split("/")[-2] if name.isdecimal() and place.count("/") > 1 else name
        said = self.say(place, form)
        if said is not None and form in FORMATS:
            return said
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.lstrip("@")).capitalize() or "Text"
        first = words if said is None else said
        return next((text for text in texts_for(parts, first, variant) if fits(parts, text)), first)

    def _chance(self, place: str) -> random.Random:
        return random.Random(f"{self.draw}{place}")  # noqa: S311 - nothing is kept secret by it

    def _choice(self, place: str, count: int) -> int:
        return self._chance(place).randrange(count) if self.draw and count > 1 else 0


_OFTEN: Final = 0.4


def example(
    definitions: Mapping[str, Any],
    schema: Any,
    problem: Callable[[Any], tuple[str, str] | None],
    *,
    seed: int = 0,
    optional: int | None = None,
) -> Any:
    """A small value of a schema, the same for the same seed. `problem` says of a value where it is wrong and what is.

    `optional` is down to how many levels there are members that nothing demands; if left out, one level where the schema
    demands nothing at all. Unfillable where no valid one was found.
    """
    last = Unfillable("", "no example was found")
    levels = [0, 1] if optional is None else list(range(optional, -1, -1))
    for attempt in range(_TRIES):
        draw = seed * _TRIES + attempt
        for level in levels if attempt == 0 else levels[:1]:
            try:
                value = Maker(definitions, optional=level, draw=draw).filled(schema)
            except Unfillable as error:
                last = error
                continue
            wrong = problem(value)
            if wrong is None and (value or level == levels[-1] or attempt):
                return value
            last = Unfillable(*wrong) if wrong else last
    raise last
