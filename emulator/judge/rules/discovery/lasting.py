"""What identifiers stand for, and how long they hold (MEF W160, 6.1.2 and 6.2.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.rule import ANY_STATUS, FINE, Mark, responses
from emulator.judge.rulebook import breach
from emulator.judge.rules.discovery.asking import (
    a_price_is_asked_for_at_its_places,
    a_price_is_asked_for_with_its_relations,
)
from emulator.judge.rules.discovery.book import (
    ANSWERED,
    API,
    AVAILABILITY,
    DISCOVERY,
    EACH,
    EACH_TERM,
    IDENTIFIER,
    PRICED,
    PRICING,
    TERMS,
    Context,
    Parties,
    context_of,
    loosely,
    parties_of,
    seller_of,
)
from emulator.judge.rules.discovery.faults import fault_of
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.breach import Breach

_LIFE: Final = timedelta(minutes=15)
"""So long an identifier holds (R22)."""
_MARGIN: Final = timedelta(seconds=10)
"""By so much two clocks, and the way of a message, may shorten that."""
_REFUSED: Final = (400, 404, 422)
"""Statuses that a refusal of what was asked has."""

_Name = tuple[str, str]
"""A Seller, where there are several, and an identifier of its."""
_To = tuple[Parties, str]
"""A Seller and a Buyer, where there are several, and an identifier that the one gave to the other."""


@dataclass(slots=True)
class GivenIdentifier:
    """An identifier that answers on availability gave to a Buyer: for what (the text of the configuration, lists in any order),
    in which answer first and in which last, in which last to each context, and of which offerings.
    """

    text: str
    first: Exchange
    last: Exchange
    contexts: dict[Context, Exchange] = field(default_factory=dict)
    offerings: set[str] = field(default_factory=set)


def _entries(body: Any) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for _, entry in every(body, EACH):
        identifier, configuration = at(entry, IDENTIFIER), at(entry, "/productConfiguration")
        if isinstance(identifier, str) and isinstance(configuration, dict):
            yield identifier, configuration, str(at(entry, "/productOffering/id"))


@dataclass(slots=True)
class _Answer:
    """An answer on prices for an identifier: without the identifiers of the prices, and with them."""

    identifier: str
    exchange: Exchange
    plain: str
    whole: str


_Question = tuple[Parties, str, Context]
"""Who asked whom, a configuration, and a context."""


@dataclass(slots=True)
class Told:
    """What answers told: the identifiers of configurations, for whoever asked (each with the answer that first had it, and of
    what) and by who was given them; those of prices (likewise, and what it said); and by what was asked the last answer on prices
    for each identifier, the newest at the end.
    """

    named: dict[_Name, tuple[int, str]] = field(default_factory=dict)
    given: dict[_To, GivenIdentifier] = field(default_factory=dict)
    priced: dict[_Name, tuple[int, str]] = field(default_factory=dict)
    answers: dict[_Question, dict[str, _Answer]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, run: Run, exchange: Exchange) -> None:
        """Add an answer, if it is one."""
        if exchange.api != API or exchange.n in run.spoilt or exchange.response is None or not succeeded(exchange):
            return
        seller, parties = seller_of(exchange), parties_of(exchange)
        if exchange.operation == AVAILABILITY:
            context = context_of(exchange.request.body)
            for identifier, configuration, offering in _entries(exchange.response.body):
                text = loosely(configuration)
                self.named.setdefault((seller, identifier), (exchange.n, text))
                one = self.given.setdefault((parties, identifier), GivenIdentifier(text, exchange, exchange))
                one.last = one.contexts[context] = exchange
                one.offerings.add(offering)
        elif exchange.operation == PRICING:
            for _, entry in every(exchange.response.body, EACH_TERM):
                if isinstance(identifier := at(entry, "/identifier"), str):
                    self.priced.setdefault((seller, identifier), (exchange.n, _content(entry)))
            if (found := self.answer(Said(run, exchange, Half.RESPONSE))) is not None:
                question, told = found
                self.answers[question].pop(told.identifier, None)
                self.answers[question][told.identifier] = told

    def answer(self, said: Said) -> tuple[_Question, _Answer] | None:
        """What an answer on prices says of what; None where its identifier is not known, or may have expired."""
        identifier, terms, parties = at(said.asked, IDENTIFIER), at(said.body, TERMS), parties_of(said.exchange)
        given = self.given.get((parties, identifier)) if isinstance(identifier, str) else None
        if given is None or not isinstance(terms, list) or not _is_young(given, said):
            return None
        entries = [_plain(entry, ("identifier",)) for entry in terms]
        told = _Answer(identifier, said.exchange, loosely(entries), loosely(_plain(terms)))
        return (parties, given.text, context_of(said.asked)), told


TOLD: Final = Fold(Told, Told.take)


def given_before(said: Said) -> GivenIdentifier | None:
    """What the identifier of a question on prices was given for; None where no answer gave it to this Buyer."""
    identifier = at(said.asked, IDENTIFIER)
    if not isinstance(identifier, str):
        return None
    return said.run.known(TOLD, before=said.exchange).given.get((parties_of(said.exchange), identifier))


def age_of(given: GivenIdentifier, said: Said) -> timedelta:
    """How long ago an identifier was last given when it is asked for."""
    return said.run.lasted(given.last.at, said.exchange.at)


def _is_young(given: GivenIdentifier, said: Said) -> bool:
    return _is_recent(given.last, said)


def _is_recent(answer: Exchange, said: Said) -> bool:
    return said.run.lasted(answer.at, said.exchange.at) < _LIFE - said.run.spread(_MARGIN)


@DISCOVERY.rule("R21", on=ANSWERED)
def an_identifier_is_of_one_configuration(said: Said) -> Iterator[Mark]:
    """Each identifier, against the configurations that it was given for in the run, of one Seller."""
    known = said.run.known(TOLD, before=said.exchange).named
    here: dict[str, str] = {}
    for where, entry in every(said.body, EACH):
        identifier, configuration = at(entry, IDENTIFIER), at(entry, "/productConfiguration")
        if not isinstance(identifier, str) or not isinstance(configuration, dict):
            continue
        before = known.get((seller_of(said.exchange), identifier))
        text = loosely(configuration)
        first = here.setdefault(identifier, before[1] if before else text)
        if first == text:
            yield FINE
            continue
        when = f"exchange {before[0]}" if before else "this answer"
        words = f"{identifier} stands for another configuration in {when}"
        yield breach(f"{where}{IDENTIFIER}", "an identifier of its own", identifier, words)


@DISCOVERY.rule("R22", on=responses(API, PRICING, statuses=ANY_STATUS))
def an_identifier_holds_for_a_while(said: Said) -> Iterator[Mark]:
    """Questions on prices with an identifier that was given less than fifteen minutes before, as it was asked for then: they are
    answered. In another context the partners may have agreed otherwise, so that a refusal is a hint.
    """
    given = given_before(said)
    if given is None or not _is_young(given, said):
        return
    if succeeded(said.exchange):
        yield FINE
        return
    if said.status not in _REFUSED or not said.run.rightly_asked(said.exchange) or _is_faulty(said):
        return
    same = given.contexts.get(context_of(said.asked))
    alike = same is not None and _is_recent(same, said)
    about = list(every(said.body, "/*/propertyPath"))
    named = [where for where, place in about if place == IDENTIFIER]
    lost = any(at(said.body, f"{where.rpartition('/')[0]}/code") == "referenceNotFound" for where in named)
    if (alike and (named or not about)) or lost:
        minutes = int(age_of(given, said).total_seconds() // 60)
        words = (
            f"{at(said.asked, IDENTIFIER)}, which exchange {given.last.n} gave {minutes} minutes before, "
            f"was refused with {said.status}"
        )
        yield breach("", "an answer, for fifteen minutes at the least", said.status, words, hint=not alike)


def _is_faulty(said: Said) -> bool:
    """Whether something else is wrong with a question on prices."""
    question = Said(said.run, said.exchange, Half.REQUEST)
    looks = (a_price_is_asked_for_at_its_places, a_price_is_asked_for_with_its_relations)
    return bool(fault_of(said.exchange)) or any(isinstance(mark, Breach) for look in looks for mark in look(question))


@DISCOVERY.rule("R29", on=responses(API, PRICING, statuses=ANY_STATUS))
def what_has_expired_is_refused(said: Said) -> Iterator[Mark]:
    """Identifiers that are refused, with an Error, when they were given long before. When one expires only the Seller knows."""
    given = given_before(said)
    old = given is not None and age_of(given, said) > _LIFE
    if old and said.status in _REFUSED and IDENTIFIER in [place for _, place in every(said.body, "/*/propertyPath")]:
        yield FINE


@DISCOVERY.rule(name="unknown-identifier", on=responses(API, PRICING, statuses=ANY_STATUS))
def what_was_never_given_has_no_price(said: Said) -> Iterator[Mark]:
    """Identifiers that no answer gave are refused, where answers gave any; the Seller may have given one elsewhere, so that this
    is a hint.
    """
    identifier = at(said.asked, IDENTIFIER)
    seller, known = seller_of(said.exchange), said.run.known(TOLD, before=said.exchange).named
    seen = any(seller == each for each, _ in known)
    if not isinstance(identifier, str) or not seen or (seller, identifier) in known or said.run.elsewhere(identifier):
        return
    if said.status in _REFUSED:
        yield FINE
    elif succeeded(said.exchange):
        words = f"{identifier} was given by no answer that was seen, and has a price"
        yield breach("", "a refusal", said.status, words, hint=True)


def _content(entry: Any, *, without: tuple[str, ...] = ("identifier", "installationInterval")) -> str:
    """What a price says, without what may change of it: its interval is indicative."""
    return loosely(_plain(entry, without)) if isinstance(entry, dict) else loosely(entry)


def _plain(value: Any, without: tuple[str, ...] = ()) -> Any:
    """A value without links."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items() if name not in ("href", *without)}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


