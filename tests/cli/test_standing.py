"""`oit seller`, long-lived: it judges what came, by partner, when it is asked and when it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli import partner_buyer
from tests.cli.processes import QUICK, ROOT, environment


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    (tmp_path / "quick.yaml").write_text(QUICK)
    process = subprocess.Popen(
        [
            sys.executable, "-m", "emulator", "seller", "--database", "memory",
            "--profile", str(tmp_path / "quick.yaml"),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate(timeout=10)


def judgement(url: str, run: str) -> Any:
    with urllib.request.urlopen(f"{url}/oit/judgement?run={run}", timeout=30) as answer:
        return json.load(answer)


def test_each_partner_gets_its_own_judgement(seller: tuple[str, subprocess.Popen[str]]):
    """A right buyer and a wrong one at one seller: only the wrong one is blamed, when asked and at the end."""
    url, process = seller
    assert partner_buyer.main(f"{url}/r/right") == 0
    assert partner_buyer.main(f"{url}/r/wrong", "wrong-role") == 1
    right, wrong = judgement(url, "right"), judgement(url, "wrong")
    assert (right["verdict"], right["findings"], right["whole"]) == ("pass", [], True)
    assert right["exchanges"] > 10
    assert wrong["verdict"] == "fail"
    assert [(row["rule"], row["blame"]) for row in wrong["findings"]] == [("MEF87-R21", "buyer")]
    with pytest.raises(urllib.error.HTTPError) as unknown:
        judgement(url, "nobody")
    assert unknown.value.code == 404
    assert json.load(unknown.value)["runs"] == ["wrong", "right"]
    unknown.value.close()

    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "run right" in err
    assert "run wrong" in err
    assert "MEF87-R21" in err
    assert "the Buyer's" in err
    assert "Traceback" not in err


def test_what_the_seller_refuses_is_no_pass(seller: tuple[str, subprocess.Popen[str]]):
    """An order on a quote that is used up, a change of an order that is completed, a read of an invented id: nobody's
    requirement passes by it, and the buyer is told. A place that the seller does not know is nobody's fault.
    """
    url, _ = seller
    assert partner_buyer.main(f"{url}/r/again", "repeats") == 0
    (used,) = against_the_buyer(url, "again")
    assert "was ordered by exchange" in used["message"]

    assert partner_buyer.main(f"{url}/r/late") == 0
    before = judgement(url, "late")
    assert before["findings"] == []
    late = partner_buyer.Seller(f"{url}/r/late")
    (order,) = late.ask("GET", f"{partner_buyer.BASE['order']}/productOrder")
    change = {"productOrderItem": [{"id": "uni", "endCustomerName": "Someone else"}]}
    for method, path, body in (
        ("PATCH", f"{partner_buyer.BASE['order']}/productOrder/{order['id']}", change),
        ("GET", f"{partner_buyer.BASE['quote']}/quote/invented", None),
        ("GET", f"{partner_buyer.BASE['address']}/geographicAddress/invented", None),
    ):
        with pytest.raises(partner_buyer.Refused):
            late.ask(method, path, body)
    late.connection.close()
    after = judgement(url, "late")
    passed = [{row["id"] for row in each["requirements"] if row["verdict"] == "pass"} for each in (before, after)]
    assert passed[1] <= passed[0]
    refused = [row for row in after["findings"] if row["blame"] == "buyer"]
    assert len({row["exchange"] for row in refused}) == 2
    assert [row["blame"] for row in after["findings"] if row["verdict"] == "not_applicable"] == ["nobody"]


def against_the_buyer(url: str, run: str) -> list[dict[str, Any]]:
    """What is held against a buyer, once for each exchange."""
    rows = [row for row in judgement(url, run)["findings"] if row["blame"] == "buyer"]
    return list({row["exchange"]: row for row in rows}.values())


def test_a_seller_to_whom_nobody_came_ends_without_a_word(seller: tuple[str, subprocess.Popen[str]]):
    url, process = seller
    assert url.startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
