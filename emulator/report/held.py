"""How much of what was captured could be judged at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emulator.judge.entries import Unattributed
from emulator.judge.roles import Roles
from emulator.record.exchange import Exchange


def seen(exchange: Exchange) -> bool:
    """Whether an exchange shows anything of the standard: an answer, to more than a question of HTTP's own or to who asks
    for a token.
    """
    return exchange.response is not None and not exchange.beside and not exchange.authorizes


def mostly_lost(exchanges: Iterable[Exchange], unattributed: Sequence[Unattributed], roles: Roles) -> bool:
    """Whether a capture holds less of the messages that are asked about than it leaves out.

    Asked about are those of the parties under test, without one all. An exchange counts as held if all of these are.
    """
    whole = 0
    lost = sum(1 for row in unattributed if row.lost and row.half is None)
    for exchange in exchanges:
        asked = exchange.request.unknown if roles.counts(exchange.sender) else None
        answered = exchange.response.unknown if exchange.response and roles.counts(exchange.receiver) else None
        if asked or answered:
            lost += 1
        else:
            whole += 1
    return lost > whole
