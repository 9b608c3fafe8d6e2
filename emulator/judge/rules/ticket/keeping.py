"""What stays of a ticket, and what its Seller adds (MEF 124, 6.1.4 and 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from emulator.judge.acting import acted_on, acts_on, between, may_have_worked
from emulator.judge.changes import alike, sellers
from emulator.judge.fold import Fold
from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import FINE, Mark, Remark, on_response
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import parts
from emulator.judge.rules.ticket.book import API, CLOSURE, DONE, LISTED, PATCHED, READ, SHOWN, TICKET, changeable
from emulator.judge.run import Life, Run, Said, Shown
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, copied

# What the Buyer asked for, as it stands


def _take_asked(known: dict[str, dict[str, Any]], run: Run, exchange: Exchange) -> None:
    """The ticket as the Buyer wants it: what it sent when it made it, with what it changed since."""
    if exchange.api != API:
        return
    if exchange.operation == "createTroubleTicket":
        for shown in run.shown(exchange):
            if isinstance(exchange.request.body, dict):
                known[shown.value["id"]] = copied(exchange.request.body)
    elif exchange.operation == "patchTroubleTicket" and isinstance(exchange.request.body, dict):
        asked = known.get(exchange.path_params.get("id", ""), {})
        for name, value in exchange.request.body.items() if may_have_worked(exchange) else ():
            if asked and succeeded(exchange) and changeable(run, (name,)):
                asked[name] = _merged(name, asked.get(name), value)
            else:
                asked.pop(name, None)  # nobody knows what became of it


def _merged(name: str, old: Any, new: Any) -> Any:
    """A member after a change: notes and attachments are only added, so that the old ones stay."""
    if name not in ("note", "attachment") or not isinstance(old, list) or not isinstance(new, list):
        return copied(new)
    added = [entry for _, entry in parts.fresh(name, {name: new}, {name: old})]
    return [*old, *copied(added)]


_ASKED: Final[Fold[dict[str, dict[str, Any]]]] = Fold(dict, _take_asked)


def _wanted(said: Said, life: Life) -> Any:
    return said.run.known(_ASKED).get(life.id)


_NEVER: Final = ("acknowledged", "inProgress", "pending", "assessingCancellation", "cancelled")
_LISTS: Final = ("note", "attachment", "relatedContactInformation", "relatedIssue")
_TOLD: Final = ("externalId", "issueStartDate", "observedImpact", "priority", "severity")

common.echoes(TICKET, "R27", on=READ, grows=_LISTS, free=("attachmentId", "size"), baseline=_wanted)


@TICKET.rule("R34", on=PATCHED, name="answer")
def what_is_taken_is_done(said: Said) -> Iterator[Mark]:
    """The answer to a change that was taken shows what was asked for."""
    names = changeable(said.run, (*_TOLD, *_LISTS))
    asked = common.only(said.asked, names)
    for shown in said.shown:
        yield from common.echo_marks(
            asked, shown.value, shown.place, free=("href", "attachmentId", "size"), grows=_LISTS
        )


@TICKET.rule((), on=PATCHED, name="untouched")
def what_is_not_asked_for_is_not_changed(said: Said) -> Iterator[Mark]:
    """What the Buyer has set and did not ask to change, where the answer to a change shows it. Nothing says that it has to: so
    far as there is no clause for it, it is a hint.
    """
    for shown, life in said.lived():
        wanted = _wanted(said, life) or {}
        for name in _TOLD:
            found = at(shown.value, f"/{name}")
            if name in wanted and given(wanted[name]) and given(found) and at(said.asked, f"/{name}") is MISSING:
                right = common.same(wanted[name], found)
                place = f"{shown.place}/{name}"
                message = f"{place} is not what the buyer set, and this change does not ask for it"
                yield FINE if right else breach(place, wanted[name], found, message, hint=True)


_OPTIONAL: Final = (
    "/expectedResolutionDate",
    "/externalId",
    "/issueStartDate",
    "/note",
    "/attachment",
    "/relatedIssue",
)


@TICKET.rule("R27", on=READ, name="kept")
def what_was_set_stays(said: Said) -> Iterator[Mark]:
    """Optional attributes that an earlier look showed are still there."""
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        for place in _OPTIONAL if earlier else ():
            if earlier and given(at(earlier.value, place)):
                yield hold(
                    shown.place + place,
                    given(at(shown.value, place)),
                    expected=at(earlier.value, place),
                    message=f"{shown.place + place} was there in exchange {earlier.exchange.n} and is gone",
                )
        if earlier and given(at(earlier.value, "/resolutionDate")) and shown.value.get("status") not in DONE:
            yield from _after_reopening(shown)


def _after_reopening(shown: Shown) -> Iterator[Mark]:
    found = at(shown.value, "/resolutionDate")
    reading = "goes" if given(found) else "stays"
    wrong = breach(
        f"{shown.place}/resolutionDate",
        MISSING if given(found) else "a date",
        found,
        reading=("ticket-resolution-date-after-reopen", reading),
    )
    yield wrong


# Resolved tickets

TICKET.present(
    "R26",
    "",
    "/id",
    "/relatedEntity",
    "/description",
    "/observedImpact",
    "/priority",
    "/sellerPriority",
    "/severity",
    "/sellerSeverity",
    "/ticketType",
    "/status",
    "/creationDate",
    "/relatedContactInformation",
    on=READ,
)


@TICKET.rule("R28", on=READ)
def who_resolved_says_when_and_how(said: Said) -> Iterator[Mark]:
    """Tickets that are resolved or closed: resolutionDate, and a note with source seller."""
    for shown in said.shown:
        if shown.value.get("status") in DONE:
            date = at(shown.value, "/resolutionDate")
            yield hold(
                f"{shown.place}/resolutionDate",
                given(date),
                expected="a date",
                found=date,
                message=f"a ticket that is {shown.value['status']} has no resolutionDate",
            )
            yield hold(
                f"{shown.place}/note",
                bool(parts.sellers_notes(shown.value)),
                expected="a note with source seller",
                message=f"a ticket that is {shown.value['status']} has no note of the seller's",
            )


@TICKET.rule((), on=SHOWN | LISTED, name="resolution-date")
def what_was_never_resolved_has_no_such_date(said: Said) -> Iterator[Mark]:
    """Tickets that were made in the run, are not resolved, and that nobody asked to reopen: no resolutionDate; a hint, since
    another client of the Buyer's can have reopened one.
    """
    for shown, life in said.lived():
        status = shown.value.get("status")
        reopened = any(act.operation == "reopenTroubleTicket" for act in acts_on(said.run, life))
        if life.asked is None or reopened or status not in _NEVER:
            continue
        date = at(shown.value, "/resolutionDate")
        place = f"{shown.place}/resolutionDate"
        if given(date):
            yield breach(place, MISSING, date, f"the ticket is {status}, and says when it was resolved", hint=True)
        else:
            yield FINE


# Who signs


def _take_sent(known: dict[str, dict[str, Any]], run: Run, exchange: Exchange) -> None:
    """By ticket, all entries that the Buyer ever sent for it, whatever was answered."""
    if exchange.api != API or exchange.operation not in ("createTroubleTicket", "patchTroubleTicket"):
        return
    ids = [exchange.path_params.get("id")] if exchange.operation == "patchTroubleTicket" else []
    for identifier in ids or [shown.value["id"] for shown in run.shown(exchange)]:
        if isinstance(identifier, str):
            sent = known.setdefault(identifier, {member: [] for member in parts.SIGNED})
            for member in parts.SIGNED:
                sent[member] += [entry for _, entry in parts.fresh(member, exchange.request.body, sent)]


_SENT: Final[Fold[dict[str, dict[str, Any]]]] = Fold(dict, _take_sent)


@TICKET.rule(("R18", "R19"), on=SHOWN)
def sellers_sign_what_they_add(said: Said) -> Iterator[Mark]:
    """Notes, attachments and related issues that the Buyer never sent have source seller; the note of a reopened ticket
    has not.
    """
    for shown, life in said.lived():
        if life.asked is None:
            continue
        sent = said.run.known(_SENT).get(life.id, {})
        for member in parts.SIGNED:
            for index, entry in parts.fresh(member, shown.value, sent):
                source, here = at(entry, "/source"), f"{shown.place}/{member}/{index}"
                if member == "note" and at(entry, "/author") == CLOSURE:
                    yield from _closure(said.run, here, source)
                elif isinstance(source, str) and not _was_sent(entry, parts.entries(sent, member)):
                    yield hold(
                        f"{here}/source",
                        source == "seller",
                        expected="seller",
                        found=source,
                        message=f"{here}/source is {source}, and the buyer never sent it",
                    )


def _closure(run: Run, here: str, source: Any) -> Iterator[Mark]:
    if run.reads_as("ticket-closure-note", "seller") and source != "seller":
        yield breach(f"{here}/source", "seller", source, reading=("ticket-closure-note", "seller"))


def _was_sent(entry: Any, sent: list[Any]) -> bool:
    """Whether an entry under another name says the same as one that was sent."""
    words = [name for name in ("text", "url", "content", "description") if given(at(entry, f"/{name}"))]
    return bool(words) and any(all(at(entry, f"/{n}") == at(one, f"/{n}") for n in words) for one in sent)


# What nobody changes


@TICKET.rule("R20", on=SHOWN)
def notes_and_attachments_stay(said: Said) -> Iterator[Mark]:
    """Each note and attachment that was there before is there as it was."""
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        for member in ("note", "attachment") if earlier else ():
            assert earlier is not None
            old = parts.entries(earlier.value, member)
            yield from parts.kept(
                member, old, shown.value, f"{shown.place}/{member}", whose=f"exchange {earlier.exchange.n}"
            )


@TICKET.rule("R21", on=SHOWN)
def what_the_buyer_provided_stays(said: Said) -> Iterator[Mark]:
    """The Buyer's contacts, entity and related issues are there as they were, where the Buyer has not named them since."""
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        if earlier is None:
            continue
        acts = [*between(acts_on(said.run, life), earlier.exchange, said.exchange)]
        for member in ("relatedContactInformation", "relatedEntity", "relatedIssue"):
            if any(at(act.request.body, f"/{member}") is not MISSING for act in acts):
                continue
            whole = member == "relatedEntity"
            old = [each for each in parts.entries(earlier.value, member) if whole or parts.buyers(member, each)]
            yield from parts.kept(member, old, shown.value, f"{shown.place}/{member}", whose="the buyer's")


