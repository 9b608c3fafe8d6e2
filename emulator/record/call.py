"""What a party is asked and what it answers, once the wire has been taken off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

MOST_ISSUES: Final = 100
"""Entries of one 422 that say what is wrong."""


class ErrorCode(StrEnum):
    """`Error422.code`, and the `code` of a `TerminationError` (MEF 87, 115, 123)."""

    MISSING_PROPERTY = "missingProperty"
    INVALID_VALUE = "invalidValue"
    INVALID_FORMAT = "invalidFormat"
    REFERENCE_NOT_FOUND = "referenceNotFound"
    UNEXPECTED_PROPERTY = "unexpectedProperty"
    TOO_MANY_RECORDS = "tooManyRecords"
    OTHER_ISSUE = "otherIssue"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed its contract: `body` is JSON (None where the operation has none).

    `query` keeps every value of a parameter in order. `run` is the run-scoped base path's id or "".
    `base_url` is what hrefs of this contract start with (scheme, host, run prefix and base path). `caller` is who asks, where
    the door has them say so. `release` is that of the contract, "" where a party serves but one.
    """

    api: str
    kind: str
    operation: str
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    run: str
    base_url: str
    caller: str | None = None
    release: str = ""

    def param(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a party answers; `body` None means no body. `written` is the body as bytes, where it was written before."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    written: bytes | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One entry of a 422 answer; `place` is a JSON Pointer into the request body."""

    place: str
    code: ErrorCode
    reason: str
    message: str = ""
    reference: str | None = None

    def as_json(self) -> dict[str, str]:
        """The `Error422` body (facts: `reason` is at most 255 characters long)."""
        body = {"code": str(self.code), "propertyPath": self.place, "reason": self.reason[:255]}
        if self.message:
            body["message"] = self.message
        if self.reference:
            body["referenceError"] = self.reference
        return body


class ApiError(Exception):
    """Raised anywhere below a handler; becomes the standard's error body in `doors.answering`, once."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class Unavailable(Exception):  # noqa: N818 - it is what it says
    """The party cannot do this at the moment; nothing of it is kept. It becomes a 503. `said`: the log has the reason."""

    said = False


def _plain(status: int, code: str, reason: str, message: str) -> ApiError:
    body = {"code": code, "reason": reason[:255]}
    if message:
        body["message"] = message
    return ApiError(status, body)


def bad_request(code: str, reason: str, message: str = "") -> ApiError:
    """400 `Error400`; `code` is missingQueryParameter, missingQueryValue, invalidQuery or invalidBody."""
    return _plain(400, code, reason, message)


def not_found(what: str, identifier: str) -> ApiError:
    """404 `Error404`."""
    return _plain(404, "notFound", f"There is no {what} with this id", f"id: {identifier}"[:2000])


def no_such_path(path: str) -> ApiError:
    """404 `Error404` for a path that no contract has."""
    return _plain(404, "notFound", "No API here has this path", path[:2000])


def conflict(reason: str, message: str = "") -> ApiError:
    """409 `Error409`."""
    return _plain(409, "conflict", reason, message)


def not_implemented(reason: str) -> ApiError:
    """501 `Error501`."""
    return _plain(501, "notImplemented", reason, "")


def internal_error(reason: str) -> ApiError:
    """500 `Error500`."""
    return _plain(500, "internalError", reason, "")


def unprocessable(*issues: Issue) -> ApiError:
    """422, a list of `Error422`: the first `MOST_ISSUES`, and one that says how many more there are."""
    told = [issue.as_json() for issue in issues[:MOST_ISSUES]]
    if left := issues[MOST_ISSUES:]:
        reason = f"from here on there are {len(left)} more; the first {MOST_ISSUES} are listed"
        told.append(replace(left[0], reason=reason).as_json())
    return ApiError(422, told)


def outside_standard(status: int, reason: str, message: str = "", headers: Mapping[str, str] | None = None) -> ApiError:
    """A status that the standard does not list (405, 413, 415 …), in the `Error` shape."""
    body = {"reason": reason[:255]}
    if message:
        body["message"] = message
    return ApiError(status, body, headers)
