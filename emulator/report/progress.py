"""What is going on, for who watches: shown once it takes more than a second, gone when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

SILENCE: Final = 1.0
"""Seconds before anything is shown."""


class Progress:
    """On a terminal a line that lives as long as a step does; in a log one line for a step that takes long.

    `console` is asked for when there is something to show; `line` writes a line that stays.
    """

    def __init__(self, console: Callable[[], Console], line: Callable[[str], None], *, lives: bool) -> None:
        self._console, self._line, self._lives = console, line, lives
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._live: Live | None = None
        self._text = ""
        self._since = 0.0

    def begin(self, text: str) -> None:
        """Something begins that may take long."""
        self.end()
        with self._lock:
            self._text, self._since = text, time.monotonic()
            self._timer = threading.Timer(SILENCE, self._show, [self._since])
            self._timer.daemon = True
            self._timer.start()

    def detail(self, text: str) -> None:
        """What it is doing now; in a log only once it is late."""
        with self._lock:
            self._text = text

    def said(self) -> None:
        """What it is doing now has a line that stays: a log needs no other."""
        if not self._lives:
            self.end()

    def end(self) -> None:
        """It is over, and so is the line."""
        with self._lock:
            timer, self._timer = self._timer, None
            live, self._live = self._live, None
        if timer:
            timer.cancel()
        if live:
            live.stop()

    def _show(self, since: float) -> None:
        with self._lock:
            if self._timer is None or self._since != since:
                return  # it ended while we woke up
            if not self._lives:
                self._line(f"  … {self._text}")
                return
            from rich.live import Live  # noqa: PLC0415 - slow to load, and only what takes long needs it

            live = Live(
                get_renderable=self._now,
                console=self._console(),
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live = live
            live.start()

    def _now(self) -> Text:
        from rich.text import Text  # noqa: PLC0415 - as above

        line = f"  … {time.monotonic() - self._since:.0f} s  {self._text}"
        return Text(line, style="dim", no_wrap=True, overflow="ellipsis", end="")
