"""Rows of a database as what they stand for. A row that cannot be read is named once, and is as good as not there.

Whoever imports a file writes rows, and an older version may have written others: nothing that stands in one may stop the
runs, the console or a report that have nothing to do with it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import orjson

from emulator.parties.store import HUB, Owed, Timer
from emulator.parties.tables import UNKNOWN
from emulator.record.exchange import LONGEST, Exchange, Fault, FaultKind, Party, Request, Response, Unread, UnreadKind
from emulator.record.payload import at
from emulator.record.relayed import relayed_of
from emulator.record.secured import secured_of
from emulator.standard.kinds.load import ReleaseKinds

T = TypeVar("T")
Row = Any
"""A row by the names of its columns, however it was read."""

_LOG: Final = logging.getLogger(__name__)
_MOST_NAMED: Final = 1000
"""Rows that are named; of more nobody reads."""
_TRIES: Final = 1_000_000
_TEXT: Final = (str,)
_MAYBE_TEXT: Final = (str, type(None))
_named: set[tuple[str, int]] = set()
_naming: Final = threading.Lock()
_NO_TIME: Final = "{!r} is no time from 1970 to the year 9000"


class Unsound(ValueError):  # noqa: N818 - it is what it says
    """A row cannot be what it should stand for; the message says why."""


def readable(table: str, row: Row, read: Callable[[Row], T]) -> T | None:
    """What a row stands for; None where that cannot be told, which is logged once."""
    try:
        return read(row)
    except Unsound as why:
        name_once(table, row, str(why))
        return None


def name_once(table: str, row: Row, why: str) -> None:
    """Say once that a row cannot be read, and which it is."""
    with _naming:
        key = (table, row.seq)
        if key in _named or len(_named) >= _MOST_NAMED:
            return
        _named.add(key)
    _LOG.warning("row %s of %s (run %.80r) cannot be read and is left out: %s", row.seq, table, row.run, why)


def body_of(kind: str, row: Row) -> dict[str, Any]:
    """The body of a resource of that kind. Raises Unsound."""
    body = _object(row.body, "body")
    if row.created is UNKNOWN:
        raise Unsound(_NO_TIME.format("created"))
    if kind.startswith(HUB):
        _check_subscription(body)
    return body


def timer_of(row: Row) -> Timer:
    """Raises Unsound."""
    data = _object(row.data, "data")
    if row.at is UNKNOWN:
        raise Unsound(_NO_TIME.format("at"))
    return Timer(row.run, row.kind, row.id, row.at, row.action, data)


def owed_of(row: Row) -> Owed:
    """Raises Unsound."""
    if row.due is UNKNOWN:
        raise Unsound(_NO_TIME.format("due"))
    if type(row.attempts) is not int or not 0 <= row.attempts <= _TRIES:
        raise Unsound(f"'attempts' is a number of tries, not {row.attempts!r:.60}")
    body = _object(row.body, "body")
    return Owed(row.id, row.run, row.api, row.subscription, row.event, body, row.due, row.attempts, row.fault)


def exchange_of(row: Row, n: int) -> Exchange:
    """A row as an exchange with number `n`. Raises Unsound."""
    about = _object(row.about, "about")
    if row.at is UNKNOWN:
        raise Unsound(_NO_TIME.format("at"))
    if type(row.elapsed_ms) not in (int, float) or not 0 <= row.elapsed_ms <= LONGEST:
        raise Unsound(f"'elapsed_ms' is a length of time, not {row.elapsed_ms!r:.60}")
    request, response, fault = about.get("request"), about.get("response"), about.get("fault")
    if not isinstance(request, dict):
        raise Unsound("'about' has no request")
    params = about.get("path_params")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise Unsound("'path_params' is a map of texts")
    try:
        exchange = Exchange(
            n=n,
            at=row.at,
            elapsed_ms=row.elapsed_ms,
            sender=Party(about["from"]),
            receiver=Party(about["to"]),
            request=Request(
                _headers(request),
                _bytes(row.request),
                _member(request, "method", _TEXT),
                _member(request, "url", _TEXT),
                unread=_unread(request),
            ),
            response=None if response is None else _response(response, row.response),
            fault=None if fault is None else Fault(FaultKind(fault["kind"]), _member(fault, "message", _TEXT)),
            api=_member(about, "api", _MAYBE_TEXT),
            release=_member(about, "release", _MAYBE_TEXT) if "release" in about else None,
            kind=_member(about, "kind", _MAYBE_TEXT),
            operation=_member(about, "operation", _MAYBE_TEXT),
            path_params=params,
            step=_member(about, "step", _MAYBE_TEXT),
            provoked="provoked" in about,
            spoilt="spoilt" in about,
            secured=secured_of(about["secured"]) if about.get("secured") is not None else None,
            leg=_member(about, "leg", _MAYBE_TEXT) if "leg" in about else None,
            relayed=relayed_of(about.get("relayed")),
        )
    except Unsound:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unsound(f"'about' is not that of an exchange: {error!r:.100}") from error
    return replace(exchange, run=row.run or None)


def _response(told: dict[str, Any], raw: Any) -> Response:
    status = told["status"]
    if type(status) is not int or not 100 <= status <= 999:  # noqa: PLR2004 - what HTTP has room for
        raise Unsound(f"'status' is one of HTTP, not {status!r:.60}")
    return Response(_headers(told), _bytes(raw), status, unread=_unread(told))


def _headers(told: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = tuple((name, value) for name, value in told["headers"])
    if not all(isinstance(text, str) for pair in found for text in pair):
        raise Unsound("'headers' are pairs of texts")
    return found


def _unread(told: dict[str, Any]) -> Unread | None:
    said = told.get("unread")
    return None if said is None else Unread(UnreadKind(said["kind"]), _member(said, "why", _TEXT))


def _member(told: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> Any:
    if not isinstance(told[key], kinds):
        raise Unsound(f"{key!r} is a text, not {told[key]!r:.60}")
    return told[key]


def _bytes(raw: Any) -> bytes:
    if not isinstance(raw, bytes | memoryview):
        raise Unsound(f"a body is bytes, not {raw!r:.60}")
    return bytes(raw)


def _object(raw: Any, column: str) -> dict[str, Any]:
    """A column with an object of JSON. Raises Unsound."""
    try:
        value = _loads(raw)
    except (ValueError, TypeError, RecursionError) as error:
        raise Unsound(f"{column!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unsound(f"{column!r} is not an object")
    return value


def _loads(raw: Any) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        # Half a character of a stranger's is kept as it came.
        return json.loads(raw, parse_constant=_no_number)


def _no_number(text: str) -> Any:
    message = f"{text} is no number of JSON"
    raise ValueError(message)


def _check_subscription(body: Mapping[str, Any]) -> None:
    shown, types, parties = body.get("shown"), body.get("types"), body.get("parties")
    if not isinstance(shown, dict) or not isinstance(shown.get("callback"), str):
        raise Unsound("a subscription has a callback")
    if types is not None and not (isinstance(types, list) and all(isinstance(each, str) for each in types)):
        raise Unsound("'types' of a subscription are a list of event types, or null")
    if not isinstance(parties, dict) or not all(isinstance(each, str) for each in parties.values()):
        raise Unsound("'parties' of a subscription is a map of ids")


_OURS: Final = frozenset({"signal", "have", "does"})
"""Kinds of resource that no contract has and that are about none: signals that stay in force, what is to come."""


def check_kind(kind: str, body: Mapping[str, Any] | None, kinds: ReleaseKinds) -> None:
    """That there are resources of a kind and, of a body, that its id is a text and its state one of theirs.

    Raises Unsound.
    """
    if kind.startswith(HUB):
        if kind.removeprefix(HUB) not in kinds.apis:
            raise Unsound(f"there is no hub {kind!r:.60}")
        return
    known = {each.name: each for each in kinds.living}
    if kind in _OURS or any(part in kinds.kinds for part in kind.split(".")[::-1] if part != kind):
        return  # what our seller keeps beside its resources: how far it has come with one, what is still to come
    if kind not in known:
        raise Unsound(f"there are no resources of the kind {kind!r:.60}; known: {', '.join(known)}")
    if body is None:
        return
    facts = known[kind]
    state = at(body, facts.state_at)
    if facts.state is None or not isinstance(state, str) or state not in facts.state.values:
        raise Unsound(f"{state!r:.60} is no state of a {kind}")
