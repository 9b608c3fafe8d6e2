"""The contract layer finds every breach of a message, in place, and none that is not there."""

from __future__ import annotations

import copy
import json
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from emulator.plain_yaml import load_yaml
from emulator.record.call import ErrorCode
from emulator.record.exchange import Request, Response
from emulator.record.payload import MISSING, at, parse, pointer, unescape
from emulator.standard.breach import Breach, Check
from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.standard.errata import Erratum, ErratumChange
from emulator.standard.formats import CHECKERS
from emulator.standard.release import load_release
from tests.standard.messages import OVC, ROOT, UNI, Maker, contact, ovc, place, places_of, quote, roots, spoiled, uni

RELEASE = load_release("grace")
CONTRACTS = RELEASE.contracts()
QUOTE = RELEASE.contract("quote")
ORDER = RELEASE.contract("productOrder")
OPERATIONS = [pytest.param(c, name, id=f"{c.api}.{c.kind}.{name}") for c in CONTRACTS for name in c.operations]
HEADERS = (("Content-Type", MEDIA_TYPE),)


def made(api: str, kind: str = "management", errata: Any = ()) -> Contract:
    """A contract of its own, fresh from the official document."""
    entry = next(entry for entry in RELEASE.entries if (entry.api, entry.kind) == (api, kind))
    return Contract(entry, "grace", RELEASE.document(api, kind), errata, RELEASE.products)


def request_breaches(
    body: Any, operation: str = "createQuote", contract: Contract = QUOTE, **options: Any
) -> list[Breach]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(headers=HEADERS, raw=raw, method="POST", url="http://h/x")
    return contract.request_breaches(operation, request, **options)


def response_breaches(
    status: int,
    body: Any = None,
    headers: tuple[tuple[str, str], ...] = HEADERS,
    operation: str = "listQuote",
    contract: Contract = QUOTE,
) -> list[Breach]:
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return contract.response_breaches(operation, Response(headers=headers, raw=raw, status=status))


def places(found: list[Breach]) -> list[str]:
    return [breach.place for breach in found]


def only(found: list[Breach]) -> Breach:
    assert len(found) == 1, found
    return found[0]


def with_ovc(payload: Any) -> dict[str, Any]:
    """A quote whose second item carries this payload."""
    body = quote()
    body["quoteItem"][1]["product"]["productConfiguration"] = payload
    return body


CONFIGURATION = "/quoteItem/1/product/productConfiguration"


