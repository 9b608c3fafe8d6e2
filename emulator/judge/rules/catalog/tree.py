"""Which category lies in which, as a run has shown it. A category names its parent; that moves its lastUpdate, as the list of
its own groups does not (MEF W142-R9), so that parents are what is relied on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from emulator.judge.named import CATEGORY
from emulator.judge.rules.catalog.book import around, categories_of
from emulator.judge.run import Run
from emulator.record.exchange import Exchange
from emulator.record.payload import at

_DEEPEST: Final = 50


class CategoryTree:
    """The categories of a run, seen from one of its exchanges."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def is_member(
        self, value: Mapping[str, Any], wanted: Sequence[str], when: Exchange
    ) -> Literal["yes", "no", "nearly", "unknown"]:
        """Whether an offering is in one of these categories, or in one within it, as far as categories were seen; `nearly`
        where that it is not may have changed meanwhile.
        """
        above = [self._above(each, when) for each in categories_of(value)]
        if any(set(line) & set(wanted) for line, _ in above):
            return "yes"
        if not all(ended for _, ended in above):
            return "unknown"
        return "no" if all(self._stayed(each, when) for line, _ in above for each in line) else "nearly"

    def is_settled(self, value: Mapping[str, Any], wanted: Sequence[str] | None, when: Exchange) -> bool:
        """Whether an offering was surely in one of these categories while an exchange took place: it names it, or each
        category on the way there was shown before and after, in one version.
        """
        if not wanted:
            return True
        return any(self._leads(each, wanted, when) for each in categories_of(value))

    def _stayed(self, category: str, when: Exchange) -> bool:
        life = self._run.life(CATEGORY, category)
        return life is not None and around(life, when, when) is not None

    def _leads(self, category: str, wanted: Sequence[str], when: Exchange) -> bool:
        for _ in range(_DEEPEST):
            if category in wanted:
                return True
            life = self._run.life(CATEGORY, category)
            shown = around(life, when, when) if life else None
            parent = at(shown.value, "/parentCategory/id") if shown else None
            if not isinstance(parent, str):
                return False
            category = parent
        return False

    def _above(self, category: str, when: Exchange) -> tuple[list[str], bool]:
        """A category and those that it lies in, as they were shown last before an exchange (or first after it), and whether
        the topmost is among them.
        """
        line = [category]
        for _ in range(_DEEPEST):
            life = self._run.life(CATEGORY, line[-1])
            shown = (life.last_before(when, whole=False) or life.next_after(when, whole=False)) if life else None
            if shown is None:
                return line, False
            parent = at(shown.value, "/parentCategory/id")
            if not isinstance(parent, str):
                return line, True
            if parent in line:
                return line, False
            line.append(parent)
        return line, False
