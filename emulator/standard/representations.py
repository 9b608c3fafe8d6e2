"""Addresses by their representations: one address is told in up to four ways, each a list, for several languages or registries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from emulator.standard.release import Release

FIELDED: Final = "fieldedAddressRepresentation"
FORMATTED: Final = "formattedAddressRepresentation"
POINTS: Final = "geographicPointRepresentation"
LABELS: Final = "labelRepresentation"
WAYS: Final = (FIELDED, FORMATTED, POINTS, LABELS)
SPELT_OUT: Final = "GeographicAddress_Query"
"""The type of an address that is told by its representations, and not by its id."""


def entries(address: Any, way: str) -> list[Mapping[str, Any]]:
    """The representations of an address in one of the ways; what is no object is left out."""
    found = address.get(way) if isinstance(address, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def ways(address: Any) -> tuple[str, ...]:
    """The ways in which an address is told."""
    return tuple(way for way in WAYS if entries(address, way))


def addresses(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object of a message that tells an address by its representations, with its pointer."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        place, found = stack.pop()
        if isinstance(found, dict):
            if any(isinstance(found.get(way), list) for way in WAYS):
                yield place, found
            stack += ((f"{place}/{name.replace('~', '~0').replace('/', '~1')}", each) for name, each in found.items())
        elif isinstance(found, list):
            stack += ((f"{place}/{index}", each) for index, each in enumerate(found))


def by_representations(release: Release) -> bool:
    """Whether the addresses of a release are told by their representations."""
    return release.made(_are_represented)


def _are_represented(release: Release) -> bool:
    if "geographicAddress" not in release.apis:
        return False
    schemas = release.document("geographicAddress").get("components", {}).get("schemas", {})
    return any(FIELDED in (schema.get("properties") or ()) for schema in schemas.values())