class TestTheMessagesOfTheIssue:
    """What a judge must notice, and a tester would try first."""

    def test_a_right_message_has_no_breach(self) -> None:
        """Envelope, places and two product payloads that are right are not even warned about."""
        assert request_breaches(quote()) == []

    def test_nonsense(self) -> None:
        """{"@type": "Nonsense"} lacks all that a quote needs."""
        found = request_breaches({"@type": "Nonsense"})
        assert places(found) == ["/buyerRequestedQuoteLevel", "/instantSyncQuote", "/quoteItem"]
        assert {breach.code for breach in found} == {ErrorCode.MISSING_PROPERTY}

    def test_a_place_of_an_unknown_type(self) -> None:
        """A type that the contract does not name is one breach, at `@type`; its members are not guessed about."""
        body = quote()
        body["quoteItem"][0]["product"]["place"] = [{"@type": "Nonsense", "role": "r", "city": "x"}]
        breach = only(request_breaches(body))
        assert breach.place == "/quoteItem/0/product/place/0/@type"
        assert "FieldedAddress" in breach.expected
        assert breach.found == "Nonsense"

    @pytest.mark.parametrize("kind", [None, 5, [], {}, ["FieldedAddress"], True])
    def test_a_type_that_is_no_text(self, kind: Any) -> None:
        """`@type` of another JSON type is a breach like any other, never an accident of ours."""
        body = quote()
        body["quoteItem"][0]["product"]["place"] = [{"@type": kind, "role": "r"}]
        assert places(request_breaches(body)) == ["/quoteItem/0/product/place/0/@type"]
        assert places(request_breaches(with_ovc({"@type": kind}))) == [f"{CONFIGURATION}/@type"]

    def test_a_fielded_address_without_city(self) -> None:
        """The sub-type that `@type` names is enforced."""
        body = quote()
        body["quoteItem"][0]["product"]["place"] = [place(city=None)]
        breach = only(request_breaches(body))
        assert (breach.place, breach.code) == ("/quoteItem/0/product/place/0/city", ErrorCode.MISSING_PROPERTY)
        assert (breach.check, breach.found) == (Check.SCHEMA, MISSING)

    def test_a_reference_without_id(self) -> None:
        """So it is for references."""
        body = quote()
        body["quoteItem"][1]["product"]["place"] = [{"@type": "GeographicAddressRef", "role": "r"}]
        assert places(request_breaches(body)) == ["/quoteItem/1/product/place/0/id"]

    def test_a_wrong_word_deep_in_a_payload(self) -> None:
        """A product payload is checked at any depth, by its URN."""
        payload = ovc()
        payload["uniEp"]["ingressBandwidthProfilePerClassOfServiceName"][0]["bwpFlow"]["colorMode"] = "COLOR_DEAF"
        breach = only(request_breaches(with_ovc(payload)))
        assert breach.place == (
            f"{CONFIGURATION}/uniEp/ingressBandwidthProfilePerClassOfServiceName/0/bwpFlow/colorMode"
        )
        assert (breach.check, breach.found) == (Check.PRODUCT, "COLOR_DEAF")
        assert "COLOR_BLIND" in breach.expected

    def test_a_text_that_should_be_a_boolean(self) -> None:
        """The word "true" is not true."""
        breach = only(request_breaches(quote(instantSyncQuote="true")))
        assert (breach.place, breach.expected, breach.found) == ("/instantSyncQuote", "boolean", "true")
        assert breach.code is ErrorCode.INVALID_FORMAT
        assert breach.message == '"true" is not of type boolean'

    @pytest.mark.parametrize(
        "raw", [b"", b"{", b'{"a": NaN}', b'{"a": "\xff"}', b"[" * 10_000, b'{"a":' * 300 + b"1" + b"}" * 300]
    )
    def test_what_cannot_be_read(self, raw: bytes) -> None:
        """An unreadable body is one breach of the whole body."""
        breach = only(request_breaches(raw))
        assert (breach.place, breach.check) == ("", Check.UNREADABLE)

    def test_namesakes(self) -> None:
        """A member given twice is a breach: RFC 8259 leaves open what it means, so no reader can rely on it."""
        raw = json.dumps(quote()).replace(
            '"instantSyncQuote": true', '"instantSyncQuote": true, "instantSyncQuote": true'
        )
        breach = only(request_breaches(raw.encode()))
        assert (breach.place, breach.check, breach.advisory) == ("/instantSyncQuote", Check.DUPLICATE, False)
        assert places(request_breaches(raw.encode(), advisory=False)) == ["/instantSyncQuote"]


class TestEveryBreach:
    """All of them, each once, where it is."""

    def test_all_are_reported(self) -> None:
        """A message with many faults has as many breaches, in the order of their places."""
        body = quote(instantSyncQuote=1, buyerRequestedQuoteLevel="loose")
        body["quoteItem"][0]["action"] = None
        del body["quoteItem"][0]["id"]
        body["quoteItem"][0]["product"]["place"] = [place(city=None, country=None), place(streetName=5)]
        body["quoteItem"][1]["product"]["productConfiguration"]["maximumFrameSize"] = "big"
        del body["quoteItem"][1]["product"]["productConfiguration"]["enniEp"]
        assert places(request_breaches(body)) == [
            "/buyerRequestedQuoteLevel",
            "/instantSyncQuote",
            "/quoteItem/0/action",
            "/quoteItem/0/id",
            "/quoteItem/0/product/place/0/city",
            "/quoteItem/0/product/place/0/country",
            "/quoteItem/0/product/place/1/streetName",
            f"{CONFIGURATION}/enniEp",
            f"{CONFIGURATION}/maximumFrameSize",
        ]

    @pytest.mark.parametrize("body", [None, [], "x", 5, True])
    def test_a_body_of_another_type(self, body: Any) -> None:
        """One breach, of the whole."""
        breach = only(request_breaches(body))
        assert (breach.place, breach.expected) == ("", "object")

    def test_null_is_not_absent(self) -> None:
        """No contract has `nullable`: null for a text is a breach."""
        assert places(request_breaches(quote(externalId=None))) == ["/externalId"]

    def test_formats_are_checked(self) -> None:
        """A date-time that is none is a breach, in its own words."""
        breach = only(request_breaches(quote(requestedQuoteCompletionDate="2022-09-31T00:00:00Z")))
        assert breach.message == '"2022-09-31T00:00:00Z" is not a date-time'
        assert breach.code is ErrorCode.INVALID_FORMAT

    def test_names_with_slashes(self) -> None:
        """Pointers are written as RFC 6901 says."""
        breach = only(request_breaches(quote(**{"a/b~c": 1})))
        assert breach.place == "/a~1b~0c"
        assert breach.check is Check.UNKNOWN_MEMBER

    def test_long_values_are_cut_in_messages(self) -> None:
        """Nobody reads a megabyte in a sentence."""
        breach = only(request_breaches(quote(instantSyncQuote="x" * 1_000_000)))
        assert len(breach.message) < 300


