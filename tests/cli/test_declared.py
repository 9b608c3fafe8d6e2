"""What partners declared in a profile is what they are held to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.hosting import declared_by
from emulator.judge.judge import judge
from emulator.judge.verdict import Verdict
from emulator.parties.profile import load_profile
from emulator.report import transcript_report
from emulator.report.model import run_report
from emulator.standard.proof import Proof
from emulator.standard.release import load_release
from tests.cli.processes import QUICK, http, oit, partner, seller
from tests.report.runs import info

SCENARIO = "scenarios/poq/immediate.oit.yaml"


def profile(folder: Path, text: str) -> str:
    path = folder / "partner.yaml"
    path.write_text(f"extends: wholesale-seller\nname: partner\n{text}\n")
    return str(path)


def written(folder: Path, proof: Proof) -> str:
    """The wrong run of a proof as a transcript."""
    report = run_report(info(), [], proof.wrong, judge(proof.wrong, load_release()))
    return str(transcript_report.write(report, folder))


def disputed() -> list[tuple[Proof, str]]:
    """Proofs that nobody pinned a reading for and whose breach is disputed, with the entry that it hangs on."""
    register = load_release().interpretations.values()
    found = []
    for proof in load_release().proofs.values():
        if proof.declared.readings:
            continue
        for finding in judge(proof.wrong, load_release(), declared=proof.declared).findings:
            entries = [e.id for e in register if set(e.requirements) & set(finding.requirements)]
            if finding.verdict is Verdict.DISPUTED and len(entries) == 1:
                found.append((proof, entries[0]))
    return found


def test_a_reading_that_a_profile_pins_makes_a_disputed_breach_a_failure(tmp_path: Path):
    pairs = disputed()
    if not pairs:
        pytest.skip("no rule judges by a reading yet")
    proof, entry = pairs[0]
    default = load_release().interpretations[entry].default
    other = next(name for name in load_release().interpretations[entry].readings if name != default)
    file = written(tmp_path, proof)
    told = {
        pin: oit("check", file, *(["--profile", profile(tmp_path, f"readings: {{{entry}: {pin}}}")] if pin else []))
        for pin in ("", default, other)
    }
    assert "Disputed" in told[""].err
    assert told[default].code == 1
    assert "Disputed" not in told[default].err
    assert "Disputed" not in told[other].err


def test_buyers_that_a_profile_names_are_told_apart(tmp_path: Path):
    """MEF 121 R2: the wrong run of its proof fails only where several buyers are declared."""
    file = written(tmp_path, load_release().proofs["MEF121-R2"])
    several = profile(tmp_path, "represents: {buyers: [acme, zeta]}")
    assert "MEF121-R2 " not in oit("check", file).err
    done = oit("check", file, "--profile", several)
    assert done.code == 1
    assert "MEF121-R2 (section 5.2.2)" in done.err


def test_silence_of_a_partner_declares_nothing():
    ours = load_profile()
    assert declared_by(ours, emulated=True).buyers == ()
    assert declared_by(ours, emulated=False).buyers is None


def test_an_option_that_is_declared_is_applicable(tmp_path: Path):
    """Neither declared nor seen, what hangs on an option does not apply; declared, it was not seen."""

    def verdict(*arguments: str) -> str:
        oit("run", SCENARIO, *arguments, "--report", "json", "--report-dir", str(tmp_path))
        rows = json.loads((tmp_path / "report.json").read_bytes())["requirements"]
        return next(row["verdict"] for row in rows if row["id"] == "MEF123-CR5")

    assert verdict() == "not_applicable"
    assert verdict("--profile", profile(tmp_path, "options: {MEF123-O4: true}")) == "not_seen"
    assert verdict("--profile", profile(tmp_path, "options: {MEF123-O4: false}")) == "not_applicable"


def test_a_profile_of_the_partner_under_test_is_what_it_declares(tmp_path: Path):
    """With --sut the profile has no effect on behaviour, and its name stands in the report."""
    (tmp_path / "quick.yaml").write_text(QUICK)
    declared = profile(
        tmp_path, "options: {MEF123-O4: true}\nbehaviour: {productOfferingQualification: {mode: deferred}}"
    )
    with seller("--profile", str(tmp_path / "quick.yaml")) as url:
        done = oit("run", SCENARIO, "--sut", f"seller={url}", "--profile", declared, "--report", "json",
                   "--report-dir", str(tmp_path))  # fmt: skip
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["run"]["profile"] == "partner"
    rows = {row["id"]: row["verdict"] for row in report["requirements"]}
    assert rows["MEF123-CR5"] == "not_seen"


def test_who_claims_the_security_profile_and_lets_everybody_in_has_failed(tmp_path: Path):
    """The same run without the claim is as it ever was."""
    (tmp_path / "quick.yaml").write_text(QUICK)
    found = {}
    with seller("--profile", str(tmp_path / "quick.yaml")) as url:
        for claims in ("", "claims: [MEF128]"):
            done = oit("run", SCENARIO, "--sut", f"seller={url}", "--profile", profile(tmp_path, claims), "--report", "json",
                       "--report-dir", str(tmp_path))  # fmt: skip
            report = json.loads((tmp_path / "report.json").read_bytes())
            wrong = {(row["rule"], row["blame"]) for row in report["findings"] if row["verdict"] == "fail"}
            guides = {row["id"].partition("-")[0] for row in report["requirements"]}
            found[claims] = done.code, wrong, "MEF128" in guides
    assert found == {"": (0, set(), False), "claims: [MEF128]": (1, {("MEF128-R2", "seller")}, True)}


def test_who_claims_it_and_lets_nobody_in_is_out_of_reach(tmp_path: Path):
    refusal = http(
        "401 Unauthorized\r\nWWW-Authenticate: Bearer", "application/json", b'{"code": "missingCredentials"}'
    )
    with partner(refusal) as url:
        done = oit("run", SCENARIO, "--sut", f"seller={url}", "--profile", profile(tmp_path, "claims: [MEF128]"),
                   "--report", "json", "--report-dir", str(tmp_path))  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert (done.code, report["verdict"]) == (3, "inconclusive")
    assert {step["cause"] for step in report["steps"] if step["outcome"] == "unmet"} == {"credentials"}
    seen = {
        row["id"]: row["verdict"]
        for row in report["requirements"]
        if row["verdict"] not in ("not_seen", "not_applicable")
    }
    assert seen == {"MEF128-R2": "pass"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "options: {MEF123-O91: true}",
            "partner.yaml:3:11: there is no option 'MEF123-O91'; did you mean 'MEF123-O9'?",
        ),
        (
            "unsupported: [quote.cancelquote]",
            "unknown operation 'quote.cancelquote'; did you mean 'quote.cancelQuote'?",
        ),
        ("claims: [MEF129]", "partner.yaml:3:10: there is no guide 'MEF129' to claim; did you mean 'MEF128'?"),
        ("readings: {quote-histori: x}", "partner.yaml:3:12: the interpretation register has no entry"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_slip_in_a_declaration_is_told_before_anything_is_judged(tmp_path: Path, text: str, said: str, command: str):
    file = profile(tmp_path, text)
    before = ["run", SCENARIO, "--sut", "seller=http://127.0.0.1:1"] if command == "run" else ["check", "x.har"]
    done = oit(*before, "--profile", file)
    assert done.code == 2
    assert said in done.err
