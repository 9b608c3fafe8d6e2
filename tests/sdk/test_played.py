"""What `oit sdk add` makes of an official SDK can be played at once: our seller and our buyer, by contracts alone."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from emulator.standard.release import forget_releases
from tests.cli.processes import oit, seller
from tests.samples.official import shared_folder

SDKS = {"dolly": "sdk/dolly", "grace": "sdk/grace", "kylie": "sdk/kylie", "interlude": "sdk/interlude/grace"}


LATER = {"dolly", "kylie"}
"""What takes longer than the others, and is played by `make slow`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LATER else []) for name in SDKS]
)
def test_every_function_of_an_official_sdk_is_played_green(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shared_folder() / SDKS[name]
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set OIT_SHARED to the folder with the official SDKs")
    monkeypatch.setenv("OIT_SDKS", str(tmp_path / "sdks"))
    here = tmp_path / "sdks" / "theirs"
    added = oit("sdk", "add", str(folder), "--name", "theirs")
    assert added.code == 0, added.err
    assert "no scenario plays" not in added.out
    ran = oit(
        "run", str(here / "scenarios"), "--release", "theirs", "--report", "json", "--report-dir", str(tmp_path)
    )  # fmt: skip
    assert ran.code == 0, ran.out
    report: Any = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    runs = report.get("runs", [report])
    assert {run["verdict"] for run in runs} == {"pass"}
    assert {step["outcome"] for run in runs for step in run["steps"]} == {"passed"}
    with seller("--release", "theirs", "--database", "memory") as url:
        looked = oit("doctor", "--sut", f"seller={url}", "--release", "theirs")
    assert "NO " not in looked.out, looked.out
    if name == "dolly":
        _what_breaks_a_contract_fails_and_what_breaks_a_habit_warns(report, tmp_path)
    listed = oit("rules", "--release", "theirs")
    assert (listed.code, "no guides" in listed.err) == (2, True)
    forget_releases()


def _what_breaks_a_contract_fails_and_what_breaks_a_habit_warns(report: Any, folder: Path) -> None:
    """No guide of an import was read: only its contracts can fail anybody."""
    run = next(each for each in report["runs"] if each["run"]["scenario"] == "theirs-quote")
    for change, code, verdict in (({"id": "another"}, 3, "warning"), ({"id": 7}, 1, "fail")):
        spoilt = copy.deepcopy(run)
        read = next(each for each in spoilt["exchanges"] if each["operation"] == "retrieveQuote")
        read["response"]["body"] |= change
        (folder / "spoilt.json").write_text(json.dumps(spoilt), encoding="utf-8")
        checked = oit(
            "check",
            str(folder / "spoilt.json"),
            "--release",
            "theirs",
            "--sut",
            "seller",
            "--report",
            "json",
            "--report-dir",
            str(folder / "checked"),
        )
        assert checked.code == code, checked.out
        found = json.loads((folder / "checked" / "report.json").read_text(encoding="utf-8"))["findings"]
        assert {row["verdict"] for row in found} == {verdict}, found
