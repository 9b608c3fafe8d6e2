"""The hub: who subscribed to what, and what each subscriber is owed (MEF 87 6.6, MEF 115 6.7, MEF 123 6.15, 6.16).

What is owed is written in the transaction of the change that it tells of, so neither is kept without the other.
`emulator.parties.delivery` sends it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from emulator.parties.apis import Context, Handler
from emulator.parties.callbacks import Guard
from emulator.parties.clock import rfc3339
from emulator.parties.desk import Desk
from emulator.parties.store import HUB, Owed, Resource
from emulator.record.call import ApiError, Call, Reply, bad_request, not_found
from emulator.record.payload import at as value_at
from emulator.record.payload import copied, every
from emulator.standard.events import query_of
from emulator.standard.kinds.facts import Event, View
from emulator.standard.kinds.load import ReleaseKinds

_PARTIES: Final = ("buyerId", "sellerId")
_PROVOKED: Final = "provoked:"
"""Is in the id of what is owed on purpose, and so stays with it in any store."""
RESERVED: Final = 30.0
"""Real seconds for which what a call makes us owe is left to the process that was called: it knows when the reply is out."""
_SHOWN: Final = 200
"""Characters of a partner's text that an error repeats."""


def hub_kind(api: str) -> str:
    """The kind of resource that an API's subscriptions are.

    The body of one has `shown`, which is what the contract shows, `types`, the event types wanted or null for all,
    and `parties`, the buyerId and sellerId that it was registered with.
    """
    return HUB + api


def is_provoked(owed: Owed) -> bool:
    """Whether a notification tells of what did not happen, on purpose."""
    return _PROVOKED in owed.id


