"""Compares what a buyer under test sent with a call that a scenario waits for: is this it, and if not, why not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final
from urllib.parse import quote, urlencode

from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, escape, every
from emulator.scenario import answers
from emulator.scenario.expressions import Expression, ExpressionError, Scope, expressions_in, fill, plain_key, texts
from emulator.scenario.matchers import equal, holds, spots
from emulator.scenario.model import Call, Scenario, Source, Step
from emulator.scenario.result import Expectation, Outcome
from emulator.standard.release import Release

_SETTLED: Final = frozenset({"inputs", "steps", "response", "request", "url", "with"})
"""What an expression can begin with for its value to be the same for both parties; the rest is the sender's own."""
_TOLD: Final = 3
"""Reasons that one sentence gives."""


class Closeness(IntEnum):
    """How near an arrival came to what is awaited."""

    OTHER = 0  # another operation
    ADDRESSED_WRONG = 1  # the operation, with another path or query
    REFUSED = 2  # our seller did not accept it, or it names other things than were answered before
    UNEXPECTED = 3  # accepted, and not what the scenario expects of the request
    UNFIT = 4  # as awaited, but the answer lacks what the flow needs next
    NOT_YET = 5  # as awaited; the answer does not show yet what is waited for


@dataclass(frozen=True, slots=True)
class Miss:
    """Why an arrival is not what is awaited."""

    closeness: Closeness
    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A value of the body that an earlier answer gave; `pattern` is a pointer with `*` for any item."""

    pattern: str
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is awaited, with the values that are known by now.

    In `path` and `query` a value is MISSING where the buyer chooses it. `url` and `body` are a sample: what we would
    send in the buyer's place.
    """

    step: Step
    call: Call
    source: Source
    method: str
    path: Mapping[str, Any]
    query: tuple[tuple[str, Any], ...]
    bound: tuple[Bound, ...]
    url: str
    body: Any

    @property
    def operation(self) -> str:
        return f"{self.source.api}.{self.call.operation}"


@dataclass(frozen=True, slots=True)
class Freedom:
    """Tells which values of a scenario are the buyer's own choice: made-up ones, and those of the run."""

    inputs: frozenset[str]
    """Inputs made of such values."""

    @classmethod
    def of(cls, scenario: Scenario, given: frozenset[str]) -> Freedom:
        """`given` are inputs whose value a run sets: those are settled, whatever the scenario says."""
        found: set[str] = set()
        for name, value in scenario.inputs.items():
            if name not in given and any(_free(one, found) for one in _expressions(value)):
                found.add(name)
        return cls(frozenset(found))

    def leaves_open(self, value: Any) -> bool:
        """Whether some part of a value is the buyer's own."""
        return any(_free(one, self.inputs) for one in _expressions(value))


def _expressions(value: Any) -> Iterator[Expression]:
    for _, text in texts(value):
        yield from expressions_in(text)


def _free(one: Expression, inputs: frozenset[str] | set[str]) -> bool:
    return one.root not in _SETTLED or (one.root == "inputs" and one.path[0] in inputs)


def wanted(scenario: Scenario, release: Release, scope: Scope, freedom: Freedom, base_url: str, step: Step) -> Wanted:
    """What a step with `call` waits for. Raises ExpressionError where an earlier answer is needed and not there."""
    call = step.action
    assert isinstance(call, Call)
    source = scenario.sources[call.source]
    contract = source.contract_in(release)
    operation = contract.operations[call.operation]

    def known(value: Any) -> Any:
        return MISSING if freedom.leaves_open(value) else _plain(fill(value, scope.lookup))

    path = {name: known(value) for name, value in call.request.path.items()}
    query = tuple((name, known(one)) for name, value in call.request.query.items() for one in _each(value))
    shown = {name: _plain(sample(value, scope)) for name, value in call.request.path.items()}
    asked = [(name, _plain(sample(one, scope))) for name, value in call.request.query.items() for one in _each(value)]
    place = re.sub(r"\{([^}]+)\}", lambda hit: quote(shown.get(hit[1], hit[0]), safe="<>{}$"), operation.path)
    url = base_url.rstrip("/") + contract.base_path.rstrip("/") + place
    body = call.request.body
    return Wanted(
        step=step,
        call=call,
        source=source,
        method=operation.method.upper(),
        path=path,
        query=query,
        bound=tuple(_bound(body, scope, freedom)) if body is not MISSING else (),
        url=url + ("?" + urlencode(asked) if asked else ""),
        body=MISSING if body is MISSING else sample(body, scope),
    )


def sample(value: Any, scope: Scope) -> Any:
    """A value filled in as far as it goes: what only the buyer can know stays as `<$expression>`."""

    def lookup(one: Expression) -> Any:
        try:
            return scope.lookup(one)
        except ExpressionError:
            return f"<{one.text}>"

    try:
        return fill(value, lookup)
    except ExpressionError:
        return value


