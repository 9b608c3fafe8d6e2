"""Requirements: what a guide numbers, in our own words, read from an API's `requirements.yaml`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from emulator.errors import hint
from emulator.record.payload import escape
from emulator.standard.labels import GUIDE
from emulator.standard.strict import KEYED, OURS, Mistake, Text, read_all, read_record


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


class Feature(StrEnum):
    """What has to be in use for a requirement to apply at all."""

    HYBRID = "hybrid"  # the hybrid flow of OpenID Connect
    ENCRYPTION = "encryption"  # encrypted tokens (JWE)


class Aspect(StrEnum):
    """What a guide demands of every payload, whatever the use case."""

    PAYLOAD = "payload"  # messages conform to the OpenAPI and JSON Schema definitions
    REQUIRED = "required"  # an entity that is used carries all its required properties
    PRODUCT_TYPE = "product-type"  # `@type` says which product a productConfiguration describes
    PRODUCT = "product"  # the payload conforms to the product specification that `@type` names
    DEFINED = "defined"  # no operation and no member is used that the standard does not have


@dataclass(frozen=True, slots=True)
class Requirement:
    """A numbered statement of a guide; `id` is `MEF121-R11`, `label` is `R11`. Rules bind to its `key`: the id that it has
    in the first release that knows it.

    `if_supported` names the option (`O3`, or `D4`) of the same guide without which it does not apply. Either `seen`
    says how it shows in messages or `not_on_wire` why it cannot. `negative`: an emulated buyer can break it
    on purpose to see the seller refuse. `aspect`: the contract's own rules see to it, whatever the message. `feature`: it does
    not apply where that is not in use.
    """

    label: Annotated[str, KEYED]
    title: Text
    section: Text
    keyword: Keyword
    side: Side
    if_supported: Text | None = None
    reference: tuple[Text, ...] = ()
    seen: Text | None = None
    negative: bool = False
    contract: Enforced | None = None
    aspect: Aspect | None = None
    feature: Feature | None = None
    not_on_wire: Text | None = None
    note: Text = ""
    id: Annotated[str, OURS] = ""
    key: Annotated[str, OURS] = ""
    guide: Annotated[str, OURS] = ""

    @property
    def kind(self) -> str:
        """`R` required, `D` desirable, `O` optional; `CR` and `CD` only where an option is supported."""
        return self.label.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip("0123456789")

    def of(self, guide: str) -> Requirement:
        """The requirement as a guide has it, where its label is its key."""
        name = f"{guide}-{self.label}"
        return replace(self, id=name, key=name, guide=guide)


@dataclass(frozen=True, slots=True)
class RequirementFile:
    """The whole file: the statements of a guide by their labels, in its order."""

    guide: str
    requirements: Mapping[str, Requirement]


_LABEL: Final = re.compile(r"(?:C?R|C?D|O)[1-9][0-9]*[a-z]?")
_OPTION: Final = re.compile(r"[OD][1-9][0-9]*[a-z]?")
_GUIDE: Final = re.compile(GUIDE)
_SECTION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def read_requirements(paths: Mapping[str, Path]) -> dict[str, tuple[Requirement, ...]]:
    """The requirements of each API in the order of its guide; `paths` are the files by API, one for all whom it binds.

    Raises FileProblem with `file:line:col` for every place that is wrong.
    """
    there: set[str] = set()
    files: dict[Path, tuple[Requirement, ...]] = {}

    def read(_: str, path: Path) -> tuple[Requirement, ...]:
        if path not in files:
            file: RequirementFile = read_record(RequirementFile, path, lambda file: _wrong(file, there))
            files[path] = tuple(each.of(file.guide) for each in file.requirements.values())
            there.update(each.id for each in files[path])
        return files[path]

    return read_all(paths, read)


def _wrong(file: RequirementFile, there: Collection[str]) -> Iterator[Mistake]:
    """What is wrong in a file; `there` are the requirements of other files."""
    if not _GUIDE.fullmatch(file.guide):
        yield Mistake("/guide", f"{file.guide!r} is no guide; one is written as MEF121, a draft as W142")
    if not file.requirements:
        yield Mistake("/requirements", "a map of requirements by their labels is needed here")
    aspects: set[Aspect] = set()
    for label, each in file.requirements.items():
        place = f"/requirements/{escape(label)}"
        yield from wrong_in(each, place, file.requirements)
        if each.of(file.guide).id in there:
            yield Mistake(place, f"{each.of(file.guide).id} is in another file already", key=True)
        if each.aspect in aspects:
            yield Mistake(f"{place}/aspect", f"another one sees to {each.aspect!r} already")
        aspects |= {each.aspect} if each.aspect else set()


def wrong_in(each: Requirement, place: str, labels: Collection[str]) -> Iterator[Mistake]:
    """What is wrong with a requirement at a place; `labels` are those of its guide."""
    if not _LABEL.fullmatch(each.label):
        known = "one is written as R11, CR2, D3 or O1"
        yield Mistake(place, f"{each.label!r} is no label of a requirement; {known}", key=True)
    if not _SECTION.fullmatch(each.section):
        yield Mistake(f"{place}/section", f"{each.section!r} is no section; one is written as 6.1.1")
    if bool(each.seen) == bool(each.not_on_wire):
        both = "both" if each.seen else "neither"
        yield Mistake(place, f"{each.label}: either 'seen' or 'not_on_wire' is needed, not {both}", key=True)
    option = each.if_supported
    if option and (not _OPTION.fullmatch(option) or option not in labels):
        options = [label for label in labels if _OPTION.fullmatch(label)]
        yield Mistake(f"{place}/if_supported", f"{option!r} is no option of this guide; {hint(option, options)}")
