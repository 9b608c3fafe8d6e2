"""`oit run` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.processes import QUICK, free_port, http, oit, oit_process, partner, seller

SCENARIO = "scenarios/poq/immediate.oit.yaml"


def test_main_job_passes_and_leaves_both_reports(tmp_path: Path):
    """The Access E-Line purchase passes in a self-test and writes report.json and junit.xml."""
    done = oit_process(
        "run", "scenarios/access-eline/new-install.oit.yaml", "--report", "json,junit", "--report-dir", str(tmp_path)
    )
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["verdict"] == "pass"
    assert report["findings"] == []
    operations = [exchange["operation"] for exchange in report["exchanges"]]
    assert operations[0] == "createGeographicAddressValidation"
    assert {"createProductOfferingQualification", "createQuote", "createProductOrder", "retrieveProduct"} <= set(
        operations
    )
    active = report["exchanges"][-1]["response"]["body"]
    assert active["status"] == "active"
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert len(suites.findall(".//testcase")) > 20
    assert not suites.findall(".//failure")


@pytest.fixture(scope="module")
def quick_seller(tmp_path_factory: pytest.TempPathFactory):
    """A seller in another process that needs no time to think."""
    profile = tmp_path_factory.mktemp("seller") / "quick.yaml"
    profile.write_text(QUICK)
    with seller("--profile", str(profile)) as url:
        yield url


@pytest.mark.parametrize(
    "path",
    [
        "scenarios/access-eline/new-install.oit.yaml",
        "scenarios/access-eline/new-install-existing-uni.oit.yaml",
        "scenarios/access-eline/modify-bandwidth.oit.yaml",
        "scenarios/access-eline/disconnect.oit.yaml",
        "scenarios/poq/immediate.oit.yaml",
        "scenarios/poq/deferred.oit.yaml",
        "scenarios/quote/firm-immediate.oit.yaml",
        "scenarios/quote/firm-deferred.oit.yaml",
        "scenarios/quote/budgetary.oit.yaml",
    ],
)
def test_seller_in_another_process_passes_as_the_system_under_test(quick_seller: str, path: str, tmp_path: Path):
    """Our own seller, met over HTTP like a stranger, passes."""
    url = f"{quick_seller}/r/{Path(path).name.partition('.')[0]}"
    done = oit("run", path, "--sut", f"seller={url}", "--report", "json", "--report-dir", str(tmp_path))
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["run"]["sut"] == "seller"
    assert report["run"]["clock"] == "real"
    assert report["findings"] == []


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (
            http("500 Internal Server Error", "application/json", b'{"code":"internalError","reason":"no"}'),
            3,
            "answered 500",
        ),
        (http("200 OK", "text/html", b"<html><body>Welcome</body></html>"), 3, "200"),
        (http("500 Internal Server Error", "text/html", b"<h1>Oops</h1>"), 3, "500"),
        (b"", 3, "closed the connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", 3, "not HTTP"),
        (http("201 Created", "application/json", b"[]"), 1, "201"),
        (http("201 Created", "application/json;charset=utf-8", b'{"id": NaN}'), 1, "201"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{", 3, "closed the connection"),
        (http("302 Found", "text/plain", b""), 3, "302"),
    ],
    ids=["500", "html", "500-html", "closes", "ssh", "array", "nan", "half", "redirect"],
)
def test_partner_that_misbehaves_gets_one_clear_sentence(answer: bytes, code: int, said: str):
    """Whatever a partner answers, the exit code is right, a sentence says why, and nobody sees a traceback."""
    with partner(answer) as url:
        done = oit("run", SCENARIO, "--sut", f"seller={url}", "--timeout", "5")
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_partner_that_is_not_there_is_inconclusive():
    """Nothing listens: nothing can be said about the partner, and the exit code says so."""
    done = oit("run", SCENARIO, "--sut", f"seller=http://127.0.0.1:{free_port()}")
    assert done.code == 3
    assert "the connection was refused" in done.err
    assert "pass" not in done.err.rpartition("requirements:")[2], "nothing was seen of the partner"
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "no-such.oit.yaml"], 2, "there is no such file"),
        (["run", SCENARIO, "--sut", "seller"], 2, "--sut seller=URL"),
        (["run", SCENARIO, "--sut", "seller=ftp://x"], 2, "is not the URL of a server"),
        (["run", SCENARIO, "--sut", "seller=http://x:99999"], 2, "is not the URL of a server"),
        (["run", SCENARIO, "--sut", "seller=http://[::1"], 2, "is not the URL of a server"),
        (["run", SCENARIO, "--sut", "seller=http://[x]"], 2, "is not the URL of a server"),
        (["doctor", "--sut", "seller=http://[::1"], 2, "is not the URL of a server"),
        (["control", "--console", "http://[::1", "advance", "5d"], 2, "write the URL that the console printed"),
        (["control", "--console", "http://h:0", "advance", "5d"], 2, "write the URL that the console printed"),
        (["run", SCENARIO, "--release", "zeus"], 2, "Known: cantata-grace, dolly, grace"),
        (["run", SCENARIO, "--report", "pdf"], 2, "Known: "),
        (["run", SCENARIO, "--case", "none-such"], 5, "nothing is selected"),
        (["run", SCENARIO, "--var", "novalue"], 2, "--var name=value"),
        (
            ["run", SCENARIO, "--sut", "seller=http://127.0.0.1:1", "--var", "buyerContact=x"],
            2,
            "is a mapping, and a text",
        ),
        (["run", SCENARIO, "--profile", "no-such.yaml"], 2, "there is no such file"),
        (["run", SCENARIO, "--var", "offerngId=x"], 2, "Did you mean 'offeringId'?"),
        (["run", SCENARIO, "--report", "json", "--report-dir", "README.md"], 2, "cannot be made a folder"),
        (["run", SCENARIO, "--sut", "seller=http://127.0.0.1:1", "--profile", "x.yaml"], 2, "there is no such file"),
        (["check", "no-such.har"], 2, "cannot be read: No such file"),
        (["check", "README.md"], 2, "A HAR file ends in .har"),
        (["check", "x.har", "--map", "quote"], 2, "write --map api=PATH"),
        (["check", "x.har", "--map", "quotes=/a"], 2, "Did you mean 'quote'?"),
        (["check", "x.har", "--map", "quote.hub=/a"], 2, ".management or .notification"),
        (["explain", "MEF123-R455"], 2, "Did you mean MEF123-R"),
        (["explain", "contract.shema"], 2, "Did you mean contract.schema"),
        (["explain", "MEF123-R45", "--sdk", "tests"], 2, "no guide of MEF 123 is there"),
        (["rules", "--trace", "tests"], 2, "there is no report.json in this folder"),
        (["rules", "--trace", "README.md"], 2, "this is not JSON"),
        (["rules", "--trace", "emulator/report/report-1.schema.json"], 2, "this is no report.json"),
        (["run", SCENARIO, "--sut", "seller=http://127.0.0.1:1", "--clock", "virtual"], 2, "a partner's time is real"),
        (["specs", "diff", "--sdk", "tests"], 2, "is not an SDK folder"),
        (["lint", "tests/cli"], 5, "no scenario file"),
        (["specs", "export", "quotes"], 2, "Did you mean 'quote'?"),
        (["seller", "--profile", "no-such.yaml"], 2, "there is no such file"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_mistake_of_the_user_gets_one_line_and_its_exit_code(arguments: list[str], code: int, said: str):
    """A mistake is answered by what to do, with exit code 2 (5 where nothing was selected)."""
    done = oit(*arguments)
    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_json_format_is_one_event_per_line_on_stdout():
    """`--format json` keeps stdout for events that a program reads."""
    done = oit("run", SCENARIO, "--format", "json")
    assert done.code == 0
    events = [json.loads(line) for line in done.out.splitlines()]
    assert events[0]["event"] == "run_started"
    assert any(event["event"] == "run_done" for event in events)


def test_same_seed_makes_the_same_ids_and_another_seed_others(tmp_path: Path):
    """What both our parties make up is equal in two runs with one seed, and differs with another."""
    scenario = tmp_path / "seed.oit.yaml"
    scenario.write_text(
        'oit: "1"\nid: seed\ntitle: x\nsources: {q: {api: quote, servedBy: seller}}\nflow:\n'
        '  - {id: a, call: q.registerListener, request: {body: {callback: "http://127.0.0.1:9/{$gen.uuid}"}}}\n'
    )

    def made_up(seed: str, folder: str) -> tuple[str, str]:
        done = oit("run", str(scenario), "--seed", seed, "--report", "json", "--report-dir", str(tmp_path / folder))
        assert done.code == 0, done.err
        (exchange,) = json.loads((tmp_path / folder / "report.json").read_bytes())["exchanges"]
        return exchange["request"]["body"]["callback"], exchange["response"]["body"]["id"]

    first, again, other = made_up("7", "a"), made_up("7", "b"), made_up("8", "c")
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]


def test_parallel_runs_say_the_same_as_one_after_the_other(tmp_path: Path):
    """`-j` changes nothing but the time."""
    done = oit("run", "scenarios/poq", "scenarios/quote", "-j", "4", "--report", "json", "--report-dir", str(tmp_path))
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["verdict"] == "pass"
    files = [f"{run['run']['scenario']}." for run in report["runs"]]
    assert files == sorted(files)


def test_broken_scenario_names_every_place(tmp_path: Path):
    """Each problem of a scenario is a line with file, line and column, and a suggestion."""
    file = tmp_path / "x.oit.yaml"
    file.write_text(
        'oit: "1"\nid: x\ntitle: x\nsources:\n  q: {api: quote, servedBy: seller}\nflow:\n'
        "  - id: a\n    call: q.listQuotes\n    expcet: 1\n"
    )
    done = oit("lint", str(file))
    assert done.code == 2
    assert f"{file}:9:5: 'expcet' is not a key of a step." in done.out
    assert "Did you mean 'expect'?" in done.out
