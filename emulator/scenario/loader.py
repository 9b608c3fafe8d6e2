"""Reads scenario files: every problem of a file at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from emulator.errors import FileProblem, in_order
from emulator.record.exchange import Party
from emulator.record.payload import MISSING, at, escape
from emulator.roots import Root
from emulator.scenario.duration import seconds
from emulator.scenario.fragments import Expansion, StepText, expand
from emulator.scenario.functions import with_functions
from emulator.scenario.inputs import read_inputs, read_rows
from emulator.scenario.model import (
    Await,
    Call,
    Case,
    CaseKind,
    ClockMode,
    Count,
    Defaults,
    Eventually,
    LifecyclePlan,
    Notify,
    Origin,
    Parallel,
    Polls,
    Reaction,
    Repeats,
    RequestPlan,
    ResponsePlan,
    Retry,
    Scenario,
    Source,
    Step,
    Transition,
)
from emulator.scenario.reading import ScenarioReading
from emulator.scenario.repair import repaired
from emulator.scenario.schema import MOST_TOLD, structure_problems
from emulator.scenario.wanted_hooks import hooks_at
from emulator.settings import scenarios_dir
from emulator.standard.by_release import load_for
from emulator.standard.release import Release

OPEN_PARTS: Final = ("/request/expect", "/response/expect", "/response/headers", "/expect", "/notification/expect")
"""Parts of a step in which matchers may stand."""
SENT_PARTS: Final = (
    "/request/path",
    "/request/query",
    "/request/headers",
    "/request/body",
    "/response/body",
    "/outputs",
    "/known",
)
"""Parts of a step that are filled in and sent, or kept."""


def load_scenario(path: Path, release: Release, *, root: Root | None = None) -> Scenario:
    """Read a scenario file, to be played in a release. `root` says where files may lie that it names; without it, it is the file's own.

    Raises FileProblem with every problem of the file.
    """
    scenario, problems, _ = read_scenario(path, release, root=root)
    if problems or scenario is None:
        raise FileProblem(problems)
    return scenario


def read_scenario(
    path: Path, release: Release, *, root: Root | None = None
) -> tuple[Scenario | None, list[str], frozenset[str]]:
    """A scenario file as far as it can be read, its problems, and the names of what cannot be read.

    It is read in a release that has all of its functions. None where nothing can be. Raises FileProblem where it is no YAML.
    """
    root, wrong = root or Root.of(path), list[str]()
    located = load_for(path, release, wrong, root)
    ours = path.resolve().is_relative_to(scenarios_dir().resolve())
    if (other := with_functions(located.value, release, ours=ours)) is not release:
        return read_scenario(path, other, root=root)
    wrong += [f"{where}: {problem}" for where, problem in structure_problems(located, located.value, release.words)]
    names = frozenset[str]()
    if wrong:
        repair = repaired(located, release.words) if len(wrong) <= MOST_TOLD else None
        if repair is None:
            return None, in_order(wrong), names
        located, names = repair
    reading = ScenarioReading(located, release, wrong)
    scenario = _scenario(reading, root)
    return scenario, in_order(reading.problems), names


def _scenario(reading: ScenarioReading, root: Root) -> Scenario:
    located = reading.located
    top: dict[str, Any] = located.value
    inputs, input_origins = read_inputs(located, root, reading.release, reading.problems)
    flow = expand(top["flow"], Origin(located, "/flow"), Expansion(root, reading.release, reading.problems))
    defaults = _defaults(top.get("defaults", {}))
    sources = {name: _source(reading, name, Origin(located, f"/sources/{name}")) for name in top["sources"]}
    scenario = Scenario(
        id=top["id"],
        title=top["title"],
        description=top.get("description", ""),
        tags=tuple(top.get("tags", ())),
        covers=reading.covers(top),
        sources=sources,
        payloads=tuple(top.get("payloads", ())),
        inputs=inputs,
        input_origins=input_origins,
        rows=read_rows(located, inputs, root, reading.problems),
        clock=ClockMode(top.get("clock", {}).get("mode", "virtual")),
        defaults=defaults,
        profile=top.get("profile", {}),
        lifecycle={
            name: _lifecycle(reading, name, sources, Origin(located, f"/lifecycle/{name}"))
            for name in top.get("lifecycle", ())
        },
        flow=tuple(_step(reading, text, defaults, agreed=top.get("agreed", False)) for text in flow),
        cases=tuple(
            _case(reading, Origin(located, f"/cases/{index}"), agreed=top.get("agreed", False))
            for index, part in enumerate(top.get("cases", ()))
            if part is not None  # left out by a repair
        ),
        origin=Origin(located, ""),
        release=reading.release,
        behaviour=top.get("needs", {}).get("behaviour", ""),
        hooks=hooks_at(Origin(located, "/needs/hooks")),
        agreed=top.get("agreed", False),
    )
    for name, value in inputs.items():
        reading.check_values(input_origins[name], value)
    _refuse_duplicates(reading, scenario)
    return scenario


def _refuse_duplicates(reading: ScenarioReading, scenario: Scenario) -> None:
    for noun, things in (("step", list(scenario.steps())), ("case", list(scenario.cases))):
        seen: set[str] = set()
        for thing in things:
            if thing.id in seen:
                reading.complain(thing.origin.where("/id"), f"the {noun} '{thing.id}' is there already")
            seen.add(thing.id)


def _statuses(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


def _states(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else () if value is None else (value,)


def _defaults(part: Mapping[str, Any]) -> Defaults:
    usual = Defaults()
    retry = Retry()
    if (wanted := part.get("retry")) is not None:
        retry = Retry(
            _statuses(wanted.get("status", [502, 503, 504])),
            wanted.get("limit", 3),
            seconds(wanted.get("after", "1s")),
        )
    return Defaults(
        within=seconds(part["within"]) if "within" in part else usual.within,
        every=seconds(part["every"]) if "every" in part else usual.every,
        timeout=seconds(part["timeout"]) if "timeout" in part else usual.timeout,
        grace=seconds(part["grace"]) if "grace" in part else usual.grace,
        retry=retry,
    )


def _source(reading: ScenarioReading, name: str, origin: Origin) -> Source:
    part = at(origin.located.value, origin.pointer)
    kind = part.get("kind")
    spellings = reading.release.spellings
    if "spec" in part:
        api, named = spellings.get(part["spec"], ("", None))
        meant = named or "management"
        if not api:
            reading.complain(origin.where("/spec"), f"'{part['spec']}' is not a document that OIT knows")
        if kind not in {None, meant}:
            reading.complain(origin.where("/kind"), f"'{part['spec']}' is the {meant} interface")
        kind = meant
    else:
        api = spellings.get(part["api"], (part["api"], None))[0]
    version = part.get("version")
    return Source(
        name=name,
        api=api,
        kind=kind or "management",
        version=None if version is None else str(version),
        served_by=Party(part["servedBy"]),
        origin=origin,
    )


def _step(reading: ScenarioReading, text: StepText, defaults: Defaults, *, agreed: bool) -> Step:
    part, origin = text.value, text.origin
    for sub in SENT_PARTS:
        if (value := at(part, sub)) is not MISSING:
            reading.check_values(origin.part(sub), value)
    _refuse_host(reading, part, origin)
    for sub in OPEN_PARTS:
        if (value := at(part, sub)) is not MISSING:
            reading.check_values(origin.part(sub), value, matchers=True)
    action: Call | Await | Notify | Parallel
    if "call" in part:
        action = _call(part, defaults)
    elif "await" in part:
        action = _await(part, defaults)
    elif "notify" in part:
        action = _notify(part, defaults)
    else:
        action = Parallel(tuple(_step(reading, member, defaults, agreed=agreed) for member in text.members))
    if "expect" in part and isinstance(action, Call | Parallel):
        message = "'expect' belongs to a step with 'await' or 'notify'; of a call, write it under 'response'"
        reading.complain(origin.where("/expect", key=True), message)
    return Step(
        id=part.get("id", ""),
        title=part.get("title", ""),
        action=action,
        outputs=part.get("outputs", {}),
        covers=reading.covers(part),
        origin=origin,
        optional=part.get("optional", False),
        known=part.get("known", {}),
        agreed=part.get("agreed", agreed),
    )


def _refuse_host(reading: ScenarioReading, part: Mapping[str, Any], origin: Origin) -> None:
    """A scenario does not choose who gets its requests."""
    for name in part.get("request", {}).get("headers", {}):
        if name.lower() == "host":
            message = f"'{name}' says where a request goes, and that is not the scenario's to say: --sut does"
            reading.complain(origin.where(f"/request/headers/{escape(name)}", key=True), message)


def _call(part: Mapping[str, Any], defaults: Defaults) -> Call:
    source, _, operation = part["call"].partition(".")
    request, response = part.get("request", {}), part.get("response", {})
    eventually = part.get("eventually")
    return Call(
        source=source,
        operation=operation,
        request=RequestPlan(
            request.get("path", {}),
            request.get("query", {}),
            request.get("headers", {}),
            request.get("body", MISSING),
            request.get("expect", {}),
        ),
        response=ResponsePlan(
            _statuses(response.get("status")),
            response.get("expect", {}),
            response.get("headers", {}),
            response.get("body", MISSING),
        ),
        track=part.get("track"),
        eventually=None
        if eventually is None
        else Eventually(_length(eventually, "every", defaults.every), _length(eventually, "within", defaults.within)),
    )


def _length(part: Mapping[str, Any], name: str, usual: float) -> float:
    return seconds(part[name]) if name in part else usual


def _await(part: Mapping[str, Any], defaults: Defaults) -> Await:
    wait = part["await"]
    return Await(
        resource=wait["resource"],
        states=_states(wait["state"]),
        via=tuple(wait.get("via", ("poll",))),
        every=_length(wait, "every", defaults.every),
        within=_length(wait, "within", defaults.within),
        stop_on=_states(wait.get("stopOn")),
        expect=part.get("expect", {}),
        events=part.get("notification", {}).get("expect", {}),
        count=_count(part["notification"].get("count", {})) if "notification" in part else None,
        since=wait.get("from", MISSING),
    )


def _notify(part: Mapping[str, Any], defaults: Defaults) -> Notify:
    wanted = part["notify"] if isinstance(part["notify"], dict) else {"event": part["notify"]}
    source, dot, event = wanted["event"].partition(".")
    return Notify(
        source=source if dot else "",
        event=event if dot else source,
        expect=part.get("expect", {}),
        resource=wanted.get("of"),
        within=_length(wanted, "within", max(defaults.within, defaults.grace)),
        count=_count(part["count"]) if "count" in part else None,
    )


def _count(wanted: Any) -> Count:
    if isinstance(wanted, int):
        return Count(wanted, wanted)
    return Count(wanted.get("min", 1), wanted.get("max"))


def _transitions(reading: ScenarioReading, origin: Origin) -> tuple[Transition, ...]:
    found = []
    for index, part in enumerate(at(origin.located.value, origin.pointer)):
        here = origin.part(f"/{index}")
        after = part.get("after")
        reading.check_values(here.part("/set"), part.get("set", {}))
        found.append(
            Transition(
                to=part["to"],
                after=seconds(after) if isinstance(after, str) else None,
                reads=after["reads"] if isinstance(after, dict) else None,
                when=part.get("when"),
                set=part.get("set", {}),
                origin=here,
            )
        )
    return tuple(found)


def _lifecycle(reading: ScenarioReading, name: str, sources: Mapping[str, Source], origin: Origin) -> LifecyclePlan:
    part = at(origin.located.value, origin.pointer)
    source, _, schema = part["of"].partition(".")
    api = sources[source].api if source in sources else ""
    mine = [kind for kind in reading.release.kinds if kind.api == api]
    named = [kind for kind in mine if schema == kind.schema]
    return LifecyclePlan(
        track=name,
        source=source,
        kind=next((kind for kind in named or mine), None),
        path=_transitions(reading, origin.part("/path")),
        origin=origin,
    )


def _case(reading: ScenarioReading, origin: Origin, *, agreed: bool) -> Case:
    part = at(origin.located.value, origin.pointer)
    expect = part.get("expect", {})
    for place in ("/patch", "/mutate/response"):
        for index, operation in enumerate(at(part, place) or ()):
            reading.check_values(origin.part(f"{place}/{index}/value"), operation.get("value"))
    for place in ("/query", "/path"):
        reading.check_values(origin.part(place), at(part, place) or {})
    reading.check_values(origin.part("/expect/body"), expect.get("body", {}), matchers=True)
    reading.check_values(origin.part("/expect/issue"), expect.get("issue", {}), matchers=True)
    fault = part["kind"] == CaseKind.FAULT
    return Case(
        id=part["id"],
        title=part.get("title", ""),
        kind=CaseKind(part["kind"]),
        emulate=Party(part["emulate"]),
        at=part["at"],
        patch=tuple(part.get("patch", ())),
        status=_statuses(expect.get("status")),
        expect=expect.get("body", {}),
        covers=reading.covers(part),
        goes_on=part.get("then", "continue" if fault else "end") == "continue",
        profile=part.get("profile", {}),
        lifecycle={
            name: _transitions(reading, origin.part(f"/lifecycle/{escape(name)}")) for name in part.get("lifecycle", ())
        },
        origin=origin,
        query=part.get("query", {}),
        issue=expect.get("issue", {}),
        mutate=tuple(part.get("mutate", {}).get("response", ())),
        fault=part.get("fault", {}),
        reaction=_reaction(expect),
        behaviour=part.get("needs", {}).get("behaviour", ""),
        hooks=hooks_at(origin.part("/needs/hooks")),
        agreed=part.get("agreed", agreed),
        credentials=part.get("credentials", {}),
        path=part.get("path", {}),
    )


def _reaction(expect: Mapping[str, Any]) -> Reaction:
    repeats, polls = expect.get("sutRetries"), expect.get("sutPolls")
    return Reaction(
        recovers=None if "flow" not in expect else expect["flow"] == "pass",
        repeats=None
        if repeats is None
        else Repeats(
            repeats.get("min", 1),
            repeats.get("max"),
            _length(repeats, "minGap", 0.0),
            repeats.get("sameBody", True),
        ),
        polls=None if polls is None else Polls(polls["op"], _length(polls, "within", Defaults().within)),
        ignores=_length(expect, "sutIgnores", 0.0) if "sutIgnores" in expect else None,
        refuses=expect.get("sutRefuses", False),
        created={name: _count(count) for name, count in expect.get("created", {}).items()},
        attest=expect.get("attest", ""),
    )
