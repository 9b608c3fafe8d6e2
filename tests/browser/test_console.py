"""The live console in a real browser, beside a real seller: what happens is seen, and what is pressed happens."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from emulator.report import WRITERS
from tests.browser.conftest import USUAL, Opened, until
from tests.browser.consoles import Beside, console, quote, slow_profile, validate
from tests.browser.test_access import complaints
from tests.cli.partner_buyer import BASE, Refused

Look = Callable[..., Any]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u202ejavascript:alert(1)"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A seller that takes an hour for each step, with its console."""
    profile = slow_profile(tmp_path_factory.mktemp("profile"))
    with console("seller", "--profile", str(profile)) as found:
        yield found


@pytest.fixture(scope="module")
def usual_console(browser: Any) -> Opened:
    """The page that most tests use, one after another."""
    return Opened(browser.new_context(**USUAL))


@pytest.fixture
def look(browser: Any, usual_console: Opened, beside: Beside) -> Iterator[Look]:
    """Opens the console at an address within it. At the end it has not complained, nor asked anybody else."""
    opened: list[Opened] = []

    def open_(address: str = "", *, tries: str = "", **context: Any) -> Any:
        one = Opened(browser.new_context(**{**USUAL, **context})) if context else usual_console
        one.forget(tries)
        opened.append(one)
        one.page.goto("about:blank")
        one.page.goto(f"{beside.console}#{address}")
        one.page.wait_for_selector(".light.live")
        return one.page

    yield open_
    for one in opened:
        if one is not usual_console:
            one.context.close()
        assert one.errors == []
        assert {url.split("/")[2] for url in one.asked if url.startswith("http")} == {beside.console.split("/")[2]}


def act(page: Any, name: str) -> str:
    """Press a button; gives the command that stood beside it, which is what the server says of the same."""
    form = page.locator("form.control", has=page.get_by_role("button", name=name, exact=True))
    shown = str(form.locator(".command").text_content())
    with page.expect_response(lambda answer: "/api/control/" in answer.url) as answered:
        form.get_by_role("button", name=name, exact=True).click()
    assert answered.value.ok, answered.value.text()
    if answered.value.headers["content-type"] == "application/json":
        assert answered.value.json()["command"] == shown
    form.locator(".did.done").wait_for()
    return shown


def resource(beside: Beside, run: str, kind: str = "quote") -> dict[str, Any]:
    """What the emulator has of a kind, as the console tells it."""
    rows = beside.get(f"/api/runs/{run}/resources")["resources"]
    return next(row for row in rows if row["kind"] == kind)


