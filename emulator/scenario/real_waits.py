"""Which waits of a scenario take real time."""

from __future__ import annotations

from emulator.record.exchange import Party
from emulator.scenario.duration import words
from emulator.scenario.model import (
    Await,
    Call,
    Eventually,
    Notify,
    Scenario,
)


def real_waits(scenario: Scenario, sut: Party) -> list[str]:
    """The waits that take real time with a partner under test, each as `file:line:col: …`, in the order of playing.

    A partner's time is never scaled. With a buyer under test our seller's own intervals are real as well.
    """
    found: list[str] = []
    for step in scenario.steps():
        match step.action:
            case Await() as wait:
                what = f"'{wait.resource}' to be {' or '.join(wait.states)}"
                found.append(f"{step.origin.where('/await')}: '{step.id}' waits up to {words(wait.within)} for {what}")
            case Call(eventually=Eventually() as again):
                where = step.origin.where("/eventually")
                found.append(f"{where}: '{step.id}' asks for up to {words(again.within)} until the answer fits")
            case Notify() as notify:
                where = step.origin.where("/notify")
                found.append(f"{where}: '{step.id}' waits up to {words(notify.within)} for {notify.event}")
            case _:
                pass
    if sut is Party.BUYER:
        for plan in scenario.lifecycle.values():
            for move in plan.path:
                if move.after:
                    where = move.origin.where("/after")
                    found.append(f"{where}: our seller takes {words(move.after)} before '{plan.track}' is {move.to}")
    return found
