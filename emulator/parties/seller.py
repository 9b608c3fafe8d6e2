"""The emulated seller: time passes, then the operation's handler answers."""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from emulator.parties.apis import (
    Api,
    Context,
    Handler,
    geographic_address,
    geographic_site,
    product_inventory,
    product_offering_qualification,
    product_order,
    quote,
)
from emulator.parties.clock import Clock, rfc3339
from emulator.parties.desk import Desk
from emulator.parties.hub import Hub
from emulator.parties.profile import Profile, unsupported_operations
from emulator.parties.signals import keep_given
from emulator.parties.store import MemoryStore, Resource, Store, StoreFault, Timer
from emulator.standard.lifecycle import load_lifecycles
from emulator.standard.release import Release
from emulator.wire.call import ApiError, Call, Reply, bad_request, not_implemented

_LOG: Final = logging.getLogger(__name__)
_AT_A_TIME: Final = 50
"""Timers that are worked off in one go in real time: by the background, or before a call is answered."""
_COURTESY: Final = 0.05
"""Seconds that the background leaves calls the turn, at the most, before it takes it for another timer."""
_QUIET: Final = 0.002
"""Seconds since the last call after which no other is expected at once."""

MODULES: Final = (
    geographic_address,
    geographic_site,
    product_offering_qualification,
    quote,
    product_order,
    product_inventory,
)

T = TypeVar("T")


