"""What a Seller may say otherwise after the sale, although a run says it so: why a mutation that nobody notices is none to notice.

Each reason goes back to a clause of MEF 124 or MEF 137, to their contracts, or to what no message can show. What is not named
here has to be noticed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.standard.instant import read_instant
from tests.play import Played
from tests.properties.mutations import Mutation, body_of, is_told

SCENARIOS: Final = (
    "ticket/fix",
    "ticket/polled",
    "ticket/patch",
    "ticket/information",
    "ticket/cancel",
    "ticket/unanswered",
    "ticket/known-incident",
    "incident/repair",
    "incident/repair-told",
    "workorder/planned",
    "workorder/dropped",
    "appointment/visit",
    "appointment/change",
    "appointment/cancel",
    "appointment/missed",
)
"""Runs after the sale of which it is known what may be said otherwise."""
APIS: Final = ("troubleTicket", "appointment", "workOrder")
WORDS: Final = frozenset({"other-text", "other-case"})
VALUES: Final = WORDS | {"other-number", "other-truth", "other-moment"}
GONE: Final = frozenset({"drop", "drop-entry", "empty-list"})
ANY: Final = VALUES | GONE


@dataclass(frozen=True, slots=True)
class Freedom:
    """Something that is the Seller's: what may be done (`operators`) at which places of answers about which `kinds`, by which
    operations where that matters, and why. `if_` looks closer; `without` is the key of a clause that a release must not have for it.
    """

    why: str
    kinds: str
    place: str
    operators: frozenset[str]
    views: str = ".*"
    if_: Callable[[Mutation, Played], bool] | None = None
    without: str = ""

    def covers(self, mutation: Mutation, kind: str, view: str, run: Played) -> bool:
        place = re.sub(r"^/[0-9]+(?=/|$)", "", mutation.place) if view == "list" else mutation.place
        return (
            mutation.operator in self.operators
            and re.fullmatch(self.kinds, kind) is not None
            and re.fullmatch(self.views, view) is not None
            and re.fullmatch(self.place, place) is not None
            and (not self.without or run.release.labels.told(self.without) is None)
            and (self.if_ is None or self.if_(mutation, run))
        )


def is_only_a_name(mutation: Mutation) -> bool:
    """Whether it gives something that is made another id. Only a Buyer who goes on by that id can tell: a new run with the
    spoilt answer does, a recorded one goes on by the old id.
    """
    made = mutation.good.operation or ""
    place = re.sub(r"^/[0-9]+(?=/)", "", mutation.place)
    return place == "/id" and mutation.operator in WORDS and made.startswith(("create", "registerListener", "list"))


def why_legal(mutation: Mutation, run: Played) -> str:
    """Why nobody has to notice a mutation of a run; empty where somebody has to."""
    exchange = mutation.good
    if mutation.operator == "other-case" and read_instant(at(body_of(exchange), mutation.place)) is not None:
        return "a moment may be spelt in small letters (RFC 3339, 5.6)"
    if exchange.api not in APIS:
        return "what it says is of another function" if run.name in SCENARIOS else ""
    shown = run.release.kinds.shown_by(str(exchange.api), str(exchange.operation))
    kind, view = (shown[0].name, shown[1]) if shown else ("", str(exchange.operation))
    if mutation.operator == "stale":
        return _why_stale(mutation, run, kind)
    return next((each.why for each in FREEDOMS if each.covers(mutation, kind, view, run)), "")


# Whose an entry is, and when it was first seen


def _entry(mutation: Mutation) -> tuple[str, Any]:
    """The list of which a mutation changes an entry, and that entry."""
    found = re.match(r"(?P<list>.*?/(?P<name>[a-zA-Z]+))/[0-9]+(?=/|$)(?!/[a-zA-Z]+/[0-9]+/[a-zA-Z]+/)", mutation.place)
    body = body_of(mutation.good)
    if mutation.operator == "drop-entry":
        return mutation.place.rpartition("/")[2], at(body, f"{mutation.place}/0")
    return (found["name"], at(body, found[0])) if found else ("", MISSING)


def _is_sellers(mutation: Mutation, _run: Played) -> bool:
    """A contact of the Seller's."""
    _, entry = _entry(mutation)
    return str(at(entry, "/role")).startswith("seller")


def _is_first_seen(mutation: Mutation, run: Played) -> bool:
    """An entry that the Seller adds, and that no look showed before: it may come by the next one, and says what the Seller wants."""
    name, entry = _entry(mutation)
    if at(entry, "/source") != "seller" and at(entry, "/author") != "closureRejection":
        return False
    mine, seen = body_of(mutation.good), False
    for earlier in run.exchanges[: mutation.n - 1]:
        body = body_of(earlier)
        if not is_told(earlier) and isinstance(body, dict) and at(body, "/id") == at(mine, "/id"):
            there = at(body, f"/{name}")
            seen = seen or any(_name(one) == _name(entry) for one in (there if isinstance(there, list) else ()))
    return not seen


