"""Answers on prices (MEF W160, 6.2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import ABSENT_VALUES, breach, given
from emulator.judge.rules import common
from emulator.judge.rules.discovery.book import API, DISCOVERY, EACH_TERM, PRICED
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.tables import attribute_table

_FLAG: Final = "/subjectToAdditionalNonrecurringCharges"
_AMOUNTS: Final = f"{EACH_TERM}/price/*"


@DISCOVERY.rule("R32", on=PRICED, name="object")
def a_price_is_an_object(said: Said) -> Iterator[Mark]:
    """Each entry of pricingAndTerms is an object: the contract gives it no type."""
    for where, entry in every(said.body, EACH_TERM):
        yield FINE if isinstance(entry, dict) else breach(where, "object", entry, f"{where} is no object")


DISCOVERY.present("R32", EACH_TERM, "/identifier", "/term", "/term/endOfTermAction", "/price", _FLAG, on=PRICED)
common.prices_read_well(DISCOVERY, f"{EACH_TERM}/price/*", on=PRICED, periods=False)
DISCOVERY.present("R40", _AMOUNTS, "/name", "/priceType", "/price", on=PRICED)


def _ends(*actions: str) -> Any:
    return lambda term: term.get("endOfTermAction") in actions


def _at_once(entry: Mapping[str, Any]) -> bool:
    """Whether the interval is less than a second: it is counted in whole units, of which none is shorter."""
    amount = at(entry, "/installationInterval/amount")
    return not isinstance(amount, bool) and amount == 0


DISCOVERY.one_of("R35", EACH_TERM, _FLAG, (False,), on=PRICED, where=_at_once)
DISCOVERY.present("R36", f"{EACH_TERM}/term", "/rollInterval", on=PRICED, where=_ends("roll"))
DISCOVERY.absent("R37", f"{EACH_TERM}/term", "/rollInterval", on=PRICED, where=_ends("autoDisconnect", "autoRenew"))


def _only_if(label: str, attribute: str) -> None:
    """A member that only some types of price have, by Table 4. That those have it is said there and in a description."""

    def look(said: Said) -> Iterator[Mark]:
        table = attribute_table(said.run.release.tables[API], "price-types")
        cells = table.rows[attribute]
        for where, amount in every(said.body, table.holder):
            kind, found = at(amount, table.by), at(amount, attribute)
            if not isinstance(kind, str) or kind not in cells:
                continue
            if cells[kind] != "R":
                words = f"{where} is {kind} and has {attribute[1:]} ({table.number})"
                yield FINE if found in ABSENT_VALUES else breach(where + attribute, MISSING, found, words)

    def needed(said: Said) -> Iterator[Mark]:
        table = attribute_table(said.run.release.tables[API], "price-types")
        for where, amount in every(said.body, table.holder):
            kind, found = at(amount, table.by), at(amount, attribute)
            if table.rows[attribute].get(str(kind)) != "R":
                continue
            words = f"{where} is {kind} and has no {attribute[1:]} ({table.number})"
            if given(found):
                yield FINE
            elif attribute == "/recurringChargePeriod" and said.run.reads_as("discovery-period", "needed"):
                yield breach(where + attribute, "a value", found, words, reading=("discovery-period", "needed"))
            else:
                yield breach(where + attribute, "a value", found, words, hint=True)

    DISCOVERY.add(label, look, on=PRICED, about=f"{attribute} of {_AMOUNTS}, by priceType")
    DISCOVERY.add(label, needed, on=PRICED, about=f"{attribute} where Table 4 has it", name="there")


_only_if("R41", "/recurringChargePeriod")
_only_if("R42", "/unitOfMeasure")
