"""What strangers send stays text, however much there is of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emulator.report.rows import exchange_json
from tests.browser.conftest import until
from tests.browser.reports import passing_run
from tests.judge.exchanges import exchange
from tests.report.runs import report

Show = Callable[..., Any]

SCRIPT = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
LINK = "javascript:window.broken=1"
TURNED = "a\u202eb\u2066c\u200fd\u0000e\ufefff"


def test_markup_links_and_turned_text_are_shown_as_text(show: Show) -> None:
    told = report(
        exchange(
            {SCRIPT: SCRIPT, "href": LINK, "state": TURNED, "__proto__": {"x": SCRIPT}, "constructor": 1},
            sent={"id": SCRIPT, "note": LINK},
            path=f"/geographicAddress/{SCRIPT}?q={TURNED}",
            headers=(("X-Evil", SCRIPT), ("X-Turned", TURNED), ("Content-Type", "application/json")),
            method="POST",
            operation=SCRIPT,
        ),
        exchange(SCRIPT.encode() + TURNED.encode() + b"\xff", headers=(("Content-Type", "text/html"),)),
        title=SCRIPT,
        case=TURNED,
        scenario=SCRIPT,
    )
    for finding in told["findings"]:
        finding.update(message=SCRIPT + TURNED, found=SCRIPT, expected=LINK, pointer=f"/{SCRIPT}")
    page = show(told, "/exchange/1")
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    text = page.locator(".message").text_content()
    assert SCRIPT in text
    assert LINK in text
    for address in ("/exchange/2", "/summary", "/machines", "/requirements", "/conversation", f"/requirement/{SCRIPT}"):
        page.evaluate("hash => { location.hash = encodeURI(hash); }", address)
        until(page, "OIT.app.main.firstChild !== null")
        assert page.evaluate("window.broken") is None
        assert (
            page.evaluate(
                "document.querySelectorAll('img, iframe, object, embed, form, body > script:not([type]) ~ script').length"
            )
            == 0
        )
        links = page.eval_on_selector_all("a", "links => links.map(link => link.getAttribute('href'))")
        assert all(link.startswith("#") for link in links)
    page.evaluate("location.hash = '/exchange/1'")
    page.wait_for_selector(".message h2")
    assert page.locator(".message .unseen").all_text_contents()[:2] == ["U+202E", "U+2066"]
    shown = page.evaluate("document.querySelector('#oit').textContent")
    assert "\u202e" not in shown
    assert "\u2066" not in shown
    assert "\\u202e" in page.locator('[aria-label="Body of the response"]').text_content()


def test_a_policy_forbids_what_a_hole_would_need(show: Show) -> None:
    page = show(report(), tries="Content Security Policy")
    assert page.evaluate("""async () => {
        const script = document.createElement('script');
        script.textContent = 'window.broken = 1';
        document.body.append(script);
        let refused = false;
        try { await fetch('https://example.org/'); } catch { refused = true; }
        return [window.broken === undefined, refused];
    }""") == [True, True]  # fmt: skip


def test_five_megabytes_of_text_are_cut_and_can_be_had_whole(show: Show) -> None:
    told = report(
        exchange({"note": "x" * 5_000_000, "id": "1"}),
        exchange(b"<p>" + b"y" * 5_000_000),
        exchange({"list": [{"id": str(n)} for n in range(9_000)]}),
    )
    page = show(told, "/exchange/1")
    assert page.evaluate("document.querySelector('.message').textContent.length") < 100_000
    page.click("text=show all 5,000,002 characters")
    assert page.evaluate("document.querySelector('.message .code').textContent.length") > 5_000_000
    page.evaluate("location.hash = '/exchange/2'")
    page.wait_for_selector(".message h2:has-text('#2')")
    assert page.locator(".message .ln").count() <= 400
    page.click("text=show all: 2,101 more lines")
    until(page, "document.querySelectorAll('.message .ln').length === 2501")
    page.evaluate("location.hash = '/exchange/3'")
    page.wait_for_selector(".message h2:has-text('#3')")
    assert page.locator(".message .ln").count() <= 400


def test_masked_secrets_are_masked_on_the_page(show: Show) -> None:
    sent = exchange(
        {"access_token": "sesame-1", "note": "Bearer sesame-22222222"},
        sent={"client_secret": "sesame-3"},
        path="/geographicAddress/1?client_secret=sesame-4",
        headers=(("Set-Cookie", "sesame-5"), ("Content-Type", "application/json")),
        method="POST",
    )
    told = report(sent)
    assert told["exchanges"][0] == json.loads(json.dumps(exchange_json(sent) | {"n": 1}))
    page = show(told, "/exchange/1")
    held = page.content()
    assert "***" in held
    assert [n for n in (1, 3, 4) if f"sesame-{n}" in held] == []


def test_two_thousand_exchanges_open_scroll_and_are_searched(show: Show) -> None:
    run = json.loads(json.dumps(passing_run()))
    for row in run["exchanges"]:
        row["response"]["body"] = {"id": f"id-of-{row['n']}", "state": "acknowledged"}
    run["exchanges"] = [{**run["exchanges"][n % len(run["exchanges"])], "n": n + 1, "step": None} for n in range(2_000)]
    page = show(run, "/conversation")
    assert page.locator(".row.x svg.arrow").count() == 2_000
    rows = page.locator(".rows")
    rows.evaluate("list => { list.scrollTop = list.scrollHeight; }")
    page.locator('a[data-n="2000"]').click()
    page.wait_for_selector(".message h2:has-text('#2000')")
    page.fill("#x-filter", "#1999 ")
    assert page.locator(".row.x:visible").count() == 1
    assert page.locator('[role="status"]').first.text_content() == "1 of 2,000 exchanges"
