"""What a command makes of `--partner`, `--profile` and `--map`: how the partner is reached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.errors import UserError
from emulator.files import is_file

if TYPE_CHECKING:
    from emulator.doors.partner.file import PartnerFile
    from emulator.doors.partner.making import Partner
    from emulator.standard.paths import PathMap
    from emulator.standard.release import Release


def partner_file(partner: Path | None, profile: Path | None) -> PartnerFile | None:
    """The file that says how the partner is reached: `--partner`, else `--profile`; None where neither does.

    Nothing of it is resolved. FileProblem, and UserError for a `--partner` that does not say it.
    """
    from emulator.doors.partner.file import read_partner

    if partner is not None:
        found = read_partner(partner)
        if found is None:
            raise UserError(
                f"{partner}: no 'connection' is in it: that says how a partner is reached (oit schema profile)"
            )
        return found
    return read_partner(profile) if profile is not None and is_file(profile) else None


def reached(partner: Path | None, profile: Path | None, *, allow_commands: bool) -> Partner | None:
    """The partner with all that is needed to reach it; None where no file says how. What has to be said of it is told.

    References are resolved now. FileProblem where one leads to nothing.
    """
    if partner_file(partner, profile) is None:
        return None
    from emulator.doors.partner.making import open_partner

    named = partner or profile
    assert named is not None
    found = open_partner(named, allow_commands=allow_commands)
    for note in found.notes if found is not None else ():
        click.secho(note, err=True, fg="red", bold=True)
    return found


def where_it_is(sut: str | None, partner: Path | None, file: PartnerFile | None) -> str | None:
    """What `--sut` says once the partner's file is known: with `--partner` its seller is meant, at the root of the file, unless
    something else is said. UserError where nobody says where that is.
    """
    if sut == "seller" or (sut is None and partner is not None):
        if file is None:
            raise UserError("--sut seller: where is it? Write --sut seller=URL, or --partner FILE with a 'connection'")
        if file.part.root is None:
            where = file.where("/connection")
            raise UserError(f"{where}: 'root' is missing: where is the seller? Or write --sut seller=URL")
        return f"seller={file.part.root}"
    return sut


def paths_of(
    release: Release, others: Sequence[Release], maps: tuple[str, ...], partner: Partner | None
) -> PathMap | None:
    """The base paths that are not the standard's; None where all are. UserError where it is not known of which release."""
    from emulator.standard.paths import PathMap

    if partner is not None:
        partner.check(release)
    found = partner.paths(release, maps) if partner is not None else PathMap.read(release, maps)
    if not found.own:
        return None
    if others:
        raise UserError(
            "--map, and base paths of a partner, are for one release: with several each is told by its base path"
        )
    return found
