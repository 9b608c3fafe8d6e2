"""The report of a run: what was asked, exchanged and found, as plain JSON for the writers to read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emulator import __version__
from emulator.errors import Exit
from emulator.judge.entries import Unattributed
from emulator.judge.judge import Judgement, RequirementVerdict
from emulator.judge.ledger import Account, Ledger
from emulator.judge.verdict import Blame, Finding, RunVerdict, Verdict, blamed
from emulator.report.causes import explained, laid
from emulator.report.held import mostly_lost, seen
from emulator.report.known import Known, fails
from emulator.report.masking import clean_text, moment, plain
from emulator.report.played import Cause, StepInfo, StepOutcome
from emulator.report.required import Required
from emulator.scenario.selection import LeftOut
from emulator.wire.exchange import Exchange, Message, Party
from emulator.wire.payload import MISSING, as_json
from emulator.wire.secrets import MASK, masked_headers, secret_place

REPORT_VERSION: Final = "2"
"""Changes when a reader of `report.json` must change; `report-2.schema.json` describes this one."""

Report = dict[str, Any]
"""A report of one run, or of several, as `report-2.schema.json` describes them."""

MAX_FOUND: Final = 2_000
"""Characters of a finding's `expected` or `found` that are kept; the exchange holds the whole."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was run. `sut` is the party under test, None in a self-test. `clock` is virtual, real, or scaled, and then
    counts `speed` seconds in one. `file` is the scenario's, or the capture's; `row` counts its data rows from 0, None
    where it has but one. `in_own_words`: what our seller says is made of a profile of the user's.

    `captured`: nothing was run, the exchanges were read from a file, and neither party is ours.
    """

    id: str
    scenario: str
    started: datetime
    finished: datetime
    title: str = ""
    case: str | None = None
    release: str = ""
    profile: str | None = None
    sut: Party | None = None
    clock: str = "real"
    speed: float = 1.0
    seed: int | None = None
    captured: bool = False
    file: str | None = None
    row: int | None = None
    in_own_words: bool = False


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
) -> Report:
    """The report of one run. Never raises, whatever the messages hold.

    `behaviour` is what the scenario needs a seller to do by itself, "" where nothing.

    `provoked` are exchanges whose request was wrong on purpose, `spoilt` those whose answer was.
    `unattributed` are the entries of a capture that were not judged. `ledger` is of the notifications. What is `known`
    is excused and does not fail the run. `required` is what has to be seen.
    """
    exchanges = list(transcript)
    by_number = {exchange.n: exchange for exchange in exchanges}
    findings = laid(judgement.findings, by_number, info.sut, profiled=info.in_own_words)
    steps, agreed = explained(steps, by_number, findings, info.sut, behaviour=bool(behaviour))
    findings += agreed
    report: Report = {
        "report_version": REPORT_VERSION,
        "tool": _tool(),
        "run": run_json(info),
        "verdict": str(
            run_verdict(findings, steps, exchanges, info.sut, captured=info.captured, unattributed=unattributed)
        ),
        "counts": _counts(judgement.requirements, findings),
        "steps": [step_json(step) for step in steps],
        "exchanges": [exchange_json(each, provoked=each.n in provoked, spoilt=each.n in spoilt) for each in exchanges],
        "findings": [_finding(finding) for finding in findings],
        "requirements": [
            {"id": row.id, "verdict": str(row.verdict), "exchanges": list(row.exchanges)}
            for row in judgement.requirements
        ],
    }
    if not steps and report["verdict"] == RunVerdict.PASS and not _says_anything(judgement.requirements):
        report["verdict"] = str(RunVerdict.INCONCLUSIVE)
    if info.captured:
        report["unattributed"] = [_unattributed(entry) for entry in unattributed]
    pages = [_page(page) for page in ledger.accounts if page.told or page.due] if ledger else []
    if pages:
        report["events"] = pages
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
    report["verdict"] = str(
        run_verdict(counting, playing, exchanges, info.sut, captured=info.captured, unattributed=unattributed)
    )


def _page(page: Account) -> Report:
    """What had to be told of a resource, and was, in the order of time."""
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
    sut: Party | None,
    *,
    captured: bool = False,
    unattributed: Sequence[Unattributed] = (),
) -> RunVerdict:
    """What is said of a run.

    With a party under test a fail is a finding against it, and nothing else: a step that was not met makes the run
    inconclusive, as does a request of a scenario that is wrong, and a breach of our own party is our error. In a
    self-test a step that was not met is a failure of ours. In a captured run the other party is not ours either: its
    breaches are told and decide nothing. A run that saw nothing is inconclusive, never a pass; so is a capture of which
    more was lost than held. One that left out what it is there for, since the partner does not have it, is skipped.
    """
    steps, exchanges = list(steps), list(exchanges)
    told = [f for f in findings if not (captured and sut and f.blame is blamed(sut.other))]
    verdicts = {_finding_verdict(finding, sut) for finding in told} | {_step_verdict(step, sut) for step in steps}
    outcomes = {step.outcome for step in steps}
    absent = any(step.outcome is StepOutcome.SKIPPED and step.cause is Cause.UNSUPPORTED for step in steps)
    if absent:
        verdicts.add(RunVerdict.SKIPPED)
    asked = bool(exchanges) or not absent
    if StepOutcome.PASSED not in outcomes and asked and not any(map(seen, exchanges)):
        verdicts.add(RunVerdict.INCONCLUSIVE)
    if captured and mostly_lost(exchanges, unattributed, sut):
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


def _ours(blame: Blame | None, sut: Party | None) -> bool:
    """Whether a fault lies with us: with a party under test, the other one is ours."""
    return blame is Blame.EMULATOR or (sut is not None and blame is blamed(sut.other))


def _step_verdict(step: StepInfo, sut: Party | None) -> RunVerdict:
    if step.outcome is StepOutcome.UNMET:
        if sut is None:
            return RunVerdict.FAIL
        return RunVerdict.ERROR if _ours(step.blame, sut) else RunVerdict.INCONCLUSIVE
    return _STEP_VERDICTS[step.outcome]


def _finding_verdict(finding: Finding, sut: Party | None) -> RunVerdict:
    match finding.verdict:
        case Verdict.ERROR:
            return RunVerdict.ERROR
        case Verdict.NOT_SEEN if finding.blame is Blame.TRANSPORT:
            return RunVerdict.INCONCLUSIVE
        case Verdict.FAIL if finding.blame in (Blame.SCENARIO, Blame.INPUTS):
            return RunVerdict.INCONCLUSIVE
        case Verdict.FAIL:
            return RunVerdict.ERROR if _ours(finding.blame, sut) else RunVerdict.FAIL
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


def run_json(info: RunInfo) -> Report:
    """What was run, as the report's `run`."""
    more = {"file": info.file, "row": info.row}
    return {
        "id": info.id,
        "scenario": info.scenario,
        "title": info.title,
        "case": info.case,
        "release": info.release,
        "profile": info.profile,
        "sut": str(info.sut) if info.sut else None,
        "clock": info.clock,
        "speed": info.speed,
        "seed": info.seed,
        "started": moment(info.started),
        "finished": moment(info.finished),
        **{name: value for name, value in more.items() if value is not None},
    }


