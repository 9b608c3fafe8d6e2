"""A session: starts what is emulated, plays the scenarios, judges what crossed the wire, gathers reports."""

from __future__ import annotations

import difflib
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from emulator.crew import Post, make_all
from emulator.doors import Emulation, declared_by, serve_buyer, serve_seller
from emulator.errors import FileProblem, UserError
from emulator.files import is_folder, is_there, shown
from emulator.judge.capture import BasePaths, Captured, read_capture
from emulator.judge.judge import Judgement, judge
from emulator.judge.ledger import read_ledger
from emulator.judge.refusals import Refuser
from emulator.judge.rules import CLOSING
from emulator.judge.run import NOTHING_DECLARED, Declared
from emulator.judge.together import Together
from emulator.judge.verdict import Blame, RunVerdict
from emulator.parties.clock import Clock, RealClock, VirtualClock
from emulator.parties.profile import Profile, load_profile, unsupported_operations
from emulator.parties.seller import Seller
from emulator.parties.signals import Signals, step_signal
from emulator.report.known import Known
from emulator.report.model import Report, RunInfo, run_report, step_json
from emulator.report.played import Cause, ExpectationInfo, StepInfo, StepOutcome
from emulator.report.required import Required
from emulator.roots import Root
from emulator.scenario.events import Event, ExchangeDone, RunStarted, StepDone, StepStarted, Waiting
from emulator.scenario.given import Given, typed
from emulator.scenario.grease import Grease, Level
from emulator.scenario.lint import checked, real_waits
from emulator.scenario.loader import load_scenario
from emulator.scenario.model import Case, CaseKind, ClockMode, Scenario
from emulator.scenario.plan import overlaid, overlay_place, plan_overlay, waited_for
from emulator.scenario.result import Outcome, StepResult
from emulator.scenario.runner import run_scenario
from emulator.scenario.selection import Job
from emulator.scenario.stop import HURRY, Stop
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release
from emulator.wire.client import Client
from emulator.wire.exchange import Exchange, Party, Transcript
from emulator.wire.faults import Faults
from emulator.wire.running import Running
from emulator.wire.server import Server
from emulator.wire.trust import authorities

_TELLING = threading.Lock()


class Writer(Protocol):
    """Follows runs as they happen; terminal and NDJSON writers are such."""

    def running(self, done: int, total: int) -> None: ...
    def run_started(self, info: RunInfo) -> None: ...
    def step_started(self, step_id: str, what: str) -> None: ...
    def waiting(self, text: str, wait: Waiting | None = None) -> None: ...
    def exchange_done(self, exchange: Exchange) -> None: ...
    def step_done(self, step: StepInfo) -> None: ...
    def run_done(self, report: Report) -> None: ...


@dataclass(frozen=True, slots=True)
class Live:
    """A run while it is made, for who looks on. `report` judges what there is by now, and says nothing that only the
    end can tell; it is not the run's report, which a writer gets. `news` grows with every exchange and step. `waiting` says what a partner is waited for.
    """

    info: RunInfo
    transcript: Transcript
    report: Callable[[], Report]
    news: Callable[[], int]
    emulation: Emulation | None = None
    waiting: Callable[[], Mapping[str, Any]] | None = None


Watch = Callable[[Live], None]
"""Is told of each run when it begins."""


