"""What became of the steps of a scenario, as a report tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from emulator.judge.verdict import Blame
from emulator.record.payload import MISSING


class StepOutcome(StrEnum):
    """How a step of a scenario ended."""

    PASSED = "passed"  # it was done and its expectations were met
    UNMET = "unmet"  # what it demands did not come about; its cause says why
    SKIPPED = "skipped"  # its condition said that it does not apply
    BLOCKED = "blocked"  # a step that it needs did not pass
    NEVER_ARRIVED = "never_arrived"  # a notification that it waited for did not come
    INCONCLUSIVE = "inconclusive"  # nothing came that could be judged
    ERROR = "error"  # our own runner failed


class Cause(StrEnum):
    """Why a step did not come about."""

    BREACH = "breach"  # the party under test breaks something: a finding says what
    AGREED = "agreed"  # the partners agreed on what did not come about: a finding says so
    REQUEST = "request"  # what we sent was wrong: the scenario or an input is
    DATA = "data"  # the partner does not have what was named: an input is for another partner
    CREDENTIALS = "credentials"  # 401, 403: it does not know us
    NO_API = "no_api"  # nothing of the standard answers there: a base path, or no such API
    UNSUPPORTED = "unsupported"  # 501: it does not have this operation
    LOAD = "load"  # 429, 503 and the like: not now
    BEHAVIOUR = "behaviour"  # it would have to behave in a way that nobody asked of it
    REFUSED = "refused"  # it refuses what we see nothing wrong in
    SERVER_ERROR = "server_error"  # 500: it failed
    TRANSPORT = "transport"  # no answer came
    TIME = "time"  # it did not come in the time that was granted
    INTERRUPTED = "interrupted"  # the run was ended before it
    PREPARATION = "preparation"  # a hook failed, or nobody had the partner behave so
    EXPECTATION = "expectation"  # the answer is right, and not what the scenario hopes for


@dataclass(frozen=True, slots=True)
class ExpectationInfo:
    """One expectation of a step: `pointer` says where, `what` in words what was expected."""

    met: bool
    pointer: str = ""
    expected: Any = MISSING
    found: Any = MISSING
    what: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class StepInfo:
    """What became of one step.

    `kind` is call, await, notify, parallel, use or hook. `where` is `file:line:col`. `exchanges` are the
    numbers of the exchanges that the step made; `operation` and `status` are those of the last one.
    `blame` says who has to act where the step did not pass, `cause` why it did not. `covers` are the requirements that
    it is there for, `inputs` the inputs of the scenario that it uses. `agreed`: the partners agreed on what it demands.
    """

    id: str
    kind: str
    outcome: StepOutcome
    title: str = ""
    message: str = ""
    exchanges: tuple[int, ...] = ()
    expectations: tuple[ExpectationInfo, ...] = ()
    where: str = ""
    operation: str | None = None
    status: int | None = None
    elapsed_ms: float = 0.0
    blame: Blame | None = None
    cause: Cause | None = None
    covers: tuple[str, ...] = ()
    agreed: bool = False
    inputs: tuple[str, ...] = ()
