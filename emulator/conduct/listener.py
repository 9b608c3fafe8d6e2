"""Our buyer's door within a run."""

from __future__ import annotations

from collections.abc import Callable

from emulator.conduct.settings import Settings
from emulator.doors.running import Running
from emulator.doors.server import Server
from emulator.hosting import open_door
from emulator.record.exchange import Transcript


class Listener:
    """Our buyer's door within a run, opened when its address is first asked for."""

    def __init__(self, server: Callable[[], Server], run_id: str, settings: Settings) -> None:
        self._server, self._run, self._settings = server, run_id, settings
        self._running: Running | None = None
        self._url = ""

    def callback(self) -> str:
        """What a subscription of this run names: the URL before a notification API's base path.

        UserError where the address is not free.
        """
        if self._running is None:
            to, tls = "listen for notifications", self._settings.tls
            self._running = open_door(self._server(), *self._settings.listen, to=to, tls=tls)
            url = self._running.start()
            self._url = f"{(self._settings.callback or url).rstrip('/')}/r/{self._run}"
        return self._url

    @property
    def is_open(self) -> bool:
        """Whether anybody has asked for its address."""
        return self._running is not None

    @property
    def heard(self) -> tuple[str, ...]:
        """Where it listens, as callbacks begin; nowhere as long as nobody has asked for its address."""
        return (self._url,) if self.is_open else ()

    def close(self, seconds: float = 10) -> None:
        """Listen no more; whoever is being answered is waited for so long at the most."""
        if self._running:
            self._running.stop(seconds)


def heard_by(transcript: Transcript, run: str) -> Callable[[str], Transcript]:
    """Where our buyer records what comes to a path. A port may have been that of another run, which is still told of what
    it had asked for: that is not in the record of this one.
    """
    strays = Transcript()
    return lambda path: transcript if path in ("", run) else strays
