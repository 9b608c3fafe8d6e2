"""A recorded purchase: an Access E-Line from our own seller, over HTTP, in virtual time."""

from __future__ import annotations

from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_seller
from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.record.exchange import Party, Transcript
from emulator.scenario.loader import load_scenario
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job
from emulator.settings import scenarios_dir
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release


def purchase() -> Transcript:
    """The exchanges of the main job, the same every time but for timestamps."""
    release, clock, transcript = load_release(), VirtualClock(), Transcript()
    running = Running(serve_seller(make_seller(release, load_profile(), clock, seed=1), lambda _: Transcript()))
    root = running.start()
    client = Client(Peer(root, PathMap.read(release)), Party.BUYER, transcript, clock.now)
    try:
        job = Job(load_scenario(scenarios_dir() / "access-eline" / "new-install.oit.yaml", release))
        scene = Scene("purchase", release, clock, root)
        ScenarioRunner(job, scene, Terms(seed=1), OurBuyer(client, transcript)).play()
    finally:
        client.close()
        running.stop()
    return transcript
