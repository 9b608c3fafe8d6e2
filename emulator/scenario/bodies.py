"""What is wrong with the requests that a scenario sends, seen before anything is sent.

Inputs are filled in, and what only a run knows is left open: what is found at such a place, or because of it, does not
count. Requests that are wrong on purpose, those of cases and those that are to be refused, are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from emulator.errors import FileProblem
from emulator.judge.judge import judge
from emulator.judge.roles import Roles
from emulator.judge.verdict import Finding, Verdict, blamed
from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Exchange, Fault, FaultKind, Request
from emulator.record.payload import MISSING, dump, escape
from emulator.scenario.expressions import Expression, ExpressionError, Generator, Scope, fill
from emulator.scenario.given import fill_inputs
from emulator.scenario.model import Call, Origin, Scenario, Step
from emulator.scenario.selection import Job
from emulator.standard.contract import Contract
from emulator.standard.release import Release

_OPEN: Final = "only-a-run-knows-this"
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_REFUSED: Final = 400
_TOLD: Final = frozenset({Verdict.FAIL, Verdict.WARNING})


@dataclass(frozen=True, slots=True)
class BodyProblem:
    """What is wrong with a request as `file:line:col: …`; an `advisory` one is a warning."""

    text: str
    advisory: bool


def body_problems(scenario: Scenario, release: Release) -> list[BodyProblem]:
    """What is wrong with the requests of the flow, each thing once."""
    scope = Scope({}, Generator("lint", VirtualClock(_NOW)), "lint", callback=lambda: "http://127.0.0.1:8090/r/lint")
    try:
        fill_inputs(Job(scenario), scope, {})
    except FileProblem:
        return []  # that is told elsewhere
    found: dict[str, BodyProblem] = {}
    for step in scenario.steps():
        for problem in _of_step(step, scenario, release, scope):
            found.setdefault(problem.text, problem)
    return list(found.values())


def _of_step(step: Step, scenario: Scenario, release: Release, scope: Scope) -> Iterator[BodyProblem]:
    call = step.action
    if not isinstance(call, Call) or any(status >= _REFUSED for status in call.response.status):
        return
    source = scenario.sources.get(call.source)
    if source is None:
        return
    contract = release.contract(source.api, source.kind)
    operation = contract.operations.get(call.operation)
    if operation is None:
        return
    try:
        body = fill(_with_marks(call.request.body), _lookup(scope))
        query = fill(dict(call.request.query), _lookup(scope))
    except ExpressionError:
        return
    body, unknown = _opened(body)
    known = [(name, one) for name, one in query.items() if _OPEN not in str(one)]
    pairs = [(name, str(one)) for name, value in known for one in (value if isinstance(value, list) else [value])]
    sent = b"" if body is MISSING else dump(body)
    for finding in _findings(release, contract, operation.id, sent, urlencode(pairs)):
        if not _is_open(finding, unknown):
            yield _told(finding, step.origin.part("/request/body"))


@lru_cache(maxsize=1024)
def _findings(release: Release, contract: Contract, operation_id: str, body: bytes, query: str) -> tuple[Finding, ...]:
    """What its author is blamed for in a request that nobody answers. Many steps of many files are one fragment's."""
    operation, sender = contract.operation(operation_id), contract.served_by.other
    url = f"http://127.0.0.1{contract.base_path}{operation.path.replace('{', '').replace('}', '')}?{query}"
    asked = Exchange(
        1,
        _NOW,
        0.0,
        sender,
        contract.served_by,
        Request((("content-type", "application/json;charset=utf-8"),), body, operation.method, url.rstrip("?")),
        fault=Fault(FaultKind.TIMEOUT, ""),
        api=contract.api,
        release=contract.release,
        kind=contract.kind,
        operation=operation.id,
        path_params=dict.fromkeys(operation.path_parameters, _OPEN),
    )
    found = judge([asked], release, roles=Roles.testing(sender), closing=()).findings
    return tuple(one for one in found if one.blame is blamed(sender) and one.verdict in _TOLD)


def _told(finding: Finding, origin: Origin) -> BodyProblem:
    """A finding at the place of the body where what it is about stands, or should stand."""
    where = origin.where(finding.pointer)
    clause = f" ({', '.join(finding.requirements) or finding.rule})"
    place = f"{finding.pointer}: " if finding.pointer else ""
    advisory = finding.verdict is not Verdict.FAIL
    return BodyProblem(f"{where}: {'warning: ' if advisory else ''}{place}{finding.message}{clause}", advisory)


def _lookup(scope: Scope) -> Any:
    def lookup(expression: Expression) -> Any:
        return _OPEN if expression.root in {"steps", "response", "request", "url"} else scope.lookup(expression)

    return lookup


def _with_marks(value: Any) -> Any:
    """A body in which a mapping that something of a run is laid under says so."""
    if isinstance(value, Mapping):
        members = {name: _with_marks(member) for name, member in value.items() if name != "$merge"}
        if "$merge" not in value:
            return members
        under = value["$merge"]
        return (
            {**members, _OPEN: True} if isinstance(under, str) and "$steps" in under else {**members, "$merge": under}
        )
    return [_with_marks(member) for member in value] if isinstance(value, list) else value


def _opened(value: Any, place: str = "") -> tuple[Any, list[str]]:
    """A body without marks, and the places of which only a run knows what stands there."""
    if isinstance(value, str):
        return value, [place] if _OPEN in value else []
    if isinstance(value, Mapping):
        open_places = [place] if _OPEN in value else []
        found = {}
        for name, member in value.items():
            if name != _OPEN:
                found[name], inner = _opened(member, f"{place}/{escape(str(name))}")
                open_places += [place] if inner and name == "@type" else inner
        return found, open_places
    if isinstance(value, list):
        pairs = [_opened(member, f"{place}/{n}") for n, member in enumerate(value)]
        return [member for member, _ in pairs], [one for _, inner in pairs for one in inner]
    return value, []


def _is_open(finding: Finding, unknown: list[str]) -> bool:
    """Whether a finding may be due to what is not known yet: at such a place, below it, or around it."""
    here = finding.pointer
    return any(f"{here}/".startswith(f"{one}/") or f"{one}/".startswith(f"{here}/") for one in unknown)
