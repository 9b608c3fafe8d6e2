"""What several guides ask for in the same way: each function adds the rules to a guide's book.

Every function here takes the book, the labels of the guide's requirements (an empty tuple where the guide
numbers none) and what the rule is about. What a right partner may do all the same is said with each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, On, Remark, brief, on_party, requests, responses
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.run import EVENTS, Kind, Life, Run, Said, Shown, succeeded
from emulator.standard.breach import Breach, Check
from emulator.standard.lifecycle import Lifecycle, load_lifecycles
from emulator.standard.tables import attribute_table, state_table
from emulator.wire.exchange import Exchange, Party
from emulator.wire.payload import MISSING, at, dump, escape, every

Labels = str | tuple[str, ...]


# Values


def moment(value: Any) -> datetime | None:
    """A date-time of a message, None where it is none (or says no offset, which makes it no instant)."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else None


def same(asked: Any, answered: Any) -> bool:
    """Whether two JSON values say the same: 1 is 1.0, true is not 1, and an instant can be spelt in several ways."""
    if isinstance(asked, bool) or isinstance(answered, bool):
        return asked is answered
    if asked == answered:
        return True
    if isinstance(asked, str) and isinstance(answered, str) and "T" in asked.upper():
        left, right = moment(asked), moment(answered)
        return left is not None and left == right
    return False


# Who acts for whom


def parties(book: Rulebook, *, several_buyers: str, one_buyer: str, several_sellers: str, one_seller: str) -> None:
    """`buyerId` and `sellerId` stand in the query of every request where there is somebody to tell apart, and
    nowhere else. Nothing is said where the partners did not declare whom they stand for.
    """
    on = requests(book.api, "*")

    def rule(label: str, member: str, *, needed: bool) -> None:
        def look(said: Said) -> Iterator[Mark]:
            known = said.run.declared.buyers if member == "buyerId" else said.run.declared.sellers
            if known is None or (len(known) > 1) is not needed or said.author is not Party.BUYER:
                return
            found = said.query.get(member, MISSING)
            yield hold(f"?{member}", given(found) is needed, expected="an id" if needed else MISSING, found=found)

        about = f"{member} in the query of every request, where the partners declared {'several' if needed else 'one'}"
        book.add(label, look, on=on, about=about)

    rule(several_buyers, "buyerId", needed=True)
    rule(one_buyer, "buyerId", needed=False)
    rule(several_sellers, "sellerId", needed=True)
    rule(one_seller, "sellerId", needed=False)


def uses_all(book: Rulebook, labels: Labels, *operations: str) -> None:
    """A Buyer can use each of these operations: seen where a run used them all, and never a breach."""

    @book.at_end(labels)
    def every_operation_was_used(run: Run) -> Iterator[Remark]:
        used = [run.of(operation, api=book.api) for operation in operations]
        if all(any(succeeded(exchange) for exchange in exchanges) for exchanges in used):
            yield on_party(Party.BUYER, FINE)

    every_operation_was_used.__doc__ = f"The Buyer used {', '.join(operations)}, each with success."


# What was sent comes back


def echoes(
    book: Rulebook,
    labels: Labels,
    *,
    on: On,
    free: tuple[str, ...] = (),
    grows: tuple[str, ...] = ("note", "relatedContactInformation"),
    baseline: Callable[[Said, Life], Any] | None = None,
    name: str = "",
) -> None:
    """A resource shows all that the Buyer sent for it, as it was sent.

    The Seller may add members to objects, and entries to the lists named in `grows`. Entries with an `id`
    are matched by it, others may come in any order. An explicit null or an empty list says the same as
    absence. `free` are names of members that are no echo (`href` never is). `baseline` gives what the
    Buyer asked for as it stands at that moment, by default the body of the request that made the resource.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            asked = baseline(said, life) if baseline else life.request
            if isinstance(asked, dict) and shown.whole:
                yield from echo_marks(asked, shown.value, shown.place, free=("href", *free), grows=grows)

    book.add(labels, look, on=on, about="each value of the request, in the answer", name=name)


def echo_marks(
    asked: Any, answered: Any, place: str, *, free: tuple[str, ...] = (), grows: tuple[str, ...] = ()
) -> Iterator[Mark]:
    """FINE for each value that came back as it was sent (or for a whole part at once), a breach for each that did not."""
    if asked and isinstance(asked, dict | list) and _identical(asked, answered):
        yield FINE
    elif isinstance(asked, dict) and isinstance(answered, dict):
        for member, value in asked.items():
            here = f"{place}/{escape(member)}"
            if member in free or value is None or value == []:
                continue
            if member not in answered:
                yield breach(here, value, MISSING, f"{here} was sent and does not come back")
            elif isinstance(value, list) and isinstance(answered[member], list):
                growing = member in grows
                yield from _list_marks(value, answered[member], here, free=free, grows=grows, growing=growing)
            else:
                yield from echo_marks(value, answered[member], here, free=free, grows=grows)
    elif isinstance(asked, list) and isinstance(answered, list):
        yield from _list_marks(asked, answered, place, free=free, grows=grows, growing=False)
    elif same(asked, answered):
        yield FINE
    else:
        yield breach(place, asked, answered, f"{place} was sent otherwise")


def _identical(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the byte: the quick way, since most parts of an echo are."""
    return bool(one == other) and dump(one) == dump(other)  # the second tells true from 1


