"""What it costs to start with the contracts of all functions, against those of the first six alone."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from emulator.standard.release import load_release
from tests.bench.contenders import ROOT, Contender, ours
from tests.bench.serving import Serving, serving

FIRST: Final = (
    "geographicAddress", "geographicSite", "productOfferingQualification", "quote", "productOrder", "productInventory",
)  # fmt: skip
"""The functions of a release that were there first."""
_PLAIN: Final = ("name", "seller", "catalog", "addresses", "synonyms", "sites", "offerings", "products")
"""What a profile says that goes by no function."""
_HELD: Final = {
    "startedIn": "s to the first 2xx",
    "processor": "s of processor time until then",
    "memory": "MB resident",
}


@contextmanager
def with_first_six() -> Iterator[Contender]:
    """A seller that has the contracts, tables and rules of the first six functions only, and else is the same."""
    with tempfile.TemporaryDirectory(prefix="oit-bench-six-") as name:
        folder = Path(name)
        for part in ("emulator", "specs", "scenarios"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
        releases = folder / "specs" / "releases"
        _edit(
            releases / "grace.yaml", lambda release: {**release, "apis": {key: release["apis"][key] for key in FIRST}}
        )
        _edit(releases / "grace-errata.yaml", lambda rows: [row for row in rows if row["api"] in FIRST])
        where = {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
        yield replace(ours(name="first six functions", profile=profile()), environment=where)


def _edit(file: Path, change: Any) -> None:
    file.write_text(yaml.safe_dump(change(yaml.safe_load(file.read_text())), sort_keys=False))


def profile() -> str:
    """The usual seller without what it says of one function or another."""
    usual = yaml.safe_load((ROOT / "scenarios" / "profiles" / "wholesale-seller.yaml").read_text())
    plain = {key: usual[key] for key in _PLAIN if key in usual}
    return yaml.safe_dump({**plain, "intervals": {"poq": {"start": 3600, "finish": 3600}}}, sort_keys=False)


def _lists(server: Serving) -> int:
    """Ask each function for a list, so that its contract is in use; how many answered."""
    release = load_release()
    answered = 0
    for api in release.apis:
        contract = release.contract(api, "management")
        paths = [path for path, method in _gets(contract.document) if "{" not in path and method == "get"]
        answered += any(server.ask("GET", f"{contract.base_path}{path}").status == 200 for path in paths[:1])
    return answered


def _gets(document: Any) -> Iterator[tuple[str, str]]:
    for path, operations in document["paths"].items():
        yield from ((path, method) for method in operations)


def _start(contender: Contender) -> dict[str, float]:
    with serving(contender) as server:
        return {
            "startedIn": server.started_in,
            "processor": server.processor_seconds(),
            "memory": server.memory(),
        }


def run(rounds: int) -> dict[str, Any]:
    """Both in turn, round by round, after one of each that nobody counts; medians, and ratios of all to the first six."""
    with with_first_six() as six:
        every = ours(name="all functions", profile=profile())
        for contender in (six, every):
            _start(contender)
        rows = {contender.name: [dict[str, float]() for _ in range(0)] for contender in (six, every)}
        for _ in range(rounds):
            for contender in (six, every):
                rows[contender.name].append(_start(contender))
    medians = {
        name: {member: round(statistics.median(row[member] for row in found), 2) for member in _HELD}
        for name, found in rows.items()
    }
    ratios = {member: round(medians[every.name][member] / medians[six.name][member], 2) for member in _HELD}
    with serving(every) as server:
        answered = _lists(server)
        used = round(server.memory(), 1)
    for name, found in medians.items():
        print(name, {words: found[member] for member, words in _HELD.items()})
    print("all / first six:", ratios, f"(wanted: no more than 1.25); {used} MB once {answered} functions were asked")
    return {"rounds": rounds, "medians": medians, "ratios": ratios, "memory_when_asked": used, "asked": answered}
