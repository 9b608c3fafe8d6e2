"""A seller that strangers talk to: whatever comes in, the standard's error body goes out and nothing is kept."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from emulator.record.exchange import Response
from emulator.standard.release import load_release
from tests.cli.processes import seller
from tests.urns import ACCESS_ELINE, OPERATOR_UNI

POQ = "/mefApi/sonata/productOfferingQualification/v7/productOfferingQualification"
QUOTE = "/mefApi/sonata/quoteManagement/v8/quote"
ADDRESS = "/mefApi/sonata/geographicAddressManagement/v7/geographicAddressValidation"
JSON = "application/json;charset=utf-8"
AEL = ACCESS_ELINE


@pytest.fixture(scope="module")
def url():
    with seller() as found:
        yield found


def poq(**product: object) -> dict[str, object]:
    return {
        "instantSyncQualification": True,
        "provideAlternative": False,
        "relatedContactInformation": [
            {"emailAddress": "a@b.example", "name": "A", "number": "1", "role": "buyerContactInformation"}
        ],
        "productOfferingQualificationItem": [
            {"id": "1", "action": "add", "product": {"productOffering": {"id": "uni-1g"}, **product}}
        ],
    }


def answered(operation: str, api: str, done: requests.Response) -> None:
    """The answer fits the contract of the operation and is labelled as the standard says."""
    assert done.headers["content-type"] == JSON
    response = Response(headers=tuple(done.headers.items()), raw=done.content, status=done.status_code)
    contract = load_release().contract(api)
    assert done.status_code in contract.operation(operation).responses
    assert contract.response_breaches(operation, response) == []


def nothing_kept(url: str) -> None:
    assert requests.get(url + POQ, timeout=10).json() == []


@pytest.mark.parametrize(
    "raw",
    [
        b'{"instantSyncQualification": true, "prov',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"externalId": "\xff\xfe"}',
        b'{"externalId": "a", "externalId": "b"}',
        b'{"externalId": NaN}',
        b'{"externalId": 1e999999}',
        b"",
        b"   ",
        b"null",
        b"[]",
        b'"text"',
        b"{} {}",
    ],
    ids=["truncated", "nested-lists", "nested-objects", "not-utf8", "twice", "nan", "huge-number",
         "empty", "blank", "null", "list", "text", "two"],
)  # fmt: skip
def test_body_that_cannot_be_read_is_a_400_and_nothing_is_kept(url: str, raw: bytes):
    """An unreadable body gets `Error400` with `invalidBody`; the seller stays up and stores nothing."""
    done = requests.post(url + POQ, data=raw, headers={"Content-Type": JSON}, timeout=30)
    assert done.status_code == 400
    assert done.json()["code"] == "invalidBody"
    answered("createProductOfferingQualification", "poq", done)
    nothing_kept(url)


def test_body_that_is_too_large_is_a_413_and_blames_nobody(url: str):
    """Ten megabytes, sent or unpacked from ten kilobytes: refused in the `Error` shape, and not called broken JSON."""
    large = b'{"a": "' + b"x" * 10_000_000 + b'"}'
    for raw, more in (large, {}), (gzip.compress(large), {"Content-Encoding": "gzip"}):
        done = requests.post(url + "/r/large" + POQ, data=raw, headers={"Content-Type": JSON, **more}, timeout=30)
        assert done.status_code == 413
        assert set(done.json()) <= {"reason", "message"}
    nothing_kept(url + "/r/large")
    told = requests.get(url + "/oit/judgement?run=large", timeout=30).json()
    assert not any("MEF" in "".join(row["requirements"]) for row in told["findings"])


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        (ADDRESS, {"provideAlternative": True, "submittedGeographicAddress": {"@type": "Nonsense"}},
         "/submittedGeographicAddress/@type", "invalidValue"),
        (ADDRESS, {"provideAlternative": True, "submittedGeographicAddress": {
            "@type": "FieldedAddress", "streetName": "Main", "country": "USA"}},
         "/submittedGeographicAddress/city", "missingProperty"),
        (ADDRESS, {"provideAlternative": True, "submittedGeographicAddress": {
            "@type": "FieldedAddress", "id": "mine", "streetName": "Main", "city": "Ashburn", "country": "USA"}},
         "/submittedGeographicAddress/id", "unexpectedProperty"),
        (POQ, poq(place=[{"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION"}]),
         "/productOfferingQualificationItem/0/product/place/0/id", "missingProperty"),
        (POQ, poq(place=[{"@type": "Nonsense", "role": "INSTALL_LOCATION"}]),
         "/productOfferingQualificationItem/0/product/place/0/@type", "invalidValue"),
        (POQ, poq(productConfiguration={"@type": AEL, "enniEp": {}, "uniEp": {"ingressClassOfServiceMap": {
            "mapType": "ENDPOINT", "map_M": "low", "l2cp_P": [{"l2cpIdentifier": {"l2cpProtocolType": "CARRIER_PIGEON"}}]}}}),
         "/productOfferingQualificationItem/0/product/productConfiguration/uniEp/ingressClassOfServiceMap/l2cp_P/0",
         None),
        (POQ, poq(place=[{"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION", "id": "no-such-address"}]),
         "/productOfferingQualificationItem/0/product/place/0/id", "referenceNotFound"),
        (QUOTE, {"instantSyncQuote": "true", "buyerRequestedQuoteLevel": "firm", "quoteItem": [{"id": "1", "action": "add"}]},
         "/instantSyncQuote", "invalidFormat"),
    ],
    ids=["type", "no-city", "read-only", "ref-without-id", "place-type", "deep-enum", "unknown-address", "boolean-as-text"],
)  # fmt: skip
def test_message_that_is_wrong_is_a_422_with_its_pointer(
    url: str, path: str, body: dict, pointer: str, code: str | None
):
    """What can be read and is wrong gets a list of `Error422` that points at the place, however deep."""
    done = requests.post(url + path, json=body, headers={"Content-Type": JSON}, timeout=30)
    assert done.status_code == 422, done.text
    issues = [(issue["propertyPath"], issue["code"]) for issue in done.json()]
    assert any(place.startswith(pointer) and code in (None, given) for place, given in issues), issues
    operation, api = {
        ADDRESS: ("createGeographicAddressValidation", "address"),
        POQ: ("createProductOfferingQualification", "poq"),
        QUOTE: ("createQuote", "quote"),
    }[path]
    answered(operation, api, done)
    nothing_kept(url)


def test_what_no_contract_has_is_refused_in_the_shape_of_the_standard(url: str):
    """Unknown paths are 404 `Error404`; a wrong method is 405 and a wrong media type 415 in the `Error` shape."""
    for path in ("/", "/nothing", "/mefApi/sonata/quoteManagement/v7/quote", QUOTE + "/", QUOTE + "/a/b"):
        done = requests.get(url + "/r/x" + path, timeout=10, allow_redirects=False)
        assert (done.status_code, done.json()["code"]) == (404, "notFound"), path
    wrong = requests.delete(url + QUOTE, timeout=10)
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "POST"}
    assert set(wrong.json()) <= {"reason", "message"}
    typed = requests.post(url + QUOTE, data="a=1", headers={"Content-Type": "text/plain"}, timeout=10)
    assert typed.status_code == 415
    assert "reason" in typed.json()


@pytest.mark.parametrize("query", ["state=nonsense", "limit=ten", "limit=-1", "quoteDate.gt=yesterday", "offset=1.5"])
def test_query_that_is_wrong_is_a_400(url: str, query: str):
    """A wrong query parameter gets `Error400` with `invalidQuery`."""
    done = requests.get(f"{url}{QUOTE}?{query}", timeout=10)
    assert done.status_code == 400
    assert done.json()["code"] == "invalidQuery"
    answered("listQuote", "quote", done)


def test_client_that_goes_away_in_the_middle_harms_nobody(url: str):
    """Half a request and a closed connection: the next caller is served and nothing is kept."""
    place = urlsplit(url)
    for _ in range(20):
        with socket.create_connection((place.hostname, place.port), timeout=5) as line:
            line.sendall(f"POST {POQ} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{{".encode())
    nothing_kept(url)


def test_absurd_http_harms_nobody(url: str):
    """Garbage, endless headers and strange paths are refused, and the next caller is served."""
    place = urlsplit(url)
    for sent in (b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection((place.hostname, place.port), timeout=5) as line:
            line.sendall(sent)
            line.recv(1000)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    for path in (QUOTE + "/%00", QUOTE + "/%2F..%2F", QUOTE + "/" + "a" * 5000, "/r//x", "/r/%E2%80%AE" + QUOTE):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status in {200, 404}, path
        json.loads(answer.read())
    connection.close()


def test_two_hundred_requests_at_once_are_two_hundred_qualifications(url: str):
    """Parallel requests in one run all succeed, each with an id of its own, and the list tells them all."""
    address = {"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION", "id": "addr-ashburn-20-main"}
    body = poq(
        place=[address],
        productConfiguration={"@type": OPERATOR_UNI},
    )
    run = url + "/r/crowd"

    def post(_: int) -> str:
        done = requests.post(run + POQ, json=body, headers={"Content-Type": JSON}, timeout=30)
        assert done.status_code == 201, done.text
        return done.json()["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(post, range(200)))
    assert len(set(ids)) == 200
    page = requests.get(f"{run}{POQ}?limit=50&offset=180", timeout=10)
    assert page.headers["X-Total-Count"] == "200"
    assert [row["id"] for row in page.json()] == [
        row["id"] for row in requests.get(f"{run}{POQ}?offset=180", timeout=10).json()
    ]
    assert len(page.json()) == 20
    nothing_kept(url)


def test_runs_do_not_see_each_other(url: str):
    """What is asked below /r/one is not found below /r/two, nor at the plain path."""
    body = {"callback": "http://127.0.0.1:9/"}
    hub = "/mefApi/sonata/quoteManagement/v8/hub"
    made = requests.post(f"{url}/r/one{hub}", json=body, timeout=10).json()["id"]
    assert requests.delete(f"{url}/r/two{hub}/{made}", timeout=10).status_code == 404
    assert requests.delete(f"{url}{hub}/{made}", timeout=10).status_code == 404
    assert requests.delete(f"{url}/r/one{hub}/{made}", timeout=10).status_code == 204
