"""Clauses of a guide in a release that goes by another one: which of its clauses are the same, renamed, gone or other ones.

Rules, proofs and interpretations bind to the key of a clause, which is its label in the first release that has it; what a
release shows is its own label. A clauses file accounts for every clause of the release that it is `like`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Final

from emulator.errors import hint
from emulator.record.payload import escape
from emulator.standard.requirement import Enforced, Keyword, Requirement, Side, wrong_in
from emulator.standard.strict import Key, Mistake, Text, read_record

_KEY: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAMED: Final = re.compile(r"(?<![\w.<-])(?:(C?[RDO][0-9]+[a-z]?)|([Tt]ables?) ([0-9]+)(?: (and) ([0-9]+))?)\b")
"""A clause or tables in a text of a row, without a guide before it: those of its own."""
_REFERENCE: Final = re.compile(r"MEF[0-9.]+-C?[RDO][0-9]")
_RANGE: Final = re.compile(r"([A-Z]+)([0-9]+)[a-z]?(?:-([A-Z]+)([0-9]+)[a-z]?)?")


@dataclass(frozen=True, slots=True)
class ClauseRow(Requirement):
    """A clause that the other release has not: its own `key`, and its label where that is not the one it stands under."""

    key: str = ""
    own: Annotated[str, Key("label")] = ""

    def of(self, guide: str) -> Requirement:
        """The requirement as a guide has it, under its own key."""
        plain = {each.name: getattr(self, each.name) for each in fields(Requirement)}
        label = self.own or self.label
        return Requirement(
            **{**plain, "label": label, "id": f"{guide}-{label}", "key": f"{guide}-{self.key}", "guide": guide}
        )


@dataclass(frozen=True, slots=True)
class Words:
    """What a guide says otherwise of a clause that means the same: each member of a requirement that is another one here."""

    title: Text | None = None
    section: Text | None = None
    keyword: Keyword | None = None
    side: Side | None = None
    if_supported: Text | None = None
    reference: tuple[Text, ...] | None = None
    seen: Text | None = None
    not_on_wire: Text | None = None
    negative: bool | None = None
    contract: Enforced | None = None
    note: str | None = None

    def over(self, theirs: Requirement) -> Requirement:
        """The clause of theirs in these words."""
        told = {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}
        return replace(theirs, **told)


@dataclass(frozen=True, slots=True)
class ClausesFile:
    """The whole file: by label of the release that it is `like`, which clauses are the `same`, have other `labels`, are
    `absent` (with the reason) or `different` ones; and which are `added`, by their own labels.

    `tables` has the numbers of tables that are called otherwise, by those of the other release. By our own labels, of what is
    theirs too: the `references` that are other ones, and the `words` of what is said otherwise here.
    """

    guide: Text
    like: Text
    same: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    different: Mapping[str, ClauseRow] = field(default_factory=dict)
    added: Mapping[str, ClauseRow] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, Words] = field(default_factory=dict)


def liked(path: Path) -> str:
    """The release whose clauses a file maps. FileProblem where it does not say so."""
    file: ClausesFile = read_record(ClausesFile, path)
    return file.like


def tables_told(path: Path) -> Mapping[str, str]:
    """The numbers of the tables of a guide, by those that they have in the release that it is like."""
    file: ClausesFile = read_record(ClausesFile, path)
    return file.tables


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of clauses of the release that a guide is like, by their keys there: of the `absent` why, of the `different`
    the key of what stands in their place.
    """

    absent: Mapping[str, str]
    different: Mapping[str, str]


def fates_in(path: Path, theirs: Iterable[Requirement]) -> Fates:
    """What a clauses file says of the clauses that it does not keep; `theirs` are those of the release that it is like."""
    keys = {each.label: each.key for each in theirs}
    file: ClausesFile = read_record(ClausesFile, path)
    return Fates(
        {keys[label]: why for label, why in file.absent.items() if label in keys},
        {keys[label]: row.of(file.guide).key for label, row in file.different.items() if label in keys},
    )


