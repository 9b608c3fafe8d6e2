"""What is wrong with a scenario before anything is sent: names, references, states and directions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem, UserError, in_order
from emulator.record.payload import MISSING, at, escape
from emulator.roots import Root
from emulator.scenario.cases import case_operations, case_problems
from emulator.scenario.expressions import Expression, ExpressionError, did_you_mean, expressions_in, texts
from emulator.scenario.loader import read_scenario
from emulator.scenario.model import (
    Await,
    Call,
    Case,
    CaseKind,
    LifecyclePlan,
    Notify,
    Origin,
    Parallel,
    Scenario,
    Source,
    Step,
    Transition,
)
from emulator.scenario.wanted_hooks import hook_problems
from emulator.standard.contract import Contract
from emulator.standard.release import Release
from emulator.standard.use_case import unknown_label
from emulator.standard.ways import misstep, states_of

Problems = Iterator[str]
IN_STEP: Final = frozenset({"response", "request", "url"})


def lint(path: Path, release: Release, *, root: Root | None = None) -> list[str]:
    """Every problem of a scenario file as `file:line:col: what is wrong`; empty where there is none."""
    return checked(path, release, root=root)[1]


def checked(path: Path, release: Release, *, root: Root | None = None) -> tuple[Scenario | None, list[str]]:
    """A scenario file as far as it can be read, and its problems as `lint` has them."""
    try:
        scenario, problems, lost = read_scenario(path, release, root=root)
    except FileProblem as problem:
        return None, problem.problems
    if scenario is None:
        return None, problems
    # What misses a step, a source, an input that could not be read, misses what has been told of.
    news = [
        problem
        for problem in lint_scenario(scenario, scenario.release)
        if not any(f"'{name}'" in problem or f"'{name}-" in problem for name in lost)
    ]
    return scenario, in_order([*problems, *news])


def lint_scenario(scenario: Scenario, release: Release) -> list[str]:
    """As `lint`, for a scenario that has been read."""
    linter = _Linter(scenario, release)
    found = [*linter.covers(), *linter.sources()]
    found += linter.flow(scenario.flow)
    for case in scenario.cases:
        found += linter.case(case)
    found += linter.lifecycles()
    found += [*linter.inputs(), *hook_problems(scenario)]
    return in_order(found)


def _overlaid_ways(release: Release, origin: Origin, profile: Mapping[str, Any]) -> Problems:
    """As `_Linter.way`, for the paths that an overlay on the seller's profile has."""
    for kind in (each.name for each in release.kinds if each.cycle):
        path = at(profile, f"/behaviour/{kind}/path")
        steps = (
            [step.get("to") if isinstance(step, Mapping) else None for step in path] if isinstance(path, list) else []
        )
        if (wrong := misstep(release, kind, [str(state) for state in steps])) is not None:
            yield f"{origin.where(f'/behaviour/{kind}/path/{wrong[0]}/to')}: {wrong[1]}"


