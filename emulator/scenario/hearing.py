"""Plays steps that wait: for a state that reads show, for an event that the partner sends, or for both."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator.errors import UserError
from emulator.judge.ledger import Account, read_ledger, subscriptions
from emulator.judge.rules.common.values import moment
from emulator.judge.run import Run
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, at
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.duration import words
from emulator.scenario.events import Waiting
from emulator.scenario.model import Await, Count, Notify, Origin, Step
from emulator.scenario.passing import Looks, listen, pass_time
from emulator.scenario.result import Outcome, Tracked
from emulator.scenario.steps import (
    Conversation,
    Misfit,
    Outgoing,
    Record,
    body_of,
    demands,
    keep_outputs,
    retrieval,
    send,
    transmit,
)
from emulator.scenario.stop import HURRY, Stopped

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notifications a step waits for: those of an API, to some listeners, about one resource or about any."""

    api: str
    operations: frozenset[str]
    name: str
    id: str | None
    tracked: Tracked | None


# Waiting for an event


def play_notify(talk: Conversation, step: Step, notify: Notify, record: Record) -> Ending:
    """Wait until the notification arrives that `expect` describes. Raises Misfit.

    What arrived before the step counts too, unless an earlier step waited for it; what arrives a second time does not.
    """
    wanted = _wanted(talk, step, notify)
    count = notify.count or Count()
    origin = step.origin.part("/expect")
    fitting, others = _listen(talk, step, wanted, notify.expect, origin, count, notify.within)
    party = str(Party.SELLER)
    taken = fitting if notify.count else fitting[:1]
    talk.heard.update(exchange.n for exchange in taken)
    record.exchanges += [exchange.n for exchange in taken]
    if count.most is not None and len(fitting) > count.most:
        return _too_many(talk, wanted, fitting, count.most)
    if len(fitting) < count.least:
        return _not_heard(talk, step, wanted, notify, record, fitting, others)
    if not count.least and talk.granted(notify.within) < notify.within:
        return talk.too_late(notify.within, f"whether {wanted.name} arrives later was not seen", party)
    if not taken:
        return answers.PASSED
    talk.scope.exchange = taken[-1]
    ending = demands(talk, notify.expect, origin, taken[-1].request.body, record, party)
    return keep_outputs(talk, step, taken[-1], party) if ending.outcome is Outcome.PASSED else ending


def _wanted(talk: Conversation, step: Step, notify: Notify) -> Wanted:
    tracked = _tracked(talk, step.origin.part("/notify/of"), notify.resource) if notify.resource else None
    source = talk.scenario.sources.get(notify.source)
    if source is None and tracked is None:
        raise Misfit(step.origin.where("/notify"), f"there is no source '{notify.source}'")
    api = source.api if source else tracked.api if tracked else ""
    types = _types(talk, step, api)
    operation = next((name for name, event in types.items() if notify.event in (name, event)), None)
    if operation is None:
        raise Misfit(step.origin.where("/notify"), f"{api} has no event '{notify.event}'")
    about = talk.release.kinds.event(api, operation)
    mine = tracked is not None and about is not None and about.kind == tracked.kind
    name = types[operation] + (f" of {tracked.kind} {tracked.id}" if tracked else "")
    return Wanted(api, frozenset({operation}), name, tracked.id if tracked and mine else None, tracked)


def _types(talk: Conversation, step: Step, api: str) -> dict[str, str]:
    try:
        return talk.release.event_types(api)
    except (UserError, LookupError) as error:
        raise Misfit(step.origin.where(), f"{api} has no notifications") from error


def _tracked(talk: Conversation, origin: Origin, name: str) -> Tracked:
    if name not in talk.tracked:
        raise Misfit(origin.where(), f"no step tracks '{name}'")
    return talk.tracked[name]


