"""A session: starts what is emulated, plays the scenarios, judges what crossed the wire, gathers reports."""

from __future__ import annotations

import difflib
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.errors import FileProblem, UserError
from emulator.judge.capture import BasePaths, Captured, read_capture
from emulator.judge.judge import judge
from emulator.judge.run import NOTHING_DECLARED, Declared
from emulator.judge.verdict import Blame
from emulator.parties.clock import Clock, RealClock, VirtualClock
from emulator.parties.profile import Profile, load_profile
from emulator.parties.seller import Seller
from emulator.report.model import ExpectationInfo, Report, RunInfo, StepInfo, StepOutcome, run_report
from emulator.scenario.events import Event, RunStarted, StepDone, StepStarted, Waiting
from emulator.scenario.lint import lint_scenario
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Case, ClockMode, Scenario
from emulator.scenario.plan import plan_overlay
from emulator.scenario.result import StepResult
from emulator.scenario.runner import run_scenario
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release
from emulator.wire.client import Client
from emulator.wire.exchange import Party, Transcript
from emulator.wire.running import Running
from emulator.wire.server import ErrorPolicy, Server

_TELLING = threading.Lock()


class Writer(Protocol):
    """Follows runs as they happen; terminal and NDJSON writers are such."""

    def run_started(self, info: RunInfo) -> None: ...
    def step_started(self, step_id: str, what: str) -> None: ...
    def waiting(self, text: str) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is asked to do. `seller_url` None means that the seller is emulated.

    `clock` None lets each scenario choose.
    """

    release: str = "grace"
    seller_url: str | None = None
    profile: Path | None = None
    clock: ClockMode | None = None
    seed: int = 0
    timeout: float = 30.0
    inputs: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made: a scenario's flow or one case of it, with one data row."""

    scenario: Scenario
    case: Case | None
    row: int


def find_scenarios(paths: Sequence[Path]) -> list[Path]:
    """The scenario files that paths name; folders are searched. UserError where a path is not there.

    A path that is not there is also looked for in the scenarios that come with OIT.
    """
    found: list[Path] = []
    for given in paths:
        path = given
        if not path.exists():
            parts = given.parts[1:] if given.parts[:1] == ("scenarios",) else given.parts
            packaged = scenarios_dir().joinpath(*parts)
            if given.is_absolute() or not packaged.exists():
                message = f"{given}: there is no such file or folder"
                raise UserError(message)
            path = packaged
        found += sorted(path.rglob("*.oit.yaml")) if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def read_scenarios(paths: Sequence[Path], release: Release) -> list[Scenario]:
    """Read and lint scenarios. Raises FileProblem with every problem of all of them."""
    problems: list[str] = []
    scenarios: list[Scenario] = []
    for path in find_scenarios(paths):
        try:
            scenario = load_scenario(path, folder=scenarios_dir())
        except FileProblem as error:
            problems += error.problems
            continue
        problems += lint_scenario(scenario, release)
        scenarios.append(scenario)
    if problems:
        raise FileProblem(problems)
    return scenarios


def select(scenarios: Sequence[Scenario], cases: Sequence[str]) -> list[Job]:
    """The runs to make: without patterns every flow and every case, with patterns the cases that match."""
    jobs: list[Job] = []
    for scenario in scenarios:
        chosen: list[Case | None] = [] if cases else [None]
        chosen += [case for case in scenario.cases if not cases or any(fnmatchcase(case.id, p) for p in cases)]
        jobs += [Job(scenario, case, row) for case in chosen for row in range(len(scenario.rows))]
    return jobs


