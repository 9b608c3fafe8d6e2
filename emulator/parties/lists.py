"""Reads of resources: lists with their filters and pages, and one by its id; what a contract says of them is asked of its facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Final

from emulator.parties.apis import Context, Course, Handler
from emulator.parties.store import COUNTED
from emulator.record.call import ApiError, Call, ErrorCode, Issue, Reply, bad_request, not_found, unprocessable
from emulator.record.payload import at as value_at
from emulator.record.payload import every
from emulator.standard.contract import Contract
from emulator.standard.instant import read_instant
from emulator.standard.kinds.facts import Filter, Kind
from emulator.standard.kinds.shapes import Shapes

Shown = Callable[[dict[str, Any]], dict[str, Any]]
"""What a list shows of a resource in place of the members that its schema has."""
Passing = Callable[[str, Any, Sequence[str]], bool]
"""Whether a body has what a run asks a filter for, once or several times."""


def moment_of(text: Any) -> datetime | None:
    """A date-time or date of RFC 3339, or None where it is neither. Never raises."""
    found = read_instant(text)
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def passes(rule: Filter, body: Any, wanted: Any) -> bool:
    """Whether a body has what a filter is asked for: all of a list."""
    if isinstance(wanted, list):
        return all(passes(rule, body, each) for each in wanted)
    return any(_one(rule, found, wanted) for pattern in rule.to for found in _found(rule, body, pattern))


def _found(rule: Filter, body: Any, pattern: str) -> list[Any]:
    holder = pattern.rpartition("/")[0]
    return [
        found
        for place, found in every(body, pattern)
        if not rule.where or value_at(body, f"{_above(place, holder)}/@type") == rule.where
    ]


def _above(place: str, holder: str) -> str:
    """The place of the object that the member of a filter is in, which has as many parts as its pattern."""
    return "/".join(place.split("/")[: len(holder.split("/"))])


def _one(rule: Filter, found: Any, wanted: Any) -> bool:
    if not isinstance(wanted, str):
        return _has(found, wanted)
    if rule.op in ("eq", "matches"):
        if isinstance(found, bool):
            return wanted.lower() == str(found).lower()
        return isinstance(found, str | int | float) and str(found) == wanted
    mine, theirs = moment_of(found), moment_of(wanted)
    if mine is None or theirs is None:
        return False
    return mine > theirs if rule.op.endswith("gt") else mine < theirs


def _has(found: Any, wanted: Any) -> bool:
    """Whether a value is one that is asked for, an object member by member, and a list entry by entry."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_has(found.get(name), each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and all(any(_has(one, each) for one in found) for each in wanted)
    return bool(found == wanted) and isinstance(found, bool) is isinstance(wanted, bool)


_MARKS: Final = {"/externalId": "external", "/projectId": "project", "/state": "state", "/status": "state"}
"""What a store finds resources by, by pointer."""
_FAR: Final = 2**62
"""No list is longer, and no database counts further."""
_SUCCESS: Final = 200
_DIGITS: Final = 20
"""Longer numbers are further than any list goes."""


def _natural(call: Call, name: str) -> int | None:
    text = call.param(name)
    if text is None:
        return None
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise bad_request("invalidQuery", f"{name} must be a whole number, 0 or greater", f"{name}={text:.100}")
    return int(digits) if len(digits) < _DIGITS else _FAR


def _asked(context: Context, call: Call) -> tuple[int, int]:
    """Where the page that is asked for begins, and how many it may have."""
    paging = context.profile.paging
    offset = _natural(call, "offset") or 0
    limit = _natural(call, "limit")
    return offset, min(paging.default_limit if limit is None else limit, paging.max_limit)


def _shown(call: Call, size: int, total: int, found: list[Any]) -> Reply:
    """The first `size` of what was found, which is one more where the list goes on; counted up to `COUNTED`."""
    limit = _natural(call, "limit")
    counted = total <= COUNTED
    throttled = len(found) > size and (not counted or limit is None or limit > size)
    shown = found[:size]
    headers = {"X-Result-Count": str(len(shown)), "X-Pagination-Throttled": "true" if throttled else "false"}
    return Reply(200, shown, {"X-Total-Count": str(total), **headers} if counted else headers)


def page_of(context: Context, call: Call, found: list[Any]) -> Reply:
    """The page that is asked for of all that was found."""
    offset, size = _asked(context, call)
    return _shown(call, size, len(found), found[offset : offset + size + 1])


