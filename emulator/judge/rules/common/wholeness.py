"""A list that claims to be whole leaves nothing out that is known to match, and its pages go on from one another."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.judge.pages import PAGING, WHO, is_last, number, offset_of, question_of, says_more
from emulator.judge.rule import FINE, Remark, on_response
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules.common.filtering import Filter, instant
from emulator.judge.rules.common.identity import same_parties
from emulator.judge.rules.common.values import Labels, same
from emulator.judge.run import Life, Run, Shown
from emulator.judge.showing import View, succeeded
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every
from emulator.standard.kinds.facts import Kind

Question = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Pages:
    """Pages of one list, each of which begins where the one before it ended: the exchanges, and the ids they showed."""

    question: Question
    exchanges: list[Exchange] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    end: int = 0

    @property
    def whole(self) -> bool:
        """Whether the last page is the end of the list, as far as it says."""
        return is_last(self.exchanges[-1], self.end)


def _turned(run: Run, api: str, operation: str) -> Iterator[tuple[Pages, Exchange, set[str]]]:
    """Each page of each list that was read from its start, with the pages before it, and what it shows."""
    open_now: dict[Question, Pages] = {}
    for exchange in run.of(operation, api=api):
        body = exchange.response.body if succeeded(exchange) and exchange.response else None
        if not isinstance(body, list) or exchange.n in run.spoilt:
            continue
        question = tuple(sorted(pair for pair in question_of(exchange) if pair[0] not in PAGING))
        offset, shown = offset_of(exchange), {seen.value["id"] for seen in run.shown(exchange)}
        pages = Pages(question) if offset == 0 else open_now.pop(question, None)
        if pages is None or pages.end != offset:
            continue
        yield pages, exchange, shown
        pages.exchanges.append(exchange)
        pages.ids |= shown
        pages.end += len(body)
        open_now[question] = pages


def pages_go_on(book: Rulebook, operation: str, *, name: str) -> None:
    """A page shows nothing that the pages before it had, and counts as many in all: where nobody did anything in between,
    another answer is a hint.
    """

    @book.at_end((), name=name)
    def look(run: Run) -> Iterator[Remark]:
        for pages, exchange, shown in _turned(run, book.api, operation):
            if not pages.exchanges or run.acted_between(pages.exchanges[0], exchange):
                continue
            again, last = sorted(shown & pages.ids), pages.exchanges[-1]
            yield on_response(exchange, FINE if not again else breach(
                "", "what comes next", again, f"{again[0]} stands on an earlier page of the list already", hint=True))  # fmt: skip
            was, now = (
                number(each.response.header("X-Total-Count")) if each.response else None for each in (last, exchange)
            )
            if None not in (was, now) and was != now:
                yield on_response(exchange, breach(
                    "", was, now, f"X-Total-Count is {now}, and was {was} on the page before", hint=True))  # fmt: skip

    look.__doc__ = pages_go_on.__doc__


def next_pages_say_so(book: Rulebook, labels: Labels, operation: str, sure: Collection[str], *, name: str) -> None:
    """A page that another one follows says so, in X-Total-Count or X-Pagination-Throttled.

    It is sure where the next page shows what the first did not and what was seen before the first was asked for, and no filter
    but those that are `sure` was asked of either: it matched already.
    """

    @book.at_end(labels, name=name)
    def look(run: Run) -> Iterator[Remark]:
        for pages, _, shown in _turned(run, book.api, operation):
            last = pages.exchanges[-1] if pages.exchanges else None
            if last is None or last.response is None or not {each for each, _ in pages.question} <= {*WHO, *sure}:
                continue
            kind = run.shown_by(last)
            lives = [run.life(kind[0].name, each) for each in shown - pages.ids] if kind else []
            if any(
                life and (old := life.last_before(last, whole=False)) and same_parties(old.exchange, last)
                for life in lives
            ):
                more = says_more(last.response, pages.end)
                words = "X-Total-Count or X-Pagination-Throttled"
                yield on_response(
                    last,
                    FINE
                    if more
                    else breach("", words, MISSING, "another page follows this one, and no header says so"),
                )

    look.__doc__ = next_pages_say_so.__doc__


# What is known to match

_LOOKED_AT: Final = 500
"""How many of the resources that may match a list are looked at: the newest."""
_TOLD: Final = 5
"""How many of those that a list leaves out are named."""
_AT_ONCE: Final = timedelta(seconds=10)
"""Within which nothing leaves a state and comes back to it."""
_DAY: Final = timedelta(hours=38)
"""By how much two dates must differ that name a day, so that they do so everywhere on earth."""

Leaves = Callable[[Run, Shown], bool]
Doubts = Callable[[Shown, Question], tuple[str, str] | None]
"""The reading by which alone a resource matches a list, None where it does by every one."""


def _by_all(_shown: Shown, _question: Question) -> None:
    return None


def lists_all(
    book: Rulebook,
    labels: Labels,
    kind: str,
    wanted: Mapping[str, Filter],
    *,
    leaves: Leaves | None = None,
    reading: Doubts = _by_all,
    asked: Collection[str] = (),
    made: str = "",
    name: str = "whole",
) -> None:
    """A list that has no further pages shows each resource that was seen to match its filters, by the same Buyer.

    What was seen once only, or whose state may have been another for a while, is a hint; nothing follows from a state that
    was seen before the list alone, and is not the last one. `leaves` tells of a resource
    that it may be gone by now, `reading` by which reading alone one matches; `asked` leaves lists out that none of these filters
    is asked of; `made` is the pointer of the date at which it was there at the latest, where it is not one
    that is called so.
    """

    @book.at_end(labels, name=name)
    def look(run: Run) -> Iterator[Remark]:
        facts = run.kinds.kind(kind)
        known = _Known(run, facts, wanted, made or _made(facts))
        lists = {id(pages): pages for pages, _, _ in _turned(run, book.api, str(facts.one("list")))}
        for pages in lists.values():
            mine = not asked or any(name in asked for name, _ in pages.question)
            if mine and pages.whole and known.can_be_told(pages.question):
                yield from _missing(known, pages, leaves, reading)

    look.__doc__ = f"Lists of each {kind} that claim to be whole, against what was seen before and after."


def _missing(known: _Known, pages: Pages, leaves: Leaves | None, reading: Doubts) -> Iterator[Remark]:
    first, last = pages.exchanges[0], pages.exchanges[-1]
    told, there = 0, False
    shaky = first is not last and known.run.acted_between(first, last)  # entries may have moved to a page that was read
    for life in known.candidates(pages):
        before = life.last_before(first, whole=False)
        if before is None or not same_parties(before.exchange, first) or (leaves and leaves(known.run, before)):
            continue
        if life.id in pages.ids:
            there = True
            continue
        sure = known.matched(life, before, pages)
        if sure is None or told == _TOLD:
            continue
        told += 1
        yield on_response(last, breach(
            "", life.id, sorted(pages.ids)[:_TOLD],
            f"{known.kind.name} {life.id}, which exchange {before.exchange.n} showed, matches the list and is not in it; "
            "no header says that there is more", reading=reading(before, pages.question), hint=shaky or not sure))  # fmt: skip
    for life, after in known.made_before(pages):
        gone = leaves is not None and leaves(known.run, after)
        if life.id not in pages.ids and same_parties(after.exchange, last) and not gone and told < _TOLD:
            told += 1
            yield on_response(last, breach(
                "", life.id, sorted(pages.ids)[:_TOLD],
                f"{known.kind.name} {life.id}, which exchange {after.exchange.n} shows and which was there before, matches "
                "the list and is not in it; no header says that there is more", reading=reading(after, pages.question)))  # fmt: skip
    if there and not told:
        yield on_response(last, FINE)


def _made(kind: Kind) -> str:
    """The pointer of the date at which a resource was made, by its name: `creationDate`, or `orderDate` of a productOrder."""
    name = kind.name.lower()
    words = ((each, each.removesuffix("Date").lower()) for each in kind.times if each.endswith("Date"))
    return next((f"/{each}" for each, word in words if word == "creation" or name.endswith(word)), "")


@dataclass(slots=True)
class _Known:
    """The resources of a kind, found by what a list can be asked for by."""

    run: Run
    kind: Kind
    wanted: Mapping[str, Filter]
    made: str
    _by_value: dict[tuple[str, str], dict[str, Life]] = field(default_factory=lambda: defaultdict(dict))
    _all: list[Life] = field(default_factory=list)
    _indexed: set[str] = field(default_factory=set)

    def can_be_told(self, question: Question) -> bool:
        """Whether we know what each filter means: none that is unknown, given twice or empty."""
        names = [name for name, _ in question if name not in WHO]
        return len(set(names)) == len(names) and set(names) <= set(self.wanted) and all(value for _, value in question)

    def candidates(self, pages: Pages) -> Sequence[Life]:
        """The newest of the resources that may match, among those seen before the list."""
        found = self._found(pages)
        end = bisect_right(found, pages.exchanges[0].n, key=lambda life: life.since)
        return found[max(0, end - _LOOKED_AT) : end]

    def _found(self, pages: Pages) -> Sequence[Life]:
        if not self._all:
            self._all = list(self.run.lives(self.kind.name))
        found: Sequence[Life] = self._all
        for name, value in pages.question:
            if name in self.wanted and self.wanted[name].compare == "eq":
                self._index(name)
                named = list(self._by_value.get((name, value), {}).values())
                found = named if len(named) < len(found) else found
        return found

    def _index(self, name: str) -> None:
        if name not in self._indexed:
            self._indexed.add(name)
            for life in self._all:
                for shown in life.shown:
                    for _, value in every(shown.value, self.wanted[name].member):
                        self._by_value[name, _text(value)][life.id] = life

    def matched(self, life: Life, before: Shown, pages: Pages) -> bool | None:
        """Whether a resource matched while the list was made: True surely, False perhaps, None where it need not have."""
        after = life.next_after(pages.exchanges[-1], whole=False)
        if not self._fits(life, before, pages.question) or (after and not self._fits(life, after, pages.question)):
            return None
        state = at(before.value, self.kind.state_at) if self.kind.state else None
        moves = [name for name, _ in pages.question if name in self.wanted and self.wanted[name].moves]
        by_state = any(self.wanted[name].member == self.kind.state_at for name in moves)
        if after:
            return not by_state or self._stayed(life, state, before, after)
        if moves and not (by_state and len(moves) == 1 and self._is_final(state)):
            return None  # it may have moved on since it was seen
        # A write that was answered a moment ago may not have reached the lists yet; what was read since has.
        earlier = life.before(pages.exchanges[0])
        return before.view in (View.RETRIEVED, View.LISTED) or (
            len(earlier) > 1 and self._fits(life, earlier[-2], pages.question)
        )

    def made_before(self, pages: Pages) -> Iterator[tuple[Life, Shown]]:
        """Resources seen after a list alone that match it, and by their own date were made long before it."""
        if not self.made or any(name in self.wanted and self.wanted[name].moves for name, _ in pages.question):
            return
        first, last = pages.exchanges[0], pages.exchanges[-1]
        found = self._found(pages)
        begin = bisect_right(found, last.n, key=lambda life: life.since)
        for life in found[begin : begin + _LOOKED_AT]:
            after = life.shown[0] if life.shown else None
            made = instant(at(after.value, self.made)) if after else None
            if after and made and first.at - made > self.run.spread(_DAY) and self._fits(life, after, pages.question):
                yield life, after

    def _fits(self, life: Life, shown: Shown, question: Question) -> bool:
        return all(self._meets(life, shown, name, value) for name, value in question if name not in WHO)

    def _meets(self, life: Life, shown: Shown, name: str, value: str) -> bool:
        filter_ = self.wanted[name]
        found = [one for _, one in every(shown.value, filter_.member)]
        if not found and not shown.whole:
            whole = life.last_before(shown.exchange)
            found = [one for _, one in every(whole.value, filter_.member)] if whole else []
        if filter_.compare == "eq":
            return any(_text(one) == value or same(one, value) for one in found)
        limit = instant(value)
        moments = [instant(one) for one in found]
        margin = (
            _DAY if any(isinstance(one, str) and "T" not in one.upper() for one in (value, *found)) else timedelta(0)
        )
        return (
            bool(found) and limit is not None and all(_beyond(one, limit, filter_.compare, margin) for one in moments)
        )

    def _stayed(self, life: Life, state: Any, before: Shown, after: Shown) -> bool:
        """Whether a state was the same all the time between two sightings."""
        if after.exchange.at - before.exchange.at <= self.run.spread(_AT_ONCE) or self._is_final(state):
            return True
        told = [len(changes) for seen in (life.last_before(before.exchange) or before, before, after)
                if isinstance(changes := at(seen.value, self.kind.history.at if self.kind.history else ""), list)]  # fmt: skip
        if before.whole and after.whole and len(told) > 1 and told[-1] == told[-2]:
            return True
        return not any(
            machine.reaches(following, state) for machine in self._machines() for following in machine.after(str(state))
        )

    def _is_final(self, state: Any) -> bool:
        machines = [machine for machine in self._machines() if state in machine.states]
        return bool(machines) and all(state in machine.terminal for machine in machines)

    def _machines(self) -> Iterator[Any]:
        lifecycles = self.run.release.lifecycles
        for name in self.kind.cycle.names.values() if self.kind.cycle else ():
            if name in lifecycles:
                yield lifecycles[name]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _beyond(found: datetime | None, limit: datetime, compare: str, margin: timedelta) -> bool:
    if found is None:
        return False
    return found - limit > margin if compare == "gt" else limit - found > margin
