"""How the Buyer changes a ticket, and what it cannot change (MEF 124, 6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import ANY_STATUS, FINE, Look, Mark, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import parts
from emulator.judge.rules.ticket.asking import attached, signed_by_buyer
from emulator.judge.rules.ticket.book import (
    API,
    ENDING,
    PATCH,
    TICKET,
    changeable,
    life_of,
    status_before,
    ticket_before,
)
from emulator.judge.rules.ticket.living import refused
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, dump

_CHANGEABLE: Final = (
    "externalId",
    "priority",
    "severity",
    "issueStartDate",
    "observedImpact",
    "attachment",
    "note",
    "relatedContactInformation",
    "relatedIssue",
)
_EXPLAINED: Final = ("priority", "severity", "issueStartDate", "relatedIssue")
_LISTS: Final = ("note", "attachment", "relatedContactInformation", "relatedIssue")
_OWN: Final = ("id", "href")
_FINAL: Final = (*ENDING, "closed")


@TICKET.rule(("R29", "W124-patch-members"), on=PATCH)
def changes_change_something(said: Said) -> Iterator[Mark]:
    """A change has one of the attributes that the Buyer can change: nine, or eight where observedImpact is none of them."""
    if isinstance(said.body, dict):
        names = changeable(said.run, _CHANGEABLE)
        there = [name for name in names if given(said.body.get(name))]
        yield hold(
            "",
            bool(there),
            expected=" or ".join(names),
            found=sorted(said.body),
            message="the change has none of the attributes that the buyer can change",
        )


@TICKET.rule("R30", on=PATCH)
def changes_are_explained(said: Said) -> Iterator[Mark]:
    """A change of priority, severity, issueStartDate or relatedIssue has a note that the ticket did not have."""
    before = ticket_before(said)
    changed = [name for name in _EXPLAINED if _differs(said.body, name, before)]
    if changed:
        noted = any(True for _ in parts.fresh("note", said.body, before))
        yield hold(
            "/note",
            noted,
            expected="a new note",
            found=at(said.body, "/note"),
            message=f"{', '.join(changed)} would change, and no new note says why",
        )


def _differs(body: Any, name: str, before: Any) -> bool:
    """Whether a change would make another value of a member; where the ticket is not known, whether it has one."""
    asked = at(body, f"/{name}")
    if not given(asked):
        return False
    if before is None:
        return True
    known = at(before, f"/{name}")
    if isinstance(asked, list):
        left_out = len(parts.entries(before, name)) > len(asked)
        return left_out or any(not _is_known(name, entry, before) for entry in asked)
    return not common.same(known, asked)


def _is_known(member: str, entry: Any, before: Any) -> bool:
    """Whether an entry stands in a ticket as it is."""
    alike = parts.like(member, entry, parts.by_name(member, parts.entries(before, member)))
    return any(all(mark is FINE for mark in common.echo_marks(entry, one, "", free=("href",))) for one in alike)


@TICKET.rule(("R16", "R17"), on=PATCH, name="change")
def buyers_sign_what_they_append(said: Said) -> Iterator[Mark]:
    """Notes, attachments and related issues that the ticket did not have, as far as the run shows it, have source buyer."""
    before = ticket_before(said)
    told = said.run.known(_TOLD, before=said.exchange).get(said.exchange.path_params.get("id", ""), ())
    for member in parts.SIGNED if before is not None else ():
        for index, entry in parts.fresh(member, said.body, before):
            if dump(entry) not in told:
                yield from signed_by_buyer(f"/{member}/{index}", entry)


def _take_told(known: dict[str, set[bytes]], _run: Run, exchange: Exchange) -> None:
    identifier = exchange.path_params.get("id")
    if exchange.api == API and isinstance(identifier, str) and succeeded(exchange) and exchange.response:
        told = known.setdefault(identifier, set())
        for member in parts.SIGNED:
            told |= {dump(entry) for entry in parts.entries(exchange.response.body, member)}


_TOLD: Final[Fold[dict[str, set[bytes]]]] = Fold(dict, _take_told)
"""By the id in the path, the entries that the Seller has shown, even where it says that they are of another ticket."""


@TICKET.rule("R31", on=PATCH)
def new_attachments_have_content(said: Said) -> Iterator[Mark]:
    """Attachments that the ticket did not have, as far as the run shows it: url, or content with mimeType."""
    before = ticket_before(said)
    if before is not None:
        yield from attached(said.body, "", [index for index, _ in parts.fresh("attachment", said.body, before)])


def _left_to_the_seller(*lists: str) -> Look:
    """Each entry of the Seller's in one of these lists, where that is changed, stands there as it was."""

    def look(said: Said) -> Iterator[Mark]:
        before = ticket_before(said)
        for member in lists if before is not None else ():
            if not isinstance(at(said.body, f"/{member}"), list):
                continue
            theirs = [one for one in parts.entries(before, member) if not parts.buyers(member, one)]
            yield from _left_alone(said.body, member, theirs, "the seller's")

    return look