@DISCOVERY.rule("R33", on=PRICED)
def the_identifier_of_a_price_is_of_one_price(said: Said) -> Iterator[Mark]:
    """Each identifier of a price stands for one term, one list of prices, one offering, and one word on further charges."""
    known = said.run.known(TOLD, before=said.exchange).priced
    here: dict[str, tuple[int, str]] = {}
    for where, entry in every(said.body, EACH_TERM):
        identifier = at(entry, "/identifier")
        if not isinstance(identifier, str) or not isinstance(entry, dict):
            continue
        now = (said.exchange.n, _content(entry))
        first = here.setdefault(identifier, known.get((seller_of(said.exchange), identifier), now))
        words = f"{identifier} stood for another price in exchange {first[0]}"
        yield (
            FINE if first[1] == now[1] else breach(f"{where}/identifier", "an identifier of its own", identifier, words)
        )


@DISCOVERY.rule(name="asked-again", on=PRICED)
def a_price_holds_when_it_is_asked_for_again(said: Said) -> Iterator[Mark]:
    """Answers for one identifier in one context within fifteen minutes are the same, but for identifiers of prices and for
    intervals. The clause on this has two identifiers, so that anything else is a hint.
    """
    told = said.run.known(TOLD, before=said.exchange)
    found = told.answer(said)
    before = told.answers.get(found[0], {}).get(found[1].identifier) if found else None
    if before is None or said.run.lasted(before.exchange.at, said.exchange.at) > _LIFE:
        return
    first = at(before.exchange.response.body if before.exchange.response else None, TERMS)
    same = _contents(first) == _contents(at(said.body, TERMS))
    words = f"exchange {before.exchange.n} had another answer to the same question"
    yield FINE if same else breach(TERMS, first, at(said.body, TERMS), words, hint=True)


