"""Writes a partner's file and sends by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from emulator.doors.client import Client
from emulator.doors.partner.making import open_partner
from emulator.doors.peer import Peer
from emulator.record.exchange import Exchange, Party, Transcript
from emulator.standard.release import load_release


def file_of(folder: Path, connection: dict[str, Any], name: str = "acme.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump({"name": "acme", "connection": connection}, sort_keys=False), encoding="utf-8")
    return path


def peer_by(folder: Path, connection: dict[str, Any], *, allow_commands: bool = False) -> Peer:
    partner = open_partner(file_of(folder, connection), allow_commands=allow_commands)
    assert partner is not None
    return partner.peer(load_release(), timeout=10)


@contextmanager
def sending(peer: Peer) -> Iterator[tuple[Client, Transcript]]:
    transcript = Transcript()
    with closing(Client(peer, Party.BUYER, transcript, lambda: datetime.now(UTC))) as client:
        yield client, transcript


def listed(client: Client, operation: str = "listQuote", method: str = "GET") -> Exchange:
    return client.send(method, "/quote", api="quote", kind="management", operation=operation)


def status(exchange: Exchange) -> int | str:
    """The status, or what took the place of an answer."""
    return exchange.response.status if exchange.response else str(exchange.fault and exchange.fault.message)


def everything(transcript: Transcript) -> str:
    """All that was kept, as text."""
    return "\n".join(repr(exchange) for exchange in transcript)
