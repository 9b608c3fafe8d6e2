"""Whoever reads the report: with a keyboard, with a screen reader, in the dark, on a small screen, on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import until
from tests.browser.reports import failing_run, report_of

Show = Callable[..., Any]

VIEWS = ("/summary", "/finding/2", "/machines", "/requirement/MEF115-R52")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe() -> str:
    """The script of axe-core, from the package that carries it."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@cache
def short_run() -> dict[str, Any]:
    """The failing run with few exchanges and short bodies: axe looks at each word of a page, and takes its time."""
    run: dict[str, Any] = json.loads(json.dumps(failing_run()))
    kept = (15, 23, 24, 28)
    run["exchanges"] = [row for row in run["exchanges"] if row["n"] in kept]
    for row in run["exchanges"]:
        for half in ("request", "response"):
            for items in ("productOrderItem", "quoteItem", "productConfiguration", "place"):
                if isinstance(row[half]["body"], dict):
                    row[half]["body"].pop(items, None)
    run["findings"] = [row for row in run["findings"] if row["exchange"] in kept]
    run["requirements"] = [row for row in run["requirements"] if row["id"].startswith("MEF115")]
    return run


def complaints(page: Any, only: list[str] | None = None) -> list[tuple[str, str, str]]:
    """What axe finds wrong, and how grave: rule, impact and the elements. `only` names rules, else all of WCAG 2.2 AA."""
    page.evaluate(f"() => {{ {axe()} }}")
    chosen = {"type": "rule", "values": only} if only else {"type": "tag", "values": TAGS}
    found = page.evaluate(
        "runOnly => axe.run(document, {runOnly, resultTypes: ['violations'], iframes: false, preload: false})", chosen
    )
    return [
        (
            row["id"],
            row["impact"],
            "; ".join(node["html"][:160] + node.get("failureSummary", "") for node in row["nodes"][:3]),
        )
        for row in found["violations"]
    ]


def few_requirements(page: Any) -> None:
    """A grid of one guide: the others are more of the same."""
    page.evaluate("""() => { const all = OIT.app.catalogue.requirements;
        for (const id of Object.keys(all)) if (!id.startsWith('MEF115')) delete all[id]; }""")


@pytest.mark.parametrize(("scheme", "only"), [("light", None), ("dark", ["color-contrast", "link-in-text-block"])])
def test_axe_has_nothing_to_say_of_any_view(show: Show, scheme: str, only: list[str] | None) -> None:
    page = show(short_run(), color_scheme=scheme)
    few_requirements(page)
    for view in VIEWS:
        page.evaluate("hash => { location.hash = hash; }", view)
        until(page, f"'/' + [OIT.app.route.name, OIT.app.route.argument].filter(Boolean).join('/') === '{view}'")
        assert complaints(page, only) == [], view


def test_axe_has_nothing_to_say_of_a_list_of_runs_and_of_a_narrow_page(show: Show) -> None:
    runs = [short_run(), report_of("faults/notifications", "twice")]
    whole = {**{key: runs[0][key] for key in ("report_version", "tool", "counts")}, "verdict": "fail", "runs": runs}
    page = show(whole, viewport={"width": 390, "height": 780})
    assert complaints(page) == []
    page.evaluate("location.hash = '/run/1/exchange/15'")
    page.wait_for_selector(".message h2")
    assert complaints(page) == []
    for view in ("exchange/15", "conversation", "machines", "requirements", "summary"):
        page.evaluate(f"location.hash = '/run/1/{view}'")
        until(page, f"location.hash.endsWith('{view}') && OIT.app.route.name === '{view.partition('/')[0]}'")
        parts = "[...document.querySelectorAll('.row, .tools, .section, .card, .thing, .picker a, .top')]"
        wide = f"{parts}.filter(part => part.getBoundingClientRect().right > innerWidth + 1).length"
        assert page.evaluate(f"[document.documentElement.scrollWidth > innerWidth, {wide}]") == [False, 0], view


def test_a_keyboard_is_enough_to_find_a_breach_and_its_line(show: Show) -> None:
    page = show(failing_run(), "/conversation")

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"no Tab leads to {selector}")

    tab_to(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to("a[data-n]")
    assert page.evaluate("document.activeElement.dataset.n") == "1"
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.n") == "15"
    page.keyboard.press("Enter")
    until(page, "document.activeElement.matches('.message h2')")
    assert page.locator(".message h2").text_content().startswith("#15 ")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"
    tab_to("button.toline")
    page.keyboard.press("Enter")
    until(page, "document.activeElement.matches('[data-finding-line]')")
    page.keyboard.press("Escape")
    until(page, "document.activeElement.dataset.n === '15'")
    page.keyboard.press("End")
    assert page.evaluate("Number(document.activeElement.dataset.n)") == len(failing_run()["exchanges"])


def test_arrow_keys_show_one_message_after_another_once_one_is_open(show: Show) -> None:
    page = show(failing_run(), "/exchange/3")
    page.focus('a[data-n="3"]')
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".message h2:has-text('#4 ')")
    assert page.evaluate("document.activeElement.dataset.n") == "4"


def test_an_arrow_says_all_that_it_shows(show: Show) -> None:
    page = show(failing_run(), "/conversation")
    name = page.locator('a[data-n="15"]').get_attribute("aria-label")
    assert "Buyer to Seller: POST /productOrder, answered 201." in name
    assert name.endswith("2 breach")


def test_the_theme_follows_the_system_until_somebody_chooses(show: Show) -> None:
    page = show(failing_run(), color_scheme="dark")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    dark = ground()
    page.click("button.theme")
    assert ground() == dark
    page.click("button.theme")
    assert ground() != dark
    page.reload()
    page.wait_for_selector("main > *")
    assert ground() != dark


def test_on_paper_everything_is_laid_out_and_the_controls_are_gone(show: Show) -> None:
    page = show(failing_run(), "/exchange/15", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("""() => ({
        controls: [...document.querySelectorAll('.tools, .tabs, .theme')].every(e => getComputedStyle(e).display === 'none'),
        whole: document.querySelector('.rows').scrollHeight <= document.querySelector('.rows').clientHeight + 1,
        all: [...document.querySelectorAll('.row.x')].every(row => row.getBoundingClientRect().height > 10),
        light: getComputedStyle(document.documentElement).colorScheme,
    })""") == {"controls": True, "whole": True, "all": True, "light": "light"}  # fmt: skip
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.locator(".paper")
    assert page.locator("main").is_hidden()
    assert paper.locator(".thing:visible").count() == 5
    assert paper.locator(".paper-table tbody tr:visible").count() == len(failing_run()["findings"])
    assert paper.locator("button:visible, .more-places:visible").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main").is_visible()
    assert paper.count() == 0
    assert len(page.pdf()) > 20_000