@dataclass(slots=True)
class _Linter:
    """The walk through one scenario; what has been seen so far decides what may be referred to."""

    scenario: Scenario
    release: Release
    contracts: dict[str, Contract] = field(default_factory=dict)
    outputs: dict[str, Collection[str]] = field(default_factory=dict)
    tracked: dict[str, tuple[str, str]] = field(default_factory=dict)
    needed: bool = False
    """Whether the step that is looked at is one that a buyer under test must make."""

    def covers(self) -> Problems:
        """What is covered is a requirement or a use case that there is."""
        parts: list[tuple[Origin, tuple[str, ...]]] = [(self.scenario.origin, self.scenario.covers)]
        parts += [(step.origin, step.covers) for step in self.scenario.steps()]
        parts += [(case.origin, case.covers) for case in self.scenario.cases]
        for origin, covered in parts:
            for n, name in enumerate(covered):
                if (problem := unknown_label(name, self.release.use_cases, self.release.numbered)) is not None:
                    yield f"{origin.where(f'/covers/{n}')}: {problem}"

    def sources(self) -> Problems:
        for source in self.scenario.sources.values():
            try:
                contract = source.contract_in(self.release)
            except (UserError, LookupError) as error:
                yield f"{source.origin.where()}: {error.args[0] if error.args else error}"
                continue
            self.contracts[source.name] = contract
            yield from _source(source, contract)

    def flow(self, steps: tuple[Step, ...]) -> Problems:
        for step in steps:
            if isinstance(step.action, Parallel):
                yield from self.group(step.action)
                continue
            yield from self.step(step)
            self.outputs[step.id] = step.outputs.keys()

    def group(self, group: Parallel) -> Problems:
        """Members see what came before the group, and not each other."""
        before = dict(self.outputs)
        after = dict(before)
        for member in group.steps:
            self.outputs = dict(before)
            yield from self.flow((member,))
            after |= self.outputs
        self.outputs = after

    def step(self, step: Step) -> Problems:
        self.needed = not step.optional
        match step.action:
            case Call() as call:
                yield from self.call(step, call)
            case Await() as wait:
                yield from self.wait(step, wait)
            case Notify() as notify:
                yield from self.event(step.origin.part("/notify"), notify)
                yield from self.values(step.origin.part("/expect"), notify.expect, inside=True)
            case _:
                pass
        yield from self.values(step.origin.part("/outputs"), step.outputs, inside=True)
        yield from self.values(step.origin.part("/known"), step.known)
        if step.known and step.known.keys() != step.outputs.keys():
            lacking = ", ".join(sorted(step.known.keys() ^ step.outputs.keys()))
            yield f"{step.origin.where('/known', key=True)}: 'known' gives all outputs of a step and no others: {lacking}"

    def call(self, step: Step, call: Call) -> Problems:
        yield from self.operation(step.origin.part("/call"), call.source, call.operation)
        request, response = step.origin.part("/request"), step.origin.part("/response")
        for name, value in (
            ("path", call.request.path),
            ("query", call.request.query),
            ("headers", call.request.headers),
            ("body", call.request.body),
        ):
            yield from self.values(request.part(f"/{name}"), value)
        for origin, name, value in (
            (request, "expect", call.request.expect),
            (response, "expect", call.response.expect),
            (response, "headers", call.response.headers),
            (response, "body", call.response.body),
        ):
            yield from self.values(origin.part(f"/{name}"), value, inside=True)
        operation = (
            self.contracts[call.source].operations.get(call.operation) if call.source in self.contracts else None
        )
        if operation is None:
            self.tracked |= {call.track: (call.source, "")} if call.track else {}
            return
        yield from _parameters(step, call, operation)
        if call.track:
            self.tracked[call.track] = (call.source, operation.path)
            if self.contracts[call.source].retrieval(operation.path) is None:
                where = step.origin.where("/track")
                yield f"{where}: what '{call.operation}' answers cannot be retrieved by id, so it cannot be tracked"

    def operation(self, origin: Origin, source: str, operation: str) -> Problems:
        if source not in self.scenario.sources:
            near = did_you_mean(source, list(self.scenario.sources))
            yield f"{origin.where()}: there is no source '{source}'.{near}"
        elif source in self.contracts and operation not in self.contracts[source].operations:
            known = self.contracts[source].operations
            api = self.scenario.sources[source]
            near = did_you_mean(operation, list(known), f"{source}.")
            yield f"{origin.where()}: '{operation}' is not an operation of {api.api} {api.kind}.{near}"

    def event(self, origin: Origin, notify: Notify) -> Problems:
        """A notification's event, by the listener's operationId or by its type."""
        if notify.resource is not None and notify.resource not in self.tracked:
            near = did_you_mean(notify.resource, list(self.tracked))
            yield f"{origin.where('/of')}: no earlier step tracks '{notify.resource}'.{near}"
            return
        if notify.source and notify.source not in self.scenario.sources:
            yield from self.operation(origin, notify.source, notify.event)
            return
        if not notify.source and notify.resource is None:
            yield f"{origin.where('/event')}: '{notify.event}' needs 'of': of which resource is it to tell?"
            return
        name = notify.source or self.tracked[str(notify.resource)][0]
        if name not in self.scenario.sources:
            return
        try:
            types = self.release.event_types(self.scenario.sources[name].api)
        except (UserError, LookupError) as error:
            yield f"{origin.where()}: {error.args[0] if error.args else error}"
            return
        if notify.event not in types and notify.event not in types.values():
            near = did_you_mean(notify.event, [*types, *types.values()])
            yield f"{origin.where()}: {self.scenario.sources[name].api} has no event '{notify.event}'.{near}"

    def wait(self, step: Step, wait: Await) -> Problems:
        origin = step.origin.part("/await")
        yield from self.values(step.origin.part("/expect"), wait.expect, inside=True)
        yield from self.values(origin.part("/from"), wait.since)
        both = [state for state in wait.stop_on if state in wait.states]
        if both:
            yield f"{origin.where('/stopOn')}: '{both[0]}' is waited for, and cannot be a reason to stop as well"
        if wait.resource not in self.tracked:
            near = did_you_mean(wait.resource, list(self.tracked))
            yield f"{origin.where('/resource')}: no earlier step tracks '{wait.resource}'.{near}"
            return
        known = states_of(self.release, _kind(self.tracked[wait.resource][1]))
        for name, states in (("state", wait.states), ("stopOn", wait.stop_on)):
            for state in states:
                if known and state not in known:
                    near = did_you_mean(state, sorted(known))
                    yield f"{origin.where(f'/{name}')}: '{state}' is not a state of {_kind(self.tracked[wait.resource][1])}.{near}"

    def values(self, origin: Origin, value: Any, *, inside: bool = False) -> Problems:
        """References of a value; `inside` says that the step's own exchange can be seen."""
        if value is MISSING:
            return
        if isinstance(value, Mapping):
            value = dict(value)
        for place, text in texts(value):
            for one in _readable(text):
                if problem := self.reference(one, inside=inside):
                    yield f"{origin.where(place)}: '{one.text}': {problem}"

    def reference(self, one: Expression, *, inside: bool) -> str | None:
        match one.root:
            case "inputs":
                known = self.known_inputs()
                if one.path[0] not in known:
                    return f"there is no input '{one.path[0]}'.{did_you_mean(one.path[0], known)}"
            case "steps":
                return self.step_reference(one)
            case "resource" | "hook":
                return "only 'set' in a lifecycle can speak of the resource, only a partner's hook of itself"
            case root if root in IN_STEP and not inside:
                return f"'${root}' is known only once the answer is there"
        return None

    def known_inputs(self) -> list[str]:
        columns = {name.split(".")[0] for row in self.scenario.rows for name in row}
        return sorted({*self.scenario.inputs, *columns})

    def step_reference(self, one: Expression) -> str | None:
        identifier, output = one.path[0], one.path[2]
        if identifier not in self.outputs:
            if self.scenario.step(identifier):
                return f"the step '{identifier}' does not come before this one"
            return f"there is no step '{identifier}'.{did_you_mean(identifier, list(self.outputs))}"
        if output not in self.outputs[identifier]:
            near = did_you_mean(output, list(self.outputs[identifier]))
            return f"the step '{identifier}' has no output '{output}'.{near}"
        told_by = self.scenario.step(identifier)
        if self.needed and told_by is not None and told_by.optional:
            return f"the step '{identifier}' is optional, and this one is not: a buyer under test may have left it out"
        return None

    def case(self, case: Case) -> Problems:
        step = self.scenario.step(case.at)
        where = case.origin.where("/at")
        if step is None:
            near = did_you_mean(case.at, [one.id for one in self.scenario.steps()])
            yield f"{where}: there is no step '{case.at}'.{near}"
        elif case.kind is CaseKind.NEGATIVE and case.patch:
            if not isinstance(step.action, Call):
                yield f"{where}: '{case.at}' sends nothing; a negative case needs a step with 'call'"
            elif step.action.request.body is MISSING and case.patch[0].get("path"):
                yield f"{where}: '{case.at}' sends no body that could be patched"
        by_us = case.kind is CaseKind.NEGATIVE and case.emulate == "buyer"
        if by_us and not (case.patch or case.query or case.path or case.credentials or case.profile):
            yield f"{case.origin.where()}: a negative case of the buyer needs 'patch' or 'credentials': what is wrong?"
        for key, given in (("/query", case.query), ("/path", case.path)):
            yield from self.values(case.origin.part(key), given)
        yield from self.values(case.origin.part("/expect/issue"), case.issue, inside=True)
        yield from self.case_of_seller(case)
        for index, operation in enumerate(case.patch):
            yield from self.values(case.origin.part(f"/patch/{index}/value"), operation.get("value", MISSING))
        yield from self.values(case.origin.part("/expect/body"), case.expect, inside=True)
        for name in case.lifecycle:
            if name not in self.scenario.lifecycle:
                near = did_you_mean(name, list(self.scenario.lifecycle))
                yield f"{case.origin.where('/lifecycle/' + escape(name), key=True)}: there is no lifecycle '{name}'.{near}"

    def case_of_seller(self, case: Case) -> Problems:
        """What a case asks of our seller. Only trouble may make it go an illegal path."""
        yield from case_problems(self.scenario, case)
        for origin, named in case_operations(case):
            yield from self.operation(origin, *named.split(".", 1))
        for index, operation in enumerate(case.mutate):
            value = operation.get("value", MISSING)
            yield from self.values(case.origin.part(f"/mutate/response/{index}/value"), value)
        if case.kind is not CaseKind.FAULT:
            for name, path in case.lifecycle.items():
                if name in self.scenario.lifecycle:
                    yield from self.way(self.scenario.lifecycle[name], path)
            yield from _overlaid_ways(self.release, case.origin.part("/profile"), case.profile)

    def lifecycles(self) -> Problems:
        for plan in self.scenario.lifecycle.values():
            if plan.source not in self.scenario.sources:
                near = did_you_mean(plan.source, list(self.scenario.sources))
                yield f"{plan.origin.where('/of')}: there is no source '{plan.source}'.{near}"
                continue
            kind = plan.kind.name if plan.kind else self.scenario.sources[plan.source].api
            for index, step in enumerate(plan.path):
                known = states_of(self.release, kind)
                if known and step.to not in known:
                    where = plan.origin.where(f"/path/{index}/to")
                    yield f"{where}: '{step.to}' is not a state of {kind}.{did_you_mean(step.to, sorted(known))}"
                if step.when is not None and self.scenario.step(step.when) is None:
                    where = plan.origin.where(f"/path/{index}/when")
                    near = did_you_mean(step.when, [one.id for one in self.scenario.steps()])
                    yield f"{where}: there is no step '{step.when}'.{near}"
            yield from self.way(plan, plan.path)
        yield from _overlaid_ways(self.release, self.scenario.origin.part("/profile"), self.scenario.profile)

    def way(self, plan: LifecyclePlan, path: Sequence[Transition]) -> Problems:
        """A path that the lifecycle does not have. Our seller would not go it, and no right one would."""
        kind = plan.kind.name if plan.kind else ""
        if (wrong := misstep(self.release, kind, [step.to for step in path])) is not None:
            index, problem = wrong
            yield f"{path[index].origin.where('/to')}: {problem}"

    def inputs(self) -> Problems:
        """An input may use those above it, and nothing that only a run's steps know."""
        above: list[str] = []
        for name, value in self.scenario.inputs.items():
            origin = self.scenario.input_origins[name]
            for place, text in texts(value):
                for one in _readable(text):
                    if one.root == "inputs" and one.path[0] not in above:
                        yield f"{origin.where(place)}: '{one.text}': there is no input '{one.path[0]}' above this one"
                    elif one.root in {"steps", "resource", "hook", *IN_STEP}:
                        yield f"{origin.where(place)}: '{one.text}': inputs are filled in before the first step"
            above.append(name)


