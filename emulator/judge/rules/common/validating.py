"""Addresses that were validated before they are asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.rule import FINE, Mark, On
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import at, dump
from emulator.standard.places import ADDRESS_REF, placing

_VALIDATION: Final = "geographicAddressValidation"


@dataclass(slots=True)
class _Validated:
    """The ids of addresses that matched, by what was asked for, and all of them."""

    by_query: dict[bytes, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def take(self, run: Run, exchange: Exchange) -> None:
        """Take in the next exchange."""
        by = run.shown_by(exchange)
        if by is None or by[0].name != _VALIDATION or exchange.response is None or not succeeded(exchange):
            return
        body = exchange.response.body  # one that was answered at once need not have an id
        found, asked = at(body, "/bestMatchGeographicAddress/id"), at(body, "/submittedGeographicAddress")
        if isinstance(found, str) and isinstance(asked, dict):
            self.by_query[_told(asked)] = found
            self.ids.add(found)


_VALIDATED: Final = Fold(_Validated, _Validated.take)


def _told(address: Mapping[str, Any]) -> bytes:
    """The representations of an address, whatever the order of members and without the word for its type."""
    return dump({name: address[name] for name in sorted(address) if name != "@type"})


def validated_by_id(book: Rulebook, labels: Labels, places: str, *, on: On, name: str = "") -> None:
    """A place that was spelled out to be validated, and matched, is named by the id that it got, and not spelled out again."""

    def look(said: Said) -> Iterator[Mark]:
        known = said.run.known(_VALIDATED, before=said.exchange)
        for spot in placing(said.run.release, book.api).spots(said.body, places):
            if spot.by_value and (identifier := known.by_query.get(_told(spot.place))):
                yield breach(
                    spot.inner,
                    {"@type": ADDRESS_REF, "id": identifier},
                    dict(spot.place),
                    f"{spot.inner} is spelled out, and was validated before as {identifier}",
                )
            elif spot.type == ADDRESS_REF and spot.id in known.ids:
                yield FINE

    book.add(labels, look, on=on, about=f"{places} against addresses that were validated before", name=name)
