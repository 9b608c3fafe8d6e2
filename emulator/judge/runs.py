"""A run whose exchanges are of several releases, or of several legs: those of each are a Run of their own.

A leg is what takes place between two parties where a relay stands between more than two (`Exchange.leg`). Who buys in one leg
may sell in another one, and both may give the same id to different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from emulator.judge.run import Run
from emulator.record.exchange import Exchange
from emulator.standard.declared import Declared

if TYPE_CHECKING:
    from emulator.standard.release import Release


class RunsByRelease:
    """The Run of each release that the exchanges of a run are of; `main` is that of the run's own release.

    What fits no contract, or is of a release that is not here, is in `main`. No release knows a resource of another one:
    they may have the same id. Of the others' exchanges each Run knows but that they took place. Each leg has Runs of its own,
    which know nothing of another leg; `main` is that of what has none.
    """

    def __init__(self, release: Release, make: Callable[[Release], Run]) -> None:
        self.main = make(release)
        self.all = [self.main]
        self._make = make
        self.leg_of: dict[Run, str | None] = {self.main: None}
        self._of: dict[tuple[str | None, str | None], Run] = {(None, None): self.main}

    def add(self, exchange: Exchange) -> Run:
        """Take in the next exchange; returns the Run that it is in."""
        run = self._of.get((exchange.leg, exchange.release)) or self._found(exchange.leg, exchange.release)
        run.add(exchange)
        if len(self.all) > 1:
            for other in self.all:
                if other is not run and self.leg_of[other] == exchange.leg:
                    other.pass_by(exchange)
        return run

    def _found(self, leg: str | None, name: str | None) -> Run:
        release = self.main.release if name is None else self.main.release.named(name)
        mine = [run for run in self.all if self.leg_of[run] == leg]
        run = next((run for run in mine if run.release is release), None)
        if run is None:
            run = self._make(release)
            if mine:
                run.begin_beside(mine[0])
            self.all.append(run)
            self.leg_of[run] = leg
        self._of[leg, name] = run
        return run


def runs_of(exchanges: Iterable[Exchange], release: Release, make: Callable[[Release], Run] = Run) -> RunsByRelease:
    """The runs of a transcript, by the release of each exchange; `release` is the run's own."""
    runs = RunsByRelease(release, make)
    for exchange in exchanges:
        runs.add(exchange)
    return runs


def declared_for(declared: Declared, release: Release, other: Release) -> Declared:
    """What the partners declared in the labels of one release, in those of another one."""
    if other is release or not declared.options:
        return declared
    clauses = release.numbered
    told = {
        other.labels.told(clauses[name].key if name in clauses else name): used
        for name, used in declared.options.items()
    }
    return replace(declared, options={name: used for name, used in told.items() if name is not None})
