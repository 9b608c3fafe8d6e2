"""URNs of product payloads: what may be meant by one that nobody here knows."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from emulator.errors import suggestion

_URN: Final = re.compile(r"urn:[^\s]*:(?P<name>[^:\s]+):(?P<version>v[0-9][0-9A-Za-z.-]*):(?P<part>[^:\s]+)\Z")
_LONGEST: Final = 300
"""A text of more characters is no URN of the standard, and nobody compares it with all that there are."""


@lru_cache(maxsize=1024)
def urn_hint(urn: str, known: Collection[str]) -> str:
    """What to say of an unknown URN: which of its versions are known, or which URN is nearly spelt so; "" for nothing."""
    if len(urn) > _LONGEST:
        return ""
    asked = _URN.match(urn)
    versions = [other for other in known if asked and (match := _URN.match(other)) and match["name"] == asked["name"]]
    if versions:
        return f"known versions of this product: {', '.join(sorted(versions))}"
    near = suggestion(urn, known, cutoff=0.8)
    return f"did you mean {near}?" if near else ""
