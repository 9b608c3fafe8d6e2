"""Patches, overlays, durations, and what a scenario asks of an emulated seller."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.record.patch import PatchError, merged, patched
from emulator.scenario.duration import seconds, words
from emulator.scenario.plan import plan_overlay

from .stub import CREATE, read


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3], "b": {"c/d": 0}}),
        ({"op": "add", "path": "/a/0", "value": 3}, {"a": [3, 1, 2], "b": {"c/d": 0}}),
        ({"op": "replace", "path": "/a/1", "value": 3}, {"a": [1, 3], "b": {"c/d": 0}}),
        ({"op": "remove", "path": "/b/c~1d"}, {"a": [1, 2], "b": {}}),
        ({"op": "move", "from": "/a/0", "path": "/b/x"}, {"a": [2], "b": {"c/d": 0, "x": 1}}),
        ({"op": "copy", "from": "/b", "path": "/a"}, {"a": {"c/d": 0}, "b": {"c/d": 0}}),
        ({"op": "test", "path": "/a/0", "value": 1}, {"a": [1, 2], "b": {"c/d": 0}}),
        ({"op": "replace", "path": "", "value": []}, []),
    ],
)
def test_a_patch_is_applied_to_a_copy(operation, after):
    before = {"a": [1, 2], "b": {"c/d": 0}}
    assert patched(before, [operation]) == after
    assert before == {"a": [1, 2], "b": {"c/d": 0}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/x"},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/a/3", "value": 1},
        {"op": "add", "path": "/a/x", "value": 1},
        {"op": "add", "path": "/a/0/z", "value": 1},
        {"op": "replace", "path": "/a/-", "value": 1},
        {"op": "test", "path": "/a/0", "value": 2},
        {"op": "copy", "path": "/a", "from": "/x"},
    ],
)
def test_a_patch_that_does_not_fit_names_the_operation(operation):
    with pytest.raises(PatchError) as caught:
        patched({"a": [1, 2]}, [{"op": "test", "path": "/a/0", "value": 1}, operation])
    assert caught.value.index == 1


def test_an_overlay_merges_as_rfc_7396_says():
    assert merged({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"b": None, "c": [2]}, "e": {"f": None}}) == {
        "a": {"c": [2]},
        "d": 1,
        "e": {},
    }


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("20s", 20),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("45d", 45 * 86400),
        ("P5D", 432000),
        ("PT20S", 20),
        ("P1DT1H", 90000),
    ],
)
def test_a_duration_is_read(text, length):
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "5", "5 s", "-5s", "P1M", "1y", "9999999999d"])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a duration|longer than a century"):
        seconds(text)


@given(st.integers(0, 10**8))
def test_words_of_whole_seconds_are_read_back(length):
    assert seconds(words(length)) == length


LIFECYCLE = """\
inputs: {days: 30}
profile: {a: 1, gone: null}
lifecycle:
  quote:
    of: quote.Quote
    path:
      - {to: acknowledged}
      - {to: inProgress, after: {reads: 2}}
      - {to: approved.orderable, after: 20s, set: {/x: $inputs.days, /y: "{$gen.now}"}}
      - {to: accepted, when: create}
cases:
  - {id: c, kind: fault, emulate: seller, at: create, profile: {a: 2}, lifecycle: {quote: [{to: rejected}]}}
"""


def test_a_scenario_asks_the_seller_for_its_lifecycle_and_profile(tmp_path):
    scenario = read(tmp_path, CREATE, LIFECYCLE)
    assert plan_overlay(scenario, None) == {
        "a": 1,
        "gone": None,
        "behaviour": {
            "quote": {
                "path": [
                    {"to": "acknowledged"},
                    {"to": "inProgress", "reads": 2},
                    {"to": "approved.orderable", "after_seconds": 20.0, "set": {"/x": 30, "/y": "{$gen.now}"}},
                    {"to": "accepted", "signal": "step:create"},
                ]
            }
        },
    }
    overlay = plan_overlay(scenario, scenario.case("c"))
    assert overlay["a"] == 2
    assert overlay["behaviour"]["quote"]["path"] == [{"to": "rejected"}]
