"""What a partner is to us before anything is sent: where it is, and what it declares."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from emulator.conduct.settings import Settings
from emulator.errors import UserError
from emulator.hosting import declared_by
from emulator.parties.profile import load_profile, unsupported_operations
from emulator.record.exchange import Party
from emulator.standard.declared import Declared
from emulator.standard.release import Release, load_release


def check_url(url: str) -> str:
    """A partner's root URL without its last slash. UserError where it is none."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port, or brackets, that are none
        is_one = False
    if not is_one:
        shown = f"***@{url.rpartition('@')[2]}" if "@" in url else url
        message = f"{shown!r} is not the URL of a server; write http://host:port or https://host"
        raise UserError(message)
    if parts.query or parts.fragment:
        message = f"{url!r} must end before any ? or #: it is what the base paths are appended to"
        raise UserError(message)
    return url.rstrip("/")


def declared_in(path: Path, release: Release, wider: Path | None = None) -> tuple[str, Declared]:
    """A partner's profile read for what it declares, with its name. `wider` as for `load_profile`. FileProblem where
    something is wrong in it.
    """
    profile = load_profile(path, release=release, declared=True, wider=wider)
    return profile.name, declared_by(profile, emulated=False)


def selling(path: Path | None, release: Release, wider: Path | None = None) -> Release:
    """A release with the products of a profile's own, whosever profile it is. FileProblem where something is wrong in it."""
    if path is None:
        return release
    return release.selling(load_profile(path, release=release, declared=True, wider=wider).own)


def declared_absent(settings: Settings) -> frozenset[str]:
    """The operations that the party under test declares not to have, as `api.operationId`."""
    sut = settings.roles.sut
    if sut is None or settings.profile is None:
        return frozenset()
    release = load_release(settings.release)
    declaring = load_profile(settings.profile, release=release, declared=sut is Party.SELLER, wider=settings.root)
    return unsupported_operations(declaring, release)
