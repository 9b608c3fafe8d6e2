"""`oit init` makes a folder to test a partner from, all of which runs as it is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from emulator.plain_yaml import load_yaml
from tests.cli.processes import environment, free_port, oit, seller


def test_every_command_of_its_readme_does_what_it_says(tmp_path: Path):
    """With the seller of the README at a port that is free."""
    made = oit("init", "acme", cwd=tmp_path)
    assert made.code == 0, made.err
    folder, port = tmp_path / "acme", free_port()
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        os.path.relpath(line, "acme") for line in made.out.splitlines()
    }
    readme = (folder / "README.md").read_text().replace("8080", str(port))
    blocks = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    (serving,) = [block for block in blocks if block.startswith("oit seller")]
    with seller(*(str(folder / word) if word.endswith(".yaml") else word for word in serving.split()[2:])):
        for block in blocks:
            if block != serving:
                done = subprocess.run(
                    ["/bin/sh", "-e", "-c", block], cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
                )  # fmt: skip
                assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "out" / "report.html").is_file()
    assert oit("inputs", ".", cwd=folder).out == (folder / "partner-data.yaml").read_text()


def test_its_workflow_is_one_and_names_what_is_there(tmp_path: Path):
    oit("init", "acme", cwd=tmp_path)
    workflow = load_yaml(tmp_path / "acme/.github/workflows/sonata.yml")
    (step,) = [step["with"] for step in workflow["jobs"]["oit"]["steps"] if step["uses"].startswith("lso-oit")]
    named = [step["profile"], step["known-failures"], step["arguments"].split()[-1]]
    assert all((tmp_path / "acme" / name).is_file() for name in named)
    inputs = load_yaml(Path(__file__).parents[2] / "action.yml")["inputs"]
    assert set(step) <= set(inputs)


@pytest.mark.parametrize("name", ["Acme Corp.", "42", "true", "ä", "a/b/c"])
def test_a_name_becomes_a_word_of_the_language(tmp_path: Path, name: str):
    assert oit("init", name, cwd=tmp_path).code == 0
    assert oit("lint", ".", cwd=tmp_path).code == 0
    assert oit("lint", f"{name}/partner.yaml", cwd=tmp_path).code == 0


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    assert oit("init", "empty", cwd=tmp_path).code == 0
    before = sorted(path.name for path in (tmp_path / "empty").iterdir())
    for name in ("empty", "file", "."):
        done = oit("init", name, cwd=tmp_path)
        assert (done.code, "is there already" in done.err) == (2, True)
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == before
