"""Which use cases a run has played, in which way and to which end: read from its messages, never from what it claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.judge.acting import acts_on, may_have_worked
from emulator.judge.run import Life, Run
from emulator.judge.runs import runs_of
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.release import Release
from emulator.standard.use_case import NOTIFICATION, POLLING, UseCase

Row = tuple[str, str, str]
"""A use case, a way (polling, notification, or "" where there is but one) and an outcome."""

_TAKEN: Final = 204


def played(exchanges: Iterable[Exchange], release: Release, *, spoilt: frozenset[int] = frozenset()) -> set[Row]:
    """The rows that a run shows of a release. `spoilt` are exchanges whose answer was wrong on purpose: they show nothing."""
    runs = runs_of(exchanges, release, lambda which: Run(which, spoilt=spoilt)).all
    mine = [run for run in runs if run.release is release]
    return {row for case in release.use_cases.values() for run in mine for row in _rows(case, run)}


def _rows(case: UseCase, run: Run) -> Iterator[Row]:
    for event in case.events:
        if any(_delivered(told) for told in run.of(event, api=case.api)):
            yield case.id, "", event
    if case.by is not None:
        about: dict[Life, list[Exchange]] = {}
        for exchange in run.of(case.by, api=case.api):
            yield from _asked(case, run, exchange, about)
        for life, calls in about.items():
            yield from _ends(case, life, run, calls)
    elif case.of is not None:
        for life in run.lives(case.of):
            yield from _ends(case, life, run)


def _asked(case: UseCase, run: Run, exchange: Exchange, about: dict[Life, list[Exchange]]) -> Iterator[Row]:
    """What a call shows; the resource that it made or is about is added to `about`, with the call."""
    if exchange.n in run.spoilt or not _asks(case.asks, exchange):
        return
    for outcome, wanted in case.answers.items():
        if _answered(wanted, exchange):
            yield case.id, "", outcome
    life = _life(case, run, exchange) if succeeded(exchange) else None
    if life is not None:
        about.setdefault(life, []).append(exchange)


def _asks(wanted: Mapping[str, Any], exchange: Exchange) -> bool:
    """Whether a request says this: in its body, or (`?name`) in its query, where `several` is more than one value."""
    for name in wanted:
        found = [value for key, value in exchange.request.query if f"?{key}" == name]
        if name.startswith("?") and not (
            len(found) > 1 if wanted[name] == "several" else _is_given(wanted[name], found)
        ):
            return False
    return _holds({name: value for name, value in wanted.items() if not name.startswith("?")}, exchange.request.body)


def _is_given(wanted: Any, found: Sequence[str]) -> bool:
    return bool(found) if wanted == "any" else wanted in found


def _life(case: UseCase, run: Run, exchange: Exchange) -> Life | None:
    """The resource that a call made, or is about: by what the use case says of its request, by the answer, or by the path."""
    if case.about is not None and case.of is not None:
        return run.life(case.of, at(exchange.request.body, case.about))
    shown = next((life for _, life in run.lived(exchange)), None)
    by = run.kinds.shown_by(str(exchange.api), str(exchange.operation))
    return shown if shown or by is None else run.life(by[0].name, exchange.path_params.get("id"))


def _ends(case: UseCase, life: Life, run: Run, calls: Sequence[Exchange] = ()) -> Iterator[Row]:
    """The outcomes that a resource shows: after the first of the calls to which it was as the use case `begins`."""
    since = 0
    for call in calls:
        first = life.last_before(call) or next((shown for shown in life.whole if shown.exchange.n >= call.n), None)
        if first is not None and _holds(case.begins, first.value):
            since = call.n
            break
    else:
        first = next(iter(life.whole), None)  # a list leaves members out
        if calls or first is None or not _holds(case.begins, first.value):
            return
    for outcome, wanted in case.ends.items():
        end = next(
            (n for n, shown in enumerate(life.shown) if shown.exchange.n >= since and _holds(wanted, shown.value)), None
        )
        if end is not None and not _was_asked_for(case, life, run, life.shown[end].exchange):
            yield case.id, _way(case, life, end, run) if case.told else "", outcome


def _was_asked_for(case: UseCase, life: Life, run: Run, end: Exchange) -> bool:
    """Whether somebody has asked for an end that comes by itself in this use case."""
    return any(act.operation in case.without and may_have_worked(act) for act in acts_on(run, life) if act.n < end.n)


def _way(case: UseCase, life: Life, end: int, run: Run) -> str:
    """Whether an event told of it: of the state since it was last seen otherwise, or that it had come into being."""
    first = life.shown[end].exchange.n
    since = life.shown[end - 1].exchange.n if end and case.told == "state" else 0
    if case.told == "created":
        first = life.shown[0].exchange.n
    told = any(since < event.n < first and _tells(event, life, run) for event in life.told)
    return NOTIFICATION if told else POLLING


def _tells(event: Exchange, life: Life, run: Run) -> bool:
    told = run.event(event)
    return _delivered(event) and told is not None and told.kind == life.kind.name


def _delivered(event: Exchange) -> bool:
    return event.response is not None and event.response.status == _TAKEN


def _answered(wanted: Mapping[str, Any], exchange: Exchange) -> bool:
    if exchange.response is None:
        return False
    if "status" in wanted:
        rest = {place: value for place, value in wanted.items() if place != "status"}
        return exchange.response.status == wanted["status"] and _holds(rest, exchange.response.body)
    if not succeeded(exchange):
        return False
    body = exchange.response.body
    if "items" in wanted:
        return isinstance(body, list) and bool(body) == (wanted["items"] == "some")
    return _holds(wanted, body)


def _holds(wanted: Mapping[str, Any], body: Any) -> bool:
    """Whether a body has each of these values at some place of its pattern."""
    for pattern, value in wanted.items():
        found = [one for _, one in every(body, pattern) if one is not MISSING]
        if value == "none":
            if found:
                return False
        elif value == "any":
            if not found:
                return False
        elif value not in found:
            return False
    return True
