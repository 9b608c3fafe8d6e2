"""What a seller may have to do of its own accord, each under a name, and how our own seller is had to do it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.doors.partner.hooks import CLEAN_SLATE
from emulator.errors import FileProblem, UserError, hint
from emulator.parties.profile import Profile
from emulator.parties.seller import Seller
from emulator.record.patch import overlaid
from emulator.settings import scenarios_dir
from emulator.standard.by_release import load_for
from emulator.standard.release import Release
from emulator.standard.strict import Json, read_located

_HAVE: Final = "have"
_DOES: Final = "does"


@dataclass(frozen=True, slots=True)
class NamedBehaviour:
    """A behaviour: in words, by what the standard calls it, and what our seller's profile says where it is `ours`.

    What it is to `have` comes into being in every run, each time anew, and what it `does` is done in every run, at once. Where `ours` is empty another action of the console
    does it.
    """

    title: str
    standard: str
    ours: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _BehavioursFile:
    behaviours: Mapping[str, NamedBehaviour]


def named_behaviours(release: Release) -> Mapping[str, NamedBehaviour]:
    """Those that the scenarios of ours ask for, by name, as they are in a release. FileProblem."""
    return release.made(_read)


def _read(release: Release) -> Mapping[str, NamedBehaviour]:
    problems: list[str] = []
    located = load_for(scenarios_dir() / "behaviours.yaml", release, problems)
    if problems:
        raise FileProblem(problems)
    found: _BehavioursFile = read_located(_BehavioursFile, located)
    return found.behaviours


class Moods:
    """Has a seller behave otherwise while it serves. What it is in the mood for is laid over its profile, the last uppermost."""

    def __init__(self, seller: Seller, profile_with: Callable[[Mapping[str, Any]], Profile]) -> None:
        """`profile_with` gives the seller's own profile with an overlay laid upon it. FileProblem."""
        self._seller, self._profile_with = seller, profile_with
        self._taken: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What the seller is in the mood for, the last uppermost."""
        return tuple(self._taken)

    def take(self, name: str) -> None:
        """Behave so from now on. UserError where nobody knows how."""
        if name == CLEAN_SLATE:
            self._seller.begin_anew()
            return
        known = {each: one.ours for each, one in named_behaviours(self._seller.context.release).items() if one.ours}
        if name not in known:
            message = f"there is no behaviour {name!r:.60}; {hint(name, known)}"
            raise UserError(message)
        overlay = {key: value for key, value in known[name].items() if key not in (_HAVE, _DOES)}
        with self._lock:
            taken = {each: before for each, before in self._taken.items() if each != name}
            self._behave({**taken, name: overlay} if overlay else taken)
        for kind, wanted in known[name].get(_HAVE, {}).items():
            had = [each for of, each in self._profile_with({_HAVE: {kind: wanted}}).have.each() if of == kind]
            self._seller.bring(kind, [each for each in had if each.id in wanted])
        if _DOES in known[name]:
            self._seller.do(self._profile_with({_DOES: known[name][_DOES]}).does)

    def lift(self, name: str | None = None) -> None:
        """Behave so no more; without a name as the profile says. What is lifted already stays so."""
        with self._lock:
            self._behave({each: overlay for each, overlay in self._taken.items() if name not in (None, each)})

    def _behave(self, taken: dict[str, Mapping[str, Any]]) -> None:
        laid: Mapping[str, Any] = {}
        for overlay in taken.values():
            laid = overlaid(laid, overlay)
        self._seller.behave(self._profile_with(laid))
        self._taken = taken
