"""Bytes of an SDK as data: what readers of YAML differ about is read as it was meant, and told."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import yaml

from emulator.errors import FileProblem, UserError
from emulator.plain_yaml import CoreLoader, load_yaml_text
from emulator.record.payload import escape
from emulator.sdk.archive import Tree
from emulator.sdk.notes import Notes

MOST_VALUES: Final = 1_500_000
"""Values of all files of an SDK that are read as data."""
_TABS: Final = re.compile(r"\t+")
_DATA: Final = (".yaml", ".yml", ".json")


class UnreadableSource(Exception):  # noqa: N818 - it is what it says
    """A file of an SDK that is no YAML or JSON, however it is read; the text says why."""


class LenientLoader(CoreLoader):
    """Reads what strangers wrote: of a key that is given twice the last counts, and a tag says nothing."""

    def __init__(self, text: str, most: int) -> None:
        super().__init__(text, most)
        self.twice: list[str] = []
        self.tags: list[str] = []

    def given_twice(self, node: yaml.Node, key: Any) -> None:
        self.twice.append(f"{key} (line {node.start_mark.line + 1})")

    def tagged(self, node: yaml.Node) -> None:
        self.tags.append(f"{node.tag} (line {node.start_mark.line + 1})")


class SdkFiles:
    """The files of an SDK as data, each read once. Keys are texts, whatever they were."""

    def __init__(self, tree: Tree, notes: Notes) -> None:
        self.tree, self.notes = tree, notes
        self._found: dict[str, Any] = {}
        self._left = MOST_VALUES

    def __contains__(self, name: str) -> bool:
        return name in self.tree

    @property
    def names(self) -> tuple[str, ...]:
        """The files that hold data."""
        return tuple(name for name in self.tree if name.lower().endswith(_DATA))

    def data(self, name: str) -> Any:
        """What a file says. UnreadableSource where it says nothing; UserError where all of them say too much."""
        if name not in self._found:
            try:
                self._found[name] = self._read(name)
            except UnreadableSource as error:
                self._found[name] = error
        found = self._found[name]
        if isinstance(found, UnreadableSource):
            raise found
        return found

    def put(self, name: str, data: Any) -> None:
        """Have a file say something else from now on: what was converted."""
        self._found[name] = data

    def text(self, name: str) -> str:
        """A file's text: UTF-8, else as Windows writes it, which is told. A byte order mark says nothing."""
        raw = self.tree.read(name)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            place = f"byte {error.start}"
        self.notes.mend(name, place, "the file is not UTF-8", "read as Windows-1252")
        return raw.decode("cp1252", errors="replace")

    def _read(self, name: str) -> Any:
        text = self.text(name)
        loaders: list[LenientLoader] = []

        def loader(content: str, most: int) -> CoreLoader:
            loaders.append(LenientLoader(content, most))
            return loaders[-1]

        try:
            data = load_yaml_text(text, name, loader)
        except FileProblem as first:
            if "\t" not in text:
                raise UnreadableSource(_why(first, name)) from first
            line = text[: text.index("\t")].count("\n") + 1
            loaders.clear()
            try:
                data = load_yaml_text(_TABS.sub(" ", text), name, loader)
            except FileProblem:
                raise UnreadableSource(_why(first, name)) from first
            self.notes.mend(name, f"line {line}", "a tab stands where YAML allows none", "read as a blank")
        for each in loaders[-1].twice if loaders else ():
            self.notes.mend(name, each, "a key is given twice", "the last one counts")
        for each in loaders[-1].tags if loaders else ():
            self.notes.mend(name, each, "a value has a tag that is not known", "left out")
        return self._plain(name, data)

    def _plain(self, name: str, data: Any) -> Any:
        """The data with keys that are texts; numbers that JSON has no word for say nothing."""
        odd: dict[str, None] = {}
        left = [self._left]

        def plain(node: Any, place: str) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise UserError(
                    f"{self.tree.source}: its files hold more than {MOST_VALUES} values: name a folder in it"
                )
            if isinstance(node, list):
                return [plain(each, f"{place}/{n}") for n, each in enumerate(node)]
            if isinstance(node, float) and not math.isfinite(node):
                return None
            if isinstance(node, str) and not node.isascii():
                return node.encode(errors="replace").decode()
            if not isinstance(node, dict):
                return node
            found = {}
            for key, value in node.items():
                if not isinstance(key, str):
                    odd[place] = None
                word = key if isinstance(key, str) else _word(key)
                found[word] = plain(value, f"{place}/{escape(word)}")
            return found

        made = plain(data, "")
        self._left = left[0]
        for place in odd:
            self.notes.mend(name, place, "a key is no text", "read as the text that it is written as")
        return made


def _word(key: object) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    return "null" if key is None else str(key)


def _why(error: FileProblem, name: str) -> str:
    return error.problems[0].removeprefix(f"{name}:")
