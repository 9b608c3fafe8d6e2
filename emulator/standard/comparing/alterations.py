"""Which changes there are from a contract to another one, and whom each of them breaks.

Somebody is broken who *stays*: whose half was right by the old contract, and is not right, or is not right any more, where the
other side goes by the new one. Of each message one party is the writer and one the reader.

- What is narrower now (a value gone, a member demanded) breaks the writer that stays: what it may send is wrong.
- What is wider now (a value added, a member that may be left out) breaks the reader that stays: it gets what it has no word for.
- Members and error statuses that a party does not know are to be tolerated (RFC 9110, 15: an unknown status is read as the x00
  of its class; our judge holds unknown members for no breach). So what is added and may be left out breaks nobody. A member
  that is gone breaks nobody either who tells it, but who asks for something by it asks for what nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from emulator.record.exchange import Party
from emulator.record.payload import unescape


class Grade(StrEnum):
    """How much a function differs, the least first. `minor`: nobody that stays is broken. `major`: somebody is."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    NEW = "new"
    GONE = "gone"
    UNKNOWN = "unknown"


class Alteration(StrEnum):
    """What has changed at a place."""

    BASE_PATH = "base-path"
    CONTRACT_GONE = "contract-gone"
    CONTRACT_ADDED = "contract-added"
    OPERATION_GONE = "operation-gone"
    OPERATION_ADDED = "operation-added"
    PATH = "path"
    EVENT_GONE = "event-gone"
    EVENT_ADDED = "event-added"
    PARAMETER_GONE = "parameter-gone"
    PARAMETER_ADDED = "parameter-added"
    PARAMETER_NEEDED = "demanded-parameter-added"
    PARAMETER_DEMANDED = "parameter-demanded"
    PARAMETER_OPTIONAL = "parameter-optional"
    DEFAULT = "default"
    STATUS_GONE = "status-gone"
    STATUS_ADDED = "status-added"
    SUCCESS_GONE = "success-gone"
    SUCCESS_ADDED = "success-added"
    BODY_GONE = "body-gone"
    BODY_ADDED = "body-added"
    BODY_OPTIONAL = "body-optional"
    BODY_DEMANDED = "body-demanded"
    MEDIA_GONE = "media-type-gone"
    MEDIA_ADDED = "media-type-added"
    HEADER_GONE = "header-gone"
    HEADER_ADDED = "header-added"
    HEADER_PROMISE_GONE = "promised-header-gone"
    HEADER_PROMISED = "header-promised"
    MEMBER_GONE = "member-gone"
    MEMBER_UNREAD = "asked-member-gone"
    MEMBER_PROMISE_GONE = "demanded-member-gone"
    MEMBER_ADDED = "member-added"
    MEMBER_NEEDED = "demanded-member-added"
    MEMBER_DEMANDED = "member-demanded"
    MEMBER_OPTIONAL = "member-optional"
    READ_ONLY = "read-only"
    WRITABLE = "writable"
    TYPE = "type"
    TYPE_NARROWER = "type-narrower"
    TYPE_WIDER = "type-wider"
    VALUE_GONE = "value-gone"
    VALUE_ADDED = "value-added"
    VARIANT_GONE = "variant-gone"
    VARIANT_ADDED = "variant-added"
    LIMIT = "limit"
    LIMIT_NARROWER = "limit-narrower"
    LIMIT_WIDER = "limit-wider"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a change is in words, and why it breaks the writer, and the reader, that stay: "" where it does not.

    Of a base path, an operation, a parameter the caller is the writer, and who serves it the reader.
    """

    words: str
    writer: str = ""
    reader: str = ""


_WRONG: Final = "what it sends there is not right any more"
_STRANGE: Final = "it is sent what it does not know"
_MISSES: Final = "it may wait for what is not sent"
_LACKS: Final = "it may leave out what is demanded"

MEANINGS: Final[dict[Alteration, Meaning]] = {
    Alteration.BASE_PATH: Meaning("the base path is {new}, was {old}", "it calls where nobody is"),
    Alteration.CONTRACT_GONE: Meaning("the {old} contract is gone", "it calls what is not there", _MISSES),
    Alteration.CONTRACT_ADDED: Meaning("there is a {new} contract"),
    Alteration.OPERATION_GONE: Meaning("the operation is gone", "it calls what is not there"),
    Alteration.OPERATION_ADDED: Meaning("the operation is new"),
    Alteration.PATH: Meaning("the operation has moved to {new}", "it calls what is not there"),
    Alteration.EVENT_GONE: Meaning(
        "the event is gone", "it tells who does not listen", "it waits for what is not told"
    ),
    Alteration.EVENT_ADDED: Meaning("the event is new"),
    Alteration.PARAMETER_GONE: Meaning("the parameter is gone", "what it asks by it is read by nobody"),
    Alteration.PARAMETER_ADDED: Meaning("the parameter is new, and may be left out"),
    Alteration.PARAMETER_NEEDED: Meaning("the parameter is new, and demanded", _LACKS),
    Alteration.PARAMETER_DEMANDED: Meaning("the parameter is demanded", _LACKS),
    Alteration.PARAMETER_OPTIONAL: Meaning("the parameter may be left out", reader=_MISSES),
    Alteration.DEFAULT: Meaning("where it is left out {new} is meant, was {old}"),
    Alteration.STATUS_GONE: Meaning("the status is gone"),
    Alteration.STATUS_ADDED: Meaning("the status is new"),
    Alteration.SUCCESS_GONE: Meaning("the status is gone", "it answers with what is not foreseen"),
    Alteration.SUCCESS_ADDED: Meaning("the status is new", reader=_STRANGE),
    Alteration.BODY_GONE: Meaning("there is no body", reader=_MISSES),
    Alteration.BODY_ADDED: Meaning("there is a body", writer=_LACKS),
    Alteration.BODY_OPTIONAL: Meaning("the body may be left out", reader=_MISSES),
    Alteration.BODY_DEMANDED: Meaning("the body is demanded", _LACKS),
    Alteration.MEDIA_GONE: Meaning("{old} is gone", _WRONG),
    Alteration.MEDIA_ADDED: Meaning("{new} is new", reader=_STRANGE),
    Alteration.HEADER_GONE: Meaning("the header is gone"),
    Alteration.HEADER_ADDED: Meaning("the header is new, and may be left out"),
    Alteration.HEADER_PROMISE_GONE: Meaning("the header is not demanded any more", reader=_MISSES),
    Alteration.HEADER_PROMISED: Meaning("the header is demanded", _LACKS),
    Alteration.MEMBER_GONE: Meaning("the member is gone"),
    Alteration.MEMBER_UNREAD: Meaning("the member is gone", "what it asks by it is read by nobody, and may be refused"),
    Alteration.MEMBER_PROMISE_GONE: Meaning("the member is gone, and was demanded", reader=_MISSES),
    Alteration.MEMBER_ADDED: Meaning("the member is new, and may be left out"),
    Alteration.MEMBER_NEEDED: Meaning("the member is new, and demanded", _LACKS),
    Alteration.MEMBER_DEMANDED: Meaning("the member is demanded", _LACKS),
    Alteration.MEMBER_OPTIONAL: Meaning("the member may be left out", reader=_MISSES),
    Alteration.READ_ONLY: Meaning("the member may not be sent", _WRONG),
    Alteration.WRITABLE: Meaning("the member may be sent", reader=_STRANGE),
    Alteration.TYPE: Meaning("the type is {new}, was {old}", _WRONG, _STRANGE),
    Alteration.TYPE_NARROWER: Meaning("the type is only {new}, was {old}", _WRONG),
    Alteration.TYPE_WIDER: Meaning("the type is {new}, was only {old}", reader=_STRANGE),
    Alteration.VALUE_GONE: Meaning("the value {old} is gone", _WRONG),
    Alteration.VALUE_ADDED: Meaning("the value {new} is new", reader=_STRANGE),
    Alteration.VARIANT_GONE: Meaning("the variant {old} is gone", _WRONG),
    Alteration.VARIANT_ADDED: Meaning("the variant {new} is new", reader=_STRANGE),
    Alteration.LIMIT: Meaning("{new}, was {old}", _WRONG, _STRANGE),
    Alteration.LIMIT_NARROWER: Meaning("{new}, was {old}", _WRONG),
    Alteration.LIMIT_WIDER: Meaning("{new}, was {old}", reader=_STRANGE),
}
"""Every change, in words."""


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change of a contract.

    `where` is a JSON Pointer into the old document where something is gone, else into the new one; a parameter is named by its
    place (`/query state`), a member that is demanded and nowhere described is named where it would stand. `sent` is who sends what
    stands there, `breaks` why whom it breaks that stays with the old contract; empty where it breaks nobody.
    """

    contract: str
    what: Alteration
    where: str
    old: Any
    new: Any
    sent: frozenset[Party]
    breaks: tuple[tuple[Party, str], ...]

    @property
    def grade(self) -> Grade:
        """Major where somebody is broken."""
        return Grade.MAJOR if self.breaks else Grade.MINOR

    @property
    def structural(self) -> bool:
        """Whether it is one of what crosses, and not only of where it is called."""
        return self.what is not Alteration.BASE_PATH

    @property
    def words(self) -> str:
        """The change, without whom it breaks: `TimePeriod.endDateTime: the member is demanded`."""
        told = MEANINGS[self.what].words.format(old=self.old, new=self.new)
        return f"{spoken(self.where)}: {told}" if self.where else told


