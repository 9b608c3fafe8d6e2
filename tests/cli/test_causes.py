"""A right partner is green, and whoever is to blame is: what a step that was not met is put down to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import oit

ADDRESS = """\
oit: "1"
id: one-address
title: One address is validated
sources: {address: {api: address, servedBy: seller}}
inputs: {postcode: "20147", role: buyer}
flow:
  - id: validate
    call: address.createGeographicAddressValidation
    request:
      body:
        provideAlternative: true
        submittedGeographicAddress: {"@type": FieldedAddress, streetNr: "20", streetName: Main, streetType: Street,
          city: Ashburn, stateOrProvince: VA, postcode: $inputs.postcode, country: USA}
    response: {status: 200, expect: {/validationResult: success}}
    outputs: {id: $response.body#/bestMatchGeographicAddress/id}
  - id: read
    call: address.retrieveGeographicAddress
    request: {path: {id: $steps.validate.outputs.id}}
    response: {status: 200}
  - id: other
    call: address.retrieveGeographicAddress
    request: {path: {id: $inputs.postcode}}
    response: {status: [200, 404]}
"""
JSON = {"Content-Type": "application/json;charset=utf-8"}
HTML = {"Content-Type": "text/html"}
PAGE = b"<!doctype html><title>Welcome</title>"
NOT_FOUND = {"code": "notFound", "reason": "There is none"}
PLACE = {
    "@type": "FieldedAddress", "streetNr": "20", "streetName": "Main", "streetType": "Street", "city": "Ashburn",
    "stateOrProvince": "VA", "postcode": "20147", "country": "USA",
}  # fmt: skip
FOUND = {**PLACE, "id": "a-1", "allowsNewSite": True, "hasPublicSite": False}


def right(asked: dict[str, Any]) -> dict[str, Any]:
    """What a right partner answers."""
    place = {**asked["submittedGeographicAddress"], "id": "a-1", "allowsNewSite": True, "hasPublicSite": False}
    found = {"validationResult": "success", "alternateGeographicAddress": [], "bestMatchGeographicAddress": place}
    return {**asked, **found}


@contextmanager
def partner(answers: dict[str, list[Any]]) -> Iterator[str]:
    """A partner that gives these answers by method, the last one again and again: (status, headers, body) or a function
    of the request's body.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            left = answers[self.command]
            given = left.pop(0) if len(left) > 1 else left[0]
            status, headers, body = (200, JSON, given(json.loads(sent))) if callable(given) else given
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(
    folder: Path, post: list[Any], *more: str, get: list[Any] | None = None, text: str = ADDRESS
) -> tuple[int, Any]:
    """The exit code and the report of a run against a partner."""
    file = folder / "a.oit.yaml"
    file.write_text(text)
    with partner({"POST": post, "GET": get or [(404, JSON, NOT_FOUND)]}) as url:
        done = oit("run", str(file), "--sut", f"seller={url}", "--report", "json", "--report-dir", str(folder), *more)
    return done.code, json.loads((folder / "report.json").read_bytes())


BAD = [{"code": "invalidValue", "reason": "no", "propertyPath": "/submittedGeographicAddress/postcode"}]
PARTIAL = {"validationResult": "partial", "alternateGeographicAddress": []}


@pytest.mark.parametrize(
    ("answer", "cause", "blame"),
    [
        ((401, {**JSON, "WWW-Authenticate": "Bearer"}, {"code": "missingCredentials", "reason": "no"}), "credentials", "inputs"),
        ((401, HTML, PAGE), "credentials", "inputs"),
        ((403, {}, b""), "credentials", "inputs"),
        ((404, {"Content-Type": "text/plain"}, b"404 page not found"), "no_api", "inputs"),
        ((404, JSON, {"err": "not found"}), "no_api", "inputs"),
        ((200, HTML, PAGE), "no_api", "inputs"),
        ((302, {"Location": "https://login.example.net/"}, b""), "no_api", "inputs"),
        (lambda asked: {**asked, **PARTIAL}, "data", "inputs"),
        ((422, JSON, BAD), "refused", None),
        ((501, JSON, {"code": "notImplemented", "reason": "no"}), "unsupported", None),
        ((404, JSON, {"code": "404", "message": "no resource"}), "no_api", "inputs"),
        ((200, {}, PAGE), "no_api", "inputs"),
        ((407, {"Proxy-Authenticate": "Basic"}, b""), "credentials", "inputs"),
        ((511, HTML, PAGE), "credentials", "inputs"),
        ((408, HTML, PAGE), "load", "transport"),
        ((521, HTML, PAGE), "load", "transport"),
        ((500, {}, b""), "server_error", "seller"),
        ((503, HTML, PAGE), "load", "transport"),
        ((429, {"Retry-After": "86400"}, b""), "load", "transport"),
        ((504, {}, b"upstream"), "load", "transport"),
        ((500, JSON, {"code": "internalError", "reason": "oh"}), "server_error", "seller"),
    ],
)  # fmt: skip
def test_what_is_no_finding_is_never_a_fail(answer: Any, cause: str, blame: str | None, tmp_path: Path) -> None:
    code, report = run(tmp_path, [answer])
    step = report["steps"][0]
    assert (step["outcome"], step["cause"], step["blame"]) == ("unmet", cause, blame)
    assert [row for row in report["findings"] if row["verdict"] in ("fail", "error")] == []
    assert (code, report["verdict"]) == (3, "inconclusive")
    assert [(step["id"], step["outcome"]) for step in report["steps"][1:]] == [("read", "blocked"), ("other", "passed")]


def test_the_advice_names_the_root_that_was_given_and_where_a_redirect_leads(tmp_path: Path) -> None:
    (tmp_path / "a.oit.yaml").write_text(ADDRESS)
    moved = (308, {"Location": "https://sonata.example.net/v2/"}, b"")
    with partner({"POST": [moved], "GET": [moved]}) as url:
        told = oit("run", str(tmp_path / "a.oit.yaml"), "--sut", f"seller={url}/some/gateway/r/x").err
    assert f"oit doctor --sut seller={url}/some/gateway/r/x;" in told
    assert "308 with a redirect to https://sonata.example.net/v2/, which is not followed" in told


def test_a_breach_is_a_fail_and_the_steps_cause(tmp_path: Path) -> None:
    """An answer without a member that the contract demands."""
    code, report = run(tmp_path, [lambda asked: {"validationResult": "fail"}])
    assert code == 1
    assert (report["steps"][0]["outcome"], report["steps"][0]["cause"], report["steps"][0]["blame"]) == (
        "unmet",
        "breach",
        "seller",
    )


def test_once_an_api_has_answered_what_comes_from_its_paths_is_its_own(tmp_path: Path) -> None:
    """A 404 in a form of its own is then a breach of the contract."""
    code, report = run(tmp_path, [right], get=[(404, {"Content-Type": "text/plain"}, b"404 page not found")])
    assert code == 1
    assert {row["blame"] for row in report["findings"]} == {"seller"}


def test_who_is_busy_is_called_again_when_it_says(tmp_path: Path) -> None:
    busy = (429, {**JSON, "Retry-After": "1"}, {"code": "x", "reason": "later"})
    code, report = run(tmp_path, [busy, right], get=[(200, JSON, FOUND), (404, JSON, NOT_FOUND)])
    assert code == 0, report["steps"]
    assert report["steps"][0]["exchanges"] == [1, 2]
    assert report["findings"] == []


def test_what_is_known_and_cannot_be_filled_in_is_the_scenarios(tmp_path: Path) -> None:
    known = ADDRESS.replace("    outputs:", "    known: {id: $inputs.place.nothing}\n    outputs:")
    known = known.replace("inputs: {", "inputs: {place: {id: a}, ")
    code, report = run(tmp_path, [right], text=known)
    assert (code, report["steps"][0]["outcome"], report["steps"][0]["blame"]) == (2, "error", "scenario")
    assert "nothing" in report["steps"][0]["message"]
    assert report["steps"][1]["outcome"] == "blocked"


def test_our_own_wrong_request_is_the_scenarios(tmp_path: Path) -> None:
    """The partner refuses it with good reason: nobody but the file is at fault, and it is no error of OIT."""
    code, report = run(tmp_path, [(422, JSON, BAD)], text=ADDRESS.replace("country: USA", "country: 5"))
    assert code == 3
    assert (report["steps"][0]["cause"], report["steps"][0]["blame"]) == ("request", "scenario")
    assert {row["blame"] for row in report["findings"] if row["verdict"] == "fail"} == {"scenario"}


@pytest.mark.parametrize(("answer", "code"), [((422, JSON, BAD), 1), ((401, HTML, PAGE), 3), ((404, HTML, PAGE), 3)])
def test_what_was_agreed_on_binds(answer: Any, code: int, tmp_path: Path) -> None:
    """But for what is not the partner's doing."""
    got, report = run(tmp_path, [answer], text=ADDRESS.replace("flow:", "agreed: true\nflow:"))
    assert got == code
    agreed = [row for row in report["findings"] if row["rule"] == "scenario.agreed"]
    assert [(row["verdict"], row["blame"]) for row in agreed] == [("fail", "seller")] * (code == 1)
    assert report["steps"][0]["cause"] == ("agreed" if code == 1 else report["steps"][0]["cause"])


def test_a_subscription_of_ours_that_leads_nowhere_is_the_scenarios(tmp_path: Path) -> None:
    """Also where all was agreed on: no rule speaks of a callback, and to refuse this one is right."""
    text = (
        'oit: "1"\nid: hub\ntitle: Subscribe\nagreed: true\nsources: {quote: {api: quote, servedBy: seller}}\nflow:\n'
        "  - {id: hub, call: quote.registerListener, request: {body: {callback: nowhere}}, response: {status: 201}}\n"
    )
    code, report = run(tmp_path, [(400, JSON, {"code": "invalidBody", "reason": "no address"})], text=text)
    assert (code, report["steps"][0]["cause"], report["steps"][0]["blame"]) == (3, "request", "scenario")


def test_in_a_self_test_what_is_unmet_is_ours(tmp_path: Path) -> None:
    file = tmp_path / "a.oit.yaml"
    file.write_text(ADDRESS.replace("/validationResult: success", "/validationResult: partial"))
    assert oit("run", str(file)).code == 1


def test_a_report_of_version_1_is_read(tmp_path: Path) -> None:
    """What it calls failed was not met; nobody looked for the cause."""
    _, report = run(tmp_path, [(422, JSON, BAD)])
    for step in report["steps"]:
        step["outcome"] = step["outcome"].replace("unmet", "failed")
        del step["cause"]
        step.pop("inputs", None)
    report["report_version"] = "1"
    report["requirements"] = [each for each in report["requirements"] if each["id"].startswith("MEF")]  # no drafts
    report["steps"][0]["blame"] = None
    old = tmp_path / "old.json"
    old.write_text(json.dumps(report))
    assert "step validate unmet" in oit("report", str(old)).err.lower() + oit("report", str(old)).out.lower()


def test_what_is_declared_unsupported_is_left_out(tmp_path: Path) -> None:
    """Optional preludes go without a word, what the run is there for makes it skipped; an id that is known is not asked for."""
    profile = tmp_path / "p.yaml"
    profile.write_text("extends: wholesale-seller\nname: p\nunsupported: [address.createGeographicAddressValidation]\n")
    code, report = run(tmp_path, [right], "--profile", str(profile))
    assert (code, report["verdict"]) == (5, "skipped")
    assert [(step["outcome"], step["cause"]) for step in report["steps"]] == [
        ("skipped", "unsupported"),
        ("skipped", "unsupported"),
        ("passed", None),
    ]
    known = ADDRESS.replace("    outputs:", "    known: {id: $inputs.addressId}\n    outputs:")
    known = known.replace("inputs: {", 'inputs: {addressId: "", ')
    seen = [(200, JSON, FOUND), (404, JSON, NOT_FOUND)]
    code, report = run(tmp_path, [right], "--profile", str(profile), "--var", "addressId=a-1", text=known, get=seen)
    assert (code, [step["outcome"] for step in report["steps"]]) == (0, ["skipped", "passed", "passed"])
