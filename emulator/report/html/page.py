"""Puts the page together: template, styles, scripts and data in one file, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson

from emulator.report.html.catalogue import catalogue
from emulator.standard.release import Release

SCRIPTS: Final = (
    "dom.js",
    "model.js",
    "json.js",
    "summary.js",
    "overview.js",
    "conversation.js",
    "message.js",
    "machines.js",
    "bills.js",
    "requirements.js",
    "paper.js",
    "app.js",
)
"""In the order in which they stand in the page."""
STYLES: Final = ("base.css", "views.css", "print.css")
START: Final = """
const held = document.getElementById('oit-report');
if (held) OIT.show(JSON.parse(held.textContent));
"""


def page(
    told: dict[str, Any] | None,
    releases: Sequence[Release],
    *,
    title: str,
    script: str = "",
    style: str = "",
    connect: str = "'none'",
) -> bytes:
    """The whole page, showing `told` (a report with its view) at once, or nothing until `OIT.show` is called.

    What is told of the standard is that of the `releases`, of which a run without one has the first.

    `script` and `style` are added to the page's own; a live page has there what feeds it, and names in `connect`
    whom it may ask (a source list of the Content-Security-Policy).
    """
    code = f"'use strict';\n{read_static(SCRIPTS)}\n{script}\n{START}"
    looks = f"{read_static(STYLES)}\n{style}"
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src {digest(code)}; style-src {digest(looks)}; img-src data:; connect-src {connect}"
    )
    data = [_catalogues(tuple(releases))]
    if told is not None:
        data.append(_data("oit-report", told))
    parts = {
        "@title@": html.escape(title),
        "@policy@": html.escape(policy, quote=True).replace("&#x27;", "'"),
        "@style@": looks,
        "@data@": "\n".join(data),
        "@script@": code,
    }
    return _filled(_static("template.html"), parts).encode()


def _filled(template: str, parts: dict[str, str]) -> str:
    """Each marker replaced once; what is put in is never looked at again."""
    made: list[str] = []
    rest = template
    for marker, text in parts.items():
        before, _, rest = rest.partition(marker)
        made += [before, text]
    return "".join([*made, rest])


def embedded(value: Any) -> str:
    """JSON that can stand in a script element: no text in it can end the element or begin a comment."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # nested deeper than orjson writes
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@lru_cache(maxsize=8)
def _catalogues(releases: tuple[Release, ...]) -> str:
    first, *others = releases
    more = {"others": {each.name: catalogue(each) for each in others}} if others else {}
    return _data("oit-catalogue", {**catalogue(first), **more})


def _data(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{embedded(value)}</script>'


def digest(text: str) -> str:
    """What a policy calls a script, or styles, that it lets in."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def read_static(names: tuple[str, ...]) -> str:
    """Files of the page's code, one after the other."""
    return "\n".join(_static(f"static/{name}") for name in names)


@cache
def _static(name: str) -> str:
    return files("emulator.report.html").joinpath(name).read_text(encoding="utf-8")
