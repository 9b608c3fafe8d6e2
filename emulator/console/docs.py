"""Swagger UI over the contracts that we serve, from a package: no page of ours asks anybody else for anything."""

from __future__ import annotations

import html
from typing import Any, Final

import orjson
from flask import Blueprint, Response
from swagger_ui_bundle import swagger_ui_path
from werkzeug.exceptions import NotFound

from emulator.console.source import Source
from emulator.console.tryout import METHODS, served, servers
from emulator.standard.contract import Contract
from emulator.standard.release import Release

_TYPES: Final = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI writes style attributes; scripts come from our own files only."""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@title@</title>
<link rel="icon" href="favicon-32x32.png"><link rel="stylesheet" href="swagger-ui.css"></head>
<body><div id="swagger-ui"></div><script src="swagger-ui-bundle.js"></script>
<script src="swagger-ui-standalone-preset.js"></script><script src="start.js"></script></body></html>
"""
_START: Final = """addEventListener('load', () => { window.ui = SwaggerUIBundle({
  urls: @urls@, dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null, supportedSubmitMethods: @methods@,
  tryItOutEnabled: true, presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: 'StandaloneLayout',
}); });
"""
_ELSEWHERE: Final = [
    {"url": "/elsewhere", "description": "served by the other party, or by nobody here: not to be tried out"}
]


def docs(release: Release, source: Source) -> Blueprint:
    """`/docs/`, and below it each document as `API.KIND.json`.

    The `servers` of a document are where the emulator beside the console serves it; where it does, it can be called.
    """
    blueprint = Blueprint("docs", __name__, url_prefix="/docs")
    contracts = {f"{contract.api}.{contract.kind}.json": contract for contract in release.contracts()}

    @blueprint.get("/")
    def page() -> Response:
        title = f"Contracts of release {release.name} · OIT"
        return _answer(_PAGE.replace("@title@", html.escape(title)).encode(), "text/html; charset=utf-8")

    @blueprint.get("/start.js")
    def start() -> Response:
        listed = sorted(contracts.items(), key=lambda item: (not served(source, item[1]), item[0]))
        urls = [{"url": name, "name": f"{one.api} {one.kind}"} for name, one in listed]
        methods = [method.lower() for method in METHODS] if served(source, listed[0][1]) else []
        parts = {"@urls@": urls, "@methods@": methods}
        script = _START
        for marker, value in parts.items():
            script = script.replace(marker, orjson.dumps(value).decode())
        return _answer(script.encode(), "text/javascript; charset=utf-8")

    @blueprint.get("/<name>")
    def file(name: str) -> Response:
        if name in contracts:
            return _answer(_document(contracts[name], source), "application/json")
        if name not in _TYPES:
            raise NotFound(f"there is no document {name!r:.80}; known: {', '.join(sorted(contracts))}")
        return _answer((swagger_ui_path / name).read_bytes(), _TYPES[name])

    return blueprint


def _document(contract: Contract, source: Source) -> bytes:
    document: dict[str, Any] = contract.document
    return orjson.dumps({**document, "servers": servers(source, contract) or _ELSEWHERE})


def _answer(content: bytes, content_type: str) -> Response:
    return Response(content, content_type=content_type, headers={"Content-Security-Policy": _POLICY})
