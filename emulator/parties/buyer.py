"""The emulated buyer: hears notifications and says that it has heard them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emulator.record.call import ApiError, Call, Reply

HEARD: Final = Reply(204)

Answering = Callable[[Call], Reply]
"""What is answered to a notification. ApiError becomes the standard's error body; it may take its time."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 204: `status` with the standard's error body, `times` times (None: always)."""

    status: int = 500
    times: int | None = None


class Buyer:
    """Answers the notifications of a seller: 204, unless told otherwise. Safe to call from many threads.

    It keeps nothing: what came stands in the transcript, which its door writes, and the ledger reads it there.
    """

    def __init__(self, answering: Answering | Refusal | None = None) -> None:
        self._answering = answering
        self._refused = 0
        self._turn = threading.Lock()

    def answer(self, call: Call) -> Reply:
        """204 to a notification that passed its contract."""
        match self._answering:
            case None:
                return HEARD
            case Refusal() as refusal:
                return self._refuse(refusal)
            case answering:
                return answering(call)

    def _refuse(self, refusal: Refusal) -> Reply:
        with self._turn:
            if refusal.times is not None and self._refused >= refusal.times:
                return HEARD
            self._refused += 1
        reason = "This buyer was told to refuse"
        raise ApiError(refusal.status, {"code": _CODES.get(refusal.status, "internalError"), "reason": reason})


_CODES: Final = {400: "invalidBody", 401: "missingCredentials", 403: "accessDenied", 404: "notFound"}
