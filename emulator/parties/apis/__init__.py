"""One module for each API that the emulated seller serves in its own way, and what they all are made of.

A module that has a `PLUGIN` is found here: nothing else lists them. What no module does `emulator.parties.generic`
does for every API of a release, from its contract and its kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from emulator.parties.clock import Clock
from emulator.parties.desk import Desk, NotNow
from emulator.parties.effects import Effects
from emulator.parties.profile import Profile
from emulator.parties.sections import Section
from emulator.parties.store import Resource, Store
from emulator.record.call import Call, Reply
from emulator.standard.release import Release

if TYPE_CHECKING:
    from emulator.parties.keeper import Keeper

Handler = Callable[[Call], Reply]
"""Answers one operation. Raises ApiError for the standard's errors."""

Action = Callable[[Resource, Mapping[str, Any], datetime], None]
"""What a timer does: the resource, the timer's data, the time when it was due."""


Moving = Callable[[Resource, str, datetime], None]
"""Brings a resource to a state. NotNow where something stands in its way."""
MovingItem = Callable[[Resource, dict[str, Any], str, datetime], None]
"""The same of an item of a resource."""


Doing = Callable[[str, str, Resource | None, Mapping[str, Any], datetime], str]
"""Does a verb in a run, to a resource or to none, with words; says what came of it. NotNow where something stands in its way."""


def _unmoved(_: Resource, __: str, ___: datetime) -> None:
    raise NotNow("nothing moves it by hand")


def _undone(verb: str, _: str, __: Resource | None, ___: Mapping[str, Any], ____: datetime) -> str:
    raise NotNow(f"nobody knows how to {verb} it")


@dataclass(frozen=True, slots=True)
class Verb:
    """What happens to resources of a kind and has no operation: `title` says what it is, `words` what may be said with it.
    If it is of the `whole`, no resource is named.
    """

    title: str
    words: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What brings resources of one kind on, beside requests and timers: a hand in the seller (`move`, and `move_item` where
    items have a life of their own), a signal (`signalled` takes a run and a name, and gives how many resources went on),
    a read (`seen`, of what was shown), what happens outside of the API (`does` one of the verbs of its Plugin).
    """

    move: Moving = _unmoved
    move_item: MovingItem | None = None
    signalled: Callable[[str, str], int] = lambda _, __: 0
    seen: Callable[[Resource], None] = lambda _: None
    does: Doing = _undone


@dataclass(frozen=True, slots=True)
class Api:
    """What a party serves of one API: handlers by operationId, timer actions by name ("quote.advance"), and by kind of
    resource what brings it on.
    """

    name: str
    operations: Mapping[str, Handler] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What the modules of a party work with. `effects` are what one API does for another; `release` is the one served."""

    desk: Desk
    store: Store
    clock: Clock
    profile: Profile
    release: Release
    new_id: Callable[[str], str]
    effects: Effects = field(default_factory=Effects)

    def share(self, kind: str, identifier: str, body: dict[str, Any]) -> None:
        """Let every run see what the profile says of the world. It is the same in all releases that a store is for."""
        if not self.store.has("", kind, identifier):
            self.store.share(Resource("", kind, identifier, body, self.clock.now()))


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a module brings to the seller: how it builds its API, and the sections that this has in a profile.

    `sections` are parts of the profile of their own. `kinds` are those of the API's resources that it serves in its own way;
    those of `keepers` are kept as any kind is, by a keeper that knows more of them. `verbs` are what happens to its resources
    outside of the API, by kind and name. Sections of `behaviour` are called by a kind, those of `intervals` by any word; those of
    a kind with a keeper take the place of the ones that every kind has.
    """

    api: str
    kinds: tuple[str, ...] = ()
    build: Callable[[Context], Api] | None = None
    behaviour: tuple[Section[Any], ...] = ()
    intervals: tuple[Section[Any], ...] = ()
    keepers: Mapping[str, type[Keeper]] = field(default_factory=dict)
    sections: tuple[Section[Any], ...] = ()
    verbs: Mapping[str, Mapping[str, Verb]] = field(default_factory=dict)


@cache
def _modules() -> Mapping[str, Plugin]:
    """The plugins of this package's modules, by API."""
    modules = (import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__))
    found = [module.PLUGIN for module in modules if hasattr(module, "PLUGIN")]
    return {plugin.api: plugin for plugin in found}


def plugins(release: Release) -> list[Plugin]:
    """What modules bring for the APIs of a release, in its order. A module goes by a guide: an API of which a release has no
    more than the contract is served by its shape.
    """
    return [_modules()[api] for api in release.books if api in _modules()]


def verbs_of(release: Release) -> Mapping[str, Mapping[str, Verb]]:
    """What happens to resources outside of the APIs of a release, by kind and name."""
    return {kind: verbs for plugin in plugins(release) for kind, verbs in plugin.verbs.items()}
