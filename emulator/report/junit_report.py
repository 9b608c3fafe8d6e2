"""Writes JUnit XML, as Jenkins (xunit `junit-10.xsd`) and GitLab read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from emulator.report.explain import clause, finding_lines, headline, hint, requirement_counts, step_lines
from emulator.report.model import Report, notes_of, run_name, runs_of
from emulator.report.released import labelled
from emulator.report.whose import roles_of

FILE_NAME: Final = "junit.xml"

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STEP_ENDS: Final = {
    "unmet": "error",
    "skipped": "skipped",
    "blocked": "skipped",
    "never_arrived": "error",
    "inconclusive": "error",
    "error": "error",
}
"""The element that a step's outcome becomes. One that was not met is a failure where the run fails for it; what it
blocked is skipped: the cause stands there once.
"""
_FAILING: Final = ("breach", "agreed")
"""Causes of steps that a finding explains."""

_VERDICT_ENDS: Final = {
    "fail": "failure",
    "error": "error",
    "not_seen": "skipped",
    "not_applicable": "skipped",
    "disputed": "skipped",
}

_LOOSE_ENDS: Final = {"fail": "failure", "error": "error", "not_seen": "error"}
"""The element that a finding without requirement becomes: an unanswered request is nothing to skip."""

_SILENT: Final = {
    "not_seen": "nothing in this run shows it",
    "not_applicable": "the option that it belongs to was neither declared nor seen",
}
"""Verdicts that say nothing about a requirement: all requirements of one such verdict share a test case."""

_MAX_TEXT: Final = 20
"""Findings that one test case spells out; `report.json` holds them all."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case: `end` is failure, error, skipped or "" where it passed."""

    group: str
    name: str
    seconds: float
    end: str
    type: str
    message: str
    text: str