def check_settings(settings: Settings, scenarios: Sequence[Scenario]) -> None:
    """Refuse what would have no effect, before anything is sent. UserError says what to do."""
    if settings.seller_url and settings.profile:
        declared_in(settings.profile, load_release(settings.release))
    if settings.seller_url and settings.clock is ClockMode.VIRTUAL:
        raise UserError("--clock virtual is for self-tests: a partner's time is real")
    known = {name for scenario in scenarios for name in scenario.inputs}
    for name in settings.inputs:
        if name.partition(".")[0] not in known:
            near = difflib.get_close_matches(name.partition(".")[0], known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
            raise UserError(f"no scenario selected has an input {name!r}.{hint}")


def declared_by(profile: Profile, *, emulated: bool) -> Declared:
    """What a profile says that the partners told each other.

    The emulated seller acts for nobody unless its profile names somebody. Of a partner, silence says nothing.
    """
    buyers, sellers = profile.represents.buyers, profile.represents.sellers
    return Declared(
        buyers=buyers if buyers or emulated else None,
        sellers=sellers if sellers or emulated else None,
        options=profile.options,
        readings=profile.readings,
        unsupported=profile.unsupported,
    )


def declared_in(path: Path, release: Release) -> tuple[str, Declared]:
    """A partner's profile read for what it declares, with its name. FileProblem where something is wrong in it."""
    profile = load_profile(path)
    known = [f"{contract.api}.{operation}" for contract in release.contracts() for operation in contract.operations]
    problems = []
    for name in profile.unsupported:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"profile {profile.name!r}: unsupported: unknown operation {name!r}{hint}")
    if problems:
        raise FileProblem(problems)
    return profile.name, declared_by(profile, emulated=False)


def check_url(url: str) -> str:
    """A partner's root URL without its last slash. UserError where it is none."""
    parts = urlsplit(url)
    try:
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        port_is_right = False
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_right:
        message = f"{url!r} is not the URL of a server; write http://host:port or https://host"
        raise UserError(message)
    if parts.query or parts.fragment:
        message = f"{url!r} must end before any ? or #: it is what the base paths are appended to"
        raise UserError(message)
    return url.rstrip("/")


def serve_seller(
    release: Release,
    profile: Profile,
    clock: Clock,
    transcript_of: Callable[[str], Transcript],
    *,
    seed: int | None = None,
) -> Server:
    """The emulated seller behind its door. Without a seed its ids never repeat."""
    seller = Seller(release, profile, clock, seed=seed)
    policy = ErrorPolicy(schema=profile.errors.schema, unknown_members=str(profile.unknown_members))
    return Server(Party.SELLER, release.contracts(Party.SELLER), seller, clock.now, transcript_of, policy=policy)


def run_all(settings: Settings, jobs: Sequence[Job], writer: Writer) -> list[Report]:
    """Make every run, `settings.jobs` at a time; reports come in the order of `jobs`."""
    release = load_release(settings.release)
    if settings.jobs <= 1 or len(jobs) <= 1:
        return [_run(settings, job, release, writer) for job in jobs]
    release.contracts()  # read once, before threads share it
    with ThreadPoolExecutor(max_workers=settings.jobs) as pool:
        return list(pool.map(lambda job: _run(settings, job, release, _Held(writer)), jobs))


