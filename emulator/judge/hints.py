"""A question that leads to the cause of a finding: chosen by what was expected and found, and left out where none fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from emulator.judge.echoes import CONTRACT
from emulator.judge.explanation import finding_of
from emulator.judge.verdict import Finding
from emulator.record.payload import MISSING
from emulator.standard.release import Release

_NUMBERS: Final = ("number", "integer")
_FORMATS: Final = {
    "date-time": "Is a date-time written otherwise than 2026-01-31T12:00:00Z, with its T and its offset?",
    "date": "Is a day written otherwise than 2026-01-31?",
    "uri": "Is a URI without its scheme sent, or one with blanks that are not escaped?",
    "ipv4 or ipv6": "Is a name, a prefix with its length or an empty text sent in place of an address?",
}


def hints(release: Release, finding: Mapping[str, Any]) -> tuple[str, ...]:
    """Questions to whoever is at fault; `finding` is one of a report of that release, in which None stands for what is not there."""
    if finding["rule"].startswith(CONTRACT):
        return tuple(_of_contract(finding["expected"], finding["found"]))
    fitting = (
        proof.ask
        for proof in map(release.proofs.get, (finding["rule"], *finding["requirements"]))
        if proof and _alike(_shown_by(release, proof.id), finding)
    )
    return next(fitting, ())


@lru_cache(maxsize=1_000)
def _shown_by(release: Release, identifier: str) -> Finding | None:
    """What a rule finds in its own example, for which its questions are written."""
    proof = release.proofs[identifier]
    return None if proof.never_fails else finding_of(release, proof)


def _alike(example: Finding | None, finding: Mapping[str, Any]) -> bool:
    """Whether a finding is of the same member and of the same party as the example, and missing or not like it."""
    if example is None or str(example.blame) != finding["blame"]:
        return False
    lacks = example.found is MISSING or example.found is None
    return _member(example.pointer) == _member(finding["pointer"]) and lacks is (finding["found"] is None)


def _member(pointer: str | None) -> list[str]:
    """The member that a pointer leads to, with the one that it stands in, without the numbers of items."""
    return [token for token in (pointer or "").split("/") if token and not token.isdecimal()][-2:]


def _of_contract(expected: Any, found: Any) -> Iterator[str]:
    """What makes messages differ from their contract in this way."""
    if isinstance(expected, list) and expected:
        yield from _of_words(expected, found)
    elif expected == "given":
        yield "Is the member left out where there is no value for it, or does it stand one level too high or too low?"
    elif found is None:
        return
    elif expected in _NUMBERS and isinstance(found, str):
        yield "Is the number sent as a text, in quotes?"
    elif expected == "boolean":
        yield "Is true or false sent as a text or as a number?"
    elif expected == "string" and isinstance(found, int | float):
        yield "Is a number or a boolean sent where the contract has a text?"
    elif expected == "array" and not isinstance(found, list):
        yield "Is a list of one entry sent as the entry alone?"
    elif expected == "object" and isinstance(found, list):
        yield "Is a list sent where the contract has one object?"
    elif isinstance(expected, str) and expected in _FORMATS:
        yield _FORMATS[expected]


def _of_words(words: Sequence[Any], found: Any) -> Iterator[str]:
    if not isinstance(found, str) or not all(isinstance(word, str) for word in words):
        return
    same = [word for word in words if _letters(word) == _letters(found)]
    if same:
        yield f"Is {same[0]} meant? Case and punctuation count."
    else:
        yield "Is a code or word of the sender's own sent without being translated?"


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()
