"""A breach: what was found, where, and what was hoped for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from emulator.record.call import ErrorCode
from emulator.record.payload import MISSING


class Check(StrEnum):
    """Which part of the contract layer noticed it."""

    UNREADABLE = "unreadable"  # the body is not JSON
    DUPLICATE = "duplicate-member"  # an object gives a member twice
    OPERATION = "operation"  # no operation of the contract has this method and path
    QUERY = "query"  # a query parameter is wrong
    STATUS = "status"  # the contract lists no such response code
    HEADER = "header"  # content type or a declared header
    CODING = "coding"  # the body is packed as its receiver cannot read it
    SCHEMA = "schema"  # the envelope, with the sub-type that `@type` names
    PRODUCT = "product"  # the product payload
    READ_ONLY = "read-only"  # a request carries a readOnly attribute
    UNKNOWN_MEMBER = "unknown-member"  # a member that no schema names: allowed, but often a slip
    URN_ALIAS = "urn-alias"  # a product URN in a known wrong spelling
    UNCHECKED = "unchecked"  # a type that no schema of ours describes: legal, and not judged
    RULE = "rule"  # a rule of a guide, beyond what the contract says
    HINT = "hint"  # a rule of ours that the standard does not back with a clause, or not clearly


ADVISORY = frozenset({Check.UNKNOWN_MEMBER, Check.URN_ALIAS, Check.UNCHECKED, Check.HINT})
"""Checks whose findings are warnings: the standard does not forbid what they notice."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that is not as it should be; `place` is a JSON Pointer ("" is the whole body).

    `expected` and `found` are JSON values or short words; `code` is the `Error422` code that fits.
    `reading` is (interpretation, reading) where it is a breach by one reading of the standard only. `more` is not 0 where
    it stands for so many that are not told, of which it is the first.
    """

    place: str
    expected: Any
    found: Any = MISSING
    message: str = ""
    check: Check = Check.SCHEMA
    code: ErrorCode = ErrorCode.INVALID_VALUE
    reading: tuple[str, str] | None = None
    more: int = 0

    @property
    def advisory(self) -> bool:
        """Whether this is worth a warning only."""
        return self.check in ADVISORY
