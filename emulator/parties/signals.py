"""Signals: what brings about a step of a path that waits for neither time nor reads, but for somebody's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from emulator.parties.scopes import family
from emulator.parties.store import Resource, Store

PAGE: Final = "/oit/signal"
_GIVEN: Final = "signal"
"""The kind of resource that a signal is which stays in force."""
_STEP: Final = "step:"


def step_signal(step: str) -> str:
    """The signal that a step of a scenario gives when it has succeeded."""
    return _STEP + step


def step_of(signal: str) -> str | None:
    """The step that gives a signal, None for a signal of another's."""
    return signal.removeprefix(_STEP) if signal.startswith(_STEP) else None


def was_given(store: Store, run: str, name: str) -> bool:
    """Whether a signal that stays in force was given to a run."""
    return store.get(family(run), _GIVEN, name) is not None


def keep_given(store: Store, run: str, name: str, at: datetime) -> None:
    """Note a signal that stays in force. Use it inside of a transaction of the store."""
    if not was_given(store, run, name):
        store.add(Resource(run, _GIVEN, name, {}, at))


class Signals:
    """Gives signals to a seller once it is there."""

    def __init__(self) -> None:
        self._give: Callable[[str, str, bool], int] = lambda *_: 0

    def bind(self, give: Callable[[str, str, bool], int]) -> None:
        """`give(name, run, lasting)` is `Seller.signal`."""
        self._give = give

    def give(self, name: str, run: str = "", *, lasting: bool = False) -> int:
        """Returns how many resources of the run went on."""
        return self._give(name, run, lasting)

    def pages(self) -> dict[tuple[str, str], Callable[[Mapping[str, str]], tuple[int, Any]]]:
        """`POST /oit/signal?name=NAME&run=RUN`: 200 says how many resources went on, 404 that none waited for it."""
        return {("POST", PAGE): self._page}

    def _page(self, query: Mapping[str, str]) -> tuple[int, Any]:
        name = query.get("name", "")
        if not name:
            return 400, {"reason": "name is missing: which signal is given?"}
        moved = self.give(name, query.get("run", ""))
        if not moved:
            return 404, {"reason": f"nothing waits for the signal {name!r:.80} here"}
        return 200, {"signal": name, "moved": moved}
