"""What every API of a release is served with: what no module does in its own way, by the contract and the kinds of its resources."""

from __future__ import annotations

from dataclasses import replace

from emulator.parties.apis import Api, Context, Course, Handler
from emulator.parties.clock import rfc3339
from emulator.parties.filling import Filler, Unfillable
from emulator.parties.hub import Hub
from emulator.parties.keeper import Keeper
from emulator.parties.lists import list_handler, retrieve_handler
from emulator.record.call import Call, Reply, not_implemented
from emulator.record.payload import copied
from emulator.standard.kinds.facts import Operation


def served(context: Context, hub: Hub, api: Api, keepers: dict[str, Keeper]) -> Api:
    """An API with all of its operations that can be served. `api` is what its module serves, if it has one, `keepers` keep
    the resources of the kinds that none does.
    """
    facts = context.release.kinds.apis[api.name]
    mine = [keeper for keeper in keepers.values() if keeper.kind.api == api.name]
    courses = {**{keeper.kind.name: keeper.course for keeper in mine}, **api.courses}
    actions = {name: action for keeper in mine for name, action in keeper.actions.items()}

    def handler(operation: Operation) -> Handler | None:
        if operation.kind == "hub":
            return hub.handlers(api.name).get(operation.view)
        if operation.view == "ask":
            return answer_at_once(context, api.name, operation) if operation.response else None
        if operation.view == "list":
            return list_handler(context, api.name, operation.id)
        if operation.view == "query":
            return query_handler(context, api.name, operation)
        if operation.view == "retrieve":
            in_array = operation.response.startswith("[")
            kind = facts.kinds[operation.kind]
            return retrieve_handler(context, kind, courses.get(kind.name, Course()), in_array=in_array)
        keeper = keepers.get(operation.kind)
        return keeper.handler(operation) if keeper is not None else None

    others = {name: handler(one) for name, one in facts.operations.items() if name not in api.operations}
    operations = {**api.operations, **{name: each for name, each in others.items() if each is not None}}
    return replace(api, operations=operations, actions={**actions, **api.actions}, courses=courses)


def answer_at_once(context: Context, api: str, operation: Operation) -> Handler:
    """Answers what is asked at once and kept nowhere: what was sent comes back, with what the contract demands."""
    contract = context.release.contract(api)

    def handle(call: Call) -> Reply:
        filler = Filler(contract, rfc3339(context.desk.now()), lambda: context.new_id(operation.kind))
        whole = not operation.response.startswith("[")
        given = {name: call.body[name] for name in operation.echoed if name in (call.body or {})}
        try:
            body = filler.fill(operation.response, copied(given) if whole else [])
        except Unfillable as error:
            raise not_implemented(f"This seller cannot make a valid answer to {operation.id}: {error}") from error
        return Reply(operation.success[0], body)

    return handle


def query_handler(context: Context, api: str, operation: Operation) -> Handler:
    """Lists what a body asks for, in a schema of the answer's own: with what that demands and the resources have not, and in
    its own form what they have in another one.
    """
    filler = Filler(context.release.contract(api), rfc3339(context.desk.now()), lambda: context.new_id(operation.kind))
    find = list_handler(context, api, operation.id)

    def handle(call: Call) -> Reply:
        found = find(call)
        while True:
            try:
                body = filler.fill(operation.response, copied(found.body))
            except Unfillable as error:
                index, _, member = error.place.removeprefix("/").partition("/")
                entry = found.body[int(index)] if index.isdecimal() and int(index) < len(found.body) else {}
                if entry.pop(member.partition("/")[0], None) is None:
                    raise not_implemented(
                        f"This seller cannot make a valid answer to {operation.id}: {error}"
                    ) from error
            else:
                return replace(found, status=operation.success[0], body=body)

    return handle
