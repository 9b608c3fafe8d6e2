"""Schemas that lead back to themselves at one place: what is left out is enough, and no more than that where it is few."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sdk.notes import Notes
from emulator.sdk.rings import break_rings

NAMES = [f"#/{letter}" for letter in "abcdef"]
REFS = st.sampled_from(NAMES).map(lambda name: {"$ref": name})
PARTS = st.recursive(
    REFS | st.just({"type": "object"}),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"oneOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda part: {"properties": {"p": part}}, inner),
        st.builds(lambda part: {"items": part}, inner),
    ),
    max_leaves=5,
)


def at_one_place(schema: Any) -> set[str]:
    """Every reference that is followed before any value is gone into, looked for in another way than ours."""
    found: set[str] = set()
    if isinstance(schema, dict):
        if "$ref" in schema:
            return {schema["$ref"]}
        for key, value in schema.items():
            if key in ("allOf", "oneOf", "anyOf"):
                found |= {ref for part in value for ref in at_one_place(part)}
            elif key == "not":
                found |= at_one_place(value)
    return found


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, PARTS)))
def test_no_ring_stays_and_without_one_nothing_goes(schemas: dict[str, Any]) -> None:
    before = copy.deepcopy(schemas)
    notes = Notes()
    break_rings("f", schemas, notes)
    for start in NAMES:
        seen, waiting = set[str](), list(at_one_place(schemas[start]))
        while waiting:
            name = waiting.pop()
            assert name != start
            if name not in seen:
                seen.add(name)
                waiting += at_one_place(schemas[name])
    if not notes.mendings:
        assert schemas == before


@pytest.mark.parametrize("number", [5, 3000])
def test_a_long_way_round_is_broken_in_time(number: int) -> None:
    schemas = {f"#/{n}": {"oneOf": [{"$ref": f"#/{(n + 1) % number}"}], "type": "object"} for n in range(number)}
    notes = Notes()
    break_rings("f", schemas, notes)
    assert len(notes.mendings) == (1 if number < 200 else number)
    assert all(schema["type"] == "object" for schema in schemas.values())


def test_choices_go_before_what_is_extended() -> None:
    schemas = {"#/base": {"oneOf": [{"$ref": "#/kind"}], "required": ["a"]}, "#/kind": {"allOf": [{"$ref": "#/base"}]}}
    for names in (["#/base", "#/kind"], ["#/kind", "#/base"]):
        ordered = {name: copy.deepcopy(schemas[name]) for name in names}
        break_rings("f", ordered, Notes())
        assert ordered == {"#/base": {"required": ["a"]}, "#/kind": {"allOf": [{"$ref": "#/base"}]}}
