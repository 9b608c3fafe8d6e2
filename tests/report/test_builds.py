"""The action and the pipelines of the README are what GitHub and GitLab read, and the action's script works."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.processes import ROOT, environment
from tests.report.schemas import problems

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text())
README = (ROOT / "README.md").read_text()


def block(name: str) -> Any:
    """A block of the README; `on` is a word in these files."""
    found = re.search(rf"<!-- build:{name} -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert found, name
    return yaml.load(found[1], yaml.BaseLoader)


def test_the_action_is_one():
    assert problems(ACTION, "github-action.json") == []
    assert problems({**ACTION, "runs": {"using": "magic"}}, "github-action.json")


def test_the_action_uploads_nothing_and_puts_no_input_into_a_script():
    """It uses no other action; `${{ }}` stands in values, never in a script, where it would be code."""
    for step in ACTION["runs"]["steps"]:
        assert "uses" not in step
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_the_workflow_of_the_readme_is_one_and_gives_the_action_only_what_it_takes():
    workflow = block("github")
    assert problems(workflow, "github-workflow.json") == []
    (job,) = workflow["jobs"].values()
    (ours,) = [step for step in job["steps"] if step.get("uses", "").startswith("lso-oit/lso-oit@")]
    assert set(ours["with"]) <= set(ACTION["inputs"])
    assert any("upload-sarif" in step.get("uses", "") for step in job["steps"])


def test_the_gitlab_pipeline_of_the_readme_is_one():
    pipeline = block("gitlab")
    assert problems(pipeline, "ci.json") == []
    (job,) = [value for value in pipeline.values() if isinstance(value, dict) and "script" in value]
    assert job["artifacts"]["when"] == "always"
    for line in job["script"]:
        if line.startswith("oit "):
            assert subprocess.run(
                [*shlex.split(line)[:2], "--help"], env=environment(), capture_output=True, check=False
            ).returncode == 0  # fmt: skip


@pytest.mark.parametrize(("strict", "code"), [("false", 0), ("true", 3)])
def test_the_script_of_the_action_runs_and_leaves_summary_and_sarif(strict: str, code: int, tmp_path: Path):
    """As GitHub runs it, with the inputs in its environment; blanks and patterns in them stay what they are."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "s.oit.yaml").write_text(
        'oit: "1"\nid: s\ntitle: x\nsources: {q: {api: quote, servedBy: seller}}\nflow:\n'
        "  - {id: a, call: q.listQuote, covers: [MEF115-R52]}\n"
    )
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "run"]
    given = {name: str(about["default"]) for name, about in ACTION["inputs"].items()}
    given |= {"paths": "s.oit.yaml", "strict": strict, "report-dir": "a b", "arguments": "--seed 3"}
    values = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for name, value in step["env"].items()
    }
    told = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    python = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env={**environment(), **values, **told, **python},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    assert "OIT:" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "a b" / "report.sarif").exists()
    assert (tmp_path / "a b" / "junit.xml").stat().st_size
