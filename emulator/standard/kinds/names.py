"""The names under which kinds of resource are known, in one API and in a whole release."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.standard.kinds.facts import Kind
from emulator.standard.kinds.shapes import initials, plain


class Names:
    """Kinds by their names. The initials of a kind count within its own API only: `po` is two of them."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._all: dict[str, str] = {}
        self._initials: dict[tuple[str, str], str] = {}
        self.of_api: dict[str, list[str]] = {}
        for kind in kinds:
            for alias in kind.aliases:
                self._all.setdefault(plain(alias), kind.name)
            if short := initials(kind.name):
                self._initials[kind.api, short] = kind.name
            self.of_api.setdefault(kind.api, []).append(kind.name)

    def find(self, word: str, api: str = "") -> str | None:
        """The kind of that name; of the API that speaks, by its initials too."""
        word = plain(word)
        return self._all.get(word) or self._initials.get((api, word))

    def within(self, api: str) -> list[tuple[str, str]]:
        """Every name of the kinds of an API, as names are compared, with the kind; the longest first."""
        own = set(self.of_api.get(api, ()))
        found = [(alias, kind) for alias, kind in self._all.items() if kind in own]
        found += [(short, kind) for (owner, short), kind in self._initials.items() if owner == api]
        return sorted(found, key=lambda pair: -len(pair[0]))