def _listen(
    talk: Conversation,
    step: Step,
    wanted: Wanted,
    expect: Mapping[str, Any],
    origin: Origin,
    count: Count,
    within: float,
) -> tuple[list[Exchange], list[Exchange]]:
    """The notifications that are as expected, once there are enough of them or the time is over, and the others."""
    started = talk.clock.now()
    while True:
        talk.clock.settle()
        fitting: list[Exchange] = []
        others: list[Exchange] = []
        for exchange in _arrived(talk, wanted):
            (fitting if _fits(talk, expect, origin, exchange) else others).append(exchange)
        left = talk.granted(within) - (talk.clock.now() - started).total_seconds()
        if left <= 0 or 0 < count.least <= len(fitting):
            return fitting, others
        talk.on_event(Waiting(step.id, wanted.name, "delivered", None, left))
        listen(talk, left, within)


def _arrived(talk: Conversation, wanted: Wanted) -> list[Exchange]:
    """The notifications that no step has had yet, each once."""
    known: set[tuple[Any, Any]] = set()
    found = []
    for exchange in talk.transcript:
        if exchange.kind != "notification" or exchange.api != wanted.api or exchange.operation not in wanted.operations:
            continue
        body = exchange.request.body
        identifier = at(body, "/eventId")
        key = (exchange.operation, identifier if isinstance(identifier, str) else exchange.n)
        if key not in known and exchange.n not in talk.heard and wanted.id in (None, at(body, "/event/id")):
            found.append(exchange)
        known.add(key)
    return found


def _fits(talk: Conversation, expect: Mapping[str, Any], origin: Origin, exchange: Exchange) -> bool:
    talk.scope.exchange = exchange
    looked = demands(talk, expect, origin, exchange.request.body, Record(""), str(Party.SELLER))
    return looked.outcome is Outcome.PASSED


def _not_heard(
    talk: Conversation,
    step: Step,
    wanted: Wanted,
    notify: Notify,
    record: Record,
    fitting: Sequence[Exchange],
    others: Sequence[Exchange],
) -> Ending:
    """Too few came: never arrived, or something else than was wanted. A last read tells whether there was a change."""
    party, within = str(Party.SELLER), talk.granted(notify.within)
    if others:
        talk.scope.exchange = others[-1]
        record.exchanges += [exchange.n for exchange in others]
        ending = demands(talk, notify.expect, step.origin.part("/expect"), others[-1].request.body, record, party)
        message = f"{wanted.name} arrived, and not as wanted within {words(within)}: {ending.message}"
        return talk.too_late(notify.within, _with_timeline(talk, wanted, message), party)
    if wanted.tracked is not None:
        send(talk, record, retrieval(talk, step, wanted.tracked))
    least = notify.count.least if notify.count else 1
    times = f" {_times(least)}, only {_times(len(fitting))}," if fitting else ""
    message = f"{wanted.name} never arrived{times} within {words(within)}"
    return never_arrived(talk, step, wanted, message, notify.within)


def never_arrived(talk: Conversation, step: Step, wanted: Wanted, message: str, within: float) -> Ending:
    """The ending of a step whose event did not come in the time that the scenario grants: what reads show, and the timeline.

    Later steps go on without it, unless this one keeps outputs that they may need.
    """
    run = _run_of(talk)
    types = {event for name, event in _types(talk, step, wanted.api).items() if name in wanted.operations}
    taken = [hub for hub in subscriptions(run, wanted.api) if any(hub.covers(event) for event in types)]
    page = _page(talk, wanted)
    untold = [due for due in page.due if due.told is None and types & set(due.types)] if page else []
    blame: str | None = None
    if not any(hub.ended is None for hub in taken):
        message += "; no subscription to it was in force"
    elif untold:
        blame = str(Party.SELLER)
        message += f"; {', '.join(dict.fromkeys(due.what for due in untold))}, and nothing told of it"
    elif page is not None and wanted.tracked is not None:
        message += "; reads show no change that it could tell of"
    if talk.granted(within) < within:
        return replace(talk.too_late(within, _with_timeline(talk, wanted, message), ""), blocks=bool(step.outputs))
    return Ending(Outcome.NEVER_ARRIVED, _with_timeline(talk, wanted, message), blame, blocks=bool(step.outputs))


