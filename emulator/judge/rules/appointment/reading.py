"""Reading one appointment (MEF 137, 6.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.acting import acts_on, may_have_worked
from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import (
    APPOINTMENT,
    BUYERS,
    CHANGED,
    PLACES,
    READ,
    SELLERS,
    SHOWN,
    entries_of,
    is_among,
    key_of,
    roles_of,
)
from emulator.judge.rules.common.values import told_alike
from emulator.judge.run import Life, Said
from emulator.judge.showing import View, succeeded
from emulator.record.payload import at

_CONTACTS: Final = "relatedContactInformation"
_AT_THE_PLACE: Final = "MEF137-R15"
_RETRIEVE: Final = "retrieveAppointment"

common.unknown_is_404(APPOINTMENT, "R33", _RETRIEVE, KIND)
APPOINTMENT.present(
    "R34", "", "/id", "/href", "/relatedPlace", "/status", "/validFor", "/workOrder", on=READ, name="whole"
)
APPOINTMENT.has_role("R34", "", SELLERS, on=READ)


APPOINTMENT.present(
    "W137-read-whole",
    "",
    *("/id", "/href", "/relatedPlace", "/relatedContactInformation", "/status", "/validFor", "/workOrder"),
    on=READ,
)


@APPOINTMENT.rule("W137-read-whole", on=READ, name="lists")
def notes_and_attachments_are_there(said: Said) -> Iterator[Mark]:
    """Attachment and note, though there be none, where the partners read the clause so."""
    reading = ("appointment-read-lists", "always")
    for shown in said.shown if said.run.reads_as(*reading) else ():
        for member in ("attachment", "note"):
            there = isinstance(shown.value.get(member), list)
            yield FINE if there else breach(f"{shown.place}/{member}", "a list", reading=reading)


@APPOINTMENT.rule("R34", on=READ, name="buyers")
def contacts_of_the_buyer_are_shown(said: Said) -> Iterator[Mark]:
    """The contact of the Buyer and that at the place, where the Buyer gave them; of an appointment from before the run,
    that one is missing is a hint.
    """
    yield from _shows_contacts(said, sure=True)


@APPOINTMENT.rule("W137-read-whole", on=READ, name="buyers")
def contacts_that_were_given_are_shown(said: Said) -> Iterator[Mark]:
    """The contact of the Buyer and that at the place, where the Buyer gave them. The clause asks for contacts, and not for
    whose, so that it is a hint.
    """
    yield from _shows_contacts(said, sure=False)


def _shows_contacts(said: Said, *, sure: bool) -> Iterator[Mark]:
    for shown, life in said.lived():
        found = roles_of(shown.value)
        roles = _given(life, said)
        for role in (BUYERS, PLACES):
            if role in found:
                yield FINE
            elif role in roles:
                yield breach(
                    f"{shown.place}/relatedContactInformation",
                    role,
                    sorted(found),
                    f"no contact with role {role} is named",
                    hint=life.asked is None or not sure,
                )


def _given(life: Life, said: Said) -> set[str]:
    """The roles that the Buyer has given: when it changed the contacts last, else when it made the appointment; of one from
    before the run, those that it has to give.
    """
    found = roles_of(life.request) if life.asked else set(_demanded(said))
    for shown in life.before(said.exchange):
        if shown.view is View.PATCHED and (named := roles_of(shown.exchange.request.body)):
            found = named
    return found


@APPOINTMENT.rule((), on=SHOWN, name="contacts")
def contacts_of_the_buyer_stay_as_given(said: Said) -> Iterator[Mark]:
    """The Buyer's two contacts say what the Buyer said of them last. No clause has it, so that it is a hint."""
    for shown, life in said.lived():
        for role, given_last in _said_of(life, said).items():
            found = [one for one in entries_of(shown.value, _CONTACTS) if at(one, "/role") == role]
            wrong = [name for name, value in given_last.items() if not any(_tells(one, name, value) for one in found)]
            place = f"{shown.place}/{_CONTACTS}"
            if found and wrong:
                told = f"{', '.join(wrong)} of {role} not as the Buyer gave it"
                yield breach(place, given_last, found, f"{place} has {told}", hint=True)
            elif found:
                yield FINE
            elif shown.view is View.PATCHED and role in (roles_of(said.asked) or _given(life, said)):
                # Of the other answers a clause asks for it.
                yield breach(place, role, sorted(roles_of(shown.value)), f"{place} has no {role} any more", hint=True)


def _tells(contact: Any, name: str, value: Any) -> bool:
    return not isinstance(value, str) or told_alike(value, at(contact, f"/{name}"))


