"""`--speed`: our seller's time goes faster than its partner's, which stays real."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from pathlib import Path

from tests.cli import partner_buyer
from tests.cli.processes import seller
from tests.cli.test_sut_buyer import MAIN, outcomes, waiting, whole

SLOW = """
extends: wholesale-seller
intervals:
  poq: {start: 60, finish: 7200}
  quote: {start: 3600, finish: 14400}
  order: {assess: 36000, work: 172800, cancellation: 3600}
"""
"""A seller that needs hours and days for everything."""


def test_an_order_of_days_takes_a_partner_seconds(tmp_path: Path):
    """The buyer polls in its own time; each state has its own moment of ours, days apart."""
    profile = tmp_path / "slow.yaml"
    profile.write_text(SLOW)
    with seller("--speed", "100000", "--profile", str(profile)) as url:
        assert partner_buyer.main(f"{url}/r/quick") == 0
        path = f"{url}/r/quick/mefApi/sonata/productOrderingManagement/v10/productOrder"
        with urllib.request.urlopen(path, timeout=10) as answer:
            (listed,) = json.load(answer)
        with urllib.request.urlopen(f"{path}/{listed['id']}", timeout=10) as answer:
            order = json.load(answer)
    moments = [dt.datetime.fromisoformat(change["changeDate"]) for change in order["stateChange"]]
    assert order["state"] == "completed"
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] >= dt.timedelta(days=2)


def test_a_buyer_under_test_meets_a_seller_whose_days_are_moments(tmp_path: Path):
    profile = tmp_path / "slow.yaml"
    profile.write_text(SLOW)
    with waiting(MAIN, tmp_path, "--speed", "100000", "--profile", str(profile)) as (url, process):
        assert partner_buyer.main(url) == 0
        code, _, report = whole(process, tmp_path)
    assert (code, report["verdict"], report["findings"]) == (0, "pass", [])
    assert report["run"]["clock"] == "scaled"
    assert set(outcomes(report).values()) <= {"passed", "skipped"}
    first, last = (dt.datetime.fromisoformat(report["exchanges"][n]["at"]) for n in (0, -1))
    assert last - first > dt.timedelta(days=2)
