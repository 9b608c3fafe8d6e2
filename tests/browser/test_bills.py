"""The bills of a run in the page: what is disputed stands first, and a run without bills has no such view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator.report.reading import read_whole
from tests.browser.reports import passing_run
from tests.cli.processes import oit
from tests.cli.test_reconcile import transcript
from tests.reconciling.world import World, item, money, price

Show = Callable[..., Any]


def reported(tmp_path: Path) -> dict[str, Any]:
    """The report of bills of which one is too dear, and one price is not billed."""
    world = World().product(prices=[price(65), price(10)]).bill(item("I0"), item(net=70), remainingAmount=money(1))
    file = transcript(tmp_path / "wrong.ndjson", world.exchanges)
    oit("check", str(file), "--report", "json", "--report-dir", str(tmp_path))
    return read_whole(tmp_path / "report.json")


def test_what_is_disputed_stands_first(show: Show, tmp_path: Path) -> None:
    page = show(reported(tmp_path), "/bills")
    tables = page.eval_on_selector_all(
        "table.bills", "tables => tables.map(t => [t.caption.innerText, t.tBodies[0].innerText])"
    )
    titles = [title for title, _ in tables]
    assert titles == ["What it comes to", "Items, and what is missing", "Bills as a whole"]
    rows = tables[1][1].split("\n")
    assert "disputed" in rows[0]
    assert "72.00 EUR" in tables[1][1]
    assert "A3" in tables[2][1]


def test_a_run_without_bills_has_no_such_view(show: Show) -> None:
    page = show(passing_run(), "/summary")
    assert "Bills" not in page.inner_text("nav.tabs")
