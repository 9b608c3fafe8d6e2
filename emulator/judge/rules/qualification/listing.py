"""Reads and lists (Mplify 87.1, 6.4 and 6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import DATE, LIST, LISTED, RETRIEVE
from emulator.judge.rules.poq.listing import a_cut_list_says_so
from emulator.judge.rules.qualification.book import QUALIFICATION
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at

common.stays(QUALIFICATION, (), KIND)
common.unknown_is_404(QUALIFICATION, (), RETRIEVE, KIND, name="unknown")
common.nothing_found_is_200(QUALIFICATION, "list-of-summaries", LIST)
common.too_many_is_422(QUALIFICATION, "too-many", LIST)
common.no_doubles(QUALIFICATION, (), LIST)
common.pages(QUALIFICATION, (), LIST, name="counts")
common.agrees(QUALIFICATION, (), KIND, "/externalId", "/projectId", f"/{DATE}", "/creationDate")
common.steady(QUALIFICATION, KIND)
_SPANS: Final = {
    f"{member}.{way}": common.Filter(f"/{member}", way) for member in (DATE, "creationDate") for way in ("gt", "lt")
}
_FILTERS: Final = {
    "state": common.Filter("/state", moves=True),
    "externalId": common.Filter("/externalId"),
    "projectId": common.Filter("/projectId"),
    **_SPANS,
}
common.filters(QUALIFICATION, (), LIST, _FILTERS, name="filters")
common.lists_all(QUALIFICATION, (), KIND, _FILTERS)
QUALIFICATION.at_end("MEF87-R47")(a_cut_list_says_so)


common.takes_pages(QUALIFICATION, "pages", LIST)
_SHOWN: Final = ("id", "state", "creationDate", DATE, "externalId", "projectId")


@QUALIFICATION.rule("summary-members", on=LISTED)
def an_entry_shows_what_there_is(said: Said) -> Iterator[Mark]:
    """Each entry of a list shows those of its members that the qualification has."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        for name in _SHOWN:
            known = at(life.request, f"/{name}")
            known = known if given(known) else at(earlier.value if earlier else None, f"/{name}")
            if given(shown.value.get(name)):
                yield FINE
            elif given(known):
                yield breach(
                    f"{shown.place}/{name}",
                    known,
                    shown.value.get(name, MISSING),
                    f"{shown.place} does not show {name}, which the qualification has",
                )