class Hub:
    """Writes what subscribers are owed when a desk tells of a change."""

    def __init__(self, context: Context) -> None:
        self._context = context
        kinds = context.release.kinds
        self._events = {
            kind.name: tuple(one for one in kinds.telling(kind.api) if one.kind == kind.name) for kind in kinds
        }
        self._fresh: list[str] = []
        self._reserved = 0.0
        self._held: dict[int, tuple[str, ...]] = {}
        self._waiting: set[str] = set()
        self._holding = threading.Lock()
        self.outlives: Callable[[str], bool] | None = None
        """Trouble on purpose: whether a subscription that has ended is told of events all the same. With it, ended
        subscriptions are kept."""
        context.desk.observers.append(self.changed)
        context.desk.witnesses.append(self.happened)

    def changed(self, resource: Resource, old: str | None, new: str, item: str | None, at: datetime) -> None:
        """An observer of the desk. Nobody is told of a first state: the answer to the request shows it."""
        for event in self._events[resource.kind]:
            if _tells(event, old, new, item):
                # Of an end that two types tell of, who asks for either hears: MEF123 leaves open whether one goes with
                # the other or in its place.
                about = {event.item_id: item} if item is not None else {}
                self._owe(resource, event, at, {**about, event.shows: new} if event.shows else about)

    def happened(
        self, resource: Resource, event: Event, item: str | None, at: datetime, more: Mapping[str, str]
    ) -> None:
        """A witness of the desk: what happened and is no change of state."""
        self._owe(resource, event, at, {event.item_id: item, **more} if item is not None else more)

    def removed(self, resource: Resource, at: datetime) -> None:
        """A resource is there no more."""
        for event in self._events[resource.kind]:
            if event.cls == "delete":
                self._owe(resource, event, at, {})

    def _owe(self, resource: Resource, event: Event, at: datetime, more: Mapping[str, str]) -> None:
        if not self._is_told(resource, event):
            return
        api = self._context.release.kinds.kind(resource.kind).api
        known = self._context.store.all(resource.run, hub_kind(api))
        wanted = [each for each in known if _wants(each, event.type) and self._lives(each)]
        if not wanted:
            return
        link = {"href": resource.body["href"]} if "href" in resource.body else {}
        more = {**{name: copied(resource.body[name]) for name in event.tells if name in resource.body}, **more}
        self._write(resource.run, api, event.type, at, {"id": resource.id, **link, **more}, wanted)

    def _is_told(self, resource: Resource, event: Event) -> bool:
        """Whether the sheet has an event told of this resource: `only` where others are as it says, not where they are as
        `unless` says.
        """
        only, unless = event.said.get("only"), event.said.get("unless")
        return (not only or self._has(resource, only)) and not (unless and self._has(resource, unless))

    def _has(self, resource: Resource, where: Mapping[str, Any]) -> bool:
        """Whether a resource names one of a kind that has these members."""
        store = self._context.store
        for _, named in every(resource.body, str(where["at"])):
            identifier = named.get("id") if isinstance(named, dict) else None
            found = store.get(resource.run, where["of"], identifier) if isinstance(identifier, str) else None
            wanted = (where.get("has") or {}).items()
            if found is not None and all(value_at(found.body, place) == value for place, value in wanted):
                return True
        return False

    def provoke(self, run: str, api: str, event: str, at: datetime, about: Mapping[str, str]) -> int:
        """Tell of an event that did not happen, because somebody wants to see what becomes of it.

        Returns how many subscribers are told; what they are sent is marked as wrong on purpose.
        """
        known = self._context.store.all(run, hub_kind(api))
        wanted = [each for each in known if _wants(each, event) and not each.body.get("ended")]
        self._write(run, api, event, at, about, wanted, mark=_PROVOKED)
        return len(wanted)

    def _write(
        self,
        run: str,
        api: str,
        event: str,
        at: datetime,
        about: Mapping[str, str],
        wanted: Sequence[Resource],
        *,
        mark: str = "",
    ) -> None:
        identifier = self._context.new_id("event")
        due = self._context.clock.now()
        kinds = self._context.release.kinds
        named = any(one.parties == "payload" for one in kinds.telling(api) if one.type == event)
        for each in wanted:
            body = {
                "eventId": identifier,
                "eventTime": rfc3339(at),
                "eventType": event,
                # MEF87 R6, MEF115 R5, MEF123 R6: the parties as they were registered with. Later on they stand in the query.
                "event": {**about, **each.body["parties"]} if named else {**about},
            }
            owed = Owed(f"{mark}{identifier}/{each.id}", run, api, each.id, event, body, due)
            self._context.store.owe(owed, self._reserved)
            self._fresh.append(owed.id)

    def _lives(self, subscription: Resource) -> bool:
        if not subscription.body.get("ended"):
            return True
        return self.outlives is not None and self.outlives(subscription.id)

    # -- subscribing -------------------------------------------------------------------------------

    def handlers(self, api: str) -> Mapping[View, Handler]:
        """What answers the operations of an API's hub, by what they do."""
        context = self._context
        kind = hub_kind(api)
        known = tuple(event.type for event in context.release.kinds.telling(api))
        settings = context.profile.notifications
        guard = Guard(settings.allow, settings.deny)

        def register(call: Call) -> Reply:
            callback, query = call.body["callback"], call.body.get("query")
            # POST /hub has no 422: what cannot be done for its callback or its query is a 400.
            problem = guard.problem(callback)
            if problem is not None:
                raise bad_request("invalidBody", problem, callback[:_SHOWN])
            types = _types(query, known, self._context.release.kinds)
            most = settings.subscriptions
            if (
                context.store.part(call.run, kind, 0, 0, count=most)[0] >= most
                and _in_force(context, call.run, kind) >= most
            ):
                reason = (
                    f"There are {most} subscriptions, which is as many as this seller keeps for a Buyer: end one first"
                )
                # The hub has neither 409 nor 429; of what it has, this says it best.
                raise ApiError(403, {"code": "tooManyUsers", "reason": reason})
            shown = {**call.body, "id": context.new_id(kind)}
            parties = {name: value for name in _PARTIES if (value := call.param(name)) is not None}
            body = {"shown": shown, "types": types, "parties": parties}
            context.store.add(Resource(call.run, kind, shown["id"], body, context.desk.now()))
            return Reply(201, shown)

        def unregister(call: Call) -> Reply:
            found = in_force(call)
            if self.outlives is not None:
                found.body["ended"] = True
                context.store.update(found)
            else:
                context.store.remove(call.run, kind, found.id)
            context.store.forget_owed(call.run, found.id)
            return Reply(204)

        def retrieve(call: Call) -> Reply:
            return Reply(200, in_force(call).body["shown"])

        def in_force(call: Call) -> Resource:
            identifier = call.path["id"]
            found = context.store.get(call.run, kind, identifier)
            if found is None or found.body.get("ended"):
                raise not_found("subscription", identifier)
            return found

        return {"subscribe": register, "unsubscribe": unregister, "subscription": retrieve}

    # -- after the reply ---------------------------------------------------------------------------

    def begin(self, *, reserved: bool = False) -> None:
        """A call or timer is worked on: what was noted before, for another or in an attempt that failed, is not its.

        What is owed from now on is `reserved`, or not: other processes on the same database leave it to this one.
        """
        self._fresh.clear()
        self._reserved = self._context.clock.spread(RESERVED) if reserved else 0.0

    def hold(self, call: Call) -> None:
        """Keep back what this call has made us owe until its reply is out.

        A call that is played again has made us owe only what it did the last time.
        """
        self.release(call)
        if self._fresh:
            with self._holding:
                self._held[id(call)] = tuple(self._fresh)
                self._waiting.update(self._fresh)

    def release(self, call: Call) -> bool:
        """The reply to a call is out; says whether anything waited for that."""
        with self._holding:
            held = self._held.pop(id(call), ())
            self._waiting.difference_update(held)
        return bool(held)

    def is_held(self, identifier: str) -> bool:
        """Whether a notification waits for the reply to the call that caused it."""
        with self._holding:
            return identifier in self._waiting


