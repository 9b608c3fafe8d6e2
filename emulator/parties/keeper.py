"""Resources of a kind that no module serves in its own way: made, changed and carried on by contract, facts and lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from emulator.parties.alongside import advance, begin
from emulator.parties.apis import Action, Context, Course, Handler
from emulator.parties.clock import rfc3339
from emulator.parties.filling import Filler, Unfillable, fits
from emulator.parties.hub import Hub, telling
from emulator.parties.lists import demands_of, members_of, words_of
from emulator.parties.sections import Had, PathStep, behaviour_of, times_of
from emulator.parties.store import Resource
from emulator.parties.walk import Plan, put, worked_out
from emulator.record.call import (
    ApiError,
    Call,
    ErrorCode,
    Issue,
    Reply,
    bad_request,
    conflict,
    not_found,
    not_implemented,
    unprocessable,
)
from emulator.record.patch import merged
from emulator.record.payload import MISSING, copied
from emulator.record.payload import at as value_at
from emulator.standard.kinds.facts import Act, Kind, Operation
from emulator.standard.lifecycle import Lifecycle, Transition

_BEGINNINGS = ("acknowledged", "created", "open", "new", "generated", "submitted", "accepted")
"""How states are called with which lives begin, where no lifecycle says which one it is."""
_MADE, _ANSWERED = 201, 200


class Keeper:
    """Keeps the resources of one kind. What it cannot do validly it refuses with 501.

    A module that knows more of a kind overrides `born`, `faults`, `faults_of_patch`, `grown`, `hindrance`, `made`, `patched`,
    `acted`, `usual` and `advance`.
    """

    def __init__(self, context: Context, hub: Hub, kind: Kind) -> None:
        self.kind = kind
        self._context, self._hub, self._desk, self._store = context, hub, context.desk, context.store
        self._contract = context.release.contract(kind.api)
        self._member = kind.state.member if kind.state else ""
        self._members = frozenset(members_of(self._contract, kind.schema))
        action = f"{kind.name}.step"
        self.plan = Plan(context, kind.name, action, self.advance, self._open_to, self._is_buyers, self.changing)
        self.course = Course(self.move, None, self.plan.signalled, self.plan.seen)

    def run_begun(self, run: str) -> None:
        """A run begins, and has what the profile has."""

    def handler(self, operation: Operation) -> Handler | None:
        """What answers an operation on the kind; None where nothing here does."""
        if operation.view == "create":
            return lambda call: self._create(call, operation)
        if operation.view == "patch":
            return lambda call: self._patch(call, operation)
        if operation.view == "delete":
            return lambda call: self._delete(call, operation)
        act = self.kind.acts.get(operation.id)
        return (lambda call: self._act(call, operation, act)) if act is not None else None

    @property
    def actions(self) -> Mapping[str, Action]:
        """What timers do to resources of the kind, by name."""
        return self.plan.actions

    # -- making ------------------------------------------------------------------------------------

    def open(self, run: str, given: Mapping[str, Any], url: str = "", path: Sequence[PathStep] = ()) -> Resource:
        """Make a resource out of some of its members; the state among them may be any. `url` is where its contract is
        served, `path` the way that it will go. Raises Unfillable where no valid one can be made of it.
        """
        body = copied(dict(given))
        wanted = body.pop(self._member, None)
        state = str(wanted or self._first(body, path)) if self._member else ""
        self.born(run, body, state)
        ours = begin(self._desk, self.kind, body, state)
        self.complete(run, body, state, url)
        for name in (self._member, *ours):
            body.pop(name, None)
        return self._desk.open(run, self.kind.name, body, state=state, begun=wanted is not None)

    def born(self, run: str, body: dict[str, Any], state: str) -> None:
        """Give a resource that comes into being in a state what our seller puts there."""

    def complete(self, run: str, body: dict[str, Any], state: str = "", url: str = "") -> None:
        """Give a body what the contract demands and the sheet says where it comes from. Unfillable where it stays invalid."""
        body.setdefault("id", self._context.new_id(self.kind.name))
        if url and "href" in self._members:
            body["href"] = f"{url.rstrip('/')}{self.kind.path}/{body['id']}"
        if state:
            body[self._member] = state
        for target, source in self.kind.said.get("fill", {}).items():
            if value_at(body, target) is MISSING and (found := value_at(body, source)) is not MISSING:
                put(body, target, found)
        filler = self._filler(run)
        filler.fill(self.kind.schema, body)
        for schema in self._stricter:
            known = {*members_of(self._contract, schema), *demands_of(self._contract, schema)}
            shown = filler.fill(schema, {name: value for name, value in body.items() if name in known})
            body |= {name: value for name, value in shown.items() if name not in body}

    @cached_property
    def _stricter(self) -> list[str]:
        """The schemas in which lists show a resource, where they demand what its own does not."""
        operations = self._context.release.kinds.apis[self.kind.api].operations.values()
        listed = dict.fromkeys(one.listed for one in operations if one.kind == self.kind.name and one.listed)
        own = demands_of(self._contract, self.kind.schema)
        return [each for each in listed if demands_of(self._contract, each) - own]

    def _filler(self, run: str) -> Filler:
        context, kind = self._context, self.kind
        person = {name: text for name, text in context.profile.seller.person.items() if isinstance(text, str)}

        def referred(place: str) -> str | None:
            """A resource that our seller has, for a member that refers to that kind."""
            for one in kind.references:
                names = one.to or next((each for each in only if one.at in only[each]), "")
                if names and fits(f"{one.at}/{one.id or 'id'}", place):
                    return next((found.id for found in self._store.all(run, names)), None)
            return None

        only: dict[str, list[str]] = {}
        for event in context.release.kinds.telling(kind.api):
            if event.kind == kind.name and (where := event.said.get("only")):
                only.setdefault(where["of"], []).append(where["at"])
        return Filler(
            self._contract,
            rfc3339(self._desk.now()),
            lambda: context.new_id(kind.name),
            {**person, "role": "sellerContact", "author": context.profile.seller.name},
            referred,
        )

    def _first(self, body: Mapping[str, Any], path: Sequence[PathStep]) -> str:
        """The state in which a life begins: that of its path, if one begins there, or else the first that there is."""
        machine = self._machine(body)
        initial = machine.initial if machine else ()
        values = self.kind.state.values if self.kind.state else ()
        if path and (path[0].to in initial or machine is None):
            return path[0].to
        return initial[0] if initial else next((each for each in _BEGINNINGS if each in values), values[0])

    def set_out(self, resource: Resource, path: Sequence[PathStep] = ()) -> None:
        """Have a resource go its way: the one given, the profile's, or the one that our seller chooses."""
        chosen = path or self.path or self.usual(resource)
        self.plan.begin(resource, chosen)

    def bring(self, run: str, had: Had) -> Resource:
        """Make a resource that the profile has; it stays as it is where the profile has no path for it."""
        given = worked_out({**had.members, "id": had.id}, {}, self._desk.now())
        resource = self.open(run, given, path=had.path or self.path)
        self.brought(resource)
        self.plan.begin(resource, had.path or self.alone(resource))
        return resource

    def brought(self, resource: Resource) -> None:
        """Our seller has made a resource by itself: what else comes of that."""

    def alone(self, resource: Resource) -> Sequence[PathStep]:  # noqa: ARG002 - for who overrides it
        """The way of a resource that our seller has made by itself: it stays as it is, but where the profile has one."""
        return self.path

    @property
    def path(self) -> tuple[PathStep, ...]:
        """The way that the profile has for its kind; empty where it has none."""
        return self._context.profile.behaviour.of(behaviour_of(self.kind.name)).path

    def _create(self, call: Call, operation: Operation) -> Reply:
        given = {name: value for name, value in call.body.items() if name not in self.kind.own}
        issues = list(self.faults(call.run, given))
        if issues:
            raise unprocessable(*issues)
        try:
            if (end := self._end_at_once(operation, given)) is not None:
                self.complete(call.run, given, end)
                return Reply(_ANSWERED, {name: value for name, value in given.items() if name != "id"})
            resource = self.open(call.run, given, call.base_url, self.path)
        except Unfillable as error:
            raise not_implemented(f"This seller cannot make a valid answer to {operation.id}: {error}") from error
        self.made(resource)
        self.set_out(resource)
        return Reply(_MADE if _MADE in operation.success else operation.success[0], resource.body)

    def _end_at_once(self, operation: Operation, given: Mapping[str, Any]) -> str | None:
        """The state of an answer that is whole at once and kept nowhere; None where the buyer can wait, or there is none such."""
        wanted = value_at(given, self.kind.said.get("at_once", {}).get("by", "/-"))
        machine = self._machine(given) if wanted is True and _ANSWERED in operation.success else None
        return next((state for state in machine.initial if state in machine.terminal), None) if machine else None

    def faults(self, run: str, given: Mapping[str, Any]) -> Iterable[Issue]:  # noqa: ARG002 - for who overrides it
        """What is wrong with a request to make a resource that passed its contract."""
        return ()

    def made(self, resource: Resource) -> None:
        """The buyer has made a resource: what else comes of that."""

    # -- changing ----------------------------------------------------------------------------------

    @contextmanager
    def changing(self, resource: Resource, at: datetime) -> Iterator[None]:
        """Inside, a resource is changed: what comes out is valid, and what there are events of is told."""
        with telling(self._desk, resource, at):
            yield
            self.complete(resource.run, resource.body)
        self._store.update(resource)

    def change(self, resource: Resource, members: Mapping[str, Any], at: datetime) -> Resource:
        """Change members by merge patch, as the seller may; gives what has them. Unfillable where that were not valid any more."""
        with self.changing(resource, at):
            resource.body = merged(resource.body, members)
        return resource

    def _patch(self, call: Call, operation: Operation) -> Reply:
        resource = self._named(call, "")
        self._refuse_late(operation, resource)
        patch = {name: value for name, value in call.body.items() if name in self.kind.patchable}
        fixed = [name for name in call.body if name in self._members - set(self.kind.patchable)]
        for name in fixed:
            if call.body[name] != resource.body.get(name):
                place, code = f"/{name}", ErrorCode.UNEXPECTED_PROPERTY
                raise self._refusal(operation, place, f"{name} cannot be changed", code)
        if not patch and not fixed:
            raise self._refusal(operation, "", "The request has nothing that can be changed")
        for name in self.kind.said.get("keep", ()):
            if name in patch:
                patch[name] = self.grown(operation, resource, name, patch[name])
        issues = list(self.faults_of_patch(resource, patch))
        if issues:
            raise unprocessable(*issues)
        old = resource.body
        resource.body = merged(old, patch)
        try:
            self.complete(resource.run, resource.body)
        except Unfillable as error:
            raise self._refusal(operation, "", f"With this the resource is not valid: {error}") from error
        self._store.update(resource)
        self.patched(resource, old)
        return Reply(operation.success[0], resource.body)

    def faults_of_patch(self, resource: Resource, patch: Mapping[str, Any]) -> Iterable[Issue]:  # noqa: ARG002 - as above
        """What is wrong with a change of a resource that passed its contract."""
        return ()

    def patched(self, resource: Resource, old: Mapping[str, Any]) -> None:  # noqa: ARG002 - as above
        """The buyer has changed a resource, whose body was `old`: what else comes of that."""
        to = next((arrow.target for arrow in self._arrows(resource) if self._is_by_patch(arrow)), None)
        if to is not None:
            self._desk.move(resource, to, by="buyer")
            self.go_on(resource)

    def grown(self, operation: Operation, resource: Resource, name: str, given: Any) -> Any:
        """A list to which entries are only added: those that are there, then what is new of those given."""
        there = list(resource.body.get(name) or ())
        ids = {entry["id"] for entry in there if isinstance(entry, dict) and "id" in entry}
        new = [entry for entry in given or () if entry not in there]
        for entry in new:
            if isinstance(entry, dict) and entry.get("id") in ids:
                raise self._refusal(operation, f"/{name}", f"The entry {entry['id']!r:.60} of {name} cannot be changed")
        return [*there, *new]

    def _is_by_patch(self, arrow: Transition) -> bool:
        """Whether a change of state is the buyer's, and no act brings it about: then it comes with a patch."""
        return arrow.by == "buyer" and arrow.target not in {act.to for act in self.kind.acts.values()}

    def _refuse_late(self, operation: Operation, resource: Resource) -> None:
        """Nothing is changed of what has ended, or is about to by an act that leads there in two steps."""
        state = resource.body.get(self._member)
        machine = self._machine(resource.body)
        ends = {act.to for act in self.kind.acts.values() if act.then}
        if state in ends or (machine and state in machine.terminal):
            raise self._refusal(
                operation, "", f"The {words_of(self.kind.name)} is {state} and cannot be changed any more"
            )

    def _delete(self, call: Call, operation: Operation) -> Reply:
        resource = self._named(call, "")
        self.plan.give_up(resource)
        self._store.remove(resource.run, resource.kind, resource.id)
        self._hub.removed(resource, self._desk.now())
        return Reply(operation.success[0])

    def _act(self, call: Call, operation: Operation, act: Act) -> Reply:
        """An act of the buyer's: where its lifecycle lets the buyer bring the resource to the state that it leads to."""
        resource = self._named(call, act.target)
        state = resource.body.get(self._member)
        legal = [arrow.target for arrow in self._arrows(resource) if arrow.by == "buyer"]
        if act.to not in legal and (self._machine(resource.body) is not None or state == act.to):
            reason = f"The {words_of(self.kind.name)} is {state}: {act.also or act.verb} is not possible now"
            raise self._refusal(operation, act.target, reason)
        if hindrance := self.hindrance(resource, act):
            raise self._refusal(operation, act.target, hindrance)
        for place, members in act.adds.items():
            words = {name: value_at(call.body, text) if text[:1] == "/" else text for name, text in members.items()}
            put(resource.body, place, {name: text for name, text in words.items() if text is not MISSING})
        self.complete(resource.run, resource.body)
        given = call.body.get("reason") if isinstance(call.body, dict) else None
        self._desk.move(resource, act.to, by="buyer", reason=given if isinstance(given, str) else None)
        self.acted(resource, act)
        status = operation.success[0]
        if not operation.response:
            return Reply(status)
        return Reply(status, call.body if operation.response == operation.request else resource.body)

    def hindrance(self, resource: Resource, act: Act) -> str:  # noqa: ARG002 - as above
        """What stands in the way of an act that the lifecycle has; empty where nothing does."""
        return ""

    def acted(self, resource: Resource, act: Act) -> None:
        """The buyer's act has moved a resource: what else comes of that."""
        self.go_on(resource, act.then)

    def _named(self, call: Call, target: str) -> Resource:
        """The resource that a request is about: by its path, or by the member that the pointer names."""
        identifier = str(value_at(call.body, target)) if target else call.path.get("id", "")
        found = self._store.get(call.run, self.kind.name, identifier)
        if found is not None:
            return found
        label = words_of(self.kind.name)
        if target:
            raise unprocessable(Issue(target, ErrorCode.REFERENCE_NOT_FOUND, f"There is no {label} with this id"))
        raise not_found(label, identifier)

    def _refusal(
        self, operation: Operation, place: str, reason: str, code: ErrorCode = ErrorCode.OTHER_ISSUE
    ) -> ApiError:
        """A refusal with the status that the contract has for it."""
        statuses = self._contract.operation(operation.id).responses
        if 422 in statuses:  # noqa: PLR2004
            return unprocessable(Issue(place, code, reason))
        return conflict(reason) if 409 in statuses else bad_request("invalidBody", reason)  # noqa: PLR2004

    # -- going on ----------------------------------------------------------------------------------

    def move(self, resource: Resource, to: str, at: datetime) -> None:
        """Bring a resource to a state, as the seller may."""
        with self.changing(resource, at):
            self.advance(resource, to, at)

    def advance(self, resource: Resource, to: str, at: datetime) -> None:
        """Make one step of the seller's, with all that belongs to it."""
        advance(self._desk, resource, to, at)

    def go_on(self, resource: Resource, then: str = "") -> None:
        """The buyer has brought a resource to another state: go on from there."""
        if not self.plan.came(resource):
            self.plan.begin(resource, [self.step(then)] if then else self.usual(resource))

    def usual(self, resource: Resource) -> Sequence[PathStep]:
        """The way on that our seller chooses: its own transitions, the first of the file that others do not bring about,
        as far as they go without a state twice. What the buyer may bring about as well is left to it.
        """
        machine = self._machine(resource.body)
        steps = list[PathStep]()
        state = resource.body.get(self._member)
        seen = {state}
        while machine is not None:
            theirs = {arrow.target for arrow in machine.transitions if (arrow.source, arrow.by) == (state, "buyer")}
            ours = {
                arrow.target: None for arrow in machine.transitions if (arrow.source, arrow.by) == (state, "seller")
            }
            own = [each for each in ours if each not in seen | theirs]
            state = next((each for each in own if each not in self.kind.moved), own[0] if own else None)
            if state is None:
                break
            seen.add(state)
            steps.append(self.step(state))
        return steps

    def step(self, to: str) -> PathStep:
        """A step of the seller's own, after its usual time."""
        return PathStep(to, self._context.profile.intervals.of(times_of(self.kind.name)).step)

    def _machine(self, body: Mapping[str, Any]) -> Lifecycle | None:
        cycle = self.kind.cycle
        return self._desk.lifecycles.get(cycle.of(body) or "") if cycle else None

    def _arrows(self, resource: Resource) -> list[Transition]:
        machine, state = self._machine(resource.body), resource.body.get(self._member)
        return [arrow for arrow in machine.transitions if arrow.source == state] if machine else []

    def _open_to(self, resource: Resource, to: str) -> bool:
        return self._desk.allows(resource.body.get(self._member), to, self._desk.cycle_of(resource))

    def _is_buyers(self, resource: Resource, to: str) -> bool:
        """Whether only the buyer brings a resource to a state from where it is."""
        by = {arrow.by for arrow in self._arrows(resource) if arrow.target == to}
        return by == {"buyer"}
