"""What an import tells of itself: what was mended, what was left out, and what stays open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_MOST: Final = 20_000
"""Notes of a kind that are kept; a tree that needs more is hostile, and its number is told all the same."""
_LONG: Final = 300


@dataclass(frozen=True, slots=True)
class Mending:
    """One thing that was mended: in which `file`, at which `place` (a JSON Pointer), `what` was wrong and `how` it is read."""

    file: str
    place: str
    what: str
    how: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a part of one, that is no part of the import, and why."""

    file: str
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A thing that nobody can know from the SDK: nothing is judged by it."""

    what: str


@dataclass(slots=True)
class Notes:
    """All that is told of an import, in the order in which it came up; nothing twice."""

    mendings: dict[Mending, None] = field(default_factory=dict)
    skipped: dict[Skipped, None] = field(default_factory=dict)
    unknown: dict[Unknown, None] = field(default_factory=dict)

    def mend(self, file: str, place: str, what: str, how: str) -> None:
        """Tell of something that was mended."""
        if len(self.mendings) < _MOST:
            self.mendings[Mending(file, place[:_LONG], what, how[:_LONG])] = None

    def skip(self, file: str, why: str) -> None:
        """Tell of something that was left out."""
        if len(self.skipped) < _MOST:
            self.skipped[Skipped(file, why)] = None

    def leave_open(self, what: str) -> None:
        """Tell of something that stays open."""
        if len(self.unknown) < _MOST:
            self.unknown[Unknown(what)] = None
