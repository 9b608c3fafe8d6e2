"""The rules of Mplify 122.1, in the order of the guide: sites are looked for by a body, at one address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import SITE as KIND
from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.run import Said
from emulator.record.payload import MISSING, as_json, at, every
from emulator.standard.places import ADDRESS_REF
from emulator.standard.representations import SPELT_OUT, WAYS, ways

API: Final = "geographicSite"
SITES: Final = Rulebook("Mplify122.1", API)

LIST, READ = "listGeographicSite", "retrieveGeographicSite"
LISTED: Final = responses(API, LIST)

common.uses_all(SITES, "lists-sites", LIST)
common.parties(
    SITES,
    several_buyers="MEF122-R2",
    one_buyer="MEF122-R3",
    several_sellers="MEF122-R4",
    one_seller="MEF122-R5",
)


@SITES.rule("query-place", on=requests(API, LIST))
def the_query_says_where(said: Said) -> Iterator[Mark]:
    """The place of the query: an address by its id, or one with an entry in one of its four lists."""
    place = at(said.body, "/place")
    kind = at(place, "/@type")
    if kind == ADDRESS_REF and given(at(place, "/id")):
        yield FINE
    elif kind == SPELT_OUT and any(way in place for way in WAYS):
        yield (
            FINE
            if ways(place)
            else breach("/place", "a representation", place, "/place has no representation: its lists are empty")
        )


def _asked(said: Said) -> tuple[Any, Any]:
    """The type of the place that was asked for, and its id."""
    return at(said.asked, "/place/@type"), at(said.asked, "/place/id")


@SITES.rule("sites-are-there", on=LISTED)
def sites_are_where_they_were_asked_for(said: Said) -> Iterator[Mark]:
    """The address of each entry against the one that was asked for, where both are named by their ids. What a description
    matches is for the Seller to say.
    """
    kind, wanted = _asked(said)
    for place, found in every(said.body, "/*/place"):
        if kind == ADDRESS_REF and at(found, "/@type") == ADDRESS_REF:
            identifier = at(found, "/id")
            yield hold(
                f"{place}/id",
                identifier == wanted,
                expected=wanted,
                found=identifier,
                message=f"{place} is the address {as_json(identifier)}, though {wanted} was asked for",
            )


@SITES.rule("unclear-place", on=responses(API, LIST, statuses=ANY_STATUS))
def a_description_that_fits_none_finds_none(said: Said) -> Iterator[Mark]:
    """The answer to a place that is described: no refusal for what it describes, but an empty list."""
    kind, _ = _asked(said)
    if kind != SPELT_OUT or not ways(at(said.asked, "/place")):
        return
    if said.status == 200:  # noqa: PLR2004
        if said.body == []:
            yield FINE
    elif said.status == 404 and at(said.body, "/code") == "notFound":  # noqa: PLR2004
        yield breach("", "200 with []", 404, "a place that fits no address was answered 404; expected an empty list")
    elif said.status == 422:  # noqa: PLR2004
        for place, issue in every(said.body, "/*"):
            if at(issue, "/code") == "referenceNotFound" and at(issue, "/propertyPath") in ("/place", "/place/"):
                yield breach(
                    f"{place}/code",
                    "200 with []",
                    "referenceNotFound",
                    "a place that fits no address was refused; expected an empty list",
                )


common.nothing_found_is_200(SITES, "MEF122-R11", LIST)
common.too_many_is_422(SITES, "MEF122-R12", LIST)


_MEMBERS: Final = (
    "/id",
    "/name",
    "/administrativeAuthority",
    "/customerName",
    "/siteRestrictionType",
    "/networkType",
    "/place",
)
"""What each site has; subUnit, too, but an empty list of it is no lack, and the contract sees to that."""
SITES.present("listed-site", "/*", *_MEMBERS, on=LISTED)
SITES.present("read-site", "", *_MEMBERS, on=responses(API, READ))


@SITES.rule("site-ids", on=LISTED)
def each_site_has_an_id_of_its_own(said: Said) -> Iterator[Mark]:
    """The ids of the entries: two that tell different sites are not alike; one that is listed twice is another matter."""
    first: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for place, site in every(said.body, "/*"):
        identifier = at(site, "/id")
        if isinstance(site, dict) and isinstance(identifier, str):
            where, other = first.setdefault(identifier, (place, site))
            yield hold(
                f"{place}/id",
                other == site,
                expected="an id of its own",
                found=identifier,
                message=f"{place} has the id {identifier}, as has {where}, which is another site",
            )


def _form(label: str, wanted: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        kind, _ = _asked(said)
        if kind != wanted:
            return
        for place, found in every(said.body, "/*/place/@type"):
            if found in (ADDRESS_REF, SPELT_OUT):
                yield hold(place, found == wanted, expected=wanted, found=found)

    SITES.add(label, look, on=LISTED, about=f"the type of each place, where a {wanted} was asked for")


_form("answered-by-reference", ADDRESS_REF)
_form("answered-by-description", SPELT_OUT)

common.unknown_is_404(SITES, "MEF122-R15", READ, KIND)

common.optional_or_501(SITES, (), READ, name="optional")
common.keeps_id(SITES, (), KIND)
common.links_to_itself(SITES, KIND)
common.stays(SITES, (), KIND)
common.no_doubles(SITES, (), LIST)
common.pages(SITES, (), LIST)
# What a site is called, and whose it is, may be changed at any time, so that a difference is no more than a hint.
common.agrees(
    SITES,
    (),
    KIND,
    "/name",
    "/administrativeAuthority",
    "/customerName",
    "/siteRestrictionType",
    "/networkType",
    "/subUnit",
    hint=True,
)


@SITES.rule(name="filter", on=LISTED)
def sites_are_of_the_kind_asked_for(said: Said) -> Iterator[Mark]:
    """SiteRestrictionType and networkType of each entry, where the query has them: hints, since what matches the Seller says."""
    for name in ("siteRestrictionType", "networkType"):
        wanted = at(said.asked, f"/{name}")
        for place, found in every(said.body, f"/*/{name}") if wanted is not MISSING else ():
            if isinstance(found, str):
                yield (
                    hold(place, True)
                    if found == wanted
                    else breach(
                        place, wanted, found, f"{place} is {as_json(found)}, though {wanted} was asked for", hint=True
                    )
                )
