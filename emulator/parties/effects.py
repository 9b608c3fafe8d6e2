"""Effects: what one API does for another, by types. The API that does it owns the type and the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effect(Generic[T]):
    """The key under which an API finds what another does for it; `name` says what that is."""

    name: str


class Effects:
    """What the APIs of one seller do for each other."""

    def __init__(self) -> None:
        self._offered: dict[str, Any] = {}

    def offer(self, effect: Effect[T], one: T) -> None:
        """From now on others find this there."""
        self._offered[effect.name] = one

    def has(self, effect: Effect[Any]) -> bool:
        """Whether an API of the seller's release does it."""
        return effect.name in self._offered

    def of(self, effect: Effect[T]) -> T:
        """What does it. LookupError where no API of the seller's release does."""
        if effect.name not in self._offered:
            message = f"no API of this seller has {effect.name}"
            raise LookupError(message)
        found: T = self._offered[effect.name]
        return found