def nobody_watches(_: Live) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a session is asked to do. `seller_url` None means that the seller is emulated.

    `clock` None lets each scenario choose. What is `known` is excused. `strict`: a requirement that a scenario covers, and
    that was not seen, makes a pass inconclusive. `listen` is where our buyer hears notifications (port 0: a free one),
    `callback` the URL under which a partner reaches it, where that is another. `timeout` and `within`, in seconds, are how
    long a request and a wait may take; None leaves it to the scenario.
    """

    release: str = "grace"
    seller_url: str | None = None
    profile: Path | None = None
    root: Path | None = None
    clock: ClockMode | None = None
    seed: int = 0
    timeout: float | None = None
    within: float | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1
    listen: tuple[str, int] = ("127.0.0.1", 0)
    callback: str | None = None
    grease: Level = Level.OFF
    known: Known | None = None
    strict: bool = False


def required(job: Job, sut: Party | None, *, strict: bool) -> Required:
    """What a run has to show. The flow asks for what the scenario and its steps cover, a case for its own."""
    return Required(() if job.case else job.scenario.covers, sut, strict)


def find_scenarios(paths: Sequence[Path], wider: Path | None = None) -> dict[Path, Root]:
    """The scenario files that paths name, folders searched, each with the root below which it may name others.

    A path that is not there is also looked for in the scenarios that come with OIT. `wider` is a folder that all of them
    may read as well. UserError where a path is not there; FileProblem where one that was found in a folder leads out of it.
    """
    found: dict[Path, Root] = {}
    for path in map(_located, paths):
        root = Root.of(path, wider)
        files = sorted(path.rglob("*.oit.yaml")) if is_folder(path) else [path]
        if strays := [file for file in files if file != path and not root.holds(file)]:
            raise FileProblem(
                [f"{file}:1:1: this link leads out of {root.folders[0]}; --root DIR allows more" for file in strays]
            )
        found |= {file: root for file in files if file not in found}
    return found


def named_files(paths: Sequence[Path]) -> frozenset[str]:
    """Those of the paths that name a file and not a folder, as a scenario knows its file."""
    return frozenset(str(path) for path in map(_located, paths) if not is_folder(path))


def _located(given: Path) -> Path:
    if is_there(given):
        return given
    parts = given.parts[1:] if given.parts[:1] == ("scenarios",) else given.parts
    packaged = scenarios_dir().joinpath(*parts)
    if given.is_absolute() or not is_there(packaged):
        message = f"{shown(given)}: there is no such file or folder"
        raise UserError(message)
    return packaged


def read_scenarios(paths: Sequence[Path], release: Release, wider: Path | None = None) -> list[Scenario]:
    """Read and lint scenarios. `wider` as for `find_scenarios`. Raises FileProblem with every problem of all of them."""
    problems: list[str] = []
    scenarios: list[Scenario] = []
    for path, root in find_scenarios(paths, wider).items():
        scenario, wrong = checked(path, release, root=root)
        problems += wrong
        scenarios += [scenario] if scenario is not None else []
    if problems:
        raise FileProblem(problems)
    return scenarios


def declared_absent(settings: Settings, sut: Party | None) -> frozenset[str]:
    """The operations that the party under test declares not to have, as `api.operationId`."""
    if sut is None or settings.profile is None:
        return frozenset()
    release = load_release(settings.release)
    declaring = load_profile(settings.profile, release=release, declared=sut is Party.SELLER, wider=settings.root)
    return unsupported_operations(declaring, release)


def check_settings(settings: Settings, scenarios: Sequence[Scenario]) -> None:
    """Refuse what would have no effect, before anything is sent. UserError says what to do."""
    if settings.seller_url and settings.profile:
        declared_in(settings.profile, load_release(settings.release), settings.root)
    if (settings.seller_url or "").lower().startswith("https:"):
        authorities()
    if settings.seller_url and settings.clock is ClockMode.VIRTUAL:
        raise UserError("--clock virtual is for self-tests: a partner's time is real")
    if settings.jobs > 1 and settings.listen[1]:
        raise UserError("--listen with a port is for one run at a time: leave out --jobs, or the port")
    check_inputs(settings.inputs, scenarios)


def check_inputs(given: Mapping[str, Any], scenarios: Sequence[Scenario]) -> None:
    """Refuse an input that no scenario has, and a value that cannot be what its input is."""
    known = {name for scenario in scenarios for name in scenario.inputs}
    for name, value in given.items():
        if name.partition(".")[0] not in known:
            near = difflib.get_close_matches(name.partition(".")[0], known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(known)) or 'none'}."
            where = f"{value.where}: " if isinstance(value, Given) else ""
            raise UserError(f"{where}no scenario selected has an input {name!r:.100}.{hint}")
    problems: dict[str, list[str]] = defaultdict(list)
    for scenario in scenarios:
        try:
            typed(given, scenario.inputs)
        except FileProblem as error:
            for problem in error.problems:
                problems[problem].append(scenario.id)
    if problems:
        raise FileProblem([f"{problem} (in {_some(names)})" for problem, names in problems.items()])


def _some(names: Sequence[str], most: int = 3) -> str:
    """The first few of some names, and how many others there are."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def declared_in(path: Path, release: Release, wider: Path | None = None) -> tuple[str, Declared]:
    """A partner's profile read for what it declares, with its name. `wider` as for `load_profile`. FileProblem where
    something is wrong in it.
    """
    profile = load_profile(path, release=release, declared=True, wider=wider)
    return profile.name, declared_by(profile, emulated=False)


