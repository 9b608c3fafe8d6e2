"""What discovery, qualifications, quotes and the catalog say of one thing. No clause binds one to the other: all of this is hints
(MEF W160, 4.5 and 6.2.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import POQ, QUOTE
from emulator.judge.rule import FINE, Mark, shows
from emulator.judge.rulebook import breach
from emulator.judge.rules.discovery.book import (
    ANSWERED,
    API,
    AVAILABILITY,
    DISCOVERY,
    EACH,
    EACH_TERM,
    IDENTIFIER,
    PRICING,
    Context,
    Parties,
    context_of,
    is_asked_for,
    loosely,
    parties_of,
)
from emulator.judge.rules.discovery.lasting import Told
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

_SOON: Final = timedelta(minutes=15)
"""So long an answer says something of another one."""
_OFFERING: Final = "productOffering"
_CATALOG: Final = "productCatalog"
_READ: Final = "retrieveProductOffering"
_SOLD: Final = ("orderable", "inTest")
"""Statuses of an offering in which it can be ordered (MEF W142, Table 8)."""
_NOT_FOUND: Final = 404

_What = tuple[Parties, str, str, Context]
"""Who asked whom, an offering, a configuration, and a context."""


@dataclass(slots=True)
class _Said:
    """What was last told to be available, and at what prices that are firm, each with its answer."""

    available: dict[_What, Exchange] = field(default_factory=dict)
    priced: dict[_What, list[tuple[Exchange, Any]]] = field(default_factory=lambda: defaultdict(list))
    gone: dict[str, Exchange] = field(default_factory=dict)
    told: Told = field(default_factory=Told)

    def take(self, run: Run, exchange: Exchange) -> None:
        """Add an answer, if it is one."""
        self.told.take(run, exchange)
        if exchange.n in run.spoilt or exchange.response is None:
            return
        if (exchange.api, exchange.operation) == (_CATALOG, _READ):
            identifier = exchange.path_params.get("id", "")
            if exchange.response.status == _NOT_FOUND:
                self.gone[identifier] = exchange
            elif succeeded(exchange):
                self.gone.pop(identifier, None)
        if exchange.api != API or not succeeded(exchange):
            return
        context, body, parties = context_of(exchange.request.body), exchange.response.body, parties_of(exchange)
        if exchange.operation == AVAILABILITY:
            for _, entry in every(body, EACH):
                if isinstance(offering := at(entry, f"/{_OFFERING}/id"), str):
                    text = loosely(at(entry, "/productConfiguration"))
                    self.available[parties, offering, text, context] = exchange
        elif exchange.operation == PRICING:
            self._price(exchange, context)

    def _price(self, exchange: Exchange, context: Context) -> None:
        name = (parties_of(exchange), at(exchange.request.body, IDENTIFIER))
        given = self.told.given.get(name) if isinstance(name[1], str) else None
        for _, entry in every(exchange.response.body if exchange.response else None, EACH_TERM):
            offering = at(entry, f"/{_OFFERING}/id")
            if given is not None and isinstance(offering, str):
                what = (name[0], offering, given.text, context)
                self.priced[what] = [each for each in self.priced[what] if each[0] is exchange]
                self.priced[what].append((exchange, entry))


_SAID: Final = Fold(_Said, _Said.take)


def _what(exchange: Exchange, item: Any) -> _What | None:
    """What an item of a qualification or of a quote is about; None where places are spelled out or an offering is not named."""
    product = at(item, "/product")
    offering, configuration = at(product, f"/{_OFFERING}/id"), at(product, "/productConfiguration")
    places = [at(place, "/id") for _, place in every(product, "/place/*")]
    if (
        not isinstance(offering, str)
        or not isinstance(configuration, dict)
        or not all(isinstance(p, str) for p in places)
    ):
        return None
    if not isinstance(product, dict):
        return None
    question: dict[str, Any] = {"action": at(item, "/action")}
    if is_asked_for(question, "modify"):
        question["productRef"] = {"id": at(product, "/id")}
    else:
        question |= {name: product[name] for name in ("place", "productRelationship") if name in product}
    return parties_of(exchange), offering, loosely(configuration), context_of(question)


def _is_soon(said: Said, other: Exchange) -> bool:
    return said.run.lasted(other.at, said.exchange.at) <= _SOON


@DISCOVERY.rule(name="qualified-too", on=shows("productOfferingQualification", POQ, "create", "retrieve"))
def what_is_available_is_qualified(said: Said) -> Iterator[Mark]:
    """Items of a finished qualification that can be delivered, or cannot, against what was told to be available just before, of
    the same configuration in the same context.
    """
    for where, item in every(said.body, "/productOfferingQualificationItem/*"):
        color, what = at(item, "/serviceabilityConfidence"), _what(said.exchange, item)
        told = said.run.known(_SAID, before=said.exchange).available.get(what) if what else None
        if told is None or not isinstance(color, str) or not _is_soon(said, told):
            continue
        words = f"{where} cannot be delivered; exchange {told.n} told that it is available"
        red = color == "red"
        yield breach(f"{where}/serviceabilityConfidence", "green or yellow", color, words, hint=True) if red else FINE


@DISCOVERY.rule(name="quoted-alike", on=shows("quote", QUOTE, "create", "retrieve"))
def what_has_a_price_is_quoted_at_it(said: Said) -> Iterator[Mark]:
    """Prices of a firm quote, against those that were told just before of the same configuration, in the same context and for the
    same term, if these cannot be subject to further charges (6.2.2 calls that firm).
    """
    if at(said.body, "/quoteLevel") != "firm":
        return
    for where, item in every(said.body, "/quoteItem/*"):
        what, term = _what(said.exchange, item), _term(at(item, "/quoteItemTerm/0"))
        told = said.run.known(_SAID, before=said.exchange).priced.get(what, []) if what and term else []
        for exchange, entry in told:
            if at(entry, "/subjectToAdditionalNonrecurringCharges") is not False or _term(at(entry, "/term")) != term:
                continue
            mine, theirs = _amounts(item, "/quoteItemPrice/*"), _amounts(entry, "/price/*")
            if not _is_soon(said, exchange) or mine is None or theirs is None:
                continue
            words = f"{where} is quoted at {_list(mine)}; exchange {exchange.n} told {_list(theirs)}"
            right = mine == theirs
            yield FINE if right else breach(f"{where}/quoteItemPrice", _list(theirs), _list(mine), words, hint=True)


_Amount = tuple[str, str, str, str]
"""The type of a price, its period, its currency, and its amount without duty."""


def _amounts(holder: Any, pattern: str) -> list[_Amount] | None:
    """What is to be paid, in any order; None where that cannot be read, or nothing is said."""
    found: list[_Amount] = []
    for _, price in every(holder, pattern):
        money, kind = at(price, "/price/dutyFreeAmount"), at(price, "/priceType")
        period, value = at(price, "/recurringChargePeriod"), at(money, "/value")
        if not isinstance(kind, str) or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        found.append((kind, "" if period in (MISSING, None) else str(period), str(at(money, "/unit")), loosely(value)))
    return sorted(found) or None


def _list(amounts: list[_Amount]) -> str:
    return ", ".join(
        " ".join(part for part in (value, unit, kind, period) if part) for kind, period, unit, value in amounts
    )


_MONTHS: Final[Mapping[str, int]] = {"calendarMonths": 1, "calendarYears": 12}


def _term(term: Any) -> tuple[str, Any, str] | None:
    """A term, whatever the units that its contract counts in; None where there is none."""
    amount, units = at(term, "/duration/amount"), at(term, "/duration/units")
    end = at(term, "/endOfTermAction")
    if isinstance(amount, bool) or not isinstance(amount, int) or not isinstance(units, str):
        return None
    if units in _MONTHS:
        return str(end), amount * _MONTHS[units], "months"
    return str(end), amount, "minutes" if units == "calendarMinutes" else units


@DISCOVERY.rule(name="sold-too", on=ANSWERED)
def what_is_available_is_sold(said: Said) -> Iterator[Mark]:
    """Offerings that are told to be available to whoever wants a new product, against what the catalog said of them before."""
    if not is_asked_for(said.asked, "add"):
        return
    for where, offering in every(said.body, f"{EACH}/{_OFFERING}/id"):
        if not isinstance(offering, str):
            continue
        gone = said.run.known(_SAID, before=said.exchange).gone.get(offering)
        life = said.run.life(_OFFERING, offering)
        shown = life.last_before(said.exchange, whole=False) if life else None
        status = at(shown.value, "/lifecycleStatus") if shown else MISSING
        if gone is not None:
            words = f"{offering} is available; exchange {gone.n} told that the catalog has no such offering"
            yield breach(where, "an offering of the catalog", offering, words, hint=True)
        elif isinstance(status, str):
            words = f"{offering} is available; exchange {shown.exchange.n if shown else ''} showed it as {status}"
            yield (
                FINE
                if status in _SOLD
                else breach(where, "an offering that can be ordered", offering, words, hint=True)
            )