class TestMaps:
    """Product maps are oneOf without discriminator: the breach is in the variant that was meant."""

    def map_breaches(self, value: Any) -> dict[str, Breach]:
        payload = ovc()
        payload["uniEp"]["ingressClassOfServiceMap"] = value
        prefix = f"{CONFIGURATION}/uniEp/ingressClassOfServiceMap"
        found = request_breaches(with_ovc(payload))
        assert all(breach.place.startswith(prefix) for breach in found), found
        assert all(breach.check in {Check.PRODUCT, Check.UNKNOWN_MEMBER} for breach in found)
        return {breach.place.removeprefix(prefix): breach for breach in found}

    def test_the_official_samples_slip(self) -> None:
        """l2cp_P as an object (as the samples have it) is told as that, and not as no variant fitting."""
        found = self.map_breaches({"mapType": "ENDPOINT", "map_M": "low", "l2cp_P": {}})
        assert list(found) == ["/l2cp_P"]
        assert found["/l2cp_P"].expected == "array"

    @pytest.mark.parametrize("kind", ["C_TAG_PCP", "S_TAG_PCP"])
    def test_deep_in_the_meant_variant(self, kind: str) -> None:
        """Breaches inside the chosen variant are all told, deep."""
        entry = {"pcpVal": "0", "pcpCosName": "low"}
        entries = [{**entry, "pcpVal": str(n)} for n in range(8)] + [{**entry, "pcpVal": "UNTAGGED"}]
        right = {"mapType": kind, "map_M": entries[:8] if kind == "S_TAG_PCP" else entries}
        assert not self.map_breaches(right)
        wrong = copy.deepcopy(right)
        wrong["map_M"][1]["pcpVal"] = "9"
        wrong["map_M"][2]["pcpCosName"] = 5
        assert sorted(self.map_breaches(wrong)) == ["/map_M/1/pcpVal", "/map_M/2/pcpCosName"]

    @pytest.mark.parametrize("tag", ["C_TAG", 5, None])
    def test_no_such_variant(self, tag: Any) -> None:
        """A tag of no variant is one breach at the tag, with all tags there are."""
        found = self.map_breaches({"mapType": tag, "map_M": "low"})
        assert list(found) == ["/mapType"]
        assert sorted(found["/mapType"].expected) == ["C_TAG_PCP", "DSCP", "ENDPOINT", "S_TAG_PCP"]

    @pytest.mark.parametrize("value", [[], "ENDPOINT", 5, None])
    def test_no_object(self, value: Any) -> None:
        """Something else than an object is told in one word."""
        found = self.map_breaches(value)
        assert list(found) == [""]
        assert found[""].expected == "object"

    def test_a_member_of_another_variant(self) -> None:
        """A member that only other variants have is unknown here."""
        found = self.map_breaches({"mapType": "ENDPOINT", "map_M": "low", "map_X": 1})
        assert [breach.check for breach in found.values()] == [Check.UNKNOWN_MEMBER]


