"""The rules of an API that no book of a guide is bound to: what holds for its kinds of resource and its events by their facts.

They bear no requirement: a rule's id is the API, the kind where it is called otherwise, and what is looked at.
Where there are no requirements of the API's guide, as in an imported release, they are hints: nobody has read what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.rule import Remark, shows
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import common
from emulator.judge.rules.common.steadiness import VERSION
from emulator.judge.run import Life, Run, Said
from emulator.standard.kinds.facts import Cycle, Filter, History, Kind, Kinds

if TYPE_CHECKING:
    from emulator.standard.release import Release

_COMPARED: Final = ("eq", "gt", "lt")
"""Filters whose meaning is the same in every API."""
_GROWS: Final = ("note", "relatedContactInformation")


def generic_book(release: Release, api: str) -> Rulebook:
    """The rules of an API by the facts of its kinds."""
    book, facts = Rulebook(api, api), release.kinds.apis[api]
    for kind in facts.kinds.values():
        _identity(book, kind)
        _echo(book, kind)
        _states(book, kind)
        _lists(book, kind, facts)
    if facts.events:
        _events(book, facts)
    return book


def _name(book: Rulebook, kind: Kind, what: str) -> str:
    return what if kind.name == book.api else f"{kind.name}.{what}"


def _identity(book: Rulebook, kind: Kind) -> None:
    """It keeps its id, stays where nothing deletes it, and looks the same while nothing is asked of the Seller."""
    shown = [view for view in ("create", "retrieve", "patch") if kind.views.get(view)]
    if shown and kind.id_required:
        common.keeps_id(book, (), kind.name, name=_name(book, kind, "id"))
    if retrieve := kind.one("retrieve"):
        common.unknown_is_404(book, (), retrieve, kind.name, name=_name(book, kind, "unknown"))
        if not _is_edited(kind):
            common.stays(book, (), kind.name, name=_name(book, kind, "stays"))
    if kind.views.get("retrieve") or kind.views.get("list"):
        common.steady(book, kind.name, free=kind.own)


def _echo(book: Rulebook, kind: Kind) -> None:
    """The answer to a request that makes a resource shows what was sent, of the members that both have."""

    def sent(_said: Said, life: Life) -> Any:
        return common.only(life.request, kind.echo) if isinstance(life.request, dict) else None

    if kind.views.get("create") and kind.echo:
        on = shows(book.api, kind.name, "create")
        common.echoes(
            book, (), on=on, grows=(*_GROWS, *kind.said.get("keep", ())), baseline=sent, name=_name(book, kind, "echo")
        )


def _states(book: Rulebook, kind: Kind) -> None:
    """States of a resource and of its items go along their lifecycles, and histories tell of that."""
    if kind.state:
        _walk(book, kind, "", kind.state_at, kind.history, kind.cycle, "")
    if kind.items:
        holder = f"{kind.items_at}/*"
        _walk(book, kind, holder, kind.items.state.at, kind.items.history, kind.items.cycle, "item-")


def _walk(
    book: Rulebook, kind: Kind, holder: str, state: str, history: History | None, cycle: Cycle | None, prefix: str
) -> None:
    for choice in dict.fromkeys(cycle.names.values()) if cycle else ():
        machine = common.Machine(choice, holder=holder, state=state, where=_is_of(cycle, choice),
                                 history=history or common.STATE_CHANGE)  # fmt: skip
        suffix = "" if cycle and not cycle.on else f".{choice}"
        on = shows(book.api, kind.name) if not holder else shows(book.api, kind.name, "create", "retrieve", "patch")
        common.goes_legally(book, (), machine, on=on, name=_name(book, kind, f"{prefix}path{suffix}"))
        if history:
            common.tells_history(book, (), machine, on=on, name=_name(book, kind, f"{prefix}history{suffix}"))


def _is_of(cycle: Cycle | None, choice: str) -> common.Chooses | None:
    """Whether a resource has that one of several lifecycles; None where there is no choice."""
    return None if cycle is None or not cycle.on else lambda value: cycle.of(value) == choice


def _lists(book: Rulebook, kind: Kind, facts: Kinds) -> None:
    """A list answers what it was asked for, its pages count right, and what it leaves out does not match it."""
    operation = kind.one("list")
    if operation is None:
        return
    listing = facts.operations[operation]
    common.nothing_found_is_200(book, (), operation, name=_name(book, kind, "empty"))
    common.no_doubles(book, (), operation, name=_name(book, kind, "doubles"))
    if listing.paged:
        common.pages(book, (), operation, name=_name(book, kind, "pages"))
    wanted = {
        name: made
        for name, each in listing.filters.items()
        if (made := _filter(each, kind)) and not _is_of_tree(each, kind, facts)
    }
    if wanted:
        common.filters(book, (), operation, wanted, name=_name(book, kind, "filters"))
    if not _is_edited(kind):
        common.lists_all(book, (), kind.name, wanted, name=_name(book, kind, "whole"))


def _is_edited(kind: Kind) -> bool:
    """Whether resources come and go: the Buyer can delete them, or the Seller edits them unasked, and says when."""
    return bool(kind.views.get("delete")) or (kind.made_by == "seller" and VERSION in kind.times)


def _is_of_tree(each: Filter, kind: Kind, facts: Kinds) -> bool:
    """Whether a filter compares ids of a kind whose resources lie within each other: it may mean all that lies within."""
    named = next((one.to for one in kind.references if each.to and each.to[0] == f"{one.at}/{one.id}"), "")
    tree = facts.kinds.get(named)
    return tree is not None and any(one.to == named for one in tree.references)


def _filter(each: Filter, kind: Kind) -> common.Filter | None:
    if each.op not in _COMPARED or len(each.to) != 1 or each.where:
        return None
    return common.Filter(each.to[0], each.op, moves=each.to[0] == kind.state_at)


def _events(book: Rulebook, facts: Kinds) -> None:
    """Subscriptions come back as they were sent; events fit them, tell what they should, and come where they are due."""
    hub = next((each.id for each in facts.operations.values() if each.view == "subscribe"), None)
    if hub is not None:
        common.hub_comes_back(book, hub)
    common.events_fit(book)
    if any(event.shows for event in facts.events.values()):
        common.of_states_that_were(book)
    common.repeats_parties(book, (), name="event-parties")
    common.subscribers_only(book, (), name="event-subscribed")
    common.wanted_types_only(book, (), name="event-wanted")
    told = tuple(dict.fromkeys(event.kind for event in facts.events.values()))

    @book.at_end(name="told")
    def who_subscribed_is_told(run: Run) -> Iterator[Remark]:
        """What had to be told, against what was; a hint where the subscription does not name the event's type."""
        for page, due in common.dues(run, told):
            yield common.told_or_not(page, due, hint=due.hub is None or due.hub.types is None)
