"""The HTML report in a real browser: what is drawn, what a click opens, where the pins stand."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from emulator.report.html import view
from emulator.report.html.catalogue import catalogue
from emulator.standard.release import load_release
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
    assert changed["/state"] == '"accepted"'


def test_the_state_machine_shows_the_way_and_the_illegal_change_with_its_witnesses(show: Show) -> None:
    report = failing_run()
    page = show(report, "/machines")
    page.wait_for_selector(".edge.bad")
    assert page.locator(".picker a[aria-current]").text_content().startswith("quote")
    assert page.locator(".box.hurt.v-fail").text_content().startswith("inProgress")
    assert "3 findings on it" in page.locator(".life-findings").text_content()
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
    page.wait_for_selector('button.count[aria-pressed="true"]:has-text("breach")')
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
    things = page.locator(".fix > .things > .thing")
    assert things.count() == 3
    assert "8 findings" in things.first.text_content()
    assert "createProductOrder, retrieveProductOrder at /relatedContactInformation" in things.first.text_content()
    assert things.first.locator(".more-places summary").text_content() == "7 more"
    assert things.first.locator(".more-places a").count() == 7
    assert page.locator(".rest .thing").count() == 2
    steps = page.locator(".steps li")
    assert "played ✓ · 2 findings" in steps.filter(has_text="order-create").text_content()
    assert "✓ passed" in steps.filter(has_text="poq-create").text_content()
    counted = {c.split()[1]: c.split()[0] for c in page.locator(".tally .count").all_inner_texts()}
    page.click(".tally .count.v-fail")
    ticks = page.locator(".requirements .count.v-fail .number")
    ticks.first.wait_for()
    assert [counted["✕"]] == ticks.all_text_contents() == [str(page.locator(".cell.v-fail:visible").count())]
    page.go_back()
    assert "sellerContact" in things.first.text_content()
    things.first.locator("a.go").click()
    page.wait_for_selector(".card.chosen")


def several(*runs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The report of several runs."""
    return {
        **{key: runs[0][key] for key in ("report_version", "tool", "counts")}, "verdict": "fail", "runs": list(runs), **more,
    }  # fmt: skip


def test_several_runs_have_a_list_and_each_run_its_views(show: Show) -> None:
    placed = copy.deepcopy(passing_run())
    placed["run"]["file"] = "scenarios/here/one.oit.yaml"
    runs = [placed, failing_run(), copy.deepcopy(failing_run())]
    runs[2]["run"]["file"] = "scenarios/here/two.oit.yaml"
    left = {"scenario": "odd", "case": "late", "row": 1, "why": "needs 30 days"}
    page = show(several(*runs, left_out=[left]))
    assert page.locator(".runs tbody tr").count() == 3
    folders = page.locator(".folder").all_inner_texts()
    assert [text.splitlines()[0].split()[0] for text in folders] == ["Without", "scenarios/here"]
    assert page.locator(".folder").nth(1).locator("tbody td:first-child").all_inner_texts() == ["✕ Failed", "✓ Passed"]
    row = page.locator(".runs tr.v-fail").first.text_content()
    assert "the message names no contact with role sellerContact · the Seller’s" in row
    assert "12 breaches" in row
    first = page.locator(".fix > .things > .thing").first.text_content()
    assert "16 findings in 2 runs" in first
    assert "Look at it in exchange 15 of run 2" in first
    assert "the Seller at http://127.0.0.1:" in page.locator(".page > .facts").text_content()
    assert "needs 30 days: odd [late] #2" in page.locator("main").text_content()
    page.locator(".thing a.go").first.click()
    page.wait_for_selector(".card.chosen")
    assert page.evaluate("location.hash") == "#/run/2/finding/2"
    page.evaluate("location.hash = '/runs'")
    page.click(".runs tr.v-fail a")
    page.wait_for_selector(".banner h1:has-text('Failed')")
    page.click("nav.tabs a:has-text('Conversation')")
    page.wait_for_selector(".row.x")
    assert page.locator(".row.x").count() == len(runs[1]["exchanges"])
    page.click("text=all runs")
    page.click("nav.tabs a:has-text('Requirements')")
    page.wait_for_selector(".cell.v-fail")