def _readable(text: str) -> list[Expression]:
    """The expressions of a text; none where one cannot be read, which the loader tells."""
    try:
        return expressions_in(text)
    except ExpressionError:
        return []


def _source(source: Source, contract: Contract) -> Problems:
    if source.served_by != contract.served_by:
        where = source.origin.where("/servedBy")
        yield f"{where}: {source.api} {source.kind} is served by the {contract.served_by}, not the {source.served_by}"
    if source.version is not None:
        wanted = source.version.lower().removeprefix("v")
        if contract.version != wanted and not contract.version.startswith(wanted + "."):
            where = source.origin.where("/version")
            yield f"{where}: {source.api} {source.kind} has version {contract.version} in this release, not {wanted}"


def _kind(path: str) -> str:
    return next((part for part in path.split("/") if part), "")


def _parameters(step: Step, call: Call, operation: Any) -> Problems:
    """Parameters and statuses that the contract does not have."""
    known = [parameter.name for parameter in getattr(operation, "query", ())]
    for name in call.request.query:
        if name not in known:
            where = step.origin.where(f"/request/query/{escape(name)}", key=True)
            yield f"{where}: '{call.operation}' has no query parameter '{name}'.{did_you_mean(name, known)}"
    needed = set(getattr(operation, "path_parameters", ()))
    given = set(call.request.path)
    for name in sorted(needed - given):
        yield f"{step.origin.where('/call')}: '{call.operation}' needs request.path.{name}"
    for name in sorted(given - needed):
        where = step.origin.where(f"/request/path/{escape(name)}", key=True)
        yield f"{where}: '{call.operation}' has no path parameter '{name}'.{did_you_mean(name, sorted(needed))}"
    statuses = list(getattr(operation, "responses", ()))
    for status in call.response.status:
        if statuses and status not in statuses:
            where = step.origin.where("/response/status")
            listed = ", ".join(map(str, statuses))
            yield f"{where}: the contract of '{call.operation}' has no answer {status}; it has {listed}"
