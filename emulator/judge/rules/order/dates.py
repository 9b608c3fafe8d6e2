"""Other delivery dates (MEF 123, 6.5 to 6.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import MODIFY_DATE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import (
    ANY_STATUS,
    FINE,
    REFUSED,
    Mark,
    responses,
)
from emulator.judge.rulebook import ABSENT_VALUES, breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import (
    API,
    ASK_DATE,
    ASKED_DATE,
    CREATE_DATE,
    LIST_DATES,
    OVER,
    READ_DATE,
    RETRIEVE_DATE,
    SEEN_DATE,
    date_changes,
    entries_agree,
    objects_of,
    text_of,
)
from emulator.judge.run import Life, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at

# 6.5, another delivery date


def _expedites(body: Any) -> bool:
    """Whether a request is about haste: it asks for it, or at least not for another date."""
    return at(body, "/expediteIndicator") is True or not given(at(body, "/requestedCompletionDate"))


def _about_haste(said: Said) -> bool:
    return isinstance(said.asked, dict) and _expedites(said.asked)


def _about_date(said: Said) -> bool:
    return isinstance(said.asked, dict) and not _expedites(said.asked)


ORDER.present("R63", "", "/productOrderItem", "/expediteIndicator", on=ASK_DATE, when=_about_haste)


@ORDER.rule("O11", on=responses(API, CREATE_DATE, statuses=ANY_STATUS), when=_about_haste)
def haste_needs_no_date(said: Said) -> Iterator[Mark]:
    """Requests to expedite without a date are not refused for that."""
    if at(said.asked, "/expediteIndicator") is not True:
        return
    dated = given(at(said.asked, "/requestedCompletionDate"))
    if succeeded(said.exchange):
        yield FINE
    for place, entry in objects_of(said.body, "/*") if said.status in REFUSED else ():
        path = entry.get("propertyPath")
        about = isinstance(path, str) and "requestedCompletionDate" in path
        if about and entry.get("code") == ("unexpectedProperty" if dated else "missingProperty"):
            yield breach(f"{place}/code", "no complaint", entry["code"],
                         f"the request was refused because requestedCompletionDate is "
                         f"{'given' if dated else 'missing'}; the buyer can choose",
                         reading=None if dated else ("expedite-date", "optional"))  # fmt: skip


@ORDER.rule(name="expedite-date", on=ASK_DATE)
def haste_has_a_date(said: Said) -> Iterator[Mark]:
    """Requests to expedite say by when, where the partners read the standard so."""
    if at(said.body, "/expediteIndicator") is True:
        found = at(said.body, "/requestedCompletionDate")
        if given(found):
            yield FINE
        else:
            yield breach("/requestedCompletionDate", "a date", found, "a request to expedite says by when",
                         reading=("expedite-date", "required"))  # fmt: skip


_ANSWER: Final = ("/id", "/state", "/creationDate")
_BUYERS: Final = ("productOrderItem", "requestedCompletionDate", "expediteIndicator")
"""What the contract has a Buyer give."""


def _as_asked(said: Said, life: Life) -> Any:
    """What a request has to echo. An indicator that is false says the same as one left out, its default."""
    asked = common.only(life.request, _BUYERS)
    if isinstance(asked, dict) and asked.get("expediteIndicator") is False:
        shown = next((shown.value for shown in said.shown if shown.value["id"] == life.id), {})
        if "expediteIndicator" not in shown:
            return {name: value for name, value in asked.items() if name != "expediteIndicator"}
    return asked


def _echoes_request(label: str, *, haste: bool) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            asked = _as_asked(said, life)
            if life.asked is said.exchange and isinstance(asked, dict):
                yield from common.echo_marks(asked, shown.value, "", free=("href", "productOrderHref"))

    when = _about_haste if haste else _about_date
    ORDER.add(label, look, on=ASKED_DATE, about="each value of the request, in the answer", when=when)


ORDER.present("R64", "", *_ANSWER, on=ASKED_DATE, when=_about_haste)
_echoes_request("R65", haste=True)
ORDER.present("R66", "", "/productOrderItem", "/requestedCompletionDate", on=ASK_DATE, when=_about_date)
ORDER.present("R67", "", *_ANSWER, on=ASKED_DATE, when=_about_date)
_echoes_request("R68", haste=False)


@ORDER.rule(name="date-subject", on=ASK_DATE)
def dates_are_of_open_items(said: Said) -> Iterator[Mark]:
    """A request for another date is about an item of an order that is not over yet, as far as was seen."""
    life = said.run.life(ORDERS, at(said.body, "/productOrderItem/productOrderId"))
    last = life.last_before(said.exchange, whole=False) if life else None
    if life is None or last is None:
        return
    if text_of(last.value.get("state")) in OVER:
        yield breach("/productOrderItem/productOrderId", "an order at work", life.id,
                     f"the order is {last.value['state']}, and its dates cannot change any more", hint=True)  # fmt: skip
    else:
        yield FINE
    wanted = at(said.body, "/productOrderItem/productOrderItemId")
    newest = life.last_before(said.exchange)
    if newest and isinstance(wanted, str):
        items = [item.get("id") for _, item in objects_of(newest.value)]
        wholes = (shown for shown in life.before(said.exchange) if shown.whole)
        if any(wanted == item.get("id") for shown in wholes for _, item in objects_of(shown.value)):
            yield FINE
        else:
            yield breach("/productOrderItem/productOrderItemId", items, wanted,
                         f"order {life.id} has no item {wanted}", hint=True)  # fmt: skip


@ORDER.rule(name="date-too-late", on=SEEN_DATE)
def ended_orders_keep_their_dates(said: Said) -> Iterator[Mark]:
    """A request about an order that was over when it was made is not granted."""
    for shown, life in said.lived():
        order = said.run.life(ORDERS, at(life.request, "/productOrderItem/productOrderId"))
        if life.asked is None or order is None:
            continue
        last, state = order.last_before(life.asked, whole=False), shown.value.get("state")
        if last is not None and text_of(last.value.get("state")) in OVER and state != "acknowledged":
            yield hold(f"{shown.place}/state", state == "rejected", expected="rejected", found=state,
                       message=f"{shown.place}/state is {state}, though the order was {last.value['state']} before the "
                               f"request was made")  # fmt: skip


@ORDER.rule(name="date-follows", on=responses(API, "retrieveProductOrder", "patchProductOrder"))
def items_follow_their_requests(said: Said) -> Iterator[Mark]:
    """An item shows the date and the haste that were granted last (table 12); what was denied is R16's."""
    if not said.run.of(CREATE_DATE, api=API):
        return
    for _, life in said.lived():
        for place, item in objects_of(said.body):
            changes = date_changes(said.run, life.id, item.get("id"))
            # Granted and not yet carried out: the item is still waiting.
            if changes and item.get("state") != "pending" and _one_at_a_time(changes):
                yield from _follows(place, item, changes[-1], said)


