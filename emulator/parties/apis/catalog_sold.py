"""What a catalog means for who orders by it: which offerings there are for a buyer, and what binds a configuration (MEF W142)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

from emulator.parties.apis import Context
from emulator.parties.apis.catalog_schemas import Binding, drop_value, put_value, value_of
from emulator.parties.effects import Effect
from emulator.parties.offering import Offering
from emulator.record.call import ErrorCode, Issue
from emulator.record.payload import MISSING, copied, pointer
from emulator.standard.explain import breaches_of

Function = Literal["poq", "quote", "productOrder", "productInventory"]
_CONFIGURATION: Final = "productConfiguration"
_TYPE: Final = "@type"
_HOW_LONG: Final[Mapping[str, tuple[str, ...]]] = {
    "add": ("inTest", "orderable"),
    "modify": ("inTest", "announced", "orderable", "onHold", "endOfSale"),
    "delete": ("inTest", "rejected", "announced", "orderable", "onHold", "endOfSale", "endOfSupport"),
}
"""By action, the statuses in which an order of an offering is taken (W142 table 8)."""
_DONE: Final = {"add": "ordered", "modify": "changed", "delete": "given back"}


class Sold(Protocol):
    """What the catalog says to other APIs."""

    def offering(self, run: str, identifier: str) -> Offering | None:
        """An offering that the buyer of a run may know of, also a version that a hand has made; None where there is none."""

    def every(self, run: str) -> Sequence[str]:
        """The ids of all offerings that there are in a run, also of those that a hand has made."""

    def origin(self, run: str, identifier: str) -> str:
        """The offering of the profile of which an offering is a version: itself, where a hand has not made it."""

    def status(self, run: str, identifier: str) -> str:
        """Its lifecycleStatus; "" where there is none."""

    def binding(self, run: str, identifier: str, function: Function, action: str) -> Binding | None:
        """What its contextual schema binds; None where it has none."""


SOLD: Final[Effect[Sold]] = Effect("offerings that a catalog has")


def sold(context: Context, run: str, identifier: str) -> Offering | None:
    """An offering by its id, in a catalog or without one."""
    if context.effects.has(SOLD):
        return context.effects.of(SOLD).offering(run, identifier)
    return context.profile.offerings.get(identifier)


def offered(context: Context, run: str) -> list[Offering]:
    """All offerings that there are for the buyer of a run, in a catalog or without one."""
    of_run = context.effects.of(SOLD).every(run) if context.effects.has(SOLD) else context.profile.offerings
    found = (sold(context, run, each) for each in of_run)
    return [each for each in found if each is not None]


def origin(context: Context, run: str, identifier: str) -> str:
    """The offering of the profile of which an offering is a version."""
    return context.effects.of(SOLD).origin(run, identifier) if context.effects.has(SOLD) else identifier


def is_open(context: Context, run: str, action: str, offering: str) -> bool:
    """Whether an order of an offering would be taken (W142 table 8)."""
    return not any(gate(context, run, action, offering, ""))


def fitting(
    context: Context, run: str, action: str, offering: str, configuration: Mapping[str, Any]
) -> dict[str, Any] | None:
    """A configuration as qualifications and quotes of an offering take it: with what it fixes, or without it as was agreed
    (W142-R47, R49). None where they do not take it.
    """
    made: dict[str, Any] = copied(dict(configuration))
    product = {"productOffering": {"id": offering}, _CONFIGURATION: made}
    for function in ("poq", "quote"):
        bound = _bound(context, run, function, action, product)
        for path, value in (bound.fixed if bound else {}).items():
            if context.profile.fixed == "not-sent":
                drop_value(made, path)
            else:
                put_value(made, path, value)
    refused = any(True for each in ("poq", "quote") for _ in unfit(context, run, each, action, product, ""))
    return None if refused else made


def gate(context: Context, run: str, action: str, offering: Any, place: str) -> Iterator[Issue]:
    """What stands in the way of an order of an offering: that it is not or no longer to be had (W142 table 8)."""
    if not isinstance(offering, str) or not context.effects.has(SOLD):
        return
    status = context.effects.of(SOLD).status(run, offering)
    if status and status not in _HOW_LONG[action]:
        reason = f"The offering {offering} is {status}: no product of it can be {_DONE[action]}"
        yield Issue(place, ErrorCode.INVALID_VALUE, reason, "W142 table 8")


def unfit(
    context: Context, run: str, function: Function, action: str, product: Mapping[str, Any], place: str
) -> Iterator[Issue]:
    """How the configuration of an item's product is not what the contextual schema of its offering asks for (W142-R44, R47, R49)."""
    bound, given = _bound(context, run, function, action, product), product.get(_CONFIGURATION)
    if bound is None or not isinstance(given, Mapping):
        return
    here = f"{place}/product/{_CONFIGURATION}"
    plain = {name: value for name, value in given.items() if name != _TYPE}
    if context.profile.fixed == "not-sent":
        for path in bound.fixed:
            if value_of(plain, path) is not MISSING:
                reason = f"{path[-1]} is fixed by the offering, and is not sent"
                yield Issue(f"{here}{pointer(path)}", ErrorCode.UNEXPECTED_PROPERTY, reason, "W142 R47")
                drop_value(plain := copied(plain), path)
    fixed = {pointer(path) for path in bound.fixed}
    for breach in breaches_of(bound.validator, plain):
        clause = "W142 R49" if breach.place in fixed else "W142 R44"
        reason = breach.message or f"{breach.expected} was expected"
        yield Issue(f"{here}{breach.place}", breach.code, reason, clause)


def shown(context: Context, run: str, action: str, product: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that the inventory shows of a product that was ordered: with what the buyer left out and the offering
    gives (W142-R36), and with or without what it fixes, as was agreed (R46, R48, R50).
    """
    given = dict(product[_CONFIGURATION])
    ordered, kept = (_bound(context, run, each, action, product) for each in ("productOrder", "productInventory"))
    if ordered is None and kept is None:
        return given
    found: dict[str, Any] = copied(given)
    for path, value in (ordered.defaults if ordered else {}).items():
        if value_of(found, path) is MISSING:
            put_value(found, path, value)
    silent = context.profile.fixed == "not-sent"
    if silent and context.profile.fixed_in_answers == "yes" and ordered is not None:
        for path, value in ordered.fixed.items():
            put_value(found, path, value)
    for path, value in (kept.fixed if kept else {}).items():
        if silent:
            drop_value(found, path)
        else:
            put_value(found, path, value)
    if kept is not None:
        known = context.release.products.attributes(str(given.get(_TYPE)))
        for name in known - kept.names:
            found.pop(name, None)  # it does not apply there (table 7)
    return found


def _bound(context: Context, run: str, function: Function, action: str, product: Mapping[str, Any]) -> Binding | None:
    named = (product.get("productOffering") or {}).get("id")
    if not isinstance(named, str) or not context.effects.has(SOLD):
        return None
    return context.effects.of(SOLD).binding(run, named, function, action)