class TestAdvice:
    """What the standard does not forbid and a partner would want to know."""

    def test_unknown_members_with_a_suggestion(self) -> None:
        """A slip of the pen is found at any depth, and the right name suggested."""
        body = quote(externalID="x")
        body["quoteItem"][0]["product"]["place"][0]["postCode"] = "1"
        body["quoteItem"][0]["product"]["productConfiguration"]["linkOAM"] = "ENABLED"
        found = request_breaches(body)
        assert {(breach.place, breach.expected) for breach in found} == {
            ("/externalID", "externalId"),
            ("/quoteItem/0/product/place/0/postCode", "postcode"),
            ("/quoteItem/0/product/productConfiguration/linkOAM", "linkOam"),
        }
        assert {breach.check for breach in found} == {Check.UNKNOWN_MEMBER}
        assert "did you mean externalId?" in next(b.message for b in found if b.place == "/externalID")
        assert request_breaches(body, advisory=False) == []

    def test_members_of_another_sub_type_are_unknown(self) -> None:
        """An address by reference has no city."""
        body = quote()
        body["quoteItem"][1]["product"]["place"][0]["city"] = "Oslo"
        assert places(request_breaches(body)) == ["/quoteItem/1/product/place/0/city"]

    def test_at_members_are_the_senders_own(self) -> None:
        """@baseType and @schemaLocation are TM Forum's way to extend, and no slip."""
        body = quote()
        body["quoteItem"][0]["product"]["place"][0]["@baseType"] = "X"
        assert request_breaches(body) == []

    def test_a_type_with_its_own_schema_is_not_judged(self) -> None:
        """The contract lets partners agree on another place if it says where its schema is."""
        body = quote()
        body["quoteItem"][0]["product"]["place"] = [
            {"@type": "What3Words", "@schemaLocation": "http://b.example/w3w.json", "role": "r", "words": "a.b.c"}
        ]
        breach = only(request_breaches(body))
        assert (breach.place, breach.check) == ("/quoteItem/0/product/place/0/@type", Check.UNCHECKED)
        assert breach.advisory
        del body["quoteItem"][0]["product"]["place"][0]["role"]
        assert places(request_breaches(body, advisory=False)) == ["/quoteItem/0/product/place/0/role"]

    def test_a_known_type_with_a_schema_location_is_judged(self) -> None:
        """@schemaLocation is no way around the sub-types that the contract knows."""
        body = quote()
        body["quoteItem"][0]["product"]["place"] = [{**place(city=None), "@schemaLocation": "http://b.example/x"}]
        assert places(request_breaches(body)) == ["/quoteItem/0/product/place/0/city"]

    def test_an_unknown_product_is_not_judged(self) -> None:
        """A payload of a URN that is not here is unchecked, and says so."""
        breach = only(request_breaches(with_ovc({"@type": "urn:mef:lso:spec:sonata:teleport:v1.0.0:all", "x": [1]})))
        assert (breach.place, breach.check, breach.advisory) == (f"{CONFIGURATION}/@type", Check.UNCHECKED, True)

    @pytest.mark.parametrize("alias", RELEASE.products.aliases)
    def test_a_known_misspelling_is_still_validated(self, alias: str) -> None:
        """A wrong namespace is a warning of its own, and the payload is checked against the product that it means."""
        right = RELEASE.products.aliases[alias]
        assert right in RELEASE.products.urns
        found = request_breaches(with_ovc({"@type": alias}))
        named = [breach for breach in found if breach.check is Check.URN_ALIAS]
        assert [(b.place, b.expected, b.found) for b in named] == [(f"{CONFIGURATION}/@type", right, alias)]
        assert not [breach for breach in found if breach.check is Check.UNCHECKED]
        asked = {b.place for b in found if b.check is Check.PRODUCT}
        assert asked == {b.place for b in request_breaches(with_ovc({"@type": right})) if b.check is Check.PRODUCT}

    def test_read_only_in_a_request(self) -> None:
        """A request must not carry what only the answer may."""
        seen = []
        for contract in CONTRACTS:
            for operation in contract.operations.values():
                if operation.request and contract._has_read_only(operation.request.root):
                    seen.append(f"{contract.api}.{operation.id}")
        assert "geographicAddress.createGeographicAddressValidation" in seen
        address = RELEASE.contract("geographicAddress")
        body = {
            "provideAlternative": False,
            "submittedGeographicAddress": {**{k: v for k, v in place().items() if k != "role"}, "allowsNewSite": True},
        }
        found = request_breaches(body, "createGeographicAddressValidation", address, advisory=False)
        breach = only([b for b in found if b.check is Check.READ_ONLY])
        assert breach.place == "/submittedGeographicAddress/allowsNewSite"
        assert breach.code is ErrorCode.UNEXPECTED_PROPERTY
        assert not breach.advisory


