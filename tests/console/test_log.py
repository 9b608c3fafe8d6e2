"""What the console says of exchanges: the log, reports, downloads and resources, whatever a stranger sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.report import WRITERS
from tests.console.served import Beside, ask, seller_with_console
from tests.console.test_events import until
from tests.console.trading import JSON, SLOW, Buyer

QUOTES = "/mefApi/sonata/quoteManagement/v8/quote"
SECRETS = ("hush-bearer-0123456789", "hush-cookie", "hush-query", "hush-member", "hush-user", "hush-own-header")
NASTY = "<script>alert(1)</script></script><img src=x onerror=alert(1)>\u202e\u2028"


@pytest.fixture(scope="module", params=["sqlite", "memory"])
def beside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A seller to which a right buyer, a nasty one and a talkative one have come."""
    folder = tmp_path_factory.mktemp("console")
    url = f"sqlite:///{folder / 'oit.sqlite3'}" if request.param == "sqlite" else None
    with seller_with_console(url, overlay=SLOW) as served:
        right = Buyer(served.seller, "right")
        right.quote()
        for _ in range(5):
            assert right.ask("quote", "/quote").status == 200
        root = f"{served.seller}/r/nasty{QUOTES}"
        ask(root, "POST", {"note": NASTY, "clientSecret": "hush-member"}, **JSON)
        ask(f"{root}/%3Cscript%3E?access_token=hush-query", Cookie="a=hush-cookie", X_Api_Key="hush-own-header",
            Authorization=f"Bearer {SECRETS[0]}", X_Note="<script>")  # fmt: skip
        ask(
            root,
            "POST",
            {"callback": "https://ann:hush-user@buyer.example/", "x": "y" * (5_000_000 if url else 5000)},
            **JSON,
        )
        ask(root, "POST", b"{not json" + NASTY.encode(), **JSON)
        yield served


def log(beside: Beside, query: str = "") -> list[dict[str, Any]]:
    answer = beside.get(f"/api/log{query}")
    assert answer.status == 200, answer.body
    return answer.json["exchanges"]


def test_the_log_shows_every_run_newest_first(beside: Beside):
    rows = log(beside)
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert {row["run"] for row in rows} == {"right", "nasty"}
    first = log(beside, "?run=right")[-1]
    assert first == {
        **first, "run": "right", "n": 1, "from": "buyer", "to": "seller", "api": "geographicAddress", "method": "POST",
        "status": 200, "verdict": "pass",
    }  # fmt: skip
    for run in ("right", "nasty"):
        numbers = [row["n"] for row in log(beside, f"?run={run}")]
        assert numbers == list(range(len(numbers), 0, -1))


@pytest.mark.parametrize(("query", "count"), [
    ("run=right", 7), ("run=nasty", 4), ("run=right&api=quote", 6), ("operation=listQuote", 5), ("status=201", 1),
    ("status=4xx&run=nasty", 4), ("direction=seller", 0), ("direction=buyer&run=right", 7), ("verdict=fail&run=right", 0),
    ("q=LISTQUOTE", 5), ("q=onerror", 2), ("q=%3Cscript%3E&run=right", 0), ("q=nowhere-to-be-found", 0),
    ("run=right&limit=3", 3), ("status=none", 0), ("run=&api=&q=&limit=1000", 11),
])  # fmt: skip
def test_the_log_is_filtered_and_searched(beside: Beside, query: str, count: int):
    assert len(log(beside, f"?{query}")) == count


def test_the_log_goes_on_where_it_ended(beside: Beside):
    whole = [(row["run"], row["n"]) for row in log(beside)]
    found: list[tuple[str, int]] = []
    before = ""
    while True:
        answer = beside.get(f"/api/log?limit=4&before={before}").json
        found += [(row["run"], row["n"]) for row in answer["exchanges"]]
        if not answer["more"]:
            break
        before = "{}:{}".format(*found[-1])
    assert found == whole
    last = log(beside, "?limit=1")[0]
    assert all(row["at"] < last["at"] for row in log(beside, f"?before={last['at'].replace('+', '%2B')}"))


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "status=999x", "status=ok", "direction=up",
                                   "before=yesterday", "before=2026-01-01"])  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(beside: Beside, query: str):
    answer = beside.get(f"/api/log?{query}")
    assert (answer.status, list(answer.json)) == (400, ["error"])


def test_what_is_not_there_is_404_as_json(beside: Beside):
    for path in ("/api/runs/nobody/report", "/api/runs/nobody/resources", "/api/log?run=nobody", "/api/waiting", "/x",
                 "/api/runs/right/download/docx", "/docs/../app.py", "/docs/index.html", "/static/app.js"):  # fmt: skip
        answer = beside.get(path)
        assert answer.status == 404, path
        assert isinstance(answer.json["error"], str)


