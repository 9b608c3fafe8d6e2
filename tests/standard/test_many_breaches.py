"""A message with a million things wrong: the first hundred are told, how many more there are, and no more is put into words."""

from __future__ import annotations

import copy
import random

import jsonschema_rs
import orjson
import pytest

from emulator.record.payload import MISSING, at, parse
from emulator.standard import explain as explain_module
from emulator.standard import members, patterns
from emulator.standard.breach import Check
from emulator.standard.explain import COUNTED, MOST
from emulator.standard.pieces import SMALL, is_small, pieces
from emulator.standard.release import load_release
from tests.standard import messages


@pytest.fixture(scope="module")
def quote():
    return load_release().contract("quote")


def breaches(contract, value, *, advisory=False, operation="createQuote"):
    root = contract.operation(operation).request.root
    return contract._message_breaches(root, parse(orjson.dumps(value)), "request", advisory=advisory)


def test_the_first_hundred_and_how_many_more(quote):
    found = breaches(quote, {**messages.quote(), "quoteItem": [{}] * 300})
    *told, last = found
    assert len(told) == MOST
    assert not any(breach.more for breach in told)
    # Each item lacks its action and its id.
    assert last.more == 2 * 300 - MOST
    assert str(last.more) in last.message


def test_of_very_many_the_work_is_bounded(quote, monkeypatch):
    """What is put into words, and what the validator is asked for, does not grow with the message."""
    worded, asked = [], []
    real = explain_module._breaches
    monkeypatch.setattr(explain_module, "_breaches", lambda error: worded.append(1) or real(error))

    class Counting:
        def __init__(self, validator):
            self.validator = validator

        def is_valid(self, value):
            return self.validator.is_valid(value)

        def iter_errors(self, value):
            found = list(self.validator.iter_errors(value))
            asked.append(len(found))
            return found

    validator = Counting(quote.validator(quote.operation("createQuote").request.root))
    found = explain_module.breaches_of(validator, {**messages.quote(), "quoteItem": [{} for _ in range(100_000)]})
    assert len(found) == MOST + 1
    assert "more than" in found[-1].message
    assert len(worded) <= MOST + 50
    assert max(asked) <= 2 * SMALL + 100
    assert sum(asked) <= COUNTED + 3 * SMALL


def test_a_late_breach_in_a_long_message_is_found_at_its_place(quote):
    items = [{**copy.deepcopy(messages.quote()["quoteItem"][0]), "id": str(n)} for n in range(500)]
    items[441]["action"] = "paint"
    items[442]["product"]["place"][0]["@type"] = 7
    whole = {**messages.quote(), "quoteItem": items}
    assert not is_small(whole)
    found = {breach.place for breach in breaches(quote, whole)}
    assert {"/quoteItem/441/action", "/quoteItem/442/product/place/0/@type"} <= found
    assert all(place.startswith(("/quoteItem/441/action", "/quoteItem/442/product/place/0")) for place in found)


def test_pieces_find_what_the_whole_shows(quote):
    """Spoilt at random: where there are fewer than a hundred, a message in pieces shows the same as at once."""
    chance = random.Random(4)
    root = quote.operation("createQuote").request.root
    validator = quote.validator(root)
    for _ in range(6):
        items = [{**copy.deepcopy(messages.quote()["quoteItem"][n % 2]), "id": str(n)} for n in range(150)]
        for item in chance.sample(items, 12):
            spoil(item, chance)
        whole = orjson.loads(orjson.dumps({**messages.quote(), "quoteItem": items}))
        at_once = explain_module._Found()
        at_once.take(validator.iter_errors(whole), None)
        expected = {(b.place, b.message) for b in at_once.told(ended=True)}
        assert {(b.place, b.message) for b in explain_module.breaches_of(validator, whole)} == expected


def spoil(item, chance):
    how = chance.randrange(4)
    if how == 0:
        del item["action"]
    elif how == 1:
        item["product"] = chance.choice([5, [], "x", None])
    elif how == 2:
        item["product"]["productConfiguration"]["@type"] = chance.choice([1, None])
    else:
        item["note"] = [{"id": 1}] * chance.randrange(1, 4)


def test_what_is_wrong_with_a_list_as_a_whole_is_told():
    validator = jsonschema_rs.Draft7Validator({"properties": {"a": {"type": "array", "maxItems": 5_000}}})
    (found,) = explain_module.breaches_of(validator, {"a": [[1, 2]] * 5_001})
    assert found.place == "/a"