_THEIRS: Final = "entries of the Seller's in lists that are changed"
TICKET.add("R32", _left_to_the_seller(*_LISTS), on=PATCH, about=_THEIRS)
TICKET.add("W124-sellers-contacts-and-issues", _left_to_the_seller(*_LISTS[2:]), on=PATCH, about=_THEIRS)


@TICKET.rule("R20", on=PATCH, name="buyer")
def buyers_leave_their_entries(said: Said) -> Iterator[Mark]:
    """Each note and attachment of the Buyer's in a list that is changed stands there as it was, or as the Buyer sent it once:
    then the Seller has changed it.
    """
    before, sent = ticket_before(said), _sent_before(said)
    # Where R32 does not speak of notes and attachments, those of the Seller's are left alone by R20.
    of_both = said.run.release.labels.told("MEF124-R32") is None
    for member in ("note", "attachment") if before is not None else ():
        if isinstance(at(said.body, f"/{member}"), list):
            old = [entry for body in sent for entry in parts.entries(body, member)]
            again = parts.by_name(member, (one for one in parts.entries(said.body, member) if one in old))
            mine = [one for one in parts.entries(before, member) if of_both or parts.buyers(member, one)]
            mine = [one for one in mine if not parts.like(member, one, again)]
            yield from _left_alone(said.body, member, mine, "the ticket's" if of_both else "the buyer's own")


def _sent_before(said: Said) -> list[Any]:
    """The bodies by which the Buyer made and changed a ticket before."""
    life = life_of(said.run, said.exchange)
    changed = [each.exchange.request.body for each in life.before(said.exchange)] if life else []
    return [body for body in ([life.request] if life and life.asked else []) + changed if isinstance(body, dict)]


def _left_alone(body: Any, member: str, known: list[Any], whose: str) -> Iterator[Mark]:
    """What is changed is a breach; what is left out by the reading that a list is sent whole."""
    sent = parts.by_name(member, parts.entries(body, member))
    there = [one for one in known if parts.like(member, one, sent)]
    yield from parts.kept(member, there, body, f"/{member}", whose=whose)
    gone = [one for one in known if one not in there and parts.names_of(member, one)]
    if gone:
        yield breach(
            f"/{member}",
            len(known),
            MISSING,
            f"/{member} leaves out {len(gone)} of {whose} entries; a list is sent whole",
            reading=("ticket-patch-lists", "whole-list"),
        )


# What is refused

_ANSWER: Final = responses(API, "patchTroubleTicket", statuses=ANY_STATUS)


@TICKET.rule("R34", on=_ANSWER)
def what_cannot_be_changed_is_refused(said: Said) -> Iterator[Mark]:
    """Answers to changes of members that are none of the nine, and of entries of notes and attachments that are there."""
    before = ticket_before(said)
    if before is None or not isinstance(said.asked, dict):
        return
    own = said.run.kinds.kind(KIND).own
    others = [
        name
        for name, value in said.asked.items()
        if name not in (*_CHANGEABLE, *_OWN)
        and (name in before or (name in own and given(value)))
        and not _same(value, before.get(name))
    ]
    altered = [member for member in ("note", "attachment") if _alters(said.asked, member, before)]
    if others or altered:
        yield from refused(said, f"{', '.join((*others, *altered))} cannot be changed so")


def _same(asked: Any, known: Any) -> bool:
    marks = list(common.echo_marks({"it": asked}, {"it": known}, ""))
    return bool(marks) and all(mark is FINE for mark in marks)


def _alters(asked: Any, member: str, before: Any) -> bool:
    known = parts.by_name(member, parts.entries(before, member))
    listed = parts.entries(asked, member)
    return any(parts.like(member, one, known) and not _is_known(member, one, before) for one in listed)


@TICKET.rule("R35", on=_ANSWER)
def what_is_over_is_not_changed(said: Said) -> Iterator[Mark]:
    """Answers to changes of tickets that are known to be closed, assessingCancellation or cancelled."""
    before = status_before(said.run, said.exchange)
    if before in _FINAL:
        yield from refused(said, f"a ticket that is {before} is not changed")
