"""What a seller offers for one quote item: prices, term and installation interval (MEF 115, 6.2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.parties.offering import Offering
from emulator.standard.spans import about

_NO_TERM: Final = {
    "name": "No commitment",
    "duration": {"amount": 1, "units": "calendarMonths"},
    "endOfTermAction": "autoDisconnect",
}
_SOON: Final = {"amount": 10, "units": "businessDays"}


@dataclass(frozen=True, slots=True)
class Offer:
    """The seller's answer for one item; `alternate` where it is not what the buyer asked for."""

    term: dict[str, Any]
    installation: dict[str, Any]
    prices: list[dict[str, Any]]
    feasibility_check: bool
    alternate: bool

    @property
    def state(self) -> str:
        return "approved.orderableAlternate" if self.alternate else "approved.orderable"


def make_offer(offering: Offering | None, item: Mapping[str, Any], *, longer: bool = False) -> Offer:
    """What the offering gives for the item; `longer` makes it an alternate by a longer installation.

    The term is the one that comes closest to the buyer's (R40); another length than asked for makes the
    item an alternate (R41 and the text of orderableAlternate).
    """
    asked = item.get("requestedQuoteItemTerm")
    terms = offering.terms if offering else (_NO_TERM,)
    term = dict(terms[0])
    if asked is not None:
        term = dict(min(terms, key=lambda offered: _distance(offered, asked)))
    installation = offering.installation.as_json() if offering else dict(_SOON)
    wanted = item.get("requestedQuoteItemInstallationInterval")
    if longer:
        # More than the buyer asked for, in the buyer's own unit, and more than usual.
        base: Mapping[str, Any] = installation
        if wanted is not None and about(wanted) > about(installation):
            base = wanted
        installation = {"amount": max(1, min(base["amount"], 10**6)) * 2, "units": base["units"]}
    alternate = (
        longer
        or (asked is not None and about(term["duration"]) != about(asked["duration"]))
        or (wanted is not None and about(installation) > about(wanted))
    )
    prices = prices_of(offering, str(item["action"]))
    return Offer(term, installation, prices, bool(offering and offering.feasibility_check), alternate)


def prices_of(offering: Offering | None, action: str) -> list[dict[str, Any]]:
    """What is to be paid for an action, in whatever message it is said; that it is nothing has to be said too (MEF 115, Table 6)."""
    return list(offering.prices_for(action) if offering else ()) or [_free(offering)]


def _distance(offered: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[float, bool]:
    apart = abs(about(offered["duration"]) - about(asked["duration"]))
    return apart, offered["endOfTermAction"] != asked["endOfTermAction"]


def _free(offering: Offering | None) -> dict[str, Any]:
    """A price of nothing."""
    unit = offering.currency if offering else "USD"
    nothing = {"unit": unit, "value": 0.0}
    return {
        "name": "Free of charge",
        "priceType": "nonRecurring",
        "price": {"taxRate": 0.0, "dutyFreeAmount": nothing, "taxIncludedAmount": dict(nothing)},
    }
