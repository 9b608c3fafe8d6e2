"""What the rules of MEF 87 leave in peace, and what follows from the readings of its open questions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.record.exchange import Transcript
from emulator.record.payload import dump
from emulator.standard.declared import Declared
from emulator.standard.release import load_release

Change = Callable[[Any], None]
ITEM = "productOfferingQualificationItem"


def found(
    proof: str, n: int = 0, half: str = "response", change: Change | None = None, **readings: str
) -> dict[str, str]:
    """The verdict of each finding on a proof's right run, after a change to the body of its n-th exchange."""
    changed = Transcript()
    for exchange in load_release().proofs[proof].right:
        kept = exchange
        for each in ("request", "response") if half == "both" else (half,):
            message = getattr(kept, each)
            if change is not None and exchange.n == n:
                body = copy.deepcopy(message.body)
                change(body)
                kept = replace(kept, **{each: replace(message, raw=dump(body))})
        changed.add(kept)
    pinned = Declared(readings={name.replace("_", "-"): reading for name, reading in readings.items()})
    return {f.rule: f.verdict.value for f in judge(changed, load_release(), declared=pinned).findings}


def drop(*path: str | int) -> Change:
    def change(body: Any) -> None:
        for token in path[:-1]:
            body = body[token]
        del body[path[-1]]

    return change


def put(value: Any, *path: str | int) -> Change:
    def change(body: Any) -> None:
        for token in path[:-1]:
            body = body[token]
        body[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("readings", "verdicts"),
    [
        ({}, {"MEF87-R18": "disputed"}),
        ({"poq_instant_flag": "sent"}, {"MEF87-R18": "fail"}),
        ({"poq_instant_flag": "default-false"}, {}),
    ],
)
def test_the_flag_can_be_left_out_by_one_reading(readings: dict[str, str], verdicts: dict[str, str]) -> None:
    assert found("MEF87-R18", 1, "both", drop("instantSyncQualification"), **readings) == verdicts


def test_without_the_flag_the_date_is_due_where_that_means_false() -> None:
    def neither(body: Any) -> None:
        for name in ("instantSyncQualification", "requestedPOQCompletionDate"):
            del body[name]

    assert found("MEF87-R19", 1, "both", neither) == {"MEF87-R18": "disputed"}
    assert found("MEF87-R19", 1, "both", neither, poq_instant_flag="default-false") == {"MEF87-R19": "fail"}


def test_a_new_product_without_offering_and_specification_is_disputed() -> None:
    bare = drop(ITEM, 0, "product", "productOffering")
    assert found("MEF87-R33", 1, "both", bare) == {"MEF87-R33": "disputed"}
    assert found("MEF87-R33", 1, "both", bare, poq_add_names_offering="configuration-alone") == {}


@pytest.mark.parametrize(
    ("reading", "whole", "nameless"),
    [(None, {}, "disputed"), ("everything", {"MEF87-R38": "fail"}, "fail"), ("links-only", {}, None)],
)
def test_what_a_change_repeats_is_a_matter_of_reading(
    reading: str | None, whole: dict[str, str], nameless: str | None
) -> None:
    """The installed product has an offering and a specification; the change names the offering alone, or neither."""
    readings = {"poq_modify_repeats": reading} if reading else {}
    assert found("MEF87-R38", **readings) == whole
    bare = drop(ITEM, 0, "product", "productOffering")
    assert found("MEF87-R38", 2, "both", bare, **readings).get("MEF87-R38") == nameless


def test_a_removal_with_a_type_is_as_the_numbered_clause_has_it() -> None:
    typed = put("Line", ITEM, 0, "product", "@type")
    assert "MEF87-R41" not in found("MEF87-R41", 1, "both", typed)
    assert found("MEF87-R41", 1, "both", typed, poq_delete_type="id-alone")["MEF87-R41"] == "fail"


def test_a_qualification_may_be_a_moment_behind_its_items() -> None:
    def all_ready(body: Any) -> None:
        first, second = body[ITEM]
        second |= {name: first[name] for name in ("state", "serviceabilityConfidence", "installationInterval")}

    assert found("MEF87-R28", 2, "response", all_ready) == {"MEF87-R50": "disputed"}
    assert found("MEF87-R28", 2, "response", all_ready, poq_in_progress_lag="a-moment-later") == {}


@pytest.mark.parametrize(
    ("proof", "n", "half", "change"),
    [
        ("MEF87-R23", 2, "response", put("2026-01-09T13:00:00+01:00", "requestedPOQCompletionDate")),
        ("MEF87-R23", 2, "response", put({"id": "uni"}, ITEM, 0, "product", "productSpecification")),
        ("MEF87-R23", 1, "request", put("http://buyer.example/p", ITEM, 0, "product", "href")),
        ("MEF87.list-date", 3, "response", put("2026-01-10", 0, "requestedPOQCompletionDate")),
        ("MEF87-R46", 1, "both", put("eventType = poqCreateEvent, poqStateChangeEvent", "query")),
    ],
    ids=["other offset", "specification added", "own href", "day of another zone", "query with blanks"],
)
def test_what_a_right_partner_may_do(proof: str, n: int, half: str, change: Change) -> None:
    assert found(proof, n, half, change) == {}


def test_events_of_a_subscription_older_than_the_run_are_no_breach() -> None:
    run = Transcript()
    for exchange in list(load_release().proofs["MEF87-R46"].right)[1:]:
        run.add(exchange)
    assert judge(run, load_release()).findings == ()


def test_an_event_from_before_the_end_of_a_subscription_may_come_late() -> None:
    run = Transcript()
    for exchange in load_release().proofs["MEF87-R44"].wrong:
        body = copy.deepcopy(exchange.request.body)
        if exchange.operation == "poqCreateEvent":
            body["eventTime"] = "2026-01-01T00:00:02Z"
            exchange = replace(exchange, request=replace(exchange.request, raw=dump(body)))  # noqa: PLW2901
        run.add(exchange)
    assert judge(run, load_release()).findings == ()
