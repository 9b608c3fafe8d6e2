"""One request on its way through the server: what each link of the chain has found out about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.doors.asgi import Answer
from emulator.doors.handshake import Handshake
from emulator.doors.troubles import Trouble
from emulator.record.call import Call
from emulator.record.exchange import Request
from emulator.record.relayed import Relayed
from emulator.record.secured import Secured
from emulator.standard.contract import Contract


@dataclass(slots=True)
class Visit:
    """One request on its way through the server.

    receive gives `run`, `request`, `path` (decoded, without the run's prefix), `root` (scheme, host and the run's prefix)
    `handshake` (that of its connection, where it has TLS) and `there`: whether its sender waits for an answer; authenticate gives
    `caller`, and `scopes` where it may not do everything; attribute gives `contract`,
    `base_path`, `operation` and `path_params`, where the request has these; serve gives `call`; whoever answers fills
    `answer`. Only what is asked of an authorization server has a `duty`, which then stands in place of contract and operation.
    Who passes it on says what it changed (`relayed`), what is known of the security of the buyer's side (`secured`), and whether it
    answered `instead` of whom it was meant for.
    """

    run: str
    request: Request
    path: str
    root: str
    there: bool = True
    handshake: Handshake | None = None
    caller: str | None = None
    scopes: frozenset[str] | None = None
    duty: str | None = None
    contract: Contract | None = None
    base_path: str = ""
    operation: str | None = None
    path_params: dict[str, str] = field(default_factory=dict)
    trouble: Trouble | None = None
    call: Call | None = None
    relayed: Relayed | None = None
    secured: Secured | None = None
    instead: bool = False
    answer: Answer = field(default_factory=Answer)
