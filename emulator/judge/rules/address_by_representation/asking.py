"""What both sides write of addresses, and how they are asked for and referred to (Mplify 121.1, 5.2 to 6.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.address_by_representation.book import (
    ADDRESSES,
    API,
    ASKED,
    BEST,
    CREATE,
    READ,
    READ_ADDRESS,
    SUBMITTED,
    found_in,
)
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.payload import MISSING, at
from emulator.standard import codes
from emulator.standard.places import Spot, placing
from emulator.standard.representations import (
    FIELDED,
    FORMATTED,
    LABELS,
    POINTS,
    SPELT_OUT,
    WAYS,
    addresses,
    entries,
    ways,
)

common.parties(
    ADDRESSES,
    several_buyers="MEF121-R2",
    one_buyer="MEF121-R3",
    several_sellers="MEF121-R4",
    one_seller="MEF121-R5",
)
common.uses_all(ADDRESSES, "MEF121-R1", CREATE, READ_ADDRESS)

WRITTEN: Final = ASKED | responses(API, CREATE, READ, READ_ADDRESS)
"""The messages that tell addresses."""


def _written(said: Said, way: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The representations that the author of a message has written: what the Seller only repeats is the Buyer's."""
    for place, address in addresses(said.body):
        if said.half is Half.REQUEST or place != SUBMITTED:
            listed = address.get(way)
            for index, entry in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(entry, dict):
                    yield f"{place}/{way}/{index}", entry


def _code(place: str, found: Any, standing: Callable[[str], codes.Standing], what: str) -> Iterator[Mark]:
    """A code of two letters; of another length is the contract's business, one that is reserved is for the parties."""
    if isinstance(found, str) and len(found) == 2:  # noqa: PLR2004
        known = standing(found)
        yield (
            FINE
            if known == "code"
            else breach(place, what, found, f"{place} is {found}, which is no {what}", hint=known == "reserved")
        )


@ADDRESSES.rule("language-codes", on=WRITTEN)
def languages_are_codes(said: Said) -> Iterator[Mark]:
    """The language of each fielded, formatted and label representation; capitals make no difference."""
    for way in (FIELDED, FORMATTED, LABELS):
        for place, entry in _written(said, way):
            yield from _code(f"{place}/language", entry.get("language"), codes.language, "language of ISO 639")


@ADDRESSES.rule("last-suffix", on=WRITTEN)
def a_last_suffix_has_its_number(said: Said) -> Iterator[Mark]:
    """The streetNrLast of each fielded representation with a streetNrLastSuffix."""
    for place, entry in _written(said, FIELDED):
        if given(entry.get("streetNrLastSuffix")):
            found = entry.get("streetNrLast", MISSING)
            yield hold(
                f"{place}/streetNrLast",
                given(found),
                expected="the last number",
                found=found,
                message=f"{place} has a streetNrLastSuffix and no streetNrLast",
            )


@ADDRESSES.rule("country-codes", on=WRITTEN)
def countries_are_codes(said: Said) -> Iterator[Mark]:
    """The countryCode of each fielded representation; capitals make no difference."""
    for place, entry in _written(said, FIELDED):
        yield from _code(f"{place}/countryCode", entry.get("countryCode"), codes.country, "country of ISO 3166")


def _members(label: str, way: str, *members: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for place, entry in _written(said, way):
            for name in members:
                found = entry.get(name, MISSING)
                here = f"{place}/{name}"
                yield FINE if given(found) else breach(here, "a value", found, f"{here} is missing")

    ADDRESSES.add(label, look, on=WRITTEN, about=f"{', '.join(members)} of each entry of {way}")


_members("formatted-address", FORMATTED, "formattedAddress")
_members("label-members", LABELS, "administrativeAuthority", "label")
_members("point-members", POINTS, "spatialRef", "latitude", "longitude")


@ADDRESSES.rule("validation-members", on=ASKED)
def something_is_submitted(said: Said) -> Iterator[Mark]:
    """An entry in one of the four lists of the address that is submitted; that there is a list is the contract's business."""
    submitted = at(said.body, SUBMITTED)
    if isinstance(submitted, dict) and any(way in submitted for way in WAYS):
        yield (
            FINE
            if ways(submitted)
            else breach(
                SUBMITTED, "a representation", submitted, f"{SUBMITTED} has no representation: its lists are empty"
            )
        )


# Later requests: places that were validated before, or were not

_ITEMS: Final = {
    "productOfferingQualification": "/productOfferingQualificationItem",
    "quote": "/quoteItem",
    "productOrder": "/productOrderItem",
}
_LATER: Final = (
    requests("geographicSite", "listGeographicSite")
    | requests("productOfferingQualification", "createProductOfferingQualification")
    | requests("quote", "createQuote")
    | requests("productOrder", "createProductOrder")
)


def _places(said: Said) -> Iterator[Spot]:
    """The places of items to qualify, quote or order, and of sites that are looked for."""
    api = str(said.exchange.api)
    placed = placing(said.run.release, api)
    if api in _ITEMS:
        yield from placed.spots(said.body, f"{_ITEMS[api]}/*/product/place/*")
    elif isinstance(place := at(said.body, "/place"), dict):
        yield placed.spot("/place", place)


def _validated(run: Run) -> list[Any]:
    """The bodies of answers that show a validation, the newest fifty."""
    shown = run.of(CREATE, READ, api=API)[-50:]
    return [done.response.body for done in shown if succeeded(done) and done.response is not None]


def _told(address: Any) -> Mapping[str, Any]:
    return {way: entries(address, way) for way in ways(address)}


@ADDRESSES.rule("validated-first", on=_LATER)
def what_is_spelt_out_was_validated(said: Said) -> Iterator[Mark]:
    """Addresses that are spelt out, in a run that validates addresses: this one was submitted, or found, before."""
    known = _validated(said.run)
    for spot in _places(said) if known else ():
        if spot.type == SPELT_OUT and ways(spot.place):
            mine = _told(spot.place)
            seen = any(
                mine == _told(address)
                for body in known
                for address in (at(body, SUBMITTED), *(value for _, value in found_in(body)))
            )
            yield (
                FINE
                if seen
                else breach(
                    spot.inner,
                    "an address that was validated",
                    dict(spot.place),
                    f"{spot.inner} spells out an address that was not validated, as others were",
                )
            )


@ADDRESSES.rule("MEF121-D2", on=_LATER)
def refers_by_id(said: Said) -> Iterator[Mark]:
    """Places in later requests: those that were validated before, with a best match, are given by its id."""
    known = [
        (at(body, SUBMITTED), best)
        for body in _validated(said.run)
        if isinstance(best := at(body, BEST), dict) and given(best.get("id"))
    ]
    for spot in _places(said):
        if spot.by_reference and any(best["id"] == spot.id for _, best in known):
            yield FINE
        elif spot.type == SPELT_OUT and ways(spot.place):
            mine = _told(spot.place)
            best = next((best for asked, best in known if mine in (_told(asked), _told(best))), None)
            if best is not None:
                yield breach(
                    spot.inner,
                    {"@type": "GeographicAddressRef", "id": best["id"]},
                    dict(spot.place),
                    f"{spot.inner} spells out an address that was validated as {best['id']}",
                )
