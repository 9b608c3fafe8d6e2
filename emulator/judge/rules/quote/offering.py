"""What the seller offers: terms, intervals and prices, and that an offer stands (MEF 115, 6.2.5 and 7.2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import QUOTE as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.quote.book import ASKED, FAILED, OFFERED, ORDERABLE, QUOTE, READ, SHOWN, items_of
from emulator.judge.run import Said
from emulator.judge.times import CLOCKS
from emulator.record.payload import MISSING, as_json, at, every
from emulator.standard.spans import MOST, compare

_TERMS: Final = "/quoteItem/*/quoteItemTerm/*"

QUOTE.present("R37", _TERMS, "/rollInterval", on=SHOWN, where=lambda term: term.get("endOfTermAction") == "roll")
QUOTE.absent(
    "R38",
    _TERMS,
    "/rollInterval",
    on=SHOWN,
    where=lambda term: term.get("endOfTermAction") in ("autoRenew", "autoDisconnect"),
)


@QUOTE.rule("R41", on=SHOWN)
def another_term_is_an_alternate(said: Said) -> Iterator[Mark]:
    """The state of items whose term is not as long as was asked for."""
    for shown in said.shown:
        if shown.value.get("state") not in ORDERABLE:
            continue
        for place, item in items_of(shown.value):
            longer = compare(at(item, "/quoteItemTerm/0/duration"), at(item, "/requestedQuoteItemTerm/duration"))
            if not longer:
                continue
            found, here = item.get("state"), f"{shown.place}{place}/state"
            word, reading = ("longer", "longer") if longer > 0 else ("shorter", "shorter")
            if found == "approved.orderableAlternate":
                yield FINE
            elif found == "approved.orderable":
                yield breach(here, "approved.orderableAlternate", found,
                             f"{here} is {as_json(found)}, and the item's term is {word} than was asked for",
                             reading=("quote-alternate-term", reading))  # fmt: skip


@QUOTE.rule(on=SHOWN, name="installation")
def a_longer_installation_is_an_alternate(said: Said) -> Iterator[Mark]:
    """The state of items that take longer to install than was asked for."""
    for shown in said.shown:
        if shown.value.get("state") not in ORDERABLE:
            continue
        for place, item in items_of(shown.value):
            longer = compare(
                item.get("quoteItemInstallationInterval"), item.get("requestedQuoteItemInstallationInterval")
            )
            if longer is None:
                continue
            found, here = item.get("state"), f"{shown.place}{place}/state"
            if longer > 0 and found == "approved.orderable":
                yield breach(here, "approved.orderableAlternate", found,
                             f"{here} is {as_json(found)}, and the item takes longer to install than was asked for", hint=True)  # fmt: skip
            else:
                yield FINE


def prices_have_what_their_type_needs(said: Said) -> Iterator[Mark]:
    """Each price against Table 11: the amount, a period where it recurs, a unit where it is paid by use."""
    for place, price in every(said.body, "/quoteItem/*/quoteItemPrice/*"):
        kind = at(price, "/priceType")
        if kind in (MISSING, None) and isinstance(price, dict):
            yield breach(f"{place}/priceType", "a value", kind, f"{place}/priceType is missing: nobody can tell how often "
                                                                "it is paid", hint=True)  # fmt: skip
        needed = ["/price"] if isinstance(kind, str) else []
        needed += {"recurring": ["/recurringChargePeriod"], "usageBased": ["/unitOfMeasure"]}.get(str(kind), [])
        for member in needed:
            found = at(price, member)
            yield hold(place + member, given(found), expected="a value", found=found,
                       message=f"{place}{member} is missing from a price of type {kind} (Table 11)")  # fmt: skip


_BY_TYPE: Final = "Mplify115.1-price-by-type"
with QUOTE.unless(_BY_TYPE):
    QUOTE.rule(on=SHOWN, name="price")(prices_have_what_their_type_needs)
QUOTE.present(
    "Mplify115.1-price-members",
    "/quoteItem/*/quoteItemPrice/*",
    "/name",
    "/priceType",
    "/price/dutyFreeAmount",
    on=SHOWN,
)
common.required_by_table(
    QUOTE, _BY_TYPE, "item-price", on=SHOWN, spared=lambda _said, attribute, *_: attribute == "/price/dutyFreeAmount"
)


@QUOTE.rule(on=SHOWN, name="twice")
def no_price_stands_twice(said: Said) -> Iterator[Mark]:
    """The prices of each item: no two that are alike in everything."""
    for place, prices in every(said.body, "/quoteItem/*/quoteItemPrice"):
        for index, price in enumerate(prices if isinstance(prices, list) else ()):
            if price in prices[:index]:
                yield breach(f"{place}/{index}", MISSING, price, f"{place}/{index} is there a second time", hint=True)
            else:
                yield FINE


@QUOTE.rule(on=SHOWN, name="amount")
def amounts_agree(said: Said) -> Iterator[Mark]:
    """Each price: an amount with its currency, and the same with tax."""
    for place, price in every(said.body, "/quoteItem/*/quoteItemPrice/*/price"):
        net, gross = at(price, "/dutyFreeAmount"), at(price, "/taxIncludedAmount")
        if not isinstance(net, dict):
            continue
        for member in ("value", "unit"):
            if given(net.get(member)):
                yield FINE
            else:
                here = f"{place}/dutyFreeAmount/{member}"
                yield breach(
                    here, "a value", net.get(member), f"{here} is missing: nobody can tell what it costs", hint=True
                )
        if (
            isinstance(gross, dict)
            and given(gross.get("unit"))
            and given(net.get("unit"))
            and gross["unit"] != net["unit"]
        ):
            yield breach(f"{place}/taxIncludedAmount/unit", net["unit"], gross["unit"], hint=True)
        plain, taxed, rate = (
            _number(at(price, p)) for p in ("/dutyFreeAmount/value", "/taxIncludedAmount/value", "/taxRate")
        )
        if plain is not None and taxed is not None and rate is not None:
            wanted = plain * (1 + rate / 100)
            # Amounts are rounded, where a currency has no cents to whole ones.
            if abs(taxed - wanted) <= max(0.02, min(0.5, abs(wanted) * 0.05)) + abs(wanted) * 1e-6:
                yield FINE
            else:
                yield breach(f"{place}/taxIncludedAmount/value", round(wanted, 2), taxed,
                             f"{place}/taxIncludedAmount is {taxed}: {plain} and {rate} % tax are {wanted:.2f}", hint=True)  # fmt: skip


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST:
        return None
    return float(value)


common.prices_read_well(QUOTE, "/quoteItem/*/quoteItemPrice/*", on=SHOWN)
with QUOTE.unless("Mplify115.1-offered-interval"):  # the contract of that guide has no duration below zero
    common.lasts(
        QUOTE, "/quoteItem/*/quoteItemInstallationInterval", f"{_TERMS}/duration", f"{_TERMS}/rollInterval", on=SHOWN
    )
    common.lasts(
        QUOTE,
        "/quoteItem/*/requestedQuoteItemTerm/duration",
        "/quoteItem/*/requestedQuoteItemInstallationInterval",
        on=ASKED,
        name="durations-asked",
    )
common.begins(QUOTE, KIND, "/quoteDate")
common.no_twins(QUOTE, (), KIND, "/note", name="notes-twice")
common.well_without_errors(QUOTE, "/quoteItem/*", "inProgress", "answered", *ORDERABLE, on=SHOWN, failed=FAILED)
common.links_to_itself(QUOTE, KIND)


@QUOTE.rule(on=SHOWN, name="priceless")
def what_is_not_to_be_had_has_no_price(said: Said) -> Iterator[Mark]:
    """Items that cannot be provided, or were rejected, have no price."""
    for shown in said.shown:
        for place, item in items_of(shown.value):
            if item.get("state") in FAILED:
                found, here = item.get("quoteItemPrice"), f"{shown.place}{place}/quoteItemPrice"
                yield FINE if not given(found) else breach(
                    here, MISSING, found, f"{here} is given, and the item is {item['state']}", hint=True)  # fmt: skip


# An offer stands

_OF_OFFER: Final = ("/validFor/endDateTime", "/quoteLevel", "/effectiveQuoteCompletionDate")
_OF_ITEM: Final = ("/quoteItemPrice", "/quoteItemTerm", "/quoteItemInstallationInterval", "/subjectToFeasibilityCheck")
_STANDING: Final = (*OFFERED, "accepted", "declined", "expired")

common.keeps(QUOTE, (), "", "/quoteDate", on=READ, name="date")


@QUOTE.rule(on=READ, name="offer")
def an_offer_stands(said: Said) -> Iterator[Mark]:
    """Prices, terms, intervals, level and dates of a quote against those that it was offered with.

    Prices of a budgetary quote are subject to change: another one there is worth a warning.
    """
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None or shown.value.get("state") not in _STANDING or earlier.value.get("state") not in OFFERED:
            continue
        loose = earlier.value.get("state") == "answered"
        yield from _changes(shown.place, shown.value, earlier.value, _OF_OFFER, earlier.exchange.n, hint=False)
        for place, item, before in common.paired(shown, earlier, "/quoteItem/*"):
            yield from _changes(shown.place + place, item, before, _OF_ITEM, earlier.exchange.n, hint=loose)


def _changes(
    place: str, value: Mapping[str, Any], before: Mapping[str, Any], members: tuple[str, ...], n: int, *, hint: bool
) -> Iterator[Mark]:
    for member in members:
        old, new = at(before, member), at(value, member)
        if not given(old) or not given(new):
            continue  # what has to be there, the tables say
        if all(mark is FINE for mark in common.echo_marks(old, new, "")):
            yield FINE
        else:
            yield breach(
                place + member, old, new, f"{place + member} differs from the offer in exchange {n}", hint=hint
            )


@QUOTE.rule(on=SHOWN, name="validity")
def an_offer_has_an_end(said: Said) -> Iterator[Mark]:
    """Where there is a validFor, it has an end, and nothing else is used of it."""
    for shown in said.shown:
        period, here = shown.value.get("validFor"), f"{shown.place}/validFor"
        if isinstance(period, dict):
            yield hold(f"{here}/endDateTime", given(period.get("endDateTime")), expected="a value",
                       found=at(period, "/endDateTime"), message=f"{here} has no endDateTime")  # fmt: skip
            if given(period.get("startDateTime")):
                yield breach(f"{here}/startDateTime", MISSING, period["startDateTime"], hint=True)
            end = common.moment(period.get("endDateTime"))
            if end is not None and shown.value.get("state") in ORDERABLE:
                begun = common.moment(shown.value.get("effectiveQuoteCompletionDate") or shown.value.get("quoteDate"))
                if begun is not None and begun > end:
                    continue  # of the order of dates there is a rule of its own
                over = said.exchange.at - end > said.run.spread(CLOCKS)
                yield FINE if not over else breach(
                    f"{here}/endDateTime", "a moment to come", period["endDateTime"],
                    f"the quote is {shown.value['state']}, and was valid until {period['endDateTime']}", hint=True)  # fmt: skip


@QUOTE.rule(on=SHOWN, name="dates")
def dates_follow_one_another(said: Said) -> Iterator[Mark]:
    """A quote is asked for, complete and then no longer valid, in this order; what has happened is not in the future."""
    now, skew = said.exchange.at, said.run.spread(CLOCKS)
    for shown in said.shown:
        begun, done = (
            common.moment(at(shown.value, member)) for member in ("/quoteDate", "/effectiveQuoteCompletionDate")
        )
        past = ["/quoteDate", "/effectiveQuoteCompletionDate"]
        past += [f"{place}/changeDate" for place, _ in every(shown.value, "/stateChange/*")]
        for member, first, last in (
            ("/validFor/endDateTime", done or begun, None),
            ("/expectedQuoteCompletionDate", begun, None),
            *((member, begun, now) for member in past),
        ):
            moment, here = common.moment(at(shown.value, member)), shown.place + member
            if moment is None:
                continue
            if first is not None and first - moment > skew:
                yield breach(here, f"{first.isoformat()} or later", at(shown.value, member),
                             f"{here} is before the quote was {'complete' if first is done else 'asked for'}", hint=True)  # fmt: skip
            elif last is not None and moment - last > skew:
                yield breach(here, f"{last.isoformat()} or earlier", at(shown.value, member),
                             f"{here} is in the future", hint=True)  # fmt: skip
            else:
                yield FINE
