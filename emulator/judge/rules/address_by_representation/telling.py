"""Subscriptions and notifications (Mplify 121.1, 6.4 and 6.5)."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.rule import Remark, requests, tells
from emulator.judge.rules import common
from emulator.judge.rules.address_by_representation.book import ADDRESSES, API, KIND
from emulator.judge.run import Run

ADDRESSES.present("callback", "", "/callback", on=requests(API, "registerListener"))
common.query_by_type_is_taken(ADDRESSES, "query-by-type", name="")
common.optional_or_501(ADDRESSES, "no-notifications-is-501", "registerListener")
common.hub_comes_back(ADDRESSES)
common.ended_by_its_id(ADDRESSES, "known-subscription")
common.ended_is_empty(ADDRESSES, "ended-is-204")


@ADDRESSES.at_end(("every-change-is-told", "subscribers-are-told"))
def who_subscribed_is_told(run: Run) -> Iterator[Remark]:
    """An event follows each change of a validation's state while somebody listens. That it was made is no change."""
    for page, due in common.dues(run, [KIND]):
        yield common.told_or_not(page, due)


ADDRESSES.present("event-members", "/event", "/id", "/state", on=tells(API))
common.subscribers_only(ADDRESSES, "nobody-else-is-told")
common.wanted_types_only(ADDRESSES, "nobody-else-is-told", name="types")
common.repeats_parties(ADDRESSES, (), name="event-parties")
common.events_fit(ADDRESSES, listener=None, item_name="")
common.of_states_that_were(ADDRESSES)
