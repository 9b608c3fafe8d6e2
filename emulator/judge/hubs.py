"""The subscriptions of a run. There can be thousands, and they ask for a few things: so they are told apart by these."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, TypeVar

from emulator.judge.fold import Fold
from emulator.judge.run import Run, succeeded
from emulator.standard.formats import is_uri
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at

SUBSCRIBE: Final = "registerListener"
UNSUBSCRIBE: Final = "unregisterListener"

Asked = TypeVar("Asked", bound=Hashable)


def can_be_taken(run: Run, hub: Exchange) -> bool:
    """Whether nothing in the request for a subscription explains a refusal: it is as its contract asks, and its callback
    is the address of something on the web.
    """
    callback = at(hub.request.body, "/callback")
    web = isinstance(callback, str) and callback.lower().startswith(("http://", "https://")) and is_uri(callback)
    return web and run.rightly_asked(hub)


@dataclass(slots=True)
class Alike:
    """The subscriptions that ask for one thing: the first of them, how many are in force, when the last other ended."""

    first: Exchange
    in_force: int = 0
    ended: datetime | None = None


@dataclass(slots=True)
class Hubs(Generic[Asked]):
    """The subscriptions to an API that were taken so far, in order, and what is known of them.

    `by_id` has them by the id that they were given, `ends` the exchange that ended one by the number of the one that
    made it, `alike` those that ask for the same.
    """

    api: str
    asks: Callable[[Exchange], Asked]
    made: list[Exchange] = field(default_factory=list)
    by_id: dict[str | None, list[Exchange]] = field(default_factory=dict)
    ends: dict[int, Exchange] = field(default_factory=dict)
    alike: dict[Asked, Alike] = field(default_factory=dict)
    _open: dict[str | None, list[Exchange]] = field(default_factory=dict)

    @property
    def in_force(self) -> list[Asked]:
        """What the subscriptions ask for that did not end."""
        return [asked for asked, alike in self.alike.items() if alike.in_force]

    def take(self, _run: Run, exchange: Exchange) -> None:
        """Take in the next exchange."""
        if exchange.api != self.api or exchange.operation not in (SUBSCRIBE, UNSUBSCRIBE) or not succeeded(exchange):
            return
        if exchange.operation == SUBSCRIBE:
            self.made.append(exchange)
            self.alike.setdefault(self.asks(exchange), Alike(exchange)).in_force += 1
            identifier = at(exchange.response.body, "/id") if exchange.response else MISSING
            if identifier is None or isinstance(identifier, str):
                self.by_id.setdefault(identifier, []).append(exchange)
                self._open.setdefault(identifier, []).append(exchange)
            return
        for made in self._open.pop(exchange.path_params.get("id"), ()):
            self.ends[made.n] = exchange
            alike = self.alike[self.asks(made)]
            alike.in_force -= 1
            alike.ended = max(alike.ended or exchange.at, exchange.at)


def hubs(api: str, asks: Callable[[Exchange], Asked]) -> Fold[Hubs[Asked]]:
    """The subscriptions to an API; `asks` says what one asks for."""
    return Fold(lambda: Hubs(api, asks), Hubs.take)
