"""What the seller answers: the buyer's own values, and what it adds in each state (MEF 115, 6.1.2 to 6.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import (
    CREATED,
    FAILED,
    OFFERED,
    ORDERABLE,
    QUOTE,
    READ,
    SHOWN,
    Level,
    is_budgetary,
    is_firm,
    items_by_id,
    items_of,
    level_of,
)
from emulator.judge.run import Said, Shown
from emulator.record.payload import as_json, at, every
from emulator.standard.tables import attribute_table, state_table

_FREE: Final = ("href", "productOfferingQualificationHref")
_GROWS: Final = ("note", "relatedContactInformation")
_BUYERS: Final = (
    "buyerRequestedQuoteLevel", "description", "externalId", "instantSyncQuote", "note", "projectId",
    "relatedContactInformation", "requestedQuoteCompletionDate",
)  # fmt: skip
"""What the contract has a Buyer give, for the whole (its items apart) and for an item."""
_BUYERS_OF_ITEM: Final = (
    "action", "agreementName", "dealReference", "id", "note", "product", "productOfferingQualificationItem",
    "quoteItemRelationship", "relatedContactInformation", "requestedQuoteItemInstallationInterval",
    "requestedQuoteItemTerm",
)  # fmt: skip


@QUOTE.rule(("R13", "R26"), on=SHOWN)
def values_of_the_buyer_come_back(said: Said) -> Iterator[Mark]:
    """Each value of the request that the contract knows, in the answer. Of which items there are, R60 speaks."""
    for shown, life in said.lived():
        asked = life.request
        if not isinstance(asked, dict):
            continue
        yield from common.echo_marks(common.only(asked, _BUYERS), shown.value, shown.place, free=_FREE, grows=_GROWS)
        wanted = items_by_id(asked)
        answered = items_by_id(shown.value)
        for place, item in items_of(shown.value):
            identifier = item.get("id")
            if isinstance(identifier, str) and identifier in wanted and identifier in answered:
                sent = common.only(wanted[identifier], _BUYERS_OF_ITEM)
                yield from common.echo_marks(sent, item, shown.place + place, free=_FREE, grows=_GROWS)


@QUOTE.rule("R60", on=SHOWN)
def items_are_those_of_the_request(said: Said) -> Iterator[Mark]:
    """The ids of the items, against those of the request: each once, and no other."""
    for shown, life in said.lived():
        wanted = items_by_id(life.request)
        if not wanted or len(wanted) != sum(1 for _ in items_of(life.request)):
            continue  # not seen, or ids that tell nothing apart
        seen: set[str] = set()
        for place, item in items_of(shown.value):
            identifier = item.get("id")
            if not isinstance(identifier, str):
                continue
            right = identifier in wanted and identifier not in seen
            seen.add(identifier)
            yield hold(f"{shown.place}{place}/id", right, expected=sorted(wanted), found=identifier,
                       message=f"{shown.place}{place}/id is {identifier}, which is no item of the request, or one "
                               "that is answered already")  # fmt: skip
        if isinstance(shown.value.get("quoteItem"), list):
            for identifier in sorted(wanted.keys() - seen):
                yield breach(f"{shown.place}/quoteItem", identifier, sorted(seen),
                             f"item {identifier} of the request is not in the answer")  # fmt: skip


QUOTE.present("R27", "", "/id", on=CREATED)
QUOTE.present("R28", "", "/state", on=SHOWN)
QUOTE.present("R29", "", "/quoteDate", on=CREATED)
QUOTE.present("R31", "/quoteItem/*", "/state", on=CREATED)


_ANSWER: Final = "Mplify115.1-answer-members"
QUOTE.present(_ANSWER, "", "/id", "/state", "/stateChange", "/quoteDate", on=CREATED, name="members")
QUOTE.present(_ANSWER, "/quoteItem/*", "/state", "/stateChange", on=CREATED, name="items")


@QUOTE.rule(("R30", "R61", _ANSWER), on=SHOWN)
def seller_names_a_contact(said: Said) -> Iterator[Mark]:
    """A contact with the role sellerContactInformation."""
    for shown in said.shown:
        roles = [role for _, role in every(shown.value, "/relatedContactInformation/*/role")]
        if "sellerContactInformation" in roles:
            yield FINE
            continue
        early = is_firm(shown.value) and shown.value.get("state") in ("acknowledged", "rejected")
        yield breach(f"{shown.place}/relatedContactInformation", "sellerContactInformation", roles,
                     "the answer names no contact with role sellerContactInformation",
                     reading=("quote-seller-contact", "always") if early else None)  # fmt: skip


_TERM: Final = "Mplify115.1-offered-term"


@QUOTE.rule("R32", on=CREATED)
def items_have_a_term(said: Said) -> Iterator[Mark]:
    """The term of each item (after the first answer, Tables 6 and 8 speak of it)."""
    offered = at(said.body, "/state") in OFFERED
    for place, item in items_of(said.body):
        term = item.get("quoteItemTerm")
        if given(term):
            yield FINE
        else:
            yield breach(f"{place}/quoteItemTerm", "the term that is offered", term, f"{place}/quoteItemTerm is missing",
                         reading=None if offered else ("quote-item-term", "always"))  # fmt: skip


@QUOTE.rule("Mplify115.1-offered-interval", on=SHOWN)
def offered_items_have_an_interval(said: Said) -> Iterator[Mark]:
    """How long the installation of each item takes that is offered, a removal included."""
    yield from _offered(said, "quoteItemInstallationInterval", ("add", "modify", "delete"))


@QUOTE.rule(_TERM, on=SHOWN)
def offered_items_have_a_term(said: Said) -> Iterator[Mark]:
    """The term of each item that is offered, and is no removal."""
    yield from _offered(said, "quoteItemTerm", ("add", "modify"))


def _offered(said: Said, member: str, actions: tuple[str, ...]) -> Iterator[Mark]:
    for shown in said.shown:
        for place, item in items_of(shown.value):
            if item.get("state") in OFFERED and item.get("action") in actions:
                here, found = f"{shown.place}{place}/{member}", item.get(member)
                yield hold(
                    here,
                    given(found),
                    expected="a value",
                    found=found,
                    message=f"{here} is missing from an item that is {item['state']}",
                )


# Levels

_AFTERWARDS: Final = (*OFFERED, "accepted", "declined", "expired")


def _fits_level(asked: Level, allowed: tuple[str, ...]) -> Callable[[Said], Iterator[Mark]]:
    """The level that the seller gives, of quotes of the level asked for (a firm quote has it firmly, or nearly so)."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            wanted = at(life.request, "/buyerRequestedQuoteLevel")
            if (wanted if isinstance(wanted, str) else shown.value.get("buyerRequestedQuoteLevel")) != asked:
                continue
            state, found = shown.value.get("state"), shown.value.get("quoteLevel")
            here = f"{shown.place}/quoteLevel"
            if found is None:
                if state in OFFERED:
                    yield breach(here, list(allowed), message=f"{here} is missing from a quote that is {state}")
            elif state in _AFTERWARDS and found in ("budgetary", "firm", "firmSubjectToFeasibilityCheck"):
                yield hold(here, found in allowed, expected=list(allowed), found=found,
                           message=f"{here} is {as_json(found)}, and the buyer asked for a {asked} quote")  # fmt: skip

    return look


