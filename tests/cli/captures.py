"""Captured traffic for tests: what a browser or proxy would have written of exchanges of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def har(*entries: Json) -> Json:
    """An archive of these entries."""
    return {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": list(entries)}}


def har_entry(exchange: Json) -> Json:
    """An exchange of a report as an entry of an archive."""
    return {
        "startedDateTime": exchange["at"],
        "time": exchange["elapsed_ms"],
        "request": _request(exchange["request"]),
        "response": _response(exchange.get("response")),
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
    }


def _request(request: Json) -> Json:
    made = {
        "method": request["method"],
        "url": request["url"],
        "httpVersion": "HTTP/1.1",
        "headers": _headers(request),
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }
    if request["body_encoding"] != "none":
        made["postData"] = {"mimeType": "application/json", "text": json.dumps(request["body"])}
    return made


def _response(response: Json | None) -> Json:
    if response is None:
        return {"status": 0, "statusText": "", "headers": [], "content": {"size": 0}, "bodySize": -1}
    text = "" if response["body_encoding"] == "none" else json.dumps(response["body"])
    content = {"size": len(text), "mimeType": "application/json", **({"text": text} if text else {})}
    return {"status": response["status"], "headers": _headers(response), "content": content, "bodySize": len(text)}


def _headers(message: Json) -> list[Json]:
    return [{"name": name, "value": value} for name, value in message["headers"].items()]


def write(path: Path, value: Any) -> str:
    """Write a value as JSON; answers the path."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)
