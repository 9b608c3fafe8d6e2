"""Faults as a hand arms them: in the words of a scenario's `fault`, until they have happened so often."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from emulator.doors.troubles import AUTHORIZATION_API, Lasting
from emulator.errors import UserError, hint
from emulator.record.payload import MISSING
from emulator.record.secured import DUTIES
from emulator.scenario.cases import news_trouble, token_trouble, trouble_of
from emulator.scenario.schema import schema_with
from emulator.standard.release import Release

if TYPE_CHECKING:
    from jsonschema import Draft7Validator

NEWS: Final = "notifications"
"""What stands in place of an operation where notifications are meant."""
TOKENS: Final = "tokens"
"""The same of access tokens that our seller issues."""
ALWAYS: Final = "always"
_OF_NEWS: Final = frozenset({"drop", "duplicate", "wrongBuyer", "reorder", "delay", "token"})
_COUNTED: Final = ("drop", "duplicate", "wrongBuyer")
_MOST: Final = 10_000
"""Notifications that one fault meets at most."""
_WAYS: Final = ("respond", "reset", "lost", "truncate")


def lasting_of(asked: Mapping[str, Any], release: Release) -> Lasting:
    """A fault to arm: `{"operation": "quote.createQuote" | "notifications", …}`, else as in a scenario.

    `drop`, `duplicate` and `wrongBuyer` may also be true: the next one, or the next `times`. ValueError says what is
    wrong.
    """
    operation = asked.get("operation")
    if not isinstance(operation, str):
        named = "an API and operationId, as quote.createQuote, or authorization.token, notifications, tokens"
        raise ValueError(f"'operation' is missing: {named}")  # noqa: TRY004 - as for every other thing that is wrong with it
    fault = {name: value for name, value in asked.items() if name != "operation" and value is not None}
    if fault.keys() <= {"times", "first"}:
        raise ValueError(
            "what is to go wrong? respond, delay, reset, lost, truncate, drip, contentType, drop, duplicate, token, lifetime, rotate"
        )
    times = fault.get("times", 1)
    if times != ALWAYS and (not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= _MOST):
        raise ValueError(f"'times' is a number from 1 to {_MOST}, or always")
    left = None if times == ALWAYS else times
    what = ", ".join(_words(name, value) for name, value in fault.items() if name != "times")
    if operation == TOKENS:
        return _of_tokens(fault, left, what)
    return _of_news(fault, left, what) if operation == NEWS else _of_operation(operation, fault, left, what, release)


def _of_operation(operation: str, fault: dict[str, Any], left: int | None, what: str, release: Release) -> Lasting:
    api, _, name = operation.partition(".")
    known = DUTIES if api == AUTHORIZATION_API else _operations(api, release)
    if name not in known:
        raise ValueError(f"{api} has no operation {name!r:.60}; {hint(name, known)}")
    _check({**fault, "operation": operation})
    ways = [way for way in _WAYS if way in fault]
    if len(ways) > 1:
        raise ValueError(f"{ways[0]!r} and {ways[1]!r} exclude each other")
    if "body" in fault and "respond" not in fault:
        raise ValueError("'body' belongs to 'respond'")
    trouble = trouble_of(api, name, fault, fault.get("body", MISSING))
    return Lasting(operation, what, left, trouble=trouble)


def _operations(api: str, release: Release) -> Collection[str]:
    try:
        return release.contract(api, "management").operations
    except UserError as error:
        apis = sorted({contract.api for contract in release.contracts()})
        raise ValueError(f"there is no API {api!r:.60}; known: {', '.join(apis)}") from error


def _of_tokens(fault: dict[str, Any], left: int | None, what: str) -> Lasting:
    """Tokens that live shortly: all, until it is lifted, or so many; tokens that are good no more: once."""
    wanted = {name: value for name, value in fault.items() if name != "times"}
    _check({TOKENS: wanted})
    trouble = token_trouble(wanted)
    return Lasting(TOKENS, what, 1 if trouble.rotate and trouble.lifetime is None else left, tokens=trouble)


def _of_news(fault: dict[str, Any], left: int | None, what: str) -> Lasting:
    wanted = {name: value for name, value in fault.items() if name != "times"}
    if strange := sorted(wanted.keys() - _OF_NEWS):
        raise ValueError(f"{strange[0]!r} is no fault of notifications; known: {', '.join(sorted(_OF_NEWS))}")
    for name in _COUNTED:
        if wanted.get(name) is True:
            wanted[name] = list(range(1, (left or _MOST) + 1))
    _check({NEWS: wanted})
    listed = [number for name in _COUNTED for number in wanted.get(name, ())]
    if "times" not in fault and listed:
        left = max(listed)
    return Lasting(NEWS, what, min(left or _MOST, _MOST), news=news_trouble(wanted))


def _check(fault: dict[str, Any]) -> None:
    error = next(iter(_validator().iter_errors(fault)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path)
        raise ValueError(f"{where + ': ' if where else ''}{error.message:.200}")


@cache
def _validator() -> Draft7Validator:
    from jsonschema import Draft7Validator  # noqa: PLC0415 - 0.1 s that only who arms a fault pays

    return Draft7Validator({"$ref": "#/definitions/fault", "definitions": schema_with()["definitions"]})


def _words(name: str, value: Any) -> str:
    if value is True:
        return name
    if isinstance(value, dict):
        return f"{name} " + " ".join(f"{key} {part}" for key, part in value.items())
    return f"{name} {value}"
