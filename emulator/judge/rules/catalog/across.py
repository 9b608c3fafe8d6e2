"""What the catalog says of products that are asked for, ordered and in service elsewhere (MEF W142, 6.2.1.2, 6.2.1.3, table 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from emulator.judge.named import OFFERING, ORDER, POQ, PRODUCT, QUOTE
from emulator.judge.rule import FINE, Mark, Remark, asks, on_response, shows
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import CATALOG, status_of
from emulator.judge.rules.catalog.narrowing import Described, Path, described
from emulator.judge.rules.catalog.schemas import context_for
from emulator.judge.run import Life, Run, Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, copied, every, pointer
from emulator.standard.kinds.facts import Kind

_FUNCTIONS: Final[Mapping[str, str]] = {POQ: "poq", QUOTE: "quote", ORDER: "productOrder"}
_APIS: Final = {
    POQ: "productOfferingQualification",
    QUOTE: "quote",
    ORDER: "productOrder",
}
_ACTIONS: Final = ("add", "modify")
_CONFIGURATION: Final = "/product/productConfiguration"
_TYPE: Final = "@type"
_TAKEN: Final = {POQ: ("done.ready",), QUOTE: ("approved.orderable", "answered"), ORDER: ("completed",)}
"""States of an item by which the Seller has taken it as it was asked for, all the way."""
_REFUSED: Final = {
    POQ: ("terminatedWithError", "done.abandoned"),
    QUOTE: ("rejected", "unableToProvide", "abandoned"),
    ORDER: ("rejected", "rejected.validated", "rejected.unassessed"),
}
_IN_SERVICE: Final = ("active", "active.pendingChange")
_ORDERABLE: Final = {
    "add": ("orderable", "inTest"),
    "modify": ("orderable", "inTest", "onHold", "endOfSale"),
    "delete": ("orderable", "inTest", "onHold", "endOfSale", "endOfSupport"),
}
"""The statuses of an offering in which a product can be asked for, changed and given back (table 8)."""
_NEITHER: Final = 2
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of a request that asks for a product of an offering, and what the catalog says of such products."""

    kind: Kind
    exchange: Exchange
    place: str
    value: Mapping[str, Any]
    action: str
    offering: Shown

    @property
    def configuration(self) -> dict[str, Any]:
        """What is asked of the product, without the URN that says what kind it is: a source need not describe that."""
        found = at(self.value, _CONFIGURATION)
        return {name: each for name, each in found.items() if name != _TYPE} if isinstance(found, dict) else {}


def offering_before(run: Run, identifier: Any, before: Exchange) -> Shown | None:
    """An offering as it was read last, where it is announced or later, so that it stays what it is (W142-R18)."""
    life = run.life(OFFERING, identifier)
    found = life.last_before(before) if life else None
    return found if found and status_of(found) not in (None, "inTest") else None


def _items(run: Run, exchange: Exchange, kind: Kind) -> Iterator[_Item]:
    for place, item in every(exchange.request.body, f"{kind.items_at}/*"):
        if not isinstance(item, dict) or item.get("action") not in _ACTIONS:
            continue
        offering = offering_before(run, at(item, "/product/productOffering/id"), exchange)
        if offering is not None:
            yield _Item(kind, exchange, place, item, item["action"], offering)


def _contexts(run: Run, offering: Mapping[str, Any], function: str, action: str) -> list[tuple[Any, Described]]:
    """What is known of the schemas that hold in a context; none where one of them cannot be read."""
    found = [(named, described(run.release, schema)) for named, schema in context_for(offering, function, action)]
    return [(named, known) for named, known in found if known] if all(known for _, known in found) else []


def _value(configuration: Mapping[str, Any], path: Path) -> Any:
    return at(configuration, pointer(path))


def _fixed(run: Run, item: _Item) -> dict[Path, Any]:
    """The attributes that every schema of an item's context fixes, with their values."""
    known = _contexts(run, item.offering.value, _FUNCTIONS[item.kind.name], item.action)
    if len({str(schema.document) for _, schema in known}) != 1:
        return {}  # of several that hold alike, nobody says which
    schema = known[0][1]
    return {path: value for path, value in schema.fixed().items() if schema.is_clear(path)}


