"""`oit run --plan`, and what is left out of a run that nobody asked of a partner."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import ROOT, free_port, oit

REJECTED, FOREVER = "quote-rejected", "order-with-notifications"
SOME = {REJECTED: "quote/rejected", FOREVER: "order/with-notifications", "poq-immediate": "poq/immediate"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenarios: one that needs a seller that rejects, one that may take months, one that needs nothing."""
    place = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "scenarios" / "fragments", place / "fragments")
    for file in SOME.values():
        (place / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / f"scenarios/{file}.oit.yaml", place / f"{file}.oit.yaml")
    return place


def planned(*arguments: str | Path, sut: bool = True) -> tuple[set[str], dict[str, str], dict[str, Any]]:
    """Who would be run, what is left out by what it needs, and the document. Nobody listens at the partner's address."""
    url = ["--sut", f"seller=http://127.0.0.1:{free_port()}"] if sut else []
    done = oit("run", *map(str, arguments), "--plan", "--format", "json", *url)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    return {row["name"] for row in told["runs"]}, {row["name"]: row["what"] for row in told["left_out"]}, told


def test_what_was_not_asked_of_a_partner_is_left_out_until_it_is_granted(folder: Path):
    usual = ({"poq-immediate"}, {REJECTED: "behaviour", FOREVER: "waits"})
    assert planned(folder)[:2] == usual
    assert planned(folder, "--needs", "behaviour")[:2] == ({"poq-immediate", REJECTED}, {FOREVER: "waits"})
    assert planned(folder, "--needs", "waits,behaviour")[:2] == (set(SOME), {})
    assert planned(folder, sut=False)[:2] == (set(SOME), {})


@pytest.mark.parametrize("suffix", [".oit.yaml", ".yml"])
def test_who_names_a_file_has_asked_for_it(suffix: str, folder: Path):
    """By whatever name; also one of ours, that is named as it stands in the repository."""
    file = folder / "quote" / f"named{suffix}"
    shutil.copy(folder / "quote/rejected.oit.yaml", file)
    try:
        assert planned(file)[:2] == ({REJECTED}, {})
        assert planned("scenarios/quote/rejected.oit.yaml")[:2] == ({REJECTED}, {})
    finally:
        file.unlink()


def test_a_plan_tells_what_is_sent_waited_for_and_needed(folder: Path):
    """And that of what is declared unsupported nothing is."""
    _, _, told = planned(folder / "quote/rejected.oit.yaml")
    (row,) = told["runs"]
    assert row["needs"]["behaviour"] == "a request that it takes and rejects"
    assert "quote.createQuote" in row["needs"]["operations"]
    sent = {step.get("operation"): step for step in row["steps"]}
    assert sent["quote.createQuote"]["method"] == "POST"
    assert sent["quote.createQuote"]["path"] == "/mefApi/sonata/quoteManagement/v8/quote"
    assert not any(step["left_out"] for step in row["steps"])
    waits = [step for step in row["steps"] if step["does"] == "await"]
    assert [(step["resource"], step["states"]) for step in waits] == [("quote", ["rejected"])]
    profile = folder / "partner.yaml"
    profile.write_text("unsupported: [quote.createQuote]\n")
    (row,) = planned(folder / "quote/rejected.oit.yaml", "--profile", profile)[2]["runs"]
    why = {step["id"]: step["left_out"] for step in row["steps"]}
    assert why["quote-create"] == "quote.createQuote is declared unsupported"
    assert why["rejected"] == "it needs 'quote-create': quote.createQuote is declared unsupported"
    (row,) = planned(folder / "quote/rejected.oit.yaml", "--var", "addressId=a-1")[2]["runs"]
    told = {step["id"]: step["left_out"] for step in row["steps"] if step["left_out"]}
    assert told == {"place-validate": "what it would tell is given"}
    lines = oit("run", str(folder), "--plan", "--sut", f"seller=http://127.0.0.1:{free_port()}").out
    assert f"{REJECTED}: it needs a request that it takes and rejects (--needs behaviour)" in lines
    assert "1 run(s) with" in lines
    assert "2 left out. Nothing was sent." in lines


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--needs", "waits"], "--needs has no effect without --sut seller=URL"),
        (["--needs", "waits", "--sut", "buyer"], "--needs has no effect without --sut seller=URL"),
        (["--needs", "patience", "--sut", "seller=http://127.0.0.1:9"], "--needs patience: known are behaviour, waits"),
    ],
)
def test_needs_that_have_no_effect_are_refused(arguments: list[str], says: str, folder: Path):
    done = oit("run", str(folder / "poq"), *arguments, "--plan")
    assert done.code == 2
    assert says in done.err


def test_where_all_is_left_out_nothing_is_run(folder: Path):
    """Which is no pass."""
    done = oit("run", str(folder / "order"), "--sut", f"seller=http://127.0.0.1:{free_port()}")
    assert (done.code, "nothing is selected: step 'completed' may wait for" in done.err) == (5, True)