@TICKET.rule("R21", on=LISTED, name="list")
def lists_show_what_it_is_about(said: Said) -> Iterator[Mark]:
    """The entities that a ticket was shown to be about are those of its entry, with their roles."""
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        now = parts.entries(shown.value, "relatedEntity")
        for entity in parts.entries(earlier.value, "relatedEntity") if earlier and now else ():
            mine = [one for one in now if at(one, "/id") == at(entity, "/id")]
            yield hold(
                f"{shown.place}/relatedEntity",
                any(_agrees(one, entity, "/role") and _agrees(one, entity, "/@referredType") for one in mine),
                expected=entity,
                found=now,
                message=f"{shown.place}/relatedEntity is not what the ticket was shown to be about",
            )


def _agrees(one: Any, other: Any, member: str) -> bool:
    """Whether two say the same, where both say it."""
    values = [at(each, member) for each in (one, other)]
    return not all(map(given, values)) or values[0] == values[1]


@TICKET.rule("R36", on=SHOWN)
def work_orders_stay(said: Said) -> Iterator[Mark]:
    """Each work order that a ticket had before is still in its list."""
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        now = [at(one, "/id") for one in parts.entries(shown.value, "workOrder")]
        for one in parts.entries(earlier.value, "workOrder") if earlier else ():
            found = at(one, "/id")
            yield hold(
                f"{shown.place}/workOrder",
                found in now,
                expected=found,
                found=now,
                message=f"work order {found} is no longer in the list",
            )


