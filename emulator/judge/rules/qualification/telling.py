"""Subscriptions and notifications (Mplify 87.1, 6.6)."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.named import POQ as KIND
from emulator.judge.rule import Mark, Remark, requests, tells
from emulator.judge.rulebook import hold
from emulator.judge.rules import common
from emulator.judge.rules.poq.book import API, CHANGES
from emulator.judge.rules.qualification.book import ENDED, OPEN, QUALIFICATION
from emulator.judge.run import Run, Said
from emulator.record.payload import at

common.subscribers_only(QUALIFICATION, ("MEF87-R44", "nobody-else-is-told"))
common.wanted_types_only(QUALIFICATION, "MEF87-R53")
common.hub_comes_back(QUALIFICATION)
common.repeats_parties(QUALIFICATION, (), name="event-parties")


common.query_by_type_is_taken(QUALIFICATION, "MEF87-R53", name="query")
common.ended_by_its_id(QUALIFICATION, "known-subscription")
common.ended_is_empty(QUALIFICATION, "ended-is-204")


@QUALIFICATION.rule("MEF87-R46", on=requests(API, *CHANGES))
def an_answer_at_once_has_no_changes(said: Said) -> Iterator[Mark]:
    """Changes of state are told of qualifications that were not answered at once."""
    life = said.run.life(KIND, at(said.body, "/event/id"))
    if life is not None and life.asked is not None and life.asked.response is not None:
        first = at(life.asked.response.body, "/state")
        if first in (*OPEN, *ENDED):
            yield hold(
                "/event/id",
                first not in ENDED,
                expected="a qualification that was answered later",
                found=life.id,
                message=f"qualification {life.id} was {first} from the start; there is no change to tell of",
            )


@QUALIFICATION.at_end(("subscribers-are-told", "told-everywhere"))
def a_change_is_announced(run: Run) -> Iterator[Remark]:
    """An event follows each change of state, of a qualification and of its items, while somebody listens."""
    for page, due in common.dues(run, [KIND]):
        if not due.created:
            yield common.told_or_not(page, due)


QUALIFICATION.present("event-members", "", "/eventId", "/eventTime", "/eventType", "/event", on=tells(API))
QUALIFICATION.present("state-event-members", "/event", "/id", "/state", on=requests(API, CHANGES[0]))
QUALIFICATION.present("item-event-members", "/event", "/id", "/poqItemId", "/state", on=requests(API, CHANGES[1]))
common.of_states_that_were(QUALIFICATION)
common.events_fit(QUALIFICATION)
