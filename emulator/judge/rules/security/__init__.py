"""The LSO API security profile, MEF 128: rules for who claims it. What follows from an RFC alone is a rule of that RFC.

They look at every message, those with an authorization server included: none of them is of one API. What is a warning
in them hurts nobody who does as the profile says.
"""

from __future__ import annotations

from emulator.judge.rules.security import access, asking, issuing, tokens
from emulator.judge.rules.security.book import SECURITY

__all__ = ["SECURITY", "access", "asking", "issuing", "tokens"]