class _List:
    """What the contract says of a list: its filters, and the members that it shows of a resource."""

    def __init__(self, context: Context, api: str, operation: str) -> None:
        facts = context.release.kinds.apis[api]
        self._context, self._api = context, api
        self._operation = facts.operations[operation]
        self.kind: Kind = facts.kinds[self._operation.kind]
        self.filters: Mapping[str, Filter] = self._operation.filters

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The members that an entry of the list can have, and those that it must have though nothing describes them."""
        contract = self._context.release.contract(self._api)
        schema = self._operation.listed or self._operation.response.strip("[]")
        return tuple(dict.fromkeys((*members_of(contract, schema), *sorted(demands_of(contract, schema)))))

    @cached_property
    def is_array(self) -> bool:
        """Whether the contract, errata included, has the list be one."""
        contract = self._context.release.contract(self._api)
        return self._operation.response.startswith("[") or contract.takes(self._operation.id, _SUCCESS, b"[]")

    def mark(self, rule: Filter) -> str | None:
        """The mark by which a store finds what has the value of a filter."""
        return _MARKS.get(rule.to[0]) if rule.op == "eq" and len(rule.to) == 1 and not rule.where else None


def list_handler(
    context: Context,
    api: str,
    operation: str,
    too_many: int | None = None,
    shown: Shown = lambda body: body,
    passing: Mapping[str, Passing] = MappingProxyType({}),
) -> Handler:
    """Lists a run's resources of a kind in order of creation; filters are AND-ed, parameters not in them ignored.

    More than `too_many` are refused, unless the buyer asks for a page of them by `limit`. `passing` says of a filter what
    passes it, where that is not what its facts say.
    """
    facts = _List(context, api, operation)
    kind = facts.kind

    def handle(call: Call) -> Reply:
        plain = {name: rule for name, rule in facts.filters.items() if name not in passing}
        asked = [(rule, wanted) for name, rule in plain.items() if (wanted := _given(call, name)) is not None]
        others_asked = [(passes_it, call.query[name]) for name, passes_it in passing.items() if call.query.get(name)]
        for rule, wanted in asked:
            if rule.op not in ("eq", "matches") and moment_of(wanted) is None:
                raise bad_request("invalidQuery", f"{rule.name} must be a date-time", f"{rule.name}={wanted:.100}")
        marks = {mark: wanted for rule, wanted in asked if (mark := facts.mark(rule))}
        others = [(rule, wanted) for rule, wanted in asked if not facts.mark(rule)]
        offset, size = _asked(context, call)
        if not others and not others_asked:
            count = COUNTED if too_many is None else max(COUNTED, too_many)
            total, part = context.store.part(call.run, kind.name, min(offset, _FAR), size + 1, marks, count)
            found = [resource.body for resource in part]
        else:
            fitting = [
                resource.body
                for resource in context.store.all(call.run, kind.name, marks)
                if all(passes(rule, resource.body, wanted) for rule, wanted in others)
                and all(passes_it(call.run, resource.body, wanted) for passes_it, wanted in others_asked)
            ]
            total, found = len(fitting), fitting[offset : offset + size + 1]
        if too_many is not None and total > too_many and call.param("limit") is None:
            reason = f"More than {too_many} entries match; ask for fewer, or for a page by limit"
            raise unprocessable(Issue("", ErrorCode.TOO_MANY_RECORDS, reason))
        reply = _shown(call, size, total, [shown(summary(call, body)) for body in found])
        if facts.is_array or not reply.body:
            return reply
        return replace(reply, body=reply.body[0])  # a contract that answers a list with one entry is taken by its word

    def summary(call: Call, body: dict[str, Any]) -> dict[str, Any]:
        entry = {name: body[name] for name in facts.members if name in body}
        if "href" in facts.members and "href" not in entry and "id" in body:
            entry["href"] = href(call, kind.path, body["id"])
        return entry

    return handle


def _given(call: Call, name: str) -> Any:
    """What a filter is asked for: in the query or, where the request has one, in the body; objects and lists as they are."""
    if call.body is None:
        return call.param(name)
    found = call.body.get(name) if isinstance(call.body, dict) else None
    return found if found is None or isinstance(found, dict | list) else str(found)


def retrieve_handler(context: Context, kind: Kind, course: Course, *, in_array: bool = False) -> Handler:
    """Shows one resource, in an array where its contract has one. Where the contract has an href, it leads to here."""
    label, contract = words_of(kind.name), context.release.contract(kind.api)
    has_href = "href" in members_of(contract, kind.schema)

    def handle(call: Call) -> Reply:
        identifier = call.path.get("id", "")
        resource = context.store.get(call.run, kind.name, identifier)
        if resource is None:
            raise _as_contract_has(contract, call.operation, not_found(label, identifier))
        body, written = resource.body, resource.written
        if has_href and body.get("href") != (here := href(call, kind.path, identifier)):
            body["href"], written = here, None
        course.seen(resource)
        return Reply(200, [body]) if in_array else Reply(200, body, written=written)

    return handle


def _as_contract_has(contract: Contract, operation: str, error: ApiError) -> ApiError:
    """An error without the code that the contract's own has not: some operations answer with the bare `Error`."""
    if not isinstance(error.body, dict) or "code" in _members_of_error(contract, operation, error.status):
        return error
    return ApiError(error.status, {name: value for name, value in error.body.items() if name != "code"})


@cache
def _members_of_error(contract: Contract, operation: str, status: int) -> frozenset[str]:
    """The members of an error; code, as in all others, where the contract has none of this status."""
    found = contract.operation(operation)
    told = contract.document["paths"][found.path][found.method.lower()]["responses"].get(str(status), {})
    schemas = [each["schema"] for each in told.get("content", {}).values() if "schema" in each]
    return frozenset(Shapes(contract.document).members(schemas[0])) if schemas else frozenset({"code"})


@cache
def members_of(contract: Contract, schema: str) -> tuple[str, ...]:
    """The members that an object of a schema of a contract can have."""
    return tuple(Shapes(contract.document).members({"$ref": f"#/components/schemas/{schema}"}))


@cache
def demands_of(contract: Contract, schema: str) -> frozenset[str]:
    """The members that an object of a schema of a contract must have, whatever its sub-type."""
    return Shapes(contract.document).required({"$ref": f"#/components/schemas/{schema}"})


def words_of(name: str) -> str:
    """`productOrder` -> `product order`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def href(call: Call, path: str, identifier: str) -> str:
    """Where a resource of this contract is."""
    return f"{call.base_url.rstrip('/')}/{path.strip('/')}/{identifier}"