def _said_of(life: Life, said: Said) -> dict[str, dict[str, Any]]:
    """What the Buyer said last of its contact and that at the place, by role; nothing of a role that it gave twice, or by a
    request of which nobody knows what became of it.
    """
    found: dict[str, dict[str, Any]] = {}
    acts = [each for each in acts_on(said.run, life) if each.n <= said.exchange.n and may_have_worked(each)]
    made = life.request if life.asked else None
    for body, sure in [(made, True), *((act.request.body, succeeded(act)) for act in acts)]:
        named = entries_of(body, _CONTACTS)
        for role in (BUYERS, PLACES):
            mine = [one for one in named if isinstance(one, dict) and one.get("role") == role]
            if sure and len(mine) == 1:
                found[role] = mine[0]
            elif mine:
                found.pop(role, None)
    return found


def _demanded(said: Said) -> tuple[str, ...]:
    """The roles that a new appointment has to name: not all releases have the clause that asks for a contact at the place."""
    return (BUYERS, PLACES) if _AT_THE_PLACE in said.run.release.labels.ids else (BUYERS,)


def _stays(member: str) -> None:
    """Each entry of a list that the Buyer sent, or that was shown before, is still there."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            found = entries_of(shown.value, member)
            for entry in _known(life, said, member):
                yield hold(
                    f"{shown.place}/{member}",
                    is_among(entry, found, member),
                    expected=entry,
                    found=[key_of(one, member) for one in found],
                    message=f"{shown.place}/{member} lacks an entry that was sent or shown before",
                )
                for name in _altered(entry, found, member):
                    told = f"{name} of an entry of the Buyer's in {shown.place}/{member} is not as it was"
                    yield breach(f"{shown.place}/{member}", entry, found, told, hint=True)

    APPOINTMENT.add("R35", look, on=READ, about=f"{member} against what was sent and shown before", name=member)


_SAID: Final = ("text", "author", "date", "name", "url", "creationDate")


def _altered(entry: Mapping[str, Any], found: list[Mapping[str, Any]], member: str) -> list[str]:
    """What the Seller made of an entry of the Buyer's: the names of texts that no entry like it still has."""
    alike = [one for one in found if is_among(entry, [one], member)]
    told = [name for name in _SAID if isinstance(entry.get(name), str)]
    if entry.get("source") != "buyer" or not alike:
        return []
    return [name for name in told if not any(told_alike(entry[name], one.get(name)) for one in alike)]


def _known(life: Life, said: Said, member: str) -> list[Any]:
    """What a list has to hold: since a change of it, what that made of it."""
    known = entries_of(life.request, member) if life.asked else []
    for shown in life.before(said.exchange):
        if shown.view is View.PATCHED and isinstance(at(shown.exchange.request.body, f"/{member}"), list):
            known = entries_of(shown.exchange.request.body, member)
        if shown.whole:
            known += [entry for entry in entries_of(shown.value, member) if not is_among(entry, known, member)]
    return known


_stays("note")
_stays("attachment")


@APPOINTMENT.rule((), on=CHANGED, name="taken")
def what_is_taken_is_as_it_was_sent(said: Said) -> Iterator[Mark]:
    """Notes and attachments of the Buyer's that the answer to a change shows are as they were. Nothing says that it shows
    them, so that it is a hint.
    """
    for shown, life in said.lived():
        for member in ("note", "attachment"):
            found = entries_of(shown.value, member)
            for entry in (*_known(life, said, member), *entries_of(said.asked, member)):
                if is_among(entry, found, member):
                    wrong = _altered(entry, found, member)
                    place = f"{shown.place}/{member}"
                    message = f"{', '.join(wrong)} of an entry of the Buyer's in {place} is not as it was"
                    yield breach(place, entry, found, message, hint=True) if wrong else FINE


common.keeps_id(APPOINTMENT, (), KIND)
common.stays(APPOINTMENT, (), KIND)
common.keeps(APPOINTMENT, (), "", "/workOrder/id", on=SHOWN)
common.reads_agree(APPOINTMENT, (), KIND, "/workOrder/id")
# No clause lets anybody move it elsewhere: the Buyer by R36, the Seller by R29. It can be said by reference or by value.
common.agrees(APPOINTMENT, (), KIND, "/relatedPlace/id", "/relatedPlace/role", hint=True, both=True)
common.no_twins(APPOINTMENT, (), KIND, "/note", "/attachment", "/relatedContactInformation")
common.steady(APPOINTMENT, KIND)
