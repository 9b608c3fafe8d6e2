"""The emulated seller: time passes, then the operation's handler answers."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from emulator.parties.apis import Api, Context, Course, Handler, plugins
from emulator.parties.clock import Clock
from emulator.parties.desk import Desk, NotNow
from emulator.parties.effects import Effects
from emulator.parties.fitting import sold_in
from emulator.parties.generic import served
from emulator.parties.having import Coming
from emulator.parties.hub import Hub
from emulator.parties.installed import in_service
from emulator.parties.keeper import Keeper
from emulator.parties.profile import Profile, load_profile, unsupported_operations
from emulator.parties.scopes import client_scope, family, life_scope, party_scope, release_in, release_scope
from emulator.parties.sections import ByItself, Had
from emulator.parties.signals import keep_given
from emulator.parties.speaking import said_in
from emulator.parties.store import MemoryStore, Resource, Store, StoreFault, Timer
from emulator.parties.verbs import Doer
from emulator.record.call import ApiError, Call, Reply, bad_request, not_implemented
from emulator.standard.release import Release

_LOG: Final = logging.getLogger(__name__)
_AT_A_TIME: Final = 50
"""Timers that are worked off in one go in real time: by the background, or before a call is answered."""
_COURTESY: Final = 0.05
"""Seconds that the background leaves calls the turn, at the most, before it takes it for another timer."""
_QUIET: Final = 0.002
"""Seconds since the last call after which no other is expected at once."""

T = TypeVar("T")


class Seller:
    """Answers calls of a buyer. Safe to call from many threads; calls are answered one after the other.

    Time is lazy: what became due since the last call happens when the next one comes, each change
    at its own due time.

    It is of one release. Several can stand behind one door, on one store: the first is the seller that others speak to, and
    has the others (`beside`) answer what is theirs. None sees what another one has: as with the records of a party, what is
    kept for a run is kept under a longer name, `r1|release=…`.
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
        scope: str = "",
    ) -> None:
        """With `holds`, what a call makes the seller tell is kept back until `replied` is told of that call. `scope` follows
        the names of runs in the store: `beside` sets it.
        """
        self.store = store or MemoryStore()
        self._clock = clock
        self._turn = threading.RLock()
        self._counting = threading.Lock()
        self._calls, self._last_call = 0, 0.0
        self._scope, self._life = scope, 0
        self.all: dict[str, Seller] = {release.name: self}
        """This seller, and those beside it, by release."""
        make_id = new_id or _ids(seed, self.store.starts())
        self.desk = Desk(self.store, release.lifecycles, clock, make_id, release.kinds)
        self.context = Context(self.desk, self.store, clock, sold_in(profile, release), release, make_id)
        self.hub = Hub(self.context)
        self._holds = holds
        self._take_on(profile)

    def _take_on(self, profile: Profile) -> None:
        """Be the seller of a profile. All that it has is in the store, and stays."""
        release = self.context.release
        self._given = profile
        self.profile = profile = sold_in(profile, release)
        self.context = replace(self.context, profile=profile, effects=Effects())
        self.apis: dict[str, Api] = {}
        plugged = {plugin.api: plugin for plugin in plugins(release)}
        own = {kind for plugin in plugged.values() for kind in plugin.kinds}
        keeping = {name: keeper for plugin in plugged.values() for name, keeper in plugin.keepers.items()}
        self.keepers = {
            kind.name: keeping.get(kind.name, Keeper)(self.context, self.hub, kind)
            for kind in release.kinds
            if kind.name not in own
        }
        for api in release.apis:
            build = plugged[api].build if api in plugged else None
            built = build(self.context) if build else Api(api)
            self.apis[api] = served(self.context, self.hub, built, self.keepers)
        self._coming = Coming(self.context, self.keepers)
        self.courses = {kind: course for api in self.apis.values() for kind, course in api.courses.items()}
        self._actions = {name: act for api in self.apis.values() for name, act in api.actions.items()}
        self.doer = Doer(self.context, lambda kind: self.courses.get(kind, Course()))
        self._actions |= self._coming.actions | self.doer.actions
        self.desk.lawless = profile.behaviour.lawless
        self._unsupported = unsupported_operations(profile, release) if profile.unsupported else frozenset[str]()

    def behave(self, profile: Profile) -> None:
        """Be the seller of another profile from now on, in turn with the calls; what it has stays. What it sends, and to whom,
        and what runs begin with goes on as the first profile says.
        """
        with self._in_turn():
            self.settle()
            for each in self.all.values():
                if each is self or not each.context.release.profile_file:
                    each._take_on(profile)  # noqa: SLF001 - one of us

    def beside(self, release: Release) -> None:
        """Serve another release as well: by the same clock, from the same store, in turn with the others; by the same profile
        where the release has none of its own.
        """
        other = Seller(
            release,
            load_profile(release=release) if release.profile_file else self._given,
            self._clock,
            self.context.new_id,
            store=self.store,
            holds=self._holds,
            scope=release_scope(release.name),
        )
        other.all = self.all
        self.all[release.name] = other

    def whose(self, run: str) -> Seller:
        """The one of these sellers to which a run of the store belongs."""
        return self.all.get(release_in(run) or "", self)

    def begin_anew(self) -> None:
        """From now on every run has what runs begin with, and nothing else. As long as this seller is there."""
        with self._in_turn():
            for each in self.all.values():
                each._life += 1  # noqa: SLF001 - one of us

    def bring(self, kind: str, wanted: Sequence[Had]) -> None:
        """Have new resources of a kind come into being in every run, as those that the profile has do."""
        for run in sorted(self.store.runs()):
            keeper = self.whose(run).keepers.get(kind)
            if keeper is None:
                continue
            for had in wanted:
                made = replace(had, id=self.context.new_id(kind))
                self.act(partial(keeper.bring, run, made))

    def do(self, wanted: Sequence[ByItself]) -> None:
        """Have that happen in every run in which it is possible; where it is possible in none, that is logged."""
        for each in wanted:
            reasons, done = list[NotNow](), False
            for run in sorted(self.store.runs()):
                try:
                    done = bool(self.act(partial(self.whose(run).doer.all, run, each))) or done
                except NotNow as reason:
                    reasons.append(reason)
            if not done:
                _LOG.warning(
                    "%s of %s came to nothing: %s", each.do, each.of, reasons[0] if reasons else "no run is there"
                )

    def answer(self, call: Call) -> Reply:
        """Answer a call that passed its contract.

        Raises ApiError for the standard's errors; then nothing of the call is kept.
        """
        self._note_call(1)
        try:
            with self._in_turn():
                return self.all.get(call.release, self).answer_in_turn(call)
        finally:
            self._note_call(-1)

    def answer_in_turn(self, call: Call) -> Reply:
        """Likewise, of this release, while nobody else has the turn."""
        asked, call = call, self._of_party(call)
        # What the run begins with and what is due stay done, even if this call is refused.
        self.begin(call.run)
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
        try:
            reply = handler(call)
        except ApiError as error:
            raise said_in(self.context.release.labels, error) from error
        if self._holds:
            self.hub.hold(asked)
        return reply

    def replied(self, call: Call) -> None:
        """The reply to a call is out: what it made the seller tell may be told, and new timers run."""
        answered = self.all.get(call.release, self)
        owed = answered.hub.release(call)
        # What is missed here, in the moment between two of these words, the background finds when it looks anyway.
        first, answered.desk.soonest = answered.desk.soonest, None
        if owed or first is not None:
            self._clock.wake(None if owed else first)

    def is_held(self, identifier: str) -> bool:
        """Whether a notification waits for the reply to the call that caused it."""
        return any(each.hub.is_held(identifier) for each in self.all.values())

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
        self._begin_telling()
        if lasting:
            keep_given(self.store, run, name, self.desk.now())
        runs = [run, *(each for each in sorted(self.store.runs()) if each != run and family(each) == run)]
        return sum(signalled(each, name) for each in runs for signalled in self.whose(each).waiting())

    def waiting(self) -> list[Callable[[str, str], int]]:
        """What waits for signals: it is told of a run and a signal, and says how many went on."""
        return [self._coming.signalled, self.doer.signalled, *(course.signalled for course in self.courses.values())]

    def _begin_telling(self) -> None:
        """Whatever is done now may make any of these sellers tell of something."""
        for each in self.all.values():
            each.hub.begin()

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
        self._begin_telling()
        timer = self.store.next_due(self._clock.now())
        if timer is not None:
            self.whose(timer.run).work_off(timer)
        return timer is not None

    def work_off(self, timer: Timer) -> None:
        """Do what a timer of this release is for, within the transaction that took it."""
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
        """The call within this seller's release, and within the records of the buyer and seller it names.

        MEF115 leaves open (R2, R4): an id that is sent although only one party is represented is ignored.
        """
        run = call.run + self._scope + life_scope(self._life)
        if call.caller is not None:
            run += client_scope(call.caller)  # a client sees what is its own, and nothing else
        for name, known in (("buyerId", self.profile.represents.buyers), ("sellerId", self.profile.represents.sellers)):
            if len(known) < 2:  # noqa: PLR2004 - one party or none needs no name
                continue
            given = call.param(name)
            if not given:
                raise bad_request("missingQueryParameter", f"{name} is required: several are represented here")
            if given not in known:
                body = {"code": "forbiddenRequester", "reason": f"This {name} is not represented here"}
                raise ApiError(403, body)
            run += party_scope(name, given)
        return call if run == call.run else replace(call, run=run)

    def begin(self, run: str) -> None:
        """Give a run that is seen for the first time, or again after it was forgotten, what the profile has."""
        if not self.store.begun(run):
            self.store.attempt(lambda: self._seed_new(run))

    def _seed_new(self, run: str) -> None:
        now = self._clock.now()
        if self.store.begin(run, now):
            for key, product in self.profile.products.items():
                body = {**in_service(self.context.release, self.profile.offerings, product, now), "id": key}
                self.store.add(Resource(run, "product", key, body, now))
            self._coming.begin(run)
            for keeper in self.keepers.values():
                keeper.run_begun(run)
            self.doer.begin(run)


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