def render(report: Report) -> bytes:
    """A report as JUnit XML: a test suite per run, a test case per step and judged requirement.

    Findings that name no requirement have a test case per rule, so that nothing wrong looks green; what was
    not seen is one skipped test case, so that nothing unseen looks green either.
    """
    suites = [_suite(run) for run in runs_of(report)]
    root = Element("testsuites", name="oit")
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
    root.set("time", _seconds(sum(float(suite.get("time", "0")) for suite in suites)))
    root.extend(suites)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def write(report: Report, folder: Path) -> Path:
    """Write `junit.xml` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def _suite(run: Report) -> Element:
    about = run["run"]
    cases = [*_steps(run), *_requirements(run), *_unnumbered(run)]
    name = run_name(run)
    suite = Element("testsuite", name=_xml(name))
    suite.set("tests", str(len(cases)))
    for attribute, end in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.end == end for case in cases)))
    suite.set("time", _seconds(sum(exchange["elapsed_ms"] for exchange in run["exchanges"]) / 1000))
    suite.set("timestamp", about["started"].removesuffix("Z"))
    properties = SubElement(suite, "properties")
    for key in ("id", "title", "release", "profile", "sut", "clock", "seed"):
        if about[key] not in (None, ""):
            SubElement(properties, "property", name=f"oit.{key}", value=_xml(str(about[key])))
    SubElement(properties, "property", name="oit.verdict", value=run["verdict"])
    for note in notes_of(run):
        SubElement(properties, "property", name="oit.note", value=_xml(note))
    prefix = "oit." + re.sub(r"[^\w-]+", "_", name).strip("_")
    for case in cases:
        suite.append(_testcase(case, prefix))
    SubElement(suite, "system-out").text = _xml(_summary(run))
    return suite


def _testcase(case: _Case, prefix: str) -> Element:
    element = Element(
        "testcase", name=_xml(case.name), classname=_xml(f"{prefix}.{case.group}"), time=_seconds(case.seconds)
    )
    if case.end:
        ending = SubElement(element, case.end, type=_xml(case.type), message=_xml(case.message))
        ending.text = _xml(case.text)
    elif case.text:
        SubElement(element, "system-out").text = _xml(case.text)
    return element


def _steps(run: Report) -> Iterator[_Case]:
    for step in run["steps"]:
        lines = list(step_lines(run, step))
        end = _STEP_ENDS.get(step["outcome"], "")
        if step["outcome"] == "unmet" and (step["cause"] in _FAILING or not roles_of(run).tested):
            end = "failure"
        if excuse := step.get("excused"):
            end, lines = "skipped", [_excuse(excuse), *lines]
        message = (lines[0] if lines else f"the step is {step['outcome']}") if end else ""
        yield _Case(
            "steps", step["id"], step["elapsed_ms"] / 1000, end, step["outcome"], message, _joined(lines) if end else ""
        )


def _requirements(run: Report) -> Iterator[_Case]:
    for row in run["requirements"]:
        findings = [finding for finding in run["findings"] if _is_hurt(row, finding)]
        if row["verdict"] in _SILENT and not findings:
            continue
        end = _VERDICT_ENDS.get(row["verdict"], "")
        message, text = _told(run, row["verdict"], findings)
        if end == "failure" and (excuse := _all_excused(row["verdict"], findings)):
            end, message = "skipped", _excuse(excuse)
        yield _Case("requirements", labelled(row, row["id"]), 0.0, end, row["verdict"], message if end else "", text)
    for verdict, why in _SILENT.items():
        silent = [row for row in run["requirements"] if row["verdict"] == verdict]
        if silent:
            message = f"{len(silent)} requirements: {why}"
            text = "\n".join(clause(run, row["id"], row) for row in silent)
            yield _Case("requirements", verdict.replace("_", " "), 0.0, "skipped", verdict, message, text)


def _is_hurt(row: Report, finding: Report) -> bool:
    """Whether a finding is of a requirement, and of its release."""
    return row["id"] in finding["requirements"] and row.get("release") == finding.get("release")


def _unnumbered(run: Report) -> Iterator[_Case]:
    loose = sorted((row for row in run["findings"] if not row["requirements"]), key=lambda row: str(row["rule"]))
    for rule, rows in groupby(loose, key=lambda row: str(row["rule"])):
        findings = list(rows)
        verdict = next((one for one in _LOOSE_ENDS if any(row["verdict"] == one for row in findings)), "warning")
        end = _LOOSE_ENDS.get(verdict, "")
        message, text = _told(run, verdict, findings)
        if end and (excuse := _all_excused(verdict, findings)):
            end, message = "skipped", _excuse(excuse)
        yield _Case("findings", rule, 0.0, end, verdict, message if end else "", text)


def _all_excused(verdict: str, findings: Sequence[Report]) -> Report | None:
    """What excuses the findings that decided a verdict; None where one of them is not excused."""
    excuses: list[Report | None] = [row.get("excused") for row in findings if row["verdict"] == verdict]
    return excuses[0] if excuses and all(excuses) else None


def _excuse(excuse: Report) -> str:
    link = f" ({excuse['link']})" if excuse["link"] else ""
    return f"known failure: {excuse['reason']}{link}; owner {excuse['owner']}, until {excuse['expires']}"


def _told(run: Report, verdict: str, findings: Sequence[Report]) -> tuple[str, str]:
    """A verdict in a sentence, and its findings in full, those that decided it first."""
    if not findings:
        return "", ""
    findings = sorted(findings, key=lambda row: bool(row["verdict"] != verdict))
    blocks = [
        _joined([headline(run, row), *finding_lines(run, row), f"more:     {hint(run, row)}"])
        for row in findings[:_MAX_TEXT]
    ]
    if len(findings) > _MAX_TEXT:
        blocks.append(f"… and {len(findings) - _MAX_TEXT} more in report.json")
    return findings[0]["message"], "\n\n".join(blocks)


def _summary(run: Report) -> str:
    told = [
        f"verdict: {run['verdict']}",
        f"requirements: {requirement_counts(run)}",
        f"{len(run['exchanges'])} exchanges",
        *(
            f"not judged: entry {entry['entry']}: {entry['method']} {entry['url']}: {entry['why']}"
            for entry in run.get("unattributed", [])
        ),
    ]
    return "\n".join(told)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 cannot carry."""
    return _NOT_XML.sub("\ufffd", text)
