"""Plays a shipped scenario against our own seller, over HTTP, in virtual time; the seller may be spoilt on the way."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

from emulator.judge.judge import Judgement, judge
from emulator.judge.run import Declared
from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.scenario.loader import load_scenario
from emulator.scenario.plan import plan_overlay
from emulator.scenario.result import StepResult
from emulator.scenario.runner import run_scenario
from emulator.session import Listener, Settings, serve_buyer, serve_seller
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from emulator.wire.client import Client
from emulator.wire.exchange import Exchange, Party, Transcript
from emulator.wire.running import Running
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

    def judged(self, exchanges: tuple[Exchange, ...] | None = None, *, sut: Party | None = None) -> Judgement:
        """What the judge says of these exchanges, or of others in their place, which may be numbered otherwise."""
        seen = self.exchanges if exchanges is None else exchanges
        return judge(
            seen,
            load_release(),
            provoked=frozenset(exchange.n for exchange in seen if exchange.provoked),
            heard=self.heard,
            declared=self.declared,
            sut=sut,
        )


def shipped() -> list[str]:
    """The names of the shipped scenarios, as `quote/budgetary`."""
    folder = scenarios_dir()
    return sorted(path.relative_to(folder).as_posix().removesuffix(".oit.yaml") for path in folder.rglob("*.oit.yaml"))


def play(
    name: str, case: str | None = None, *, spoil: Spoil | None = None, spoil_ask: SpoilAsk | None = None
) -> Played:
    """Play a scenario's flow, or one of its cases.

    The exchanges are those that the buyer saw, or, where its requests are spoilt, those that the seller saw.
    """
    scenario = load_scenario(scenarios_dir() / f"{name}.oit.yaml")
    chosen = next((each for each in scenario.cases if each.id == case), None)
    release, clock, transcript = load_release(), VirtualClock(), Transcript()
    profile = load_profile(None, plan_overlay(scenario, chosen))
    door = Transcript()
    running = Running(serve_seller(release, profile, clock, lambda _: door, seed=1))
    listener = Listener(lambda: serve_buyer(release, clock, lambda _: transcript), "played", Settings())
    client = Client(Party.BUYER, transcript, clock.now)
    try:
        url = running.start()
        with spoilt(url, spoil, spoil_ask) if spoil or spoil_ask else nullcontext(url) as base_url:
            result = run_scenario(
                scenario,
                case=chosen,
                release=release,
                client=client,
                clock=clock,
                seed=1,
                run_id="played",
                base_url=base_url,
                transcript=transcript,
                callback=listener.callback,
            )
    finally:
        client.close()
        running.stop()
        listener.close()
    declared = Declared(buyers=profile.represents.buyers, sellers=profile.represents.sellers)
    seen = tuple(
        replace(exchange, provoked=True) if exchange.n in result.provoked else exchange
        for exchange in (door if spoil_ask else transcript)
    )
    return Played(name, seen, result.provoked, declared, tuple(result.steps), () if spoil_ask else listener.heard)
