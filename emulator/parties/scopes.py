"""The names under which a store keeps what is of a run: `r1`, and behind bars whose of it, `r1|release=…|client=…|buyerId=…`.

No run is called so from outside: a path with a bar in the place of a run's name belongs to none (`doors/asgi`).
"""

from __future__ import annotations

from typing import Final

BAR: Final = "|"
_RELEASE: Final = f"{BAR}release="


def release_scope(name: str) -> str:
    """What follows the name of a run where it keeps what is of a release that is served beside another one."""
    return f"{_RELEASE}{name}"


def release_in(run: str) -> str | None:
    """The release that a name says, at its end or before the parties; None where it says none."""
    _, said, rest = run.partition(_RELEASE)
    return rest.partition(BAR)[0] if said else None


def life_scope(life: int) -> str:
    """What follows a run's name for what it has since it began anew, so many times."""
    return f"|life={life}" if life else ""


def party_scope(name: str, party: str) -> str:
    """What follows it where several parties are told apart: `name` is buyerId or sellerId."""
    return f"{BAR}{name}={party}"


def said_in(run: str, name: str) -> str | None:
    """What a name under which a store keeps things says of a party or client, such as its buyerId; None where it says nothing."""
    mark = f"{name}="
    return next((part.removeprefix(mark) for part in run.split(BAR)[1:] if part.startswith(mark)), None)


def client_scope(client: str) -> str:
    """What follows it where clients are told apart by the token that they show."""
    return f"{BAR}client={client}"


def family(run: str) -> str:
    """The run that one kept under this name belongs to; it has one transcript for all of them."""
    return run.partition(BAR)[0]
