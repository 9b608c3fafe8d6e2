"""Geographic site: what sites the seller has at a place (MEF 122)."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, Final

from emulator.parties.apis import Api, Context, Plugin
from emulator.parties.lists import href, page_of
from emulator.parties.offering import SiteEntry
from emulator.parties.profile import Profile
from emulator.parties.representing import KnownPlaces
from emulator.parties.spelling import Words
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.record.payload import every
from emulator.standard.kinds.facts import Filter
from emulator.standard.places import ADDRESS_REF
from emulator.standard.representations import by_representations, ways

KIND: Final = "geographicSite"


def build(context: Context) -> Api:
    """Query and retrieve sites."""
    if by_representations(context.release):
        desk = _ByPlace(context)
        return Api(KIND, {"listGeographicSite": desk.query})
    words = Words(context.profile.synonyms)
    filters = context.release.kinds.apis[KIND].operations["listGeographicSite"].filters
    for entry in context.profile.sites.values():
        context.share(KIND, entry.id, _body(context.profile, entry))

    def query(call: Call) -> Reply:
        """Filters are AND-ed.

        MEF122 leaves open: R10 demands an address by id or by value, the note below it lets a query be
        as open as the buyer likes. We follow the note: what is too wide is refused with tooManyRecords.
        """
        found = [r.body for r in context.store.all(call.run, KIND) if _passes(words, filters, call, r.body)]
        _refuse_too_many(context, found)
        shown = [{**body, "href": href(call, "geographicSite", body["id"])} for body in found]
        count = str(len(shown))
        # The contract has the headers but neither offset nor limit: the list is always whole.
        headers = {"X-Total-Count": count, "X-Result-Count": count, "X-Pagination-Throttled": "false"}
        return Reply(200, shown, headers)

    return Api(KIND, {"listGeographicSite": query})


def _refuse_too_many(context: Context, found: Sized) -> None:
    most = context.profile.paging.too_many
    if len(found) > most:
        reason = f"{len(found)} sites match, more than {most}"
        raise unprocessable(Issue("", ErrorCode.TOO_MANY_RECORDS, reason))


class _ByPlace:
    """Finds sites at an address that is named by its id or told by its representations (Mplify 122.1)."""

    def __init__(self, context: Context) -> None:
        self._context, self._words = context, Words(context.profile.synonyms)
        self._places = KnownPlaces(context.profile)
        for entry in context.profile.sites.values():
            context.share(KIND, entry.id, self._body(context.profile, entry))

    def query(self, call: Call) -> Reply:
        """POST /geographicSite: the address has to be the very one (R9), all other criteria are AND-ed."""
        asked = call.body
        there = self._named(asked["place"])
        found = [
            self._shown(call, resource.body, asked["place"])
            for resource in self._context.store.all(call.run, KIND)
            if there is not None and resource.body["place"]["id"] == there and self._fits(resource.body, asked)
        ]
        if call.param("limit") is None:
            _refuse_too_many(self._context, found)
        return page_of(self._context, call, found)

    def _named(self, place: Mapping[str, Any]) -> str | None:
        """The id of the address that is asked for; None where what is told fits none, or several (R10)."""
        if place["@type"] == ADDRESS_REF:
            return str(place["id"])
        if not ways(place):  # R6
            reason = "None of the four lists of representations has an entry"
            raise unprocessable(Issue("/place", ErrorCode.MISSING_PROPERTY, reason))
        same = self._places.same(place)
        return same[0] if len(same) == 1 else None

    def _fits(self, site: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
        norm = self._words.norm
        plain = (name for name in asked if name not in ("place", "subUnit"))
        units = [norm(unit) for unit in site["subUnit"]]
        return all(norm(asked[name]) == norm(site.get(name)) for name in plain) and all(
            norm(unit) in units for unit in asked.get("subUnit") or ()
        )

    def _shown(self, call: Call, site: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        """A site with its place in the form in which the buyer named its own (R15, R16)."""
        place = site["place"] if asked["@type"] == ADDRESS_REF else dict(self._places.known[site["place"]["id"]])
        return {**site, "place": place, "href": href(call, KIND, site["id"])}

    def _body(self, profile: Profile, entry: SiteEntry) -> dict[str, Any]:
        address = profile.addresses[entry.address]
        owner = entry.company_name or profile.seller.name
        return {
            "@type": "GeographicSite",
            "id": entry.id,
            "name": entry.name,
            "administrativeAuthority": owner,
            "customerName": entry.customer_name or owner,
            "siteRestrictionType": entry.site_type,
            "networkType": entry.network_type,
            "subUnit": [dict(unit) for unit in entry.sub_unit],
            "place": {"@type": ADDRESS_REF, "id": address.of or address.id},
        }


def _passes(words: Words, filters: Mapping[str, Filter], call: Call, body: dict[str, Any]) -> bool:
    asked = [(one, wanted) for name, one in filters.items() if (wanted := call.param(name)) is not None]
    return all(any(_equal(words, body, pattern, wanted) for pattern in one.to) for one, wanted in asked)


def _equal(words: Words, body: dict[str, Any], pattern: str, wanted: str) -> bool:
    """Whether the body has that at the pattern: an id as it is, all else as people write it."""
    found = [value for _, value in every(body, pattern)]
    return wanted in found if pattern.endswith("/id") else any(words.norm(one) == words.norm(wanted) for one in found)


def _body(profile: Profile, entry: SiteEntry) -> dict[str, Any]:
    """A site as this API shows it: its place by reference, and by value where the address is a fielded one (R14)."""
    address = profile.addresses[entry.address]
    body: dict[str, Any] = {
        "id": entry.id,
        "name": entry.name,
        "description": entry.description,
        "siteType": entry.site_type,
        "companyName": entry.company_name,
        "customerName": entry.customer_name,
        "place": [{"@type": "GeographicAddressRef", "id": address.id}, dict(address.address)],
        "relatedContactInformation": [dict(entry.contact)] if entry.contact else None,
    }
    return {name: member for name, member in body.items() if member is not None}


PLUGIN: Final = Plugin(KIND, (KIND,), build)
