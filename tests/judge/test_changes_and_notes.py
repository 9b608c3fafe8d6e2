"""What a PATCH of an order says against what is shown of the order afterwards, and whose notes are whose."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.judge.spoiling import Edit, faults, nth, numbered, recorded, swapped, told, with_answer, with_request

FIND = "order/patch-and-find"


def edited(change: Any) -> Edit:
    def edit(body: Any) -> Any:
        made = copy.deepcopy(body)
        change(made)
        return made

    return edit


def note_with(**members: Any) -> Edit:
    return edited(lambda order: order["note"][0].update(members))


@pytest.mark.parametrize("place", [("patchProductOrder", 0), ("retrieveProductOrder", 4)], ids=["answer", "later read"])
@pytest.mark.parametrize(
    "change",
    [
        note_with(text="Another text"),
        note_with(date="2020-02-02T02:02:02Z"),
        note_with(source="seller"),
        note_with(author="Someone Else"),
        note_with(id="n-77"),
        edited(lambda order: order.pop("note")),
        edited(lambda order: order.update(note=[])),
    ],
)
def test_a_note_of_a_patch_is_shown_as_it_was_sent(place: tuple[str, int], change: Edit) -> None:
    run = recorded(FIND).exchanges
    spoilt = swapped(run, with_answer(nth(run, *place), change))
    assert ("MEF123-R21", "fail", "seller") in told(spoilt)


def test_the_note_of_an_order_from_before_the_run_is_shown_as_well() -> None:
    run = [e for e in recorded(FIND).exchanges if e.operation != "createProductOrder"]
    assert told(run) == set()
    spoilt = swapped(run, with_answer(nth(run, "patchProductOrder"), note_with(text="Another text")))
    assert ("MEF123-R21", "fail", "seller") in told(spoilt)
    renamed = swapped(run, with_answer(nth(run, "patchProductOrder"), edited(lambda o: o.update(externalId="other"))))
    assert ("MEF123-R16", "fail", "seller") in told(renamed)


def test_a_sellers_note_may_stand_beside_and_take_the_id() -> None:
    """The buyer cannot know of a note that came between: where the id is taken, its own note may get another."""
    run = recorded(FIND).exchanges

    def renumbered(order: Any) -> Any:
        mine = order["note"][0]
        other = {**mine, "source": "seller", "author": "Desk", "text": "On its way"}
        return {**order, "note": [other, {**mine, "id": "n2"}]}

    changed = [with_answer(nth(run, *place), renumbered)
               for place in (("patchProductOrder", 0), ("retrieveProductOrder", 4))]  # fmt: skip
    assert told(swapped(run, *changed)) == set()


def test_a_note_that_a_refused_patch_had_is_not_missed() -> None:
    run = recorded(FIND).exchanges
    refused = with_answer(nth(run, "patchProductOrder"), lambda _: [{"code": "otherIssue", "reason": "No"}], status=422)
    before = nth(run, "retrieveProductOrder", 1).response
    assert before is not None
    spoilt = swapped(run, refused, with_answer(nth(run, "retrieveProductOrder", 4), lambda _: before.body))
    assert not [finding for finding in faults(spoilt) if finding.rule.startswith(("MEF123-R21", "MEF123-R16"))]


def test_a_note_of_an_order_is_the_buyers() -> None:
    run = recorded(FIND).exchanges
    note = {"id": "n0", "author": "Jane", "date": "2026-01-01T00:00:00Z", "source": "seller", "text": "Call first"}
    placed = nth(run, "createProductOrder")
    wrong = with_request(placed, lambda order: {**order, "note": [note]})
    assert ("MEF123-R57", "fail", "buyer") in told(swapped(run, wrong))


def test_a_buyer_that_rewrites_a_note_is_to_blame() -> None:
    run = list(recorded(FIND).exchanges)
    patched = nth(run, "patchProductOrder")
    read = nth(run, "retrieveProductOrder", 4)
    again = with_request(patched, note_with(text="The porter has no key"))
    spot = run.index(read) + 1
    assert ("MEF123-R21.buyer", "fail", "buyer") in told(numbered([*run[:spot], again, *run[spot:]]))
    assert told(numbered([*run[:spot], patched, *run[spot:]])) == set()