class _Held:
    """Keeps what a run tells until it is done, so that parallel runs do not talk at once."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._kept: list[Callable[[], None]] = []

    def run_started(self, info: RunInfo) -> None:
        self._kept.append(lambda: self._writer.run_started(info))

    def step_started(self, step_id: str, what: str) -> None:
        """Nobody needs to know in hindsight."""

    def waiting(self, text: str) -> None:
        """Nor what was waited for."""

    def step_done(self, step: StepInfo) -> None:
        self._kept.append(lambda: self._writer.step_done(step))

    def run_done(self, report: Report) -> None:
        with _TELLING:
            for tell in self._kept:
                tell()
            self._writer.run_done(report)


def _run(settings: Settings, job: Job, release: Release, writer: Writer) -> Report:
    scenario, case = job.scenario, job.case
    mode = settings.clock or scenario.clock
    # A partner's time is real, whatever the scenario would like.
    clock: Clock = VirtualClock() if mode is ClockMode.VIRTUAL and settings.seller_url is None else RealClock()
    run_id = uuid.uuid4().hex[:12]
    transcript = Transcript()
    sut = Party.SELLER if settings.seller_url else None
    profile = None if sut else load_profile(settings.profile, plan_overlay(scenario, case))
    name, declared = None, NOTHING_DECLARED
    if profile is not None:
        name, declared = profile.name, declared_by(profile, emulated=True)
    elif settings.profile is not None:
        name, declared = declared_in(settings.profile, release)
    info = RunInfo(
        id=run_id,
        scenario=scenario.id,
        started=clock.now(),
        finished=clock.now(),
        title=scenario.title,
        case=case.id if case else None,
        release=release.name,
        profile=name,
        sut=sut,
        clock="virtual" if isinstance(clock, VirtualClock) else "real",
        seed=settings.seed,
    )
    writer.run_started(info)
    running: Running | None = None
    if profile is None:
        base_url = settings.seller_url or ""
    else:
        # Both sides are ours: the client's record is the transcript, the server keeps its own.
        doors: dict[str, Transcript] = defaultdict(Transcript)
        running = Running(serve_seller(release, profile, clock, doors.__getitem__, seed=settings.seed))
        base_url = f"{running.start()}/r/{run_id}"
    client = Client(Party.BUYER, transcript, clock.now, run=run_id, timeout=settings.timeout)
    steps: list[StepInfo] = []
    told: set[tuple[str, str | None]] = set()

    def follow(event: Event) -> None:
        match event:
            case StepStarted():
                writer.step_started(event.id, event.title)
            case Waiting() if (event.step, event.seen) not in told:  # each state once, not each poll
                told.add((event.step, event.seen))
                seen = f", it is {event.seen}" if event.seen else ""
                writer.waiting(f"{event.resource} to be {event.state}{seen}; {event.left:.0f} s left")
            case StepDone():
                steps.append(_step_info(event.result, transcript))
                writer.step_done(steps[-1])
            case RunStarted() | _:
                pass

    try:
        result = run_scenario(
            scenario,
            case=case,
            release=release,
            client=client,
            clock=clock,
            seed=settings.seed,
            run_id=run_id,
            base_url=base_url,
            transcript=transcript,
            inputs=settings.inputs,
            row=job.row,
            on_event=follow,
        )
    finally:
        client.close()
        if running:
            running.stop()
    judgement = judge(transcript, release, provoked=result.provoked, sut=sut, declared=declared)
    finished = replace(info, finished=result.finished)
    report = run_report(finished, steps, transcript, judgement, provoked=result.provoked)
    writer.run_done(report)
    return report


def check_files(
    files: Sequence[Path],
    writer: Writer,
    *,
    release: Release,
    maps: Sequence[str] = (),
    profile: Path | None = None,
    sut: Party | None = None,
) -> list[Report]:
    """Judge captured traffic: a report for each run that the files hold.

    Everything is read before anything is told. Raises FileProblem or UserError for what cannot be read.
    """
    name, declared = declared_in(profile, release) if profile else (None, NOTHING_DECLARED)
    bases = BasePaths(release, maps)
    captures = [captured for file in files for captured in read_capture(file, bases)]
    return [_checked(captured, writer, release, name, declared, sut) for captured in captures]


def _checked(
    captured: Captured, writer: Writer, release: Release, profile: str | None, declared: Declared, sut: Party | None
) -> Report:
    moments = [exchange.at for exchange in captured.exchanges] or [RealClock().now()]
    info = RunInfo(
        id=captured.run,
        scenario=captured.name,
        started=min(moments),
        finished=max(moments),
        title=captured.title,
        release=release.name,
        profile=profile,
        sut=sut,
        clock="captured",
        captured=True,
    )
    writer.run_started(info)
    judgement = judge(captured.exchanges, release, provoked=captured.provoked, sut=sut, declared=declared)
    report = run_report(
        info, [], captured.exchanges, judgement, provoked=captured.provoked, unattributed=captured.unattributed
    )
    writer.run_done(report)
    return report


def _step_info(result: StepResult, transcript: Transcript) -> StepInfo:
    exchanges = [transcript[n] for n in result.exchanges]
    last = exchanges[-1] if exchanges else None
    return StepInfo(
        id=result.id,
        kind=result.kind,
        outcome=StepOutcome(str(result.outcome)),
        title=result.title,
        message=result.message,
        exchanges=result.exchanges,
        expectations=tuple(
            ExpectationInfo(met=one.ok, pointer=one.pointer, expected=one.expected, found=one.found)
            for one in result.expectations
        ),
        where=result.where,
        operation=f"{last.api}.{last.operation}" if last else None,
        status=last.response.status if last and last.response else None,
        elapsed_ms=sum(exchange.elapsed_ms for exchange in exchanges),
        blame=Blame(result.blame) if result.blame else None,
    )


def problems_of(paths: Sequence[Path], release: Release) -> Iterator[tuple[Path, list[str]]]:
    """Each scenario file with its problems."""
    for path in find_scenarios(paths):
        try:
            yield path, lint_scenario(load_scenario(path, folder=scenarios_dir()), release)
        except FileProblem as error:
            yield path, error.problems