def _one_at_a_time(changes: list[tuple[Exchange, Life]]) -> bool:
    """Whether all requests but the newest had been seen decided before it was made: else any can be the last."""
    newest = changes[-1][0]
    seen = [life.last_before(newest, whole=False) for _, life in changes[:-1]]
    return all(shown is not None and shown.value.get("state") in _DECIDED for shown in seen)


_DECIDED: Final = ("done", "done.declined", "rejected")


def _follows(place: str, item: Mapping[str, Any], change: tuple[Exchange, Life], said: Said) -> Iterator[Mark]:
    asked, life = change
    last = life.last_before(said.exchange, whole=False)
    state = last.value.get("state") if last else None
    haste, date = at(asked.request.body, "/expediteIndicator"), at(asked.request.body, "/requestedCompletionDate")
    if state == "done":
        found = at(item, "/expediteIndicator")
        if isinstance(haste, bool):
            yield hold(f"{place}/expediteIndicator", found is haste or (not haste and found in ABSENT_VALUES),
                       expected=haste, found=found,
                       message=f"{place}/expediteIndicator is not as granted by {life.id}")  # fmt: skip
        if haste is True:
            accepted = at(item, "/expediteAcceptedIndicator")
            yield FINE if accepted is True else breach(
                f"{place}/expediteAcceptedIndicator", True, accepted,
                f"{place}/expediteAcceptedIndicator is not true, though {life.id} was granted", hint=True)  # fmt: skip
        elif given(date):
            # Of a date to expedite to, 6.5.1 lets the seller make what it likes.
            now = at(item, "/requestedCompletionDate")
            yield hold(f"{place}/requestedCompletionDate", common.same(date, now), expected=date, found=now,
                       message=f"{place}/requestedCompletionDate is not as granted by {life.id}")  # fmt: skip


