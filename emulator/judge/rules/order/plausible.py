"""What no clause of MEF 123 forbids and nobody can mean: hints."""

from __future__ import annotations

from typing import Final

from emulator.judge.named import CANCEL, CHARGE, MODIFY_DATE
from emulator.judge.named import ORDER as ORDERS
from emulator.judge.rule import responses
from emulator.judge.rules import common
from emulator.judge.rules.common.plausible import DAY
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.charging import CHARGE_SHOWN, CHARGE_WHOLE
from emulator.judge.rules.order.names import API, ITEMS, PLACE, SEEN, SEEN_DATE, SHOWN

_ENDS: Final = ("/completionDate", "/cancellationDate")

common.past(
    ORDER,
    "/orderDate",
    *_ENDS,
    "/stateChange/*/changeDate",
    f"{ITEMS}/completionDate",
    f"{ITEMS}/stateChange/*/changeDate",
    on=SEEN,
)
common.past(ORDER, "/creationDate", on=SEEN_DATE | CHARGE_SHOWN, name="creation-future")
common.in_order(ORDER, "/orderDate", f"{ITEMS}/completionDate", on=SHOWN, name="item-date-order")
common.in_order(ORDER, "/orderDate", f"{ITEMS}/expectedCompletionDate", on=SHOWN, name="expected-before", slack=DAY)
common.well_without_errors(ORDER, ITEMS, "inProgress", "completed", on=SHOWN)
common.prices_read_well(ORDER, "/chargeItem/*", on=CHARGE_WHOLE, name="charge-words")
common.lasts(
    ORDER,
    f"{ITEMS}/itemTerm/*/duration",
    f"{ITEMS}/itemTerm/*/rollInterval",
    on=responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder"),
)
common.lasts(ORDER, f"{ITEMS}/requestedItemTerm/duration", on=PLACE, name="durations-asked")
common.begins(ORDER, ORDERS, "/orderDate")
common.no_twins(ORDER, (), ORDERS, "/note", name="notes-twice")
common.links_to_itself(ORDER, ORDERS, CANCEL, MODIFY_DATE, CHARGE)
