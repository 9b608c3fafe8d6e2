"""`oit run --sut buyer`: a partner's buyer, in a process of its own, meets our seller and is judged."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import partner_buyer
from tests.cli.processes import QUICK, ROOT, environment, oit

MAIN = "scenarios/access-eline/new-install.oit.yaml"


@contextlib.contextmanager
def waiting(scenario: str, folder: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A run that waits for a buyer; gives our seller's URL, and the process to ask for the end."""
    profile = folder / "quick.yaml"
    profile.write_text(QUICK)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "emulator", "run", scenario, "--sut", "buyer", "--profile", str(profile),
            "--format", "json", "--report", "json", "--report-dir", str(folder), "--within", "60s", *more,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "serving":
                break
        else:
            pytest.fail(f"nothing listens: {process.communicate(timeout=10)}")
        yield event["url"], process
    finally:
        process.kill()
        process.communicate(timeout=10)


def whole(process: subprocess.Popen[str], folder: Path) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """Exit code, events and report of a run that comes to its end."""
    out, err = process.communicate(timeout=90)
    assert "Traceback" not in err, err
    return (
        process.returncode,
        [json.loads(line) for line in out.splitlines()],
        json.loads((folder / "report.json").read_bytes()),
    )


def get(url: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
        return json.load(answer)


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["outcome"] for step in report["steps"]}


def message(report: dict[str, Any], step: str) -> str:
    return next(row["message"] for row in report["steps"] if row["id"] == step)


def test_a_right_buyer_passes_the_main_job(tmp_path: Path):
    """From the address to active products, with another HTTP library, its own data and another order of items."""
    with waiting(MAIN, tmp_path) as (url, process):
        assert partner_buyer.main(url) == 0
        code, events, report = whole(process, tmp_path)
    assert code == 0
    assert report["run"]["sut"] == "buyer"
    assert report["verdict"] == "pass"
    assert report["findings"] == []
    skipped = {step for step, outcome in outcomes(report).items() if outcome == "skipped"}
    assert skipped == {"place-address", "quote-accepted"}
    assert {outcome for step, outcome in outcomes(report).items() if step not in skipped} == {"passed"}
    assert not [event for event in events if event["event"] == "missed"]
    judged = {row["id"]: row["verdict"] for row in report["requirements"]}
    assert judged["MEF123-R13"] == "pass", "the buyer's own messages are what was judged"


@pytest.mark.parametrize(
    ("way", "code", "step", "says"),
    [
        ("wrong-role", 1, "poq-create", "A contact with the role buyerContactInformation is missing"),
        ("missing-attribute", 1, "quote-create", "/buyerRequestedQuoteLevel missingProperty"),
        (
            "never-orders",
            3,
            "order-create",
            "did not send POST /mefApi/sonata/productOrderingManagement/v10/productOrder",
        ),
        ("strange-id", 3, "quote-orderable", 'its path has id "no-such-quote", awaited is'),
    ],
)
def test_a_broken_buyer_is_found_out_with_the_reason(way: str, code: int, step: str, says: str, tmp_path: Path):
    """What did not come is told with the nearest miss, and what was breached is the buyer's."""
    with waiting(MAIN, tmp_path) as (url, process):
        partner_buyer.main(url, way)
        ended, events, report = whole(process, tmp_path)
    assert ended == code
    assert outcomes(report)[step] == "never_arrived"
    assert says in message(report, step)
    (row,) = [row for row in report["steps"] if row["id"] == step]
    assert row["blame"] == "buyer"
    assert {finding["blame"] for finding in report["findings"]} <= {"buyer"}
    assert any(finding["verdict"] == "fail" for finding in report["findings"]) is (code == 1)
    assert all(event["reason"] for event in events if event["event"] == "missed")


LANDLESS = QUICK + "addresses: {addr-ashburn-20-main: {address: {country: null}}}\n"


