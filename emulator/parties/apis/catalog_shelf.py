"""The catalog of a profile in the runs of a seller: put there when somebody first asks for it, and what others ask of it (MEF W142)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from emulator.parties.apis import Context
from emulator.parties.apis.catalog_bodies import (
    CATEGORY,
    OFFERING,
    SPECIFICATION,
    CatalogBodies,
    chosen,
    planned,
)
from emulator.parties.apis.catalog_schemas import Binding, binding
from emulator.parties.apis.catalog_sold import SOLD, Function, Sold
from emulator.parties.clock import rfc3339
from emulator.parties.effects import Effect
from emulator.parties.keeper import Keeper
from emulator.parties.offering import Offering, Span, Term
from emulator.parties.scopes import said_in
from emulator.parties.sections import Had, PathStep
from emulator.parties.stock import STOCK, Stock
from emulator.parties.store import Resource
from emulator.record.payload import at as value_at

_THERE: Final = "catalog"
"""The kind of resource that says that a run has the catalog."""
_VERSION: Final = "catalog.version"
"""The kind of resource that says of which offering of the profile another one is a version."""
_BEFORE: Final = timedelta(days=1)
"""How long before a run the catalog of its beginning was made: what changes then is later, also in whole seconds."""
_HIDDEN: Final = ("inTest", "rejected")
"""What only pilot buyers see (W142-R93)."""


class CatalogShelf(Stock, Sold):
    """Puts what the profile has into a run. Nothing is told of that: it was there before the buyer came.

    Who has not been agreed on for tests sees an offering in test when it is announced (W142-O4, R93).
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.keepers: dict[str, Keeper] = {}
        context.effects.offer(STOCK, self)
        context.effects.offer(SOLD, self)
        context.effects.offer(SHELF, self)

    @cached_property
    def bodies(self) -> CatalogBodies:
        """What the catalog shows of the profile."""
        return CatalogBodies(self._context.profile, self._context.release)

    # -- what there is -----------------------------------------------------------------------------

    @cached_property
    def _lively(self) -> bool:
        """Whether anything of the catalog changes by itself."""
        profile = self._context.profile
        late = (each.after_seconds is not None or each.signal for each in profile.offerings.values())
        ways = [each.transitions for each in profile.offerings.values()]
        ways += [each.transitions for each in profile.catalog.specifications.values()]
        return any(late) or any(ways)

    def begin(self, run: str) -> None:
        """What changes by itself is there from the beginning, since its time goes by."""
        if self._lively:
            self.ready(run)

    def ready(self, run: str) -> None:
        """Put the catalog there, once."""
        store, now = self._context.store, self._context.desk.now()
        if store.has(run, _THERE, _THERE):
            return
        store.add(Resource(run, _THERE, _THERE, {}, now))
        at = rfc3339(now - _BEFORE)
        offerings = self._context.profile.offerings.values()
        present = [(each, self._offering_body(each)) for each in offerings if self._is_there(run, each)]
        categories = self.bodies.categories()
        for category in categories:
            body = self.bodies.category(category)
            below = [{"id": each.id} for each in categories if each.parent == category.id]
            within = [{"id": each.id} for each, its in present if {"id": category.id} in its["category"]]
            lists = {"subCategory": below, "productOffering": within}
            self._put(run, CATEGORY, {**body, "lastUpdate": at, **{name: each for name, each in lists.items() if each}})
        for entry in self.bodies.specifications.values():
            self._put(run, SPECIFICATION, {**self.bodies.specification(entry), "lastUpdate": at}, entry.transitions)
        for offering, its in present:
            body = {**its, "lastUpdate": at}
            if plan := planned(offering.transitions, now):
                body["statusTransition"] = plan
            self._put(run, OFFERING, body, offering.transitions)

    def _put(self, run: str, kind: str, body: dict[str, Any], way: Sequence[PathStep] = ()) -> None:
        if self._context.store.has(run, kind, body["id"]):
            return  # the profile has it beside its offerings
        resource = Resource(run, kind, body["id"], body, self._context.desk.now())
        self._context.store.add(resource)
        if way:
            self.keepers[kind].plan.begin(resource, way)

    def hides(self, run: str, kind: str, had: Had) -> bool:
        """What is in test, or was, from who takes no part in it."""
        begins = had.path[0].to if had.path else had.members.get("lifecycleStatus")
        return kind == OFFERING and begins in _HIDDEN and not self.is_pilot(run)

    def coming(self, run: str) -> Sequence[tuple[str, Had]]:
        """Offerings that are published later, and for who takes no part in a test those that are in test."""
        return self._coming_to(is_pilot=self.is_pilot(run)) if self._lively else ()

    def _coming_to(self, *, is_pilot: bool) -> list[tuple[str, Had]]:
        found = []
        for each in self._context.profile.offerings.values():
            late = Had(each.id, each.after_seconds, each.signal, each.transitions)
            way = each.transitions
            if each.lifecycle_status in _HIDDEN and not is_pilot:
                if each.lifecycle_status == "rejected" or not way or way[0].to in _HIDDEN:
                    continue
                late = Had(each.id, (each.after_seconds or 0.0) + (way[0].after_seconds or 0.0), way[0].signal, way[1:])
                body = {**self._offering_body(each), "lifecycleStatus": way[0].to}
                body.pop("statusReason")
            elif each.after_seconds is None and each.signal is None:
                continue
            else:
                body = self._offering_body(each)
            # A first step to where it begins sets nothing: the path is what follows.
            start = PathStep(str(body["lifecycleStatus"]))
            found.append((OFFERING, replace(late, path=(start, *late.path), members=body)))
        return found

    def _is_there(self, run: str, offering: Offering) -> bool:
        if offering.after_seconds is not None or offering.signal is not None:
            return False
        return offering.lifecycle_status not in _HIDDEN or self.is_pilot(run)

    @cached_property
    def _made(self) -> dict[str, dict[str, Any]]:
        return {}

    def _offering_body(self, offering: Offering) -> dict[str, Any]:
        if offering.id not in self._made:
            self._made[offering.id] = self.bodies.offering(offering)
        return self._made[offering.id]

    def is_pilot(self, run: str) -> bool:
        """Whether the buyer of a run takes part in tests (W142-O4): by its id or as a client, and where nobody says who it is,
        as the only one there is.
        """
        profile = self._context.profile
        pilots, buyers = profile.pilot_buyers or (), profile.represents.buyers
        named = [said for name in ("buyerId", "client") if (said := said_in(run, name)) is not None]
        named = named or list(buyers[:1])
        return any(each in pilots for each in named) if named else bool(pilots)

    # -- what others ask ---------------------------------------------------------------------------

    def _shown(self, run: str, identifier: str) -> dict[str, Any] | None:
        """The body of an offering, as the run has it or would have it."""
        if self._context.store.has(run, _THERE, _THERE):
            found = self._context.store.get(run, OFFERING, identifier)
            return found.body if found is not None else None
        entry = self._context.profile.offerings.get(identifier)
        return self._offering_body(entry) if entry is not None and self._is_there(run, entry) else None

    def status(self, run: str, identifier: str) -> str:
        body = self._shown(run, identifier)
        return str(body["lifecycleStatus"]) if body is not None else ""

    def offering(self, run: str, identifier: str) -> Offering | None:
        body = self._shown(run, identifier)
        if body is None:
            return None
        offerings = self._context.profile.offerings
        if identifier in offerings:
            return offerings[identifier]
        entry = offerings.get(self.origin(run, identifier))
        return entry and replace(entry, id=identifier, name=body["name"], term_entries=_terms(body))

    def every(self, run: str) -> Sequence[str]:
        return [*self._context.profile.offerings, *(each.id for each in self._context.store.all(run, _VERSION))]

    def origin(self, run: str, identifier: str) -> str:
        version = self._context.store.get(run, _VERSION, identifier)
        return str(version.body["of"]) if version is not None else identifier

    def note_version(self, run: str, identifier: str, before: str) -> None:
        """An offering is a version of another one: all that the catalog does not show, such as prices, is that one's."""
        older = self._context.store.get(run, _VERSION, before)
        of = older.body["of"] if older is not None else before
        now = self._context.desk.now()
        self._context.store.add(Resource(run, _VERSION, identifier, {"of": of}, now))

    def binding(self, run: str, identifier: str, function: Function, action: str) -> Binding | None:
        body = self._shown(run, identifier)
        info = chosen((body or {}).get("productOfferingContextualInfo") or (), function, action)
        text = value_at(info, "/contextSchema/schema") if info is not None else None
        return binding(text) if isinstance(text, str) else None


SHELF: Final[Effect[CatalogShelf]] = Effect("the shelf of the catalog")


def _terms(body: dict[str, Any]) -> tuple[Term, ...]:
    """The terms of an offering, as a profile has them."""

    def span(said: dict[str, Any]) -> Span:
        return Span(said["amount"], said["units"])

    return tuple(
        Term(
            each["name"],
            span(each["duration"]),
            each["endOfTermAction"],
            span(each["rollInterval"]) if "rollInterval" in each else None,
            each.get("description"),
        )
        for each in body.get("productOfferingTerm") or ()
    )
