"""What the clauses of its guides are called in a release: rules, proofs and interpretations bind to keys, people see ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

GUIDE: Final = r"(?:MEF|Mplify|W)[0-9]+(?:\.[0-9]+)*"
"""What a guide is called here: `MEF123`, and `W142` where MEF publishes a draft ("MEF W142"), `Mplify121.1` under its later name."""
_USE_CASE: Final = re.compile(rf"({GUIDE})(-UC[0-9a-z]+)")
_NAMED: Final = re.compile(
    rf"(?P<clause>(?P<of>{GUIDE})-[A-Za-z0-9-]+)|(?P<guide>{GUIDE})(?:(?P<word> table )(?P<number>[0-9]+))?(?![\w.-])"
)
"""A clause, or a guide, perhaps with a table of it, in a text."""
_LABEL: Final = re.compile(r"C?[RDO][0-9]+[a-z]?")
_CLAUSE: Final = re.compile(rf"({GUIDE}-[A-Za-z0-9-]+)(\..+)?")
_UNNUMBERED: Final = re.compile(rf"({GUIDE})(\.[a-z].*)")
"""A rule on no clause, which has a name of its own behind that of the guide."""
_BARE: Final = re.compile(
    rf"(?<![\w.-])(?:(?P<label>{_LABEL.pattern})|(?P<word>[Tt]ables? )(?P<numbers>[0-9]+(?:(?:, | and | or | to )[0-9]+)*))(?![\w.-]*\w)"
)
"""A label or tables in a text of one guide, which it does not name."""
_SPOKEN: Final = re.compile(rf"({GUIDE}) ({_LABEL.pattern}(?:(?:, | and | to ){_LABEL.pattern})*)")
"""Clauses of a guide as one says them: `MEF137 R41, R42`."""


@dataclass(frozen=True, slots=True)
class Labels:
    """`ids` has the id of each clause by its key (`MEF123-R45`), `gone` the keys of those that a release which this one goes
    by has, and this one has not. `guides` are those that are called otherwise here, by what that release calls them, and
    `tables` the numbers of their tables, likewise; `lost` are the guides of APIs that are gone.
    """

    ids: Mapping[str, str]
    gone: frozenset[str] = frozenset()
    guides: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    def told(self, name: str) -> str | None:
        """The key of a clause or a use case, or the id of a rule that begins with one, as it is here; None where there is none."""
        if case := _USE_CASE.fullmatch(name):
            return None if case[1] in self.lost else f"{self.guides.get(case[1], case[1])}{case[2]}"
        found = _CLAUSE.fullmatch(name)
        if found is None:
            unnumbered = _UNNUMBERED.fullmatch(name)
            return f"{self.guides.get(unnumbered[1], unnumbered[1])}{unnumbered[2]}" if unnumbered else name
        here = self.ids.get(found[1])
        return None if here is None else f"{here}{found[2] or ''}"

    def covers(self, key: str) -> str | None:
        """As `told`, but for what no release of its line knows: that stays as it is."""
        here = self.told(key)
        return key if here is None and key not in self.gone else here

    def tell(self, names: Iterable[str]) -> tuple[str, ...]:
        """Keys of clauses as they are here, without those that are not."""
        return tuple(here for name in names if (here := self.told(name)) is not None)

    def spoken(self, text: str) -> str:
        """A text that names clauses as one says them (`MEF137 R41, R42`), by the names that they have here; where one of them is
        gone, the guide alone is named.
        """

        def named(found: re.Match[str]) -> str:
            guide, labels = found[1], _LABEL.findall(found[2])
            if guide not in self.guides:
                return found[0]
            here = [self.told(f"{guide}-{label}") for label in labels]
            told = (each.partition("-")[2] for each in here if each is not None)
            return " ".join((self.guides[guide], *((", ".join(told),) if None not in here else ())))

        return _SPOKEN.sub(named, text)

    def words(self, text: str) -> str | None:
        """A text that names clauses, tables or sections of guides as this release calls them; None where one is not here."""
        if any(self._name(found) is None for found in _NAMED.finditer(text)):
            return None
        return _NAMED.sub(lambda found: self._name(found) or "", text)

    def of(self, guide: str, text: str) -> str:
        """A text of a guide that names its labels and tables without it, by the names that they have here; a label that is gone is
        told of with its guide.
        """
        tables = self.tables.get(guide, {})

        def named(found: re.Match[str]) -> str:
            if found["label"]:
                key = f"{guide}-{found['label']}"
                return (self.told(key) or f"-{key}").partition("-")[2]
            return found["word"] + re.sub(r"[0-9]+", lambda number: tables.get(number[0], number[0]), found["numbers"])

        return _BARE.sub(named, text) if guide in self.guides else text

    def within(self, guide: str, text: str) -> str:
        """A list of figures, tables and labels of a guide, without those that are not here."""
        parts = (self._part(guide, part) for part in text.split(", "))
        return ", ".join(part for part in parts if part)

    def _part(self, guide: str, part: str) -> str:
        if _LABEL.fullmatch(part):
            return (self.told(f"{guide}-{part}") or "").rpartition("-")[2]
        word, _, number = part.partition(" ")
        tables = self.tables.get(guide, {}) if word == "Table" else {}
        return f"{word} {tables.get(number, number)}" if number else part

    def _name(self, found: re.Match[str]) -> str | None:
        if found["clause"]:
            here = self.ids.get(found["clause"])
            # What nobody here has numbered is no clause of these guides: a reference to another standard.
            return found["clause"] if here is None and not self._is_ours(found["clause"], found["of"]) else here
        guide = found["guide"]
        if guide in self.lost:
            return None
        number = self.tables.get(guide, {}).get(found["number"] or "", found["number"] or "")
        return f"{self.guides.get(guide, guide)}{found['word'] or ''}{number}"

    def _is_ours(self, key: str, guide: str) -> bool:
        """Whether a clause is one of a guide of this release, or of one near it: keys in small letters are nobody else's."""
        if key[len(guide) + 1].islower():
            return True
        known = {each.partition("-")[0] for each in (*self.ids.values(), *self.ids)} | self.lost | self.guides.keys()
        return key in self.gone or guide in known


def labels_beside(
    ids: Mapping[str, str],
    known: Iterable[str],
    guides: Mapping[str, str],
    theirs: Mapping[str, str],
    tables: Mapping[str, Mapping[str, str]],
) -> Labels:
    """The labels of a release beside one that it goes by: `known` are the keys that are known there, `guides` and `theirs` the
    guides by API, here and there.
    """
    here = {theirs[api]: guide for api, guide in guides.items() if api in theirs}
    renamed = {name: guide for name, guide in here.items() if name != guide}
    return Labels(ids, frozenset({*known} - ids.keys()), renamed, tables, frozenset(theirs.values()) - here.keys())
