"""Writes SARIF 2.1.0: code hosts show the findings at the lines of the scenarios that found them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.errors import UserError
from emulator.judge.explanation import explain
from emulator.report import explanation
from emulator.report.explain import finding_lines, hint, printable, step_lines
from emulator.report.identity import finding_key, step_key
from emulator.report.model import Report, notes_of, run_name, runs_of
from emulator.report.released import labelled, release_of

FILE_NAME: Final = "report.sarif"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
HOME: Final = "https://github.com/lso-oit/lso-oit"
ROOT: Final = "%SRCROOT%"
"""The name that code hosts know the root of a repository by."""

_LEVELS: Final = {"fail": "error", "warning": "warning", "not_seen": "warning", "disputed": "note"}
"""Levels by verdict. An `error` is ours, and becomes a notification of the tool."""
_STUCK: Final = ("unmet", "never_arrived", "inconclusive", "error")
_STEP_RULES: Final = {
    "unmet": ("warning", "What the step demands did not come about, and the standard does not demand it."),
    "never_arrived": ("warning", "A notification that the step waited for did not come."),
    "inconclusive": ("warning", "Nothing came that could be judged."),
    "error": ("error", "The scenario asks for what cannot be, or OIT made a mistake."),
}
_PLACE: Final = re.compile(r"(.+):([0-9]+):([0-9]+)")


def render(report: Report, *, here: Path | None = None, root: Path | None = None) -> bytes:
    """A report as SARIF. Files are named relative to `root`, the repository that `here` is in if left out.

    What a run shows again and again, as polls do, is one result with its count.
    """
    here = here or Path.cwd()
    root = root or repository(here)
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for run in runs_of(report):
        kept: dict[str, dict[str, Any]] = {}
        for key, result in [*_findings(run, here, root, notes), *_steps(run, here, root)]:
            if key in kept:
                kept[key]["occurrenceCount"] += 1
            else:
                kept[key] = {**result, "occurrenceCount": 1}
            if result["ruleId"] not in rules:  # what there is to say of one takes a judgement
                rules[result["ruleId"]] = _rule(run, result)
        results += kept.values()
    order = {name: index for index, name in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = order[result["ruleId"]]
    tool = report["tool"]
    told = [{"level": "warning", "message": {"text": printable(note)}} for note in notes_of(report)]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "OIT",
                        "fullName": "Onboarding and interoperability test bed for LSO Sonata",
                        "version": tool["version"],
                        "informationUri": HOME,
                        "rules": list(rules.values()),
                    }
                },
                "automationDetails": {"id": "oit/"},
                "invocations": [
                    {"executionSuccessful": not notes, "toolExecutionNotifications": [*told, *notes]},
                ],
                "originalUriBaseIds": {
                    ROOT: {"description": {"text": "The root of the repository with the scenarios."}}
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(report: Report, folder: Path) -> Path:
    """Write `report.sarif` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_bytes(render(report))
    return path


