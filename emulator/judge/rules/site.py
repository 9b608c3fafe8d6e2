"""The rules of MEF 122, in the order of the guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import ADDRESS
from emulator.judge.named import SITE as KIND
from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.run import Said, Shown
from emulator.record.payload import as_json, every

SITE: Final = Rulebook("MEF122", "geographicSite")

QUERY: Final = requests("geographicSite", "listGeographicSite")
LISTED: Final = responses("geographicSite", "listGeographicSite")
READ: Final = responses("geographicSite", "retrieveGeographicSite")

WRITTEN: Final = ("FieldedAddress", "FormattedAddress")
BY_ID: Final = "geographicAddress.id"
BY_VALUE: Final = ("streetNr", "streetName", "streetType", "city", "postcode", "country")
FULL: Final = ("streetName", "city", "postcode", "country")
"""What MEF 79 needs of an address that is not known by an id."""

common.uses_all(SITE, "R1", "listGeographicSite", "retrieveGeographicSite")
common.parties(SITE, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")


@SITE.rule(("R7", "R16"), on=QUERY)
def buyer_asks_by_address(said: Said) -> Iterator[Mark]:
    """Queries by the values of an address: seen by use, and never a breach, since an id will do as well."""
    if any(said.query.get(name) for name in BY_VALUE):
        yield FINE


@SITE.rule(("R8", "R16"), on=LISTED | READ)
def seller_shows_addresses(said: Said) -> Iterator[Mark]:
    """Fielded or formatted addresses among the places shown: seen by use, and never a breach."""
    if any(kind in WRITTEN for shown in said.shown for _, kind in every(shown.value, "/place/*/@type")):
        yield FINE


@SITE.rule("R10", on=QUERY)
def query_says_where(said: Said) -> Iterator[Mark]:
    """The query names an address, by its id or by its values."""
    values = [name for name in BY_VALUE if said.query.get(name)]
    reading = said.run.reading("site-query-place")
    if said.query.get(BY_ID) or (values and reading != "full"):
        yield FINE
    elif reading == "full":
        for name in FULL:
            yield FINE if name in values else _not_asked(name, "full")
    elif reading == "some":
        yield _not_asked(BY_ID, "some")


def _not_asked(name: str, reading: str) -> Mark:
    return breach(f"?{name}", "the address of the sites", message=f"?{name} is missing: the query does not say where",
                  reading=("site-query-place", reading))  # fmt: skip


common.nothing_found_is_200(SITE, "R11", "listGeographicSite")
common.too_many_is_422(SITE, "R12", "listGeographicSite")


@SITE.rule("R12", on=LISTED, name="cut")
def list_is_whole(said: Said) -> Iterator[Mark]:
    """X-Pagination-Throttled and X-Total-Count: a list of sites has no second page, so that none may be cut short."""
    throttled, total = said.header("X-Pagination-Throttled") or "", (said.header("X-Total-Count") or "").strip()
    shown = len(said.body) if isinstance(said.body, list) else 0
    more = _NUMBER.fullmatch(total) is not None and int(total) > shown
    if throttled.strip().lower() == "true" or more:
        yield breach("", "422 tooManyRecords", f"{shown} of {total or 'more'} sites",
                     "the list was cut short, and there is no way to ask for the rest",
                     reading=("site-list-too-long", "refused"))  # fmt: skip


_NUMBER: Final = re.compile(r"[0-9]{1,18}")


SITE.present("R13", "/*", "/id", on=LISTED)
SITE.present("R14", "/*", "/place", on=LISTED)


@SITE.rule("R14", on=LISTED, name="value")
def place_is_spelt_out(said: Said) -> Iterator[Mark]:
    """One place at least of each site is an address, and not only a reference to one."""
    for place, site in every(said.body, "/*"):
        types = [kind for _, kind in every(site, "/place/*/@type") if isinstance(kind, str)]
        if types and all(kind == "GeographicAddressRef" for kind in types):
            yield breach(f"{place}/place", "an address", types, f"{place}/place has references only",
                         reading=("site-place-by-reference", "value-needed"))  # fmt: skip


common.unknown_is_404(SITE, "R15", "retrieveGeographicSite", KIND)

common.keeps_id(SITE, (), KIND)
common.links_to_itself(SITE, KIND)
common.stays(SITE, (), KIND)
common.no_doubles(SITE, (), "listGeographicSite")
common.pages(SITE, (), "listGeographicSite", one=True)
common.no_twins(SITE, (), KIND, "/place", "/relatedContactInformation")
# What a site is called may be changed at any time, so that a difference is no more than a hint.
common.agrees(SITE, (), KIND, "/name", "/siteType", "/companyName", "/customerName", "/description", hint=True)


@SITE.rule(name="places", on=LISTED | READ)
def places_and_contacts_agree(said: Said) -> Iterator[Mark]:
    """Places and contacts, against those shown before: hints, since a site may get others.

    A list may show fewer of them than a read by id, and in another form.
    """
    for shown, life in said.lived():
        lately = life.before(said.exchange)[-3:]
        for member, kind in (("place", "@type"), ("relatedContactInformation", "role")):
            earlier = next((s for s in reversed(lately) if given(s.value.get(member))), None)
            if earlier is not None:
                yield from _same_entries(shown, earlier, member, kind)


def _same_entries(shown: Shown, earlier: Shown, member: str, kind: str) -> Iterator[Mark]:
    now, before, place = shown.value.get(member), earlier.value[member], f"{shown.place}/{member}"
    if not isinstance(now, list) or not now or not isinstance(before, list):
        if shown.whole:
            yield breach(
                place, before, now, f"{place} is empty, and exchange {earlier.exchange.n} showed some", hint=True
            )
        return
    if shown.view is not earlier.view and _kinds(now, kind) != _kinds(before, kind):
        return
    for index, entry in enumerate(now):
        if _plain(entry) in map(_plain, before):
            yield FINE
        else:
            yield breach(f"{place}/{index}", before, entry,
                         f"{place}/{index} is none of those that exchange {earlier.exchange.n} showed of the same site",
                         hint=True)  # fmt: skip


def _kinds(entries: list[Any], member: str) -> list[str]:
    return sorted(str(entry.get(member)) for entry in entries if isinstance(entry, dict))


def _plain(place: Any) -> Any:
    return {key: value for key, value in place.items() if key != "href"} if isinstance(place, dict) else place


_TOWN: Final = ("city", "postcode", "country")


@SITE.rule(name="elsewhere", on=LISTED)
def sites_are_where_they_were_asked_for(said: Said) -> Iterator[Mark]:
    """The places of each entry, against the address of the query: one that names it by id, or is in its town, will do.
    What matches is for the Seller to say: only a hint.
    """
    wanted = said.query.get(BY_ID)
    life = said.run.life(ADDRESS, wanted)
    known = life.last_before(said.exchange) if life else None
    town = {name: said.query.get(name) or (known.value.get(name) if known else None) for name in _TOWN}
    for shown in said.shown:
        named = [found for _, found in every(shown.value, "/place/*")
                 if isinstance(found, dict) and found.get("@type") == "GeographicAddressRef"]  # fmt: skip
        fielded = [found for _, found in every(shown.value, "/place/*")
                   if isinstance(found, dict) and found.get("@type") == "FieldedAddress"]  # fmt: skip
        ids = [found.get("id") for found in named]
        if wanted and ids and wanted not in ids:
            yield breach(f"{shown.place}/place", wanted, ids,
                         f"{shown.place}/place is not at the address {wanted}, which was asked for", hint=True)  # fmt: skip
        elif fielded and not any(_in_town(found, town) for found in fielded):
            yield breach(f"{shown.place}/place", town, fielded,
                         f"{shown.place}/place is in another town than was asked for", hint=True)  # fmt: skip
        elif ids or fielded:
            yield FINE


def _in_town(address: Mapping[str, Any], town: Mapping[str, Any]) -> bool:
    """Whether nothing says that an address is in another town; a country may be a word or a code."""
    for name, wanted in town.items():
        found = address.get(name)
        if not isinstance(found, str) or not isinstance(wanted, str):
            continue
        one, other = ("".join(text.split()).casefold() for text in (found, wanted))
        if one != other and not (name == "country" and len(one) != len(other)):
            return False
    return True


@SITE.rule(name="filter", on=LISTED)
def sites_are_of_the_type_asked_for(said: Said) -> Iterator[Mark]:
    """The siteType of each entry, where the query has one. What matches is for the Seller to say: only a hint."""
    wanted = said.query.get("siteType")
    if not wanted:
        return
    for place, found in every(said.body, "/*/siteType"):
        if isinstance(found, str):
            yield hold(place, True) if found == wanted else breach(
                place, wanted, found, f"{place} is {as_json(found)}, though {wanted} was asked for", hint=True)  # fmt: skip