def _name(entry: Any) -> Any:
    return next(
        (at(entry, f"/{name}") for name in ("attachmentId", "id") if at(entry, f"/{name}") is not MISSING), None
    )


def _are_first_seen(mutation: Mutation, run: Played) -> bool:
    """A list that has nothing but such entries."""
    held = at(body_of(mutation.good), mutation.place)
    return isinstance(held, list) and all(
        _is_first_seen(replace(mutation, place=f"{mutation.place}/{index}", operator="drop"), run)
        for index in range(len(held))
    )


def _is_a_way(mutation: Mutation, run: Played) -> bool:
    """A state to which the lifecycle leads from the last one that was seen, and from there to the next one."""
    now, spoilt = body_of(mutation.good), body_of(mutation.exchange)
    entry = re.match(r"/[0-9]+", mutation.place)
    shown = run.release.kinds.shown_by(str(mutation.good.api), str(mutation.good.operation))
    if shown is None or shown[0].cycle is None or shown[0].state is None:
        return False
    mine = at(now, entry[0] if entry else "")
    (machine,) = (run.release.lifecycles[name] for name in shown[0].cycle.names.values())
    around = [(n, state) for n, state in _states(at(mine, "/id"), shown[0].state.at, run.exchanges) if n != mutation.n]
    state = at(spoilt, mutation.place)
    before = [known for n, known in around if n < mutation.n]
    after = [known for n, known in around if n > mutation.n]
    begins = machine.reaches(before[-1], state) if before else True
    return begins and (not after or machine.reaches(state, after[0]))


def _states(identifier: Any, member: str, exchanges: Sequence[Exchange]) -> Iterator[tuple[int, Any]]:
    for exchange in exchanges:
        body = body_of(exchange)
        for each in body if isinstance(body, list) else [body]:
            if not is_told(exchange) and at(each, "/id") == identifier and at(each, member) is not MISSING:
                yield exchange.n, at(each, member)


def _was_not_told(mutation: Mutation, run: Played) -> bool:
    """An entry of a history that no look showed before, or that stands there twice: what was shown still does then."""
    now, place = body_of(mutation.good), mutation.place.rpartition("/")[0]
    entry = at(now, place)
    return at(now, "/statusChange").count(entry) > 1 or not any(
        entry in (at(body_of(each), "/statusChange") or ())
        for each in run.exchanges[: mutation.n - 1]
        if not is_told(each)
        and at(body_of(each), "/id") == at(now, "/id")
        and at(body_of(each), "/statusChange") is not MISSING
    )


def _is_one_moment(mutation: Mutation, _run: Played) -> bool:
    """A history whose newest entry has the moment of one of another state."""
    *others, last = at(body_of(mutation.good), mutation.place)
    return any(
        at(one, "/changeDate") == at(last, "/changeDate") and at(one, "/status") != at(last, "/status")
        for one in others
    )


def _was_not_set(mutation: Mutation, run: Played) -> bool:
    """No look showed the member before: whether it is set yet is the Seller's."""
    mine = body_of(mutation.good)
    return not any(
        at(body_of(earlier), mutation.place) is not MISSING
        for earlier in run.exchanges[: mutation.n - 1]
        if not is_told(earlier) and at(body_of(earlier), "/id") == at(mine, "/id")
    )


