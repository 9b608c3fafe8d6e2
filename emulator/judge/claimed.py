"""The guides of no single API by which a run is judged, since the partners claim them: their rules and requirements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.judge.rule import ClosingRule, Rule
from emulator.judge.rules import rules_of
from emulator.judge.run import Half, Run
from emulator.standard.requirement import Feature, Requirement

if TYPE_CHECKING:
    from emulator.standard.release import Release

_UNUSED: Final[Mapping[Feature, str]] = {
    Feature.HYBRID: "it is of the hybrid flow, and nothing shows that this is in use: clients ask by their own credentials",
    Feature.ENCRYPTION: "no token was encrypted",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """The rules on messages by halves, those on whole runs, and the requirements of the guides that are claimed."""

    looking: Mapping[Half, Sequence[Rule]]
    closing: Sequence[ClosingRule]
    requirements: Sequence[Requirement]

    def unused(self, run: Run) -> Mapping[Feature, str]:
        """Which flows are not in use in a run, each with the reason why its requirements do not apply."""
        used = set(_features(run)) if self.requirements else set()
        return {feature: why for feature, why in _UNUSED.items() if feature not in used}


NOBODY: Final = Claimed(dict.fromkeys(Half, ()), (), ())
"""Nothing is claimed."""


def claimed_in(release: Release, claims: frozenset[str]) -> Claimed:
    """What these claims bring in. FileProblem where the release names a book that there is not."""
    books = [book for guide, book in rules_of(release).claimed.items() if guide in claims]
    if not books:
        return NOBODY
    looking = {half: [rule for book in books for rule in book.rules if rule.half is half] for half in Half}
    closing = [rule for book in books for rule in book.closing]
    return Claimed(looking, closing, list(release.claimed_by(claims)))


def _features(run: Run) -> Iterator[Feature]:
    """What is in use, by what was seen: an ID token is of the hybrid flow, a token with `enc` is encrypted.

    A server that only says that it has the hybrid flow is not asked by it.
    """
    for exchange in run.exchanges:
        for token in exchange.secured.tokens if exchange.secured else ():
            if token.where == "/id_token":
                yield Feature.HYBRID
            if token.header is not None and "enc" in token.header:
                yield Feature.ENCRYPTION
