"""The catalog: categories, specifications and offerings, what becomes of them, and how they are found (MEF W142)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.apis import Action, Api, Context, Course, Handler, Plugin
from emulator.parties.apis.aftersale import say
from emulator.parties.apis.catalog_bodies import CATEGORY, OFFERING, SPECIFICATION, entry_of_step, reason_of
from emulator.parties.apis.catalog_schemas import binding
from emulator.parties.apis.catalog_shelf import SHELF, CatalogShelf
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.lists import Passing, list_handler, moment_of, retrieve_handler
from emulator.parties.sections import KindTimes, PathStep, Section
from emulator.parties.store import Resource
from emulator.record.call import Call, Reply
from emulator.record.patch import merged
from emulator.record.payload import copied, every
from emulator.standard.kinds.facts import Kind

API: Final = "productCatalog"
_REMOVE: Final = ".remove"
_FIXED: Final[Mapping[str, tuple[str, ...]]] = {
    OFFERING: (
        "productOfferingTerm",
        "productSpecification",
        "productOfferingSpecification",
        "productRelationship",
        "placeRelationship",
        "productOfferingContextualInfo",
    ),
    SPECIFICATION: ("productRelationship", "placeRelationship", "sourceSchema"),
}
"""What never changes: of an offering that is announced or was (R18), of a specification (R67)."""
_SCHEMAS: Final = (
    "/productOfferingSpecification/schema",
    "/productOfferingContextualInfo/*/contextSchema/schema",
)
_OVER: Final = ("obsolete", "rejected")
_SELLING: Final = ("orderable", "onHold")
_INSTANT: Final = timedelta(milliseconds=1)
"""Changes of one resource are never at one time: who reads knows by `lastUpdate` that there was one."""


@dataclass(frozen=True, slots=True)
class CatalogTimes(KindTimes):
    """Seconds between steps, for which what has ended stays in the catalog (`keep`; without it for ever), and after which an
    offering of which there is a new version is not sold any more (`replace`).
    """

    keep: float | None = None
    replace: float = 86_400


OFFERING_TIMES: Final = Section(OFFERING, CatalogTimes)
SPECIFICATION_TIMES: Final = Section(SPECIFICATION, CatalogTimes)


class CatalogKeeper(Keeper):
    """Keeps one of the kinds; whatever changes has a later `lastUpdate` (R9, R20, R68)."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._shelf = context.effects.of(SHELF) if context.effects.has(SHELF) else CatalogShelf(context)
        self._shelf.keepers[kind.name] = self

    def born(self, run: str, body: dict[str, Any], state: str) -> None:  # noqa: ARG002 - wherever it is
        """What every one of them says of itself."""
        self._shelf.ready(run)
        body.setdefault("name", "Unnamed")
        body.setdefault("description", body["name"])
        body["lastUpdate"] = rfc3339(self._desk.now())

    @contextmanager
    def changing(self, resource: Resource, at: datetime) -> Iterator[None]:
        before = copied(resource.body)
        with super().changing(resource, at):
            yield
            if resource.body != before:
                self.dated(resource.body, at)

    def dated(self, body: dict[str, Any], at: datetime) -> None:
        """Say of a body that it has changed now."""
        last = moment_of(body.get("lastUpdate"))
        body["lastUpdate"] = rfc3339(at if last is None or last < at else last + _INSTANT)

    def remove(self, resource: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """A timer: what has ended is taken out of the catalog (R52, R76)."""
        if resource.body[self._member] in _OVER:
            self.plan.give_up(resource)
            self._store.remove(resource.run, self.kind.name, resource.id)
            self._hub.removed(resource, at)

    @property
    def actions(self) -> Mapping[str, Action]:
        return {**super().actions, f"{self.kind.name}{_REMOVE}": self.remove}

    def goes(self, resource: Resource, times: CatalogTimes) -> None:
        """It has ended: it is removed when its time is over."""
        if times.keep is not None:
            self._desk.later(resource, times.keep, f"{self.kind.name}{_REMOVE}")


class CategoryKeeper(CatalogKeeper):
    """Keeps categories. Which ones are below another, and which offerings are in it, follows from those (R10 to R13)."""

    def brought(self, resource: Resource) -> None:
        """Its parent has it as one of its own."""
        self._adopt(resource, None)

    def change(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        """NotNow for what follows from others, and for a parent that is below it."""
        for name in ("subCategory", "productOffering"):
            if name in members:
                raise NotNow(f"{name} follows from the parentCategory and category of others: change those")
        parent = _id(merged(resource.body, members).get("parentCategory"))
        if parent is not None and resource.id in (parent, *self.above(resource.run, parent)):
            raise NotNow(f"the category {parent} is below it")
        if parent is not None and self._store.get(resource.run, CATEGORY, parent) is None:
            raise NotNow(f"there is no category {parent}")
        return super().change(resource, members, at)

    @contextmanager
    def changing(self, resource: Resource, at: datetime) -> Iterator[None]:
        old = _id(resource.body.get("parentCategory"))
        with super().changing(resource, at):
            yield
        if _id(resource.body.get("parentCategory")) != old:
            self._adopt(resource, old)

    def _adopt(self, resource: Resource, old: str | None) -> None:
        new = _id(resource.body.get("parentCategory"))
        for parent, is_in in ((old, False), (new, True)):
            if parent is not None and (found := self._store.get(resource.run, CATEGORY, parent)) is not None:
                # R9: this alone is no change of the parent.
                _list_in(found.body, "subCategory", resource.id, is_in=is_in)
                self._store.update(found)

    def above(self, run: str, identifier: str) -> list[str]:
        """The categories in which a category is, the nearest first."""
        found = list[str]()
        here = self._store.get(run, CATEGORY, identifier)
        while here is not None and (parent := _id(here.body.get("parentCategory"))) is not None and parent not in found:
            found.append(parent)
            here = self._store.get(run, CATEGORY, parent)
        return found

    def group(self, offering: Resource, before: Sequence[str], now: Sequence[str], at: datetime) -> None:
        """An offering is in other categories than before: they have it, or not (R13), and have changed (R9)."""
        for identifier in dict.fromkeys((*before, *now)):
            found = self._store.get(offering.run, CATEGORY, identifier)
            if found is not None and (identifier in before) != (identifier in now):
                _list_in(found.body, "productOffering", offering.id, is_in=identifier in now)
                self.dated(found.body, at)
                self._store.update(found)


class SpecificationKeeper(CatalogKeeper):
    """Keeps specifications. One is obsolete when nothing of it is sold or supported any more (R75)."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._times = context.profile.intervals.of(SPECIFICATION_TIMES)

    def change(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        _refuse_fixed(resource, members, "W142-R67")
        return super().change(resource, members, at)

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """NotNow while an offering of it lives."""
        if to == "obsolete":
            alive = [each.id for each in self._offerings(resource) if each.body["lifecycleStatus"] not in _OVER]
            if alive:
                raise NotNow(f"its offerings have to be obsolete or rejected first: {', '.join(alive[:3])} (W142-R75)")
            self.goes(resource, self._times)
        super().advance(resource, to, at)

    def _open_to(self, resource: Resource, to: str) -> bool:
        """A plan that comes too early comes to nothing."""
        offerings = self._offerings(resource)
        return super()._open_to(resource, to) and all(each.body["lifecycleStatus"] in _OVER for each in offerings)

    def remove(self, resource: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """With its offerings (R77)."""
        for each in self._offerings(resource):
            self._shelf.keepers[OFFERING].actions[f"{OFFERING}{_REMOVE}"](each, {}, at)
        super().remove(resource, _, at)

    def _offerings(self, resource: Resource) -> list[Resource]:
        found = self._store.all(resource.run, OFFERING)
        return [each for each in found if _id(each.body.get("productSpecification")) == resource.id]


class OfferingKeeper(CatalogKeeper):
    """Keeps offerings. What is announced stays as it is: whoever changes it makes a new version (R18, R19)."""

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        super().__init__(context, hub, kind)
        self._times = context.profile.intervals.of(OFFERING_TIMES)

    def born(self, run: str, body: dict[str, Any], state: str) -> None:
        super().born(run, body, state)
        body.setdefault("agreement", self._context.profile.catalog.agreement)
        for name in ("channel", "marketSegment", "region", "category"):
            body.setdefault(name, [])
        body.setdefault("statusReason", reason_of(state))
        if "productSpecification" not in body:
            first = next(self._store.all(run, SPECIFICATION), None)
            if first is not None:
                body["productSpecification"] = {"id": first.id}

    def brought(self, resource: Resource) -> None:
        """It is in its categories."""
        self._grouped(resource, (), self._desk.now())

    def _grouped(self, resource: Resource, before: Sequence[str], at: datetime) -> None:
        keeper = self._shelf.keepers[CATEGORY]
        assert isinstance(keeper, CategoryKeeper)
        keeper.group(resource, before, _categories(resource.body), at)

    @contextmanager
    def changing(self, resource: Resource, at: datetime) -> Iterator[None]:
        before = _categories(resource.body)
        with super().changing(resource, at):
            yield
        self._grouped(resource, before, at)

    def change(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        """Of what is announced, or was, a new version where it is more than words that change."""
        self._refuse_unknown(resource, members)
        listed = [name for name in _FIXED[OFFERING] if name in members and members[name] != resource.body.get(name)]
        if not listed or resource.body[self._member] == "inTest":
            return super().change(resource, members, at)
        return self._replaced(resource, members, at)

    def _refuse_unknown(self, resource: Resource, members: Mapping[str, Any]) -> None:
        """NotNow for what it would refer to and there is not, and for texts that are no schemas: nothing could be held to them."""
        after = merged(resource.body, members)
        named = ((CATEGORY, "/category/*/id"), (SPECIFICATION, "/productSpecification/id"))
        for kind, pattern in named:
            for _, each in every(after, pattern) if pattern.split("/")[1] in members else ():
                if isinstance(each, str) and self._store.get(resource.run, kind, each) is None:
                    raise NotNow(f"there is no {kind} {each}")
        for pattern in _SCHEMAS:
            for place, text in every(after, pattern) if pattern.split("/")[1] in members else ():
                if isinstance(text, str) and binding(text) is None:
                    raise NotNow(f"{place} is no JSON Schema")

    def _replaced(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        """The new version is announced and goes where the old one is; the old one is sold for a while."""
        given = merged({**resource.body, "id": self._context.new_id(OFFERING), self._member: "announced"}, members)
        for name in ("href", "statusTransition", "statusReason", "note"):
            given.pop(name, None)
        fresh = self.open(resource.run, given)
        self._shelf.note_version(resource.run, fresh.id, resource.id)
        self.brought(fresh)
        if resource.body[self._member] in _SELLING:
            self.plan.begin(fresh, [PathStep("orderable", self._times.step)])
            ends = rfc3339(at + timedelta(seconds=self._times.replace))
            with self.changing(resource, at):
                say(self._context, resource.body, f"The offering {fresh.id} takes its place", at)
                entry = {"transitionDate": ends, "transitionLifecycleStatus": "endOfSale"}
                log = resource.body.get("statusTransition") or []
                past = [each for each in log if (moment_of(each["transitionDate"]) or at) <= at]
                resource.body["statusTransition"] = [*past, entry]  # what was planned else is given up
            self.plan.give_up(resource)
            self.plan.begin(resource, [PathStep("endOfSale", self._times.replace)])
        return fresh

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """One step, with its reason (R21), its line in the log (R23), and where it is put on hold a note (D3)."""
        body = resource.body
        body["statusReason"] = reason_of(to)
        log = body.setdefault("statusTransition", [])
        ahead = entry_of_step(log, body[self._member], to, at)
        if ahead is not None:
            ahead["transitionDate"] = rfc3339(at)
        else:
            log.append({"transitionDate": rfc3339(at), "transitionLifecycleStatus": to})
        if to == "onHold":
            say(self._context, body, "We cannot deliver it at present, and say so when we can", at)
        if to in _OVER:
            self.goes(resource, self._times)
        super().advance(resource, to, at)

    def remove(self, resource: Resource, _: Mapping[str, Any], at: datetime) -> None:
        before = _categories(resource.body)
        resource.body["category"] = []
        self._grouped(resource, before, at)
        super().remove(resource, _, at)


def _refuse_fixed(resource: Resource, members: Mapping[str, Any], clause: str) -> None:
    listed = [name for name in _FIXED[resource.kind] if name in members and members[name] != resource.body.get(name)]
    if listed:
        raise NotNow(f"{', '.join(listed)} of it cannot change ({clause})")


def _id(reference: Any) -> str | None:
    found = reference.get("id") if isinstance(reference, Mapping) else None
    return found if isinstance(found, str) else None


def _categories(body: Mapping[str, Any]) -> list[str]:
    return [each["id"] for each in body.get("category") or ()]


def _list_in(body: dict[str, Any], name: str, identifier: str, *, is_in: bool) -> None:
    """Have a list of references name something, or not."""
    others = [each for each in body.get(name) or () if each["id"] != identifier]
    if is_in:
        others.append({"id": identifier})
    if others:
        body[name] = others
    else:
        body.pop(name, None)


# -- reading --------------------------------------------------------------------------------------


def build(context: Context) -> Api:
    """Lists and reads; what else there is, a catalog has as any API has it."""
    shelf = context.effects.of(SHELF)

    def ready(handler: Handler) -> Handler:
        def handle(call: Call) -> Reply:
            shelf.ready(call.run)
            return handler(call)

        return handle

    def in_category(run: str, body: Any, wanted: Iterable[str]) -> bool:
        """Direct and indirect members (R54)."""
        keeper = shelf.keepers[CATEGORY]
        assert isinstance(keeper, CategoryKeeper)
        direct = _categories(body)
        return any(each in (*direct, *(above for one in direct for above in keeper.above(run, one))) for each in wanted)

    passing: dict[str, Passing] = {
        "channel": _any_of("/channel/*"),  # R53, R56
        "marketSegment": _any_of("/marketSegment/*"),  # R53, R57
        "region.country": _any_of("/region/*/country"),  # R53, R58
        "category.id": in_category,
        "lifecycleStatus": lambda _, body, wanted: (
            body["lifecycleStatus"] in {_PILOT.get(each, each) for each in wanted}
        ),
    }
    operations: dict[str, Handler] = {}
    facts = context.release.kinds.apis[API]
    for operation in facts.operations.values():
        if operation.view == "list":
            special = passing if operation.kind == OFFERING else {}
            operations[operation.id] = ready(list_handler(context, API, operation.id, passing=special))
        elif operation.view == "retrieve":
            seen = shelf.keepers[operation.kind].plan.seen
            read = retrieve_handler(context, facts.kinds[operation.kind], Course(seen=seen))
            operations[operation.id] = ready(read)
    return Api(API, operations)


_PILOT: Final = {"pilotBeta": "inTest"}
"""What the filter's contract calls a status otherwise than the guide (erratum E-W1)."""


def _any_of(pattern: str) -> Passing:
    """What has one of the values that are asked for, or no such list at all: that is for everybody."""

    def passes(_: str, body: Any, wanted: Sequence[str]) -> bool:
        found = [value for _, value in every(body, pattern)]
        return not found or any(each in wanted for each in found)

    return passes


PLUGIN: Final = Plugin(
    API,
    build=build,
    intervals=(OFFERING_TIMES, SPECIFICATION_TIMES),
    keepers={CATEGORY: CategoryKeeper, OFFERING: OfferingKeeper, SPECIFICATION: SpecificationKeeper},
)
