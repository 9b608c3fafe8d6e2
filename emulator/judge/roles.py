"""Who plays which party in a run, and what follows from that for its judgement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.record.exchange import Party


class PartyRole(StrEnum):
    """What a party is in a run."""

    EMULATED = "emulated"  # it is ours
    UNDER_TEST = "underTest"  # it is a partner's, and what it does wrong is what the run is there to find
    OBSERVED = "observed"  # it is somebody's: what it does wrong is told, and decides where nobody is under test


@dataclass(frozen=True, slots=True)
class Roles:
    """The role of each party. Any two go together: both may be under test, and both may be merely observed."""

    buyer: PartyRole
    seller: PartyRole

    @classmethod
    def testing(cls, party: Party, other: PartyRole = PartyRole.EMULATED) -> Roles:
        """One party is under test, and the other one ours, unless it is said what else it is."""
        tested = PartyRole.UNDER_TEST
        return cls(tested, other) if party is Party.BUYER else cls(other, tested)

    @classmethod
    def captured(cls, sut: Party | None = None) -> Roles:
        """Traffic of others, one of whom may be under test."""
        return OBSERVED if sut is None else cls.testing(sut, PartyRole.OBSERVED)

    def of(self, party: Party) -> PartyRole:
        """The role of a party."""
        return self.buyer if party is Party.BUYER else self.seller

    def emulates(self, party: Party) -> bool:
        """Whether a party is ours."""
        return self.of(party) is PartyRole.EMULATED

    @property
    def tested(self) -> tuple[Party, ...]:
        """The parties under test."""
        return tuple(party for party in Party if self.of(party) is PartyRole.UNDER_TEST)

    @property
    def sut(self) -> Party | None:
        """The one party under test; None where there is none, or both are."""
        return self.tested[0] if len(self.tested) == 1 else None

    @property
    def are_strangers(self) -> bool:
        """Whether neither party is ours."""
        return not any(map(self.emulates, Party))

    def counts(self, party: Party | None) -> bool:
        """Whether what a party says is evidence: that of parties under test, and where there are none, of everybody.

        What an emulated party says right proves nothing of the other. None is the run as a whole.
        """
        return not self.tested or party in self.tested

    def is_ours(self, party: Party) -> bool:
        """Whether a party is ours while another one is tested: what it does wrong is then a mistake of ours."""
        return self.emulates(party) and bool(self.tested)

    def is_beside(self, party: Party) -> bool:
        """Whether a party is looked at while another one is tested: what it does wrong is told, and decides nothing."""
        return self.of(party) is PartyRole.OBSERVED and bool(self.tested)


SELF_TEST: Final = Roles(PartyRole.EMULATED, PartyRole.EMULATED)
"""Both parties are ours."""
OBSERVED: Final = Roles(PartyRole.OBSERVED, PartyRole.OBSERVED)
"""Neither party is ours, and neither is under test more than the other."""