def _list_marks(
    asked: list[Any], answered: list[Any], place: str, *, free: tuple[str, ...], grows: tuple[str, ...], growing: bool
) -> Iterator[Mark]:
    left = dict(enumerate(answered))
    unmatched: list[Any] = []
    for index, value in enumerate(asked):
        match = _match(value, left, index, free, grows)
        if match is None:
            unmatched.append(value)
        else:
            del left[match]
            yield FINE
    for value in unmatched:
        same_id = next((i for i, other in left.items() if _id(other) is not None and _id(other) == _id(value)), None)
        # Without an id to go by, what is left over in a list that cannot grow is the changed entry.
        near = same_id if same_id is not None else (next(iter(left), None) if not growing else None)
        if near is None:
            yield breach(place, value, MISSING, f"an entry of {place} was sent and does not come back")
        else:
            yield from echo_marks(value, left.pop(near), f"{place}/{near}", free=free, grows=grows)
    if not growing:
        for index, value in left.items():
            yield breach(f"{place}/{index}", MISSING, value, f"{place}/{index} was not sent")


def _match(
    value: Any, left: Mapping[int, Any], index: int, free: tuple[str, ...], grows: tuple[str, ...]
) -> int | None:
    """Where the same entry came back: first at the same index, then anywhere."""
    for candidate in (index, *left):
        if candidate in left and _comes_back(value, left[candidate], free, grows):
            return candidate
    return None


def _comes_back(asked: Any, answered: Any, free: tuple[str, ...], grows: tuple[str, ...]) -> bool:
    return all(mark is FINE for mark in echo_marks(asked, answered, "", free=free, grows=grows))


def _id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else None


# Identity


