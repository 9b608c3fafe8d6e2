"""The rules of MEF W142: serving and asking, lists, categories, what stays, how it lives, bounds, schemas, events, other APIs."""

from __future__ import annotations

from emulator.judge.rules.catalog import (
    across,
    asking,
    constraints,
    graph,
    keeping,
    listing,
    living,
    schemas,
    telling,
)
from emulator.judge.rules.catalog.book import CATALOG

__all__ = [
    "CATALOG",
    "across",
    "asking",
    "constraints",
    "graph",
    "keeping",
    "listing",
    "living",
    "schemas",
    "telling",
]
