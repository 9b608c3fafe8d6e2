"""Words of addresses as people write them, and when two addresses can be the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any


class Words:
    """Compares words as people write them: case, accents, dots and blanks do not count, synonyms are equal."""

    def __init__(self, synonyms: Iterable[Iterable[str]] = ()) -> None:
        groups = [[_bare(word) for word in group] for group in synonyms]
        self._same = {word: group[0] for group in groups for word in group}

    def norm(self, value: Any) -> str:
        """The word in its plainest form; "" where there is none."""
        if isinstance(value, Mapping):
            return " ".join(sorted(f"{key}={self.norm(member)}" for key, member in value.items()))
        if isinstance(value, list):
            return " ".join(sorted(self.norm(member) for member in value))
        plain = _bare(str(value)) if value is not None else ""
        return self._same.get(plain) or " ".join(self._same.get(word, word) for word in plain.split())


def _bare(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text).casefold()
    kept = (ch if ch.isalnum() else "" if unicodedata.combining(ch) or ch in ".'\u2019" else " " for ch in flat)
    return " ".join("".join(kept).split())


def _street(words: Words, address: Mapping[str, Any]) -> str:
    """The street as one phrase: some write its type beside its name, some into it."""
    return " ".join(words.norm(address.get(name)) for name in ("streetName", "streetType", "streetSuffix")).strip()


def same_street(words: Words, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two addresses are in one street, with its type beside its name or in it."""
    mine, theirs = words.norm(one.get("streetName")), words.norm(other.get("streetName"))
    return bool(mine) and (
        mine == theirs or _street(words, one) == _street(words, other) or mine == _street(words, other)
    )


def agree(words: Words, names: Iterable[str], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether none of the parts that both have differ."""
    pairs = [(words.norm(one.get(name)), words.norm(other.get(name))) for name in names]
    return all(mine == theirs for mine, theirs in pairs if mine and theirs)


def equal(words: Words, names: Iterable[str], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether all of the parts are the same, and what one has not the other has not either."""
    return all(words.norm(one.get(name)) == words.norm(other.get(name)) for name in names)


def near(one: Any, other: Any) -> bool:
    """Whether two coordinates in degrees are within a metre or so."""
    try:
        return abs(Decimal(str(one)) - Decimal(str(other))) <= Decimal("0.00001")
    except (ArithmeticError, ValueError):  # no number, or one beyond all numbers
        return False