def _run_of(talk: Conversation) -> Run:
    run = Run(talk.release)
    for exchange in talk.transcript:
        run.add(exchange)
    return run


def _page(talk: Conversation, wanted: Wanted) -> Account | None:
    grace = talk.scenario.defaults.grace
    moves = talk.hand.moves_made if talk.hand is not None else ()
    ledger = read_ledger(talk.transcript, talk.release, now=talk.clock.now(), grace=grace, moves=moves)
    return ledger.of(wanted.tracked.id, wanted.tracked.kind) if wanted.tracked else None


def _with_timeline(talk: Conversation, wanted: Wanted, message: str) -> str:
    page = _page(talk, wanted)
    lines = [f"  {line}" for line in page.timeline()] if page else []
    return "\n".join([message, *lines])


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


# Waiting for a state


def play_await(talk: Conversation, step: Step, wait: Await, record: Record) -> Ending:
    """Wait until the resource shows a state that is waited for: ask again and again, or when an event tells of it.

    Raises Misfit.
    """
    tracked = _tracked(talk, step.origin.part("/await/resource"), wait.resource)
    outgoing = retrieval(talk, step, tracked)
    party, started, told = outgoing.source.served_by, talk.clock.now(), True
    within = talk.granted(wait.within)
    sightings = Looks(wait.every, within)
    _until_then(talk, step, wait, tracked, within)
    while True:
        exchange = send(talk, record, outgoing, talk.left(wait.within, started))
        ending = answers.judged(exchange, (200,), party)
        if ending.outcome is not Outcome.PASSED:
            return ending
        state = answers.state_of(body_of(exchange))
        if state is None:
            return Ending(Outcome.UNMET, f"{tracked.kind} {tracked.id} shows no state", party)
        passed = (talk.clock.now() - started).total_seconds()
        sightings.note(passed, state)
        if state in wait.states:
            break
        if state in wait.stop_on:
            return Ending(Outcome.UNMET, answers.stopped(tracked, state, wait.states, sightings.seen), party)
        left = within - passed
        if left <= 0:
            message = answers.never_arrived(tracked, wait.states, within, sightings.seen)
            return talk.too_late(wait.within, message, party)
        talk.on_event(Waiting(step.id, wait.resource, " or ".join(wait.states), state, left))
        told = _wait(talk, step, wait, tracked, min(sightings.interval, left) if "poll" in wait.via else left, left)
    ending = _told_of(talk, step, wait, tracked, record, told=told)
    return ending if ending.outcome is not Outcome.PASSED else _shown(talk, step, wait, outgoing, exchange, record)


def _until_then(talk: Conversation, step: Step, wait: Await, tracked: Tracked, within: float) -> None:
    """Nobody asks before the moment that the step names. Raises Misfit where it names none."""
    if wait.since is MISSING:
        return
    origin = step.origin.part("/await/from")
    text = talk.fill(wait.since, origin)
    if (begin := moment(text)) is None:
        raise Misfit(origin.where(), f"{text!r:.60} is no date-time with an offset")
    if (left := min((begin - talk.clock.now()).total_seconds(), within)) > 0:
        talk.on_event(Waiting(step.id, wait.resource, f"{' or '.join(wait.states)} from {text} on", None, within))
        _wait(talk, step, wait, tracked, left, within)


def _shown(
    talk: Conversation, step: Step, wait: Await, outgoing: Outgoing, exchange: Exchange, record: Record
) -> Ending:
    party = outgoing.source.served_by
    talk.scope.exchange = exchange
    ending = demands(talk, wait.expect, step.origin.part("/expect"), body_of(exchange), record, party)
    return keep_outputs(talk, step, exchange, party) if ending.outcome is Outcome.PASSED else ending


def _about(talk: Conversation, step: Step, tracked: Tracked) -> Wanted:
    """Every notification about a tracked resource."""
    mine = frozenset(
        name
        for name in _types(talk, step, tracked.api)
        if (event := talk.release.kinds.event(tracked.api, name)) is not None and event.kind == tracked.kind
    )
    return Wanted(tracked.api, mine, f"an event of {tracked.kind} {tracked.id}", tracked.id, tracked)


