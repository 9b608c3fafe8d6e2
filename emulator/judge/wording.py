"""What `oit explain` says of findings and codes that no guide numbers, in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emulator.record.call import ErrorCode
from emulator.record.exchange import FaultKind
from emulator.standard.breach import Check

CHECKS: Final[dict[Check, str]] = {
    Check.UNREADABLE: "The body is JSON in UTF-8, of a sane depth. Where it is not, nothing in it can be judged.",
    Check.DUPLICATE: "No object gives a member twice: readers differ in which of the two they take.",
    Check.OPERATION: "The method and path of the request are those of an operation of the contract.",
    Check.QUERY: "The query has the parameters that the operation needs, with values of the right type.",
    Check.STATUS: "The status is one that the contract lists for the operation (any 4xx or 5xx may be used).",
    Check.HEADER: "The media type and the headers that the contract declares are there and well formed.",
    Check.CODING: "The body is packed as its Content-Encoding says, and in a way that its receiver reads. Many may be used, and nobody has to read all.",
    Check.SCHEMA: "The body fits the schema of its operation, including the sub-type that each @type names.",
    Check.PRODUCT: "A productConfiguration fits the product schema whose URN its @type names.",
    Check.READ_ONLY: "A request carries no attribute that the contract marks readOnly.",
    Check.UNKNOWN_MEMBER: "Every member is one that a schema names. Others are often a slip of the pen; they are allowed where no clause of the guide forbids them.",
    Check.URN_ALIAS: "The URN of a product is spelt as the standard spells it, not in a wrong spelling that is known.",
    Check.UNCHECKED: "Every @type is one that a schema of ours describes. Others are legal, and what they hold is not judged.",
}
"""What each check of the contract looks at; findings of it are named `contract.<check>`."""

FAULTS: Final[dict[str, str]] = {
    FaultKind.UNREACHABLE: "No connection could be made: nothing can be said about the partner.",
    FaultKind.CLOSED: "The connection ended before a whole response came.",
    FaultKind.TIMEOUT: "No whole response came within the time allowed (--timeout).",
    FaultKind.PROTOCOL: "What came back is not HTTP, or not the HTTP that it says it is.",
    FaultKind.UNANSWERED: "The record holds no response to this request: nobody waited for one, or it was left out.",
}
"""What took the place of a response; findings of it are named `transport.<kind>`."""

FLOW: Final[dict[str, str]] = {
    "refused": "A request that our party refused for a reason that no rule tells. A right one would have been taken.",
    "not-served": "A request that was refused for what lies with who refused it: its data, its behaviour, its load, or "
    "credentials. It is told, and nobody's fault; no requirement passes by it.",
    "repeated": "A Buyer under test does not send a POST again that had succeeded. An order would buy twice; what "
    "else is sent again harms nobody and is a warning.",
    "ended-subscription": "A Buyer under test that ended a subscription does not go on asking for it. Once is a check.",
    "unknown-id": "A Buyer under test reads what our Seller told it of, and no other ids.",
}
"""What is noticed of how things went, besides rules and steps; findings of it are named `flow.<kind>`."""


SCENARIO: Final[dict[str, str]] = {
    "agreed": "What a scenario expects and marks as agreed on comes about: both partners promised it. What is not the "
    "partner's doing, such as credentials, a base path or load, is not held against it.",
}
"""What is held against a party beyond the standard; findings of it are named `scenario.<kind>`."""


@dataclass(frozen=True, slots=True)
class CodeWords:
    """A `code` of an error body: the status it goes with, when it is right, and what to look for."""

    status: int
    says: str
    ask: str


CODES: Final[dict[str, CodeWords]] = {
    ErrorCode.MISSING_PROPERTY: CodeWords(
        422,
        "An attribute that the request needs here is not there; propertyPath says where it should stand.",
        "Is the attribute left out, null, or one level too high or too low?",
    ),
    ErrorCode.INVALID_VALUE: CodeWords(
        422,
        "The attribute is there and of the right type, and its value is not one that is allowed here.",
        "Is the value a word of the list, in the same case, and does it fit the other attributes?",
    ),
    ErrorCode.INVALID_FORMAT: CodeWords(
        422,
        "The attribute is there, and its value is not of the right type or form (a date, a number, a URI).",
        "Is a number or a boolean sent as text, or a date-time without its offset?",
    ),
    ErrorCode.REFERENCE_NOT_FOUND: CodeWords(
        422,
        "The request names something by id (an offering, a product, a place, a quote) that the Seller does not have.",
        "Is the id one that this Seller gave out, in this environment, and is it still valid?",
    ),
    ErrorCode.UNEXPECTED_PROPERTY: CodeWords(
        422,
        "An attribute is there that must not be in this request, or not together with another.",
        "Does the request repeat attributes of an answer, which only the Seller sets?",
    ),
    ErrorCode.TOO_MANY_RECORDS: CodeWords(
        422,
        "The query matches more than the Seller is willing to list.",
        "Can the query be made narrower, with more of the filters that the operation offers?",
    ),
    ErrorCode.OTHER_ISSUE: CodeWords(
        422,
        "Something is wrong that no other code describes; reason and message say what.",
        "What do reason and message say, and would another code not have said it better?",
    ),
    "missingQueryParameter": CodeWords(
        400, "A query parameter that is needed is not in the URL.", "Which parameters does the operation require?"
    ),
    "missingQueryValue": CodeWords(
        400, "A query parameter is in the URL without a value.", "Is an empty variable put into the URL?"
    ),
    "invalidQuery": CodeWords(
        400, "The query cannot be understood.", "Are names and values of the parameters those of the contract?"
    ),
    "invalidBody": CodeWords(
        400, "The body cannot be read as the operation needs it.", "Is it JSON, in UTF-8, and an object?"
    ),
    "missingCredentials": CodeWords(401, "The request shows no credentials.", "Is the Authorization header sent?"),
    "invalidCredentials": CodeWords(401, "The credentials are not accepted.", "Has the token expired?"),
    "accessDenied": CodeWords(403, "The sender is known and may not do this.", "Are its rights set up?"),
    "forbiddenRequester": CodeWords(
        403, "The sender may not act for whom it says it does.", "Are buyerId and sellerId those of this relation?"
    ),
    "tooManyUsers": CodeWords(403, "Too many users are at work.", "Can it be tried again later?"),
    "notFound": CodeWords(
        404, "There is no such resource, or no such path.", "Is the id one of this Seller, and the version in the path right?"
    ),
    "timeOut": CodeWords(408, "The request took too long.", "Does the whole body arrive at once?"),
    "conflict": CodeWords(
        409, "The request collides with the present state of the resource.", "In which state is the resource now?"
    ),
    "internalError": CodeWords(500, "The server failed.", "What does the log of the server say at that time?"),
    "notImplemented": CodeWords(
        501, "The operation is optional, and is not offered.", "Did the partners agree that it is used?"
    ),
}  # fmt: skip
"""The codes of all error bodies of the contracts."""