@pytest.mark.parametrize(("address", "selector", "says", "leads"), [
    ("/exchange/2", ".message h2", "#2 ", "#/run/2/exchange/2"),
    ("/run/1/exchange/3", ".message h2", "#3 ", "#/run/1/exchange/3"),
    ("/finding/1", ".card.chosen", "", "#/run/2/finding/1"),
    ("/requirement/MEF115-R52", ".pane h2", "MEF115-R52", "#/requirement/MEF115-R52"),
    ("/run/9/exchange/2", ".hint", "There is no run 9", "#/run/9/exchange/2"),
    ("/exchange/999", ".hint", "No run of this report has exchange 999", "#/exchange/999"),
])  # fmt: skip
def test_an_address_is_kept_in_a_report_of_several_runs(
    show: Show, address: str, selector: str, says: str, leads: str
) -> None:
    page = show(several(passing_run(), failing_run()), address)
    page.wait_for_selector(selector)
    assert says in page.locator(selector).first.text_content()
    assert page.evaluate("location.hash") == leads


def test_copy_as_curl_is_at_every_finding_and_has_names_where_secrets_were(show: Show) -> None:
    report = copy.deepcopy(failing_run())
    number, finding = the(report, "MEF123-R17.contact")
    one = exchange(report, finding["exchange"])
    one["request"]["headers"] = {"Authorization": "Bearer ***", "X-API-Key": "***", "X-Quoted": "'***'\"$HOME`x`"}
    one["request"]["body"] = {"note": "it's", "password": "***"}
    page = show(report, f"/finding/{number}", permissions=["clipboard-read", "clipboard-write"])
    assert page.locator(".card").count() == page.locator(".card .curl-line button").count() == 2
    page.locator(".card.chosen .curl-line button").click()
    page.wait_for_selector("text=copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    # A shell reads it as it was meant; nothing in it runs.
    printed = copied.replace("curl", "printf '%s\\0'", 1)
    words = subprocess.run(
        ["/bin/sh", "-c", printed], check=True, capture_output=True, text=True, timeout=10,
        env={"AUTHORIZATION": "t0k", "X_API_KEY": "k", "X_QUOTED": "q", "SECRET": "s"},
    ).stdout.split("\0")  # fmt: skip
    assert words == [
        "-X", "POST", one["request"]["url"], "-H", "Authorization: Bearer t0k", "-H", "X-API-Key: k",
        "-H", "X-Quoted: 'q'\"$HOME`x`", "--data-raw", '{"note":"it\'s","password":"s"}', "",
    ]  # fmt: skip
    assert "***" not in copied
    page.evaluate("location.hash = '/summary'")
    page.wait_for_selector(".banner")
    assert page.locator(".thing").count() == page.locator(".thing .curl-line button").count()


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


def test_what_was_not_met_is_told_with_its_cause_and_a_passed_run_with_what_it_has_seen(show: Show) -> None:
    report = copy.deepcopy(passing_run())
    page = show(report)
    assert page.locator(".seen h2").text_content() == "What was seen"
    assert "requirements that can be seen on the wire" in page.locator(".seen").text_content()
    assert page.locator(".seen details .cell.v-pass").count() == int(
        page.locator(".tally .v-pass .number").text_content()
    )
    report["steps"][3] |= {"outcome": "unmet", "cause": "data", "blame": "inputs", "message": "422 referenceNotFound"}
    report |= {
        "verdict": "inconclusive",
        "unattributed": [{"entry": 3, "method": "GET", "url": "/x", "why": "its body is cut"}],
    }
    page.evaluate("report => OIT.show(report)", view(report))
    thing = page.locator(".thing").text_content()
    assert "poq-create: " in thing
    assert catalogue(load_release())["causes"]["data"] in thing
    assert "--var" in thing
    assert "unmet" in page.locator(".steps li").nth(3).text_content()
    assert "Not judged (1 of the file’s entries)" in page.locator("main").text_content()
    assert page.locator(".thing.v-fail, .steps .v-fail").count() == 0
    page.evaluate("report => OIT.show(report)", view({**report, "verdict": "skipped", "steps": []}))
    assert "Skipped" in page.locator(".banner").text_content()


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
    said = page.locator("section", has_text="Excused, Not seen").last.text_content()
    assert "20 findings are excused as known failures. Without that: ✕ Failed" in said
    assert "MEF115-R52" in said
    assert page.locator(".tally .v-fail").count() == 0
    assert page.locator(".tally .v-excused .number").text_content() == "1"
    assert "passed · 2 excused" in page.locator(".steps li", has_text="order-create").text_content()
    page.evaluate("location.hash = '/finding/1'")
    page.wait_for_selector(".message h2")
    assert "Excused until 2026-12-31, ops: next release https://x.test/1" in page.locator(".card").first.text_content()
