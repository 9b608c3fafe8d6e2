"""A recorded purchase: an Access E-Line from our own seller, over HTTP, in virtual time."""

from __future__ import annotations

from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.scenario.loader import load_scenario
from emulator.scenario.runner import run_scenario
from emulator.session import serve_seller
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from emulator.wire.client import Client
from emulator.wire.exchange import Party, Transcript
from emulator.wire.running import Running


def purchase() -> Transcript:
    """The exchanges of the main job, the same every time but for timestamps."""
    release, clock, transcript = load_release(), VirtualClock(), Transcript()
    running = Running(serve_seller(release, load_profile(), clock, lambda _: Transcript(), seed=1))
    client = Client(Party.BUYER, transcript, clock.now)
    try:
        run_scenario(
            load_scenario(scenarios_dir() / "access-eline" / "new-install.oit.yaml"),
            release=release,
            client=client,
            clock=clock,
            seed=1,
            run_id="purchase",
            base_url=running.start(),
            transcript=transcript,
        )
    finally:
        client.close()
        running.stop()
    return transcript
