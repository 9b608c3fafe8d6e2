"""What a session is asked to do: who is tested, with what, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.doors.peer import Peer, peer_of
from emulator.judge.roles import SELF_TEST, Roles
from emulator.record.exchange import Party
from emulator.report.known import Known
from emulator.scenario.grease import Level
from emulator.scenario.model import ClockMode
from emulator.settings import DEFAULT_RELEASE
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release

if TYPE_CHECKING:
    from emulator.doors.partner.hooks import Hooks
    from emulator.doors.partner.making import Partner
    from emulator.doors.tls import ServerTls
    from emulator.parties.securing import SecuredParty
    from emulator.scenario.preparing import PersonAsking


@dataclass(frozen=True, slots=True)
class SellerDoor:
    """Where our seller waits for a partner's buyer.

    `waiting_file` always says in JSON what is awaited. Our seller's own time, that of its timers and timestamps, goes `speed`
    times as fast as the partner's.
    """

    host: str = "127.0.0.1"
    port: int = 0
    waiting_file: Path | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is asked to do. `seller_url` is where a seller under test is, `door` where a buyer under test comes to;
    without either both sides are ours.

    `clock` None lets each scenario choose. What is `known` is excused. `strict`: a requirement that a scenario covers, and
    that was not seen, makes a pass inconclusive. `listen` is where our buyer hears notifications (port 0: a free one),
    `callback` the URL under which a partner reaches it, where that is another. `timeout` and `within`, in seconds, are how
    long a request and a wait may take (`Terms`); None leaves it to the scenario. `partner` is how the one under test is
    reached, `hooks` have it behave as a scenario needs, or a person who is `asking` does; `maps` are base paths as `PathMap.read` has them, of whoever serves. `secured` and `tls` are of the door of ours to
    which the partner comes: who is let in, and how connections are secured.
    """

    release: str = DEFAULT_RELEASE
    seller_url: str | None = None
    profile: Path | None = None
    root: Path | None = None
    clock: ClockMode | None = None
    seed: int = 0
    timeout: float | None = None
    within: float | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1
    listen: tuple[str, int] = ("127.0.0.1", 0)
    callback: str | None = None
    grease: Level = Level.OFF
    known: Known | None = None
    strict: bool = False
    door: SellerDoor | None = None
    partner: Partner | None = None
    maps: tuple[str, ...] = ()
    hooks: Hooks | None = None
    asking: PersonAsking | None = None
    secured: SecuredParty | None = None
    tls: ServerTls | None = None

    def peer(self, url: str) -> Peer:
        """Who is called: the partner as its file says, or whoever is at a URL."""
        release = load_release(self.release)
        if self.partner is not None and self.seller_url is not None:
            return self.partner.peer(release, url, maps=self.maps)
        return peer_of(url, release, maps=self.maps)

    def paths(self) -> PathMap:
        """Read the base paths below which we serve: the standard's, and what user and partner say instead. UserError."""
        release = load_release(self.release)
        return self.partner.paths(release, self.maps) if self.partner else PathMap.read(release, self.maps)

    @property
    def notes(self) -> tuple[str, ...]:
        """What every report has to say of how the partner is reached."""
        return self.partner.notes if self.partner is not None else ()

    @property
    def roles(self) -> Roles:
        """Who plays which party: at the partner's URL its seller is under test, at our seller's door a partner's buyer."""
        if self.seller_url is not None:
            return Roles.testing(Party.SELLER)
        return SELF_TEST if self.door is None else Roles.testing(Party.BUYER)
