"""Long transcripts: a recorded run over and over, each time with resources of its own, a day later."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, islice
from uuid import NAMESPACE_OID, uuid5

from emulator.record.exchange import Exchange

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = re.compile(r"\b20\d\d-\d\d-\d\d(?=[T\"&]|\b$)")
_EXTERNAL = re.compile(r"(\"externalId\": ?\"|\bexternalId=)([^\"&]+)")


def copies(once: Sequence[Exchange], size: int) -> list[Exchange]:
    """So many exchanges: the run as it is, then its copies; the last one may break off."""
    return list(islice(_endless(once), size))


def _endless(once: Sequence[Exchange]) -> Iterator[Exchange]:
    number = count(1)
    for turn in count():
        for exchange in once:
            yield replace(_copy(exchange, turn) if turn else exchange, n=next(number))


def _copy(exchange: Exchange, turn: int) -> Exchange:
    """An exchange of a later turn: other ids, in URLs and bodies, and every date so many days later."""
    later = timedelta(days=turn)

    def text(old: str) -> str:
        new = _UUID.sub(lambda found: str(uuid5(NAMESPACE_OID, f"{found[0]} {turn}")), old)
        new = _DAY.sub(lambda found: (date.fromisoformat(found[0]) + later).isoformat(), new)
        return _EXTERNAL.sub(rf"\g<1>\g<2>-{turn}", new)

    request, response = exchange.request, exchange.response
    return replace(
        exchange,
        at=exchange.at + later,
        request=replace(request, url=text(request.url), raw=_body(request.raw, text)),
        response=replace(response, raw=_body(response.raw, text)) if response else None,
        path_params={name: text(value) for name, value in exchange.path_params.items()},
    )


def _body(raw: bytes, text: Callable[[str], str]) -> bytes:
    return text(raw.decode()).encode()
