"""The rules of MEF 121, in the order of the guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ADDRESS as KIND
from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

ADDRESS: Final = Rulebook("MEF121", "geographicAddress")

VALIDATE: Final = requests("geographicAddress", "createGeographicAddressValidation")
VALIDATED: Final = responses("geographicAddress", "createGeographicAddressValidation")
ORDERED: Final = (
    requests("productOfferingQualification", "createProductOfferingQualification")
    | requests("quote", "createQuote")
    | requests("productOrder", "createProductOrder")
)

WRITTEN: Final = ("FieldedAddress", "FormattedAddress")
"""Addresses as people write them."""
POINTED: Final = ("MEFGeographicPoint", "GeographicAddressLabel")
"""Places that somebody else has named already."""
SUBMITTED: Final = "/submittedGeographicAddress"
BEST: Final = "/bestMatchGeographicAddress"
OTHERS: Final = "/alternateGeographicAddress"
READ_ONLY: Final = ("id", "allowsNewSite", "hasPublicSite", "associatedGeographicAddress")


def _found(body: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each address that an answer to a validation has found, the best one first."""
    for pattern in (BEST, f"{OTHERS}/*"):
        for place, value in every(body, pattern):
            if isinstance(value, dict):
                yield place, value


def _type(value: Any) -> Any:
    return at(value, "/@type")


