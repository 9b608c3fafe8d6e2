"""A hand in what our seller does: legal changes of state out of turn, and events that did not happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.parties.desk import NotNow
from emulator.parties.hub import hub_kind
from emulator.parties.rows import KINDS
from emulator.parties.seller import Seller
from emulator.parties.store import Owed, Resource, Timer
from emulator.standard.events import listeners, plain_type
from emulator.standard.lifecycle import IllegalTransition, Transition

_ITEMS: Final[Mapping[str, str]] = {
    "productOfferingQualification": "productOfferingQualificationItem",
    "quote": "quoteItem",
    "productOrder": "productOrderItem",
    "charge": "chargeItem",
}
"""The member that holds a resource's items."""
_API: Final[Mapping[str, str]] = {
    "productOfferingQualification": "productOfferingQualification",
    "quote": "quote",
    "product": "productInventory",
}
"""The API of a kind; all others are of productOrder."""
_ITEM_MEMBER: Final[Mapping[str, str]] = {
    "productOfferingQualification": "poqItemId",
    "quote": "quoteItemId",
    "productOrder": "orderItemId",
}
"""The member of an event that names an item, by API."""

_NOT_BY_HAND: Final[Mapping[tuple[str, str], str]] = {
    ("quote", "cancelled"): "only the buyer's cancelQuote does that",
    ("quote", "declined"): "only the buyer's rejectQuote does that",
    ("quote", "expired"): "put our time forward to the end of validFor, and it expires",
    ("charge", "completed"): "only the buyer's patchCharge does that",
    ("charge", "timeout"): "put our time forward beyond responseDueDate, and the buyer's time is over",
}
"""Changes that only a request of the buyer's or the end of a promise may bring about: without these the seller would be
wrong (MEF115 R53, R54; MEF123 R96, Figures 23 and 24).
"""


