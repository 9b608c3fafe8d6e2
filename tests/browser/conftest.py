"""A browser for a whole worker, and pages that notice when something goes wrong or out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.report import html

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Opened:
    """A page with what it complained of and what it asked for."""

    def __init__(self, context: Any) -> None:
        self.context = context
        self.page = context.new_page()
        self.forget()
        self.page.on("console", self._noted)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def forget(self, tries: str = "") -> None:
        """Begin anew. `tries` is what a test tries on purpose, as the console complains of it."""
        self.tries = tries
        self.errors: list[str] = []
        self.asked: list[str] = []

    def _noted(self, said: Any) -> None:
        if said.type in ("error", "warning") and not (self.tries and self.tries in said.text):
            self.errors.append(said.text)


Open = Callable[..., Any]
USUAL = {"viewport": {"width": 1360, "height": 860}}


def chromium() -> str | None:
    """Where Debian's Chromium is, or what `OIT_CHROMIUM` names."""
    return os.environ.get("OIT_CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of a worker. Without one they are skipped, or fail where `OIT_NEED_BROWSER` is set."""
    found = chromium()
    if found is None:
        why = "there is no chromium (apt-get install chromium, or OIT_CHROMIUM=path)"
        if os.environ.get("OIT_NEED_BROWSER"):
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


def until(page: Any, condition: str) -> None:
    """Wait for an expression to be true, for ten seconds at most. (The page's policy forbids playwright's own way.)"""
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never came true: {condition}")


@pytest.fixture(scope="session")
def usual(browser: Any) -> Opened:
    """The page that most tests use, one after another: a new one takes longer than many a test."""
    return Opened(browser.new_context(**USUAL))


@pytest.fixture
def show(browser: Any, usual: Opened, tmp_path: Path) -> Iterator[Open]:
    """Opens a report as a file, at an address within it. At the end no page has complained or asked for anything else."""
    opened: list[Opened] = []

    def open_(report: dict[str, Any], address: str = "", *, tries: str = "", **context: Any) -> Any:
        """`tries` is as in `Opened.forget`; with other keywords, which are a context's, the page is a new one."""
        html.write(report, tmp_path)
        one = Opened(browser.new_context(**{**USUAL, **context})) if context else usual
        one.forget(tries)
        opened.append(one)
        one.page.goto(f"{(tmp_path / html.FILE_NAME).as_uri()}#{address}")
        one.page.wait_for_selector("main > *")
        return one.page

    yield open_
    for one in opened:
        if one is not usual:
            one.context.close()
        assert one.errors == []
        assert {url.partition("#")[0].rpartition("/")[2] for url in one.asked if url != "data:,"} == {html.FILE_NAME}
