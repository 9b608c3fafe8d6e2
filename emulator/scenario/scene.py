"""Where a run takes place, who acts in it, and what whoever started it wants: what both runners are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.doors.client import Client
from emulator.doors.faults import Faults
from emulator.parties.clock import Clock
from emulator.record.exchange import Transcript
from emulator.scenario.stop import Stop
from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when a run takes place: at the seller whose root is `base_url`, by this clock.

    `faults` are those of our own seller's door, for cases in which it makes trouble; None where the seller is a partner's.
    """

    run_id: str
    release: Release
    clock: Clock
    base_url: str
    faults: Faults | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What whoever starts a run wants, whatever the scenario says.

    The same `seed` gives the same generated values. `inputs` override the scenario's; a name with dots reaches into one.
    `within` and `timeout`, in seconds, are for waits and requests: no wait of ours takes longer, and a buyer under test is
    waited for exactly so long; None leaves it to the scenario. `stop` can end the run before its end.
    """

    seed: int = 0
    inputs: Mapping[str, Any] = field(default_factory=dict)
    within: float | None = None
    timeout: float | None = None
    stop: Stop = field(default_factory=Stop)


@dataclass(frozen=True, slots=True)
class OurBuyer:
    """Our buyer, whom the runner moves. `transcript` is where `client` records, and the door that `callback` gives the
    address of; without one, no scenario can subscribe.
    """

    client: Client
    transcript: Transcript
    callback: Callable[[], str] | None = None