# R44


def _filled(configuration: dict[str, Any], schema: Described) -> dict[str, Any]:
    """A configuration with the fixed attributes that a Buyer leaves out where that is agreed on; those within others where
    what they stand in is there.
    """
    made: dict[str, Any] = copied(configuration)
    for path, value in sorted(schema.fixed().items(), key=lambda each: len(each[0])):
        holder = at(made, pointer(path[:-1])) if path[:-1] else made
        if isinstance(holder, dict):
            holder.setdefault(path[-1], value)
    return made


def _problems(said: Said, item: _Item, schema: Described) -> list[str] | None:
    """What is wrong with a product by a schema; None where the schema is none, or only fixed attributes are missing and nobody
    said whether they are sent.
    """
    checker = schema.validator()
    if checker is None:
        return None
    body, agreed = item.configuration, said.run.declared.fixed
    if (_TYPE,) in schema.said and given(kind := at(item.value, f"{_CONFIGURATION}/{_TYPE}")):
        body = {_TYPE: kind, **body}
    filled = body if agreed == "sent" else _filled(body, schema)
    if agreed is None and checker.is_valid(filled) and not checker.is_valid(body):
        return None
    return [str(error.message)[:200] for error in islice(checker.iter_errors(filled), _TOLD)]


def _chosen(said: Said, known: list[tuple[Any, Described]]) -> list[Described]:
    """The schemas of a context; of two that fit alike the one that a reading chooses."""
    reading = said.run.reading("catalog-context-choice")
    spot = {"function": 0, "action": 1}.get(reading)
    if spot is None or len(known) < _NEITHER:
        return [schema for _, schema in known]
    exact = [schema for named, schema in known if named[spot] != "all"]
    return exact or [schema for _, schema in known]


def _fits(said: Said) -> Iterator[Mark]:
    found = next((kind for name in _FUNCTIONS if (kind := said.run.kinds.kind(name)).api == said.exchange.api), None)
    for item in _items(said.run, said.exchange, found) if found else ():
        known = _contexts(said.run, item.offering.value, _FUNCTIONS[item.kind.name], item.action)
        wrong = [_problems(said, item, schema) for schema in _chosen(said, known)]
        place = f"{item.place}{_CONFIGURATION}"
        if not wrong or None in wrong:
            continue
        if not all(wrong):
            yield from _unknown_members(said, item, place, known)
            yield FINE
            continue
        first = next(each for each in wrong if each)
        offering = f"{OFFERING} {item.offering.value['id']}"
        message = f"{place} does not fit the schema that {offering} has for it: {'; '.join(first)}"
        yield breach(place, f"what {offering} allows", item.configuration, message)


def _unknown_members(said: Said, item: _Item, place: str, known: list[tuple[Any, Described]]) -> Iterator[Mark]:
    """Attributes that the schema of the context leaves out, where the partners read it so that they must not be sent."""
    reading = ("catalog-not-applicable", "closed")
    if not said.run.reads_as(*reading):
        return
    for _, schema in known:
        for name in sorted(set(item.configuration) - {path[0] for path in schema.attributes}):
            message = f"{place}/{name} is no attribute in this context"
            yield breach(f"{place}/{name}", MISSING, item.configuration[name], message, reading=reading)


CATALOG.add(
    "R44",
    _fits,
    on=asks(_APIS[POQ], POQ, "create") | asks(_APIS[QUOTE], QUOTE, "create") | asks(_APIS[ORDER], ORDER, "create"),
    about="the product of each item that names an offering, against the schema of its context",
)


# R47 and R49: what the Seller makes of fixed attributes


def _ends(run: Run, item: _Item) -> tuple[Exchange, bool] | None:
    """The answer by which the Seller has taken an item all the way (True), or refused it; None where neither is known."""
    exchange = item.exchange
    if exchange.response is None or exchange.n in run.spoilt:
        return None
    status = exchange.response.status
    if 400 <= status < 500:  # noqa: PLR2004
        return None if status in common.TELLS_NOTHING else (exchange, False)
    made = run.life(item.kind.name, at(exchange.response.body, "/id"))
    return _ends_later(made, item) if made and made.asked is exchange else None


