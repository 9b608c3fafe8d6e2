"""`make screenshots`: pictures of the live console's views, beside a seller that buyers call and a run that waits for one."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.browser.conftest import FLAGS, chromium
from tests.browser.consoles import Beside, Caller, console
from tests.browser.screenshots import FOLDER, SIZE, take
from tests.cli.partner_buyer import BASE, Refused, buy

PROFILE = """
extends: wholesale-seller
intervals:
  poq: {start: 0, finish: 0}
  quote: {start: 0, finish: 0}
  order: {assess: 0, work: 432000, cancellation: 0}
"""
"""A seller that delivers after five days."""


class Patient(Caller):
    """A buyer that looks twice a second, and for as long as it takes to deliver."""

    def until(self, path: str, states: tuple[str, ...]) -> Any:
        end = time.monotonic() + 120
        while (found := self.ask("GET", path))["state"] not in states and time.monotonic() < end:
            time.sleep(0.5)
        return found


class Hook(BaseHTTPRequestHandler):
    """Takes what a buyer is told."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def buying(beside: Beside, run: str, way: str | None = None) -> threading.Thread:
    """A buyer that buys at a path of its own, in a thread."""

    def work() -> None:
        with contextlib.suppress(Refused):
            buy(Patient(f"{beside.url}/r/{run}"), way)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


class Camera:
    """Takes a picture of a page as it is."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser, self.folder = browser, folder

    def open(self, url: str, scheme: str = "light") -> Any:
        context = self.browser.new_context(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(".light.live")
        return page

    def take(self, page: Any, name: str, address: str, there: str) -> None:
        page.evaluate("address => { location.hash = address; }", address)
        page.wait_for_selector(there, timeout=60_000)
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(700)
        take(page, self.folder / f"console-{name}.png")


def of_seller(camera: Camera, profile: Path, callback: str) -> None:
    with console("seller", "--profile", str(profile)) as beside:
        for run, way in (("northbridge", "never-orders"), ("bytes-staging", "wrong-role")):
            buying(beside, run, way).join(timeout=120)
        page = camera.open(beside.console)
        camera.take(page, "log", "#/log/bytes-staging/3", ".log .message h2")
        acme = beside.buyer("acme")
        for api, event in (("order", "productOrderStateChangeEvent"), ("quote", "quoteStateChangeEvent")):
            acme.ask("POST", f"{BASE[api]}/hub", {"callback": callback, "query": f"eventType={event}"})
        thread = buying(beside, "acme")
        camera.take(page, "emulator", "#/emulator/acme", ".next")
        page.get_by_label("Forward by").fill("6d")
        page.get_by_role("button", name="Advance", exact=True).click()
        thread.join(timeout=120)
        camera.take(page, "runs", "#/runs", "tr[data-run='acme']")


def of_run(camera: Camera) -> None:
    scenario = "scenarios/access-eline/new-install.oit.yaml"
    with console("run", scenario, "--sut", "buyer") as beside:
        page = camera.open(beside.console)
        page.evaluate("location.hash = '#/waiting'")
        page.wait_for_selector(".awaits")
        awaited = beside.get("/api/waiting")["awaited"][0]
        near = {**awaited["body"], "submittedGeographicAddress": "20 Main Street"}
        with contextlib.suppress(Refused):
            beside.buyer().ask("POST", awaited["url"].removeprefix(beside.url), near)
        camera.take(page, "waiting", "#/waiting", ".awaits")


def main() -> None:
    """Take every picture."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as held, sync_playwright() as driver:
        profile = Path(held) / "seller.yaml"
        profile.write_text(PROFILE)
        browser = driver.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        camera = Camera(browser, FOLDER)
        of_seller(camera, profile, f"http://127.0.0.1:{hook.server_port}")
        of_run(camera)
        browser.close()
    hook.shutdown()
    hook.server_close()


if __name__ == "__main__":
    main()
