"""A room in which a buyer has left its exchanges, for tests of the runner that waits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.doors.faults import Faults
from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Exchange, Party, Request, Response
from emulator.record.payload import dump
from emulator.scenario.awaited import Entry
from emulator.scenario.events import Awaited, Event, Missed
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Case, Scenario
from emulator.scenario.room import Room
from emulator.scenario.scene import Scene, Terms
from emulator.scenario.selection import Job
from emulator.scenario.waiting import Waited, WaitingRunner
from emulator.standard.release import load_release

URL = "http://seller.example"
JSON = (("content-type", "application/json;charset=utf-8"),)
HEAD = """\
oit: "1"
id: demo
title: A demonstration
sources:
  address: {api: address, servedBy: seller}
  quote: {api: quote, servedBy: seller}
  order: {api: order, servedBy: seller}
  news: {api: quote, kind: notification, servedBy: buyer}
defaults: {within: 10m}
"""


def read(folder: Path, flow: str, rest: str = "") -> Scenario:
    path = folder / "demo.oit.yaml"
    path.write_text(HEAD + rest + "flow:\n" + flow, encoding="utf-8")
    return load_scenario(path, load_release())


class HurriedRoom(Room):
    """A room in which waiting takes no time: the clock is moved instead."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._hurried = clock

    def wait(self, version: int, seconds: float) -> None:
        if version == self.version:
            self._hurried.sleep(seconds)


@dataclass
class Buyer:
    """Leaves exchanges in a room, as our door would have recorded them."""

    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.room = HurriedRoom(self.clock)
        self.release = load_release("grace")

    def did(
        self, api: str, operation: str, body: Any = None, answer: Any = None, status: int = 200, **path: str
    ) -> int:
        """A call of the buyer with the answer that it got; names with two underscores go into the query."""
        contract = self.release.contract(api, "management")
        found = contract.operations[operation]
        query = "&".join(f"{k.rpartition('__')[2]}={v}" for k, v in path.items() if "__" in k)
        params = {k: v for k, v in path.items() if "__" not in k}
        place = found.path
        for name, value in params.items():
            place = place.replace(f"{{{name}}}", value)
        url = URL + contract.base_path + place + (f"?{query}" if query else "")
        return self.room.add(
            Exchange(
                n=0,
                at=self.clock.now(),
                elapsed_ms=1.0,
                sender=Party.BUYER,
                receiver=Party.SELLER,
                request=Request(JSON, b"" if body is None else dump(body), found.method.upper(), url),
                response=Response(JSON, b"" if answer is None else dump(answer), status),
                api=api,
                kind="management",
                operation=operation,
                path_params=params,
            )
        ).n

    def quotes(self, identifier: str = "q1", **body: Any) -> int:
        sent = {"buyerRequestedQuoteLevel": "firm", **body}
        return self.did("quote", "createQuote", sent, {"id": identifier, "state": "acknowledged"}, 201)

    def reads(self, identifier: str, state: str) -> int:
        return self.did("quote", "retrieveQuote", None, {"id": identifier, "state": state}, id=identifier)

    def orders(self, quote: str = "q1", identifier: str = "o1", status: int = 201, answer: Any = None) -> int:
        body = {"productOrderItem": [{"id": "x", "quoteItem": {"quoteId": quote, "id": "1"}}]}
        usual = {"id": identifier, "state": "acknowledged"}
        return self.did("productOrder", "createProductOrder", body, answer or usual, status)

    def was_told(self, event: str, identifier: str, status: int = 204, at: datetime | None = None) -> int:
        """A notification that our seller delivered; `at` is when it was sent."""
        body = {"eventId": "e", "eventType": event, "event": {"id": identifier}}
        return self.room.add(
            Exchange(
                n=0,
                at=at or self.clock.now(),
                elapsed_ms=1.0,
                sender=Party.SELLER,
                receiver=Party.BUYER,
                request=Request(JSON, dump(body), "POST", f"http://buyer.example/x/listener/{event}"),
                response=Response((), b"", status),
                api="quote",
                kind="notification",
                operation="listenTo" + event[0].upper() + event[1:],
            )
        ).n

    def play(
        self,
        scenario: Scenario,
        *,
        ended: bool = True,
        case: Case | None = None,
        faults: Faults | None = None,
        **terms: Any,
    ) -> Played:
        """Walk through a scenario with what is there; where it has not `ended`, patience runs out at last."""
        if ended:
            self.room.close()
        told: list[list[Entry]] = []
        missed: list[str] = []

        def hear(event: Event) -> None:
            match event:
                case Awaited():
                    told.append(list(event.entries))
                case Missed():
                    missed.append(event.reason)
                case _:
                    pass

        scene = Scene("r1", self.release, self.clock, URL, faults)
        waited = WaitingRunner(Job(scenario, case), scene, Terms(**{"seed": 1, **terms}), self.room).play(hear)
        return Played(waited, told, missed)


@dataclass
class Played:
    """What came of it."""

    waited: Waited
    told: list[list[Entry]]
    missed: list[str]

    @property
    def outcomes(self) -> dict[str, str]:
        return {step.id: str(step.outcome) for step in self.waited.result.steps}

    def message(self, step: str) -> str:
        return next(one.message for one in self.waited.result.steps if one.id == step)

    def blame(self, step: str) -> str | None:
        return next(one.blame for one in self.waited.result.steps if one.id == step)