def read_clauses(path: Path, theirs: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The requirements of a guide, read from a clauses file; `theirs` are those of the release that it is like.

    FileProblem with `file:line:col` where a clause is left open, told of twice or not there, and where a label is given
    twice.
    """
    there = {each.label: each for each in theirs}
    file: ClausesFile = read_record(ClausesFile, path, lambda file: _Clauses(file, there).wrong)
    return _Clauses(file, there).requirements


class _Clauses:
    """What a file makes of the clauses of another release: `requirements`, and what is `wrong`."""

    def __init__(self, file: ClausesFile, theirs: Mapping[str, Requirement]) -> None:
        self._file, self._theirs = file, theirs
        self.wrong: list[Mistake] = []
        self._told: dict[str, str] = {}
        """By label of theirs, the place that tells of it."""
        self._places: dict[str, str] = {}
        """By label of ours, the place that gives it."""
        kept = dict(self._kept())
        instead = dict(self._rows("different", file.different))
        added = [made for _, made in self._rows("added", file.added)]
        for label in file.absent:
            self._account(label, f"/absent/{escape(label)}")
        for label in theirs:
            if label not in self._told:
                self._complain("", f"nothing is said of {label}: is it the same, absent or different?")
        here = {
            **kept,
            **{label: row.own or label for label, row in file.different.items() if label in theirs},
        }
        found = [
            self._renamed(label, kept[label], here) if label in kept else instead[label]
            for label in theirs
            if label in kept or label in instead
        ]
        for part in ("references", "words"):
            for own in getattr(file, part):
                if own not in kept.values():
                    place, known = f"/{part}/{escape(own)}", kept.values()
                    self._complain(place, f"{own!r} is no clause that is theirs too; {hint(own, known)}", key=True)
        self.requirements = tuple(sorted((*found, *added), key=lambda each: _section(each.section)))

    def _complain(self, place: str, problem: str, *, key: bool = False) -> None:
        self.wrong.append(Mistake(place, problem, key))

    def _kept(self) -> Iterator[tuple[str, str]]:
        """Each clause that is theirs too: its label there, and here."""
        for index, word in enumerate(self._file.same):
            place = f"/same/{index}"
            labels = self._range(word)
            if not labels:
                self._complain(place, f"{word!r} names no clause; one writes R7, or R1-R20")
            for label in labels:
                if self._account(label, place) and self._given(label, place):
                    yield label, label
        for label, own in self._file.labels.items():
            place = f"/labels/{escape(label)}"
            if self._account(label, place) and self._given(own, place):
                yield label, own

    def _range(self, word: str) -> list[str]:
        """The labels that a word or a range names: those of its letters whose numbers lie in it."""
        if word in self._theirs:
            return [word]
        found = _RANGE.fullmatch(word)
        if found is None or found[3] is None or found[1] != found[3]:
            return []
        first, last = int(found[2]), int(found[4])
        return [
            label
            for label in self._theirs
            if (each := _RANGE.fullmatch(label)) and each[1] == found[1] and first <= int(each[2]) <= last
        ]

    def _account(self, label: str, place: str) -> bool:
        """Whether a label is theirs and was not told of yet."""
        if label not in self._theirs:
            self._complain(place, f"there is no clause {label!r}; {hint(label, self._theirs)}", key=True)
            return False
        if label in self._told:
            self._complain(place, f"{label} is told of already, at {self._told[label]}", key=True)
            return False
        self._told[label] = place
        return True

    def _given(self, own: str, place: str) -> bool:
        """Whether a label of ours is free."""
        if own in self._places:
            self._complain(place, f"the label {own} is given already, at {self._places[own]}", key=True)
            return False
        self._places[own] = place
        return True

    def _rows(self, part: str, rows: Mapping[str, ClauseRow]) -> Iterator[tuple[str, Requirement]]:
        """The clauses that are not theirs, each with a row and a key of its own; of a `different` one by their label."""
        for name, row in rows.items():
            place = f"/{part}/{escape(name)}"
            if part == "different" and not self._account(name, place):
                continue
            if not _KEY.fullmatch(row.key):
                self._complain(f"{place}/key", "a key of its own is needed, in small letters: offered-date")
            made = row.of(self._file.guide)
            if self._given(made.label, place):
                options = [*self._places, *(each.own or label for label, each in rows.items())]
                self.wrong += wrong_in(made, place, options)
                yield name, made

    def _renamed(self, label: str, own: str, here: Mapping[str, str]) -> Requirement:
        """A clause of theirs under the label of ours, with the option that it hangs on: one that is conditional no more hangs
        on none. Its texts speak of our labels and tables; a note about a clause that is gone is left out.
        """
        theirs, guide = self._theirs[label], self._file.guide
        option = theirs.if_supported
        if theirs.kind.startswith("C") and not own.startswith("C"):
            option = None
        if option is not None and option not in here:
            self._complain("", f"{label} binds only with the option {option}, which is not there any more")
        words = self._file.words.get(own, Words())
        texts: dict[str, str | None] = {}
        for name in ("title", "seen", "not_on_wire", "note"):
            text = getattr(theirs, name)
            if getattr(words, name) is None and text:
                texts[name] = self._told_here(text, here)
                if texts[name] is None and name != "note":
                    self._complain("", f"{own}: its {name} speaks of a clause that is gone; say it in 'words'")
                    texts[name] = text
        renamed = replace(
            theirs,
            id=f"{guide}-{own}",
            guide=guide,
            label=own,
            if_supported=option and here.get(option),
            reference=self._file.references.get(own, theirs.reference),
        )
        told: dict[str, Any] = {name: text or "" for name, text in texts.items()}
        made = words.over(replace(renamed, **told))
        if own in self._file.words:
            self.wrong += wrong_in(made, f"/words/{escape(own)}", [*self._places])
        return made

    def _told_here(self, text: str, here: Mapping[str, str]) -> str | None:
        """A text with our labels and tables; None where it speaks of a clause that is gone, or of a reference, where we have
        other ones.
        """
        if self._file.references and _REFERENCE.search(text):
            return None
        named = {found[1] for found in _NAMED.finditer(text) if found[1] in self._theirs}
        if named - here.keys():
            return None
        return _NAMED.sub(lambda found: self._name(found, here), text)

    def _name(self, found: re.Match[str], here: Mapping[str, str]) -> str:
        label, word, first, joined, second = found.groups()
        if label:
            return here.get(label, label)
        tables = self._file.tables
        more = f" {joined} {tables.get(second, second)}" if joined else ""
        return f"{word} {tables.get(first, first)}{more}"


def _section(text: str) -> tuple[int, ...]:
    """The numbers of a section, by which clauses stand in the order of the guide; none where it is no section."""
    return tuple(int(number) for number in text.split(".") if number.isdecimal())
