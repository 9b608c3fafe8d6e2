"""Reference points: a release as it is spoken at another one, and what of it is not there."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.errors import UserError
from emulator.settings import specs_dir
from emulator.standard.imported import every_release
from emulator.standard.release import Release, load_release


def at_point(name: str, point: str | None) -> str:
    """The name of the release that is `name` at a reference point: itself, or the one that is called `<point>-<name>`.

    Without a point it is `name`. UserError where there is none there, with those that there are.
    """
    if not point:
        return name
    known = every_release(specs_dir())
    for each in (name, f"{point}-{name}"):
        if each in known and point_of(load_release(each)) == point:
            return each
    points: dict[str, list[str]] = {}
    for each in known:
        points.setdefault(point_of(load_release(each)), []).append(each)
    if there := points.get(point):
        message = f"--reference-point {point}: there is no release {name!r} at it; there are: {', '.join(there)}"
    else:
        message = f"--reference-point {point}: no release is spoken there; known are {', '.join(filter(None, points))}"
    raise UserError(message)


def point_of(release: Release) -> str:
    """The reference point of a release: what its file says, else what its base paths do (`/mefApi/<point>/...`)."""
    return release.point or next(iter(root_of(release).split("/")[2:]), "")


def root_of(release: Release) -> str:
    """What its base paths have in common: `/mefApi/<point>`."""
    return "/".join(release.entries[0].base_path.split("/")[:3])


def lacking(release: Release) -> Mapping[str, str]:
    """The products of the release that this one stands beside and that it has not, by every spelling: each with its right URN."""
    if release.beside is None:
        return {}
    theirs, own = release.beside, release.products
    known = {*own.urns, *(wrong for wrong, right in own.aliases.items() if right in own.urns)}
    right = {urn: urn for urn in theirs.products.urns} | dict(theirs.products.aliases)
    return {**theirs.made(lacking), **{urn: meant for urn, meant in right.items() if urn not in known}}