FREEDOMS: Final = (
    Freedom("a list may be cut, and say that there is more (MEF124-R72, MEF137-R64)", ".*", "", frozenset({"header x-total-count"}), "list"),
    Freedom("an event has whatever id the Seller gives it", ".*", "/eventId", WORDS),
    Freedom("a link is the Seller's", ".*", r"(/.*)?/href", WORDS),
    Freedom("a link is optional here", "troubleTicket|incident|workorder", "/href", frozenset({"drop"})),
    Freedom("an event needs no link", ".*", "/event/href", frozenset({"drop"})),
    Freedom(
        "a type that is left out stands for Product (ticket-entity-type)",
        "troubleTicket", "/relatedEntity/[0-9]+/@referredType", frozenset({"drop"}), "list",
    ),
    Freedom("R18 of MEF 137 asks for no link", "appointment", "/href", frozenset({"drop"}), "create|patch|list"),
    Freedom(
        "the Seller may change its contacts (MEF124-O4, R61; MEF137-R29)",
        "troubleTicket|appointment", "/relatedContactInformation/[0-9]+(/.*)?", WORDS | {"drop"}, if_=_is_sellers,
    ),
    Freedom(
        "all contacts of it are the Seller's (MEF124-R68; MEF 137, table 10)",
        "incident|workorder", "/relatedContactInformation(/[0-9]+(/.*)?)?", WORDS | GONE,
    ),
    Freedom(
        "when it expects to be done is the Seller's (MEF124-R22, R61, R68; MEF 137, 7.2.2.1)",
        "troubleTicket|incident|workorder", "/(expectedResolutionDate|expectedClosedDate|plannedExecutionDate)",
        frozenset({"other-moment"}),
    ),
    Freedom(
        "an entry that was not seen before says what the Seller wants",
        ".*", "/(note|attachment|relatedIssue)(/[0-9]+(/.*)?)?", ANY, if_=_is_first_seen,
    ),
    Freedom(
        "the Seller's note may come by the next look (MEF124-R63)",
        ".*", "/note", frozenset({"drop", "empty-list"}), if_=_are_first_seen,
    ),
    Freedom(
        "it may have been so: the lifecycle leads there, and on",
        ".*", "/(status|state)", frozenset({"other-state"}), if_=_is_a_way,
    ),
    Freedom(
        "nobody saw the state before: its lifecycle has this way as well",
        ".*", "/statusChange/[0-9]+/status", frozenset({"other-state"}), if_=_was_not_told,
    ),
    Freedom(
        "what went to and fro within one moment stands in a history twice",
        ".*", "/statusChange", frozenset({"double-entry"}), if_=_is_one_moment,
    ),
    Freedom(
        "no clause asks for the link from both ends",
        "troubleTicket", "/workOrder(/[0-9]+(/id)?)?", GONE | WORDS, if_=_was_not_set,
    ),
    Freedom(
        "that it has an appointment shows after some patience (MEF137-R22)",
        "workorder", "/appointment(/[0-9]+)?", GONE, if_=_was_not_set,
    ),
    Freedom("whether it needs an appointment is the Seller's", "workorder", "/appointmentRequired", frozenset({"other-truth"})),
    Freedom("the words for a change are the Seller's", ".*", "/statusChange/[0-9]+/changeReason", WORDS | {"drop"}),
    Freedom(
        "the history is optional until it was shown",
        "troubleTicket|incident", "/statusChange(/[0-9]+)?", GONE, if_=_was_not_set,
    ),
    Freedom(
        "what the Seller may add need not be in the answer to a request (MEF124-R27 and MEF137-R35 speak of reads)",
        "troubleTicket|appointment", "/(expectedResolutionDate|externalId|issueStartDate|statusChange|note|attachment)(/[0-9]+)?",
        GONE, "create|patch",
    ),
    Freedom("nothing says that an attachment has an id", ".*", "/attachment/[0-9]+/attachmentId", frozenset({"drop"})),
    Freedom(
        "the Seller may change any attribute of an incident (MEF124-R68)",
        "incident",
        "/(description|situationStartDate|impact|incidentType|priority|severity|expectedClosedDate|relatedEntity|relatedIssue)(/.*)?",
        ANY,
    ),
    Freedom(
        "a work order is the Seller's, and no event tells of its attributes (MEF 137, table 11)",
        "workorder", "/(task|place|relatedEntity/[0-9]+/(role|@referredType)|duration|plannedExecutionDate)(/.*)?", ANY | {"double-entry"},
    ),
    Freedom(
        "no clause of the draft says whose the time of an appointment is, and its contract lets either end be left out",
        "appointment", "/validFor(/.*)?", frozenset({"other-moment", "drop"}), without="MEF137-R27",
    ),
    Freedom(
        "the draft lets the Seller change any contact (W137-R28), and its lists need none (W137-R29)",
        "appointment", "/relatedContactInformation(/.*)?", WORDS | GONE | {"double-entry"}, "list", without="MEF137-R29",
    ),
    Freedom(
        "W137-R33 speaks of reads, and the contract of the draft asks for the time alone",
        "appointment", "/(id|href|relatedPlace|status|workOrder|relatedContactInformation)(/.*)?", GONE, "patch", without="MEF137-R34",
    ),
    Freedom(
        "nothing in the draft is said of entries that leave a list of work orders",
        "troubleTicket", "/workOrder(/[0-9]+(/id)?)?", GONE | WORDS, without="MEF124-R36",
    ),
    Freedom("which of its free times it offers is the Seller's", "", "/availableTimeSlot(/.*)?", ANY | {"double-entry"}, "createSearchTimeSlot"),
)  # fmt: skip


# An answer as it was before


def _why_stale(mutation: Mutation, run: Played, kind: str) -> str:
    old, now = body_of(mutation.exchange), body_of(mutation.good)
    between = [
        body_of(each)
        for each in run.exchanges
        if each.n < mutation.n
        and not is_told(each)
        and at(body_of(each), "/id") == at(now, "/id")
        and each.n >= _number(mutation)
    ]
    if all(body == old for body in between):
        return "it may have changed a little later"
    if all(_is_free(kind, name) for name in _differing(old, now)):
        return "nothing differs but what the Seller may change back"
    return ""


def _number(mutation: Mutation) -> int:
    return int(mutation.place.removeprefix("as #"))


def _differing(old: Any, now: Any) -> Iterator[str]:
    return (name for name in {*old, *now} if old.get(name) != now.get(name))


def _is_free(kind: str, name: str) -> bool:
    return any(
        re.fullmatch(each.kinds, kind)
        and re.fullmatch(each.place, f"/{name}")
        and each.operators & VALUES
        and each.if_ is None
        for each in FREEDOMS
    )
