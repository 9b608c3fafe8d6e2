"""Where a quote is asked for, and how soon (Mplify 115.1, 6.1.5 and 6.2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.named import POQ
from emulator.judge.rule import Mark
from emulator.judge.rulebook import given, hold
from emulator.judge.rules import common
from emulator.judge.rules.common.values import first_named
from emulator.judge.rules.quote.book import ASKED, QUOTE, items_of
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at
from emulator.standard.spans import compare

_PLACES: Final = "/quoteItem/*/product/place/*"

QUOTE.present("Mplify115.1-place-members", _PLACES, "/place", "/role", on=ASKED)
common.validated_by_id(QUOTE, "Mplify115.1-validated-by-id", _PLACES, on=ASKED)
common.exact_sites(QUOTE, "Mplify115.1-site-without-sub-units", _PLACES, on=ASKED)


@QUOTE.rule("Mplify115.1-interval-as-qualified", on=ASKED)
def an_interval_is_no_shorter_than_qualified(said: Said) -> Iterator[Mark]:
    """The interval that is asked for, against the one of the qualified item or its alternate, as it was shown last."""
    items = said.run.kinds.kind(POQ).items_at
    for place, item in items_of(said.body):
        reference = item.get("productOfferingQualificationItem")
        life = said.run.life(POQ, at(reference, "/productOfferingQualificationId"))
        last = life.last_before(said.exchange) if life else None
        found = first_named(last.value, f"{items}/*", at(reference, "/id")) if last else None
        proposal = at(reference, "/alternateProductOfferingProposalId")
        if found is not None and given(proposal):
            found = first_named(found, "/alternateProductOfferingProposal/*", proposal)
        qualified = at(found, "/installationInterval")
        asked = item.get("requestedQuoteItemInstallationInterval", MISSING)
        order = compare(asked, qualified)
        if order is not None:
            here = f"{place}/requestedQuoteItemInstallationInterval"
            yield hold(
                here,
                order >= 0,
                expected=qualified,
                found=asked,
                message=f"{here} is shorter than the interval that was qualified",
            )
