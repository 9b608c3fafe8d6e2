"""What was run: the report's `run`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.judge.roles import SELF_TEST, Roles
from emulator.judge.times import Moves
from emulator.record.exchange import Party
from emulator.report.masking import clean_text, moment


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run. `roles` say who plays which party. `clock` is virtual, real, scaled, and then
    counts `speed` seconds in one. `file` is the scenario's, or the capture's; `row` counts its data rows from 0, None
    where it has but one. `in_own_words`: what our seller says is made of a profile of the user's. `legs` are the
    names of what takes place between two each where there are more: who sells in one buys in the next. `notes` is
    what a reader has to know before all else, such as that nobody looked who answered. `moves` are when the clock was
    put forward, by how much.
    """

    id: str
    scenario: str
    started: datetime
    finished: datetime
    title: str = ""
    case: str | None = None
    release: str = ""
    profile: str | None = None
    roles: Roles = SELF_TEST
    clock: str = "real"
    speed: float = 1.0
    seed: int | None = None
    file: str | None = None
    row: int | None = None
    in_own_words: bool = False
    legs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    moves: Moves = ()


def run_json(info: RunInfo) -> dict[str, Any]:
    """What was run, as the report's `run`."""
    more = {"file": info.file, "row": info.row}
    return {
        "id": info.id,
        "scenario": info.scenario,
        "title": info.title,
        "case": info.case,
        "release": info.release,
        "profile": info.profile,
        "sut": info.roles.sut and str(info.roles.sut),
        "roles": {str(party): str(info.roles.of(party)) for party in Party},
        "clock": info.clock,
        "speed": info.speed,
        "seed": info.seed,
        "started": moment(info.started),
        "finished": moment(info.finished),
        **{name: value for name, value in more.items() if value is not None},
        **({"legs": list(info.legs)} if info.legs else {}),
        **(
            {"moves": [{"at": moment(at), "seconds": by.total_seconds()} for at, by in info.moves]}
            if info.moves
            else {}
        ),
        **({"notes": [clean_text(note) for note in info.notes]} if info.notes else {}),
    }