class TestResponses:
    """Status, headers and media type are part of the contract."""

    def test_a_right_response(self) -> None:
        """An empty list with its paging headers is right."""
        paging = (("X-Total-Count", "0"), ("x-result-count", "0"), ("X-Pagination-Throttled", "false"))
        assert response_breaches(200, [], (*HEADERS, *paging)) == []

    @pytest.mark.parametrize("status", [402, 405, 409, 415, 418, 429, 500, 502, 503, 599])
    def test_an_undeclared_error_is_free(self, status: int) -> None:
        """The guides let any code of RFC 7231 be used; its body is then free."""
        assert status not in QUOTE.operation("listQuote").responses or status == 500
        if status != 500:
            assert response_breaches(status, b"<html>", (("Content-Type", "text/html"),)) == []

    @pytest.mark.parametrize("status", [100, 201, 202, 204, 206, 301, 304, 307])
    def test_an_undeclared_success_is_not(self, status: int) -> None:
        """A success that the contract does not list is a breach."""
        breach = only(response_breaches(status, []))
        assert (breach.check, breach.found) == (Check.STATUS, status)
        assert 200 in breach.expected

    def test_no_body_means_none(self) -> None:
        """204 carries no body."""
        assert response_breaches(204, None, (), "unregisterListener") == []
        breach = only(response_breaches(204, {}, HEADERS, "unregisterListener"))
        assert (breach.place, breach.expected) == ("", "no body")

    @pytest.mark.parametrize(
        ("name", "value", "right"),
        [
            ("X-Total-Count", "12", True),
            ("x-total-count", " 12 ", True),
            ("X-Total-Count", "many", False),
            ("X-Total-Count", "", False),
            ("X-Total-Count", "1.0", False),
            ("X-Result-Count", "-", False),
            ("X-Pagination-Throttled", "true", True),
            ("X-Pagination-Throttled", "yes", False),
            ("X-Pagination-Throttled", "True", False),
            ("X-Something", "else", True),
        ],
    )
    def test_paging_headers(self, name: str, value: str, right: bool) -> None:
        """A declared header that is there must be of its type."""
        found = response_breaches(200, [], (*HEADERS, (name, value)))
        assert [breach.check for breach in found] == ([] if right else [Check.HEADER])

    @pytest.mark.parametrize(
        ("spelling", "right"),
        [
            ("application/json;charset=utf-8", True),
            ("application/json", True),
            ("APPLICATION/JSON;CHARSET=UTF-8", True),
            ('application/json; charset="UTF8"', True),
            ("application/json ;charset = utf-8", True),
            ("application/json;charset=utf_8", True),
            ("application/json;charset=us-ascii", True),
            ("application/json;charset=latin1", False),
            ("application/problem+json", False),
            ("application/jsonx", False),
            ("text/json", False),
            ("text/html", False),
            ("", False),
            (None, False),
        ],
    )
    def test_media_types(self, spelling: str | None, right: bool) -> None:
        """`application/json` in UTF-8, however it is spelt."""
        found = response_breaches(200, [], () if spelling is None else (("content-type", spelling),))
        assert [breach.check for breach in found] == ([] if right else [Check.HEADER])

    def test_error_bodies_are_checked(self) -> None:
        """A declared error has the standard's shape: RFC 7807 has not."""
        assert response_breaches(404, {"code": "notFound", "reason": "x"}, HEADERS, "retrieveQuote") == []
        found = response_breaches(404, {"type": "about:blank", "title": "Not Found"}, HEADERS, "retrieveQuote")
        assert {"/code", "/reason"} <= set(places(found))
        assert places(response_breaches(422, {"code": "otherIssue", "reason": "x"}, HEADERS, "createQuote")) == [""]

    def test_a_list_shows_which_item(self) -> None:
        """Breaches of items carry their index."""
        found = response_breaches(200, [{"id": "1"}, 5])
        assert "/1" in places(found)
        assert any(found_place.startswith("/0/") for found_place in places(found))


class TestQueries:
    """Query parameters are read as the contract types them."""

    @pytest.mark.parametrize(
        ("query", "wrong"),
        [
            ("", []),
            ("offset=0&limit=10", []),
            ("state=cancelled", []),
            ("state=canceled", ["?state"]),
            ("offset=-x&limit=%D9%A3", ["?offset", "?limit"]),
            ("limit=2147483647", []),
            ("limit=2147483648", ["?limit"]),
            ("limit=-2147483649", ["?limit"]),
            ("limit=0000000000000000000000000000000007", []),
            ("limit=" + "9" * 10_000, ["?limit"]),
            ("offset=" + "9" * 30, []),
            ("limit=1&limit=1", ["?limit"]),
            ("state=cancelled&offset=1&state=declined&state=x", ["?state"]),
            ("quoteDate.lt=2026-03-01T10:00:00Z", []),
            ("quoteDate.lt=2026-03-01T10:00:00%2B01:00", []),
            ("quoteDate.lt=2026-03-01T10:00:00+01:00", ["?quoteDate.lt"]),
        ],
    )
    def test_types(self, query: str, wrong: list[str]) -> None:
        """An unescaped + is a blank, and so no offset of a time zone."""
        request = Request(headers=(), raw=b"", method="GET", url="http://h/quote?" + query)
        assert places(QUOTE.request_breaches("listQuote", request)) == wrong

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("limit=1&limit=2", "limit is given 2 times and takes one value"),
            ("limit=2147483648", "limit must be an integer of int32, which ends at 2147483647"),
            (
                "quoteDate.lt=2026-03-01T10:00:00+01:00",
                "quoteDate.lt must be a date-time; a + in a query stands for a blank, so write it %2B",
            ),
            ("quoteDate.lt=yesterday+noon", "quoteDate.lt must be a date-time"),
        ],
    )
    def test_words(self, query: str, words: str) -> None:
        """What is wrong with a parameter is said so that it can be mended."""
        request = Request(headers=(), raw=b"", method="GET", url="http://h/quote?" + query)
        assert only(QUOTE.request_breaches("listQuote", request)).message == words

    def test_an_unknown_parameter_is_a_warning(self) -> None:
        """No guide forbids it."""
        request = Request(headers=(), raw=b"", method="GET", url="http://h/quote?foo=1")
        breach = only(QUOTE.request_breaches("listQuote", request))
        assert (breach.place, breach.advisory) == ("?foo", True)
        assert QUOTE.request_breaches("listQuote", request, advisory=False) == []


