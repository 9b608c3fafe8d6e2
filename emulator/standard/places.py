"""Where places stand in messages: in the words of their role, or wrapped beside it, as the contracts of a release have it.

```text
{"@type": "GeographicAddressRef", "id": "a-1", "role": "UNI"}                   role and place are one object
{"place": {"@type": "GeographicAddressRef", "id": "a-1"}, "role": "UNI"}        the place is wrapped
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulator.record.payload import every

if TYPE_CHECKING:
    from emulator.standard.release import Release

ADDRESS_REF: Final = "GeographicAddressRef"
SITE_REF: Final = "GeographicSiteRef"
BY_REFERENCE: Final = (ADDRESS_REF, SITE_REF)
"""The types of places that are named by their id; any other that a contract knows spells a place out."""
_TYPE: Final = "@type"
_INNER: Final = "place"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a message.

    `where` is the pointer of what has its role, `inner` the pointer of the place itself: the same, unless it is wrapped.
    `holder` and `place` are what stands there, `place` an empty object where nothing of use does.
    """

    where: str
    inner: str
    holder: Mapping[str, Any]
    place: Mapping[str, Any]
    values: frozenset[str]

    @property
    def type(self) -> str:
        """Its `@type`, "" where none stands there."""
        kind = self.place.get(_TYPE)
        return kind if isinstance(kind, str) else ""

    @property
    def id(self) -> str | None:
        """Its id, as far as it is a text."""
        found = self.place.get("id")
        return found if isinstance(found, str) else None

    @property
    def role(self) -> str | None:
        """What it is to the product, as far as it is a text."""
        found = self.holder.get("role")
        return found if isinstance(found, str) else None

    @property
    def by_reference(self) -> bool:
        """Whether it is named by its id."""
        return self.type in BY_REFERENCE

    @property
    def by_value(self) -> bool:
        """Whether it is spelled out, in a type that the contract knows."""
        return self.type in self.values


@dataclass(frozen=True, slots=True)
class Placing:
    """How the messages of an API have places.

    `wrapped` where a place stands in `place` beside its role; `values` are the types that spell a place out.
    """

    wrapped: bool
    values: frozenset[str]

    def spots(self, value: Any, pattern: str) -> Iterator[Spot]:
        """The places at a pattern, such as `/quoteItem/*/product/place/*`; what is no object is left out."""
        for where, holder in every(value, pattern):
            if isinstance(holder, dict):
                yield self.spot(where, holder)

    def spot(self, where: str, holder: Mapping[str, Any]) -> Spot:
        """One place by what has its role."""
        place = holder.get(_INNER) if self.wrapped else holder
        return Spot(where, self.inner(where), holder, place if isinstance(place, dict) else {}, self.values)

    def inner(self, where: str) -> str:
        """The pointer, or the pattern, of the place itself by that of what has its role."""
        return f"{where}/{_INNER}" if self.wrapped else where

    def written(self, place: Mapping[str, Any], **beside: Any) -> dict[str, Any]:
        """A place with its role (`role=`) and whatever else stands beside it, as this API has it; None is left out."""
        more = {name: value for name, value in beside.items() if value is not None}
        return {_INNER: dict(place), **more} if self.wrapped else {**place, **more}


def placing(release: Release, api: str) -> Placing:
    """How an API of a release has places, as its contract says."""
    return release.made(_placings)[api]


def _placings(release: Release) -> Mapping[str, Placing]:
    return {api: _of(release.document(api).get("components", {}).get("schemas", {})) for api in release.apis}


def _of(schemas: Mapping[str, Any]) -> Placing:
    wrapped = any({_INNER, "role"} <= set(schema.get("properties") or ()) for schema in schemas.values())
    mappings = [(schema.get("discriminator") or {}).get("mapping") or {} for schema in schemas.values()]
    known = {kind for mapping in mappings if ADDRESS_REF in mapping for kind in mapping}
    return Placing(wrapped, frozenset(known - set(BY_REFERENCE)))
