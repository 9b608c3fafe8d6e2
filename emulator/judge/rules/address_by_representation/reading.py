"""What is told of an address by its id, wherever it is shown (Mplify 121.1, R22 and 6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import ADDRESS
from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, Remark, on_response, responses
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.address_by_representation.book import ADDRESSES, API, CREATE, READ, READ_ADDRESS, found_in
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, every
from emulator.standard.places import ADDRESS_REF
from emulator.standard.representations import FIELDED, FORMATTED, LABELS, POINTS, WAYS, entries, ways

_SHOWING: Final = (CREATE, READ, READ_ADDRESS)
_OK, _NOT_FOUND = 200, 404


def _addresses(exchange: Exchange) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every address that an answer of this API shows as the Seller's own."""
    body = exchange.response.body if exchange.response else MISSING
    if exchange.operation != READ_ADDRESS:
        yield from found_in(body)
    elif isinstance(body, dict):
        yield "", body


def _take_shown(known: set[tuple[str, Any]], _run: Run, exchange: Exchange) -> None:
    if not succeeded(exchange):
        return
    ids: list[Any] = []
    if exchange.api == API and exchange.operation in _SHOWING:
        ids = [value.get("id") for _, value in _addresses(exchange)]
    elif exchange.api == "geographicSite" and exchange.response is not None:
        ids = [
            place.get("id")
            for pattern in ("/place", "/*/place")
            for _, place in every(exchange.response.body, pattern)
            if isinstance(place, dict) and place.get("@type") == ADDRESS_REF
        ]
    known |= {(each, common.parties_of(exchange)) for each in ids if isinstance(each, str)}


_SHOWN: Final[Fold[set[tuple[str, Any]]]] = Fold(set, _take_shown)
"""The ids of addresses that answers have shown, each with the parties for whom."""


def _shown_before(said: Said, identifier: Any) -> bool:
    return (identifier, common.parties_of(said.exchange)) in said.run.known(_SHOWN, before=said.exchange)


@ADDRESSES.rule("MEF121-R20", on=responses(API, READ_ADDRESS, statuses=REFUSED))
def unknown_address_is_404(said: Said) -> Iterator[Mark]:
    """A read by an id that no answer has shown is answered 404."""
    if said.status not in common.TELLS_NOTHING and not _shown_before(said, said.exchange.path_params.get("id")):
        yield hold(
            "",
            said.status == _NOT_FOUND,
            expected=_NOT_FOUND,
            found=said.status,
            message=f"an unknown id was answered {said.status}; expected 404",
        )


@ADDRESSES.rule(name="stays", on=responses(API, READ_ADDRESS, statuses=ANY_STATUS))
def known_address_is_found(said: Said) -> Iterator[Mark]:
    """A read by an id that was given out before. The Seller may forget ids that nothing refers to: only a hint."""
    identifier = said.exchange.path_params.get("id")
    if said.status == _OK:
        yield FINE
    elif said.status == _NOT_FOUND and _shown_before(said, identifier):
        yield breach(
            "", _OK, said.status, f"address {identifier} was given out before and is not found any more", hint=True
        )


common.keeps_id(ADDRESSES, (), ADDRESS)


@ADDRESSES.rule("read-address", on=responses(API, READ_ADDRESS))
def an_address_that_is_read_is_told(said: Said) -> Iterator[Mark]:
    """A representation of the address that is read; the contract sees to the rest."""
    if isinstance(said.body, dict):
        yield (
            FINE
            if ways(said.body)
            else breach("", "a representation", MISSING, "the address has no representation: nothing says where it is")
        )


# Sightings of one address


@dataclass(frozen=True, slots=True)
class _Sighted:
    """An address with an id as an answer shows it, and how answers before showed it."""

    exchange: Exchange
    place: str
    value: Mapping[str, Any]
    before: list[tuple[Exchange, Mapping[str, Any]]]

    def breach(self, member: str, earlier: Exchange, was: Any, now: Any, why: str, *, hint: bool = False) -> Remark:
        place = f"{self.place}/{member}"
        message = f"{place} {why} that of address {self.value['id']} in exchange {earlier.n}"
        return on_response(self.exchange, breach(place, was, now, message, hint=hint))


