"""Which releases there are at a reference point, in the order in which they came: shipped, imported, or only published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import UserError, hint
from emulator.settings import sdks_dir
from emulator.standard.comparing.published import Published, PublishedContract, read_published
from emulator.standard.imported import RECORD, every_release
from emulator.standard.points import point_of
from emulator.standard.release import Release, load_release


@dataclass(frozen=True)
class Edition:
    """A release by its `word`, under which it was published. `release` is what is here of it; None where only facts are.

    `name` is what it is called here, which is not the word where it was imported under another one.
    """

    word: str
    name: str
    release: Release | None
    facts: Mapping[str, Mapping[str, PublishedContract]]

    @property
    def apis(self) -> tuple[str, ...]:
        """The functions that it has."""
        return self.release.apis if self.release else tuple(self.facts)

    def contracts(self, api: str) -> Mapping[str, PublishedContract]:
        """Version and base path of each contract of a function, by kind."""
        if self.release is None:
            return self.facts.get(api, {})
        entries = [each for each in self.release.entries if each.api == api]
        return {each.kind: PublishedContract(each.version, each.base_path) for each in entries}


@dataclass(frozen=True)
class Editions:
    """The releases of a reference point, the oldest first, and what was published of their differences."""

    point: str
    published: Published
    found: tuple[Edition, ...]

    def named(self, name: str) -> Edition:
        """The release of that name, or that word; also of another reference point. UserError with those that there are."""
        for each in self.found:
            if each.name == name:
                return each
        for each in self.found:
            if each.word == name:
                return each
        if name in every_release(load_release().specs):  # spoken elsewhere: whatever was published here is not of it
            return Edition(name, name, load_release(name), {})
        names = [each.name for each in self.found]
        at = f" at reference point {self.point}" if self.point else ""
        raise UserError(f"There is no release {name!r:.80}{at}; {hint(name, names)}")

    @property
    def line(self) -> tuple[Edition, ...]:
        """One edition for each word: what is shipped before what was imported, that before what was only published."""
        chosen: dict[str, Edition] = {}
        for each in self.found:
            chosen.setdefault(each.word, each)
        return tuple(chosen.values())

    def between(self, old: Edition, new: Edition) -> tuple[Edition, ...]:
        """Who stands between them in the line, in the order of the way from one to the other; nobody where one is not in it.

        Two that are here are compared as they are: who stands between such is left out.
        """
        line = self.line
        words = [each.word for each in line]
        if old.word not in words or new.word not in words:
            return ()
        first, last = words.index(old.word), words.index(new.word)
        inner = line[first + 1 : last] if first < last else line[last + 1 : first][::-1]
        way = (old, *inner, new)
        here = [number for number, each in enumerate(way) if each.release] or [0]
        kept = (each for number, each in enumerate(way) if number <= here[0] or number >= here[-1])
        return tuple(each for each in kept if each not in (old, new))


def editions(specs: Path, point: str) -> Editions:
    """Every release that is spoken at a reference point. Those that nobody published an order of come last, by the alphabet."""
    published = read_published(specs, point)
    here = [load_release(name) for name in every_release(specs)]
    found = [
        Edition(word := _word(each, point), each.name, each, published.releases.get(word, {}))
        for each in here
        if point_of(each) == point
    ]
    there = {each.word for each in found}
    found += [Edition(word, word, None, facts) for word, facts in published.releases.items() if word not in there]
    order = {word: number for number, word in enumerate(published.releases)}
    found.sort(key=lambda each: (order.get(each.word, len(order)), "" if each.word in order else each.word))
    return Editions(point, published, tuple(found))


def _word(release: Release, point: str) -> str:
    """Under which name it was published: as the record of its import tells, else its own without its point."""
    try:
        told = json.loads((sdks_dir() / release.name / RECORD).read_text(encoding="utf-8")).get("release")
    except (OSError, ValueError, AttributeError):
        told = None
    imported = release.specs == sdks_dir() / release.name / "specs"
    return told if imported and isinstance(told, str) and told else release.name.removeprefix(f"{point}-")
