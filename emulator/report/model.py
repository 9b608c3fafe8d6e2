"""The report of a run: what was asked, exchanged and found, as plain JSON for the writers to read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from emulator import __version__
from emulator.errors import Exit
from emulator.judge.entries import Unattributed
from emulator.judge.judge import Judgement, RequirementVerdict
from emulator.judge.ledger import Account, Ledger
from emulator.judge.roles import Roles
from emulator.judge.verdict import Blame, Finding, RunVerdict, Verdict, blamed
from emulator.reconciling.reconcile import Reconciliation
from emulator.record.exchange import Exchange, Party
from emulator.report.about import RunInfo, run_json
from emulator.report.causes import explained, laid
from emulator.report.held import mostly_lost, seen
from emulator.report.known import Known, fails
from emulator.report.legs import links_of
from emulator.report.masking import clean_text, moment, plain
from emulator.report.played import Cause, StepInfo, StepOutcome
from emulator.report.released import tell_generic
from emulator.report.required import Required
from emulator.report.rows import exchange_json, finding_json, preparation_json, released, requirement_json, step_json
from emulator.scenario.preparing import Preparation
from emulator.scenario.selection import LeftOut

REPORT_VERSION: Final = "2"
"""Changes when a reader of `report.json` must change; `report-2.schema.json` describes this one."""

Report = dict[str, Any]
"""A report of one run, or of several, as `report-2.schema.json` describes them."""


def run_report(
    info: RunInfo,
    steps: Sequence[StepInfo],
    transcript: Iterable[Exchange],
    judgement: Judgement,
    *,
    provoked: frozenset[int] = frozenset(),
    spoilt: frozenset[int] = frozenset(),
    unattributed: Sequence[Unattributed] = (),
    ledger: Ledger | None = None,
    known: Known | None = None,
    required: Required | None = None,
    behaviour: str = "",
    prepared: Sequence[Preparation] = (),
    reconciliation: Reconciliation | None = None,
) -> Report:
    """The report of one run. Never raises, whatever the messages hold.

    `behaviour` is what the scenario needs a seller to do by itself, "" where nothing, `prepared` what it was had to do.

    `provoked` are exchanges whose request was wrong on purpose, `spoilt` those whose answer was.
    `unattributed` are the entries of a capture that were not judged. `ledger` is of the notifications. What is `known`
    is excused and does not fail the run. `required` is what has to be seen. A `reconciliation` of bills decides nothing.
    """
    exchanges = list(transcript)
    by_number = {exchange.n: exchange for exchange in exchanges}
    findings = laid(judgement.findings, by_number, info.roles, profiled=info.in_own_words)
    steps, agreed = explained(steps, by_number, findings, info.roles, behaviour=bool(behaviour))
    findings += agreed
    report: Report = {
        "report_version": REPORT_VERSION,
        "tool": _tool(),
        "run": run_json(info),
        "verdict": str(run_verdict(findings, steps, exchanges, info.roles, unattributed)),
        "counts": _counts(judgement.requirements, findings),
        "steps": [step_json(step) for step in steps],
        "exchanges": [exchange_json(each, provoked=each.n in provoked, spoilt=each.n in spoilt) for each in exchanges],
        "findings": [finding_json(finding) for finding in findings],
        "requirements": [requirement_json(row) for row in judgement.requirements],
    }
    tell_generic(report["run"], exchanges)
    if not steps and report["verdict"] == RunVerdict.PASS and not _says_anything(judgement.requirements):
        report["verdict"] = str(RunVerdict.INCONCLUSIVE)
    if info.roles.are_strangers:
        report["unattributed"] = [_unattributed(entry) for entry in unattributed]
    if prepared:
        report["preparations"] = [preparation_json(row) for row in prepared]
    if links := links_of(exchanges):
        report["links"] = links
    pages = [_page(page, info.release) for page in ledger.accounts if page.told or page.due] if ledger else []
    if pages:
        report["events"] = pages
    if reconciliation is not None:
        report["reconciliation"] = plain(reconciliation.as_json())
    if known is not None:
        known.excuse(report)
        _excused(report, findings, steps, exchanges, info, unattributed)
    if required is not None and (covers := required.account(report)):
        report["covers"] = covers
        if covers["strict"] and covers["not_seen"] and report["verdict"] == RunVerdict.PASS:
            report["verdict"] = str(RunVerdict.INCONCLUSIVE)
    return report


def _says_anything(requirements: Iterable[RequirementVerdict]) -> bool:
    """Whether anything was seen of any requirement: a run of refusals alone shows nothing."""
    return any(row.verdict not in (Verdict.NOT_SEEN, Verdict.NOT_APPLICABLE) for row in requirements)


def _excused(
    report: Report,
    findings: Sequence[Finding],
    steps: Sequence[StepInfo],
    exchanges: Sequence[Exchange],
    info: RunInfo,
    unattributed: Sequence[Unattributed],
) -> None:
    """Let what is excused decide nothing; say how much that is, and what the verdict would be."""
    counting = [f for f, row in zip(findings, report["findings"], strict=True) if "excused" not in row]
    playing = [step for step, row in zip(steps, report["steps"], strict=True) if "excused" not in row]
    if len(counting) == len(findings) and len(playing) == len(steps):
        return
    report["excused"] = {
        "findings": len(findings) - len(counting),
        "steps": len(steps) - len(playing),
        "otherwise": report["verdict"],
    }
    report["verdict"] = str(run_verdict(counting, playing, exchanges, info.roles, unattributed))


def _page(page: Account, release: str) -> Report:
    """What had to be told of a resource, and was, in the order of time; `release` is the run's."""
    return {
        "api": page.kind.api,
        "kind": page.kind.name,
        "id": plain(page.id),
        "marks": sorted(map(str, page.marks)),
        "timeline": [
            {
                "at": moment(line.at),
                "exchange": line.exchange,
                "text": clean_text(line.text),
                **({"marks": sorted(map(str, line.marks))} if line.marks else {}),
            }
            for line in page.timeline()
        ],
        **released(page.run.release.name if release else None, release),
        **({"leg": page.leg} if page.leg is not None else {}),
    }


