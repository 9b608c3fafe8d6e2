"""What `oit run` makes of `--tls*` and of a profile's security: how the door is secured to which a partner comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.cli.group import doors_secured
from emulator.doors.tls import TlsAsked
from emulator.errors import UserError
from emulator.record.exchange import Party

if TYPE_CHECKING:
    from emulator.conduct.settings import Settings
    from emulator.parties.securing import SecuredParty


@contextmanager
def guarded(settings: Settings, tls: TlsAsked) -> Iterator[Settings]:
    """The settings with what the runs need at the door where the partner comes in: our seller's, or our buyer's listener.

    Its clients are the same in all runs; what was made for them is told on stderr once. UserError for options without effect.
    """
    if tls and settings.roles.sut is None:
        raise UserError(
            "--tls and --tls-cert have no effect without --sut: in a self-test nobody comes in from outside"
        )
    host = settings.door.host if settings.door is not None else settings.listen[0]
    secured = _secured(settings)
    with doors_secured(tls, host, secured) as doors:
        yield replace(settings, secured=secured, tls=doors)


def _secured(settings: Settings) -> SecuredParty | None:
    sut = settings.roles.sut
    if sut is None or settings.profile is None:
        return None
    from emulator.hosting import secured_party
    from emulator.parties.profile import load_profile
    from emulator.standard.release import load_release

    release = load_release(settings.release)
    profile = load_profile(settings.profile, release=release, declared=sut is Party.SELLER, wider=settings.root)
    section = profile.security if sut is Party.BUYER else profile.buyer.security
    return secured_party(section, [release], sut.other)