def step_json(step: StepInfo) -> Report:
    """A step, as one of the report's `steps`."""
    return {
        "id": step.id,
        "kind": step.kind,
        "title": clean_text(step.title),
        "outcome": str(step.outcome),
        "blame": str(step.blame) if step.blame else None,
        "cause": str(step.cause) if step.cause else None,
        "message": clean_text(step.message),
        "operation": step.operation,
        "status": step.status,
        "elapsed_ms": round(step.elapsed_ms, 3),
        "exchanges": list(step.exchanges),
        "expectations": [
            {
                "what": clean_text(expectation.what),
                "met": expectation.met,
                "pointer": expectation.pointer,
                "expected": _short(expectation.pointer, expectation.expected),
                "found": _short(expectation.pointer, expectation.found),
                "message": clean_text(expectation.message),
            }
            for expectation in step.expectations
        ],
        "where": step.where,
        **({"covers": list(step.covers)} if step.covers else {}),
        **({"inputs": list(step.inputs)} if step.inputs else {}),
        **({"agreed": True} if step.agreed else {}),
    }


def exchange_json(exchange: Exchange, *, provoked: bool = False, spoilt: bool = False) -> Report:
    """An exchange as a report shows it, secrets masked."""
    row: Report = {
        "n": exchange.n,
        "at": moment(exchange.at),
        "elapsed_ms": round(exchange.elapsed_ms, 3),
        "from": str(exchange.sender),
        "to": str(exchange.receiver),
        "api": exchange.api,
        "kind": exchange.kind,
        "operation": exchange.operation,
        "step": exchange.step,
        "request": {
            "method": exchange.request.method,
            "url": clean_text(exchange.request.url),
            **_message(exchange.request),
        },
    }
    if exchange.response is not None:
        row["response"] = {"status": exchange.response.status, **_message(exchange.response)}
    else:
        fault = exchange.fault
        row["fault"] = {
            "kind": str(fault.kind) if fault else "unanswered",
            "message": clean_text(fault.message) if fault else "there is no response",
        }
    if provoked:
        row["provoked"] = True
    if spoilt:
        row["spoilt"] = True
    return row


def _message(message: Message) -> Report:
    """Headers and body; what JSON does not tell in full (unreadable, a member given twice, an integer beyond 64 bits) goes out as text."""
    parsed = message.parsed
    if not message.raw:
        body, encoding = None, "none"
    elif parsed.value is MISSING or parsed.duplicates or parsed.rounded:
        body, encoding = clean_text(message.raw.decode("utf-8", "replace")), "text"
    else:
        body, encoding = plain(parsed.value), "json"
    told: Report = {"headers": _headers(message), "body": body, "body_encoding": encoding}
    if (unknown := message.unknown) is not None:
        told["unread"] = {"kind": str(unknown.kind), "why": clean_text(unknown.why)}
    return told


def _headers(message: Message) -> Mapping[str, str]:
    """Headers as one object; those given several times are joined as RFC 9110, 5.3 allows."""
    spelled: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in masked_headers(message.headers):
        key = spelled.setdefault(name.lower(), plain(name))
        joined[key] = f"{joined[key]}, {clean_text(value)}" if key in joined else clean_text(value)
    return joined


def _finding(finding: Finding) -> Report:
    return {
        "rule": finding.rule,
        "requirements": list(finding.requirements),
        "verdict": str(finding.verdict),
        "blame": str(finding.blame),
        "exchange": finding.exchange,
        "pointer": plain(finding.pointer),
        "expected": _short(finding.pointer, finding.expected),
        "found": _short(finding.pointer, finding.found),
        "message": _said(finding),
    }


def _said(finding: Finding) -> str:
    message = clean_text(finding.message)
    if secret_place(finding.pointer) and finding.found is not MISSING:
        message = message.replace(clean_text(str(finding.found)), MASK)
    return message


def _short(pointer: str, value: Any) -> Any:
    """A value as JSON, masked where its place is a secret's, cut where it is long."""
    if value is None or value is MISSING:
        return None
    if secret_place(pointer):
        return MASK
    said = plain(value)
    text = said if isinstance(said, str) else as_json(said, MAX_FOUND) if isinstance(said, dict | list) else ""
    if len(text) > MAX_FOUND:
        return text[:MAX_FOUND] + "…"
    return said
