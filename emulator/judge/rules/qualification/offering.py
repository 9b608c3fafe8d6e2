"""Which offering is found, and what could be had instead (Mplify 87.1, 6.3.2 and 6.3.2.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules.poq.book import ITEM, SHOWN, items_of
from emulator.judge.rules.qualification.book import DONE, QUALIFICATION, asked, by_specification, items_asked
from emulator.judge.rules.qualification.changing import SPECIFIED
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every
from emulator.standard.product import product_name

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
    """What was asked for by its specification is answered by an offering that no alternative of the same product is surer than."""
    for place, item, sent in items_asked(said):
        sure = _SURE.get(str(item.get("serviceabilityConfidence")))
        if not by_specification(sent) or item.get("state") != DONE or sure is None:
            continue
        family = _family(sent, "/product")
        better = [
            (where, other)
            for where, other in every(item, f"/{PROPOSAL}/*")
            if _family(other, "/alternateProduct") == family
            and _SURE.get(str(at(other, "/serviceabilityConfidence")), 0) > sure
        ]
        for where, other in better:
            yield breach(
                f"{place}{where}/serviceabilityConfidence",
                item["serviceabilityConfidence"],
                at(other, "/serviceabilityConfidence"),
                f"{place} is answered {item['serviceabilityConfidence']}, and an alternative of the same product "
                f"is {at(other, '/serviceabilityConfidence')}",
            )
        if not better:
            yield FINE


def _family(value: Any, product: str) -> str:
    return str(product_name(at(value, f"{product}/productConfiguration/@type")).lower())


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


@QUALIFICATION.rule("no-alternates-is-an-empty-list", on=SHOWN)
def no_alternative_is_an_empty_list(said: Said) -> Iterator[Mark]:
    """Where the Buyer wants alternatives, the list of an item that is done, and yellow or red, is there."""
    if at(asked(said), "/provideAlternative") is not True:
        return
    for place, item in items_of(said.body):
        if item.get("state") == DONE and item.get("serviceabilityConfidence") in ("yellow", "red"):
            found = item.get(PROPOSAL, MISSING)
            yield hold(
                f"{place}/{PROPOSAL}",
                isinstance(found, list),
                expected=[],
                found=found,
                message=f"{place} has no list of alternatives, which were asked for",
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
