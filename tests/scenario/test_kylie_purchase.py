"""Orders and products of release Kylie: shipped scenarios in its words are played, and our own judge finds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import chosen, read_scenarios
from emulator.conduct.settings import Settings
from emulator.scenario.selection import Wish
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release


class Silent:
    """A writer that nobody reads."""

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


@pytest.mark.parametrize(
    "name",
    [
        "inventory/find",
        "inventory/too-many",
        "order/life-told",
        "order/charge-answers",
        "order/changes-at-a-price",
        "order/forty-days",
        "order/patch-and-find",
        "order/term-not-quoted",
        "access-eline/new-install",
        "access-eline/modify-bandwidth",
        "access-eline/price-of-a-disconnect",
        "negative/order",
        "parties/told",
    ],
)
def test_it_passes_in_kylie(name: str):
    settings = Settings(seed=1, release="kylie")
    plan = chosen(settings, read_scenarios([scenarios_dir() / f"{name}.oit.yaml"], load_release("kylie")), Wish())
    assert plan.left_out == ()
    for report in run_all(settings, plan.jobs, Silent()):
        assert report["verdict"] == "pass", report["steps"]
        assert [each for each in report["findings"] if each["verdict"] != "disputed"] == []
