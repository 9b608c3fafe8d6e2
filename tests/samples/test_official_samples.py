"""Every official sample of the main job's functions gets the recorded verdict, or has a written reason why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.plain_yaml import load_yaml
from emulator.record.payload import parse
from emulator.sdk.adding import add_sdk
from emulator.standard.breach import Breach, Check
from emulator.standard.release import Release, forget_releases, load_release
from tests.samples.official import (
    Problem,
    Sample,
    missing_material,
    recorded,
    samples,
    shared_folder,
    without_annotations,
)

REASON = missing_material()
SAMPLES = [] if REASON else list(samples())
TABLE = load_yaml(Path(__file__).with_name("verdicts.yaml"))
DEVIATIONS: dict[str, dict[str, Any]] = {entry["sample"]: entry for entry in TABLE["deviations"]}
CHECKS = {
    "envelope": {Check.SCHEMA},
    "place-subtype": {Check.SCHEMA},
    "product": {Check.PRODUCT},
    "product-@type-unknown": {Check.UNCHECKED, Check.URN_ALIAS},
    "unknown-property": {Check.UNKNOWN_MEMBER},
}
"""Which of our checks notices what the record calls so."""
ENVELOPE = {Check.SCHEMA, Check.READ_ONLY, Check.UNREADABLE}

with_material = pytest.mark.skipif(REASON is not None, reason=REASON or "")


@pytest.fixture(scope="module")
def grace() -> Release:
    return load_release("grace")


def verdict_of(breaches: list[Breach]) -> str:
    """Our findings in the record's words."""
    if any(breach.check in ENVELOPE for breach in breaches):
        return "invalid"
    return "valid-envelope" if breaches else "valid"


def explains(problem: Problem, breach: Breach) -> bool:
    """Whether both speak of the same thing. Ours may point deeper: the record stops at a oneOf."""
    at_or_below = breach.place == problem.place or breach.place.startswith(problem.place + "/")
    return at_or_below and breach.check in CHECKS[problem.kind]


def deviation(sample: Sample, breaches: list[Breach]) -> dict[str, Any]:
    """What we say otherwise than the record, in the shape of our table; empty where we agree."""
    found: dict[str, Any] = {}
    if verdict_of(breaches) != sample.verdict:
        found["verdict"] = verdict_of(breaches)
    not_found = [
        {"kind": problem.kind, "at": problem.place}
        for problem in sample.problems
        if not any(explains(problem, breach) for breach in breaches)
    ]
    beyond = [
        {"check": str(breach.check), "at": breach.place}
        for breach in breaches
        if not any(explains(problem, breach) for problem in sample.problems)
    ]
    return found | ({"not_found": not_found} if not_found else {}) | ({"found": beyond} if beyond else {})


@with_material
@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.id for sample in SAMPLES])
def test_official_sample_gets_the_recorded_verdict(grace: Release, sample: Sample) -> None:
    contract = grace.contract(sample.api, sample.contract)
    breaches = contract.body_breaches(sample.schema, parse(sample.text.encode()), sample.direction)

    expected = dict(DEVIATIONS.get(sample.id, {}))
    reason = expected.pop("reason", "")
    expected.pop("sample", None)

    assert deviation(sample, breaches) == expected, [str(breach) for breach in breaches]
    assert bool(expected) == bool(reason.strip())


@with_material
@pytest.mark.parametrize(("release", "number"), [("dolly", 99), ("grace", 153)])
def test_an_imported_sdk_gives_every_sample_the_recorded_verdict(
    release: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No errata, no readings: what the official schemas say of the messages of their own guides."""
    monkeypatch.setenv("OIT_SDKS", str(tmp_path))
    add_sdk(shared_folder() / "sdk" / release, "theirs")
    theirs = load_release("theirs")
    found = list(recorded(release))
    assert len(found) == number
    wrong = []
    for sample in found:
        file = f"{sample.api}{sample.contract.title()}"
        contract = theirs.contract(file if file in theirs.spellings else sample.api, sample.contract)
        verdict = verdict_of(contract.body_breaches(sample.schema, parse(sample.text.encode()), sample.direction))
        if verdict != sample.verdict:
            wrong.append((sample.id, sample.verdict, verdict))
    assert wrong == []
    forget_releases()


@with_material
@pytest.mark.parametrize(("errata", "otherwise"), [(True, {"MEFW137:1363": "valid"}), (False, {})])
def test_the_samples_of_dolly_get_the_recorded_verdict(errata: bool, otherwise: dict[str, str]) -> None:
    """All messages of its nine functions, guides and Postman collection: by the letter as recorded, and with errata but for the work
    order of the draft, which has the task that the guide asks for, and not the tasks that the contract demands (E-W137-7).
    """
    dolly = load_release("dolly" if errata else "dolly~letter")
    found = list(recorded("dolly"))
    contracts = {
        sample.id: dolly.contract({"workorder": "workOrder"}.get(sample.api, sample.api), sample.contract)
        for sample in found
    }
    assert len(contracts) == len(found) == 99
    assert {contract.api for contract in contracts.values()} == set(dolly.apis)
    ours = {
        sample.id: verdict_of(
            contracts[sample.id].body_breaches(sample.schema, parse(sample.text.encode()), sample.direction)
        )
        for sample in found
    }
    assert {sample.id: ours[sample.id] for sample in found if ours[sample.id] != sample.verdict} == otherwise


@with_material
def test_samples_are_all_there_and_the_table_names_only_them() -> None:
    known = [sample.id for sample in SAMPLES]
    assert len(known) == len(set(known))
    assert len(known) > 100
    assert set(DEVIATIONS) <= set(known)


@with_material
def test_every_way_to_be_wrong_is_met() -> None:
    kinds = {problem.kind for sample in SAMPLES for problem in sample.problems}
    assert kinds == set(CHECKS)


def test_the_reader_is_proven_without_the_material() -> None:
    snippet = """
    {
      <<a remark, "quoted" {and} more>>
      "a": 1, << as given >>
      "b": { << left out >> },
      "c": [ ... ],
      "d": "keeps << this >> and ... that"
      << no comma before this >>
      "e": [ {"x": -1.5e3,}, ],
      ...
    }
    """
    assert json.loads(without_annotations(snippet)) == {
        "a": 1,
        "b": {},
        "c": [],
        "d": "keeps << this >> and ... that",
        "e": [{"x": -1500.0}],
    }
