"""Answers that are not the API's: a gateway's, a login page, a server that has nothing of the standard at that path.

Nothing is made of them: neither does their form break the contract, nor do they show that a requirement was met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.fold import Fold
from emulator.wire.exchange import Exchange, Response

if TYPE_CHECKING:
    from emulator.judge.run import Run

LOAD: Final = frozenset({429, 502, 503, 504})
"""Statuses with which whoever stands before an API, or the API itself, says: not now (RFC 6585, 4; RFC 9110, 15.6)."""
DOORS: Final = frozenset({401, 403, 407})
"""Statuses of a door that does not know who asks."""
_NOWHERE: Final = frozenset({404, 405, 410})
"""Statuses of a server that has nothing at a path, or not for this method."""
_WORDS: Final = ("code", "reason")
"""Members of each of the standard's error bodies, at least one of which tells that somebody meant to write one."""


def in_standard_form(response: Response) -> bool:
    """Whether an error's body is, or tries to be, one of the standard: an object, or a list of them, with a word of it."""
    body: Any = response.body
    first = body[0] if isinstance(body, list) and body else body
    return isinstance(first, Mapping) and any(isinstance(first.get(word), str) for word in _WORDS)


def is_page(response: Response) -> bool:
    """Whether it is a page for people."""
    kind = (response.header("content-type") or "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml"} and response.parsed.problem is not None


def is_nowhere(response: Response) -> bool:
    """Whether it may come from a server that has no such API: a 404 in a form of its own, a page, a way to elsewhere."""
    if response.status in range(300, 400) or is_page(response):
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


def is_elsewhere(run: Run, exchange: Exchange) -> bool:
    """Whether an answer comes from somewhere else than the API that was called.

    A page or a 404 of another form is such as long as nothing of the API was seen: once it has answered, what comes
    from its paths is its own.
    """
    response = exchange.response
    if response is None:
        return False
    if response.status in LOAD or response.status == 407:  # noqa: PLR2004 - a proxy's
        return True
    if response.status in DOORS:
        return not in_standard_form(response)
    return is_nowhere(response) and (exchange.api, exchange.kind) not in run.known(THERE)
