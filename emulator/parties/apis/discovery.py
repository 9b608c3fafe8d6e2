"""Availability and pricing discovery: in which configurations a product can be had, and at what price (MEF W160).

What is offered, at which prices and terms, and where, is what qualifications and quotes say as well: it has one source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Literal

from emulator.errors import UserError
from emulator.parties.apis import Api, Context, Plugin
from emulator.parties.apis.catalog_sold import fitting, is_open, offered, origin
from emulator.parties.apis.discovery_issues import API, AVAILABILITY, PRICING, Issues
from emulator.parties.apis.items import plain_urn, serviceability
from emulator.parties.apis.product_offering_qualification import BEHAVIOUR as QUALIFYING
from emulator.parties.apis.quote_terms import prices_of
from emulator.parties.clock import rfc3339
from emulator.parties.lists import moment_of
from emulator.parties.offering import Offering
from emulator.parties.sections import Section
from emulator.parties.store import Resource
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.record.payload import copied
from emulator.standard.payloads.configuration import example_of
from emulator.standard.places import placing
from emulator.standard.strict import Json, Mistake

_KIND: Final = "discoveredConfiguration"
"""The kind of resource that stands for an identifier that was given."""
_SHORTEST: Final = 900
"""Seconds for which an identifier is good at the least (W160 R22)."""
_DIGITS: Final = 20

TimeUnit = Literal[
    "seconds",
    "minutes",
    "businessHours",
    "calendarHours",
    "businessDays",
    "calendarDays",
    "calendarMonths",
    "calendarYears",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A Duration as this API's contract counts it."""

    amount: int
    units: TimeUnit

    def as_json(self) -> dict[str, Any]:
        return {"amount": self.amount, "units": self.units}


@dataclass(frozen=True, slots=True)
class DiscoverySection:
    """What is told of availability and prices. `life` is for how many seconds an identifier holds since it was last given.
    `configurations` are by offering those in which it can be had; where none are said, there is a small one that its payload
    schema allows. `interval` takes the place of each offering's `installation`. `outcome`: nothing can be had, or it has no price.
    `identifiers`: a configuration has the same one in each answer, or another one.
    """

    life: float = 3_600
    configurations: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    interval: Interval | None = None
    outcome: Literal["offered", "nothing", "unpriced"] = "offered"
    identifiers: Literal["same", "other"] = "same"


def _faults(section: DiscoverySection) -> Iterator[Mistake]:
    if section.life < _SHORTEST:
        yield Mistake("/life", f"an identifier holds for {_SHORTEST} seconds at the least (W160 R22)")


DISCOVERY: Final = Section("discovery", DiscoverySection, _faults)


def build(context: Context) -> Api:
    """Both questions, each answered at once."""
    discovery = Discovery(context)
    return Api(API, {AVAILABILITY: discovery.availability, PRICING: discovery.pricing})