QUOTE.add("R33", _fits_level("budgetary", ("budgetary",)), on=SHOWN, about="quoteLevel where budgetary was asked for")
QUOTE.add("R34", _fits_level("firm", ("firm", "firmSubjectToFeasibilityCheck")), on=SHOWN,
          about="quoteLevel where firm was asked for")  # fmt: skip


@QUOTE.rule("R35", on=SHOWN)
def a_check_is_marked(said: Said) -> Iterator[Mark]:
    """Items with subjectToFeasibilityCheck, of a quote whose level says that there is one."""
    for shown in said.shown:
        if shown.value.get("quoteLevel") == "firmSubjectToFeasibilityCheck" and shown.value.get("state") in OFFERED:
            marks = [item.get("subjectToFeasibilityCheck") for _, item in items_of(shown.value)]
            yield hold(f"{shown.place}/quoteItem", any(mark is True for mark in marks), found=marks,
                       expected="an item with subjectToFeasibilityCheck true",
                       message="the quote is subject to a feasibility check, and no item says so")  # fmt: skip


@QUOTE.rule(on=SHOWN, name="level")
def level_is_that_of_the_weakest_item(said: Said) -> Iterator[Mark]:
    """A quote without reserve has no item with one: its level is the lowest of its items."""
    for shown in said.shown:
        if shown.value.get("quoteLevel") != "firm" or shown.value.get("state") not in OFFERED:
            continue
        for place, item in items_of(shown.value):
            mark = item.get("subjectToFeasibilityCheck")
            if mark is True:
                here = f"{shown.place}{place}/subjectToFeasibilityCheck"
                yield breach(here, False, mark, f"{here} is true in a quote of level firm", hint=True)
            elif mark is False:
                yield FINE


