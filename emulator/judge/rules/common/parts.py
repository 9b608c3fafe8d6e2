"""Entries of the lists that both parties write to: notes, attachments, contacts, related issues. Which entry is which, and
whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.changes import is_buyers
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given
from emulator.judge.rules.common.echo import echo_marks
from emulator.judge.rules.common.values import told_alike
from emulator.judge.run import Life, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.breach import Breach

SIGNED: Final = ("note", "attachment", "relatedIssue")
"""The lists whose entries say who added them."""
Key = tuple[str, ...]

_NAMES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "note": (("id", "source"),),
    "attachment": (("attachmentId",), ("name", "author", "creationDate")),
    "relatedContactInformation": (("role",),),
    "relatedIssue": (("@referredType", "id", "relationshipType"),),
    "relatedEntity": (("@referredType", "id"),),
}
"""By list, the members that name an entry, in one way or another. Both parties number their notes."""


def entries(body: Any, member: str) -> list[Any]:
    """The entries of a list; none where it is none."""
    found = at(body, f"/{member}")
    return found if isinstance(found, list) else []


def names_of(member: str, entry: Any) -> set[Key]:
    """By what an entry can be known: an attachment by its id, and by the name, author and date that it had before it had one."""
    found = set()
    for members in _NAMES.get(member, (("id",),)):
        values = [str(at(entry, f"/{name}")) for name in members if given(at(entry, f"/{name}"))]
        if len(values) == len(members):
            found.add((members[0], *values))
    return found


def by_name(member: str, listed: Iterable[Any]) -> dict[Key, list[Any]]:
    """Entries by all names that each of them has."""
    found: dict[Key, list[Any]] = {}
    for entry in listed:
        for name in names_of(member, entry):
            found.setdefault(name, []).append(entry)
    return found


def like(member: str, entry: Any, among: Mapping[Key, list[Any]]) -> list[Any]:
    """Those among others that are this very entry, by one of its names."""
    return next((among[name] for name in sorted(names_of(member, entry)) if name in among), [])


def fresh(member: str, now: Any, *before: Any) -> Iterator[tuple[int, Any]]:
    """The entries (index, entry) that no earlier body has; those that cannot be told from others are passed over."""
    known = by_name(member, (entry for body in before for entry in entries(body, member)))
    for index, entry in enumerate(entries(now, member)):
        if names_of(member, entry) and not like(member, entry, known):
            yield index, entry


def buyers(member: str, entry: Any) -> bool:
    """Whether an entry is the Buyer's: by its source, a contact by its role."""
    return is_buyers(entry, shared=member == "relatedContactInformation")


def has_content(entry: Any) -> bool:
    """Whether an attachment has an address, or its content with the media type."""
    return given(at(entry, "/url")) or (given(at(entry, "/content")) and given(at(entry, "/mimeType")))


def kept(member: str, old: Any, now: Any, place: str, *, whose: str) -> Iterator[Mark]:
    """Each of these earlier entries is still there as it was; members can be added to it.

    Where several have one name (contacts of one role), each finds one that says the same.
    """
    there = by_name(member, entries(now, member))
    for entry in old:
        alike = like(member, entry, there)
        if not names_of(member, entry):
            continue
        if not alike:
            yield breach(place, entry, None, f"{place} no longer has an entry of {whose}: {_word(member, entry)}")
            continue
        best = [list(echo_marks(entry, other, place, free=("href", "size"), alike=told_alike)) for other in alike]
        wrong = min(([mark for mark in marks if isinstance(mark, Breach)] for marks in best), key=len)
        if wrong:
            first = wrong[0]
            message = f"{place} has an entry of {whose} changed: {_word(member, entry)}, at {first.place}"
            yield breach(place, first.expected, first.found, message)
        else:
            yield FINE


def _word(member: str, entry: Any) -> str:
    name = max(names_of(member, entry), key=len, default=("", "?"))
    return " ".join((member, *name[1:]))


def sellers_notes(value: Any) -> list[Any]:
    """The notes of the Seller's."""
    return [note for note in entries(value, "note") if at(note, "/source") == "seller"]


def new_notes_of_seller(now: Any, before: Any) -> bool:
    """Whether the Seller has added a note."""
    return any(at(note, "/source") == "seller" for _, note in fresh("note", now, before))


def last_seen(life: Life | None, exchange: Exchange) -> Shown | None:
    """A whole resource as the same Buyer saw it last before an exchange."""
    seen = life.last_before(exchange) if life else None
    mine = dict(exchange.request.query)
    theirs = dict(seen.exchange.request.query) if seen else {}
    return seen if all(mine.get(name) == theirs.get(name) for name in ("buyerId", "sellerId")) else None
