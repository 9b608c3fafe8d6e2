"""What our seller has on its shelves for every run, beside what a profile has it `have`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from emulator.parties.effects import Effect
from emulator.parties.sections import Had


class Stock(Protocol):
    """Resources that a run has from its beginning, and that nobody needs to see before somebody asks for them."""

    def begin(self, run: str) -> None:
        """A run begins: what happens to them by itself is planned."""

    def ready(self, run: str) -> None:
        """They are there, from now on at the latest."""

    def hides(self, run: str, kind: str, had: Had) -> bool:
        """Whether what a profile has is not for the buyer of a run."""

    def coming(self, run: str) -> Sequence[tuple[str, Had]]:
        """Those that come later, each with its kind."""


STOCK: Final[Effect[Stock]] = Effect("what it has in stock")