def _ends_later(made: Life, item: _Item) -> tuple[Exchange, bool] | None:
    for shown in made.whole:
        for _, each in every(shown.value, f"{item.kind.items_at}/*"):
            if at(each, "/id") != item.value.get("id"):
                continue
            state = at(each, item.kind.items.state.at) if item.kind.items else MISSING
            if state in _REFUSED[item.kind.name]:
                return shown.exchange, False
            if state in _TAKEN[item.kind.name] and at(each, "/serviceabilityConfidence") != "red":
                return shown.exchange, True
    return None


def _fixed_are_refused(label: str, declared: str, about: str) -> None:
    """A request with fixed attributes that it may not have is refused: at once, or by the state that its item comes to."""

    def look(run: Run) -> Iterator[Remark]:
        if run.declared.fixed != declared:
            return
        for name, api in _APIS.items():
            kind = run.kinds.kind(name)
            for exchange in run.of(str(kind.one("create")), api=api):
                for item in _items(run, exchange, kind):
                    yield from _of(run, item)

    def _of(run: Run, item: _Item) -> Iterator[Remark]:
        fixed = _fixed(run, item)
        sent = {path: found for path in fixed if (found := _value(item.configuration, path)) is not MISSING}
        wrong = [path for path, found in sent.items() if declared == "not-sent" or not common.same(fixed[path], found)]
        end = _ends(run, item) if wrong else None
        if end is None:
            return
        exchange, taken = end
        path = wrong[0]
        place = f"{item.place}{_CONFIGURATION}{pointer(path)}"
        what = "was sent" if declared == "not-sent" else f"was sent as {sent[path]!r:.60}"
        message = f"{place} is fixed by {OFFERING} {item.offering.value['id']} and {what}, and the item was taken all the same"
        yield on_response(exchange, hold("", not taken, expected="a refusal", found="taken", message=message))

    look.__doc__ = about
    CATALOG.at_end(label)(look)


_fixed_are_refused("R47", "not-sent", "Items with fixed attributes, where the partners agreed that none are sent.")
_fixed_are_refused(
    "R49", "sent", "Items with other values of fixed attributes, where the partners agreed that they can be sent."
)


# The inventory


def _inventoried(said: Said) -> Iterator[tuple[Shown, Mapping[Path, Any], Mapping[str, Any]]]:
    """Each product in service of an offering that was read, with the attributes that are fixed in the inventory."""
    for shown in said.shown:
        offering = offering_before(said.run, at(shown.value, "/productOffering/id"), said.exchange)
        configuration = shown.value.get("productConfiguration")
        if offering is None or shown.value.get("status") not in _IN_SERVICE or not isinstance(configuration, dict):
            continue
        known = _contexts(said.run, offering.value, "productInventory", "")
        if len(known) == 1 and not said.query.get("fields"):
            schema = known[0][1]
            yield shown, {path: value for path, value in schema.fixed().items() if schema.is_clear(path)}, configuration


_PRODUCTS: Final = shows("productInventory", PRODUCT, "retrieve")


@CATALOG.rule("R48", on=_PRODUCTS)
def fixed_attributes_are_not_answered(said: Said) -> Iterator[Mark]:
    """Attributes that are fixed in the inventory, where the partners agreed that they are neither sent nor answered."""
    if said.run.declared.fixed == "not-sent" and said.run.declared.fixed_in_answers is False:
        for shown, fixed, configuration in _inventoried(said):
            for path in fixed:
                place, found = f"{shown.place}/productConfiguration{pointer(path)}", _value(configuration, path)
                yield hold(place, found in (MISSING, None), expected=MISSING, found=found)


@CATALOG.rule("R50", on=_PRODUCTS)
def fixed_attributes_are_answered(said: Said) -> Iterator[Mark]:
    """Attributes that are fixed in the inventory, where the partners agreed that they can be sent."""
    if said.run.declared.fixed == "sent":
        for shown, fixed, configuration in _inventoried(said):
            for path, value in fixed.items():
                if path[:-1] and _value(configuration, path[:-1]) is MISSING:
                    continue  # what it stands in is not there
                place, found = f"{shown.place}/productConfiguration{pointer(path)}", _value(configuration, path)
                message = f"{place} is missing; its offering fixes it for the inventory"
                yield hold(place, found is not MISSING, expected=value, found=found, message=message)


