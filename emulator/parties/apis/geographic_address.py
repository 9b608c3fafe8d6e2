"""Geographic address: does the seller know the place that the buyer means? (MEF 121)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.parties.apis import Api, Context, Plugin
from emulator.parties.apis.address_validation import VALIDATION, ValidationKeeper
from emulator.parties.apis.address_validation import body_of as represented
from emulator.parties.lists import href
from emulator.parties.offering import AddressEntry
from emulator.parties.profile import Profile
from emulator.parties.representing import KnownPlaces
from emulator.parties.spelling import Words, agree, equal, near, same_street
from emulator.record.call import Call, ErrorCode, Issue, Reply, not_found, unprocessable
from emulator.standard.representations import by_representations

KIND: Final = "geographicAddress"

_DETAIL: Final = (
    "streetNr",
    "streetNrSuffix",
    "streetNrLast",
    "streetNrLastSuffix",
    "addrLine2",
    "geographicSubAddress",
)
"""What tells a house from its street and a flat from its house: an address with more or less of it is another one."""

_COLOUR: Final = (
    "streetType", "streetSuffix", "postcode", "postcodeExtension", "locality", "stateOrProvince",
)  # fmt: skip
"""What may be left out without meaning another place."""


def build(context: Context) -> Api:
    """Validate and retrieve addresses; where they are told by representations, the keeper of validations answers."""
    if by_representations(context.release):
        places = KnownPlaces(context.profile)
        for identifier in places.known:
            context.share(KIND, identifier, represented(context.profile, places, identifier))
        return Api(KIND)
    for entry in context.profile.addresses.values():
        context.share(KIND, entry.id, {**body_of(context.profile, entry)})
    desk = _Validations(context)
    return Api(KIND, {"createGeographicAddressValidation": desk.validate, "retrieveGeographicAddress": desk.retrieve})


class _Validations:
    """Answers validations at once, and reads of what they found."""

    def __init__(self, context: Context) -> None:
        self._context, self._words = context, Words(context.profile.synonyms)

    def validate(self, call: Call) -> Reply:
        """POST /geographicAddressValidation."""
        words, most = self._words, self._context.profile.paging.too_many
        submitted = call.body["submittedGeographicAddress"]
        kind = submitted.get("@type")
        likely, same = _MATCHERS.get(kind, _NO_MATCH)
        known = [r.body for r in self._context.store.all(call.run, KIND) if r.body.get("@type") == kind]
        found = [body for body in known if likely(words, submitted, body)]
        if len(found) > most:
            # MEF121 leaves open: how many are too many; the profile says (R19).
            reason = f"{len(found)} addresses match, more than {most}"
            raise unprocessable(Issue("/submittedGeographicAddress", ErrorCode.TOO_MANY_RECORDS, reason))
        best = next((body for body in found if same(words, submitted, body)), None)
        others: list[dict[str, Any]] = []
        # MEF121 leaves open: alternates beside a best match. The guide's example gives both, and so do we.
        if call.body["provideAlternative"] and kind in ("FieldedAddress", "FormattedAddress"):
            others = [body for body in found if body is not best]
        answer = {**call.body, "alternateGeographicAddress": [_shown(call, body) for body in others]}
        answer.pop("bestMatchGeographicAddress", None)
        if best is not None:
            answer["bestMatchGeographicAddress"] = _shown(call, best)
        answer["validationResult"] = "success" if best else "partial" if others else "fail"  # D5, D6, D7
        return Reply(200, answer)

    def retrieve(self, call: Call) -> Reply:
        """GET /geographicAddress/{id}."""
        found = self._context.store.get(call.run, KIND, call.path.get("id", ""))
        if found is None:
            raise not_found("geographic address", call.path.get("id", ""))
        return Reply(200, _shown(call, found.body))


def _shown(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    shown = {**body, "href": href(call, "geographicAddress", body["id"])}
    if "associatedGeographicAddress" in shown:
        inner = shown["associatedGeographicAddress"]
        shown["associatedGeographicAddress"] = {**inner, "href": href(call, "geographicAddress", inner["id"])}
    return shown


def body_of(profile: Profile, entry: AddressEntry, *, inner: bool = False) -> dict[str, Any]:
    """An address as this API shows it, without hrefs."""
    here = {entry.id, entry.of} if entry.of else {entry.id}
    sites = [site for site in profile.sites.values() if site.address in here]
    body: dict[str, Any] = {
        **entry.address,
        "id": entry.id,
        "hasPublicSite": any(site.site_type == "public" for site in sites),
        "allowsNewSite": entry.allows_new_site,
    }
    if entry.of and not inner:
        body["associatedGeographicAddress"] = body_of(profile, profile.addresses[entry.of], inner=True)
    return body


def _likely_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """City, country and street are the same, and the postcode is not another one."""
    places = equal(words, ("city", "country"), asked, known) and agree(words, ("postcode",), asked, known)
    return places and same_street(words, asked, known)


def _same_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Nothing contradicts, and neither says more about house or flat than the other."""
    # The type may stand in the name; where it is a member of both, it has to be the same.
    return agree(words, _COLOUR, asked, known) and equal(words, _DETAIL, asked, known)


def _likely_formatted(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    def street(address: Mapping[str, Any]) -> list[str]:
        line = words.norm(address.get("addrLine1")).split()
        return [word for word in line if not any(ch.isdigit() for ch in word)]

    places = equal(words, ("city", "country"), asked, known) and agree(words, ("postcode",), asked, known)
    return places and street(asked) == street(known)


def _same_formatted(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return agree(words, _COLOUR, asked, known) and equal(words, ("addrLine1", "addrLine2"), asked, known)


def _same_point(_: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """The same point of the same reference system, within a metre or so; a height that is left out does not count."""
    if asked.get("spatialRef") != known.get("spatialRef"):
        return False
    return all(near(asked.get(axis), known.get(axis)) for axis in ("x", "y", "z") if axis != "z" or axis in asked)


def _same_label(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return equal(words, ("externalReferenceType", "externalReferenceId"), asked, known)


_Match = Callable[[Words, Mapping[str, Any], Mapping[str, Any]], bool]
_NO_MATCH: Final[tuple[_Match, _Match]] = (lambda *_: False, lambda *_: False)
_MATCHERS: Final[dict[Any, tuple[_Match, _Match]]] = {
    "FieldedAddress": (_likely_fielded, _same_fielded),
    "FormattedAddress": (_likely_formatted, _same_formatted),
    "MEFGeographicPoint": (_same_point, _same_point),
    "GeographicAddressLabel": (_same_label, _same_label),
}


PLUGIN: Final = Plugin(KIND, (KIND,), build, keepers={VALIDATION: ValidationKeeper})
