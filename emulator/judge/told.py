"""Messages as our own reports and transcripts write them."""

from __future__ import annotations

from emulator.judge.entries import Form, Malformed
from emulator.judge.har import told_unread
from emulator.record.exchange import Fault, FaultKind, Response, Unread
from emulator.record.payload import dump, parse


def told_outcome(form: Form) -> tuple[Response | None, Fault | None]:
    """What came of a request: a response, or the fault in its place; neither where it is not known. Malformed."""
    if form.has("response"):
        response = form.form("response")
        status = response.whole("status")
        if status > 0:
            raw, unread = told_body(response)
            return Response(told_headers(response), raw, status, unread=unread), None
    if form.has("fault"):
        fault = form.form("fault")
        kind = fault.text("kind")
        if kind in list(FaultKind):
            return None, Fault(FaultKind(kind), fault.text("message", ""))
        return None, None
    return None, Fault(FaultKind.CLOSED, "the capture holds no response")


def told_headers(message: Form) -> tuple[tuple[str, str], ...]:
    """The headers of a message. Malformed."""
    if not message.has("headers"):
        return ()
    headers = message.form("headers")
    return tuple((name, headers.text(name, "")) for name in headers.value)


def told_body(message: Form) -> tuple[bytes, Unread | None]:
    """A body as our reports write it, and why it was not known, where it was not."""
    unread = told_unread(message.form("unread")) if message.has("unread") else None
    body = message.value.get("body")
    encoding = message.text("body_encoding", "none" if body is None else "json")
    match encoding:
        case "none":
            return b"", unread
        case "json":
            return dump(body), unread
        case "text":
            return _spelt(message.text("body", "")), unread
        case _:
            raise Malformed(f"{message.place}/body_encoding", f"{encoding!r:.40} is not one of json, text, none")


def _spelt(text: str) -> bytes:
    """A body that was not clean JSON, as bytes: where it would be by now, a byte that is no UTF-8 was put right for it."""
    raw = text.encode("utf-8", "replace")
    parsed = parse(raw)
    clean = parsed.problem is None and not parsed.duplicates
    return raw.replace("\ufffd".encode(), b"\xff") if clean else raw