def _unattributed(entry: Unattributed) -> Report:
    return {
        "entry": entry.entry,
        "method": clean_text(entry.method),
        "url": clean_text(entry.url),
        "why": clean_text(entry.why),
        **({"half": entry.half} if entry.half else {}),
    }


def whole_report(runs: Sequence[Report], known: Known | None = None, left_out: Sequence[Report] = ()) -> Report:
    """What goes into one file: a single run's report as it is, several under `runs` with their sum.

    `left_out` are runs that were selected and not made, as the report's member of this name.
    With `known`, what became of each known failure; where one has expired or is stale, the whole fails.
    """
    whole = _whole(runs, left_out)
    if known is None:
        return whole
    account = known.account(runs)
    failed = fails(account) and whole["verdict"] in (RunVerdict.PASS, RunVerdict.INCONCLUSIVE)
    return {**whole, "verdict": str(RunVerdict.FAIL) if failed else whole["verdict"], "known_failures": account}


def _whole(runs: Sequence[Report], left_out: Sequence[Report]) -> Report:
    if len(runs) == 1 and not left_out:
        return runs[0]
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run["counts"])
    return {
        "report_version": REPORT_VERSION,
        "tool": _tool(),
        "verdict": str(_worst_run(runs)),
        "counts": {str(verdict): counts[verdict] for verdict in Verdict},
        "runs": list(runs),
        **({"left_out": list(left_out)} if left_out else {}),
    }


def left_out_json(left_out: Iterable[LeftOut]) -> list[Report]:
    """Runs that were selected and not made, as a report lists them."""
    return [
        {
            "scenario": each.job.scenario.id,
            "case": each.job.case.id if each.job.case else None,
            "row": each.job.told_row,
            "what": str(each.what),
            "why": each.why,
        }
        for each in left_out
    ]


def runs_of(report: Report) -> list[Report]:
    """The reports of single runs that a report holds."""
    runs: list[Report] = report.get("runs", [report])
    return runs


def notes_of(report: Report) -> list[str]:
    """What a reader has to know before all else, each once."""
    return list(dict.fromkeys(note for run in runs_of(report) for note in run["run"].get("notes", ())))


def exchange_of(run: Report, n: int | None) -> Report | None:
    """A run's exchange by its number, None where there is none. Numbers rise, but in a report of strange making."""
    rows: list[Report] = run["exchanges"]
    if n is None:
        return None
    spot = bisect_left(rows, n, key=lambda row: row["n"])
    if spot < len(rows) and rows[spot]["n"] == n:
        return rows[spot]
    return next((row for row in rows if row["n"] == n), None)


def run_name(run: Report) -> str:
    """A run's scenario, with the case in brackets, and behind # the data row where there are several, from 1."""
    about = run["run"]
    name = str(about["scenario"]) if about["case"] is None else f"{about['scenario']} [{about['case']}]"
    row = about.get("row")
    return name if row is None else f"{name} #{row + 1}"


def exit_code(runs: Sequence[Report], account: Report | None = None) -> Exit:
    """How the process ends after these runs (reports of one run each); `account` is of the known failures."""
    if not runs:
        return Exit.NOTHING
    worst = _worst_run(runs)
    if worst in (RunVerdict.PASS, RunVerdict.INCONCLUSIVE) and fails(account):
        return Exit.BREACHED
    if worst is RunVerdict.ERROR and all(_scenario_is_wrong(run) for run in runs if run["verdict"] == worst):
        return Exit.USAGE
    return _EXITS[worst]


def _scenario_is_wrong(run: Report) -> bool:
    """Whether the scenario, and not OIT, is what a run's error comes from."""
    steps = [step["blame"] for step in run["steps"] if step["outcome"] == StepOutcome.ERROR]
    return bool(steps) and set(steps) == {str(Blame.SCENARIO)}


