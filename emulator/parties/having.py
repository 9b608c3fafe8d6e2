"""Resources that our seller makes by itself: at the beginning of a run, after a time, or on a signal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from emulator.parties.apis import Action, Context
from emulator.parties.clock import rfc3339
from emulator.parties.coherence import Loose
from emulator.parties.filling import Filler, Unfillable
from emulator.parties.keeper import Keeper
from emulator.parties.profile import Profile
from emulator.parties.sections import Had
from emulator.parties.signals import was_given
from emulator.parties.stock import STOCK
from emulator.parties.store import Resource
from emulator.parties.walk import worked_out
from emulator.record.payload import dump, escape, parse
from emulator.standard.breach import Check
from emulator.standard.release import Release

_LOG: Final = logging.getLogger(__name__)
_COMING: Final = "have"
"""The kind of resource that stands for one that is still to come."""
_COME: Final = "have.come"
_SOME_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Coming:
    """Brings the resources that a profile has."""

    def __init__(self, context: Context, keepers: Mapping[str, Keeper]) -> None:
        self._context, self._keepers = context, keepers
        self._given = {f"{kind}/{had.id}": (kind, had) for kind, had in context.profile.have.each() if kind in keepers}

    @property
    def actions(self) -> dict[str, Action]:
        """The timer actions."""
        return {_COME: self._come}

    def begin(self, run: str) -> None:
        """A run begins: what is there from its beginning is made, the rest is to come."""
        if self._context.effects.has(STOCK):
            self._context.effects.of(STOCK).begin(run)
        for name, (kind, had) in self._had(run).items():
            if had.after_seconds is None and had.signal is None:
                self._bring(run, kind, had)
                continue
            coming = Resource(run, _COMING, name, {"signal": had.signal}, self._context.desk.now())
            self._context.store.add(coming)
            if had.signal is None or was_given(self._context.store, run, had.signal):
                self._later(coming, had)

    def signalled(self, run: str, signal: str) -> int:
        """Have those come that waited for a signal; returns how many did."""
        store, found = self._context.store, 0
        had = self._had(run)
        for coming in list(store.all(run, _COMING)) if had else ():
            if coming.body["signal"] == signal and coming.id in had:
                coming.body["signal"] = None
                store.update(coming)
                self._later(coming, had[coming.id][1])
                found += 1
        return found

    def _had(self, run: str) -> Mapping[str, tuple[str, Had]]:
        """What a run has, each with its kind: as the profile says, and what comes into stock later."""
        effects = self._context.effects
        stock = effects.of(STOCK).coming(run) if effects.has(STOCK) else ()
        return {**{f"{kind}/{had.id}": (kind, had) for kind, had in stock}, **self._given} if stock else self._given

    def _later(self, coming: Resource, had: Had) -> None:
        self._context.desk.later(coming, had.after_seconds or 0.0, _COME)

    def _come(self, coming: Resource, _: Mapping[str, Any], __: datetime) -> None:
        self._context.store.remove(coming.run, _COMING, coming.id)
        if (had := self._had(coming.run).get(coming.id)) is not None:
            self._bring(coming.run, *had)

    def _bring(self, run: str, kind: str, had: Had) -> None:
        effects = self._context.effects
        if effects.has(STOCK) and effects.of(STOCK).hides(run, kind, had):
            return
        if self._context.store.has(run, kind, had.id):
            return  # a hand in our seller was quicker
        try:
            self._keepers[kind].bring(run, had)
        except Unfillable as error:
            _LOG.error("%s %s of the profile cannot be made: %s", kind, had.id, error)


def problems_of(profile: Profile, release: Release) -> Iterator[Loose]:
    """What is wrong with the resources that a profile has: what their contract breaks, and what nobody can make up."""
    for name, had in profile.have.each():
        kind, place = release.kinds.kind(name), f"/have/{name}/{escape(had.id)}"
        contract = release.contract(kind.api)
        given = worked_out({**had.members, "id": had.id}, {}, _SOME_TIME)
        if had.path and kind.state:
            given.setdefault(kind.state.member, had.path[0].to)
        for breach in contract.body_breaches(kind.schema, parse(dump(given)), "response"):
            if breach.check is Check.UNKNOWN_MEMBER:
                yield f"{place}{breach.place}", True, breach.message
        try:
            Filler(contract, rfc3339(_SOME_TIME), lambda: "some-id").fill(kind.schema, given)
        except Unfillable as error:
            yield f"{place}{error.place}", False, f"{error.place.rpartition('/')[2] or name}: {error.what}"
