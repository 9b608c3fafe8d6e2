"""Trouble on purpose, as values: what a case or a hand wants to go wrong, of answers, of notifications, of tokens."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

from emulator.record.call import Reply
from emulator.record.payload import MISSING

AUTHORIZATION_API: Final = "authorization"
"""What stands in place of an API where a trouble is to meet an endpoint of our authorization server: `authorization.token`."""
_UNAUTHORIZED: Final = 401
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds of real time, fixed or drawn anew each time.

    `fixed(a)`, `uniform(a, b)`, `exponential(mean a)`, `lognormal(median a, sigma b)`; never more than `most`.
    """

    kind: Literal["fixed", "uniform", "exponential", "lognormal"]
    a: float
    b: float = 0.0
    most: float = 300.0

    def draw(self, chance: random.Random) -> float:
        """The next one, by the seed of `chance`."""
        match self.kind:
            case "uniform":
                drawn = chance.uniform(self.a, self.b)
            case "exponential":
                drawn = chance.expovariate(1 / self.a) if self.a else 0.0
            case "lognormal":
                drawn = chance.lognormvariate(math.log(self.a), self.b) if self.a else 0.0
            case _:
                drawn = self.a
        return min(max(drawn, 0.0), self.most)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What becomes of the answers to one operation, from request number `first` on, `times` times (None: always).

    With `respond` or `reset` the request takes no effect. With `lost` it does, and its answer never comes.
    `keep` is how many bytes of the body are sent before the connection ends, `drip` bytes and seconds of each
    piece. `mutate` changes the body; ValueError says that it does not fit.
    """

    api: str
    operation: str
    first: int = 1
    times: int | None = 1
    respond: int | None = None
    body: Any = MISSING
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    delay: Delay | None = None
    drip: tuple[int, float] | None = None
    keep: int | None = None
    reset: bool = False
    lost: bool = False
    mutate: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        if self.reset and self.lost:
            raise ValueError("a request is reset before it takes effect, or its answer is lost after it: not both")

    @property
    def spoils(self) -> bool:
        """Whether what the partner gets is not what was answered; a slow answer is still the right one."""
        return bool(
            self.respond is not None
            or self.headers
            or self.content_type is not None
            or self.keep is not None
            or self.reset
            or self.lost
            or self.mutate is not None
        )

    def instead(self) -> Reply | None:
        """The answer in place of the party's, which is then never asked."""
        if self.reset:
            return Reply(503)
        if self.respond is None:
            return None
        return Reply(
            self.respond, _usual(self.respond) if self.body is MISSING else self.body, _challenge(self.respond)
        )


def _usual(status: int) -> Any:
    """What a status says where nobody has chosen its body."""
    if status == _UNAUTHORIZED:
        return {"code": "invalidCredentials", "reason": "Trouble on purpose"}
    return {"code": "internalError", "reason": "Trouble on purpose"} if status >= _SERVER_ERROR else None


def _challenge(status: int) -> Mapping[str, str]:
    """What goes with a 401 (RFC 9110, 15.5.2; RFC 6750, 3)."""
    return {"WWW-Authenticate": 'Bearer realm="oit", error="invalid_token"'} if status == _UNAUTHORIZED else {}


class Note(Protocol):
    """A notification that is due: a dataclass with these three."""

    @property
    def id(self) -> str: ...

    @property
    def subscription(self) -> str: ...

    @property
    def body(self) -> Mapping[str, Any]: ...


AnyNote = TypeVar("AnyNote", bound=Note)
WrongToken = Literal["none", "expired", "other"]
STRANGER: Final = "nobody-registered-this-buyer"
"""The buyerId of a notification that bears a wrong one."""


@dataclass(frozen=True, slots=True)
class NewsTrouble:
    """What becomes of notifications, which are counted from 1 in the order in which they fall due.

    `reorder` sends each two the other way round. `after_end` tells subscriptions that have ended of events as well. `token`
    is what they bear instead of the token that the buyer has issued to us: nothing, or one that is not good any more, or one
    that somebody else has issued.
    """

    drop: frozenset[int] = frozenset()
    duplicate: frozenset[int] = frozenset()
    wrong_buyer: frozenset[int] = frozenset()
    reorder: bool = False
    delay: Delay | None = None
    after_end: bool = False
    token: WrongToken | None = None


@dataclass(frozen=True, slots=True)
class TokenTrouble:
    """What goes wrong with access tokens that we issue, while it is in force.

    New ones live for `lifetime` seconds only. With `rotate`, none that was issued before is good any more, as if its key had
    been lost: whoever comes with one gets a 401.
    """

    lifetime: float | None = None
    rotate: bool = False


@dataclass(frozen=True, slots=True)
class Twist(Generic[AnyNote]):
    """What is really sent in place of a notification, and the seconds of our clock to wait before it is asked again; `token`
    is what it bears instead of ours.
    """

    sent: tuple[AnyNote, ...]
    wait: float = 0.0
    token: WrongToken | None = None


@dataclass(slots=True)
class Lasting:
    """A trouble that was armed by hand, in words, and how often it is still to happen (None: until it is lifted)."""

    operation: str
    what: str
    left: int | None
    trouble: Trouble | None = None
    news: NewsTrouble | None = None
    tokens: TokenTrouble | None = None
