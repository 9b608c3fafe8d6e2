"""Clients of six kinds, each a program that goes through one plan: rows of name, method, URL, body, how, told tab-separated.

`how` is `plain`, `chunked` or `expect`. Each prints a row for each request: name, status, body.
"""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MEDIA = "application/json;charset=utf-8"
FOLDER = Path(__file__).parent
Row = tuple[str, str, str, str, str]
Told = tuple[str, int, str]


def in_chunks(text: str) -> Iterator[bytes]:
    yield text[:5].encode()
    yield text[5:].encode()


def told(out: str) -> list[Told]:
    """What a program printed."""
    rows = [line.split("\t", 2) for line in out.splitlines()]
    return [(name, int(status), body) for name, status, body in rows]


def _program(*command: str) -> Callable[[list[Row], Path], list[Told]]:
    def run(plan: list[Row], folder: Path) -> list[Told]:
        file = folder / "plan"
        file.write_text("".join("\t".join(row) + "\n" for row in plan))
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return told(done.stdout)

    return run


def curl(plan: list[Row], _: Path) -> list[Told]:
    """All in one process, so that it keeps the connection; the first offers HTTP/2, as `curl --http2` does."""
    command: list[str] = ["curl", "--silent", "--show-error", "--max-time", "60"]
    for n, (_name, method, url, body, how) in enumerate(plan):
        command += ["--next"] if n else []
        command += ["--request", method, "--write-out", "\t%{http_code}\n", url]
        command += ["--data-binary", body, "--header", f"Content-Type: {MEDIA}"] if body else []
        command += ["--header", "Transfer-Encoding: chunked"] if how == "chunked" else []
        command += ["--header", "Expect: 100-continue"] if how == "expect" else []
        command += ["--http2"] if n == 0 else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.rpartition("\t") for line in done.stdout.splitlines()]
    return [(row[0], int(status), body) for row, (body, _, status) in zip(plan, rows, strict=True)]


def _requests(plan: list[Row], _: Path) -> list[Told]:
    import requests

    with requests.Session() as session:
        return [
            (name, got.status_code, got.text)
            for name, method, url, body, how in plan
            for got in [session.request(method, url, data=_body(body, how), headers=_headers(body, how), timeout=60)]
        ]


def _httpx(plan: list[Row], _: Path) -> list[Told]:
    import httpx

    with httpx.Client(timeout=60, trust_env=False) as session:
        return [
            (name, got.status_code, got.text)
            for name, method, url, body, how in plan
            for got in [session.request(method, url, content=_body(body, how), headers=_headers(body, how))]
        ]


def _http_client(plan: list[Row], _: Path) -> list[Told]:
    places = {urlsplit(row[2]).netloc for row in plan}
    lines, done = {place: http.client.HTTPConnection(place, timeout=60) for place in places}, []
    for name, method, url, body, how in plan:
        line, path = lines[urlsplit(url).netloc], urlsplit(url).path
        line.request(method, path, _body(body, how), _headers(body, how), encode_chunked=how == "chunked")
        got = line.getresponse()
        done.append((name, got.status, got.read().decode()))
    for line in lines.values():
        line.close()
    return done


def _body(body: str, how: str) -> Any:
    return in_chunks(body) if how == "chunked" else (body.encode() or None)


def _headers(body: str, how: str) -> dict[str, str]:
    chunked = {"Transfer-Encoding": "chunked"} if how == "chunked" else {}
    return {
        **({"Content-Type": MEDIA} if body else {}),
        **({"Expect": "100-continue"} if how == "expect" else {}),
        **chunked,
    }


CLIENTS: dict[str, tuple[str | None, Callable[[list[Row], Path], list[Told]]]] = {
    "curl": ("curl", curl),
    "java": ("java", _program("java", "-XX:TieredStopAtLevel=1", str(FOLDER / "Client.java"))),
    "node": ("node", _program("node", str(FOLDER / "client.mjs"))),
    "go": ("go", _program("go", "run", str(FOLDER / "client.go"))),
    "requests": (None, _requests),
    "httpx": (None, _httpx),
    "http.client": (None, _http_client),
}
"""By name: the program that must be there, and what goes through a plan with it."""


def plan_of(rows: list[tuple[str, str, str, Any, str]]) -> list[Row]:
    """Bodies as compact JSON; None is none."""
    return [(name, method, url, "" if body is None else json.dumps(body), how) for name, method, url, body, how in rows]