class Seller:
    """Answers calls of a buyer. Safe to call from many threads; calls are answered one after the other.

    Time is lazy: what became due since the last call happens when the next one comes, each change
    at its own due time.
    """

    def __init__(
        self,
        release: Release,
        profile: Profile,
        clock: Clock,
        new_id: Callable[[str], str] | None = None,
        seed: int | None = None,
        store: Store | None = None,
        *,
        holds: bool = False,
    ) -> None:
        """With `holds`, what a call makes the seller tell is kept back until `replied` is told of that call."""
        self.profile = profile
        self.store = store or MemoryStore()
        self._clock = clock
        self._turn = threading.RLock()
        self._counting = threading.Lock()
        self._calls, self._last_call = 0, 0.0
        make_id = new_id or _ids(seed, self.store.starts())
        self.desk = Desk(self.store, load_lifecycles(), clock, make_id, release.kinds)
        self.context = Context(self.desk, self.store, clock, profile, release, make_id)
        self.hub = Hub(self.context)
        self._holds = holds
        self.apis: dict[str, Api] = {}
        for module in MODULES:
            api: Api = module.build(self.context)
            self.apis[api.name] = api
        self._actions = {name: act for api in self.apis.values() for name, act in api.actions.items()}
        self.desk.lawless = profile.behaviour.lawless
        self._unsupported = unsupported_operations(profile, release) if profile.unsupported else frozenset[str]()

    def answer(self, call: Call) -> Reply:
        """Answer a call that passed its contract.

        Raises ApiError for the standard's errors; then nothing of the call is kept.
        """
        self._note_call(1)
        try:
            with self._in_turn():
                return self._answer(call)
        finally:
            self._note_call(-1)

    def _answer(self, call: Call) -> Reply:
        asked, call = call, self._of_party(call)
        # What the run begins with and what is due stay done, even if this call is refused.
        self._seed(call.run)
        # In real time thousands may be due at once, and nobody is to wait for all of them. Where nothing can be written,
        # what is due stays so, and reads are served all the same.
        with suppress(StoreFault):
            self.settle(_AT_A_TIME if self._holds else None)
        if f"{call.api}.{call.operation}" in self._unsupported:
            reason = f"This seller does not support {call.operation}"
            raise not_implemented(reason)
        api = self.apis.get(call.api)
        handler = api.operations.get(call.operation) if api else None
        if handler is None:
            reason = f"{call.operation} of {call.api} is not emulated"
            raise not_implemented(reason)
        return self.store.attempt(lambda: self._handle(handler, call, asked))

    def _note_call(self, change: int) -> None:
        """A call has come that wants the turn, or has had it."""
        with self._counting:
            self._calls += change
            self._last_call = time.monotonic()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Inside, nobody else is. Who has the turn may need what this thread still holds of the store."""
        if not self._turn.acquire(blocking=False):
            self.store.let_go()
            self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def _handle(self, handler: Handler, call: Call, asked: Call) -> Reply:
        """`asked` is the call as it came, before its run was narrowed: the one that `replied` will be told of."""
        self.hub.begin(reserved=self._holds)
        reply = handler(call)
        if self._holds:
            self.hub.hold(asked)
        return reply

    def replied(self, call: Call) -> None:
        """The reply to a call is out: what it made the seller tell may be told, and new timers run."""
        owed = self.hub.release(call)
        # What is missed here, in the moment between two of these words, the background finds when it looks anyway.
        first, self.desk.soonest = self.desk.soonest, None
        if owed or first is not None:
            self._clock.wake(None if owed else first)

    def act(self, work: Callable[[], T]) -> T:
        """Do what no buyer asked for, in turn with the calls, in a transaction; raises what it raises."""
        with self._in_turn():
            self.settle()
            done = self.store.attempt(lambda: self._begun(work))
        self._clock.wake()
        return done

    def _begun(self, work: Callable[[], T]) -> T:
        self.hub.begin()
        return work()

    def signal(self, name: str, run: str, lasting: bool) -> int:
        """Have the resources of a run go on that wait for this signal; returns how many did.

        A `lasting` signal counts for those that come to it later as well.
        """
        with self._turn:
            self.settle()
            moved = self.store.attempt(lambda: self._signal(name, run, lasting=lasting))
        self._clock.wake()
        return moved

    def _signal(self, name: str, run: str, *, lasting: bool) -> int:
        self.hub.begin()
        if lasting:
            keep_given(self.store, run, name, self.desk.now())
        runs = [run, *(each for each in sorted(self.store.runs()) if each.startswith(f"{run}|"))]
        return sum(
            act(each, name)
            for each in runs
            for kind, act in self.context.effects.items()
            if kind.endswith(".signalled")
        )

    def next_due(self) -> datetime | None:
        """A worker of the clock: when the first timer is due."""
        return self.store.next_timer()

    def run_due(self, now: datetime) -> int:
        """Work off timers that are due, a few at a time so that calls get their turn; returns how many."""
        done = 0
        while done < _AT_A_TIME and (first := self.store.next_timer()) is not None and first <= now:
            self._wait_for_calls()
            with self._in_turn():
                if not self.store.attempt(self._next):
                    break  # another process has what is due
            done += 1
        return done

    def _wait_for_calls(self) -> None:
        """Let calls go first that come one after the other: each of them works off what is due as well."""
        waited = 0.0
        # Who lets go of a lock and takes it again is quicker than who waits for it.
        while self._holds and waited < _COURTESY and (self._calls or time.monotonic() - self._last_call < _QUIET):
            time.sleep(_QUIET)
            waited += _QUIET

    def close(self) -> None:
        """A worker of the clock without threads."""

    def settle(self, most: int | None = None) -> None:
        """Do what is due by now, all or so much. A timer that cannot be worked off is dropped and logged."""
        done = 0
        while done != most and (first := self.store.next_timer()) is not None and first <= self._clock.now():
            if not self.store.attempt(self._next):
                return  # another process has what is due
            done += 1

    def _next(self) -> bool:
        """Take the first timer that is due and work it off; False where there is none to be had."""
        self.hub.begin()
        timer = self.store.next_due(self._clock.now())
        if timer is not None:
            self._work_off(timer)
        return timer is not None

    def _work_off(self, timer: Timer) -> None:
        try:
            with self.store.transaction(), self.desk.at(timer.at):
                resource = self.store.get(timer.run, timer.kind, timer.id)
                if resource is not None:
                    self._actions[timer.action](resource, timer.data, timer.at)
        except StoreFault:
            raise  # not the timer's fault: it is not dropped
        except Exception:  # noqa: BLE001 - logged, whatever it is
            # Our own fault, and nobody's who happens to call now; putting it back would fail every later call.
            _LOG.exception("%s of %s %s could not be done", timer.action, timer.kind, timer.id)

    def _of_party(self, call: Call) -> Call:
        """The call within the records of the buyer and seller it names.

        MEF115 leaves open (R2, R4): an id that is sent although only one party is represented is ignored.
        """
        run = call.run
        for name, known in (("buyerId", self.profile.represents.buyers), ("sellerId", self.profile.represents.sellers)):
            if len(known) < 2:  # noqa: PLR2004 - one party or none needs no name
                continue
            given = call.param(name)
            if not given:
                raise bad_request("missingQueryParameter", f"{name} is required: several are represented here")
            if given not in known:
                body = {"code": "forbiddenRequester", "reason": f"This {name} is not represented here"}
                raise ApiError(403, body)
            run = f"{run}|{name}={given}"
        return call if run == call.run else replace(call, run=run)

    def _seed(self, run: str) -> None:
        """Give a run that is seen for the first time, or again after it was forgotten, the products of the profile."""
        if not self.store.begun(run):
            self.store.attempt(lambda: self._seed_new(run))

    def _seed_new(self, run: str) -> None:
        now = self._clock.now()
        if self.store.begin(run, now):
            for key, product in self.profile.products.items():
                body = {"status": "active", "startDate": rfc3339(now), **copy.deepcopy(dict(product)), "id": key}
                self.store.add(Resource(run, "product", key, body, now))


def _ids(seed: int | None, start: int) -> Callable[[str], str]:
    """UUIDs: the same for the same seed, never the same without one, nor at a later start on the same store.

    Without a seed they rise with time: what a database finds by them it then adds at the end of an index.
    """
    if seed is None:
        chance = random.Random()  # noqa: S311 - no secret
        return lambda _kind: _uuid(time.time_ns() // 1_000_000 << 80 | chance.getrandbits(80), 7)
    chosen = f"{seed}/{start}" if start and seed is not None else seed
    source = random.Random(chosen)  # noqa: S311 - ids of an emulator, repeatable on purpose
    return lambda _kind: _uuid(source.getrandbits(128), 4)


def _uuid(bits: int, version: int) -> str:
    """128 bits as a UUID of a version (RFC 9562 5.4, 5.7), six of them given up for that."""
    digits = f"{bits:032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
