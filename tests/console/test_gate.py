"""Who may come in to the console: known by token, by host name, and by where a request comes from."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from flask import Flask

from emulator.console.gate import Door, is_loopback
from emulator.console.source import Role, Source
from emulator.console.tryout import tryout
from emulator.standard.release import load_release
from tests.cli.processes import partner
from tests.console.served import Beside, ask, seller_with_console


@pytest.fixture(scope="module")
def local() -> Iterator[Beside]:
    with seller_with_console() as beside:
        yield beside


@pytest.fixture(scope="module")
def wide() -> Iterator[Beside]:
    """A console that listens on every address."""
    with seller_with_console(host="0.0.0.0") as beside:
        yield beside


def test_on_loopback_nobody_needs_a_token(local: Beside):
    assert local.console.url == f"{local.root}/"
    page = local.get("/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"<!doctype html>" in page.body[:20]
    assert local.get("/api/state").json["role"] == "seller"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.1.2.3", "", "[::2]"])
def test_a_host_name_that_is_not_ours_is_refused(local: Beside, host: str):
    """A page whose name was made to point at us cannot read what we say."""
    answer = local.get("/api/state", Host=host)
    assert answer.status == 403
    assert "host" in answer.json["error"]


@pytest.mark.parametrize("host", ["localhost:9", "LOCALHOST", "127.0.0.1", "[::1]:8080"])
def test_names_of_this_machine_are_ours(local: Beside, host: str):
    assert local.get("/api/state", Host=host).status == 200


@pytest.mark.parametrize("headers", [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "http://evil.example", "X_OIT": "1"},
    {},
])  # fmt: skip
def test_a_post_of_somebody_else_is_refused(local: Beside, headers: dict[str, str]):
    answer = ask(f"{local.root}/api/control/done", "POST", {}, **headers)
    assert answer.status == 403
    assert "X-OIT" in answer.json["error"]


def test_a_page_of_others_reads_nothing_and_may_link_to_us(local: Beside):
    assert local.get("/api/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert local.get("/api/state", Origin="http://evil.example").status == 403
    assert local.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200
    assert "access-control-allow-origin" not in local.get("/api/state").headers


def test_a_page_may_run_and_ask_nothing_but_itself(local: Beside):
    policy = local.get("/").headers["content-security-policy"]
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert "unsafe" not in rules["script-src"]
    for path in ("/api/state", "/nothing", "/api/runs/x/report"):
        headers = local.get(path).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_beyond_loopback_a_token_is_needed_even_from_here(wide: Beside):
    root, token = f"http://127.0.0.1:{wide.console.port}", wide.console.door.token
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Basic {token}"},
                    {"Cookie": f"oit-console-{wide.console.port}={token}"}):  # fmt: skip
        for path in ("/", "/api/state", "/api/events", "/docs/"):
            assert ask(root + path, **headers).status == 403, (path, headers)
    assert ask(f"{root}/?token=nonsense").status == 403
    assert ask(f"{root}/api/state", Authorization=f"Bearer {token}").status == 200


def test_a_token_becomes_a_cookie_and_leaves_the_address(wide: Beside):
    root, token = f"http://127.0.0.1:{wide.console.port}", wide.console.door.token
    assert wide.console.url.endswith(f"/?token={token}")
    answer = ask(f"{root}//evil.example/?token={token}&view=log")
    assert (answer.status, answer.headers["location"]) == (303, "/evil.example/?view=log")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert token not in cookie
    assert ask(f"{root}/api/state", Cookie=cookie.partition(";")[0]).status == 200


def test_a_door_does_not_tell_its_token():
    door = Door("0.0.0.0")
    assert door.token not in repr(door)
    assert door.token != Door("0.0.0.0").token


@pytest.mark.parametrize(("host", "loopback"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True),
    ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.evil.example", False),
])  # fmt: skip
def test_what_is_loopback(host: str, loopback: bool):
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "path", ["/%5cevil.example/x", "//evil.example", "/%5C%5Cevil.example", "/%0d%0aSet-Cookie:%20a=b", "/%2f%5cevil"]
)
def test_the_token_leads_to_a_path_of_ours_whatever_the_address_is(wide: Beside, path: str):
    answer = wide.get(f"{path}?token={wide.console.door.token}")
    assert answer.status == 303
    place = answer.headers["location"]
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    assert not set(place) & set("\\\r\n")
    assert answer.headers["set-cookie"].startswith("oit-console-")


def test_only_calls_of_the_emulator_have_methods_of_their_own_and_they_come_from_our_page(local: Beside):
    place = "/emulator/mefApi/sonata/quoteManagement/v8/quote/none"
    for method in ("PATCH", "DELETE"):
        assert ask(f"{local.root}/api/state", method, X_OIT="1").status == 405
        assert ask(local.root + place, method, Origin="http://evil.example").status == 403
        assert ask(local.root + place, method, Origin=local.root).status == 405  # the seller's: no contract has it
    assert ask(local.root + place, "PUT", X_OIT="1").status == 405


@pytest.mark.parametrize("path", [
    "/%5cevil.example/x", "//evil.example/", "/api//state", "/emulator//evil.example/x", "/docs%0d%0aX-A:b", "/%0d%0aX-A:%20b",
    "/api//runs/%0d%0aX-A:b/report", "/emulator/%5c%5cevil.example", "/docs//", "/docs/%5c..%5c", "/%00", "/api/runs/%0d%0aX-A:b/download/x",
])  # fmt: skip
def test_no_address_leads_to_another_that_is_made_of_it(local: Beside, path: str):
    answer = local.get(path)
    assert answer.status == 404
    assert "location" not in answer.headers
    assert "x-a" not in answer.headers
    assert answer.json["error"]


def test_the_docs_are_the_one_address_that_gains_a_slash(local: Beside):
    answer = local.get("/docs?a=%0d%0aX-A:b")
    assert answer.status == 308
    assert answer.headers["location"].startswith(f"{local.root}/docs/?a=")
    assert "x-a" not in answer.headers
    assert local.get("/docs", Host="evil.example").status == 403


def test_a_redirect_of_the_emulators_is_not_followed_by_way_of_the_page():
    answer = b"HTTP/1.1 %s\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    path = "/emulator/mefApi/sonata/quoteManagement/v8/quote/none"
    for status, place in ((b"302 Found", None), (b"201 Created", "http://evil.example/")):
        with partner(answer % status) as url:
            app = Flask("console")
            app.register_blueprint(
                tryout(cast(Source, SimpleNamespace(role=Role.SELLER, emulator=url)), load_release().contracts())
            )
            got = app.test_client().get(path)
        assert (got.status_code, got.headers.get("Location")) == (int(status[:3]), place)
