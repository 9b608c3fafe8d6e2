"""What becomes of what breaks its contract, at a door that passes it on: nothing, a mark, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.doors.aside import LIGHT, aside
from emulator.doors.refusing import ErrorPolicy, breaches_of, refusal_of
from emulator.doors.visit import Visit
from emulator.record.call import ApiError, outside_standard
from emulator.record.exchange import BESIDE, Party, Response
from emulator.record.secrets import masked_text
from emulator.standard.breach import Breach
from emulator.standard.contract import Contract

MARK: Final = "OIT-Breach"
"""The header of an answer that names a breach: whose, where, what."""
_MOST: Final = 5
"""Breaches of one message that are named."""
_LONGEST: Final = 300
"""Characters that one of them has."""


class Sifting(StrEnum):
    """What becomes of what breaks its contract."""

    PASS = "pass"  # noqa: S105 - no password
    """It is passed on, and judged."""
    MARK = "mark"
    """It is passed on, and the answer has a header `OIT-Breach` for each breach."""
    REFUSE = "refuse"
    """A request is answered by us as the standard wants it (400, 422), and an answer is replaced by a 502."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What was found of one message: `marks` for the answer's head, `error` where it is answered instead."""

    marks: Sequence[str] = ()
    error: ApiError | None = None


_RIGHT: Final = Sifted()


class Sieve:
    """Looks at the messages of a door. With `PASS` it looks at none."""

    def __init__(self, does: Sifting = Sifting.PASS) -> None:
        self._does, self._policy = does, ErrorPolicy()

    async def request(self, visit: Visit) -> Sifted:
        """What is to be done about a request."""
        if (contract := self._looks(visit)) is None or visit.request.unread is not None:
            return _RIGHT
        operation, request = str(visit.operation), visit.request
        sender = contract.served_by.other

        def look() -> Sifted:
            if self._does is Sifting.REFUSE:
                error = refusal_of(self._policy, contract, operation, request)
                return Sifted(error=error) if error else _RIGHT
            return Sifted(_marks(sender, breaches_of(self._policy, contract, operation, request)))

        return await _look(look, len(request.raw))

    async def response(self, visit: Visit, response: Response) -> Sifted:
        """What is to be done about an answer."""
        if (contract := self._looks(visit)) is None or response.unread is not None:
            return _RIGHT
        operation, receiver = str(visit.operation), contract.served_by

        def look() -> Sifted:
            marks = _marks(receiver, contract.response_breaches(operation, response, advisory=False))
            if not marks or self._does is Sifting.MARK:
                return Sifted(marks)
            reason = f"The {receiver}'s answer breaks its contract; oit proxy does not pass it on"
            return Sifted(error=outside_standard(502, reason, "; ".join(marks)))

        return await _look(look, len(response.raw))

    def _looks(self, visit: Visit) -> Contract | None:
        """The contract that a visit is held against, None where it is not."""
        looks = self._does is not Sifting.PASS and visit.operation is not None and visit.request.method not in BESIDE
        return visit.contract if looks else None


async def _look(look: Callable[[], Sifted], size: int) -> Sifted:
    """Look at once, or for a large message beside those who wait."""
    return await aside(look) if size > LIGHT else look()


def _marks(author: Party, breaches: Sequence[Breach]) -> list[str]:
    """Breaches as values of a header: whose, where, what, without what a header cannot hold."""
    told = [
        f"{author}; {breach.place or 'the whole'}: {breach.message or f'{breach.expected} was expected'}"
        for breach in breaches
    ]
    if len(told) > _MOST:
        told[_MOST:] = [f"{author}; and {len(told) - _MOST} more"]
    return [
        "".join(each if each.isascii() and each.isprintable() else "?" for each in masked_text(text)[:_LONGEST])
        for text in told
    ]
