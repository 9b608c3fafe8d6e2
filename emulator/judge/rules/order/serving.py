"""Who serves which operation of the order API, and who acts for whom (MEF 123, 5.2 and 5.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from emulator.judge.fold import Fold
from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses, tells
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import CREATE_DATE, LIST_DATES, RETRIEVE_DATE
from emulator.judge.run import Half, Run, Said, succeeded
from emulator.wire.exchange import Exchange
from emulator.wire.payload import at

if TYPE_CHECKING:
    pass


API: Final = ORDER.api


# 5.2: who serves what

MANDATORY: Final = ("createProductOrder", "listProductOrder", "retrieveProductOrder")
MODIFYING: Final = (CREATE_DATE, RETRIEVE_DATE, LIST_DATES)
CANCELLING: Final = ("createCancelProductOrder", "listCancelProductOrder", "retrieveCancelProductOrder")
CHARGING: Final = ("listCharge", "retrieveCharge", "patchCharge")
HUB: Final = ("registerListener", "retrieveHub", "unregisterListener")
OPTIONAL: Final = ("patchProductOrder", *CANCELLING, *CHARGING, *MODIFYING, *HUB)

_NOT_SERVED: Final = (405, 501)


def serves(exchange: Exchange) -> bool | None:
    """Whether an answer shows that the operation is served; None where it tells nothing."""
    if succeeded(exchange):
        return True
    return False if exchange.response is not None and exchange.response.status in _NOT_SERVED else None


def _take_served(known: dict[str, list[tuple[int, bool]]], _run: Run, exchange: Exchange) -> None:
    if exchange.api == API and exchange.operation and (served := serves(exchange)) is not None:
        known.setdefault(exchange.operation, []).append((exchange.n, served))


_SERVED: Final[Fold[dict[str, list[tuple[int, bool]]]]] = Fold(dict, _take_served)
"""For each operation the exchanges that tell whether it is served, with what they tell."""


def _served(run: Run, operation: str, before: Exchange | None = None) -> bool | None:
    """Whether an operation is served, by its newest answer that tells; None where none does."""
    told = run.known(_SERVED).get(operation, ())
    return next((served for n, served in reversed(told) if before is None or n < before.n), None)


@ORDER.rule("R1", on=responses(API, *MANDATORY, statuses=ANY_STATUS))
def mandatory_operations_are_served(said: Said) -> Iterator[Mark]:
    """createProductOrder, listProductOrder and retrieveProductOrder: never 405 or 501, no unknown path."""
    unknown_path = (
        said.status == 404  # noqa: PLR2004
        and said.exchange.operation == "createProductOrder"
        and at(said.body, "/code") != "notFound"
    )
    if said.status in _NOT_SERVED or unknown_path:
        yield breach("", "the operation is served", said.status,
                     f"{said.exchange.operation}, which every seller serves, was answered {said.status}")  # fmt: skip
    elif succeeded(said.exchange) and all(_served(said.run, operation) for operation in MANDATORY):
        yield FINE


@ORDER.rule("O1", on=responses(API, *OPTIONAL, statuses=ANY_STATUS))
def optional_operations_are_served_or_501(said: Said) -> Iterator[Mark]:
    """Answers of optional operations: success, or 501 from the first call to the last."""
    operation = str(said.exchange.operation)
    if said.status not in _NOT_SERVED:
        if succeeded(said.exchange):
            yield FINE
        return
    was_served = _served(said.run, operation, said.exchange)
    yield hold("", said.status == 501 and not was_served, expected=200 if was_served else 501, found=said.status,  # noqa: PLR2004
               message=f"{operation} was answered {said.status}, "
                       f"{'though it was served before' if was_served else 'where one left out answers 501'}")  # fmt: skip


def _as_a_set(label: str, what: str, *operations: str) -> None:
    """Of these operations all are served, or none is. Noticed once, where an operation differs from another."""

    def look(said: Said) -> Iterator[Mark]:
        own = serves(said.exchange)
        operation = str(said.exchange.operation)
        if own is None or _served(said.run, operation, said.exchange) is not None:
            return
        others = {other: _served(said.run, other) for other in operations if other != operation}
        yield from _set_marks(said, own, others)

    ORDER.add(label, look, on=responses(API, *operations, statuses=ANY_STATUS),
              about=f"{what}: {', '.join(operations)} are all served, or none is")  # fmt: skip


def _set_marks(said: Said, own: bool, others: Mapping[str, bool | None]) -> Iterator[Mark]:
    different = [other for other, served in others.items() if served is not None and served is not own]
    words = {True: "is served", False: "is not served"}
    if different:
        yield breach("", words[not own], said.status,
                     f"{said.exchange.operation} {words[own]}, {different[0]} {words[not own]}; "
                     "they come together or not at all")  # fmt: skip
    elif None not in others.values():
        yield FINE


_as_a_set("CR1", "Changes of date", *MODIFYING)
_as_a_set("CR2", "Cancellation", *CANCELLING)


@ORDER.rule(
    "CR3",
    on=responses(API, *CHARGING, *HUB, statuses=ANY_STATUS) | requests(API, "chargeCreateEvent"),
)
def charges_come_with_their_notifications(said: Said) -> Iterator[Mark]:
    """Whoever serves one operation of charges serves all, the hub too, and sends chargeCreateEvent."""
    run, operation = said.run, str(said.exchange.operation)
    if said.half is Half.RESPONSE:
        own = serves(said.exchange)
        if own is None or (_served(run, operation, said.exchange) is own):
            return
        others = {other: _served(run, other) for other in CHARGING if other != operation}
        if operation in HUB:
            # A hub does not need charges: only its absence is measured by them.
            others = {other: served for other, served in others.items() if served} if own is False else {}
        elif own:
            others |= {other: False for other in HUB if _served(run, other) is False}
        yield from (mark for mark in _set_marks(said, own, others) if mark is not FINE)
    if run.of("chargeCreateEvent", api=API) and all(_served(run, each) for each in (*CHARGING, "registerListener")):
        yield FINE


@ORDER.rule("CR4", on=responses(API, *HUB, statuses=ANY_STATUS) | tells(API))
def hub_comes_with_notifications(said: Said) -> Iterator[Mark]:
    """The operations of the hub come together, and with notifications."""
    run, operation = said.run, str(said.exchange.operation)
    registers = _served(run, "registerListener")
    if said.half is Half.REQUEST:
        if registers is not None:
            yield hold("", registers, expected="no notification", found=operation,
                       message=f"{operation} was sent, though registerListener is not served")  # fmt: skip
        return
    own = serves(said.exchange)
    if own is None or _served(run, operation, said.exchange) is own:
        return
    others = {other: _served(run, other) for other in HUB if other != operation}
    told = next((each.operation for each in run.kinds.telling(API) if run.of(each.operation, api=API)), None)
    if own is False and told:
        others[told] = True
    yield from (mark for mark in _set_marks(said, own, others) if mark is not FINE)


# 5.3: who acts for whom

common.parties(ORDER, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
common.repeats_parties(ORDER, "R6")
