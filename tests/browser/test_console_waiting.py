"""The waiting room in a real browser, beside a run that waits for a buyer; and a console that goes away and comes back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.consoles import Beside, console
from tests.cli.partner_buyer import BASE, Refused
from tests.cli.processes import free_port

SCENARIO = "scenarios/quote/firm-deferred.oit.yaml"


@pytest.fixture
def beside() -> Iterator[Beside]:
    with console("run", SCENARIO, "--sut", "buyer", "--within", "10m") as found:
        yield found


def test_the_waiting_room_says_what_is_awaited_goes_on_and_ends(browser: Any, beside: Beside) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(15000)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{beside.console}#/waiting")
    page.wait_for_selector(".awaits")
    awaited = beside.get("/api/waiting")["awaited"][0]
    card = page.locator(".awaits").first
    assert card.locator(".request").text_content() == f"{awaited['method']} {awaited['url']}"
    assert card.locator(".until").text_content().startswith(("9 min", "10 min"))
    shown = card.locator(".code .ln code").all_text_contents()
    assert json.loads("\n".join(shown)) == awaited["body"]
    total = beside.get("/api/waiting")["steps"]["all"]
    assert page.locator(".progress").text_content().strip() == f"0 of {total} steps done"
    card.get_by_role("button", name="Copy as curl").click()
    expect(card.locator(".wanted .copy")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X '{awaited['method']}' '{awaited['url']}'")
    buyer = beside.buyer()
    path = awaited["url"].removeprefix(beside.url)
    near = {**awaited["body"], "submittedGeographicAddress": 4}
    with contextlib.suppress(Refused):
        buyer.ask("POST", path, near)
    nearest = card.locator(".hint")
    nearest.wait_for()
    assert beside.get("/api/waiting")["awaited"][0]["nearest"]["reason"] in nearest.text_content()
    buyer.ask("POST", path, awaited["body"])
    expect(page.locator(f"[data-step='{awaited['step']}']")).to_have_count(0)
    expect(page.locator(".progress")).to_contain_text(f"1 of {total} steps done")
    page.get_by_role("button", name="Nothing more comes", exact=True).click()
    page.wait_for_selector("h1:has-text('Nothing is awaited any more')")
    expect(page.locator("h1 .verdict-link")).to_contain_text("Failed")
    page.get_by_role("link", name="See what became of the run").click()
    page.wait_for_selector(".banner h1")
    # Asked in the very moment in which the run ends, the server says that nothing is awaited: 404, as it should.
    assert [each for each in errors if "404" not in each] == []
    context.close()


def test_a_console_that_goes_away_is_told_of_and_comes_back_by_itself(browser: Any) -> None:
    port = str(free_port())
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20000)
    with console("seller", "--database", "memory", port=port) as found:
        found.buyer("before").ask("GET", f"{BASE['quote']}/quote")
        page.goto(found.console)
        page.wait_for_selector('tr[data-run="before"]')
    page.wait_for_selector(".light.lost")
    assert "may be old" in page.locator(".notice").text_content()
    assert page.locator('tr[data-run="before"]').count() == 1
    with console("seller", "--database", "memory", port=port):
        page.wait_for_selector(".light.live")
        page.wait_for_selector('tr[data-run="before"]', state="detached")
        assert not page.locator(".notice").is_visible()
    context.close()