common.uses_all(ADDRESS, "R1", "createGeographicAddressValidation", "retrieveGeographicAddress")
common.parties(ADDRESS, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")


@ADDRESS.rule("R7", on=VALIDATE)
def buyer_writes_addresses(said: Said) -> Iterator[Mark]:
    """Fielded or formatted addresses that the Buyer submits: seen by use, and never a breach."""
    if _type(at(said.body, SUBMITTED)) in WRITTEN:
        yield FINE


@ADDRESS.rule("R8", on=VALIDATED)
def seller_takes_addresses(said: Said) -> Iterator[Mark]:
    """Fielded or formatted addresses that the Seller has validated: seen by use, and never a breach."""
    if _type(at(said.asked, SUBMITTED)) in WRITTEN:
        yield FINE


ADDRESS.absent("R11", SUBMITTED, "/id", on=VALIDATE)
ADDRESS.one_of("R12", "", "/provideAlternative", (True,), on=VALIDATE)


_WITH_POSTCODES: Final = frozenset({
    "at", "aut", "austria", "österreich", "au", "aus", "australia", "be", "bel", "belgium", "belgië", "belgique",
    "br", "bra", "brazil", "brasil", "ca", "can", "canada", "ch", "che", "switzerland", "schweiz", "suisse",
    "cz", "cze", "czechia", "czech republic", "de", "deu", "germany", "deutschland", "dk", "dnk", "denmark", "danmark",
    "es", "esp", "spain", "españa", "fi", "fin", "finland", "suomi", "fr", "fra", "france",
    "gb", "gbr", "uk", "united kingdom", "great britain", "hu", "hun", "hungary", "in", "ind", "india",
    "it", "ita", "italy", "italia", "jp", "jpn", "japan", "mx", "mex", "mexico", "méxico",
    "nl", "nld", "netherlands", "the netherlands", "nederland", "no", "nor", "norway", "norge",
    "pl", "pol", "poland", "polska", "pt", "prt", "portugal", "se", "swe", "sweden", "sverige",
    "sk", "svk", "slovakia", "us", "usa", "united states", "united states of america",
})  # fmt: skip
"""Countries where every address has a postcode, as people and ISO 3166 write them. Of others nothing is said."""


@ADDRESS.rule("R13", on=VALIDATE)
def postcode_is_given(said: Said) -> Iterator[Mark]:
    """The postcode of a fielded or formatted address, in a country that is known to have postcodes."""
    address = at(said.body, SUBMITTED)
    if _type(address) not in WRITTEN:
        return
    country = at(address, "/country")
    if given(at(address, "/postcode")):
        yield FINE
    elif isinstance(country, str) and country.strip().casefold() in _WITH_POSTCODES:
        yield breach(f"{SUBMITTED}/postcode", "the postcode", at(address, "/postcode"),
                     f"{SUBMITTED}/postcode is missing, and addresses in {country.strip()} have one")  # fmt: skip


@ADDRESS.rule("R14", on=VALIDATE)
def street_number_is_given(said: Said) -> Iterator[Mark]:
    """The house number of a fielded address."""
    address = at(said.body, SUBMITTED)
    if _type(address) != "FieldedAddress":
        return
    if given(at(address, "/streetNr")):
        yield FINE
    elif said.run.reads_as("address-street-number", "always"):
        yield breach(f"{SUBMITTED}/streetNr", "the house number", at(address, "/streetNr"),
                     f"{SUBMITTED}/streetNr is missing", reading=("address-street-number", "always"))  # fmt: skip


@ADDRESS.rule("D2", on=ORDERED)
def refers_by_id(said: Said) -> Iterator[Mark]:
    """Places of items to qualify, quote or order: those that were validated before are given by their id."""
    places = [
        (place, value)
        for pattern in ("/productOfferingQualificationItem", "/quoteItem", "/productOrderItem")
        for place, value in every(said.body, f"{pattern}/*/product/place/*")
        if isinstance(value, dict)
    ]
    if not places:
        return
    known = [
        (at(done.request.body, SUBMITTED), at(done.response.body, BEST))
        for done in said.run.of("createGeographicAddressValidation", api="geographicAddress")[-50:]
        if succeeded(done) and done.response is not None
    ]
    for place, value in places:
        if _type(value) == "GeographicAddressRef":
            if any(at(best, "/id") == value.get("id") for _, best in known):
                yield FINE
            continue
        best = next((best for asked, best in known if given(at(best, "/id")) and _same_place(value, asked, best)), None)
        if best is not None:
            yield breach(place, {"@type": "GeographicAddressRef", "id": at(best, "/id")}, value,
                         f"{place} spells out an address that was validated as {at(best, '/id')}")  # fmt: skip


def _same_place(place: Mapping[str, Any], asked: Any, best: Any) -> bool:
    """Whether a place, its role aside, is what was submitted or what was found."""
    spelt = {key: value for key, value in place.items() if key not in ("role", "href", *READ_ONLY)}
    return any(
        isinstance(known, dict) and spelt == {k: v for k, v in known.items() if k not in ("href", *READ_ONLY)}
        for known in (asked, best)
    )


@ADDRESS.rule("R15", on=VALIDATED)
def answer_repeats_the_question(said: Said) -> Iterator[Mark]:
    """The question in the answer, against the request: no value is changed or left out. The Seller may add."""
    asked = {name: at(said.asked, f"/{name}") for name in ("provideAlternative", "submittedGeographicAddress")}
    if isinstance(said.body, dict):
        sent = {name: value for name, value in asked.items() if value is not MISSING}
        yield from common.echo_marks(sent, said.body, "", free=("href", *READ_ONLY))


@ADDRESS.rule("R16", on=VALIDATED)
def answers_in_the_same_type(said: Said) -> Iterator[Mark]:
    """@type of the best match and of the alternates; that of an associated address inside of them is free."""
    wanted = _type(at(said.asked, SUBMITTED))
    for place, value in _found(said.body):
        found = _type(value)
        if isinstance(wanted, str) and isinstance(found, str):
            yield hold(f"{place}/@type", found == wanted, expected=wanted, found=found)


def _has_id(said: Said, types: tuple[str, ...]) -> Iterator[Mark]:
    for place, value in _found(said.body):
        if _type(value) in types:
            yield hold(f"{place}/id", given(value.get("id")), expected="an id", found=value.get("id", MISSING),
                       message=f"{place} has no id by which it could be used later")  # fmt: skip


@ADDRESS.rule(("D3", "D1"), on=VALIDATED)
def written_addresses_have_an_id(said: Said) -> Iterator[Mark]:
    """The id of each fielded or formatted address that was found."""
    yield from _has_id(said, WRITTEN)


@ADDRESS.rule(("D4", "D1"), on=VALIDATED)
def points_and_labels_have_an_id(said: Said) -> Iterator[Mark]:
    """The id of each point or label that was found."""
    yield from _has_id(said, POINTED)


@ADDRESS.rule("R17", on=VALIDATED)
def points_have_no_alternates(said: Said) -> Iterator[Mark]:
    """The answer to a point or label has no alternates; an empty list is none."""
    if _type(at(said.asked, SUBMITTED)) in POINTED and isinstance(said.body, dict):
        others = at(said.body, OTHERS)
        yield hold(OTHERS, others in (MISSING, None) or others == [], expected=MISSING, found=others,
                   message=f"{OTHERS} is there, though what was submitted can mean one place only")  # fmt: skip


@ADDRESS.rule("R18", on=responses("geographicAddress", "createGeographicAddressValidation", statuses=ANY_STATUS))
def no_match_is_an_answer(said: Said) -> Iterator[Mark]:
    """An address that nobody knows is answered 200 without addresses, and not refused as not found."""
    if said.status == 200:  # noqa: PLR2004
        if isinstance(said.body, dict) and not next(_found(said.body), None):
            yield FINE
    elif said.status == 404 and at(said.body, "/code") == "notFound":  # noqa: PLR2004
        yield breach("", 200, 404, "an address that is not known was answered 404; expected 200 without addresses")
    elif said.status == 422 and not given(at(said.asked, f"{SUBMITTED}/id")):  # noqa: PLR2004
        for place, issue in every(said.body, "/*"):
            # Which property could not be found tells a whole address from a reference inside of it.
            if at(issue, "/code") == "referenceNotFound" and at(issue, "/propertyPath") in (SUBMITTED, MISSING, ""):
                yield breach(f"{place}/code", "200 without addresses", "referenceNotFound",
                             "an address that is not known was refused; expected 200 without addresses")  # fmt: skip


def _result(label: str, wanted: str, name: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        body = said.body
        if not isinstance(body, dict) or _outcome(body) != wanted:
            return
        found = body.get("validationResult", MISSING)
        if found is MISSING and "validationStatus" in body:
            yield breach("/validationResult", wanted, MISSING, "the result stands in validationStatus",
                         reading=("address-result-name", "validationResult"))  # fmt: skip
            found = body["validationStatus"]
        yield hold("/validationResult", found == wanted, expected=wanted, found=found,
                   message=f"validationResult is {'missing' if found is MISSING else found} with {name}; "
                           f"expected {wanted}")  # fmt: skip

    ADDRESS.add(label, look, on=VALIDATED, about=f"validationResult of an answer with {name}")


def _outcome(body: Mapping[str, Any]) -> str:
    if given(body.get("bestMatchGeographicAddress")):
        return "success"
    return "partial" if given(body.get("alternateGeographicAddress")) else "fail"


_result("D5", "fail", "no address")
_result("D6", "success", "a best match")
_result("D7", "partial", "alternates only")

common.too_many_is_422(ADDRESS, "R19", "createGeographicAddressValidation")


@ADDRESS.rule("R20", on=responses("geographicAddress", "retrieveGeographicAddress", statuses=REFUSED))
def unknown_id_is_404(said: Said) -> Iterator[Mark]:
    """A read by an id that no answer has shown is answered 404."""
    identifier = said.exchange.path_params.get("id")
    if said.status not in common.TELLS_NOTHING and not _shown_before(said.run, said.exchange, identifier):
        yield hold("", said.status == 404, expected=404, found=said.status,  # noqa: PLR2004
                   message=f"an unknown id was answered {said.status}; expected 404")  # fmt: skip


@ADDRESS.rule(name="stays", on=responses("geographicAddress", "retrieveGeographicAddress", statuses=ANY_STATUS))
def known_id_is_found(said: Said) -> Iterator[Mark]:
    """A read by an id that was given out before. The Seller may forget ids that nothing refers to: only a hint."""
    identifier = said.exchange.path_params.get("id")
    if said.status == 200:  # noqa: PLR2004
        yield FINE
    elif said.status == 404 and _shown_before(said.run, said.exchange, identifier):  # noqa: PLR2004
        yield breach("", 200, 404, f"address {identifier} was given out before and is not found any more", hint=True)


def _take_shown(known: set[tuple[str | None, Any]], _run: Run, exchange: Exchange) -> None:
    if exchange.operation in _SHOWING and exchange.api == "geographicAddress" and succeeded(exchange):
        ids = [value.get("id") for _, value in _addresses(exchange)]
        parties = common.parties_of(exchange)
        known |= {(identifier, parties) for identifier in ids if identifier is None or isinstance(identifier, str)}


_SHOWING: Final = ("createGeographicAddressValidation", "retrieveGeographicAddress")
_SHOWN: Final[Fold[set[tuple[str | None, Any]]]] = Fold(set, _take_shown)
"""The ids that answers have shown, each with the parties for whom."""


def _shown_before(run: Run, exchange: Exchange, identifier: Any) -> bool:
    """Whether an earlier answer for the same parties has shown an address with this id."""
    return (identifier, common.parties_of(exchange)) in run.known(_SHOWN, before=exchange)


def _addresses(exchange: Exchange) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every address that an answer shows as the Seller's own, associated ones included."""
    body = exchange.response.body if exchange.response else MISSING
    found = _found(body) if exchange.operation == "createGeographicAddressValidation" else [("", body)]
    for place, value in found:
        for below in ("", "/associatedGeographicAddress"):
            address = at(value, below)
            if isinstance(address, dict):
                yield place + below, address


@dataclass(frozen=True, slots=True)
class _Sighting:
    """An address with an id, as an answer showed it, and as one showed it first."""

    exchange: Exchange
    place: str
    value: Mapping[str, Any]
    first: Exchange
    before: Mapping[str, Any]

    def says(self, member: str) -> str:
        return f"{self.place}/{member} differs from that of address {self.value['id']} in exchange {self.first.n}"


def _again(run: Run) -> Iterator[_Sighting]:
    """Each sighting of an address that an answer has shown before, however it came."""
    first: dict[tuple[Any, str], tuple[Exchange, Mapping[str, Any]]] = {}
    for exchange in run.of(*_SHOWING, api="geographicAddress"):
        if not succeeded(exchange):
            continue
        seller = dict(exchange.request.query).get("sellerId")
        for place, value in _addresses(exchange):
            if isinstance(value.get("id"), str):
                earlier, before = first.setdefault((seller, value["id"]), (exchange, value))
                if before is not value:
                    yield _Sighting(exchange, place, value, earlier, before)


_FLAGS: Final = ("allowsNewSite", "hasPublicSite")
_FREE: Final = ("href", "associatedGeographicAddress", "@schemaLocation")


@ADDRESS.at_end("R21")
def one_id_is_one_address(run: Run) -> Iterator[Remark]:
    """All sightings of an id show the same address, as far as they show the same members."""
    for seen in _again(run):
        wrong = next((key for key, value in seen.value.items() if key in seen.before and key not in (*_FREE, *_FLAGS)
                      and _plain(value) != _plain(seen.before[key])), None)  # fmt: skip
        yield on_response(seen.exchange, FINE if wrong is None else breach(
            f"{seen.place}/{wrong}", seen.before[wrong], seen.value[wrong], seen.says(wrong)))  # fmt: skip


@ADDRESS.at_end(name="agrees")
def address_is_told_alike(run: Run) -> Iterator[Remark]:
    """All sightings of an id have the same flags and spelling, and a read leaves nothing out: hints only."""
    for seen in _again(run):
        for key, value in seen.before.items():
            now = seen.value.get(key, MISSING)
            left_out = now is MISSING and seen.exchange.operation == "retrieveGeographicAddress" and not seen.place
            if key not in _FREE and (
                left_out or (now != value and now is not MISSING and _plain(now) == _plain(value))
            ):
                yield on_response(seen.exchange, breach(f"{seen.place}/{key}", value, now, seen.says(key), hint=True))
        for key in _FLAGS:
            if isinstance(seen.value.get(key), bool) and isinstance(seen.before.get(key), bool):
                yield on_response(seen.exchange, FINE if seen.value[key] is seen.before[key] else breach(
                    f"{seen.place}/{key}", seen.before[key], seen.value[key], seen.says(key), hint=True))  # fmt: skip


def _plain(value: Any) -> Any:
    """A value whose spelling does not count: neither case nor blanks of a text."""
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


common.keeps_id(ADDRESS, (), KIND)


@ADDRESS.rule(name="doubles", on=VALIDATED)
def no_address_stands_twice(said: Said) -> Iterator[Mark]:
    """The alternates leave out the best match, and none of them is there twice."""
    seen: dict[str, str] = {}
    for place, value in _found(said.body):
        identifier = value.get("id")
        if isinstance(identifier, str):
            first = seen.setdefault(identifier, place)
            yield hold(f"{place}/id", first == place, expected="an id of its own", found=identifier,
                       message=f"{place} is the address {identifier}, as is {first}")  # fmt: skip
