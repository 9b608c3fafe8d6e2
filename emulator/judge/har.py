"""Reads the entries of an HTTP archive (HAR 1.2), as browsers and proxies write them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from emulator.judge.entries import Entry, Form, Malformed, Recorded, Unattributed
from emulator.wire.exchange import Fault, FaultKind, Request, Response, masked_headers, masked_url

_NO_BODY: Final = (204, 304)
_FAULTS: Final = (
    (("TIMED_OUT", "TIMEOUT"), FaultKind.TIMEOUT),
    (("REFUSED", "NAME_NOT_RESOLVED", "UNREACHABLE", "CONNECTION_FAILED"), FaultKind.UNREACHABLE),
)


class _NotCaptured(Exception):  # noqa: N818 - it is what it says
    """A message had a body that the archive does not hold."""


def har_entries(document: Any) -> Iterator[Entry | Unattributed | Malformed]:
    """The entries of an archive, oldest first, each numbered by its place in the file.

    Secrets are masked. An entry whose body was not captured cannot be judged: an empty one would be blamed
    for what only the tool left out.
    """
    log = Form.of(document, "").form("log")
    found: list[tuple[Any, Entry | Unattributed | Malformed]] = []
    for index, value in enumerate(log.items("entries")):
        try:
            form = Form.of(value, f"/log/entries/{index}")
            found.append((form.moment("startedDateTime"), _entry(index + 1, form)))
        except Malformed as problem:
            found.append((None, problem))
    if all(moment is not None for moment, _ in found):
        found.sort(key=lambda pair: pair[0])  # stable: what began at once stays in the order of the file
    for _, entry in found:
        yield entry


def _entry(number: int, form: Form) -> Entry | Unattributed:
    request = form.form("request")
    method, url = request.text("method").upper(), masked_url(request.text("url"))
    if form.has("_fromCache"):
        return Unattributed(number, method, url, "answered from the browser's cache: nothing crossed the wire")
    try:
        sent = Request(_headers(request), _sent(request), method, url)
        answered, fault = _outcome(form)
    except _NotCaptured as problem:
        return Unattributed(number, method, url, str(problem))
    return Entry(
        number=number,
        at=form.moment("startedDateTime"),
        elapsed_ms=max(0.0, form.number("time", 0.0)),
        request=sent,
        response=answered,
        fault=fault,
        recorded=_recorded(form.form("_oit")) if form.has("_oit") else Recorded(step=f"entry {number}"),
    )


def _recorded(form: Form) -> Recorded:
    """What our own archives say beside the messages."""

    def told(name: str) -> str | None:
        return form.text(name) if form.has(name) else None

    return Recorded(
        n=form.whole("n") if form.has("n") else None,
        api=told("api"),
        kind=told("kind"),
        operation=told("operation"),
        step=told("step"),
        provoked=form.value.get("provoked") is True,
        spoilt=form.value.get("spoilt") is True,
        run=form.text("run", ""),
        title=form.text("scenario", ""),
        speed=form.number("speed", 1.0),
    )


def _headers(message: Form, body: Form | None = None) -> tuple[tuple[str, str], ...]:
    """The headers, without those of HTTP/2 that begin with a colon.

    A tool that keeps no headers at all may still tell the media type of the body.
    """
    headers = [(form.text("name"), form.text("value", "")) for form in message.forms("headers")]
    kept = tuple((name, value) for name, value in headers if not name.startswith(":"))
    if not kept:
        told = body or (message.form("postData") if message.has("postData") else None)
        media_type = told.text("mimeType", "") if told else ""
        kept = (("Content-Type", media_type),) if "/" in media_type else ()
    return masked_headers(kept)


def _sent(request: Form) -> bytes:
    if request.has("postData"):
        data = request.form("postData")
        if data.has("text"):
            return _raw(data)
        params = [(form.text("name"), form.text("value", "")) for form in data.forms("params")]
        if params:
            return urlencode(params).encode()
    size = _size(request, None)
    if size:
        raise _NotCaptured(f"the file does not hold the body of the request ({size} bytes)")
    return b""


def _outcome(form: Form) -> tuple[Response | None, Fault | None]:
    response = form.form("response") if form.has("response") else None
    status = response.whole("status", 0) if response else 0
    if response is None or status <= 0:
        return None, _fault(form, response)
    content = response.form("content") if response.has("content") else None
    return Response(_headers(response, content), _answered(response, content, status), status), None


def _answered(response: Form, content: Form | None, status: int) -> bytes:
    if content is not None and content.has("text"):
        return _raw(content)
    size = _size(response, content)
    if size or (size is None and status not in _NO_BODY):
        length = f"{size} bytes" if size else "of unknown size"
        raise _NotCaptured(f"the file does not hold the body of the response ({length}); export it with content")
    return b""


def _size(message: Form, content: Form | None) -> int | None:
    """How long a body was, by any who says so; None where nobody does."""
    told = [message.whole("bodySize", -1), content.whole("size", -1) if content else -1]
    told += [
        int(value)
        for name, value in _headers(message, content)
        if name.lower() == "content-length" and value.isascii() and value.isdigit()
    ]
    known = [size for size in told if size >= 0]
    return max(known) if known else None


def _raw(body: Form) -> bytes:
    text = body.text("text")
    if body.text("encoding", "") != "base64":
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{body.place}/text", f"this is not base64: {error}") from error


def _fault(form: Form, response: Form | None) -> Fault:
    """Chrome notes the reason in the response, others in the entry, most nowhere; our own archives say it all."""
    ours = form.form("_oit") if form.has("_oit") else None
    if ours and ours.has("fault") and ours.form("fault").text("kind") in list(FaultKind):
        told = ours.form("fault")
        return Fault(FaultKind(told.text("kind")), told.text("message", ""))
    said = next((place.text("_error") for place in (response, form) if place and place.has("_error")), "")
    kind = next((kind for words, kind in _FAULTS if any(word in said.upper() for word in words)), FaultKind.CLOSED)
    return Fault(kind, "the capture holds no response" + (f": {said[:200]}" if said else ""))
