"""The HTML report in a real browser: what is drawn, what a click opens, where the pins stand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import until
from tests.browser.reports import failing_run, passing_run, report_of
from tests.report.runs import report as made

Show = Callable[..., Any]


def line_of(body: Any, pointer: str) -> int:
    """The number of the line, from 1, on which a place of a body stands when Python writes it."""
    spot = "\u0001here\u0001"
    marked = copy.deepcopy(body)
    *way, last = pointer.split("/")[1:]
    holder = marked
    for name in way:
        holder = holder[int(name) if isinstance(holder, list) else name]
    holder[int(last) if isinstance(holder, list) else last] = spot
    lines = json.dumps(marked, indent=2).splitlines()
    return next(number for number, line in enumerate(lines, 1) if "\\u0001here" in line)


def the(report: dict[str, Any], rule: str) -> tuple[int, dict[str, Any]]:
    """The first finding of a rule, and its number from 1."""
    return next((n, row) for n, row in enumerate(report["findings"], 1) if row["rule"] == rule)


def exchange(report: dict[str, Any], n: int) -> dict[str, Any]:
    return next(row for row in report["exchanges"] if row["n"] == n)


def test_the_diagram_has_an_arrow_for_each_exchange_in_order(show: Show) -> None:
    report = report_of("faults/notifications")
    page = show(report, "/conversation")
    drawn = page.eval_on_selector_all(".row.x", """rows => rows.map(row => ({
        n: Number(row.querySelector('a').dataset.n), lines: row.querySelectorAll('svg.arrow line').length,
        dashed: getComputedStyle(row.querySelector('svg.arrow line')).strokeDasharray !== 'none',
        left: row.querySelector('.lane').classList.contains('left')}))""")  # fmt: skip
    assert [row["n"] for row in drawn] == [row["n"] for row in report["exchanges"]]
    assert {row["lines"] for row in drawn} == {1}
    notifications = [row["n"] for row in report["exchanges"] if row["kind"] == "notification"]
    assert notifications
    assert [row["n"] for row in drawn if row["dashed"]] == notifications
    assert [row["n"] for row in drawn if row["left"]] == notifications


def test_verdicts_are_told_by_colour_and_by_a_sign(show: Show) -> None:
    report = failing_run()
    page = show(report, "/conversation")
    broken = {row["exchange"] for row in report["findings"] if row["verdict"] == "fail"}
    seen = page.eval_on_selector_all(".row.x", """rows => rows.map(row => [Number(row.querySelector('a').dataset.n),
        getComputedStyle(row.querySelector('line')).stroke, row.querySelector('.sign').firstChild.textContent])""")  # fmt: skip
    assert {n for n, _, sign in seen if sign == "✕"} == broken
    assert len({stroke for n, stroke, _ in seen if n in broken}) == 1
    assert not {stroke for n, stroke, _ in seen if n in broken} & {stroke for n, stroke, _ in seen if n not in broken}


@pytest.mark.parametrize(("case", "says"), [("twice", "duplicate"), ("out-of-order", "out of order")])
def test_odd_events_are_drawn_as_such(show: Show, case: str, says: str) -> None:
    page = show(report_of("faults/notifications", case), "/conversation")
    assert says in page.locator(".row.x .tag.odd").all_text_contents()


def test_lost_events_and_jumps_of_the_clock_have_rows_of_their_own(show: Show) -> None:
    report = copy.deepcopy(report_of("faults/notifications", "dropped"))
    line = next(line for entry in report["events"] for line in entry["timeline"] if line["exchange"] is None)
    line["marks"] = ["never_arrived"]
    report["exchanges"][-1]["at"] = "2030-01-01T00:00:00.000Z"
    page = show(report, "/conversation")
    assert line["text"] in page.locator(".row.lost").first.text_content()
    assert page.locator(".row.lost .cross").count() >= 1
    assert "later" in page.locator(".row.jump").last.text_content()


def test_a_click_opens_the_message_of_that_exchange(show: Show) -> None:
    report = failing_run()
    page = show(report, "/conversation")
    page.click('a[data-n="9"]')
    page.wait_for_selector(".message h2")
    assert page.url.endswith("#/exchange/9")
    assert page.locator(".message h2").text_content() == "#9 createQuote"
    shown = page.locator('[aria-label="Body of the response"] .ln code').all_text_contents()
    wanted = json.dumps(exchange(report, 9)["response"]["body"], indent=2, ensure_ascii=False).splitlines()
    assert [line.partition(" ←")[0] for line in shown] == wanted


@pytest.mark.parametrize("rule", ["MEF115.path-firm", "contract.unknown-member", "MEF123-R17.contact"])
def test_the_pin_of_a_finding_stands_on_its_line_and_says_what_was_expected(show: Show, rule: str) -> None:
    report = failing_run()
    number, finding = the(report, rule)
    page = show(report, f"/finding/{number}")
    line = line_of(exchange(report, finding["exchange"])["response"]["body"], finding["pointer"])
    note = page.locator(f'[data-finding-line="{number}"]')
    pinned = note.locator(
        "xpath=ancestor::div[contains(@class,'note')]/preceding-sibling::div[contains(@class,'ln')][1]"
    )
    assert pinned.get_attribute("data-line") == str(line)
    assert pinned.locator("xpath=ancestor::div[@role='region']").get_attribute("aria-label") == "Body of the response"
    said = note.text_content()
    assert "expected" in said
    assert "found" in said
    card = page.locator(f'[data-finding="{number}"]')
    assert "chosen" in card.get_attribute("class")
    assert finding["message"] in card.text_content()


def test_a_pin_of_something_that_is_not_there_stands_on_what_is_around_it(show: Show) -> None:
    report = copy.deepcopy(passing_run())
    report["findings"] = [
        {"rule": "x.y", "requirements": [], "verdict": "fail", "blame": "seller", "exchange": 9, "pointer": "/quoteItem/0/gone",
         "expected": "a value", "found": None, "message": "/quoteItem/0/gone is missing"}
    ]  # fmt: skip
    page = show(report, "/exchange/9")
    line = line_of(exchange(report, 9)["response"]["body"], "/quoteItem/0/id") - 1
    assert page.locator(".ln.pinned").get_attribute("data-line") == str(line)
    assert "/quoteItem/0/gone" in page.locator("[data-finding-line]").text_content()


def test_what_a_line_satisfies_is_pinned_there(show: Show) -> None:
    report = passing_run()
    page = show(report, "/exchange/9")
    line = line_of(exchange(report, 9)["response"]["body"], "/id")
    pin = page.locator(f'[aria-label="Body of the response"] [data-line="{line}"] button.pin')
    assert "satisfies MEF115-R27 here" in pin.get_attribute("aria-label")
    pin.click()
    assert "MEF115-R27" in page.locator(f'[data-line="{line}"] + .note').text_content()


def test_an_id_leads_to_the_exchange_that_gave_it(show: Show) -> None:
    report = passing_run()
    order = next(row for row in report["exchanges"] if row["operation"] == "createProductOrder")
    quote = next(row for row in report["exchanges"] if row["operation"] == "createQuote")
    page = show(report, f"/exchange/{order['n']}")
    given = quote["response"]["body"]["id"]
    line = page.locator('[aria-label="Body of the request"] .ln', has_text=f'"{given}"').first
    line.locator("a.origin").click()
    until(page, f"location.hash === '#/exchange/{quote['n']}'")


def test_a_resource_has_its_history_with_what_changed_since(show: Show) -> None:
    report = passing_run()
    reads = [row["n"] for row in report["exchanges"] if row["api"] == "quote"]
    page = show(report, f"/exchange/{reads[-1]}")
    assert [int(text[1:]) for text in page.locator(".sightings a").all_text_contents()] == reads
    changed = dict(
        page.eval_on_selector_all(
            ".diff tbody tr", "rows => rows.map(r => [r.children[0].textContent, r.children[2].textContent])"
        )
    )
    assert changed["/state"] == "accepted"


def test_the_state_machine_shows_the_way_and_the_illegal_change_with_its_witnesses(show: Show) -> None:
    report = failing_run()
    page = show(report, "/machines")
    page.click("text=illegal change")
    page.wait_for_selector(".edge.bad")
    assert page.locator(".edge.path").count() >= 4
    row = page.locator(".edges tr.v-fail")
    assert "not allowed" in row.text_content()
    witness = row.locator("a").last
    number = int(witness.text_content().partition("#")[2])
    assert number == the(report, "MEF115.path-firm")[1]["exchange"]
    witness.click()
    page.wait_for_selector(f'.message h2:has-text("#{number}")')


def test_the_grid_is_coloured_filtered_and_leads_to_the_exchanges_that_prove(show: Show) -> None:
    report = failing_run()
    page = show(report, "/requirements")
    failed = {row["id"] for row in report["requirements"] if row["verdict"] == "fail"}
    assert failed
    labels = page.eval_on_selector_all(
        ".cell.v-fail", "cells => cells.map(c => c.getAttribute('aria-label').split(' ')[0])"
    )
    assert set(labels) == failed
    page.click('button.count[aria-pressed="false"]:has-text("breach")')
    assert page.locator(".cell:visible").count() == len(failed)
    page.click(".cell.v-fail")
    page.wait_for_selector(".pane h2")
    proof = page.locator(".pane a.xref").first
    number = proof.text_content().removeprefix("#")
    proof.click()
    page.wait_for_selector(f'.message h2:has-text("#{number}")')


@pytest.mark.parametrize(
    ("address", "selector", "says"),
    [
        ("/exchange/12", ".message h2", "#12 retrieveQuote"),
        ("/requirement/MEF115-R52", ".pane h2", "MEF115-R52"),
        ("/life/1", ".machine h1", "productOfferingQualification"),
        ("/exchange/999", ".empty p", "There is no exchange 999 in this run."),
        ("/no/such/place", ".banner h1", "Passed"),
        ("/exchange/%E0%A4%A", ".empty p", "There is no exchange"),
    ],
)
def test_an_address_within_the_page_is_kept(show: Show, address: str, selector: str, says: str) -> None:
    page = show(passing_run(), address)
    page.wait_for_selector(selector)
    assert says in page.locator(selector).first.text_content()


def test_the_summary_names_the_verdict_whose_it_is_and_what_to_fix_first(show: Show) -> None:
    page = show(failing_run())
    assert page.locator("h1").text_content() == "Failed"
    assert "The Seller breaks the standard" in page.locator(".banner").text_content()
    assert "Seller under test" in page.locator(".blame").text_content()
    things = page.locator(".thing")
    assert things.count() == 3
    assert "sellerContact" in things.first.text_content()
    things.first.locator("a.go").click()
    page.wait_for_selector(".card.chosen")


def test_several_runs_have_a_list_and_each_run_its_views(show: Show) -> None:
    runs = [passing_run(), failing_run()]
    whole = {**{key: runs[0][key] for key in ("report_version", "tool", "counts")}, "verdict": "fail", "runs": runs}
    page = show(whole)
    assert page.locator(".runs tbody tr").count() == 2
    page.click(".runs tr.v-fail a")
    page.wait_for_selector(".banner h1:has-text('Failed')")
    page.click("nav.tabs a:has-text('Conversation')")
    assert page.locator(".row.x").count() == len(runs[1]["exchanges"])
    page.click("text=all runs")
    page.click("nav.tabs a:has-text('Requirements')")
    page.wait_for_selector(".cell.v-fail")


def test_copy_as_curl_keeps_secrets_masked(show: Show) -> None:
    report = copy.deepcopy(passing_run())
    one = exchange(report, 9)
    one["request"]["headers"]["Authorization"] = "***"
    one["request"]["body"]["note"] = "it's"
    page = show(report, "/exchange/9", permissions=["clipboard-read", "clipboard-write"])
    page.click("text=Copy as curl")
    page.wait_for_selector("text=copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"curl -X 'POST' '{one['request']['url']}'")
    assert "-H 'Authorization: ***'" in copied
    assert "it'\\''s" in copied


def test_an_update_leaves_the_reader_where_they_are(show: Show) -> None:
    report = failing_run()
    page = show(report, "/exchange/20")
    page.evaluate("OIT.update(structuredClone(OIT.app.report))")
    page.fill("#x-filter", "e")
    page.locator(".rows").evaluate("list => { list.scrollTop = 300; list.dataset.kept = 'yes'; }")
    page.locator(".pane").evaluate("pane => { pane.scrollTop = 250; }")
    page.locator('a[data-n="12"]').evaluate("link => { link.closest('li').dataset.kept = 'yes'; }")
    page.focus("#x-filter")
    page.evaluate("""() => {
        const report = structuredClone(OIT.app.report);
        const last = structuredClone(report.exchanges.at(-1));
        report.exchanges.push({...last, n: last.n + 1, step: null});
        report.findings.push({...report.findings[0], exchange: 13, requirements: []});
        OIT.update(report);
    }""")  # fmt: skip
    assert page.locator(".row.x").count() == len(report["exchanges"]) + 1
    assert page.locator('a[data-n="13"]').evaluate("link => link.closest('li').className").count("v-warning") == 1
    assert page.locator(".rows").evaluate("list => [list.scrollTop, list.dataset.kept]") == [300, "yes"]
    assert page.locator('a[data-n="12"]').evaluate("link => link.closest('li').dataset.kept") == "yes"
    assert page.locator(".pane").evaluate("pane => pane.scrollTop") == 250
    assert page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["x-filter", "e"]
    assert page.locator(".message h2").text_content() == "#20 retrieveProductOrder"


def test_a_report_without_its_view_is_shown_as_far_as_it_goes(show: Show) -> None:
    page = show(passing_run(), "/conversation")
    page.evaluate("report => OIT.show(report)", json.loads(json.dumps(made())))
    assert page.locator(".row.x").count() == 1


def test_excused_findings_say_who_excused_them_and_until_when(show: Show) -> None:
    report = copy.deepcopy(failing_run())
    excuse = {
        "owner": "ops",
        "reason": "next release",
        "link": "https://x.test/1",
        "expires": "2026-12-31",
        "where": "k.yaml:1:1",
    }
    for row in report["findings"]:
        row["excused"] = excuse
    report["excused"] = {"findings": len(report["findings"]), "steps": 0, "otherwise": "fail"}
    report["covers"] = {"strict": True, "asked": ["MEF115-R52"], "not_seen": ["MEF115-R52"]}
    page = show(report)
    said = page.locator("section", has_text="Excused and not seen").last.text_content()
    assert "20 findings and 0 steps are excused" in said
    assert "MEF115-R52" in said
    page.evaluate("location.hash = '/finding/1'")
    page.wait_for_selector(".message h2")
    assert "Excused until 2026-12-31, ops: next release https://x.test/1" in page.locator(".card").first.text_content()