def repository(here: Path) -> Path:
    """The root of the repository that a folder is in: what a build says, else where `.git` is, else the folder."""
    if workspace := os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR"):
        given = Path(workspace).absolute()
        if here.absolute().is_relative_to(given):
            return given
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _findings(run: Report, here: Path, root: Path, notes: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in run["findings"]:
        lines = [*finding_lines(run, row), f"more:     {hint(run, row)}"]
        where = next((step["where"] for step in run["steps"] if row["exchange"] in step["exchanges"]), "")
        if row["verdict"] == "error":
            notes.append({"level": "error", "message": _message(row["message"] or row["rule"], lines)})
            continue
        if row["verdict"] not in _LEVELS:
            continue
        key = finding_key(run, row)
        yield (
            key,
            {
                "ruleId": labelled(row, next(iter(row["requirements"]), row["rule"])),
                "level": _LEVELS[row["verdict"]],
                "message": _message(row["message"] or f"breach of {row['rule']}", lines),
                "locations": [_location(where, run, here, root)],
                **_identity(key, row),
                "properties": {
                    "rule": row["rule"],
                    "requirements": row["requirements"],
                    "verdict": row["verdict"],
                    "whose": row["blame"],
                    "run": run_name(run),
                    "exchange": row["exchange"],
                    "pointer": row["pointer"],
                    **({"release": row["release"]} if "release" in row else {}),
                },
            },
        )


def _steps(run: Report, here: Path, root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Steps that did not pass, where no finding speaks of their exchanges."""
    known = {row["exchange"] for row in run["findings"] if row["verdict"] in ("fail", "error")}
    for step in run["steps"]:
        if step["outcome"] not in _STUCK or known & set(step["exchanges"]):
            continue
        key = step_key(run, step)
        first = step["message"].partition("\n")[0]
        yield (
            key,
            {
                "ruleId": f"step.{step['outcome']}",
                "level": _STEP_RULES[step["outcome"]][0],
                "message": _message(f"step {step['id']}: {first}", list(step_lines(run, step))),
                "locations": [_location(step["where"], run, here, root)],
                **_identity(key, step),
                "properties": {"whose": step["blame"], "run": run_name(run), "step": step["id"]},
            },
        )


def _message(first: str, lines: Sequence[str]) -> dict[str, str]:
    first = printable(first)
    return {"text": "\n".join([first, *(line for line in lines if line != first)])}


def _identity(key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Fingerprints that stay the same over runs, and the suppression where it is excused."""
    told: dict[str, Any] = {
        "partialFingerprints": {"oit/v1": key, "primaryLocationLineHash": f"{key[:16]}:1"},
        "suppressions": [],
    }
    if excuse := row.get("excused"):
        link = f" ({excuse['link']})" if excuse["link"] else ""
        reason = f"{excuse['reason']}{link}; owner {excuse['owner']}, until {excuse['expires']}"
        told["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return told


def _location(where: str, run: Report, here: Path, root: Path) -> dict[str, Any]:
    found = _PLACE.fullmatch(where)
    file = found[1] if found else run["run"].get("file") or ""
    physical: dict[str, Any] = {"artifactLocation": _artifact(file or run["run"]["scenario"], here, root)}
    if found or file:
        line, column = (int(found[2]), int(found[3])) if found else (1, 1)
        physical["region"] = {"startLine": max(1, line), "startColumn": max(1, column)}
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": run_name(run), "kind": "module"}]}


def _artifact(file: str, here: Path, root: Path) -> dict[str, str]:
    """A file by its place in the repository; one that is elsewhere by its name, so that no host looks for it."""
    path = Path(os.path.normpath(here / file))
    if path.is_relative_to(root):
        return {"uri": _quoted(path.relative_to(root)), "uriBaseId": ROOT}
    return {"uri": path.as_uri()}


def _quoted(path: Path) -> str:
    return Path("/", path).as_uri().removeprefix("file:///")


def _rule(run: Report, result: dict[str, Any]) -> dict[str, Any]:
    """What there is to say about a result's requirement or rule: our title, and our explanation as help."""
    row = result["properties"]
    release, name = release_of(run, row), result["ruleId"]
    identifier = name.removeprefix(labelled(row, ""))
    kind, _, outcome = identifier.partition(".")
    if kind == "step" and outcome in _STEP_RULES:
        level, says = _STEP_RULES[outcome]
        return {
            "id": identifier,
            "name": "Step" + outcome.title().replace("_", ""),
            "shortDescription": {"text": says},
            "help": {"text": says},
            "defaultConfiguration": {"level": level},
        }
    requirement = release.numbered.get(identifier)
    try:
        text = explanation.render(explain(release, identifier))
    except UserError:
        text = identifier  # of a report that another version wrote
    title = requirement.title if requirement else " ".join(text.split("\n", 3)[2].split()) if "\n" in text else text
    tags = [requirement.guide, str(requirement.keyword), str(requirement.side)] if requirement else ["OIT"]
    return {
        "id": name,
        "name": re.sub(r"[^A-Za-z0-9]", "", identifier),
        "shortDescription": {"text": title},
        "help": {"text": text, "markdown": _fenced(text)},
        "defaultConfiguration": {"level": "error" if not requirement or "MUST" in requirement.keyword else "warning"},
        "properties": {"tags": tags},
    }


def _fenced(text: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=2) + 1)
    return f"{fence}text\n{text}\n{fence}"