def keeps_id(book: Rulebook, labels: Labels, kind: Kind, *, name: str = "id") -> None:
    """What is read or changed by an id shows that id, and no two that are made get the same one."""
    by_id = [operation for operation in (kind.retrieve, kind.patch) if operation]
    operations = [operation for operation in (kind.create, *by_id) if operation]

    def look(said: Said) -> Iterator[Mark]:
        wanted = said.exchange.path_params.get("id", MISSING)
        found = at(said.body, "/id")
        if not isinstance(found, str):
            return
        if said.exchange.operation != kind.create:
            yield hold("/id", wanted is MISSING or found == wanted, expected=wanted, found=found)
        else:
            life = said.run.life(kind, found)
            first = life is None or life.asked is None or life.asked.n == said.exchange.n
            yield hold("/id", first, expected="an id of its own", found=found,
                       message=f"{kind.name} {found} was made before, by exchange "
                               f"{life.asked.n if life and life.asked else '?'}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, *operations), about="id of the answer", name=name)


def stays(book: Rulebook, labels: Labels, kind: Kind, *, name: str = "stays") -> None:
    """What a run has shown once is not gone: a read by its id, for the same Buyer, is not answered 404."""

    def look(said: Said) -> Iterator[Mark]:
        identifier = said.exchange.path_params.get("id")
        life = said.run.life(kind, identifier)
        if life is not None and any(
            same_parties(sight.exchange, said.exchange) for sight in life.before(said.exchange)
        ):
            yield hold("", said.status != 404, expected=200, found=said.status,  # noqa: PLR2004
                       message=f"{kind.name} {identifier} was shown before and is not found any more")  # fmt: skip

    on = responses(book.api, str(kind.retrieve), statuses=ANY_STATUS)
    book.add(labels, look, on=on, about=f"reads of a {kind.name} that was shown before", name=name)


def same_parties(one: Exchange, other: Exchange) -> bool:
    """Whether two requests name the same Buyer and the same Seller: what one Buyer may see, another may not."""
    first, second = dict(one.request.query), dict(other.request.query)
    return all(first.get(party) == second.get(party) for party in ("buyerId", "sellerId"))


def keeps(
    book: Rulebook,
    labels: Labels,
    holder: str,
    *members: str,
    on: On,
    name: str = "keeps",
    message: str = "never changes once it is set",
) -> None:
    """Of each holder (the resource, or its items, matched by id) these members never change once they are set."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange)
            if earlier is None or not shown.whole:
                continue
            for place, value, before in paired(shown, earlier, holder):
                for member in members:
                    old, new = at(before, member), at(value, member)
                    if given(old):
                        yield hold(shown.place + place + member, same(old, new), expected=old, found=new,
                                   message=f"{shown.place + place + member} {message}; "
                                           f"exchange {earlier.exchange.n} showed {old}")  # fmt: skip

    about = f"{', '.join(holder + member for member in members)} against what was shown before"
    book.add(labels, look, on=on, about=about, name=name)


def paired(shown: Shown, earlier: Shown, holder: str) -> Iterator[tuple[str, Any, Any]]:
    """Each holder (place, value, its earlier value) that both sightings have; entries of lists go by `id`."""
    if not holder:
        yield "", shown.value, earlier.value
        return
    before = {_id(value): value for _, value in every(earlier.value, holder) if isinstance(_id(value), str)}
    for place, value in every(shown.value, holder):
        if isinstance(_id(value), str) and _id(value) in before:
            yield place, value, before[_id(value)]


# Errors and lists


def unknown_is_404(book: Rulebook, labels: Labels, operation: str, kind: Kind, *, name: str = "") -> None:
    """A read by an id that was never given out is answered 404. An answer that the caller is not allowed, or not
    able, to ask is nothing to go by; neither is success, since the Seller may know more than the run showed, nor a
    fault of the Seller's own (5xx).
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.status in TELLS_NOTHING or not 400 <= said.status < 500:  # noqa: PLR2004
            return
        life = said.run.life(kind, said.exchange.path_params.get("id"))
        if life is None or life.last_before(said.exchange, whole=False) is None:
            yield hold("", said.status == 404, expected=404, found=said.status,  # noqa: PLR2004
                       message=f"an unknown id was answered {said.status}; expected 404")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation, statuses=ANY_STATUS), about="unknown ids", name=name)


TELLS_NOTHING: Final = (401, 403, 405, 408, 429)
"""Statuses by which the Seller does not say whether it knows what was asked for."""


def nothing_found_is_200(book: Rulebook, labels: Labels, operation: str, *, name: str = "") -> None:
    """A list that nothing matches is answered 200 with an empty list, and never 404."""

    def look(said: Said) -> Iterator[Mark]:
        if said.status == 404:  # noqa: PLR2004
            yield breach("", "200 with []", 404, "nothing found was answered 404; expected 200 with an empty list")
        elif said.body == []:
            yield hold("", said.status == 200, expected=200, found=said.status)  # noqa: PLR2004

    book.add(labels, look, on=responses(book.api, operation, statuses=ANY_STATUS), about="empty lists", name=name)


