"""What is known of the specification that a question is about: of its places and relations, from the catalog or its document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import PRODUCT
from emulator.judge.rules.discovery.book import API, AVAILABILITY, EACH, is_asked_for
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, every
from emulator.standard.product import SPEC, ProductSheet

SPECIFICATION: Final = "productSpecification"
"""The kind of resource that a catalog has."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a product needs around it. `roles` are those of its places, `relations` the words for its relations, each with
    whether it must be there; None where that is not known. `fits` says whether a relation is called by a word. `placeless`: its
    document says of another question that it has no place.
    """

    title: str
    roles: Mapping[str, bool] | None
    relations: Mapping[str, bool] | None
    fits: Callable[[str, Any], bool]
    placeless: bool = False


def demands_of_request(said: Said) -> Demands | None:
    """What the specification that a question names demands; None where nothing is known of it."""
    named = at(said.body, f"/{SPECIFICATION}/id")
    return _demands(said, named) if isinstance(named, str) else None


def demands_of_identifier(said: Said) -> Demands | None:
    """What the specification of the configuration that a question names demands."""
    identifier = at(said.asked, "/productConfigurationIdentifier")
    known = said.run.known(_SPECIFIED, before=said.exchange)
    named = known.of_identifier.get(identifier) if isinstance(identifier, str) else None
    return _demands(said, named[0], named[1]) if named else None


def _demands(said: Said, named: str | None, urn: str = "") -> Demands | None:
    """By the catalog, where the specification was read there; else by the document of the product."""
    life = said.run.life(SPECIFICATION, named)
    shown = life.last_before(said.exchange) if life else None
    if shown is not None:
        return _by_catalog(shown.value)
    sheets = said.run.release.products.sheets
    if named is not None and named.lower().startswith(SPEC):
        urn = named
    families = said.run.known(_SPECIFIED, before=said.exchange).families.get(named or "", set())
    if not urn and len(families) == 1:
        (urn,) = families
    sheet = sheets.of(urn) if urn else None
    return _by_document(sheet) if sheet else None


def _by_catalog(value: Mapping[str, Any]) -> Demands:
    roles = _least(value, "placeRelationship", "relationshipRole")
    relations = _least(value, "productRelationship", "relationshipType")
    return Demands(str(value.get("name", "product")), roles, relations, _is_called)


def _least(value: Mapping[str, Any], member: str, word: str) -> dict[str, bool] | None:
    """By its word, whether there has to be one of each; None where nothing is said, or what is said cannot be read.

    An empty list says nothing: R12 and R13 speak of requirements of the specification "if any".
    """
    if not isinstance(value.get(member), list) or not value[member]:
        return None
    found: dict[str, bool] = {}
    for _, entry in every(value, f"/{member}/*"):
        name, least = at(entry, f"/{word}"), at(entry, "/minCardinality")
        if not isinstance(name, str) or isinstance(least, bool) or not isinstance(least, int):
            return None
        found[name] = found.get(name, False) or least > 0
    return found


def _by_document(sheet: ProductSheet) -> Demands:
    def fits(to: str, kind: Any) -> bool:
        relation = sheet.relation(to)
        return relation is not None and relation.is_named(kind)

    roles = {sheet.place.role: True} if sheet.place.role else None
    relations = {each.to: True for each in sheet.relations} or None
    return Demands(sheet.title, roles, relations, fits, placeless=bool(sheet.place.never) and roles is None)


def _is_called(word: str, kind: Any) -> bool:
    """Whether two words name one relation: CONNECTS_TO_UNI is UNI_REFERENCE."""
    return isinstance(kind, str) and _bare(word) == _bare(kind)


def _bare(word: str) -> str:
    return word.upper().removeprefix("CONNECTS_TO_").removesuffix("_REFERENCE")


@dataclass
class _Specified:
    """Which product each specification was shown to be, and of which specification and product each identifier is."""

    families: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    of_identifier: dict[str, tuple[str | None, str]] = field(default_factory=dict)

    def take(self, run: Run, exchange: Exchange) -> None:
        """What an answer on availability shows, and products in inventory."""
        for shown, life in run.lived(exchange):
            if life.kind.name == PRODUCT:
                self._learn(at(shown.value, f"/{SPECIFICATION}/id"), at(shown.value, "/productConfiguration/@type"))
        if (exchange.api, exchange.operation) != (API, AVAILABILITY) or exchange.response is None:
            return
        if exchange.n in run.spoilt or not succeeded(exchange):
            return
        asked = exchange.request.body
        named = at(asked, f"/{SPECIFICATION}/id") if is_asked_for(asked, "add") else None
        for _, entry in every(exchange.response.body, EACH):
            urn, identifier = at(entry, "/productConfiguration/@type"), at(entry, "/productConfigurationIdentifier")
            self._learn(named, urn)
            if isinstance(identifier, str) and isinstance(urn, str):
                self.of_identifier[identifier] = (named if isinstance(named, str) else None, urn)

    def _learn(self, named: Any, urn: Any) -> None:
        if isinstance(named, str) and isinstance(urn, str):
            self.families[named].add(urn)


_SPECIFIED: Final = Fold(_Specified, _Specified.take)