def test_pieces_are_small_and_cover_everything():
    value = {"a": [{"b": [{"c": n} for n in range(3_000)]}, *({"d": n} for n in range(4_000))], "e": {"f": [1] * 5_000}}
    seen = set()
    for piece in pieces(value):
        assert piece.size <= 2 * SMALL
        for place, found in leaves(piece.value):
            assert at(value, piece.moved(place)) == found
            seen.add(piece.moved(place))
    assert seen >= {place for place, _ in leaves(value)}


def leaves(value, place=""):
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{place}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{place}/{index}")
    else:
        yield place, value


def test_unknown_members_are_bounded_and_looked_up_no_longer(quote, monkeypatch):
    looked = []
    monkeypatch.setattr(members, "_near", lambda name, _: looked.append(name))
    value = {**messages.quote(), "quoteItem": [{f"x{n}": 1, "action": "add", "id": "1"} for n in range(5_000)]}
    found = [b for b in breaches(quote, value, advisory=True) if b.check is Check.UNKNOWN_MEMBER]
    assert (len(found), found[-1].more) == (MOST + 1, 5_000 - MOST)
    assert len(looked) == MOST + 1


def test_each_kind_has_a_hundred_of_its_own(quote):
    """Hundreds of unknown members hide no breach of another kind."""
    product = {"productConfiguration": {"@type": "urn:mef:lso:spec:sonata:strange:v1:all"}}
    value = {**messages.quote(), "quoteItem": [{f"x{n}": 1, f"y{n}": 1, "product": product} for n in range(300)]}
    found = breaches(quote, value, advisory=True)
    for check in (Check.UNKNOWN_MEMBER, Check.UNCHECKED, Check.SCHEMA):
        assert sum(breach.check is check for breach in found) == MOST + 1


def test_members_given_twice_are_bounded():
    parsed = parse(b"[" + b",".join([b'{"a":1,"a":2}'] * 1_000) + b"]")
    assert (len(parsed.duplicates), parsed.duplicated) == (100, 1_000)


SCHEMAS = {
    "plain": {"type": "string", "pattern": "(?=a)b"},
    "not": {"not": {"$ref": "#/definitions/plain"}},
    "one": {"oneOf": [{"$ref": "#/definitions/plain"}, {"type": "string"}]},
    "names": {"patternProperties": {"(?!x)y": {}}, "additionalProperties": False},
    "if": {"if": {"pattern": r"(a)\1"}, "then": False},
    "kept": {"properties": {"pattern": {"pattern": "^a"}}},
}


class TestPatterns:
    """A `pattern` that cannot be matched in linear time is not checked, said once, and makes nothing wrong."""

    def test_nothing_is_made_wrong(self):
        definitions = patterns.checkable(SCHEMAS)
        for name, value in [("plain", "x"), ("not", "x"), ("one", "x"), ("names", {"y": 1}), ("if", "aa")]:
            schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
            assert jsonschema_rs.Draft7Validator(schema).is_valid(value), name
        assert definitions["kept"] == SCHEMAS["kept"]

    def test_it_is_said_once(self, caplog):
        patterns._note.cache_clear()
        patterns.checkable(SCHEMAS)
        patterns.checkable(SCHEMAS)
        assert [record.getMessage().partition(":")[0] for record in caplog.records] == ["if", "names", "plain"]

    def test_all_of_the_standard_is_checked(self):
        for contract in load_release().contracts():
            assert patterns.checkable(contract._definitions) == contract._definitions

    def test_shipped_patterns_say_what_they_said(self):
        """The linear engine and Python's agree on every pattern of the standard."""
        import re

        found = set()
        for contract in load_release().contracts():
            collect(contract._definitions, found)
        assert found
        texts = ["", " ", "\t", "a b", "é", "00-11-22-33-44-55", "00-11-22-33-44-5g", "\x7f", "x" * 300, "\u2003"]
        for pattern in found:
            validator = jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=linear_options())
            for text in texts:
                assert validator.is_valid(text) == bool(re.search(pattern, text)), (pattern, text)


def linear_options():
    from emulator.standard.linear import SCHEMA_PATTERNS

    return SCHEMA_PATTERNS


def collect(schema, found):
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            found.add(schema["pattern"])
        for value in schema.values():
            collect(value, found)
    elif isinstance(schema, list):
        for value in schema:
            collect(value, found)


def test_missing_is_still_missing(quote):
    (found,) = quote._message_breaches(
        quote.operation("createQuote").request.root, parse(b"[" * 600_000), "request", advisory=False
    )
    assert found.check is Check.UNREADABLE
    assert found.found is MISSING
