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

from emulator.console.control import BadAsk
from emulator.console.docs import docs
from emulator.console.front import Front
from emulator.console.gate import MAX_BODY
from emulator.console.log import Asked, Wrong
from emulator.console.page import live_page, live_policy
from emulator.console.source import NoRun
from emulator.console.tryout import tryout
from emulator.errors import UserError
from emulator.parties.hand import Refused
from emulator.report import WRITERS
from emulator.report.html.view import view

_LOG: Final = logging.getLogger("oit.console")
_HTML: Final = "text/html; charset=utf-8"


def build(front: Front) -> Flask:
    """The WSGI application."""
    app = Flask("emulator.console", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    # Nobody is led from one address to another that is made of the first: what is not served is not there.
    app.url_map.merge_slashes = False

    @app.get("/")
    def page() -> Response:
        policy = {"Content-Security-Policy": live_policy(front.release)}
        return Response(live_page(front.release), content_type=_HTML, headers=policy)

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

    _have_a_hand(app, front)
    _tell_errors(app)
    app.register_blueprint(docs(front.release, front.source))
    app.register_blueprint(tryout(front.source, front.release.contracts()))
    return app


def _have_a_hand(app: Flask, front: Front) -> None:
    """What our seller has, and what can be changed."""

    @app.get("/api/runs/<run>/resources")
    def resources(run: str) -> Response:
        return said(front.resources(run))

    @app.get("/api/log")
    def log() -> Response:
        return said(front.log(Asked.of(request.args)))

    @app.post("/api/control/<action>")
    def control(action: str) -> Response:
        did = front.do(action, _asked())
        if did.file is None:
            return said({"did": did.did, "command": did.command})
        return send_file(io.BytesIO(did.file), "application/x-ndjson", as_attachment=True, download_name="run.ndjson")


def _asked() -> Any:
    """The JSON body of a request. BadAsk where it is none."""
    if request.mimetype != "application/json":
        raise BadAsk("the body has to be application/json")
    try:
        return orjson.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise BadAsk(f"the body is no JSON: {error}") from error


def _tell_errors(app: Flask) -> None:
    """Whatever goes wrong is told as JSON."""

    @app.errorhandler(NoRun)
    def no_run(error: NoRun) -> Response:
        return said({"error": str(error)}, 404)

    @app.errorhandler(BadAsk)
    def senseless(error: BadAsk) -> Response:
        return said({"error": str(error)}, 400)

    @app.errorhandler(Wrong)
    def asked_wrong(error: Wrong) -> Response:
        return said({"error": str(error)}, 400)

    @app.errorhandler(Refused)
    def not_now(error: Refused) -> Response:
        legal = {"legal": list(error.legal)} if error.legal else {}
        return said({"error": str(error), **legal}, 404 if error.unknown else 409)

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
