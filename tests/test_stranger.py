"""What CONTRIBUTING.md promises to who does not know the code: a rule is two files, a report format one, an API its folder.

A stranger works in a copy of the package and of `specs/`, and edits nothing else there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repairs import FOLDER, ROW

ROOT = Path(__file__).resolve().parents[1]
SITE = "emulator/judge/rules/site.py"
RULE = '''

@SITE.rule("R13", on=LISTED, name="once")
def site_is_listed_once(said: Said) -> Iterator[Mark]:
    """No site is in a list twice: each id in it is another one."""
    before: list[Any] = []
    for place, one in every(said.body, "/*/id"):
        yield breach(place, "another id", one, "the site is listed twice") if one in before else FINE
        before.append(one)
'''
PROOF = """\
exchanges:
  two:
    operation: listGeographicSite
    query: {geographicAddress.id: adr-9}
    response:
      - {id: site-1, place: [{'@type': GeographicAddressRef, id: adr-9}]}
      - {id: site-2, place: [{'@type': GeographicAddressRef, id: adr-9}]}
proofs:
  MEF122-R13.once:
    run: [two]
    wrong: {two: {response: {set: {/1/id: site-1}}}}
    ask: ["Does a join in the seller's database give a row for each place of a site?"]
"""
CHECK = """
import json
from pathlib import Path
from emulator.report.transcript_report import line
from emulator.standard.release import load_release
proof = load_release().proofs["MEF122-R13.once"]
for name, run in (("right", proof.right), ("wrong", proof.wrong)):
    Path(f"{name}.ndjson").write_bytes(b"".join(line("r", exchange) + b"\\n" for exchange in run))
"""
FORMAT = '''\
"""Writes the verdict of each run, a line each."""

from __future__ import annotations

from pathlib import Path

from emulator.report.model import Report, run_name, runs_of


def write(report: Report, folder: Path) -> Path:
    """Write `verdicts.txt` into a folder, which is made where it is missing; answers its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "verdicts.txt"
    path.write_text("".join(f"{run_name(run)}: {run['verdict']}\\n" for run in runs_of(report)), encoding="utf-8")
    return path
'''
SCENARIO = """\
oit: "1"
id: a-claim
title: A claim is made, read and found
sources: {repairs: {api: repairs, servedBy: seller}}
flow:
  - id: make
    call: repairs.createClaim
    request: {body: {description: No light, priority: low}}
    response: {status: 201}
    outputs: {id: $response.body#/id}
    track: claim
  - id: done
    await: {resource: claim, state: done}
  - id: read
    call: repairs.retrieveClaim
    request: {path: {id: $steps.make.outputs.id}}
    response: {status: 200, expect: {/status: done}}
  - id: list
    call: repairs.listClaim
    request: {query: {priority: low}}
    response: {status: 200}
"""


class Copy:
    """A stranger's copy, and its `oit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("emulator", "specs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("screenshots"))
        (folder / "scenarios").symlink_to(ROOT / "scenarios")

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OIT_")}
        environment = {**kept, "PYTHONPATH": str(self.folder), "NO_COLOR": "1", "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def oit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "emulator", *arguments)

    def add(self, name: str, text: str) -> None:
        """Add to a file of the copy, which is made where it is missing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + text, encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("stranger"))


def test_a_rule_is_two_files(copy: Copy) -> None:
    copy.add(SITE, RULE)
    copy.add("specs/sonata/geographicSite/proofs/once.yaml", PROOF)
    explained = copy.oit("explain", "MEF122-R13.once")
    assert explained.returncode == 0, explained.stderr
    assert "each id in it is another one" in explained.stdout
    assert "/1/id" in explained.stdout  # the proof is the example
    assert copy.python("-c", CHECK).returncode == 0
    right = copy.oit("check", "right.ndjson", "--sut", "seller", "--report", "json", "--report-dir", "right")
    assert right.returncode == 0, right.stderr
    wrong = copy.oit("check", "wrong.ndjson", "--sut", "seller", "--report", "json", "--report-dir", "wrong")
    assert wrong.returncode == 1, wrong.stderr
    report = json.loads((copy.folder / "wrong" / "report.json").read_bytes())
    (finding,) = (each for each in report["findings"] if each["rule"] == "MEF122-R13.once")
    assert (finding["verdict"], finding["pointer"], finding["blame"]) == ("fail", "/1/id", "seller")


def test_a_report_format_is_one_file(copy: Copy) -> None:
    copy.add("emulator/report/verdicts_report.py", FORMAT)
    ran = copy.oit("run", "scenarios/places/find.oit.yaml", "--report", "verdicts", "--report-dir", "told")
    assert ran.returncode == 0, ran.stderr
    lines = (copy.folder / "told" / "verdicts.txt").read_text().splitlines()
    assert lines
    assert all(line.endswith(": pass") for line in lines)
    assert "verdicts" in copy.oit("run", "--help").stdout


def test_an_api_is_its_folder_and_its_row(copy: Copy) -> None:
    for path in FOLDER.glob("*.yaml"):
        copy.add(f"specs/sonata/repairs/{path.name}", path.read_text(encoding="utf-8"))
    release = copy.folder / "specs" / "releases" / "grace.yaml"
    row = f"{ROW.format(api='repairs').strip(chr(10))}\nproducts:"
    release.write_text(release.read_text(encoding="utf-8").replace("products:", row, 1), encoding="utf-8")
    listed = copy.oit("specs", "list")
    assert "repairs" in listed.stdout, listed.stderr
    explained = copy.oit("explain", "repairs")
    assert "claimDoneEvent" in explained.stdout, explained.stderr
    copy.add("a-claim.oit.yaml", SCENARIO)
    ran = copy.oit("run", "a-claim.oit.yaml", "--report", "json", "--report-dir", "ran")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = json.loads((copy.folder / "ran" / "report.json").read_bytes())
    assert report["verdict"] == "pass"
    assert [step["outcome"] for step in report["steps"]] == ["passed"] * 4
