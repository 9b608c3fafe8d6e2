"""The HTML report of 2,000 exchanges: how long it takes to write, to open, to take a newer one in."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from emulator.report import html
from tests.browser.conftest import FLAGS, chromium
from tests.browser.reports import failing_run

EXCHANGES = 2_000
ROUNDS = 3
ADDRESSES = ("/conversation", "/exchange/1500", "/summary", "/machines", "/requirements")


def long_run() -> dict[str, Any]:
    """A run with whole bodies, over and over."""
    run: dict[str, Any] = json.loads(json.dumps(failing_run()))
    seen = run["exchanges"]
    run["exchanges"] = [{**seen[n % len(seen)], "n": n + 1, "step": None} for n in range(EXCHANGES)]
    return run


def run() -> dict[str, Any]:
    """Seconds on the wall, the median of some rounds, each with a page of its own."""
    found = chromium()
    if found is None:
        print("skipped: there is no chromium (apt-get install chromium)")
        return {}
    from playwright.sync_api import sync_playwright

    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        report = long_run()
        html.write(report, Path(folder))
        started = time.process_time()
        file = html.write(report, Path(folder))
        figures["write, s of processor time"] = time.process_time() - started
        figures["size, MB"] = file.stat().st_size / 1e6
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        for address in ADDRESSES:
            figures[f"open {address}, s"] = statistics.median(
                opened(browser, f"{file.as_uri()}#{address}") for _ in range(ROUNDS)
            )
        page = browser.new_page()
        page.goto(f"{file.as_uri()}#/conversation")
        page.wait_for_selector("main > *")
        figures["update, s"] = page.evaluate(
            "() => { const start = performance.now(); OIT.update(OIT.app.report); return (performance.now() - start) / 1000; }"
        )
        browser.close()
    for name, value in figures.items():
        print(f"{name:32} {value:8.2f}")
    return figures


def opened(browser: Any, address: str) -> float:
    """Seconds until the view stands and was painted."""
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("main > *")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = time.perf_counter() - started
    page.close()
    return took
