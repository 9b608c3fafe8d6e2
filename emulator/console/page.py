"""The live page: the report's page with what feeds it, made once."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib.resources import files
from typing import Final

from emulator.report.html.page import page
from emulator.standard.release import Release

SCRIPTS: Final = (
    "feed.js",
    "commands.js",
    "parts.js",
    "runs.js",
    "waiting.js",
    "log.js",
    "resources.js",
    "faults.js",
    "emulator.js",
    "live.js",
)
"""Files of `static/` in the order in which they stand in the page."""
STYLES: Final = ("console.css",)
_POLICY: Final = re.compile(rb'http-equiv="Content-Security-Policy" content="([^"]*)"')


@cache
def live_page(release: Release) -> bytes:
    """The page of a console that shows runs of a release, in UTF-8."""
    # In a block of their own the names of our scripts stand in nobody's way.
    return page(
        None, [release], title="OIT console", script=f"{{\n{_read(SCRIPTS)}\n}}", style=_read(STYLES), connect="'self'"
    )


@cache
def live_policy(release: Release) -> str:
    """The page's Content-Security-Policy as a header has it: that can also forbid frames."""
    found = _POLICY.search(live_page(release))
    assert found is not None
    return f"{html.unescape(found[1].decode())}; frame-ancestors 'none'"


def _read(names: tuple[str, ...]) -> str:
    folder = files("emulator.console").joinpath("static")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