def test_verdicts_are_said_of_runs_when_somebody_asks(beside: Beside):
    until(lambda: all(row["verdict"] for row in beside.get("/api/state").json["runs"]))
    rows = {row["id"]: row for row in beside.get("/api/state").json["runs"]}
    assert (rows["right"]["verdict"], rows["right"]["findings"]) == ("pass", 0)
    report = beside.get("/api/runs/nasty/report").json
    rows = {row["id"]: row for row in beside.get("/api/state").json["runs"]}
    assert rows["nasty"]["verdict"] == report["verdict"] == "fail"
    assert rows["nasty"]["findings"] == len(report["findings"])
    assert {"summary", "lives"} <= set(report["view"])


def test_no_secret_is_in_any_page_log_or_download(beside: Beside):
    paths = ["/api/state", "/api/log", "/api/runs/nasty/report", "/api/runs/nasty/resources"]
    paths += [f"/api/runs/nasty/download/{form}" for form in WRITERS]
    for path in paths:
        answer = beside.get(path)
        assert answer.status == 200, path
        found = [secret for secret in SECRETS if secret.encode() in answer.body]
        assert not found, f"{path} tells {found}"
    for secret in SECRETS:
        assert log(beside, f"?q={secret}") == [], "nor can it be found by searching"


def test_a_strangers_text_comes_as_json_only(beside: Beside):
    for path in ("/api/log?run=nasty", "/api/runs/nasty/report", "/api/runs/nasty/resources"):
        answer = beside.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        json.loads(answer.body)
    assert b"alert(1)" not in beside.get("/").body
    for form in WRITERS:
        answer = beside.get(f"/api/runs/nasty/download/{form}")
        assert answer.headers["content-disposition"].startswith("attachment; filename="), form
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    for wrong in ("<script>", "%3Cscript%3E"):
        answer = beside.get(f"/api/runs/{wrong}/report")
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json")


def test_the_contracts_are_served_with_swagger_ui_from_here(beside: Beside):
    page = beside.get("/docs/")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "start.js"):
        assert name.encode() in page.body
        assert beside.get(f"/docs/{name}").status == 200
    assert b"//" not in page.body.replace(b"<!doctype", b""), "it asks nobody else for anything"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    names = [one["url"] for one in json.loads(
        beside.get("/docs/start.js").body.decode().split("urls: ")[1].split(", dom_id")[0])]  # fmt: skip
    assert "quote.management.json" in names
    assert "productOrder.notification.json" in names
    for name in names:
        assert beside.get(f"/docs/{name}").json["openapi"].startswith("3.")


def test_a_contract_names_the_running_seller_which_is_called_by_way_of_the_console(beside: Beside):
    document = beside.get("/docs/quote.management.json").json
    own, plain = (server["url"] for server in document["servers"])
    assert all(beside.seller in server["description"] for server in document["servers"])
    assert b'supportedSubmitMethods: ["get","post","patch","delete"]' in beside.get("/docs/start.js").body
    root = beside.root + own.replace("{run}", "tried")
    hub = {"callback": "http://127.0.0.1:9/", "query": "eventType=quoteStateChangeEvent"}
    made = ask(f"{root}/hub", "POST", hub, X_OIT="1")
    assert made.status == 201, made.body
    assert ask(f"{root}/hub/{made.json['id']}", "DELETE", X_OIT="1").status == 204
    listed = beside.get(own.replace("{run}", "tried") + "/quote?limit=1&offset=0")
    assert (listed.status, listed.json, listed.headers["content-type"]) == (200, [], "application/json;charset=utf-8")
    refused = beside.get(plain + "/quote/none%2Fat%20all")
    assert (refused.status, refused.json["code"]) == (404, "notFound")
    rows = beside.get("/api/log?run=tried").json["exchanges"]
    assert [row["method"] for row in reversed(rows)] == ["POST", "DELETE", "GET"]


@pytest.mark.parametrize("path", ["/oit/judgement", "/r/x/oit/judgement", "/mefApi/sonata/quoteNotification/v8/listener/x",
                                  "/mefApi/sonata/quoteManagement/v8/../../../../oit/judgement", "/", "/r/x"])  # fmt: skip
def test_nothing_but_what_the_contracts_have_is_reached_by_way_of_the_console(beside: Beside, path: str):
    answer = beside.get(f"/emulator{path}")
    assert answer.status == 404
    assert "error" in answer.json
    elsewhere = beside.get("/docs/quote.notification.json").json["servers"]
    assert [server["url"] for server in elsewhere] == ["/elsewhere"]


def test_resources_of_a_run(beside: Beside):
    found = beside.get("/api/runs/right/resources").json
    quote = next(row for row in found["resources"] if row["kind"] == "quote")
    assert (quote["state"], quote["moves"], quote["api"]) == ("acknowledged", ["inProgress", "rejected"], "quote")
    assert quote["items"] == [{"id": "1", "state": "acknowledged"}]
    assert [entry["state"] for entry in quote["history"]] == ["acknowledged"]
    assert [timer["action"] for timer in quote["timers"]] == ["quote.advance"]
    assert "quoteStateChangeEvent" in quote["events"]
    assert found["now"] > quote["created"]
    assert beside.get("/api/runs/nasty/resources").json["subscriptions"] == []