def change_of(
    contract: str, what: Alteration, where: str, writer: Party, *, old: Any = None, new: Any = None
) -> ContractChange:
    """A change of what `writer` sends, or of what it calls."""
    meaning = MEANINGS[what]
    broken = tuple((party, why) for party, why in ((writer, meaning.writer), (writer.other, meaning.reader)) if why)
    return ContractChange(contract, what, where, old, new, frozenset({writer}), broken)


def gathered(changes: Iterable[ContractChange]) -> tuple[ContractChange, ...]:
    """Each change once: what is seen at one place in messages of both parties is one change, and breaks whom it does in either."""
    found: dict[tuple[str, ...], ContractChange] = {}
    for each in changes:
        key = known_by(each)
        found[key] = merged(found[key], each) if key in found else each
    return tuple(found.values())


def known_by(change: ContractChange) -> tuple[str, ...]:
    """What a change is known again by, whoever's messages it is seen in."""
    # A member that is gone is one change, whether something was asked by it or only told.
    kind = Alteration.MEMBER_GONE if change.what in _GONE else change.what
    return (change.contract, kind, change.where, str(change.old), str(change.new))


def merged(before: ContractChange, other: ContractChange) -> ContractChange:
    """One change of two that are known by the same."""
    breaks = tuple(dict.fromkeys([*before.breaks, *other.breaks]))
    worse = max(before, other, key=lambda one: _GONE.index(one.what)) if other.what in _GONE else before
    return replace(other, what=worse.what, sent=before.sent | other.sent, breaks=breaks)


def worst(grades: Iterable[Grade]) -> Grade:
    """The greatest of several; none of none."""
    order = list(Grade)
    return max(grades, key=order.index, default=Grade.NONE)


def spoken(where: str) -> str:
    """A pointer for people: `TimePeriod.endDateTime`, `GET /hub/{id} 200`; the pointer itself where it is something else."""
    match [unescape(part) for part in where.split("/")[1:]]:
        case ["components", "schemas", name, *rest]:
            return name + _within(rest)
        case ["paths", path, method, *rest]:
            kept = [part for part in rest if part not in {"responses", "content", "schema", "parameters"}]
            return " ".join([method.upper(), path, *kept])
    return where


_GONE: Final = (Alteration.MEMBER_GONE, Alteration.MEMBER_UNREAD, Alteration.MEMBER_PROMISE_GONE)


def _within(rest: list[str]) -> str:
    """The way from a schema to a place in it, as `.relatedEntity[].id`."""
    told, parts = "", iter(rest)
    for part in parts:
        if part == "properties":
            told += f".{next(parts, '')}"
        elif part == "items":
            told += "[]"
        elif part in {"allOf", "oneOf", "anyOf"}:
            next(parts, None)
        else:
            told += f" {part}"
    return told