@QUOTE.rule("R36", on=SHOWN)
def a_finished_quote_has_a_history(said: Said) -> Iterator[Mark]:
    """The stateChange of a quote in a completion state."""
    for shown in said.shown:
        if shown.value.get("state") in OFFERED:
            found = shown.value.get("stateChange")
            if given(found):
                yield FINE
            else:
                yield breach(f"{shown.place}/stateChange", "the states it went through", found,
                             f"{shown.place}/stateChange is missing from a quote that is {shown.value['state']}",
                             reading=("quote-history", "finished"))  # fmt: skip


# What the tables ask for


def _spoken_of(said: Said, attribute: str, state: str, holder: Mapping[str, Any]) -> bool:
    """What rules of their own look at: the seller's contact (R61), the level of an offer (R33, R34), the causes (D1), and where
    clauses speak of them, histories, and terms and intervals of what is offered: a removal need not have a term.
    """
    there = said.run.release.labels.told
    if attribute == "/stateChange" and there("Mplify115.1-history-from-the-start"):
        return True
    if attribute == "/quoteItemTerm" and there(_TERM):
        return at(holder, "/action") == "delete" or at(holder, "/state") in OFFERED
    if attribute == "/quoteItemInstallationInterval" and there("Mplify115.1-offered-interval"):
        return at(holder, "/state") in OFFERED
    if attribute == "/terminationError":
        return at(holder, "/state") in FAILED and at(holder, "/state") != state
    return attribute.startswith("/relatedContactInformation") or (attribute == "/quoteLevel" and state in OFFERED)


def _reading(attribute: str, quote: Mapping[str, Any], holder: Mapping[str, Any]) -> tuple[str, str] | None:
    """By which reading an attribute is asked for, None where by every one.

    The tables leave quoteLevel blank in some states, so its absence there does not make them void.
    """
    if attribute == "/terminationError" and at(holder, "/state") not in FAILED:
        return "quote-termination-error", "every"
    checked = quote.get("quoteLevel") == "firmSubjectToFeasibilityCheck"
    return ("quote-table-level", "firm-alike") if checked else None


for _label, _table, _where in (
    ("R51a", "firm", is_firm),
    ("R51a", "firm-items", is_firm),
    ("R51b", "budgetary", is_budgetary),
    ("R51b", "budgetary-items", is_budgetary),
):
    common.required_by_table(
        QUOTE,
        _label,
        _table,
        on=READ,
        where=_where,
        spared=_spoken_of,
        by_whole=True,
        reading=_reading,
        name="items" if _table.endswith("-items") else "",
    )


@QUOTE.rule(on=CREATED, name="at-once")
def an_immediate_offer_is_whole(said: Said) -> Iterator[Mark]:
    """What Tables 5 to 8 ask of a read, in an answer that has the prices at once: the guide gives both one structure."""
    for shown in said.shown:
        level, state = level_of(shown.value), shown.value.get("state")
        if level is None or state not in OFFERED:
            continue
        tables = said.run.release.tables["quote"]
        for table in (attribute_table(tables, level), attribute_table(tables, f"{level}-items")):
            for place, holder in every(shown.value, table.holder):
                for attribute in table.rows:
                    if table.rows[attribute].get(str(state)) != "R" or attribute in _OF_OTHERS or "?" in attribute:
                        continue
                    if _spoken_of(said, attribute, str(state), holder):
                        continue
                    found, here = at(holder, attribute), f"{shown.place}{place}{attribute}"
                    if given(found):
                        yield FINE
                    else:
                        yield breach(
                            here, "a value", found, f"{here} is missing from a quote that is {state}", hint=True
                        )


