"""Writes HAR 1.2: the exchanges for a browser's network panel, and for `oit check`, which says the same of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from emulator.report.model import Report, notes_of, run_name, runs_of

FILE_NAME: Final = "report.har"
UNKNOWN_TYPE: Final = "x-unknown"
"""What browsers write where a message has no media type."""
_ERRORS: Final = {
    "timeout": "net::ERR_TIMED_OUT",
    "unreachable": "net::ERR_CONNECTION_FAILED",
    "closed": "net::ERR_CONNECTION_CLOSED",
    "protocol": "net::ERR_INVALID_HTTP_RESPONSE",
    "unanswered": "net::ERR_EMPTY_RESPONSE",
}


def render(report: Report) -> bytes:
    """A report's exchanges as an HTTP archive: a page for each run, notifications among the rest, secrets masked.

    `_oit` holds what a HAR does not: which run, exchange, operation and step, and what was wrong on purpose; `_secured` is
    what is known of TLS and tokens, as in the report.
    """
    pages, entries = [], []
    for index, run in enumerate(runs_of(report), 1):
        about = run["run"]
        page = f"run_{index}"
        pages.append(
            {
                "startedDateTime": about["started"],
                "id": page,
                "title": f"{run_name(run)}: {about['title']} ({run['verdict']})",
                "pageTimings": {},
                "_oit": {
                    name: about[name]
                    for name in ("id", "scenario", "case", "release", "sut", "clock", "speed", "seed")
                    if about.get(name) is not None
                },
            }
        )
        entries += [_entry(page, run, exchange) for exchange in run["exchanges"]]
    log = {
        "version": "1.2",
        "creator": {"name": report["tool"]["name"], "version": report["tool"]["version"]},
        "pages": pages,
        "entries": entries,
        **({"comment": "\n".join(notes)} if (notes := notes_of(report)) else {}),
    }
    return orjson.dumps({"log": log}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(report: Report, folder: Path) -> Path:
    """Write `report.har` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def _entry(page: str, run: Report, exchange: Report) -> dict[str, Any]:
    about = run["run"]
    elapsed = max(0.0, exchange["elapsed_ms"])
    kept = (
        "n",
        "from",
        "to",
        "api",
        "release",
        "kind",
        "operation",
        "step",
        "provoked",
        "spoilt",
        "fault",
        "leg",
        "relayed",
    )
    told = {name: exchange[name] for name in kept if exchange.get(name) is not None}
    halves = {half: exchange[half] for half in ("request", "response") if exchange.get(half)}
    if unread := {half: message["unread"] for half, message in halves.items() if message.get("unread")}:
        told["unread"] = unread
    what = exchange["operation"] or f"{exchange['request']['method']} that no contract has"
    return {
        "pageref": page,
        "startedDateTime": exchange["at"],
        "time": elapsed,
        "request": _request(exchange["request"]),
        "response": _response(exchange),
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": elapsed, "receive": 0},
        "comment": f"#{exchange['n']} {what}, {exchange['from']} to {exchange['to']}",
        "_oit": {
            "run": about["id"],
            "scenario": run_name(run),
            "speed": about.get("speed", 1.0),
            **({"moves": about["moves"]} if about.get("moves") else {}),
            **told,
        },
        **({"_secured": exchange["secured"]} if exchange.get("secured") else {}),
    }


def _request(request: Report) -> dict[str, Any]:
    text = _text(request)
    told: dict[str, Any] = {
        "method": request["method"],
        "url": request["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(request["headers"]),
        "queryString": _query(request["url"]),
        "headersSize": -1,
        "bodySize": len(text.encode()) if text is not None else 0,
    }
    if text is not None:
        told["postData"] = {"mimeType": _media_type(request["headers"]), "text": text}
    return told


def _response(exchange: Report) -> dict[str, Any]:
    """The answer; where there was none, the empty one of status 0 that browsers write, with the reason."""
    response = exchange.get("response")
    if response is None:
        fault = exchange["fault"]
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": UNKNOWN_TYPE},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_error": f"{_ERRORS.get(fault['kind'], 'net::ERR_FAILED')}: {fault['message']}",
        }
    text = _text(response)
    size = len(text.encode()) if text is not None else 0
    return {
        "status": response["status"],
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(response["headers"]),
        "content": {"size": size, "mimeType": _media_type(response["headers"]), "text": text or ""},
        "redirectURL": _header(response["headers"], "location") or "",
        "headersSize": -1,
        "bodySize": size,
    }


def _text(message: Mapping[str, Any]) -> str | None:
    match message["body_encoding"]:
        case "json":
            return json.dumps(message["body"], ensure_ascii=False, separators=(",", ":"))
        case "text":
            return str(message["body"])
        case _:
            return None


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _media_type(headers: Mapping[str, str]) -> str:
    return _header(headers, "content-type") or UNKNOWN_TYPE


def _query(url: str) -> list[dict[str, str]]:
    try:
        pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return []
    return [{"name": name, "value": value} for name, value in pairs]
