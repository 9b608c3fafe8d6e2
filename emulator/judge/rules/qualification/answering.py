"""The answer to a request (Mplify 87.1, 5.5.3, 6.3.2 and 6.5): what comes back, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.poq import answering as poq
from emulator.judge.rules.poq.book import BUYERS, CREATED, ITEM, OF_PRODUCT, SHOWN, items_by_id, items_of
from emulator.judge.rules.qualification.book import (
    BUYERS_OF_ITEM,
    DONE,
    FAILED,
    OPEN,
    QUALIFICATION,
    READ,
    by_offering,
    items_asked,
)
from emulator.judge.run import Said
from emulator.record.payload import as_json, at

# 6.3.2 what was sent comes back


@QUALIFICATION.rule("MEF87-R23", on=SHOWN)
def what_was_sent_comes_back(said: Said) -> Iterator[Mark]:
    """Each value of the request in the answer, item by item; the Seller may add contacts and offerings, and give its own href."""
    for shown, life in said.lived():
        if isinstance(life.request, dict):
            yield from _echo(common.only(life.request, BUYERS), shown.value, shown.place)
    for place, item, sent in items_asked(said):
        mine = common.only(sent, BUYERS_OF_ITEM)
        if isinstance(mine.get("product"), dict):
            mine["product"] = common.only(mine["product"], OF_PRODUCT)
            if by_offering(sent) and at(item, "/product/productOffering/id") != at(sent, "/product/productOffering/id"):
                del mine["product"]["productOffering"]  # another rule tells of that
        yield from _echo(mine, item, place)


def _echo(asked: Any, answered: Any, place: str) -> Iterator[Mark]:
    return common.echo_marks(asked, answered, place, free=("href",), grows=("relatedContactInformation",))


@QUALIFICATION.rule("answers-that-offering", on=SHOWN)
def the_offering_is_that_of_the_request(said: Said) -> Iterator[Mark]:
    """What was asked for by its offering is answered for that one."""
    for place, item, sent in items_asked(said):
        if by_offering(sent):
            wanted, found = at(sent, "/product/productOffering/id"), at(item, "/product/productOffering/id")
            yield hold(
                f"{place}/product/productOffering/id",
                wanted == found,
                expected=wanted,
                found=found,
                message=f"{place} is answered for {as_json(found)}; {as_json(wanted)} was asked for",
            )


def no_item_is_new(said: Said) -> Iterator[Mark]:
    """Each item of the answer is one of the request's, by its id."""
    yield from poq.no_item_is_new(said)


QUALIFICATION.rule("MEF87-R27", on=CREATED)(no_item_is_new)
QUALIFICATION.rule("read-items", on=READ)(no_item_is_new)
QUALIFICATION.rule(name="items", on=SHOWN)(poq.each_item_is_answered_once)
QUALIFICATION.rule(name="invented", on=SHOWN)(poq.nothing_is_put_into_the_buyers_mouth)

QUALIFICATION.present("answer-members", "", "/id", "/state", "/stateChange", "/creationDate", on=CREATED)
QUALIFICATION.present("answer-members", ITEM, "/state", "/stateChange", on=CREATED, name="items")
_OF_REQUEST = ("/instantSyncQualification", "/provideAlternative", "/relatedContactInformation")
QUALIFICATION.present(
    "read-members",
    "",
    "/id",
    "/state",
    "/stateChange",
    "/creationDate",
    *_OF_REQUEST,
    "/productOfferingQualificationItem",
    on=READ,
)
QUALIFICATION.present("read-item-members", ITEM, "/id", "/state", "/stateChange", "/action", "/product", on=READ)


@QUALIFICATION.rule("ids", on=CREATED)
def each_has_an_id_of_its_own(said: Said) -> Iterator[Mark]:
    """No qualification that is made has the id of one that was made before."""
    for shown, life in said.lived():
        first = life.asked is None or life.asked.n == said.exchange.n
        yield hold(
            f"{shown.place}/id",
            first,
            expected="an id of its own",
            found=life.id,
            message=f"qualification {life.id} was made before, by exchange {life.asked.n if life.asked else '?'}",
        )


