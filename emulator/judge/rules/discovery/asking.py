"""Questions on availability and on prices (MEF W160, 5.2, 5.3, 6.1.1 and 6.2.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, FINE, Mark, On, responses
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.discovery.book import (
    API,
    ASKED,
    AVAILABILITY,
    DISCOVERY,
    OF_CONTEXT,
    PRICE_ASKED,
    PRICING,
    is_asked_for,
)
from emulator.judge.rules.discovery.specified import Demands, demands_of_identifier, demands_of_request
from emulator.judge.run import Said
from emulator.judge.showing import succeeded
from emulator.record.payload import MISSING, at, every
from emulator.standard.product import SPEC

# 5.2 and 5.3 who talks

common.uses_all(DISCOVERY, "R1", AVAILABILITY, PRICING)
common.parties(DISCOVERY, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")


@DISCOVERY.rule(name="both-served", on=responses(API, AVAILABILITY, PRICING, statuses=ANY_STATUS))
def both_questions_are_answered(said: Said) -> Iterator[Mark]:
    """Neither question is answered 405 or 501; R1 binds the Buyer alone, so that this is a hint."""
    if said.status in common.NOT_SERVED:
        words = f"{said.exchange.operation} was answered {said.status}: there is nothing else in this API"
        yield breach("", "the operation is served", said.status, words, hint=True)
    elif succeeded(said.exchange):
        yield FINE


# 6.1.1 and 6.2.1 what a question has, by its action


def _add(body: Any) -> bool:
    return is_asked_for(body, "add")


def _modify(body: Any) -> bool:
    return is_asked_for(body, "modify")


def _left_out(said: Said, *members: str) -> Iterator[Mark]:
    """That none of these members is there; an empty list says the same as absence."""
    for member in members:
        found = at(said.body, f"/{member}")
        yield breach(f"/{member}", MISSING, found) if given(found) else FINE


DISCOVERY.present("R10", "", "/productSpecification", on=ASKED, where=_add)
DISCOVERY.present("R14", "", "/productRef", on=ASKED, where=_modify)
DISCOVERY.present("R24", "", "/productConfigurationIdentifier", on=PRICE_ASKED)
DISCOVERY.present("R28", "", "/productRef", on=PRICE_ASKED, where=_modify)


@DISCOVERY.rule("R11", on=ASKED)
def what_is_new_is_in_no_inventory(said: Said) -> Iterator[Mark]:
    """A question on the availability of something new has no productRef."""
    if _add(said.body):
        yield from _left_out(said, "productRef")


@DISCOVERY.rule("R27", on=PRICE_ASKED)
def the_price_of_what_is_new_is_of_no_product(said: Said) -> Iterator[Mark]:
    """A question on the price of something new has no productRef."""
    if _add(said.body):
        yield from _left_out(said, "productRef")


@DISCOVERY.rule("R15", on=ASKED)
def a_change_has_no_context_of_its_own(said: Said) -> Iterator[Mark]:
    """A question on the availability of a change has no place, no productRelationship and no productSpecification."""
    if _modify(said.body):
        yield from _left_out(said, *OF_CONTEXT)


_MODIFY: Final = "discovery-modify-context"


@DISCOVERY.rule("R28", on=PRICE_ASKED, name="context")
def the_price_of_a_change_has_no_context(said: Said) -> Iterator[Mark]:
    """A question on the price of a change has neither place nor productRelationship."""
    for member in ("place", "productRelationship") if _modify(said.body) else ():
        found = at(said.body, f"/{member}")
        if given(found):
            yield breach(f"/{member}", MISSING, found, reading=(_MODIFY, "never"))
        else:
            yield FINE


_NAMED: Final = "discovery-specification-id"


@DISCOVERY.rule("R10", on=ASKED, name="id")
def a_specification_is_named_as_agreed(said: Said) -> Iterator[Mark]:
    """The id of a specification: the URN of its payload, or an id of the Seller's catalog."""
    named = at(said.body, "/productSpecification/id")
    if not _add(said.body) or not isinstance(named, str):
        return
    is_urn = named.lower().startswith(SPEC)
    known = said.run.life("productSpecification", named) is not None
    if is_urn and not known:
        yield breach("/productSpecification/id", "an id of the catalog", named, reading=(_NAMED, "catalog"))
    elif not is_urn:
        yield breach("/productSpecification/id", "the URN of a payload", named, reading=(_NAMED, "urn"))
    yield FINE