def test_a_run_appears_by_itself_when_a_buyer_calls_and_its_row_grows(look: Look, beside: Beside) -> None:
    page = look("/runs")
    row = page.locator('tr[data-run="appears"]')
    assert row.count() == 0
    buyer = beside.buyer("appears")
    validate(buyer)
    row.wait_for()
    assert row.locator("td.num").first.text_content() == "1"
    with contextlib.suppress(Refused):
        validate(buyer, submittedGeographicAddress=4)
    expect(row.locator("td.num").first).to_have_text("2")
    row.locator(".chip.v-fail").wait_for()
    assert "so far" in row.text_content()
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_the_open_message_stays_while_more_comes_and_following_can_be_switched_off(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("stays")
    for _ in range(30):
        validate(buyer)
    page = look("/run/stays/conversation")
    page.wait_for_selector(".row.x")
    rows, follow = page.locator(".rows"), page.locator("#follow")
    at_end = "document.querySelector('.rows').scrollTop + document.querySelector('.rows').clientHeight > document.querySelector('.rows').scrollHeight - 5"
    assert follow.is_checked()
    validate(buyer)
    expect(page.locator(".row.x")).to_have_count(31)
    until(page, at_end)
    page.click('a[data-n="31"]')
    page.wait_for_selector(".message h2")
    assert not follow.is_checked()
    rows.evaluate("list => { list.scrollTop = 200; }")
    page.locator(".pane").evaluate("pane => { pane.scrollTop = 120; pane.firstChild.dataset.kept = 'yes'; }")
    page.focus("#x-filter")
    validate(buyer)
    expect(page.locator(".row.x")).to_have_count(32)
    assert page.locator(".message h2").text_content().startswith("#31")
    assert page.locator(".pane").evaluate("pane => [pane.scrollTop, pane.firstChild.dataset.kept]") == [120, "yes"]
    assert rows.evaluate("list => list.scrollTop") == 200
    assert page.evaluate("document.activeElement.id") == "x-filter"
    follow.check()
    until(page, at_end)
    assert page.locator(".message h2").text_content().startswith("#31")


def test_text_that_is_marked_stays_marked_while_more_comes(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("marked")
    validate(buyer)
    page = look("/run/marked/summary")
    page.wait_for_selector(".facts")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.facts'))")
    marked = page.evaluate("getSelection().toString()")
    validate(buyer)
    expect(page.locator(".runbar .badge")).to_have_text("2")
    assert page.evaluate("getSelection().toString()") == marked != ""
    page.evaluate("getSelection().removeAllRanges()")


def test_buttons_move_a_resource_put_the_clock_forward_and_show_their_command(look: Look, beside: Beside) -> None:
    quoted = quote(beside.buyer("moves"))
    page = look(f"/emulator/moves/quote/{quoted}")
    page.wait_for_selector(".state-now:has-text('acknowledged')")
    states = page.locator('[data-action="move"] select').nth(1)
    assert states.locator("option").all_text_contents() == resource(beside, "moves")["moves"]
    states.select_option("inProgress")
    command = act(page, "Move")
    assert quoted in command
    page.wait_for_selector(".state-now:has-text('inProgress')")
    assert resource(beside, "moves")["state"] == "inProgress"
    assert page.locator(".way li b").all_text_contents() == ["acknowledged", "inProgress"]
    before = beside.get("/api/state")["now"]
    page.get_by_label("Forward by").fill("36h")
    act(page, "Advance")
    page.wait_for_selector(".state-now:has-text('approved.orderable')")
    assert beside.get("/api/state")["now"][:10] > before[:10]
    assert beside.buyer("moves").ask("GET", f"{BASE['quote']}/quote/{quoted}")["state"] == "approved.orderable"
    expect(states.locator("option").first).to_have_text("choose …")
    assert states.locator("option").all_text_contents() == ["choose …", "accepted (the buyer’s decision)"]
    assert states.input_value() == ""


def test_trouble_is_made_told_and_ended(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("trouble")
    page = look("/emulator/trouble")
    page.get_by_label("Of", exact=True).select_option("geographicAddress.createGeographicAddressValidation")
    page.get_by_label("Status").fill("503")
    page.get_by_label("Times").fill("always")
    act(page, "Make trouble")
    row = page.locator(".handles tr", has_text="geographicAddress.createGeographicAddressValidation")
    row.wait_for()
    with pytest.raises(Refused, match="503"):
        validate(buyer)
    act(page, "End all trouble")
    row.wait_for(state="detached")
    validate(buyer)


def test_each_kind_of_trouble_has_the_command_that_makes_it(look: Look) -> None:
    page = look("/emulator")
    wanted = {
        "quote.createQuote": ("respond", "reset", "lost", "truncate", "drip", "contentType", "delay"),
        "notifications": ("drop", "duplicate", "delay"),
    }
    for operation, kinds in wanted.items():
        page.get_by_label("Of", exact=True).select_option(operation)
        what = page.locator('[data-key="fault-what"]')
        assert tuple(what.locator("option").evaluate_all("all => all.map(each => each.value)")) == kinds
        for kind in kinds:
            what.select_option(kind)
            assert act(page, "Make trouble").startswith(f"oit control fault {operation} --")
    act(page, "End all trouble")


def test_an_event_is_sent_to_who_subscribed(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("tells")
    hub = {"callback": "http://127.0.0.1:9/", "query": "eventType=quoteStateChangeEvent"}
    buyer.ask("POST", f"{BASE['quote']}/hub", hub)
    quoted = quote(buyer)
    page = look(f"/emulator/tells/quote/{quoted}")
    page.get_by_label("Event", exact=True).select_option("quoteStateChangeEvent")
    act(page, "Send")
    told = page.locator(".handles tr", has_text="quoteStateChangeEvent")
    told.first.wait_for()
    assert "http://127.0.0.1:9/" in page.locator(".handles").text_content()


def test_an_event_about_something_at_its_end_is_asked_about_first(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("over")
    buyer.ask("POST", f"{BASE['quote']}/hub", {"callback": "http://127.0.0.1:9/"})
    quoted = quote(buyer)
    page = look(f"/emulator/over/quote/{quoted}")
    for state in ("inProgress", "unableToProvide"):
        page.get_by_label("To", exact=True).select_option(state)
        act(page, "Move")
    page.wait_for_selector("text=It has come to its end")
    page.get_by_label("Event", exact=True).select_option("quoteStateChangeEvent")
    form = page.locator('form.control[data-action="event"]')
    expect(form.locator(".command")).to_contain_text("--sure")
    form.get_by_role("button", name="Send", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"quote {quoted} has come to its end. Do it all the same?")
    dialog.get_by_role("button", name="Leave it").click()
    page.wait_for_selector("text=Left as it was.")
    form.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    form.locator(".did.done").wait_for()


def test_a_run_is_kept_reset_after_asking_and_brought_back(look: Look, beside: Beside, tmp_path: Path) -> None:
    quoted = quote(beside.buyer("kept"))
    # Between reset and restore the run is gone, and the page may ask for it in that moment.
    page = look(f"/emulator/kept/quote/{quoted}", tries="status of 404")
    page.wait_for_selector(".state-now")
    with page.expect_download() as downloaded:
        act(page, "Snapshot")
    downloaded.value.save_as(tmp_path / "kept.ndjson")
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Leave it").click()
    page.wait_for_selector("text=Left as it was.")
    assert resource(beside, "kept")["id"] == quoted
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    page.wait_for_selector('[data-action="reset"] .did.done')
    page.get_by_label("From", exact=True).set_input_files(tmp_path / "kept.ndjson")
    page.get_by_role("button", name="Restore", exact=True).click()
    page.wait_for_selector('[data-action="restore"] .did.done')
    assert resource(beside, "kept")["id"] == quoted


def test_what_is_refused_is_told_with_what_would_do(look: Look, beside: Beside) -> None:
    quote(beside.buyer("refuses"))
    page = look("/emulator/refuses", tries="status of 4")
    page.get_by_label("Forward by").fill("soon")
    page.get_by_role("button", name="Advance", exact=True).click()
    refused = page.locator('[data-action="advance"] .did.refused')
    refused.wait_for()
    assert "soon" in refused.text_content()


def test_the_log_is_sifted_paged_and_opens_messages(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("logged")
    for number in range(55):
        validate(buyer, externalId=f"call-{number}")
    with contextlib.suppress(Refused):
        buyer.ask("GET", f"{BASE['quote']}/quote/none")
    page = look("/log")
    with page.expect_response(lambda answer: "run=logged" in answer.url):
        page.get_by_label("Run", exact=True).select_option("logged")
    row = page.locator(".exchanges tbody tr")
    expect(page.locator(".exchanges tbody tr")).to_have_count(50)
    assert row.first.locator("a").text_content() == "#56"
    page.get_by_role("button", name="Older").click()
    expect(page.locator(".exchanges tbody tr")).to_have_count(56)
    assert row.last.locator("a").text_content() == "#1"
    page.get_by_label("Status").fill("404")
    expect(page.locator(".exchanges tbody tr")).to_have_count(1)
    row.first.locator("a").click()
    page.wait_for_selector('.log .message h2:has-text("#56")')
    page.get_by_label("Status").fill("")
    expect(page.locator(".exchanges tbody tr")).to_have_count(50)
    validate(buyer)
    page.wait_for_selector('.exchanges tr[data-at="logged:57"]')
    assert page.locator(".log .message h2").text_content().startswith("#56")
    page.get_by_label("Find", exact=True).fill("call-31")
    expect(page.locator(".exchanges tbody tr")).to_have_count(1)


def test_on_a_small_screen_what_was_asked_can_be_read_whole(look: Look, beside: Beside) -> None:
    long = "no-such-quote-" + "x" * 60
    with contextlib.suppress(Refused):
        beside.buyer("small").ask("GET", f"{BASE['quote']}/quote/{long}")
    page = look("/log", viewport={"width": 420, "height": 800})
    for view, place in (
        ("log", ".exchanges .asked-for"),
        ("run/small/conversation", ".row.x .what"),
        ("runs", "tr[data-run=small] th"),
    ):
        page.evaluate("view => { location.hash = `#/${view}`; }", view)
        page.wait_for_selector(place)
        whole = """place => [...document.querySelectorAll(place)].map(each => [each.textContent,
            each.scrollWidth <= each.clientWidth + 1 && each.getBoundingClientRect().right <= innerWidth])"""
        told = page.evaluate(whole, place)
        assert all(fits for _, fits in told), view
        if view != "runs":
            assert any(f"GET /quote/{long}" in text for text, _ in told)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_swagger_ui_calls_the_running_seller(look: Look, beside: Beside) -> None:
    page = look("/runs")
    page.goto(f"{beside.console}docs/?urls.primaryName=quote%20management")
    page.wait_for_selector(".opblock-summary-get", timeout=60_000)
    page.locator(".opblock-summary-get").first.click()
    page.locator("button.execute").first.click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert [run["exchanges"] for run in beside.get("/api/state")["runs"] if run["id"] == "swagger"] == [1]
    page.goto(beside.console)


def test_what_a_stranger_sends_is_text_everywhere(look: Look, beside: Beside) -> None:
    buyer = beside.buyer("hostile")
    with contextlib.suppress(Refused):
        validate(buyer, externalId=HOSTILE)
    page = look("/run/hostile/exchange/1")
    page.wait_for_selector(".message")
    assert "<img src=x onerror=alert(1)>" in page.locator('[aria-label="Body of the request"]').text_content()
    page.goto(f"{beside.console}#/log/hostile/1")
    page.wait_for_selector(".log .message")
    for view in ("runs", "emulator/hostile", "run/hostile/summary"):
        page.goto(f"{beside.console}#/{view}")
        page.wait_for_selector("main h1:visible, main h2:visible")
    assert page.locator("img, main script, main iframe").count() == 0


def test_a_report_is_downloaded_in_every_format(look: Look, beside: Beside, tmp_path: Path) -> None:
    validate(beside.buyer("taken"))
    page = look("/run/taken/summary")
    page.wait_for_selector(".runbar .downloads")
    assert page.locator(".runbar .downloads a").all_text_contents() == list(WRITERS)
    for form in WRITERS:
        page.locator(".runbar .downloads details, .runbar .downloads").first.evaluate("menu => { menu.open = true; }")
        with page.expect_download() as downloaded:
            page.get_by_role("link", name=form, exact=True).click()
        downloaded.value.save_as(tmp_path / form)
    assert json.loads((tmp_path / "json").read_bytes())["run"]["id"] == "taken"


def test_all_of_it_is_reached_by_keyboard(look: Look, beside: Beside) -> None:
    validate(beside.buyer("keys"))
    page = look("/runs")
    page.wait_for_selector('tr[data-run="keys"]')

    def tab_to(selector: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"{selector} is not reached")

    tab_to('tr[data-run="keys"] th a')
    page.keyboard.press("Enter")
    page.wait_for_selector(".summary h1")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.evaluate("document.activeElement.blur()")
    tab_to(".runbar .downloads summary")
    page.keyboard.press("Enter")
    assert page.locator(".runbar .downloads a").first.is_visible()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.downloads summary')")
    assert not page.locator(".runbar .downloads a").first.is_visible()
    page.goto(f"{beside.console}#/emulator/keys")
    tab_to('[data-action="advance"] button.act')
    page.keyboard.press("Enter")
    page.wait_for_selector('[data-action="advance"] .did.done')


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(look: Look, beside: Beside, scheme: str) -> None:
    quoted = quote(beside.buyer("seen"))
    page = look("/runs", color_scheme=scheme, reduced_motion="reduce")
    for view, there in (
        ("runs", 'tr[data-run="seen"]'),
        (f"emulator/seen/quote/{quoted}", ".state-now"),
        ("log/seen/1", ".log .message"),
        ("run/seen/conversation", ".row.x"),
    ):
        page.evaluate("view => { location.hash = `#/${view}`; }", view)
        page.wait_for_selector(there)
        assert complaints(page, ["color-contrast"] if scheme == "dark" else None) == [], view