ORDER_ITEM = {"productOrderId": "o", "productOrderItemId": "1"}
BILL_ITEM = {
    "id": "1",
    "appliedFee": [],
    "appliedTax": [],
    "customerBillItemType": "recurring",
    "description": "an Ethernet line",
    "periodCoverage": {},
    "productName": "Access E-Line",
    "state": "generated",
    "taxExcludedAmount": {"unit": "EUR", "value": 50},
    "unit": "month",
    "unitRate": {"unit": "EUR", "value": 50},
    "unitQuantity": 1,
}


class TestErrata:
    """Where the standard would fail a party that is right, an erratum keeps it from that."""

    ROWS = load_yaml(ROOT / "specs" / "releases" / "grace-errata.yaml")
    PROOFS: dict[str, tuple[str, Any]] = {  # noqa: RUF012 - a table of the test
        "E-MEF123-1": (
            "CancelProductOrder_Find",
            {"id": "1", "productOrder": {"productOrderId": "o"}, "state": "done"},
        ),
        "E-MEF87-1": (
            "ProductOfferingQualification_Find",
            {"id": "1", "state": "done.ready", "requestedPOQCompletionDate": "2026-03-01T10:00:00Z"},
        ),
        "E-MEF124-1": (
            "TroubleTicket_Find",
            {
                "id": "1",
                "status": "inProgress",
                "creationDate": "2026-03-01T10:00:00Z",
                "description": "no light",
                "ticketType": "assistance",
                "observedImpact": "down",
                "priority": "high",
                "severity": "minor",
                "sellerPriority": "high",
                "sellerSeverity": "minor",
                "relatedEntity": [{"id": "p", "role": "affected", "@referredType": "Product"}],
            },
        ),
        "E-MEF124-2": ("RelatedEntity", {"id": "p", "role": "affected"}),
        "E-MEF116-1": ("MEFProduct", {"id": "1", "status": "pendingActive"}),
        "E-MEF137-1": ("listWorkOrder", []),
        "E-MEF137-3": ("GET", "/workOrder"),
        "E-MEF137-4": ("GET", "/workOrder/1"),
        "E-MEF137-5": ("POST", "/listener/workOrderAttributeValueChangeEvent"),
        "E-W1": ("listProductOffering", "lifecycleStatus=inTest"),
        "E-W2": ("listCategory", "name=Fibre"),
        "E-W4a": ("listProductOffering", "channel=direct&channel=partner"),
        "E-W4b": ("listProductOffering", "marketSegment=federal&marketSegment=financial"),
        "E-W5a": ("GET", "/productCategory"),
        "E-W5b": ("GET", "/productCategory/1"),
        **{
            f"E-W3{letter}": (
                f"Product{kind}Event",
                {
                    "eventId": "1",
                    "eventTime": "2026-03-01T10:00:00Z",
                    "eventType": f"{word}StatusChangeEvent",
                    "event": {"id": "1"},
                },
            )
            for letter, kind, word in (
                ("a", "Category", "category"),
                ("b", "Offering", "productOffering"),
                ("c", "Specification", "productSpecification"),
            )
        },
        "E-MEF137-2": (
            "AppointmentEvent",
            {
                "eventId": "1",
                "eventTime": "2026-03-01T10:00:00Z",
                "eventType": "AppointmentStatusChangeEvent",
                "event": {"id": "1"},
            },
        ),
        "E-B1": ("CustomerBillItem", {**BILL_ITEM, "product": {"id": "p"}}),
        "E-B1-product": ("CustomerBillItem", {**BILL_ITEM, "product": None, "productOrderItem": ORDER_ITEM}),
        "E-B1-order": ("CustomerBillItem", {**BILL_ITEM, "product": {"id": "p"}, "productOrderItem": None}),
        "E-B2": ("CustomerBillItemStateType", "withdrawn"),
        "E-B3": ("listCustomerBill", "?buyerId=b&sellerId=s"),
        "E-B3-bill": ("retrieveCustomerBill", "?buyerId=b&sellerId=s"),
        "E-B3-item": ("retrieveCustomerBillItem", "?buyerId=b&sellerId=s"),
    }

    @pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
    def test_the_official_document_fails_what_ours_passes(self, row: dict[str, Any]) -> None:
        """Each erratum is proven by a message, or by a path: without it a right party fails, with it it passes."""
        told, message = self.PROOFS[row["id"]]
        ours, theirs = RELEASE.contract(row["api"], row["contract"]), made(row["api"], row["contract"])
        if row["at"].endswith("/parameters"):
            asked = Request(headers=(), raw=b"", method="GET", url=f"http://h/customerBill{message}")
            assert places(ours.request_breaches(told, asked)) == []
            assert places(theirs.request_breaches(told, asked)) == ["?buyerId", "?sellerId"]
            return
        if told in {"GET", "POST"}:
            found = ours.find(told, message)
            assert found
            assert found[0].path == unescape(row["change"]["value"]["$ref"].rpartition("/")[2])
            assert theirs.find(told, message) is None
            return
        raw = json.dumps(message).encode()

        def breaches(contract: Contract) -> list[Breach]:
            if "/parameters/" in row["at"]:
                return contract.request_breaches(told, Request((), b"", "GET", f"http://h/x?{message}"))
            if row["at"].startswith("/components/"):
                return contract.body_breaches(told, parse(raw), "response")
            return contract.response_breaches(told, Response(status=200, headers=HEADERS, raw=raw))

        assert breaches(ours) == []
        assert breaches(theirs) != []

    def test_an_erratum_does_not_let_all_through(self) -> None:
        """A date of the list is a day or a moment, and nothing else."""
        for value in ("2026-03-01", "2026-03-01T10:00:00Z"):
            body = {"id": "1", "state": "done.ready", "requestedPOQCompletionDate": value}
            assert self.poq(body) == []
        for value in ("soon", "2022-09-31", 5):
            body = {"id": "1", "state": "done.ready", "requestedPOQCompletionDate": value}
            assert set(places(self.poq(body))) == {"/requestedPOQCompletionDate"}

    def poq(self, body: Any) -> list[Breach]:
        contract = RELEASE.contract("productOfferingQualification")
        return contract.body_breaches("ProductOfferingQualification_Find", parse(json.dumps(body).encode()), "response")

    def test_exported_documents_carry_no_erratum(self) -> None:
        """What is exported and compared is the official contract, before and after it was used for judging."""
        for row in self.ROWS:
            document = RELEASE.document(row["api"], row["contract"])
            assert at(document, row["at"]) != row["change"]["value"]

    @pytest.mark.parametrize("change", [{"op": "remove"}, {"op": "replace", "value": 1}])
    def test_an_erratum_that_fits_nothing_is_an_error(self, change: dict[str, Any]) -> None:
        """None is lost unnoticed when a release moves on."""
        patch = Erratum(
            "E", "quote", "management", "/components/schemas/NoSuch/required/x", ErratumChange(**change), "r", "c"
        )
        with pytest.raises(ValueError, match="erratum E"):
            made("quote", errata=[patch])