def _tells(event: Event, old: str | None, new: str, item: str | None) -> bool:
    """Whether an event tells of a change of state: of a resource that came into being, or that has another state."""
    if event.item is not (item is not None) or event.of:
        return False
    if old is None:
        return event.cls == "create"
    return event.cls == "state" or (event.cls == "reached" and event.state == new)


def _wants(subscription: Resource, event: str) -> bool:
    types = subscription.body["types"]
    return types is None or event in types


def _in_force(context: Context, run: str, kind: str) -> int:
    """How many subscriptions there are, without those that have ended and are kept all the same."""
    return sum(1 for each in context.store.all(run, kind) if not each.body.get("ended"))


def _types(query: str | None, known: Sequence[str], kinds: ReleaseKinds) -> list[str] | None:
    """The event types that a query names, or None for all of them; an empty query is none (MEF115 7.2.5.1).

    The guides leave open what becomes of a type that there is not, and of other attributes than eventType (MEF87 R53,
    MEF115 R55, MEF123 R101): who asks for what never comes is told so at once.
    """
    if query is None or not query.strip():
        return None
    wanted = query_of(query, kinds)
    if wanted.others:
        raise _refused(query, "query is eventType=a,b or eventType=a&eventType=b; no other attribute is supported")
    if wanted.types is None:
        raise _refused(query, "query names no event type")
    strange = sorted(wanted.types - set(known))
    if strange:
        raise _refused(query, f"There is no event type {strange[0][:60]}; known: {', '.join(known)}")
    return sorted(wanted.types)


def _refused(query: str, reason: str) -> ApiError:
    return bad_request("invalidBody", reason, query[:_SHOWN])


@contextmanager
def telling(desk: Desk, resource: Resource, at: datetime) -> Iterator[None]:
    """Tell of the members that a resource or items of it have got by the end of the block, and that there are events of: of
    a value that is new or another one, of each entry that a list has more; of attributes, once of all that are others.
    """
    kind = desk.kinds.kind(resource.kind)
    events = [each for each in desk.kinds.telling(kind.api) if each.kind == kind.name]
    items = kind.items.member if kind.items else ""
    of_items = [each for each in events if each.cls == "set" and each.item]
    before = {item.get("id"): _values(item, of_items) for item in resource.body.get(items, ())}
    of_whole = [each for each in events if each.cls in ("set", "attribute") and not each.item]
    whole = copied(resource.body) if of_whole else {}
    yield
    for item in resource.body.get(items, ()):
        _tell_set(desk, resource, item, item["id"], before.get(item.get("id"), {}), of_items, at)
    sets = [each for each in of_whole if each.cls == "set"]
    _tell_set(desk, resource, resource.body, None, _values(whole, sets), sets, at)
    own = {"id", "href", kind.state.member if kind.state else "", kind.history.member if kind.history else ""}
    changed = {f"/{name}" for name in {*whole, *resource.body} - own if whole.get(name) != resource.body.get(name)}
    for event in of_whole:
        if event.cls == "attribute" and changed & set(event.said.get("members") or changed):
            desk.happened(resource, event, None, at)


def _tell_set(
    desk: Desk,
    resource: Resource,
    holder: Mapping[str, Any],
    item: str | None,
    before: Mapping[str, Any],
    events: Sequence[Event],
    at: datetime,
) -> None:
    """Tell of the members that something has got since `before`. What is off now is not set."""
    for event in events:
        now, was = _values(holder, events)[event.type], before.get(event.type)
        if isinstance(now, list):
            for entry in now[len(was) if isinstance(was, list) else 0 :]:
                told = {
                    name: str(value_at(entry, pointer.partition("/-")[2]))
                    for name, pointer in event.said.get("tells", {}).items()
                }
                desk.happened(resource, event, item, at, told)
        elif now is not None and now is not False and now != was:
            desk.happened(resource, event, item, at)


def _values(item: Mapping[str, Any], sets: Sequence[Event]) -> dict[str, Any]:
    """By event type, what an item has of what the event tells of; of a list its entries so far."""
    found = {each.type: item.get(each.member.rpartition("/")[2]) for each in sets}
    return {name: list(value) if isinstance(value, list) else value for name, value in found.items()}
