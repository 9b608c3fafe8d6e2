"""Plays a shipped scenario against our own seller, over HTTP, in virtual time; the seller may be spoilt on the way."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from emulator.conduct.following import signalling
from emulator.conduct.listener import Listener
from emulator.conduct.settings import Settings
from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.running import Running
from emulator.hosting import make_seller, serve_buyer, serve_seller
from emulator.judge.judge import Judgement, judge
from emulator.judge.roles import SELF_TEST, Roles
from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.parties.signals import step_signal
from emulator.record.exchange import Exchange, Party, Transcript
from emulator.scenario.loader import load_scenario
from emulator.scenario.plan import plan_overlay
from emulator.scenario.result import StepResult
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job, Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.declared import Declared
from emulator.standard.paths import PathMap
from emulator.standard.release import Release, load_release
from tests.broken.spoiler import Spoil, SpoilAsk, spoilt


@dataclass(frozen=True)
class Played:
    """A run: its name, its exchanges as the buyer saw them, and what there is to know to judge them."""

    name: str
    exchanges: tuple[Exchange, ...]
    provoked: frozenset[int]
    declared: Declared
    steps: tuple[StepResult, ...]
    heard: tuple[str, ...] = ()
    release: Release = field(default_factory=load_release)

    def judged(self, exchanges: tuple[Exchange, ...] | None = None, *, sut: Party | None = None) -> Judgement:
        """What the judge says of these exchanges, or of others in their place, which may be numbered otherwise."""
        seen = self.exchanges if exchanges is None else exchanges
        return judge(
            seen,
            self.release,
            provoked=frozenset(exchange.n for exchange in seen if exchange.provoked),
            heard=self.heard,
            declared=self.declared,
            roles=Roles.testing(sut) if sut else SELF_TEST,
        )


def shipped(release: Release | None = None) -> list[str]:
    """The names of the shipped scenarios, as `quote/budgetary`; only those that a release can play where one is named."""
    folder = scenarios_dir()
    names = sorted(path.relative_to(folder).as_posix().removesuffix(".oit.yaml") for path in folder.rglob("*.oit.yaml"))
    if release is None:
        return names
    read = {name: load_scenario(folder / f"{name}.oit.yaml", release) for name in names}
    playable = {id(job.scenario) for job in plan(list(read.values()), Wish(), release).jobs}
    return [name for name in names if id(read[name]) in playable]


def play(
    name: str,
    case: str | None = None,
    *,
    spoil: Spoil | None = None,
    spoil_ask: SpoilAsk | None = None,
    release: Release | None = None,
    start: datetime | None = None,
) -> Played:
    """Play a scenario's flow, or one of its cases; the run's clock starts at `start`, or now.

    The exchanges are those that the buyer saw, or, where its requests are spoilt, those that the seller saw.
    """
    release = release or load_release()
    scenario = load_scenario(scenarios_dir() / f"{name}.oit.yaml", release)
    chosen = next((each for each in scenario.cases if each.id == case), None)
    clock, transcript = VirtualClock(start), Transcript()
    profile = load_profile(None, plan_overlay(scenario, chosen), release=release)
    door = Transcript()
    seller = make_seller(release, profile, clock, seed=1)
    running = Running(serve_seller(seller, lambda _: door))
    job = Job(scenario, chosen)
    tell = signalling(job, lambda step: seller.signal(step_signal(step), "", lasting=True))
    listener = Listener(lambda: serve_buyer(release, clock, lambda _: transcript), "played", Settings())
    try:
        url = running.start()
        with (
            spoilt(url, spoil, spoil_ask) if spoil or spoil_ask else nullcontext(url) as root,
            closing(Client(Peer(root, PathMap.read(release)), Party.BUYER, transcript, clock.now)) as client,
        ):
            buyer = OurBuyer(client, transcript, listener.callback)
            scene = Scene("played", release, clock, root)
            result = ScenarioRunner(job, scene, Terms(seed=1), buyer).play(tell)
    finally:
        running.stop()
        listener.close()
    declared = Declared(
        buyers=profile.represents.buyers,
        sellers=profile.represents.sellers,
        fixed=profile.fixed,
        fixed_in_answers=profile.fixed_in_answers == "yes" if profile.fixed_in_answers else None,
        pilot_buyers=profile.pilot_buyers,
        printable_bill=profile.printable_bill == "yes" if profile.printable_bill else None,
    )
    seen = tuple(
        replace(exchange, provoked=True) if exchange.n in result.provoked else exchange
        for exchange in (door if spoil_ask else transcript)
    )
    return Played(
        name, seen, result.provoked, declared, tuple(result.steps), () if spoil_ask else listener.heard, release
    )
