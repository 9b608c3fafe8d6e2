"""A hand in what our seller does: legal changes of state out of turn, and events that did not happen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator.parties.apis import Course
from emulator.parties.desk import NotNow
from emulator.parties.filling import Unfillable
from emulator.parties.hub import hub_kind
from emulator.parties.keeper import Keeper
from emulator.parties.scopes import family
from emulator.parties.seller import Seller
from emulator.parties.stock import STOCK
from emulator.parties.store import Owed, Resource, Timer
from emulator.standard.kinds.facts import Kind
from emulator.standard.lifecycle import IllegalTransition, Lifecycle, Transition


class Refused(Exception):  # noqa: N818 - it is what it says
    """What is wanted cannot be done; `legal` are the states that there is a way to."""

    def __init__(self, reason: str, legal: tuple[str, ...] = (), *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.legal, self.unknown = legal, unknown


@dataclass(frozen=True, slots=True)
class Living:
    """A resource that a run has, with the timers that are planned for it and the states that it may go to.

    `machine` is its lifecycle's name.
    """

    resource: Resource
    kind: Kind
    machine: str
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
        return self.kind.api

    @property
    def items(self) -> list[dict[str, Any]]:
        """Its items, as its body has them."""
        return _items(self.resource, self.kind)


class Hand:
    """Has a hand in one seller. `run` may be one that a profile splits by buyerId or sellerId: all of it is meant."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self._store, self._desk = seller.store, seller.desk
        self._all = seller.context.release.kinds
        self.kinds: Mapping[str, Kind] = {
            kind.name: kind for kind in self._all if kind.state or kind.name in seller.keepers
        }
        """The kinds of resource that runs have, by name: those with a life, and those that no module serves."""
        holders = [holder for kind in self._all for holder in (kind, kind.items) if holder]
        living = [(one.cycle, one.state.member) for one in holders if one.cycle and one.state]
        self._member = {name: member for cycle, member in living for name in cycle.names.values()}
        """By lifecycle, the member with the state of what has it."""
        self._not_by_hand = {
            name: not_by_hand(kind, self._all.apis[kind.api].operations, self._desk.lifecycles)
            for name, kind in self._all.kinds.items()
        }

    # -- what there is -----------------------------------------------------------------------------

    def family(self, run: str | None) -> list[str]:
        """The runs of the store that a run is; None means all of them. Those of a release beside the seller's are not its."""
        mine = (each for each in self._store.runs() if self._seller.whose(each) is self._seller)
        return sorted(each for each in mine if run is None or family(each) == run)

    def living(self, run: str | None) -> Iterator[Living]:
        """The resources of a run, each with what may become of it, in order of creation."""
        runs = self.family(run)
        found = [one for each in runs for kind in self.kinds for one in self._store.all(each, kind)]
        for resource in sorted(found, key=lambda one: one.created):
            kind, cycle = self._all.kind(resource.kind), self.cycle_of(resource)
            over = [item for item in _items(resource, kind) if self._item_is_over(resource, item)]
            yield Living(
                resource,
                kind,
                cycle,
                tuple(self._store.timers(resource.run, resource.kind, resource.id)),
                self.moves(resource),
                self.item_moves(resource),
                self._ends_of_buyer(resource),
                self._is_over(cycle, resource.body),
                frozenset(str(item.get("id")) for item in over),
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
        kind = self._all.kind(resource.kind)
        after = self._after(self.cycle_of(resource), resource.body)
        if kind.state and kind.cycle is None:  # nobody wrote down how it goes
            after = tuple(state for state in kind.state.values if state != self._state(kind.name, resource.body))
        return tuple(state for state in after if state not in self._not_by_hand[resource.kind])

    def item_moves(self, resource: Resource) -> dict[str, tuple[str, ...]]:
        """The same for its items, where these have a life of their own."""
        if self._course(resource.kind).move_item is None:
            return {}
        kind, cycle = self._all.kind(resource.kind), self._item_cycle(resource)
        return {str(item.get("id")): self._after(cycle, item) for item in _items(resource, kind)}

    def cycle_of(self, resource: Resource) -> str:
        """The name of a resource's lifecycle: firm and budgetary quotes have their own."""
        return self._desk.cycle_of(resource)

    def _item_cycle(self, resource: Resource) -> str:
        items = self._all.kind(resource.kind).items
        return (items.cycle.of(resource.body) if items and items.cycle else None) or ""

    def _course(self, kind: str) -> Course:
        return self._seller.courses.get(kind, Course())

    def ended(self, run: str | None, of: str, identifier: str, item: str | None = None) -> str | None:
        """The final state in which a resource is, or the item of it that is meant; None where it lives, or is not known.

        `of` is its kind, or its API.
        """
        for kind in self.kinds.values():
            if of not in (kind.name, kind.api):
                continue
            for each in self.family(run):
                if (found := self._store.get(each, kind.name, identifier)) is not None:
                    return self._ended(found, item)
        return None

    def _ended(self, resource: Resource, item: str | None) -> str | None:
        if self._is_over(self.cycle_of(resource), resource.body):
            return str(self._state(resource.kind, resource.body))
        for part in _items(resource, self._all.kind(resource.kind)):
            if str(part.get("id")) == item and self._item_is_over(resource, part):
                return str(self._state(resource.kind, part, item=True))
        return None

    def _item_is_over(self, resource: Resource, item: Mapping[str, Any]) -> bool:
        return self._is_over(self._item_cycle(resource), item)

    def _is_over(self, cycle: str, body: Mapping[str, Any]) -> bool:
        return body.get(self._member.get(cycle, "")) in self._terminal(cycle)

    def _terminal(self, cycle: str) -> tuple[str, ...]:
        """The final states of a lifecycle; none where it is not known, as that of a quote that says no level."""
        machine = self._desk.lifecycles.get(cycle)
        return machine.terminal if machine else ()

    def _after(self, cycle: str, body: Mapping[str, Any]) -> tuple[str, ...]:
        arrows, terminal = self._arrows(cycle, body), self._terminal(cycle)
        arrows.sort(key=lambda arrow: (arrow.by == "buyer") + (arrow.by == "buyer" and arrow.target in terminal))
        return tuple(dict.fromkeys(arrow.target for arrow in arrows))

    def _arrows(self, cycle: str, body: Mapping[str, Any]) -> list[Transition]:
        machine = self._desk.lifecycles.get(cycle)
        state = body.get(self._member.get(cycle, ""))
        return [arrow for arrow in machine.transitions if arrow.source == state] if machine else []

    def _state(self, kind: str, body: Mapping[str, Any], *, item: bool = False) -> Any:
        """The state of a resource, or of an item of it."""
        facts = self._all.kind(kind)
        holder = facts.items if item else facts
        return body.get(holder.state.member) if holder and holder.state else None

    def _ends_of_buyer(self, resource: Resource) -> dict[str | None, tuple[str, ...]]:
        def ends(cycle: str, body: Mapping[str, Any]) -> tuple[str, ...]:
            arrows, terminal = self._arrows(cycle, body), self._terminal(cycle)
            return tuple(arrow.target for arrow in arrows if arrow.by == "buyer" and arrow.target in terminal)

        cycle = self._item_cycle(resource)
        each = _items(resource, self._all.kind(resource.kind)) if cycle else []
        found: dict[str | None, tuple[str, ...]] = {str(item.get("id")): ends(cycle, item) for item in each}
        return {None: ends(self.cycle_of(resource), resource.body), **found}

    # -- what is done ------------------------------------------------------------------------------

    def make(
        self, run: str | None, kind: str, members: Mapping[str, Any], identifier: str | None = None
    ) -> tuple[str, str]:
        """Make a resource out of some of its members, and what its contract demands besides; gives its id and state.

        It goes its way where the profile has a path for its kind. Raises Refused where no valid one can be made.
        """
        return self._seller.act(lambda: self._make(run, kind, members, identifier))

    def _make(self, run: str | None, kind: str, members: Mapping[str, Any], identifier: str | None) -> tuple[str, str]:
        facts = self._known(kind)
        own = run if run is not None else next(iter(self.family(None)), "")
        self._seller.begin(own)
        given = {**members, **({"id": identifier} if identifier is not None else {})}
        if (known := given.get("id")) is not None and (not isinstance(known, str) or self._store.has(own, kind, known)):
            raise Refused(f"there is a {kind} {known!r:.100} already, or that is no id")
        keeper = self._keeper(facts)
        try:
            resource = keeper.open(own, given)
        except (Unfillable, IllegalTransition) as error:
            raise Refused(f"no valid {kind} can be made of that: {error}") from error
        if kind in self._seller.keepers:
            keeper.brought(resource)
            keeper.plan.begin(resource, keeper.alone(resource))
        return resource.id, str(self._state(kind, resource.body) or "")

    def change(self, run: str | None, kind: str, identifier: str, members: Mapping[str, Any]) -> str:
        """Change members of a resource, by merge patch; who subscribed is told. Gives the id of what has them: another
        resource, where its kind makes a new version. Refused where it were not valid any more.
        """
        return self._seller.act(lambda: self._change(run, kind, identifier, members))

    def _change(self, run: str | None, kind: str, identifier: str, members: Mapping[str, Any]) -> str:
        resource, facts = self._find(run, kind, identifier), self._all.kind(kind)
        fixed = {"id", facts.state.member if facts.state else "id"} & members.keys()
        if fixed:
            raise Refused(f"{', '.join(sorted(fixed))} cannot be set: an id stays, and a state is moved")
        try:
            return self._keeper(facts).change(resource, members, self._desk.now()).id
        except NotNow as reason:
            raise Refused(f"{kind} {identifier} cannot be changed so: {reason}") from reason
        except Unfillable as error:
            raise Refused(f"with that {kind} {identifier} is not valid any more: {error}") from error

    def _keeper(self, kind: Kind) -> Keeper:
        """What keeps resources of a kind; of one that a module serves it makes and changes them all the same."""
        return self._seller.keepers.get(kind.name) or Keeper(self._seller.context, self._seller.hub, kind)

    def move(
        self, run: str | None, kind: str, identifier: str, to: str, item: str | None = None, *, lawless: bool = False
    ) -> str:
        """Bring a resource, or an item of it, to a state; returns the one that it had.

        What belongs to that goes with it: items, history, what it does to other resources, and what is told.
        Raises Refused where the lifecycle has no such change, or where something else has to be done first. If `lawless`, a
        resource goes to any state of its contract, and nothing goes with it but history and news: our seller is wrong then.
        """
        if lawless and item is None:
            return self._seller.act(lambda: self._lawless(run, kind, identifier, to))
        return self._seller.act(lambda: self._move(run, kind, identifier, to, item))

    def _lawless(self, run: str | None, kind: str, identifier: str, to: str) -> str:
        resource, facts = self._find(run, kind, identifier), self._all.kind(kind)
        values = facts.state.values if facts.state else ()
        old = str(self._state(kind, resource.body))
        if to not in values:
            raise Refused(f"{to!r:.60} is no state of a {kind}", values)
        with self._desk.lawlessly():
            self._desk.move(resource, to, by="seller")
        return old

    def _move(self, run: str | None, kind: str, identifier: str, to: str, item: str | None) -> str:
        resource = self._find(run, kind, identifier)
        part = None if item is None else self._part(resource, item)
        legal = self.moves(resource) if part is None else self.item_moves(resource).get(str(item), ())
        old = str(self._state(kind, resource.body if part is None else part, item=part is not None))
        what = f"{kind} {identifier}" if item is None else f"item {item} of {kind} {identifier}"
        course = self._course(kind)
        if part is not None and course.move_item is None:
            raise Refused(f"the items of a {kind} go with it: move that")
        if item is None and (why := self._not_by_hand[kind].get(to)):
            raise Refused(f"{what} cannot go to {to} by hand: {why}", legal)
        if to not in legal:
            ways = ", ".join(legal) or "nowhere: that is its end"
            raise Refused(f"{what} is {old}, and from there it goes to {ways}; not to {to!r:.60}", legal)
        at = self._desk.now()
        try:
            if part is None or course.move_item is None:
                course.move(resource, to, at)
            else:
                course.move_item(resource, part, to, at)
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
        state = self._state(resource.kind, body, item=item is not None)
        if state != to:
            raise Refused(f"{what} would become {state}, not {to}, by what it holds", self.moves(resource))

    def tell(self, run: str | None, api: str, event: str, identifier: str, item: str | None = None) -> int:
        """Send an event that did not happen to who subscribed to it; returns how many are told.

        What is sent is marked as wrong on purpose. Raises Refused where there is no such event, or nobody to hear it.
        """
        events = self._all.telling(api)
        known = sorted({each.type for each in events})
        if self._all.plain_type(event) not in known:
            ways = f"known: {', '.join(known)}" if known else "that API has no events"
            raise Refused(f"{api:.60} has no event {event!r:.80}; {ways}")
        member = next((each.item_id for each in events if each.item_id), "itemId")
        more = {member: item} if item is not None else {}
        about = {"id": identifier, **self._link(run, api, identifier), **more}
        told = self._seller.act(
            lambda: sum(self._tell(each, api, self._all.plain_type(event), about) for each in self.family(run))
        )
        if not told:
            raise Refused(f"nobody has subscribed to {event} of {api}")
        return told

    def _tell(self, run: str, api: str, event: str, about: Mapping[str, str]) -> int:
        at: datetime = self._desk.now()
        return self._seller.hub.provoke(run, api, event, at, about)

    def _link(self, run: str | None, api: str, identifier: str) -> dict[str, str]:
        for kind in self.kinds.values():
            if kind.api == api:
                for each in self.family(run):
                    found = self._store.get(each, kind.name, identifier)
                    if found is not None and isinstance(found.body.get("href"), str):
                        return {"href": found.body["href"]}
        return {}

    # -- finding -----------------------------------------------------------------------------------

    def _find(self, run: str | None, kind: str, identifier: str) -> Resource:
        self._known(kind)
        for each in [run] if run is not None and family(run) != run else self.family(run):
            if (effects := self._seller.context.effects).has(STOCK):
                effects.of(STOCK).ready(each)
            found = self._store.get(each, kind, identifier)
            if found is not None:
                return found
        raise Refused(f"there is no {kind} {identifier!r:.100} here", unknown=True)

    def _known(self, kind: str) -> Kind:
        if kind not in self.kinds:
            known = ", ".join(self.kinds)
            raise Refused(f"there are no resources of the kind {kind!r:.60}; known: {known}", unknown=True)
        return self.kinds[kind]

    def _part(self, resource: Resource, item: str) -> dict[str, Any]:
        for each in _items(resource, self._all.kind(resource.kind)):
            if each.get("id") == item:
                return each
        raise Refused(f"{resource.kind} {resource.id} has no item {item!r:.100}", unknown=True)


def _items(resource: Resource, kind: Kind) -> list[dict[str, Any]]:
    return list(resource.body.get(kind.items.member, ())) if kind.items else []


def not_by_hand(kind: Kind, operations: Collection[str], lifecycles: Mapping[str, Lifecycle]) -> dict[str, str]:
    """States of a kind that only a request of the buyer's or the end of a promise may bring about, each with what to do:
    a hand that did would make the seller wrong. These are the ends of acts that are not the seller's as well, what the sheet
    says moves by an operation, and what a lifecycle has by time.
    """
    cycles = [lifecycles[name] for name in kind.cycle.names.values()] if kind.cycle else []
    ours = {arrow.target for cycle in cycles for arrow in cycle.transitions if arrow.by == "seller"}
    found = {act.to: _BY_BUYER.format(act.operation) for act in kind.acts.values() if act.to not in ours}
    found |= {state: _BY_BUYER.format(move.by) for state, move in kind.moved.items() if move.by in operations}
    for cycle in cycles:
        for arrow in cycle.transitions:
            if arrow.by == "time":
                move = kind.moved.get(arrow.target)
                found[arrow.target] = _BY_TIME.format(move.at[1:] if move and move.at else "what was promised")
    return found


_BY_BUYER: Final = "only the buyer's {} does that"
_BY_TIME: Final = "put our time forward beyond {}, and it comes about"