def _contents(terms: Any) -> list[str]:
    return sorted(map(_content, terms)) if isinstance(terms, list) else []


@DISCOVERY.rule(name="offering-too", on=PRICED)
def a_price_is_of_an_offering_that_was_told(said: Said) -> Iterator[Mark]:
    """The offering of each price is one of which the configuration was told to be available in the same context."""
    given = given_before(said)
    answer = given.contexts.get(context_of(said.asked)) if given else None
    offered = {
        at(entry, "/productOffering/id")
        for _, entry in every(answer.response.body if answer and answer.response else None, EACH)
        if at(entry, IDENTIFIER) == at(said.asked, IDENTIFIER)
    }
    for where, offering in every(said.body, f"{EACH_TERM}/productOffering/id"):
        if offered and isinstance(offering, str):
            words = f"{where} is {offering}; the configuration was available of {', '.join(map(str, offered))}"
            yield FINE if offering in offered else breach(where, sorted(map(str, offered)), offering, words, hint=True)


@DISCOVERY.rule("R38", on=PRICED)
def one_configuration_has_one_price(said: Said) -> Iterator[Mark]:
    """Answers for two identifiers of one configuration, from different answers on availability, in one context: the same,
    but for the identifiers of the prices. Identifiers of other offerings may have other prices.
    """
    told = said.run.known(TOLD, before=said.exchange)
    found = told.answer(said)
    if found is None:
        return
    question, now = found
    own = told.given[question[0], now.identifier]
    for other in reversed(told.answers.get(question, {}).values()):
        if said.run.lasted(other.exchange.at, said.exchange.at) > _LIFE:
            return
        theirs = told.given[question[0], other.identifier]
        if theirs.offerings != own.offerings:
            continue
        if other.identifier == now.identifier or (own.first is theirs.first and own.last is theirs.last):
            continue
        words = f"exchange {other.exchange.n} had another answer for {other.identifier}, of the same configuration"
        if other.plain != now.plain:
            yield breach(TERMS, f"as in exchange {other.exchange.n}", at(said.body, TERMS), words)
        elif other.whole != now.whole and said.run.reads_as("discovery-same-price", "whole"):
            yield breach(
                TERMS,
                f"as in exchange {other.exchange.n}",
                at(said.body, TERMS),
                words,
                reading=("discovery-same-price", "whole"),
            )
        else:
            yield FINE
        return