_OF_OTHERS: Final = ("/id", "/state", "/quoteDate", "/quoteLevel", "/quoteItemTerm")
"""What rules of their own demand of the first answer."""


@QUOTE.rule("R52", on=SHOWN)
def an_orderable_quote_has_orderable_items(said: Said) -> Iterator[Mark]:
    """The states of the items of a quote that is approved.orderable."""
    for shown in said.shown:
        if shown.value.get("state") == "approved.orderable":
            yield from _state_marks(shown, ("approved.orderable",))


def _state_marks(
    shown: Shown,
    allowed: tuple[str, ...],
    why: str = "R52",
    *,
    reading: tuple[str, str] | None = None,
    waiting: tuple[str, str] | None = None,
) -> Iterator[Mark]:
    """The states of items against those that are allowed; `waiting` is the reading that shuts out acknowledged ones."""
    for place, item in items_of(shown.value):
        state = item.get("state")
        if not isinstance(state, str):
            continue
        if state in allowed:
            yield FINE
        else:
            here = f"{shown.place}{place}/state"
            yield breach(here, list(allowed), state, f"{here} is {state} in a quote that is {shown.value['state']} ({why})",
                         reading=waiting if waiting and state == "acknowledged" else reading)  # fmt: skip


@QUOTE.rule(on=SHOWN, name="item-states")
def items_fit_the_quote(said: Said) -> Iterator[Mark]:
    """The states of the items against Tables 9 and 10."""
    for shown in said.shown:
        level, state = level_of(shown.value), shown.value.get("state")
        if level is None or not isinstance(state, str) or state == "approved.orderable":  # of that R52 speaks
            continue
        table = state_table(said.run.release.tables["quote"], f"{level}-item-states")
        allowed = table.allowed.get(state, ())
        if state == "rejected" and "rejected" not in allowed:
            figures = ("quote-rejected-items", "figures")
            yield from _state_marks(shown, ("rejected", "abandoned"), "Figures 23 and 24", reading=figures)
            by_table = _state_marks(shown, allowed, table.number, reading=("quote-rejected-items", "table"))
            yield from (mark for mark in by_table if allowed and mark is not FINE)
        elif state == "acknowledged" and not allowed:
            yield from _of_acknowledged(shown)
        elif allowed:
            waiting = ("quote-waiting-items", "table") if state == "inProgress" else None
            yield from _state_marks(shown, allowed, table.number, waiting=waiting)


def _of_acknowledged(shown: Shown) -> Iterator[Mark]:
    """The tables leave this row blank; by the text everything begins as acknowledged, and the first steps come next."""
    for place, item in items_of(shown.value):
        state, here = item.get("state"), f"{shown.place}{place}/state"
        if state in ("answered", "unableToProvide", "inProgress.draft", *ORDERABLE):
            yield breach(here, "acknowledged", state, f"{here} is {state} in a quote that is acknowledged", hint=True)
        elif isinstance(state, str):
            yield FINE


@QUOTE.rule(on=SHOWN, name="cause")
def the_state_has_its_cause(said: Said) -> Iterator[Mark]:
    """A quote is an alternate, rejected or not to be had because of one of its items."""
    for shown in said.shown:
        state = shown.value.get("state")
        if state in ("approved.orderableAlternate", *FAILED):
            states = [item.get("state") for _, item in items_of(shown.value)]
            if state in states:
                yield FINE
            else:
                yield breach(f"{shown.place}/state", states, state, f"the quote is {state}, and none of its items is",
                             hint=True)  # fmt: skip


@QUOTE.rule("D1", on=SHOWN)
def failed_items_say_why(said: Said) -> Iterator[Mark]:
    """The terminationError of items that were rejected or cannot be quoted."""
    for shown in said.shown:
        state = shown.value.get("state")
        if state not in FAILED:
            continue
        by_table = shown.exchange.operation == "retrieveQuote" and is_firm(shown.value) and state == "unableToProvide"
        for place, item in items_of(shown.value):
            found = item.get("terminationError")
            if given(found):
                yield FINE
            elif item.get("state") in FAILED and not (by_table and item.get("state") == state):
                here = f"{shown.place}{place}/terminationError"
                yield breach(
                    here, "why the item failed", found, f"{here} is missing from an item that is {item['state']}"
                )
