"""Addresses by their representations, and validations of them that are answered at once or later (Mplify 121.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.profile import Profile
from emulator.parties.representing import KnownPlaces
from emulator.record.call import ErrorCode, Issue
from emulator.standard import codes
from emulator.standard.kinds.facts import Kind
from emulator.standard.representations import WAYS, entries, ways

VALIDATION: Final = "geographicAddressValidation"
_SUBMITTED: Final = "submittedGeographicAddress"
_BEST: Final = "bestMatchGeographicAddress"
_OTHERS: Final = "alternateGeographicAddress"


def body_of(profile: Profile, places: KnownPlaces, identifier: str) -> dict[str, Any]:
    """An address as this API shows it, with all of its representations."""
    here = {identifier, *(entry.id for entry in profile.addresses.values() if entry.of == identifier)}
    public = any(site.address in here and site.site_type == "public" for site in profile.sites.values())
    return {
        **places.known[identifier],
        "@type": "GeographicAddress",
        "id": identifier,
        "hasPublicSite": _told(public),
        "allowsNewSite": _told(profile.addresses[identifier].allows_new_site),
    }


def _wrong(address: Mapping[str, Any], here: str) -> Iterator[Issue]:
    """What is wrong with the representations of an address that passed its contract."""
    for way in WAYS:
        for index, entry in enumerate(entries(address, way)):
            place = f"{here}/{way}/{index}"
            for name, standing in (("countryCode", codes.country), ("language", codes.language)):
                if isinstance(code := entry.get(name), str) and standing(code) == "unknown":
                    yield Issue(f"{place}/{name}", ErrorCode.INVALID_VALUE, f"There is no {name} {code!r:.20}")
            if "streetNrLastSuffix" in entry and "streetNrLast" not in entry:
                reason = "streetNrLast is missing: streetNrLastSuffix goes with it"
                yield Issue(f"{place}/streetNrLast", ErrorCode.MISSING_PROPERTY, reason)


def _told(yes: bool) -> str:
    return "true" if yes else "false"


class ValidationKeeper(Keeper):
    """Answers validations: at once where the buyer wants that (R27), else on the way that the profile or the lifecycle has."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._profile, self._places = context.profile, KnownPlaces(context.profile)

    def faults(self, run: str, given: Mapping[str, Any]) -> Iterable[Issue]:  # noqa: ARG002 - as its base has it
        """No representation at all (R26), codes that there are not (R4, R9), half a range (R6), a place where nobody is served (R40), or more than can be listed (R38)."""
        asked, here = given[_SUBMITTED], f"/{_SUBMITTED}"
        most = self._profile.paging.too_many
        if not ways(asked):
            yield Issue(here, ErrorCode.MISSING_PROPERTY, "None of the four lists of representations has an entry")
        elif wrong := list(_wrong(asked, here)):
            yield from wrong
        elif self._places.outside(asked):
            yield Issue(here, ErrorCode.OTHER_ISSUE, "The address is out of the area in which this seller validates")
        elif (found := len(self._places.like(asked))) > most:
            yield Issue(here, ErrorCode.TOO_MANY_RECORDS, f"{found} addresses match, more than {most}")

    def complete(self, run: str, body: dict[str, Any], state: str = "", url: str = "") -> None:
        """With the addresses that are found, once it is ready."""
        if (state or body.get(self._member)) == "ready":
            self._find(body)
        body.setdefault(_OTHERS, [])
        super().complete(run, body, state, url)

    def _find(self, body: dict[str, Any]) -> None:
        asked = body[_SUBMITTED]
        same = self._places.same(asked)
        # Mplify 121.1 leaves open: what is meant where a point or label is that of several addresses. None of them is better.
        best = same[0] if len(same) == 1 else None
        others = dict.fromkeys([*same, *self._places.like(asked)])
        body[_OTHERS] = [body_of(self._profile, self._places, one) for one in others if one != best]
        if best is not None:
            body[_BEST] = body_of(self._profile, self._places, best)