def _again(run: Run) -> Iterator[_Sighted]:
    """Each sighting of an address that answers have shown before, however it came; the first twenty are compared with."""
    known: dict[tuple[Any, str], list[tuple[Exchange, Mapping[str, Any]]]] = {}
    for exchange in run.of(*_SHOWING, api=API):
        seller = dict(exchange.request.query).get("sellerId")
        for place, value in _addresses(exchange) if succeeded(exchange) else ():
            if isinstance(value.get("id"), str):
                before = known.setdefault((seller, value["id"]), [])
                if before:
                    yield _Sighted(exchange, place, value, list(before))
                if len(before) < 20 and value not in [seen for _, seen in before]:  # noqa: PLR2004
                    before.append((exchange, value))


@ADDRESSES.at_end("address-ids")
def one_id_is_one_address(run: Run) -> Iterator[Remark]:
    """All sightings of an id tell one address: in each way in which two tell it, something can be the same."""
    for seen in _again(run):
        wrong = next(
            (
                (way, earlier, value)
                for earlier, value in seen.before
                for way in WAYS
                if _contradict(way, value, seen.value)
            ),
            None,
        )
        if wrong is None:
            yield on_response(seen.exchange, FINE)
        else:
            way, earlier, value = wrong
            yield seen.breach(way, earlier, value[way], seen.value[way], "contradicts")


def _contradict(way: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether what two sightings say in one way can be compared, and is nowhere the same."""
    pairs = [
        (mine, theirs) for mine in entries(one, way) for theirs in entries(other, way) if _alike(way, mine, theirs)
    ]
    return bool(pairs) and way != FORMATTED and not any(_agree(way, *pair) for pair in pairs)


_SORTS: Final = {FIELDED: "language", FORMATTED: "language", LABELS: "administrativeAuthority", POINTS: "spatialRef"}
"""What tells the entries of a list apart: only entries that have the same of it can be compared."""


def _alike(way: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = (_plain(each.get(_SORTS[way])) for each in (one, other))
    return mine is None or theirs is None or mine == theirs


def _agree(way: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether no member that both entries have is another one; a coordinate may be told more or less exactly."""
    same = _near if way == POINTS else lambda mine, theirs: _plain(mine) == _plain(theirs)
    return all(same(value, other[name]) for name, value in one.items() if name in other and name != _SORTS[way])


def _near(one: Any, other: Any) -> bool:
    try:
        return abs(Decimal(str(one)) - Decimal(str(other))) <= Decimal("0.01")
    except InvalidOperation:
        return _plain(one) == _plain(other) or not isinstance(one, str) or not isinstance(other, str)


def _plain(value: Any) -> Any:
    """A value whose spelling does not count: neither case nor blanks of a text."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


_FLAGS: Final = ("allowsNewSite", "hasPublicSite")


@ADDRESSES.at_end(name="agrees")
def address_is_told_alike(run: Run) -> Iterator[Remark]:
    """All sightings of an id have the same flags, so far as they are known, and the same spelling: hints only. What one
    sighting tells more than another is no difference.
    """
    for seen in _again(run):
        earlier, before = seen.before[-1]
        for flag in _FLAGS:
            was, now = before.get(flag), seen.value.get(flag)
            if (was, now) in (("true", "false"), ("false", "true")):
                yield seen.breach(flag, earlier, was, now, "differs from", hint=True)
            elif was == now and isinstance(now, str):
                yield on_response(seen.exchange, FINE)
        for way in WAYS:
            if _is_respelt(way, before, seen.value):
                yield seen.breach(way, earlier, before[way], seen.value[way], "is spelt otherwise than", hint=True)


def _is_respelt(way: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether an entry is there again, and no entry has its very spelling."""
    for mine in entries(one, way):
        again = [each for each in entries(other, way) if _alike(way, mine, each) and _agree(way, mine, each)]
        if way == FORMATTED and len(entries(one, way)) == len(entries(other, way)) == 1:
            again = [each for each in entries(other, way) if _alike(way, mine, each)]
        same = any(all(each[name] == value for name, value in mine.items() if name in each) for each in again)
        if again and not same and way != POINTS:
            return True
    return False


@ADDRESSES.at_end("all-representations")
def a_read_has_every_way(run: Run) -> Iterator[Remark]:
    """A read of an address tells it in each way in which an earlier answer did: what was shown had been agreed."""
    for seen in _again(run):
        if seen.exchange.operation != READ_ADDRESS:
            continue
        told = [(way, earlier, value) for earlier, value in seen.before for way in ways(value)]
        missing = {way: (earlier, value) for way, earlier, value in reversed(told) if not entries(seen.value, way)}
        for way, (earlier, value) in missing.items():
            yield seen.breach(way, earlier, value[way], seen.value.get(way, MISSING), "is missing; there is")
        if told and not missing:
            yield on_response(seen.exchange, FINE)
