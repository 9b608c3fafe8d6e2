"""Answers that are not the API's: a gateway's, a login page, a server that has nothing of the standard at that path.

Nothing is made of them: neither does their form break the contract, nor do they show that a requirement was met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.fold import Fold
from emulator.record.call import ErrorCode
from emulator.record.exchange import Exchange, Response

if TYPE_CHECKING:
    from emulator.judge.run import Run

LOAD: Final = frozenset({408, 429, 502, 503, 504, *range(520, 528), 530})
"""Statuses with which whoever stands before an API, or the API itself, says: not now (RFC 6585, 4; RFC 9110, 15.5.9 and 15.6).

520 to 530 are those of content delivery networks that do not get through to what they stand before.
"""
DOORS: Final = frozenset({401, 403, 407, 511})
"""Statuses of a door that does not know who asks."""
_BEFORE: Final = frozenset({407, 511})
"""Those of them that are never the API's own: a proxy's, a network's."""
_NOWHERE: Final = frozenset({404, 405, 410})
"""Statuses of a server that has nothing at a path, or not for this method."""
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_UNLABELLED: Final = frozenset({"", "text/plain", "application/octet-stream"})
_CONDITIONS: Final = frozenset({"if-none-match", "if-modified-since"})
_PAGE: Final = (b"<!doctype html", b"<html")


def in_standard_form(response: Response) -> bool:
    """Whether an error's body is, or tries to be, one of the standard: an object, or a list of them, with a word of it.

    Its codes are words. A number in their place is how gateways repeat the status.
    """
    body: Any = response.body
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return False
    code, reason = first.get("code"), first.get("reason")
    return isinstance(reason, str) or (isinstance(code, str) and not code.strip().isdecimal())


def _is_of_content(response: Response) -> bool:
    """Whether an error speaks of what was asked for, by the code of an Error422: only the API itself knows of that."""
    body: Any = response.body
    first = body[0] if isinstance(body, list) and body else body
    return isinstance(first, Mapping) and first.get("code") in list(ErrorCode)


def is_page(response: Response) -> bool:
    """Whether it is a page for people, by its label, or where that says nothing, by its first word."""
    if response.parsed.problem is None:
        return False
    kind = (response.header("content-type") or "").partition(";")[0].strip().lower()
    return kind in _PAGES or (kind in _UNLABELLED and response.raw.lstrip()[:20].lower().startswith(_PAGE))


def is_nowhere(response: Response) -> bool:
    """Whether it may come from a server that has no such API: a 404 in a form of its own, a page, a way to elsewhere."""
    if response.status in range(300, 400) or is_page(response) or (response.status >= 500 and not response.raw):  # noqa: PLR2004
        return True
    return response.status in _NOWHERE and not in_standard_form(response)


def _take(there: set[tuple[str, str | None]], _run: Run, exchange: Exchange) -> None:
    response = exchange.response
    if exchange.api is None or response is None or response.status in LOAD:
        return
    good = response.status in range(200, 300) and not is_page(response)
    if good or (response.status not in DOORS and in_standard_form(response)):
        there.add((exchange.api, exchange.kind))


THERE: Final[Fold[set[tuple[str, str | None]]]] = Fold(set, _take)
"""The APIs that have answered as the standard says, by name and kind."""


def _is_unchanged(exchange: Exchange, response: Response) -> bool:
    """Whether it says to who asked for it that nothing has changed (RFC 9110, 15.4.5): what is meant is in a cache.

    Where no header was captured, whether it was asked for is not known.
    """
    names = {name.lower() for name, _ in exchange.request.headers}
    return response.status == 304 and (not names or bool(names & _CONDITIONS))  # noqa: PLR2004


def is_elsewhere(run: Run, exchange: Exchange) -> bool:
    """Whether an answer comes from somewhere else than the API that was called.

    A page or a 404 of another form is such as long as nothing of the API was seen: once it has answered, what comes
    from its paths is its own. So is a 401 or 403: who was never let in has not reached the API.
    """
    response = exchange.response
    if response is None:
        return False
    if response.status in LOAD or response.status in _BEFORE or _is_unchanged(exchange, response):
        return True
    if exchange.secured is not None and exchange.secured.flaw and is_page(response):
        return True  # what stands before the API has refused the credentials that we made wrong
    if response.status in DOORS:
        there = (exchange.api, exchange.kind) in run.known(THERE)
        return not in_standard_form(response) or not (there or _is_of_content(response))
    return is_nowhere(response) and (exchange.api, exchange.kind) not in run.known(THERE)