@pytest.mark.parametrize(("contract", "name"), OPERATIONS)
def test_every_body_of_every_operation_compiles(contract: Contract, name: str) -> None:
    """The schema of each request and response is one that both engines take."""
    operation = contract.operation(name)
    bodies = [body for body in (operation.request, *operation.responses.values()) if body]
    for body in bodies:
        contract.validator(body.root)
    assert operation.success < 300
    assert contract.find(operation.method, operation.path.replace("{id}", "7")) == (
        operation,
        dict.fromkeys(operation.path_parameters, "7"),
    )
    assert operation.method in contract.methods_of(operation.path.replace("{id}", "7"))


def test_every_bundle_is_a_schema() -> None:
    """What is compiled is valid draft-07, and every reference in it leads somewhere."""
    for contract in CONTRACTS:
        bundle = contract.bundle_of(next(roots(contract)))
        Draft7Validator.check_schema(bundle)
        stack: list[Any] = [bundle]
        while stack:
            node = stack.pop()
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    assert node["$ref"].removeprefix("#/definitions/") in bundle["definitions"]
                stack.extend(node.values())
            elif isinstance(node, list):
                stack.extend(node)


def test_paths_are_found() -> None:
    """A path has its operations by method; an unknown one has none."""
    assert QUOTE.methods_of("/quote") == ["GET", "POST"]
    assert QUOTE.methods_of("/quote/") == []
    assert QUOTE.find("get", "/quote/a%2Fb") == (QUOTE.operation("retrieveQuote"), {"id": "a%2Fb"})
    assert QUOTE.find("PUT", "/quote") is None
    assert QUOTE.find("GET", "/quote/1\n/2") is None
    with pytest.raises(KeyError):
        QUOTE.operation("nonsense")


