"""`oit doctor` says what is in the way before a run is spent on it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.doors import reach
from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import RealClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Transcript
from emulator.standard.release import load_release
from tests.broken.spoiler import Answer, spoilt
from tests.cli.processes import free_port, http, partner


@pytest.fixture(scope="module")
def seller() -> Iterator[str]:
    running = Running(
        serve_seller(make_seller(load_release(), load_profile(None), RealClock()), lambda _: Transcript())
    )
    yield running.start()
    running.stop()


def doctor(*arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    """The exit code, and each check by its name."""
    done = CliRunner().invoke(main, ["doctor", "--format", "json", "--timeout", "5", *arguments])
    return done.exit_code, {check["check"]: check for check in json.loads(done.stdout)}


def test_our_own_seller_is_well(seller: str):
    """Name, port, and every API of the release that has something to read answers in JSON."""
    code, checks = doctor("--sut", f"seller={seller}")
    assert code == 0, checks
    assert [name for name, check in checks.items() if check["ok"] is not True] == ["availabilityAndPricingDiscovery"]
    assert "GET" in str(checks["availabilityAndPricingDiscovery"])
    assert set(checks) >= {"contracts", "listen", "DNS", "TCP", "quote", "productOrder", "geographicAddress"}


def test_nothing_is_changed_at_the_seller():
    """Only GET is sent."""
    seen = Transcript()
    running = Running(serve_seller(make_seller(load_release(), load_profile(None), RealClock()), lambda _: seen))
    url = running.start()
    try:
        doctor("--sut", f"seller={url}")
    finally:
        running.stop()
    assert {exchange.request.method for exchange in seen} == {"GET"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http("200 OK", "text/html", b"<html>Welcome</html>"), "200 with text/html, not JSON: no such API here"),
        (http("200 OK", "application/json", b'{"hello": 1}'), "no list as listQuote has it"),
        (http("404 Not Found", "text/plain", b"404 page not found"), "404 with text/plain, not JSON: no such API here"),
        (
            http("404 Not Found", "application/json", b'{"err": "no"}'),
            "not the standard's error body: no such API here",
        ),
        (http("404 Not Found", "application/json", b'{"code": 404, "reason": "no"}'), "no such API here"),
        (
            http("302 Found\r\nLocation: http://x.example/login", "text/html", b""),
            "a redirect to http://x.example/login",
        ),
        (http("401 Unauthorized", "application/json", b"{}"), "there is something, and credentials are asked for"),
        (http("403 Forbidden", "text/html", b"no"), "there is something, and credentials are asked for"),
        (http("407 Proxy Authentication Required", "text/html", b"no"), "credentials are asked for"),
        (http("408 Request Timeout", "text/html", b"no"), "408"),
        (http("503 Service Unavailable", "application/json", b"{}"), "503"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not HTTP"),
    ],
    ids=["html", "json", "404", "404-json", "404-code", "302", "401", "403", "407", "408", "503", "ssh"],
)
def test_what_answers_something_else_is_named(answer: bytes, said: str):
    with partner(answer) as url:
        code, checks = doctor("--sut", f"seller={url}")
    assert code == 3
    assert checks["TCP"]["ok"] is True
    assert said in str(checks["quote"]["said"])
    assert checks["quote"]["do"]


def test_a_root_below_which_nothing_is_is_told_once():
    """Each API is missing, and so the root URL is wrong; where each wants credentials or has trouble, it is not."""
    with partner(http("404 Not Found", "text/html", b"<html>")) as url:
        _, checks = doctor("--sut", f"seller={url}")
    assert "no API of release grace is there" in str(checks["root"]["said"])
    with partner(http("401 Unauthorized", "text/html", b"<html>")) as url:
        _, checks = doctor("--sut", f"seller={url}")
    assert "root" not in checks


@pytest.mark.parametrize(
    ("status", "body", "ok"),
    [
        ("400 Bad Request", b'{"code": "missingQueryParameter", "reason": "r"}', True),
        ("422 Unprocessable Content", b'[{"code": "otherIssue", "reason": "r"}]', True),
        ("404 Not Found", b'{"code": "notFound", "reason": "r", "own": 1}', True),
        ("501 Not Implemented", b"", None),
    ],
)
def test_a_refusal_in_the_form_of_the_standard_is_a_sign_of_the_api(status: str, body: bytes, ok: object):
    with partner(http(status, "application/json", body)) as url:
        code, checks = doctor("--sut", f"seller={url}")
    assert checks["quote"]["ok"] is ok
    assert code == (3 if "501" in status else 0)
    assert ("root" in checks) == ("501" in status), "where each API is answered 501 there is nothing to test"


def test_what_is_declared_unsupported_is_not_asked_for(seller: str, tmp_path: Path):
    """By the profile, whichever way it is given; then that it is not there is in nobody's way."""

    def spoil(answer: Answer) -> None:
        if "/geographicSite" in answer.path or "/quoteManagement" in answer.path:
            answer.status, answer.body = 404, None

    (tmp_path / "partner.yaml").write_text("unsupported: [site, 'quote.*']\n")
    with spoilt(seller, spoil) as url:
        assert doctor("--sut", f"seller={url}")[0] == 3
        for given in ([str(tmp_path / "partner.yaml")], ["--profile", str(tmp_path / "partner.yaml")]):
            code, checks = doctor("--sut", f"seller={url}", *given)
            assert code == 0, checks
            assert "declared unsupported" in str(checks["quote"]["said"])


