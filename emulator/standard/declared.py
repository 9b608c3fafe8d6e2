"""What partners declare to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from emulator.record.exchange import Party


@dataclass(frozen=True, slots=True)
class Declared:
    """What the partners told each other before they talked; None and absence mean that nobody said.

    `buyers` and `sellers` are the ids that `buyerId` and `sellerId` tell apart: with fewer than two there
    is nobody to tell apart. `options` says of an option of a guide (`MEF123-O1`) whether it is used.
    `readings` pins entries of the interpretation register to one of their readings. `unsupported` names
    operations as `api.operationId`. `claims` are the guides of no single API that they claim to follow (`MEF128`): only
    who claims one is judged by it. `open` are parties of ours that nobody has asked to find out who calls: that they let in
    everybody is no breach of theirs.
    """

    buyers: tuple[str, ...] | None = None
    sellers: tuple[str, ...] | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()
    claims: frozenset[str] = frozenset()
    open: frozenset[Party] = frozenset()


def claiming(declared: Declared, claims: frozenset[str]) -> Declared:
    """The same with more guides that are claimed."""
    return replace(declared, claims=declared.claims | claims)


NOTHING_DECLARED: Final = Declared()
