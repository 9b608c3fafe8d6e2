"""A seller whose notifications go wrong is found out, by the rules that are about it; one that is right is left in peace."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from emulator.judge.verdict import Verdict
from emulator.record.exchange import Party
from tests.broken import news
from tests.broken.news import Change
from tests.play import Played, play

WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
POQ, QUOTE, ORDER = "poq/with-notifications", "quote/with-notifications", "order/with-notifications"
ALL, CHARGES = "order/life-told", "order/charge-answers-told"  # subscriptions without a query
OF_POQ, OF_QUOTE, OF_ORDER = "poqStateChangeEvent", "quoteStateChangeEvent", "productOrderStateChangeEvent"
OF_ITEM = "productOrderItemStateChangeEvent"


@cache
def played(name: str) -> Played:
    return play(name)


def found(name: str, change: Change, *, lasting: bool = True, **options: bool) -> dict[str, str]:
    """The verdict of each rule that notices something; options are those of MEF 123 that the partners declared."""
    run = played(name)
    declared = replace(run.declared, options={f"MEF123-{option}": used for option, used in options.items()})
    run = replace(run, declared=declared)
    exchanges = news.in_order(news.lasting(run.exchanges) if lasting else run.exchanges)
    judgement = run.judged(tuple(news.in_order(change(exchanges))), sut=Party.SELLER)
    wrong = [finding for finding in judgement.findings if finding.verdict in WRONG]
    assert {str(finding.blame) for finding in wrong} <= {"seller"}
    return {finding.rule: str(finding.verdict) for finding in wrong}


MISSING = {
    "no qualification is announced": (POQ, news.without("poqCreateEvent"), {"MEF87-R45": "fail"}),
    "no event of qualifications": (POQ, news.without(), {"MEF87-R45": "fail", "MEF87.change-told": "warning"}),
    "a change of a qualification is not told": (POQ, news.without_first(OF_POQ), {"MEF87.change-told": "warning"}),
    "no event of quotes": (QUOTE, news.without(), {"MEF115-CR1": "fail"}),
    "one of two changes of a quote": (QUOTE, news.without_first(OF_QUOTE), {"MEF115-CR4": "fail"}),
    "no change of an order": (ORDER, news.without(OF_ORDER), {"MEF123-R105": "fail"}),
    "one change of an order": (ALL, news.without_first(OF_ORDER), {"MEF123-R105": "fail"}),
    "no change of an item": (ALL, news.without(OF_ITEM), {"MEF123-R105": "fail"}),
    "one change of an item": (ALL, news.without_first(OF_ITEM), {"MEF123-R105": "fail"}),
    "nothing, to who asked for everything": (ALL, news.without(), {"MEF123-R105": "fail"}),
    "one expected date of several": (
        ALL,
        news.without_first("productOrderItemExpectedCompletionDateSet"),
        {"MEF123-R105": "fail"},
    ),
    "a charge is not announced": (CHARGES, news.without_first("chargeCreateEvent"), {"MEF123-R86": "fail"}),
    "one change of several charges": (CHARGES, news.without_first("chargeStateChangeEvent"), {"MEF123-R105": "fail"}),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_had_to_be_told_is_missed(name: str) -> None:
    scenario, change, rules = MISSING[name]
    assert found(scenario, change) == rules


TICKETS, VISITS, INCIDENTS = "ticket/ends-told", "appointment/ends-told", "incident/repair-told"
OF_TICKET, INFORMATION = "troubleTicketStatusChangeEvent", "troubleTicketInformationRequiredEvent"
AFTER_SALE = {
    "resolved in place of a change": (
        TICKETS,
        news.without_beside(OF_TICKET, "troubleTicketResolvedEvent"),
        {"MEF124-R62": "fail"},
    ),
    "a change in place of resolved": (TICKETS, news.without("troubleTicketResolvedEvent"), {"MEF124-R66": "fail"}),
    "a ticket waits and nobody is asked": (TICKETS, news.without(INFORMATION), {"MEF124-R64": "fail"}),
    "no appointment is asked for": (
        VISITS,
        news.without("workOrderAppointmentRequiredEvent"),
        {"MEF137-R58": "fail"},
    ),
    "an incident of somebody else's product": (INCIDENTS, news.denied("retrieveProduct"), {"MEF124-R71": "fail"}),
}


@pytest.mark.parametrize("name", AFTER_SALE)
def test_what_tickets_and_visits_have_told_is_right(name: str) -> None:
    scenario, change, rules = AFTER_SALE[name]
    assert found(scenario, change) == rules
    assert found(scenario, lambda run: run) == {}


def test_a_seller_may_have_fewer_events_than_there_are_and_say_so() -> None:
    """MEF 123 O18; who names a type is told of it all the same, for that subscription was taken."""
    assert found(ALL, news.without(OF_ITEM), O18=False) == {}
    assert found(ORDER, news.without(OF_ORDER), O18=False) == {"MEF123-R105": "fail"}


@pytest.mark.parametrize("name", MISSING)
def test_nothing_is_missed_that_could_still_come(name: str) -> None:
    """The runs as they were end, or end their subscription, soon after the last change."""
    scenario, change, _ = MISSING[name]
    if scenario != CHARGES:  # which takes weeks
        assert found(scenario, change, lasting=False) == {}


ODD = {
    "told twice": news.again,
    "of three days ago": lambda event: news.days_off(event, -3),
    "of the day after tomorrow": lambda event: news.days_off(event, 2),
    "a link to something else": lambda event: news.changed(event, href="http://seller.example/another"),
}
NAMES = {
    "told twice": "event-once",
    "of three days ago": "event-time",
    "of the day after tomorrow": "event-time",
    "a link to something else": "event-href",
}


@pytest.mark.parametrize(
    ("scenario", "event", "guide"), [(POQ, OF_POQ, "MEF87"), (QUOTE, OF_QUOTE, "MEF115"), (ORDER, OF_ORDER, "MEF123")]
)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_event_is_worth_a_warning_in_each_guide(name: str, scenario: str, event: str, guide: str) -> None:
    assert found(scenario, ODD[name](event), lasting=False) == {f"{guide}.{NAMES[name]}": "warning"}


@pytest.mark.parametrize(
    ("scenario", "event", "guide"), [(POQ, OF_POQ, "MEF87"), (QUOTE, OF_QUOTE, "MEF115"), (ALL, OF_ORDER, "MEF123")]
)
def test_an_event_of_nothing_is_noticed_in_each_guide(scenario: str, event: str, guide: str) -> None:
    assert found(scenario, news.again(event, eventId="invented"), lasting=True) == {f"{guide}.event-changes": "warning"}
    unknown = news.changed(event, id="nobody-knows-it", href="http://seller.example/nobody-knows-it")
    assert found(scenario, unknown, lasting=False) == {f"{guide}.event-known": "warning"}


@pytest.mark.parametrize(
    ("scenario", "event", "other", "rule"),
    [
        (POQ, OF_POQ, "poqItemStateChangeEvent", "MEF87.event-type"),
        (QUOTE, OF_QUOTE, "quoteItemStateChangeEvent", "MEF115-O4"),
        (ORDER, OF_ORDER, OF_ITEM, "MEF123.event-type"),
    ],
)
def test_an_event_goes_to_the_listener_of_its_type(scenario: str, event: str, other: str, rule: str) -> None:
    assert found(scenario, news.changed(event, eventType=other), lasting=False)[rule] == "fail"


@pytest.mark.parametrize(("scenario", "rule"), [(POQ, "MEF87-R44"), (QUOTE, "MEF115-CR5"), (ORDER, "MEF123-R104")])
def test_what_comes_after_the_end_is_judged_by_its_own_time(scenario: str, rule: str) -> None:
    """An event that was under way is no fault, whenever it arrives in its time; one of later is, and so is one of long ago."""

    def grave(seconds: float, happened: float) -> set[str]:
        wrong = found(scenario, news.after_the_end(seconds, happened), lasting=False)
        return {each for each, verdict in wrong.items() if verdict == "fail"}

    assert grave(0.02, -0.01) == grave(20, -0.5) == grave(0.02, 0.02) == set()
    assert grave(21, 20) == grave(60, 59) == grave(120, -1) == {rule}


RIGHT: dict[str, Change] = {
    "slow, and out of order": news.slow(1),
    "slow, and out of order, another time": news.slow(2),
    "all at the end": news.all_at_the_end,
    "a clock ahead": news.ahead(20),
    "a clock behind": news.ahead(-20),
    "clocks that differ by minutes": news.ahead(-600),
    "tried again": news.tried_again,
    "two subscriptions": news.subscribed_twice,
    "another run beside": news.of_another_run,
}
ABOUT_NEWS = ("event", "-R44", "-R45", "-R46", "-R53", "-CR1", "-CR3", "-CR4", "-CR5", "-R55", "-R86", "-R10", "told")


@pytest.mark.parametrize("scenario", [POQ, QUOTE, ORDER, ALL, CHARGES])
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_seller_is_left_in_peace(name: str, scenario: str) -> None:
    for lasting in (True, False):
        wrong = found(scenario, RIGHT[name], lasting=lasting)
        assert [rule for rule in wrong if any(part in rule for part in ABOUT_NEWS)] == []
