"""Geographic site: what sites the seller has at a place (MEF 122)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from emulator.parties.apis import Api, Context
from emulator.parties.apis.geographic_address import Words
from emulator.parties.generic import href, retrieve_handler
from emulator.parties.profile import Profile, SiteEntry
from emulator.parties.store import Resource
from emulator.wire.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.wire.payload import every

KIND: Final = "geographicSite"

_BY_VALUE: Final = ("streetNr", "streetName", "streetType", "city", "postcode", "country")
_PLAIN: Final = ("companyName", "customerName", "description", "siteType", "name")


def build(context: Context) -> Api:
    """Query and retrieve sites."""
    words = Words(context.profile.synonyms)
    for entry in context.profile.sites.values():
        context.store.share(Resource("", KIND, entry.id, _body(context.profile, entry), context.clock.now()))

    def query(call: Call) -> Reply:
        """Filters are AND-ed.

        MEF122 leaves open: R10 demands an address by id or by value, the note below it lets a query be
        as open as the buyer likes. We follow the note: what is too wide is refused with tooManyRecords.
        """
        found = [r.body for r in context.store.all(call.run, KIND) if _passes(words, call, r.body)]
        most = context.profile.paging.too_many
        if len(found) > most:
            reason = f"{len(found)} sites match, more than {most}"
            raise unprocessable(Issue("", ErrorCode.TOO_MANY_RECORDS, reason))
        shown = [{**body, "href": href(call, "geographicSite", body["id"])} for body in found]
        count = str(len(shown))
        # The contract has the headers but neither offset nor limit: the list is always whole.
        headers = {"X-Total-Count": count, "X-Result-Count": count, "X-Pagination-Throttled": "false"}
        return Reply(200, shown, headers)

    return Api(
        "geographicSite",
        {
            "listGeographicSite": query,
            "retrieveGeographicSite": retrieve_handler(context, KIND, "geographic site", path="geographicSite"),
        },
    )


def _passes(words: Words, call: Call, body: dict[str, Any]) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        name: (lambda wanted, name=name: words.norm(body.get(name)) == words.norm(wanted))  # type: ignore[misc]
        for name in _PLAIN
    }
    tests |= {
        name: (lambda wanted, name=name: _at(words, body, f"/place/*/{name}", wanted))  # type: ignore[misc]
        for name in _BY_VALUE
    }
    tests["geographicAddress.id"] = lambda wanted: any(v == wanted for _, v in every(body, "/place/*/id"))
    tests["serviceSiteContactName"] = lambda wanted: _at(words, body, "/relatedContactInformation/*/name", wanted)
    return all(passes(wanted) for name, passes in tests.items() if (wanted := call.param(name)) is not None)


def _at(words: Words, body: dict[str, Any], pattern: str, wanted: str) -> bool:
    return any(words.norm(value) == words.norm(wanted) for _, value in every(body, pattern))


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