def test_how_a_partner_is_reached_is_said_in_the_words_of_a_run():
    """Options of both that name the partner and our addresses."""
    words = {"--sut", "--profile", "--listen", "--callback", "--release", "--timeout", "--host", "--port"}
    for command in ("doctor", "run"):
        assert words <= {name for parameter in main.commands[command].params for name in parameter.opts}


def test_a_port_for_a_buyer_under_test_is_looked_at(seller: str):
    port = seller.rpartition(":")[2]
    assert doctor("--sut", "buyer", "--port", port)[0] == 3
    assert doctor("--sut", "buyer", "--port", str(free_port()))[0] == 0


def test_one_api_at_another_base_path_is_found(seller: str):
    def spoil(answer: Answer) -> None:
        if "/quoteManagement/" in answer.path:
            answer.status, answer.body = 404, None

    with spoilt(seller, spoil) as url:
        code, checks = doctor("--sut", f"seller={url}")
    assert code == 3
    assert [name for name, check in checks.items() if check["ok"] is False] == ["quote"]
    assert "base path" in str(checks["quote"]["do"])


@pytest.mark.parametrize(
    ("host", "check"),
    [("no-such-host.invalid", "DNS"), ("127.0.0.1", "TCP")],
)
def test_what_cannot_be_reached_ends_there(host: str, check: str):
    """Nothing after the first obstacle is tried."""
    code, checks = doctor("--sut", f"seller=http://{host}:{free_port()}")
    assert code == 3
    assert checks[check]["ok"] is False
    assert list(checks)[-1] == check


def test_a_port_without_tls_is_no_https(seller: str):
    code, checks = doctor("--sut", f"seller={seller.replace('http:', 'https:')}")
    assert code == 3
    assert checks["TLS"]["ok"] is False
    assert "http://" in str(checks["TLS"]["do"])


def test_a_certificate_of_a_stranger_is_told(monkeypatch: pytest.MonkeyPatch):
    """What the library says of the certificate is passed on, with the variable that names an authority."""

    def refuse(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError("no")
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with partner(b"") as url:
        *_, last = reach.reach(url.replace("http:", "https:"), 5)
    assert (last.name, last.ok, last.said) == ("TLS", False, "self-signed certificate")
    assert "REQUESTS_CA_BUNDLE" in last.do


@pytest.mark.parametrize(
    ("listen", "callback", "sut", "ok"),
    [
        ("127.0.0.1:0", None, "http://127.0.0.1:9", True),
        ("127.0.0.1:0", None, "http://198.51.100.1", False),
        ("0.0.0.0:0", None, "http://198.51.100.1", False),
        ("0.0.0.0:0", "http://192.0.2.7", "http://198.51.100.1", True),
        ("0.0.0.0:0", "http://10.1.1.1", "http://93.184.215.14", None),
        ("0.0.0.0:0", "http://no-such-host.invalid", None, False),
    ],
)
def test_the_callback_makes_sense_from_where_the_seller_is(listen: str, callback: str, sut: str, ok: object):
    from emulator.cli.running import address
    from emulator.doctor import callback as look

    *_, last = look(callback, address(listen), sut)
    assert (last.name, last.ok) == ("callback", ok), last.said


def test_a_port_that_is_taken_is_told(seller: str):
    port = seller.rpartition(":")[2]
    code, checks = doctor("--listen", f"127.0.0.1:{port}")
    assert code == 3
    assert checks["listen"]["ok"] is False


def test_people_get_a_line_for_each_check_and_what_to_do():
    done = CliRunner().invoke(main, ["doctor", "--sut", f"seller=http://127.0.0.1:{free_port()}"])
    assert done.exit_code == 3
    assert "NO  TCP" in done.stdout
    assert "does it listen there?" in done.stdout