def run_verdict(
    findings: Iterable[Finding],
    steps: Iterable[StepInfo],
    exchanges: Iterable[Exchange],
    roles: Roles,
    unattributed: Sequence[Unattributed] = (),
) -> RunVerdict:
    """What is said of a run.

    With parties under test a fail is a finding against one of them, and nothing else: a step that was not met makes the run
    inconclusive, as does a request of a scenario that is wrong, and a breach of our own party is our error. In a
    self-test a step that was not met is a failure of ours. The breaches of a party that is merely observed, while another
    one is under test, are told and decide nothing. A run that saw nothing is inconclusive, never a pass; so is a capture of which
    more was lost than held. One that left out what it is there for, since the partner does not have it, is skipped.
    """
    steps, exchanges = list(steps), list(exchanges)
    beside = {blamed(party) for party in Party if roles.is_beside(party)}
    told = [finding for finding in findings if finding.blame not in beside]
    verdicts = {_finding_verdict(finding, roles) for finding in told} | {_step_verdict(step, roles) for step in steps}
    outcomes = {step.outcome for step in steps}
    absent = any(step.outcome is StepOutcome.SKIPPED and step.cause is Cause.UNSUPPORTED for step in steps)
    if absent:
        verdicts.add(RunVerdict.SKIPPED)
    asked = bool(exchanges) or not absent
    if StepOutcome.PASSED not in outcomes and asked and not any(map(seen, exchanges)):
        verdicts.add(RunVerdict.INCONCLUSIVE)
    if roles.are_strangers and mostly_lost(exchanges, unattributed, roles):
        verdicts.add(RunVerdict.INCONCLUSIVE)
    return next((verdict for verdict in _WORST_RUN_FIRST if verdict in verdicts), RunVerdict.PASS)


_WORST_RUN_FIRST: Final = (RunVerdict.ERROR, RunVerdict.FAIL, RunVerdict.INCONCLUSIVE, RunVerdict.SKIPPED)

_EXITS: Final = {
    RunVerdict.PASS: Exit.PASSED,
    RunVerdict.FAIL: Exit.BREACHED,
    RunVerdict.INCONCLUSIVE: Exit.INCONCLUSIVE,
    RunVerdict.ERROR: Exit.INTERNAL,
    RunVerdict.SKIPPED: Exit.NOTHING,
}

_STEP_VERDICTS: Final = {
    StepOutcome.PASSED: RunVerdict.PASS,
    StepOutcome.UNMET: RunVerdict.INCONCLUSIVE,
    StepOutcome.SKIPPED: RunVerdict.PASS,
    StepOutcome.BLOCKED: RunVerdict.INCONCLUSIVE,
    StepOutcome.NEVER_ARRIVED: RunVerdict.INCONCLUSIVE,
    StepOutcome.INCONCLUSIVE: RunVerdict.INCONCLUSIVE,
    StepOutcome.ERROR: RunVerdict.ERROR,
}


def _ours(blame: Blame | None, roles: Roles) -> bool:
    """Whether a fault lies with us: with a party under test, an emulated one is ours."""
    return blame is Blame.EMULATOR or blame in {blamed(party) for party in Party if roles.is_ours(party)}


def _step_verdict(step: StepInfo, roles: Roles) -> RunVerdict:
    if step.outcome is StepOutcome.UNMET:
        if not roles.tested:
            return RunVerdict.FAIL
        return RunVerdict.ERROR if _ours(step.blame, roles) else RunVerdict.INCONCLUSIVE
    return _STEP_VERDICTS[step.outcome]


def _finding_verdict(finding: Finding, roles: Roles) -> RunVerdict:
    match finding.verdict:
        case Verdict.ERROR:
            return RunVerdict.ERROR
        case Verdict.NOT_SEEN if finding.blame is Blame.TRANSPORT:
            return RunVerdict.INCONCLUSIVE
        case Verdict.FAIL if finding.blame in (Blame.SCENARIO, Blame.INPUTS):
            return RunVerdict.INCONCLUSIVE
        case Verdict.FAIL:
            return RunVerdict.ERROR if _ours(finding.blame, roles) else RunVerdict.FAIL
        case _:
            return RunVerdict.PASS


def _worst_run(runs: Sequence[Report]) -> RunVerdict:
    """What is said of several runs; those that were skipped say nothing beside others."""
    verdicts = {run["verdict"] for run in runs}
    if not verdicts:
        return RunVerdict.INCONCLUSIVE
    if verdicts != {RunVerdict.SKIPPED}:
        verdicts.discard(RunVerdict.SKIPPED)
    return next((verdict for verdict in _WORST_RUN_FIRST if verdict in verdicts), RunVerdict.PASS)


def _counts(requirements: Iterable[RequirementVerdict], findings: Iterable[Finding]) -> dict[str, int]:
    """Each requirement once, and each finding that names no requirement."""
    counted = Counter(row.verdict for row in requirements)
    counted.update(finding.verdict for finding in findings if not finding.requirements)
    return {str(verdict): counted[verdict] for verdict in Verdict}


def _tool() -> dict[str, str]:
    return {"name": "oit", "version": __version__}
