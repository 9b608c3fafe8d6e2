"""Who talks, and what is served (Mplify 87.1, 5.3, 5.4 and 6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.hubs import SUBSCRIBE
from emulator.judge.rule import ANY_STATUS, FINE, Mark, On, Remark, on_party, on_response, requests, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import API, CREATE, LIST, RETRIEVE, items_of
from emulator.judge.rules.qualification.book import OPEN, QUALIFICATION, by_offering, by_specification
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import at, every

common.parties(
    QUALIFICATION,
    several_buyers="MEF87-R2",
    one_buyer="MEF87-R3",
    several_sellers="MEF87-R4",
    one_seller="MEF87-R5",
)
common.serves_all(QUALIFICATION, "qualifies", CREATE)


def _made(run: Run) -> Iterator[Exchange]:
    return (exchange for exchange in run.of(CREATE, api=API) if succeeded(exchange))


@QUALIFICATION.at_end("asks-and-reads")
def a_buyer_asks_and_reads(run: Run) -> Iterator[Remark]:
    """The Buyer asked for a new product of an offering, for a change, and read a qualification, each with success."""
    items = [item for exchange in _made(run) for _, item in items_of(exchange.request.body)]
    changes = any(item.get("action") == "modify" for item in items)
    if changes and any(map(by_offering, items)) and any(map(succeeded, run.of(RETRIEVE, api=API))):
        yield on_party(Party.BUYER, FINE)


@QUALIFICATION.at_end("asks-by-specification")
def a_buyer_asks_by_specification(run: Run) -> Iterator[Remark]:
    """The Buyer asked for a new product of a specification, with success."""
    if any(by_specification(item) for exchange in _made(run) for _, item in items_of(exchange.request.body)):
        yield on_party(Party.BUYER, FINE)


@QUALIFICATION.at_end("listens-or-lists")
def a_buyer_listens_or_lists(run: Run) -> Iterator[Remark]:
    """The Buyer subscribed to events, or listed qualifications, with success."""
    if any(map(succeeded, run.of(SUBSCRIBE, LIST, api=API))):
        yield on_party(Party.BUYER, FINE)


_UNWANTED: Final = {
    "/product/productSpecification": "unexpectedProperty",
    "/product/productOffering": "missingProperty",
}


@QUALIFICATION.rule("qualifies-by-specification", on=responses(API, CREATE, statuses=ANY_STATUS))
def a_specification_is_enough(said: Said) -> Iterator[Mark]:
    """A request that names a specification alone is not refused for that."""
    places = [place for place, item in items_of(said.asked) if by_specification(item)]
    if places and succeeded(said.exchange):
        yield FINE
    elif places and said.status == 422 and said.exchange.n not in said.run.provoked:  # noqa: PLR2004
        for here, entry in every(said.body, "/*"):
            for member, code in _UNWANTED.items():
                if at(entry, "/code") == code and at(entry, "/propertyPath") in [place + member for place in places]:
                    yield breach(
                        here,
                        "an answer for the specification",
                        at(entry, "/propertyPath"),
                        "a request by a specification alone was refused for naming no offering",
                    )


@QUALIFICATION.at_end("deferring-needs-notifications")
def who_answers_later_takes_subscriptions(run: Run) -> Iterator[Remark]:
    """Where a qualification was answered later, a subscription is not answered 405 or 501."""
    later = (at(exchange.response.body, "/state") for exchange in _made(run) if exchange.response)
    if not any(state in OPEN for state in later):
        return
    for exchange in run.of(SUBSCRIBE, api=API):
        if succeeded(exchange):
            yield on_response(exchange, FINE)
        elif exchange.response is not None and exchange.response.status in common.NOT_SERVED:
            yield on_response(
                exchange,
                breach(
                    "",
                    201,
                    exchange.response.status,
                    f"the Seller answers later, and a subscription was answered {exchange.response.status}",
                ),
            )


common.fitting_statuses(QUALIFICATION, "fitting-statuses")
_HUB: Final[On] = requests(API, SUBSCRIBE)
QUALIFICATION.present("callback", "", "/callback", on=_HUB)
common.optional_or_501(QUALIFICATION, "no-notifications-is-501", SUBSCRIBE)


@QUALIFICATION.rule("read-by-id", on=requests(API, RETRIEVE))
def a_read_names_an_id(said: Said) -> Iterator[Mark]:
    """The path of a read has an id."""
    if given(said.exchange.path_params.get("id")):
        yield FINE
    else:
        yield breach("", "an id in the path", said.exchange.request.path, "the read names no qualification")
