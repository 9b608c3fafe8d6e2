"""The console's HTTP interface: Flask, behind the gate. What it says is JSON; only the page itself is HTML."""

from __future__ import annotations

import io
import logging
import tempfile
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Flask, Response, request, send_file
from werkzeug.exceptions import HTTPException

from emulator.console.front import Front
from emulator.console.page import live_page, live_policy
from emulator.console.source import NoRun
from emulator.errors import UserError
from emulator.report import WRITERS
from emulator.report.html.view import view

_LOG: Final = logging.getLogger("oit.console")
_HTML: Final = "text/html; charset=utf-8"


def build(front: Front) -> Flask:
    """The WSGI application."""
    app = Flask("emulator.console", static_folder=None)

    @app.get("/")
    def page() -> Response:
        return Response(live_page(), content_type=_HTML, headers={"Content-Security-Policy": live_policy()})

    @app.get("/api/state")
    def state() -> Response:
        return said(front.state())

    @app.get("/api/runs/<run>/report")
    def report(run: str) -> Response:
        return said(view(front.report(run)))

    @app.get("/api/runs/<run>/download/<form>")
    def download(run: str, form: str) -> Response:
        writer = WRITERS.get(form)
        if writer is None:
            return said({"error": f"there is no format {form!r:.40}; known: {', '.join(WRITERS)}"}, 404)
        with tempfile.TemporaryDirectory(prefix="oit-") as folder:
            path = writer(front.report(run), Path(folder))
            return send_file(io.BytesIO(path.read_bytes()), as_attachment=True, download_name=path.name)

    @app.get("/api/waiting")
    def waiting() -> Response:
        told = front.source.waiting()
        return said({"error": "nobody is waited for"}, 404) if told is None else said(told)

    _tell_errors(app)
    return app


def _tell_errors(app: Flask) -> None:
    """Whatever goes wrong is told as JSON."""

    @app.errorhandler(NoRun)
    def no_run(error: NoRun) -> Response:
        return said({"error": str(error)}, 404)

    @app.errorhandler(UserError)
    def refused(error: UserError) -> Response:
        return said({"error": str(error)}, 409)

    @app.errorhandler(HTTPException)
    def wrong(error: HTTPException) -> Response:
        return said({"error": error.description or error.name}, error.code or 500)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        _LOG.error("%s failed", request.path, exc_info=error)
        return said({"error": "OIT failed on this request; its log has the reason"}, 500)


def said(value: Any, status: int = 200) -> Response:
    """JSON, whatever a stranger put into it."""
    return Response(orjson.dumps(value), status, content_type="application/json")
