"""One module for each API that an emulated party serves, and what they all are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulator.parties.clock import Clock
from emulator.parties.desk import Desk
from emulator.parties.profile import Profile
from emulator.parties.store import Resource, Store
from emulator.standard.release import Release
from emulator.wire.call import Call, Reply

Handler = Callable[[Call], Reply]
"""Answers one operation. Raises ApiError for the standard's errors."""

Action = Callable[[Resource, Mapping[str, Any], datetime], None]
"""What a timer does: the resource, the timer's data, the time when it was due."""


@dataclass(frozen=True, slots=True)
class Api:
    """What a party serves of one API: handlers by operationId, timer actions by name ("quote.advance")."""

    name: str
    operations: Mapping[str, Handler]
    actions: Mapping[str, Action] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What the modules of a party work with.

    `effects` are what one API does to another: the owner registers a function under its name
    ("quote.accepted"), others call it. `release` names the release served.
    """

    desk: Desk
    store: Store
    clock: Clock
    profile: Profile
    release: Release
    new_id: Callable[[str], str]
    effects: MutableMapping[str, Callable[..., Any]] = field(default_factory=dict)
