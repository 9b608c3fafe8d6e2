"""Captured traffic before the judge: nothing is played, and neither party is ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emulator.conduct.partner import declared_in, selling
from emulator.conduct.trial import Evidence, Trial
from emulator.judge.capture import BasePaths, Captured, read_capture
from emulator.judge.roles import Roles
from emulator.parties.clock import RealClock
from emulator.record.exchange import Party
from emulator.report.about import RunInfo
from emulator.report.known import Known
from emulator.report.model import Report
from emulator.report.reading import Told
from emulator.standard.declared import NOTHING_DECLARED
from emulator.standard.paths import PathMap
from emulator.standard.release import Release


def check_files(
    files: Sequence[Path],
    writer: Told,
    *,
    release: Release,
    maps: Sequence[str] = (),
    profile: Path | None = None,
    sut: Party | None = None,
    known: Known | None = None,
) -> list[Report]:
    """Judge captured traffic: a report for each run that the files hold. As `judged` has it."""
    done = judged(files, writer, release=release, maps=maps, profile=profile, sut=sut, known=known)
    return [report for _, report in done]


def judged(
    files: Sequence[Path],
    writer: Told,
    *,
    release: Release,
    maps: Sequence[str] = (),
    profile: Path | None = None,
    sut: Party | None = None,
    known: Known | None = None,
) -> list[tuple[Captured, Report]]:
    """Each run that files of captured traffic hold, with its report.

    Everything is read before anything is told. Raises FileProblem or UserError for what cannot be read.
    """
    name, declared = declared_in(profile, release) if profile else (None, NOTHING_DECLARED)
    release = selling(profile, release)
    bases = BasePaths(release, PathMap.read(release, maps))
    captures = [(file, captured) for file in files for captured in read_capture(file, bases)]
    about = [(_about(file, each, release, name, sut), each) for file, each in captures]
    return [(captured, _checked(Trial(info, release, declared, known), captured, writer)) for info, captured in about]


def _about(file: Path, captured: Captured, release: Release, profile: str | None, sut: Party | None) -> RunInfo:
    moments = [exchange.at for exchange in captured.exchanges] or [RealClock().now()]
    return RunInfo(
        id=captured.run,
        scenario=captured.name,
        started=min(moments),
        finished=max(moments),
        title=captured.about.title,
        release=release.name,
        profile=profile,
        roles=Roles.captured(sut),
        clock="captured",
        speed=captured.about.speed,
        file=str(file),
        legs=tuple(dict.fromkeys(each.leg for each in captured.exchanges if each.leg is not None)),
    )


def _checked(trial: Trial, captured: Captured, writer: Told) -> Report:
    writer.run_started(trial.info)
    evidence = Evidence(
        captured.exchanges,
        trial.info.finished,
        captured.provoked,
        captured.spoilt,
        unattributed=captured.unattributed,
        moves=captured.about.moves,
    )
    report = trial.report(evidence)
    writer.run_done(report)
    return report
