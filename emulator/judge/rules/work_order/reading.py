"""Who serves which operation of the work order API, and reading work orders (MEF 137, 5.2.2, 6.7 and 6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from emulator.judge.named import WORK_ORDER as KIND
from emulator.judge.rule import FINE, Mark, requests
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.work_order.book import API, LISTED, READ, SHOWN, WORK_ORDERS
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.standard.release import Release

_LIST: Final = "listWorkOrder"
_RETRIEVE: Final = "retrieveWorkOrder"
_PATH: Final = ("work-order-path", "contract")

common.serves_all(WORK_ORDERS, "R3", _LIST, _RETRIEVE, "registerListener", "retrieveHub", "unregisterListener")
common.hears_all(WORK_ORDERS, "R4")


@WORK_ORDERS.rule(on=requests(API, _LIST, _RETRIEVE), name="path")
def the_path_is_the_contracts(said: Said) -> Iterator[Mark]:
    """The path of work orders is spelt as the contract has it, and not as the table of R3."""
    path = said.exchange.request.path
    collection = path if said.exchange.operation == _LIST else path.rpartition("/")[0]
    if collection.endswith("/workOrder"):
        yield breach(
            "", "/workorder", "/workOrder", "/workOrder was asked for; the contract has /workorder", reading=_PATH
        )
    else:
        yield FINE


# Lists

_FILTERS: Final = {
    "relatedEntityId": common.Filter("/relatedEntity/*/id"),
    "relatedEntityType": common.Filter("/relatedEntity/*/@referredType"),
    "state": common.Filter("/state", moves=True),
    "appointmentRequired": common.Filter("/appointmentRequired", moves=True),
}
_IDS: Final = {"id": common.Filter("/id")}
_PLACES: Final = {
    "geographicalSiteId": common.Filter("/place/*/id", typed="GeographicSiteRef"),
    "geographicalAddressId": common.Filter("/place/*/id", typed="GeographicAddressRef"),
}


@WORK_ORDERS.rule("O4", on=requests(API, _LIST))
def the_buyer_filters(said: Said) -> Iterator[Mark]:
    """Filters of a list: seen by use, and never a breach."""
    if any(said.query.get(name) for name in (*_FILTERS, *_IDS, *_PLACES)):
        yield FINE


common.filters(WORK_ORDERS, "R51", _LIST, {**_FILTERS, **_IDS, **_PLACES}, name="filters")
common.lists_all(WORK_ORDERS, "R51", KIND, _FILTERS)
WORK_ORDERS.present(
    "R51", "/*", "/id", "/place", "/relatedEntity", "/state", on=LISTED, when=lambda said: isinstance(said.body, list)
)


@WORK_ORDERS.rule("R51", on=LISTED, name="shape")
def a_list_is_an_array(said: Said) -> Iterator[Mark]:
    """The answer to a list."""
    if isinstance(said.body, list):
        yield FINE
    elif isinstance(said.body, dict):
        yield breach(
            "",
            "an array",
            said.body,
            "the list of work orders is one object",
            reading=("work-order-list-shape", "array"),
        )


common.nothing_found_is_200(WORK_ORDERS, (), _LIST, reading=("work-order-none-found", "empty-list"), name="empty")
common.cut_pages_say_so(WORK_ORDERS, "R64", _LIST, name="work-orders")
common.no_doubles(WORK_ORDERS, (), _LIST)
common.pages(WORK_ORDERS, (), _LIST)

# One work order

common.unknown_is_404(WORK_ORDERS, "R52", _RETRIEVE, KIND)
WORK_ORDERS.present("R53", "", "/id", "/place", "/relatedEntity", "/state", on=READ, name="whole")


@WORK_ORDERS.rule("R53", on=READ, name="task")
def what_is_to_be_done_is_told(said: Said) -> Iterator[Mark]:
    """The tasks of a work order, in `task`; where the contract demands `tasks` instead, who follows it is right by another reading."""
    for shown in said.shown:
        if any(given(each) for _, each in every(shown.value, "/task/*")):
            yield FINE
        else:
            by_contract = given(shown.value.get("tasks")) and said.run.release.made(_demands_tasks)
            yield breach(
                f"{shown.place}/task",
                "a value",
                shown.value.get("task", MISSING),
                f"{shown.place}/task is missing" + (", though there are tasks" if by_contract else ""),
                reading=("work-order-tasks", "task") if by_contract else None,
            )


def _demands_tasks(release: Release) -> bool:
    schemas = at(release.document(API), "/components/schemas/WorkOrder")
    return "tasks" in (at(schemas, "/required") or ())


@WORK_ORDERS.rule("R53", on=READ)
def the_technician_is_named(said: Said) -> Iterator[Mark]:
    """A contact with role technician; one with role technicalContact alone is right by another reading."""
    for shown in said.shown:
        roles = [role for _, role in every(shown.value, "/relatedContactInformation/*/role")]
        if "technician" in roles:
            yield FINE
        else:
            other = ("work-order-contact", "technician") if "technicalContact" in roles else None
            yield breach(
                f"{shown.place}/relatedContactInformation",
                "technician",
                roles,
                "the work order names no contact with role technician",
                reading=other,
            )


@WORK_ORDERS.rule("R54", on=READ)
def what_was_set_is_shown(said: Said) -> Iterator[Mark]:
    """Appointments, notes, the planned date and the technicalContact that were shown before are still there; the date
    goes where the work is no longer planned.
    """
    yield from _still_shown(said)
    for shown, life in said.lived():
        before = life.last_before(said.exchange)
        date = at(before.value, "/plannedExecutionDate") if before else None
        if given(date) and at(shown.value, "/state") != "open":
            yield hold(
                f"{shown.place}/plannedExecutionDate", given(at(shown.value, "/plannedExecutionDate")), expected=date
            )


@WORK_ORDERS.rule("W137-order-optional", on=READ)
def what_was_set_stays(said: Said) -> Iterator[Mark]:
    """Appointments, notes and the technicalContact that were shown before are still there."""
    yield from _still_shown(said)


def _still_shown(said: Said) -> Iterator[Mark]:
    for shown, life in said.lived():
        before = life.last_before(said.exchange)
        if before is None:
            continue
        for member in ("appointment", "note"):
            known = [found for _, found in every(before.value, f"/{member}/*/id")]
            now = [found for _, found in every(shown.value, f"/{member}/*/id")]
            for identifier in known:
                yield hold(
                    f"{shown.place}/{member}",
                    identifier in now,
                    expected=identifier,
                    found=now,
                    message=f"{shown.place}/{member} lacks {identifier}, which exchange {before.exchange.n} showed",
                )
        roles = [
            [role for _, role in every(value, "/relatedContactInformation/*/role")]
            for value in (before.value, shown.value)
        ]
        if "technicalContact" in roles[0]:
            yield hold(
                f"{shown.place}/relatedContactInformation",
                "technicalContact" in roles[1],
                expected="technicalContact",
                found=roles[1],
            )


@WORK_ORDERS.rule((), on=SHOWN, name="entity")
def it_stays_for_what_it_is_for(said: Said) -> Iterator[Mark]:
    """The entities that a work order was shown to be for are still among its own. No clause forbids another word, so that it
    is a hint.
    """
    for shown, life in said.lived():
        before = life.last_before(said.exchange, whole=False)
        now = [found for _, found in every(shown.value, "/relatedEntity/*/id")]
        for _, identifier in every(before.value, "/relatedEntity/*/id") if before and now else ():
            place = f"{shown.place}/relatedEntity"
            message = f"{place} lacks {identifier}, which the work order was shown to be for"
            yield FINE if identifier in now else breach(place, identifier, now, message, hint=True)


common.keeps_id(WORK_ORDERS, (), KIND)
common.stays(WORK_ORDERS, (), KIND)
common.steady(WORK_ORDERS, KIND)
common.no_twins(
    WORK_ORDERS, (), KIND, "/appointment", "/note", "/place", "/relatedContactInformation", "/relatedEntity"
)
