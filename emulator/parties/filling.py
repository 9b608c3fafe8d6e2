"""Fills a message up with what its schema demands: the same for the same message, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.record.payload import MISSING, parse
from emulator.record.payload import dump as dumped
from emulator.standard.contract import Contract
from emulator.standard.example import Maker
from emulator.standard.example_parts import Unfillable
from emulator.standard.example_text import FORMATS

__all__ = ["Filler", "Unfillable", "fits"]


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills messages of one contract. `now` is the moment that it puts where a date-time is demanded, `new_id` makes ids,
    `texts` has by the name of a member what to say there. `referred` gives the id of a resource that a place should name,
    or None where any will do.
    """

    contract: Contract
    now: str
    new_id: Callable[[], str]
    texts: Mapping[str, str] = field(default_factory=dict)
    referred: Callable[[str], str | None] = lambda _: None

    def fill(self, schema: str, value: Any = MISSING) -> Any:
        """A message of a component schema (`[Quote]` for a list): the value with what it lacks; it is changed.

        Unfillable where the outcome is not valid: the first thing that is wrong with it.
        """
        inner = schema.strip("[]")
        root = {"$ref": f"#/definitions/{inner}"}
        maker = Maker(self.contract.definitions, self._say)
        found = maker.filled({"items": root, "type": "array"} if inner != schema else root, value)
        for breach in self.contract.body_breaches(schema, parse(dumped(found)), "response", advisory=False):
            raise Unfillable(breach.place, breach.message)
        return found

    def _say(self, place: str, form: str) -> str | None:
        name = place.rpartition("/")[2]
        if form in ("date-time", "date"):
            return self.now if form == "date-time" else self.now[:10]
        if form in FORMATS:
            return None
        if name == "id" or name.endswith("Id"):
            return self.referred(place) or self.new_id()
        return self.texts.get(name)


def fits(pattern: str, place: str) -> bool:
    """Whether a place is one that a pattern with `*` names."""
    parts, given = pattern.split("/"), place.split("/")
    return len(parts) == len(given) and all(one in ("*", other) for one, other in zip(parts, given, strict=True))
