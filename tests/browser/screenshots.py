"""`make screenshots`: pictures of the report's views, from a run against a seller that breaks its promises."""

from __future__ import annotations

import argparse
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from emulator.report import html
from tests.browser.conftest import FLAGS, chromium
from tests.browser.reports import failing_run

FOLDER = Path("emulator/console/screenshots")
REPORT = Path("emulator/report/html/screenshots")
"""Where the picture of the summary is kept: the report's own README shows it."""
MOST = 150_000
"""Bytes of a picture: they are kept in the repository."""

SIZE = {"width": 1280, "height": 800}


def address(run: dict[str, Any], rule: str) -> str:
    """Of the first finding of a rule."""
    return f"/finding/{next(n for n, row in enumerate(run['findings'], 1) if row['rule'] == rule)}"


def views(run: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By the name of a picture: the address that it shows, and the colour scheme."""
    quote = next(n for n, life in enumerate(html.view(run)["view"]["lives"], 1) if life["kind"] == "quote")
    return {
        "summary": ("/summary", "light"),
        "conversation": (address(run, "MEF123-R17.contact"), "light"),
        "machines": (f"/life/{quote}", "light"),
        "requirements": ("/requirement/MEF123-R17", "dark"),
    }


def take(page: Any, path: Path) -> None:
    """One picture, in few colours. ValueError where it is too big to be kept."""
    from PIL import Image

    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MOST:
        message = f"{path} has {path.stat().st_size} bytes, more than {MOST}"
        raise ValueError(message)
    print(f"{path} {path.stat().st_size} bytes")  # noqa: T201


def main(arguments: list[str]) -> int:
    """Take every picture; 1 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder of the pictures ({FOLDER}, {REPORT})")
    asked = parser.parse_args(arguments)
    found = chromium()
    if found is None:
        print("there is no chromium (apt-get install chromium, or OIT_CHROMIUM=path)", file=sys.stderr)  # noqa: T201
        return 1
    from playwright.sync_api import sync_playwright

    folders = {"summary": REPORT if asked.out == FOLDER else asked.out}
    for folder in (asked.out, *folders.values()):
        folder.mkdir(parents=True, exist_ok=True)
    run = failing_run()
    with tempfile.TemporaryDirectory() as held, sync_playwright() as driver:
        file = html.write(run, Path(held))
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        for name, (place, scheme) in views(run).items():
            page = browser.new_page(viewport=SIZE, color_scheme=scheme)
            page.goto(f"{file.as_uri()}#{place}")
            page.wait_for_selector("main > *")
            line = page.locator("button.toline").first
            if line.count():
                line.click()
            take(page, folders.get(name, asked.out) / f"report-{name}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
