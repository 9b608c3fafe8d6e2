"""What a request that breaks its contract is answered with: the standard's own error, or one of HTTP's where it has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from emulator.record import coding
from emulator.record.call import ApiError, Issue, bad_request, outside_standard, unprocessable
from emulator.record.exchange import Request, Unread, UnreadKind
from emulator.record.payload import TOO_DEEP
from emulator.standard.breach import Breach, Check
from emulator.standard.contract import MEDIA_TYPE, Contract

_SHOWN: Final = 20
"""Issues in one 422; nobody mends more at a time."""


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """What the standard leaves open: the status for a body that breaks its schema (400 or 422), members that no schema
    knows (tolerate or refuse).
    """

    schema: int = 422
    unknown_members: str = "tolerate"


def breaches_of(policy: ErrorPolicy, contract: Contract, operation_id: str, request: Request) -> list[Breach]:
    """How a request breaks its contract, as far as the policy minds."""
    refuse_unknown = policy.unknown_members == "refuse"
    breaches = contract.request_breaches(operation_id, request, advisory=refuse_unknown)
    return [b for b in breaches if not b.advisory or (refuse_unknown and b.check is Check.UNKNOWN_MEMBER)]


def refusal_of(policy: ErrorPolicy, contract: Contract, operation_id: str, request: Request) -> ApiError | None:
    """The standard's error for a request that breaks its contract; None for one that does not. As `_refuse` has it."""
    try:
        _refuse(policy, contract, operation_id, request)
    except ApiError as error:
        # Its traceback would hold the body until somebody looks for circles.
        return error.with_traceback(None)
    return None


def _refuse(policy: ErrorPolicy, contract: Contract, operation_id: str, request: Request) -> None:
    """Raise the standard's error for a request that breaks its contract.

    400 `Error400` for what cannot be read, 422 `Error422` for what can be read and is wrong; where an
    operation has no 422 (PATCH of an order, hub), 400 `invalidBody` is all that the standard offers.
    """
    if contract.operation(operation_id).request is not None:
        _refuse_unkept(request)
    wrong = breaches_of(policy, contract, operation_id, request)
    for breach in wrong:
        if breach.check is Check.QUERY:
            missing = breach.code == "missingProperty"
            raise bad_request("missingQueryParameter" if missing else "invalidQuery", breach.message, breach.place)
        if breach.check is Check.HEADER and request.raw.strip():  # no body needs no label
            raise outside_standard(415, f"The body must be {MEDIA_TYPE}", breach.message)
        if breach.check is Check.UNREADABLE:
            raise bad_request("invalidBody", "The body cannot be read", breach.message)
    if not wrong:
        return
    whole = [b for b in wrong if b.place == ""]
    if whole:
        raise bad_request("invalidBody", "The body must be a JSON object", whole[0].message)
    if policy.schema == 422 and 422 in contract.operation(operation_id).responses:  # noqa: PLR2004
        raise unprocessable(*(_issue(b) for b in _shown(wrong)))
    told = "; ".join(f"{b.place}: {b.message}" for b in _shown(wrong))
    raise bad_request("invalidBody", f"{wrong[0].place}: {wrong[0].message}", told)


def _refuse_unkept(request: Request) -> None:
    """Raise the standard's error for a body that cannot be kept as it was meant: not held, a member twice, too long a number."""
    if (unknown := request.unknown) is not None and request.parsed.problem != TOO_DEEP:
        raise _refusal(unknown)
    if request.parsed.duplicates:
        others = request.parsed.duplicated - _SHOWN
        twice = (
            "Twice: " + ", ".join(request.parsed.duplicates[:_SHOWN]) + (f" and {others} more" if others > 0 else "")
        )
        raise bad_request("invalidBody", "An object of the body gives a member twice", twice)
    if request.parsed.rounded:
        reason = "An integer of the body has more than 64 bits and cannot be kept as it is"
        raise bad_request("invalidBody", reason, f"It is {request.parsed.rounded:.60}")


def _refusal(unread: Unread) -> ApiError:
    """What is answered to a body that is not known: the standard has no words for most of these."""
    if unread.kind is UnreadKind.CODING:
        return outside_standard(415, unread.why, "", {"Accept-Encoding": coding.ACCEPTED})
    if unread.kind is UnreadKind.TOO_LARGE:
        return outside_standard(413, unread.why)
    return bad_request("invalidBody", "The body cannot be read", unread.why)


def _shown(wrong: list[Breach]) -> list[Breach]:
    """The first breaches, and one that says how many more there are."""
    if len(wrong) <= _SHOWN:
        return wrong
    rest = wrong[_SHOWN:]
    count = sum(breach.more or 1 for breach in rest)
    least = "at least " if any(breach.more for breach in rest) else ""
    message = f"from here on there are {least}{count} more; the first {_SHOWN} are listed"
    return [*wrong[:_SHOWN], replace(rest[0], message=message)]


def _issue(breach: Breach) -> Issue:
    return Issue(breach.place, breach.code, breach.message or f"{breach.expected} was expected")