@pytest.mark.parametrize(("profile", "code", "verdict"), [(LANDLESS, 3, "inconclusive"), (QUICK, 0, "pass")])
def test_what_the_users_profile_has_our_seller_say_is_nobodys_breach(
    profile: str, code: int, verdict: str, tmp_path: Path
):
    """It is no mistake of OIT, and the buyer is right whatever it hears."""
    file, scenario = tmp_path / "own.yaml", tmp_path / "one.oit.yaml"
    file.write_text(profile)
    scenario.write_text(
        'oit: "1"\nid: one\ntitle: One address\nsources: {address: {api: address, servedBy: seller}}\nflow:\n'
        "  - {id: ask, call: address.retrieveGeographicAddress, request: {path: {id: addr-ashburn-20-main}}}\n"
    )
    with waiting(str(scenario), tmp_path, "--profile", str(file)) as (url, process):
        assert get(f"{url}/mefApi/sonata/geographicAddressManagement/v7/geographicAddress/addr-ashburn-20-main")
        ended, _, report = whole(process, tmp_path)
    breaches = [(row["verdict"], row["blame"]) for row in report["findings"] if row["verdict"] in ("fail", "error")]
    assert (ended, report["verdict"]) == (code, verdict)
    assert breaches == ([("fail", "inputs")] if code else [])


def test_a_buyer_that_orders_twice_is_found_out_although_every_step_came(tmp_path: Path):
    with waiting(MAIN, tmp_path) as (url, process):
        partner_buyer.main(url, "repeats")
        code, _, report = whole(process, tmp_path)
    assert code == 1
    assert set(outcomes(report).values()) == {"passed", "skipped"}
    (finding,) = [finding for finding in report["findings"] if finding["verdict"] == "fail"]
    assert (finding["rule"], finding["blame"]) == ("flow.repeated", "buyer")
    assert "had made productOrder" in finding["message"]


def test_what_is_awaited_is_in_a_file_and_at_the_same_port(tmp_path: Path):
    """A build reads there where to send what, and until when; at the end the file has the verdict."""
    file = tmp_path / "waiting.json"
    with waiting("scenarios/quote/firm-deferred.oit.yaml", tmp_path, "--waiting-file", str(file)) as (url, process):
        told = get(f"{url}/oit/waiting")
        while not told["awaited"]:  # the door is open a moment before the first step
            told = get(f"{url}/oit/waiting")
        assert json.loads(file.read_text()) == told
        assert told["status"] == "waiting"
        assert told["url"] == url
        first = told["awaited"][0]
        assert first["method"] == "POST"
        assert first["url"].startswith(url)
        assert isinstance(first["body"], dict)
        assert first["expires"] > first["since"]
        with pytest.raises(urllib.request.HTTPError) as refused:  # type: ignore[attr-defined]
            get(f"{url}/oit/waiting", "PUT")
        assert refused.value.code == 405
        refused.value.close()
        assert get(f"{url}/oit/done", "POST") == {"status": "ending"}
        code, _, report = whole(process, tmp_path)
    assert code == 3
    assert json.loads(file.read_text())["status"] == "ended"
    assert json.loads(file.read_text())["verdict"] == report["verdict"] == "inconclusive"
    assert "said that it has nothing more to send" in message(report, first["step"])
    assert report["exchanges"] == [], "what is asked of the test bed is no exchange with the seller"


def test_a_person_sees_what_to_send_and_that_it_never_came(tmp_path: Path):
    done = oit("run", "scenarios/quote/firm-deferred.oit.yaml", "--sut", "buyer", "--within", "200ms")
    assert done.code == 3
    assert "our seller listens at http://127.0.0.1:" in done.err
    assert "POST http://127.0.0.1:" in done.err
    assert '"submittedGeographicAddress": {' in done.err or '"buyerRequestedQuoteLevel": "firm"' in done.err
    assert "0 s left" in done.err
    assert "within 200ms" in done.err
    assert "the Buyer's" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sut", "buyer=http://127.0.0.1:1"], "write --sut buyer, and give it our seller's URL"),
        (["--sut", "buyer", "--clock", "virtual"], "a partner's time is real"),
        (["--sut", "buyer", "-j", "2"], "--jobs has no effect with --sut buyer"),
        (["--sut", "buyer", "--within", "soon"], "--within: 'soon' is not a duration"),
        (["--sut", "buyer", "--waiting-file", "/dev/null/x"], "--waiting-file /dev/null/x: cannot be written"),
        (["--port", "8080"], "--port has no effect without --sut buyer"),
        (["--waiting-file", "x.json"], "--waiting-file has no effect without --sut buyer"),
        (["--within", "5s"], "--within has no effect without --sut"),
        (["--max-time", "0s"], "--max-time 0s: nothing can be done in no time"),
    ],
)
def test_mistakes_get_one_line(arguments: list[str], said: str):
    done = oit("run", "scenarios/poq/immediate.oit.yaml", *arguments)
    assert done.code == 2, done.err
    assert said in done.err
    assert "Traceback" not in done.err
