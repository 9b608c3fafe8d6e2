"""Schemas of a catalog in runs that were played: what a Buyer leaves out, and texts that are written anew (MEF W142)."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from emulator.judge.verdict import Verdict
from emulator.record.payload import copied
from tests.broken.right_catalog import require_what_is_fixed, rewrite
from tests.judge.test_bill_rules import bodied
from tests.play import Played, play


@cache
def silently() -> Played:
    return play("catalog/fixed-not-sent", spoil=lambda answer: rewrite(answer, require_what_is_fixed))


@pytest.mark.parametrize(("agreed", "wrong"), [("not-sent", False), (None, False), ("sent", True)])
def test_what_is_fixed_is_left_out_unless_it_was_agreed_that_it_is_sent(agreed: Any, wrong: bool) -> None:
    run = silently()
    run = replace(run, declared=replace(run.declared, fixed=agreed))
    found = {finding.rule for finding in run.judged().findings if finding.verdict is Verdict.FAIL}
    assert ("W142-R44" in found) is wrong


@pytest.mark.parametrize("changed", [False, True])
def test_a_text_is_what_it_says(changed: bool) -> None:
    run = play("catalog/schemas")
    first = next(each for each in run.exchanges if each.operation == "retrieveProductOffering")
    assert first.response is not None
    body = copied(first.response.body)
    schema = json.loads(body["productOfferingSpecification"]["schema"])
    if changed:
        schema["properties"].popitem()
    body["productOfferingSpecification"]["schema"] = json.dumps(schema, indent=1)
    last = run.exchanges[-1]
    again = replace(bodied(first, body), n=last.n + 1, at=last.at)
    found = {each.rule for each in run.judged((*run.exchanges, again)).findings if each.verdict is Verdict.FAIL}
    assert {"W142-R18", "W142-R20"} <= found if changed else not found