class Discovery:
    """Answers questions on availability and on prices."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._section = context.profile.of(DISCOVERY)
        self._issues = Issues(context)
        operations = context.release.kinds.apis[API].operations
        self._echoed = {name: operations[name].echoed for name in (AVAILABILITY, PRICING)}
        self._made: dict[str, tuple[dict[str, Any], ...]] = {}

    # -- availability (6.1) --------------------------------------------------------------------------

    def availability(self, call: Call) -> Reply:
        """POST /productOfferingAvailability."""
        action, offerings = call.body["action"], self._offerings(call)
        if issues := list(self._issues.of_availability(call, offerings)):
            raise unprocessable(*issues)
        found = offerings if self._reaches(call.body) and self._section.outcome != "nothing" else []
        named: dict[str, str] = {}
        entries = [
            {
                "productOffering": {"id": offering.id},
                "productConfiguration": copied(configuration),
                "productConfigurationIdentifier": self._identifier(call.run, configuration, named),
                "installationInterval": self._interval(offering),
            }
            for offering in found
            for configuration in self._configurations(call.run, action, offering)
        ]
        return Reply(200, {**self._echo(call, AVAILABILITY), "availableProductOfferingConfigurations": entries})

    def _offerings(self, call: Call) -> list[Offering]:
        """What a question is about: all offerings of a specification, or the one of a product in service.

        W160 leaves open what names a specification: the sample has the URN of the payload, 6.1.1 the catalog's id. Both do.
        """
        every = offered(self._context, call.run)
        if call.body["action"] == "modify":
            return [each for each in every if each.id == self._installed(call)]
        wanted = (call.body.get("productSpecification") or {}).get("id")
        if wanted is None:
            return []
        return [each for each in every if wanted == each.specification or plain_urn(wanted) == plain_urn(each.payload)]

    def _installed(self, call: Call) -> str | None:
        """The offering of the product that is to be changed."""
        product = (call.body.get("productRef") or {}).get("id")
        found = self._context.store.get(call.run, "product", product) if product is not None else None
        return (found.body.get("productOffering") or {}).get("id") if found is not None else None

    def _reaches(self, body: Mapping[str, Any]) -> bool:
        """Whether a qualification would say that it can be delivered there."""
        if self._context.profile.behaviour.of(QUALIFYING).outcome != "ready":
            return False
        places = placing(self._context.release, API).spots(body, "/place/*")
        return all(serviceability(self._context, place) != "red" for place in places)

    def _configurations(self, run: str, action: str, offering: Offering) -> list[dict[str, Any]]:
        """In what configurations an offering can be had, each once (R17): none where an order of it would not be taken, and
        only such as qualifications and quotes take.
        """
        if not is_open(self._context, run, action, offering.id):
            return []
        said: Sequence[Mapping[str, Any]] | None = self._section.configurations.get(
            origin(self._context, run, offering.id)
        )
        if said is None:
            said = self._example(offering.payload)
        made = (fitting(self._context, run, action, offering.id, each) for each in said)
        return list({_digest(each): each for each in made if each is not None}.values())

    def _example(self, payload: str) -> tuple[dict[str, Any], ...]:
        """A small configuration that a schema allows; none where it has no example."""
        if payload not in self._made:
            try:
                self._made[payload] = (example_of(self._context.release, payload, API),)
            except UserError:
                self._made[payload] = ()
        return self._made[payload]

    def _identifier(self, run: str, configuration: Mapping[str, Any], named: dict[str, str]) -> str:
        """An identifier of a configuration and of no other (R21), good for its life from now on (R22). `named` has those of the
        same answer, by what they are of.
        """
        now, what = self._context.desk.now(), _digest(configuration)
        if what in named:
            return named[what]
        other = self._section.identifiers == "other"
        identifier = named[what] = self._context.new_id(_KIND) if other else f"pc-{what}"
        body = {"until": rfc3339(now + timedelta(seconds=self._section.life)), "configuration": copied(configuration)}
        kept = self._context.store.get(run, _KIND, identifier)
        if kept is None:
            self._context.store.add(Resource(run, _KIND, identifier, body, now))
        else:
            kept.body = body
            self._context.store.update(kept)
        return identifier

    def _having(self, call: Call, configuration: Mapping[str, Any]) -> list[Offering]:
        """The offerings that can be had in a configuration."""
        kind, what, action = configuration.get("@type"), _digest(configuration), call.body["action"]
        mine = [each for each in offered(self._context, call.run) if each.payload == kind]
        return [each for each in mine if what in map(_digest, self._configurations(call.run, action, each))]

    def _interval(self, offering: Offering) -> dict[str, Any]:
        return self._section.interval.as_json() if self._section.interval else counted(offering.installation.as_json())

    # -- prices (6.2) --------------------------------------------------------------------------------

    def pricing(self, call: Call) -> Reply:
        """POST /pricingDiscovery.

        W160 leaves open the code for an identifier that has expired (R29). It leads to nothing any more.
        """
        identifier = call.body["productConfigurationIdentifier"]
        kept = self._context.store.get(call.run, _KIND, identifier)
        until = moment_of(kept.body["until"]) if kept is not None else None
        if kept is None or until is None or until < self._context.desk.now():
            gone = "has expired: ask for availability again (W160 R29)" if kept else "was given by no answer of ours"
            issue = Issue(
                "/productConfigurationIdentifier", ErrorCode.REFERENCE_NOT_FOUND, f"{identifier!r:.100} {gone}"
            )
            raise unprocessable(issue, *self._issues.of_pricing(call, []))
        offerings = self._having(call, kept.body["configuration"])
        if issues := list(self._issues.of_pricing(call, offerings)):
            raise unprocessable(*issues)
        if call.body["action"] == "modify":
            installed = self._installed(call)
            offerings = [each for each in offerings if each.id == installed]
        priced = self._reaches(call.body) and self._section.outcome == "offered"
        echo = self._echo(call, PRICING)
        found = [entry for each in offerings for entry in self._terms(each, echo)] if priced else []
        return Reply(200, {**echo, "pricingAndTerms": found})

    def _terms(self, offering: Offering, echo: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """What an offering costs by each of its terms. An identifier is one of its content and context (R33), so that the
        same question has the same answer (R38).
        """
        interval = self._interval(offering)
        for each in offering.terms:
            term = {**each, "duration": counted(each["duration"])}
            if "rollInterval" in term:
                term["rollInterval"] = counted(term["rollInterval"])
            entry = {
                "installationInterval": interval,
                "term": term,
                "price": prices_of(offering, str(echo["action"])),
                # What is there at once can have no further charges (R35).
                "subjectToAdditionalNonrecurringCharges": offering.feasibility_check and interval["amount"] > 0,
                "productOffering": {"id": offering.id},
            }
            yield {"identifier": f"pt-{_digest([entry, echo])}", **entry}

    def _echo(self, call: Call, operation: str) -> dict[str, Any]:
        """What the buyer asked, as it asked (R16, R30)."""
        return {name: call.body[name] for name in self._echoed[operation] if name in call.body}


_AS_OTHERS: Final[Mapping[str, tuple[int, str]]] = {
    "calendarMinutes": (1, "minutes"),
    "businessMinutes": (60, "businessHours"),
}
"""Units that this contract does not count in: how many of them make one of another, which it does."""


def counted(duration: Mapping[str, Any]) -> dict[str, Any]:
    """A Duration of the other contracts in units of this one, rounded up where there is no finer one."""
    each, units = _AS_OTHERS.get(duration["units"], (1, duration["units"]))
    return {"amount": -(-duration["amount"] // each), "units": units}


def _digest(value: Any) -> str:
    """A word for a JSON value, whatever the order of its members."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_DIGITS]


PLUGIN: Final = Plugin(API, build=build, sections=(DISCOVERY,))
