"""Where our seller waits for a partner's buyer, run after run."""

from __future__ import annotations

from emulator.doors.beside import App
from emulator.doors.running import Running
from emulator.doors.tls import ServerTls
from emulator.hosting import open_door


class Address:
    """A host and a port; a free port, once taken, stays that of the runs to come."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    def open(self, app: App, tls: ServerTls | None = None) -> Running:
        """A server at it, over `tls` where that is given. UserError where it is not free."""
        running = open_door(app, self._host, self._port, tls=tls)
        self._port = running.port
        return running