def test_threads_share_a_contract() -> None:
    """Compiling on first use is safe when many ask at once."""
    contract = made("quote")
    found: list[list[Breach]] = []
    threads = [
        threading.Thread(target=lambda: found.append(request_breaches(quote(), contract=contract))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 8


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["@type", "quoteItem", "product", "place", "id", "productConfiguration", "relatedContactInformation", "x"]), inner, max_size=4), max_leaves=15))  # fmt: skip
@settings(max_examples=200)
def test_no_message_raises(body: Any) -> None:
    """Whatever JSON comes, there are breaches and no accident."""
    for schema in ("Quote", "[Quote_Find]", "Quote_Create"):
        for direction in ("request", "response"):
            QUOTE.body_breaches(schema, parse(json.dumps(body).encode()), direction)


def second_opinion(contract: Contract, root: str) -> Draft7Validator:
    checker = FormatChecker(formats=())
    for name, check in CHECKERS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return Draft7Validator(contract.bundle_of(root), format_checker=checker)


def leaves(errors: Iterator[Any]) -> set[tuple[str, str]] | None:
    """Places and keywords of plain errors; None where a choice of schemas failed, which engines tell differently."""
    found = set()
    for error in errors:
        if error.validator in {"oneOf", "anyOf"}:
            return None
        place = pointer(list(error.absolute_path))
        found.add((place, error.validator))
    return found


def our_leaves(contract: Contract, root: str, body: Any) -> set[str]:
    return {pointer(error.instance_path) for error in contract.validator(root).iter_errors(body)}


CORPUS_SEED = 7
MUTANTS = 4


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: f"{c.api}.{c.kind}")
def test_both_engines_agree(contract: Contract) -> None:
    """The Python engine and the Rust one give the same verdict, at the same places, on right and spoiled messages."""
    rng = random.Random(CORPUS_SEED)
    maker = Maker(contract, CORPUS_SEED)
    compared = wrong = 0
    # 4xx and 5xx are the same in all operations: once is enough.
    chosen = {json.dumps(contract._roots[root], sort_keys=True): root for root in roots(contract)}.values()
    for root in chosen:
        judge = second_opinion(contract, root)
        good = maker.make(contract._roots[root])
        assert contract.validator(root).is_valid(good), list(contract.validator(root).iter_errors(good))
        for what, message in [("as it was", good), *(spoiled(good, rng) for _ in range(MUTANTS))]:
            theirs = list(judge.iter_errors(message))
            assert contract.validator(root).is_valid(message) == (not theirs), (root, what)
            told = leaves(iter(theirs))
            if told is not None:
                assert our_leaves(contract, root, message) == {spot for spot, _ in told}, (root, what)
            compared += 1
            wrong += bool(theirs)
    assert compared >= 5
    assert wrong


def test_both_engines_agree_on_product_payloads() -> None:
    """The same for a whole quote with two products, spoiled a hundred ways."""
    rng = random.Random(CORPUS_SEED)
    root = "createQuote request"
    judge = second_opinion(QUOTE, root)
    good = quote(relatedContactInformation=[contact()])
    assert {item["product"]["productConfiguration"]["@type"] for item in good["quoteItem"]} == {OVC, UNI}
    verdicts = []
    for _ in range(100):
        what, message = spoiled(good, rng)
        theirs = list(judge.iter_errors(message))
        assert QUOTE.validator(root).is_valid(message) == (not theirs), what
        told = leaves(iter(theirs))
        if told is not None:
            assert our_leaves(QUOTE, root, message) == {spot for spot, _ in told}, what
        verdicts.append(not theirs)
    assert 10 < sum(verdicts) < 90


def test_every_breach_names_a_place_of_the_message() -> None:
    """A breach is where the message is wrong, or where something is missing from what is there."""
    rng = random.Random(CORPUS_SEED)
    good = quote()
    known = {pointer(path) for path in places_of(good)}
    assert known
    for _ in range(150):
        what, message = spoiled(good, rng)
        for breach in request_breaches(message):
            parent = breach.place.rpartition("/")[0]
            there = at(message, breach.place)
            if breach.code is ErrorCode.MISSING_PROPERTY:
                assert there is MISSING, what
                assert isinstance(at(message, parent), dict), what
            else:
                assert there is not MISSING, (what, breach)
            assert breach.message, what


def test_payload_fragments_are_right() -> None:
    """The payloads that the tests start from have no breach and no warning of their own."""
    for payload in (ovc(), ovc(2), uni()):
        assert QUOTE.body_breaches("MEFProductConfiguration", parse(json.dumps(payload).encode())) == []
    assert ORDER.base_path.startswith("/mefApi/sonata/")
