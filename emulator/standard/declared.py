"""What partners declare to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from emulator.record.exchange import Party

FixedValues = Literal["sent", "not-sent"]
"""Whether a Buyer may send attributes that a catalog fixes (W142-R45)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the partners told each other before they talked; None and absence mean that nobody said.

    `buyers` and `sellers` are the ids that `buyerId` and `sellerId` tell apart: with fewer than two there
    is nobody to tell apart. `options` says of an option of a guide (`MEF123-O1`) whether it is used.
    `readings` pins entries of the interpretation register to one of their readings. `unsupported` names
    operations as `api.operationId`. `claims` are the guides of no single API that they claim to follow (`MEF128`): only
    who claims one is judged by it. `open` are parties of ours that nobody has asked to find out who calls: that they let in
    everybody is no breach of theirs.

    `fixed` says whether the Buyer may send the attributes that an offering fixes, `fixed_in_answers` whether the Seller's answers
    have them where the Buyer may not (W142-R45, W142-R46). `pilot_buyers` are the ids of the Buyers to whom offerings in test are
    shown (W142-O4), `printable_bill` says whether bills come as documents as well (MEF141-R26).
    """

    buyers: tuple[str, ...] | None = None
    sellers: tuple[str, ...] | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()
    claims: frozenset[str] = frozenset()
    open: frozenset[Party] = frozenset()
    fixed: FixedValues | None = None
    fixed_in_answers: bool | None = None
    pilot_buyers: tuple[str, ...] | None = None
    printable_bill: bool | None = None


def claiming(declared: Declared, claims: frozenset[str]) -> Declared:
    """The same with more guides that are claimed."""
    return replace(declared, claims=declared.claims | claims)


NOTHING_DECLARED: Final = Declared()
