"""Every command of the README's tour does what the README says."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import requests

from tests.cli.processes import QUICK, ROOT, environment, free_port, oit, seller

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- tour:(\w+) ?([^ ]*) ?-->\n```\w+\n(.*?)```", re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    return [(name, text) for found, name, text in BLOCK.findall(README) if found == kind]


def shell(text: str, cwd: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    """Run a block as it stands, but for the port, in a folder that has our scenarios and no more."""
    script = "set -e\n" + text.replace("http://127.0.0.1:8080", url or "http://127.0.0.1:8080")
    return subprocess.run(
        ["bash", "-c", script], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def url():
    with seller("--port", "0") as found:
        yield found


def test_the_seller_starts_with_the_documented_command():
    """The documented command prints the URL of a seller that listens."""
    ((_, text),) = blocks("seller")
    arguments = shlex.split(text)
    assert arguments[:3] == ["oit", "seller", "--port"]
    port = str(free_port())
    with seller("--port", port) as found:
        assert found == f"http://127.0.0.1:{port}"


def test_the_console_does_what_the_control_commands_ask_for():
    """The seller of the tour starts with a console, and each line of control says what it did."""
    ((_, text),) = blocks("console")
    start, *lines = text.strip().splitlines()
    assert shlex.split(start)[:2] == ["oit", "seller"]
    port = str(free_port())
    with seller("--port", "0", "--console", port):
        told = [oit(*shlex.split(line.replace("8081", port))[1:]) for line in lines]
    assert [done.code for done in told] == [0] * len(lines)
    assert told[0].out.startswith("our time went ahead by 5d")
    assert told[1].out == "quote.createQuote: respond 503, 2 time(s)\n"


def curl(text: str, url: str) -> str:
    """What curl would show for a command of the text: not every machine has it, so Python sends what it would send."""
    reading = argparse.ArgumentParser(prog="curl", exit_on_error=False)
    reading.add_argument("-s", action="store_true")
    reading.add_argument("-H", action="append", default=[])
    reading.add_argument("-d")
    reading.add_argument("url")
    command, *words = shlex.split(text.replace("\\\n", " "))
    assert command == "curl"
    asked = reading.parse_args(words)
    headers = dict(header.split(": ", 1) for header in asked.H)
    return requests.request(
        "POST" if asked.d else "GET",
        asked.url.replace("http://127.0.0.1:8080", url),
        headers=headers,
        data=asked.d,
        timeout=30,
    ).text


def test_the_curl_commands_answer_what_the_text_says(url: str):
    """An address is matched, products are listed, and a missing city is a 422 with its pointer."""
    match, products, wrong = (curl(text, url) for _, text in blocks("curl"))
    assert '"validationResult":"success"' in match
    assert '"status":"active"' in products
    assert '"propertyPath":"/submittedGeographicAddress/city"' in wrong


def test_the_run_command_passes_against_the_running_seller(tmp_path: Path):
    """The documented run passes against a seller (here one that needs no time) and leaves reports."""
    ((_, text),) = blocks("run")
    profile = tmp_path / "quick.yaml"
    profile.write_text(QUICK)
    with seller("--profile", str(profile)) as quick:
        done = shell(text, tmp_path, quick)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.json").exists()


def test_the_profile_in_the_text_makes_such_a_seller(tmp_path: Path):
    """The documented profile is read, and its unsupported operation is answered 501."""
    ((name, text),) = blocks("profile")
    (tmp_path / name).write_text(text)
    with seller("--profile", str(tmp_path / name)) as url:
        hub = f"{url}/mefApi/sonata/quoteManagement/v8/hub"
        done = requests.post(hub, json={"callback": "http://127.0.0.1:9/"}, timeout=10)
    assert done.status_code == 501
    assert done.json()["code"] == "notImplemented"


def test_the_closed_seller_of_the_text_is_closed(tmp_path: Path):
    """The documented profile refuses the callbacks that it closes, and takes those of the network that it opens."""
    ((name, text),) = blocks("closed")
    (tmp_path / name).write_text(text)
    with seller("--profile", str(tmp_path / name)) as url:
        hub = f"{url}/mefApi/sonata/quoteManagement/v8/hub"
        status = {
            host: requests.post(hub, json={"callback": f"http://{host}/"}, timeout=10).status_code
            for host in ("127.0.0.1:9", "10.1.2.3", "10.20.1.2", "169.254.169.254", "buyer.example")
        }
    assert status == {
        "127.0.0.1:9": 400,
        "10.1.2.3": 400,
        "10.20.1.2": 201,
        "169.254.169.254": 400,
        "buyer.example": 201,
    }


def test_the_validate_command_finds_three_breaches(tmp_path: Path):
    """The documented message is wrong, and the command says where."""
    ((_, text),) = blocks("validate")
    done = shell(text, tmp_path)
    assert done.returncode == 1
    assert "/instantSyncQuote" in done.stdout


def test_the_known_failures_of_the_text_are_read(tmp_path: Path):
    """The documented file names a rule of ours and excuses nothing in a self-test: it is stale, and says so."""
    ((name, text),) = blocks("known")
    (tmp_path / name).write_text(text)
    file = str(tmp_path / name)
    done = oit("run", "scenarios/places/find.oit.yaml", "--known-failures", file)
    assert done.code == 1
    assert f"{file}:3:5: " in done.err
    assert done.err.count("MEF121-R20") == 1


def test_the_first_scenario_and_the_commands_after_it_work(tmp_path: Path):
    """The scenario in the text lints, runs and passes."""
    for name, text in blocks("scenario"):
        (tmp_path / name).write_text(text)
    for _, text in blocks("sh"):
        done = shell(text, tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "quote.openapi.yaml").stat().st_size > 10_000


def test_the_make_targets_that_the_text_names_exist():
    """`make demo`, `make test`, `make help` are targets."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make (\w+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_command_has_help_with_examples():
    """`--help` of each command shows how it is called."""
    for command in (
        ["seller"],
        ["run"],
        ["check"],
        ["reconcile"],
        ["explain"],
        ["rules"],
        ["lint"],
        ["validate"],
        ["schema"],
        ["report"],
        ["diff"],
        ["doctor"],
        ["specs", "list"],
        ["specs", "export"],
        ["specs", "diff"],
        ["releases"],
    ):
        done = oit(*command, "--help")
        assert done.code == 0
        assert "Examples:" in done.out, command
