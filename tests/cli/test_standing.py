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


def test_a_seller_to_whom_nobody_came_ends_without_a_word(seller: tuple[str, subprocess.Popen[str]]):
    url, process = seller
    assert url.startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
