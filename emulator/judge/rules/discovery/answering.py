"""Answers on availability (MEF W160, 5.4 and 6.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, On, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.discovery.asking import (
    places_are_those_of_the_specification,
    relations_are_those_of_the_specification,
)
from emulator.judge.rules.discovery.book import (
    ANSWERED,
    API,
    AVAILABILITY,
    DISCOVERY,
    EACH,
    IDENTIFIER,
    LIST,
    OF_CONTEXT,
    PRICED,
    PRICING,
    TERMS,
    exactly,
)
from emulator.judge.rules.discovery.faults import breaks_contract, fault_of, has_errors
from emulator.judge.run import Half, Said
from emulator.record.payload import MISSING, at, escape, every
from emulator.standard.breach import Breach, Check

CONFIGURATION = "/productConfiguration"
_OF_ENTRY = ("productOffering", "productConfiguration", "productConfigurationIdentifier", "installationInterval")


# 5.4 products


@DISCOVERY.rule("R6", on=ANSWERED)
def product_attributes_are_inside(said: Said) -> Iterator[Mark]:
    """Attributes of a product stand in productConfiguration, not beside it."""
    for where, entry in every(said.body, EACH):
        configuration = at(entry, CONFIGURATION)
        if not isinstance(configuration, dict):
            continue
        attributes = said.run.release.products.attributes_of(configuration)
        outside = [name for name in entry if name not in _OF_ENTRY and name in attributes]
        for name in outside:
            words = f"{name} is an attribute of the product and belongs into productConfiguration"
            yield breach(f"{where}/{escape(name)}", f"in {where}{CONFIGURATION}", entry[name], words)
        if not outside and len(configuration) > 1:
            yield FINE


# 6.1.2 and 6.2.2 what every answer has


def _comes_back(label: str, on: On, *members: str) -> None:
    """Each member of the question stands in the answer, as it was asked; links may differ, and so may the order of lists."""

    def look(said: Said) -> Iterator[Mark]:
        if not isinstance(said.asked, dict) or not isinstance(said.body, dict):
            return
        yield from common.echo_marks(common.only(said.asked, members), said.body, "", free=("href",), grows=())

    about = "each value of the question, in the answer"
    DISCOVERY.add(label, look, on=on, about=about, places=tuple(f"/{member}" for member in members))


_comes_back("R16", ANSWERED, "action", "productRef", *OF_CONTEXT)
_comes_back("R30", PRICED, "action", "productRef", "place", "productRelationship", IDENTIFIER[1:])


def _has_list(label: str, on: On, place: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        found = at(said.body, place)
        yield FINE if isinstance(found, list) else breach(place, "a list, be it empty", found)

    DISCOVERY.add(label, look, on=on, about=f"{place} is there, be it empty", places=(place,))


_has_list("R18", ANSWERED, LIST)
_has_list("R31", PRICED, TERMS)


@DISCOVERY.rule("R17", on=ANSWERED)
def no_configuration_is_there_twice(said: Said) -> Iterator[Mark]:
    """No two configurations of one offering are equal: of those with different intervals only the shortest is told."""
    seen: dict[tuple[Any, str], str] = {}
    for where, entry in every(said.body, EACH):
        offering, configuration = at(entry, "/productOffering/id"), at(entry, CONFIGURATION)
        if not isinstance(offering, str) or not isinstance(configuration, dict):
            continue
        first = seen.setdefault((offering, exactly(configuration)), where)
        words = f"{where} is the configuration of {first} once more, of the same offering"
        yield FINE if first == where else breach(where, f"another configuration than {first}", configuration, words)


_UNKNOWABLE = (*common.TELLS_NOTHING, 404, 413)


@DISCOVERY.rule("R19", on=responses(API, AVAILABILITY, statuses=ANY_STATUS))
def what_cannot_be_answered_is_refused(said: Said) -> Iterator[Mark]:
    """Questions on availability that break R10, R11, R14, R15 or their schema are refused; refusals say why, in an Error."""
    if 200 <= said.status < 300:  # noqa: PLR2004
        why = fault_of(said.exchange) or ("it is none by its schema" if breaks_contract(said) else "")
        if why:
            words = f"the question was answered {said.status}, though {why}"
            yield breach("", "a refusal with an Error body", said.status, words)
        elif strange := next(_strange(said), None):
            words = f"the question was answered {said.status}, though {strange.message}"
            yield breach("", "a refusal with an Error body", said.status, words, hint=True)
    elif said.status in REFUSED and said.status not in _UNKNOWABLE and has_errors(said.body):
        yield FINE


def _strange(said: Said) -> Iterator[Breach]:
    """What the specification does not know in the question (R12, R13): that this cannot be answered is for the Seller to say."""
    question = Said(said.run, said.exchange, Half.REQUEST)
    marks = (*places_are_those_of_the_specification(question), *relations_are_those_of_the_specification(question))
    return (mark for mark in marks if isinstance(mark, Breach) and not mark.advisory)


@DISCOVERY.rule(name="faulty-priced", on=responses(API, PRICING))
def a_faulty_question_on_prices_is_refused(said: Said) -> Iterator[Mark]:
    """Questions on prices that break R24, R27, R28 or their schema are refused; no clause says so, so that this is a hint."""
    why = fault_of(said.exchange) or ("it is none by its schema" if breaks_contract(said) else "")
    if why:
        words = f"the question was answered {said.status}, though {why}"
        yield breach("", "a refusal with an Error body", said.status, words, hint=True)
    else:
        yield FINE


DISCOVERY.present("R20", EACH, "/installationInterval", "/productOffering", CONFIGURATION, IDENTIFIER, on=ANSWERED)


@DISCOVERY.rule("R23", on=ANSWERED)
def a_configuration_has_no_other_attributes(said: Said) -> Iterator[Mark]:
    """Each member of a configuration, at every depth, is one that the payload schema of its `@type` has."""
    known = [
        where
        for where, entry in every(said.body, f"{EACH}{CONFIGURATION}")
        if said.run.release.products.describing(str(at(entry, "/@type")))
    ]
    if not known or said.exchange.response is None:
        return
    contract = said.run.release.contract(API, said.exchange.kind)
    strange = [
        each
        for each in contract.response_breaches(AVAILABILITY, said.exchange.response)
        if each.check is Check.UNKNOWN_MEMBER and each.place.startswith(tuple(f"{where}/" for where in known))
    ]
    for each in strange:
        yield breach(each.place, MISSING, each.found, f"{each.place} is no attribute of the product")
    if not strange and any(given(at(said.body, where)) for where in known):
        yield FINE