def _wait(talk: Conversation, step: Step, wait: Await, tracked: Tracked, longest: float, all_left: float) -> bool:
    """Let time pass; where events count, until another one about the resource arrives. Whether one did."""
    if "notification" not in wait.via:
        pass_time(talk, longest, wait.within, all_left)
        return True
    wanted, started = _about(talk, step, tracked), talk.clock.now()
    before = len(_arrived(talk, wanted))
    while (passed := (talk.clock.now() - started).total_seconds()) < longest:
        listen(talk, min(longest, all_left) - passed, wait.within)
        if len(_arrived(talk, wanted)) > before:
            return True
    return False


def _told_of(talk: Conversation, step: Step, wait: Await, tracked: Tracked, record: Record, *, told: bool) -> Ending:
    """Whether events told of the state: at all where nothing else was to be asked, and as `notification` demands."""
    wanted = _about(talk, step, tracked) if "notification" in wait.via else None
    if wanted is None:
        return answers.PASSED
    if not told and "poll" not in wait.via:
        within = words(talk.granted(wait.within))
        message = f"{wanted.name} never arrived within {within}, and it came to {' or '.join(wait.states)}"
        return never_arrived(talk, step, wanted, message, wait.within)
    if wait.count is None:
        return answers.PASSED
    origin, grace = step.origin.part("/notification/expect"), talk.scenario.defaults.grace
    fitting, _ = _listen(talk, step, wanted, wait.events, origin, wait.count, grace)
    record.exchanges += [exchange.n for exchange in fitting]
    if wait.count.most is not None and len(fitting) > wait.count.most:
        return _too_many(talk, wanted, fitting, wait.count.most)
    if len(fitting) < wait.count.least:
        message = f"{wanted.name}, as wanted, never arrived within {words(talk.granted(grace))}"
        return never_arrived(talk, step, wanted, message, grace)
    if not wait.count.least and talk.granted(grace) < grace:
        return talk.too_late(grace, f"whether {wanted.name} arrives later was not seen", str(Party.SELLER))
    return answers.PASSED


def _too_many(talk: Conversation, wanted: Wanted, came: Sequence[Exchange], most: int) -> Ending:
    message = f"{wanted.name} arrived {_times(len(came))}, and at most {_times(most)} was wanted"
    return Ending(Outcome.UNMET, _with_timeline(talk, wanted, message), str(Party.SELLER))


# Afterwards


def end_subscriptions(talk: Conversation) -> None:
    """End what subscriptions to our buyer are in force: nobody will listen there any more. In a hurry where all has ended."""
    owed = list(_in_force(talk))
    try:
        while owed:
            send(talk, Record(""), owed[0])
            del owed[0]
    except Stopped:
        _end_together(talk, owed)


def _end_together(talk: Conversation, owed: Sequence[Outgoing]) -> None:
    """Send all of these at once, and wait a little for their answers."""
    threads = [threading.Thread(target=transmit, args=(talk, "", one), daemon=True) for one in owed]
    for thread in threads:
        thread.start()
    until = time.monotonic() + HURRY
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def _in_force(talk: Conversation) -> Iterator[Outgoing]:
    """The requests that end the subscriptions to our buyer."""
    ours = talk.scope.listening
    if ours is None:
        return
    run = _run_of(talk)
    for source in talk.scenario.sources.values():
        if source.kind != "management" or source.served_by is not Party.SELLER:
            continue
        contract = source.contract_in(talk.release)
        operation = contract.operations.get("unregisterListener")
        if operation is None:
            continue
        for hub in subscriptions(run, source.api):
            identifier = at(hub.made.response.body, "/id") if hub.made.response else None
            callback = at(hub.made.request.body, "/callback")
            if hub.ended is None and isinstance(identifier, str) and isinstance(callback, str) and callback == ours:
                parties = [pair for pair in hub.made.request.query if pair[0] in {"buyerId", "sellerId"}]
                yield Outgoing(source, operation, f"/hub/{quote(identifier, safe='')}", {"id": identifier}, parties, {})
