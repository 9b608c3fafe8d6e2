"""Which configurations can be had, what they cost, and that qualifications and quotes say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem
from emulator.parties.clock import VirtualClock
from emulator.parties.hand import Hand
from emulator.parties.opening import open_store
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.record.call import ApiError, Call
from emulator.standard.release import Release, load_release
from tests.parties.databases import database

AVAILABILITY, PRICING = "productOfferingAvailabilityRequest", "pricingDiscoveryRequest"
UNI, LINE = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all", "access-eline"
ASHBURN = [{"@type": "GeographicAddressRef", "id": "addr-ashburn-20-main", "role": "INSTALL_LOCATION"}]
HAMMERFEST = [{"@type": "GeographicAddressRef", "id": "addr-hammerfest-1-harbour", "role": "INSTALL_LOCATION"}]
LINKS = [
    {"relationshipType": "UNI_REFERENCE", "id": "prod-uni-ashburn-1"},
    {"relationshipType": "ENNI_REFERENCE", "id": "prod-enni-ashburn-1"},
]
ADD_UNI = {"action": "add", "productSpecification": {"id": UNI}, "place": ASHBURN}
ADD_LINE = {"action": "add", "productSpecification": {"id": LINE}, "productRelationship": LINKS}
CHANGE = {"action": "modify", "productRef": {"id": "prod-ael-ashburn-1"}}


class Counter:
    """Where a buyer asks: our seller, with a clock that can be put forward."""

    def __init__(self, overlay: dict[str, Any] | None = None, *, release: Release | None = None) -> None:
        self.clock = VirtualClock()
        self.seller = Seller(release or load_release(), load_profile(None, overlay), self.clock, seed=1)

    def ask(
        self,
        operation: str,
        body: Any,
        api: str = "availabilityAndPricingDiscovery",
        path: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the body of an answer."""
        call = Call(api, "management", operation, path or {}, {}, {}, body, "run", "http://seller")
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            return error.status, error.body
        return reply.status, reply.body

    def offered(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        """The configurations that can be had."""
        status, body = self.ask(AVAILABILITY, question)
        assert status == 200, body
        assert {name: body[name] for name in question} == question
        return list(body["availableProductOfferingConfigurations"])

    def priced(self, identifier: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        """What one of them costs."""
        status, body = self.ask(PRICING, asking(identifier, question))
        assert status == 200, body
        return list(body["pricingAndTerms"])

    def refused(self, operation: str, body: Any) -> set[tuple[str, str]]:
        """The codes and places of a refusal."""
        status, issues = self.ask(operation, body)
        assert status == 422, issues
        return {(issue["code"], issue["propertyPath"]) for issue in issues}


def asking(identifier: str, question: dict[str, Any]) -> dict[str, Any]:
    """The question on the price of a configuration, in the context of one on availability."""
    context = {name: value for name, value in question.items() if name != "productSpecification"}
    return {**context, "productConfigurationIdentifier": identifier}


def test_every_configuration_of_a_specification_is_told_once() -> None:
    found = Counter().offered(ADD_LINE)
    assert [each["productOffering"]["id"] for each in found] == ["ael-100", "ael-100", "ael-1000"]
    assert len({each["productConfigurationIdentifier"] for each in found}) == 3
    assert {each["installationInterval"]["amount"] for each in found} == {10, 15}


def test_a_specification_goes_by_the_urn_of_its_payload_and_by_its_own_id() -> None:
    at = Counter()
    assert at.offered(ADD_UNI) == at.offered({**ADD_UNI, "productSpecification": {"id": "operator-uni"}})


def test_what_no_profile_configures_is_offered_as_its_schema_allows() -> None:
    (found,) = Counter().offered({"action": "add", "productSpecification": {"id": "ip-uni"}})
    assert found["productConfiguration"]["@type"] == "urn:mef:lso:spec:cantata-sonata:ip-uni:v1.0.0:all"


def test_an_identifier_stays_with_its_configuration() -> None:
    at = Counter()
    first = at.offered(ADD_LINE)
    at.clock.sleep(86_400)
    assert at.offered(ADD_LINE) == first
    change = at.offered(CHANGE)
    assert [each["productOffering"]["id"] for each in change] == ["ael-100", "ael-100"]
    assert [each["productConfigurationIdentifier"] for each in change] == [
        each["productConfigurationIdentifier"] for each in first[:2]
    ]


def test_two_offerings_of_one_configuration_share_its_identifier_and_both_have_prices() -> None:
    configuration = {"@type": UNI, "maximumServiceFrameSize": 1600}
    at = Counter({"discovery": {"configurations": {"uni-1g": [configuration], "uni-10g": [configuration]}}})
    one, other = at.offered(ADD_UNI)
    assert one["productConfigurationIdentifier"] == other["productConfigurationIdentifier"]
    priced = at.priced(one["productConfigurationIdentifier"], ADD_UNI)
    assert {each["productOffering"]["id"] for each in priced} == {"uni-1g", "uni-10g"}


@pytest.mark.parametrize("life", [900, 3_600])
def test_an_identifier_holds_for_its_life_and_no_longer(life: int) -> None:
    at = Counter({"discovery": {"life": life}})
    identifier = at.offered(ADD_LINE)[0]["productConfigurationIdentifier"]
    at.clock.sleep(life - 1)
    assert at.priced(identifier, ADD_LINE)
    at.clock.sleep(2)
    gone = at.refused(PRICING, asking(identifier, ADD_LINE))
    assert gone == {("referenceNotFound", "/productConfigurationIdentifier")}
    at.offered(ADD_LINE)  # it is given anew
    assert at.priced(identifier, ADD_LINE)


def test_other_identifiers_have_the_same_prices() -> None:
    at = Counter({"discovery": {"identifiers": "other"}})
    first, second = (at.offered(ADD_LINE)[0]["productConfigurationIdentifier"] for _ in range(2))
    assert first != second
    one, other = at.priced(first, ADD_LINE), at.priced(second, ADD_LINE)
    assert {each["identifier"] for each in one}.isdisjoint(each["identifier"] for each in other)
    assert [{**each, "identifier": ""} for each in one] == [{**each, "identifier": ""} for each in other]


def test_prices_are_told_by_term_each_under_an_identifier_of_its_own() -> None:
    at = Counter()
    identifier = at.offered(ADD_LINE)[0]["productConfigurationIdentifier"]
    found = at.priced(identifier, ADD_LINE)
    assert [each["term"]["name"] for each in found] == ["Yearly", "Two years", "Three years", "Monthly"]
    assert len({each["identifier"] for each in found}) == 4
    assert found == at.priced(identifier, ADD_LINE)
    elsewhere = {**ADD_LINE, "productRelationship": [*LINKS, LINKS[1]]}
    assert {each["identifier"] for each in found}.isdisjoint(e["identifier"] for e in at.priced(identifier, elsewhere))


def test_a_change_has_the_prices_of_a_change() -> None:
    at = Counter()
    found = at.priced(at.offered(CHANGE)[0]["productConfigurationIdentifier"], CHANGE)
    names = ["Access E-Line 100 Mbit/s monthly", "Change of bandwidth"]
    assert [price["name"] for price in found[0]["price"]] == names


def test_what_is_there_at_once_has_no_further_charges() -> None:
    offerings = {"ael-100": {"feasibilityCheck": True}}
    at = Counter({"offerings": offerings})
    found = at.priced(at.offered(ADD_LINE)[0]["productConfigurationIdentifier"], ADD_LINE)
    assert all(each["subjectToAdditionalNonrecurringCharges"] for each in found)
    soon = Counter({"offerings": offerings, "discovery": {"interval": {"amount": 0, "units": "seconds"}}})
    found = soon.priced(soon.offered(ADD_LINE)[0]["productConfigurationIdentifier"], ADD_LINE)
    assert not any(each["subjectToAdditionalNonrecurringCharges"] for each in found)


def test_units_that_its_contract_does_not_count_in_are_counted_in_others() -> None:
    spans = {
        "ael-100": {"amount": 30, "units": "calendarMinutes"},
        "ael-1000": {"amount": 90, "units": "businessMinutes"},
    }
    at = Counter({"offerings": {name: {"installation": span} for name, span in spans.items()}})
    found = {each["productOffering"]["id"]: each["installationInterval"] for each in at.offered(ADD_LINE)}
    assert found == {
        "ael-100": {"amount": 30, "units": "minutes"},
        "ael-1000": {"amount": 2, "units": "businessHours"},
    }


# Qualifications and quotes


@pytest.mark.parametrize(("place", "color"), [(ASHBURN, "green"), (HAMMERFEST, "red")])
def test_what_is_available_is_what_is_qualified(place: list[dict[str, Any]], color: str) -> None:
    at = Counter()
    found = at.offered({**ADD_UNI, "place": place})
    assert bool(found) is (color != "red")
    configuration = at.offered(ADD_UNI)[0]["productConfiguration"]
    product = {"productOffering": {"id": "uni-1g"}, "productConfiguration": configuration, "place": place}
    status, body = at.ask(
        "createProductOfferingQualification",
        {
            "instantSyncQualification": True,
            "relatedContactInformation": [
                {"role": "buyerContactInformation", "name": "A", "emailAddress": "a", "number": "1"}
            ],
            "productOfferingQualificationItem": [{"id": "1", "action": "add", "product": product}],
        },
        "productOfferingQualification",
    )
    assert status == 201, body
    assert body["productOfferingQualificationItem"][0]["serviceabilityConfidence"] == color


def test_a_seller_that_qualifies_nothing_has_nothing_available() -> None:
    unable = {"behaviour": {"productOfferingQualification": {"outcome": "unableToProvide"}}}
    assert Counter(unable).offered(ADD_UNI) == []


def test_prices_and_terms_are_those_of_quotes() -> None:
    at = Counter()
    for entry in at.offered(ADD_LINE):
        for priced in at.priced(entry["productConfigurationIdentifier"], ADD_LINE):
            product = {
                "productOffering": priced["productOffering"],
                "productConfiguration": entry["productConfiguration"],
                "productRelationship": LINKS,
            }
            item = {"id": "1", "action": "add", "requestedQuoteItemTerm": priced["term"], "product": product}
            asked = {"instantSyncQuote": True, "buyerRequestedQuoteLevel": "firm", "quoteItem": [item]}
            status, quote = at.ask("createQuote", asked, "quote")
            assert status == 201, quote
            assert quote["quoteItem"][0]["quoteItemPrice"] == priced["price"]
            assert quote["quoteItem"][0]["quoteItemTerm"] == [priced["term"]]
            assert (quote["quoteLevel"] == "firm") is not priced["subjectToAdditionalNonrecurringCharges"]


# Refusals

WITHOUT = {name: value for name, value in ADD_UNI.items() if name != "productSpecification"}
REF = {"productRef": {"id": "prod-uni-ashburn-1"}}


@pytest.mark.parametrize(
    ("question", "issues"),
    [
        (WITHOUT, {("missingProperty", "/productSpecification")}),
        ({**ADD_UNI, **REF}, {("unexpectedProperty", "/productRef")}),
        ({**ADD_UNI, "productSpecification": {"id": "x"}}, {("referenceNotFound", "/productSpecification/id")}),
        ({**ADD_UNI, "place": [{**ASHBURN[0], "role": "X"}]}, {("invalidValue", "/place/0/role")}),
        ({**ADD_UNI, "place": [{**ASHBURN[0], "id": "x"}]}, {("referenceNotFound", "/place/0/id")}),
        ({**ADD_LINE, "place": ASHBURN}, {("invalidValue", "/place/0/role")}),
        (
            {**ADD_LINE, "productRelationship": [{**LINKS[0], "relationshipType": "X"}]},
            {("invalidValue", "/productRelationship/0/relationshipType")},
        ),
        (
            {**ADD_LINE, "productRelationship": [LINKS[0], {**LINKS[1], "id": "x"}]},
            {("referenceNotFound", "/productRelationship/1/id")},
        ),
        ({"action": "modify"}, {("missingProperty", "/productRef")}),
        ({"action": "modify", "productRef": {"id": "x"}}, {("referenceNotFound", "/productRef/id")}),
        (
            {**CHANGE, **ADD_UNI, "action": "modify", "productRelationship": LINKS},
            {("unexpectedProperty", f"/{each}") for each in ("place", "productRelationship", "productSpecification")},
        ),
    ],
)
def test_a_wrong_question_on_availability_is_refused(question: dict[str, Any], issues: set[tuple[str, str]]) -> None:
    assert Counter().refused(AVAILABILITY, question) == issues


@pytest.mark.parametrize(
    ("question", "change", "issues"),
    [
        (ADD_UNI, REF, {("unexpectedProperty", "/productRef")}),
        (ADD_UNI, {"place": []}, {("missingProperty", "/place")}),
        (ADD_UNI, {"place": [{**ASHBURN[0], "role": "X"}]}, {("invalidValue", "/place/0/role")}),
        (ADD_LINE, {"productRelationship": LINKS[:1]}, {("missingProperty", "/productRelationship")}),
        (CHANGE, {"productRef": {"id": "x"}}, {("referenceNotFound", "/productRef/id")}),
        (CHANGE, REF, {("invalidValue", "/productConfigurationIdentifier")}),
        (ADD_UNI, {"productConfigurationIdentifier": "x"}, {("referenceNotFound", "/productConfigurationIdentifier")}),
    ],
)
def test_a_wrong_question_on_prices_is_refused(
    question: dict[str, Any], change: dict[str, Any], issues: set[tuple[str, str]]
) -> None:
    at = Counter()
    identifier = at.offered(question)[0]["productConfigurationIdentifier"]
    assert at.refused(PRICING, {**asking(identifier, question), **change}) == issues


def test_places_and_relations_may_stand_beside_the_price_of_a_change() -> None:
    """W160 R28 has nothing against them (discovery-modify-context)."""
    at = Counter()
    identifier = at.offered(CHANGE)[0]["productConfigurationIdentifier"]
    assert at.priced(identifier, {**CHANGE, "productRelationship": LINKS})


def test_candidates_are_taken() -> None:
    at = Counter()
    several = {**ADD_LINE, "productRelationship": [*LINKS, {**LINKS[1], "relationshipType": "CONNECTS_TO_ENNI"}]}
    assert at.priced(at.offered(several)[0]["productConfigurationIdentifier"], several)


# What a profile says, and what is kept


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"life": 899}, "an identifier holds for 900 seconds at the least (W160 R22)"),
        ({"outcome": "some"}, "'some' is not one of offered, nothing, unpriced"),
        ({"configurations": {"uni-2g": []}}, "there is no offering 'uni-2g'"),
        ({"configurations": {"uni-1g": [{"@type": "x"}]}}, f"its '@type' is not {UNI}"),
        ({"lives": 900}, "unknown key 'lives'; did you mean 'life'?"),
        ({"interval": {"amount": 1, "units": "fortnights"}}, "'fortnights' is not one of seconds, minutes"),
    ],
)
def test_what_is_wrong_in_a_profile_is_told(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(FileProblem) as caught:
        load_profile(None, {"discovery": said})
    assert any(problem in each for each in caught.value.problems), caught.value.problems


def test_the_usual_configurations_fit_their_schemas() -> None:
    release, at = load_release(), Counter()
    contract = release.contract("availabilityAndPricingDiscovery", "management")
    for offering in load_profile().offerings.values():
        question = {"action": "add", "productSpecification": {"id": offering.specification}}
        status, body = at.ask(AVAILABILITY, question)
        assert status == 200
        assert body["availableProductOfferingConfigurations"], offering.id
        assert contract.body_breaches("ProductOfferingAvailability", _parsed(body), "response") == [], offering.id


def _parsed(body: Any) -> Any:
    from emulator.record.payload import dump, parse

    return parse(dump(body))


def test_an_identifier_outlives_the_process(tmp_path: Path) -> None:
    release = load_release()
    with database("sqlite", tmp_path) as url:
        identifier = ""
        for _ in range(2):
            store = open_store(url)
            at = Counter()
            at.seller = Seller(release, load_profile(), at.clock, seed=1, store=store)
            identifier = identifier or at.offered(ADD_LINE)[0]["productConfigurationIdentifier"]
            assert at.priced(identifier, ADD_LINE)
            store.close()


# The catalog


@pytest.mark.parametrize(
    ("status", "can_be_had", "can_be_changed"),
    [("orderable", True, True), ("endOfSale", False, True), ("obsolete", False, False)],
)
def test_what_the_catalog_does_not_sell_any_more_is_not_offered(
    status: str, *, can_be_had: bool, can_be_changed: bool
) -> None:
    at = Counter({"offerings": {"ael-100": {"lifecycleStatus": status}}})
    assert ("ael-100" in {each["productOffering"]["id"] for each in at.offered(ADD_LINE)}) is can_be_had
    assert bool(at.offered(CHANGE)) is can_be_changed


@pytest.mark.parametrize(("fixed", "there"), [("sent", 9_100), ("not-sent", None)])
def test_what_an_offering_fixes_is_as_qualifications_and_quotes_want_it(fixed: str, there: int | None) -> None:
    context = {"all": {"fixed": {"maximumServiceFrameSize": 9_100}}}
    at = Counter({"fixed": fixed, "offerings": {"uni-10g": {"context": context}}})
    (found,) = [each for each in at.offered(ADD_UNI) if each["productOffering"]["id"] == "uni-10g"]
    assert found["productConfiguration"].get("maximumServiceFrameSize") == there
    item = {
        "id": "1",
        "action": "add",
        "requestedQuoteItemTerm": {
            "name": "Yearly",
            "duration": {"amount": 12, "units": "calendarMonths"},
            "endOfTermAction": "autoRenew",
        },
        "product": {**{name: found[name] for name in ("productOffering", "productConfiguration")}, "place": ASHBURN},
    }
    asked = {"instantSyncQuote": True, "buyerRequestedQuoteLevel": "firm", "quoteItem": [item]}
    assert at.ask("createQuote", asked, "quote")[0] == 201
    assert at.priced(found["productConfigurationIdentifier"], ADD_UNI)


def test_a_configuration_that_the_offering_does_not_allow_is_not_offered() -> None:
    context = {"all": {"allowed": {"maximumServiceFrameSize": [1_600]}}}
    at = Counter({"offerings": {"uni-1g": {"context": context}}})
    assert {each["productOffering"]["id"] for each in at.offered(ADD_UNI)} == {"uni-10g"}


def test_a_version_that_a_hand_has_made_is_offered_too() -> None:
    at = Counter()
    assert at.ask("retrieveProductOffering", None, "productCatalog", {"id": "ael-1000"})[0] == 200
    week = {"name": "Weekly", "duration": {"amount": 7, "units": "calendarDays"}, "endOfTermAction": "autoRenew"}
    fresh = Hand(at.seller).change("run", "productOffering", "ael-1000", {"productOfferingTerm": [week]})
    at.clock.attach(at.seller)
    at.clock.sleep(60)
    (found,) = [each for each in at.offered(ADD_LINE) if each["productOffering"]["id"] == fresh]
    priced = at.priced(found["productConfigurationIdentifier"], ADD_LINE)
    assert [each["term"]["name"] for each in priced if each["productOffering"]["id"] == fresh] == ["Weekly"]
