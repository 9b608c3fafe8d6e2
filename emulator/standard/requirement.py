"""Requirements: what a guide numbers, in our own words, read from `specs/sonata/<api>/requirements.yaml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem
from emulator.plain_yaml import Located, load_located, load_yaml
from emulator.settings import specs_dir
from emulator.wire.payload import escape


class Keyword(StrEnum):
    """How binding the guide's words are."""

    MUST = "MUST"  # breaking it fails
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"  # breaking it is worth a warning
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"  # cannot be broken, only used wrongly


class Side(StrEnum):
    """Whom a requirement binds."""

    BUYER = "buyer"
    SELLER = "seller"
    BOTH = "both"


class Enforced(StrEnum):
    """How much of a requirement the contract's schemas already see to."""

    FULLY = "fully"
    PARTLY = "partly"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A numbered statement of a guide in one release; `id` is `MEF121-R11`, `label` is `R11`.

    `if_supported` names the option (`O3`) of the same guide without which it does not apply. Either `seen`
    says how it shows in messages or `not_on_wire` why it cannot. `negative`: an emulated buyer can break it
    on purpose to see the seller refuse.
    """

    id: str
    guide: str
    release: str
    label: str
    title: str
    section: str
    keyword: Keyword
    side: Side
    if_supported: str | None = None
    reference: tuple[str, ...] = ()
    seen: str | None = None
    negative: bool = False
    contract: Enforced | None = None
    not_on_wire: str | None = None
    note: str = ""

    @property
    def kind(self) -> str:
        """`R` required, `D` desirable, `O` optional; `CR` and `CD` only where an option is supported."""
        return self.label.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip("0123456789")


_LABEL: Final = re.compile(r"(?:C?R|C?D|O)[1-9][0-9]*[a-z]?")
_OPTION: Final = re.compile(r"O[1-9][0-9]*")
_GUIDE: Final = re.compile(r"MEF[0-9]+(?:\.[0-9]+)*")
_SECTION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")

_FILE_KEYS: Final = ("guide", "release", "requirements")
_KEYS: Final = (
    "title", "section", "keyword", "side", "if_supported", "reference", "seen", "negative", "contract",
    "not_on_wire", "note",
)  # fmt: skip
_NEEDED: Final = ("title", "section", "keyword", "side")
_WORDS: Final[Mapping[str, type[StrEnum]]] = {"keyword": Keyword, "side": Side, "contract": Enforced}
_TEXTS: Final = ("title", "section", "if_supported", "seen", "not_on_wire", "note")

BASE_RELEASE: Final = "grace"
"""The release whose list of APIs gives the order of the guides."""


def load_requirements(specs: Path | None = None) -> dict[str, Requirement]:
    """Every catalogued requirement by id: guides in the order of a purchase, each in its own order.

    Read once. Raises FileProblem with `file:line:col` for every place that is wrong.
    """
    return dict(_load(specs or specs_dir()))


@cache
def _load(specs: Path) -> dict[str, Requirement]:
    found: dict[str, Requirement] = {}
    problems: list[str] = []
    for path in files_in_order(specs, "requirements.yaml"):
        reading = _Reading(load_located(path), problems)
        for requirement in reading.requirements():
            if requirement.id in found:
                reading.complain(f"/requirements/{requirement.label}", f"{requirement.id} is in another file already")
            found[requirement.id] = requirement
    if problems:
        raise FileProblem(problems)
    return found


def files_in_order(specs: Path, name: str) -> list[Path]:
    """The files of this name that APIs have, in the order in which the release names those."""
    table = specs / "releases" / f"{BASE_RELEASE}.yaml"
    order = list(load_yaml(table)["apis"]) if table.exists() else []
    paths = sorted((specs / "sonata").glob(f"*/{name}"))
    return sorted(paths, key=lambda path: order.index(path.parent.name) if path.parent.name in order else len(order))


def _hint(word: object, known: Iterable[str]) -> str:
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(word), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}"


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file being read; what is wrong goes to `problems`."""

    located: Located
    problems: list[str]

    def complain(self, place: str, problem: str, *, key: bool = False) -> None:
        self.problems.append(f"{self.located.where(place, key=key)}: {problem}")

    def requirements(self) -> list[Requirement]:
        """The requirements of the file that can be made."""
        top = self.located.value
        if not isinstance(top, dict):
            self.complain("", f"a map with {', '.join(_FILE_KEYS)} is needed here")
            return []
        if not self._keys("", top, _FILE_KEYS, _FILE_KEYS):
            return []
        guide, release, rows = (top[name] for name in _FILE_KEYS)
        if not isinstance(guide, str) or not _GUIDE.fullmatch(guide):
            self.complain("/guide", f"{guide!r} is no guide; one is written as MEF121")
        if not isinstance(release, str) or not release:
            self.complain("/release", "the name of a release is needed here")
        if not isinstance(rows, dict) or not rows:
            self.complain("/requirements", "a map of requirements by their labels is needed here")
            return []
        made = [self._requirement(str(guide), str(release), label, row, rows) for label, row in rows.items()]
        return [requirement for requirement in made if requirement is not None]

    def _requirement(
        self, guide: str, release: str, label: object, row: object, rows: dict[str, Any]
    ) -> Requirement | None:
        place = f"/requirements/{escape(str(label))}"
        before = len(self.problems)
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            self.complain(
                place, f"{label!r} is no label of a requirement; one is written as R11, CR2, D3 or O1", key=True
            )
        if not isinstance(row, dict):
            self.complain(place, "a map is needed here")
            return None
        self._keys(place, row, _KEYS, _NEEDED)
        self._values(place, row)
        if ("seen" in row) == ("not_on_wire" in row):
            both = "both" if "seen" in row else "neither"
            self.complain(place, f"{label}: either 'seen' or 'not_on_wire' is needed, not {both}", key=True)
        option = row.get("if_supported")
        if isinstance(option, str) and (not _OPTION.fullmatch(option) or option not in rows):
            options = [str(other) for other in rows if _OPTION.fullmatch(str(other))]
            self.complain(f"{place}/if_supported", f"{option!r} is no option of this guide; {_hint(option, options)}")
        if len(self.problems) > before:
            return None
        return Requirement(
            id=f"{guide}-{label}",
            guide=guide,
            release=release,
            label=str(label),
            title=row["title"],
            section=row["section"],
            keyword=Keyword(row["keyword"]),
            side=Side(row["side"]),
            if_supported=option,
            reference=tuple(row.get("reference", ())),
            seen=row.get("seen"),
            negative=row.get("negative", False),
            contract=Enforced(row["contract"]) if "contract" in row else None,
            not_on_wire=row.get("not_on_wire"),
            note=row.get("note", ""),
        )

    def _keys(self, place: str, part: dict[Any, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> bool:
        """Whether all that is needed is there; unknown keys are complained of as well."""
        for key in part:
            if key not in known:
                self.complain(f"{place}/{escape(str(key))}", f"unknown key {key!r}; {_hint(key, known)}", key=True)
        absent = [key for key in needed if key not in part]
        if absent:
            self.complain(place, f"missing: {', '.join(absent)}", key=True)
        return not absent

    def _values(self, place: str, row: dict[str, Any]) -> None:
        for name in _TEXTS:
            value = row.get(name, "-")
            if not isinstance(value, str) or not value.strip():
                self.complain(f"{place}/{name}", f"{name!r} is a text (in quotes where it looks like a number)")
        section = row.get("section")
        if isinstance(section, str) and section.strip() and not _SECTION.fullmatch(section):
            self.complain(f"{place}/section", f"{section!r} is no section; one is written as 6.1.1")
        for name, words in _WORDS.items():
            if name in row and row[name] not in list(words):
                self.complain(f"{place}/{name}", f"{row[name]!r} is no {name}; {_hint(row[name], words)}")
        if not isinstance(row.get("negative", False), bool):
            self.complain(f"{place}/negative", "'negative' is true or false")
        reference = row.get("reference", [])
        if not isinstance(reference, list) or not all(isinstance(each, str) and each for each in reference):
            self.complain(f"{place}/reference", "'reference' is a list of ids, as [MEF79-R5]")