@CATALOG.rule("R36", on=_PRODUCTS)
def defaults_apply(said: Said) -> Iterator[Mark]:
    """Attributes with a default that the order of a product left out: where the product shows them, they have it."""
    for shown in said.shown:
        item = _ordered(said.run, shown)
        configuration = shown.value.get("productConfiguration")
        if item is None or item.action != "add" or not isinstance(configuration, dict):
            continue
        if _was_modified(said.run, shown.value["id"], item.exchange, said.exchange):
            continue
        for schema in _defaulting(said.run, item.offering.value):
            for path, value in schema.defaults().items():
                found = _value(configuration, path)
                left_out = found is not MISSING and _value(item.configuration, path) is MISSING
                if left_out and len(path) == 1 and schema.is_clear(path):
                    place = f"{shown.place}/productConfiguration{pointer(path)}"
                    message = f"{place} was not ordered, and its default is {value!r:.60}"
                    yield hold(place, common.same(value, found), expected=value, found=found, message=message)


def _defaulting(run: Run, offering: Mapping[str, Any]) -> list[Described]:
    """The schema whose defaults apply to an order: that of its context, else that of the offering."""
    known = [schema for _, schema in _contexts(run, offering, "productOrder", "add")]
    own = described(run.release, offering.get("productOfferingSpecification"))
    return known[:1] if known or own is None else [own]


def _ordered(run: Run, shown: Shown) -> _Item | None:
    """The item of an order that a product comes from, where it names exactly one and the order was seen placed."""
    named = shown.value.get("productOrderItem")
    if not isinstance(named, list) or len(named) != 1:
        return None
    life = run.life(ORDER, at(named[0], "/productOrderId"))
    if life is None or life.asked is None:
        return None
    items = _items(run, life.asked, run.kinds.kind(ORDER))
    return next((item for item in items if item.value.get("id") == at(named[0], "/productOrderItemId")), None)


def _was_modified(run: Run, product: str, since: Exchange, until: Exchange) -> bool:
    operation = str(run.kinds.kind(ORDER).one("create"))
    return any(
        since.n < exchange.n < until.n
        and any(found == product for _, found in every(exchange.request.body, "/productOrderItem/*/product/id"))
        for exchange in run.of(operation, api=_APIS[ORDER])
    )


# Statuses


def _gate(said: Said) -> Iterator[Mark]:
    """What is ordered, against the status that its offering was shown in last: no clause binds the Buyer to it."""
    kinds = [said.run.kinds.kind(name) for name in _FUNCTIONS]
    kind = next((each for each in kinds if each.api == said.exchange.api), None)
    if kind is None or (kind.name != ORDER and not said.run.reads_as("catalog-status-gates", "every")):
        return
    for place, item in every(said.asked, f"{kind.items_at}/*"):
        life = said.run.life(OFFERING, at(item, "/product/productOffering/id"))
        status = status_of(life.last_before(said.exchange, whole=False)) if life else None
        action = at(item, "/action")
        if (
            not isinstance(action, str)
            or action not in _ORDERABLE
            or not given(status)
            or _is_newer(life, said.exchange)
        ):
            continue
        if status in _ORDERABLE[action]:
            yield FINE
        else:
            message = f"{place} asks to {action} a product of an offering that is {status}"
            yield breach(f"{place}/action", list(_ORDERABLE[action]), status, message, hint=True)


def _is_newer(life: Life | None, before: Exchange) -> bool:
    """Whether an event told of something after an offering was shown last."""
    shown = life.last_before(before, whole=False) if life else None
    return bool(life and shown and any(shown.exchange.n < event.n < before.n for event in life.told))


CATALOG.add(
    (),
    _gate,
    name="gate",
    on=asks(_APIS[POQ], POQ, "create") | asks(_APIS[QUOTE], QUOTE, "create") | asks(_APIS[ORDER], ORDER, "create"),
    about="the action of each item against the status of its offering",
)