def too_many_is_422(book: Rulebook, labels: Labels, operation: str, *, name: str = "") -> None:
    """What is refused since too much would be found is refused with 422, whose list names tooManyRecords.

    Seen by the code alone: whether too much was found, only the Seller knows.
    """

    def look(said: Said) -> Iterator[Mark]:
        places = [place for pattern in ("/code", "/*/code") for place, code in every(said.body, pattern)
                  if code == "tooManyRecords"]  # fmt: skip
        if places:
            yield hold(places[0], said.status == 422, expected=422, found=said.status,  # noqa: PLR2004
                       message=f"tooManyRecords is the code of a 422; the answer is {said.status}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation, statuses=REFUSED), about="tooManyRecords", name=name)


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter of a list and what it asks of each entry.

    `member` is a pattern below the entry; one match is enough. `compare` is eq, gt or lt. Where the entry
    of the list does not show the member, what was shown of that resource before says whether it matches.
    """

    member: str
    compare: str = "eq"


def filters(book: Rulebook, labels: Labels, operation: str, wanted: Mapping[str, Filter], *, name: str = "") -> None:
    """Every entry of a list matches every filter of its query (a parameter given several times, or with commas
    where the plain value matches nothing, names alternatives).
    """

    def look(said: Said) -> Iterator[Mark]:
        for parameter, filter_ in wanted.items():
            values = [value for key, value in said.exchange.request.query if key == parameter and value]
            if not values:
                continue
            for shown, life in said.lived():
                found = [v for _, v in every(shown.value, filter_.member)]
                if not found:
                    before = life.last_before(said.exchange)
                    found = [v for _, v in every(before.value, filter_.member)] if before else []
                if found:
                    place = f"{shown.place}{filter_.member}".replace("/*", "")
                    yield hold(place, any(_meets(f, v, filter_.compare) for f in found for v in _spelt(values)),
                               expected=f"{filter_.compare} {', '.join(values)}" if filter_.compare != "eq" else values[0],
                               found=found[0],
                               message=f"{place} does not match the filter {parameter}={','.join(values)}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about=f"entries against {', '.join(wanted)}", name=name)


def _spelt(values: Sequence[str]) -> Iterator[str]:
    for value in values:
        yield value
        if "," in value:
            yield from (part.strip() for part in value.split(","))


def _meets(found: Any, wanted: str, compare: str) -> bool:
    if compare == "eq":
        text = str(found).lower() if isinstance(found, bool) else str(found)
        return text == wanted or same(found, wanted)
    left, right = _instant(found), _instant(wanted)
    if left is None or right is None:
        return True  # no instants to compare: the contract says so
    return left >= right if compare == "gt" else left <= right


def _instant(value: Any) -> datetime | None:
    """A date or date-time as an instant; a bare date is taken at its midnight, UTC."""
    if isinstance(value, str) and len(value) == len("2026-01-01"):
        return moment(f"{value}T00:00:00+00:00")
    return moment(value.replace(" ", "+")) if isinstance(value, str) else None


def pages(book: Rulebook, labels: Labels, operation: str, *, name: str = "pages") -> None:
    """The counts of a page are true: X-Result-Count is its length, X-Total-Count covers at least what it shows, and
    no page is longer than its limit.
    """

    def look(said: Said) -> Iterator[Mark]:
        if not isinstance(said.body, list):
            return
        shown = len(said.body)
        offset, limit = _number(said.query.get("offset")) or 0, _number(said.query.get("limit"))
        result, total = _number(said.header("X-Result-Count")), _number(said.header("X-Total-Count"))
        if result is not None:
            yield hold("", result == shown, expected=shown, found=result,
                       message=f"X-Result-Count is {result} for a page of {shown}")  # fmt: skip
        if total is not None and shown:
            yield hold("", total >= offset + shown, expected=f"{offset + shown} or more", found=total,
                       message=f"X-Total-Count is {total}, though {offset + shown} were shown or skipped")  # fmt: skip
        if limit is not None:
            yield hold("", shown <= limit, expected=f"{limit} at most", found=shown,
                       message=f"{shown} entries were sent where {limit} were asked for")  # fmt: skip

    book.add(labels, look, on=responses(book.api, operation), about="X-Result-Count, X-Total-Count, limit", name=name)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004


def no_doubles(book: Rulebook, labels: Labels, operation: str, *, name: str = "doubles") -> None:
    """No resource stands twice in one list."""
    book.unique(labels, "/*", "/id", on=responses(book.api, operation), name=name)


# States


def lifecycle(name: str) -> Lifecycle:
    """A state machine of the specs, by name. KeyError where there is none."""
    return load_lifecycles()[name]


@dataclass(frozen=True, slots=True)
class Machine:
    """A lifecycle and what it is about: the resource (`holder` ""), or its items (`/quoteItem/*`)."""

    lifecycle: str
    holder: str = ""
    state: str = "/state"
    where: Callable[[Mapping[str, Any]], bool] | None = None  # of the resource: firm or budgetary quotes
    untold: tuple[str, ...] = ()  # states that a history can leave out


def goes_legally(book: Rulebook, labels: Labels, machine: Machine, *, on: On, name: str = "path") -> None:
    """Between two sightings a state went on along the lifecycle, however many states went unseen in between.

    A state that the lifecycle does not have is the contract's business.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange, whole=bool(machine.holder))  # a list shows no items
            if machine.where and not machine.where(shown.value):
                continue
            known = lifecycle(machine.lifecycle)
            for place, value, before in _with_past(shown, earlier, machine.holder):
                state, was = at(value, machine.state), at(before, machine.state)
                here = f"{shown.place}{place}{machine.state}"
                if state in known.unused:
                    yield breach(here, list(known.states), state, f"{here} is {state}, which {known.name} never is")
                if state not in known.states:
                    continue
                if was in known.states:
                    yield hold(here, known.reaches(was, state), expected=f"a state that can follow {was}", found=state,
                               message=f"{here} is {state} after {was}, from which there is no way to it")  # fmt: skip
                elif shown.exchange is life.asked:
                    yield hold(here, known.reaches(None, state), expected=list(known.initial), found=state)

    book.add(labels, look, on=on, about=f"{machine.holder}{machine.state} against what was shown before", name=name)


def _with_past(shown: Shown, earlier: Shown | None, holder: str) -> Iterator[tuple[str, Any, Any]]:
    """Each holder with its earlier self, or MISSING."""
    if not holder:
        yield "", shown.value, earlier.value if earlier else MISSING
        return
    before = {_id(v): v for _, v in every(earlier.value, holder) if isinstance(_id(v), str)} if earlier else {}
    for place, value in every(shown.value, holder):
        yield place, value, before.get(_id(value), MISSING) if isinstance(_id(value), str) else MISSING


def tells_history(
    book: Rulebook, labels: Labels, machine: Machine, *, on: On, needed: bool = False, name: str = "history"
) -> None:
    """The stateChange of each holder tells the truth: each state that was shown before is in it, the newest entry is
    the state it is in, the entries follow one another along the lifecycle, none that was told before is gone, and
    none is of a later moment than the answer.

    Where there is no stateChange, nothing is said, unless `needed`. Entries may come in any order: their
    changeDate counts, and among equal dates any order that is legal will do.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            if not shown.whole or (machine.where and not machine.where(shown.value)):
                continue
            earlier = life.last_before(said.exchange)
            known = lifecycle(machine.lifecycle)
            for place, value, before in _with_past(shown, earlier, machine.holder):
                here = f"{shown.place}{place}/stateChange"
                entries = at(value, "/stateChange")
                if not isinstance(entries, list) or not entries:
                    told_before = at(before, "/stateChange") not in (MISSING, None, [])
                    if (needed or told_before) and entries in (MISSING, None, []):
                        yield breach(here, "the states it went through", entries,
                                     f"{here} {'was there before and is gone' if told_before else 'is missing'}")  # fmt: skip
                    continue
                yield from _history_marks(here, entries, value, before, known, machine, life, said)

    book.add(labels, look, on=on, about=f"{machine.holder}/stateChange against the states shown", name=name)


def _history_marks(
    here: str,
    entries: list[Any],
    value: Any,
    before: Any,
    known: Lifecycle,
    machine: Machine,
    life: Life,
    said: Said,
) -> Iterator[Mark]:
    yield from _entry_marks(here, entries, known)
    told = [_told(entry) for entry in entries]
    if any(when is None or state not in known.states for when, state in told):
        return  # the contract's business
    if len(set(told)) < len(told):
        yield breach(here, "each change once", len(told), f"{here} tells of the same change twice", hint=True)
    yield from _witness_marks(here, {state for _, state in told}, value, machine, known, life, said)
    current = at(value, machine.state)
    ordered = sorted(told, key=lambda entry: entry[0].timestamp() if entry[0] else 0.0)
    newest = [state for when, state in ordered if when == ordered[-1][0]]
    if current in known.states:
        yield hold(here, current in newest, expected=current, found=newest[-1],
                   message=f"the newest entry of {here} is {newest[-1]}, and the state is {current}")  # fmt: skip
    yield from _order_marks(here, ordered, known)
    yield from _kept_marks(here, told, before, known)


def _told(entry: Any) -> tuple[datetime | None, Any]:
    return moment(at(entry, "/changeDate")), at(entry, "/state")


def _entry_marks(here: str, entries: list[Any], known: Lifecycle) -> Iterator[Mark]:
    """Each entry says when and which state, and no state of another lifecycle."""
    for index, entry in enumerate(entries):
        if at(entry, "/state") in known.unused:
            yield breach(f"{here}/{index}/state", list(known.states), entry["state"], f"{known.name} never is so")
        for member in ("state", "changeDate"):
            if isinstance(entry, dict) and not given(entry.get(member)):
                what = "when" if member == "changeDate" else "which state"
                yield breach(f"{here}/{index}/{member}", "a value", entry.get(member, MISSING),
                             f"{here}/{index} does not say {what}", hint=True)  # fmt: skip


def _witness_marks(
    here: str, told: set[Any], value: Any, machine: Machine, known: Lifecycle, life: Life, said: Said
) -> Iterator[Mark]:
    """Each state that was shown before is told of."""
    identifier = _id(value) if machine.holder else None
    for sighting in _since_last_history(life, said.exchange):
        for state in _states_of(sighting, machine, identifier):
            if state in known.states and state not in machine.untold:
                yield hold(here, state in told, expected=state, found=sorted(told),
                           message=f"{here} does not tell of {state}, which exchange {sighting.exchange.n} showed")  # fmt: skip


def _order_marks(here: str, ordered: Sequence[tuple[datetime | None, Any]], known: Lifecycle) -> Iterator[Mark]:
    """Each entry can follow the one before it; of equal dates any order will do."""
    for (when, state), (later, following) in pairwise(ordered):
        if when == later or state == following or known.allows(state, following):
            yield FINE
        else:
            yield breach(here, f"a state that can follow {state}", following,
                         f"{here} tells of {following} right after {state}, from which there is no direct way to it")  # fmt: skip


def _kept_marks(
    here: str, told: Sequence[tuple[datetime | None, Any]], before: Any, known: Lifecycle
) -> Iterator[Mark]:
    """What was told of before is still told of."""
    for _, entry in every(before, "/stateChange/*"):
        old = _told(entry)
        if old[0] is not None and old[1] in known.states:
            when = at(entry, "/changeDate")
            yield hold(here, old in told, expected=f"{old[1]} at {when}", found=sorted({str(s) for _, s in told}),
                       message=f"{here} no longer tells of {old[1]} at {when}")  # fmt: skip


def _since_last_history(life: Life, exchange: Exchange) -> Iterator[Shown]:
    """The sightings back to the newest that told a history itself: what it told of is compared entry by entry."""
    for sighting in reversed(life.before(exchange)):
        yield sighting
        if sighting.whole and given(at(sighting.value, "/stateChange")):
            return


def _states_of(sighting: Shown, machine: Machine, identifier: Any) -> Iterator[Any]:
    if not machine.holder:
        yield at(sighting.value, machine.state)
        return
    for _, value in every(sighting.value, machine.holder):
        if _id(value) == identifier:
            yield at(value, machine.state)


_FREE: Final = ("expectedPOQCompletionDate", "expectedQuoteCompletionDate", "expectedCompletionDate", "lastUpdateDate")
_GROWS: Final = ("note", "relatedContactInformation", "milestone", "charge", "stateChange")
_BUSY: Final = ("inProgress", "held", "pending", "assessing", "active.pending")
"""How the states begin in which a Seller works on something, and may set what it likes."""

STEADY: Final = "steady"
"""How the ids of the rules end that are silent where another rule finds fault with the same message."""


def steady(book: Rulebook, kind: Kind, *, free: tuple[str, ...] = ()) -> None:
    """Between two reads in the same state, with nothing asked of the Seller in between, a resource shows the same.

    No clause forbids that a Seller corrects itself, so a change is worth a warning only. Lists may grow, and
    dates that are expected may move. While the Seller works on a resource only its contacts are compared.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = _same_view(life, shown)
            if earlier is None or said.run.acted_between(earlier.exchange, said.exchange):
                continue
            states = [_all_states(each.value, kind) for each in (earlier, shown)]
            if states[0] != states[1]:
                continue
            if earlier.value == shown.value:
                yield FINE
                continue
            before = earlier.value
            if any(str(state).startswith(_BUSY) for state in states[0]):
                before = {"relatedContactInformation": before.get("relatedContactInformation", [])}
            marks = echo_marks(before, shown.value, shown.place, free=("href", *_FREE, *free), grows=_GROWS)
            for mark in marks:
                if isinstance(mark, Breach):
                    words = (f"{mark.place} was {brief(mark.expected)} in exchange {earlier.exchange.n}, "
                             "and nothing that was seen explains the change")  # fmt: skip
                    yield replace(mark, check=Check.HINT, message=words)
                else:
                    yield mark

    on = responses(book.api, *(operation for operation in (kind.retrieve, kind.listing) if operation))
    book.add((), look, on=on, about=f"a {kind.name} against what was shown of it before", name=f"{kind.name}.{STEADY}")


def _same_view(life: Life, shown: Shown) -> Shown | None:
    """The newest earlier sighting that shows as much."""
    for earlier in reversed(life.before(shown.exchange)):
        if earlier.whole == shown.whole:
            return earlier
    return None


def _all_states(value: Mapping[str, Any], kind: Kind) -> list[Any]:
    own = [at(value, kind.state)] if kind.state else []
    return own + ([state for _, state in every(value, f"{kind.items}/*/state")] if kind.items else [])


def reads_agree(book: Rulebook, labels: Labels, kind: Kind, *members: str, name: str = "list") -> None:
    """What a list shows of a resource is what a read by its id shows, for members that do not change by themselves."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange)
            if earlier is None:
                continue
            for member in members:
                old, new = at(earlier.value, member), at(shown.value, member)
                if given(old) and given(new):
                    yield hold(shown.place + member, same(old, new), expected=old, found=new,
                               message=f"{shown.place + member} differs from what exchange {earlier.exchange.n} "
                                       f"showed of the same {kind.name}")  # fmt: skip

    book.add(labels, look, on=responses(book.api, str(kind.listing)), about=f"{', '.join(members)} of each entry",
             name=name)  # fmt: skip


def agrees(book: Rulebook, labels: Labels, kind: Kind, *members: str, hint: bool = False, name: str = "agrees") -> None:
    """A list and a read by id, in either order, show the same of members that do not change by themselves.

    That a read lacks what was shown before is a hint: the whole resource was asked for, unless by `fields`.
    """

    def look(said: Said) -> Iterator[Mark]:
        part = bool(said.query.get("fields"))
        for shown, life in said.lived():
            lately = life.before(said.exchange)[-3:]
            for member in members:
                new = at(shown.value, member)
                earlier = next((s for s in reversed(lately) if given(at(s.value, member))), None)
                if earlier is None or (not given(new) and (part or not shown.whole)):
                    continue
                old = at(earlier.value, member)
                if same(old, new):
                    yield FINE
                else:
                    yield breach(shown.place + member, old, new,
                                 f"{shown.place + member} differs from what exchange {earlier.exchange.n} showed of "
                                 f"the same {kind.name}", hint=hint or not given(new))  # fmt: skip

    on = responses(book.api, *(operation for operation, _ in kind.views()))
    book.add(labels, look, on=on, about=f"{', '.join(members)} against what was shown before", name=name)


def no_twins(book: Rulebook, labels: Labels, kind: Kind, *members: str, name: str = "twins") -> None:
    """No list of these has the same entry twice. Nothing forbids it, so that it is a hint."""

    def look(said: Said) -> Iterator[Mark]:
        for shown in said.shown:
            for member in members:
                entries = at(shown.value, member)
                for index, entry in enumerate(entries[:50]) if isinstance(entries, list) else ():
                    if entry in entries[:index]:
                        yield breach(f"{shown.place}{member}/{index}", MISSING, entry,
                                     f"{shown.place}{member}/{index} stands in the list before", hint=True)  # fmt: skip
                    else:
                        yield FINE

    on = responses(book.api, *(operation for operation, _ in kind.views()))
    book.add(labels, look, on=on, about=f"equal entries of {', '.join(members)}", name=name)


# Notifications


def repeats_parties(book: Rulebook, labels: Labels) -> None:
    """Events carry the buyerId and the sellerId of the subscription that they follow from, and none where it had none.

    With several subscriptions of one Buyer that differ, an event is right where it fits one of them.
    """

    def look(said: Said) -> Iterator[Mark]:
        hubs = [e for e in said.run.of("registerListener", api=book.api) if succeeded(e)]
        if not hubs:
            return
        for member in ("buyerId", "sellerId"):
            wanted = {dict(reversed(hub.request.query)).get(member) for hub in hubs}
            found = at(said.body, f"/event/{member}")
            if wanted == {None} and found in (MISSING, None):
                continue
            told = found if isinstance(found, str) else None
            yield hold(f"/event/{member}", told in wanted, expected=next(iter(wanted - {None}), MISSING), found=found)

    events = tuple(operation for operation, kind in EVENTS.items() if kind.api == book.api)
    book.add(labels, look, on=requests(book.api, *events), about="buyerId and sellerId of each event")


def exchanges_refused(run: Run, *operations: str, api: str) -> list[Exchange]:
    """The exchanges of these operations that were answered 4xx."""
    return [e for e in run.of(*operations, api=api) if e.response and 400 <= e.response.status < 500]  # noqa: PLR2004


# Tables


def required_by_table(
    book: Rulebook,
    labels: Labels,
    table: str,
    *,
    on: On,
    where: Callable[[Mapping[str, Any]], bool] | None = None,
    disputed: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    spared: Callable[[str, str, Mapping[str, Any]], bool] | None = None,
    by_whole: bool = False,
    reading: Callable[[str, Mapping[str, Any], Mapping[str, Any]], tuple[str, str] | None] | None = None,
    name: str = "",
) -> None:
    """Each holder shows the attributes that an attribute table requires (R, E/R) in its state.

    `where` chooses by the resource (firm or budgetary). `disputed` gives for (attribute, state) the reading of
    the interpretation register by which the cell counts. `spared` tells by (attribute, state, holder) which
    cells are not looked at here: those that another rule speaks on. With `by_whole` the columns are states of
    the resource, also where the holders are its items. `reading` gives for (attribute, resource, holder) what
    `disputed` gives where more than the cell decides.
    """

    def look(said: Said) -> Iterator[Mark]:
        known = attribute_table(book.api, table)
        for shown in said.shown:
            if where and not where(shown.value):
                continue
            for place, value in every(shown.value, known.holder):
                state = at(shown.value if by_whole else value, known.by)
                for attribute, cells in known.rows.items() if isinstance(state, str) else ():
                    if spared and spared(attribute, state, value):
                        continue
                    if cells.get(state) in ("R", "E/R"):
                        why = reading(attribute, shown.value, value) if reading else None
                        yield _table_mark(shown.place + place, value, attribute, f"{known.number}: {state}",
                                          why or (disputed or {}).get((attribute, state)))  # fmt: skip

    book.add(labels, look, on=on, about=f"attributes against the table {table}", name=name)


def _table_mark(place: str, value: Any, attribute: str, why: str, reading: tuple[str, str] | None) -> Mark:
    member, _, role = attribute.partition("?role=")
    found = at(value, member)
    if role:
        if any(at(contact, "/role") == role for _, contact in every(found, "/*")):
            return FINE
        return breach(place + member, role, [r for _, r in every(found, "/*/role")],
                      f"{place or 'the resource'} names no contact with role {role} ({why})", reading=reading)  # fmt: skip
    if given(found):
        return FINE
    return breach(place + member, "a value", found, f"{place}{member} is missing ({why})", reading=reading)


def fits_state_table(
    book: Rulebook,
    labels: Labels,
    table: str,
    *,
    on: On,
    where: Callable[[Mapping[str, Any]], bool] | None = None,
    name: str = "",
) -> None:
    """The states of the items go with the state of the whole. A state without a row allows any; one with an empty
    row says that nothing is told of its items.
    """

    def look(said: Said) -> Iterator[Mark]:
        known = state_table(book.api, table)
        for shown in said.shown:
            state = at(shown.value, known.by)
            if not isinstance(state, str) or not known.allowed.get(state) or (where and not where(shown.value)):
                continue
            for place, found in every(shown.value, known.items):
                yield hold(shown.place + place, found in known.allowed[state], expected=list(known.allowed[state]),
                           found=found, message=f"{shown.place + place} is {found} while the whole is {state} "
                                                f"({known.number})")  # fmt: skip

    book.add(labels, look, on=on, about=f"states of items against the table {table}", name=name)
