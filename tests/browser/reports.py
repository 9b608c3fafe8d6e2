"""Reports of real runs for a browser to show: our seller plays, and some of its answers are spoilt on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

from emulator.conduct.following import step_info
from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.conduct.writers import Writer
from emulator.judge.ledger import read_ledger
from emulator.judge.roles import Roles
from emulator.record.exchange import Party, Transcript
from emulator.report.about import RunInfo
from emulator.report.model import Report, run_report
from emulator.scenario.selection import Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.broken.spoiler import Answer
from tests.play import play


def breaks_promises(answer: Answer) -> None:
    """An ordered quote goes back to work for a while; orders lack the seller's contact and have a member of their own;
    what was delivered is suspended.
    """
    body = answer.body
    if answer.method == "GET" and "/quote/" in answer.path and body.get("state") == "accepted":
        answer.memory["shown"] = answer.memory.get("shown", 0) + 1
        if answer.memory["shown"] <= 2:
            body["state"] = "inProgress"
    if "/productOrder" in answer.path and isinstance(body, dict) and "relatedContactInformation" in body:
        contacts = body["relatedContactInformation"]
        body["relatedContactInformation"] = [contact for contact in contacts if contact["role"] != "sellerContact"]
        body["sellersMood"] = "sunny"
    if "/product/" in answer.path and isinstance(body, dict):
        body["status"] = "suspended"


@cache
def failing_run() -> Report:
    """The main job, with all that a page must point at: breaches, warnings, a failed step, an illegal change of state."""
    name = "access-eline/new-install"
    played = play(name, spoil=breaks_promises)
    transcript = Transcript()
    for exchange in played.exchanges:
        transcript.add(exchange)
    finished = played.exchanges[-1].at
    info = RunInfo(
        id="0f3a51c7e2b4",
        scenario=name.replace("/", "-"),
        started=played.exchanges[0].at,
        finished=finished,
        title="Access E-Line ordered together with its UNI, from address validation to active products",
        release="grace",
        roles=Roles.testing(Party.SELLER),
        clock="virtual",
    )
    return run_report(
        info,
        [step_info(step, transcript) for step in played.steps],
        transcript,
        played.judged(sut=Party.SELLER),
        provoked=played.provoked,
        ledger=read_ledger(transcript, load_release(), now=finished),
    )


@cache
def passing_run() -> Report:
    """The main job, and nothing is wrong."""
    return report_of("access-eline/new-install")


@cache
def report_of(name: str, case: str | None = None) -> Report:
    """The report of a shipped scenario, or of one of its cases, played against our own seller."""
    scenarios = read_scenarios([scenarios_dir() / f"{name}.oit.yaml"], load_release())
    planned = plan(scenarios, Wish(cases=(case,) if case else ()), load_release())
    jobs = [job for job in planned.jobs if (job.case.id if job.case else None) == case]
    return run_all(Settings(), jobs, cast("Writer", _Silent()))[0]


class _Silent:
    """Follows a run and says nothing, whatever there is to be told."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None
