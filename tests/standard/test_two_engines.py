"""Two validation engines agree on what crosses the wire, and on what is nearly that."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from emulator.record.payload import dump, parse, pointer
from emulator.standard.contract import Contract
from emulator.standard.formats import CHECKERS
from emulator.standard.release import load_release
from tests.purchase import purchase

MUTANTS_PER_BODY = 12


@pytest.fixture(scope="module")
def bodies() -> list[tuple[Contract, str, Any]]:
    """Every body of a purchase with its contract and root schema, requests and responses."""
    release, transcript = load_release(), purchase()
    found = []
    for exchange in transcript:
        assert exchange.api
        assert exchange.operation
        assert exchange.response
        contract = release.contract(exchange.api, exchange.kind)
        operation = contract.operation(exchange.operation)
        answer = operation.responses[exchange.response.status]
        if operation.request:
            found.append((contract, operation.request.root, exchange.request.body))
        assert answer
        found.append((contract, answer.root, exchange.response.body))
    assert len(found) > 30
    return found


def second(contract: Contract, root: str) -> jsonschema.Draft7Validator:
    checker = jsonschema.FormatChecker(formats=())
    for name, check in CHECKERS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return jsonschema.Draft7Validator(contract.bundle_of(root), format_checker=checker)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def mutated(body: Any, choose: random.Random) -> Any:
    """The body with one thing changed."""
    body = copy.deepcopy(body)
    path = choose.choice([place for place in places(body) if place] or [()])
    if not path:
        return [body]
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    key, old = path[-1], holder[path[-1]]
    match choose.randrange(7):
        case 0:
            del holder[key]
        case 1:
            holder[key] = None
        case 2:
            holder[key] = old.upper() if isinstance(old, str) else str(old)
        case 3:
            holder[key] = {"surprise": old}
        case 4:
            holder[key] = []
        case 5:
            holder[key] = -7.5
        case _:
            holder[key] = old[:-1] if isinstance(old, str | list) else True
    return body


def test_valid_messages_are_valid_to_both(bodies: list[tuple[Contract, str, Any]]):
    """What our parties say is valid to jsonschema, to jsonschema-rs and to the contract layer."""
    for contract, root, body in bodies:
        assert contract.validator(root).is_valid(body)
        assert second(contract, root).is_valid(body)


@pytest.mark.parametrize("seed", range(4))
def test_one_change_divides_no_engines_and_leaves_a_breach_where_it_is(
    bodies: list[tuple[Contract, str, Any]], seed: int
):
    """On single mutations both engines say the same, and an invalid message has breaches with places that exist."""
    choose = random.Random(seed)
    invalid = 0
    for contract, root, body in bodies[seed::4]:
        other = second(contract, root)
        for _ in range(MUTANTS_PER_BODY):
            mutant = mutated(body, choose)
            says = contract.validator(root).is_valid(mutant)
            assert says == other.is_valid(mutant), (root, mutant)
            found = contract._message_breaches(root, parse(dump(mutant)), "response", advisory=False)
            assert bool(found) == (not says)
            invalid += not says
            known = {pointer(place) for place in places(mutant)}
            for breach in found:
                parent = breach.place.rpartition("/")[0]
                assert breach.place in known or (breach.code == "missingProperty" and parent in known)
                assert breach.message
    assert invalid > 20
