"""PATCH of an appointment (MEF 137, 6.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import ANY_STATUS, FINE, Mark, asks, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import (
    API,
    APPOINTMENT,
    BUYERS,
    ENDED,
    PLACES,
    appointment_of,
    entries_of,
    is_among,
    is_inverted,
    key_of,
    last_status,
    last_whole,
    refused_rightly,
    roles_of,
    work_order_of,
)
from emulator.judge.rules.appointment.making import nobody_is_free
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every

PATCH: Final = "patchAppointment"
_ASKED: Final = asks(API, KIND, "patch")
_ANSWERED: Final = responses(API, PATCH, statuses=ANY_STATUS)
_LETTER: Final = ("appointment-patch-frozen", "letter")


@APPOINTMENT.rule("R36", on=_ASKED)
def a_patch_changes_something(said: Said) -> Iterator[Mark]:
    """A PATCH has notes, attachments, a time, or a contact of the Buyer's or at the place."""
    if isinstance(said.body, dict):
        there = [name for name in ("attachment", "note", "validFor") if given(said.body.get(name))]
        there += sorted(roles_of(said.body) & {BUYERS, PLACES})
        yield hold(
            "",
            bool(there),
            expected=f"attachment, note, validFor, {BUYERS} or {PLACES}",
            found=sorted(said.body),
            message="the PATCH has nothing of an appointment that the Buyer can change",
        )


@APPOINTMENT.rule("R36", on=_ASKED, name="place")
def a_patch_leaves_the_place(said: Said) -> Iterator[Mark]:
    """No relatedPlace in a PATCH, where the partners read it so."""
    if isinstance(said.body, dict) and said.run.reads_as("appointment-patch-place", "never"):
        if given(said.body.get("relatedPlace")):
            yield breach(
                "/relatedPlace", MISSING, said.body["relatedPlace"], reading=("appointment-patch-place", "never")
            )
        else:
            yield FINE


@APPOINTMENT.rule("R37", on=_ASKED)
def a_patch_changes_nothing_of_these(said: Said) -> Iterator[Mark]:
    """Notes, attachments, time and contacts in a PATCH are those that are there, where the partners read R37 by its letter."""
    last = last_whole(appointment_of(said), said.exchange)
    if last is None or not isinstance(said.body, dict) or not said.run.reads_as(*_LETTER):
        return
    for name in ("attachment", "note", "validFor", "relatedContactInformation"):
        if given(said.body.get(name)):
            right = _says_the_same(said.body[name], last.value.get(name))
            yield FINE if right else breach(f"/{name}", last.value.get(name), said.body[name], reading=_LETTER)


def _says_the_same(asked: Any, known: Any) -> bool:
    return all(mark is FINE for mark in common.echo_marks(asked, known, ""))


@APPOINTMENT.rule("R38", on=_ASKED)
def a_patch_leaves_the_sellers_contact(said: Said) -> Iterator[Mark]:
    """Contacts with a role of the Seller's stand in a PATCH as they were shown, if at all."""
    life = appointment_of(said)
    known = [
        contact
        for shown in (life.before(said.exchange) if life else ())
        for _, contact in every(shown.value, "/relatedContactInformation/*")
        if _is_sellers(contact)
    ]
    if not known:
        return
    for place, contact in every(said.body, "/relatedContactInformation/*"):
        if _is_sellers(contact):
            yield hold(
                place,
                any(_filled(contact) == _filled(one) for one in known),
                expected=known,
                found=contact,
                message=f"{place} changes a contact of the Seller's",
            )
        else:
            yield FINE


def _is_sellers(contact: Any) -> bool:
    role = at(contact, "/role")
    return isinstance(role, str) and role.startswith("seller")


def _filled(contact: Any) -> Any:
    return {name: value for name, value in contact.items() if given(value)} if isinstance(contact, dict) else contact


@APPOINTMENT.rule("W137-patch-work-order", on=_ASKED)
def a_patch_leaves_the_work_order(said: Said) -> Iterator[Mark]:
    """The workOrder of a PATCH, if there is one, is that which the appointment is for."""
    life = appointment_of(said)
    known = work_order_of(life) if life else None
    if known is None or not isinstance(said.body, dict):
        return
    asked = at(said.body, "/workOrder")
    yield hold(
        "/workOrder",
        asked is MISSING or at(asked, "/id") == known,
        expected=known,
        found=asked,
        message=f"the PATCH changes the work order, which is {known}",
    )


common.unknown_is_404(APPOINTMENT, "R39", PATCH, KIND)


@APPOINTMENT.rule("R40", on=_ANSWERED)
def only_what_is_confirmed_is_changed(said: Said) -> Iterator[Mark]:
    """Answers to changes of an appointment that was shown under way or at its end: it is never confirmed again."""
    status = last_status(appointment_of(said), said.exchange)
    if status == "inProgress" or status in ENDED:
        yield from refused_rightly(said, f"the appointment is {status}", reading=("appointment-refusal-code", "422"))


@APPOINTMENT.rule("R41", on=_ANSWERED)
def a_new_time_that_cannot_be_is_refused(said: Said) -> Iterator[Mark]:
    """Answers to changes to a time that ends before it begins."""
    if is_inverted(at(said.asked, "/validFor")):
        yield from refused_rightly(said, "validFor ends before it begins")


APPOINTMENT.rule("R42", on=_ANSWERED)(nobody_is_free)


def _appended(label: str, member: str) -> None:
    """Entries of a list that were shown before stand in the list of a PATCH as they were."""

    def look(said: Said) -> Iterator[Mark]:
        last = last_whole(appointment_of(said), said.exchange)
        if last is None or not isinstance(at(said.body, f"/{member}"), list):
            return
        known, asked = entries_of(last.value, member), entries_of(said.body, member)
        for entry in known:
            if not is_among(entry, asked, member):
                yield breach(
                    f"/{member}",
                    entry,
                    [key_of(one, member) for one in asked],
                    f"/{member} leaves out an entry that exchange {last.exchange.n} showed",
                )
        for index, entry in enumerate(asked):
            old = next((one for one in known if is_among(entry, [one], member)), None)
            changed = _changed(old, entry) if old is not None else []
            for name in changed:
                yield breach(
                    f"/{member}/{index}/{name}",
                    (old or {})[name],
                    entry[name],
                    f"/{member}/{index}/{name} is not what exchange {last.exchange.n} showed; entries are added, "
                    "and not changed",
                )
            if not changed:
                yield FINE

    APPOINTMENT.add(label, look, on=_ASKED, about=f"{member} of a PATCH against what was shown before")


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = ("author", "date", "source", "text", "name", "creationDate", "description", "mimeType", "url")
    return [n for n in names if given(old.get(n)) and given(new.get(n)) and not common.same(old[n], new[n])]


_appended("R43", "note")
_appended("R44", "attachment")
