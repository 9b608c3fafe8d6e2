"""Availability and prices: what right partners may do in another way than ours, and what none may."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.roles import SELF_TEST
from emulator.judge.verdict import Verdict
from emulator.record.exchange import Exchange
from emulator.standard.declared import Declared
from emulator.standard.release import load_release
from tests.judge.exchanges import exchange

API = "availabilityAndPricingDiscovery"
BASE = "/mefApi/sonata/productOfferingAvailabilityAndPricingDiscovery/v2"
WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
LINE = "urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all"
PORT = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all"
LINKS = {
    "productRelationship": [
        {"id": "u-1", "relationshipType": "CONNECTS_TO_UNI"},
        {"id": "e-1", "relationshipType": "CONNECTS_TO_ENNI"},
    ]
}
PLACE = {"place": [{"@type": "GeographicAddressRef", "id": "ad-1", "role": "INSTALL_LOCATION"}]}
SLOW = {"amount": 15, "units": "businessDays"}
GONE = [{"code": "referenceNotFound", "propertyPath": "/productConfigurationIdentifier", "reason": "There is none"}]

Body = dict[str, Any]


def of(name: str, offering: str = "line", frame: Any = 1526, interval: Body = SLOW, **members: Any) -> Body:
    """A configuration that can be had."""
    configuration = {
        "@type": LINE,
        "maximumFrameSize": frame,
        "uniEp": {"identifier": "u"},
        "enniEp": {"identifier": "e"},
    }
    return {
        "productOffering": {"id": offering},
        "productConfiguration": {**configuration, **members},
        "productConfigurationIdentifier": name,
        "installationInterval": interval,
    }


def at_price(name: str, value: float = 500, offering: str = "line", interval: Body = SLOW, **members: Any) -> Body:
    """A price by the month."""
    amount = {"name": "Monthly", "priceType": "recurring", "recurringChargePeriod": "month"}
    return {
        "identifier": name,
        "installationInterval": interval,
        "term": {
            "name": "One year",
            "duration": {"amount": 12, "units": "calendarMonths"},
            "endOfTermAction": "autoRenew",
        },
        "price": [{**amount, "price": {"dutyFreeAmount": {"unit": "USD", "value": value}}}],
        "subjectToAdditionalNonrecurringCharges": False,
        "productOffering": {"id": offering},
        **members,
    }


def ask(*entries: Body, after: float = 0, buyer: str = "", echoed: Body | None = None, **asked: Any) -> Exchange:
    """A question on availability `after` so many seconds, and its answer."""
    question = {"action": "add", "productSpecification": {"id": LINE}, **LINKS, **asked}
    body = {**(question if echoed is None else echoed), "availableProductOfferingConfigurations": list(entries)}
    return _exchange(
        "productOfferingAvailabilityRequest", "productOfferingAvailability", question, body, 200, after, buyer
    )


def price(
    name: str, *entries: Body, after: float = 0, buyer: str = "", refused: Any = None, status: int = 422, **asked: Any
) -> Exchange:
    """A question on prices, and its answer."""
    question = {"action": "add", "productConfigurationIdentifier": name, **LINKS, **asked}
    body = {**question, "pricingAndTerms": list(entries)} if refused is None else refused
    told = 200 if refused is None else status
    return _exchange("pricingDiscoveryRequest", "pricingDiscovery", question, body, told, after, buyer)


def _exchange(operation: str, path: str, asked: Any, body: Any, status: int, after: float, buyer: str) -> Exchange:
    where = f"{BASE}/{path}" + (f"?buyerId={buyer}" if buyer else "")
    copied = copy.deepcopy(asked)
    made = exchange(body, operation=operation, api=API, method="POST", path=where, sent=copied, status=status)
    return replace(made, at=made.at + timedelta(seconds=after))


def found(*run: Exchange) -> set[str]:
    """The rules that notice something."""
    numbered = tuple(replace(one, n=n) for n, one in enumerate(run, 1))
    several = any(one.request.query for one in run)
    declared = Declared(buyers=("east", "west") if several else (), sellers=())
    judged = judge(numbered, load_release(), provoked=frozenset(), heard=(), declared=declared, roles=SELF_TEST)
    return {f"{one.rule} {one.verdict.value} {one.message}" for one in judged.findings if one.verdict in WRONG}


RIGHT: dict[str, list[Exchange]] = {
    "another identifier each time, each good for fifteen minutes": [
        ask(of("a")),
        ask(of("b"), after=300),
        price("a", at_price("1"), after=840),
        price("b", at_price("2"), after=850),
    ],
    "the same identifier again": [ask(of("a")), ask(of("a"), after=60), price("a", at_price("1"), after=61)],
    "one identifier in answers for two contexts": [
        ask(of("a")),
        ask(
            of("a"),
            productRelationship=[{**LINKS["productRelationship"][0], "id": "u-2"}, LINKS["productRelationship"][1]],
        ),
        price("a", at_price("1")),
    ],
    "nothing to be had": [ask()],
    "nothing has a price": [ask(of("a")), price("a")],
    "two offerings with one configuration and one identifier": [
        ask(of("a"), of("a", "line-2")),
        price("a", at_price("1"), at_price("2", 600, "line-2")),
    ],
    "two offerings with one configuration and an identifier each": [
        ask(of("a"), of("b", "line-2")),
        price("a", at_price("1")),
        price("b", at_price("2", 600, "line-2")),
    ],
    "two offerings with one configuration, and identifiers of each answer": [
        ask(of("a"), of("b", "line-2")),
        ask(of("c"), of("d", "line-2"), after=9),
        price("a", at_price("1"), after=10),
        price("d", at_price("2", 600, "line-2"), after=11),
        price("c", at_price("3"), after=12),
        price("b", at_price("4", 600, "line-2"), after=13),
    ],
    "another price for another buyer": [
        ask(of("a"), buyer="east"),
        ask(of("b"), buyer="west", after=5),
        price("a", at_price("1"), buyer="east", after=9),
        price("b", at_price("2", 470), buyer="west", after=9),
    ],
    "one identifier, and another price for another buyer": [
        ask(of("a"), buyer="east"),
        ask(of("a"), buyer="west", after=5),
        price("a", at_price("1"), buyer="east", after=9),
        price("a", at_price("2", 470), buyer="west", after=9),
    ],
    "an identifier of another buyer": [
        ask(of("a"), buyer="east"),
        price("a", refused=GONE, buyer="west", after=9),
    ],
    "an old identifier": [ask(of("a")), price("a", refused=GONE, after=1000)],
    "an old identifier, refused with 400": [
        ask(of("a")),
        price("a", refused={"code": "invalidBody", "reason": "It has expired"}, status=400, after=1000),
    ],
    "numbers with a fraction": [ask(of("a")), ask(of("a", frame=1526.0), after=9), price("a", at_price("1", 500.0))],
    "lists in another order": [
        ask(of("a", listOfClassOfServiceNames=["low", "high"])),
        ask(of("a", listOfClassOfServiceNames=["high", "low"]), after=9),
    ],
    "intervals in all units": [
        ask(
            *(
                of(f"a-{n}", f"line-{n}", 1526 + n, {"amount": n + 1, "units": units})
                for n, units in enumerate(
                    ("seconds", "minutes", "businessHours", "calendarHours", "businessDays", "calendarMonths")
                )
            )
        )
    ],
    "relations by their other names": [
        ask(
            of("a"),
            productRelationship=[
                {"id": "u-1", "relationshipType": "UNI_REFERENCE"},
                {"id": "e-1", "relationshipType": "ENNI_REFERENCE"},
            ],
        )
    ],
    "candidates in both questions": [
        ask(
            of("a"),
            productRelationship=[*LINKS["productRelationship"], {"id": "e-2", "relationshipType": "CONNECTS_TO_ENNI"}],
        ),
        price(
            "a",
            at_price("1"),
            productRelationship=[*LINKS["productRelationship"], {"id": "e-2", "relationshipType": "CONNECTS_TO_ENNI"}],
        ),
    ],
    "empty lists left out of the answer": [
        ask(of("a"), place=[], echoed={"action": "add", "productSpecification": {"id": LINE}, **LINKS})
    ],
    "links in the answer that were not asked": [
        ask(
            of("a"),
            echoed={"action": "add", "productSpecification": {"id": LINE, "href": "https://s.example/1"}, **LINKS},
        )
    ],
    "an offering at once": [
        ask(of("a", interval={"amount": 0, "units": "minutes"})),
        price("a", at_price("1", interval={"amount": 0, "units": "minutes"})),
    ],
    "a price without an interval in sight of another one": [
        ask(of("a")),
        price("a", at_price("1"), at_price("2", 450)),
    ],
    "rolls on": [
        ask(of("a")),
        price(
            "a",
            at_price(
                "1",
                term={
                    "name": "Month by month",
                    "duration": {"amount": 1, "units": "calendarYears"},
                    "endOfTermAction": "roll",
                    "rollInterval": {"amount": 1, "units": "calendarMonths"},
                },
            ),
        ),
    ],
    "a failure of its own": [
        ask(of("a")),
        price("a", refused={"code": "internalError", "reason": "Try later"}, status=500, after=9),
    ],
    "a place that it may not reach": [
        ask(of("a")),
        price(
            "a",
            refused=[
                {"code": "referenceNotFound", "propertyPath": "/productRelationship/0/id", "reason": "There is none"}
            ],
            after=9,
        ),
    ],
}


def specification(*roles: tuple[str, int]) -> Exchange:
    """A read of the specification in a catalog, with the roles of its places and how often each has to be there."""
    body = {
        "id": "s-line",
        "name": "Line",
        "lifecycleStatus": "published",
        "lastUpdate": "2025-11-01T00:00:00Z",
        "sourceSchema": {"schemaLocation": "https://seller.example/line.json"},
        "placeRelationship": [
            {"relationshipRole": role, "minCardinality": least, "maxCardinality": 1} for role, least in roles
        ],
        "productRelationship": [],
    }
    path = "/mefApi/sonata/productCatalog/v2/productSpecification/s-line"
    return exchange(body, operation="retrieveProductSpecification", api="productCatalog", method="GET", path=path)


@pytest.mark.parametrize(
    ("roles", "wrong"),
    [
        ((), set()),
        ((("INSTALL_LOCATION", 0),), set()),
        ((("INSTALL_LOCATION", 1),), set()),
        ((("A_END", 1),), {"W160-R12 fail", "W160-R25 fail"}),
        ((("A_END", 0),), {"W160-R12 fail"}),
    ],
)
def test_places_are_held_to_what_a_specification_asks_for_if_anything(
    roles: tuple[tuple[str, int], ...], wrong: set[str]
) -> None:
    """An empty list asks for nothing (R12 "if any"); R25 speaks of specifications that demand a place."""
    named = {"productSpecification": {"id": "s-line"}, **PLACE}
    run = [specification(*roles), ask(of("a"), **named), price("a", at_price("1"), **PLACE)]
    clauses = ("W160-R12 ", "W160-R25 ")
    assert {" ".join(each.split(" ")[:2]) for each in found(*run) if each.startswith(clauses)} == wrong


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_no_fault(name: str) -> None:
    assert found(*RIGHT[name]) == set()


WRONG_RUNS: dict[str, tuple[str, list[Exchange]]] = {
    "forgets within minutes": ("W160-R22 fail", [ask(of("a")), price("a", refused=GONE, after=700)]),
    "forgets what it gave again": (
        "W160-R22 fail",
        [ask(of("a")), ask(of("a"), after=600), price("a", refused=GONE, after=1300)],
    ),
    "forgets one when it gives another": (
        "W160-R22 fail",
        [ask(of("a")), ask(of("b"), after=60), price("b", at_price("1"), after=61), price("a", refused=GONE, after=62)],
    ),
    "forgets it without a word where": (
        "W160-R22 fail",
        [ask(of("a")), price("a", refused=[{"code": "otherIssue", "reason": "No"}], after=62)],
    ),
    "knows it for another buyer only": (
        "W160-R22 fail",
        [ask(of("a"), buyer="east"), price("a", refused=GONE, buyer="east", after=9)],
    ),
    "gives an identifier to another configuration": (
        "W160-R21 fail",
        [ask(of("a")), ask(of("a", frame=9100), after=3000)],
    ),
    "gives an identifier to another configuration for another buyer": (
        "W160-R21 fail",
        [ask(of("a"), buyer="east"), ask(of("a", frame=9100), buyer="west", after=60)],
    ),
    "gives one identifier to two configurations": ("W160-R21 fail", [ask(of("a"), of("a", "line-2", 9100))]),
    "true is no 1": ("W160-R21 fail", [ask(of("a", flag=True)), ask(of("a", flag=1), after=9)]),
    "prices by the identifier": (
        "W160-R38 fail",
        [
            ask(of("a")),
            ask(of("b"), after=9),
            price("a", at_price("1"), after=10),
            price("b", at_price("2", 510), after=11),
        ],
    ),
    "prices one and not the other": (
        "W160-R38 fail",
        [ask(of("a")), ask(of("b"), after=9), price("a", at_price("1"), after=10), price("b", after=11)],
    ),
    "one name for two prices": ("W160-R33 fail", [ask(of("a")), price("a", at_price("1"), at_price("1", 450))]),
    "one name for two prices of two buyers": (
        "W160-R33 fail",
        [
            ask(of("a"), buyer="east"),
            ask(of("a"), buyer="west", after=5),
            price("a", at_price("1"), buyer="east", after=9),
            price("a", at_price("1", 470), buyer="west", after=9),
        ],
    ),
    "a slower way of the same": (
        "W160-R17 fail",
        [ask(of("a"), of("b", interval={"amount": 9, "units": "calendarMonths"}))],
    ),
    "charges more for what is there at once": (
        "W160-R35 fail",
        [
            ask(of("a")),
            price(
                "a",
                at_price(
                    "1", interval={"amount": 0, "units": "businessDays"}, subjectToAdditionalNonrecurringCharges=True
                ),
            ),
        ],
    ),
    "answers for another relation": (
        "W160-R16 fail",
        [ask(of("a"), echoed={"action": "add", "productSpecification": {"id": LINE}, "productRelationship": []})],
    ),
    "has a place that it was not asked for": (
        "W160-R12",
        [ask(productSpecification={"id": PORT}, place=[{**PLACE["place"][0], "role": "DOOR"}])],
    ),
    "answers a change with a place": (
        "W160-R19 fail",
        [ask(action="modify", productRef={"id": "p-1"}, **PLACE)],
    ),
    "prices what it never gave": ("W160.unknown-identifier warning", [ask(of("b")), price("a", at_price("1"))]),
    "a roll without an interval": (
        "W160-R36 fail",
        [
            ask(of("a")),
            price(
                "a",
                at_price(
                    "1",
                    term={
                        "name": "Month",
                        "duration": {"amount": 1, "units": "calendarYears"},
                        "endOfTermAction": "roll",
                    },
                ),
            ),
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG_RUNS)
def test_what_is_wrong_is_noticed(name: str) -> None:
    rule, run = WRONG_RUNS[name]
    assert [each for each in found(*run) if each.startswith(rule)], found(*run)
