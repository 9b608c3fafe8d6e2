"""The HTML report of runs with real partners: what they were asked to do, and what a witness saw between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.record.exchange import Exchange
from emulator.record.relayed import Change, Relayed
from emulator.record.secured import Certificate, Secured, Tls
from emulator.report.model import run_report
from emulator.scenario.preparing import Preparation
from emulator.standard.release import load_release
from tests.judge.exchanges import MOMENT
from tests.play import play
from tests.report.runs import info
from tests.report.runs import report as made

Show = Callable[..., Any]
SHOWN = Certificate("CN=seller.example", "CN=authority", ("seller.example",), MOMENT, MOMENT, "ab" * 32)
DAY = 86_400.0


def cells(page: Any) -> list[list[str]]:
    """The rows of the table of what the partner was asked to do, without when that was."""
    found: list[list[str]] = page.eval_on_selector_all(
        ".preparations tbody tr", "rows => rows.map(row => [...row.children].slice(1).map(cell => cell.textContent))"
    )
    return found


def test_what_the_partner_was_asked_to_do_is_shown_with_how_it_ended(show: Show) -> None:
    """Of whom, what came of it, and whether it was undone; a failure of the undoing too."""

    def row(behaviour: str, deed: str, what: str = "POST https://lab.example", **more: Any) -> Preparation:
        return Preparation(behaviour, deed, what, MOMENT, **more)

    prepared = [
        row("order-charged", "done", result="200"),
        row("quote-rejected", "done", "./lab.sh reject", result="0"),
        row("clean-slate", "done", result="204"),
        row("product-gone", "asked", "product-gone (a product that cannot be had)"),
        row("time-passes", "moved", seconds=DAY, result="200"),
        row("time-passes", "moved", seconds=3600.0, result="200"),
        row("site-lost", "done", problem="it answered 500"),
        row("quote-rejected", "undone", "./lab.sh normal", result="0"),
        row("order-charged", "undone", problem="it answered 503"),
        row("time-passes", "undone", seconds=-DAY - 3600, result="204"),
    ]
    report = made()
    base = run_report(info(None), (), (), judge((), load_release()), prepared=prepared)
    page = show({**report, "preparations": base["preparations"]})
    hook, post = "the partner, by its hook", "POST https://lab.example"
    assert cells(page) == [
        ["order-charged", hook, post, "done (200)", "✕ not undone it answered 503"],
        ["quote-rejected", hook, "./lab.sh reject", "done (0)", "undone (0)"],
        ["clean-slate", hook, post, "done (204)", "not undone"],
        ["product-gone", "a person", "product-gone (a product that cannot be had)", "asked", "—"],
        ["time-passes", hook, post, "moved by 1 d (200)", "undone (204)"],
        ["time-passes", hook, post, "moved by 1 h (200)", "undone (204)"],
        ["site-lost", hook, post, "✕ failed it answered 500", "not undone"],
    ]


def test_a_run_that_asked_for_nothing_has_no_such_table(show: Show) -> None:
    assert show(made()).locator(".preparations").count() == 0


@pytest.fixture(scope="module")
def between() -> tuple[Exchange, ...]:
    """A conversation of two legs, of which the second is an exchange behind; each side has a TLS connection of its own."""
    run = play("poq/immediate")
    first, second = (
        [
            replace(
                each,
                leg=leg,
                at=each.at + timedelta(milliseconds=late),
                secured=Secured(Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
                relayed=Relayed(
                    each.request.url.replace("http://", "https://real-"),
                    (Change("header Authorization", "***", "***"),),
                    Secured(Tls("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", SHOWN)),
                ),
            )
            for each in run.exchanges
        ]
        for leg, late in (("broker", 0), ("carrier", 1))
    )
    mixed = [each for pair in zip(first, second, strict=True) for each in pair]
    return tuple(replace(each, n=n) for n, each in enumerate(mixed, 1))


def witnessed(exchanges: tuple[Exchange, ...]) -> Any:
    judged = judge(exchanges, load_release())
    return run_report(info(None, legs=("broker", "carrier")), (), exchanges, judged)


def test_two_legs_are_drawn_between_three_lifelines(show: Show, between: tuple[Exchange, ...]) -> None:
    """Each arrow goes between the two of its leg: the customer and the broker, or the broker and the carrier."""
    page = show(witnessed(between), "/conversation")
    heads = page.eval_on_selector_all(".lifelines .life", "lives => lives.map(life => life.firstChild.textContent)")
    assert heads == ["Buyer", "broker", "carrier"]
    centres = page.eval_on_selector_all(
        ".lifelines .life",
        "lives => lives.map(life => { const box = life.getBoundingClientRect(); return box.x + box.width / 2; })",
    )
    arrows = page.eval_on_selector_all(
        ".row.x",
        """rows => rows.map(row => {
            const box = row.querySelector('svg.arrow line').getBoundingClientRect();
            return [Number(row.querySelector('a').dataset.n), box.left + box.width / 2]; })""",
    )
    legs = {each.n: each.leg for each in between}
    assert [n for n, _ in arrows] == [each.n for each in between]
    for n, middle in arrows:
        left = 0 if legs[n] == "broker" else 1
        assert centres[left] < middle < centres[left + 1], f"#{n} is drawn between the lifelines of {legs[n]}"


def test_the_security_of_both_sides_is_shown_each_as_its_own(show: Show, between: tuple[Exchange, ...]) -> None:
    page = show(witnessed(between), "/exchange/1")
    sides = page.locator("details.security")
    told = [text.replace("\n", " ") for text in sides.all_text_contents()]
    assert len(told) == 2
    assert told[0].startswith("Security of the Buyer’s side: TLSv1.3")
    assert told[1].startswith("Security of the Seller’s side: TLSv1.2")
    assert ("CN=seller.example" in told[0], "CN=seller.example" in told[1]) == (False, True)