def check_url(url: str) -> str:
    """A partner's root URL without its last slash. UserError where it is none."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port, or brackets, that are none
        is_one = False
    if not is_one:
        shown = f"***@{url.rpartition('@')[2]}" if "@" in url else url
        message = f"{shown!r} is not the URL of a server; write http://host:port or https://host"
        raise UserError(message)
    if parts.query or parts.fragment:
        message = f"{url!r} must end before any ? or #: it is what the base paths are appended to"
        raise UserError(message)
    return url.rstrip("/")


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
            host, port = self._settings.listen
            try:
                self._running = Running(self._server(), host, port)
            except OSError as error:
                message = f"cannot listen for notifications on {host} port {port}: {error.strerror}"
                raise UserError(message) from error
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


def run_all(
    settings: Settings, jobs: Sequence[Job], writer: Writer, watch: Watch = nobody_watches, stop: Stop | None = None
) -> list[Report]:
    """Make every run, `settings.jobs` at a time; reports come in the order of `jobs`.

    Where `stop` ends before that, runs under way are reported as they stand; those that had not begun have no report.
    """
    release = load_release(settings.release)
    ends, together = stop or Stop(), Together()
    if settings.jobs <= 1 or len(jobs) <= 1:

        def make(n: int, post: Post) -> None:
            writer.running(n, len(jobs))
            _run(settings, jobs[n], release, writer, watch, together, ends, post)

        return make_all(len(jobs), make, 1, ends)
    release.contracts()  # read once, before threads share it
    writer.running(0, len(jobs))
    done = count(1)

    def hold(n: int, post: Post) -> None:
        _run(settings, jobs[n], release, _Held(writer, done, len(jobs)), watch, together, ends, post)

    return make_all(len(jobs), hold, settings.jobs, ends)


class _Held:
    """Keeps what a run tells until it is done, so that parallel runs do not talk at once."""

    def __init__(self, writer: Writer, done: Iterator[int], total: int) -> None:
        self._writer, self._done, self._total = writer, done, total
        self._kept: list[Callable[[], None]] = []

    def running(self, done: int, total: int) -> None:
        """All runs together are counted."""

    def run_started(self, info: RunInfo) -> None:
        self._kept.append(lambda: self._writer.run_started(info))

    def step_started(self, step_id: str, what: str) -> None:
        """Nobody needs to know in hindsight."""

    def waiting(self, text: str, wait: Waiting | None = None) -> None:
        """Nor what was waited for."""

    def exchange_done(self, exchange: Exchange) -> None:
        self._kept.append(lambda: self._writer.exchange_done(exchange))

    def step_done(self, step: StepInfo) -> None:
        self._kept.append(lambda: self._writer.step_done(step))

    def run_done(self, report: Report) -> None:
        with _TELLING:
            for tell in self._kept:
                tell()
            self._writer.run_done(report)
            self._writer.running(next(self._done), self._total)


class _Follower:
    """Follows a run: tells a writer of it, and keeps what became of its steps."""

    def __init__(
        self, writer: Writer, transcript: Transcript, on_step: Callable[[StepResult], None], post: Post
    ) -> None:
        self.steps: list[StepInfo] = []
        self._writer, self._transcript, self._on_step, self._post = writer, transcript, on_step, post
        self._told: set[tuple[str, str | None]] = set()

    def __call__(self, event: Event) -> None:
        if not self._post.is_open:
            return  # the run was reported without waiting for its end
        match event:
            case StepStarted():
                self._writer.step_started(event.id, event.title)
            case Waiting() if (event.step, event.seen) not in self._told:  # each state once, not each poll
                self._told.add((event.step, event.seen))
                seen = f", it is {event.seen}" if event.seen else ""
                self._writer.waiting(f"{event.resource} to be {event.state}{seen}; {event.left:.0f} s left", event)
            case ExchangeDone():
                self._writer.exchange_done(self._transcript[event.n])
            case StepDone():
                self.steps.append(step_info(event.result, self._transcript))
                self._writer.step_done(self.steps[-1])
                self._on_step(event.result)
            case RunStarted() | _:
                pass


def signalling(scenario: Scenario, case: Case | None, signals: Signals, run: str = "") -> Callable[[StepResult], None]:
    """Tell our seller of each step that has succeeded and that a path of the scenario waits for."""
    awaited = waited_for(scenario, case)

    def tell(step: StepResult) -> None:
        name, _, variant = step.id.partition(":")
        # A wrong message that was refused has brought nothing about; trouble that was got over has.
        if name in awaited and step.outcome is Outcome.PASSED and not (variant and step.kind == CaseKind.NEGATIVE):
            signals.give(step_signal(name), run, lasting=True)

    return tell


def _emulated(settings: Settings, scenario: Scenario, case: Case | None, grease: Grease) -> Profile:
    """The profile of the seller that we emulate in a run."""
    overlay = overlaid(grease.overlay(), plan_overlay(scenario, case))
    return load_profile(
        settings.profile, overlay, wider=settings.root, laid=lambda pointer: overlay_place(scenario, case, pointer)
    )


def _run(
    settings: Settings,
    job: Job,
    release: Release,
    writer: Writer,
    watch: Watch,
    together: Together,
    stop: Stop,
    post: Post,
) -> None:
    scenario, case = job.scenario, job.case
    mode = settings.clock or scenario.clock
    # A partner's time is real, whatever the scenario would like.
    clock: Clock = VirtualClock() if mode is ClockMode.VIRTUAL and settings.seller_url is None else RealClock()
    run_id = uuid.uuid4().hex[:12]
    transcript = Transcript()
    sut = Party.SELLER if settings.seller_url else None
    grease = Grease(settings.grease, Party.SELLER, settings.seed)
    profile = None if sut else _emulated(settings, scenario, case, grease)
    name, declared = None, NOTHING_DECLARED
    if profile is not None:
        name, declared = profile.name, declared_by(profile, emulated=True)
    elif settings.profile is not None:
        name, declared = declared_in(settings.profile, release, settings.root)
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
        file=scenario.file,
        row=job.told_row,
    )
    provoked, spoilt = set[int](), set[int]()
    writer.run_started(info)
    running: Running | None = None
    faults = None if sut else Faults(settings.seed)
    signals, sellers = Signals(), list[Seller]()
    if profile is None:
        base_url = settings.seller_url or ""
    else:
        # Both sides are ours: our buyer's record is the transcript, the seller keeps its own. Notifications that go
        # to somebody else than our buyer are not in its record.
        doors: dict[str, Transcript] = defaultdict(Transcript)
        seller = serve_seller(
            release,
            profile,
            clock,
            doors.__getitem__,
            seed=settings.seed,
            faults=faults,
            grease=grease,
            deliveries_of=lambda run: doors[run] if listener.is_open else transcript,
            signals=signals,
            met=sellers.append,
        )
        running = Running(seller)
        base_url = f"{running.start()}/r/{run_id}"
    ours = Grease(settings.grease, Party.BUYER, settings.seed)
    client = Client(Party.BUYER, transcript, clock.now, run=run_id, dress=ours)
    stop.then(lambda: client.hurry(HURRY))
    listener = Listener(lambda: serve_buyer(release, clock, heard_by(transcript, run_id)), run_id, settings)
    follow = _Follower(writer, transcript, signalling(scenario, case, signals, run_id), post)

    def judged(seen: Sequence[Exchange], wrong: frozenset[int], bad: frozenset[int]) -> Judgement:
        heard = listener.heard
        return judge(seen, release, provoked=wrong, spoilt=bad, heard=heard, sut=sut, declared=declared, closing=())

    emulation = Emulation(sellers[0]) if sellers else None
    elsewhere = together.begin(transcript) if sut else _nowhere
    live = _live(info, transcript, follow.steps, clock, judged, provoked, spoilt, emulation)
    post.begin(lambda: cut_short(live.report(), scenario, stop), writer.run_done)
    watch(live)
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
            callback=listener.callback,
            faults=faults,
            provoked=provoked,
            spoilt=spoilt,
            absent=job.absent,
            stop=stop,
            ceiling=settings.within,
            timeout=settings.timeout,
        )
    finally:
        client.close()
        if running:
            running.stop(stop.patience(10))
        listener.close(stop.patience(10))
        together.end(transcript)
    judgement = judge(
        transcript,
        release,
        provoked=result.provoked,
        spoilt=result.spoilt,
        heard=listener.heard,
        withheld=frozenset(faults.withheld) if faults else frozenset(),
        elsewhere=elsewhere,
        sut=sut,
        declared=declared,
        closing=() if result.cut else CLOSING,  # these look at a whole run
    )
    report = run_report(
        replace(info, finished=result.finished),
        follow.steps,
        transcript,
        judgement,
        provoked=result.provoked,
        spoilt=result.spoilt,
        ledger=read_ledger(transcript, release, now=result.finished, grace=scenario.defaults.grace),
        known=settings.known,
        required=required(job, sut, strict=settings.strict),
        behaviour=job.behaviour,
    )
    post.hand_in(report)


def heard_by(transcript: Transcript, run: str) -> Callable[[str], Transcript]:
    """Where our buyer records what comes to a path. A port may have been that of another run, which is still told of what
    it had asked for: that is not in the record of this one.
    """
    strays = Transcript()
    return lambda path: transcript if path in ("", run) else strays


def cut_short(report: Report, scenario: Scenario, stop: Stop) -> Report:
    """The report of a run that is not waited for: the steps that it did not come to are told with the reason."""
    told = {step["id"].partition(":")[0] for step in report["steps"]}
    missing = [step for step in scenario.steps() if step.id not in told]
    rows = [
        step_json(
            StepInfo(
                step.id,
                step.kind,
                StepOutcome.BLOCKED,
                step.title,
                stop.reason,
                where=step.origin.where(),
                cause=Cause.INTERRUPTED,
            )
        )
        for step in missing
    ]
    passing = report["verdict"] == RunVerdict.PASS
    return {
        **report,
        "steps": [*report["steps"], *rows],
        "verdict": str(RunVerdict.INCONCLUSIVE) if passing else report["verdict"],
    }


def _nowhere(_identifier: str) -> bool:
    """Each of our own sellers has one run."""
    return False


def _live(
    info: RunInfo,
    transcript: Transcript,
    steps: list[StepInfo],
    clock: Clock,
    judged: Callable[[Sequence[Exchange], frozenset[int], frozenset[int]], Judgement],
    provoked: set[int],
    spoilt: set[int],
    emulation: Emulation | None,
) -> Live:
    """A run for who looks on. What a step of a case does wrong on purpose is known when it is done: until then nobody
    is blamed for it.
    """

    def report() -> Report:
        done, seen = tuple(steps), tuple(transcript)
        known = max((n for step in done for n in step.exchanges), default=0)
        fresh = frozenset(range(known + 1, len(seen) + 1)) if info.case else frozenset[int]()
        wrong, bad = frozenset(provoked) | fresh, frozenset(spoilt) | fresh
        judgement = judged(seen, wrong, bad)
        return run_report(replace(info, finished=clock.now()), done, seen, judgement, provoked=wrong, spoilt=bad)

    return Live(info, transcript, report, lambda: transcript.newest + len(steps), emulation)


def check_files(
    files: Sequence[Path],
    writer: Writer,
    *,
    release: Release,
    maps: Sequence[str] = (),
    profile: Path | None = None,
    sut: Party | None = None,
    known: Known | None = None,
) -> list[Report]:
    """Judge captured traffic: a report for each run that the files hold.

    Everything is read before anything is told. Raises FileProblem or UserError for what cannot be read.
    """
    name, declared = declared_in(profile, release) if profile else (None, NOTHING_DECLARED)
    bases = BasePaths(release, maps)
    captures = [(file, captured) for file in files for captured in read_capture(file, bases)]
    return [_checked(file, captured, writer, release, name, declared, sut, known) for file, captured in captures]


def _checked(
    file: Path,
    captured: Captured,
    writer: Writer,
    release: Release,
    profile: str | None,
    declared: Declared,
    sut: Party | None,
    known: Known | None,
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
        file=str(file),
    )
    writer.run_started(info)
    judgement = judge(
        captured.exchanges,
        release,
        provoked=captured.provoked,
        spoilt=captured.spoilt,
        speed=captured.speed,
        sut=sut,
        declared=declared,
        refuser=Refuser.PARTNERS,
    )
    report = run_report(
        info,
        [],
        captured.exchanges,
        judgement,
        provoked=captured.provoked,
        spoilt=captured.spoilt,
        unattributed=captured.unattributed,
        ledger=read_ledger(captured.exchanges, release, now=info.finished),
        known=known,
    )
    writer.run_done(report)
    return report


def step_info(result: StepResult, transcript: Transcript) -> StepInfo:
    """A step's result as a report shows it."""
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
        cause=Cause(result.cause) if result.cause else None,
        covers=result.covers,
        agreed=result.agreed,
        inputs=result.inputs,
    )


def waits_of(path: Path, sut: Party, root: Root | None = None) -> list[str]:
    """The waits of a scenario file that take real time with a partner under test, each with its place."""
    return real_waits(load_scenario(path, root=root), sut)
