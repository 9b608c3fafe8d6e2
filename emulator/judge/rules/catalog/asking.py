"""Who serves which operation of the catalog, who asks, and reads of what there is not (MEF W142, 5.2, 5.3 and 6.1.3 to 6.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE, UNSUBSCRIBE, can_be_taken
from emulator.judge.rule import ANY_STATUS, FINE, Mark, requests, responses
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import API, CATALOG, KINDS, LISTS, READS
from emulator.judge.run import Said
from emulator.judge.showing import succeeded

_HUB: Final = (SUBSCRIBE, "retrieveHub", UNSUBSCRIBE)
_NOT_IMPLEMENTED: Final = 501

common.serves_all(CATALOG, "R1", *LISTS, *READS)
common.all_or_none(CATALOG, "CR1", "Subscriptions", *_HUB)
common.parties(CATALOG, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")


@CATALOG.rule(on=requests(API, "listCategory", "retrieveCategory"), name="path")
def the_path_is_the_contracts(said: Said) -> Iterator[Mark]:
    """The path of categories is that of the contract, and not that of the guide's table."""
    path = said.exchange.request.path
    collection = path if said.exchange.operation == "listCategory" else path.rpartition("/")[0]
    if collection.endswith("/productCategory"):
        message = "/productCategory was asked for; the contract has /category"
        yield breach("", "/category", "/productCategory", message, reading=("catalog-category-path", "contract"))
    else:
        yield FINE


for _labels, _operation in zip(("R15", "R59", "R79"), LISTS, strict=True):
    common.nothing_found_is_200(CATALOG, _labels, _operation)
for _operation, _kind in zip(READS, KINDS, strict=True):
    common.unknown_is_404(CATALOG, (), _operation, _kind, name=f"{_kind}.unknown")


def _asks_by_id(label: str, operation: str) -> None:
    """A read, or the end of a subscription, names an id that its operation has in its path."""

    def look(said: Said) -> Iterator[Mark]:
        if said.exchange.path_params.get("id", "").strip():
            yield FINE
        else:
            yield breach("", "an id in the path", said.exchange.request.path, f"{operation} names no id")

    CATALOG.add(label, look, on=requests(API, operation), about=f"the id in the path of {operation}")


for _labels, _operation in zip(("R16", "R60", "R80", "R89"), (*READS, UNSUBSCRIBE), strict=True):
    _asks_by_id(_labels, _operation)

CATALOG.present("R86", "", "/callback", on=requests(API, SUBSCRIBE))


@CATALOG.rule("R88", on=responses(API, SUBSCRIBE, statuses=ANY_STATUS))
def no_events_are_sent_by_who_says_so(said: Said) -> Iterator[Mark]:
    """RegisterListener, where it is not served: an error says so. That it is to be 501 says the contract alone."""
    if said.status == _NOT_IMPLEMENTED:
        yield FINE
    elif said.status in (404, 405) and can_be_taken(said.run, said.exchange):
        message = f"registerListener was answered {said.status}: that no events are sent says 501"
        yield breach("", _NOT_IMPLEMENTED, said.status, message, hint=True)
    elif 300 <= said.status < 400:  # noqa: PLR2004
        yield breach("", "an error", said.status, "registerListener was neither served nor refused")


@CATALOG.rule("R90", on=responses(API, UNSUBSCRIBE))
def the_end_of_a_subscription_is_204(said: Said) -> Iterator[Mark]:
    """UnregisterListener, where it succeeds: 204 without a body."""
    if not succeeded(said.exchange):
        return
    if said.status != 204:  # noqa: PLR2004
        yield breach("", 204, said.status, f"the end of a subscription was answered {said.status}; expected 204")
    elif said.exchange.response is not None and said.exchange.response.raw.strip():
        yield breach("", "no body", "a body", "204 carries no body")
    else:
        yield FINE
