"""Behaviour on demand: hooks of a partner's file, a person who is asked, and a clock that is moved."""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.asking import AskedPerson
from emulator.errors import UserError
from emulator.parties.behaviours import named_behaviours
from emulator.scenario.stop import Stop
from emulator.standard.release import load_release
from tests.cli.processes import ROOT, oit
from tests.console.served import Beside, seller_with_console

OURS = ROOT / "scenarios/partners/our-seller.yaml"
CHANGEABLE = frozenset(
    {
        "behaviour",
        "billing",
        "catalog",
        "discovery",
        "does",
        "fixed",
        "fixedInAnswers",
        "have",
        "intervals",
        "offerings",
        "options",
        "paging",
        "pilotBuyers",
        "printableBill",
        "represents",
        "unsupported",
    }
)
"""What of a profile may be another while a seller serves."""


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with seller_with_console() as found:
        yield found


@pytest.fixture
def partner(beside: Beside, tmp_path: Path) -> Path:
    """The file that we ship, of a seller that listens elsewhere."""
    text = (
        OURS.read_text().replace("http://127.0.0.1:8080", beside.seller).replace("http://127.0.0.1:8081", beside.root)
    )
    file = tmp_path / "partner.yaml"
    file.write_text(text)
    return file


def ran(*arguments: str | Path, out: Path, stdin: str | None = None) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code of `oit run`, the reports of its runs, and what it said."""
    done = oit("run", *map(str, arguments), "--report", "json", "--report-dir", str(out), stdin=stdin)
    file = out / "report.json"
    report = json.loads(file.read_text()) if file.exists() else {}
    return done.code, report.get("runs", [report] if report else []), done.err + done.out


def deeds(run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["behaviour"], row["deed"]) for row in run.get("preparations", ()) if row["deed"] != "ahead"]


# -- our own seller answers all hooks --------------------------------------------------------------------


def folder_of(place: Path, *names: str) -> Path:
    """A folder with some of our scenarios: none of them is named by its file."""
    shutil.copytree(ROOT / "scenarios/fragments", place / "fragments")
    for name in names:
        (place / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / f"scenarios/{name}.oit.yaml", place / f"{name}.oit.yaml")
    return place


def test_what_needs_behaviour_is_run_where_hooks_have_the_partner_behave_so(
    partner: Path, beside: Beside, tmp_path: Path
):
    names = ("quote/expired", "quote/sooner-than-asked-unable")
    folder = folder_of(tmp_path / "some", *names)
    code, runs, said = ran(folder, "--partner", partner, out=tmp_path / "out")
    assert code == 0, said
    assert [run["verdict"] for run in runs] == ["pass"] * len(names)
    by_name = {run["run"]["scenario"]: run for run in runs}
    unable = deeds(by_name["quote-sooner-than-asked-unable"])
    assert unable[:3] == [("clean-slate", "done"), ("quote-at-once", "done"), ("quote-unable-to-provide", "done")]
    assert unable[-2:] == [("quote-unable-to-provide", "undone"), ("quote-at-once", "undone")]
    moved = sum(
        row.get("moved_seconds", 0) for row in by_name["quote-expired"]["preparations"] if row["deed"] == "moved"
    )
    assert 3600 <= moved < 7300
    assert not any("/api/control" in json.dumps(run["exchanges"]) for run in runs), "it is preparation, not evidence"
    assert beside.get("/api/state").json["behaves"] == []


def test_a_clock_that_only_moves_by_a_day_is_moved_by_days_and_only_in_waits_for_them(partner: Path, tmp_path: Path):
    """`moves: P1D`: the hook is told of a day each time; what may take minutes is waited for really, and soon there."""
    text = partner.read_text()
    assert "moves: asked" in text
    partner.write_text(text.replace("moves: asked", "moves: P1D"))
    folder = folder_of(tmp_path / "some", "order/with-notifications")
    file = folder / "order/with-notifications.oit.yaml"
    file.write_text(file.read_text().partition("  - id: silence")[0])  # it waits for two minutes, really
    code, (run,), said = ran(file, "--partner", partner, out=tmp_path / "out")
    assert code == 0, said
    rows = [row for row in run["preparations"] if row["deed"] == "moved"]
    assert rows
    assert {row["moved_seconds"] for row in rows} == {86_400.0}
    assert [move["seconds"] for move in run["run"]["moves"]] == [86_400.0] * len(rows)
    began, ended, first = map(
        datetime.fromisoformat, (run["run"]["started"], run["run"]["finished"], run["run"]["moves"][0]["at"])
    )
    assert timedelta(0) <= ended - began - timedelta(days=len(rows)) < timedelta(hours=1), "no other time was skipped"
    waited = next(step for step in run["steps"] if step["id"] == "completed")["exchanges"]
    asked = {row["n"]: datetime.fromisoformat(row["at"]) for row in run["exchanges"] if row["kind"] == "management"}
    assert all(at < first for n, at in asked.items() if n < waited[0]), "a wait of 15 minutes is none for a day"
    assert asked[waited[-1]] >= first


@pytest.mark.slow
def test_every_scenario_that_needs_behaviour_is_green_against_our_own_seller_as_a_partner(
    partner: Path, tmp_path: Path
):
    """And so is what may wait for days."""
    code, runs, said = ran(ROOT / "scenarios", "--partner", partner, out=tmp_path / "out")
    assert [
        (run["run"]["scenario"], run["run"]["case"], run["verdict"]) for run in runs if run["verdict"] != "pass"
    ] == []
    assert code == 0, said
    asked = {name for run in runs for name, deed in deeds(run) if deed == "done"}
    assert asked == set(named_behaviours(load_release())) - {"time-passes"}


def test_behaviours_of_ours_change_what_a_serving_seller_can_change():
    for name, one in named_behaviours(load_release()).items():
        assert set(one.ours) <= CHANGEABLE, name


def test_the_console_refuses_a_behaviour_that_nobody_knows(beside: Beside):
    done = oit("control", "--console", beside.root, "behave", "order-chargde")
    assert done.code == 2
    assert "did you mean 'order-charged'?" in done.err
    assert oit("control", "--console", beside.root, "behave").code == 2
    assert "quote-rejected" in oit("control", "--console", beside.root, "behave", "quote-rejected").out
    assert "as its profile says" in oit("control", "--console", beside.root, "behave", "--clear").out


def test_behaviours_are_explained():
    told = oit("explain", "order-charged").out
    assert "an order that turns out dearer than quoted" in told
    assert "order-charge-unanswered" in told
    assert "time-passes" in oit("explain", "behaviours").out
    assert len(json.loads(oit("explain", "behaviours", "--format", "json").out)) == len(
        named_behaviours(load_release())
    )


# -- a partner's hooks -----------------------------------------------------------------------------------


class Lab(ThreadingHTTPServer):
    """A partner's lab: it notes what is asked of it, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 204
        lab = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(size)) if size else None
                lab.asked.append((self.command, self.path, dict(self.headers), body))
                self.send_response(lab.status)
                self.end_headers()

            do_POST = do_DELETE = do_PUT = do  # noqa: N815 - so http.server calls them

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(lab: Lab) -> Iterator[Lab]:
    thread = threading.Thread(target=lab.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield lab
    finally:
        lab.shutdown()
        lab.server_close()
        thread.join()


@pytest.fixture
def lab() -> Iterator[Lab]:
    with served(Lab()) as found:
        yield found


REJECTED = "scenarios/quote/rejected.oit.yaml"


def written(place: Path, seller: str, hooks: str) -> Path:
    file = place / "acme.yaml"
    lines = "\n".join(f"    {line}" for line in hooks.strip().splitlines())
    file.write_text(f"connection:\n  root: {seller}\n  hooks:\n{lines}\n")
    return file


def test_a_hook_is_called_with_what_the_run_knows_and_undone(
    beside: Beside, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Also where what was asked for did not come about; its secret is in no report."""
    monkeypatch.setenv("ACME_LAB", "lab-secret-4711")
    hooks = f"""
quote-rejected:
  call:
    url: "{lab.root}/runs/{{$run.id}}/{{$inputs.agreementName}}/quotes"
    headers: {{X-Lab-Key: "env:ACME_LAB"}}
    body: {{behaviour: $hook.name, run: "run {{$run.id}}", key: "env:ACME_LAB"}}
  undo:
    call: {{method: DELETE, url: "{lab.root}/runs/{{$run.id}}"}}
"""
    file = written(tmp_path, beside.seller, hooks)
    code, runs, said = ran(
        REJECTED, "--partner", file, "--within", "1s", "--var", "agreementName=a/../b?c", out=tmp_path / "out"
    )
    (run,) = runs
    identifier = run["run"]["id"]
    assert [(method, path) for method, path, _, _ in lab.asked] == [
        ("POST", f"/runs/{identifier}/a%2F..%2Fb%3Fc/quotes"),
        ("DELETE", f"/runs/{identifier}"),
    ]
    _, _, headers, body = lab.asked[0]
    assert headers["X-Lab-Key"] == "lab-secret-4711"
    assert body == {"behaviour": "quote-rejected", "run": f"run {identifier}", "key": "lab-secret-4711"}
    assert (code, run["verdict"]) == (3, "inconclusive"), "the lab did nothing of it"
    assert deeds(run) == [("quote-rejected", "done"), ("quote-rejected", "undone")]
    everything = said + "".join(path.read_text() for path in (tmp_path / "out").rglob("*.*"))
    assert "lab-secret-4711" not in everything


def test_a_hook_that_fails_is_nobodys_fault_and_nothing_is_sent(beside: Beside, lab: Lab, tmp_path: Path):
    lab.status = 500
    hooks = f"quote-rejected: {{call: {{url: '{lab.root}/on'}}, undo: {{call: {{url: '{lab.root}/off'}}}}}}"
    code, (run,), said = ran(REJECTED, "--partner", written(tmp_path, beside.seller, hooks), out=tmp_path / "out")
    assert (code, run["verdict"]) == (3, "inconclusive")
    first, *others = run["steps"]
    assert (first["kind"], first["outcome"], first["cause"], first["blame"]) == (
        "hook", "inconclusive", "preparation", "inputs",
    )  # fmt: skip
    assert f"POST {lab.root}/on: it was answered with 500" in first["message"]
    assert {step["outcome"] for step in others} == {"blocked"}
    assert run["exchanges"] == []
    assert run["findings"] == []
    assert [path for _, path, _, _ in lab.asked] == ["/on", "/off"], "who knows how far it came"
    assert "the hook quote-rejected could not be undone" in said
    assert "could not be undone" in run["run"]["notes"][0]


def test_a_command_is_run_where_the_user_allows_it(beside: Beside, tmp_path: Path):
    (tmp_path / "lab.py").write_text(
        "import pathlib, sys\n"
        "pathlib.Path('log').open('a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        "print('not to be seen'); sys.exit(int(sys.argv[1]))\n"
    )
    python = json.dumps(sys.executable)
    hooks = f'quote-rejected: {{command: [{python}, lab.py, "0", on, $run.id], undo: {{command: [{python}, lab.py, "0", "off; $(x)"]}}}}'
    file = written(tmp_path, beside.seller, hooks)
    refused = oit("run", REJECTED, "--partner", str(file))
    assert refused.code == 2
    assert re.search(r"acme\.yaml:4:\d+: a command is run only with --allow-commands", refused.err)
    wanted = ("--partner", file, "--within", "1s", "--allow-commands")
    _, (run,), said = ran(REJECTED, *wanted, out=tmp_path / "out")
    assert (tmp_path / "log").read_text().splitlines() == [f"0 on {run['run']['id']}", "0 off; $(x)"]
    assert "not to be seen" not in said
    file.write_text(file.read_text().replace('"0", on', '"7", on'))
    _, (run,), _ = ran(REJECTED, *wanted, out=tmp_path / "out")
    assert "it ended with exit code 7" in run["steps"][0]["message"]


def test_without_all_its_hooks_a_scenario_is_left_out(beside: Beside, lab: Lab, tmp_path: Path):
    folder = folder_of(tmp_path / "some", "quote/sooner-than-asked-unable", "poq/immediate")
    file = written(tmp_path, beside.seller, f"quote-at-once: {{call: {{url: '{lab.root}/on'}}}}")
    told = oit("run", str(folder), "--partner", str(file), "--plan").out
    assert "there is no hook for quote-unable-to-provide (--needs behaviour)" in told
    assert "1 left out" in told
    assert lab.asked == []


def test_a_plan_lists_each_hook_with_its_host_or_its_command(beside: Beside, tmp_path: Path):
    hooks = """
quote-rejected:
  call: {url: "https://lab.acme.example/x", headers: {Authorization: "env:ACME_LAB"}}
  undo: {command: [./off.sh, $run.id]}
time-passes: {call: {url: "https://clock.acme.example/"}, moves: P1D}
"""
    file = written(tmp_path, beside.seller, hooks)
    done = oit("run", REJECTED, "--partner", str(file), "--plan")
    assert done.code == 0, done.err
    assert (
        "hook quote-rejected, before the run: POST https://lab.acme.example/x; undone by ./off.sh $run.id" in done.out
    )
    assert re.search(
        r"env:ACME_LAB \(.*acme\.yaml:5:\d+\): hook, header Authorization, to lab\.acme\.example", done.out
    )
    assert "and to lab.acme.example, clock.acme.example for behaviour" in done.out
    told = json.loads(oit("run", REJECTED, "--partner", str(file), "--plan", "--format", "json").out)
    assert [hook["host"] for hook in told["runs"][0]["hooks"]] == ["lab.acme.example", "clock.acme.example"]


def test_hooks_count_in_the_users_own_file_only(beside: Beside, lab: Lab, tmp_path: Path):
    base = written(tmp_path, beside.seller, f"'*': {{call: {{url: '{lab.root}/on'}}}}").rename(tmp_path / "base.yaml")
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"extends: base.yaml\nconnection: {{root: '{beside.seller}'}}\n")
    assert base.exists()
    folder = folder_of(tmp_path / "some", "quote/rejected")
    scenario = folder / "quote/rejected.oit.yaml"
    scenario.write_text(
        scenario.read_text().replace(
            "profile:\n", f"profile:\n  connection: {{hooks: {{'*': {{call: {{url: '{lab.root}/on'}}}}}}}}\n"
        )
    )
    done = oit("run", str(folder), "--partner", str(mine))
    assert done.code == 5, done.err
    assert "it needs a request that it takes and rejects" in done.err
    assert lab.asked == []


@pytest.mark.parametrize(
    ("hooks", "says"),
    [
        ("x: {}", "4:8: either 'call' or 'command' is needed here"),
        ("x: {call: {url: 'http://h/'}, command: [a]}", "either 'call' or 'command' is needed here"),
        ("x: {call: {url: '$inputs.url'}}", "a URL with its host written out is needed here"),
        ("x: {call: {url: 'http://{$inputs.host}/'}}", "a URL with its host written out is needed here"),
        ("x: {call: {url: 'http://a{$inputs.host}/'}}", "a URL with its host written out is needed here"),
        ("x: {call: {url: 'http://user:pw@h/'}}", "a URL with its host written out is needed here"),
        ("x: {call: {url: 'http://h/', headers: {Authorization: Bearer}}}", "what this header says is a secret"),
        ("x: {call: {url: 'http://h/{$response.body}'}}", "a hook knows $inputs, $steps"),
        ("x: {call: {url: 'http://h/', body: {a: [$nonsense.x]}}}", "'$nonsense.x'"),
        ("x: {call: {url: 'http://h/'}, moves: 1d}", "only the hook time-passes moves the clock"),
        ("time-passes: {call: {url: 'http://h/'}}", "'moves' is missing"),
        (
            "time-passes: {call: {url: 'http://h/'}, moves: soon}",
            "a length of time such as P1D or 2h, or asked, is needed",
        ),
        (
            "time-passes: {call: {url: 'http://h/'}, moves: 1d, least: often}",
            "a length of time such as P1D or 2h is needed",
        ),
        ("x: {call: {url: 'http://h/'}, after: y}", "after"),
    ],
)
def test_what_is_wrong_with_a_hook_is_told_with_its_place(hooks: str, says: str, tmp_path: Path):
    file = written(tmp_path, "http://127.0.0.1:9", hooks)
    for told in (oit("run", REJECTED, "--partner", str(file), "--plan"), oit("lint", str(file))):
        assert told.code == 2
        assert says in told.err + told.out
        assert "acme.yaml:4:" in told.err + told.out


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ("{hooks: [quote-rejected]}", "'hooks' need 'behaviour' beside them"),
        ("{behaviour: b, hooks: [{name: x, after: quote-create, before: rejected}]}", "'before' or 'after', not both"),
        ("{behaviour: b, hooks: [{name: x, after: rejcted}]}", "there is no step 'rejcted'. Did you mean 'rejected'?"),
        ("{behaviour: b, hooks: [{after: rejected}]}", "needs 'name'"),
    ],
)
def test_what_is_wrong_with_the_hooks_of_a_scenario_is_told_with_its_place(needs: str, says: str, tmp_path: Path):
    folder = folder_of(tmp_path / "some", "quote/rejected")
    file = folder / "quote/rejected.oit.yaml"
    file.write_text(re.sub(r"needs:\n.*\n.*\n", f"needs: {needs}\n", file.read_text()))
    told = oit("lint", str(file))
    assert told.code == 2
    assert says in told.out + told.err
    assert "rejected.oit.yaml:10:" in told.out + told.err


# -- a person is asked -----------------------------------------------------------------------------------


def test_a_person_is_asked_where_there_is_no_hook(beside: Beside, tmp_path: Path):
    """Who says that it is not to be had ends the run, and nobody is blamed."""
    folder = folder_of(tmp_path / "some", "quote/rejected")
    url = f"seller={beside.seller}"
    code, (run,), said = ran(folder, "--sut", url, "--interactive", stdin="n\n", out=tmp_path / "out")
    assert "quote-rejected (a request that it takes and rejects)" in said
    assert (code, run["steps"][0]["cause"], run["exchanges"]) == (3, "preparation", [])
    code, (run,), said = ran(folder, "--sut", url, "--interactive", "--within", "1s", stdin="\n", out=tmp_path / "out")
    assert run["exchanges"]
    assert deeds(run) == [("quote-rejected", "asked")]
    assert oit("run", str(folder), "--interactive").code == 2


def test_a_question_can_be_answered_from_elsewhere_and_ends_with_its_session():
    said: list[str] = []
    asking, stop = AskedPerson(said.append, iter(())), Stop()  # type: ignore[arg-type] - a terminal that has ended
    with pytest.raises(UserError, match="nothing is asked for"):
        asking.answer(had=True)
    answers: list[bool] = []
    asker = threading.Thread(target=lambda: answers.append(asking.ask("an order that is late", stop)), daemon=True)
    asker.start()
    while asking.question is None:
        asker.join(0.01)
    assert asking.answer(had=True) == "an order that is late"
    asker.join(10)
    assert answers == [True]
    stop.end("enough")
    with pytest.raises(Exception, match="enough"):
        asking.ask("another", stop)
