"""What a seller does around its serving: it says when it listens, and its database knows of it meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from emulator.parties.opening import Keeping
    from emulator.parties.pacing import Pacing
    from emulator.parties.profile import Profile

_GARBAGE: Final = 20_000
"""New objects after which garbage is looked for: nearly all that a call makes is gone with its reply."""


def listening(ready: Callable[[str], None]) -> Callable[[str], None]:
    """What is done once a server listens: what there is by then stays, and others hear of it."""

    def done(url: str) -> None:
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        gc.enable()
        ready(url)

    return done


def remember(keep: Keeping, profile: Profile) -> None:
    """The database knows of a seller with this profile; what it knew before is told."""
    if keep.database is not None:
        from emulator.parties import remembered

        for line in remembered.remember(keep.database, profile):
            click.echo(f"oit: {line}", err=True)


def forget(keep: Keeping) -> None:
    """The database knows that the seller has ended."""
    if keep.database is not None:
        from emulator.parties import remembered

        remembered.forget(keep.database)


def tell_ahead(pacing: Pacing) -> None:
    """Say that our time is ahead of the wall's, where it is."""
    from emulator.parties.clock import rfc3339

    if pacing.ahead > timedelta(seconds=1):
        click.echo(f"our time is ahead of the wall's, as it was before: {rfc3339(pacing.now())}", err=True)
