"""All runs of a session: each is conducted in the same way, whoever plays which party."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from emulator.conduct.address import Address
from emulator.conduct.awaited import AwaitedPlay
from emulator.conduct.crew import Post, make_all
from emulator.conduct.driven import DrivenPlay
from emulator.conduct.following import Follower
from emulator.conduct.partner import selling
from emulator.conduct.play import Play, Session
from emulator.conduct.settings import SellerDoor, Settings
from emulator.conduct.writers import Live, Taking, Watch, Writer, nobody_watches
from emulator.doors.trust import authorities
from emulator.judge.verdict import RunVerdict
from emulator.record.exchange import Party
from emulator.report.model import Report
from emulator.report.played import Cause, StepInfo, StepOutcome
from emulator.report.rows import step_json
from emulator.scenario.model import Scenario
from emulator.scenario.preparing import Props
from emulator.scenario.selection import Job
from emulator.scenario.stop import Stop, Stopped
from emulator.standard.release import load_release


def run_all(
    settings: Settings, jobs: Sequence[Job], writer: Writer, watch: Watch = nobody_watches, stop: Stop | None = None
) -> list[Report]:
    """Make every run, `settings.jobs` at a time; reports come in the order of `jobs`. UserError where an address is not free.

    Where `stop` ends before that, runs under way are reported as they stand; those that had not begun have no report.
    """
    release = selling(settings.profile, load_release(settings.release), settings.root)
    ends, door = stop or Stop(), settings.door or SellerDoor()
    if settings.door is not None:
        authorities()  # a callback may be https://
    props = Props(settings.hooks, settings.asking, ends)
    props.begin()
    session = Session(settings, release, writer, watch, ends, Address(door.host, door.port), props)
    try:
        return _make(session, jobs)
    finally:
        props.close()


def _make(session: Session, jobs: Sequence[Job]) -> list[Report]:
    """Make every run of a session."""
    settings, writer, ends = session.settings, session.writer, session.stop
    if settings.jobs <= 1 or len(jobs) <= 1:

        def make(n: int, post: Post) -> None:
            writer.running(n, len(jobs))
            conduct(session, jobs[n], post)

        return make_all(len(jobs), make, 1, ends)
    session.release.contracts()  # read once, before threads share it
    taking = Taking(writer, len(jobs))

    def take(n: int, post: Post) -> None:
        conduct(replace(session, writer=taking.turn()), jobs[n], post)

    return make_all(len(jobs), take, settings.jobs, ends)


def conduct(session: Session, job: Job, post: Post) -> None:
    """Make one run: set it up, play it, judge it, and hand in its report at its post."""
    try:
        with session.props.turn(job):
            _conduct(session, job, post)
    except Stopped:
        return  # before its turn came


def _conduct(session: Session, job: Job, post: Post) -> None:
    play, writer = _play(session, job), session.writer
    trial, transcript = play.trial, play.transcript
    follow = Follower(writer, transcript, lambda: post.is_open)
    live = Live(
        trial.info,
        transcript,
        lambda: trial.so_far(play.so_far(tuple(follow.steps)), tuple(follow.steps)),
        lambda: transcript.newest + len(follow.steps),
        play.emulation,
        play.awaited,
    )
    writer.run_started(trial.info)
    post.begin(lambda: cut_short(live.report(), job.scenario, session.stop), writer.run_done)
    session.watch(live)
    report = trial.report(play.act(follow), follow.steps)
    play.ended(report["verdict"])
    post.hand_in(report)


def _play(session: Session, job: Job) -> Play:
    """Where the buyer is ours it makes the calls; else our seller waits for them."""
    return DrivenPlay(session, job) if session.settings.roles.emulates(Party.BUYER) else AwaitedPlay(session, job)


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