@TICKET.rule("O4", on=READ)
def technicians_stay_once_it_is_resolved(said: Said) -> Iterator[Mark]:
    """Contacts with role sellerTechnicalContact of a ticket that was resolved, closed or cancelled before; a hint."""
    ends = (*DONE, "cancelled")
    member = "relatedContactInformation"
    for shown, life in said.lived():
        earlier = parts.last_seen(life, said.exchange)
        if earlier is None or shown.value.get("status") not in ends or earlier.value.get("status") not in ends:
            continue
        if acted_on(said.run, life, earlier.exchange, said.exchange):
            continue
        old, new = (
            [one for one in parts.entries(each.value, member) if at(one, "/role") == "sellerTechnicalContact"]
            for each in (earlier, shown)
        )
        if alike(old, new):
            yield FINE
        else:
            yield breach(
                f"{shown.place}/{member}", old, new, "the seller's technical contact changed after the end", hint=True
            )


@TICKET.at_end("R22")
def updates_come_with_a_note(run: Run) -> Iterator[Remark]:
    """Tickets whose expectedResolutionDate, or whose related issues of the Seller's, changed: they have a new note of the
    Seller's, or have it at the next look.
    """
    for life in run.lives(KIND):
        looks = [*life.whole, None]
        for (before, after), later in zip(pairwise(life.whole), looks[2:], strict=True):
            place = _updated(run, life, before, after)
            if place:
                noted = any(parts.new_notes_of_seller(each.value, before.value) for each in (after, later) if each)
                yield on_response(
                    after.exchange,
                    hold(
                        f"{after.place}{place}",
                        noted,
                        expected="a new note with source seller",
                        found=at(after.value, place),
                        message=f"{place} changed since exchange {before.exchange.n}, and no note tells of it",
                    ),
                )


def _updated(run: Run, life: Life, before: Shown, after: Shown) -> str:
    """The pointer of what was updated."""
    name = "/expectedResolutionDate"
    old, new = at(before.value, name), at(after.value, name)
    first_counts = run.reads_as("ticket-first-dates", "noted")
    if given(new) and not alike(old, new) and (given(old) or first_counts):
        return name
    issues = [sellers(life.kind, "relatedIssue", each.value.get("relatedIssue")) for each in (before, after)]
    return "" if alike(*issues) else "/relatedIssue"
