"""Which offering is found, and what could be had instead (Mplify 87.1, 6.3.2 and 6.3.2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import POQ as KIND
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.common.changed import SPECIFIED
from emulator.judge.rules.poq.book import ITEM, SHOWN, items_of
from emulator.judge.rules.qualification.book import DONE, QUALIFICATION, asked, by_specification, items_asked
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every

PROPOSAL: Final = "alternateProductOfferingProposal"
_PROPOSALS: Final = f"{ITEM}/{PROPOSAL}/*"
_SURE: Final = {"green": 2, "yellow": 1, "red": 0}


@QUALIFICATION.rule("answers-that-specification", on=SHOWN)
def the_offering_is_of_the_specification(said: Said) -> Iterator[Mark]:
    """What was asked for by its specification is answered by an offering of that one, where the Seller showed which it is of."""
    for place, item, sent in items_asked(said):
        offering = at(item, "/product/productOffering/id")
        if by_specification(sent) and isinstance(offering, str):
            found, wanted = said.run.known(SPECIFIED).get(offering), at(sent, "/product/productSpecification/id")
            if found is not None:
                yield hold(
                    f"{place}/product/productOffering/id",
                    found == wanted,
                    expected=f"an offering of {wanted}",
                    found=offering,
                    message=f"{offering} is of {found}; {wanted} was asked for",
                )


@QUALIFICATION.rule("best-offering", on=SHOWN)
def the_offering_is_the_surest(said: Said) -> Iterator[Mark]:
    """What was asked for by its specification is answered by an offering that no alternative of the same configuration is surer
    than; a hint where nobody knows whether that is of the same specification.
    """
    for place, item, sent in items_asked(said):
        sure = _SURE.get(str(item.get("serviceabilityConfidence")))
        if not by_specification(sent) or item.get("state") != DONE or sure is None:
            continue
        known, wanted = said.run.known(SPECIFIED), at(sent, "/product/productSpecification/id")
        better = False
        for where, other in every(item, f"/{PROPOSAL}/*"):
            found = at(other, "/serviceabilityConfidence")
            specified = known.get(str(at(other, "/alternateProduct/productOffering/id")))
            alike = at(other, "/alternateProduct/productConfiguration") == at(sent, "/product/productConfiguration")
            if alike and specified in (None, wanted) and _SURE.get(str(found), 0) > sure:
                better = True
                yield breach(
                    f"{place}{where}/serviceabilityConfidence",
                    item["serviceabilityConfidence"],
                    found,
                    f"{place} is answered {item['serviceabilityConfidence']}, and an alternative of the same product is {found}",
                    hint=specified is None,
                )
        if not better:
            yield FINE


@QUALIFICATION.rule("alternates-where-wanted", on=SHOWN)
def alternatives_are_asked_for(said: Said) -> Iterator[Mark]:
    """Alternatives to an offering or a change come where the Buyer wants some, of items that are done, and yellow or red."""
    wanted = at(asked(said), "/provideAlternative")
    for place, item, sent in items_asked(said):
        found = item.get(PROPOSAL, MISSING)
        if not given(found) or by_specification(sent):
            continue
        if wanted is True and item.get("state") == DONE and item.get("serviceabilityConfidence") in ("yellow", "red"):
            yield FINE
        else:
            why = "the Buyer asked for none" if wanted is not True else f"it is {_how(item)}"
            yield breach(f"{place}/{PROPOSAL}", MISSING, found, f"{place} proposes alternatives, and {why}")


def _how(item: dict[str, Any]) -> Any:
    return item.get("serviceabilityConfidence", item.get("state")) if item.get("state") == DONE else item.get("state")


def _take(known: set[str], run: Run, exchange: Exchange) -> None:
    for shown, life in run.lived(exchange):
        if life.kind.name == KIND and any(isinstance(item.get(PROPOSAL), list) for _, item in items_of(shown.value)):
            known.add(PROPOSAL)


_PROPOSING: Final[Fold[set[str]]] = Fold(set, _take)
"""Whether the Seller has shown any list of alternatives."""


@QUALIFICATION.rule("no-alternates-is-an-empty-list", on=SHOWN)
def no_alternative_is_an_empty_list(said: Said) -> Iterator[Mark]:
    """Where the Buyer wants alternatives to an offering or a change, the list of an item that is done, and yellow or red, is there: a
    hint where nothing says that the Seller proposes any.
    """
    if at(asked(said), "/provideAlternative") is not True:
        return
    option = said.run.release.labels.told("Mplify87.1-alternates-where-wanted") or ""
    proposes = said.run.declared.options.get(option) is True or bool(said.run.known(_PROPOSING))
    for place, item, sent in items_asked(said):
        if by_specification(sent) or item.get("state") != DONE:
            continue
        if item.get("serviceabilityConfidence") in ("yellow", "red"):
            found = item.get(PROPOSAL, MISSING)
            if isinstance(found, list):
                yield FINE
            else:
                yield breach(
                    f"{place}/{PROPOSAL}",
                    [],
                    found,
                    f"{place} has no list of alternatives, which were asked for",
                    hint=not proposes,
                )


QUALIFICATION.present(
    "alternate-members",
    _PROPOSALS,
    "/id",
    "/serviceabilityConfidence",
    "/installationInterval",
    "/alternateProduct",
    "/deliveryType",
    on=SHOWN,
)
QUALIFICATION.present("alternate-guarantee", _PROPOSALS, "/guaranteedUntilDate", on=SHOWN)


@QUALIFICATION.rule("alternate-ids", on=SHOWN)
def alternatives_are_told_apart(said: Said) -> Iterator[Mark]:
    """No two alternatives of an item have the same id."""
    for place, item in items_of(said.body):
        seen: set[str] = set()
        for where, found in every(item, f"/{PROPOSAL}/*/id"):
            if isinstance(found, str):
                yield hold(
                    place + where,
                    found not in seen,
                    expected="an id of its own",
                    found=found,
                    message=f"{place}{where} is that of another alternative",
                )
                seen.add(found)
