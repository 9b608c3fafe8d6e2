"""What the rules of Mplify 87.1 leave in peace, and what follows from the readings of its open questions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.rules import common
from emulator.judge.rules.common.building import good_states
from emulator.judge.run import Run
from emulator.record.exchange import Transcript
from emulator.record.payload import dump
from emulator.standard.declared import Declared
from emulator.standard.release import load_release

KYLIE = load_release("kylie")
ITEM = "productOfferingQualificationItem"
Change = Callable[[Any], None]


def found(label: str, change: Change, n: int = 1, half: str = "both", **readings: str) -> dict[str, str]:
    """The verdict of each finding on the right run of a clause's proof, after a change to the bodies of its n-th exchange."""
    changed = Transcript()
    for exchange in KYLIE.proofs[f"Mplify87.1-{label}"].right:
        kept = exchange
        for each in ("request", "response") if half == "both" else (half,):
            message = getattr(kept, each)
            if exchange.n == n:
                body = copy.deepcopy(message.body)
                change(body)
                kept = replace(kept, **{each: replace(message, raw=dump(body))})
        changed.add(kept)
    pinned = Declared(readings={name.replace("_", "-"): reading for name, reading in readings.items()})
    wrong = judge(changed, KYLIE, declared=pinned).findings
    return {f.rule.removeprefix("Mplify87.1-"): f.verdict.value for f in wrong}


def without_contact(body: Any) -> None:
    del body[ITEM][0]["product"]["place"][0]["contact"]


def without_offering(body: Any) -> None:
    body[ITEM][0]["product"].pop("productOffering", None)


def other_relation(body: Any) -> None:
    body[ITEM][0]["product"]["productRelationship"][1]["id"] = "uni-7"


def failed(body: Any) -> None:
    if "state" in body:
        body.update(
            state="terminatedWithError", stateChange=[{**body["stateChange"][0], "state": "terminatedWithError"}]
        )
        item = body[ITEM][0]
        for name in ("serviceabilityConfidence", "installationInterval", "deliveryType", "guaranteedUntilDate"):
            item.pop(name)
        item.update(
            state="terminatedWithError", stateChange=body["stateChange"], terminationError=[{"code": "otherIssue"}]
        )


def test_who_names_nobody_at_a_place_is_disputed_and_pinned_right_or_wrong() -> None:
    assert found("R35", without_contact) == {"R35": "disputed"}
    assert found("R35", without_contact, poq_place_contact="for-access") == {}
    assert found("R35", without_contact, poq_place_contact="always") == {"R35": "fail"}


def test_a_change_may_leave_its_offering_out_by_a_reading() -> None:
    assert found("R39", without_offering, half="request") == {"R39.offering": "disputed"}
    assert found("R39", without_offering, half="request", poq_change_offering="id-and-configuration") == {}


def test_a_change_may_be_tied_to_something_else_where_the_product_allows_it() -> None:
    assert found("R40", other_relation, n=2) == {}
    assert found("R40", other_relation, n=2, poq_change_keeps="as-installed") == {"R40": "fail"}


def test_an_answer_at_once_that_failed_is_disputed() -> None:
    assert found("R52", failed)["R52"] == "disputed"
    assert "R52" not in found("R52", failed, poq_at_once_failed="terminated")


def test_a_smaller_alternative_can_be_surer_than_what_was_asked_for() -> None:
    def smaller(body: Any) -> None:
        if "state" in body:
            proof = KYLIE.proofs["Mplify87.1-R49"].wrong[0].response
            assert proof is not None
            other = copy.deepcopy(proof.body[ITEM][0]["alternateProductOfferingProposal"])
            other[0]["alternateProduct"]["productConfiguration"]["linkAggregation"] = "2_LINK_ACTIVE_STANDBY"
            body[ITEM][0]["alternateProductOfferingProposal"] = other

    assert found("R49", smaller) == {}


def test_who_never_proposes_an_alternative_is_only_asked_for_an_empty_list() -> None:
    def without(body: Any) -> None:
        body[ITEM][0].pop("alternateProductOfferingProposal", None)

    run = KYLIE.proofs["Mplify87.1-CR2"].right
    changed = Transcript()
    for exchange in list(run)[1:]:
        assert exchange.response is not None
        body = copy.deepcopy(exchange.response.body)
        without(body)
        changed.add(replace(exchange, response=replace(exchange.response, raw=dump(body))))
    assert {f.rule: f.verdict.value for f in judge(changed, KYLIE).findings} == {"Mplify87.1-CR2": "warning"}
    used = Declared(options={"Mplify87.1-O5": True})
    assert {f.rule: f.verdict.value for f in judge(changed, KYLIE, declared=used).findings} == {
        "Mplify87.1-CR2": "fail"
    }


@pytest.mark.parametrize(("release", "good"), [("grace", "done.ready"), ("kylie", "done")])
def test_what_is_qualified_is_what_its_lifecycle_says(release: str, good: str) -> None:
    assert good_states(Run(load_release(release)), common.QUALIFIED.kind) == (good,)
