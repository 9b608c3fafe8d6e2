"""Lists that both sides only add to: notes, attachments, contacts and issues of what is dealt with after the sale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.parties.lists import moment_of
from emulator.record.call import ErrorCode, Issue

Entry = dict[str, Any]
_OF_ATTACHMENT: Final = ("name", "author", "creationDate")
"""What tells attachments apart that have no id."""


def identity_of(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells an entry from others of its list: its id; of an attachment name, author and time, since its id is ours; of a
    contact its role.
    """
    if "@referredType" in entry:
        return (entry["@referredType"], entry.get("id"), entry.get("relationshipType"))
    if "id" in entry:
        return (entry["id"],)
    if "creationDate" in entry:
        return tuple(_plain(entry.get(name)) for name in _OF_ATTACHMENT)
    return (entry.get("role"), entry.get("name"), entry.get("emailAddress"))


def new_among(given: Sequence[Entry], there: Sequence[Entry]) -> list[tuple[int, Entry]]:
    """The entries of a list that are not there yet, each with its index."""
    known = {identity_of(entry) for entry in there}
    return [(index, entry) for index, entry in enumerate(given) if identity_of(entry) not in known]


def altered(name: str, given: Sequence[Entry], fixed: Sequence[Entry], clause: str) -> Iterator[Issue]:
    """Entries that have to stay as they are, and do not: a member is another one, or the entry is gone."""
    places = {identity_of(entry): index for index, entry in enumerate(given)}
    for entry in fixed:
        index = places.get(identity_of(entry))
        if index is None:
            known = entry.get("id") or entry.get("attachmentId") or entry.get("role")
            reason = f"The entry {known!r:.60} is missing, and has to stay ({clause})"
            yield Issue(f"/{name}", ErrorCode.INVALID_VALUE, reason)
            continue
        for member, value in given[index].items():
            if not same(value, entry.get(member)):
                reason = f"{member} of this entry cannot be changed any more ({clause})"
                yield Issue(f"/{name}/{index}/{member}", ErrorCode.INVALID_VALUE, reason)


def of_buyer(name: str, entries: Sequence[tuple[int, Entry]]) -> Iterator[Issue]:
    """New entries of the Buyer's that do not say that they are (MEF124 R16, R17), or attach nothing (R10, R31)."""
    for index, entry in entries:
        if entry.get("source", "buyer") != "buyer":
            reason = "What the Buyer adds has the source buyer (MEF124 R16, R17)"
            yield Issue(f"/{name}/{index}/source", ErrorCode.INVALID_VALUE, reason)
        if name == "attachment" and "url" not in entry and not ("content" in entry and "mimeType" in entry):
            reason = "An attachment has its url, or content and mimeType (MEF124 R10, R31)"
            yield Issue(f"/{name}/{index}/url", ErrorCode.MISSING_PROPERTY, reason)


def lacks_role(given: Mapping[str, Any], roles: Sequence[str], clause: str) -> Iterator[Issue]:
    """Roles in which there is no contact."""
    there = {contact.get("role") for contact in given.get("relatedContactInformation") or ()}
    for role in roles:
        if role not in there:
            reason = f"There is no contact with the role {role} ({clause})"
            yield Issue("/relatedContactInformation", ErrorCode.MISSING_PROPERTY, reason)


def is_sellers(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is our side's: by its source or, of a contact, by its role."""
    return bool(entry.get("source") == "seller" or str(entry.get("role", "")).startswith("seller"))


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, where instants may be spelt in different ways."""
    return bool(one == other or _plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return (moment_of(value) or value) if isinstance(value, str) else value
