"""Delivery: sends what subscribers are owed, each subscription in order, the slow ones apart from the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from emulator.doors.dress import Dress
from emulator.doors.faults import Faults
from emulator.doors.peer import Peer
from emulator.doors.troubles import Twist, WrongToken
from emulator.parties.callbacks import Forbidden, Guard
from emulator.parties.clock import Clock
from emulator.parties.hub import RESERVED, hub_kind, is_provoked
from emulator.parties.profile import Notifications
from emulator.parties.scopes import family
from emulator.parties.store import Outcome, Owed, Resource, Store
from emulator.parties.wrong_tokens import with_wrong_token
from emulator.record.call import Unavailable
from emulator.record.exchange import Exchange, FaultKind, Party, Transcript
from emulator.record.secrets import masked_url
from emulator.standard.contract import Contract, Operation
from emulator.standard.paths import PathMap

if TYPE_CHECKING:
    from emulator.doors.client import Client

_LOG: Final = logging.getLogger(__name__)

THREADS: Final = 16
"""Deliveries at the same time, in real time."""
_AHEAD: Final = 112
"""Notifications that are claimed and wait for a thread: to claim many at once costs no more than to claim one."""
_SLOW: Final = 4
"""How many of them subscriptions may take whose last delivery failed."""
_LATER: Final = 0.25
"""Seconds until a delivery is looked at again that found no thread of its kind free, at the least."""
_LATER_EACH: Final = 0.01
"""Seconds more for each subscription whose last delivery failed: the many look no more often than the few."""
_AFTER_REPLY: Final = 0.01
"""Seconds until a delivery is looked at again whose reply was not out yet."""
_MARGIN: Final = 30.0
"""Seconds that a delivery can take beyond its timeout before another process may take it over."""
_PATIENCE: Final = 1.0
"""Seconds that deliveries under way have when all ends, and again once they are told to hurry."""
_ACCEPTED: Final = 204
_SHOWN: Final = 200
"""Characters of a callback that a line of the log repeats."""


CallbackPeers = Callable[[str, Contract, float], Peer]
"""How a callback is reached, by the contract of what is sent there, within so many seconds."""


def _plain(callback: str, contract: Contract, timeout: float) -> Peer:
    return Peer(callback, PathMap.of([contract]), timeout=timeout, release=contract.release)


class Deliverer:
    """A worker of the clock that sends the notifications a store has.

    With `threads` they are sent at the same time, without in the thread that lets the time pass. `contract_of` finds
    the contract of a notification, `path_of` the path of its listener; `transcript_of(run)` is where deliveries are recorded; `is_held` says of a notification that the reply
    to the call that caused it is not out yet.
    """

    def __init__(
        self,
        store: Store,
        settings: Notifications,
        contract_of: Callable[[Owed], Contract],
        clock: Clock,
        transcript_of: Callable[[str], Transcript],
        *,
        path_of: Callable[[Owed], str] = lambda owed: f"/listener/{owed.event}",
        is_held: Callable[[str], bool] = lambda _: False,
        threads: int = 0,
        faults: Faults | None = None,
        dress: Dress | None = None,
        peer_of: CallbackPeers | None = None,
    ) -> None:
        self._peer_of = peer_of or _plain
        self._store, self._settings, self._clock = store, settings, clock
        self._contract_of, self._transcript_of, self._is_held = contract_of, transcript_of, is_held
        self._path_of = path_of
        self._guard = Guard(settings.allow, settings.deny)
        self._faults, self._dress = faults or Faults(), dress
        self._pool = ThreadPoolExecutor(threads, "oit-delivery") if threads else None
        self._room = self._all_room = threads + _AHEAD
        self._free_for_slow = min(_SLOW, max(1, threads - 1))
        self._slow: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._going: set[Client] = set()
        self._begun: set[Future[Any]] = set()

    def next_due(self) -> datetime | None:
        if not self._has_room():
            return None  # who makes room says so
        return self._store.next_owed()

    def run_due(self, now: datetime) -> int:
        """Send what is due, or have it sent; returns how many."""
        lease = self._clock.spread(self._settings.timeout + _MARGIN)  # the subscriber's time is real
        if self._pool is None:
            due = self._store.owed_due(now, THREADS, lease)
            for owed in due:
                self._deliver(owed)
            return len(due)
        if not self._has_room():
            return 0
        claimed = time.monotonic()
        return sum(self._begin(owed, now, claimed) for owed in self._store.owed_due(now, self._room, lease))

    def _has_room(self) -> bool:
        """Whether it is worth while to claim more."""
        return self._pool is None or self._room * 2 >= self._all_room

    def close(self) -> None:
        """Wait a moment for what is being sent, and abandon it where its subscriber is silent: it stays owed, as the rest."""
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            begun = set(self._begun)
        if left := wait_for(begun, _PATIENCE).not_done:
            with self._lock:
                self._closed = True
                going = set(self._going)
            for client in going:
                client.hurry(_PATIENCE / 2)
            wait_for(left, _PATIENCE)
        self._closed = True

    # -- threads -----------------------------------------------------------------------------------

    def _begin(self, owed: Owed, now: datetime, claimed: float) -> bool:
        """Give a notification to a thread; False where it has to wait."""
        assert self._pool is not None
        line = (owed.run, owed.subscription)
        with self._lock:
            slow = line in self._slow or owed.attempts > 0  # another process may have tried it
            waits = slow and not self._free_for_slow
            held = self._is_held(owed.id)
            if not waits and not held:
                self._room -= 1
                self._free_for_slow -= slow
        if waits or held:
            pause = _AFTER_REPLY if held else max(_LATER, _LATER_EACH * len(self._slow))
            again = now + timedelta(seconds=self._clock.spread(pause))
            reserved = self._clock.spread(RESERVED) if held else 0.0
            self._store.postpone_owed(owed.id, again, owed.attempts, owed.fault, reserved)
            return False
        try:
            begun = self._pool.submit(self._in_thread, owed, claimed, slow=slow)
        except RuntimeError:  # all has ended meanwhile
            return False
        with self._lock:
            self._begun.add(begun)
        begun.add_done_callback(self._begun.discard)
        return True

    def _in_thread(self, owed: Owed, claimed: float, *, slow: bool) -> None:
        try:
            if time.monotonic() - claimed > _MARGIN / 2:
                # It waited so long for a thread that its lease might end before its delivery does: it is given back.
                self._store.postpone_owed(owed.id, owed.due, owed.attempts, owed.fault)
            else:
                self._deliver(owed)
        except Unavailable:
            pass  # it has been said; its lease runs out and it is tried again
        except Exception:  # noqa: BLE001 - whatever it is, its lease runs out and it is tried again
            if not self._closed:  # else what it would be noted in may have been closed before it
                _LOG.exception("%s of subscription %s could not be sent", owed.event, owed.subscription)
        finally:
            with self._lock:
                self._room += 1
                self._free_for_slow += slow
            self._clock.wake()

    # -- one delivery ------------------------------------------------------------------------------

    def _deliver(self, owed: Owed) -> None:
        subscription = self._store.get(owed.run, hub_kind(owed.api), owed.subscription)
        if subscription is None:
            self._store.forget_owed(owed.run, owed.subscription)
            with self._lock:
                self._slow.discard((owed.run, owed.subscription))
            return
        callback = str(subscription.body["shown"]["callback"])
        try:
            addresses = self._guard.addresses(callback)
        except Forbidden as reason:
            self._settle(owed, "dead", str(reason))
            return
        twist = self._faults.twist(owed)
        if twist is not None:
            self._send_instead(owed, twist, subscription, addresses)
            return
        exchange = self._send(owed, subscription, addresses)
        if exchange.response is not None and exchange.response.status == _ACCEPTED:
            self._settle(owed, "delivered")
            return
        fault = exchange.fault.message if exchange.fault else ""
        if exchange.fault and exchange.fault.kind is FaultKind.UNANSWERED:
            # We end, and have abandoned it: that was no try.
            self._keep(owed, lambda: self._store.postpone_owed(owed.id, owed.due, owed.attempts, owed.fault))
            return
        if exchange.response is not None:
            fault = f"answered {exchange.response.status}, not {_ACCEPTED}"
        self._failed(owed, callback, fault)

    def _send_instead(self, owed: Owed, twist: Twist[Owed], subscription: Resource, addresses: list[str]) -> None:
        """Make trouble on purpose: what a subscriber makes of it is not our business, so nothing is tried again."""
        if twist.wait:
            again = self._clock.now() + timedelta(seconds=self._clock.spread(twist.wait))
            self._store.postpone_owed(owed.id, again, owed.attempts, owed.fault)
            return
        for each in twist.sent:
            self._send(each, subscription, addresses, twist.token)
        self._settle(owed, "delivered")

    def _send(
        self, owed: Owed, subscription: Resource, addresses: list[str], wrong: WrongToken | None = None
    ) -> Exchange:
        """Send it, with the `wrong` token where trouble is made with that. The parties of the subscription go along in the query
        where its listener has them there.
        """
        from emulator.doors.client import Client  # noqa: PLC0415 - heavy, and a seller is up before it sends

        contract = self._contract_of(owed)
        path = self._path_of(owed)
        found = contract.find("POST", path)
        operation: Operation | None = found[0] if found else None
        named = {parameter.name for parameter in operation.query} if operation else set()
        callback = str(subscription.body["shown"]["callback"])
        run = family(owed.run)
        peer = self._peer_of(callback, contract, self._settings.timeout)
        if wrong is not None:
            peer = with_wrong_token(peer, wrong, self._clock.now())
        client = Client(
            peer, Party.SELLER, self._transcript_of(run), self._clock.now, run=run or None, dress=self._dress
        )
        with self._lock:
            self._going.add(client)
        if self._closed:
            client.hurry(_PATIENCE / 2)
        try:
            return client.send(
                "POST",
                path,
                query=[pair for pair in subscription.body["parties"].items() if pair[0] in named],
                body=owed.body,
                api=owed.api,
                kind="notification",
                operation=operation.id if operation else None,
                addresses=None if peer.proxy_to(callback) else addresses,
                provoked=is_provoked(owed) or str(owed.body.get("eventId")) in self._faults.odd_events,
            )
        finally:
            with self._lock:
                self._going.discard(client)
            client.close()

    def _failed(self, owed: Owed, callback: str, fault: str) -> None:
        line = (owed.run, owed.subscription)
        with self._lock:
            news = line not in self._slow
            self._slow.add(line)
        tries = owed.attempts + 1
        if tries >= self._settings.attempts:
            self._settle(owed, "dead", fault)
            return
        pause = self._settings.pause(tries)
        if news:
            _LOG.warning(
                "%s for subscription %s at %s did not arrive, again in %g s, and what comes after it waits: %s",
                owed.event,
                owed.subscription,
                masked_url(callback)[:_SHOWN],
                pause,
                fault,
            )
        again = self._clock.now() + timedelta(seconds=self._clock.spread(pause))
        self._keep(owed, lambda: self._store.postpone_owed(owed.id, again, tries, fault))

    def _keep(self, owed: Owed, work: Callable[[], None]) -> None:
        """Note what became of a delivery, when the delivery itself is in the transcript: never the one without it."""
        self._transcript_of(family(owed.run)).flush()
        self._store.attempt(work)

    def _settle(self, owed: Owed, outcome: Outcome, fault: str | None = None) -> None:
        self._keep(owed, lambda: self._store.settle_owed(owed.id, outcome, fault))
        if outcome == "delivered":
            with self._lock:
                self._slow.discard((owed.run, owed.subscription))
        else:
            _LOG.warning(
                "%s for subscription %s was not delivered, try %d was the last: %s",
                owed.event,
                owed.subscription,
                owed.attempts + 1,
                fault,
            )
