"""An upgrade, rehearsed: scenarios played in both releases, and traffic of the first held against the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emulator.conduct.captured import judged
from emulator.conduct.checks import check_settings
from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import chosen, find_scenarios, named_files
from emulator.conduct.settings import Settings
from emulator.conduct.writers import Live, Unheard
from emulator.errors import FileProblem
from emulator.record.exchange import Exchange, Transcript
from emulator.report.model import Report, run_name
from emulator.report.rehearsed import Rehearsal, Staged, StagedSide, rehearsed
from emulator.scenario.hosts import hosts_line
from emulator.scenario.lint import checked
from emulator.scenario.model import Scenario
from emulator.scenario.selection import Job, Wish
from emulator.scenario.stop import Stop
from emulator.standard.comparing.touching import End
from emulator.standard.release import load_release

_TOLD = 3
"""Problems of a file that are told as the reason why it was not played."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is rehearsed: scenarios with what is known of the `old` side, and files of traffic of the old release.

    `settings` are of the old side, and a seller under test is there; the new one is always played between parties of ours.
    """

    settings: Settings
    new: str
    paths: Sequence[Path] = ()
    traffic: Sequence[Path] = ()

    @property
    def ends(self) -> dict[End, Settings]:
        """Who plays which side."""
        ours = replace(self.settings, release=self.new, seller_url=None, maps=())
        return {End.OLD: self.settings, End.NEW: ours}


def rehearse(wanted: Wanted, tell: Tell, stop: Stop | None = None) -> Rehearsal:
    """Play, read and compare. FileProblem where a scenario is wrong in both releases, or traffic cannot be read; UserError."""
    old, new = load_release(wanted.settings.release), load_release(wanted.new)
    acts = [*_scenarios(wanted, tell, stop or Stop()), *_traffic(wanted, tell)]
    return rehearsed(old, new, acts)


def _traffic(wanted: Wanted, tell: Tell) -> Iterator[Staged]:
    settings = wanted.settings
    release = load_release(settings.release)
    found = judged(wanted.traffic, Unheard(), release=release, maps=settings.maps) if wanted.traffic else []
    for captured, report in found:
        tell(f"{report['run'].get('file') or captured.name}: {len(captured.exchanges)} exchanges of {release.name}")
        yield Staged(captured.name, captured.about.title, StagedSide(release.name, report, captured.exchanges), None)


Key = tuple[str, int]
"""A flow: its file, and the number of its data row."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The scenarios that can be read in a release, and of the others what is wrong, by file."""

    right: list[Scenario] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)


def _scenarios(wanted: Wanted, tell: Tell, stop: Stop) -> Iterator[Staged]:
    """A run of each flow in each release, where it can be played there, and why not where not."""
    read, ends = _read(wanted), wanted.ends
    titles: dict[Key, tuple[str, str]] = {}
    jobs: dict[End, list[Job]] = {}
    why: dict[End, dict[Key, str]] = {}
    for end, settings in ends.items():
        check_settings(settings, [*read[End.OLD].right, *read[End.NEW].right])
        plan = chosen(settings, read[end].right, Wish(named=named_files(wanted.paths)))
        jobs[end] = [job for job in plan.jobs if job.case is None and job.scenario.flow]
        left = [each for each in plan.left_out if each.job.case is None]
        why[end] = {(each.job.scenario.file, each.job.row): each.why for each in left}
        if line := hosts_line(jobs[end], settings.seller_url, settings.inputs, settings.callback):
            tell(line)
        for job in (*jobs[end], *(each.job for each in left)):
            name = job.scenario.id if job.told_row is None else f"{job.scenario.id} #{job.row + 1}"
            titles.setdefault((job.scenario.file, job.row), (name, job.scenario.title))
    played = {end: _played(settings, jobs[end], tell, stop) for end, settings in ends.items()}

    def side(end: End, key: Key) -> StagedSide:
        reason = why[end].get(key) or read[end].wrong.get(key[0]) or stop.reason or "it was not played"
        return played[end].get(key) or StagedSide(ends[end].release, None, (), reason)

    for key, (name, title) in titles.items():
        yield Staged(name, title, side(End.OLD, key), side(End.NEW, key))


def _read(wanted: Wanted) -> dict[End, _Read]:
    """The scenarios as each release has them. FileProblem where one is wrong in both."""
    found, problems = {end: _Read() for end in End}, list[str]()
    paths = find_scenarios(wanted.paths, wanted.settings.root) if wanted.paths else {}
    for path, root in paths.items():
        read = {end: checked(path, load_release(each.release), root=root) for end, each in wanted.ends.items()}
        if all(wrong for _, wrong in read.values()):
            problems += read[End.OLD][1]
        for end, (scenario, wrong) in read.items():
            if scenario is not None and not wrong:
                found[end].right.append(scenario)
            else:
                found[end].wrong[str(path)] = "; ".join(wrong[:_TOLD]) + (" …" if wrong[_TOLD:] else "")
    if problems:
        raise FileProblem(problems)
    return found


def _played(settings: Settings, jobs: Sequence[Job], tell: Tell, stop: Stop) -> dict[Key, StagedSide]:
    if not jobs:
        return {}
    transcripts: dict[str, Transcript] = {}

    def watch(live: Live) -> None:
        transcripts[live.info.id] = live.transcript

    found: dict[Key, StagedSide] = {}
    for report in run_all(settings, jobs, Unheard(), watch, stop):
        about = report["run"]
        exchanges = _marked(report, transcripts.get(about["id"], Transcript()))
        tell(f"{settings.release}: {run_name(report)}: {report['verdict']}, {len(exchanges)} exchanges")
        found[about["file"], about.get("row") or 0] = StagedSide(settings.release, report, exchanges)
    return found


def _marked(report: Report, transcript: Transcript) -> tuple[Exchange, ...]:
    """The exchanges of a run, those made wrong on purpose marked as such."""
    rows = {row["n"]: row for row in report["exchanges"]}
    return tuple(
        replace(each, provoked=bool(row.get("provoked")), spoilt=bool(row.get("spoilt")))
        for each in transcript
        if (row := rows.get(each.n)) is not None
    )