DATE_STATES: Final = common.Machine("modifyProductOrderItemRequestedDeliveryDate")

common.goes_legally(ORDER, (), DATE_STATES, on=SEEN_DATE, name="date-path")
common.keeps_id(ORDER, (), MODIFY_DATE, name="date-id")
common.stays(ORDER, (), MODIFY_DATE, name="date-stays")


@ORDER.rule(name="date-begins", on=ASKED_DATE)
def requests_begin_acknowledged(said: Said) -> Iterator[Mark]:
    """A new request for another date is acknowledged in its first answer."""
    state = at(said.body, "/state")
    if isinstance(state, str):
        yield (
            FINE
            if state == "acknowledged"
            else breach("/state", "acknowledged", state, f"a new request is {state}", hint=True)
        )


# 6.6 and 6.7, reading requests for another date

_SIX: Final = ("id", "creationDate", "expediteIndicator", "productOrderItem", "requestedCompletionDate", "state")

_FILTERS: Final = {
    "state": common.Filter("/state", moves=True),
    "expediteIndicator": common.Filter("/expediteIndicator"),
    "productOrderId": common.Filter("/productOrderItem/productOrderId"),
    **{
        f"{name}.{way}": common.Filter(f"/{name}", way)
        for name in ("requestedCompletionDate", "creationDate")
        for way in ("gt", "lt")
    },
}
common.filters(ORDER, "O12", LIST_DATES, _FILTERS)
common.lists_all(ORDER, "O12", MODIFY_DATE, _FILTERS)


@ORDER.rule("R69", on=responses(API, LIST_DATES))
def date_entries_show_what_is_set(said: Said) -> Iterator[Mark]:
    """Six attributes of each entry, where an earlier answer showed them."""
    yield from entries_agree(said, *_SIX)


common.nothing_found_is_200(ORDER, "R70", LIST_DATES)
common.reads_agree(
    ORDER,
    (),
    MODIFY_DATE,
    "/creationDate",
    "/expediteIndicator",
    "/requestedCompletionDate",
    "/productOrderItem/productOrderId",
    "/productOrderItem/productOrderItemId",
    name="date-list",
)
common.pages(ORDER, (), LIST_DATES, name="date-pages")
common.no_doubles(ORDER, (), LIST_DATES, name="date-doubles")


@ORDER.rule("R71", on=READ_DATE)
def dates_are_read_as_they_were_made(said: Said) -> Iterator[Mark]:
    """Six attributes of a request, against the answer that showed it first and against what was asked for."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        known: dict[str, Any] = {**(earlier.value if earlier else {})}
        asked = _as_asked(said, life)
        known |= {name: value for name, value in (asked if isinstance(asked, dict) else {}).items() if name in _SIX}
        for name in _SIX:
            found = shown.value.get(name, MISSING)
            if not given(known.get(name)) or (known[name] is False and found is MISSING):
                continue
            if not given(found):
                yield breach(f"/{name}", known[name], found, f"/{name} is missing")
            elif name == "state":
                yield FINE  # what became of it is the lifecycle's business
            else:
                yield from common.echo_marks(known[name], found, f"/{name}", free=("productOrderHref",))


common.unknown_is_404(ORDER, "R72", RETRIEVE_DATE, MODIFY_DATE)


common.steady(ORDER, ORDERS)
