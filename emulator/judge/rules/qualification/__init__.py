"""The rules of Mplify 87.1: a qualification is answered at once or later, by an offering or by a specification. What MEF 87 says
alike is looked at by its functions (`rules/poq`).
"""

from __future__ import annotations

from emulator.judge.rules.qualification import (
    answering,
    asking,
    changing,
    finding,
    listing,
    living,
    offering,
    serving,
    telling,
)
from emulator.judge.rules.qualification.book import QUALIFICATION

__all__ = [
    "QUALIFICATION",
    "answering",
    "asking",
    "changing",
    "finding",
    "listing",
    "living",
    "offering",
    "serving",
    "telling",
]
