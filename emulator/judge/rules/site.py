"""The rules of MEF 122, in the order of the guide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.run import SITE as KIND
from emulator.judge.run import Said
from emulator.wire.payload import at, every

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
    """X-Pagination-Throttled: a list of sites has no second page, so that none may be cut short."""
    throttled = said.header("X-Pagination-Throttled")
    if throttled is not None and throttled.strip().lower() == "true":
        yield breach("", "422 tooManyRecords", "X-Pagination-Throttled: true",
                     "the list was cut short, and there is no way to ask for the rest",
                     reading=("site-list-too-long", "refused"))  # fmt: skip


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
common.stays(SITE, (), KIND)
common.no_doubles(SITE, (), "listGeographicSite")
common.pages(SITE, (), "listGeographicSite")
# What a site is called may be changed at any time, so that a difference is no more than a hint.
common.agrees(SITE, (), KIND, "/name", "/siteType", "/companyName", "/customerName", "/description", hint=True)


@SITE.rule(name="places", on=LISTED | READ)
def places_agree(said: Said) -> Iterator[Mark]:
    """Places shown before, where a site shows as many of the same types again; a move is rare, and so this is a hint."""
    for shown, life in said.lived():
        places = at(shown.value, "/place")
        earlier = next((s for s in reversed(life.before(said.exchange)[-3:]) if given(at(s.value, "/place"))), None)
        if earlier is None or not isinstance(places, list) or not places:
            continue
        before = at(earlier.value, "/place")
        if not isinstance(before, list) or _types(places) != _types(before):
            continue
        for index, place in enumerate(places):
            if _plain(place) in map(_plain, before):
                yield FINE
            else:
                yield breach(f"{shown.place}/place/{index}", before, place,
                             f"{shown.place}/place/{index} is none of the places that exchange {earlier.exchange.n} "
                             f"showed of the same site", hint=True)  # fmt: skip


def _types(places: list[Any]) -> list[str]:
    return sorted(str(at(place, "/@type")) for place in places)


def _plain(place: Any) -> Any:
    return {key: value for key, value in place.items() if key != "href"} if isinstance(place, dict) else place


@SITE.rule(name="filter", on=LISTED)
def sites_are_of_the_type_asked_for(said: Said) -> Iterator[Mark]:
    """The siteType of each entry, where the query has one. What matches is for the Seller to say: only a hint."""
    wanted = said.query.get("siteType")
    if not wanted:
        return
    for place, found in every(said.body, "/*/siteType"):
        if isinstance(found, str):
            yield hold(place, True) if found == wanted else breach(
                place, wanted, found, f"{place} is {found}, though {wanted} was asked for", hint=True)  # fmt: skip
