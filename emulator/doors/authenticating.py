"""The second link: who asks, and whether it is let in; and once its operation is known, whether it may."""

from __future__ import annotations

from typing import Protocol

from emulator.doors.visit import Visit


class Authenticate(Protocol):
    """Decides who is let in. It has what receiving has found out: the request, its run, what is known of its connection."""

    async def __call__(self, visit: Visit, /) -> str | None:
        """The name of who asks, None where nobody needs one. ApiError for who is not let in: that is the answer."""


class Authorise(Protocol):
    """Decides what who was let in may do. It has what attributing has found out besides: the operation, or None."""

    def __call__(self, visit: Visit, /) -> None:
        """ApiError for who may not: that is the answer, whatever the request is like, and whatever there is to be had."""


class AuthorizationServer(Protocol):
    """Answers what is not asked of an API, but to be let in to one. `api` is by what name troubles on purpose know it."""

    api: str

    def duty(self, path: str, /) -> str | None:
        """Which of `secured.DUTIES` a path (without the run's prefix) is there for; None where it is none of its."""

    def serve(self, visit: Visit, duty: str, /) -> None:
        """Fill the visit's answer."""


async def everybody(_: Visit, /) -> str | None:
    """Lets everybody in, whoever it is."""
    return None


def everything(_: Visit, /) -> None:
    """Lets everybody do everything."""
