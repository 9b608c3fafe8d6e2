"""Which of our own seller's answers were spoilt on purpose, as the client sees it that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.doors.client import Client
from emulator.doors.faults import Faults
from emulator.record.exchange import Exchange, Transcript


@dataclass(slots=True)
class Watchful:
    """A client that remembers which of its exchanges were spoilt on purpose. It records in `transcript`."""

    inner: Client
    faults: Faults
    spoilt: set[int]
    transcript: Transcript

    def send(self, method: str, url: str, **parts: Any) -> Exchange:
        """As the client inside."""
        struck, spoilt, before = self.faults.struck, self.faults.spoilt, self.transcript.newest
        exchange = self.inner.send(method, url, **parts)
        late = self.faults.struck != struck and exchange.fault is not None
        if self.faults.spoilt != spoilt or late:
            # A 401 is answered by coming again: then the answers that were spoilt are those before the last one.
            tries = [one.n for one in self.transcript if one.n > before and one.operation == exchange.operation]
            self.spoilt.update(tries[: self.faults.spoilt - spoilt] if len(tries) > 1 else [exchange.n])
        return exchange