# 6.3.2.1 an answer that is to come


@QUALIFICATION.rule("later-is-acknowledged", on=CREATED)
def what_is_to_come_is_acknowledged(said: Said) -> Iterator[Mark]:
    """A first answer that is not done is acknowledged, and so are its items; where the Buyer will not wait, there is none."""
    state = at(said.body, "/state")
    if state == DONE or not isinstance(state, str) or at(said.asked, "/instantSyncQualification") is True:
        return
    for place, found in [("", state), *((place, item.get("state")) for place, item in items_of(said.body))]:
        if found != "acknowledged" and isinstance(found, str):
            yield breach(
                f"{place}/state",
                "acknowledged",
                found,
                f"{place or 'the qualification'} begins with {found}, and an answer that is to come with acknowledged",
            )
        else:
            yield FINE


# 6.3.2.2 an answer at once


@QUALIFICATION.rule(("at-once-is-done", "states-at-once", "item-states-at-once"), on=CREATED)
def an_answer_at_once_is_done(said: Said) -> Iterator[Mark]:
    """Where the Buyer will not wait the first answer is done, or an error; where it is done, so are its items."""
    state = at(said.body, "/state")
    if not isinstance(state, str):
        return
    if state != DONE:
        if at(said.asked, "/instantSyncQualification") is True:
            reading = ("poq-at-once-failed", "done-or-error") if state == FAILED else None
            yield breach(
                "/state",
                DONE,
                state,
                f"an answer was wanted at once, and the qualification is {state}",
                reading=reading,
            )
        return
    yield FINE
    for place, item in items_of(said.body):
        found = item.get("state")
        if isinstance(found, str):
            yield hold(
                f"{place}/state",
                found == DONE,
                expected=DONE,
                found=found,
                message=f"the answer came at once, and {place} is {found}",
            )


QUALIFICATION.has_role(
    "at-once-is-done",
    "",
    "sellerContactInformation",
    on=CREATED,
    name="contact",
    when=lambda said: at(said.body, "/state") == DONE,
)
QUALIFICATION.has_role(
    "confidence-when-done",
    "",
    "buyerContactInformation",
    "sellerContactInformation",
    on=READ,
    name="contacts",
    when=lambda said: at(said.body, "/state") == DONE,
)


# 5.5.3, 6.3.2 and 6.5 histories


def _first_told(said: Said, place: str, holder: Any) -> Iterator[Mark]:
    """The oldest entry of a history is a state to begin with: acknowledged, or done alone."""
    entries = at(holder, "/stateChange")
    if not isinstance(entries, list) or not entries:
        yield breach(f"{place}/stateChange", "the states since the first", entries, f"{place}/stateChange is missing")
        return
    told = [(common.moment(at(entry, "/changeDate")), at(entry, "/state")) for entry in entries]
    if any(when is None or not isinstance(state, str) for when, state in told):
        return  # the contract's business
    life = said.run.life(KIND, at(said.body, "/id"))
    first = life.asked.response.body if life and life.asked and life.asked.response else None
    later = at(first, "/state") in OPEN
    states = {state for _, state in told}
    wanted = "acknowledged" if later or states != {DONE} else DONE
    yield hold(
        f"{place}/stateChange",
        wanted in states,
        expected=wanted,
        found=sorted(states),
        message=f"{place}/stateChange does not tell of {wanted}, with which it began",
    )


def _from_the_start(said: Said) -> Iterator[Mark]:
    yield from _first_told(said, "", said.body)
    sent = items_by_id(said.body)
    for place, item in items_of(said.body):
        if item.get("id") in sent:
            yield from _first_told(said, place, item)


@QUALIFICATION.rule("history-from-the-start", on=CREATED)
def an_answer_tells_all_states(said: Said) -> Iterator[Mark]:
    """The stateChange of the answer and of its items has the state that each began with."""
    return _from_the_start(said)


@QUALIFICATION.rule("read-history", on=READ)
def a_read_tells_all_states(said: Said) -> Iterator[Mark]:
    """The stateChange of what is read, and of its items, has the state that each began with."""
    return _from_the_start(said)
