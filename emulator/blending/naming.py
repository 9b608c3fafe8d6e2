"""Names of components: each for itself, also for those who do not tell `A_b` from `AB`, and the same for the same products."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from emulator.blending.sources import HOLDERS, Spot
from emulator.record.payload import unescape
from emulator.standard.product import SPEC, product_name

_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_FUNCTION: Final = 7
"""Which part of a URN names the function that it is for: urn:mef:lso:spec:<interface>:<name>:<version>:<function>."""
_EVERY: Final = "all"


class ComponentNames:
    """The names that are taken."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_plain(each) for each in taken}

    def take(self, *wishes: str) -> str:
        """The first of the wishes that is free, else the last one with a number."""
        last = next(filter(None, reversed(wishes)), "Schema")
        numbered = (f"{last}{number}" for number in range(2, len(self._taken) + 3))
        found = next(each for each in (*wishes, *numbered) if each and _plain(each) not in self._taken)
        self._taken.add(_plain(found))
        return found


def names_of_product(word: str) -> tuple[str, ...]:
    """What a product's component may be called, the shortest first: its name, with its function, with its version."""
    name = _camel(product_name(word))
    parts = word.split(":")
    if not word.lower().startswith(SPEC) or len(parts) <= _FUNCTION:
        return (name,)
    function = "" if parts[_FUNCTION] == _EVERY else _camel(parts[_FUNCTION])
    version = _camel(parts[_FUNCTION - 1])
    return (f"{name}{function}", f"{name}{function}{version}", _camel(word))


def names_of_part(spot: Spot) -> tuple[str, ...]:
    """What the component of a part may be called: its own name, and the file's before it."""
    file = _camel(spot.file.name.partition(".")[0])
    steps = [unescape(each) for each in spot.pointer.split("/")[1:]]
    if not steps:
        return (file,)
    own = next((each for each in reversed(steps) if each not in HOLDERS and not each.isdecimal()), file)
    return (
        _camel(own),
        f"{file}{_camel(own)}",
        f"{file}{_camel('-'.join(each for each in steps if each not in HOLDERS))}",
    )


def _camel(text: str) -> str:
    """`access-eline-ovc` and `ACCESS_ELINE_OVC` as `AccessElineOvc`."""
    words = _WORD.findall(text)
    joined = "".join(
        each[0].upper() + (each[1:].lower() if each.isupper() and len(words) > 1 else each[1:]) for each in words
    )
    return joined if not joined[:1].isdecimal() else f"N{joined}"


def _plain(name: str) -> str:
    return "".join(_WORD.findall(name)).lower()