# What the specification says of places and relations


@DISCOVERY.rule("R12", on=ASKED)
def places_are_those_of_the_specification(said: Said) -> Iterator[Mark]:
    """Each place of something new has a role that its specification knows."""
    demands = demands_of_request(said) if _add(said.body) else None
    if demands is not None:
        yield from _places(said, demands)


@DISCOVERY.rule("R13", on=ASKED)
def relations_are_those_of_the_specification(said: Said) -> Iterator[Mark]:
    """Each relation of something new is one that its specification knows; several of one type are candidates."""
    demands = demands_of_request(said) if _add(said.body) else None
    if demands is not None:
        yield from _relations(said, demands)


@DISCOVERY.rule("R25", on=PRICE_ASKED)
def a_price_is_asked_for_at_its_places(said: Said) -> Iterator[Mark]:
    """Each place that the specification of the configuration demands is there, and no other, where it demands any."""
    demands = demands_of_identifier(said) if _add(said.body) else None
    if demands is None or not any((demands.roles or {}).values()):
        return
    there = [role for _, role in every(said.body, "/place/*/role")]
    for role, needed in (demands.roles or {}).items():
        if needed and role not in there:
            yield breach("/place", role, there, f"a {demands.title} has a place with role {role}, which is missing")
    yield from _places(said, demands)


@DISCOVERY.rule("R26", on=PRICE_ASKED)
def a_price_is_asked_for_with_its_relations(said: Said) -> Iterator[Mark]:
    """Each relation that the specification of the configuration demands is there, and no other, where it demands any;
    candidates are.
    """
    demands = demands_of_identifier(said) if _add(said.body) else None
    if demands is None or not any((demands.relations or {}).values()):
        return
    there = [kind for _, kind in every(said.body, "/productRelationship/*/relationshipType")]
    for word, needed in (demands.relations or {}).items():
        if needed and not any(demands.fits(word, kind) for kind in there):
            words = f"a {demands.title} has a relation to {word}, which is missing"
            yield breach("/productRelationship", word, there, words)
    yield from _relations(said, demands)


def _places(said: Said, demands: Demands) -> Iterator[Mark]:
    for where, role in every(said.body, "/place/*/role"):
        if demands.roles is None and demands.placeless:
            yield breach(where, MISSING, role, f"a {demands.title} has no place of its own", hint=True)
        elif demands.roles is not None and isinstance(role, str):
            right = role in demands.roles
            words = f"{where} is {role}, which a {demands.title} does not have"
            yield FINE if right else breach(where, list(demands.roles), role, words)


def _relations(said: Said, demands: Demands) -> Iterator[Mark]:
    known = demands.relations
    for where, kind in every(said.body, "/productRelationship/*/relationshipType"):
        if known is not None and isinstance(kind, str):
            right = any(demands.fits(word, kind) for word in known)
            words = f"{where} is {kind}, which a {demands.title} does not have"
            yield FINE if right else breach(where, list(known), kind, words)


_CANDIDATES: Final = "discovery-candidates"


@DISCOVERY.rule("R26", on=PRICE_ASKED, name="candidates")
def a_price_is_asked_for_with_one_of_each(said: Said) -> Iterator[Mark]:
    """No two relations of one type: or they are candidates, of which the Seller chooses one."""
    kinds = Counter(
        kind for _, kind in every(said.body, "/productRelationship/*/relationshipType") if isinstance(kind, str)
    )
    for kind, times in kinds.items() if _add(said.body) else ():
        if times > 1:
            words = f"{times} relations are {kind}"
            yield breach("/productRelationship", f"one relation {kind}", times, words, reading=(_CANDIDATES, "exactly"))


def _always(label: str, on: On, member: str) -> None:
    def look(said: Said) -> Iterator[Mark]:
        found = at(said.body, f"/{member}")
        if _add(said.body) and not given(found):
            yield breach(f"/{member}", "a value", found, reading=("discovery-context", "always"))

    about = f"{member} in each question on something new, whatever its specification"
    DISCOVERY.add(label, look, on=on, about=about, name="context")


_always("R12", ASKED, "place")
_always("R13", ASKED, "productRelationship")
_always("R25", PRICE_ASKED, "place")
_always("R26", PRICE_ASKED, "productRelationship")
