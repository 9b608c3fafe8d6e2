"""Reads the entries of an HTTP archive (HAR 1.2), as browsers and proxies write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from emulator.judge.bodies import Kept, body_of, not_held
from emulator.judge.entries import Entry, Form, Malformed, Recorded, Unattributed, moves_of
from emulator.record.coding import MAX_REQUEST
from emulator.record.exchange import (
    FASTEST,
    LONGEST,
    Fault,
    FaultKind,
    Request,
    Response,
    Unread,
    UnreadKind,
)
from emulator.record.relayed import relayed_of
from emulator.record.secrets import masked_url

Body = tuple[bytes, Unread | None]
LeftOut = Callable[[str, str], str | None]
"""Why a request with this method and URL is not judged; None where it is."""
_MOST: Final = 2**53
"""Bytes; what says more of a body says nothing."""
_NO_BODY: Final = (204, 205, 304)
_WITH_BODY: Final = ("POST", "PUT", "PATCH")
_ELSEWHERE: Final = ("_file", "_sha1", "_attachment")
"""How tools name the file beside the archive that has the body."""
_NOT_SENT: Final = "BLOCKED"
_FAULTS: Final = (
    (("TIMED_OUT", "TIMEOUT"), FaultKind.TIMEOUT),
    (("REFUSED", "NAME_NOT_RESOLVED", "UNREACHABLE", "CONNECTION_FAILED"), FaultKind.UNREACHABLE),
)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def har_entries(document: Any, left_out: LeftOut) -> Iterator[Entry | Unattributed | Malformed]:
    """The entries of an archive, oldest first, each numbered by its place in the file.

    Of what is left out nothing but method and URL is read. Where a body was not captured the message
    says so: an empty one would be blamed for what only the tool left out. An entry that cannot be read stays behind the
    one before it.
    """
    log = Form.of(document, "").form("log")
    found: list[tuple[datetime, Entry | Unattributed | Malformed]] = []
    before = _EARLIEST
    for index, value in enumerate(log.items("entries")):
        try:
            form = Form.of(value, f"/log/entries/{index}")
            read = _entry(index + 1, form, left_out)
            before = read.at if isinstance(read, Entry) else _moment(form, before)
            found.append((before, read))
        except Malformed as problem:
            problem.number = index + 1
            found.append((before, problem))
    found.sort(key=lambda pair: pair[0])  # stable: what began at once stays in the order of the file
    for _, entry in found:
        yield entry


def _moment(form: Form, otherwise: datetime) -> datetime:
    try:
        return form.moment("startedDateTime")
    except Malformed:
        return otherwise


def _entry(number: int, form: Form, left_out: LeftOut) -> Entry | Unattributed:
    try:
        request = form.form("request")
        method, url = request.text("method").upper(), masked_url(request.text("url"))
    except Malformed:
        form.moment("startedDateTime")  # what comes first in an entry is told first
        raise
    ours = form.form("_oit") if form.has("_oit") else None
    why = (None if ours else left_out(method, url)) or _not_on_the_wire(form)
    if why:
        return Unattributed(number, method, url, why)
    raw, unread = _told(ours, "request") or _sent(request, method, ours=ours is not None)
    answered, fault = _outcome(form, method, ours)
    return Entry(
        number=number,
        at=form.moment("startedDateTime"),
        elapsed_ms=_elapsed(form),
        request=Request(_headers(request), raw, method, url, unread=unread),
        response=answered,
        fault=fault,
        recorded=_recorded(ours) if ours else Recorded(step=f"entry {number}"),
        secured=form.secured("_secured"),
    )


def _not_on_the_wire(form: Form) -> str | None:
    """Why an entry is of nothing that was sent: browsers list what they answered themselves."""
    cached = form.value.get("_fromCache")
    fetched = form.value.get("_fetchType")
    if cached not in (None, False, "", "false", "none", 0) or (isinstance(fetched, str) and "Cache" in fetched):
        return "answered from the browser's cache: nothing crossed the wire"
    if form.value.get("_fetchedViaServiceWorker") is True or fetched == "Service Worker":
        return "answered by the browser's service worker: nothing crossed the wire"
    response = form.value.get("response")
    said = [place.get("_error") for place in (response, form.value) if isinstance(place, dict)]
    if any(isinstance(text, str) and _NOT_SENT in text.upper() for text in said):
        return "blocked by the browser: nothing crossed the wire"
    return None


def _elapsed(form: Form) -> float:
    """How long it took, in ms; what tools write where they do not know is 0."""
    value = form.value.get("time")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return float(value)
    return 0.0


def _told(ours: Form | None, half: str) -> Body | None:
    """What an archive of ours says of a body that was not known when it was written."""
    unread = ours.form("unread") if ours and ours.has("unread") else None
    told = unread.form(half) if unread and unread.has(half) else None
    return (b"", told_unread(told)) if told else None


def told_unread(form: Form) -> Unread:
    """Why a body was not known, as our reports write it."""
    kind = form.text("kind")
    return Unread(UnreadKind(kind) if kind in list(UnreadKind) else UnreadKind.NOT_HELD, form.text("why", ""))


def _recorded(form: Form) -> Recorded:
    """What our own archives say beside the messages."""

    def told(name: str) -> str | None:
        return form.text(name) if form.has(name) else None

    return Recorded(
        n=form.whole("n") if form.has("n") else None,
        api=told("api"),
        kind=told("kind"),
        operation=told("operation"),
        release=told("release"),
        step=told("step"),
        sender=told("from"),
        provoked=form.value.get("provoked") is True,
        spoilt=form.value.get("spoilt") is True,
        leg=told("leg"),
        relayed=relayed_of(form.value.get("relayed")),
        run=form.text("run", ""),
        title=form.text("scenario", ""),
        speed=form.number("speed", 1.0, FASTEST),
        moves=moves_of(form),
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
    return kept


def _sent(request: Form, method: str, *, ours: bool) -> Body:
    data = request.form("postData") if request.has("postData") else Form({}, f"{request.place}/postData")
    headers, size = _headers(request), _size(request, None)
    if data.text("text", ""):
        raw, unread = body_of(_kept(request, data, None), "request")
        if len(raw) > MAX_REQUEST:
            return b"", Unread(UnreadKind.TOO_LARGE, f"the body of the request is larger than {MAX_REQUEST} bytes")
        return raw, unread
    if params := [(form.text("name"), form.text("value", "")) for form in data.forms("params")]:
        told = [data.text("mimeType", ""), *(value for name, value in headers if name.lower() == "content-type")]
        if any("json" in media_type.lower() for media_type in told):
            return not_held("the file tells the body of the request as parameters, which it was not")
        return urlencode(params).encode(), None
    if size or _is_elsewhere(data):
        return not_held(f"the file does not hold the body of the request{_bytes(size)}")
    if ours or method not in _WITH_BODY or _length(headers) == 0:
        return b"", None
    named = {name.lower() for name, _ in headers}
    said_empty = size == 0 and (data.has("text") or (headers and not named & {"content-type", "transfer-encoding"}))
    return (
        (b"", None)
        if said_empty
        else not_held("the file does not hold the body of the request, or say that it had none")
    )


def _outcome(form: Form, method: str, ours: Form | None) -> tuple[Response | None, Fault | None]:
    response = form.form("response") if form.has("response") else None
    status = response.whole("status", 0) if response else 0
    if response is None or status <= 0:
        return None, _fault(form, response)
    content = response.form("content") if response.has("content") else None
    raw, unread = _told(ours, "response") or _answered(response, content, method, status, ours=ours is not None)
    return Response(_headers(response, content), raw, status, unread=unread), None


def _answered(response: Form, content: Form | None, method: str, status: int, *, ours: bool) -> Body:
    if status in range(100, 200) and status != 101:  # noqa: PLR2004 - 101 ends what HTTP has to say
        return not_held("the file holds an interim answer only, and not the one that came after it")
    told = content or Form({}, f"{response.place}/content")
    if told.text("text", ""):
        return body_of(_kept(response, told, content), "response")
    size = _size(response, content)
    if method == "HEAD" or status in _NO_BODY:
        return b"", None
    if not size and (ours or _length(_headers(response)) == 0 or (told.has("text") and size == 0)):
        return b"", None
    return not_held(f"the file does not hold the body of the response{_bytes(size)}; export it with content")


def _kept(message: Form, data: Form, content: Form | None) -> Kept:
    headers = _headers(message, content)
    coding = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
    size = _count(data, "size") if coding else _size(message, content) or 0
    remarks = [form.value.get(name) for form in (data, message) for name in ("comment", "_comment", "_error")]
    if data.value.get("_truncated") is True or data.value.get("truncated") is True:
        remarks.append("truncated")
    return Kept(
        text=data.text("text"),
        encoding=data.text("encoding", ""),
        coding=coding,
        size=size if size > 0 else None,
        remark=" ".join(remark for remark in remarks if isinstance(remark, str)),
    )


def _is_elsewhere(data: Form) -> bool:
    return any(data.has(name) for name in _ELSEWHERE)


def _bytes(size: int | None) -> str:
    return f" ({size} bytes)" if size else ""


def _length(headers: tuple[tuple[str, str], ...]) -> int | None:
    """The Content-Length, None where there is none."""
    told = [value for name, value in headers if name.lower() == "content-length"]
    return int(told[0]) if told and len(told[0]) < 20 and told[0].isascii() and told[0].isdigit() else None  # noqa: PLR2004


def _count(form: Form, name: str) -> int:
    """A number of bytes; -1, as archives write it, where it is not known."""
    value = form.value.get(name)
    told = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST
    return int(value) if told and value is not None else -1


def _size(message: Form, content: Form | None) -> int | None:
    """How long a body was, by any who says so; None where nobody does."""
    told = [_count(message, "bodySize"), _count(content, "size") if content else -1]
    told.append(-1 if (length := _length(_headers(message, content))) is None else length)
    known = [size for size in told if size >= 0]
    return max(known) if known else None


def _fault(form: Form, response: Form | None) -> Fault:
    """Chrome notes the reason in the response, others in the entry, most nowhere; our own archives say it all."""
    ours = form.form("_oit") if form.has("_oit") else None
    if ours and ours.has("fault") and ours.form("fault").text("kind") in list(FaultKind):
        told = ours.form("fault")
        return Fault(FaultKind(told.text("kind")), told.text("message", ""))
    said = next((place.text("_error") for place in (response, form) if place and place.has("_error")), "")
    kind = next((kind for words, kind in _FAULTS if any(word in said.upper() for word in words)), FaultKind.CLOSED)
    return Fault(kind, "the capture holds no response" + (f": {said[:200]}" if said else ""))
