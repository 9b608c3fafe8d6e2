"""Geographic site: what sites the seller has at a place (MEF 122)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.parties.apis import Api, Context, Plugin
from emulator.parties.apis.geographic_address import Words
from emulator.parties.lists import href
from emulator.parties.offering import SiteEntry
from emulator.parties.profile import Profile
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.record.payload import every
from emulator.standard.kinds.facts import Filter

KIND: Final = "geographicSite"


def build(context: Context) -> Api:
    """Query and retrieve sites."""
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
        most = context.profile.paging.too_many
        if len(found) > most:
            reason = f"{len(found)} sites match, more than {most}"
            raise unprocessable(Issue("", ErrorCode.TOO_MANY_RECORDS, reason))
        shown = [{**body, "href": href(call, "geographicSite", body["id"])} for body in found]
        count = str(len(shown))
        # The contract has the headers but neither offset nor limit: the list is always whole.
        headers = {"X-Total-Count": count, "X-Result-Count": count, "X-Pagination-Throttled": "false"}
        return Reply(200, shown, headers)

    return Api(KIND, {"listGeographicSite": query})


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
