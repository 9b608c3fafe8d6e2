"""A resource keeps its id, stays, and looks the same from everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.judge.rule import ANY_STATUS, FINE, Mark, On, shows
from emulator.judge.rulebook import Rulebook, breach, given, hold
from emulator.judge.rules.common.values import Labels, by_id, id_of, told_alike
from emulator.judge.run import Said, Shown
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, every


def keeps_id(book: Rulebook, labels: Labels, kind: str, *, name: str = "id") -> None:
    """What is read or changed by an id shows that id, and no two that are made get the same one.

    Where a contract answers a read by an id with a list, that is a list of the one.
    """

    def look(said: Said) -> Iterator[Mark]:
        wanted = said.exchange.path_params.get("id", MISSING)
        made = said.exchange.operation == said.run.kinds.kind(kind).one("create")
        for shown, life in said.lived():
            place, found = f"{shown.place}/id", life.id
            if not made:
                yield hold(place, wanted is MISSING or found == wanted, expected=wanted, found=found)
                continue
            first = life.asked is None or life.asked.n == said.exchange.n
            yield hold(place, first, expected="an id of its own", found=found,
                       message=f"{kind} {found} was made before, by exchange "
                               f"{life.asked.n if life.asked else '?'}")  # fmt: skip
        if isinstance(said.body, list) and said.shown:
            words = f"{len(said.body)} entries were sent where one was asked for by its id"
            yield hold("", len(said.body) == 1, expected="one entry", found=len(said.body), message=words)

    book.add(labels, look, on=shows(book.api, kind, "create", "retrieve", "patch"), about="id of the answer", name=name)


def stays(book: Rulebook, labels: Labels, kind: str, *, name: str = "stays") -> None:
    """What a run has shown once is not gone: a read by its id, for the same Buyer, is not answered 404."""

    def look(said: Said) -> Iterator[Mark]:
        identifier = said.exchange.path_params.get("id")
        life = said.run.life(kind, identifier)
        if life is not None and any(
            same_parties(sight.exchange, said.exchange) for sight in life.before(said.exchange)
        ):
            yield hold("", said.status != 404, expected=200, found=said.status,  # noqa: PLR2004
                       message=f"{kind} {identifier} was shown before and is not found any more")  # fmt: skip

    on = shows(book.api, kind, "retrieve", statuses=ANY_STATUS)
    book.add(labels, look, on=on, about=f"reads of a {kind} that was shown before", name=name)


def same_parties(one: Exchange, other: Exchange) -> bool:
    """Whether two requests name the same Buyer and the same Seller: what one Buyer may see, another may not."""
    return parties_of(one) == parties_of(other)


def parties_of(exchange: Exchange) -> tuple[str | None, str | None]:
    """The Buyer and the Seller that a request names."""
    query = dict(exchange.request.query)
    return query.get("buyerId"), query.get("sellerId")


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
                        yield hold(shown.place + place + member, told_alike(old, new), expected=old, found=new,
                                   message=f"{shown.place + place + member} {message}; "
                                           f"exchange {earlier.exchange.n} showed {old}")  # fmt: skip

    about = f"{', '.join(holder + member for member in members)} against what was shown before"
    book.add(labels, look, on=on, about=about, name=name)


def paired(shown: Shown, earlier: Shown, holder: str) -> Iterator[tuple[str, Any, Any]]:
    """Each holder (place, value, its earlier value) that both sightings have; entries of lists go by `id`."""
    if not holder:
        yield "", shown.value, earlier.value
        return
    before = by_id(value for _, value in every(earlier.value, holder))
    now = by_id(value for _, value in every(shown.value, holder))
    for place, value in every(shown.value, holder):
        if isinstance(id_of(value), str) and id_of(value) in before and id_of(value) in now:
            yield place, value, before[id_of(value)]


def reads_agree(book: Rulebook, labels: Labels, kind: str, *members: str, name: str = "list") -> None:
    """What a list shows of a resource is what a read by its id shows, for members that do not change by themselves."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, life in said.lived():
            earlier = life.last_before(said.exchange)
            if earlier is None:
                continue
            for member in members:
                old, new = at(earlier.value, member), at(shown.value, member)
                if given(old) and given(new):
                    yield hold(shown.place + member, told_alike(old, new), expected=old, found=new,
                               message=f"{shown.place + member} differs from what exchange {earlier.exchange.n} "
                                       f"showed of the same {kind}")  # fmt: skip

    book.add(labels, look, on=shows(book.api, kind, "list"), about=f"{', '.join(members)} of each entry",
             name=name)  # fmt: skip


def agrees(
    book: Rulebook,
    labels: Labels,
    kind: str,
    *members: str,
    hint: bool = False,
    both: bool = False,
    name: str = "agrees",
) -> None:
    """A list and a read by id, in either order, show the same of members that do not change by themselves.

    That a read lacks what was shown before is a hint: the whole resource was asked for, unless by `fields`; with `both` nothing
    is said of it, since what is meant can be said without that member.
    """

    def look(said: Said) -> Iterator[Mark]:
        part = bool(said.query.get("fields"))
        for shown, life in said.lived():
            lately = life.before(said.exchange)[-3:]
            for member in members:
                new = at(shown.value, member)
                earlier = next((s for s in reversed(lately) if given(at(s.value, member))), None)
                if earlier is None or (not given(new) and (part or both or not shown.whole)):
                    continue
                old = at(earlier.value, member)
                if told_alike(old, new):
                    yield FINE
                else:
                    yield breach(shown.place + member, old, new,
                                 f"{shown.place + member} differs from what exchange {earlier.exchange.n} showed of "
                                 f"the same {kind}", hint=hint or not given(new))  # fmt: skip

    on = shows(book.api, kind)
    book.add(labels, look, on=on, about=f"{', '.join(members)} against what was shown before", name=name)


def no_twins(book: Rulebook, labels: Labels, kind: str, *members: str, name: str = "twins") -> None:
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

    on = shows(book.api, kind)
    book.add(labels, look, on=on, about=f"equal entries of {', '.join(members)}", name=name)
