"""The rulebook of a guide: common shapes of rules as words, one line each, and a place for the others.

A place where a word looks is written as holder and member: of `/quoteItem/*` each `state`. The holder is
a pattern (`*` is any item), the member a JSON Pointer below it. A holder that is not there, or is no
object, is passed over in silence: what it should be is the contract's business.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from emulator.judge.rule import FINE, ClosingRule, Look, Mark, On, Remark, Rule
from emulator.judge.run import Run, Said
from emulator.record.payload import MISSING, as_json, at, every
from emulator.standard.breach import Breach, Check
from emulator.standard.labels import GUIDE, Labels

When = Callable[[Said], bool]
"""Whether a rule has a say on a message at all."""
Where = Callable[[Any], bool]
"""Whether a rule has a say on a holder (an object of the message)."""

_FULL: Final = re.compile(GUIDE)
ABSENT_VALUES: Final = (MISSING, None)
"""What stands for an attribute that is not given: absence, or an explicit null."""


def hold(place: str, right: bool, *, expected: Any = None, found: Any = MISSING, message: str = "") -> Mark:
    """FINE where something is right, else the breach."""
    return FINE if right else Breach(place, expected, found, message, check=Check.RULE)


def given(value: Any) -> bool:
    """Whether an attribute has a value: there, not null, and neither an empty text nor an empty list."""
    return value not in (MISSING, None, "", [])


def breach(
    place: str,
    expected: Any,
    found: Any = MISSING,
    message: str = "",
    *,
    reading: tuple[str, str] | None = None,
    hint: bool = False,
) -> Breach:
    """A breach of a rule; with `hint` no clause of the standard backs it clearly, so that it only warns."""
    return Breach(place, expected, found, message, check=Check.HINT if hint else Check.RULE, reading=reading)


def _softened(mark: Mark) -> Mark:
    return replace(mark, check=Check.HINT) if isinstance(mark, Breach) else mark


class Rulebook:
    """The rules of one guide, in its order. Labels are those of the guide: `R27`, or several of them.

    A guide of several APIs has a book for each. The `part` of one stands before the names of its rules that have no label,
    which tells them from those of the others.
    """

    def __init__(self, guide: str, api: str, part: str = "") -> None:
        self.guide, self.api, self.part = guide, api, part
        self.rules: list[Rule] = []
        self.closing: list[ClosingRule] = []
        self._better: dict[str, str] = {}

    @contextmanager
    def unless(self, clause: str) -> Iterator[None]:
        """Rules that are added within have nothing to say in a release with this clause (its whole key): another one says it there."""
        known = {name for name, _ in self.speaking()}
        yield
        self._better |= {name: clause for name, _ in self.speaking() if name not in known}

    def ids(self, labels: str | tuple[str, ...]) -> tuple[str, ...]:
        """The full ids of labels; one that is full already (of another guide) stays."""
        given_labels = (labels,) if isinstance(labels, str) else labels
        return tuple(label if _FULL.match(label) else f"{self.guide}-{label}" for label in given_labels)

    def told_by(self, labels: Labels) -> Rulebook:
        """The book with the labels of a release. Rules whose clauses are all gone are left out, and those `unless` one is there."""
        made = Rulebook(self.guide, self.api, self.part)
        gone = {name for name, clause in self._better.items() if labels.told(clause) is not None}
        told = (_told_by(each, self.guide, labels) for each in self.rules if each.id not in gone)
        made.rules = [rule for rule in told if rule]
        last = (_told_by(each, self.guide, labels) for each in self.closing if each.id not in gone)
        made.closing = [closing for closing in last if closing]
        return made

    def hinting(self) -> Rulebook:
        """The book where no guide was read: what its rules find is worth a warning, since no clause stands behind it."""

        def softly(look: Look) -> Look:
            return lambda said: (_softened(mark) for mark in look(said))

        def at_the_end(look: Callable[[Run], Iterable[Remark]]) -> Callable[[Run], Iterable[Remark]]:
            return lambda run: (replace(remark, mark=_softened(remark.mark)) for remark in look(run))

        made = Rulebook(self.guide, self.api, self.part)
        made.rules = [replace(rule, look=softly(rule.look)) for rule in self.rules]
        made.closing = [replace(closing, look=at_the_end(closing.look)) for closing in self.closing]
        return made

    def speaking(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The id of each rule, with the requirements that it speaks on."""
        for rule in self.rules:
            yield rule.id, rule.requirements
        for closing in self.closing:
            yield closing.id, closing.requirements

    def add(
        self,
        labels: str | tuple[str, ...],
        look: Look,
        *,
        on: On,
        about: str,
        name: str = "",
        when: When | None = None,
        places: tuple[str, ...] = (),
    ) -> None:
        """Add a rule. `name` tells it from others on the same requirement; it must be unique with it."""
        ids = self.ids(labels)
        self.rules.append(Rule(self._id(ids, name), ids, on, _conditional(look, when), about, places))

    def rule(
        self, labels: str | tuple[str, ...] = (), *, on: On, name: str = "", when: When | None = None
    ) -> Callable[[Look], Look]:
        """Make a function on a message a rule; its docstring says what is looked at. Without labels: needs a name."""

        def keep(look: Look) -> Look:
            self.add(labels, look, on=on, about=inspect.getdoc(look) or "", name=name, when=when)
            return look

        return keep

    def at_end(
        self, labels: str | tuple[str, ...] = (), *, name: str = ""
    ) -> Callable[[Callable[[Run], Iterable[Remark]]], Callable[[Run], Iterable[Remark]]]:
        """Make a function on the whole run a rule, asked once at its end."""

        def keep(look: Callable[[Run], Iterable[Remark]]) -> Callable[[Run], Iterable[Remark]]:
            ids = self.ids(labels)
            about = inspect.getdoc(look) or ""
            self.closing.append(ClosingRule(self._id(ids, name), ids, look, about))
            return look

        return keep

    def _id(self, ids: tuple[str, ...], name: str) -> str:
        return _rule_id(self.guide, ids, f"{self.part}-{name}" if self.part and name and not ids else name)

    # The words.

    def present(
        self,
        labels: str | tuple[str, ...],
        holder: str,
        *members: str,
        on: On,
        name: str = "",
        when: When | None = None,
        where: Where | None = None,
        reading: tuple[str, str] | None = None,
    ) -> None:
        """Each holder has each of these members, with a value; with `reading`, by that reading of the register."""

        def mark(place: str, found: Any) -> Mark:
            return FINE if given(found) else breach(place, "a value", found, f"{place} is missing", reading=reading)

        places = tuple(holder + member for member in members)
        about = f"{', '.join(places)} is there"
        look = _on_members(holder, members, where, mark)
        self.add(labels, look, on=on, about=about, name=name, when=when, places=places)

    def absent(
        self,
        labels: str | tuple[str, ...],
        holder: str,
        *members: str,
        on: On,
        name: str = "",
        when: When | None = None,
        where: Where | None = None,
    ) -> None:
        """No holder has any of these members; an explicit null counts as absence."""

        def mark(place: str, found: Any) -> Mark:
            return FINE if found in ABSENT_VALUES else breach(place, MISSING, found)

        about = f"{', '.join(holder + member for member in members)} is not there"
        self.add(labels, _on_members(holder, members, where, mark), on=on, about=about, name=name, when=when)

    def one_of(
        self,
        labels: str | tuple[str, ...],
        holder: str,
        member: str,
        allowed: tuple[Any, ...],
        *,
        on: On,
        name: str = "",
        when: When | None = None,
        where: Where | None = None,
    ) -> None:
        """Where the member is there, its value is one of these."""

        def look(said: Said) -> Iterator[Mark]:
            for place, value in _holders(said.body, holder, where):
                found = at(value, member)
                if found in ABSENT_VALUES:
                    continue
                expected = allowed[0] if len(allowed) == 1 else list(allowed)
                yield hold(place + member, _same(found, allowed), expected=expected, found=found)

        about = f"{holder}{member} is one of {', '.join(map(str, allowed))}"
        self.add(labels, look, on=on, about=about, name=name, when=when, places=(holder + member,))

    def status(
        self, labels: str | tuple[str, ...], *allowed: int, on: On, name: str = "", when: When | None = None
    ) -> None:
        """The answer has one of these statuses. `on` must take in the others, or nothing can be noticed."""

        def look(said: Said) -> Iterator[Mark]:
            words = " or ".join(map(str, allowed))
            yield hold("", said.status in allowed, expected=words, found=said.status,
                       message=f"answered {said.status}; expected {words}")  # fmt: skip

        self.add(labels, look, on=on, about=f"answered {' or '.join(map(str, allowed))}", name=name, when=when)

    def unique(
        self,
        labels: str | tuple[str, ...],
        holder: str,
        member: str,
        *,
        on: On,
        name: str = "",
        when: When | None = None,
    ) -> None:
        """No two holders below the same message have the same member."""

        def look(said: Said) -> Iterator[Mark]:
            seen: dict[str, str] = {}
            for place, value in _holders(said.body, holder, None):
                found = at(value, member)
                if isinstance(found, str):
                    first = seen.setdefault(found, place)
                    yield hold(place + member, first == place, expected="an id of its own", found=found,
                               message=f"{place + member} is {as_json(found)}, as is {first + member}")  # fmt: skip

        place = holder + member
        self.add(labels, look, on=on, about=f"{place} is unique", name=name, when=when, places=(place,))

    def has_role(
        self,
        labels: str | tuple[str, ...],
        holder: str,
        *roles: str,
        on: On,
        name: str = "",
        when: When | None = None,
        where: Where | None = None,
    ) -> None:
        """Each holder names a contact of each of these roles in its relatedContactInformation."""

        def look(said: Said) -> Iterator[Mark]:
            for place, value in _holders(said.body, holder, where):
                named = {role for _, role in every(value, "/relatedContactInformation/*/role") if isinstance(role, str)}
                for role in roles:
                    yield hold(f"{place}/relatedContactInformation", role in named, expected=role,
                               found=sorted(named), message=f"{place or 'the message'} names no contact with role {role}")  # fmt: skip

        place = f"{holder}/relatedContactInformation"
        about = f"{place} names {', '.join(roles)}"
        self.add(labels, look, on=on, about=about, name=name, when=when, places=(place,))