def _bound(value: Any, scope: Scope, freedom: Freedom, pattern: str = "") -> Iterator[Bound]:
    """The values of a body that come from earlier answers. Order and number of a list's items are the buyer's."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name != "$merge":
                yield from _bound(member, scope, freedom, f"{pattern}/{escape(str(plain_key(name)))}")
    elif isinstance(value, list):
        for member in value:
            yield from _bound(member, scope, freedom, f"{pattern}/*")
    elif isinstance(value, str) and not freedom.leaves_open(value):
        named = [one.text for one in expressions_in(value) if one.root == "steps"]
        if named:
            yield Bound(pattern, fill(value, scope.lookup), named[0])


def miss(want: Wanted, exchange: Exchange, scope: Scope, freedom: Freedom) -> Miss | None:
    """Why an exchange is not the awaited one; None where it is. The scope's own exchange is then this one.

    Raises ExpressionError where an expectation of the scenario finds nothing to compare with.
    """
    if (exchange.api, exchange.kind, exchange.operation) != (want.source.api, want.source.kind, want.call.operation):
        return Miss(Closeness.OTHER, f"{want.method} {path_of(want.url)} is awaited")
    if wrong := [*_wrong_path(want, exchange), *_wrong_query(want, exchange)]:
        return Miss(Closeness.ADDRESSED_WRONG, _sentence(wrong))
    refused = answers.judged(exchange, want.call.response.status, want.source.served_by)
    wrong = [_refusal(exchange, refused.message)] if refused.outcome is not Outcome.PASSED else []
    if wrong := list(dict.fromkeys([*_unbound(want, exchange), *wrong])):
        return Miss(Closeness.REFUSED, _sentence(wrong))
    scope.exchange = exchange
    if unmet := _unmet(want.call.request.expect, exchange.request.body, scope, freedom):
        return Miss(Closeness.UNEXPECTED, unmet)
    if want.call.eventually is not None:
        settled = {place: spec for place, spec in want.call.response.expect.items() if not _of_inputs(spec)}
        if unmet := _unmet(settled, exchange.response.body if exchange.response else MISSING, scope, freedom):
            return Miss(Closeness.NOT_YET, f"what it waits for is not there yet: {unmet}")
    return None


def path_of(url: str) -> str:
    """A URL without its host."""
    return re.sub(r"^[a-z]+://[^/?#]*", "", url) or "/"


def _sentence(reasons: list[str]) -> str:
    more = f" (and {len(reasons) - _TOLD} more)" if len(reasons) > _TOLD else ""
    return "; ".join(reasons[:_TOLD]) + more


def _wrong_path(want: Wanted, exchange: Exchange) -> Iterator[str]:
    for name, value in want.path.items():
        found = exchange.path_params.get(name)
        if value is not MISSING and found != value:
            yield f"its path has {name} {answers.shown(found)}, awaited is {answers.shown(value)}"


def _wrong_query(want: Wanted, exchange: Exchange) -> Iterator[str]:
    given = exchange.request.query
    for name, value in want.query:
        values = [text for key, text in given if key == name]
        if not values:
            yield f"its query has no {name}" + ("" if value is MISSING else f"={value}")
        elif value is not MISSING and value not in values:
            yield f"its query has {name}={values[0]}, awaited is {name}={value}"


def _unbound(want: Wanted, exchange: Exchange) -> Iterator[str]:
    for bound in want.bound:
        found = [value for _, value in every(exchange.request.body, bound.pattern)]
        if not any(equal(bound.value, value) for value in found):
            told = f"{answers.shown(bound.value)} belongs there ({bound.source})"
            yield (
                f"{bound.pattern} is {answers.shown(found[0])}, {told}"
                if found
                else f"{bound.pattern} is missing, {told}"
            )


def _refusal(exchange: Exchange, usual: str) -> str:
    """Why our seller refused a request: each issue of its answer, or else what is usually said of such an answer."""
    response = exchange.response
    body = response.body if response else MISSING
    issues = body if isinstance(body, list) else [body]
    told = []
    for issue in issues:
        parts = [at(issue, place) for place in ("/propertyPath", "/code", "/reason", "/message")]
        if said := " ".join(str(part) for part in parts if isinstance(part, str) and part):
            told.append(said[: answers.SHOWN * 2])
    if response is None or not told:
        return usual
    return f"it was answered {response.status}: {_sentence(told)}"


def _unmet(expect: Mapping[str, Any], body: Any, scope: Scope, freedom: Freedom) -> str:
    """The first of the expectations that is not met, in words; "" where all are."""
    for pointer, demand in expect.items():
        if freedom.leaves_open(demand):
            continue
        for place, found in spots(body, pointer):
            if not holds(demand, found, lambda value: fill(value, scope.lookup)):
                expected = fill(demand, scope.lookup)
                return answers.compared([Expectation(place, expected, found, ok=False)], "buyer").message
    return ""


def _of_inputs(spec: Any) -> bool:
    """Whether an expectation of our own answer speaks of data that a partner is free to choose."""
    return any(one.root == "inputs" for one in _expressions(spec))


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
