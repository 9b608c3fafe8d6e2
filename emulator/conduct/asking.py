"""A person is asked to have a partner do something: on the terminal, through the console, or both; the first answer counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TextIO

from emulator.errors import UserError
from emulator.scenario.stop import Stop


class AskedPerson:
    """Who is asked, one question at a time. Runs in several threads can ask, and several can answer."""

    def __init__(self, say: Callable[[str], None], lines: TextIO) -> None:
        """`say` shows a text on the terminal, answers are read from `lines`; once these end only `answer` is left."""
        self._say, self._lines = say, lines
        self._news, self._one = threading.Condition(), threading.Lock()
        self._question: str | None = None
        self._had: bool | None = None
        self._reading = False

    @property
    def question(self) -> str | None:
        """What is asked for by now; None where nothing is."""
        return self._question

    def ask(self, what: str, stop: Stop) -> bool:
        """Ask for it and wait; False where it is not to be had. Raises Stopped."""
        with self._one:
            with self._news:
                self._question, self._had = what, None
            self._say(
                f"the scenario needs this of the partner: {what}\nHave it do so now. Then press Enter; n, if it is not to be had."
            )
            self._read()
            try:
                return self._answered(stop)
            finally:
                self._question = None

    def _answered(self, stop: Stop) -> bool:
        with self._news:
            while self._had is None:
                self._news.wait(0.2)
                stop.check()
            return self._had

    def answer(self, *, had: bool) -> str:
        """Whether the partner does what is asked for; answers what that was. UserError where nothing is asked."""
        with self._news:
            if self._question is None or self._had is not None:
                raise UserError("nothing is asked for now")
            self._had = had
            self._news.notify_all()
            return self._question

    def _read(self) -> None:
        if not self._reading:
            self._reading = True
            threading.Thread(target=self._listen, name="oit-answers", daemon=True).start()

    def _listen(self) -> None:
        for line in self._lines:
            if self._question is not None and self._had is None:
                self.answer(had=line.strip().lower() not in ("n", "no"))
        self._say(
            "nobody answers on this terminal any more: oit control prepared does, through a console; or interrupt it"
        )