def _on_members(holder: str, members: tuple[str, ...], where: Where | None, mark: Callable[[str, Any], Mark]) -> Look:
    """A look at each of these members of each holder."""

    def look(said: Said) -> Iterator[Mark]:
        for place, value in _holders(said.body, holder, where):
            for member in members:
                yield mark(place + member, at(value, member))

    return look


def _holders(body: Any, pattern: str, where: Where | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, value in every(body, pattern):
        if isinstance(value, dict) and (where is None or where(value)):
            yield place, value


def _same(found: Any, allowed: tuple[Any, ...]) -> bool:
    """Whether a JSON value is among these; true is not 1."""
    return any(found == one and isinstance(found, bool) == isinstance(one, bool) for one in allowed)


def _conditional(look: Look, when: When | None) -> Look:
    return look if when is None else lambda said: look(said) if when(said) else ()


_Told = TypeVar("_Told", Rule, ClosingRule)


def _told_by(rule: _Told, guide: str, labels: Labels) -> _Told | None:
    """A rule with the labels of a release, under the id that begins with the first of them, or with the guide where it has none;
    None where none is left.
    """
    if not rule.requirements:
        return replace(rule, id=labels.told(rule.id) or rule.id, about=labels.of(guide, rule.about))
    here = labels.tell(rule.requirements)
    if here == rule.requirements:
        return rule
    name = rule.id.removeprefix(rule.requirements[0])
    return replace(rule, id=here[0] + name, requirements=here, about=labels.of(guide, rule.about)) if here else None


def _rule_id(guide: str, ids: tuple[str, ...], name: str) -> str:
    base = ids[0] if ids else guide
    if not ids and not name:
        raise ValueError("a rule on no requirement needs a name")
    return f"{base}.{name}" if name else base
