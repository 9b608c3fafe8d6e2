"""The addresses of a profile by their representations: one address has all that the profile says of the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from emulator.parties.offering import AddressEntry
from emulator.parties.profile import Profile
from emulator.parties.spelling import Words, agree, equal, near, same_street
from emulator.standard.codes import COUNTRIES
from emulator.standard.representations import FIELDED, FORMATTED, LABELS, POINTS, SPELT_OUT, WAYS, entries

_AS_IT_IS: Final = (
    "streetNr",
    "streetNrSuffix",
    "streetNrLast",
    "streetNrLastSuffix",
    "streetName",
    "streetType",
    "locality",
    "city",
    "postcode",
    "postcodeExtension",
    "stateOrProvince",
)
_INNER: Final = ("buildingName", "privateStreetNumber", "privateStreetName")


class KnownPlaces:
    """The addresses of a profile, each with all of its representations, by its id."""

    def __init__(self, profile: Profile) -> None:
        self._words = Words(profile.synonyms)
        self._codes = {self._words.norm(code): code.upper() for code in COUNTRIES if code in _spoken(profile)}
        self.known = {entry.id: self._told(profile, entry) for entry in profile.addresses.values() if not entry.of}
        self.countries = frozenset(
            each["countryCode"].casefold()
            for told in self.known.values()
            for each in told.get(FIELDED, ())
            if "countryCode" in each
        )

    def _told(self, profile: Profile, entry: AddressEntry) -> dict[str, Any]:
        same = [entry, *(other for other in profile.addresses.values() if other.of == entry.id)]
        found: dict[str, Any] = {"@type": SPELT_OUT}
        for each in same:
            way, write = self._writers.get(each.address.get("@type"), ("", _nothing))
            if way:
                found.setdefault(way, []).append(write(each.address))
        return {"@type": SPELT_OUT, **{way: found[way] for way in WAYS if way in found}}

    def like(self, asked: Mapping[str, Any]) -> list[str]:
        """The ids of addresses that can be meant: one of the representations asked for is like one of theirs."""
        return [identifier for identifier, known in self.known.items() if self._meets(asked, known, 0)]

    def same(self, asked: Mapping[str, Any]) -> list[str]:
        """The ids of addresses that are meant: neither side says more, or something else, of house and unit."""
        return [identifier for identifier, known in self.known.items() if self._meets(asked, known, 1)]

    def outside(self, asked: Mapping[str, Any]) -> bool:
        """Whether an address is in no country in which there is one."""
        codes = [each["countryCode"].casefold() for each in entries(asked, FIELDED) if "countryCode" in each]
        return bool(codes and self.countries) and self.countries.isdisjoint(codes)

    def _meets(self, asked: Mapping[str, Any], known: Mapping[str, Any], how: int) -> bool:
        return any(
            _MATCHERS[way][how](self._words, one, other)
            for way in WAYS
            for one in entries(asked, way)
            for other in entries(known, way)
        )

    @property
    def _writers(self) -> Mapping[Any, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]]:
        return {
            "FieldedAddress": (FIELDED, self._fielded),
            "FormattedAddress": (FORMATTED, _formatted),
            "MEFGeographicPoint": (POINTS, _point),
            "GeographicAddressLabel": (LABELS, _label),
        }

    def _fielded(self, address: Mapping[str, Any]) -> dict[str, Any]:
        inner = address.get("geographicSubAddress") or {}
        level = [{"subUnitNumber": inner.get("levelNumber"), "subUnitType": inner.get("levelType")}]
        units = [*(level if "levelNumber" in inner and "levelType" in inner else ()), *(inner.get("subUnit") or ())]
        said = {
            **{name: address.get(name) for name in _AS_IT_IS},
            "streetPostDirection": address.get("streetSuffix"),
            **{name: inner.get(name) for name in _INNER},
            "subUnit": units or None,
            "countryCode": self._codes.get(self._words.norm(address.get("country"))),
        }
        return {name: value for name, value in said.items() if value is not None}


def _spoken(profile: Profile) -> set[str]:
    """The words that can be the code of a country: those that mean the same as others, and countries themselves."""
    words = {word.casefold() for group in profile.synonyms for word in group}
    return words | {str(entry.address.get("country", "")).casefold() for entry in profile.addresses.values()}


def _nothing(_: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _lines(parts: Iterable[Any]) -> str:
    return ", ".join(str(part) for part in parts if part)


def _formatted(address: Mapping[str, Any]) -> dict[str, Any]:
    town = " ".join(str(address[name]) for name in ("postcode", "city") if address.get(name))
    lines = (address.get("addrLine1"), address.get("addrLine2"), address.get("locality"), town)
    return {"formattedAddress": _lines((*lines, address.get("stateOrProvince"), address.get("country")))}


def _point(address: Mapping[str, Any]) -> dict[str, Any]:
    said = {
        "spatialRef": address.get("spatialRef"),
        "latitude": address.get("x"),
        "longitude": address.get("y"),
        "elevation": address.get("z"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _label(address: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": address.get("externalReferenceId"),
        "administrativeAuthority": address.get("externalReferenceType"),
    }


_DETAIL: Final = (
    "streetNr",
    "streetNrSuffix",
    "streetNrLast",
    "streetNrLastSuffix",
    "subUnit",
    "poBox",
    *_INNER,
)
"""What tells a house from its street and a unit from its house: an address with more or less of it is another one."""
_COLOUR: Final = (
    "streetType",
    "streetPreDirection",
    "streetPostDirection",
    "postcode",
    "postcodeExtension",
    "locality",
    "stateOrProvince",
)
"""What may be left out without meaning another place."""


def _like_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    town = equal(words, ("city",), asked, known) and agree(words, ("countryCode", "postcode"), asked, known)
    return town and same_street(words, asked, known)


def _same_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    same = agree(words, _COLOUR, asked, known) and equal(words, _DETAIL, asked, known)
    return same and _like_fielded(words, asked, known)


def _same_text(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return equal(words, ("formattedAddress",), asked, known)


def _same_point(_: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """The same point of the same reference system, within a metre or so; a height that is left out does not count."""
    axes = ("latitude", "longitude", *(("elevation",) if "elevation" in asked else ()))
    return asked.get("spatialRef") == known.get("spatialRef") and all(
        near(asked.get(axis), known.get(axis)) for axis in axes
    )


def _same_label(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return equal(words, ("administrativeAuthority", "label"), asked, known)


_Match = Callable[[Words, Mapping[str, Any], Mapping[str, Any]], bool]
_MATCHERS: Final[Mapping[str, tuple[_Match, _Match]]] = {
    FIELDED: (_like_fielded, _same_fielded),
    FORMATTED: (_same_text, _same_text),
    POINTS: (_same_point, _same_point),
    LABELS: (_same_label, _same_label),
}
"""For each way to tell an address, when one can be meant, and when it is."""
