"""Who serves which operation of the order API, and who acts for whom (MEF 123, 5.2 and 5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses, tells
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.names import CREATE_DATE, LIST_DATES, RETRIEVE_DATE
from emulator.judge.run import Half, Said
from emulator.judge.showing import succeeded
from emulator.record.payload import at

API: Final = ORDER.api


# 5.2: who serves what

MANDATORY: Final = ("createProductOrder", "listProductOrder", "retrieveProductOrder")
MODIFYING: Final = (CREATE_DATE, RETRIEVE_DATE, LIST_DATES)
CANCELLING: Final = ("createCancelProductOrder", "listCancelProductOrder", "retrieveCancelProductOrder")
CHARGING: Final = ("listCharge", "retrieveCharge", "patchCharge")
HUB: Final = ("registerListener", "retrieveHub", "unregisterListener")
OPTIONAL: Final = ("patchProductOrder", *CANCELLING, *CHARGING, *MODIFYING, *HUB)


@ORDER.rule("R1", on=responses(API, *MANDATORY, statuses=ANY_STATUS))
def mandatory_operations_are_served(said: Said) -> Iterator[Mark]:
    """createProductOrder, listProductOrder and retrieveProductOrder: never 405 or 501, no unknown path."""
    unknown_path = (
        said.status == 404  # noqa: PLR2004
        and said.exchange.operation == "createProductOrder"
        and at(said.body, "/code") != "notFound"
    )
    if said.status in common.NOT_SERVED or unknown_path:
        yield breach("", "the operation is served", said.status,
                     f"{said.exchange.operation}, which every seller serves, was answered {said.status}")  # fmt: skip
    elif succeeded(said.exchange) and all(common.was_served(said.run, API, operation) for operation in MANDATORY):
        yield FINE


common.optional_or_501(ORDER, "O1", *OPTIONAL)
common.all_or_none(ORDER, "CR1", "Changes of date", *MODIFYING)
common.all_or_none(ORDER, "CR2", "Cancellation", *CANCELLING)


@ORDER.rule(
    "CR3",
    on=responses(API, *CHARGING, *HUB, statuses=ANY_STATUS) | requests(API, "chargeCreateEvent"),
)
def charges_come_with_their_notifications(said: Said) -> Iterator[Mark]:
    """Whoever serves one operation of charges serves all, the hub too, and sends chargeCreateEvent."""
    run, operation = said.run, str(said.exchange.operation)
    if said.half is Half.RESPONSE:
        own = common.serves(said.exchange)
        if own is None or (common.was_served(run, API, operation, said.exchange) is own):
            return
        others = {other: common.was_served(run, API, other) for other in CHARGING if other != operation}
        if operation in HUB:
            # A hub does not need charges: only its absence is measured by them.
            others = {other: served for other, served in others.items() if served} if own is False else {}
        elif own:
            others |= {other: False for other in HUB if common.was_served(run, API, other) is False}
        yield from (mark for mark in common.set_marks(said, own, others) if mark is not FINE)
    if run.of("chargeCreateEvent", api=API) and all(
        common.was_served(run, API, each) for each in (*CHARGING, "registerListener")
    ):
        yield FINE


@ORDER.rule("CR4", on=responses(API, *HUB, statuses=ANY_STATUS) | tells(API))
def hub_comes_with_notifications(said: Said) -> Iterator[Mark]:
    """The operations of the hub come together, and with notifications."""
    run, operation = said.run, str(said.exchange.operation)
    registers = common.was_served(run, API, "registerListener")
    if said.half is Half.REQUEST:
        if registers is not None:
            yield hold("", registers, expected="no notification", found=operation,
                       message=f"{operation} was sent, though registerListener is not served")  # fmt: skip
        return
    own = common.serves(said.exchange)
    if own is None or common.was_served(run, API, operation, said.exchange) is own:
        return
    others = {other: common.was_served(run, API, other) for other in HUB if other != operation}
    told = next((each.operation for each in run.kinds.telling(API) if run.of(each.operation, api=API)), None)
    if own is False and told:
        others[told] = True
    yield from (mark for mark in common.set_marks(said, own, others) if mark is not FINE)


# 5.3: who acts for whom

common.parties(ORDER, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
common.repeats_parties(ORDER, "R6")
