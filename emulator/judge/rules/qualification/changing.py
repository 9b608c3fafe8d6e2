"""New products and changes (Mplify 87.1, 6.3.1.1 and 6.3.1.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.judge.named import PRODUCT
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.poq import asking as poq
from emulator.judge.rules.poq.book import ASK, ITEM, items_of
from emulator.judge.rules.qualification.book import QUALIFICATION
from emulator.judge.run import Said, Shown
from emulator.record.payload import at, every

QUALIFICATION.rule("MEF87-R33", on=ASK)(poq.a_new_product_names_one_of_two)
QUALIFICATION.absent("MEF87-R36", ITEM, "/product/id", on=ASK, where=lambda item: item.get("action") == "add")


def _changes(item: Any) -> bool:
    return bool(at(item, "/action") == "modify")


QUALIFICATION.present("change-members", ITEM, "/product/id", on=ASK, where=_changes)
QUALIFICATION.present(
    ("change-members", "item-members"), ITEM, "/product/productConfiguration", on=ASK, where=_changes, name="configured"
)
QUALIFICATION.present(
    "change-members",
    ITEM,
    "/product/productOffering",
    on=ASK,
    where=_changes,
    name="offering",
    reading=("poq-change-offering", "always"),
)
common.products_are_there(QUALIFICATION, "change-members", "modify", ITEM, on=ASK, name="known")


def _changed(said: Said) -> Iterator[tuple[str, dict[str, Any], Shown]]:
    """Each item (place, value) that changes a product which the inventory showed before."""
    for place, item in items_of(said.body):
        life = said.run.life(PRODUCT, at(item, "/product/id")) if _changes(item) else None
        installed = life.last_before(said.exchange) if life else None
        if installed is not None and isinstance(item.get("product"), dict):
            yield place, item, installed


@QUALIFICATION.rule("change-is-whole", on=ASK)
def a_change_is_whole(said: Said) -> Iterator[Mark]:
    """A change tells the relations that its product cannot be without; by a reading, relations, places and specification are
    those that the inventory showed.
    """
    for place, item, installed in _changed(said):
        sheet, told = common.sheet_of(said, item), f"exchange {installed.exchange.n} showed"
        there = {"product": installed.value}
        lacking = list(common.lacks(sheet, item, "qualificationItemRelationship")) if sheet else []
        hidden = {lack.to for lack in common.lacks(sheet, there, "qualificationItemRelationship")} if sheet else set()
        needed = [lack for lack in lacking if lack.to and lack.to not in hidden]
        for lack in needed:
            yield breach(
                place + lack.place,
                lack.wanted,
                lack.found,
                f"{place} changes an {sheet.title if sheet else ''} and leaves out {lack.words}, which {told}",
            )
        mine, theirs = _state(item["product"]), _state(installed.value)
        other = [name for name in theirs if mine[name] != theirs[name]]
        for name in () if needed else other:
            yield breach(
                f"{place}/product/{name}",
                sorted(theirs[name]),
                sorted(mine[name]),
                f"{place}/product/{name} is not what {told}",
                reading=("poq-change-keeps", "as-installed"),
            )
        if not lacking and not other:
            yield FINE


def _state(product: Mapping[str, Any]) -> dict[str, set[str]]:
    """What a change keeps, as words: the specification, the relations and the roles of places."""
    links = (link for _, link in every(product, "/productRelationship/*") if isinstance(link, dict))
    roles = (role for _, role in every(product, "/place/*/role") if isinstance(role, str))
    named = at(product, "/productSpecification/id")
    return {
        "productSpecification": {named} if isinstance(named, str) else set(),
        "productRelationship": {f"{link.get('relationshipType')} {link.get('id')}" for link in links},
        "place": set(roles),
    }


common.of_one_specification(QUALIFICATION, "same-specification", ITEM, on=ASK)