class Refused(Exception):  # noqa: N818 - it is what it says
    """What is wanted cannot be done; `legal` are the states that there is a way to."""

    def __init__(self, reason: str, legal: tuple[str, ...] = (), *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.legal, self.unknown = legal, unknown


@dataclass(frozen=True, slots=True)
class Living:
    """A resource that a run has, with the timers that are planned for it and the states that it may go to."""

    resource: Resource
    timers: tuple[Timer, ...]
    moves: tuple[str, ...]
    item_moves: Mapping[str, tuple[str, ...]]
    ends_of_buyer: Mapping[str | None, tuple[str, ...]]
    """By item, and None for the resource, the moves by which the buyer would bring it to its end: never to be offered first."""

    final: bool
    """Whether its life is over: what somebody does to it now he has to do on purpose."""
    final_items: frozenset[str]
    """The ids of those of its items of which that is so."""

    @property
    def api(self) -> str:
        """The API that it is of."""
        return _API.get(self.resource.kind, "productOrder")

    @property
    def items(self) -> list[dict[str, Any]]:
        """Its items, as its body has them."""
        return _items(self.resource)


class Hand:
    """Has a hand in one seller. `run` may be one that a profile splits by buyerId or sellerId: all of it is meant."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self._store, self._desk = seller.store, seller.desk

    # -- what there is -----------------------------------------------------------------------------

    def family(self, run: str | None) -> list[str]:
        """The runs of the store that a run is; None means all of them."""
        return sorted(each for each in self._store.runs() if run is None or each.partition("|")[0] == run)

    def living(self, run: str | None) -> Iterator[Living]:
        """The resources of a run, each with what may become of it, in order of creation."""
        found = [one for each in self.family(run) for kind in KINDS for one in self._store.all(each, kind)]
        for resource in sorted(found, key=lambda one: one.created):
            timers = tuple(self._store.timers(resource.run, resource.kind, resource.id))
            over = self._is_over(cycle_of(resource), resource.body)
            yield Living(
                resource,
                timers,
                self.moves(resource),
                self.item_moves(resource),
                self._ends_of_buyer(resource),
                over,
                frozenset(str(item.get("id")) for item in _items(resource) if self._item_is_over(resource, item)),
            )

    def subscriptions(self, run: str | None) -> Iterator[tuple[str, Resource, list[Owed]]]:
        """The subscriptions of a run: API, what it is, and what it is owed."""
        for each in self.family(run):
            for api in self._seller.apis:
                for one in self._store.all(each, hub_kind(api)):
                    if not one.body.get("ended"):
                        yield api, one, self._store.owed_to(each, one.id)

    def dead(self, run: str | None) -> list[Owed]:
        """The notifications that were given up."""
        return [owed for each in self.family(run) for owed in self._store.dead_letters(each)]

    def moves(self, resource: Resource) -> tuple[str, ...]:
        """The states that a resource may go to, by its lifecycle, where a hand may bring that about.

        What our side does next comes first, in the order of the lifecycle; what only the buyer ends comes last.
        """
        after = self._after(cycle_of(resource), resource.body)
        return tuple(state for state in after if (resource.kind, state) not in _NOT_BY_HAND)

    def item_moves(self, resource: Resource) -> dict[str, tuple[str, ...]]:
        """The same for its items, where these have a life of their own."""
        if f"{resource.kind}.moveItem" not in self._seller.context.effects:
            return {}
        cycle = _ITEMS[resource.kind]
        return {str(item.get("id")): self._after(cycle, item) for item in _items(resource)}

    def ended(self, run: str | None, of: str, identifier: str, item: str | None = None) -> str | None:
        """The final state in which a resource is, or the item of it that is meant; None where it lives, or is not known.

        `of` is its kind, or its API.
        """
        for kind in KINDS:
            if of not in (kind, _API.get(kind, "productOrder")):
                continue
            for each in self.family(run):
                if (found := self._store.get(each, kind, identifier)) is not None:
                    return self._ended(found, item)
        return None

    def _ended(self, resource: Resource, item: str | None) -> str | None:
        if self._is_over(cycle_of(resource), resource.body):
            return str(resource.body.get("status" if resource.kind == "product" else "state"))
        for part in _items(resource):
            if str(part.get("id")) == item and self._item_is_over(resource, part):
                return str(part.get("state"))
        return None

    def _item_is_over(self, resource: Resource, item: Mapping[str, Any]) -> bool:
        cycle = _ITEMS.get(resource.kind)
        return cycle in self._desk.lifecycles and self._is_over(str(cycle), item)

    def _is_over(self, cycle: str, body: Mapping[str, Any]) -> bool:
        return body.get("status" if cycle == "product" else "state") in self._desk.lifecycles[cycle].terminal

    def _after(self, cycle: str, body: Mapping[str, Any]) -> tuple[str, ...]:
        arrows = self._arrows(cycle, body)
        terminal = self._desk.lifecycles[cycle].terminal
        arrows.sort(key=lambda arrow: (arrow.by == "buyer") + (arrow.by == "buyer" and arrow.target in terminal))
        return tuple(arrow.target for arrow in arrows)

    def _arrows(self, cycle: str, body: Mapping[str, Any]) -> list[Transition]:
        state = body.get("status" if cycle == "product" else "state")
        return [arrow for arrow in self._desk.lifecycles[cycle].transitions if arrow.source == state]

    def _ends_of_buyer(self, resource: Resource) -> dict[str | None, tuple[str, ...]]:
        def ends(cycle: str, body: Mapping[str, Any]) -> tuple[str, ...]:
            terminal = self._desk.lifecycles[cycle].terminal
            arrows = self._arrows(cycle, body)
            return tuple(arrow.target for arrow in arrows if arrow.by == "buyer" and arrow.target in terminal)

        cycle = _ITEMS.get(resource.kind)
        items = {str(item.get("id")): item for item in _items(resource)} if cycle in self._desk.lifecycles else {}
        found: dict[str | None, tuple[str, ...]] = {name: ends(str(cycle), item) for name, item in items.items()}
        return {None: ends(cycle_of(resource), resource.body), **found}

    # -- what is done ------------------------------------------------------------------------------

    def move(self, run: str | None, kind: str, identifier: str, to: str, item: str | None = None) -> str:
        """Bring a resource, or an item of it, to a state; returns the one that it had.

        What belongs to that goes with it: items, history, what it does to other resources, and what is told.
        Raises Refused where the lifecycle has no such change, or where something else has to be done first.
        """
        return self._seller.act(lambda: self._move(run, kind, identifier, to, item))

    def _move(self, run: str | None, kind: str, identifier: str, to: str, item: str | None) -> str:
        resource = self._find(run, kind, identifier)
        part = None if item is None else self._part(resource, item)
        legal = self.moves(resource) if part is None else self.item_moves(resource).get(str(item), ())
        old = str((resource.body if part is None else part).get("status" if kind == "product" else "state"))
        what = f"{kind} {identifier}" if item is None else f"item {item} of {kind} {identifier}"
        if part is not None and f"{kind}.moveItem" not in self._seller.context.effects:
            raise Refused(f"the items of a {kind} go with it: move that")
        if item is None and (kind, to) in _NOT_BY_HAND:
            raise Refused(f"{what} cannot go to {to} by hand: {_NOT_BY_HAND[kind, to]}", legal)
        if to not in legal:
            ways = ", ".join(legal) or "nowhere: that is its end"
            raise Refused(f"{what} is {old}, and from there it goes to {ways}; not to {to!r:.60}", legal)
        at = self._desk.now()
        effects = self._seller.context.effects
        try:
            if part is None:
                effects[f"{kind}.move"](resource, to, at)
            else:
                effects[f"{kind}.moveItem"](resource, part, to, at)
        except NotNow as reason:
            raise Refused(f"{what} cannot go to {to} now: {reason}", legal) from reason
        except IllegalTransition as error:
            raise Refused(f"{what} cannot go to {to} now, for what belongs to it cannot follow: {error}") from error
        self._check(resource, to, item, what)
        return old

    def _check(self, resource: Resource, to: str, item: str | None, what: str) -> None:
        """What was done has to be what was wanted, or nothing of it is."""
        now = self._find(resource.run, resource.kind, resource.id)
        body = now.body if item is None else self._part(now, item)
        state = body.get("status" if resource.kind == "product" else "state")
        if state != to:
            raise Refused(f"{what} would become {state}, not {to}, by what it holds", self.moves(resource))

    def tell(self, run: str | None, api: str, event: str, identifier: str, item: str | None = None) -> int:
        """Send an event that did not happen to who subscribed to it; returns how many are told.

        What is sent is marked as wrong on purpose. Raises Refused where there is no such event, or nobody to hear it.
        """
        known = sorted(set(listeners(self._seller.context.release, api).values()))
        if plain_type(event) not in known:
            ways = f"known: {', '.join(known)}" if known else "that API has no events"
            raise Refused(f"{api:.60} has no event {event!r:.80}; {ways}")
        more = {_ITEM_MEMBER.get(api, "itemId"): item} if item is not None else {}
        about = {"id": identifier, **self._link(run, api, identifier), **more}
        told = self._seller.act(
            lambda: sum(self._tell(each, api, plain_type(event), about) for each in self.family(run))
        )
        if not told:
            raise Refused(f"nobody has subscribed to {event} of {api}")
        return told

    def _tell(self, run: str, api: str, event: str, about: Mapping[str, str]) -> int:
        at: datetime = self._desk.now()
        return self._seller.hub.provoke(run, api, event, at, about)

    def _link(self, run: str | None, api: str, identifier: str) -> dict[str, str]:
        for kind in KINDS:
            if _API.get(kind, "productOrder") == api:
                for each in self.family(run):
                    found = self._store.get(each, kind, identifier)
                    if found is not None and isinstance(found.body.get("href"), str):
                        return {"href": found.body["href"]}
        return {}

    # -- finding -----------------------------------------------------------------------------------

    def _find(self, run: str | None, kind: str, identifier: str) -> Resource:
        if kind not in KINDS:
            raise Refused(f"there are no resources of the kind {kind!r:.60}; known: {', '.join(KINDS)}", unknown=True)
        for each in [run] if run is not None and "|" in run else self.family(run):
            found = self._store.get(each, kind, identifier)
            if found is not None:
                return found
        raise Refused(f"there is no {kind} {identifier!r:.100} here", unknown=True)

    @staticmethod
    def _part(resource: Resource, item: str) -> dict[str, Any]:
        for each in _items(resource):
            if each.get("id") == item:
                return each
        raise Refused(f"{resource.kind} {resource.id} has no item {item!r:.100}", unknown=True)


def _items(resource: Resource) -> list[dict[str, Any]]:
    member = _ITEMS.get(resource.kind)
    return list(resource.body.get(member, ())) if member else []


def cycle_of(resource: Resource) -> str:
    """The lifecycle of a resource: firm and budgetary quotes have their own."""
    return f"quote.{resource.body['buyerRequestedQuoteLevel']}" if resource.kind == "quote" else resource.kind
