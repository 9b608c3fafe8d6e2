"""Several processes behind one port: each listens on it for itself. Linux spreads the connections; others may favour one."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Final

from emulator.doors.running import bound
from emulator.errors import UserError

_LOG: Final = logging.getLogger("oit.workers")
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_PATIENCE: Final = 7.0
"""Seconds for a worker to end that was told to."""

Serve = Callable[[str, int, Callable[[str], None]], None]
"""Listens at an address and port until a signal ends it; calls with its URL when it is ready."""


def can_share() -> bool:
    """Whether this system has what it takes: processes that are copies of this one, and one port for several."""
    return hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")


class Workers:
    """Processes that serve together. One that dies is replaced; where one cannot even begin, all end.

    Nothing may be open yet that a copy of this process could not share: no database, no thread.
    """

    def __init__(self, host: str, port: int, count: int, serve: Serve) -> None:
        """Take the port at once, for all of them. OSError where another has it."""
        with bound(host, port) as alone:  # who shares a port does not notice that a stranger has it too
            port = alone.getsockname()[1]
        self._held = bound(host, port, shared=True)
        self._host, self._port, self._serve = host, port, serve
        self._count = count
        self._making = multiprocessing.get_context("fork")
        self._news, self._told = self._making.Pipe(duplex=False)
        self._alive, self._parent = self._making.Pipe(duplex=False)
        self._workers: list[BaseProcess] = []
        self._ready: set[int] = set()

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until KeyboardInterrupt; `ready` is told the URL when all of them listen.

        UserError where a worker ended before it listened: it has said why.
        """
        try:
            for _ in range(self._count):
                self._begin()
            while True:
                self._watch(ready)
        finally:
            self._end()

    def _begin(self) -> None:
        worker = self._making.Process(target=self._work, name="oit-worker")
        # A signal waits until the worker knows what to do about it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            worker.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._workers.append(worker)

    def _watch(self, ready: Callable[[str], None]) -> None:
        """Wait for the next thing to happen, and do what it asks for."""
        wait([self._news, *(worker.sentinel for worker in self._workers)])
        while self._news.poll():
            process, url = self._news.recv()
            self._ready.add(process)
            if len(self._ready) == self._count:
                ready(url)
        for worker in [each for each in self._workers if not each.is_alive()]:
            self._workers.remove(worker)
            if worker.pid not in self._ready:
                message = f"--workers: one ended before it could serve (exit code {worker.exitcode})"
                raise UserError(message)
            _LOG.error("worker %s died (exit code %s); another takes its place", worker.pid, worker.exitcode)
            self._begin()

    def _end(self) -> None:
        """Tell all to end, and wait for them; who does not is killed."""
        for worker in self._workers:
            worker.terminate()
        until = time.monotonic() + _PATIENCE
        try:
            for worker in self._workers:
                worker.join(max(0.1, until - time.monotonic()))
                if worker.is_alive():
                    _LOG.error("worker %s did not end in %g s and is killed", worker.pid, _PATIENCE)
        finally:  # also where a second signal says that this takes too long
            for worker in self._workers:
                worker.kill()
                worker.join()
            self._workers.clear()
            self._held.close()

    # -- in the worker -----------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            for number in _SIGNALS:
                signal.signal(number, _interrupted)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._held.close()
            self._parent.close()
            threading.Thread(target=self._end_with_parent, name="oit-orphan", daemon=True).start()
            self._serve_or_say()
        except KeyboardInterrupt:
            pass  # whatever was open was closed on the way
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)

    def _serve_or_say(self) -> None:
        try:
            self._serve(self._host, self._port, lambda url: self._told.send((os.getpid(), url)))
        except UserError as error:
            _LOG.error("%s", error)
            raise SystemExit(error.exit_code) from None

    def _end_with_parent(self) -> None:
        """Nobody is to be left behind where the first process was killed."""
        try:
            self._alive.recv()
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGTERM)


def _interrupted(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
