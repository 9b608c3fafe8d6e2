"""Lists of appointments (MEF 137, 6.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.named import APPOINTMENT as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import APPOINTMENT, LISTED
from emulator.judge.rules.common.filtering import instant
from emulator.judge.rules.common.wholeness import Question
from emulator.judge.run import Said, Shown
from emulator.record.payload import at

_LIST: Final = "listAppointment"
_PLAIN: Final = {
    "workOrderId": common.Filter("/workOrder/id"),
    "status": common.Filter("/status", moves=True),
}
_PLACES: Final = {
    "geographicSiteId": common.Filter("/relatedPlace/id", typed="GeographicSiteRef"),
    "geographicAddressId": common.Filter("/relatedPlace/id", typed="GeographicAddressRef"),
}
_TIMES: Final = {
    "validFor.gt": common.Filter("/validFor/endDateTime", "gt"),
    "validFor.lt": common.Filter("/validFor/startDateTime", "lt"),
}
_START: Final = ("appointment-filter", "start")

common.filters(APPOINTMENT, "O3", _LIST, {**_PLAIN, **_PLACES})
common.lists_all(APPOINTMENT, "O3", KIND, _PLAIN)
APPOINTMENT.present("R30", "/*", "/id", "/href", "/workOrder", "/relatedPlace", "/status", "/validFor", on=LISTED)
common.filters(APPOINTMENT, "R31", _LIST, _TIMES)


def _begins_within(shown: Shown, question: Question) -> bool:
    """Whether an appointment begins in the time that a list asks for: then it is wanted by every reading."""
    begin = instant(at(shown.value, "/validFor/startDateTime"))
    wanted = dict(question)
    after, before = instant(wanted.get("validFor.gt")), instant(wanted.get("validFor.lt"))
    return begin is not None and (after is None or begin > after) and (before is None or begin < before)


common.lists_all(
    APPOINTMENT,
    "R31",
    KIND,
    {**_PLAIN, **_TIMES},
    asked=tuple(_TIMES),
    reading=lambda shown, question: None if _begins_within(shown, question) else ("appointment-filter", "overlap"),
)


@APPOINTMENT.rule("R31", on=LISTED, name="start")
def entries_begin_within(said: Said) -> Iterator[Mark]:
    """Entries begin within the time that was asked for, where the partners read the filters so."""
    asked = tuple((name, value) for name, value in said.query.items() if name in _TIMES)
    for shown in said.shown if asked and said.run.reads_as(*_START) else ():
        if _begins_within(shown, asked):
            yield FINE
        else:
            yield breach(
                f"{shown.place}/validFor/startDateTime",
                dict(asked),
                at(shown.value, "/validFor/startDateTime"),
                reading=_START,
            )


@APPOINTMENT.rule("R30", on=LISTED, name="period")
def an_entry_has_one_time(said: Said) -> Iterator[Mark]:
    """The time of an entry is one period, and no list of them, where the contract lets it be either."""
    for shown in said.shown:
        found = shown.value.get("validFor")
        if isinstance(found, list) and _may_be_list(said):
            message = f"{shown.place}/validFor is a list of periods"
            yield breach(
                f"{shown.place}/validFor", "one period", found, message, reading=("appointment-listed-time", "one")
            )
        elif isinstance(found, dict):
            yield FINE


def _may_be_list(said: Said) -> bool:
    contract, response = said.run.release.contract(APPOINTMENT.api), said.exchange.response
    return response is not None and not contract.response_breaches(_LIST, response, advisory=False)


common.nothing_found_is_200(APPOINTMENT, (), _LIST, hint=True, name="empty")
common.cut_pages_say_so(APPOINTMENT, "R64", _LIST)
common.no_doubles(APPOINTMENT, (), _LIST)
common.pages(APPOINTMENT, (), _LIST)
